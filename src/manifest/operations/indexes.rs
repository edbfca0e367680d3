//! Indexes: `create_index`, `drop_index`, `rename_index`, and those of a new table.

use super::Op;
use crate::diagnostic::{Code, Diagnostic, Span, listed, nearest};
use crate::manifest::places::{INDEX_PART, Place};
use crate::manifest::walk::{Table, Val, Walk};
use crate::operation::{IndexDef, IndexPartDef, IndexTarget, Kind, Nulls, Order};

/// `create_index = "name"`
pub(super) fn create_index(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    let name = op.object_name();
    let on = op.on();
    let mut table = std::mem::replace(&mut op.table, Table::empty());
    let (object, place) = (op.object, op.place);
    let index = index(op, name.as_deref().unwrap_or_default(), &mut table, "", object.key_span, place);
    op.table = table;
    name?;
    let concurrently = op.take("concurrently").and_then(|val| op.walk.boolean(val)).unwrap_or(false);
    Some(Kind::CreateIndex { on: on?, index: index?, concurrently })
}

/// `drop_index = "name"`
pub(super) fn drop_index(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    let name = op.object_name();
    let on = op.on();
    let concurrently = op.take("concurrently").and_then(|val| op.walk.boolean(val)).unwrap_or(false);
    Some(Kind::DropIndex { on: on?, name: name?, concurrently })
}

/// `rename_index = "name"`
pub(super) fn rename_index(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    let name = op.object_name();
    let on = op.on();
    let to = op.require("to").and_then(|val| op.walk.new_name(val));
    Some(Kind::RenameIndex { on: on?, name: name?, to: to? })
}

/// An index's own keys. `path` stands before the names of its parts; `at` is where
/// what is missing is reported.
pub(super) fn index(
    op: &mut Op<'_, '_, '_, '_>,
    name: &str,
    table: &mut Table<'_>,
    path: &str,
    at: Span,
    place: &Place,
) -> Option<IndexDef> {
    for key in ["columns", "unique", "where", "using", "include", "with", "nulls_distinct"] {
        if let Some(val) = table.take(key) {
            op.mark(format!("{path}{key}"), val.span);
        }
    }
    let columns = match table.get("columns") {
        Some(val) => parts(op, val, path),
        None => {
            if table.rest().all(|rest| crate::manifest::mistakes::stands_for(place, rest.key) != Some("columns")) {
                op.walk.missing(at, place, "columns");
            }
            None
        }
    };
    let unique = table.get("unique").and_then(|val| op.walk.boolean(val)).unwrap_or(false);
    let predicate = table.get("where").and_then(|val| op.walk.text(val));
    let using = table.get("using").and_then(|val| op.walk.text(val));
    let include = match table.get("include") {
        Some(val) => included(op, val, path),
        None => Vec::new(),
    };
    let with = table.get("with").and_then(|val| op.walk.text(val));
    let nulls_distinct =
        table.get("nulls_distinct").and_then(|val| op.walk.boolean(val).map(|given| (given, val.span)));
    if let Some((_, span)) = nulls_distinct.filter(|_| !unique) {
        op.walk.wrong(span, "`nulls_distinct` says which rows are alike, so it stands with `unique = true` only");
    }
    let nulls_distinct = nulls_distinct.map(|(given, _)| given);
    Some(IndexDef { name: name.to_owned(), columns: columns?, unique, predicate, using, include, with, nulls_distinct })
}

fn included(op: &mut Op<'_, '_, '_, '_>, val: Val<'_>, path: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, item) in op.walk.list(val).unwrap_or_default().into_iter().enumerate() {
        op.mark(format!("{path}include.{at}"), item.span);
        names.extend(op.walk.name(item));
    }
    names
}

fn parts(op: &mut Op<'_, '_, '_, '_>, val: Val<'_>, path: &str) -> Option<Vec<IndexPartDef>> {
    let items = op.walk.list(val)?;
    if items.is_empty() {
        op.walk.wrong(val.span, "an index has at least one column");
        return None;
    }
    let mut parts = Vec::with_capacity(items.len());
    for (at, item) in items.into_iter().enumerate() {
        op.mark(format!("{path}columns.{at}"), item.span);
        parts.extend(part(op.walk, item));
    }
    (!parts.is_empty()).then_some(parts)
}

/// A column's name, or a table with `column` or `expr`.
fn part(walk: &mut Walk<'_, '_>, val: Val<'_>) -> Option<IndexPartDef> {
    if let Some(text) = val.as_str() {
        if let Some(help) = meant(text) {
            walk.wrong_help(val.span, format!("`{text}` is not the name of a column"), help);
            return None;
        }
        let target = IndexTarget::Column(walk.name(val)?);
        return Some(IndexPartDef {
            target,
            order: Order::Asc,
            nulls: None,
            length: None,
            collation: None,
            opclass: None,
        });
    }
    let mut table = walk.table_or(val, "a list of column names, or of tables with `column` or `expr`")?;
    let column = table.take("column");
    let expr = table.take("expr");
    let order = table.take("order").and_then(|val| word(walk, val, &[("asc", Order::Asc), ("desc", Order::Desc)]));
    let nulls = table.take("nulls").and_then(|val| word(walk, val, &[("first", Nulls::First), ("last", Nulls::Last)]));
    let length = table.take("length").and_then(|val| length(walk, val));
    let collation = table.take("collation").and_then(|val| walk.text(val));
    let opclass = table.take("opclass").and_then(|val| walk.text(val));
    walk.finish(&table, &INDEX_PART);
    let target = match (column, expr) {
        (Some(column), None) => IndexTarget::Column(walk.name(column)?),
        (None, Some(expr)) => IndexTarget::Expr(walk.text(expr)?),
        (Some(_), Some(expr)) => {
            walk.wrong(expr.key_span, "a part of an index has a `column` or an `expr`, not both");
            return None;
        }
        (None, None) => {
            walk.wrong(val.span, "a part of an index needs a `column` or an `expr`");
            return None;
        }
    };
    Some(IndexPartDef { target, order: order.unwrap_or_default(), nulls, length, collation, opclass })
}

/// What an author meant who wrote SQL where the name of a column stands.
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

/// One word of a few.
fn word<T: Copy>(walk: &mut Walk<'_, '_>, val: Val<'_>, words: &[(&'static str, T)]) -> Option<T> {
    let written = walk.string(val)?;
    if let Some((_, value)) = words.iter().find(|(name, _)| *name == written) {
        return Some(*value);
    }
    let names: Vec<_> = words.iter().map(|(name, _)| *name).collect();
    let diagnostic = Diagnostic::new(Code::WrongValue, format!("`{}` cannot be `{written}`", val.key)).at(val.span, "");
    walk.report(match nearest(written, names.iter().copied()) {
        Some(right) => diagnostic.help(format!("did you mean `{right}`?")),
        None => diagnostic.help(format!("it is one of {}", listed(names))),
    });
    None
}

fn length(walk: &mut Walk<'_, '_>, val: Val<'_>) -> Option<u32> {
    if let toml::de::DeValue::Integer(number) = val.value
        && let Ok(length @ 1..) = u32::from_str_radix(number.as_str(), number.radix())
    {
        return Some(length);
    }
    walk.wrong(val.span, "`length` must be a number of characters, 1 or more");
    None
}
