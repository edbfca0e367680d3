//! Constraints: foreign keys, checks, uniques and primary keys, added and dropped.

use super::columns::deferrable;
use super::{Op, Val};
use crate::ident::TableName;
use crate::manifest::keys::Keys;
use crate::operation::{Action, CheckDef, ForeignKeyDef, Kind, UniqueDef};

/// `add_foreign_key = "name"`
pub(super) fn add_foreign_key(op: &mut Op) -> Option<Kind> {
    let (name, on) = op.name_and_table();
    let foreign_key = foreign_key(&mut op.keys, name.as_deref().unwrap_or_default());
    name?;
    Some(Kind::AddForeignKey { on: on?, foreign_key: foreign_key? })
}

/// `drop_foreign_key = "name"`
pub(super) fn drop_foreign_key(op: &mut Op) -> Option<Kind> {
    let (name, on) = op.name_and_table();
    Some(Kind::DropForeignKey { on: on?, name: name? })
}

/// `add_check = "name"`
pub(super) fn add_check(op: &mut Op) -> Option<Kind> {
    let (name, on) = op.name_and_table();
    let expr = op.keys.text("expr");
    Some(Kind::AddCheck { on: on?, check: CheckDef { name: name?, expr: expr? } })
}

/// `drop_check = "name"`
pub(super) fn drop_check(op: &mut Op) -> Option<Kind> {
    let (name, on) = op.name_and_table();
    Some(Kind::DropCheck { on: on?, name: name? })
}

/// `add_unique = "name"`
pub(super) fn add_unique(op: &mut Op) -> Option<Kind> {
    let (name, on) = op.name_and_table();
    let columns = op.keys.names("columns");
    Some(Kind::AddUnique { on: on?, unique: UniqueDef { name: name?, columns: columns? } })
}

/// `drop_unique = "name"`
pub(super) fn drop_unique(op: &mut Op) -> Option<Kind> {
    let (name, on) = op.name_and_table();
    Some(Kind::DropUnique { on: on?, name: name? })
}

/// `add_primary_key = "table"`
pub(super) fn add_primary_key(op: &mut Op) -> Option<Kind> {
    let (table, columns) = (op.object_table(), op.keys.names("columns"));
    Some(Kind::AddPrimaryKey { table: table?, columns: columns? })
}

/// `drop_primary_key = "table"`
pub(super) fn drop_primary_key(op: &mut Op) -> Option<Kind> {
    Some(Kind::DropPrimaryKey { table: op.object_table()? })
}

/// A foreign key's own keys, in `foreign_keys` or on `add_foreign_key`.
pub(super) fn foreign_key(keys: &mut Keys, name: &str) -> Option<ForeignKeyDef> {
    let columns = keys.names("columns");
    let referred = keys.take("references").map(|val| (val.span, references(keys, val)));
    let on_delete = keys.word("on_delete", &Action::WORDS).unwrap_or_default();
    let on_update = keys.word("on_update", &Action::WORDS).unwrap_or_default();
    let deferrable = deferrable(keys);
    let unchecked = keys.boolean("validate") == Some(false);
    let (span, referred) = referred?;
    let (columns, (to, references)) = (columns?, referred?);
    if columns.len() != references.len() {
        let message = format!("{} cannot refer to {}", count(columns.len()), count(references.len()));
        keys.reader.wrong(span, message);
    }
    let name = name.to_owned();
    Some(ForeignKeyDef { name, columns, table: to, references, on_delete, on_update, deferrable, unchecked })
}

fn count(columns: usize) -> String {
    if columns == 1 { "1 column".to_owned() } else { format!("{columns} columns") }
}

/// `"table.column"`, or a list of them, all of one table.
fn references(keys: &mut Keys, val: Val<'_>) -> Option<(TableName, Vec<String>)> {
    let items = if val.is_list() { keys.reader.filled_list(val)? } else { vec![val] };
    let mut table = None;
    let mut of_one_table = true;
    let mut columns = Vec::with_capacity(items.len());
    for (at, item) in items.into_iter().enumerate() {
        keys.mark(&format!("references.{at}"), item.span);
        let Some(name) = keys.reader.column_name(item) else { continue };
        match &table {
            Some(first) if *first != name.table => {
                let message = format!("a foreign key refers to one table, not to `{first}` and `{}`", name.table);
                keys.reader.wrong(item.span, message);
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
