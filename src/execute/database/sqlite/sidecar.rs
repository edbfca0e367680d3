//! The lock of statements outside transactions, and who holds a lock.
//!
//! BEGIN IMMEDIATE would be in their way (VACUUM, PRAGMA `journal_mode`), so a locked file beside the database is the
//! lock meanwhile. The system drops it with the process.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::Sqlite;
use crate::execute::error::ExecuteError;
use crate::execute::holder::Holder;
use crate::execute::words::{DatabaseWords, Trouble};

impl Sqlite {
    fn sidecar_path(&self) -> Option<PathBuf> {
        let path = self.url.path.as_ref()?;
        let mut name = path.file_name()?.to_owned();
        name.push("-dbmigrate.lock");
        Some(path.with_file_name(name))
    }

    pub(in crate::execute::database) async fn try_hold(
        &mut self,
        keys_off: bool,
    ) -> Result<Option<Holder>, ExecuteError> {
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
        if let Err(words) = self.quietly("PRAGMA busy_timeout = 0; BEGIN IMMEDIATE; ROLLBACK") {
            self.release().await;
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
            let switched = self.quietly("PRAGMA foreign_keys = OFF");
            switched.map_err(|words| ExecuteError::of("switching foreign keys off", words))?;
            self.keys_off = true;
        }
        Ok(())
    }

    pub(in crate::execute::database) async fn release(&mut self) {
        if self.keys_off {
            self.restore().await;
        }
        // Each statement meanwhile was a commit.
        self.end_era();
        if let Some((path, file)) = self.sidecar.take() {
            let _ = std::fs::remove_file(path);
            let _ = file.unlock();
        }
    }

    pub(super) fn held_by_sidecar(&self) -> Option<Holder> {
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
    pub(super) fn holder(&self) -> Holder {
        // SQLite's RESERVED byte in the file, or the write lock's byte in the WAL index:
        // https://www.sqlite.org/src/file/src/os.h and src/wal.c
        let in_file = |start: u64| start >= 0x4000_0000;
        let in_index = |start: u64| start == 120;
        let of_file = self.url.path.as_deref().and_then(|path| holder_of(path, in_file));
        of_file
            .or_else(|| {
                let mut index = self.url.path.clone()?.into_os_string();
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
    Some(Holder { pid: Some(pid), name: words.into_iter().next(), since: None, doing: None })
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
