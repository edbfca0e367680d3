//! Usual mistakes: keys and verbs that people write who come from another tool, and what they mean here.
//!
//! A key that is listed here has an answer of its own; any other unknown key gets the nearest key of its table.

use self::Family::{AlterColumn, Column, Environment, Migrations, Node, Operation, Project, Schema, Seed};
use super::{COLUMN, Family, NODE, Place, Verb};
use crate::diagnostic::{Code, Diagnostic, Span, listed, nearest};

/// A wrong key and what to do about it.
struct Mistake {
    families: &'static [Family],
    keys: &'static [&'static str],
    /// The key of the same table that it stands for, if there is one.
    right: Option<&'static str>,
    /// `misplaced-key` for a key that is right elsewhere, else `unknown-key`.
    code: Code,
    /// Empty: "did you mean" the right key.
    help: &'static str,
}

const COLUMNS: &[Family] = &[Column, AlterColumn];
const OPERATIONS: &[Family] = &[Operation, Column, AlterColumn];

const fn unknown(families: &'static [Family], keys: &'static [&'static str], help: &'static str) -> Mistake {
    Mistake { families, keys, right: None, code: Code::UnknownKey, help }
}

#[rustfmt::skip]
const fn renamed(families: &'static [Family], keys: &'static [&'static str], right: &'static str, help: &'static str) -> Mistake {
    Mistake { families, keys, right: Some(right), code: Code::UnknownKey, help }
}

const fn misplaced(families: &'static [Family], keys: &'static [&'static str], help: &'static str) -> Mistake {
    Mistake { families, keys, right: None, code: Code::MisplacedKey, help }
}

#[rustfmt::skip]
static MISTAKES: &[Mistake] = &[
    // Columns.
    renamed(COLUMNS, &["nullable", "allow_null", "optional"], "null", "write `null = true` for a column that allows NULL; without it, the column is NOT NULL"),
    renamed(COLUMNS, &["not_null", "notnull", "required", "non_null"], "null", "leave it out: columns are NOT NULL unless `null = true`"),
    misplaced(&[Column], &["primary_key", "primary", "pk"], "the primary key belongs to the table: `primary_key = [\"id\"]` above `[up.columns]` (`add_primary_key` for an existing table)"),
    misplaced(&[AlterColumn], &["primary_key", "primary", "pk"], "the primary key is changed by `drop_primary_key` and `add_primary_key`"),
    renamed(&[Column], &["autoincrement", "auto", "identity", "serial", "increments"], "auto_increment", "did you mean `auto_increment = true`?"),
    misplaced(&[AlterColumn], &["auto_increment", "autoincrement", "identity"], "an existing column cannot become auto-increment; `unset = [\"auto_increment\"]` removes it"),
    renamed(&[Column], &["foreign_key", "foreign", "fk", "reference", "refers", "ref", "refers_to"], "references", "did you mean `references = \"table.column\"`?"),
    misplaced(&[AlterColumn], &["references", "on_delete", "on_update"], "a foreign key is an operation of its own: `add_foreign_key`"),
    misplaced(&[AlterColumn], &["unique"], "a unique constraint is an operation of its own: `add_unique`"),
    misplaced(&[AlterColumn], &["check"], "a check is an operation of its own: `add_check`"),
    misplaced(&[AlterColumn], &["to", "name", "rename", "new_name", "rename_to"], "a column gets its new name from `rename_column`"),
    renamed(&[AlterColumn], &["set_default"], "default", ""),
    renamed(&[AlterColumn], &["drop_default"], "unset", "did you mean `unset = [\"default\"]`?"),
    renamed(&[AlterColumn], &["set_type", "data_type", "new_type"], "type", ""),
    renamed(&[Column], &["default_value", "default_expr", "default_sql", "server_default"], "default", "did you mean `default`? SQL is written `default = { expr = \"…\" }`"),
    renamed(&[Column], &["data_type", "kind"], "type", ""),
    unknown(COLUMNS, &["length", "size", "limit", "max_length", "max"], "the length is part of the type: `string(200)`"),
    unknown(COLUMNS, &["precision", "scale", "digits"], "the digits are part of the type: `decimal(10,2)`"),
    unknown(COLUMNS, &["unsigned"], "the sign is part of the type: `unsigned bigint`"),
    misplaced(&[Column], &["index", "indexed"], "an index has a name: write it in the table's `indexes`, or use `create_index`"),
    misplaced(&[Column], &["name"], "a column's name is its key"),
    misplaced(&[Column], &["fill"], "a new table has no rows to fill; `fill` belongs to `add_column`"),
    misplaced(&[Column], &["refill"], "`refill` belongs to `drop_column`; here it is `fill`"),
    unknown(COLUMNS, &["after", "first", "before", "position"], "leave it out: columns are in the order in which they are added"),
    // Any operation.
    renamed(&[Operation], &["table", "table_name", "on_table"], "on", ""),
    misplaced(OPERATIONS, &["requires", "require", "depends_on", "depends", "needs"], "what a migration requires belongs to the migration: put `requires = […]` above the first `[[up]]`"),
    misplaced(OPERATIONS, &["description", "transaction"], "it belongs to the migration: put it above the first `[[up]]`"),
    misplaced(OPERATIONS, &["version"], "a migration's version comes from its file's name"),
    unknown(OPERATIONS, &["if_not_exists", "if_exists"], "leave it out: what exists at this point is known from the migrations before"),
    unknown(OPERATIONS, &["cascade", "force"], "leave it out: drop what depends on it by operations of its own, so that it can be restored"),
    renamed(&[Operation], &["cols", "fields", "column", "field"], "columns", ""),
    renamed(&[Operation], &["primary", "pk", "primary_keys"], "primary_key", "did you mean `primary_key = [\"id\"]`?"),
    renamed(&[Operation], &["index"], "indexes", ""),
    renamed(&[Operation], &["unique_keys", "unique_constraints"], "uniques", ""),
    renamed(&[Operation], &["constraints", "check_constraints"], "checks", "did you mean `checks`, `uniques` or `foreign_keys`?"),
    renamed(&[Operation], &["fks", "foreign"], "foreign_keys", ""),
    renamed(&[Operation], &["engine", "charset"], "options", "write it in `options`, a text by backend that follows the table's closing parenthesis"),
    renamed(&[Operation], &["method", "index_type"], "using", ""),
    renamed(&[Operation], &["filter", "condition", "predicate"], "where", ""),
    renamed(&[Operation], &["check", "condition", "expression", "sql"], "expr", ""),
    renamed(&[Operation], &["to", "to_table", "foreign_table", "foreign_columns", "ref_table", "refers_to"], "references", "did you mean `references = \"table.column\"`?"),
    renamed(&[Operation], &["values", "data", "records", "row"], "rows", "did you mean `rows = [{ … }]`?"),
    renamed(&[Operation], &["values", "assign", "data"], "set", ""),
    renamed(&[Operation], &["new_name", "into", "new", "name"], "to", ""),
    renamed(&[Operation], &["rollback", "undo", "reverse", "revert"], "down", ""),
    misplaced(OPERATIONS, &["down", "down_file"], "only `sql`, `insert`, `update` and `delete` have a `down`: the way down of this operation is derived (`[[down]]` replaces the whole migration's)"),
    misplaced(OPERATIONS, &["name"], "the name is the verb's value: `create_index = \"name\"`"),
    // Migrations.
    renamed(&[Node], &["depends_on", "depends", "dependencies", "require", "needs", "after", "parents"], "requires", "did you mean `requires = [\"…\"]`?"),
    misplaced(&[Node], &["version", "name"], "version and name come from the file's name: `VERSION_name.toml`"),
    renamed(&[Node], &["operations", "steps", "actions", "changes", "forward", "apply", "migrate"], "up", "operations are written as `[[up]]` tables"),
    renamed(&[Node], &["rollback", "undo", "reverse", "revert", "backward"], "down", "a way down for the whole migration is written as `[[down]]` tables"),
    renamed(&[Node], &["reversible"], "irreversible", "write `irreversible = \"why\"` if it cannot be undone"),
    renamed(&[Node], &["transactional", "atomic", "in_transaction", "disable_ddl_transaction"], "transaction", ""),
    // schema.toml.
    unknown(&[Schema], &["seeds"], "seeds are written as `[[seed]]` tables"),
    unknown(&[Schema], &["environment", "env", "envs"], "write an environment as `[environments.NAME]`"),
    unknown(&[Schema], &["databases", "db", "connection"], "did you mean `[database]`, or `[environments.NAME]`?"),
    misplaced(&[Schema], &["name", "backends", "order"], "it belongs in `[project]`"),
    misplaced(&[Schema], &["url", "database_url"], "it belongs in `[database]`"),
    misplaced(&[Schema], &["path"], "it belongs in `[migrations]`"),
    misplaced(&[Schema], &["up", "down", "requires"], "it belongs in a migration: a file `VERSION_name.toml`, or `[[migration]]`"),
    renamed(&[Project], &["backend", "database", "databases", "dialect", "dialects", "driver"], "backends", "did you mean `backends = [\"sqlite\", \"postgres\"]`?"),
    misplaced(&[Project], &["url", "database_url"], "it belongs in `[database]`"),
    misplaced(&[Project], &["path", "migrations"], "it belongs in `[migrations]`"),
    renamed(&[Migrations], &["dir", "folder", "directory", "paths"], "path", ""),
    renamed(&[Environment], &["uri", "dsn", "database_url", "connection", "connection_string"], "url", ""),
    unknown(&[Environment], &["host", "port", "user", "username", "password", "database", "dbname"], "a database is named by its `url`: `postgres://user@host:5432/name`"),
    unknown(&[Environment], &["backend", "dialect", "adapter", "driver"], "leave it out: the `url` says which backend it is"),
    renamed(&[Environment], &["protect", "production", "safe"], "protected", ""),
    renamed(&[Seed], &["table", "into"], "insert", ""),
    renamed(&[Seed], &["keys", "unique", "on_conflict"], "key", "did you mean `key = [\"…\"]`?"),
    renamed(&[Seed], &["values", "data", "records"], "rows", ""),
    misplaced(&[Seed], &["sql"], "a seed's SQL is in a file: `sql_file = \"…\"`"),
    misplaced(&[Seed], &["down"], "leave it out: a seed has no way down"),
];

/// Other tools' names of verbs, and what to write here.
#[rustfmt::skip]
const VERB_ALIASES: &[(&[&str], &str)] = &[
    (&["add_table", "new_table", "table", "create"], "did you mean `create_table`?"),
    (&["remove_table", "delete_table", "drop"], "did you mean `drop_table`?"),
    (&["create_column", "new_column", "add_columns", "add_field"], "did you mean `add_column`?"),
    (&["remove_column", "delete_column", "drop_columns", "remove_field"], "did you mean `drop_column`?"),
    (&["change_column", "modify_column", "update_column", "alter_table", "change_column_default", "change_column_null"], "did you mean `alter_column`?"),
    (&["add_index", "new_index"], "did you mean `create_index`?"),
    (&["remove_index", "delete_index"], "did you mean `drop_index`?"),
    (&["create_foreign_key", "add_reference", "add_fk"], "did you mean `add_foreign_key`?"),
    (&["remove_foreign_key", "drop_fk"], "did you mean `drop_foreign_key`?"),
    (&["create_check", "add_check_constraint"], "did you mean `add_check`?"),
    (&["create_unique", "add_unique_constraint", "add_unique_index"], "did you mean `add_unique`?"),
    (&["add_constraint", "create_constraint"], "did you mean `add_check`, `add_unique`, `add_foreign_key` or `add_primary_key`?"),
    (&["drop_constraint", "remove_constraint"], "did you mean `drop_check`, `drop_unique`, `drop_foreign_key` or `drop_primary_key`?"),
    (&["execute", "exec", "raw", "raw_sql", "query", "run", "statement"], "did you mean `sql`?"),
    (&["file", "script", "sql_files"], "did you mean `sql_file`?"),
    (&["insert_into", "add_rows", "insert_rows", "seed", "insert_data"], "did you mean `insert`?"),
    (&["delete_from", "delete_rows", "truncate"], "did you mean `delete`?"),
    (&["comment"], "did you mean `note`?"),
];

/// What a verb of another tool is here: a help text.
pub(crate) fn verb_alias(written: &str) -> Option<&'static str> {
    VERB_ALIASES.iter().find(|(words, _)| words.contains(&written)).map(|(_, help)| *help)
}

/// What a backend is called here.
pub(crate) fn backend_alias(written: &str) -> Option<&'static str> {
    match written.to_ascii_lowercase().as_str() {
        "postgresql" | "pg" | "psql" | "pgsql" | "postgre" => Some("postgres"),
        "mariadb" | "maria" => Some("mysql"),
        "sqlite3" => Some("sqlite"),
        _ => None,
    }
}

impl Place {
    /// The key that an unknown key stands for, so that it is not reported as missing too.
    pub(crate) fn meant(&self, written: &str) -> Option<&'static str> {
        match self.mistake(written) {
            Some(mistake) => mistake.right,
            None if self.family == Node && Verb::named(written).is_some() => Some("up"),
            None => nearest(written, self.names()),
        }
    }

    /// The usual mistake that a key is here, if what it stands for is one of the keys.
    fn mistake(&self, written: &str) -> Option<&'static Mistake> {
        MISTAKES.iter().find(|mistake| {
            mistake.keys.contains(&written)
                && mistake.families.contains(&self.family)
                && mistake.right.is_none_or(|right| self.has(right))
        })
    }

    /// Explains a key that this table does not have.
    pub(crate) fn explain(&self, key: &str, span: Span) -> Diagnostic {
        let (code, help) = self.advice(key);
        let message = match code {
            Code::MisplacedKey => format!("`{key}` does not belong to {}", self.title),
            _ => format!("{} has no key `{key}`", self.title),
        };
        let mut diagnostic = Diagnostic::new(code, message).at(span, "");
        diagnostic.help = help;
        diagnostic
    }

    fn advice(&self, key: &str) -> (Code, Option<String>) {
        if let Some(mistake) = self.mistake(key) {
            let help = match mistake.right {
                Some(right) if mistake.help.is_empty() => did_you_mean(right),
                _ => Some(mistake.help.to_owned()),
            };
            return (mistake.code, help);
        }
        let branch = || ["else", "other", "any", "all"].contains(&key).then_some("default");
        if self.family == Family::Text
            && let Some(right) = backend_alias(key).or_else(branch)
        {
            return (Code::UnknownKey, did_you_mean(right));
        }
        if self.family == Node && Verb::named(key).is_some() {
            let help = format!("each operation needs its own `[[up]]`: put one above `{key}`");
            return (Code::MisplacedKey, Some(help));
        }
        if let Some(right) = nearest(key, self.names()) {
            return (Code::UnknownKey, did_you_mean(right));
        }
        if let Some(owners) = self.owners(key) {
            return (Code::MisplacedKey, Some(format!("it is a key of {owners}")));
        }
        let keys = listed(self.names());
        (Code::UnknownKey, (!keys.is_empty()).then(|| format!("its keys are {keys}")))
    }

    /// The tables that have a key which an operation or a column lacks.
    fn owners(&self, key: &str) -> Option<String> {
        if !OPERATIONS.contains(&self.family) {
            return None;
        }
        let places = [&COLUMN, &NODE].into_iter().chain(Verb::ALL.iter().map(|verb| &verb.place));
        let titles: Vec<&str> = places.filter(|place| place.has(key)).map(|place| place.title).collect();
        (!titles.is_empty()).then(|| titles.join(", "))
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the help of a diagnostic may be missing")]
fn did_you_mean(right: &str) -> Option<String> {
    Some(format!("did you mean `{right}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::{
        ENVIRONMENT, FOREIGN_KEY, HOOKS, INDEX, INLINE_NODE, MIGRATIONS, PROJECT, SCHEMA, SEED, TEXT, VALUE,
    };

    fn places() -> impl Iterator<Item = &'static Place> {
        let sections = [&SCHEMA, &PROJECT, &MIGRATIONS, &ENVIRONMENT, &HOOKS, &SEED, &NODE, &INLINE_NODE];
        let parts = [&COLUMN, &INDEX, &FOREIGN_KEY, &TEXT, &VALUE];
        sections.into_iter().chain(parts).chain(Verb::ALL.iter().map(|verb| &verb.place))
    }

    #[test]
    fn a_usual_mistake_stands_for_a_key_of_some_table_and_is_none_itself() {
        for mistake in MISTAKES {
            assert!(!mistake.help.ends_with('.'), "{}", mistake.help);
            assert!(mistake.right.is_some() || !mistake.help.is_empty(), "{:?} has no help", mistake.keys);
            let Some(right) = mistake.right else { continue };
            assert!(!mistake.keys.contains(&right), "{right} stands for itself");
            let found = places().any(|place| mistake.families.contains(&place.family) && place.has(right));
            assert!(found, "{right} is not a key");
        }
    }

    #[test]
    fn an_alias_is_not_a_verb_and_its_help_names_one() {
        for (words, help) in VERB_ALIASES {
            assert_eq!(words.iter().find(|word| Verb::named(word).is_some()), None);
            let named = help.split('`').nth(1).and_then(Verb::named);
            assert!(named.is_some(), "{help}");
        }
    }
}
