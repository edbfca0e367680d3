//! Right manifests: every key of the language that is built, without a finding.

use std::path::Path;

use crate::manifest::diagnose::diagnose;

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

/// The whole model of the operations, as the ledger would keep it.
#[test]
fn every_key_gives_what_it_should() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifest/right/everything/schema.toml");
    let manifest = dbmigrate::manifest::load(&path).expect("schema.toml is there").manifest.expect("a manifest");
    for migration in &manifest.migrations {
        let body = serde_json::to_string_pretty(&migration.body).expect("plain data");
        insta::with_settings!({
            snapshot_path => "right/everything/model",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, { insta::assert_snapshot!(migration.name.as_str(), body) });
    }
}

#[test]
fn a_project_in_one_file() {
    check("inline");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifest/right/inline");
    let (found, _) = diagnose(&folder);
    assert_eq!(found, []);
}
