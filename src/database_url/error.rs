//! Why a database URL cannot be used. What is said holds nothing of the URL but its scheme and names of parameters: any
//! other part of what cannot be read may be a password.

use std::fmt;

use crate::diagnostic::nearest;

/// A URL that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseUrlError {
    /// Its scheme, in lower case; `None` where it does not seem to have one.
    pub scheme: Option<String>,
    /// What is wrong with it.
    pub fault: UrlFault,
}

/// What is wrong with a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlFault {
    /// No backend has such URLs; `meant` is the scheme, or for the name of a file the whole URL, that would be right.
    NoBackend {
        /// What would be right, where that can be guessed.
        meant: Option<String>,
    },
    /// A server's URL without `//` behind the scheme.
    NoSlashes,
    /// It cannot be divided into user, password, host and path for sure.
    Ambiguous,
    /// A part of it makes no sense.
    Part(&'static str),
    /// A parameter that is not known; its name and the nearest that is, where they may be told.
    UnknownParameter {
        /// As it is written, unless it may be a piece of a password.
        name: Option<String>,
        /// The one that may have been meant.
        nearest: Option<&'static str>,
        /// All that are known.
        known: String,
    },
    /// A parameter that is there twice.
    TwiceGiven(&'static str),
    /// A parameter with a value that it cannot have.
    WrongValue {
        parameter: &'static str,
        /// What it can be.
        expected: &'static str,
    },
}

/// The error for a text whose scheme is no backend's.
pub(super) fn unknown_scheme(text: &str, scheme: &str, rest: &str) -> DatabaseUrlError {
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        && rest.starts_with("//");
    if is_scheme {
        let schemes = ["sqlite", "postgres", "postgresql", "mysql", "mariadb"];
        let meant = nearest(scheme, schemes).map(|scheme| format!("{scheme}:"));
        return DatabaseUrlError { scheme: Some(scheme.to_owned()), fault: UrlFault::NoBackend { meant } };
    }
    let is_file = [".db", ".db3", ".sqlite", ".sqlite3"].iter().any(|ending| text.ends_with(ending))
        && !text.contains([':', '@', '=', '?']);
    let meant = is_file.then(|| format!("sqlite://{text}"));
    DatabaseUrlError { scheme: None, fault: UrlFault::NoBackend { meant } }
}

impl std::error::Error for DatabaseUrlError {}

impl fmt::Display for DatabaseUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.scheme.as_deref().unwrap_or_default();
        match (&self.fault, &self.scheme) {
            (UrlFault::NoBackend { meant: Some(meant) }, None) => {
                write!(f, "this is the name of a file, not a database URL: write `{meant}`")
            }
            (UrlFault::NoBackend { meant }, Some(scheme)) => {
                write!(f, "`{scheme}:` is not a supported database")?;
                match meant {
                    Some(meant) => write!(f, ": did you mean `{meant}`?"),
                    None => f.write_str(": a URL starts with `sqlite:`, `postgres:` or `mysql:`"),
                }
            }
            (UrlFault::NoBackend { .. }, None) => f.write_str(
                "the database URL cannot be understood: a URL starts with `sqlite:`, `postgres://` or `mysql://`",
            ),
            (UrlFault::NoSlashes, _) => write!(
                f,
                "the `{scheme}:` URL cannot be understood: it starts with `{scheme}://`, as `{scheme}://app@localhost/blog`"
            ),
            (UrlFault::Ambiguous, _) => write!(
                f,
                "the `{scheme}:` URL cannot be understood: percent-encode `? # / @` in a password, as `%3F %23 %2F %40`"
            ),
            (UrlFault::Part(what), _) => write!(f, "the `{scheme}:` URL cannot be understood: {what}"),
            (UrlFault::UnknownParameter { name, nearest, known }, _) => {
                match name {
                    Some(name) => write!(f, "the `{scheme}:` URL has a parameter `{name}`, which is not known")?,
                    None => write!(
                        f,
                        "the `{scheme}:` URL has a parameter that is not known; if it is a part of the password, \
                         percent-encode `&` in it, as `%26`"
                    )?,
                }
                match nearest {
                    Some(nearest) => write!(f, ": did you mean `{nearest}`?"),
                    None => write!(f, "; known are {known}"),
                }
            }
            (UrlFault::TwiceGiven(name), _) => write!(f, "the `{scheme}:` URL has the parameter `{name}` twice"),
            (UrlFault::WrongValue { parameter, expected }, _) => {
                write!(f, "in the `{scheme}:` URL `{parameter}` must be {expected}")
            }
        }
    }
}
