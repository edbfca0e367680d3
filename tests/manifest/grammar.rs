//! The grammar is what the parser reads: each key of it changes what is read, and has a meaning. That the parser reads no
//! other is asserted where it asks for a key.

use std::collections::BTreeMap;

use boon::{Compiler, Draft, Schemas};
use dbmigrate::diagnostic::{Code, Diagnostic};
use dbmigrate::grammar::{INLINE_NODE, NODE, Place, SCHEMA, Verb};
use dbmigrate::manifest::{Files, Loaded, SchemaFor, json_schema, parse};
use dbmigrate::operation::canonical_json;

use crate::manifest::json_schema::plain;
use crate::manifest::samples::{Sample, each_key, object, smallest, smallest_operation};

const PROJECT: &str = "project = { name = 'p', backends = ['sqlite', 'postgres', 'mysql'] }";

fn load(schema: &str, node: &str) -> Loaded {
    parse(&Files {
        schema: schema.to_owned(),
        nodes: vec![("1_node.toml".to_owned(), node.to_owned())],
        sql: Some(&|_| Ok("SELECT 1".to_owned())),
        ..Files::default()
    })
}

fn node(operation: &[String]) -> String {
    format!("up = [{{ {} }}]", operation.join(", "))
}

/// The operations that show the keys of a verb.
fn operations(verb: Verb) -> Vec<Sample> {
    let with_verb = |sample: Sample| Sample { entries: [vec![object(verb)], sample.entries].concat(), ..sample };
    each_key(&verb.place).into_iter().map(with_verb).collect()
}

/// All that a manifest says, but for where it says it.
fn model(loaded: &Loaded) -> String {
    let Some(manifest) = &loaded.manifest else { return String::new() };
    let migrations: Vec<String> = manifest
        .migrations
        .iter()
        .map(|one| {
            let requires: Vec<&str> = one.requires.iter().map(|requirement| requirement.name.as_str()).collect();
            format!("{} {} {:?} {requires:?} {}", one.version, one.name, one.description, canonical_json(&one.body))
        })
        .collect();
    let seeds: Vec<String> = manifest.seeds.iter().map(|seed| format!("{:?} {:?}", seed.kind, seed.backends)).collect();
    let environments: Vec<String> = manifest
        .environments
        .iter()
        .map(|(name, one)| format!("{name} {:?} {} {:?}", one.url, one.protected, one.backup))
        .collect();
    format!(
        "{} {:?} {} {} {environments:?} {:?} {:?} {seeds:?} {migrations:?}",
        manifest.project, manifest.backends, manifest.linear, manifest.migrations_path, manifest.checks, manifest.hooks
    )
}

/// Holds that each key is read: of the ways to write it, one says something else than the smallest table.
fn each_is_heard(title: &str, smallest: &[String], samples: &[Sample], load: impl Fn(&[String]) -> Loaded) {
    let plain = model(&load(smallest));
    assert!(!plain.is_empty(), "{title}: the smallest table says nothing");
    let mut heard: BTreeMap<&str, bool> = BTreeMap::new();
    for Sample { shows, entries } in samples {
        let loaded = load(entries);
        let unknown = loaded.diagnostics.iter().find(|one| one.code == Code::UnknownKey);
        assert_eq!(unknown.map(|one| &one.message), None, "{title}: {entries:?}");
        *heard.entry(shows).or_default() |= model(&loaded) != plain;
    }
    let deaf: Vec<_> = heard.iter().filter(|(_, heard)| !**heard).map(|(shows, _)| *shows).collect();
    assert_eq!(deaf, Vec::<&str>::new(), "{title}: keys that change nothing");
}

#[test]
fn each_key_of_each_verb_is_read() {
    for verb in Verb::ALL {
        let load = |operation: &[String]| load(PROJECT, &node(operation));
        each_is_heard(verb.name, &smallest_operation(*verb), &operations(*verb), load);
    }
}

#[test]
fn each_key_of_a_migration_is_read() {
    each_is_heard("a file", &smallest(&NODE), &each_key(&NODE), |node| load(PROJECT, &node.join("\n")));
    each_is_heard("[[migration]]", &smallest(&INLINE_NODE), &each_key(&INLINE_NODE), |migration| {
        load(&format!("{PROJECT}\nmigration = [{{ {} }}]", migration.join(", ")), "up = []")
    });
}

#[test]
fn each_key_of_schema_toml_is_read() {
    each_is_heard("schema.toml", &smallest(&SCHEMA), &each_key(&SCHEMA), |schema| load(&schema.join("\n"), "up = []"));
}

#[test]
fn each_key_has_a_meaning() {
    let places: Vec<&Place> =
        [&SCHEMA, &NODE, &INLINE_NODE].into_iter().chain(Verb::ALL.iter().map(|verb| &verb.place)).collect();
    for place in places {
        for key in place.keys() {
            assert!(
                key.meaning.len() > 5 && !key.meaning.ends_with('.'),
                "{} {}: {}",
                place.title,
                key.name,
                key.meaning
            );
        }
    }
}

/// What the parser takes, the schema for editors takes.
#[test]
fn the_json_schema_takes_what_the_parser_takes() {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.set_default_draft(Draft::V2020_12);
    compiler.add_resource("migration.json", json_schema(SchemaFor::Migration)).unwrap();
    let migration = compiler.compile("migration.json", &mut schemas).unwrap();
    let mut taken = 0;
    for sample in Verb::ALL.iter().flat_map(|verb| operations(*verb)) {
        let node = node(&sample.entries);
        if load(PROJECT, &node).diagnostics.iter().any(Diagnostic::is_error) {
            continue;
        }
        let json = plain(&toml::Value::Table(node.parse().expect("TOML")));
        if let Err(error) = schemas.validate(&json, migration) {
            panic!("{node}: {error:#}");
        }
        taken += 1;
    }
    assert!(taken > 150, "{taken}");
}

/// The name of a verb in the ledger is the one in the manifest.
#[test]
fn each_verb_is_called_in_the_ledger_as_in_the_manifest() {
    for verb in Verb::ALL {
        let loaded = load(PROJECT, &node(&smallest_operation(*verb)));
        let manifest = loaded.manifest.expect("a manifest");
        let [operation] = manifest.migrations[0].body.up.as_slice() else {
            panic!("{verb:?}: {:?}", loaded.diagnostics)
        };
        let name = if *verb == Verb::SqlFile { "sql" } else { verb.name };
        assert_eq!(operation.verb(), name);
        assert!(canonical_json(&manifest.migrations[0].body).contains(&format!("\"op\":\"{name}\"")), "{name}");
        assert!(operation.title().starts_with(name));
    }
}
