//! The ledger's tables.

use sea_query::{Alias, Asterisk, ColumnDef, Expr, ExprTrait, Query};

use super::super::sea;
use super::journal::PLACES;
use super::{ENVIRONMENT, JOURNAL, LedgerSql, RUNS, VERSIONS};
use crate::backend::Backend;

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
                &[],
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
                &[],
            ),
            self.journal(),
            self.create(ENVIRONMENT, vec![text("name").not_null().take(), time("stamped_at").not_null().take()], &[]),
        ]
    }

    /// Gives one row with one number: how many of the ledger's tables stand; on MySQL, where they are made one by one,
    /// whether all do.
    #[must_use]
    pub fn tables_that_stand(&self) -> String {
        let names = [VERSIONS, RUNS, JOURNAL, ENVIRONMENT];
        let mut query = Query::select();
        match self.backend {
            Backend::Mysql => query.expr(Expr::cust(format!("COUNT(*) = {}", names.len()))),
            Backend::Sqlite | Backend::Postgres => query.expr(Expr::col(Asterisk).count()),
        };
        match self.backend {
            Backend::Sqlite => query
                .from(Alias::new("sqlite_master"))
                .and_where(Expr::col(Alias::new("type")).eq("table"))
                .and_where(Expr::col(Alias::new("name")).is_in(names)),
            Backend::Postgres => query
                .from((Alias::new("pg_catalog"), Alias::new("pg_tables")))
                .and_where(Expr::col(Alias::new("schemaname")).eq(self.schema.as_deref().unwrap_or_default()))
                .and_where(Expr::col(Alias::new("tablename")).is_in(names)),
            Backend::Mysql => query
                .from((Alias::new("information_schema"), Alias::new("TABLES")))
                .and_where(Expr::cust("TABLE_SCHEMA = DATABASE()"))
                .and_where(Expr::col(Alias::new("TABLE_NAME")).is_in(names)),
        };
        sea::query(self.backend, &query)
    }

    /// The journal. Where DDL commits by itself, it has one row: where the migration at work stands, and the
    /// statement that is on its way.
    fn journal(&self) -> String {
        let integer = |name: &'static str| self.column(name, Kind::Integer);
        let text = |name: &'static str| self.column(name, Kind::Text);
        let mut columns = vec![
            text("version").not_null().take(),
            integer("statement").not_null().take(),
            integer("statements").not_null().take(),
            text("direction").not_null().take(),
            text("state").not_null().take(),
            text("run").not_null().take(),
            text("sql").not_null().take(),
            self.column("changed_at", Kind::Time).not_null().take(),
        ];
        let mut key = vec!["version", "statement"];
        if self.backend == Backend::Mysql {
            let (sure, turned) = PLACES.split_at(4);
            columns.extend(sure.iter().map(|name| integer(name).not_null().take()));
            columns.extend(turned.iter().map(|name| integer(name)));
            columns.push(text("probe").not_null().take());
            columns.push(text("batch").not_null().take());
            columns.push(integer("slot").not_null().take());
            // One row, so that each entry takes the place of the one before it.
            key = vec!["slot"];
        }
        self.create(JOURNAL, columns, &key)
    }

    fn create(&self, name: &'static str, columns: Vec<ColumnDef>, key: &[&'static str]) -> String {
        let mut statement = sea_query::Table::create();
        statement.if_not_exists().table(self.table(name));
        for column in columns {
            statement.col(column);
        }
        if !key.is_empty() {
            let mut index = sea_query::Index::create();
            for column in key {
                index.col(Alias::new(*column));
            }
            statement.primary_key(&mut index);
        }
        if self.backend == Backend::Mysql {
            // Whatever the database's defaults are: rows that roll back, and texts that are equal only if they are the same.
            statement.engine("InnoDB").character_set("utf8mb4").collate("utf8mb4_bin");
        }
        sea::schema(self.backend, &statement)
    }

    fn column(&self, name: &'static str, kind: Kind) -> ColumnDef {
        let word = match (kind, self.backend) {
            (Kind::Integer, Backend::Sqlite) => "integer",
            (Kind::Integer, Backend::Postgres) => "bigint",
            (Kind::Time, Backend::Postgres) => "timestamptz",
            // What is in a key has a length there.
            (Kind::Text, Backend::Mysql) if ["version", "run"].contains(&name) => "varchar(64)",
            (Kind::Time, Backend::Mysql) => "varchar(32)",
            (Kind::Integer, Backend::Mysql) => "bigint",
            (Kind::Text, Backend::Mysql) => "longtext",
            (Kind::Text, _) | (Kind::Time, Backend::Sqlite) => "text",
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
