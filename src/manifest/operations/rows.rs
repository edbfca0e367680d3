//! Rows: `insert`, `update`, `delete`.

use super::Op;
use super::sql::down;
use crate::diagnostic::Span;
use crate::manifest::walk::{Val, Walk};
use crate::operation::{Down, Kind, Row};

/// `insert = "table"`
pub(super) fn insert(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    let table = op.object_table();
    let mut spans = Vec::new();
    let rows = op.require("rows").and_then(|val| rows(op.walk, val, &mut spans));
    op.spans.parts.append(&mut spans);
    let key = op.take("key").and_then(|val| op.names(val, "key")).unwrap_or_default();
    if let Some(rows) = &rows {
        rows_have_key(op.walk, &key, rows, |at| op.spans.part(&format!("rows.{at}")));
    }
    let down = down(op, false);
    Some(Kind::Insert { table: table?, rows: rows?, key, down })
}

/// `update = "table"`
pub(super) fn update(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    let table = op.object_table();
    let mut spans = Vec::new();
    let set = op.require("set").and_then(|val| row(op.walk, val, "set", &mut spans));
    op.spans.parts.append(&mut spans);
    let filter = op.take("where").and_then(|val| op.walk.text(val));
    let (keep, down) = keep_or_down(op);
    Some(Kind::Update { table: table?, set: set?, filter, keep, down })
}

/// `delete = "table"`
pub(super) fn delete(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    let table = op.object_table();
    let filter = op.require("where").and_then(|val| op.walk.text(val));
    let (keep, down) = keep_or_down(op);
    Some(Kind::Delete { table: table?, filter: filter?, keep, down })
}

/// `keep`, or a `down`.
fn keep_or_down(op: &mut Op<'_, '_, '_, '_>) -> (bool, Option<Down>) {
    let keep = op.take("keep").map(|val| (val, op.walk.boolean(val).unwrap_or(false)));
    let down = down(op, false);
    if let Some((val, true)) = keep.filter(|_| down.is_some()) {
        op.walk.wrong(val.key_span, "`keep` brings the rows back, so there is no `down` beside it");
    }
    (keep.is_some_and(|(_, keep)| keep), down)
}

/// A list of rows; their places are kept as `rows.0`, `rows.0.column`.
pub(in crate::manifest) fn rows(
    walk: &mut Walk<'_, '_>,
    val: Val<'_>,
    spans: &mut Vec<(Box<str>, Span)>,
) -> Option<Vec<Row>> {
    let items = walk.list(val)?;
    if items.is_empty() {
        walk.wrong(val.span, "`rows` is empty");
        return None;
    }
    let mut rows = Vec::with_capacity(items.len());
    for (at, item) in items.into_iter().enumerate() {
        let path = format!("rows.{at}");
        spans.push((path.as_str().into(), item.span));
        // A row that cannot be read keeps its place, so that places of the others stay right.
        rows.push(row(walk, item, &path, spans).unwrap_or_default());
    }
    Some(rows)
}

/// Reports rows that lack a column of the key.
pub(in crate::manifest) fn rows_have_key(
    walk: &mut Walk<'_, '_>,
    key: &[String],
    rows: &[Row],
    place: impl Fn(usize) -> Span,
) {
    for (at, row) in rows.iter().enumerate() {
        let missing = key.iter().find(|column| !row.iter().any(|(name, _)| name == *column));
        if let Some(column) = missing.filter(|_| !row.is_empty()) {
            walk.wrong(place(at), format!("this row has no `{column}`, which is in `key`"));
        }
    }
}

/// A row: a table of columns and values, in the order written.
fn row(walk: &mut Walk<'_, '_>, val: Val<'_>, path: &str, spans: &mut Vec<(Box<str>, Span)>) -> Option<Row> {
    let table = walk.table_or(val, "made of tables: column names, each with a value")?;
    if table.is_empty() {
        walk.wrong(val.span, format!("`{}` names no column", val.key));
        return None;
    }
    let mut row = Vec::new();
    for entry in table.iter() {
        if walk.is_name(entry.key, entry.key_span) {
            spans.push((format!("{path}.{}", entry.key).into(), entry.span));
            if let Some(value) = walk.value(entry) {
                row.push((entry.key.to_owned(), value));
            }
        }
    }
    Some(row)
}
