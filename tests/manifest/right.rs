//! Right manifests: every key of the language that is built, without a finding.

use std::path::Path;

use crate::diagnose::diagnose;

fn check(case: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifest/right").join(case);
    let loaded = dbmigrate::manifest::load(&folder.join("schema.toml")).expect("schema.toml is there");
    let found: Vec<_> = loaded.diagnostics.iter().map(|one| (one.code, one.message.as_str())).collect();
    assert_eq!(found, []);
}

#[test]
fn every_key_of_the_language_is_heard() {
    check("everything");
}

#[test]
fn a_project_in_one_file() {
    check("inline");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifest/right/inline");
    let (found, _) = diagnose(&folder);
    assert_eq!(found, []);
}
