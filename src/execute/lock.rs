//! The lock of a database: waiting for it, and who holds it, as a person needs to know.

use std::fmt;
use std::time::{Duration, Instant};

use super::database::Database;
use super::error::ExecuteError;
use super::event::Event;
use super::settings::Settings;
use super::signal::Canceller;

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holder {
    /// The process id: the server's on PostgreSQL, the system's on SQLite.
    pub pid: Option<i64>,
    /// What it calls itself.
    pub name: Option<String>,
    /// Since when its transaction is open, RFC 3339. On MySQL: since when it does what it does.
    pub since: Option<String>,
    /// The statement that it runs, where the server tells.
    pub doing: Option<String>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pid {
            Some(pid) => write!(f, "process {pid}")?,
            None => f.write_str("another connection")?,
        }
        if let Some(name) = self.name.as_deref().filter(|n| !n.is_empty()) {
            write!(f, " ({name})")?;
        }
        if let Some(since) = &self.since {
            write!(f, " since {since}")?;
        }
        if let Some(doing) =
            self.doing.as_deref().and_then(|doing| doing.lines().next()).filter(|text| !text.is_empty())
        {
            // Enough to know it by.
            const MOST: usize = 72;
            let short: String = doing.chars().take(MOST).collect();
            let dots = if short.len() < doing.len() { "…" } else { "" };
            write!(f, ", which runs `{short}{dots}`")?;
        }
        Ok(())
    }
}

/// The key of PostgreSQL's advisory lock: one per schema, since each schema may have a ledger.
///
/// The first eight bytes of SHA-256, so that every version of this program computes the same.
pub(super) fn advisory_key(schema: &str) -> i64 {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(format!("dbmigrate ledger in schema {schema}"));
    digest.iter().take(8).fold(0_i64, |key, byte| (key << 8) | i64::from(*byte))
}

/// Takes the lock and begins a transaction, waiting for others as long as the settings allow.
pub(super) async fn lock(
    database: &mut Database,
    settings: &Settings,
    canceller: &Canceller,
    keys_off: bool,
    events: &mut dyn FnMut(&Event),
) -> Result<(), ExecuteError> {
    wait(database, settings, canceller, events, async |database| database.try_begin(keys_off).await).await
}

/// Tries again and again until the lock is there or patience ends.
pub(super) async fn wait(
    database: &mut Database,
    settings: &Settings,
    canceller: &Canceller,
    events: &mut dyn FnMut(&Event),
    mut attempt: impl AsyncFnMut(&mut Database) -> Result<Option<Holder>, ExecuteError>,
) -> Result<(), ExecuteError> {
    const SHORTEST: Duration = Duration::from_millis(20);
    const LONGEST: Duration = Duration::from_millis(250);
    let begun = Instant::now();
    let mut pause = SHORTEST;
    let mut said = false;
    loop {
        if canceller.is_cancelled() {
            return Err(ExecuteError::Cancelled);
        }
        let Some(holder) = attempt(database).await? else {
            events(&Event::Locked);
            return Ok(());
        };
        let waited = begun.elapsed();
        let left = settings.lock_timeout.saturating_sub(waited);
        if left.is_zero() {
            return Err(ExecuteError::Locked { holder, waited });
        }
        if !said {
            events(&Event::Waiting { holder, at_most: settings.lock_timeout });
            said = true;
        }
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 2).min(LONGEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_reads_as_a_sentence_part() {
        let holder = Holder {
            pid: Some(42),
            name: Some("dbmigrate ada@build".into()),
            since: Some("2026-01-14T10:15:00Z".into()),
            doing: None,
        };
        assert_eq!(holder.to_string(), "process 42 (dbmigrate ada@build) since 2026-01-14T10:15:00Z");
        assert_eq!(Holder::default().to_string(), "another connection");
        let busy = Holder { pid: Some(7), doing: Some("ALTER TABLE a ADD b int".into()), ..Holder::default() };
        assert_eq!(busy.to_string(), "process 7, which runs `ALTER TABLE a ADD b int`");
    }

    #[test]
    fn schemas_have_keys_of_their_own_that_never_change() {
        assert_ne!(advisory_key("public"), advisory_key("other"));
        assert_eq!(advisory_key("public"), advisory_key("public"));
    }
}
