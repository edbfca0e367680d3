//! What a session is to know before it connects, and URLs as they may be shown.

use std::path::PathBuf;
use std::time::Duration;

use crate::backend::Backend;
use crate::manifest::Hooks;

/// What a session works with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The environment's name; it must be the one stamped into the database.
    pub environment: String,
    /// The database's URL; a relative SQLite path in it starts at the current folder.
    pub url: String,
    /// The backend that the URL is for.
    pub backend: Backend,
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

/// A URL without its password, for messages and logs: `postgres://app@db.internal/blog`.
///
/// The password is cut out of the authority, and so are `password=` parameters; what cannot be
/// told apart is cut rather than shown.
#[must_use]
pub fn redact(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return redact_parameters(url);
    };
    // A password may hold unescaped slashes; the last `@` before the query ends the credentials.
    let (before_query, query) = match rest.split_once('?') {
        Some((before, query)) => (before, Some(query)),
        None => (rest, None),
    };
    let shown = match before_query.rsplit_once('@') {
        Some((credentials, host)) => {
            let user = credentials.split(':').next().unwrap_or_default();
            if user.is_empty() { host.to_owned() } else { format!("{user}@{host}") }
        }
        None => before_query.to_owned(),
    };
    match query {
        Some(query) => redact_parameters(&format!("{scheme}://{shown}?{query}")),
        None => format!("{scheme}://{shown}"),
    }
}

fn redact_parameters(url: &str) -> String {
    let Some((before, query)) = url.split_once('?') else {
        return url.to_owned();
    };
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.to_ascii_lowercase().split('=').next().unwrap_or("").contains("pass"))
        .collect();
    if kept.is_empty() { before.to_owned() } else { format!("{before}?{}", kept.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::redact;

    #[test]
    fn the_password_is_cut_out() {
        assert_eq!(redact("postgres://app:s3cret@db.internal/blog"), "postgres://app@db.internal/blog");
        assert_eq!(redact("postgres://app@db/blog?sslmode=require"), "postgres://app@db/blog?sslmode=require");
        assert_eq!(redact("postgres://db/blog"), "postgres://db/blog");
        assert_eq!(redact("sqlite://blog.db"), "sqlite://blog.db");
    }

    #[test]
    fn odd_passwords_are_cut_out_too() {
        assert_eq!(redact("postgres://app:p@ss/w:rd@db/blog"), "postgres://app@db/blog");
        assert_eq!(redact("postgres://:only@db/blog"), "postgres://db/blog");
        assert_eq!(redact("postgres://db/blog?user=app&password=s3cret"), "postgres://db/blog?user=app");
        assert_eq!(redact("postgres:///blog?sslpassword=x"), "postgres:///blog");
    }
}
