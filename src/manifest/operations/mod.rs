//! Operations: one `[[up]]` or `[[down]]` table to one [`Operation`].
//!
//! A verb is a line in [`VERBS`], with the keys it has and the function that reads them;
//! the families of verbs have a file each. To add a verb: the line, the function, and
//! a case in `manifest/tests/operations.rs`.

mod columns;
mod constraints;
mod enums;
mod indexes;
mod programs;
mod rows;
mod schemas;
mod sql;
mod tables;
mod views;

pub(super) use rows::{rows, rows_have_key};
pub(super) use sql::read_file;

use super::places::{Family, Place};
use super::walk::{Table, Val, Walk};
use super::{mistakes, node};
use crate::diagnostic::{Code, Diagnostic, Span, listed, nearest};
use crate::ident::{ColumnName, TableName};
use crate::operation::{Kind, Operation, Spans};

/// A verb: its keys (besides those of any operation), and how it is read.
pub(super) struct Verb {
    pub(super) name: &'static str,
    pub(super) place: Place,
    read: fn(&mut Op<'_, '_, '_, '_>) -> Option<Kind>,
}

/// The keys that any operation may have.
pub(super) const COMMON: &[&str] = &["backends", "irreversible"];

macro_rules! verbs {
    ($($name:literal $keys:expr, $family:ident => $read:path;)+) => {
        &[$(Verb {
            name: $name,
            place: Place { title: concat!("`", $name, "`"), family: Family::$family, keys: $keys },
            read: $read,
        }),+]
    };
}

/// Every verb that is built.
pub(super) static VERBS: &[Verb] = verbs! {
    "create_table" &["columns", "primary_key", "indexes", "foreign_keys", "uniques", "checks", "options", "comment"], Operation => tables::create_table;
    "drop_table" &[], Operation => tables::drop_table;
    "rename_table" &["to"], Operation => tables::rename_table;
    "add_column" &["type", "null", "default", "auto_increment", "unique", "references", "on_delete", "on_update", "deferrable", "check", "generated", "stored", "collation", "comment", "fill"], Column => columns::add_column;
    "drop_column" &["refill"], Operation => columns::drop_column;
    "rename_column" &["to"], Operation => columns::rename_column;
    "alter_column" &["type", "null", "default", "collation", "comment", "using", "using_down", "fill", "unset"], AlterColumn => columns::alter_column;
    "create_index" &["on", "columns", "unique", "where", "using", "include", "with", "nulls_distinct", "concurrently"], Operation => indexes::create_index;
    "drop_index" &["on", "concurrently"], Operation => indexes::drop_index;
    "rename_index" &["on", "to"], Operation => indexes::rename_index;
    "add_foreign_key" &["on", "columns", "references", "on_delete", "on_update", "deferrable", "validate"], Operation => constraints::add_foreign_key;
    "drop_foreign_key" &["on"], Operation => constraints::drop_foreign_key;
    "add_check" &["on", "expr"], Operation => constraints::add_check;
    "drop_check" &["on"], Operation => constraints::drop_check;
    "add_unique" &["on", "columns"], Operation => constraints::add_unique;
    "drop_unique" &["on"], Operation => constraints::drop_unique;
    "add_primary_key" &["columns"], Operation => constraints::add_primary_key;
    "drop_primary_key" &[], Operation => constraints::drop_primary_key;
    "create_view" &["select", "materialized", "reads"], Operation => views::create_view;
    "replace_view" &["select", "reads"], Operation => views::replace_view;
    "drop_view" &[], Operation => views::drop_view;
    "create_function" &["definition", "reads", "writes"], Operation => programs::create_function;
    "replace_function" &["definition", "reads", "writes"], Operation => programs::replace_function;
    "drop_function" &[], Operation => programs::drop_function;
    "create_trigger" &["on", "definition"], Operation => programs::create_trigger;
    "drop_trigger" &["on"], Operation => programs::drop_trigger;
    "create_extension" &[], Operation => schemas::create_extension;
    "drop_extension" &[], Operation => schemas::drop_extension;
    "create_schema" &[], Operation => schemas::create_schema;
    "drop_schema" &[], Operation => schemas::drop_schema;
    "create_enum" &["values"], Operation => enums::create_enum;
    "alter_enum" &["add", "after", "rename"], Operation => enums::alter_enum;
    "drop_enum" &[], Operation => enums::drop_enum;
    "insert" &["rows", "key", "down"], Operation => rows::insert;
    "update" &["set", "where", "keep", "down"], Operation => rows::update;
    "delete" &["where", "keep", "down"], Operation => rows::delete;
    "sql" &["down", "down_file", "reads", "writes", "creates", "drops", "batch"], Operation => sql::sql;
    "sql_file" &["down", "down_file", "reads", "writes", "creates", "drops", "batch"], Operation => sql::sql_file;
    "note" &[], Operation => sql::note;
};

/// A verb by its name.
pub(super) fn verb(name: &str) -> Option<&'static Verb> {
    VERBS.iter().find(|verb| verb.name == name)
}

/// An operation being read: the walk, its table, the verb's value, and the places found so far.
pub(super) struct Op<'w, 's, 'a, 't> {
    walk: &'w mut Walk<'s, 'a>,
    table: Table<'t>,
    object: Val<'t>,
    place: &'static Place,
    /// The list it stands in: `up` or `down`.
    list: &'t str,
    spans: Spans,
}

/// Which way an operation belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// `[[up]]`
    Up,
    /// `[[down]]`, where no operation has a way down of its own.
    Down,
}

/// Reads an element of `[[up]]` or `[[down]]`.
pub(super) fn operation(walk: &mut Walk<'_, '_>, item: Val<'_>, way: Way) -> Option<Operation> {
    let mut table = walk.table_or(item, "operations, each a table")?;
    let found: Vec<_> = table.iter().filter_map(|val| verb(val.key).map(|verb| (verb, val))).collect();
    let Some((verb, object)) = found.first().copied() else {
        no_verb(walk, item, &table);
        return None;
    };
    if let Some((_, other)) = found.get(1) {
        let diagnostic = Diagnostic::new(
            Code::WrongValue,
            format!("one operation at a time: `{}` and `{}` stand in one table", object.key, other.key),
        );
        let help = format!("give `{}` an `[[{}]]` of its own", other.key, item.key);
        walk.report(diagnostic.at(other.key_span, "a second verb").at(object.key_span, "the first").help(help));
        return None;
    }
    table.take(verb.name);
    let outer = walk.covering.clone();
    let mut spans = Spans { whole: table.span, object: object.span, parts: Vec::new() };
    let backends = table.take("backends").and_then(|val| {
        spans.parts.push(("backends".into(), val.span));
        walk.backends(val)
    });
    if let Some(backends) = &backends {
        walk.covering.retain(|backend| backends.contains(backend));
    }
    let irreversible = table.take("irreversible").and_then(|val| {
        spans.parts.push(("irreversible".into(), val.span));
        let reason = node::irreversible(walk, val);
        if let Some(down) = ["down", "down_file"].into_iter().find(|key| table.has(key)) {
            walk.wrong(val.span, format!("`irreversible` and `{down}` contradict each other"));
        }
        reason
    });
    let mut op = Op { walk, table, object, place: &verb.place, list: item.key, spans };
    if way == Way::Down {
        op.refuse_own_down();
    }
    let kind = (verb.read)(&mut op);
    let Op { walk, table, spans, .. } = op;
    walk.finish(&table, &verb.place);
    walk.covering = outer;
    Some(Operation { kind: kind?, backends, irreversible, spans })
}

/// Reports a table without a verb: one that is not built, one misspelt, or none at all.
fn no_verb(walk: &mut Walk<'_, '_>, item: Val<'_>, table: &Table<'_>) {
    let names: Vec<_> = VERBS.iter().map(|verb| verb.name).collect();
    let known: Vec<_> = VERBS.iter().flat_map(|verb| verb.place.keys).chain(COMMON).copied().collect();
    let meant = table.iter().find_map(|val| Some((val, mistakes::verb_alias(val.key)?.to_owned()))).or_else(|| {
        table
            .iter()
            .filter(|val| !known.contains(&val.key))
            .find_map(|val| Some((val, format!("did you mean `{}`?", nearest(val.key, names.iter().copied())?))))
    });
    if let Some((val, help)) = meant {
        let message = format!("there is no operation `{}`", val.key);
        walk.report(Diagnostic::new(Code::UnknownKey, message).at(val.key_span, "").help(help));
        return;
    }
    let message = format!("this `[[{}]]` says no operation", item.key);
    walk.wrong_help(item.span, message, format!("it needs one of {}", listed(names)));
}

impl<'t> Op<'_, '_, '_, 't> {
    /// Remembers the place of a part.
    fn mark(&mut self, path: impl Into<Box<str>>, span: Span) {
        self.spans.parts.push((path.into(), span));
    }

    /// Takes a key and remembers its place.
    fn take(&mut self, key: &str) -> Option<Val<'t>> {
        let val = self.table.take(key)?;
        self.mark(key, val.span);
        Some(val)
    }

    /// Takes a key that must be there.
    fn require(&mut self, key: &str) -> Option<Val<'t>> {
        let val = self.take(key);
        if val.is_none() {
            // A key that is there under another name is reported as that, and once.
            let renamed = self.table.rest().any(|rest| mistakes::stands_for(self.place, rest.key) == Some(key));
            if !renamed {
                self.walk.missing(self.object.key_span, self.place, key);
            }
        }
        val
    }

    /// The verb's value as a table's name.
    fn object_table(&mut self) -> Option<TableName> {
        self.walk.table_name(self.object)
    }

    /// The verb's value as `table.column`.
    fn object_column(&mut self) -> Option<ColumnName> {
        self.walk.column_name(self.object)
    }

    /// The verb's value as a bare name.
    fn object_name(&mut self) -> Option<String> {
        self.walk.name(self.object)
    }

    /// The table of `on`.
    fn on(&mut self) -> Option<TableName> {
        let val = self.require("on")?;
        self.walk.table_name(val)
    }

    /// The names of a list that must be there, each with its place.
    fn column_list(&mut self, key: &str) -> Option<Vec<String>> {
        let val = self.require(key)?;
        self.names(val, key)
    }

    /// The names of a list; their places are remembered as `path.0`, `path.1`, ….
    fn names(&mut self, val: Val<'_>, path: &str) -> Option<Vec<String>> {
        let names = self.walk.names(val)?;
        let keep = |(at, (name, span)): (usize, (String, Span))| {
            self.spans.parts.push((format!("{path}.{at}").into(), span));
            name
        };
        Some(names.into_iter().enumerate().map(keep).collect())
    }

    /// In a `[[down]]`, an operation is the way down; it has none itself.
    fn refuse_own_down(&mut self) {
        for key in ["down", "down_file"] {
            if self.place.keys.contains(&key)
                && let Some(val) = self.table.take(key)
            {
                let message = format!("`{key}` does not belong to an operation of `[[down]]`");
                let help = "operations of `[[down]]` are the way down: leave it out";
                self.walk.report(Diagnostic::new(Code::MisplacedKey, message).at(val.key_span, "").help(help));
            }
        }
    }
}
