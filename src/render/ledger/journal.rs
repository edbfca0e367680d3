//! The journal: how far a migration outside a transaction came.

use sea_query::{Expr, ExprTrait, Order};

use super::super::model::Recovery;
use super::{JOURNAL, LedgerSql, VERSIONS, eq, is};
use crate::backend::Backend;
use crate::ident::Version;
use crate::plan::Place;

/// What stands for a question in the journal, where a statement may run twice.
pub const REPEATABLE: &str = "repeatable";

/// The answer to a question in the journal where a statement may run twice.
pub const AGAIN: i64 = 3;

/// Added to the answer where the table's foreign keys, or some of them, are gone.
pub const KEYS_LOST: i64 = 4;

/// MySQL: where a migration stands.
#[derive(Debug, Clone, Copy)]
pub struct JournalEntry<'e> {
    /// Version.
    pub version: Version,
    /// `up` or `down`.
    pub direction: &'static str,
    /// The statement that is on its way or has run, from 1.
    pub statement: usize,
    /// Statements in all.
    pub statements: usize,
    /// The statement.
    pub sql: &'e str,
    /// What is true of it after an interruption.
    pub recovery: &'e Recovery,
    /// The place before it.
    pub from: Place,
    /// The place after it.
    pub reaches: Place,
    /// Where the other direction stood, if the migration was turned round at the place before it.
    pub turned: Option<Place>,
    /// The run's id.
    pub run: &'e str,
    /// The migrations that follow in the same message, each of one statement: version and question, as JSON. Empty for none.
    pub batch: &'e str,
}

/// MySQL: the places of an entry. Before its statement, after it, and where the other direction stood if it was turned round.
pub(super) const PLACES: [&str; 6] =
    ["from_change", "from_part", "to_change", "to_part", "turned_change", "turned_part"];

impl LedgerSql {
    /// Journals that a statement (K, from 1) of a migration outside a transaction is about to run. Its SQL
    /// is kept, so that a run that goes on can tell whether the statements before it are still the same.
    #[must_use]
    pub fn journal_start(
        &self,
        version: Version,
        statement: usize,
        statements: usize,
        direction: &str,
        run: &str,
        sql: &str,
    ) -> String {
        self.sql(&self.insert(
            JOURNAL,
            [
                ("version", self.string(&version.to_string())),
                ("statement", number(statement)),
                ("statements", number(statements)),
                ("direction", self.string(direction)),
                ("state", self.string("started")),
                ("run", self.string(run)),
                ("sql", self.string(sql)),
                ("changed_at", Expr::cust(self.now())),
            ],
        ))
    }

    /// Journals that it has run.
    #[must_use]
    pub fn journal_done(&self, version: Version, statement: usize) -> String {
        let of = Expr::col("statement").eq(number(statement));
        self.sql(self.update(JOURNAL, self.done()).and_where(is(version)).and_where(of))
    }

    fn done(&self) -> [(&'static str, Expr); 2] {
        [("state", self.string("done")), ("changed_at", Expr::cust(self.now()))]
    }

    /// Takes a statement out of the journal: it did not run.
    #[must_use]
    pub fn journal_forget(&self, version: Version, statement: usize) -> String {
        let of = Expr::col("statement").eq(number(statement));
        self.sql(self.delete(JOURNAL).and_where(is(version)).and_where(of))
    }

    /// Takes a migration out of the journal: it is through.
    #[must_use]
    pub fn journal_clear(&self, version: Version) -> String {
        self.sql(self.delete(JOURNAL).and_where(is(version)))
    }

    /// Empties the ledger of what is applied, and of what is on its way.
    #[must_use]
    pub fn forget_all(&self) -> [String; 2] {
        [VERSIONS, JOURNAL].map(|table| self.sql(&self.delete(table)))
    }

    /// Reads the SQL of the statements of one migration that have run, in order. Columns: statement (integer), sql (text).
    #[must_use]
    pub fn select_journaled(&self, version: Version) -> String {
        let mut query = self.select(["statement", "sql"], JOURNAL);
        self.sql(query.and_where(is(version)).and_where(eq("state", "done")).order_by("statement", Order::Asc))
    }

    /// MySQL: makes the journal's one row where it does not stand; one that stands is kept.
    #[must_use]
    pub fn journal_slot(&self) -> String {
        format!(
            "INSERT INTO {} (version, statement, statements, direction, state, run, `sql`, changed_at, from_change, \
             from_part, to_change, to_part, probe, batch, slot) \
             VALUES ('', 0, 0, '', 'idle', '', '', '', 0, 0, 0, 0, '', '', 1) ON DUPLICATE KEY UPDATE slot = 1",
            self.backend.ident(JOURNAL)
        )
    }

    /// MySQL: journals where a migration stands, in place of where it stood: before a statement that commits by itself
    /// (`started`), or together with one that does not (`done`). The row must stand ([`Self::journal_slot`]).
    #[must_use]
    pub fn journal_at(&self, entry: &JournalEntry<'_>) -> String {
        let (state, probe) = match entry.recovery {
            Recovery::Transactional => ("done", ""),
            Recovery::Probeable(question) => ("started", question.as_str()),
            Recovery::Repeatable | Recovery::Session => ("started", REPEATABLE),
            Recovery::Unknowable => ("started", ""),
        };
        let set = [
            ("version", self.string(&entry.version.to_string())),
            ("statement", number(entry.statement)),
            ("statements", number(entry.statements)),
            ("direction", self.string(entry.direction)),
            ("state", self.string(state)),
            ("run", self.string(entry.run)),
            ("sql", self.string(entry.sql)),
            ("changed_at", Expr::cust(self.now())),
            ("from_change", number(entry.from.change)),
            ("from_part", number(entry.from.part)),
            ("to_change", number(entry.reaches.change)),
            ("to_part", number(entry.reaches.part)),
            ("turned_change", Expr::val(entry.turned.map(|place| place.change as u64))),
            ("turned_part", Expr::val(entry.turned.map(|place| place.part as u64))),
            ("probe", self.string(probe)),
            ("batch", self.string(entry.batch)),
        ];
        self.sql(self.update(JOURNAL, set).and_where(Expr::col("slot").eq(1)))
    }

    /// MySQL: the journal is done with.
    #[must_use]
    pub fn journal_empty(&self) -> String {
        self.sql(&self.delete(JOURNAL))
    }

    /// MySQL: settles the statement that is on its way: it ran, or it did not.
    #[must_use]
    pub fn journal_settle(&self, version: Version, ran: bool) -> String {
        let back = [
            ("to_change", Expr::col("from_change")),
            ("to_part", Expr::col("from_part")),
            ("statement", Expr::col("statement").sub(1)),
        ];
        let mut query = if ran { self.update(JOURNAL, []) } else { self.update(JOURNAL, back) };
        self.sql(query.values(self.done()).and_where(is(version)).and_where(eq("state", "started")))
    }

    /// Reads the journal, in order. Columns: version (text), statement, statements (integers), direction, state (texts);
    /// on MySQL then `from_change`, `from_part`, `to_change`, `to_part` (integers), `turned_change`, `turned_part` (integers or NULL), probe and batch (texts).
    #[must_use]
    pub fn select_journal(&self) -> String {
        let mut query = self.select(["version", "statement", "statements", "direction", "state"], JOURNAL);
        if self.backend == Backend::Mysql {
            query.columns(PLACES).columns(["probe", "batch"]);
        }
        self.sql(query.order_by("version", Order::Asc).order_by("statement", Order::Asc))
    }
}

fn number(number: usize) -> Expr {
    Expr::val(number as u64)
}
