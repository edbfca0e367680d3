//! What a run came to: what the last screen, the JSON and the ledger's history tell.

use std::fmt;
use std::time::Duration;

use super::words::DatabaseWords;
use crate::diagnostic::{Direction, Span};
use crate::ident::Version;
use crate::plan::Progress;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Every step is committed.
    Done,
    /// A step failed, or the run was interrupted.
    Failed,
}

impl Outcome {
    /// The word in JSON and in the ledger.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// Why a run failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The database refused a statement.
    Statement(DatabaseWords),
    /// Ctrl-C or SIGTERM.
    Interrupted,
    /// A table was rebuilt, and rows now point to rows that are not there.
    ForeignKeys(Vec<Violation>),
    /// A table was going to be rebuilt that holds more than the migrations know.
    Unknown {
        /// The table.
        table: String,
        /// What it holds, each with its kind.
        holds: Vec<String>,
    },
    /// A statement would have changed rows silently, so it was not run.
    Rows {
        /// Which, and how.
        what: String,
        /// What to do about them.
        help: &'static str,
    },
    /// The database refused COMMIT.
    Commit(DatabaseWords),
    /// The connection was lost at COMMIT, and the ledger says that nothing was committed.
    LostAtCommit(DatabaseWords),
    /// Between two transactions of the run somebody else changed the ledger or took the lock.
    BetweenTransactions(String),
}

/// A row whose foreign key points nowhere (SQLite's `foreign_key_check`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Violation {
    /// The table of the row.
    pub table: String,
    /// The row, where the table has row ids.
    pub row: Option<String>,
    /// The table it points to.
    pub parent: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.row {
            Some(row) => write!(f, "`{}` row {row} points to a row of `{}` that is not there", self.table, self.parent),
            None => write!(f, "a row of `{}` points to a row of `{}` that is not there", self.table, self.parent),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Statement(words) => words.fmt(f),
            Self::Interrupted => f.write_str("interrupted"),
            Self::Unknown { table, holds } => write!(
                f,
                "`{table}` is rebuilt here, and it holds what no migration is known to have made: {}; it would be lost",
                holds.join(", ")
            ),
            Self::ForeignKeys(violations) => {
                const SHOWN: usize = 5;
                f.write_str("foreign keys no longer hold: ")?;
                for (index, violation) in violations.iter().take(SHOWN).enumerate() {
                    if index > 0 {
                        f.write_str("; ")?;
                    }
                    violation.fmt(f)?;
                }
                match violations.len().saturating_sub(SHOWN) {
                    0 => Ok(()),
                    more => write!(f, "; and {more} more"),
                }
            }
            Self::Rows { what, .. } => f.write_str(what),
            Self::Commit(words) => write!(f, "COMMIT was refused: {words}"),
            Self::LostAtCommit(words) => write!(f, "the connection was lost at COMMIT: {words}"),
            Self::BetweenTransactions(what) => f.write_str(what),
        }
    }
}

/// Where and why a run failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The migration's name.
    pub migration: String,
    /// The migration's version.
    pub version: Version,
    /// Which way it went.
    pub direction: Direction,
    /// The operation: `create_table posts`; `ledger` for the ledger's own statements; empty where none is to blame.
    pub operation: String,
    /// The statement's SQL, where one is to blame.
    pub statement: Option<String>,
    /// Where the operation stands, else the migration.
    pub span: Span,
    /// Why.
    pub error: Cause,
    /// The step, counted from 1.
    pub step: usize,
    /// How many steps the plan has.
    pub of: usize,
}

/// What state a run left the database in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DatabaseState {
    /// At the target.
    AtTarget,
    /// As it was before the run.
    Unchanged,
    /// Whole transactions were committed before the failure: so many steps are done, the rest is not.
    AtStep {
        /// Steps committed.
        done: usize,
        /// Steps of the plan.
        of: usize,
    },
    /// Within a step outside transactions: the ledger and the journal tell how far.
    Within {
        /// Steps committed before it.
        done: usize,
        /// Steps of the plan.
        of: usize,
        /// How far the step came.
        progress: Progress,
    },
    /// The connection was lost and the database could not be asked again.
    Unknown {
        /// Why it could not be asked.
        why: String,
    },
}

impl fmt::Display for DatabaseState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtTarget => f.write_str("the database is at the target"),
            Self::Unchanged => f.write_str("the database is as it was before"),
            Self::AtStep { done, of } => write!(f, "{done} of {of} steps are committed, the rest is as it was before"),
            Self::Within { done, of, progress } => {
                write!(
                    f,
                    "{done} of {of} steps are committed, and {} of {} statements of the next",
                    progress.done, progress.of
                )?;
                match progress.unknown {
                    Some(statement) => write!(f, "; nothing tells whether statement {statement} ran"),
                    None => Ok(()),
                }
            }
            Self::Unknown { why } => write!(f, "nothing tells what state the database is in: {why}"),
        }
    }
}

/// What a run came to.
#[derive(Debug, Clone)]
pub struct RunReport {
    /// The run's id, as in `dbmigrate_runs`.
    pub run: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What existed before the first step and was dropped for good, each with its kind.
    pub dropped: Vec<String>,
    /// Steps committed.
    pub steps_done: usize,
    /// Where and why it failed.
    pub failed: Option<Failure>,
    /// Versions applied now, by version.
    pub state: Vec<Version>,
    /// How long the steps took, with the waiting for the lock.
    pub duration: Duration,
    /// What state the database is in.
    pub database_state: DatabaseState,
    /// What else went wrong without changing the outcome: the run could not be written into the
    /// history, an `after_…` hook failed.
    pub warnings: Vec<String>,
}

impl RunReport {
    /// Of a plan without steps.
    pub(super) fn of_nothing(run: String, state: Vec<Version>) -> Self {
        Self {
            run,
            outcome: Outcome::Done,
            dropped: Vec::new(),
            steps_done: 0,
            failed: None,
            state,
            duration: Duration::ZERO,
            database_state: DatabaseState::AtTarget,
            warnings: Vec::new(),
        }
    }
}

/// What loading seeds came to: all of them or none.
#[derive(Debug, Clone)]
pub struct SeedReport {
    /// What was loaded, with the rows changed.
    pub loaded: Vec<(String, u64)>,
    /// Where and why it failed; nothing was loaded then.
    pub failed: Option<SeedFailure>,
    /// How long it took.
    pub duration: Duration,
    /// What else went wrong without changing the outcome.
    pub warnings: Vec<String>,
}

/// Where and why loading seeds failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedFailure {
    /// What was being loaded.
    pub title: String,
    /// The statement's SQL.
    pub statement: Option<String>,
    /// Where the seed stands.
    pub span: Span,
    /// Why.
    pub error: Cause,
}
