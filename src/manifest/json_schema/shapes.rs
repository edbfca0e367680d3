//! The shapes of values: what may stand behind a key.

use serde_json::{Map, Value, json};

use crate::backend::Backend;
use crate::diagnostic::Code;
use crate::manifest::types::WORDS;

/// Shapes that others refer to.
pub(super) fn definitions() -> Map<String, Value> {
    let backends: Vec<String> = Backend::ALL.iter().map(ToString::to_string).collect();
    let by_backend = || {
        let branch = |of: &str| json!({ "type": "string", "description": format!("on {of}") });
        let mut branches: Map<String, Value> =
            Backend::ALL.iter().map(|backend| (backend.to_string(), branch(backend.title()))).collect();
        branches.insert("default".to_owned(), branch("backends that are not named"));
        json!({
            "type": "object",
            "description": "by backend; `default` for those that are not named",
            "properties": branches,
            "additionalProperties": false,
            "minProperties": 1
        })
    };
    let string = || json!({ "type": "string" });
    let text = json!({ "anyOf": [string(), by_backend()] });
    let types = json!({ "type": "string", "pattern": type_pattern(), "examples": WORDS });
    let name = json!({ "type": "string", "minLength": 1 });
    let third = |last: &str| {
        let mut properties = Map::new();
        for part in ["schema", "table", last] {
            properties.insert(
                part.to_owned(),
                json!({ "type": "string", "minLength": 1, "description": format!("the name of the {part}") }),
            );
        }
        json!({
            "type": "object",
            "description": "for a name with dots or the like",
            "properties": properties,
            "required": [last],
            "additionalProperties": false
        })
    };
    let definitions = json!({
        "name": name,
        "function_name": { "type": "string", "pattern": "^[^(]*[^(\\s][^(]*\\(.*\\)\\s*$" },
        "table_name": { "anyOf": [name, third("table")] },
        "column_name": {
            "anyOf": [{ "type": "string", "pattern": "^[^.]+(\\.[^.]+){1,2}$" }, third("column")]
        },
        "names": { "type": "array", "items": { "$ref": "#/$defs/name" }, "minItems": 1 },
        "backends": { "type": "array", "items": { "enum": backends }, "minItems": 1 },
        "text": text,
        "texts": { "anyOf": [{ "$ref": "#/$defs/text" }, { "type": "array", "items": { "$ref": "#/$defs/text" }, "minItems": 1 }] },
        "type": { "anyOf": [types, by_backend()] },
        "value": {
            "anyOf": [
                { "type": ["string", "boolean", "number"] },
                { "type": "array", "description": "a list (PostgreSQL)" },
                {
                    "type": "object",
                    "description": "SQL instead of a literal: `{ expr = \"CURRENT_TIMESTAMP\" }`",
                    "properties": { "expr": { "$ref": "#/$defs/text", "description": "an expression of SQL; NULL is `NULL`" } },
                    "required": ["expr"],
                    "additionalProperties": false
                },
                {
                    "type": "object",
                    "description": "bytes",
                    "properties": { "hex": { "type": "string", "pattern": "^([0-9A-Fa-f]{2})*$", "description": "the bytes, two digits each" } },
                    "required": ["hex"],
                    "additionalProperties": false
                }
            ]
        },
        "row": { "type": "object", "additionalProperties": { "$ref": "#/$defs/value" }, "minProperties": 1 },
        "action": { "enum": ["cascade", "restrict", "set null", "set default", "no action"] },
        "column_or_type": { "anyOf": [types, { "$ref": "#/$defs/column" }] }
    });
    match definitions {
        Value::Object(definitions) => definitions,
        _ => Map::new(),
    }
}

/// The words of types in any case, with what may stand in brackets behind them.
fn type_pattern() -> String {
    let any_case = |word: &str| -> String {
        let letter = |c: char| match c {
            'a'..='z' => format!("[{c}{}]", c.to_ascii_uppercase()),
            other => other.to_string(),
        };
        word.chars().map(letter).collect()
    };
    // Digits of a decimal are always said.
    let exact = ["decimal", "numeric"];
    let mut words: Vec<String> = WORDS.iter().filter(|word| !exact.contains(word)).map(|word| any_case(word)).collect();
    let others = ["bytea", "varbinary", "guid", "uniqueidentifier", "mediumtext", "longtext"];
    words.extend(others.iter().map(|word| any_case(word)));
    let unsigned = format!("({}\\s+)?", any_case("unsigned"));
    let digits = "\\(\\s*[0-9]+\\s*(,\\s*[0-9]+\\s*)?\\)";
    let exact = exact.map(any_case).join("|");
    let of_enum = format!("{}\\s*\\([^'\"(),]+\\)", any_case("enum"));
    let plain = format!("{unsigned}({})\\s*({digits})?|({exact})\\s*{digits}|{of_enum}", words.join("|"));
    format!("^\\s*({plain})\\s*(\\[\\])?\\s*$")
}

fn refers(to: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{to}") })
}

fn list_of(to: &str) -> Value {
    json!({ "type": "array", "items": refers(to), "minItems": 1 })
}

fn by_name(to: &Value) -> Value {
    json!({ "type": "object", "additionalProperties": to })
}

/// What stands behind a key of a place. Keys that mean the same everywhere have no place.
pub(super) fn of(place: &str, key: &str) -> Value {
    let boolean = || json!({ "type": "boolean" });
    let string = || json!({ "type": "string", "minLength": 1 });
    match (place, key) {
        ("`schema.toml`", "environments") => by_name(&refers("environment")),
        ("`schema.toml`", "database") => refers("environment"),
        ("`schema.toml`", "seed") => list_of("seed"),
        ("`schema.toml`", "migration") => list_of("migration"),
        ("`schema.toml`", "checks") => {
            let codes: Map<String, Value> = Code::ALL
                .iter()
                .map(|code| {
                    (
                        code.as_str().to_owned(),
                        json!({ "enum": ["allow", "warn", "deny"], "description": "how serious this finding is" }),
                    )
                })
                .collect();
            json!({ "type": "object", "properties": codes, "additionalProperties": false })
        }
        ("`schema.toml`", "project" | "migrations" | "hooks") => refers(key),
        ("`[project]`", "name") => string(),
        ("`[project]`", "order") => json!({ "enum": ["graph", "linear"] }),
        ("`[migrations]`", "path") | ("an environment", "url" | "backup") => string(),
        ("an environment", "protected") => boolean(),
        ("`[hooks]`", _) => json!({ "type": "string" }),
        ("a migration", "version") => {
            json!({ "anyOf": [{ "type": "integer", "minimum": 1 }, { "type": "string", "pattern": "^[0-9]{1,20}$" }] })
        }
        ("a migration's file" | "a migration", "requires") => json!({ "type": "array", "items": refers("name") }),
        ("a migration's file" | "a migration", "up" | "down") => {
            json!({ "type": "array", "items": refers("operation") })
        }
        ("`create_table`", "columns") => {
            json!({ "type": "object", "additionalProperties": refers("column_or_type"), "minProperties": 1 })
        }
        ("`create_table`", "indexes") => by_name(&refers("index")),
        ("`create_table`", "foreign_keys") => by_name(&refers("foreign_key")),
        ("`create_table`", "uniques") => by_name(&refers("names")),
        ("`create_table`", "checks") => by_name(&refers("text")),
        ("`create_table`", "primary_key") | ("`add_unique`" | "`add_primary_key`", "columns") => refers("names"),
        ("an index" | "`create_index`", "columns") => {
            json!({ "type": "array", "items": { "anyOf": [refers("name"), refers("index_part")] }, "minItems": 1 })
        }
        ("a part of an index", "column") => refers("name"),
        ("a part of an index", "order") => json!({ "enum": ["asc", "desc"] }),
        ("a part of an index", "nulls") => json!({ "enum": ["first", "last"] }),
        ("a part of an index", "length") => json!({ "type": "integer", "minimum": 1 }),
        ("a foreign key" | "`add_foreign_key`", "columns") => refers("names"),
        ("a foreign key" | "`add_foreign_key`", "references") => {
            json!({ "anyOf": [refers("column_name"), list_of("column_name")] })
        }
        (_, "values") => json!({ "type": "array", "items": { "type": "string" }, "minItems": 1, "uniqueItems": true }),
        (_, "add") => json!({
            "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" }, "minItems": 1, "uniqueItems": true }]
        }),
        (_, "after") => json!({ "type": "string" }),
        (_, "rename") => {
            json!({ "type": "object", "additionalProperties": { "type": "string" }, "minProperties": 1 })
        }
        (_, "rows") => list_of("row"),
        ("a seed", "insert") => refers("table_name"),
        (_, "set") => refers("row"),
        (_, "unset") => {
            json!({ "type": "array", "items": { "enum": ["default", "comment", "collation", "auto_increment"] }, "minItems": 1 })
        }
        (_, "backends") => refers("backends"),
        (_, "key" | "include") => refers("names"),
        (_, "reads" | "writes" | "creates" | "drops") => {
            json!({ "type": "array", "items": { "type": "string", "minLength": 1 } })
        }
        (_, "references") => refers("column_name"),
        (_, "on_delete" | "on_update") => refers("action"),
        (_, "deferrable") => json!({ "enum": ["immediate", "deferred"] }),
        (_, "type") => refers("type"),
        (_, "default" | "fill" | "refill") => refers("value"),
        (
            _,
            "null" | "keep" | "materialized" | "concurrently" | "validate" | "stored" | "auto_increment" | "unique"
            | "batch" | "transaction" | "nulls_distinct",
        ) => boolean(),
        (_, "on") => refers("table_name"),
        (_, "to" | "name") => refers("name"),
        (_, "description" | "irreversible" | "note" | "comment") => string(),
        (_, "down" | "sql") => refers("texts"),
        (_, "sql_file" | "down_file") => refers("text"),
        (
            "",
            "create_table" | "drop_table" | "rename_table" | "create_view" | "replace_view" | "drop_view" | "insert"
            | "update" | "delete" | "create_enum" | "alter_enum" | "drop_enum" | "add_primary_key" | "drop_primary_key",
        ) => refers("table_name"),
        ("", "drop_column") => json!({ "anyOf": [refers("column_name"), list_of("column_name")] }),
        ("", "create_function" | "replace_function" | "drop_function") => refers("function_name"),
        ("", "add_column" | "rename_column" | "alter_column") => refers("column_name"),
        ("", _) => refers("name"),
        _ => refers("text"),
    }
}
