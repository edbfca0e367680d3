//! A session with a server, whichever it is: messages whose results are counted as they come, a person who may cut them
//! short, and a server that may not answer.

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::Either;
use sqlx::{AssertSqlSafe, ColumnIndex, ConnectOptions, Connection, Decode, Executor, MySql, Postgres, Row};

use super::{Cells, Sent};
use crate::database_url::ServerUrl;
use crate::execute::error::ExecuteError;
use crate::execute::signal::Canceller;
use crate::execute::words::{DatabaseWords, Trouble};

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a server may take to end what is to stop, and how long bookkeeping and closing may take then.
const LAST_GRACE: Duration = Duration::from_secs(5);

/// How to reach the driver's connection of a kind of server.
pub(super) type Options<D> = <<D as sqlx::Database>::Connection as Connection>::Options;

/// What kinds of servers say differently.
pub(super) trait Kind: sqlx::Database {
    /// The rows that a statement changed.
    fn changed(result: &Self::QueryResult) -> u64;
    /// The statement that ends what the session of that number does, and, where `whole`, the session.
    fn stop(number: &str, whole: bool) -> String;
}

impl Kind for Postgres {
    fn changed(result: &Self::QueryResult) -> u64 {
        result.rows_affected()
    }

    fn stop(number: &str, whole: bool) -> String {
        let function = if whole { "pg_terminate_backend" } else { "pg_cancel_backend" };
        format!("SELECT {function}({number})")
    }
}

impl Kind for MySql {
    fn changed(result: &Self::QueryResult) -> u64 {
        result.rows_affected()
    }

    fn stop(number: &str, whole: bool) -> String {
        format!("KILL {} {number}", if whole { "CONNECTION" } else { "QUERY" })
    }
}

/// A connection, and what it takes to stop what it does.
pub(super) struct Server<D: Kind> {
    pub(super) options: Options<D>,
    /// `None` once it was given up: the server did not answer in time.
    pub(super) connection: Option<D::Connection>,
    /// The session's number at the server.
    pub(super) number: String,
    /// How long a message may take, where the server itself does not see to it.
    pub(super) limit: Option<Duration>,
    pub(super) canceller: Canceller,
}

impl<D: Kind> Server<D>
where
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
    for<'r> Option<String>: Decode<'r, D>,
    usize: ColumnIndex<D::Row>,
{
    /// Sends a message that a person, or the limit, may cut short: the server is told to end the statement then.
    pub(super) async fn send(&mut self, sql: String, each: &mut dyn FnMut(usize)) -> Sent {
        let mut sent = Sent { done: 0, changed: 0, error: None };
        let ended = match &mut self.connection {
            None => false,
            Some(connection) => {
                let results = std::pin::pin!(count::<D>(connection, sql, &mut sent, each));
                let limit = self.limit.unwrap_or(Duration::from_secs(u64::from(u32::MAX)));
                let stop = std::pin::pin!(tokio::time::timeout(limit, self.canceller.cancelled()));
                match futures_util::future::select(results, stop).await {
                    Either::Left(_) => true,
                    Either::Right((_, results)) => {
                        let stopped =
                            futures_util::future::join(signal::<D>(&self.options, &self.number, false), results);
                        tokio::time::timeout(LAST_GRACE, stopped).await.is_ok()
                    }
                }
            }
        };
        self.answered(ended, sent).await
    }

    /// Sends a message that nobody cuts short.
    pub(super) async fn settle(&mut self, sql: String) -> Sent {
        let mut sent = Sent { done: 0, changed: 0, error: None };
        let ended = match &mut self.connection {
            None => false,
            Some(connection) => {
                in_time(&self.canceller, count::<D>(connection, sql, &mut sent, &mut |_| ())).await.is_some()
            }
        };
        self.answered(ended, sent).await
    }

    /// What became of a message; a connection whose server does not answer is given up.
    async fn answered(&mut self, ended: bool, sent: Sent) -> Sent {
        if ended {
            return sent;
        }
        self.give_up().await;
        Sent { error: Some(no_answer()), ..sent }
    }

    /// The rows that a query gives, as text.
    pub(super) async fn rows(&mut self, sql: String) -> Result<Vec<Cells>, DatabaseWords> {
        let Some(connection) = &mut self.connection else { return Err(no_answer()) };
        match in_time(&self.canceller, fetch::<D>(connection, sql)).await {
            Some(rows) => rows,
            None => {
                self.give_up().await;
                Err(no_answer())
            }
        }
    }

    /// Sends a message that is not counted, and waits for it.
    pub(super) async fn execute(&mut self, sql: String) -> Result<(), DatabaseWords> {
        let Some(connection) = &mut self.connection else { return Err(no_answer()) };
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
        Ok(())
    }

    /// Closes a connection whose server does not answer, so that it rolls back what is open: a session that waits for a
    /// lock does not notice by itself that its client is gone.
    async fn give_up(&mut self) {
        if self.connection.take().is_some() {
            let _ = tokio::time::timeout(LAST_GRACE, signal::<D>(&self.options, &self.number, true)).await;
        }
    }

    pub(super) async fn close(self) {
        if let Some(connection) = self.connection {
            close(connection).await;
        }
    }
}

/// Waits for work; once a person asked to stop, only as long as bookkeeping may take.
async fn in_time<T>(canceller: &Canceller, work: impl Future<Output = T>) -> Option<T> {
    let work = std::pin::pin!(work);
    let cancelled = std::pin::pin!(canceller.cancelled());
    match futures_util::future::select(work, cancelled).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(((), work)) => tokio::time::timeout(LAST_GRACE, work).await.ok(),
    }
}

/// Counts the results of a message; stops at the first error.
async fn count<D: Kind>(connection: &mut D::Connection, sql: String, sent: &mut Sent, each: &mut dyn FnMut(usize))
where
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
{
    let mut results = sqlx::raw_sql(AssertSqlSafe(sql)).execute_many(connection);
    while let Some(result) = results.next().await {
        match result {
            Ok(result) => {
                sent.done += 1;
                sent.changed += D::changed(&result);
                each(sent.done);
            }
            Err(error) => {
                sent.error = Some(error.into());
                return;
            }
        }
    }
}

/// The rows that a message gives, as text: whatever their types, raw messages give text.
pub(super) async fn fetch<D: Kind>(connection: &mut D::Connection, sql: String) -> Result<Vec<Cells>, DatabaseWords>
where
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
    for<'r> Option<String>: Decode<'r, D>,
    usize: ColumnIndex<D::Row>,
{
    let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await?;
    let cells = |row: &D::Row| (0..row.len()).map(|at| row.try_get_unchecked::<Option<String>, _>(at)).collect();
    Ok(rows.iter().map(cells).collect::<Result<_, sqlx::Error>>()?)
}

pub(super) async fn connect<D: Kind>(options: &Options<D>, url: &ServerUrl) -> Result<D::Connection, ExecuteError>
where
    Options<D>: ConnectOptions<Connection = D::Connection>,
{
    match tokio::time::timeout(CONNECT_TIMEOUT, options.connect()).await {
        Ok(connected) => connected.map_err(|error| cannot_connect(url, error.into())),
        Err(_) => {
            let waited = format!("no answer within {} s", CONNECT_TIMEOUT.as_secs());
            Err(cannot_connect(url, DatabaseWords::plain(waited, Trouble::Lost)))
        }
    }
}

pub(super) fn cannot_connect(url: &ServerUrl, words: DatabaseWords) -> ExecuteError {
    ExecuteError::CannotConnect { url: url.to_string(), words: Box::new(words) }
}

/// Closes a connection in an orderly way, if the server lets it.
pub(super) async fn close(connection: impl Connection) {
    let _ = tokio::time::timeout(LAST_GRACE, connection.close()).await;
}

/// Asks the server, over another connection, to end what a session does, or the whole session.
async fn signal<D: Kind>(options: &Options<D>, number: &str, whole: bool)
where
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
{
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return;
    }
    if let Ok(Ok(mut connection)) = tokio::time::timeout(CONNECT_TIMEOUT, options.connect()).await {
        let _ = sqlx::raw_sql(AssertSqlSafe(D::stop(number, whole))).execute(&mut connection).await;
        let _ = connection.close().await;
    }
}

/// The words for a server that was given up.
fn no_answer() -> DatabaseWords {
    DatabaseWords::plain("the server did not answer, and the connection was closed", Trouble::Lost)
}

/// Whether a host is this machine, by a name that every machine has for itself.
pub(super) fn is_nearby(host: &str) -> bool {
    ["localhost", "127.0.0.1", "::1", "[::1]"].contains(&host)
}

/// Has a program write a backup to `path`; `false` where that program is not installed.
pub(super) async fn dump(
    program: &str,
    command: &mut tokio::process::Command,
    path: &Path,
    folder: &Path,
) -> Result<bool, ExecuteError> {
    let failed = |why: String| ExecuteError::Backup { folder: folder.to_owned(), why };
    match command.output().await {
        Ok(output) if output.status.success() => Ok(true),
        Ok(output) => {
            let _ = std::fs::remove_file(path);
            Err(failed(format!("{program} says: {}", String::from_utf8_lossy(&output.stderr).trim())))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed(format!("{program} could not be started: {error}"))),
    }
}

/// The file of a backup, in a folder that is made where it is missing.
pub(super) fn dump_path(folder: &Path, name: &str) -> Result<PathBuf, ExecuteError> {
    std::fs::create_dir_all(folder)
        .map_err(|error| ExecuteError::Backup { folder: folder.to_owned(), why: error.to_string() })?;
    Ok(folder.join(name))
}
