//! The tables of the manifest, except the operations: sections of `schema.toml`, migrations, columns, indexes, foreign keys, and
//! what may be written as a table in place of a string.

use super::Shape::{
    Backend, Boolean, ByName, Checks, Count, Either, Existing, List, Name, Operation, Set, String, Text, Type, Value,
    Version, Word,
};
use super::Backend::{Mysql, Postgres, Sqlite};
use super::{Family, Key, Place, Shape, Sql, Thing, key, required};
use crate::operation::{Action, Deferrable, Nulls, Order};

pub static SCHEMA: Place = Place::new("`schema.toml`", Family::Schema, &[&[
    required("project", Shape::Table(&PROJECT), "what the project is called and which backends it runs on"),
    key("migrations", Shape::Table(&MIGRATIONS), "where the migrations are"),
    key("database", Shape::Table(&ENVIRONMENT), "the environment `development`"),
    key("environments", ByName(0, &Name, &Shape::Table(&ENVIRONMENT)), "environments by name, chosen with --env"),
    key("checks", Checks, "how serious each finding of `check` is"),
    key("hooks", Shape::Table(&HOOKS), "shell commands around runs; variables DBMIGRATE_… say what runs"),
    key("seed", List(0, &Shape::Table(&SEED)), "rows for `dbmigrate seed`"),
    key("migration", List(0, &Shape::Table(&INLINE_NODE)), "migrations written here instead of in files of their own"),
]]);

pub static PROJECT: Place = Place::new("`[project]`", Family::Project, &[&[
    required("name", String, "the project's name, used in messages and for backups"),
    required("backends", BACKENDS, "the backends that every migration must run on; `check` covers each"),
    key("order", Word(&["graph", "linear"]), "`graph`: migrations require what they name; `linear`: each requires the one before it"),
]]);

pub static MIGRATIONS: Place = Place::new("`[migrations]`", Family::Migrations, &[&[
    key("path", String, "the folder whose files VERSION_name.toml are migrations"),
]]);

/// `[database]` and `[environments.NAME]`.
pub static ENVIRONMENT: Place = Place::new("an environment", Family::Environment, &[&[
    key("url", String, "where the database is; a whole value `$NAME` is read from the environment or `.env`"),
    key("protected", Boolean, "destructive runs need --allow-protected, and --yes or the name typed"),
    key("backup", String, "a folder that a backup is written to before a destructive run"),
]]);

const BEFORE: &str = "a shell command, run before this command changes anything";
const AFTER: &str = "a shell command, run when this command is done";

/// `[hooks]`: around each command that changes the database, and after a failure.
pub static HOOKS: Place = Place::new("`[hooks]`", Family::Hooks, &[&[
    key("before_reset", String, BEFORE), key("after_reset", String, AFTER),
    key("before_latest", String, BEFORE), key("after_latest", String, AFTER),
    key("before_up", String, BEFORE), key("after_up", String, AFTER),
    key("before_down", String, BEFORE), key("after_down", String, AFTER),
    key("before_redo", String, BEFORE), key("after_redo", String, AFTER),
    key("before_exec", String, BEFORE), key("after_exec", String, AFTER),
    key("before_fresh", String, BEFORE), key("after_fresh", String, AFTER),
    key("before_seed", String, BEFORE), key("after_seed", String, AFTER),
    key("on_failure", String, "a shell command, run when a command has failed"),
]]);

pub static SEED: Place = Place::new("a seed", Family::Seed, &[&[
    key("insert", Existing(Thing::Table), "the table to load rows into"),
    key("key", COLUMNS, "columns that identify a row: one that exists is updated"),
    key("rows", ROWS, "the rows, each a table of column and value"),
    key("sql_file", String, "a file of SQL; its author makes sure that it may run twice"),
    key("backends", BACKENDS, "the backends that this runs on; the others skip it"),
]]).one_of(&[&["insert", "rows"], &["sql_file"]]);

pub static NODE: Place = Place::new("a migration's file", Family::Node, &[MIGRATION]);
pub static INLINE_NODE: Place = Place::new("a migration", Family::Node, &[&[
    required("version", Version, "its version: a whole number above 0, at most 20 digits"),
    required("name", Name, "its name, which others require it by"),
], MIGRATION]);

const MIGRATION: &[Key] = &[
    key("description", Shape::AnyString, "what it is for"),
    key("requires", List(0, &Name), "the migrations that must be applied before it"),
    key("transaction", Boolean, "`false`: it cannot run inside a transaction"),
    key("backends", BACKENDS, "the backends that its operations run on; the others skip them"),
    key("irreversible", String, "why it cannot be undone"),
    required("up", List(0, &Operation), "what it does: its operations"),
    key("down", List(0, &Operation), "how it is undone as a whole, instead of in the derived way"),
];

/// The keys that any operation may have, besides its own.
pub(super) const OPERATION_KEYS: &[Key] = &[
    key("backends", BACKENDS, "the backends that this runs on; the others skip it"),
    key("irreversible", String, "why this cannot be undone"),
];

/// A column of a new table.
pub static COLUMN: Place = Place::new("a column", Family::Column, &[COLUMN_KEYS]);

pub(super) const COLUMN_KEYS: &[Key] = &[
    required("type", Type, "the type, or one for each backend"),
    key("null", Boolean, "allow NULL (default false)"),
    key("default", Value, "the default value: a literal, or `{ expr = … }`"),
    key("auto_increment", Boolean, "auto-increment"),
    key("unique", Boolean, "a unique constraint over this column alone"),
    key("references", Existing(Thing::Column), "a foreign key to `table.column`"),
    ON_DELETE.needs("references"),
    ON_UPDATE.needs("references"),
    DEFERRABLE.needs("references"),
    key("check", Text(Sql::Condition), "a condition that every row meets"),
    key("generated", Text(Sql::Expression), "the expression that it is computed from, over its row"),
    key("stored", Boolean, "`false`: computed when it is read, and not stored (SQLite, MySQL)").needs("generated"),
    key("collation", COLLATION, "how it is compared and sorted: the database's own word for it"),
    COMMENT,
];

/// An index of a new table.
pub static INDEX: Place = Place::new("an index", Family::Operation, &[&INDEX_KEYS]);

pub(super) static INDEX_KEYS: [Key; 7] = [
    required("columns", List(1, &Either(&[Existing(Thing::OwnColumn), Shape::Table(&INDEX_PART)])), "what it is over, in order: names, or tables with `column` or `expr`"),
    key("unique", Boolean, "no two rows are the same in it"),
    key("where", Text(Sql::Condition), "which rows it holds").only(&[Sqlite, Postgres]),
    key("using", Text(Sql::Method), "its method: btree, gin, …").only(&[Postgres, Mysql]),
    key("include", COLUMNS, "columns stored in it besides").only(&[Postgres]),
    key("with", Text(Sql::Parameters), "storage parameters: `fillfactor = 70`").only(&[Postgres]),
    key("nulls_distinct", Boolean, "`false`: NULLs are equal, so that a unique index has only one (PostgreSQL)").needs("unique"),
];

pub static INDEX_PART: Place = Place::new("a part of an index", Family::Other, &[&[
    key("column", Existing(Thing::OwnColumn), "a column of the table"),
    key("expr", Text(Sql::Expression), "an expression over the table's columns").only(&[Sqlite, Postgres]),
    key("order", Word(&words(&Order::WORDS)), "ascending (the default) or descending"),
    key("nulls", Word(&words(&Nulls::WORDS)), "where NULLs sort"),
    key("length", Count, "leading characters only (MySQL)"),
    key("collation", COLLATION, "sorts by this collation").only(&[Sqlite, Postgres]),
    key("opclass", Text(Sql::OperatorClass), "the operator class").only(&[Postgres]),
]]).one_of(&[&["column"], &["expr"]]);

/// A foreign key of a new table.
pub static FOREIGN_KEY: Place = Place::new("a foreign key", Family::Operation, &[FOREIGN_KEY_KEYS]);

pub(super) const FOREIGN_KEY_KEYS: &[Key] = &[
    required("columns", COLUMNS, "the referring columns"),
    required("references", Either(&[Existing(Thing::Column), List(1, &Existing(Thing::Column))]), "the column pointed to, `table.column`, or a list of them"),
    ON_DELETE,
    ON_UPDATE,
    DEFERRABLE,
    key("validate", Boolean, "`false`: existing rows are not checked (PostgreSQL; elsewhere they are)"),
];

const ON_DELETE: Key = key("on_delete", ACTION, "what happens when the referenced row is deleted");
const ON_UPDATE: Key = key("on_update", ACTION, "what happens when the referenced key changes");
const DEFERRABLE: Key = key("deferrable", Word(&words(&Deferrable::WORDS)), "the key can wait: `immediate` (checked after each statement, unless a transaction says otherwise) or `deferred`").only(&[Sqlite, Postgres]);
pub(super) const COMMENT: Key = key("comment", String, "a comment stored in the database (PostgreSQL, MySQL)");

pub static TEXT: Place = Place::new("a text by backend", Family::Text, &[&[
    key("sqlite", Shape::AnyString, "on SQLite"),
    key("postgres", Shape::AnyString, "on PostgreSQL"),
    key("mysql", Shape::AnyString, "on MySQL and MariaDB"),
    key("default", Shape::AnyString, "on backends that are not named"),
]]);

/// A value that is not a literal of TOML.
pub static VALUE: Place = Place::new("a value", Family::Other, &[&[
    key("expr", Text(Sql::Expression), "SQL instead of a literal: `{ expr = \"CURRENT_TIMESTAMP\" }`; NULL is `{ expr = \"NULL\" }`"),
    key("hex", Shape::AnyString, "bytes, in two digits of base 16 each"),
]]).one_of(&[&["expr"], &["hex"]]);

/// A table's name in parts, for one with dots.
pub static TABLE_NAME: Place = Place::new("a table's name", Family::Other, &[&[
    key("schema", Name, "its schema"),
    required("table", Name, "its own name"),
]]);

/// A column's name in parts, for one with dots.
pub static COLUMN_NAME: Place = Place::new("a column's name", Family::Other, &[&[
    key("schema", Name, "the schema of its table"),
    required("table", Name, "its table"),
    required("column", Name, "its own name"),
]]);

pub(super) const BACKENDS: Shape = Set(&Backend);
pub(super) const COLUMNS: Shape = Set(&Existing(Thing::OwnColumn));
pub(super) const COLLATION: Shape = Text(Sql::Collation);
pub(super) const ROWS: Shape = List(1, &ROW);
pub(super) const ROW: Shape = ByName(1, &Existing(Thing::OwnColumn), &Value);
const ACTION: Shape = Word(&words(&Action::WORDS));

/// The words alone, of words with what each means.
#[expect(clippy::indexing_slicing, reason = "both have as many")]
const fn words<T: Copy, const N: usize>(all: &[(&'static str, T); N]) -> [&'static str; N] {
    let mut words = [""; N];
    let mut at = 0;
    while at < N {
        words[at] = all[at].0;
        at += 1;
    }
    words
}
