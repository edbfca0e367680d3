//! The ledger's tables.

use sea_query::{Alias, Asterisk, ColumnDef, Expr, ExprTrait, Query};

use super::super::dialect::Dialect;
use super::{ENVIRONMENT, JOURNAL, LedgerSql, RUNS, VERSIONS};

impl LedgerSql {
    /// The statements that make the ledger's tables where they do not stand.
    #[must_use]
    pub fn create_tables(&self) -> Vec<String> {
        let integer = |name: &'static str| self.column(name, Kind::Integer);
        let text = |name: &'static str| self.column(name, Kind::Text);
        let time = |name: &'static str| self.column(name, Kind::Time);
        vec![
            self.create(
                VERSIONS,
                vec![
                    integer("position").not_null().primary_key().take(),
                    text("version").not_null().unique_key().take(),
                    text("name").not_null().take(),
                    text("state").not_null().take(),
                    text("checksum_up").not_null().take(),
                    text("checksum_down").not_null().take(),
                    text("requires").not_null().take(),
                    text("backend").not_null().take(),
                    integer("format_version").not_null().take(),
                    text("operations").not_null().take(),
                    time("applied_at").not_null().take(),
                    integer("duration_ms").not_null().take(),
                    text("run").not_null().take(),
                ],
            ),
            self.create(
                RUNS,
                vec![
                    text("run").not_null().primary_key().take(),
                    text("command").not_null().take(),
                    text("direction").not_null().take(),
                    text("target").not_null().take(),
                    text("environment").not_null().take(),
                    text("who").not_null().take(),
                    text("tool_version").not_null().take(),
                    time("started_at").not_null().take(),
                    time("finished_at"),
                    text("outcome").not_null().take(),
                    integer("steps").not_null().take(),
                    integer("steps_done").not_null().take(),
                    text("error"),
                ],
            ),
            self.create(
                JOURNAL,
                vec![
                    text("version").not_null().take(),
                    integer("statement").not_null().take(),
                    integer("statements").not_null().take(),
                    text("direction").not_null().take(),
                    text("state").not_null().take(),
                    text("run").not_null().take(),
                    text("sql").not_null().take(),
                    time("changed_at").not_null().take(),
                ],
            ),
            self.create(ENVIRONMENT, vec![text("name").not_null().take(), time("stamped_at").not_null().take()]),
        ]
    }

    /// Gives one row with one number: how many of the ledger's tables stand.
    #[must_use]
    pub fn tables_that_stand(&self) -> String {
        let names = [VERSIONS, RUNS, JOURNAL, ENVIRONMENT];
        let mut query = Query::select();
        query.expr(Expr::col(Asterisk).count());
        match self.dialect {
            Dialect::Sqlite => query
                .from(Alias::new("sqlite_master"))
                .and_where(Expr::col(Alias::new("type")).eq("table"))
                .and_where(Expr::col(Alias::new("name")).is_in(names)),
            Dialect::Postgres => query
                .from((Alias::new("pg_catalog"), Alias::new("pg_tables")))
                .and_where(Expr::col(Alias::new("schemaname")).eq(self.schema.as_deref().unwrap_or_default()))
                .and_where(Expr::col(Alias::new("tablename")).is_in(names)),
        };
        self.dialect.query(&query)
    }

    fn create(&self, name: &'static str, columns: Vec<ColumnDef>) -> String {
        let mut statement = sea_query::Table::create();
        statement.if_not_exists().table(self.table(name));
        for column in columns {
            statement.col(column);
        }
        if name == JOURNAL {
            statement.primary_key(sea_query::Index::create().col(Alias::new("version")).col(Alias::new("statement")));
        }
        self.dialect.schema(&statement)
    }

    fn column(&self, name: &'static str, kind: Kind) -> ColumnDef {
        let word = match (kind, self.dialect) {
            (Kind::Integer, Dialect::Sqlite) => "integer",
            (Kind::Integer, Dialect::Postgres) => "bigint",
            (Kind::Time, Dialect::Postgres) => "timestamptz",
            (Kind::Text, _) | (Kind::Time, Dialect::Sqlite) => "text",
        };
        ColumnDef::new(Alias::new(name)).custom(Alias::new(word)).take()
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Integer,
    Text,
    Time,
}
