//! The URL of a SQLite file.

use std::fmt;
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

use super::error::UrlFault;
use crate::diagnostic::{listed, nearest};

/// Where a SQLite database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileUrl {
    /// The file; `None` for a database in memory.
    pub path: Option<PathBuf>,
    /// Whether it may not be written to.
    pub read_only: bool,
    /// Parameters that only SQLite's own kind of URI can say, as it says them.
    pub sqlite_parameters: Vec<String>,
    shown: String,
}

impl FileUrl {
    /// Reads what comes behind `sqlite:` in `sqlite:PATH`, `sqlite://PATH` (a path may have `%` codes) or
    /// `sqlite::memory:`, each with the parameters `mode`, `cache`, `immutable` and `vfs` of
    /// <https://www.sqlite.org/uri.html>.
    pub(super) fn parse(rest: &str) -> Result<Self, UrlFault> {
        let shown = format!("sqlite:{rest}");
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let (written, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        if written.rsplit_once('@').is_some_and(|(before, _)| before.contains(':')) || parameters.contains('@') {
            let why = "it names a file, and no user, password or host; percent-encode `@` in a file's name, as `%40`";
            return Err(UrlFault::Part(why));
        }
        let mut file = Self { path: None, read_only: false, sqlite_parameters: Vec::new(), shown };
        let mut in_memory = written == ":memory:";
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            match (name, value) {
                ("mode", "rw" | "rwc") => {}
                ("mode", "ro") => file.read_only = true,
                ("mode", "memory") => in_memory = true,
                ("immutable", "true" | "1") => file.sqlite_parameters.push("immutable=1".to_owned()),
                ("immutable", "false" | "0") => file.sqlite_parameters.push("immutable=0".to_owned()),
                ("cache", "shared" | "private") | ("vfs", _) => file.sqlite_parameters.push(parameter.to_owned()),
                ("mode", _) => return wrong("mode", "ro, rw, rwc or memory"),
                ("cache", _) => return wrong("cache", "shared or private"),
                ("immutable", _) => return wrong("immutable", "true or false"),
                _ => return Err(unknown(name)),
            }
        }
        if in_memory {
            return Ok(file);
        }
        let path = percent_decode_str(written).decode_utf8().map_err(|_| UrlFault::Part("its path is not UTF-8"))?;
        if path.is_empty() {
            return Err(UrlFault::Part("it names no file"));
        }
        if path.contains('\0') {
            return Err(UrlFault::Part("its path has a zero byte"));
        }
        file.path = Some(PathBuf::from(path.into_owned()));
        Ok(file)
    }

    pub(super) fn within(mut self, folder: &Path) -> Self {
        if folder != Path::new(".") {
            self.path = self.path.map(|path| folder.join(path));
        }
        self
    }
}

fn wrong<T>(parameter: &'static str, expected: &'static str) -> Result<T, UrlFault> {
    Err(UrlFault::WrongValue { parameter, expected })
}

fn unknown(name: &str) -> UrlFault {
    let known = ["mode", "cache", "immutable", "vfs"];
    let is_word = name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    UrlFault::UnknownParameter {
        name: is_word.then(|| name.to_owned()),
        nearest: nearest(name, known),
        known: listed(known),
    }
}

impl fmt::Display for FileUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}
