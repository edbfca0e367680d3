//! What happens during a run, as it happens. Text, progress bars and JSON are consumers of these.

use std::time::Duration;

use super::holder::Holder;
use crate::diagnostic::Direction;
use crate::ident::Version;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The database file was made (SQLite).
    DatabaseCreated,
    /// Somebody else holds the lock; this run waits.
    Waiting {
        /// Who holds it.
        holder: Holder,
        /// The longest it will wait.
        at_most: Duration,
    },
    /// The lock is held.
    Locked,
    /// A hook starts.
    HookStarted {
        /// Its key in the manifest.
        hook: String,
        /// The command.
        command: String,
    },
    /// A hook is done; a failing `after_…` or `on_failure` hook changes nothing about the run.
    HookFinished {
        /// Its key in the manifest.
        hook: String,
        /// Whether it exited with 0.
        success: bool,
        /// Its exit status in words.
        status: String,
    },
    /// A step starts.
    StepStarted {
        /// Its number, from 0.
        index: usize,
        /// How many there are.
        total: usize,
        /// The migration's version.
        version: Version,
        /// The migration's name.
        name: String,
        /// Which way.
        direction: Direction,
    },
    /// A statement of a step outside transactions is done.
    StatementDone {
        /// The step's number, from 0.
        index: usize,
        /// The statement's number within the step, from 1, ledger statements left out.
        statement: usize,
        /// How many there are.
        of: usize,
    },
    /// A step's statements ran; they count once they are committed.
    StepFinished {
        /// Its number, from 0.
        index: usize,
        /// How many there are.
        total: usize,
        /// The migration's version.
        version: Version,
        /// The migration's name.
        name: String,
        /// Which way.
        direction: Direction,
        /// How long it took.
        duration: Duration,
        /// The author's words for the reader of a run.
        notes: Vec<String>,
    },
    /// The run goes on in another transaction.
    Cut {
        /// The first step after the cut, from 0.
        next: usize,
    },
    /// COMMIT is being sent.
    Committing,
    /// What ran since the last cut counts now.
    Committed {
        /// Steps committed so far.
        steps: usize,
    },
    /// What ran since the last cut was undone.
    RolledBack,
    /// The connection was lost at COMMIT; the database is asked what became of it.
    Reconnecting,
    /// A seed starts.
    SeedStarted {
        /// Its number, from 0.
        index: usize,
        /// How many there are.
        total: usize,
        /// What it loads.
        title: String,
    },
    /// A seed is done; it counts once all are committed.
    SeedFinished {
        /// Its number, from 0.
        index: usize,
        /// How many there are.
        total: usize,
        /// What it loads.
        title: String,
        /// Rows that its statements changed.
        rows: u64,
    },
}
