//! Enums: `create_enum`, `alter_enum`, `drop_enum`.

use super::{Op, Val};
use crate::manifest::reader::Reader;
use crate::operation::Kind;

/// `create_enum = "name"`
pub(super) fn create_enum(op: &mut Op) -> Option<Kind> {
    let (name, values) = (op.object_table(), op.keys.read("values", values));
    Some(Kind::CreateEnum { name: name?, values: values? })
}

/// `alter_enum = "name"`
pub(super) fn alter_enum(op: &mut Op) -> Option<Kind> {
    let name = op.object_table();
    let keys = &mut op.keys;
    let add = keys.optional("add", |reader, val| match val.as_str() {
        Some(_) => value(reader, val).map(|one| vec![one]),
        None => values(reader, val),
    });
    let after = keys.optional("after", |reader, val| value(reader, val).map(Some));
    let rename = keys.optional("rename", renames);
    // With a key that is not known, that one is the finding.
    if !keys.has("add") && !keys.has("rename") && keys.unknown().next().is_none() {
        let message = "this `alter_enum` changes nothing";
        keys.reader.wrong_help(op.object.key_span, message, "say what changes: `add` or `rename`");
    }
    Some(Kind::AlterEnum { name: name?, add: add?, after: after?, rename: rename? })
}

/// `drop_enum = "name"`
pub(super) fn drop_enum(op: &mut Op) -> Option<Kind> {
    Some(Kind::DropEnum { name: op.object_table()? })
}

/// A list of values, each once.
fn values(reader: &mut Reader, val: Val<'_>) -> Option<Vec<String>> {
    Some(reader.set(val, value)?.into_iter().map(|(value, _)| value).collect())
}

/// A value: any text without control characters.
fn value(reader: &mut Reader, val: Val<'_>) -> Option<String> {
    let text = reader.any_string(val)?;
    if text.chars().any(char::is_control) {
        reader.wrong(val.span, "a value of an enum has no control characters");
        return None;
    }
    Some(text.to_owned())
}

/// `rename = { old = "new" }`
fn renames(reader: &mut Reader, val: Val<'_>) -> Option<Vec<(String, String)>> {
    let table = reader.table(val, "a table: values, each with its new name")?;
    if table.is_empty() {
        reader.wrong(val.span, "`rename` names no value");
        return None;
    }
    let mut renames = Vec::new();
    for entry in table.iter() {
        reader.mark(format!("rename.{}", entry.key), entry.span);
        renames.push((entry.key.to_owned(), value(reader, entry)?));
    }
    Some(renames)
}
