//! The JSON Schema: it takes every manifest of this repository, and no manifest that only needs a schema to be seen through.

use std::path::{Path, PathBuf};

use boon::{Compiler, Draft, SchemaIndex, Schemas};
use dbmigrate::manifest::{SchemaFor, json_schema};
use serde_json::Value;

use crate::manifest::broken::CASES;

/// Broken manifests that are none to a schema: what is wrong is in another file, in a name, or in SQL.
const BEYOND_A_SCHEMA: &[&str] = &[
    "auto_increment_on_text",
    "default_now",
    "default_of_another_type",
    "environment_twice",
    "environment_url_of_no_backend",
    "file_name_with_version_only",
    "file_name_without_version",
    "foreign_key_of_uneven_length",
    "graph_cycle",
    "graph_duplicate_name",
    "graph_duplicate_version",
    "graph_unknown_requirement",
    "graph_version_inversion_denied",
    "irreversible_with_a_down",
    "mysql_limits",
    "new_name_with_a_dot",
    "not_built_index_of_a_view",
    "row_without_a_column_of_its_key",
    "sql_begins_a_transaction",
    "sql_file_missing",
    "sql_of_several_statements",
    "state_already_exists",
    "state_auto_increment_without_key",
    "state_column_still_referenced",
    "state_down_fails",
    "state_identifier_too_long",
    "state_key_of_another_type",
    "state_key_to_columns_not_unique",
    "state_left_at_zero",
    "state_no_way_down",
    "state_not_null_without_default",
    "state_null_where_numbered",
    "state_rename_under_opaque",
    "state_row_of_the_wrong_type",
    "state_row_with_an_unknown_column",
    "state_schema_on_sqlite",
    "state_still_referenced",
    "state_unknown_column",
    "state_unknown_constraint",
    "state_unknown_index",
    "state_unknown_table",
    "text_without_a_branch",
];

struct Validator {
    schemas: Schemas,
    manifest: SchemaIndex,
    migration: SchemaIndex,
}

impl Validator {
    fn new() -> Self {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.set_default_draft(Draft::V2020_12);
        compiler.add_resource("manifest.json", json_schema(SchemaFor::Manifest)).unwrap();
        compiler.add_resource("migration.json", json_schema(SchemaFor::Migration)).unwrap();
        let manifest = compiler.compile("manifest.json", &mut schemas).unwrap();
        let migration = compiler.compile("migration.json", &mut schemas).unwrap();
        Self { schemas, manifest, migration }
    }

    /// What is wrong with a file; `None` where nothing is. A file that is no TOML is wrong.
    fn wrong(&self, path: &Path) -> Option<String> {
        let text = std::fs::read_to_string(path).unwrap();
        let Ok(table) = text.parse::<toml::Table>() else { return Some("no TOML".to_owned()) };
        let schema = if path.file_name().unwrap() == "schema.toml" { self.manifest } else { self.migration };
        let json = plain(&toml::Value::Table(table));
        self.schemas.validate(&json, schema).err().map(|error| format!("{}\n{error:#}", path.display()))
    }
}

/// As an editor's tools see it: moments are strings.
pub fn plain(value: &toml::Value) -> Value {
    match value {
        toml::Value::Datetime(moment) => Value::String(moment.to_string()),
        toml::Value::Array(items) => items.iter().map(plain).collect(),
        toml::Value::Table(table) => table.iter().map(|(key, value)| (key.clone(), plain(value))).collect(),
        toml::Value::String(text) => Value::from(text.as_str()),
        toml::Value::Integer(number) => Value::from(*number),
        toml::Value::Float(number) => Value::from(*number),
        toml::Value::Boolean(value) => Value::from(*value),
    }
}

/// The manifest in a folder, with its migrations.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = vec![folder.join("schema.toml")];
    let migrations = std::fs::read_dir(folder.join("migrations")).into_iter().flatten();
    files.extend(
        migrations.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|end| end == "toml")),
    );
    files
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_manifest_of_this_repository_is_right() {
    let validator = Validator::new();
    let mut folders = vec![repository()];
    for case in std::fs::read_dir(repository().join("tests/manifest/right")).unwrap() {
        folders.push(case.unwrap().path());
    }
    let checked = std::fs::read_dir(repository().join("tests/check/cases")).into_iter().flatten();
    folders.extend(checked.map(|entry| entry.unwrap().path()).filter(|path| path.join("schema.toml").exists()));
    let mut count = 0;
    for file in folders.iter().flat_map(|folder| files(folder)) {
        assert_eq!(validator.wrong(&file), None);
        count += 1;
    }
    assert!(count > 20, "{count}");
}

#[test]
fn what_a_schema_can_reject_of_the_broken_ones_is_rejected() {
    let validator = Validator::new();
    let (mut rejected, mut otherwise) = (0, Vec::new());
    for case in CASES {
        let folder = repository().join("tests/manifest/broken").join(case);
        let wrong = files(&folder).iter().find_map(|file| validator.wrong(file));
        if wrong.is_none() != BEYOND_A_SCHEMA.contains(case) {
            otherwise.push((case, wrong.is_some()));
        }
        rejected += usize::from(wrong.is_some());
    }
    assert_eq!(otherwise, [], "rejected, though it cannot be; or not, though it can");
    assert!(rejected >= 40, "{rejected}");
}

/// The files that editors are pointed to are what the program writes.
#[test]
fn the_schemas_in_the_documents_are_generated() {
    for (name, of) in [("manifest", SchemaFor::Manifest), ("migration", SchemaFor::Migration)] {
        crate::generated::holds(&format!("docs/schema/{name}.json"), &format!("{:#}\n", json_schema(of)));
    }
}
