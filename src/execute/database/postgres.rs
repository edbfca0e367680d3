//! PostgreSQL: one connection for the statements, a second one that holds the lock around
//! statements outside transactions. Settings are made per transaction, so that nothing leaks
//! through a pooler.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};

use super::options;
use super::server::{self, Server, cannot_connect, connect, dump, dump_path, fetch, is_nearby};
use super::{Cells, Facts, Size, milliseconds};
use crate::backend::Backend;
use crate::database_url::{Parameter, ServerUrl};
use crate::execute::error::ExecuteError;
use crate::execute::holder::{Holder, advisory_key};
use crate::execute::settings::Settings;
use crate::execute::signal::Canceller;
use crate::execute::words::{DatabaseWords, Trouble};

/// A PostgreSQL database.
pub(in crate::execute) struct Postgres {
    pub(super) server: Server<sqlx::Postgres>,
    pub(super) facts: Facts,
    url: ServerUrl,
    /// Holds the lock around statements outside transactions.
    holding: Option<PgConnection>,
    key: i64,
    lock_timeout: Duration,
    statement_timeout: Option<Duration>,
}

/// SQLSTATE of a server whose `pg_hba.conf` has no entry for such a connection.
const NO_ENTRY: &str = "28000";

impl Postgres {
    pub(super) async fn open(url: ServerUrl, settings: &Settings, canceller: &Canceller) -> Result<Self, ExecuteError> {
        let (options, connected) = connect_nearby(options::postgres(&url)?, &url).await?;
        Ok(Self {
            url,
            key: advisory_key(connected.facts.ledger_schema.as_deref().unwrap_or_default()),
            server: Server {
                options,
                connection: Some(connected.connection),
                number: connected.number,
                // The server's own limit is about DDL, too.
                limit: None,
                canceller: canceller.clone(),
            },
            facts: connected.facts,
            holding: None,
            lock_timeout: settings.lock_timeout,
            statement_timeout: settings.statement_timeout,
        })
    }

    pub(super) async fn peek(&mut self, sql: String) -> Result<Vec<Cells>, DatabaseWords> {
        let rows = self.server.rows(format!("BEGIN READ ONLY; {}; {sql}; ROLLBACK", self.settings("LOCAL"))).await;
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
        let rows = self.server.rows(sql).await.map_err(|words| ExecuteError::of("locking the database", words))?;
        if is_true(&rows) {
            return Ok(None);
        }
        self.rollback().await;
        Ok(Some(self.holder().await))
    }

    pub(super) async fn commit(&mut self) -> Result<(), DatabaseWords> {
        self.server.execute("COMMIT".to_owned()).await
    }

    pub(super) async fn rollback(&mut self) {
        // Outside a transaction this is a warning; on a lost connection there is nothing to undo.
        let _ = self.server.execute("ROLLBACK".to_owned()).await;
    }

    pub(super) fn reset_sql(&self) -> String {
        // RESET ALL goes back to the values of the connection's start. Roles are not part of it.
        format!(
            "SET CONSTRAINTS ALL IMMEDIATE; RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; {}",
            self.settings("LOCAL")
        )
    }

    pub(super) async fn reconnect(&mut self) -> Result<(), ExecuteError> {
        let connected = open_session(&self.server.options, &self.url).await?;
        self.server.connection = Some(connected.connection);
        self.server.number = connected.number;
        self.facts = connected.facts;
        Ok(())
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
                    let name = Backend::Postgres.qualified(schema.as_deref(), table);
                    format!("({index}, to_regclass({}))", Backend::Postgres.string(&name))
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
        let path = dump_path(folder, &format!("{stem}.dump"))?;
        let mut command = tokio::process::Command::new("pg_dump");
        let database = format!("--dbname={}", options::conninfo(&self.url));
        command.arg("--format=custom").arg("--file").arg(&path).arg(database);
        // The password goes through the environment: arguments can be read by every user.
        if let Some(password) = self.url.get(Parameter::Password) {
            command.env("PGPASSWORD", password);
        }
        if dump("pg_dump", &mut command, &path, folder).await? {
            return Ok(path);
        }
        let why = "pg_dump is not installed; it writes the backups of PostgreSQL".to_owned();
        Err(ExecuteError::Backup { folder: folder.to_owned(), why })
    }

    pub(super) async fn close(mut self) {
        self.release().await;
        self.server.close().await;
    }

    pub(super) async fn try_hold(&mut self, _keys_off: bool) -> Result<Option<Holder>, ExecuteError> {
        let mut holding = connect::<sqlx::Postgres>(&self.server.options, &self.url).await?;
        let sql = format!("BEGIN; {}; SELECT pg_try_advisory_xact_lock({})", self.settings("LOCAL"), self.key);
        let of = |words| ExecuteError::of("locking the database", words);
        if is_true(&fetch::<sqlx::Postgres>(&mut holding, sql).await.map_err(of)?) {
            self.server.execute(self.settings("SESSION")).await.map_err(of)?;
            self.holding = Some(holding);
            return Ok(None);
        }
        let _ = holding.close().await;
        Ok(Some(self.holder().await))
    }

    pub(super) async fn release(&mut self) {
        if let Some(holding) = self.holding.take() {
            let _ = self.server.execute("RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL".to_owned()).await;
            // Closing ends the open transaction, and the lock with it.
            server::close(holding).await;
        }
    }

    /// Who holds the advisory lock, as far as the server tells.
    async fn holder(&mut self) -> Holder {
        let sql = format!(
            "SELECT a.pid, concat_ws(', ', nullif(a.application_name, ''), a.usename || coalesce('@' || host(a.client_addr), '')), \
             to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') \
             FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
             WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 \
             AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()) \
             AND (l.classid::bigint << 32) | l.objid::bigint = {} LIMIT 1",
            self.key
        );
        Holder::of(self.server.rows(sql).await.unwrap_or_default())
    }
}

/// Connects to a server on this machine without TLS, unless the URL or the server wants it. Nothing
/// leaves the machine; and the driver leaves Nagle's algorithm on and writes a TLS record at a
/// time, so that each message of several records would wait 40 ms for an acknowledgement.
async fn connect_nearby(
    options: PgConnectOptions,
    url: &ServerUrl,
) -> Result<(PgConnectOptions, Connected), ExecuteError> {
    // A variable of libpq's may ask for TLS, too.
    if is_nearby(options.get_host()) && url.tls().is_none() && matches!(options.get_ssl_mode(), PgSslMode::Prefer) {
        let plain = options.clone().ssl_mode(PgSslMode::Disable);
        match open_session(&plain, url).await {
            Ok(connected) => return Ok((plain, connected)),
            Err(ExecuteError::CannotConnect { words, .. }) if words.code.as_deref() == Some(NO_ENTRY) => {}
            Err(error) => return Err(error),
        }
    }
    let connected = open_session(&options, url).await?;
    Ok((options, connected))
}

/// A connection, with what is known of it.
struct Connected {
    connection: PgConnection,
    facts: Facts,
    number: String,
}

/// Connects and asks, in one message, what everybody needs to know.
async fn open_session(options: &PgConnectOptions, url: &ServerUrl) -> Result<Connected, ExecuteError> {
    let mut connection = connect::<sqlx::Postgres>(options, url).await?;
    let sql = "SELECT coalesce(current_schema(), 'public'), current_setting('server_version'), pg_backend_pid(), \
               current_setting('max_locks_per_transaction')::bigint \
               * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint)";
    let rows = fetch::<sqlx::Postgres>(&mut connection, sql.to_owned()).await;
    let rows = rows.map_err(|words| cannot_connect(url, words))?;
    let mut cells = rows.into_iter().next().unwrap_or_default().into_iter();
    let mut next = || cells.next().flatten();
    let ledger_schema = next();
    let server = format!("PostgreSQL {}", next().unwrap_or_default().split(' ').next().unwrap_or_default());
    let number = next().unwrap_or_default();
    let lock_slots = next().and_then(|slots| slots.parse().ok());
    Ok(Connected { connection, facts: Facts { ledger_schema, lock_slots, server }, number })
}

fn is_true(rows: &[Cells]) -> bool {
    rows.last().and_then(|row| row.first()).is_some_and(|cell| cell.as_deref() == Some("t"))
}
