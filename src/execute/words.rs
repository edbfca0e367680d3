//! A database's own words: its errors, taken apart once, here, so that nothing else needs to
//! know how a driver spells them.

use std::fmt;

use rusqlite::ErrorCode;

/// What kind of trouble an error is, as far as the run acts on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// The statement is at fault, or the rows it met.
    Statement,
    /// Another connection holds a lock.
    Busy,
    /// The disk, or the space given to the database, is full.
    DiskFull,
    /// The database cannot be written to.
    ReadOnly,
    /// The connection is gone.
    Lost,
    /// The statement was cancelled: by a person, or by its time limit.
    Cancelled,
}

/// An error in the database's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseWords {
    /// The message.
    pub message: String,
    /// SQLSTATE on PostgreSQL, the extended result code on SQLite, the error's number on MySQL.
    pub code: Option<Box<str>>,
    /// PostgreSQL's DETAIL.
    pub detail: Option<Box<str>>,
    /// PostgreSQL's HINT.
    pub hint: Option<Box<str>>,
    /// PostgreSQL's CONTEXT: where in a function it happened.
    pub context: Option<Box<str>>,
    /// Where in the statement, in characters from 1.
    pub position: Option<usize>,
    /// What kind of trouble it is.
    pub trouble: Trouble,
}

impl DatabaseWords {
    /// Words that are not an error's of the driver: `message` alone.
    pub(super) fn plain(message: impl Into<String>, trouble: Trouble) -> Self {
        Self { message: message.into(), code: None, detail: None, hint: None, context: None, position: None, trouble }
    }
}

impl fmt::Display for DatabaseWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(detail) = &self.detail {
            write!(f, "\n{detail}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl From<sqlx::Error> for DatabaseWords {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(inner) => {
                if let Some(error) = inner.try_downcast_ref::<sqlx::postgres::PgDatabaseError>() {
                    return of_postgres(error);
                }
                if let Some(error) = inner.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
                    return of_mysql(error);
                }
                Self::plain(inner.message(), Trouble::Statement)
            }
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed | sqlx::Error::Protocol(_) => {
                Self::plain(error.to_string(), Trouble::Lost)
            }
            _ => Self::plain(error.to_string(), Trouble::Statement),
        }
    }
}

impl From<rusqlite::Error> for DatabaseWords {
    fn from(error: rusqlite::Error) -> Self {
        let (inner, message) = match error {
            rusqlite::Error::SqliteFailure(inner, message) => (inner, message),
            rusqlite::Error::SqlInputError { error, msg, .. } => (error, Some(msg)),
            other => return Self::plain(other.to_string(), Trouble::Statement),
        };
        let trouble = match inner.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Trouble::Busy,
            ErrorCode::ReadOnly => Trouble::ReadOnly,
            ErrorCode::OperationInterrupted => Trouble::Cancelled,
            ErrorCode::DiskFull => Trouble::DiskFull,
            _ => Trouble::Statement,
        };
        let message = message.unwrap_or_else(|| inner.to_string());
        Self { code: Some(inner.extended_code.to_string().into()), ..Self::plain(message, trouble) }
    }
}

fn of_postgres(error: &sqlx::postgres::PgDatabaseError) -> DatabaseWords {
    let code = error.code();
    // https://www.postgresql.org/docs/current/errcodes-appendix.html
    let trouble = match code {
        "55P03" => Trouble::Busy,
        "53100" => Trouble::DiskFull,
        "25006" => Trouble::ReadOnly,
        "57014" => Trouble::Cancelled,
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" => Trouble::Lost,
        _ if code.starts_with("08") => Trouble::Lost,
        _ => Trouble::Statement,
    };
    let position = match error.position() {
        Some(sqlx::postgres::PgErrorPosition::Original(at)) => Some(at),
        _ => None,
    };
    DatabaseWords {
        message: error.message().to_owned(),
        code: Some(code.into()),
        detail: error.detail().map(Into::into),
        hint: error.hint().map(Into::into),
        context: error.r#where().map(Into::into),
        position,
        trouble,
    }
}

fn of_mysql(error: &sqlx::mysql::MySqlDatabaseError) -> DatabaseWords {
    // https://mariadb.com/kb/en/mariadb-error-code-reference/
    let trouble = match error.number() {
        1205 | 1213 => Trouble::Busy,
        1021 | 1114 => Trouble::DiskFull,
        1290 | 1792 | 1836 => Trouble::ReadOnly,
        1317 | 1969 | 3024 => Trouble::Cancelled,
        1053 | 1077 | 1152..=1161 | 1927 => Trouble::Lost,
        _ => Trouble::Statement,
    };
    DatabaseWords { code: Some(error.number().to_string().into()), ..DatabaseWords::plain(error.message(), trouble) }
}
