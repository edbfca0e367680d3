//! Environments: which database a run is for, and `.env`.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

use super::Manifest;
use super::error::{DotenvError, EnvironmentError};
use crate::database_url::{DatabaseUrl, masked};
use crate::diagnostic::nearest;

/// The variable that counts where an environment has no URL.
const DATABASE_URL: &str = "DATABASE_URL";

/// The URL of an environment: `url_flag`, else the environment's `url` (`$NAME` is looked
/// up), else, where it has none, the variable `DATABASE_URL`. Relative SQLite paths start at the folder of
/// `schema.toml`, those of `url_flag` at the current one.
///
/// # Errors
/// Where there is no such environment, no URL, or the URL cannot be understood or is of no backend of the manifest.
pub fn resolve_url(
    manifest: &Manifest,
    name: &str,
    url_flag: Option<&str>,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<DatabaseUrl, EnvironmentError> {
    let Some(environment) = manifest.environments.get(name) else {
        let known: Vec<String> = manifest.environments.keys().cloned().collect();
        let names = || known.iter().map(String::as_str);
        let nearest = nearest(name, names()).or_else(|| names().find(|word| word.starts_with(name)));
        let nearest = nearest.filter(|_| !name.is_empty()).map(ToOwned::to_owned);
        return Err(EnvironmentError::Unknown { name: masked(name).into_owned(), nearest, known });
    };
    let given = match (url_flag, &environment.url) {
        (Some(flag), _) => flag.to_owned(),
        (None, Some(written)) => expand(name, "url", written, lookup)?,
        (None, None) => lookup(DATABASE_URL)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| EnvironmentError::NoUrl { environment: name.to_owned() })?,
    };
    let url: DatabaseUrl = given.parse()?;
    if !manifest.backends.contains(&url.backend()) {
        return Err(EnvironmentError::OtherBackend {
            backends: manifest.backends.iter().map(|backend| backend.name()).collect(),
            url,
        });
    }
    Ok(if url_flag.is_some() { url } else { url.within(Path::new(&manifest.folder)) })
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
pub(super) fn variable(written: &str) -> Option<&str> {
    let name = written.strip_prefix('$')?;
    let name = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name);
    name.chars().all(|c| c.is_alphanumeric() || c == '_').then_some(name)
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
                let (name, value) = pair.map_err(|error| {
                    // What is wrong in it may be a password, and it would be told.
                    let line = match error {
                        dotenvy::Error::LineParse(line, _) => line_of(&bytes, &line),
                        _ => None,
                    };
                    DotenvError::Unclear { path: path.clone(), line }
                })?;
                from_file.entry(name).or_insert(value);
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(DotenvError::Unreadable { path, source }),
    }
    Ok(move |name: &str| std::env::var(name).ok().or_else(|| from_file.get(name).cloned()))
}

/// The number of the line that has this text, or its first line, in it, from 1.
fn line_of(file: &[u8], start: &str) -> Option<usize> {
    let start = start.lines().next().filter(|start| !start.trim().is_empty())?.trim();
    String::from_utf8_lossy(file).lines().position(|line| line.contains(start)).map(|at| at + 1)
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
        assert_eq!(url.to_string(), "sqlite://blog.db");
    }

    #[test]
    fn the_variable_counts_where_the_environment_has_no_url() {
        let url = resolve_url(&manifest("."), "test", None, &shell).unwrap();
        assert_eq!(url, "postgres://app:secret@db/blog".parse().unwrap());
        let none = resolve_url(&manifest("."), "test", None, &|_| None).unwrap_err();
        assert_eq!(none, EnvironmentError::NoUrl { environment: "test".into() });
    }

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        let url = resolve_url(&manifest("."), "production", None, &shell).unwrap();
        assert_eq!(url, "postgres://app:secret@db/production".parse().unwrap());
        for lookup in [|_: &str| None, |_: &str| Some(String::new())] {
            let error = resolve_url(&manifest("."), "production", None, &lookup).unwrap_err();
            assert!(error.to_string().contains("the variable `PRODUCTION_URL`"), "{error}");
        }
    }

    #[test]
    fn relative_files_start_at_the_folder_of_the_manifest_and_those_of_the_flag_at_the_current_one() {
        let path = |url| match url {
            DatabaseUrl::Sqlite(file) => file.path.unwrap(),
            server => panic!("{server}"),
        };
        let url = resolve_url(&manifest("my app/50%"), "development", None, &shell).unwrap();
        assert_eq!(url.to_string(), "sqlite://blog.db");
        assert_eq!(path(url), Path::new("my app/50%/blog.db"));
        let url = resolve_url(&manifest("app"), "production", Some("sqlite:other.db"), &shell).unwrap();
        assert_eq!(path(url), Path::new("other.db"));
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
        assert!(error.to_string().ends_with("write `sqlite://blog.db`"), "{error}");
    }

    #[test]
    fn no_error_tells_a_password() {
        let secret = |error: EnvironmentError| format!("{error} {error:?}");
        for url in ["mysql://a:Zq1@c/d", "postgres://a:Zq1?Zq2@c/d", "root:Zq1@tcp(c)/d", "postgres://c/d?pwd=Zq1"] {
            let said = secret(resolve_url(&manifest("."), "test", Some(url), &shell).unwrap_err());
            assert!(!said.contains("Zq"), "{said}");
        }
        let said = secret(resolve_url(&manifest("."), "postgres://a:Zq1@c/d", None, &shell).unwrap_err());
        assert!(!said.contains("Zq"), "{said}");
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
        for text in ["A=1\nURL=postgres://a:Zq 1@c/d\n", "A=1\nURL=\"Zq1\n", "A=1\nZq1 is this\n"] {
            fs::write(folder.path().join(".env"), text).unwrap();
            let Err(error) = dotenv(folder.path()) else { panic!("{text}") };
            assert!(error.to_string().contains("line 2"), "{error}");
            assert!(!format!("{error} {error:?}").contains("Zq"), "{error}");
        }
    }
}
