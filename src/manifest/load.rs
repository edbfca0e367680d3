//! Reading a manifest from disk: the only file of this stage that does.

use std::fs::{self, File};
use std::io::{self, Read};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;

use toml::de::DeTable;

use super::parse::Schema;
use super::reader::with_plain_line_ends;
use super::{Loaded, Manifest, ManifestError};

/// Reads the manifest at `path` (a `schema.toml`), its node files and the SQL files that
/// they name. Problems in any of them are among the diagnostics.
///
/// # Errors
/// Where `schema.toml` itself cannot be read.
pub fn load(path: &Path) -> Result<Loaded, ManifestError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => with_plain_line_ends(text),
        Err(error) => {
            let path = path.to_owned();
            return Err(match error.kind() {
                io::ErrorKind::NotFound => ManifestError::Missing { path },
                io::ErrorKind::InvalidData => ManifestError::NotText { path },
                _ => ManifestError::Unreadable { path, source: error },
            });
        }
    };
    let (table, errors) = DeTable::parse_recoverable(&text);
    let folder = folder_of(path);
    let shown_path = path.display().to_string();
    let shown_folder = folder.display().to_string();
    let schema = Schema { path: &shown_path, folder: &shown_folder, text: &text, table: table.get_ref(), errors };
    let (nodes, unreadable) = node_files(&join(folder, &schema.migrations_path()));
    let read_sql = |written: &str| read_text(&join(folder, written));
    Ok(schema.with_nodes(nodes, &read_sql, unreadable))
}

/// The manifest at `path` without its migrations: enough to find a database by. `None` where anything is wrong in
/// `schema.toml`, or migrations stand in it: then only [`load`] tells.
#[must_use]
pub fn head(path: &Path) -> Option<Manifest> {
    let text = with_plain_line_ends(fs::read_to_string(path).ok()?);
    let (table, errors) = DeTable::parse_recoverable(&text);
    let folder = folder_of(path).display().to_string();
    Schema { path: "", folder: &folder, text: &text, table: table.get_ref(), errors }.alone()
}

/// The folder that a manifest stands in.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A path of the manifest, from its folder on; without `./` in front, as people see it.
fn join(folder: &Path, written: &str) -> PathBuf {
    if folder == Path::new(".") { Path::new(written).to_owned() } else { folder.join(written) }
}

/// The `.toml` files of a folder in the order of their names: those read, and those that
/// could not be, with the reason. A folder that is not there has none.
#[expect(clippy::type_complexity, reason = "two lists of path and text")]
fn node_files(folder: &Path) -> (Vec<(String, String)>, Vec<(String, String)>) {
    let (mut read, mut unreadable) = (Vec::new(), Vec::new());
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return (read, unreadable),
        Err(error) => return (read, vec![(folder.display().to_string(), why(&error))]),
    };
    let mut paths = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) => {
                let path = entry.path();
                let hidden = entry.file_name().to_string_lossy().starts_with('.');
                if !hidden && path.extension().is_some_and(|extension| extension == "toml") {
                    paths.push(path);
                }
            }
            Err(error) => unreadable.push((folder.display().to_string(), why(&error))),
        }
    }
    paths.sort_unstable();
    for (path, text) in paths.iter().zip(read_all(&paths)) {
        let shown = path.display().to_string();
        match text {
            Ok(text) => read.push((shown, text)),
            Err(why) => unreadable.push((shown, why)),
        }
    }
    (read, unreadable)
}

/// Files that one thread reads before another is worth its start.
const FILES_A_THREAD: usize = 100;

/// Most files fit into so many bytes.
const ENOUGH: usize = 4 * 1024;

/// A file's text, read through a buffer: its length need not be asked for.
fn read_into(buffer: &mut Vec<u8>, path: &Path) -> io::Result<String> {
    buffer.clear();
    File::open(path)?.take(u64::MAX).read_to_end(buffer)?;
    let text = std::str::from_utf8(buffer).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    Ok(text.to_owned())
}

/// The texts of many files, in their order, read by a few threads: opening a file is mostly waiting.
fn read_all(paths: &[PathBuf]) -> Vec<Result<String, String>> {
    let read = |paths: &[PathBuf]| {
        let mut buffer = Vec::with_capacity(ENOUGH);
        paths.iter().map(|path| read_into(&mut buffer, path).map_err(|error| why(&error))).collect::<Vec<_>>()
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(4).min(paths.len() / FILES_A_THREAD);
    if threads < 2 {
        return read(paths);
    }
    thread::scope(|scope| {
        let (own, others) = paths.split_at(paths.len().div_ceil(threads).min(paths.len()));
        let parts: Vec<_> = others
            .chunks(own.len().max(1))
            .map(|part| (part, thread::Builder::new().spawn_scoped(scope, move || read(part)).ok()))
            .collect();
        let mut texts = read(own);
        // A thread that could not be started, or died, leaves its part to this one.
        for (part, thread) in parts {
            texts.extend(thread.and_then(|thread| thread.join().ok()).unwrap_or_else(|| read(part)));
        }
        texts
    })
}

fn read_text(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| why(&error))
}

/// Why a file cannot be read, in a few words.
fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;

    const PROJECT: &str = "[project]\nname = 'a'\nbackends = ['sqlite']\n";

    #[test]
    fn files_are_read_from_the_folder_of_the_manifest() {
        let folder = tempfile::tempdir().unwrap();
        let migrations = folder.path().join("db/steps");
        fs::create_dir_all(&migrations).unwrap();
        fs::write(folder.path().join("schema.toml"), format!("{PROJECT}[migrations]\npath = 'db/steps'\n")).unwrap();
        fs::write(migrations.join("2_b.toml"), "[[up]]\nsql_file = 'db/b.sql'\ndown = ''\n").unwrap();
        fs::write(folder.path().join("db/b.sql"), "SELECT 1; SELECT 2;").unwrap();
        fs::write(migrations.join("1_a.toml"), "up = []\n").unwrap();
        fs::write(migrations.join(".3_hidden.toml"), "nonsense").unwrap();
        fs::write(migrations.join("read.me"), "nonsense").unwrap();
        let loaded = load(&folder.path().join("schema.toml")).unwrap();
        assert_eq!(loaded.diagnostics, []);
        let names: Vec<_> = loaded.manifest.unwrap().migrations.into_iter().map(|node| node.name).collect();
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn a_manifest_needs_no_folder_of_migrations() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("schema.toml"), PROJECT).unwrap();
        let loaded = load(&folder.path().join("schema.toml")).unwrap();
        assert_eq!(loaded.diagnostics, []);
        assert!(loaded.manifest.unwrap().migrations.is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("schema.toml");
        assert!(matches!(load(&path), Err(ManifestError::Missing { .. })));
        fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(matches!(load(&path), Err(ManifestError::NotText { .. })));
        fs::write(&path, PROJECT).unwrap();
        fs::create_dir_all(folder.path().join("migrations/2_folder.toml")).unwrap();
        fs::write(folder.path().join("migrations/1_a.toml"), [0xff, 0xfe]).unwrap();
        let loaded = load(&path).unwrap();
        let found: Vec<_> = loaded.diagnostics.iter().map(|one| (one.code, one.message.as_str())).collect();
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|(code, _)| *code == Code::WrongValue), "{found:?}");
        assert!(found[0].1.ends_with("1_a.toml`: it is not UTF-8 text"), "{found:?}");
        assert!(found[1].1.ends_with("2_folder.toml`: it is a folder"), "{found:?}");
    }
}
