//! The journal: how far a migration outside a transaction came.

use sea_query::{Alias, Expr, ExprTrait, Order, Query};

use super::{JOURNAL, LedgerSql};
use crate::ident::Version;

impl LedgerSql {
    /// Journals that a statement (K, from 1) of a migration outside a transaction is about to run. Its SQL
    /// is kept, so that a run that goes on can tell whether the statements before it are still the same.
    #[must_use]
    pub fn journal_start(
        &self,
        version: Version,
        statement: u64,
        statements: u64,
        direction: &str,
        run: &str,
        sql: &str,
    ) -> String {
        let mut query = Query::insert();
        query.into_table(self.table(JOURNAL)).columns(
            ["version", "statement", "statements", "direction", "state", "run", "sql", "changed_at"].map(Alias::new),
        );
        let _ = query.values([
            self.string(&version.to_string()),
            Expr::val(statement),
            Expr::val(statements),
            self.string(direction),
            self.string("started"),
            self.string(run),
            self.string(sql),
            Expr::cust(self.now()),
        ]);
        self.dialect.query(&query)
    }

    /// Journals that it has run.
    #[must_use]
    pub fn journal_done(&self, version: Version, statement: u64) -> String {
        let query = Query::update()
            .table(self.table(JOURNAL))
            .value(Alias::new("state"), self.string("done"))
            .value(Alias::new("changed_at"), Expr::cust(self.now()))
            .and_where(Self::eq("version", &version.to_string()))
            .and_where(Expr::col(Alias::new("statement")).eq(statement))
            .take();
        self.dialect.query(&query)
    }

    /// Takes a statement out of the journal: it did not run.
    #[must_use]
    pub fn journal_forget(&self, version: Version, statement: u64) -> String {
        let query = Query::delete()
            .from_table(self.table(JOURNAL))
            .and_where(Self::eq("version", &version.to_string()))
            .and_where(Expr::col(Alias::new("statement")).eq(statement))
            .take();
        self.dialect.query(&query)
    }

    /// Takes a migration out of the journal: it is through.
    #[must_use]
    pub fn journal_clear(&self, version: Version) -> String {
        let query =
            Query::delete().from_table(self.table(JOURNAL)).and_where(Self::eq("version", &version.to_string())).take();
        self.dialect.query(&query)
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
        self.dialect.query(&query)
    }

    /// Reads the journal, in order. Columns: version (text), statement, statements (integers), direction, state (texts).
    #[must_use]
    pub fn select_journal(&self) -> String {
        let query = Query::select()
            .columns(["version", "statement", "statements", "direction", "state"].map(Alias::new))
            .from(self.table(JOURNAL))
            .order_by(Alias::new("version"), Order::Asc)
            .order_by(Alias::new("statement"), Order::Asc)
            .take();
        self.dialect.query(&query)
    }
}
