//! MySQL and MariaDB: one connection, which holds a named lock for as long as the run lasts. DDL commits by itself, so
//! a transaction here guards rows only; what keeps a run whole is its journal.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::MySql;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlSslMode};

use super::options;
use super::server::{Server, cannot_connect, connect, dump, dump_path, fetch, is_nearby};
use super::{Cells, Facts, Size, is_true};
use crate::backend::Backend;
use crate::database_url::{Parameter, ServerUrl};
use crate::execute::error::ExecuteError;
use crate::execute::holder::{Holder, advisory_key};
use crate::execute::settings::Settings;
use crate::execute::signal::Canceller;
use crate::execute::words::{DatabaseWords, Trouble};

/// A MySQL or MariaDB database.
pub(in crate::execute) struct Mysql {
    pub(super) server: Server<MySql>,
    pub(super) facts: Facts,
    url: ServerUrl,
    /// The database's name, as the server has it.
    database: String,
    /// The name of the lock.
    lock: String,
    lock_timeout: Duration,
}

/// The modes of every session, whatever the server's are: what is reviewed must mean the same everywhere.
const SQL_MODE: &str =
    "STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";

impl Mysql {
    pub(super) async fn open(url: ServerUrl, settings: &Settings, canceller: &Canceller) -> Result<Self, ExecuteError> {
        let (options, connected) = connect_nearby(options::mysql(&url), &url, settings.lock_timeout).await?;
        Ok(Self {
            url,
            server: Server {
                options,
                connection: Some(connected.connection),
                number: connected.number,
                // The server's own limits are not about DDL.
                limit: settings.statement_timeout,
                canceller: canceller.clone(),
            },
            facts: connected.facts,
            database: connected.database,
            lock: format!("dbmigrate {:016x}", advisory_key(&connected.lock_name).unsigned_abs()),
            lock_timeout: settings.lock_timeout,
        })
    }

    pub(super) async fn peek(&mut self, sql: String) -> Result<Vec<Cells>, DatabaseWords> {
        let rows = self.server.rows(format!("START TRANSACTION READ ONLY; {sql}; ROLLBACK")).await;
        if rows.is_err() {
            let _ = self.server.execute("ROLLBACK".to_owned()).await;
        }
        rows
    }

    pub(super) async fn try_begin(&mut self, keys_off: bool) -> Result<Option<Holder>, ExecuteError> {
        let holder = self.try_hold(keys_off).await?;
        if holder.is_none() {
            let begun = self.server.execute("START TRANSACTION".to_owned()).await;
            begun.map_err(|words| ExecuteError::of("beginning a transaction", words))?;
        }
        Ok(holder)
    }

    pub(super) async fn commit(&mut self) -> Result<(), DatabaseWords> {
        self.server.execute("COMMIT".to_owned()).await?;
        self.release().await;
        Ok(())
    }

    pub(super) async fn rollback(&mut self) {
        // On a lost connection there is nothing to undo.
        let _ = self.server.execute("ROLLBACK".to_owned()).await;
        self.release().await;
    }

    pub(super) async fn try_hold(&mut self, _keys_off: bool) -> Result<Option<Holder>, ExecuteError> {
        // Held already by this connection, it would be held twice.
        let sql =
            format!("SELECT COALESCE(IS_USED_LOCK('{0}') = CONNECTION_ID(), 0) OR GET_LOCK('{0}', 0) = 1", self.lock);
        let rows = self.server.rows(sql).await.map_err(|words| ExecuteError::of("locking the database", words))?;
        Ok(if is_true(&rows) { None } else { Some(self.holder().await) })
    }

    /// Whether another connection holds the lock: it may be at work, or what it was at may still run.
    pub(super) async fn is_held_elsewhere(&mut self) -> Result<bool, DatabaseWords> {
        let sql = format!("SELECT COALESCE(IS_USED_LOCK('{}') <> CONNECTION_ID(), 0)", self.lock);
        Ok(is_true(&self.server.rows(sql).await?))
    }

    pub(super) async fn release(&mut self) {
        let _ = self.server.execute(format!("DO RELEASE_LOCK('{}')", self.lock)).await;
    }

    pub(super) fn reset_sql(&self) -> String {
        format!("{}; USE {}", settings(self.lock_timeout), Backend::Mysql.ident(&self.database))
    }

    pub(super) async fn reconnect(&mut self) -> Result<(), ExecuteError> {
        let connected = open_session(&self.server.options, &self.url, self.lock_timeout).await?;
        self.server.connection = Some(connected.connection);
        self.server.number = connected.number;
        self.facts = connected.facts;
        Ok(())
    }

    /// As many rows as are looked at; what the catalog knows of them costs the opening of each table.
    pub(super) async fn few_rows(&mut self, tables: &[&str], most: u64) -> Vec<Option<u64>> {
        /// How many tables go into one query.
        const AT_ONCE: usize = 50;
        let mut counts = Vec::with_capacity(tables.len());
        let limit = most.saturating_add(1);
        for batch in tables.chunks(AT_ONCE) {
            let count = |table: &&str| {
                format!("(SELECT COUNT(*) FROM (SELECT 1 FROM {} LIMIT {limit}) AS few)", Backend::Mysql.ident(table))
            };
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
        let rows = self.server.rows(sql.to_owned()).await?;
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
        let path = dump_path(folder, &format!("{stem}.sql"))?;
        let options = &self.server.options;
        for program in ["mariadb-dump", "mysqldump"] {
            let mut command = tokio::process::Command::new(program);
            command.args(["--single-transaction", "--routines", "--triggers"]);
            command.arg("--host").arg(options.get_host()).arg("--port").arg(options.get_port().to_string());
            if let Some(socket) = options.get_socket() {
                command.arg("--socket").arg(socket);
            }
            command.arg("--user").arg(options.get_username()).args(options::dump_tls(program, &self.url));
            // The password goes through the environment: arguments can be read by every user.
            if let Some(password) = self.url.get(Parameter::Password) {
                command.env("MYSQL_PWD", password);
            }
            command.arg("--result-file").arg(&path).arg(&self.database);
            if dump(program, &mut command, &path, folder).await? {
                return Ok(path);
            }
        }
        let why = "neither mariadb-dump nor mysqldump is installed; they write the backups of MySQL".to_owned();
        Err(ExecuteError::Backup { folder: folder.to_owned(), why })
    }

    pub(super) async fn close(mut self) {
        self.release().await;
        self.server.close().await;
    }

    /// Who holds the lock, and what it is doing, as far as the server tells: the statement of a client that is gone may
    /// still run.
    async fn holder(&mut self) -> Holder {
        let held = format!("IS_USED_LOCK('{}')", self.lock);
        let session = |columns: [&str; 5], table: &str| {
            let [id, user, host, time, statement] = columns;
            format!(
                "SELECT {id}, CONCAT({user}, '@', SUBSTRING_INDEX({host}, ':', 1)), \
                 DATE_FORMAT(UTC_TIMESTAMP() - INTERVAL {time} SECOND, '%Y-%m-%dT%H:%i:%sZ'), {statement} \
                 FROM {table} WHERE {id} = {held}"
            )
        };
        let thread = ["PROCESSLIST_ID", "PROCESSLIST_USER", "PROCESSLIST_HOST", "PROCESSLIST_TIME", "PROCESSLIST_INFO"];
        // MariaDB has the first of these switched off as a rule; the second fails on MySQL while any session runs a
        // statement with a character of four bytes. Either may be forbidden.
        for sql in [
            session(thread, "performance_schema.threads"),
            session(["ID", "USER", "HOST", "TIME", "INFO"], "information_schema.PROCESSLIST"),
            format!("SELECT {held}"),
        ] {
            match self.server.rows(sql).await {
                Ok(rows) if !rows.is_empty() => return Holder::of(rows),
                _ => {}
            }
        }
        Holder::default()
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
        if let Ok(connected) = open_session(&plain, url, lock_timeout).await {
            return Ok((plain, connected));
        }
    }
    let connected = open_session(&options, url, lock_timeout).await?;
    Ok((options, connected))
}

/// Connects, settles the session and asks what everybody needs to know.
async fn open_session(
    options: &MySqlConnectOptions,
    url: &ServerUrl,
    lock_timeout: Duration,
) -> Result<Connected, ExecuteError> {
    let cannot = |words| cannot_connect(url, words);
    let mut connection = connect::<MySql>(options, url).await?;
    let sql = format!(
        "{}; SELECT VERSION(), CONNECTION_ID(), DATABASE(), \
         IF(@@lower_case_table_names = 0, DATABASE(), LOWER(DATABASE())), @@explicit_defaults_for_timestamp",
        settings(lock_timeout)
    );
    let rows = fetch::<MySql>(&mut connection, sql).await.map_err(cannot)?;
    let mut cells = rows.into_iter().next_back().unwrap_or_default().into_iter();
    let mut next = || cells.next().flatten().unwrap_or_default();
    let (version, number, database, lock_name, explicit) = (next(), next(), next(), next(), next());
    let server = match version.split_once("-MariaDB") {
        Some((number, _)) => format!("MariaDB {}", number.trim_start_matches("5.5.5-")),
        None => format!("MySQL {}", version.split('-').next().unwrap_or_default()),
    };
    if explicit == "0" {
        // Else the first timestamp of a table would change with each change of its row, unasked.
        let set = fetch::<MySql>(&mut connection, "SET SESSION explicit_defaults_for_timestamp = 1".to_owned()).await;
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
