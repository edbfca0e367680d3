//! SQLite: one file, one connection. The file is made by a run only, its journal mode and
//! synchronous setting stay as they are, and BEGIN IMMEDIATE is the lock.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::napping::Napping;
use super::{Cells, Facts, Sent, Size, literal, milliseconds, quote};
use crate::execute::error::ExecuteError;
use crate::execute::lock::Holder;
use crate::execute::report::Violation;
use crate::execute::settings::{Settings, redact};
use crate::execute::signal::Canceller;
use crate::execute::words::{DatabaseWords, Trouble};

/// A SQLite database.
pub(in crate::execute) struct Sqlite {
    url: String,
    path: Option<PathBuf>,
    options: SqliteConnectOptions,
    connection: Option<SqliteConnection>,
    facts: Facts,
    lock_timeout: Duration,
    statement_timeout: Option<Duration>,
    watch: Arc<Watch>,
    keys_off: bool,
    sidecar: Option<(PathBuf, File)>,
}

/// What SQLite asks every few thousand instructions of a statement: may it go on?
struct Watch {
    /// Only statements of steps may be cut short, never COMMIT or ROLLBACK.
    armed: AtomicBool,
    canceller: Canceller,
    start: Instant,
    /// Milliseconds after `start`; 0: none.
    deadline: AtomicU64,
}

impl Watch {
    fn may_go_on(&self) -> bool {
        if !self.armed.load(Ordering::Acquire) {
            return true;
        }
        if self.canceller.is_cancelled() {
            return false;
        }
        match self.deadline.load(Ordering::Acquire) {
            0 => true,
            deadline => self.elapsed() < deadline,
        }
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn set_deadline(&self, timeout: Option<Duration>) {
        let deadline = timeout.map_or(0, |timeout| {
            self.elapsed().saturating_add(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX)).max(1)
        });
        self.deadline.store(deadline, Ordering::Release);
    }
}

/// SQLite keeps the compiled statements of a message until it is done, and looks at each of them whenever the
/// schema changes.
pub(super) const MOST_STATEMENTS: usize = 64;

/// How many results SQLite's thread may be ahead: more than the statements of a message, so that it
/// does not wait for their reader.
const RESULTS_BUFFERED: usize = 4_096;

/// How many of SQLite's instructions lie between two questions: some tens of microseconds.
const INSTRUCTIONS_BETWEEN_QUESTIONS: i32 = 5_000;

impl Sqlite {
    pub(super) async fn open(settings: &Settings, canceller: &Canceller) -> Result<Self, ExecuteError> {
        let bad = |why: String| ExecuteError::BadUrl { url: redact(&settings.url), why };
        let mut options = SqliteConnectOptions::from_str(&settings.url).map_err(|error| bad(error.to_string()))?;
        let in_memory = settings.url.contains(":memory:") || settings.url.contains("mode=memory");
        let path = if in_memory {
            None
        } else {
            let path = options.get_filename().to_owned();
            if options.get_filename().as_os_str().is_empty() {
                return Err(bad("it names no file".to_owned()));
            }
            Some(path)
        };
        options = options
            .create_if_missing(false)
            .row_buffer_size(RESULTS_BUFFERED)
            .busy_timeout(settings.lock_timeout.min(Duration::from_hours(1)))
            .disable_statement_logging();
        let mut database = Self {
            url: redact(&settings.url),
            path,
            options,
            connection: None,
            facts: Facts { ledger_schema: None, lock_slots: None, server: "SQLite".to_owned() },
            lock_timeout: settings.lock_timeout,
            statement_timeout: settings.statement_timeout,
            watch: Arc::new(Watch {
                armed: AtomicBool::new(false),
                canceller: canceller.clone(),
                start: Instant::now(),
                deadline: AtomicU64::new(0),
            }),
            keys_off: false,
            sidecar: None,
        };
        if database.path.as_deref().is_none_or(Path::exists) {
            database.connect(false).await?;
        }
        Ok(database)
    }

    async fn connect(&mut self, create: bool) -> Result<(), ExecuteError> {
        let cannot =
            |error: sqlx::Error| ExecuteError::CannotConnect { url: self.url.clone(), words: Box::new(error.into()) };
        let mut connection = self.options.clone().create_if_missing(create).connect().await.map_err(cannot)?;
        let watch = Arc::clone(&self.watch);
        connection
            .lock_handle()
            .await
            .map_err(cannot)?
            .set_progress_handler(INSTRUCTIONS_BETWEEN_QUESTIONS, move || watch.may_go_on());
        self.connection = Some(connection);
        // Also the first time the file is read: a file that is no database shows here.
        let version = self
            .rows("SELECT sqlite_version(), (SELECT count(*) FROM sqlite_master LIMIT 1)".to_owned())
            .await
            .map_err(|words| ExecuteError::CannotConnect { url: self.url.clone(), words: Box::new(words) })?;
        if let Some(Some(version)) = version.into_iter().next().and_then(|row| row.into_iter().next()) {
            self.facts.server = format!("SQLite {version}");
        }
        Ok(())
    }

    pub(super) fn is_there(&self) -> bool {
        self.connection.is_some()
    }

    pub(super) async fn create(&mut self) -> Result<bool, ExecuteError> {
        if self.connection.is_some() {
            return Ok(false);
        }
        if let Some(folder) = self.path.as_deref().and_then(Path::parent)
            && !folder.as_os_str().is_empty()
            && !folder.is_dir()
        {
            return Err(ExecuteError::NoFolder(folder.to_owned()));
        }
        self.connect(true).await?;
        Ok(true)
    }

    pub(super) fn facts(&self) -> &Facts {
        &self.facts
    }

    fn connection(&mut self) -> Result<&mut SqliteConnection, DatabaseWords> {
        self.connection.as_mut().ok_or_else(|| DatabaseWords::plain("there is no database yet", Trouble::Lost))
    }

    pub(super) async fn settle(&mut self, sql: String) -> Sent {
        self.deliver(sql, &mut |_| ()).await
    }

    async fn deliver(&mut self, sql: String, each: &mut dyn FnMut(usize)) -> Sent {
        let mut sent = Sent { done: 0, changed: 0, error: None };
        let timeout = self.statement_timeout;
        let watch = Arc::clone(&self.watch);
        match self.connection() {
            Ok(connection) => {
                let mut stream = sqlx::raw_sql(AssertSqlSafe(sql)).execute_many(connection);
                let mut results = Napping::new(&mut stream);
                while let Some(result) = results.next().await {
                    match result {
                        Ok(result) => {
                            sent.done += 1;
                            sent.changed += result.rows_affected();
                            each(sent.done);
                            if timeout.is_some() {
                                watch.set_deadline(timeout);
                            }
                        }
                        Err(error) => {
                            sent.error = Some(error.into());
                            break;
                        }
                    }
                }
            }
            Err(words) => sent.error = Some(words),
        }
        sent
    }

    pub(super) async fn send(&mut self, sql: String, each: &mut dyn FnMut(usize)) -> Sent {
        self.watch.set_deadline(self.statement_timeout);
        self.watch.armed.store(true, Ordering::Release);
        let sent = self.deliver(sql, each).await;
        self.watch.armed.store(false, Ordering::Release);
        sent
    }

    async fn quietly(&mut self, sql: &str) -> Result<(), DatabaseWords> {
        match self.settle(sql.to_owned()).await.error {
            None => Ok(()),
            Some(words) => Err(words),
        }
    }

    pub(super) async fn rows(&mut self, sql: String) -> Result<Vec<Cells>, DatabaseWords> {
        let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(self.connection()?).await?;
        rows.iter().map(|row| super::cells(row).map_err(DatabaseWords::from)).collect()
    }

    /// The rows of a query, packed into one by SQLite: each row is a message between two threads,
    /// and a thousand of them cost more than their contents.
    pub(super) async fn in_one_row(&mut self, sql: &str, columns: usize) -> Result<Vec<Cells>, DatabaseWords> {
        let names: Vec<String> = (1..=columns).map(|column| format!("c{column}")).collect();
        let texts: Vec<String> = names.iter().map(|name| format!("CAST({name} AS text)")).collect();
        let packed = format!(
            "WITH r ({}) AS ({sql}) SELECT json_group_array(json_array({})) FROM r",
            names.join(", "),
            texts.join(", ")
        );
        let packed = self.rows(packed).await?.into_iter().next().and_then(|row| row.into_iter().next().flatten());
        serde_json::from_str(&packed.unwrap_or_else(|| "[]".to_owned()))
            .map_err(|error| DatabaseWords::plain(format!("its rows cannot be read: {error}"), Trouble::Statement))
    }

    pub(super) async fn peek(&mut self, sql: String) -> Result<Vec<Cells>, DatabaseWords> {
        self.rows(sql).await
    }

    pub(super) async fn try_begin(&mut self, keys_off: bool) -> Result<Option<Holder>, ExecuteError> {
        let timeout = milliseconds(self.lock_timeout);
        // `foreign_keys` is ignored inside a transaction, so it comes before BEGIN.
        let keys = if keys_off { "PRAGMA foreign_keys = OFF; " } else { "" };
        self.keys_off = keys_off;
        let begun = self
            .quietly(&format!("{keys}PRAGMA busy_timeout = 0; BEGIN IMMEDIATE; PRAGMA busy_timeout = {timeout}"))
            .await;
        match begun {
            Ok(()) => match self.held_by_sidecar() {
                None => Ok(None),
                Some(holder) => {
                    self.rollback().await;
                    Ok(Some(holder))
                }
            },
            Err(words) if words.trouble == Trouble::Busy => {
                self.restore().await;
                Ok(Some(self.holder()))
            }
            Err(words) => {
                self.restore().await;
                Err(ExecuteError::of("locking the database", words))
            }
        }
    }

    pub(super) async fn commit(&mut self) -> Result<(), DatabaseWords> {
        let committed = self.quietly("COMMIT").await;
        if committed.is_ok() && self.keys_off {
            self.restore().await;
        }
        committed
    }

    pub(super) async fn rollback(&mut self) {
        // Some errors (an interrupted INSERT, a full disk) roll back by themselves; there is
        // nothing left to roll back then, and that is no error.
        let _ = self.quietly("ROLLBACK").await;
        self.restore().await;
    }

    /// The connection's settings as they were at first.
    async fn restore(&mut self) {
        let timeout = milliseconds(self.lock_timeout);
        let _ = self
            .quietly(&format!(
                "PRAGMA busy_timeout = {timeout}; PRAGMA foreign_keys = ON; PRAGMA legacy_alter_table = OFF"
            ))
            .await;
        self.keys_off = false;
    }

    pub(super) fn reset_sql(&self) -> Option<String> {
        None
    }

    pub(super) async fn reconnect(&mut self) -> Result<(), ExecuteError> {
        self.connection = None;
        self.connect(false).await
    }

    pub(super) async fn violations(&mut self) -> Result<Vec<Violation>, DatabaseWords> {
        let rows = self.rows("PRAGMA foreign_key_check".to_owned()).await?;
        let mut violations: Vec<Violation> = rows
            .into_iter()
            .map(|row| {
                let mut cells = row.into_iter();
                let mut next = || cells.next().flatten();
                Violation { table: next().unwrap_or_default(), row: next(), parent: next().unwrap_or_default() }
            })
            .collect();
        violations.sort();
        Ok(violations)
    }

    pub(super) async fn few_rows(&mut self, tables: &[(Option<String>, String)], most: u64) -> Vec<Option<u64>> {
        /// How many tables go into one query.
        const AT_ONCE: usize = 100;
        let mut counts = Vec::with_capacity(tables.len());
        let limit = most.saturating_add(1);
        for batch in tables.chunks(AT_ONCE) {
            let each: Vec<String> = batch
                .iter()
                .map(|(_, table)| format!("(SELECT count(*) FROM (SELECT 1 FROM {} LIMIT {limit}))", quote(table)))
                .collect();
            // One that does not stand fails all of them: then nothing is told.
            let rows = self.rows(format!("SELECT {}", each.join(", "))).await.unwrap_or_default();
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
        /// How many tables go into one query.
        const AT_ONCE: usize = 200;
        let stand = "SELECT name FROM sqlite_master WHERE type = 'table'";
        let names = self.in_one_row(stand, 1).await?.into_iter().filter_map(|row| row.into_iter().next().flatten());
        let stand: std::collections::HashSet<String> = names.map(|name| name.to_lowercase()).collect();
        let standing: Vec<(usize, &str)> = tables
            .iter()
            .enumerate()
            .filter(|(_, (_, table))| stand.contains(&table.to_lowercase()))
            .map(|(index, (_, table))| (index, table.as_str()))
            .collect();
        let mut sizes = vec![None; tables.len()];
        for batch in standing.chunks(AT_ONCE) {
            for ((index, _), size) in batch.iter().zip(self.largest(batch).await) {
                if let Some(slot) = sizes.get_mut(*index) {
                    *slot = Some(size);
                }
            }
        }
        Ok(sizes)
    }

    /// The highest row id of each table: cheap, and an upper bound of its rows that fits most.
    async fn largest(&mut self, tables: &[(usize, &str)]) -> Vec<Size> {
        let query = |table: &str| format!("(SELECT max(rowid) FROM {})", quote(table));
        let of = |cell: Option<String>| match cell {
            None => Size::Empty,
            Some(id) => Size::About(id.parse().unwrap_or(0)),
        };
        let all: Vec<String> = tables.iter().map(|(_, table)| query(table)).collect();
        if let Ok(rows) = self.rows(format!("SELECT {}", all.join(", "))).await {
            return rows.into_iter().next().unwrap_or_default().into_iter().map(of).collect();
        }
        // One of them has no row ids: how many it has, only counting tells.
        let mut sizes = Vec::with_capacity(all.len());
        for one in &all {
            let rows = self.rows(format!("SELECT {one}")).await;
            let cell = rows.map(|rows| rows.into_iter().next().and_then(|row| row.into_iter().next().flatten()));
            sizes.push(cell.map_or(Size::About(0), of));
        }
        sizes
    }

    pub(super) async fn backup(&mut self, folder: &Path, stem: &str) -> Result<PathBuf, ExecuteError> {
        let failed = |why: String| ExecuteError::Backup { folder: folder.to_owned(), why };
        std::fs::create_dir_all(folder).map_err(|error| failed(error.to_string()))?;
        let path = folder.join(format!("{stem}.db"));
        let text = path.to_str().ok_or_else(|| failed("its path is not UTF-8".to_owned()))?;
        self.quietly(&format!("VACUUM INTO {}", literal(text))).await.map_err(|words| failed(words.to_string()))?;
        Ok(path)
    }

    pub(super) async fn close(mut self) {
        self.let_go().await;
        if let Some(connection) = self.connection.take() {
            let _ = connection.close().await;
        }
    }

    // Statements outside transactions: BEGIN IMMEDIATE would be in their way (VACUUM, PRAGMA
    // journal_mode), so a locked file beside the database is the lock meanwhile. The system
    // drops it with the process.

    fn sidecar_path(&self) -> Option<PathBuf> {
        let path = self.path.as_ref()?;
        let mut name = path.file_name()?.to_owned();
        name.push("-dbmigrate.lock");
        Some(path.with_file_name(name))
    }

    pub(super) async fn try_hold(&mut self, keys_off: bool) -> Result<Option<Holder>, ExecuteError> {
        let Some(path) = self.sidecar_path() else {
            return self.switch_keys(keys_off).await.map(|()| None);
        };
        let failed = |error: std::io::Error| {
            ExecuteError::of("locking the database", DatabaseWords::plain(error.to_string(), Trouble::Statement))
        };
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Ok(Some(holder_of(&path, |_| true).unwrap_or_default())),
            Err(std::fs::TryLockError::Error(error)) => return Err(failed(error)),
        }
        if !same_file(&file, &path) {
            // Its last holder removed it between opening and locking; the next try makes a new one.
            return Ok(Some(Holder::default()));
        }
        // A transaction that is open elsewhere holds the other lock.
        self.sidecar = Some((path, file));
        if let Err(words) = self.quietly("PRAGMA busy_timeout = 0; BEGIN IMMEDIATE; ROLLBACK").await {
            self.let_go().await;
            self.restore().await;
            return match words.trouble {
                Trouble::Busy => Ok(Some(self.holder())),
                _ => Err(ExecuteError::of("locking the database", words)),
            };
        }
        self.restore().await;
        self.switch_keys(keys_off).await.map(|()| None)
    }

    /// A rebuild drops a table: with foreign keys on, that would delete the rows that point to it.
    async fn switch_keys(&mut self, off: bool) -> Result<(), ExecuteError> {
        if off {
            let switched = self.quietly("PRAGMA foreign_keys = OFF").await;
            switched.map_err(|words| ExecuteError::of("switching foreign keys off", words))?;
            self.keys_off = true;
        }
        Ok(())
    }

    pub(super) async fn let_go(&mut self) {
        if self.keys_off {
            self.restore().await;
        }
        if let Some((path, file)) = self.sidecar.take() {
            let _ = std::fs::remove_file(path);
            let _ = file.unlock();
        }
    }

    fn held_by_sidecar(&self) -> Option<Holder> {
        if self.sidecar.is_some() {
            return None;
        }
        let path = self.sidecar_path()?;
        let file = File::options().write(true).open(&path).ok()?;
        match file.try_lock() {
            Err(std::fs::TryLockError::WouldBlock) => Some(holder_of(&path, |_| true).unwrap_or_default()),
            // Left behind by a process that was killed.
            Ok(()) if same_file(&file, &path) => {
                let _ = std::fs::remove_file(&path);
                None
            }
            _ => None,
        }
    }

    /// Who holds the write lock, as far as the system tells.
    fn holder(&self) -> Holder {
        // SQLite's RESERVED byte in the file, or the write lock's byte in the WAL index:
        // https://www.sqlite.org/src/file/src/os.h and src/wal.c
        let in_file = |start: u64| start >= 0x4000_0000;
        let in_index = |start: u64| start == 120;
        let of_file = self.path.as_deref().and_then(|path| holder_of(path, in_file));
        of_file
            .or_else(|| {
                let mut index = self.path.clone()?.into_os_string();
                index.push("-shm");
                holder_of(Path::new(&index), in_index)
            })
            .unwrap_or_default()
    }
}

/// The process that has a write lock on a file, from Linux' table of locks.
#[cfg(target_os = "linux")]
fn holder_of(path: &Path, means_it: impl Fn(u64) -> bool) -> Option<Holder> {
    use std::os::linux::fs::MetadataExt;
    let inode = std::fs::metadata(path).ok()?.st_ino().to_string();
    let table = std::fs::read_to_string("/proc/locks").ok()?;
    // 1: POSIX  ADVISORY  WRITE 4242 08:01:131098 1073741825 1073741825
    let pid: i64 = table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().filter(|field| *field != "->").collect();
        let [_, _, _, "WRITE", pid, place, start, ..] = fields.as_slice() else {
            return None;
        };
        let here = place.rsplit(':').next() == Some(inode.as_str()) && means_it(start.parse().unwrap_or(0));
        here.then(|| pid.parse().ok()).flatten()
    })?;
    let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words: Vec<String> = command
        .split(|byte| *byte == 0)
        .filter(|word| !word.is_empty())
        .take(1)
        .map(|word| String::from_utf8_lossy(word).rsplit('/').next().unwrap_or_default().to_owned())
        .collect();
    Some(Holder { pid: Some(pid), name: words.into_iter().next(), since: None })
}

#[cfg(not(target_os = "linux"))]
fn holder_of(_path: &Path, _means_it: impl Fn(u64) -> bool) -> Option<Holder> {
    None
}

/// Whether the path still leads to the open file.
#[cfg(unix)]
fn same_file(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(open), Ok(there)) => open.ino() == there.ino() && open.dev() == there.dev(),
        _ => false,
    }
}

#[cfg(not(unix))]
fn same_file(_file: &File, path: &Path) -> bool {
    path.exists()
}
