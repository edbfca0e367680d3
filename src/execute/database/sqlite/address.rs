//! Where a SQLite database is: what a URL says, and how it is opened.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

/// What a URL of SQLite says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// The file; `None` for a database in memory.
    pub(super) path: Option<PathBuf>,
    read_only: bool,
    /// Parameters that only SQLite's own kind of URI can say, as it says them.
    more: Vec<String>,
}

impl Address {
    /// Reads `sqlite:PATH`, `sqlite://PATH` (a path may have `%` codes) or `sqlite::memory:`, each with the parameters
    /// `mode`, `cache`, `immutable` and `vfs` of <https://www.sqlite.org/uri.html>.
    ///
    /// # Errors
    /// Why it makes no sense.
    pub(super) fn of(url: &str) -> Result<Self, String> {
        let rest = url.strip_prefix("sqlite:").unwrap_or(url);
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let (written, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let mut address = Self { path: None, read_only: false, more: Vec::new() };
        let mut in_memory = written == ":memory:";
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            match (name, value) {
                ("mode", "rw" | "rwc") => {}
                ("mode", "ro") => address.read_only = true,
                ("mode", "memory") => in_memory = true,
                ("cache", "shared" | "private") | ("immutable", "true" | "false" | "1" | "0") | ("vfs", _) => {
                    let value = if name == "immutable" {
                        u8::from(matches!(value, "true" | "1")).to_string()
                    } else {
                        value.to_owned()
                    };
                    address.more.push(format!("{name}={value}"));
                }
                ("mode" | "cache" | "immutable", _) => return Err(format!("`{value}` is no value of `{name}`")),
                _ => return Err(format!("it has no parameter `{name}`")),
            }
        }
        if in_memory {
            return Ok(address);
        }
        let path = decoded(written).ok_or("its path is not UTF-8")?;
        if path.is_empty() {
            return Err("it names no file".to_owned());
        }
        if path.contains('\0') {
            return Err("its path has a zero byte".to_owned());
        }
        address.path = Some(PathBuf::from(path));
        Ok(address)
    }

    /// Opens it; makes the file if it is not there and `create` says so.
    pub(super) fn open(&self, create: bool) -> Result<Connection, rusqlite::Error> {
        let access = match (self.read_only, create) {
            (true, _) => OpenFlags::SQLITE_OPEN_READ_ONLY,
            (false, true) => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            (false, false) => OpenFlags::SQLITE_OPEN_READ_WRITE,
        };
        // One thread at a time has the connection, so SQLite need not see to that.
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        match &self.path {
            None => Connection::open_in_memory_with_flags(flags | OpenFlags::SQLITE_OPEN_CREATE),
            Some(path) if self.more.is_empty() => Connection::open_with_flags(path, flags),
            Some(path) => Connection::open_with_flags(self.uri(path), flags | OpenFlags::SQLITE_OPEN_URI),
        }
    }

    fn uri(&self, path: &Path) -> String {
        let path = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
        format!("file:{path}?{}", self.more.join("&"))
    }
}

/// A path with its `%` codes read; `None` where it is no text.
fn decoded(written: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(written.len());
    let mut rest = written.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = written_code(rest);
        bytes.push(code.unwrap_or(first));
        rest = if code.is_some() { rest.get(3..).unwrap_or_default() } else { after };
    }
    String::from_utf8(bytes).ok()
}

/// The byte that `%XX` at the start stands for.
fn written_code(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = text else { return None };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(url: &str) -> Result<Option<String>, String> {
        Address::of(url).map(|address| address.path.map(|path| path.display().to_string()))
    }

    #[test]
    fn a_path_is_read_as_it_is_written() {
        for (url, expected) in [
            ("sqlite://blog.db", "blog.db"),
            ("sqlite:blog.db", "blog.db"),
            ("sqlite:///srv/blog.db", "/srv/blog.db"),
            ("sqlite:/srv/a b.db?mode=rwc", "/srv/a b.db"),
            ("sqlite://my%20app/50%25/%c3%a4.db", "my app/50%/ä.db"),
            ("sqlite://100%.db", "100%.db"),
        ] {
            assert_eq!(path(url), Ok(Some(expected.to_owned())), "{url}");
        }
        assert_eq!(path("sqlite::memory:"), Ok(None));
        assert_eq!(path("sqlite://x?mode=memory"), Ok(None));
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        for (url, why) in [
            ("sqlite://", "it names no file"),
            ("sqlite://%ff.db", "its path is not UTF-8"),
            ("sqlite://a%00b.db", "its path has a zero byte"),
            ("sqlite://a.db?mode=fast", "`fast` is no value of `mode`"),
            ("sqlite://a.db?speed=1", "it has no parameter `speed`"),
        ] {
            assert_eq!(path(url), Err(why.to_owned()), "{url}");
        }
    }

    #[test]
    fn parameters_reach_sqlite() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a 100% #1.db");
        let url = |more: &str| format!("sqlite://{}?{more}", file.display().to_string().replace('%', "%25"));
        let open = |more: &str, create| Address::of(&url(more)).unwrap().open(create);
        assert!(open("mode=rwc", false).is_err(), "a file is made only by who asks for it");
        open("cache=private", true).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
        assert!(file.exists());
        let insert = "INSERT INTO t VALUES (1)";
        open("mode=rw", false).unwrap().execute_batch(insert).unwrap();
        assert!(open("mode=ro", false).unwrap().execute_batch(insert).is_err());
        assert!(open("immutable=true", false).unwrap().execute_batch(insert).is_err());
    }
}
