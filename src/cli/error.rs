//! What ends a command other than well: the user's, the configuration's, refusals, and the
//! database's and ours; each with its exit code and what to do next.

use std::io;
use std::path::PathBuf;

use super::exit_code;
use crate::backend::Backend;
use crate::database_url::DatabaseUrl;
use crate::diagnostic::Code;
use crate::execute::{ErrorClass, ExecuteError};
use crate::manifest::{DotenvError, EnvironmentError, ManifestError};
use crate::plan::PlanError;
use crate::report::run::Problem;
use crate::report::words;

/// Anything that ends a command other than well.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// What was typed does not make sense.
    #[error(transparent)]
    User(#[from] UserError),
    /// The manifest or the environment does not make sense.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// It was not allowed.
    #[error(transparent)]
    Refusal(#[from] Refusal),
    /// The database, or the way to it.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
    /// A result could not be written.
    #[error("the result could not be written: {0}")]
    Output(#[source] io::Error),
    /// The system would not give what it takes to run.
    #[error("{doing}: {source}")]
    System {
        /// What was being done.
        doing: String,
        /// The system's words.
        source: io::Error,
    },
    /// All has been said already; this is its exit code.
    #[error("exit code {0}")]
    Said(u8),
}

/// What was typed does not make sense.
#[derive(Debug, thiserror::Error)]
pub(super) enum UserError {
    /// A format that the command does not have.
    #[error("`--format {format}` is for {whose}, and not for `{command}`")]
    Format {
        format: &'static str,
        /// Which commands have it.
        whose: &'static str,
        command: &'static str,
    },
    /// A command that is not there.
    #[error("there is no command `{name}`")]
    NoSuchCommand {
        name: String,
        /// Those there are.
        known: String,
    },
    /// A severity that a code cannot have.
    #[error("`{0}` is always an error")]
    AlwaysAnError(Code),
    /// A target that is not there.
    #[error(transparent)]
    Target(#[from] PlanError),
    /// `--backend` and the URL do not agree.
    #[error("`--backend {asked}`, but {url} is a {} database", .url.backend().title())]
    OtherBackend { asked: Backend, url: DatabaseUrl },
    /// `--backend` names one that the manifest does not have.
    #[error("the manifest's backends are {known}, and not {asked}")]
    BackendNotThere {
        asked: Backend,
        /// Those there are.
        known: String,
    },
    /// One migration for several backends.
    #[error("one migration is of one backend, and the manifest's are {names}")]
    OneBackend {
        /// The manifest's.
        names: String,
    },
    /// No name for a migration.
    #[error("`{0}` is no name for a migration")]
    Name(String),
    /// A name that is taken.
    #[error("there is a migration `{name}` already{}", .at.as_ref().map(|at| format!(": {at}")).unwrap_or_default())]
    NameTaken {
        name: String,
        /// Its file.
        at: Option<String>,
    },
    /// `init` where there is something.
    #[error("there is a `{}` already; nothing was written", .0.display())]
    ProjectThere(PathBuf),
}

/// The manifest or the environment does not make sense.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConfigurationError {
    /// The manifest cannot be read.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The manifest has errors; they have been drawn.
    #[error("the manifest has {}", words::count(*.0, "error"))]
    Broken(usize),
    /// The environment has no database.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// `.env` cannot be read.
    #[error(transparent)]
    Dotenv(#[from] DotenvError),
}

/// It was not allowed; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// The environment is protected.
    #[error("`{environment}` is protected, and this {what}")]
    Protected {
        environment: String,
        /// What it would do.
        what: String,
        /// What would be lost, in lines.
        losing: Vec<String>,
        /// What to type.
        next: String,
    },
    /// The database is another project's.
    #[error("{}", no_migration_is_known(*.applied))]
    Foreign {
        /// How many migrations are applied to it.
        applied: usize,
        /// The database and some of them.
        has: String,
        /// What to type.
        next: String,
    },
    /// Something else was typed than the environment's name.
    #[error("that is not `{environment}`; nothing was changed")]
    NotConfirmed { environment: String },
    /// The ledger keeps changing.
    #[error("other runs keep changing the ledger; gave up after {0} plans")]
    Unsteady(usize),
}

impl Error {
    #[must_use]
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::User(_) | Self::Configuration(_) => exit_code::USAGE,
            Self::Refusal(Refusal::Unsteady(_)) => exit_code::UNREACHABLE,
            Self::Refusal(_) => exit_code::REFUSED,
            Self::Execute(error) => match error.class() {
                ErrorClass::Unreachable => exit_code::UNREACHABLE,
                ErrorClass::Refused => exit_code::REFUSED,
                ErrorClass::Usage => exit_code::USAGE,
                ErrorClass::Failed => exit_code::FAILED,
            },
            Self::Output(_) | Self::System { .. } => exit_code::FAILED,
            Self::Said(code) => *code,
        }
    }

    /// Whether it was refused, as against having failed.
    #[must_use]
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Self::Refusal(_) | Self::User(_) | Self::Configuration(_))
            || self.exit_code() == exit_code::REFUSED
    }

    /// Whether nothing more is to be said.
    #[must_use]
    pub(super) fn is_silent(&self) -> bool {
        matches!(self, Self::Said(_))
    }

    /// What to do next, where there is something to say.
    #[must_use]
    pub(super) fn next(&self) -> Option<String> {
        match self {
            Self::User(error) => error.next(),
            Self::Configuration(error) => error.next(),
            Self::Refusal(Refusal::Protected { next, .. } | Refusal::Foreign { next, .. }) => Some(next.clone()),
            Self::Refusal(Refusal::Unsteady(_)) => Some("wait until they are done, then run again".to_owned()),
            Self::Execute(error) => error.next(),
            Self::Refusal(_) | Self::Output(_) | Self::System { .. } | Self::Said(_) => None,
        }
    }

    /// As a screen.
    #[must_use]
    pub(super) fn problem(&self) -> Problem {
        let mut problem = Problem::new(self.to_string());
        match self {
            Self::Configuration(ConfigurationError::Manifest(ManifestError::Unreadable { source, .. })) => {
                problem = problem.note(source.to_string());
            }
            Self::Refusal(Refusal::Protected { losing, .. }) => {
                problem = losing.iter().fold(problem, Problem::note).note("nothing was changed");
            }
            Self::Refusal(Refusal::Foreign { has, .. }) => {
                problem = problem.note(has).note("it looks like another project's database; nothing was changed");
            }
            Self::Execute(ExecuteError::EnvironmentMismatch { url, password, .. }) => {
                let not_shown = if *password { " (password not shown)" } else { "" };
                problem = problem.note(format!("{url}{not_shown}")).note("nothing was changed");
            }
            Self::Execute(ExecuteError::Interrupted { sql: Some(sql), .. }) => problem = problem.fact("statement", sql),
            _ => {}
        }
        problem.next(self.next())
    }
}

fn no_migration_is_known(applied: usize) -> String {
    match applied {
        1 => "the one migration that is applied to this database is not in the manifest".to_owned(),
        all => format!(
            "none of the {} that are applied to this database is in the manifest",
            words::count(all, "migration")
        ),
    }
}

impl UserError {
    fn next(&self) -> Option<String> {
        Some(match self {
            Self::Format { .. } => "`--format json` or `--format text`".to_owned(),
            Self::Target(PlanError::NotApplied { .. }) => "`dbmigrate info` shows what is applied".to_owned(),
            Self::Target(_) => "`dbmigrate info` shows every migration".to_owned(),
            Self::Name(_) => "letters, digits, `_` and `-`, and at least one that is no digit".to_owned(),
            Self::ProjectThere(_) => "`dbmigrate create NAME` writes a migration".to_owned(),
            Self::OtherBackend { .. } => "leave `--backend` out: the URL says it".to_owned(),
            Self::AlwaysAnError(code) => format!("`dbmigrate check --explain {code}`"),
            Self::NoSuchCommand { known, .. } => format!("one of {known}"),
            Self::OneBackend { .. } => "`--backend NAME` says which".to_owned(),
            Self::BackendNotThere { .. } | Self::NameTaken { .. } => return None,
        })
    }
}

impl ConfigurationError {
    fn next(&self) -> Option<String> {
        match self {
            Self::Manifest(ManifestError::Missing { .. }) => {
                Some("`dbmigrate init` starts a project here; `--manifest PATH` names another".to_owned())
            }
            _ => None,
        }
    }
}
