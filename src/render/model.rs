//! The rendered plan: the one thing that a dry run prints and a run executes.

use std::ops::{Deref, DerefMut};

use serde::Serialize;

use crate::backend::Backend;
use crate::diagnostic::{Diagnostic, Direction, Span};
use crate::ident::{TableName, Version};
use crate::operation::Checksums;
use crate::plan::{Place, PlanDirection, StepHead};

/// How a run is divided into transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Transactions {
    /// One transaction for all.
    All,
    /// As few as fit.
    Chunks,
    /// One for each step.
    Each,
    /// None (a backend whose DDL commits by itself).
    None,
}

/// What `--transaction` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TransactionMode {
    /// One transaction; going up, cuts are made where they must be; going down, they are refused.
    #[default]
    Auto,
    /// One transaction or an error.
    All,
    /// As few transactions of whole steps as fit.
    Chunks,
    /// One transaction a step.
    Each,
}

/// Something that a statement destroys, or may destroy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Destructive {
    /// `table` (its rows go), `column` (its values go), `values` (overwritten, or may be cut or converted), `rows` (deleted),
    /// `extension` (with what is in it), `sql` (a statement of which nobody knows what it does).
    pub kind: &'static str,
    /// By name: `posts`, `posts.slug`; of `sql` its first words.
    pub object: String,
    /// How many rows, where a database was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// The number is an estimate.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub estimate: bool,
    /// It stands when the run starts, or may; what the plan itself makes is lost by nobody.
    #[serde(skip)]
    pub stands: bool,
    /// How to count it before the run; `None` where it cannot be counted.
    #[serde(skip)]
    pub counted: Option<Counted>,
    /// A database was asked, and how many rows it is remains unknown.
    #[serde(skip)]
    pub unknown: bool,
}

/// How the rows that go are counted in the database as it is before the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The table by its name before the run.
    pub table: TableName,
    /// A query that gives one number: the rows that lose something.
    pub sql: String,
    /// It counts every row of the table, so that the server's own estimate will do.
    pub whole_table: bool,
}

/// What a ledger statement writes. The SQL in the plan shows it with the values known at
/// planning; `render::ledger` writes it again with those of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerWrite {
    /// A ledger table is made where it does not stand.
    CreateTable,
    /// The environment's name is stamped in, where none is.
    Stamp,
    /// Where DDL commits by itself: a migration begins, with what is written of it going up.
    Begun(Option<Box<AppliedRecord>>),
    /// A migration was applied.
    Applied(Box<AppliedRecord>),
    /// A migration was undone.
    Undone {
        /// Which.
        version: Version,
    },
}

/// What the ledger keeps of an applied migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedRecord {
    /// Running number.
    pub position: i64,
    /// Version.
    pub version: Version,
    /// Name.
    pub name: String,
    /// Checksums.
    pub checksums: Checksums,
    /// Names required.
    pub requires: Vec<String>,
    /// Canonical JSON of the body. Empty in a plan's step inside a transaction, whose statement has it.
    pub operations: String,
    /// `false`: it ran outside a transaction, so its row stands already, as `applying`.
    pub transaction: bool,
}

/// What is true of a statement after an interruption, where DDL commits by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovery {
    /// It rolls back with its transaction.
    Transactional,
    /// It ran as a whole or not at all, and this query tells which: one row, one number, 1 where it ran, 0 where not, 3 where
    /// it may run again; any other is for a person to settle.
    Probeable(String),
    /// Run again, it does nothing more.
    Repeatable,
    /// It sets something of the session: a run that goes on after it runs it again.
    Session,
    /// Only a person can tell.
    Unknowable,
}

impl Recovery {
    /// Whether nothing of the statement stays once its transaction, or its session, has ended otherwise.
    pub(super) const fn rolls_back(&self) -> bool {
        match self {
            Self::Transactional | Self::Session => true,
            Self::Probeable(_) | Self::Repeatable | Self::Unknowable => false,
        }
    }
}

/// What a statement must not meet, where DDL commits by itself: it is counted before it, and it runs only where there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// What is counted.
    pub finding: Finding,
    /// What to do about them.
    pub help: &'static str,
    /// Counts them just before the statement: one row, one number.
    pub sql: String,
    /// Counts them before the whole run, under the names of then; `None` where the run itself changes rows first.
    pub before_the_run: Option<String>,
}

/// What keeps a statement from running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Rows that it would change silently. As a sentence: what it finds, how many existing rows, what it would do to them.
    Rows {
        /// `users.role is NOT NULL without a default, and`
        finds: String,
        /// `would have no value for it`
        does: String,
    },
    /// A server that cannot do it, in a sentence.
    Server(String),
}

impl Unfit {
    /// What was found, where so many were.
    #[must_use]
    pub fn sentence(&self, count: u64) -> String {
        match &self.finding {
            Finding::Rows { finds, does } => {
                let rows = if count == 1 { "1 existing row".to_owned() } else { format!("{count} existing rows") };
                format!("{finds} {rows} {does}")
            }
            Finding::Server(sentence) => sentence.clone(),
        }
    }
}

/// A statement's place in its migration, where DDL commits by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journaled {
    /// What is true of it after an interruption.
    pub recovery: Recovery,
    /// Where the migration stands after it.
    pub reaches: Place,
    /// Refused, it leaves nothing behind.
    pub whole: bool,
    /// The table that it makes or drops, its name in lower case. Whether it ran can be told as long as no other statement makes
    /// or drops one of that name.
    pub table: Option<String>,
    /// Rows that must not be there.
    pub unfit: Vec<Unfit>,
}

/// One SQL statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The SQL, without a closing semicolon.
    pub sql: String,
    /// The operation it comes from: `create_table posts`; `ledger` for the ledger's own.
    pub operation: String,
    /// Where that stands.
    pub span: Span,
    /// The ledger's own: what it writes.
    pub ledger: Option<LedgerWrite>,
    /// Where DDL commits by itself: how it is journaled.
    pub journaled: Option<Journaled>,
}

impl Statement {
    /// Whether it defines something, by its first word: then it commits what is open before it begins.
    #[must_use]
    pub fn is_definition(&self) -> bool {
        super::raw::is_ddl(&self.sql)
    }
}

/// What the migrations know of a table that is going to be rebuilt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The table.
    pub table: String,
    /// Its columns, indexes and triggers by name.
    pub names: Vec<String>,
    /// Gives what the database has of it: kind (`column`, `index`, `trigger`) and name, a row each.
    pub sql: String,
}

/// One migration in one direction, as SQL.
#[derive(Debug, Clone)]
pub struct RenderedStep {
    /// What it is.
    pub head: StepHead,
    /// The statements; the ledger's own are marked. The first step that runs also makes the ledger.
    pub statements: Vec<Statement>,
    /// Words for the reader of a run (`note`), in order.
    pub notes: Vec<String>,
    /// What is destroyed.
    pub destructive: Vec<Destructive>,
    /// SQLite: a table is rebuilt, so foreign keys must be off around the transaction.
    pub rebuilds: bool,
    /// SQLite: the tables that are rebuilt, as the migrations know them when the step begins. What they
    /// hold besides would be lost without a word, so the executor looks first.
    pub keeps: Vec<Known>,
    /// PostgreSQL: about how many locks it takes in the shared lock table.
    pub locks: usize,
    /// MariaDB: what makes foreign keys again that a server took with it. It comes first, is not journaled, and may run twice.
    pub restores: Option<Statement>,
}

impl Deref for RenderedStep {
    type Target = StepHead;

    fn deref(&self) -> &StepHead {
        &self.head
    }
}

impl DerefMut for RenderedStep {
    fn deref_mut(&mut self) -> &mut StepHead {
        &mut self.head
    }
}

/// A plan as SQL.
#[derive(Debug, Clone)]
pub struct RenderedPlan {
    /// On which backend.
    pub backend: Backend,
    /// Which way as a whole.
    pub direction: PlanDirection,
    /// The target as asked for.
    pub target: String,
    /// Versions applied before, by version.
    pub from: Vec<Version>,
    /// Versions applied after, by version.
    pub to: Vec<Version>,
    /// How it is divided.
    pub transaction: Transactions,
    /// Index of the first step after each cut, from 0.
    pub cuts: Vec<usize>,
    /// Why each cut is there, as long as `cuts`.
    pub cut_reasons: Vec<String>,
    /// The steps.
    pub steps: Vec<RenderedStep>,
    /// What was found wrong. With an error among them it must not run.
    pub diagnostics: Vec<Diagnostic>,
}

impl RenderedPlan {
    /// What is destroyed, in the order of the steps.
    pub fn destructive(&self) -> impl Iterator<Item = &Destructive> + Clone {
        self.steps.iter().flat_map(|step| &step.destructive)
    }

    /// Whether it undoes anything, or may destroy anything that stands before it: what protected environments ask about.
    #[must_use]
    pub fn is_destructive(&self) -> bool {
        let of =
            |step: &RenderedStep| step.direction == Direction::Down || step.destructive.iter().any(|one| one.stands);
        self.steps.iter().any(of)
    }
}

/// What rendering needs to know beyond the plan.
#[derive(Debug, Clone, Default)]
pub struct RenderOptions {
    /// The schema of the ledger's tables (PostgreSQL's `current_schema()`); `public` where it is not known.
    pub ledger_schema: Option<String>,
    /// The ledger does not stand yet: the first step makes it.
    pub create_ledger: bool,
    /// The environment's name, to be stamped in with the ledger.
    pub environment: String,
    /// What `--transaction` asks for.
    pub transaction: TransactionMode,
    /// How many locks the server's lock table is made for (PostgreSQL:
    /// `max_locks_per_transaction` × (`max_connections` + `max_prepared_transactions`)); `None` where it is not known.
    pub lock_slots: Option<u64>,
    /// SQLite: the first transaction has foreign keys off, whatever its steps do.
    pub keys_off: bool,
}

/// Seeds as SQL.
#[derive(Debug, Clone, Default)]
pub struct RenderedSeed {
    /// One entry a seed: its title, its place, its statements.
    pub items: Vec<(String, Span, Vec<Statement>)>,
    /// What they overwrite or delete.
    pub destructive: Vec<Destructive>,
    /// What was found wrong. With an error among them nothing may run.
    pub diagnostics: Vec<Diagnostic>,
}

impl RenderedSeed {
    /// Whether they may overwrite or delete anything that stands. Loaded already, most seeds change nothing: so what was
    /// counted and is not there does not count.
    #[must_use]
    pub fn is_destructive(&self) -> bool {
        self.destructive.iter().any(|one| one.stands && one.rows != Some(0))
    }
}
