//! (Long: one table.)
//! The table of first mistakes: the wrong key that people write, and the right one.
//!
//! Everyone comes from another tool. A key that is listed here gets an answer of its
//! own; any other unknown key gets the nearest key of its place.

use super::operations::{self, VERBS};
use super::places::{self, Family, Place};
use super::walk::Val;
use crate::diagnostic::{Code, Diagnostic, listed, nearest};

/// A wrong key and what to do about it.
struct Mistake {
    families: &'static [Family],
    keys: &'static [&'static str],
    /// The key that it stands for, where there is one in the same table.
    right: Option<&'static str>,
    /// `misplaced-key` for a key that is right elsewhere, else `unknown-key`.
    code: Code,
    help: &'static str,
}

const COLUMNS: &[Family] = &[Family::Column, Family::AlterColumn];
const OPERATIONS: &[Family] = &[Family::Operation, Family::Column, Family::AlterColumn];

const fn unknown(families: &'static [Family], keys: &'static [&'static str], help: &'static str) -> Mistake {
    Mistake { families, keys, right: None, code: Code::UnknownKey, help }
}

const fn renamed(
    families: &'static [Family],
    keys: &'static [&'static str],
    right: &'static str,
    help: &'static str,
) -> Mistake {
    Mistake { families, keys, right: Some(right), code: Code::UnknownKey, help }
}

const fn misplaced(families: &'static [Family], keys: &'static [&'static str], help: &'static str) -> Mistake {
    Mistake { families, keys, right: None, code: Code::MisplacedKey, help }
}

static MISTAKES: &[Mistake] = &[
    // Columns.
    renamed(
        COLUMNS,
        &["nullable", "allow_null", "optional"],
        "null",
        "say `null = true` for a column that may be NULL; without it, it is NOT NULL",
    ),
    renamed(
        COLUMNS,
        &["not_null", "notnull", "required", "non_null"],
        "null",
        "leave it out: columns are NOT NULL unless they say `null = true`",
    ),
    misplaced(
        &[Family::Column],
        &["primary_key", "primary", "pk"],
        "the primary key is the table's own: `primary_key = [\"id\"]` above `[up.columns]` (`add_primary_key` for a table that stands)",
    ),
    misplaced(
        &[Family::AlterColumn],
        &["primary_key", "primary", "pk"],
        "the primary key is changed by `drop_primary_key` and `add_primary_key`",
    ),
    renamed(
        &[Family::Column],
        &["autoincrement", "auto", "identity", "serial", "increments"],
        "auto_increment",
        "did you mean `auto_increment = true`?",
    ),
    misplaced(
        &[Family::AlterColumn],
        &["auto_increment", "autoincrement", "identity"],
        "a column that stands cannot begin to number itself; `unset = [\"auto_increment\"]` takes it away",
    ),
    renamed(
        &[Family::Column],
        &["foreign_key", "foreign", "fk", "reference", "refers", "ref", "refers_to"],
        "references",
        "did you mean `references = \"table.column\"`?",
    ),
    misplaced(
        &[Family::AlterColumn],
        &["references", "on_delete", "on_update"],
        "a foreign key is an operation of its own: `add_foreign_key`",
    ),
    misplaced(&[Family::AlterColumn], &["unique"], "a unique constraint is an operation of its own: `add_unique`"),
    misplaced(&[Family::AlterColumn], &["check"], "a check is an operation of its own: `add_check`"),
    misplaced(
        &[Family::AlterColumn],
        &["to", "name", "rename", "new_name", "rename_to"],
        "a column gets its new name from `rename_column`",
    ),
    renamed(&[Family::AlterColumn], &["set_default"], "default", "did you mean `default`?"),
    renamed(&[Family::AlterColumn], &["drop_default"], "unset", "did you mean `unset = [\"default\"]`?"),
    renamed(&[Family::AlterColumn], &["set_type", "data_type", "new_type"], "type", "did you mean `type`?"),
    renamed(
        &[Family::Column],
        &["default_value", "default_expr", "default_sql", "server_default"],
        "default",
        "did you mean `default`? SQL is written `default = { expr = \"…\" }`",
    ),
    renamed(&[Family::Column], &["data_type", "kind"], "type", "did you mean `type`?"),
    unknown(
        COLUMNS,
        &["length", "size", "limit", "max_length", "max"],
        "the length is part of the type: `string(200)`",
    ),
    unknown(COLUMNS, &["precision", "scale", "digits"], "the digits are part of the type: `decimal(10,2)`"),
    unknown(COLUMNS, &["unsigned"], "the sign is part of the type: `unsigned bigint`"),
    misplaced(
        &[Family::Column],
        &["index", "indexed"],
        "an index has a name and stands in the table's `indexes`, or is made by `create_index`",
    ),
    misplaced(&[Family::Column], &["name"], "a column's name is its key"),
    misplaced(&[Family::Column], &["fill"], "a new table has no rows to fill; `fill` belongs to `add_column`"),
    misplaced(&[Family::Column], &["refill"], "`refill` belongs to `drop_column`; here it is `fill`"),
    unknown(
        COLUMNS,
        &["after", "first", "before", "position"],
        "leave it out: columns stand in the order in which they are made",
    ),
    // Any operation.
    renamed(&[Family::Operation], &["table", "table_name", "on_table"], "on", "did you mean `on`?"),
    misplaced(
        OPERATIONS,
        &["requires", "require", "depends_on", "depends", "needs"],
        "what a migration requires belongs to the migration: put `requires = […]` above the first `[[up]]`",
    ),
    misplaced(
        OPERATIONS,
        &["description", "transaction"],
        "it belongs to the migration: put it above the first `[[up]]`",
    ),
    misplaced(OPERATIONS, &["version"], "a migration's version comes from its file's name"),
    unknown(
        OPERATIONS,
        &["if_not_exists", "if_exists"],
        "leave it out: what stands at this point is known from the migrations before",
    ),
    unknown(
        OPERATIONS,
        &["cascade", "force"],
        "leave it out: what hangs on it is dropped by operations of its own, so that it can be brought back",
    ),
    renamed(&[Family::Operation], &["cols", "fields", "column", "field"], "columns", "did you mean `columns`?"),
    renamed(
        &[Family::Operation],
        &["primary", "pk", "primary_keys"],
        "primary_key",
        "did you mean `primary_key = [\"id\"]`?",
    ),
    renamed(&[Family::Operation], &["index"], "indexes", "did you mean `indexes`?"),
    renamed(&[Family::Operation], &["unique_keys", "unique_constraints"], "uniques", "did you mean `uniques`?"),
    renamed(
        &[Family::Operation],
        &["constraints", "check_constraints"],
        "checks",
        "did you mean `checks`, `uniques` or `foreign_keys`?",
    ),
    renamed(&[Family::Operation], &["fks", "foreign"], "foreign_keys", "did you mean `foreign_keys`?"),
    renamed(
        &[Family::Operation],
        &["engine", "charset"],
        "options",
        "what stands after the table's closing bracket is `options`, a text by backend",
    ),
    renamed(&[Family::Operation], &["method", "index_type"], "using", "did you mean `using`?"),
    renamed(&[Family::Operation], &["filter", "condition", "predicate"], "where", "did you mean `where`?"),
    renamed(&[Family::Operation], &["check", "condition", "expression", "sql"], "expr", "did you mean `expr`?"),
    renamed(
        &[Family::Operation],
        &["to", "to_table", "foreign_table", "foreign_columns", "ref_table", "refers_to"],
        "references",
        "did you mean `references = \"table.column\"`?",
    ),
    renamed(&[Family::Operation], &["values", "data", "records", "row"], "rows", "did you mean `rows = [{ … }]`?"),
    renamed(&[Family::Operation], &["values", "assign", "data"], "set", "did you mean `set`?"),
    renamed(&[Family::Operation], &["new_name", "into", "new", "name"], "to", "did you mean `to`?"),
    renamed(&[Family::Operation], &["rollback", "undo", "reverse", "revert"], "down", "did you mean `down`?"),
    misplaced(
        &[Family::Operation, Family::Column, Family::AlterColumn],
        &["down", "down_file"],
        "`down` stands on `sql`, `insert`, `update` and `delete` only: the way down of this operation is derived (`[[down]]` replaces the whole migration's)",
    ),
    misplaced(OPERATIONS, &["name"], "the name is the verb's own value: `create_index = \"name\"`"),
    // Migrations.
    renamed(
        &[Family::Node],
        &["depends_on", "depends", "dependencies", "require", "needs", "after", "parents"],
        "requires",
        "did you mean `requires = [\"…\"]`?",
    ),
    misplaced(&[Family::Node], &["version", "name"], "version and name come from the file's name: `VERSION_name.toml`"),
    renamed(
        &[Family::Node],
        &["operations", "steps", "actions", "changes", "forward", "apply", "migrate"],
        "up",
        "operations are written as `[[up]]` tables",
    ),
    renamed(
        &[Family::Node],
        &["rollback", "undo", "reverse", "revert", "backward"],
        "down",
        "a way down for the whole migration is written as `[[down]]` tables",
    ),
    renamed(
        &[Family::Node],
        &["reversible"],
        "irreversible",
        "`irreversible = \"why\"` says that there is no way down",
    ),
    renamed(
        &[Family::Node],
        &["transactional", "atomic", "in_transaction", "disable_ddl_transaction"],
        "transaction",
        "did you mean `transaction`?",
    ),
    // schema.toml.
    unknown(&[Family::Schema], &["seeds"], "seeds are written as `[[seed]]` tables"),
    unknown(&[Family::Schema], &["environment", "env", "envs"], "an environment is written `[environments.NAME]`"),
    unknown(
        &[Family::Schema],
        &["databases", "db", "connection"],
        "did you mean `[database]`, or `[environments.NAME]`?",
    ),
    misplaced(&[Family::Schema], &["name", "backends", "order"], "it belongs into `[project]`"),
    misplaced(&[Family::Schema], &["url", "database_url"], "it belongs into `[database]`"),
    misplaced(&[Family::Schema], &["path"], "it belongs into `[migrations]`"),
    misplaced(
        &[Family::Schema],
        &["up", "down", "requires"],
        "it belongs into a migration: a file `VERSION_name.toml`, or `[[migration]]`",
    ),
    renamed(
        &[Family::Project],
        &["backend", "database", "databases", "dialect", "dialects", "driver"],
        "backends",
        "did you mean `backends = [\"sqlite\", \"postgres\"]`?",
    ),
    misplaced(&[Family::Project], &["url", "database_url"], "it belongs into `[database]`"),
    misplaced(&[Family::Project], &["path", "migrations"], "it belongs into `[migrations]`"),
    renamed(&[Family::Migrations], &["dir", "folder", "directory", "paths"], "path", "did you mean `path`?"),
    renamed(
        &[Family::Environment],
        &["uri", "dsn", "database_url", "connection", "connection_string"],
        "url",
        "did you mean `url`?",
    ),
    unknown(
        &[Family::Environment],
        &["host", "port", "user", "username", "password", "database", "dbname"],
        "a database is named by its `url`: `postgres://user@host:5432/name`",
    ),
    unknown(
        &[Family::Environment],
        &["backend", "dialect", "adapter", "driver"],
        "leave it out: the backend is told by the `url`",
    ),
    renamed(&[Family::Environment], &["protect", "production", "safe"], "protected", "did you mean `protected`?"),
    renamed(&[Family::Seed], &["table", "into"], "insert", "did you mean `insert`?"),
    renamed(&[Family::Seed], &["keys", "unique", "on_conflict"], "key", "did you mean `key = [\"…\"]`?"),
    renamed(&[Family::Seed], &["values", "data", "records"], "rows", "did you mean `rows`?"),
    misplaced(&[Family::Seed], &["sql"], "a seed's SQL stands in a file: `sql_file = \"…\"`"),
    misplaced(&[Family::Seed], &["down"], "leave it out: a seed has no way down"),
];

/// Other tools' names of verbs, and what to write here.
const VERB_ALIASES: &[(&[&str], &str)] = &[
    (&["add_table", "new_table", "table", "create"], "did you mean `create_table`?"),
    (&["remove_table", "delete_table", "drop"], "did you mean `drop_table`?"),
    (&["create_column", "new_column", "add_columns", "add_field"], "did you mean `add_column`?"),
    (&["remove_column", "delete_column", "drop_columns", "remove_field"], "did you mean `drop_column`?"),
    (
        &[
            "change_column",
            "modify_column",
            "update_column",
            "alter_table",
            "change_column_default",
            "change_column_null",
        ],
        "did you mean `alter_column`?",
    ),
    (&["add_index", "new_index"], "did you mean `create_index`?"),
    (&["remove_index", "delete_index"], "did you mean `drop_index`?"),
    (&["create_foreign_key", "add_reference", "add_fk"], "did you mean `add_foreign_key`?"),
    (&["remove_foreign_key", "drop_fk"], "did you mean `drop_foreign_key`?"),
    (&["create_check", "add_check_constraint"], "did you mean `add_check`?"),
    (&["create_unique", "add_unique_constraint", "add_unique_index"], "did you mean `add_unique`?"),
    (
        &["add_constraint", "create_constraint"],
        "did you mean `add_check`, `add_unique`, `add_foreign_key` or `add_primary_key`?",
    ),
    (
        &["drop_constraint", "remove_constraint"],
        "did you mean `drop_check`, `drop_unique`, `drop_foreign_key` or `drop_primary_key`?",
    ),
    (&["execute", "exec", "raw", "raw_sql", "query", "run", "statement"], "did you mean `sql`?"),
    (&["file", "script", "sql_files"], "did you mean `sql_file`?"),
    (&["insert_into", "add_rows", "insert_rows", "seed", "insert_data"], "did you mean `insert`?"),
    (&["delete_from", "delete_rows", "truncate"], "did you mean `delete`?"),
    (&["comment"], "did you mean `note`?"),
];

/// What a verb of other tools is here.
pub(super) fn verb_alias(written: &str) -> Option<&'static str> {
    VERB_ALIASES.iter().find(|(words, _)| words.contains(&written)).map(|(_, help)| *help)
}

/// What a backend is called here.
pub(super) fn backend_alias(written: &str) -> Option<&'static str> {
    match written.to_ascii_lowercase().as_str() {
        "postgresql" | "pg" | "psql" | "pgsql" | "postgre" => Some("postgres"),
        "mariadb" | "maria" => Some("mysql"),
        "sqlite3" => Some("sqlite"),
        _ => None,
    }
}

/// The key of a place that a wrong key stands for: it is not reported as missing too.
pub(super) fn stands_for(place: &Place, written: &str) -> Option<&'static str> {
    match find(place, written) {
        Some(mistake) => mistake.right,
        None => nearest(written, place.keys.iter().copied()),
    }
}

/// The mistake that a key is in a place; only where what it stands for is a key there.
fn find(place: &Place, written: &str) -> Option<&'static Mistake> {
    MISTAKES.iter().find(|mistake| {
        mistake.keys.contains(&written)
            && mistake.families.contains(&place.family)
            && mistake.right.is_none_or(|right| place.keys.contains(&right))
    })
}

/// Explains a key that does not belong where it stands.
pub(super) fn explain(place: &Place, val: Val<'_>) -> Diagnostic {
    let key = val.key;
    let unknown = format!("{} has no key `{key}`", place.title);
    let elsewhere = format!("`{key}` does not belong to {}", place.title);
    if let Some(mistake) = find(place, key) {
        let message = if mistake.code == Code::MisplacedKey { elsewhere } else { unknown };
        return Diagnostic::new(mistake.code, message).at(val.key_span, "").help(mistake.help);
    }
    if place.family == Family::Text
        && let Some(right) =
            backend_alias(key).or_else(|| ["else", "other", "any", "all"].contains(&key).then_some("default"))
    {
        return Diagnostic::new(Code::UnknownKey, unknown)
            .at(val.key_span, "")
            .help(format!("did you mean `{right}`?"));
    }
    if place.family == Family::Node && operations::verb(key).is_some() {
        let help = format!("an operation stands in a table of its own: put `[[up]]` above `{key}`");
        return Diagnostic::new(Code::MisplacedKey, elsewhere).at(val.key_span, "").help(help);
    }
    if let Some(right) = nearest(key, place.keys.iter().copied()) {
        return Diagnostic::new(Code::UnknownKey, unknown)
            .at(val.key_span, "")
            .help(format!("did you mean `{right}`?"));
    }
    if let Some(owners) = owners(place, key) {
        return Diagnostic::new(Code::MisplacedKey, elsewhere)
            .at(val.key_span, "")
            .help(format!("it is a key of {owners}"));
    }
    let diagnostic = Diagnostic::new(Code::UnknownKey, unknown).at(val.key_span, "");
    let keys = listed(place.keys.iter().copied());
    if keys.is_empty() { diagnostic } else { diagnostic.help(format!("its keys are {keys}")) }
}

/// The places that have a key, for one that stands in another.
fn owners(place: &Place, key: &str) -> Option<String> {
    let is_operation = matches!(place.family, Family::Operation | Family::Column | Family::AlterColumn);
    let mut titles: Vec<&str> = Vec::new();
    if is_operation {
        let has = |other: &&Place| other.keys.contains(&key);
        let shared = [&places::COLUMN, &places::NODE];
        titles.extend(shared.into_iter().filter(has).map(|other| other.title));
        titles.extend(VERBS.iter().map(|verb| &verb.place).filter(has).map(|other| other.title));
    }
    (!titles.is_empty()).then(|| titles.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_listed_mistake_is_a_right_key_everywhere_it_is_looked_for() {
        for mistake in MISTAKES {
            for key in mistake.keys {
                assert!(mistake.right != Some(*key), "{key} stands for itself");
            }
            assert!(!mistake.help.ends_with('.'), "{}", mistake.help);
        }
    }

    #[test]
    fn every_right_key_is_a_key_of_some_place_of_its_family() {
        let places = [
            &places::SCHEMA,
            &places::PROJECT,
            &places::MIGRATIONS,
            &places::ENVIRONMENT,
            &places::HOOKS,
            &places::SEED,
            &places::NODE,
            &places::INLINE_NODE,
            &places::COLUMN,
            &places::INDEX,
            &places::FOREIGN_KEY,
        ];
        let all = || places.into_iter().chain(VERBS.iter().map(|verb| &verb.place));
        for mistake in MISTAKES {
            let Some(right) = mistake.right else { continue };
            assert!(
                all().any(|place| mistake.families.contains(&place.family) && place.keys.contains(&right)),
                "{right} is no key"
            );
        }
    }
}
