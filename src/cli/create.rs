//! `create NAME`: a new migration's file, its version from the clock in UTC.

use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

use super::args::{Create, Global};
use super::console::Console;
use super::error::{Error, UserError};
use super::project::Project;
use super::template;
use crate::ident::Version;
use crate::report::FORMAT_VERSION;

#[derive(Debug, Serialize)]
struct CreateJson<'a> {
    format_version: u32,
    outcome: &'static str,
    version: Version,
    name: &'a str,
    path: String,
    requires: &'a [String],
}

/// Writes it.
///
/// # Errors
/// Whatever ends it other than well; nothing is ever written over.
pub(super) fn run(args: &Create, global: &Global, console: &Console) -> Result<(), Error> {
    console.has_format("create", &[])?;
    let name = args.name.as_str();
    let fine = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || !name.chars().all(fine) || name.bytes().all(|b| b.is_ascii_digit()) {
        return Err(UserError::Name(name.to_owned()).into());
    }
    let project = Project::load(global, console)?;
    let manifest = &project.manifest;
    if let Some(taken) = manifest.migrations.iter().find(|migration| migration.name == name) {
        let at = project.sources.get(taken.span.file).map(|source| source.path.clone());
        return Err(UserError::NameTaken { name: name.to_owned(), at }.into());
    }
    let heads: Vec<_> = project.graph.heads().filter_map(|node| manifest.migrations.get(node.0)).collect();
    let clock = jiff::Timestamp::now().strftime("%Y%m%d%H%M%S").to_string();
    let version = free_version(clock.parse().unwrap_or(1), &project)?;
    // In a linear project each migration requires the one before it without saying so.
    let requires: Vec<String> =
        if manifest.linear { Vec::new() } else { heads.iter().map(|head| head.name.clone()).collect() };
    let folder = project.within(&manifest.migrations_path);
    let path = folder.join(format!("{version}_{name}.toml"));
    std::fs::create_dir_all(&folder).map_err(|source| cannot("make the folder", &folder, source))?;
    let mut file = std::fs::File::create_new(&path).map_err(|source| cannot("write", &path, source))?;
    file.write_all(template::node(name, &requires, manifest.linear).as_bytes())
        .map_err(|source| cannot("write", &path, source))?;
    if console.is_json() {
        let path = path.display().to_string();
        let json =
            CreateJson { format_version: FORMAT_VERSION, outcome: "done", version, name, path, requires: &requires };
        console.report(|out| crate::report::write_json(&json, out));
        return Ok(());
    }
    console.line(&format!("Wrote {}", path.display()));
    if !console.talk.quiet {
        console.say("  next: say in it what is to change, then `dbmigrate latest`");
    }
    Ok(())
}

/// The clock's version, or the next that is free and above every head: requiring a higher
/// version would be a `version-inversion`.
fn free_version(clock: u128, project: &Project) -> Result<Version, Error> {
    let highest = project.manifest.migrations.iter().map(|migration| migration.version.number()).max().unwrap_or(0);
    Version::new(clock.max(highest + 1)).ok_or_else(|| {
        let source = std::io::Error::other("the highest version there is leaves no room for another");
        Error::System { doing: "no version for a new migration".to_owned(), source }
    })
}

fn cannot(what: &str, path: &std::path::Path, source: std::io::Error) -> Error {
    Error::System { doing: format!("cannot {what} `{}`", PathBuf::from(path).display()), source }
}
