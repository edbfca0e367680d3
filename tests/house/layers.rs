//! Imports go against the pipeline nowhere. Its order is that of ARCHITECTURE.md: the leaves as they are listed, then the
//! stages of the table.

use std::collections::BTreeSet;
use std::fs;

use crate::house::source::{Crate, Found, files};

/// The folders of `src`: each may import what comes before it.
fn stages() -> Vec<String> {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/ARCHITECTURE.md")).unwrap();
    let (_, leaves) = page.split_once("Leaves that every stage may use: ").expect("the leaves are listed");
    let (leaves, _) = leaves.split_once("\n\n").expect("a paragraph");
    let in_ticks = |text: &str| text.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect::<Vec<_>>();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let stages: Vec<String> = in_ticks(leaves).into_iter().chain(rows.map(ToOwned::to_owned)).collect();
    assert!(stages.len() >= 13 && stages.last().is_some_and(|last| last == "cli"), "{stages:?}");
    stages
}

#[test]
fn imports_run_with_the_pipeline_only() {
    let (files, stages) = (files(), stages());
    let all = Crate::read(&files);
    let stage = |path: &[String]| stages.iter().position(|stage| path.first() == Some(stage));
    let (mut wrong, mut seen) = (BTreeSet::new(), 0);
    for (number, module) in all.modules.iter().enumerate() {
        let Some(own) = stage(&module.path) else { continue };
        for path in &module.mentioned {
            // Both what is written and where it leads to.
            let written = path.first().is_some_and(|word| word == "crate").then(|| stage(&path[1..])).flatten();
            let leads = all.find(number, path).and_then(|found| match found {
                Found::Module(other) | Found::Item(other) => stage(&all.modules[other].path),
            });
            for other in written.into_iter().chain(leads) {
                seen += 1;
                if other > own {
                    wrong.insert(format!("{} imports {} of {}", module.file, path.join("::"), stages[other]));
                }
            }
        }
    }
    assert!(seen > 1_000, "{seen} imports were looked at");
    assert!(wrong.is_empty(), "{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
}

#[test]
fn every_folder_of_the_source_has_its_place_in_the_pipeline() {
    let (files, stages) = (files(), stages());
    let folders: BTreeSet<&str> = files.keys().filter_map(|file| Some(file.split_once('/')?.0)).collect();
    let unknown: Vec<_> =
        folders.iter().filter(|name| **name != "bin" && !stages.iter().any(|stage| stage == *name)).collect();
    assert!(unknown.is_empty(), "ARCHITECTURE.md does not say where they stand: {unknown:?}");
}
