//! The ledger's tables.

use sea_query::{Asterisk, ColumnDef, Expr, ExprTrait, Query};

use super::super::sea;
use super::journal::PLACES;
use super::{ENVIRONMENT, JOURNAL, LedgerSql, RUNS, VERSIONS, eq};
use crate::backend::Backend;

impl LedgerSql {
    /// The statements that make the ledger's tables where they do not stand.
    #[must_use]
    pub fn create_tables(&self) -> Vec<String> {
        let of = |kind| move |name| self.column(name, kind).not_null().take();
        let (integer, text, time) = (of(Kind::Integer), of(Kind::Text), of(Kind::Time));
        let versions = vec![
            integer("position").primary_key().take(),
            text("version").unique_key().take(),
            text("name"),
            text("state"),
            text("checksum_up"),
            text("checksum_down"),
            text("requires"),
            text("backend"),
            integer("format_version"),
            text("operations"),
            time("applied_at"),
            integer("duration_ms"),
            text("run"),
        ];
        let runs = vec![
            text("run").primary_key().take(),
            text("command"),
            text("direction"),
            text("target"),
            text("environment"),
            text("who"),
            text("tool_version"),
            time("started_at"),
            self.column("finished_at", Kind::Time),
            text("outcome"),
            integer("steps"),
            integer("steps_done"),
            self.column("error", Kind::Text),
        ];
        // Where DDL commits by itself, it has one row: where the migration at work stands, and the statement that is on
        // its way. Each entry takes the place of the one before it.
        let mut journal = vec![
            text("version"),
            integer("statement"),
            integer("statements"),
            text("direction"),
            text("state"),
            text("run"),
            text("sql"),
            time("changed_at"),
        ];
        let mut key = vec!["version", "statement"];
        if self.backend == Backend::Mysql {
            let (sure, turned) = PLACES.split_at(4);
            journal.extend(sure.iter().map(|name| integer(name)));
            journal.extend(turned.iter().map(|name| self.column(name, Kind::Integer)));
            journal.extend([text("probe"), text("batch"), integer("slot")]);
            key = vec!["slot"];
        }
        let environment = vec![text("name"), time("stamped_at")];
        vec![
            self.create(VERSIONS, versions, &[]),
            self.create(RUNS, runs, &[]),
            self.create(JOURNAL, journal, &key),
            self.create(ENVIRONMENT, environment, &[]),
        ]
    }

    /// Gives one row with one number: how many of the ledger's tables stand; on MySQL, where they are made one by one,
    /// whether all do.
    #[must_use]
    pub fn tables_that_stand(&self) -> String {
        let names = [VERSIONS, RUNS, JOURNAL, ENVIRONMENT];
        let count = Expr::col(Asterisk).count();
        let mut query = Query::select();
        match self.backend {
            Backend::Sqlite => query.expr(count).from("sqlite_master").and_where(eq("type", "table")),
            Backend::Postgres => {
                let schema = self.schema.as_deref().unwrap_or_default();
                query.expr(count).from(("pg_catalog", "pg_tables")).and_where(eq("schemaname", schema))
            }
            Backend::Mysql => query
                .expr(Expr::cust(format!("COUNT(*) = {}", names.len())))
                .from(("information_schema", "TABLES"))
                .and_where(Expr::cust("TABLE_SCHEMA = DATABASE()")),
        };
        let name = match self.backend {
            Backend::Sqlite => "name",
            Backend::Postgres => "tablename",
            Backend::Mysql => "TABLE_NAME",
        };
        self.sql(query.and_where(Expr::col(name).is_in(names)))
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
                index.col(*column);
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
        ColumnDef::new(name).custom(word).take()
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Integer,
    Text,
    Time,
}
