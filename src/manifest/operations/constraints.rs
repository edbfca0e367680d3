//! Constraints: foreign keys, checks, uniques and primary keys, added and dropped.

use super::columns::{action, deferrable};
use super::{Op, Val};
use crate::diagnostic::Span;
use crate::ident::TableName;
use crate::manifest::mistakes;
use crate::manifest::places::Place;
use crate::manifest::walk::Table;
use crate::operation::{CheckDef, ForeignKeyDef, Kind, UniqueDef};

/// `add_foreign_key = "name"`
pub(super) fn add_foreign_key(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    let name = op.object_name();
    let on = op.on();
    let mut table = std::mem::replace(&mut op.table, Table::empty());
    let (object, place) = (op.object, op.place);
    let key = foreign_key(op, name.as_deref().unwrap_or_default(), &mut table, "", object.key_span, place);
    op.table = table;
    name?;
    Some(Kind::AddForeignKey { on: on?, foreign_key: key? })
}

/// `drop_foreign_key = "name"`
pub(super) fn drop_foreign_key(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    let name = op.object_name();
    let on = op.on();
    Some(Kind::DropForeignKey { on: on?, name: name? })
}

/// `add_check = "name"`
pub(super) fn add_check(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    let name = op.object_name();
    let on = op.on();
    let expr = op.require("expr").and_then(|val| op.walk.text(val));
    Some(Kind::AddCheck { on: on?, check: CheckDef { name: name?, expr: expr? } })
}

/// `drop_check = "name"`
pub(super) fn drop_check(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    let name = op.object_name();
    let on = op.on();
    Some(Kind::DropCheck { on: on?, name: name? })
}

/// `add_unique = "name"`
pub(super) fn add_unique(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    let name = op.object_name();
    let on = op.on();
    let columns = op.column_list("columns");
    Some(Kind::AddUnique { on: on?, unique: UniqueDef { name: name?, columns: columns? } })
}

/// `drop_unique = "name"`
pub(super) fn drop_unique(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    let name = op.object_name();
    let on = op.on();
    Some(Kind::DropUnique { on: on?, name: name? })
}

/// `add_primary_key = "table"`
pub(super) fn add_primary_key(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    let table = op.object_table();
    let columns = op.column_list("columns");
    Some(Kind::AddPrimaryKey { table: table?, columns: columns? })
}

/// `drop_primary_key = "table"`
pub(super) fn drop_primary_key(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    Some(Kind::DropPrimaryKey { table: op.object_table()? })
}

/// A foreign key's own keys. `path` stands before the names of its parts; `at` is where
/// what is missing is reported.
pub(super) fn foreign_key(
    op: &mut Op<'_, '_, '_, '_>,
    name: &str,
    table: &mut Table<'_>,
    path: &str,
    at: Span,
    place: &Place,
) -> Option<ForeignKeyDef> {
    for key in ["columns", "references", "on_delete", "on_update", "deferrable", "validate"] {
        if let Some(val) = table.take(key) {
            op.mark(format!("{path}{key}"), val.span);
        }
    }
    for key in ["columns", "references"] {
        if !table.has(key) && table.rest().all(|rest| mistakes::stands_for(place, rest.key) != Some(key)) {
            op.walk.missing(at, place, key);
        }
    }
    let columns = table.get("columns").and_then(|val| op.names(val, &format!("{path}columns")));
    let referred = table.get("references").and_then(|val| references(op, val, path));
    let on_delete = table.get("on_delete").and_then(|val| action(op.walk, val)).unwrap_or_default();
    let on_update = table.get("on_update").and_then(|val| action(op.walk, val)).unwrap_or_default();
    let deferrable = table.get("deferrable").and_then(|val| deferrable(op.walk, val));
    let unchecked = table.get("validate").and_then(|val| op.walk.boolean(val)) == Some(false);
    let (columns, (to, references)) = (columns?, referred?);
    if columns.len() != references.len() {
        let span = table.get("references").map_or(at, |val| val.span);
        let message = format!("{} cannot refer to {}", count(columns.len()), count(references.len()));
        op.walk.wrong(span, message);
    }
    Some(ForeignKeyDef {
        name: name.to_owned(),
        columns,
        table: to,
        references,
        on_delete,
        on_update,
        deferrable,
        unchecked,
    })
}

fn count(columns: usize) -> String {
    if columns == 1 { "1 column".to_owned() } else { format!("{columns} columns") }
}

/// `"table.column"`, or a list of them, all of one table.
fn references(op: &mut Op<'_, '_, '_, '_>, val: Val<'_>, path: &str) -> Option<(TableName, Vec<String>)> {
    let is_list = matches!(val.value, toml::de::DeValue::Array(_));
    let items = if is_list { op.walk.list(val)? } else { vec![val] };
    if items.is_empty() {
        op.walk.wrong(val.span, "`references` is empty");
    }
    let mut table = None;
    let mut of_one_table = true;
    let mut columns = Vec::with_capacity(items.len());
    for (at, item) in items.into_iter().enumerate() {
        op.mark(format!("{path}references.{at}"), item.span);
        let Some(name) = op.walk.column_name(item) else { continue };
        match &table {
            Some(first) if *first != name.table => {
                let message = format!("a foreign key refers to one table, not to `{first}` and `{}`", name.table);
                op.walk.wrong(item.span, message);
                of_one_table = false;
            }
            _ => {
                table = Some(name.table);
                columns.push(name.column);
            }
        }
    }
    of_one_table.then_some((table?, columns))
}
