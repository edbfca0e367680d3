//! Indexes: `create_index`, `drop_index`, `rename_index`, and those of a new table.

use super::Op;
use crate::grammar::INDEX_PART;
use crate::manifest::keys::Keys;
use crate::manifest::reader::{Reader, Val};
use crate::operation::{IndexDef, IndexPartDef, IndexTarget, Kind, Nulls, Order};

/// `create_index = "name"`
pub(super) fn create_index(op: &mut Op) -> Option<Kind> {
    let (name, on) = op.name_and_table();
    let index = index(&mut op.keys, name.as_deref().unwrap_or_default());
    let concurrently = op.keys.flag("concurrently");
    name?;
    Some(Kind::CreateIndex { on: on?, index: index?, concurrently })
}

/// `drop_index = "name"`
pub(super) fn drop_index(op: &mut Op) -> Option<Kind> {
    let (name, on) = op.name_and_table();
    let concurrently = op.keys.flag("concurrently");
    Some(Kind::DropIndex { on: on?, name: name?, concurrently })
}

/// `rename_index = "name"`
pub(super) fn rename_index(op: &mut Op) -> Option<Kind> {
    let (name, on) = op.name_and_table();
    let to = op.new_name();
    Some(Kind::RenameIndex { on: on?, name: name?, to: to? })
}

/// An index's own keys, in `indexes` or on `create_index`.
pub(super) fn index(keys: &mut Keys, name: &str) -> Option<IndexDef> {
    let columns = keys.take("columns").and_then(|val| parts(keys, val));
    let unique = keys.flag("unique");
    let index = IndexDef {
        name: name.to_owned(),
        columns: columns.unwrap_or_default(),
        unique,
        predicate: keys.text("where"),
        using: keys.text("using"),
        include: keys.names("include").unwrap_or_default(),
        with: keys.text("with"),
        nulls_distinct: keys.boolean("nulls_distinct"),
    };
    if let Some(span) = keys.span("nulls_distinct").filter(|_| !unique && keys.has("unique")) {
        keys.reader.wrong(span, "`nulls_distinct` needs `unique = true`: it says which rows are the same");
    }
    (!index.columns.is_empty()).then_some(index)
}

fn parts(keys: &mut Keys, val: Val<'_>) -> Option<Vec<IndexPartDef>> {
    let mut parts = Vec::new();
    for (at, item) in keys.reader.filled_list(val)?.into_iter().enumerate() {
        keys.mark(&format!("columns.{at}"), item.span);
        parts.extend(part(keys.reader, item));
    }
    Some(parts)
}

/// A column's name, or a table with `column` or `expr`.
fn part(reader: &mut Reader, val: Val<'_>) -> Option<IndexPartDef> {
    if let Some(text) = val.as_str() {
        if let Some(help) = meant(text) {
            reader.wrong_help(val.span, format!("`{text}` is not the name of a column"), help);
            return None;
        }
        return Some(IndexPartDef::of(IndexTarget::Column(reader.name(val)?)));
    }
    let table = reader.table(val, "a list of column names, or of tables with `column` or `expr`")?;
    let mut keys = Keys::of(reader, table, &INDEX_PART);
    let part = IndexPartDef {
        target: IndexTarget::Column(String::new()),
        order: keys.word("order", &Order::WORDS).unwrap_or_default(),
        nulls: keys.word("nulls", &Nulls::WORDS),
        length: keys.read("length", length),
        collation: keys.text("collation"),
        opclass: keys.text("opclass"),
    };
    let target = match (keys.take("column"), keys.take("expr")) {
        (Some(column), None) => IndexTarget::Column(reader.name(column)?),
        (None, Some(expr)) => IndexTarget::Expr(reader.text(expr)?),
        (Some(_), Some(expr)) => {
            reader.wrong(expr.key_span, "a part of an index has a `column` or an `expr`, not both");
            return None;
        }
        (None, None) => {
            reader.wrong(val.span, "a part of an index needs a `column` or an `expr`");
            return None;
        }
    };
    Some(IndexPartDef { target, ..part })
}

fn length(reader: &mut Reader, val: Val<'_>) -> Option<u32> {
    reader.integer(val, 1..=u32::MAX, "a number of characters, 1 or more")
}

/// What an author meant who wrote SQL in place of the name of a column.
fn meant(text: &str) -> Option<String> {
    if text.contains('(') && text.ends_with(')') {
        return Some(format!("an expression is written `{{ expr = {text:?} }}`"));
    }
    let (column, order) = text.trim().rsplit_once(' ')?;
    let order = order.to_ascii_lowercase();
    ["asc", "desc"]
        .contains(&order.as_str())
        .then(|| format!("write `{{ column = {:?}, order = {order:?} }}`", column.trim()))
}
