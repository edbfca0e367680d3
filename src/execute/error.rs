//! Why the database could not be asked or a run could not be started. Each variant says what a
//! person needs to know, without a password. A statement that fails *within* a run is not here:
//! that run has a [`RunReport`](super::RunReport).

use std::path::PathBuf;
use std::time::Duration;

use super::holder::Holder;
use super::words::DatabaseWords;
use crate::diagnostic::Direction;
use crate::ident::Version;

/// What an error means for the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// The database cannot be reached or is locked (exit 5).
    Unreachable,
    /// Refused for safety (exit 4).
    Refused,
    /// What was asked for does not make sense (exit 2).
    Usage,
    /// Another error while running (exit 1).
    Failed,
}

/// Why it could not be done. Unless a variant says otherwise, nothing was changed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ExecuteError {
    /// The driver does not understand the URL.
    #[error("the driver does not understand the database URL {url}")]
    BadUrl {
        /// The URL, without its password.
        url: String,
    },
    /// The database did not answer, or let nobody in.
    #[error("cannot connect to {url}: {words}")]
    CannotConnect {
        /// The URL, without its password.
        url: String,
        /// The database's or the system's words.
        words: Box<DatabaseWords>,
    },
    /// The folder that a SQLite file would be made in is not there.
    #[error("the folder `{}` of the database file is not there", .0.display())]
    NoFolder(PathBuf),
    /// There is no database yet, and this needs one.
    #[error("there is no database at {url} yet")]
    NoDatabase {
        /// The URL.
        url: String,
    },
    /// Another run holds the lock.
    #[error("the database is locked by {holder}; gave up after {} s", .waited.as_secs())]
    Locked {
        /// Who holds it.
        holder: Holder,
        /// How long this run waited.
        waited: Duration,
    },
    /// The ledger is not the one the plan was made from: plan again.
    #[error("the ledger changed since the plan was made: {what}")]
    LedgerChanged {
        /// What is different.
        what: String,
    },
    /// The ledger was written by a newer version.
    #[error("the ledger has format {found}, written by a newer dbmigrate; this one knows formats up to {known}")]
    LedgerTooNew {
        /// The format found.
        found: i64,
        /// The newest format known.
        known: i64,
    },
    /// The ledger's contents make no sense.
    #[error("the ledger cannot be read: {why}")]
    LedgerUnreadable {
        /// What is wrong in it.
        why: String,
    },
    /// The database is stamped with another environment's name.
    #[error("this database is stamped `{stamped}`, and you asked for `{asked}`")]
    EnvironmentMismatch {
        /// The name in the database.
        stamped: String,
        /// The name asked for.
        asked: String,
        /// The URL, without its password.
        url: String,
        /// Whether a password was cut out of it.
        password: bool,
    },
    /// A migration was interrupted, and nobody can tell whether its last statement ran.
    #[error(
        "`{name}` ({version}) was interrupted on its way {direction}, and nothing tells whether its statement {statement} of {of} ran"
    )]
    Interrupted {
        /// Version.
        version: Version,
        /// Name.
        name: String,
        /// Which way it went.
        direction: Direction,
        /// The statement, counted from 1.
        statement: usize,
        /// Statements in all.
        of: usize,
        /// The statement's SQL, where the plan goes on with that migration.
        sql: Option<String>,
    },
    /// A migration outside a transaction was interrupted, and edited where it had run already.
    #[error(
        "`{name}` ({version}) was interrupted after its statement {statement} had run, and that statement was edited since"
    )]
    EditedMidway {
        /// Version.
        version: Version,
        /// Name.
        name: String,
        /// The statement, counted from 1.
        statement: usize,
        /// What ran.
        ran: String,
    },
    /// `resolve` named a statement that is not in doubt.
    #[error("statement {statement} of `{version}` is not in doubt: {why}")]
    NothingToResolve {
        /// The version named.
        version: Version,
        /// The statement named.
        statement: usize,
        /// What the journal says instead.
        why: String,
    },
    /// A plan with errors in it does not run.
    #[error("the plan has errors, the first: {0}")]
    PlanHasErrors(String),
    /// A `before_…` hook failed, so nothing was run.
    #[error("the hook `{hook}` failed ({status}), so nothing was run: {command}")]
    HookFailed {
        /// Its key in the manifest.
        hook: String,
        /// The command.
        command: String,
        /// Its exit status, or why it could not be started.
        status: String,
    },
    /// No backup could be made, so nothing was run.
    #[error("no backup could be made in `{}`: {why}", .folder.display())]
    Backup {
        /// The folder it should have gone to.
        folder: PathBuf,
        /// Why not.
        why: String,
    },
    /// Something that exists could not be dropped.
    #[error("{object} could not be dropped: {why}; {}", dropped_before(*gone, *of))]
    NotDropped {
        /// Its kind and name.
        object: String,
        /// Why.
        why: Box<Self>,
        /// How much was dropped before it, and stays so.
        gone: usize,
        /// How much there was.
        of: usize,
    },
    /// The run was cancelled before it began.
    #[error("interrupted before anything was run")]
    Cancelled,
    /// The disk is full.
    #[error("the disk is full ({doing}): {words}")]
    DiskFull {
        /// What was being done.
        doing: &'static str,
        /// The database's words.
        words: Box<DatabaseWords>,
    },
    /// The connection was lost.
    #[error("the connection was lost ({doing}): {words}")]
    ConnectionLost {
        /// What was being done.
        doing: &'static str,
        /// The driver's words.
        words: Box<DatabaseWords>,
    },
    /// The database refused.
    #[error("the database refused ({doing}): {words}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// The database's words.
        words: Box<DatabaseWords>,
    },
}

fn dropped_before(gone: usize, of: usize) -> String {
    match gone {
        0 => "nothing was changed".to_owned(),
        gone => format!("{gone} of {of} objects were dropped before it, and the ledger says that nothing is applied"),
    }
}

impl ExecuteError {
    /// What it means for the exit code.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::CannotConnect { .. }
            | Self::NoFolder(_)
            | Self::NoDatabase { .. }
            | Self::Locked { .. }
            | Self::ConnectionLost { .. } => ErrorClass::Unreachable,
            Self::EnvironmentMismatch { .. }
            | Self::Interrupted { .. }
            | Self::EditedMidway { .. }
            | Self::LedgerTooNew { .. }
            | Self::LedgerChanged { .. }
            | Self::HookFailed { .. }
            | Self::Backup { .. } => ErrorClass::Refused,
            Self::NotDropped { why, .. } => why.class(),
            Self::BadUrl { .. } | Self::NothingToResolve { .. } => ErrorClass::Usage,
            Self::LedgerUnreadable { .. }
            | Self::PlanHasErrors(_)
            | Self::Cancelled
            | Self::DiskFull { .. }
            | Self::Database { .. } => ErrorClass::Failed,
        }
    }

    /// What to type or do next, where there is something to say.
    #[must_use]
    pub fn next(&self) -> Option<String> {
        Some(match self {
            Self::EnvironmentMismatch { stamped, asked, .. } => format!(
                "`--env {stamped}`, if that is what you mean; or `stamp {asked}`, if the database has become one of `{asked}`"
            ),
            Self::Interrupted { version, statement, .. } => format!(
                "look at the database, then `resolve {version} --statement {statement} --ran` or `--not-ran`, and run again"
            ),
            Self::EditedMidway { ran, statement, .. } => {
                format!("let statement {statement} stand as it ran and mend only what comes after it; it was: {ran}")
            }
            Self::NotDropped { gone: 0, .. } => return None,
            Self::NotDropped { .. } => {
                "`dbmigrate fresh` again: it drops what is left, and applies everything".to_owned()
            }
            Self::Locked { .. } => "wait for it, or allow more time with `--lock-timeout`".to_owned(),
            Self::LedgerChanged { .. } => "run again: the plan is made anew".to_owned(),
            Self::LedgerTooNew { .. } => "use the newer dbmigrate".to_owned(),
            Self::NoFolder(folder) => format!("make the folder: mkdir -p {}", folder.display()),
            Self::DiskFull { .. } => "make room, then run again".to_owned(),
            _ => return None,
        })
    }

    /// The database's words, told apart by what kind of trouble they are.
    pub(super) fn of(doing: &'static str, words: DatabaseWords) -> Self {
        use super::words::Trouble;
        let words = Box::new(words);
        match words.trouble {
            Trouble::DiskFull => Self::DiskFull { doing, words },
            Trouble::Lost => Self::ConnectionLost { doing, words },
            _ => Self::Database { doing, words },
        }
    }
}
