//! Whole tables: `create_table`, `drop_table`, `rename_table`.

use std::collections::HashSet;

use super::columns::column;
use super::constraints::foreign_key;
use super::indexes::index;
use super::{Op, verb};
use crate::diagnostic::{Code, Diagnostic};
use crate::manifest::places::{self, COLUMN, FOREIGN_KEY, INDEX};
use crate::manifest::text::is_by_backend;
use crate::manifest::types::{self, Word};
use crate::manifest::walk::{Table, Val};
use crate::operation::{CheckDef, ColumnDef, Kind, TableDef, UniqueDef};

/// `create_table = "table"`
pub(super) fn create_table(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    let table = op.object_table();
    let columns = op.require("columns").map(|val| columns(op, val)).unwrap_or_default();
    let primary_key = op.take("primary_key").and_then(|val| op.names(val, "primary_key")).unwrap_or_default();
    let indexes = named(op, "indexes", "an index", |op, val, mut entry, path| {
        let index = index(op, val.key, &mut entry, &path, val.key_span, &INDEX);
        op.walk.finish(&entry, &INDEX);
        index
    });
    let foreign_keys = named(op, "foreign_keys", "a foreign key", |op, val, mut entry, path| {
        let key = foreign_key(op, val.key, &mut entry, &path, val.key_span, &FOREIGN_KEY);
        op.walk.finish(&entry, &FOREIGN_KEY);
        key
    });
    let uniques = entries(op, "uniques")
        .into_iter()
        .filter_map(|val| {
            let columns = op.names(val, &format!("uniques.{}.columns", val.key))?;
            Some(UniqueDef { name: val.key.to_owned(), columns })
        })
        .collect();
    let checks = entries(op, "checks")
        .into_iter()
        .filter_map(|val| {
            op.mark(format!("checks.{}.expr", val.key), val.span);
            Some(CheckDef { name: val.key.to_owned(), expr: op.walk.text(val)? })
        })
        .collect();
    let options = op.take("options").and_then(|val| op.walk.text(val));
    let comment = op.take("comment").and_then(|val| op.walk.filled_string(val)).map(str::to_owned);
    Some(Kind::CreateTable(TableDef {
        table: table?,
        columns,
        primary_key,
        indexes,
        foreign_keys,
        uniques,
        checks,
        options,
        comment,
    }))
}

/// `drop_table = "table"`
pub(super) fn drop_table(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    Some(Kind::DropTable { table: op.object_table()? })
}

/// `rename_table = "table"`
pub(super) fn rename_table(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    let table = op.object_table();
    let to = op.require("to").and_then(|val| op.walk.new_name(val));
    Some(Kind::RenameTable { table: table?, to: to? })
}

/// The columns of a new table, in document order.
fn columns(op: &mut Op<'_, '_, '_, '_>, val: Val<'_>) -> Vec<ColumnDef> {
    let Some(table) = op.walk.table_or(val, "a table: column names, each with a type") else { return Vec::new() };
    if table.is_empty() {
        op.walk.wrong(val.span, "a table has at least one column");
    }
    let mut columns = Vec::new();
    for entry in table.iter() {
        if fell_in(op, entry) || !op.walk.is_name(entry.key, entry.key_span) {
            continue;
        }
        op.mark(format!("columns.{}", entry.key), entry.key_span);
        columns.extend(one_column(op, entry));
    }
    columns.shrink_to_fit();
    columns
}

fn one_column(op: &mut Op<'_, '_, '_, '_>, entry: Val<'_>) -> Option<ColumnDef> {
    if entry.is_table() {
        if !entry.has("type") && is_by_backend(entry) {
            let message = format!("`{}` is a table by backend, where a column was expected", entry.key);
            op.walk.wrong_help(entry.span, message, format!("`{} = {{ type = {{ … }} }}`", entry.key));
            return None;
        }
        let mut table = op.walk.table(entry)?;
        let path = format!("columns.{}.", entry.key);
        let def = column(op, entry.key, &mut table, &path, entry.key_span, &COLUMN);
        op.walk.finish(&table, &COLUMN);
        return def;
    }
    if entry.as_str().is_none() {
        let message = format!("the column `{}` must be a type or a table with `type`, not {}", entry.key, entry.kind());
        op.walk.wrong(entry.span, message);
        return None;
    }
    op.mark(format!("columns.{}.type", entry.key), entry.span);
    let data_type = op.walk.data_type(entry)?;
    Some(ColumnDef {
        name: entry.key.to_owned(),
        data_type,
        null: false,
        default: None,
        auto_increment: false,
        unique: false,
        references: None,
        on_delete: crate::operation::Action::default(),
        on_update: crate::operation::Action::default(),
        deferrable: None,
        check: None,
        generated: None,
        stored: None,
        collation: None,
        comment: None,
        fill: None,
    })
}

/// Whether an entry of `[up.columns]` is a key that fell into it, and no column: it has
/// the name of a key of the table, the node or a verb, and is neither a known type nor
/// a table with `type`. Reports it.
fn fell_in(op: &mut Op<'_, '_, '_, '_>, entry: Val<'_>) -> bool {
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
    let key = entry.key;
    let help = if op.place.keys.contains(&key) || key == "create_table" {
        format!("it belongs to the table: put it above `[{}.columns]`", op.list)
    } else if places::NODE_KEYS.contains(&key) {
        "it belongs to the migration: put it above the first `[[up]]`".to_owned()
    } else if verb(key).is_some() {
        format!("it is an operation of its own: put `[[{}]]` above `{key}`", op.list)
    } else {
        return false;
    };
    let message = format!("`{key}` fell into the columns");
    op.walk
        .report(Diagnostic::new(Code::MisplacedKey, message).at(entry.key_span, "this is read as a column").help(help));
    true
}

/// The entries of a table of names, in document order; their names' places are remembered.
fn entries<'t>(op: &mut Op<'_, '_, '_, 't>, key: &str) -> Vec<Val<'t>> {
    let Some(val) = op.take(key) else { return Vec::new() };
    let Some(table) = op.walk.table_or(val, "a table of names") else { return Vec::new() };
    let mut seen = HashSet::new();
    let mut entries = Vec::new();
    for entry in table.iter() {
        if op.walk.is_name(entry.key, entry.key_span) && seen.insert(entry.key) {
            op.mark(format!("{key}.{}", entry.key), entry.key_span);
            entries.push(entry);
        }
    }
    entries
}

/// The entries of a table of named tables.
fn named<'t, T>(
    op: &mut Op<'_, '_, '_, 't>,
    key: &str,
    what: &str,
    mut read: impl FnMut(&mut Op<'_, '_, '_, 't>, Val<'t>, Table<'t>, String) -> Option<T>,
) -> Vec<T> {
    let mut all = Vec::new();
    for entry in entries(op, key) {
        if !entry.is_table() && (op.place.keys.contains(&entry.key) || places::NODE_KEYS.contains(&entry.key)) {
            let message = format!("`{}` fell into `{key}`", entry.key);
            let help = format!("put it above the header of `{key}`");
            op.walk.report(Diagnostic::new(Code::MisplacedKey, message).at(entry.key_span, "").help(help));
            continue;
        }
        if let Some(text) = entry.as_str() {
            let message = format!("`{}` must be {what}, written as a table", entry.key);
            op.walk.wrong_help(entry.span, message, format!("`{} = {{ columns = [{text:?}] }}`", entry.key));
            continue;
        }
        let Some(table) = op.walk.table(entry) else { continue };
        all.extend(read(op, entry, table, format!("{key}.{}.", entry.key)));
    }
    all
}
