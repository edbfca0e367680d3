//! The ledger's tables, and every statement that reads or writes them. The executor
//! runs what is made here and writes no SQL of its own for them.

mod frame;
mod journal;
mod runs;
mod stamp;
mod tables;
mod versions;

use std::sync::Arc;

use sea_query::{Alias, Expr, ExprTrait, InsertStatement, TableRef};

use versions::Frames;

pub use journal::{AGAIN, JournalEntry, KEYS_LOST, REPEATABLE};
pub use runs::RunRow;
pub use versions::{row_state, row_state_of};

use super::sea::table_ref;
use crate::backend::Backend;
use crate::ident::TableName;

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
    frames: Arc<Frames>,
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
        let frames = Arc::new(Frames::new(backend, schema.as_deref()));
        Self { backend, schema, frames }
    }

    fn table(&self, name: &str) -> TableRef {
        table_in(self.schema.as_deref(), name)
    }

    /// A string as an expression: [`Backend::string`] quotes it, not sea-query's parameters.
    fn string(&self, text: &str) -> Expr {
        Expr::cust(self.backend.string(text))
    }

    fn eq(column: &'static str, text: &str) -> Expr {
        Expr::col(Alias::new(column)).eq(text)
    }

    const fn now(&self) -> &'static str {
        now(self.backend)
    }
}

/// INSERT of one row: each column with its value.
fn insert<const N: usize>(into: TableRef, row: [(&'static str, Expr); N]) -> InsertStatement {
    let (columns, values): (Vec<_>, Vec<_>) = row.into_iter().map(|(name, value)| (Alias::new(name), value)).unzip();
    let mut query = InsertStatement::new();
    query.into_table(into).columns(columns);
    // As many values as columns: it cannot be refused.
    let _ = query.values(values);
    query
}

fn table_in(schema: Option<&str>, name: &str) -> TableRef {
    table_ref(&TableName { schema: schema.map(str::to_owned), name: name.to_owned() })
}

const fn now(backend: Backend) -> &'static str {
    match backend {
        Backend::Sqlite => "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')",
        Backend::Postgres => "clock_timestamp()",
        Backend::Mysql => "DATE_FORMAT(UTC_TIMESTAMP(), '%Y-%m-%dT%H:%i:%sZ')",
    }
}
