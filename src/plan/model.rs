//! Plans, and the ledger's contents that they are made from, as plain data.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use serde::Serialize;

use crate::backend::Backend;
use crate::diagnostic::{Diagnostic, Direction, Span};
use crate::ident::Version;
use crate::operation::{Body, Checksums};
use crate::state::{Part, Reversal, State, TableId};

/// How far an applied migration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RowState {
    /// Interrupted on the way up.
    Applying,
    /// Applied.
    Applied,
    /// Interrupted on the way down.
    Reverting,
}

/// One applied migration, as the ledger keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct LedgerRow {
    /// Running number: the order in which migrations were applied.
    pub position: i64,
    /// Version.
    pub version: Version,
    /// Name.
    pub name: String,
    /// How far it is.
    pub state: RowState,
    /// Checksums of what was applied.
    pub checksums: Checksums,
    /// Names of the migrations that it required.
    pub requires: Vec<String>,
    /// What it did, and how to undo it.
    pub body: Arc<Body>,
    /// When, in UTC, RFC 3339 to the second.
    pub applied_at: String,
    /// For an interrupted one: what the journal knows.
    pub progress: Option<Progress>,
}

/// How far an interrupted migration came, statement by statement (its ledger statements left out).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Statements known to have run, counted from the first.
    pub done: usize,
    /// A statement that was started and never marked: nobody can tell but a person
    /// (`resolve VERSION --statement K`). K counts from 1, so this is `done + 1`.
    pub unknown: Option<usize>,
    /// Statements in all.
    pub of: usize,
    /// Where DDL commits by itself: what of the migration's changes is done.
    pub place: Option<Standing>,
}

/// A place among the changes of one direction of a migration, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// Changes that are done.
    pub change: usize,
    /// Statements of the next change that ran.
    pub part: usize,
}

/// Where an interrupted migration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// It came so far for sure.
    pub surely: Place,
    /// It may have come so far: between the two lies a statement that may run twice.
    pub perhaps: Place,
    /// It was turned round, and nothing of this direction has run since: where the other direction stood. Without it, a place
    /// within a change would be rounded to the whole of it, twice.
    pub turned: Option<Place>,
    /// The server took foreign keys of the table with it: the place before the statement at which it died.
    pub lost: Option<Place>,
}

/// Foreign keys that a server took with it when it died: each is made again before the migration goes on.
#[derive(Debug, Clone)]
pub struct LostKeys {
    /// The table.
    pub table: TableId,
    /// What stands now, the keys among it.
    pub state: State,
}

/// A ledger's contents.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// Whether its tables stand.
    pub exists: bool,
    /// Applied migrations by position.
    pub rows: Vec<LedgerRow>,
    /// The environment's name stamped into the database.
    pub environment: Option<String>,
    /// When it was read, where the database can tell.
    pub as_of: Option<Moment>,
}

/// A moment in the life of a database, as one connection sees it: between equal ones nothing was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Moment {
    /// Tells apart connections, and what is before and after a commit of this one.
    pub era: u64,
    /// Counts what others commit.
    pub version: i64,
}

/// The direction of a whole plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PlanDirection {
    /// Only up.
    Up,
    /// Only down.
    Down,
    /// Down first, then up.
    Mixed,
    /// Nothing to do.
    None,
}

/// A derived restore that a plan leaves out, since what it would restore goes anyway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The operation: `drop_column posts.slug`.
    pub operation: String,
    /// Why.
    pub why: String,
}

/// What a step is, as a plan and as SQL: both are read as if they had these fields themselves.
#[derive(Debug, Clone)]
pub struct StepHead {
    /// Its version.
    pub version: Version,
    /// Its name.
    pub name: String,
    /// Which way.
    pub direction: Direction,
    /// Nothing in this direction of it was written by hand as SQL. Always true going up without raw SQL.
    pub derived: bool,
    /// How its undoing compares.
    pub reversal: Reversal,
    /// May it run inside a transaction?
    pub transaction: bool,
    /// What is left out.
    pub left_out: Vec<LeftOut>,
    /// Where it stands.
    pub span: Span,
    /// Statements of it that ran already, before an interruption (ledger statements not counted).
    pub skip_statements: usize,
    /// Where DDL commits by itself: the place among its changes that it goes on from.
    pub from: Place,
    /// Where DDL commits by itself: where the other direction stood, if it is turned round there.
    pub turned: Option<Place>,
    /// Where DDL commits by itself: it was interrupted in this direction, and goes on.
    pub resumed: bool,
}

impl StepHead {
    /// A step that runs from its beginning, in a transaction, with nothing in it by hand and nothing left out.
    #[must_use]
    pub fn new(version: Version, name: impl Into<String>, direction: Direction) -> Self {
        Self {
            version,
            name: name.into(),
            direction,
            derived: true,
            reversal: Reversal::Exact,
            transaction: true,
            left_out: Vec::new(),
            span: Span::NONE,
            skip_statements: 0,
            from: Place::default(),
            turned: None,
            resumed: false,
        }
    }
}

/// One migration in one direction.
#[derive(Debug, Clone)]
pub struct Step {
    /// What it is.
    pub head: StepHead,
    /// Its number in the ledger: the new one going up, its row's going down.
    pub position: i64,
    /// What the ledger keeps (going up) or kept (going down).
    pub body: Arc<Body>,
    /// Names it requires.
    pub requires: Vec<String>,
    /// What happens, in order.
    pub parts: Vec<Part>,
    /// MariaDB: what has to be made again first.
    pub lost: Option<Box<LostKeys>>,
    /// Going down: it is not undone as the ledger has it, but as the manifest has it now.
    pub edited: bool,
}

impl Deref for Step {
    type Target = StepHead;

    fn deref(&self) -> &StepHead {
        &self.head
    }
}

impl DerefMut for Step {
    fn deref_mut(&mut self) -> &mut StepHead {
        &mut self.head
    }
}

/// A plan: from the state of the actual history to a target.
#[derive(Debug, Clone)]
pub struct Plan {
    /// On which backend.
    pub backend: Backend,
    /// Which way as a whole.
    pub direction: PlanDirection,
    /// It is to apply something, even where no step is left, or the graph has no order for it. What is wrong with the
    /// graph stops it then; a plan that only goes down is not stopped.
    pub wants_up: bool,
    /// The target as it was asked for: `0`, `latest`, a version, `up 2`, `down NAME`, …
    pub target: String,
    /// Versions applied before, by version.
    pub from: Vec<Version>,
    /// Versions applied after, by version.
    pub to: Vec<Version>,
    /// The state before the first step.
    pub start: State,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// What was found wrong with it. With an error among them it must not run.
    pub diagnostics: Vec<Diagnostic>,
}
