//! The ledger's tables, and every statement that reads or writes them. The executor
//! runs what is made here and writes no SQL of its own for them.

mod journal;
mod runs;
mod tables;
mod versions;

use sea_query::{
    DeleteStatement, Expr, ExprTrait, InsertStatement, Query, QueryStatementWriter, SelectStatement, TableRef,
    UpdateStatement,
};

pub use journal::{AGAIN, JournalEntry, KEYS_LOST, REPEATABLE};
pub use runs::RunRow;
pub use versions::{row_state, row_state_of};

use super::sea::{self, table_ref};
use crate::backend::Backend;
use crate::ident::{TableName, Version};

/// The format of what the ledger keeps, in each of its rows.
pub const FORMAT_VERSION: i64 = 1;

/// Applied migrations.
pub const VERSIONS: &str = "dbmigrate_versions";
/// One row a run; the history that outlives a reset.
pub const RUNS: &str = "dbmigrate_runs";
/// How far a migration outside a transaction came.
pub const JOURNAL: &str = "dbmigrate_journal";
/// The environment's name.
pub const ENVIRONMENT: &str = "dbmigrate_environment";

/// Values of a run that a plan does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunValues {
    /// The run's id.
    pub run: String,
    /// When the step that is written down began: UTC, RFC 3339 with milliseconds. SQLite measures
    /// from it; PostgreSQL from the message that the step is sent in.
    pub started: String,
}

impl RunValues {
    /// What stands in a dry run.
    #[must_use]
    pub fn placeholder() -> Self {
        Self { run: "run".to_owned(), started: "2000-01-01T00:00:00.000Z".to_owned() }
    }
}

/// The ledger's SQL on one backend, in one schema.
#[derive(Debug, Clone)]
pub struct LedgerSql {
    pub(super) backend: Backend,
    schema: Option<String>,
}

impl LedgerSql {
    /// The SQL for a backend. `schema` is PostgreSQL's; without it, `public`. SQLite's is always `main`, and MySQL's
    /// the database of the connection.
    #[must_use]
    pub fn new(backend: Backend, schema: Option<&str>) -> Self {
        let schema = match backend {
            Backend::Sqlite => Some("main".to_owned()),
            Backend::Postgres => Some(schema.unwrap_or("public").to_owned()),
            Backend::Mysql => None,
        };
        Self { backend, schema }
    }

    fn table(&self, name: &str) -> TableRef {
        table_ref(&TableName { schema: self.schema.clone(), name: name.to_owned() })
    }

    fn sql(&self, query: &impl QueryStatementWriter) -> String {
        sea::query(self.backend, query)
    }

    /// INSERT of one row: each column with its value.
    fn insert<const N: usize>(&self, into: &str, row: [(&'static str, Expr); N]) -> InsertStatement {
        let (columns, values): (Vec<_>, Vec<_>) = row.into_iter().unzip();
        let mut query = Query::insert();
        query.into_table(self.table(into)).columns(columns);
        // As many values as columns: it cannot be refused.
        let _ = query.values(values);
        query
    }

    fn update<const N: usize>(&self, table: &str, set: [(&'static str, Expr); N]) -> UpdateStatement {
        Query::update().table(self.table(table)).values(set).take()
    }

    fn delete(&self, from: &str) -> DeleteStatement {
        Query::delete().from_table(self.table(from)).take()
    }

    fn select<const N: usize>(&self, columns: [&'static str; N], from: &str) -> SelectStatement {
        Query::select().columns(columns).from(self.table(from)).take()
    }

    /// A string as an expression: [`Backend::string`] quotes it, not sea-query's parameters.
    fn string(&self, text: &str) -> Expr {
        Expr::cust(self.backend.string(text))
    }

    const fn now(&self) -> &'static str {
        match self.backend {
            Backend::Sqlite => "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')",
            Backend::Postgres => "clock_timestamp()",
            Backend::Mysql => "DATE_FORMAT(UTC_TIMESTAMP(), '%Y-%m-%dT%H:%i:%sZ')",
        }
    }

    /// Stamps the environment's name in, where none is.
    #[must_use]
    pub fn stamp_if_none(&self, environment: &str) -> String {
        let none = Query::select().expr(Expr::val(1)).from(self.table(ENVIRONMENT)).take();
        self.insert_stamp(environment, Some(Expr::exists(none).not()))
    }

    /// Stamps the environment's name in, over any that is there: two statements.
    #[must_use]
    pub fn stamp(&self, environment: &str) -> [String; 2] {
        [self.sql(&self.delete(ENVIRONMENT)), self.insert_stamp(environment, None)]
    }

    fn insert_stamp(&self, environment: &str, condition: Option<Expr>) -> String {
        let values = [self.string(environment), Expr::cust(self.now())];
        let mut query = Query::insert();
        query.into_table(self.table(ENVIRONMENT)).columns(["name", "stamped_at"]);
        // As many expressions as columns: it cannot be refused.
        let _ = query.select_from(Query::select().exprs(values).and_where_option(condition).take());
        self.sql(&query)
    }

    /// Reads the stamp: no row, or one with the environment's name.
    #[must_use]
    pub fn select_stamp(&self) -> String {
        self.sql(&self.select(["name"], ENVIRONMENT))
    }
}

fn eq(column: &'static str, text: &str) -> Expr {
    Expr::col(column).eq(text)
}

/// The condition that finds a migration.
fn is(version: Version) -> Expr {
    eq("version", &version.to_string())
}
