//! The house itself: imports go against the pipeline nowhere, and files stay small.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The folders of `src`, the leaves first, then the pipeline: each may import what comes before it.
const STAGES: [&str; 15] = [
    "ident",
    "backend",
    "diagnostic",
    "sql_text",
    "database_url",
    "operation",
    "manifest",
    "graph",
    "state",
    "check",
    "plan",
    "render",
    "execute",
    "report",
    "cli",
];

/// More lines than this want a reason.
const MOST_LINES: usize = 400;

fn sources() -> Vec<(PathBuf, String)> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut files) = (vec![top.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                files.push((path.strip_prefix(&top).unwrap().to_owned(), text));
            }
        }
    }
    assert!(files.len() > 200, "{} files", files.len());
    files
}

/// The stage that a file belongs to.
fn stage(path: &Path) -> Option<usize> {
    let first = path.components().next()?.as_os_str().to_str()?.trim_end_matches(".rs").to_owned();
    STAGES.iter().position(|stage| *stage == first)
}

/// The modules at the top that a text names: `crate::plan`.
fn named(text: &str) -> BTreeSet<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut found = BTreeSet::new();
    for line in code {
        for part in line.split("crate::").skip(1) {
            let word: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            // `use crate::{plan, render}`.
            let listed = part.strip_prefix('{').and_then(|list| list.split('}').next()).unwrap_or(&word);
            found.extend(listed.split(',').map(|name| name.split("::").next().unwrap_or_default().trim().to_owned()));
        }
    }
    found
}

#[test]
fn imports_run_with_the_pipeline_only() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (path, text) in sources() {
        let Some(own) = stage(&path) else { continue };
        for other in named(&text).iter().filter_map(|name| STAGES.iter().position(|stage| stage == name)) {
            seen += 1;
            if other > own {
                wrong.push(format!("{} imports {}", path.display(), STAGES[other]));
            }
        }
    }
    assert!(seen > 500, "{seen} imports were looked at");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_folder_of_the_source_has_its_place_in_the_pipeline() {
    let folders: BTreeSet<String> = sources()
        .iter()
        .filter(|(path, _)| path.components().count() > 1)
        .map(|(path, _)| path.components().next().unwrap().as_os_str().to_string_lossy().into_owned())
        .filter(|folder| folder != "bin")
        .collect();
    let unknown: Vec<&String> = folders.iter().filter(|folder| !STAGES.contains(&folder.as_str())).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn long_files_say_why_in_their_first_line() {
    let long = |(path, text): &(PathBuf, String)| {
        let lines = text.lines().count();
        let says = text.lines().next().unwrap_or_default().starts_with("//! (Long: ");
        (says != (lines > MOST_LINES)).then(|| format!("{} has {lines} lines", path.display()))
    };
    let wrong: Vec<String> = sources().iter().filter_map(long).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_named_is_found() {
    let text =
        "use crate::plan::{Step};\nuse crate::{render, execute::Run};\n// crate::cli\nfn f() -> crate::graph::Graph {}";
    assert_eq!(named(text).into_iter().collect::<Vec<_>>(), ["execute", "graph", "plan", "render"]);
}
