//! SQLite: one file, one connection. The file is made by a run only, its journal mode and
//! synchronous setting stay as they are, and BEGIN IMMEDIATE is the lock.
//!
//! SQLite works in the thread that asks: a run is one statement after the other, and to hand each to another thread
//! and wait for its results costs more than most statements take. Its functions are `async` as all backends' are.

#![expect(clippy::unused_async, reason = "one set of verbs for all backends; here nothing waits")]

mod address;
mod sidecar;
mod sizes;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::types::ValueRef;
use rusqlite::{Batch, Connection, Row};

use super::server::dump_path;
use super::{Cells, Facts, Sent, milliseconds};
use crate::backend::Backend;
use crate::database_url::FileUrl;
use crate::execute::error::ExecuteError;
use crate::execute::holder::Holder;
use crate::execute::report::Violation;
use crate::execute::settings::Settings;
use crate::execute::signal::Canceller;
use crate::execute::words::{DatabaseWords, Trouble};
use crate::plan::Moment;

/// A SQLite database.
pub(in crate::execute) struct Sqlite {
    url: FileUrl,
    connection: Option<Connection>,
    pub(super) facts: Facts,
    lock_timeout: Duration,
    statement_timeout: Option<Duration>,
    watch: Arc<Watch>,
    keys_off: bool,
    sidecar: Option<(PathBuf, File)>,
    /// Changes with each connection and each commit of this one.
    era: u64,
    /// `PRAGMA data_version`, when it was last looked at.
    data_version: Option<i64>,
}

/// Eras are not told twice in a process.
static ERAS: AtomicU64 = AtomicU64::new(0);

fn next_era() -> u64 {
    ERAS.fetch_add(1, Ordering::Relaxed)
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

/// How many of SQLite's instructions lie between two questions: some tens of microseconds.
const INSTRUCTIONS_BETWEEN_QUESTIONS: i32 = 5_000;

impl Sqlite {
    pub(super) async fn open(url: FileUrl, settings: &Settings, canceller: &Canceller) -> Result<Self, ExecuteError> {
        let mut database = Self {
            url,
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
            era: next_era(),
            data_version: None,
        };
        if database.url.path.as_deref().is_none_or(Path::exists) {
            database.connect(false).await?;
        }
        Ok(database)
    }

    /// Where it is, seen from the current folder.
    fn place(&self) -> String {
        self.url.path.as_ref().map_or_else(|| self.url.to_string(), |path| format!("sqlite://{}", path.display()))
    }

    async fn connect(&mut self, create: bool) -> Result<(), ExecuteError> {
        let cannot =
            |error: rusqlite::Error| ExecuteError::CannotConnect { url: self.place(), words: Box::new(error.into()) };
        let connection = address::open(&self.url, create).map_err(cannot)?;
        connection.busy_timeout(self.lock_timeout.min(Duration::from_hours(1))).map_err(cannot)?;
        connection.execute_batch("PRAGMA foreign_keys = ON").map_err(cannot)?;
        let watch = Arc::clone(&self.watch);
        let stop = move || !watch.may_go_on();
        connection.progress_handler(INSTRUCTIONS_BETWEEN_QUESTIONS, Some(stop)).map_err(cannot)?;
        self.connection = Some(connection);
        self.end_era();
        // Also the first time the file is read: a file that is no database shows here.
        let version = self
            .read("SELECT sqlite_version(), (SELECT count(*) FROM sqlite_master LIMIT 1)")
            .map_err(|words| ExecuteError::CannotConnect { url: self.place(), words: Box::new(words) })?;
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
        if let Some(folder) = self.url.path.as_deref().and_then(Path::parent)
            && !folder.as_os_str().is_empty()
            && !folder.is_dir()
        {
            return Err(ExecuteError::NoFolder(folder.to_owned()));
        }
        self.connect(true).await?;
        Ok(true)
    }

    fn connection(&self) -> Result<&Connection, DatabaseWords> {
        self.connection.as_ref().ok_or_else(|| DatabaseWords::plain("there is no database yet", Trouble::Lost))
    }

    pub(super) fn moment(&self) -> Option<Moment> {
        self.data_version.map(|version| Moment { era: self.era, version })
    }

    /// It is now.
    pub(super) fn mark_moment(&mut self) -> Result<(), DatabaseWords> {
        self.data_version = None;
        let version = self.read("PRAGMA data_version")?;
        self.data_version = version.first().and_then(|row| row.first()?.as_deref()?.parse().ok());
        Ok(())
    }

    fn end_era(&mut self) {
        self.era = next_era();
        self.data_version = None;
    }

    pub(super) async fn settle(&mut self, sql: String) -> Sent {
        self.deliver(&sql, &mut |_| ())
    }

    fn deliver(&self, sql: &str, each: &mut dyn FnMut(usize)) -> Sent {
        let mut sent = Sent { done: 0, changed: 0, error: None };
        sent.error = self.deliver_all(sql, each, &mut sent.done, &mut sent.changed).err();
        sent
    }

    fn deliver_all(
        &self,
        sql: &str,
        each: &mut dyn FnMut(usize),
        done: &mut usize,
        changed: &mut u64,
    ) -> Result<(), DatabaseWords> {
        let connection = self.connection()?;
        let mut statements = Batch::new(connection, whole(sql)?);
        while let Some(mut statement) = statements.next()? {
            let mut rows = statement.raw_query();
            while rows.next()?.is_some() {}
            *done += 1;
            *changed += connection.changes();
            each(*done);
            if self.statement_timeout.is_some() {
                self.watch.set_deadline(self.statement_timeout);
            }
        }
        Ok(())
    }

    pub(super) async fn send(&mut self, sql: String, each: &mut dyn FnMut(usize)) -> Sent {
        self.watch.set_deadline(self.statement_timeout);
        self.watch.armed.store(true, Ordering::Release);
        let sent = self.deliver(&sql, each);
        self.watch.armed.store(false, Ordering::Release);
        // What an author wrote may commit.
        self.end_era();
        sent
    }

    fn quietly(&self, sql: &str) -> Result<(), DatabaseWords> {
        self.deliver(sql, &mut |_| ()).error.map_or(Ok(()), Err)
    }

    /// The rows of all statements of a text.
    fn read(&self, sql: &str) -> Result<Vec<Cells>, DatabaseWords> {
        let mut all = Vec::new();
        let mut statements = Batch::new(self.connection()?, whole(sql)?);
        while let Some(mut statement) = statements.next()? {
            let columns = statement.column_count();
            let mut rows = statement.raw_query();
            while let Some(row) = rows.next()? {
                all.push(cells(row, columns)?);
            }
        }
        Ok(all)
    }

    pub(super) async fn rows(&mut self, sql: String) -> Result<Vec<Cells>, DatabaseWords> {
        self.read(&sql)
    }

    pub(super) async fn peek(&mut self, sql: String) -> Result<Vec<Cells>, DatabaseWords> {
        self.read(&sql)
    }

    pub(super) async fn try_begin(&mut self, keys_off: bool) -> Result<Option<Holder>, ExecuteError> {
        let timeout = milliseconds(self.lock_timeout);
        // `foreign_keys` is ignored inside a transaction, so it comes before BEGIN.
        let keys = if keys_off { "PRAGMA foreign_keys = OFF; " } else { "" };
        self.keys_off = keys_off;
        let begun =
            self.quietly(&format!("{keys}PRAGMA busy_timeout = 0; BEGIN IMMEDIATE; PRAGMA busy_timeout = {timeout}"));
        // Where the moment cannot be told, the ledger is compared.
        let _ = self.mark_moment();
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
        let committed = self.quietly("COMMIT");
        self.end_era();
        if committed.is_ok() && self.keys_off {
            self.restore().await;
        }
        committed
    }

    pub(super) async fn rollback(&mut self) {
        // Some errors (an interrupted INSERT, a full disk) roll back by themselves; there is
        // nothing left to roll back then, and that is no error.
        let _ = self.quietly("ROLLBACK");
        self.restore().await;
    }

    /// The connection's settings as they were at first.
    async fn restore(&mut self) {
        let timeout = milliseconds(self.lock_timeout);
        let _ = self.quietly(&format!(
            "PRAGMA busy_timeout = {timeout}; PRAGMA foreign_keys = ON; PRAGMA legacy_alter_table = OFF"
        ));
        self.keys_off = false;
    }

    pub(super) async fn reconnect(&mut self) -> Result<(), ExecuteError> {
        self.connection = None;
        self.connect(false).await
    }

    pub(super) async fn violations(&mut self) -> Result<Vec<Violation>, DatabaseWords> {
        let rows = self.read("PRAGMA foreign_key_check")?;
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

    pub(super) async fn backup(&mut self, folder: &Path, stem: &str) -> Result<PathBuf, ExecuteError> {
        let path = dump_path(folder, &format!("{stem}.db"))?;
        let failed = |why: String| ExecuteError::Backup { folder: folder.to_owned(), why };
        let text = path.to_str().ok_or_else(|| failed("its path is not UTF-8".to_owned()))?;
        self.quietly(&format!("VACUUM INTO {}", Backend::Sqlite.string(text)))
            .map_err(|words| failed(words.to_string()))?;
        Ok(path)
    }

    pub(super) async fn close(mut self) {
        self.release().await;
        if let Some(connection) = self.connection.take() {
            let _ = connection.close();
        }
    }
}

/// A text as it is: SQLite takes one with a zero byte for shorter than it is.
fn whole(sql: &str) -> Result<&str, DatabaseWords> {
    if sql.contains('\0') {
        return Err(DatabaseWords::plain("the statement contains a zero byte", Trouble::Statement));
    }
    Ok(sql)
}

fn cells(row: &Row<'_>, columns: usize) -> Result<Cells, rusqlite::Error> {
    let text = |column| {
        Ok(match row.get_ref(column)? {
            ValueRef::Null => None,
            ValueRef::Integer(number) => Some(number.to_string()),
            ValueRef::Real(number) => Some(number.to_string()),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        })
    };
    (0..columns).map(text).collect()
}
