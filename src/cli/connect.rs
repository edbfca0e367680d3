//! From an environment's name to a session with its database.

use std::path::PathBuf;

use super::args::{Global, Limits};
use super::error::{ConfigurationError, Error, UserError};
use super::project::{Project, backend, folder};
use crate::database_url::DatabaseUrl;
use crate::execute::{Session, Settings};
use crate::manifest::Manifest;
use crate::manifest::environment;
use crate::report::About;
use crate::report::words::one_line;

/// An environment whose database is known, and not yet connected to.
#[derive(Debug)]
pub(super) struct Place {
    /// The environment's name.
    pub environment: String,
    pub url: DatabaseUrl,
    /// Whether destructive runs must be allowed.
    pub protected: bool,
    /// Where backups go.
    pub backup: Option<PathBuf>,
}

impl Place {
    /// Finds the database of an environment.
    ///
    /// # Errors
    /// Where there is no such environment, it has no database, or work on its backend is not built.
    pub(super) fn find(manifest: &Manifest, global: &Global, name: &str) -> Result<Self, Error> {
        let lookup = environment::dotenv(folder(manifest)).map_err(ConfigurationError::Dotenv)?;
        let url = environment::resolve_url(manifest, name, global.database_url.as_deref(), &lookup)
            .map_err(ConfigurationError::Environment)?;
        if let Some(asked) = global.backend
            && asked != url.backend()
        {
            return Err(UserError::OtherBackend { asked, url }.into());
        }
        backend(manifest, url.backend())?;
        let environment = manifest.environments.get(name);
        let backup = match environment.and_then(|environment| environment.backup.as_deref()) {
            Some(written) => {
                let within =
                    environment::expand(name, "backup", written, &lookup).map_err(ConfigurationError::Environment)?;
                Some(folder(manifest).join(within))
            }
            None => None,
        };
        let protected = environment.is_some_and(|environment| environment.protected);
        Ok(Self { environment: name.to_owned(), url, protected, backup })
    }

    /// What reports call it.
    #[must_use]
    pub(super) fn about(&self, project: &Project) -> About {
        About {
            project: one_line(&project.manifest.project),
            environment: Some(self.environment.clone()),
            database: Some(one_line(&self.url.to_string())),
        }
    }

    /// Connects.
    ///
    /// # Errors
    /// Where the database cannot be reached.
    pub(super) async fn connect(&self, manifest: &Manifest, limits: Option<&Limits>) -> Result<Session, Error> {
        const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);
        let settings = Settings {
            environment: self.environment.clone(),
            url: self.url.clone(),
            lock_timeout: limits.map_or(PATIENCE, |limits| limits.lock_timeout.0),
            statement_timeout: limits.and_then(|limits| limits.statement_timeout).map(|timeout| timeout.0),
            hooks: manifest.hooks.clone(),
            folder: folder(manifest).to_owned(),
            backup: self.backup.clone(),
            project: manifest.project.clone(),
        };
        Ok(Session::connect(settings).await?)
    }
}
