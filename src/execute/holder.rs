//! Who holds the lock of a database, as a person needs to know, and under which key.

use std::fmt;

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

impl Holder {
    /// From a row of a server: number, name, since when, and what it does, as many of them as there are.
    pub(super) fn of(rows: Vec<Vec<Option<String>>>) -> Self {
        let mut cells = rows.into_iter().next().unwrap_or_default().into_iter();
        let mut next = || cells.next().flatten();
        Self { pid: next().and_then(|pid| pid.parse().ok()), name: next(), since: next(), doing: next() }
    }
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
