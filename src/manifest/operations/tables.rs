//! Whole tables: `create_table`, `drop_table`, `rename_table`.

use std::collections::HashSet;

use super::Op;
use super::columns::column;
use super::constraints::foreign_key;
use super::indexes::index;
use crate::diagnostic::{Code, Diagnostic};
use crate::grammar::{COLUMN, FOREIGN_KEY, INDEX, NODE, Place, Verb};
use crate::manifest::keys::Keys;
use crate::manifest::reader::Val;
use crate::manifest::text::is_by_backend;
use crate::manifest::types::{self, Word};
use crate::operation::{CheckDef, ColumnDef, Kind, TableDef, UniqueDef};

pub(super) fn create_table(op: &mut Op) -> Option<Kind> {
    let table = op.object_table();
    let columns = op.keys.take("columns").map(|val| columns(op, val)).unwrap_or_default();
    let uniques = named(op, "uniques").into_iter().filter_map(|val| {
        let columns = op.keys.names_in(val, &format!("uniques.{}.columns", val.key))?;
        Some(UniqueDef { name: val.key.to_owned(), columns })
    });
    let uniques = uniques.collect();
    let checks = named(op, "checks").into_iter().filter_map(|val| {
        op.keys.mark(&format!("checks.{}.expr", val.key), val.span);
        Some(CheckDef { name: val.key.to_owned(), expr: op.keys.reader.text(val)? })
    });
    let checks = checks.collect();
    Some(Kind::CreateTable(TableDef {
        table: table?,
        columns,
        primary_key: op.keys.names("primary_key").unwrap_or_default(),
        indexes: named_tables(op, "indexes", "index", &INDEX, index),
        foreign_keys: named_tables(op, "foreign_keys", "foreign key", &FOREIGN_KEY, foreign_key),
        uniques,
        checks,
        options: op.keys.text("options"),
        comment: op.keys.string("comment"),
    }))
}

pub(super) fn drop_table(op: &mut Op) -> Option<Kind> {
    Some(Kind::DropTable { table: op.object_table()? })
}

pub(super) fn rename_table(op: &mut Op) -> Option<Kind> {
    let (table, to) = (op.object_table(), op.new_name());
    Some(Kind::RenameTable { table: table?, to: to? })
}

/// The columns of a new table, in document order.
fn columns(op: &mut Op, val: Val<'_>) -> Vec<ColumnDef> {
    let Some(table) = op.keys.reader.table(val, "a table: column names, each with a type") else { return Vec::new() };
    if table.is_empty() {
        op.keys.reader.wrong(val.span, "a table has at least one column");
    }
    let mut columns = Vec::new();
    for entry in table.iter() {
        if fell_in(op, entry) || !op.keys.reader.is_name(entry.key, entry.key_span) {
            continue;
        }
        op.keys.mark(&format!("columns.{}", entry.key), entry.key_span);
        columns.extend(one_column(&mut op.keys, entry));
    }
    columns.shrink_to_fit();
    columns
}

fn one_column(keys: &mut Keys, entry: Val<'_>) -> Option<ColumnDef> {
    let (key, path) = (entry.key, format!("columns.{}.", entry.key));
    if entry.is_table() && !entry.has("type") && is_by_backend(entry) {
        let message = format!("`{key}` is a table by backend, where a column was expected");
        keys.reader.wrong_help(entry.span, message, format!("`{key} = {{ type = {{ … }} }}`"));
        return None;
    }
    if entry.is_table() {
        let table = keys.reader.table(entry, "a column")?;
        let title = format!("the column `{key}`");
        return column(&mut Keys::of_part(keys.reader, table, &COLUMN, path, &title, entry.key_span), key);
    }
    if entry.as_str().is_none() {
        let message = format!("the column `{key}` must be a type or a table with `type`, not {}", entry.kind());
        keys.reader.wrong(entry.span, message);
        return None;
    }
    keys.mark(&format!("{path}type"), entry.span);
    Some(ColumnDef::new(key, keys.reader.data_type(entry)?))
}

/// Whether an entry of `[up.columns]` is a key that fell into it, and not a column: it has the name of a key of the table, the
/// migration or a verb, and is neither a known type nor a table with `type`. Reports it.
fn fell_in(op: &mut Op, entry: Val<'_>) -> bool {
    let is_column = match entry.as_str() {
        Some(text) => match types::read(text) {
            Word::Known(_) | Word::Wrong(..) => true,
            Word::Unknown(meant) => meant.is_some(),
        },
        None => entry.has("type"),
    };
    if is_column {
        return false;
    }
    let (key, list) = (entry.key, op.list);
    let help = if op.keys.place.own_keys().any(|own| own.name == key) || key == "create_table" {
        format!("it belongs to the table: put it above `[{list}.columns]`")
    } else if NODE.has(key) {
        "it belongs to the migration: put it above the first `[[up]]`".to_owned()
    } else if Verb::named(key).is_some() {
        format!("it is a separate operation: put `[[{list}]]` above `{key}`")
    } else {
        return false;
    };
    let diagnostic = Diagnostic::new(Code::MisplacedKey, format!("`{key}` is among the columns"));
    op.keys.reader.report(diagnostic.at(entry.key_span, "this is read as a column").help(help));
    true
}

/// The entries of a table of names, in document order; where their names are is remembered.
fn named<'t>(op: &mut Op<'_, '_, 't>, key: &str) -> Vec<Val<'t>> {
    let Some(table) = op.keys.read(key, |reader, val| reader.table(val, "a table of names")) else { return Vec::new() };
    let mut seen = HashSet::new();
    let mut entries = Vec::new();
    for entry in table.iter() {
        if op.keys.reader.is_name(entry.key, entry.key_span) && seen.insert(entry.key) {
            op.keys.mark(&format!("{key}.{}", entry.key), entry.key_span);
            entries.push(entry);
        }
    }
    entries
}

/// The entries of a table of named tables.
fn named_tables<T>(
    op: &mut Op,
    key: &str,
    what: &str,
    place: &'static Place,
    read: fn(&mut Keys, &str) -> Option<T>,
) -> Vec<T> {
    let mut all = Vec::new();
    for entry in named(op, key) {
        let name = entry.key;
        if !entry.is_table() && (op.keys.place.has(name) || NODE.has(name)) {
            let help = format!("put it above the header of `{key}`");
            op.keys.reader.misplaced(entry.key_span, format!("`{name}` is in `{key}`"), help);
            continue;
        }
        if let Some(text) = entry.as_str() {
            let message = format!("`{name}` must be {}, written as a table", place.title);
            op.keys.reader.wrong_help(entry.span, message, format!("`{name} = {{ columns = [{text:?}] }}`"));
            continue;
        }
        let Some(table) = op.keys.reader.table(entry, "a table") else { continue };
        let (path, title) = (format!("{key}.{name}."), format!("the {what} `{name}`"));
        all.extend(read(&mut Keys::of_part(op.keys.reader, table, place, path, &title, entry.key_span), name));
    }
    all
}
