//! `init`: a new project in the manifest's folder. It never writes over anything.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::args::{Global, Init};
use super::console::Console;
use super::error::{Error, UserError};
use super::template;
use crate::backend::Backend;
use crate::report::FORMAT_VERSION;

#[derive(Debug, Serialize)]
struct InitJson {
    format_version: u32,
    outcome: &'static str,
    wrote: Vec<String>,
}

/// Starts it.
///
/// # Errors
/// Where there is a manifest already, or it cannot be written.
pub(super) fn run(args: &Init, global: &Global, console: &Console) -> Result<(), Error> {
    console.has_format("init", &[])?;
    let manifest = &global.manifest;
    let backend = global.backend.unwrap_or(Backend::Sqlite);
    let folder = manifest.parent().map_or_else(PathBuf::new, Path::to_owned);
    let name = project_name(args.name.as_deref(), &folder);
    if !folder.as_os_str().is_empty() {
        fs::create_dir_all(&folder).map_err(|source| cannot("make the folder", &folder, source))?;
    }
    let mut file = match fs::File::create_new(manifest) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(UserError::ProjectThere(manifest.clone()).into());
        }
        Err(source) => return Err(cannot("write", manifest, source)),
    };
    file.write_all(template::manifest(&name, backend).as_bytes())
        .map_err(|source| cannot("write", manifest, source))?;
    let mut wrote = vec![manifest.display().to_string()];
    let migrations = folder.join("migrations");
    if !migrations.is_dir() {
        fs::create_dir(&migrations).map_err(|source| cannot("make the folder", &migrations, source))?;
        wrote.push(format!("{}/", migrations.display()));
    }
    let ignore = folder.join(".gitignore");
    if add_lines(&ignore, &template::ignored(&name, backend)).map_err(|source| cannot("write", &ignore, source))? {
        wrote.push(ignore.display().to_string());
    }
    if console.is_json() {
        console.report(|out| {
            crate::report::write_json(&InitJson { format_version: FORMAT_VERSION, outcome: "done", wrote }, out)
        });
        return Ok(());
    }
    for path in &wrote {
        console.line(&format!("Wrote {path}"));
    }
    if !console.talk.quiet {
        console.say("  next: `dbmigrate create NAME` writes the first migration");
    }
    Ok(())
}

/// The name given, or the folder's, in characters that suit a file and a database.
fn project_name(given: Option<&str>, folder: &Path) -> String {
    let of_folder = || {
        let folder = Path::new(".").join(folder).canonicalize().ok()?;
        folder.file_name().map(|name| name.to_string_lossy().into_owned())
    };
    let name = given.map(ToOwned::to_owned).or_else(of_folder).unwrap_or_default();
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "_-".contains(c) { c } else { '_' }).collect();
    let name = name.trim_matches('_').to_owned();
    if name.is_empty() { "app".to_owned() } else { name }
}

/// Adds to a file the lines that it does not have; tells whether there were any.
fn add_lines(path: &Path, lines: &[String]) -> io::Result<bool> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    let missing: Vec<_> =
        lines.iter().filter(|line| !text.lines().any(|there| there.trim() == line.as_str())).collect();
    if missing.is_empty() {
        return Ok(false);
    }
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    if !text.is_empty() && !text.ends_with('\n') {
        writeln!(file)?;
    }
    for line in missing {
        writeln!(file, "{line}")?;
    }
    Ok(true)
}

fn cannot(what: &str, path: &Path, source: io::Error) -> Error {
    Error::System { doing: format!("cannot {what} `{}`", path.display()), source }
}
