//! MySQL and MariaDB: one connection, which holds a named lock for as long as the run lasts. DDL commits by itself, so
//! a transaction here guards rows only; what keeps a run whole is its journal.

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::Either;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlQueryResult, MySqlSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::options;
use super::server::{CONNECT_TIMEOUT, LAST_GRACE, count_results, given_up, in_time, is_nearby, no_answer};
use super::{Cells, Facts, Sent, Size, is_true};
use crate::database_url::{Parameter, ServerUrl};
use crate::execute::error::ExecuteError;
use crate::execute::lock::{Holder, advisory_key};
use crate::execute::report::Violation;
use crate::execute::settings::Settings;
use crate::execute::signal::Canceller;
use crate::execute::words::{DatabaseWords, Trouble};

/// A MySQL or MariaDB database.
pub(in crate::execute) struct Mysql {
    url: ServerUrl,
    options: MySqlConnectOptions,
    /// `None` once it was given up: the server did not answer in time.
    connection: Option<MySqlConnection>,
    facts: Facts,
    /// The connection's number at the server.
    number: String,
    /// The database's name, as the server has it.
    database: String,
    /// The name of the lock.
    lock: String,
    lock_timeout: Duration,
    statement_timeout: Option<Duration>,
    canceller: Canceller,
}

/// How long a server may take to end a statement that is to stop.
const CANCEL_GRACE: Duration = Duration::from_secs(5);

/// The modes of every session, whatever the server's are: what is reviewed must mean the same everywhere.
const SQL_MODE: &str =
    "STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";

impl Mysql {
    pub(super) async fn open(url: ServerUrl, settings: &Settings, canceller: &Canceller) -> Result<Self, ExecuteError> {
        let (options, connected) = connect_nearby(options::mysql(&url), &url, settings.lock_timeout).await?;
        let key = advisory_key(&connected.lock_name).unsigned_abs();
        Ok(Self {
            url,
            options,
            connection: Some(connected.connection),
            facts: connected.facts,
            number: connected.number,
            database: connected.database,
            lock: format!("dbmigrate {key:016x}"),
            lock_timeout: settings.lock_timeout,
            statement_timeout: settings.statement_timeout,
            canceller: canceller.clone(),
        })
    }

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
        let limit = self.statement_timeout.unwrap_or(Duration::from_secs(u64::from(u32::MAX)));
        let ended = {
            let mut stream = sqlx::raw_sql(AssertSqlSafe(sql)).execute_many(connection);
            let results = std::pin::pin!(count_results(&mut stream, &mut sent, MySqlQueryResult::rows_affected, each));
            // The server's own limits are not about DDL.
            let stop = std::pin::pin!(tokio::time::timeout(limit, self.canceller.cancelled()));
            match futures_util::future::select(results, stop).await {
                Either::Left(_) => true,
                Either::Right((_, results)) => {
                    let stopped = futures_util::future::join(kill(&self.options, "QUERY", &self.number), results);
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
            in_time(&self.canceller, count_results(&mut stream, &mut sent, MySqlQueryResult::rows_affected, |_| ()))
                .await
                .is_some()
        };
        if ended {
            return sent;
        }
        self.give_up().await;
        given_up(&sent)
    }

    /// Closes a connection whose server does not answer.
    async fn give_up(&mut self) {
        self.connection = None;
        let _ = tokio::time::timeout(CANCEL_GRACE, kill(&self.options, "CONNECTION", &self.number)).await;
    }

    async fn quietly(&mut self, sql: String) -> Result<(), DatabaseWords> {
        let Some(connection) = &mut self.connection else { return Err(no_answer()) };
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
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
        let rows = self.rows(format!("START TRANSACTION READ ONLY; {sql}; ROLLBACK")).await;
        if rows.is_err() {
            let _ = self.quietly("ROLLBACK".to_owned()).await;
        }
        rows
    }

    pub(super) async fn try_begin(&mut self, keys_off: bool) -> Result<Option<Holder>, ExecuteError> {
        let holder = self.try_hold(keys_off).await?;
        if holder.is_none() {
            let begun = self.quietly("START TRANSACTION".to_owned()).await;
            begun.map_err(|words| ExecuteError::of("beginning a transaction", words))?;
        }
        Ok(holder)
    }

    pub(super) async fn commit(&mut self) -> Result<(), DatabaseWords> {
        self.quietly("COMMIT".to_owned()).await?;
        self.let_go().await;
        Ok(())
    }

    pub(super) async fn rollback(&mut self) {
        // On a lost connection there is nothing to undo.
        let _ = self.quietly("ROLLBACK".to_owned()).await;
        self.let_go().await;
    }

    pub(super) async fn try_hold(&mut self, _keys_off: bool) -> Result<Option<Holder>, ExecuteError> {
        // Held already by this connection, it would be held twice.
        let sql =
            format!("SELECT COALESCE(IS_USED_LOCK('{0}') = CONNECTION_ID(), 0) OR GET_LOCK('{0}', 0) = 1", self.lock);
        let rows = self.rows(sql).await.map_err(|words| ExecuteError::of("locking the database", words))?;
        if is_true(&rows) { Ok(None) } else { self.holder().await.map(Some) }
    }

    /// Whether another connection holds the lock: it may be at work, or what it was at may still run.
    pub(super) async fn is_held_elsewhere(&mut self) -> Result<bool, DatabaseWords> {
        let sql = format!("SELECT COALESCE(IS_USED_LOCK('{}') <> CONNECTION_ID(), 0)", self.lock);
        Ok(is_true(&self.rows(sql).await?))
    }

    pub(super) async fn let_go(&mut self) {
        let _ = self.quietly(format!("DO RELEASE_LOCK('{}')", self.lock)).await;
    }

    #[expect(clippy::unnecessary_wraps, reason = "SQLite has none")]
    pub(super) fn reset_sql(&self) -> Option<String> {
        Some(format!("{}; USE {}", settings(self.lock_timeout), quote(&self.database)))
    }

    pub(super) async fn reconnect(&mut self) -> Result<(), ExecuteError> {
        let connected = connect(&self.options, &self.url, self.lock_timeout).await?;
        self.connection = Some(connected.connection);
        self.facts = connected.facts;
        self.number = connected.number;
        Ok(())
    }

    #[expect(clippy::unused_async, reason = "the verb asks every backend")]
    pub(super) async fn violations(&mut self) -> Result<Vec<Violation>, DatabaseWords> {
        Ok(Vec::new())
    }

    /// As many rows as are looked at; what the catalog knows of them costs the opening of each table.
    pub(super) async fn few_rows(&mut self, tables: &[&str], most: u64) -> Vec<Option<u64>> {
        /// How many tables go into one query.
        const AT_ONCE: usize = 50;
        let mut counts = Vec::with_capacity(tables.len());
        let limit = most.saturating_add(1);
        for batch in tables.chunks(AT_ONCE) {
            let count =
                |table: &&str| format!("(SELECT COUNT(*) FROM (SELECT 1 FROM {} LIMIT {limit}) AS few)", quote(table));
            let each: Vec<String> = batch.iter().map(count).collect();
            // One that does not stand fails all of them: then nothing is told.
            let rows = self.peek(format!("SELECT {}", each.join(", "))).await.unwrap_or_default();
            let cells = rows.into_iter().next().unwrap_or_default().into_iter();
            let told = cells.map(|cell| cell.and_then(|count| count.parse().ok()).filter(|count| *count <= most));
            counts.extend(told.chain(std::iter::repeat(None)).take(batch.len()));
        }
        counts
    }

    pub(super) async fn standing(
        &mut self,
        tables: &[(Option<String>, String)],
    ) -> Result<Vec<Option<Size>>, DatabaseWords> {
        // The server's number is an estimate, also where it is 0.
        let sql = "SELECT TABLE_NAME, TABLE_ROWS FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE <> 'VIEW'";
        let rows = self.rows(sql.to_owned()).await?;
        let sizes: std::collections::HashMap<String, u64> = rows
            .into_iter()
            .filter_map(|row| {
                let [name, rows] = <[Option<String>; 2]>::try_from(row).ok()?;
                Some((name?.to_lowercase(), rows.and_then(|rows| rows.parse().ok()).unwrap_or_default()))
            })
            .collect();
        Ok(tables.iter().map(|(_, table)| sizes.get(&table.to_lowercase()).copied().map(Size::About)).collect())
    }

    pub(super) async fn backup(&mut self, folder: &Path, stem: &str) -> Result<PathBuf, ExecuteError> {
        let failed = |why: String| ExecuteError::Backup { folder: folder.to_owned(), why };
        std::fs::create_dir_all(folder).map_err(|error| failed(error.to_string()))?;
        let path = folder.join(format!("{stem}.sql"));
        for program in ["mariadb-dump", "mysqldump"] {
            let mut command = tokio::process::Command::new(program);
            command.args(["--single-transaction", "--routines", "--triggers"]);
            command.arg("--host").arg(self.options.get_host()).arg("--port").arg(self.options.get_port().to_string());
            if let Some(socket) = self.options.get_socket() {
                command.arg("--socket").arg(socket);
            }
            command.arg("--user").arg(self.options.get_username());
            // The password goes through the environment: arguments can be read by every user.
            if let Some(password) = self.url.get(Parameter::Password) {
                command.env("MYSQL_PWD", password);
            }
            command.args(options::dump_tls(program, &self.url));
            command.arg("--result-file").arg(&path).arg(&self.database);
            match command.output().await {
                Ok(output) if output.status.success() => return Ok(path),
                Ok(output) => {
                    let _ = std::fs::remove_file(&path);
                    let words = String::from_utf8_lossy(&output.stderr);
                    return Err(failed(format!("{program} says: {}", words.trim())));
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(format!("{program} could not be started: {error}"))),
            }
        }
        Err(failed("neither mariadb-dump nor mysqldump is installed; they write the backups of MySQL".to_owned()))
    }

    pub(super) async fn close(mut self) {
        self.let_go().await;
        if let Some(connection) = self.connection {
            let _ = tokio::time::timeout(LAST_GRACE, connection.close()).await;
        }
    }

    /// Who holds the lock, and what it is doing: the statement of a client that is gone may still run.
    async fn holder(&mut self) -> Result<Holder, ExecuteError> {
        let sql = format!(
            "SELECT p.ID, CONCAT(p.USER, '@', SUBSTRING_INDEX(p.HOST, ':', 1)), \
             DATE_FORMAT(UTC_TIMESTAMP() - INTERVAL p.TIME SECOND, '%Y-%m-%dT%H:%i:%sZ'), p.INFO \
             FROM information_schema.PROCESSLIST p WHERE p.ID = IS_USED_LOCK('{}')",
            self.lock
        );
        let rows = self.rows(sql).await.map_err(|words| ExecuteError::of("asking who holds the lock", words))?;
        let mut cells = rows.into_iter().next().unwrap_or_default().into_iter();
        let mut next = || cells.next().flatten();
        Ok(Holder { pid: next().and_then(|pid| pid.parse().ok()), name: next(), since: next(), doing: next() })
    }
}

/// A connection, with what is known of it.
struct Connected {
    connection: MySqlConnection,
    facts: Facts,
    number: String,
    database: String,
    /// The database's name, folded where the server folds names.
    lock_name: String,
}

/// Connects to a server on this machine without TLS, unless the URL or the server wants it.
async fn connect_nearby(
    options: MySqlConnectOptions,
    url: &ServerUrl,
    lock_timeout: Duration,
) -> Result<(MySqlConnectOptions, Connected), ExecuteError> {
    if is_nearby(options.get_host()) && url.tls().is_none() {
        let plain = options.clone().ssl_mode(MySqlSslMode::Disabled);
        // A server that takes passwords over TLS only says so in one of several ways.
        if let Ok(connected) = connect(&plain, url, lock_timeout).await {
            return Ok((plain, connected));
        }
    }
    let connected = connect(&options, url, lock_timeout).await?;
    Ok((options, connected))
}

/// Connects, settles the session and asks what everybody needs to know.
async fn connect(
    options: &MySqlConnectOptions,
    url: &ServerUrl,
    lock_timeout: Duration,
) -> Result<Connected, ExecuteError> {
    let cannot = |words: DatabaseWords| ExecuteError::CannotConnect { url: url.to_string(), words: Box::new(words) };
    let mut connection = match tokio::time::timeout(CONNECT_TIMEOUT, options.connect()).await {
        Ok(connected) => connected.map_err(|error| cannot(error.into()))?,
        Err(_) => {
            let waited = format!("no answer within {} s", CONNECT_TIMEOUT.as_secs());
            return Err(cannot(DatabaseWords::plain(waited, Trouble::Lost)));
        }
    };
    let sql = format!(
        "{}; SELECT VERSION(), CONNECTION_ID(), DATABASE(), \
         IF(@@lower_case_table_names = 0, DATABASE(), LOWER(DATABASE())), @@explicit_defaults_for_timestamp",
        settings(lock_timeout)
    );
    let rows = fetch(&mut connection, sql).await.map_err(cannot)?;
    let mut cells = rows.into_iter().next_back().unwrap_or_default().into_iter();
    let mut next = || cells.next().flatten().unwrap_or_default();
    let (version, number, database, lock_name, explicit) = (next(), next(), next(), next(), next());
    let server = match version.split_once("-MariaDB") {
        Some((number, _)) => format!("MariaDB {}", number.trim_start_matches("5.5.5-")),
        None => format!("MySQL {}", version.split('-').next().unwrap_or_default()),
    };
    if explicit == "0" {
        // Else the first timestamp of a table would change with each change of its row, unasked.
        let set = fetch(&mut connection, "SET SESSION explicit_defaults_for_timestamp = 1".to_owned()).await;
        if set.is_err() {
            let why = "the server runs with explicit_defaults_for_timestamp = 0, which gives timestamps defaults that no migration wrote: switch it on".to_owned();
            return Err(cannot(DatabaseWords::plain(why, Trouble::Statement)));
        }
    }
    Ok(Connected {
        connection,
        facts: Facts { ledger_schema: None, lock_slots: None, server },
        number,
        database,
        lock_name,
    })
}

/// What every session runs with. Waiting for a table that another session uses ends with the lock's patience.
fn settings(lock_timeout: Duration) -> String {
    let seconds = lock_timeout.as_secs().max(1);
    format!(
        "SET SESSION sql_mode = '{SQL_MODE}', time_zone = '+00:00', foreign_key_checks = 1, unique_checks = 1, \
         autocommit = 1, default_storage_engine = InnoDB, lock_wait_timeout = {seconds}, \
         innodb_lock_wait_timeout = {seconds}; SET NAMES utf8mb4"
    )
}

/// Asks the server, over another connection, to end a statement or a connection.
async fn kill(options: &MySqlConnectOptions, what: &str, number: &str) {
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return;
    }
    if let Ok(Ok(mut connection)) = tokio::time::timeout(CONNECT_TIMEOUT, options.connect()).await {
        let _ = fetch(&mut connection, format!("KILL {what} {number}")).await;
        let _ = connection.close().await;
    }
}

/// An identifier in this server's quotes.
fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

async fn fetch(connection: &mut MySqlConnection, sql: String) -> Result<Vec<Cells>, DatabaseWords> {
    let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await?;
    rows.iter().map(|row| super::cells(row).map_err(DatabaseWords::from)).collect()
}
