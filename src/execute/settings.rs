//! What a session is to know before it connects.

use std::path::PathBuf;
use std::time::Duration;

use super::error::ExecuteError;
use crate::database_url::DatabaseUrl;
use crate::manifest::Hooks;

/// What a session works with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The environment's name; it must be the one stamped into the database.
    pub environment: String,
    /// The database's URL; a relative SQLite path in it starts at the current folder.
    pub url: DatabaseUrl,
    /// How long to wait for another run, and for locks of others on tables.
    pub lock_timeout: Duration,
    /// How long one statement may take; no limit where it is `None`.
    pub statement_timeout: Option<Duration>,
    /// Commands around runs.
    pub hooks: Hooks,
    /// The folder of the manifest: where hooks run.
    pub folder: PathBuf,
    /// Where backups go before destructive runs.
    pub backup: Option<PathBuf>,
    /// The project's name.
    pub project: String,
}

impl Settings {
    /// The error for a database that is stamped with another environment's name.
    pub(super) fn mismatch(&self, stamped: &str) -> ExecuteError {
        ExecuteError::EnvironmentMismatch {
            stamped: stamped.to_owned(),
            asked: self.environment.clone(),
            url: self.url.to_string(),
            password: self.url.has_password(),
        }
    }
}
