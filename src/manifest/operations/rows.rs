//! Rows: `insert`, `update`, `delete`.

use super::Op;
use super::sql::down;
use crate::diagnostic::Span;
use crate::manifest::keys::Keys;
use crate::manifest::reader::{Reader, Val};
use crate::operation::{Down, Kind, Row};

/// `insert = "table"`
pub(super) fn insert(op: &mut Op) -> Option<Kind> {
    let (table, rows, key) = (op.object_table(), op.keys.read("rows", rows), op.keys.names("key").unwrap_or_default());
    if let Some(rows) = &rows {
        rows_have_key(&mut op.keys, &key, rows);
    }
    let down = down(&mut op.keys, false);
    Some(Kind::Insert { table: table?, rows: rows?, key, down })
}

/// `update = "table"`
pub(super) fn update(op: &mut Op) -> Option<Kind> {
    let (table, set) = (op.object_table(), op.keys.read("set", |reader, val| row(reader, val, "set")));
    let filter = op.keys.text("where");
    let (keep, down) = keep_or_down(&mut op.keys);
    Some(Kind::Update { table: table?, set: set?, filter, keep, down })
}

/// `delete = "table"`
pub(super) fn delete(op: &mut Op) -> Option<Kind> {
    let (table, filter) = (op.object_table(), op.keys.text("where"));
    let (keep, down) = keep_or_down(&mut op.keys);
    Some(Kind::Delete { table: table?, filter: filter?, keep, down })
}

fn keep_or_down(keys: &mut Keys) -> (bool, Option<Down>) {
    let (keep, down) = (keys.flag("keep"), down(keys, false));
    if let Some(span) = keys.key_span("keep").filter(|_| keep && down.is_some()) {
        keys.reader.wrong(span, "`keep` restores the rows, so there is no `down` beside it");
    }
    (keep, down)
}

/// A list of rows; where they are is remembered as `rows.0`, `rows.0.column`.
pub(in crate::manifest) fn rows(reader: &mut Reader, val: Val<'_>) -> Option<Vec<Row>> {
    let items = reader.filled_list(val)?;
    let mut rows = Vec::with_capacity(items.len());
    for (at, item) in items.into_iter().enumerate() {
        let path = format!("rows.{at}");
        reader.mark(path.as_str(), item.span);
        // A row that cannot be read keeps its place, so that places of the others stay right.
        rows.push(row(reader, item, &path).unwrap_or_default());
    }
    Some(rows)
}

/// Reports rows that lack a column of the key.
pub(in crate::manifest) fn rows_have_key(keys: &mut Keys, key: &[String], rows: &[Row]) {
    for (at, row) in rows.iter().enumerate() {
        let missing = key.iter().find(|column| !row.iter().any(|(name, _)| name == *column));
        if let Some(column) = missing.filter(|_| !row.is_empty()) {
            let path = format!("rows.{at}");
            let span = keys.reader.parts.iter().find(|(part, _)| **part == *path).map_or(Span::NONE, |(_, span)| *span);
            keys.reader.wrong(span, format!("this row has no `{column}`, which is in `key`"));
        }
    }
}

/// A row: a table of columns and values, in the order written.
fn row(reader: &mut Reader, val: Val<'_>, path: &str) -> Option<Row> {
    let table = reader.table(val, "made of tables: column names, each with a value")?;
    if table.is_empty() {
        reader.wrong(val.span, format!("`{}` names no column", val.key));
        return None;
    }
    let mut row = Vec::new();
    for entry in table.iter() {
        if reader.is_name(entry.key, entry.key_span) {
            reader.mark(format!("{path}.{}", entry.key), entry.span);
            if let Some(value) = reader.value(entry) {
                row.push((entry.key.to_owned(), value));
            }
        }
    }
    Some(row)
}
