//! The grammar of the manifest as JSON Schema (draft 2020-12), for editors.

use serde_json::{Map, Value, json};

use super::types::type_pattern;
use crate::backend::Backend;
use crate::diagnostic::Code;
use crate::grammar::{COLUMN_NAME, Form, Key, NODE, Place, SCHEMA, Shape, TABLE_NAME, TEXT, VALUE, Verb};

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
    let (title, place) = match of {
        SchemaFor::Manifest => ("dbmigrate: schema.toml", &SCHEMA),
        SchemaFor::Migration => ("dbmigrate: a migration", &NODE),
    };
    let mut schemas = Schemas::default();
    let mut schema = schemas.table(place, &[]);
    set(&mut schema, "$schema", json!("https://json-schema.org/draft/2020-12/schema"));
    set(&mut schema, "title", json!(title));
    set(&mut schema, "$defs", Value::Object(schemas.definitions));
    schema
}

/// Schemas that others refer to.
#[derive(Default)]
struct Schemas {
    definitions: Map<String, Value>,
}

impl Schemas {
    /// A reference to a schema, which is made where there is none of that name yet.
    fn named(&mut self, name: &str, make: impl FnOnce(&mut Self) -> Value) -> Value {
        if !self.definitions.contains_key(name) {
            self.definitions.insert(name.to_owned(), Value::Null);
            let schema = make(self);
            self.definitions.insert(name.to_owned(), schema);
        }
        json!({ "$ref": format!("#/$defs/{name}") })
    }

    /// A table of the manifest; `verb`: its keys besides those of its place.
    fn table(&mut self, place: &Place, verb: &[Key]) -> Value {
        let keys = || verb.iter().copied().chain(place.keys().copied());
        let properties: Map<String, Value> = keys().map(|key| (key.name.to_owned(), self.key(&key))).collect();
        let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
        let required: Vec<&str> = keys().filter(|key| key.required).map(|key| key.name).collect();
        if !required.is_empty() {
            set(&mut schema, "required", json!(required));
        }
        let needs: Map<String, Value> =
            keys().filter(|key| !key.needs.is_empty()).map(|key| (key.name.to_owned(), json!([key.needs]))).collect();
        if !needs.is_empty() {
            set(&mut schema, "dependentRequired", Value::Object(needs));
        }
        if !place.one_of.is_empty() {
            set(&mut schema, "oneOf", place.one_of.iter().map(|keys| json!({ "required": keys })).collect());
        }
        schema
    }

    fn key(&mut self, key: &Key) -> Value {
        let mut schema = self.of(&key.shape);
        set(&mut schema, "description", json!(key.description()));
        schema
    }

    /// The schema of what may be written behind a key.
    fn of(&mut self, shape: &Shape) -> Value {
        let string = || json!({ "type": "string" });
        match *shape {
            Shape::Boolean => json!({ "type": "boolean" }),
            Shape::Count => json!({ "type": "integer", "minimum": 1 }),
            Shape::Integer => json!({ "type": "integer" }),
            Shape::String | Shape::Name => json!({ "type": "string", "minLength": 1 }),
            Shape::AnyString => string(),
            Shape::Word(words) => json!({ "enum": words }),
            Shape::Version => json!({ "anyOf": [
                { "type": "integer", "minimum": 1 },
                { "type": "string", "pattern": "^[0-9]{1,20}$" },
            ] }),
            Shape::New(thing) | Shape::Existing(thing) => match thing.form() {
                Form::Qualified => self
                    .named("table_name", |all| json!({ "anyOf": [all.of(&Shape::Name), all.table(&TABLE_NAME, &[])] })),
                Form::Column => self.named("column_name", |all| {
                    let dotted = json!({ "type": "string", "pattern": "^[^.]+(\\.[^.]+){1,2}$" });
                    json!({ "anyOf": [dotted, all.table(&COLUMN_NAME, &[])] })
                }),
                Form::Function => json!({ "type": "string", "pattern": "^[^(]*[^(\\s][^(]*\\(.*\\)\\s*$" }),
                Form::Any => string(),
                Form::Bare => self.of(&Shape::Name),
            },
            Shape::Text(_) => self.named("text", |all| json!({ "anyOf": [string(), all.by_backend()] })),
            Shape::Type => self.named("type", |all| json!({ "anyOf": [all.type_word(), all.by_backend()] })),
            Shape::Value => self.named("value", |all| {
                let plain = json!({ "type": ["string", "boolean", "number", "array"] });
                json!({ "anyOf": [plain, all.table(&VALUE, &[])] })
            }),
            Shape::Backend => json!({ "enum": Backend::ALL.map(Backend::name) }),
            Shape::Checks => {
                let severity =
                    json!({ "enum": ["allow", "warn", "deny"], "description": "how serious this finding is" });
                let codes: Map<String, Value> =
                    Code::ALL.iter().map(|code| (code.as_str().to_owned(), severity.clone())).collect();
                json!({ "type": "object", "properties": codes, "additionalProperties": false })
            }
            Shape::Operation => self.named("operation", |all| {
                let verbs: Vec<Value> = Verb::ALL.iter().map(|verb| all.operation(*verb)).collect();
                json!({ "type": "object", "oneOf": verbs })
            }),
            Shape::Table(place) => {
                let name = place.title.trim_start_matches("a ").trim_start_matches("an ");
                let name = name.replace(['`', '[', ']'], "").replace(' ', "_");
                self.named(&name, |all| all.table(place, &[]))
            }
            Shape::List(least, of) => json!({ "type": "array", "items": self.of(of), "minItems": least }),
            Shape::Set(of) => json!({ "type": "array", "items": self.of(of), "minItems": 1, "uniqueItems": true }),
            Shape::ByName(least, _, of) => {
                json!({ "type": "object", "additionalProperties": self.of(of), "minProperties": least })
            }
            Shape::Either(shapes) => json!({ "anyOf": shapes.iter().map(|shape| self.of(shape)).collect::<Vec<_>>() }),
        }
    }

    fn operation(&mut self, verb: Verb) -> Value {
        let object = Key::of_verb(verb);
        self.table(&verb.place, &[object])
    }

    fn by_backend(&mut self) -> Value {
        let mut schema = self.table(&TEXT, &[]);
        set(&mut schema, "minProperties", json!(1));
        schema
    }

    fn type_word(&mut self) -> Value {
        self.named(
            "type_word",
            |_| json!({ "type": "string", "pattern": type_pattern(), "examples": super::types::WORDS }),
        )
    }
}

fn set(schema: &mut Value, key: &str, value: Value) {
    if let Value::Object(schema) = schema {
        schema.insert(key.to_owned(), value);
    }
}
