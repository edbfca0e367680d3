//! The journal: how far a migration outside a transaction came.

use sea_query::{Alias, Expr, ExprTrait, Order, Query};

use super::super::model::Recovery;
use super::super::sea;
use super::{JOURNAL, LedgerSql};
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
        let query = super::insert(
            self.table(JOURNAL),
            [
                ("version", self.string(&version.to_string())),
                ("statement", Expr::val(statement as u64)),
                ("statements", Expr::val(statements as u64)),
                ("direction", self.string(direction)),
                ("state", self.string("started")),
                ("run", self.string(run)),
                ("sql", self.string(sql)),
                ("changed_at", Expr::cust(self.now())),
            ],
        );
        sea::query(self.backend, &query)
    }

    /// Journals that it has run.
    #[must_use]
    pub fn journal_done(&self, version: Version, statement: usize) -> String {
        let query = Query::update()
            .table(self.table(JOURNAL))
            .value(Alias::new("state"), self.string("done"))
            .value(Alias::new("changed_at"), Expr::cust(self.now()))
            .and_where(Self::eq("version", &version.to_string()))
            .and_where(Expr::col(Alias::new("statement")).eq(statement as u64))
            .take();
        sea::query(self.backend, &query)
    }

    /// Takes a statement out of the journal: it did not run.
    #[must_use]
    pub fn journal_forget(&self, version: Version, statement: usize) -> String {
        let query = Query::delete()
            .from_table(self.table(JOURNAL))
            .and_where(Self::eq("version", &version.to_string()))
            .and_where(Expr::col(Alias::new("statement")).eq(statement as u64))
            .take();
        sea::query(self.backend, &query)
    }

    /// Takes a migration out of the journal: it is through.
    #[must_use]
    pub fn journal_clear(&self, version: Version) -> String {
        let query =
            Query::delete().from_table(self.table(JOURNAL)).and_where(Self::eq("version", &version.to_string())).take();
        sea::query(self.backend, &query)
    }

    /// Empties the ledger of what is applied, and of what is on its way.
    #[must_use]
    pub fn forget_all(&self) -> [String; 2] {
        let all = |table| sea::query(self.backend, &Query::delete().from_table(self.table(table)).take());
        [all(super::VERSIONS), all(JOURNAL)]
    }

    /// Reads the SQL of the statements of one migration that have run, in order. Columns: statement (integer), sql (text).
    #[must_use]
    pub fn select_journaled(&self, version: Version) -> String {
        let query = Query::select()
            .columns(["statement", "sql"].map(Alias::new))
            .from(self.table(JOURNAL))
            .and_where(Self::eq("version", &version.to_string()))
            .and_where(Self::eq("state", "done"))
            .order_by(Alias::new("statement"), Order::Asc)
            .take();
        sea::query(self.backend, &query)
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
        let number = |number: usize| Expr::val(number as u64);
        let turned = |of: fn(Place) -> usize| Expr::val(entry.turned.map(|place| of(place) as u64));
        let query = Query::update()
            .table(self.table(JOURNAL))
            .values(
                [
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
                    ("turned_change", turned(|place| place.change)),
                    ("turned_part", turned(|place| place.part)),
                    ("probe", self.string(probe)),
                    ("batch", self.string(entry.batch)),
                ]
                .map(|(name, value)| (Alias::new(name), value)),
            )
            .and_where(Expr::col(Alias::new("slot")).eq(1))
            .take();
        sea::query(self.backend, &query)
    }

    /// MySQL: the journal is done with.
    #[must_use]
    pub fn journal_empty(&self) -> String {
        sea::query(self.backend, &Query::delete().from_table(self.table(JOURNAL)).take())
    }

    /// MySQL: settles the statement that is on its way: it ran, or it did not.
    #[must_use]
    pub fn journal_settle(&self, version: Version, ran: bool) -> String {
        let mut query = Query::update();
        query.table(self.table(JOURNAL));
        if !ran {
            query
                .value(Alias::new("to_change"), Expr::col(Alias::new("from_change")))
                .value(Alias::new("to_part"), Expr::col(Alias::new("from_part")))
                .value(Alias::new("statement"), Expr::col(Alias::new("statement")).sub(1));
        }
        query
            .value(Alias::new("state"), self.string("done"))
            .value(Alias::new("changed_at"), Expr::cust(self.now()))
            .and_where(Self::eq("version", &version.to_string()))
            .and_where(Self::eq("state", "started"));
        sea::query(self.backend, &query)
    }

    /// Reads the journal, in order. Columns: version (text), statement, statements (integers), direction, state (texts);
    /// on MySQL then `from_change`, `from_part`, `to_change`, `to_part` (integers), `turned_change`, `turned_part` (integers or NULL), probe and batch (texts).
    #[must_use]
    pub fn select_journal(&self) -> String {
        let mut query = Query::select();
        query.columns(["version", "statement", "statements", "direction", "state"].map(Alias::new));
        if self.backend == Backend::Mysql {
            query.columns(PLACES.map(Alias::new)).columns(["probe", "batch"].map(Alias::new));
        }
        query
            .from(self.table(JOURNAL))
            .order_by(Alias::new("version"), Order::Asc)
            .order_by(Alias::new("statement"), Order::Asc);
        sea::query(self.backend, &query)
    }
}
