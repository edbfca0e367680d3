//! The grammar as data: which keys stand where. Reading code takes the keys; this
//! table says what the others should have been.

/// A kind of table in the manifest.
#[derive(Debug)]
pub(super) struct Place {
    /// What it is called in messages: "a column", "`create_index`".
    pub(super) title: &'static str,
    /// Which of the usual mistakes are made here.
    pub(super) family: Family,
    /// The keys it has.
    pub(super) keys: &'static [&'static str],
}

/// Kinds of tables that people make the same mistakes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Schema,
    Project,
    Migrations,
    Environment,
    Hooks,
    Seed,
    Node,
    Operation,
    Column,
    AlterColumn,
    Text,
    Other,
}

const fn place(title: &'static str, family: Family, keys: &'static [&'static str]) -> Place {
    Place { title, family, keys }
}

pub(super) static SCHEMA: Place = place(
    "`schema.toml`",
    Family::Schema,
    &["project", "migrations", "database", "environments", "checks", "hooks", "seed", "migration"],
);
pub(super) static PROJECT: Place = place("`[project]`", Family::Project, &["name", "backends", "order"]);
pub(super) static MIGRATIONS: Place = place("`[migrations]`", Family::Migrations, &["path"]);
pub(super) static ENVIRONMENT: Place = place("an environment", Family::Environment, &["url", "protected", "backup"]);
pub(super) static HOOKS: Place = place("`[hooks]`", Family::Hooks, HOOK_KEYS);
pub(super) static SEED: Place = place("a seed", Family::Seed, &["insert", "key", "rows", "sql_file", "backends"]);
pub(super) static NODE: Place = place("a migration's file", Family::Node, NODE_KEYS);
pub(super) static INLINE_NODE: Place = place(
    "a migration",
    Family::Node,
    &["version", "name", "description", "requires", "transaction", "backends", "irreversible", "up", "down"],
);
pub(super) static COLUMN: Place = place(
    "a column",
    Family::Column,
    &[
        "type",
        "null",
        "default",
        "auto_increment",
        "unique",
        "references",
        "on_delete",
        "on_update",
        "deferrable",
        "check",
        "generated",
        "stored",
        "collation",
        "comment",
    ],
);
pub(super) static INDEX: Place = place("an index", Family::Operation, INDEX_KEYS);
pub(super) static INDEX_PART: Place =
    place("a part of an index", Family::Other, &["column", "expr", "order", "nulls", "length", "collation", "opclass"]);
pub(super) static FOREIGN_KEY: Place = place(
    "a foreign key",
    Family::Operation,
    &["columns", "references", "on_delete", "on_update", "deferrable", "validate"],
);
pub(super) static TEXT: Place = place("a text by backend", Family::Text, &["sqlite", "postgres", "mysql", "default"]);
pub(super) static VALUE: Place = place("a value", Family::Other, &["expr", "hex"]);
pub(super) static TABLE_NAME: Place = place("a table's name", Family::Other, &["schema", "table"]);
pub(super) static COLUMN_NAME: Place = place("a column's name", Family::Other, &["schema", "table", "column"]);

pub(super) const NODE_KEYS: &[&str] =
    &["description", "requires", "transaction", "backends", "irreversible", "up", "down"];
pub(super) const INDEX_KEYS: &[&str] = &["columns", "unique", "where", "using", "include", "with", "nulls_distinct"];

/// The keys of `[hooks]`: around each command that changes the database, and `on_failure`.
pub(super) const HOOK_KEYS: &[&str] = &[
    "before_reset",
    "after_reset",
    "before_latest",
    "after_latest",
    "before_up",
    "after_up",
    "before_down",
    "after_down",
    "before_redo",
    "after_redo",
    "before_exec",
    "after_exec",
    "before_fresh",
    "after_fresh",
    "before_seed",
    "after_seed",
    "on_failure",
];
