//! The grammar of the manifest as JSON Schema (draft 2020-12), for editors: made from the same tables of verbs and keys
//! that the parser reads with, so that neither has a key that the other lacks.

mod shapes;
mod words;

use serde_json::{Map, Value, json};

use super::operations::VERBS;
use super::places::{
    COLUMN, ENVIRONMENT, FOREIGN_KEY, HOOKS, INDEX, INDEX_PART, INLINE_NODE, MIGRATIONS, NODE, PROJECT, Place, SCHEMA,
    SEED,
};

/// Which files a schema is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaFor {
    /// `schema.toml`.
    Manifest,
    /// A node's file, `migrations/VERSION_name.toml`.
    Migration,
}

/// The JSON Schema of a kind of file: each key with its meaning. What it accepts is a superset of what the parser does:
/// whether names are known, types fit and the like is not a schema's to tell.
#[must_use]
pub fn json_schema(of: SchemaFor) -> Value {
    let (title, place, required): (_, _, &[&str]) = match of {
        SchemaFor::Manifest => ("dbmigrate: schema.toml", &SCHEMA, &["project"]),
        SchemaFor::Migration => ("dbmigrate: a migration", &NODE, &["up"]),
    };
    let mut schema = table(place, required);
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!(title));
    schema.insert("$defs".to_owned(), Value::Object(definitions(of)));
    Value::Object(schema)
}

fn definitions(of: SchemaFor) -> Map<String, Value> {
    let mut all = shapes::definitions();
    let mut add = |name: &str, schema: Map<String, Value>| all.insert(name.to_owned(), Value::Object(schema));
    add("column", table(&COLUMN, &["type"]));
    add("index", table(&INDEX, &["columns"]));
    add("index_part", {
        let mut part = table(&INDEX_PART, &[]);
        part.insert("oneOf".to_owned(), json!([{ "required": ["column"] }, { "required": ["expr"] }]));
        part
    });
    add("foreign_key", table(&FOREIGN_KEY, &["columns", "references"]));
    let verbs: Vec<Value> = VERBS.iter().map(|verb| Value::Object(operation(verb.name, &verb.place))).collect();
    all.insert("operation".to_owned(), json!({ "type": "object", "oneOf": verbs }));
    if of == SchemaFor::Manifest {
        let mut add = |name: &str, schema: Map<String, Value>| all.insert(name.to_owned(), Value::Object(schema));
        add("project", table(&PROJECT, &["name", "backends"]));
        add("migrations", table(&MIGRATIONS, &[]));
        add("environment", table(&ENVIRONMENT, &[]));
        add("hooks", table(&HOOKS, &[]));
        add("migration", table(&INLINE_NODE, &["version", "name", "up"]));
        let mut seed = table(&SEED, &[]);
        seed.insert("oneOf".to_owned(), json!([{ "required": ["insert", "rows"] }, { "required": ["sql_file"] }]));
        add("seed", seed);
    }
    all
}

/// A table of the manifest with its keys.
fn table(place: &Place, required: &[&str]) -> Map<String, Value> {
    let properties: Map<String, Value> =
        place.keys.iter().map(|key| ((*key).to_owned(), described(place.title, key))).collect();
    object(properties, required)
}

fn object(properties: Map<String, Value>, required: &[&str]) -> Map<String, Value> {
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    schema.insert("additionalProperties".to_owned(), json!(false));
    schema
}

/// An operation: its verb, its keys, and those of any.
fn operation(verb: &str, place: &Place) -> Map<String, Value> {
    let mut properties = Map::new();
    properties.insert(verb.to_owned(), described("", verb));
    for key in place.keys.iter().chain(super::operations::COMMON) {
        properties.insert((*key).to_owned(), described(place.title, key));
    }
    let mut required = vec![verb];
    required.extend(words::required(verb));
    object(properties, &required)
}

/// The shape of a key with its meaning.
fn described(place: &str, key: &str) -> Value {
    let mut shape = shapes::of(place, key);
    if let (Value::Object(shape), Some(words)) = (&mut shape, words::of(place, key)) {
        shape.insert("description".to_owned(), json!(words));
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every place of a schema where a key is described.
    fn properties<'s>(schema: &'s Value, path: &str, all: &mut Vec<(String, &'s Value)>) {
        match schema {
            Value::Object(map) => {
                for (key, value) in map {
                    if key == "properties" {
                        let keys = value.as_object().unwrap();
                        all.extend(keys.iter().map(|(key, shape)| (format!("{path}/{key}"), shape)));
                    }
                    properties(value, &format!("{path}/{key}"), all);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| properties(item, path, all)),
            _ => {}
        }
    }

    #[test]
    fn every_key_has_a_shape_and_a_meaning() {
        for of in [SchemaFor::Manifest, SchemaFor::Migration] {
            let schema = json_schema(of);
            let mut all = Vec::new();
            properties(&schema, "", &mut all);
            assert!(all.len() > 100, "{}", all.len());
            for (path, shape) in all {
                let words = shape["description"].as_str().unwrap_or_default();
                assert!(words.len() > 5, "{path} has no meaning: {shape}");
                assert!(shape.as_object().unwrap().len() > 1, "{path} has no shape: {shape}");
            }
        }
    }
}
