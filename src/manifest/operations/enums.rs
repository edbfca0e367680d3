//! Enums: `create_enum`, `alter_enum`, `drop_enum`.

use super::{Op, Val};
use crate::manifest::walk::Walk;
use crate::operation::Kind;

/// `create_enum = "name"`
pub(super) fn create_enum(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    let name = op.object_table();
    let values = op.require("values").and_then(|val| values(op.walk, val));
    Some(Kind::CreateEnum { name: name?, values: values? })
}

/// `alter_enum = "name"`
pub(super) fn alter_enum(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    let name = op.object_table();
    let add = op.take("add").map(|val| {
        if val.as_str().is_some() { value(op.walk, val).map(|one| vec![one]) } else { values(op.walk, val) }
    });
    let after = op.take("after").map(|val| (val, value(op.walk, val)));
    if let Some((val, _)) = after.as_ref().filter(|_| add.is_none()) {
        op.walk.wrong(val.key_span, "`after` says where added values stand, and none is added");
    }
    let rename = op.take("rename").map(|val| renames(op, val));
    // With a key that is not known, that one is the finding.
    if add.is_none() && rename.is_none() && op.table.rest().next().is_none() {
        let message = "this `alter_enum` changes nothing";
        op.walk.wrong_help(op.object.key_span, message, "say what changes: `add` or `rename`");
    }
    let after = match after {
        Some((_, after)) => Some(after?),
        None => None,
    };
    let (add, rename) = (add.unwrap_or(Some(Vec::new())), rename.unwrap_or(Some(Vec::new())));
    Some(Kind::AlterEnum { name: name?, add: add?, after, rename: rename? })
}

/// `drop_enum = "name"`
pub(super) fn drop_enum(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    Some(Kind::DropEnum { name: op.object_table()? })
}

/// A list of values, each once.
fn values(walk: &mut Walk<'_, '_>, val: Val<'_>) -> Option<Vec<String>> {
    let items = walk.list(val)?;
    if items.is_empty() {
        walk.wrong(val.span, format!("`{}` is empty", val.key));
        return None;
    }
    let mut values: Vec<String> = Vec::with_capacity(items.len());
    for item in items {
        let one = value(walk, item)?;
        if values.contains(&one) {
            walk.wrong(item.span, format!("`{}` has `{one}` twice", val.key));
            return None;
        }
        values.push(one);
    }
    Some(values)
}

/// A value: any text without control characters.
fn value(walk: &mut Walk<'_, '_>, val: Val<'_>) -> Option<String> {
    let text = walk.string(val)?;
    if text.chars().any(char::is_control) {
        walk.wrong(val.span, "a value of an enum has no control characters");
        return None;
    }
    Some(text.to_owned())
}

/// `rename = { old = "new" }`
fn renames(op: &mut Op<'_, '_, '_, '_>, val: Val<'_>) -> Option<Vec<(String, String)>> {
    let table = op.walk.table_or(val, "a table: values, each with its new name")?;
    if table.is_empty() {
        op.walk.wrong(val.span, "`rename` names no value");
        return None;
    }
    let mut renames = Vec::new();
    for entry in table.iter() {
        op.mark(format!("rename.{}", entry.key), entry.span);
        renames.push((entry.key.to_owned(), value(op.walk, entry)?));
    }
    Some(renames)
}
