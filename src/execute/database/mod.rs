//! The databases a run can work on, behind one set of verbs. A backend is one arm of
//! [`Database`] and one module here; everything above asks in these verbs and never which it is.

mod mysql;
mod options;
mod postgres;
mod server;
mod sqlite;

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::ExecuteError;
use super::holder::Holder;
use super::report::Violation;
use super::settings::Settings;
use super::signal::Canceller;
use super::words::DatabaseWords;
use crate::backend::Backend;
use crate::database_url::DatabaseUrl;
use crate::plan::Moment;

/// What a plan needs to know of a database before it is rendered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// PostgreSQL: the schema the ledger is in or would be made in.
    pub ledger_schema: Option<String>,
    /// PostgreSQL: how many locks fit into the shared lock table.
    pub lock_slots: Option<u64>,
    /// The server with its version, for people.
    pub server: String,
}

/// A row as text, NULL as `None`.
pub(super) type Cells = Vec<Option<String>>;

/// What is known cheaply of how many rows a table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// None, for sure.
    Empty,
    /// About so many.
    About(u64),
}

/// What became of a message of one or more statements.
#[derive(Debug)]
pub(super) struct Sent {
    /// Statements that were done.
    pub(super) done: usize,
    /// Rows that they changed.
    pub(super) changed: u64,
    /// Why the one after them failed.
    pub(super) error: Option<DatabaseWords>,
}

/// A connected database.
pub(super) enum Database {
    Sqlite(Box<sqlite::Sqlite>),
    Postgres(Box<postgres::Postgres>),
    Mysql(Box<mysql::Mysql>),
}

macro_rules! each {
    ($self:expr, $database:ident => $body:expr) => {
        match $self {
            Database::Sqlite($database) => $body,
            Database::Postgres($database) => $body,
            Database::Mysql($database) => $body,
        }
    };
}

/// As `each`, of the part that takes messages.
macro_rules! messages {
    ($self:expr, $messages:ident => $body:expr) => {
        match $self {
            Database::Sqlite($messages) => $body,
            Database::Postgres(database) => {
                let $messages = &mut database.server;
                $body
            }
            Database::Mysql(database) => {
                let $messages = &mut database.server;
                $body
            }
        }
    };
}

impl Database {
    /// Connects. A SQLite file that is not there is not made.
    pub(super) async fn open(settings: &Settings, canceller: &Canceller) -> Result<Self, ExecuteError> {
        Ok(match &settings.url {
            DatabaseUrl::Sqlite(file) => {
                Self::Sqlite(Box::new(sqlite::Sqlite::open(file.clone(), settings, canceller).await?))
            }
            DatabaseUrl::Postgres(server) => {
                Self::Postgres(Box::new(postgres::Postgres::open(server.clone(), settings, canceller).await?))
            }
            DatabaseUrl::Mysql(server) => {
                Self::Mysql(Box::new(mysql::Mysql::open(server.clone(), settings, canceller).await?))
            }
        })
    }

    /// Which backend it is, for rendering.
    pub(super) fn backend(&self) -> Backend {
        match self {
            Self::Sqlite(_) => Backend::Sqlite,
            Self::Postgres(_) => Backend::Postgres,
            Self::Mysql(_) => Backend::Mysql,
        }
    }

    /// Whether there is a database at all (a SQLite file may not be there yet).
    pub(super) fn is_there(&self) -> bool {
        match self {
            Self::Sqlite(database) => database.is_there(),
            Self::Postgres(_) | Self::Mysql(_) => true,
        }
    }

    /// Makes the database where there is none; whether it did.
    pub(super) async fn create(&mut self) -> Result<bool, ExecuteError> {
        match self {
            Self::Sqlite(database) => database.create().await,
            Self::Postgres(_) | Self::Mysql(_) => Ok(false),
        }
    }

    /// What planning needs to know.
    pub(super) fn facts(&self) -> &Facts {
        each!(self, database => &database.facts)
    }

    /// Whether a message costs a way to the server and back, so that steps had better share one.
    pub(super) const fn is_far(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(_) | Self::Mysql(_) => true,
        }
    }

    /// Sends a message of one or more statements, which a person may cut short; rows that come
    /// back are thrown away. `each` is told how many statements are done, as they are.
    pub(super) async fn send(&mut self, sql: String, each: &mut dyn FnMut(usize)) -> Sent {
        messages!(self, messages => messages.send(sql, each).await)
    }

    /// Sends a message that nobody cuts short: the bookkeeping, also that of an interruption.
    pub(super) async fn settle(&mut self, sql: String) -> Sent {
        messages!(self, messages => messages.settle(sql).await)
    }

    /// Sends a message that nobody cuts short and that must not fail.
    pub(super) async fn must(&mut self, doing: &'static str, sql: String) -> Result<(), ExecuteError> {
        match self.settle(sql).await.error {
            None => Ok(()),
            Some(words) => Err(ExecuteError::of(doing, words)),
        }
    }

    /// The rows that a query gives, as text.
    pub(super) async fn rows(&mut self, sql: String) -> Result<Vec<Cells>, DatabaseWords> {
        messages!(self, messages => messages.rows(sql).await)
    }

    /// The rows of several queries; `None` where the query `condition` does not give a number other than 0. Where it
    /// is cheap to know, [`Self::moment`] is that of before.
    pub(super) async fn tables_if(
        &mut self,
        condition: &str,
        queries: &[&str],
    ) -> Result<Option<Vec<Vec<Cells>>>, DatabaseWords> {
        if let Self::Sqlite(database) = self {
            database.mark_moment()?;
        }
        if !is_true(&self.rows(condition.to_owned()).await?) {
            return Ok(None);
        }
        let mut answers = Vec::with_capacity(queries.len());
        for sql in queries {
            answers.push(self.rows((*sql).to_owned()).await?);
        }
        Ok(Some(answers))
    }

    /// When the database was last looked at by [`Self::tables_if`] or [`Self::try_begin`], where it can tell.
    pub(super) fn moment(&self) -> Option<Moment> {
        match self {
            Self::Sqlite(database) => database.moment(),
            Self::Postgres(_) | Self::Mysql(_) => None,
        }
    }

    /// The rows that a query gives, as text, in a transaction of its own that changes nothing and
    /// waits for the locks of others no longer than the settings allow.
    pub(super) async fn peek(&mut self, sql: String) -> Result<Vec<Cells>, DatabaseWords> {
        each!(self, database => database.peek(sql).await)
    }

    /// Begins a transaction that holds the lock. `Some` is who holds it instead.
    pub(super) async fn try_begin(&mut self, keys_off: bool) -> Result<Option<Holder>, ExecuteError> {
        each!(self, database => database.try_begin(keys_off).await)
    }

    pub(super) async fn commit(&mut self) -> Result<(), DatabaseWords> {
        each!(self, database => database.commit().await)
    }

    /// Rolls back what is open, if anything is; the lock goes with it.
    pub(super) async fn rollback(&mut self) {
        each!(self, database => database.rollback().await);
    }

    /// Takes the lock for statements outside transactions. `Some` is who holds it instead.
    pub(super) async fn try_hold(&mut self, keys_off: bool) -> Result<Option<Holder>, ExecuteError> {
        each!(self, database => database.try_hold(keys_off).await)
    }

    /// Where DDL commits by itself: whether another run is at work, so that the schema is not to be asked.
    pub(super) async fn is_held_elsewhere(&mut self) -> Result<bool, DatabaseWords> {
        match self {
            Self::Mysql(database) => database.is_held_elsewhere().await,
            Self::Sqlite(_) | Self::Postgres(_) => Ok(false),
        }
    }

    /// Lets go of the lock taken by [`Self::try_hold`].
    pub(super) async fn release(&mut self) {
        each!(self, database => database.release().await);
    }

    /// What puts the session's settings back after SQL that an author wrote; `None`: nothing needs it.
    pub(super) fn reset_sql(&self) -> Option<String> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(database) => Some(database.reset_sql()),
            Self::Mysql(database) => Some(database.reset_sql()),
        }
    }

    /// A new connection in place of a lost one.
    pub(super) async fn reconnect(&mut self) -> Result<(), ExecuteError> {
        each!(self, database => database.reconnect().await)
    }

    /// Rows whose foreign keys point nowhere, where the backend can have such.
    pub(super) async fn violations(&mut self) -> Result<Vec<Violation>, DatabaseWords> {
        match self {
            Self::Sqlite(database) => database.violations().await,
            Self::Postgres(_) | Self::Mysql(_) => Ok(Vec::new()),
        }
    }

    /// How many rows tables have that have no more than so many; `None` for the others, for tables that do not stand,
    /// and where that is no cheap question.
    pub(super) async fn few_rows(&mut self, tables: &[&str], most: u64) -> Vec<Option<u64>> {
        match self {
            Self::Sqlite(database) => database.few_rows(tables, most),
            Self::Mysql(database) => database.few_rows(tables, most).await,
            Self::Postgres(_) => vec![None; tables.len()],
        }
    }

    /// As [`Self::few_rows`], of all tables there are, by their names; of none where there are more than `tables`.
    pub(super) fn all_few_rows(&self, tables: usize, most: u64) -> Vec<(String, Option<u64>)> {
        match self {
            Self::Sqlite(database) => {
                let names = database.tables(tables);
                let rows = database.few_rows(&names, most);
                names.into_iter().zip(rows).collect()
            }
            Self::Postgres(_) | Self::Mysql(_) => Vec::new(),
        }
    }

    /// Which of these tables stand (`None`: not), and how large they are.
    pub(super) async fn standing(
        &mut self,
        tables: &[(Option<String>, String)],
    ) -> Result<Vec<Option<Size>>, DatabaseWords> {
        each!(self, database => database.standing(tables).await)
    }

    /// Writes a backup into `folder`; gives its path.
    pub(super) async fn backup(&mut self, folder: &Path, stem: &str) -> Result<PathBuf, ExecuteError> {
        each!(self, database => database.backup(folder, stem).await)
    }

    /// Closes the connection in an orderly way.
    pub(super) async fn close(self) {
        match self {
            Self::Sqlite(database) => database.close().await,
            Self::Postgres(database) => database.close().await,
            Self::Mysql(database) => database.close().await,
        }
    }
}

/// Whether the first cell is a number other than 0.
fn is_true(rows: &[Cells]) -> bool {
    let first = rows.first().and_then(|row| row.first()).and_then(Option::as_deref);
    first.is_some_and(|count| count != "0")
}

/// Milliseconds as the settings of both backends take them: at least 1, since 0 means no limit.
fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX).clamp(1, i64::from(i32::MAX))
}
