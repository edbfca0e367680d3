//! Environments: which database a run is for, and `.env`.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

use super::Manifest;
use super::error::{DotenvError, EnvironmentError};
use crate::backend::Backend;
use crate::diagnostic::nearest;

/// The variable that counts where an environment has no URL.
const DATABASE_URL: &str = "DATABASE_URL";

/// A database, ready to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedUrl {
    /// The URL; a relative SQLite path in it starts at the current folder.
    pub url: String,
    /// The URL for people: as it was given, without its password.
    pub shown: String,
    /// The backend, by its scheme.
    pub backend: Backend,
    /// Who gave it.
    pub origin: UrlOrigin,
}

/// Where a URL came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UrlOrigin {
    /// `--database-url`.
    Flag,
    /// The environment's `url`.
    Manifest,
    /// A variable: one that the environment's `url` names, or `DATABASE_URL`.
    Variable(String),
}

/// The URL of an environment: `url_flag`, else the environment's `url` (`$NAME` is looked
/// up), else, where it has none, the variable `DATABASE_URL`. Relative SQLite paths start at the folder of
/// `schema.toml`, those of `url_flag` at the current one.
///
/// # Errors
/// Where there is no such environment, no URL, or the URL is of no backend of the manifest.
pub fn resolve_url(
    manifest: &Manifest,
    name: &str,
    url_flag: Option<&str>,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<ResolvedUrl, EnvironmentError> {
    let Some(environment) = manifest.environments.get(name) else {
        let known: Vec<String> = manifest.environments.keys().cloned().collect();
        let names = || known.iter().map(String::as_str);
        let nearest = nearest(name, names()).or_else(|| names().find(|word| word.starts_with(name)));
        let nearest = nearest.filter(|_| !name.is_empty()).map(ToOwned::to_owned);
        return Err(EnvironmentError::Unknown { name: name.to_owned(), nearest, known });
    };
    let (given, origin) = match (url_flag, &environment.url) {
        (Some(flag), _) => (flag.to_owned(), UrlOrigin::Flag),
        (None, Some(written)) => {
            let value = expand(name, "url", written, lookup)?;
            let origin = variable(written).map_or(UrlOrigin::Manifest, |name| UrlOrigin::Variable(name.to_owned()));
            (value, origin)
        }
        (None, None) => match lookup(DATABASE_URL).filter(|value| !value.is_empty()) {
            Some(value) => (value, UrlOrigin::Variable(DATABASE_URL.to_owned())),
            None => return Err(EnvironmentError::NoUrl { environment: name.to_owned() }),
        },
    };
    // Schemes have no case; drivers may think otherwise.
    let given = match given.split_once(':') {
        Some((scheme, rest)) => format!("{}:{rest}", scheme.to_ascii_lowercase()),
        None => given,
    };
    let shown = shown(&given);
    let Some(backend) = Backend::of_url(&given) else {
        return Err(EnvironmentError::UnknownScheme { shown });
    };
    if !manifest.backends.contains(&backend) {
        return Err(EnvironmentError::OtherBackend {
            shown,
            backend: backend.title(),
            backends: manifest.backends.iter().map(|backend| backend.name()).collect(),
        });
    }
    let url = match (backend, &origin) {
        (Backend::Sqlite, UrlOrigin::Manifest | UrlOrigin::Variable(_)) => sqlite_in(&manifest.folder, &given),
        _ => given,
    };
    Ok(ResolvedUrl { url, shown, backend, origin })
}

/// A value of an environment: `$NAME` as a whole is read from the variables. `what` is
/// the key it stands under, for the error.
///
/// # Errors
/// Where the variable is not set.
pub fn expand(
    environment: &str,
    what: &'static str,
    written: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<String, EnvironmentError> {
    let Some(variable) = variable(written) else { return Ok(written.to_owned()) };
    lookup(variable).filter(|value| !value.is_empty()).ok_or_else(|| EnvironmentError::VariableNotSet {
        environment: environment.to_owned(),
        what,
        value: written.to_owned(),
        variable: variable.to_owned(),
    })
}

/// The variable that a whole value `$NAME` or `${NAME}` names.
fn variable(written: &str) -> Option<&str> {
    let name = written.strip_prefix('$')?;
    Some(name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name))
}

/// A URL without its password.
pub(super) fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (authority, had) = match authority.rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((user, _)) => (format!("{user}@{host}"), true),
            None => (authority.to_owned(), false),
        },
        None => (authority.to_owned(), false),
    };
    let path = match path.split_once('?') {
        Some((before, query)) if query.split('&').any(|pair| pair.starts_with("password=")) => {
            let kept: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("password=")).collect();
            if kept.is_empty() { before.to_owned() } else { format!("{before}?{}", kept.join("&")) }
        }
        _ => path.to_owned(),
    };
    if had || path.len() != rest.len() - end { format!("{scheme}://{authority}{path}") } else { url.to_owned() }
}

/// A SQLite URL whose relative path starts at a folder.
fn sqlite_in(folder: &str, url: &str) -> String {
    let rest = url.strip_prefix("sqlite:").unwrap_or(url);
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let is_relative = !rest.is_empty() && !rest.starts_with(['/', '\\', ':', '?']) && !rest.starts_with("file:");
    if !is_relative || folder.is_empty() || folder == "." {
        return url.to_owned();
    }
    // The driver decodes the path, so what would be read as a code or a query is written as one.
    let folder = folder.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    format!("sqlite://{}/{rest}", folder.trim_end_matches('/'))
}

/// Variables for [`resolve_url`]: those of the process, and behind them those of the file
/// `.env` in `folder`, where there is one. The process's own variables are not touched.
///
/// # Errors
/// Where `.env` is there and cannot be read.
pub fn dotenv(folder: &Path) -> Result<impl Fn(&str) -> Option<String> + use<>, DotenvError> {
    let path = folder.join(".env");
    let mut from_file = HashMap::new();
    match fs::read(&path) {
        Ok(bytes) => {
            for pair in dotenvy::from_read_iter(bytes.as_slice()) {
                let (name, value) = pair.map_err(|source| DotenvError { path: path.clone(), source })?;
                from_file.entry(name).or_insert(value);
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(DotenvError { path, source: dotenvy::Error::Io(error) }),
    }
    Ok(move |name: &str| std::env::var(name).ok().or_else(|| from_file.get(name).cloned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Files, parse};

    fn manifest(folder: &str) -> Manifest {
        let schema = "[project]\nname = 'blog'\nbackends = ['sqlite', 'postgres']\n\
                      [database]\nurl = 'sqlite://blog.db'\n\
                      [environments.production]\nurl = '$PRODUCTION_URL'\nprotected = true\n\
                      [environments.test]\n";
        let files = Files { folder: folder.into(), schema: schema.into(), ..Files::default() };
        parse(&files).manifest.unwrap()
    }

    /// A shell in which `DATABASE_URL` is that of production.
    fn shell(name: &str) -> Option<String> {
        match name {
            "DATABASE_URL" => Some("postgres://app:secret@db/blog".into()),
            "PRODUCTION_URL" => Some("postgres://app:secret@db/production".into()),
            _ => None,
        }
    }

    #[test]
    fn a_shell_does_not_turn_development_into_production() {
        let url = resolve_url(&manifest("."), "development", None, &shell).unwrap();
        assert_eq!((url.url.as_str(), url.origin), ("sqlite://blog.db", UrlOrigin::Manifest));
    }

    #[test]
    fn the_variable_counts_where_the_environment_has_no_url() {
        let url = resolve_url(&manifest("."), "test", None, &shell).unwrap();
        assert_eq!(url.url, "postgres://app:secret@db/blog");
        assert_eq!(url.shown, "postgres://app@db/blog");
        assert_eq!((url.backend, url.origin), (Backend::Postgres, UrlOrigin::Variable("DATABASE_URL".into())));
        let none = resolve_url(&manifest("."), "test", None, &|_| None).unwrap_err();
        assert_eq!(none, EnvironmentError::NoUrl { environment: "test".into() });
    }

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        let url = resolve_url(&manifest("."), "production", None, &shell).unwrap();
        assert_eq!(url.url, "postgres://app:secret@db/production");
        for lookup in [|_: &str| None, |_: &str| Some(String::new())] {
            let error = resolve_url(&manifest("."), "production", None, &lookup).unwrap_err();
            assert!(error.to_string().contains("the variable `PRODUCTION_URL`"), "{error}");
        }
    }

    #[test]
    fn the_flag_wins_and_starts_at_the_current_folder() {
        let url = resolve_url(&manifest("app"), "production", Some("sqlite:other.db"), &shell).unwrap();
        assert_eq!((url.url.as_str(), url.origin), ("sqlite:other.db", UrlOrigin::Flag));
    }

    #[test]
    fn relative_files_start_at_the_folder_of_the_manifest() {
        let url = resolve_url(&manifest("my app/50%"), "development", None, &shell).unwrap();
        assert_eq!((url.url.as_str(), url.shown.as_str()), ("sqlite://my app/50%25/blog.db", "sqlite://blog.db"));
        for (written, resolved) in [
            ("sqlite:a/b.db?mode=ro", "sqlite:///srv/a/b.db?mode=ro"),
            ("sqlite:///var/b.db", "sqlite:///var/b.db"),
            ("sqlite:/var/b.db", "sqlite:/var/b.db"),
            ("sqlite::memory:", "sqlite::memory:"),
            ("sqlite://", "sqlite://"),
        ] {
            assert_eq!(sqlite_in("/srv/", written), resolved);
        }
    }

    #[test]
    fn an_unknown_environment_is_answered_with_those_there_are() {
        let error = resolve_url(&manifest("."), "prodution", None, &shell).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no environment `prodution` (did you mean `production`?); \
             there are `development`, `production`, `test`"
        );
        let short = resolve_url(&manifest("."), "prod", None, &shell).unwrap_err();
        assert!(short.to_string().contains("did you mean `production`?"), "{short}");
    }

    #[test]
    fn a_url_must_be_of_a_backend_of_the_manifest() {
        let error = resolve_url(&manifest("."), "test", Some("mysql://a:b@c/d"), &shell).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`mysql://a@c/d` is a MySQL database, and the manifest's backends are sqlite, postgres"
        );
        let error = resolve_url(&manifest("."), "test", Some("blog.db"), &shell).unwrap_err();
        assert!(matches!(error, EnvironmentError::UnknownScheme { .. }));
    }

    #[test]
    fn passwords_are_not_shown() {
        for (url, expected) in [
            ("postgres://a:b@c/d", "postgres://a@c/d"),
            ("postgres://a:p@ss@c/d", "postgres://a@c/d"),
            ("postgres://c/d?user=a&password=b", "postgres://c/d?user=a"),
            ("postgres://c/d?password=b", "postgres://c/d"),
            ("postgres://c:5432/d", "postgres://c:5432/d"),
            ("sqlite://a@b:c/d.db", "sqlite://a@b:c/d.db"),
        ] {
            assert_eq!(shown(url), expected);
        }
    }

    #[test]
    fn a_dotenv_stands_behind_the_process_and_does_not_touch_it() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(dotenv(folder.path()).unwrap()("DBMIGRATE_TEST_OF_DOTENV"), None);
        let text = "# a comment\nDBMIGRATE_TEST_OF_DOTENV='a b'\nexport PATH=nowhere\n";
        fs::write(folder.path().join(".env"), text).unwrap();
        let lookup = dotenv(folder.path()).unwrap();
        assert_eq!(lookup("DBMIGRATE_TEST_OF_DOTENV").as_deref(), Some("a b"));
        assert_eq!(lookup("PATH"), std::env::var("PATH").ok());
        assert_eq!(std::env::var("DBMIGRATE_TEST_OF_DOTENV").ok(), None);
        fs::write(folder.path().join(".env"), "what is this\n").unwrap();
        assert!(dotenv(folder.path()).is_err());
    }
}
