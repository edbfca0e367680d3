//! PostgreSQL: one connection for the statements, a second one that holds the lock around
//! statements outside transactions. Settings are made per transaction, so that nothing leaks
//! through a pooler.

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::Either;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgQueryResult, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::options;
use super::server::{CONNECT_TIMEOUT, LAST_GRACE, count_results, given_up, in_time, is_nearby, no_answer};
use super::{Cells, Facts, Sent, Size, literal, milliseconds, quote};
use crate::database_url::{Parameter, ServerUrl};
use crate::execute::error::ExecuteError;
use crate::execute::lock::{Holder, advisory_key};
use crate::execute::report::Violation;
use crate::execute::settings::Settings;
use crate::execute::signal::Canceller;
use crate::execute::words::{DatabaseWords, Trouble};

/// A PostgreSQL database.
pub(in crate::execute) struct Postgres {
    url: ServerUrl,
    options: PgConnectOptions,
    /// `None` once it was given up: the server did not answer in time.
    connection: Option<PgConnection>,
    holding: Option<PgConnection>,
    facts: Facts,
    pid: String,
    key: i64,
    lock_timeout: Duration,
    statement_timeout: Option<Duration>,
    canceller: Canceller,
}

/// SQLSTATE of a server whose `pg_hba.conf` has no entry for such a connection.
const NO_ENTRY: &str = "28000";

/// How long a server may take to end a statement that a person asked to stop.
const CANCEL_GRACE: Duration = Duration::from_secs(3);

impl Postgres {
    pub(super) async fn open(url: ServerUrl, settings: &Settings, canceller: &Canceller) -> Result<Self, ExecuteError> {
        let options = options::postgres(&url)?;
        let (options, (connection, facts, pid)) = connect_nearby(options, &url).await?;
        let key = advisory_key(facts.ledger_schema.as_deref().unwrap_or_default());
        Ok(Self {
            url,
            options,
            connection: Some(connection),
            holding: None,
            facts,
            pid,
            key,
            lock_timeout: settings.lock_timeout,
            statement_timeout: settings.statement_timeout,
            canceller: canceller.clone(),
        })
    }

    #[expect(clippy::unused_self, reason = "the verb asks every backend")]
    pub(super) fn is_there(&self) -> bool {
        true
    }

    #[expect(clippy::unused_async, reason = "the verb asks every backend")]
    pub(super) async fn create(&mut self) -> Result<bool, ExecuteError> {
        Ok(false)
    }

    pub(super) fn facts(&self) -> &Facts {
        &self.facts
    }

    pub(super) async fn send(&mut self, sql: String, each: &mut dyn FnMut(usize)) -> Sent {
        let mut sent = Sent { done: 0, changed: 0, error: None };
        let Some(connection) = &mut self.connection else { return given_up(&sent) };
        let ended = {
            let mut stream = sqlx::raw_sql(AssertSqlSafe(sql)).execute_many(connection);
            let results = std::pin::pin!(count_results(&mut stream, &mut sent, PgQueryResult::rows_affected, each));
            let cancelled = std::pin::pin!(self.canceller.cancelled());
            match futures_util::future::select(results, cancelled).await {
                Either::Left(_) => true,
                Either::Right(((), results)) => {
                    let stopped = futures_util::future::join(cancel(&self.options, &self.pid), results);
                    tokio::time::timeout(CANCEL_GRACE, stopped).await.is_ok()
                }
            }
        };
        if ended {
            return sent;
        }
        self.give_up().await;
        given_up(&sent)
    }

    pub(super) async fn settle(&mut self, sql: String) -> Sent {
        let mut sent = Sent { done: 0, changed: 0, error: None };
        let Some(connection) = &mut self.connection else { return given_up(&sent) };
        let ended = {
            let mut stream = sqlx::raw_sql(AssertSqlSafe(sql)).execute_many(connection);
            in_time(&self.canceller, count_results(&mut stream, &mut sent, PgQueryResult::rows_affected, |_| ()))
                .await
                .is_some()
        };
        if ended {
            return sent;
        }
        self.give_up().await;
        given_up(&sent)
    }

    /// Closes a connection whose server does not answer, so that the server rolls back what is open.
    async fn give_up(&mut self) {
        self.connection = None;
        // A session that waits for a lock does not notice that its client is gone.
        let _ = tokio::time::timeout(CANCEL_GRACE, signal(&self.options, &self.pid, "pg_terminate_backend")).await;
    }

    async fn quietly(&mut self, sql: &str) -> Result<(), DatabaseWords> {
        let Some(connection) = &mut self.connection else { return Err(no_answer()) };
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await?;
        Ok(())
    }

    pub(super) async fn rows(&mut self, sql: String) -> Result<Vec<Cells>, DatabaseWords> {
        let Some(connection) = &mut self.connection else { return Err(no_answer()) };
        match in_time(&self.canceller, fetch(connection, sql)).await {
            Some(rows) => rows,
            None => {
                self.give_up().await;
                Err(no_answer())
            }
        }
    }

    pub(super) async fn peek(&mut self, sql: String) -> Result<Vec<Cells>, DatabaseWords> {
        let rows = self.rows(format!("BEGIN READ ONLY; {}; {sql}; ROLLBACK", self.settings("LOCAL"))).await;
        if rows.is_err() {
            self.rollback().await;
        }
        rows
    }

    /// What every transaction starts with.
    fn settings(&self, scope: &str) -> String {
        let statement = self.statement_timeout.map_or(0, milliseconds);
        format!(
            "SET {scope} TimeZone = 'UTC'; SET {scope} standard_conforming_strings = on; \
             SET {scope} lock_timeout = {}; SET {scope} statement_timeout = {statement}; \
             SET {scope} idle_in_transaction_session_timeout = 0",
            milliseconds(self.lock_timeout)
        )
    }

    pub(super) async fn try_begin(&mut self, _keys_off: bool) -> Result<Option<Holder>, ExecuteError> {
        // No transaction is open between two tries, and none waits inside the lock function:
        // either would be in the way of CREATE INDEX CONCURRENTLY.
        let sql = format!("BEGIN; {}; SELECT pg_try_advisory_xact_lock({})", self.settings("LOCAL"), self.key);
        let rows = self.rows(sql).await.map_err(|words| ExecuteError::of("locking the database", words))?;
        if is_true(&rows) {
            return Ok(None);
        }
        self.rollback().await;
        self.holder().await.map(Some)
    }

    pub(super) async fn commit(&mut self) -> Result<(), DatabaseWords> {
        self.quietly("COMMIT").await
    }

    pub(super) async fn rollback(&mut self) {
        // Outside a transaction this is a warning; on a lost connection there is nothing to undo.
        let _ = self.quietly("ROLLBACK").await;
    }

    #[expect(clippy::unnecessary_wraps, reason = "SQLite has none")]
    pub(super) fn reset_sql(&self) -> Option<String> {
        // RESET ALL goes back to the values of the connection's start. Roles are not part of it.
        Some(format!(
            "SET CONSTRAINTS ALL IMMEDIATE; RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; {}",
            self.settings("LOCAL")
        ))
    }

    pub(super) async fn reconnect(&mut self) -> Result<(), ExecuteError> {
        let (connection, facts, pid) = connect(&self.options, &self.url).await?;
        self.connection = Some(connection);
        self.facts = facts;
        self.pid = pid;
        Ok(())
    }

    #[expect(clippy::unused_async, reason = "the verb asks every backend")]
    pub(super) async fn violations(&mut self) -> Result<Vec<Violation>, DatabaseWords> {
        Ok(Vec::new())
    }

    pub(super) async fn standing(
        &mut self,
        tables: &[(Option<String>, String)],
    ) -> Result<Vec<Option<Size>>, DatabaseWords> {
        /// How many names go into one query.
        const AT_ONCE: usize = 1_000;
        let mut sizes = vec![None; tables.len()];
        for (batch, first) in tables.chunks(AT_ONCE).zip((0..).step_by(AT_ONCE)) {
            let values: Vec<String> = batch
                .iter()
                .zip(first..)
                .map(|((schema, table), index)| {
                    let name =
                        schema.as_deref().map_or_else(|| quote(table), |s| format!("{}.{}", quote(s), quote(table)));
                    format!("({index}, to_regclass({}))", literal(&name))
                })
                .collect();
            // Before the first ANALYZE a row is taken to need 28 bytes, which is the least it can.
            let query = format!(
                "SELECT v.i, CASE WHEN c.reltuples >= 0 THEN c.reltuples::bigint ELSE pg_relation_size(c.oid) / 28 END, \
                 c.relkind = 'r' AND pg_relation_size(c.oid) = 0 \
                 FROM (VALUES {}) v (i, t) JOIN pg_catalog.pg_class c ON c.oid = v.t",
                values.join(", ")
            );
            // The size of a file is asked for under a lock, which another run may hold.
            let rows = match self.peek(query).await {
                Ok(rows) => rows,
                Err(words) if words.trouble == Trouble::Busy => continue,
                Err(words) => return Err(words),
            };
            for row in rows {
                let [Some(index), Some(rows), Some(empty)] = row.as_slice() else { continue };
                if let Some(slot) = index.parse::<usize>().ok().and_then(|index| sizes.get_mut(index)) {
                    *slot = if empty == "t" { Some(Size::Empty) } else { rows.parse().ok().map(Size::About) };
                }
            }
        }
        Ok(sizes)
    }

    pub(super) async fn backup(&mut self, folder: &Path, stem: &str) -> Result<PathBuf, ExecuteError> {
        let failed = |why: String| ExecuteError::Backup { folder: folder.to_owned(), why };
        std::fs::create_dir_all(folder).map_err(|error| failed(error.to_string()))?;
        let path = folder.join(format!("{stem}.dump"));
        // The password goes through the environment: arguments can be read by every user.
        let mut command = tokio::process::Command::new("pg_dump");
        command
            .arg("--format=custom")
            .arg("--file")
            .arg(&path)
            .arg(format!("--dbname={}", options::conninfo(&self.url)));
        if let Some(password) = self.url.get(Parameter::Password) {
            command.env("PGPASSWORD", password);
        }
        match command.output().await {
            Ok(output) if output.status.success() => Ok(path),
            Ok(output) => {
                let _ = std::fs::remove_file(&path);
                Err(failed(format!("pg_dump says: {}", String::from_utf8_lossy(&output.stderr).trim())))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(failed("pg_dump is not installed; it writes the backups of PostgreSQL".to_owned()))
            }
            Err(error) => Err(failed(format!("pg_dump could not be started: {error}"))),
        }
    }

    pub(super) async fn close(mut self) {
        self.let_go().await;
        if let Some(connection) = self.connection {
            let _ = tokio::time::timeout(LAST_GRACE, connection.close()).await;
        }
    }

    pub(super) async fn try_hold(&mut self, _keys_off: bool) -> Result<Option<Holder>, ExecuteError> {
        let (mut holding, ..) = connect(&self.options, &self.url).await?;
        let sql = format!("BEGIN; {}; SELECT pg_try_advisory_xact_lock({})", self.settings("LOCAL"), self.key);
        let of = |words| ExecuteError::of("locking the database", words);
        if is_true(&fetch(&mut holding, sql).await.map_err(of)?) {
            self.quietly(&self.settings("SESSION")).await.map_err(of)?;
            self.holding = Some(holding);
            return Ok(None);
        }
        let _ = holding.close().await;
        self.holder().await.map(Some)
    }

    pub(super) async fn let_go(&mut self) {
        if let Some(holding) = self.holding.take() {
            let _ = self.quietly("RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL").await;
            // Closing ends the open transaction, and the lock with it.
            let _ = tokio::time::timeout(LAST_GRACE, holding.close()).await;
        }
    }

    /// Who holds the advisory lock.
    async fn holder(&mut self) -> Result<Holder, ExecuteError> {
        let sql = format!(
            "SELECT a.pid, concat_ws(', ', nullif(a.application_name, ''), a.usename || coalesce('@' || host(a.client_addr), '')), \
             to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') \
             FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
             WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 \
             AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()) \
             AND (l.classid::bigint << 32) | l.objid::bigint = {} LIMIT 1",
            self.key
        );
        let rows = self.rows(sql).await.map_err(|words| ExecuteError::of("asking who holds the lock", words))?;
        let mut cells = rows.into_iter().next().unwrap_or_default().into_iter();
        let mut next = || cells.next().flatten();
        Ok(Holder { pid: next().and_then(|pid| pid.parse().ok()), name: next(), since: next(), doing: None })
    }
}

/// Connects to a server on this machine without TLS, unless the URL or the server wants it. Nothing
/// leaves the machine; and the driver leaves Nagle's algorithm on and writes a TLS record at a
/// time, so that each message of several records would wait 40 ms for an acknowledgement.
async fn connect_nearby(
    options: PgConnectOptions,
    url: &ServerUrl,
) -> Result<(PgConnectOptions, (PgConnection, Facts, String)), ExecuteError> {
    // A variable of libpq's may ask for TLS, too.
    if is_nearby(options.get_host()) && url.tls().is_none() && matches!(options.get_ssl_mode(), PgSslMode::Prefer) {
        let plain = options.clone().ssl_mode(PgSslMode::Disable);
        match connect(&plain, url).await {
            Ok(connected) => return Ok((plain, connected)),
            Err(ExecuteError::CannotConnect { words, .. }) if words.code.as_deref() == Some(NO_ENTRY) => {}
            Err(error) => return Err(error),
        }
    }
    let connected = connect(&options, url).await?;
    Ok((options, connected))
}

/// Connects and asks, in one message, what everybody needs to know.
async fn connect(options: &PgConnectOptions, url: &ServerUrl) -> Result<(PgConnection, Facts, String), ExecuteError> {
    let cannot = |words: DatabaseWords| ExecuteError::CannotConnect { url: url.to_string(), words: Box::new(words) };
    let mut connection = match tokio::time::timeout(CONNECT_TIMEOUT, options.connect()).await {
        Ok(connected) => connected.map_err(|error| cannot(error.into()))?,
        Err(_) => {
            let waited = format!("no answer within {} s", CONNECT_TIMEOUT.as_secs());
            return Err(cannot(DatabaseWords::plain(waited, Trouble::Lost)));
        }
    };
    let sql = "SELECT coalesce(current_schema(), 'public'), current_setting('server_version'), pg_backend_pid(), \
               current_setting('max_locks_per_transaction')::bigint \
               * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint)";
    let rows = fetch(&mut connection, sql.to_owned()).await.map_err(cannot)?;
    let mut cells = rows.into_iter().next().unwrap_or_default().into_iter();
    let mut next = || cells.next().flatten();
    let schema = next();
    let server = format!("PostgreSQL {}", next().unwrap_or_default().split(' ').next().unwrap_or_default());
    let pid = next().unwrap_or_default();
    let lock_slots = next().and_then(|slots| slots.parse().ok());
    Ok((connection, Facts { ledger_schema: schema, lock_slots, server }, pid))
}

/// Asks the server, over another connection, to stop what a session is doing.
async fn cancel(options: &PgConnectOptions, pid: &str) {
    signal(options, pid, "pg_cancel_backend").await;
}

/// Calls one of the functions that signal a session, over another connection.
async fn signal(options: &PgConnectOptions, pid: &str, function: &str) {
    if pid.is_empty() || !pid.bytes().all(|byte| byte.is_ascii_digit()) {
        return;
    }
    if let Ok(Ok(mut connection)) = tokio::time::timeout(CONNECT_TIMEOUT, options.connect()).await {
        let _ = fetch(&mut connection, format!("SELECT {function}({pid})")).await;
        let _ = connection.close().await;
    }
}

async fn fetch(connection: &mut PgConnection, sql: String) -> Result<Vec<Cells>, DatabaseWords> {
    let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await?;
    rows.iter().map(|row| super::cells(row).map_err(DatabaseWords::from)).collect()
}

fn is_true(rows: &[Cells]) -> bool {
    rows.last().and_then(|row| row.first()).is_some_and(|cell| cell.as_deref() == Some("t"))
}
