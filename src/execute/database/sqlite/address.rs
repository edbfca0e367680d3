//! How a SQLite database is opened.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::database_url::FileUrl;

/// Opens it; makes the file if it is not there and `create` says so.
pub(super) fn open(url: &FileUrl, create: bool) -> Result<Connection, rusqlite::Error> {
    let access = match (url.read_only, create) {
        (true, _) => OpenFlags::SQLITE_OPEN_READ_ONLY,
        (false, true) => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        (false, false) => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    // One thread at a time has the connection, so SQLite need not see to that.
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    match &url.path {
        None => Connection::open_in_memory_with_flags(flags | OpenFlags::SQLITE_OPEN_CREATE),
        Some(path) if url.sqlite_parameters.is_empty() => Connection::open_with_flags(path, flags),
        Some(path) => {
            Connection::open_with_flags(uri(path, &url.sqlite_parameters), flags | OpenFlags::SQLITE_OPEN_URI)
        }
    }
}

fn uri(path: &Path, parameters: &[String]) -> String {
    let path = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    format!("file:{path}?{}", parameters.join("&"))
}

#[cfg(test)]
mod tests {
    use crate::database_url::DatabaseUrl;

    #[test]
    fn parameters_reach_sqlite() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a 100% #1.db");
        let open = |parameters: &str, create| {
            let url = format!("sqlite://{}?{parameters}", file.display().to_string().replace('%', "%25"));
            let Ok(DatabaseUrl::Sqlite(url)) = url.parse() else { panic!("{url}") };
            super::open(&url, create)
        };
        assert!(open("mode=rwc", false).is_err(), "a file is made only by who asks for it");
        open("cache=private", true).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
        assert!(file.exists());
        let insert = "INSERT INTO t VALUES (1)";
        open("mode=rw", false).unwrap().execute_batch(insert).unwrap();
        assert!(open("mode=ro", false).unwrap().execute_batch(insert).is_err());
        assert!(open("immutable=true", false).unwrap().execute_batch(insert).is_err());
    }
}
