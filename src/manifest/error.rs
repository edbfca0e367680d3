//! Why a manifest could not be loaded or an environment not be found. Problems *in*
//! the manifest are diagnostics; these are failures to get at it.

use std::path::PathBuf;

use crate::database_url::{DatabaseUrl, DatabaseUrlError};

/// `schema.toml` itself cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// There is no such file.
    #[error("there is no manifest at `{path}`")]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// It is there and cannot be read.
    #[error("cannot read the manifest `{path}`")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is no text.
    #[error("the manifest `{path}` is not UTF-8 text")]
    NotText {
        /// The file.
        path: PathBuf,
    },
}

/// An environment has no database that could be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    /// The manifest does not have it.
    #[error("there is no environment `{name}`{}; there {}", did_you_mean(.nearest.as_deref()), listed(.known))]
    Unknown {
        /// What was asked for.
        name: String,
        /// The nearest that exists.
        nearest: Option<String>,
        /// Those that exist.
        known: Vec<String>,
    },
    /// A `$NAME` that is not set.
    #[error("`{value}` is not set: the environment `{environment}` takes its {what} from the variable `{variable}`")]
    VariableNotSet {
        /// The environment.
        environment: String,
        /// What it is for: "url", "backup".
        what: &'static str,
        /// The value as written: `$NAME`.
        value: String,
        /// The variable.
        variable: String,
    },
    /// Neither a URL nor `DATABASE_URL`.
    #[error(
        "the environment `{environment}` has no database: give it a `url` in schema.toml, set DATABASE_URL, or say --database-url"
    )]
    NoUrl {
        /// The environment.
        environment: String,
    },
    /// A URL that cannot be understood.
    #[error(transparent)]
    Url(#[from] DatabaseUrlError),
    /// A URL of a backend that the manifest does not name.
    #[error("`{url}` is a {} database, and the manifest's backends are {}", .url.backend().title(), .backends.join(", "))]
    OtherBackend {
        /// The URL.
        url: DatabaseUrl,
        /// Those of the manifest.
        backends: Vec<&'static str>,
    },
}

/// `.env` is there and cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DotenvError {
    /// It cannot be read at all.
    #[error("cannot read `{path}`: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It makes no sense; what it says may be secret.
    #[error("cannot read `{path}`{}: put a value with spaces or quotes into single quotes", on_line(*.line))]
    Unclear {
        /// The file.
        path: PathBuf,
        /// The line, from 1, where it is known.
        line: Option<usize>,
    },
}

fn on_line(line: Option<usize>) -> String {
    line.map(|line| format!(", line {line}")).unwrap_or_default()
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map(|name| format!(" (did you mean `{name}`?)")).unwrap_or_default()
}

fn listed(known: &[String]) -> String {
    let names: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [one] => format!("is only {one}"),
        _ => format!("are {}", names.join(", ")),
    }
}
