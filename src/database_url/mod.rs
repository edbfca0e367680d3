//! The URL of a database: read here and nowhere else, and shown without its secrets everywhere.

mod error;
mod file;
mod mask;
mod parameters;
mod server;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;
use std::str::FromStr;

pub use error::{DatabaseUrlError, UrlFault};
pub use file::FileUrl;
pub use mask::masked;
pub use parameters::{Parameter, Tls};
pub use server::ServerUrl;

use crate::backend::Backend;

/// A database URL that was understood. `Display` and `Debug` show it without its secrets.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A SQLite file, or a database in memory.
    Sqlite(FileUrl),
    /// A PostgreSQL server.
    Postgres(ServerUrl),
    /// A MySQL or MariaDB server.
    Mysql(ServerUrl),
}

impl DatabaseUrl {
    #[must_use]
    pub const fn backend(&self) -> Backend {
        match self {
            Self::Sqlite(_) => Backend::Sqlite,
            Self::Postgres(_) => Backend::Postgres,
            Self::Mysql(_) => Backend::Mysql,
        }
    }

    /// Whether it holds a password, which `Display` leaves out.
    #[must_use]
    pub fn has_password(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(server) | Self::Mysql(server) => server.get(Parameter::Password).is_some(),
        }
    }

    /// The same database, where a relative path of a SQLite file starts at `folder`.
    #[must_use]
    pub fn within(self, folder: &Path) -> Self {
        match self {
            Self::Sqlite(file) => Self::Sqlite(file.within(folder)),
            server => server,
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, DatabaseUrlError> {
        let text = text.trim();
        let (scheme, rest) = text.split_once(':').unwrap_or(("", text));
        let scheme = scheme.to_ascii_lowercase();
        let backend = match scheme.as_str() {
            "sqlite" => Backend::Sqlite,
            "postgres" | "postgresql" => Backend::Postgres,
            "mysql" | "mariadb" => Backend::Mysql,
            _ => return Err(error::unknown_scheme(text, &scheme, rest)),
        };
        let understood = match backend {
            Backend::Sqlite => FileUrl::parse(rest).map(Self::Sqlite),
            Backend::Postgres => ServerUrl::parse(backend, &scheme, rest).map(Self::Postgres),
            Backend::Mysql => ServerUrl::parse(backend, &scheme, rest).map(Self::Mysql),
        };
        understood.map_err(|fault| DatabaseUrlError { scheme: Some(scheme), fault })
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => file.fmt(f),
            Self::Postgres(server) | Self::Mysql(server) => server.fmt(f),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
