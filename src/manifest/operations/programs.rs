//! Functions and triggers: `create_function`, `replace_function`, `drop_function`, `create_trigger`, `drop_trigger`.

use super::Op;
use crate::ident::FunctionName;
use crate::operation::{Kind, Text};

/// `create_function = "f(args)"`
pub(super) fn create_function(op: &mut Op) -> Option<Kind> {
    let (function, definition, reads, writes) = function(op)?;
    Some(Kind::CreateFunction { function, definition, reads, writes })
}

/// `replace_function = "f(args)"`
pub(super) fn replace_function(op: &mut Op) -> Option<Kind> {
    let (function, definition, reads, writes) = function(op)?;
    Some(Kind::ReplaceFunction { function, definition, reads, writes })
}

/// `drop_function = "f(args)"`
pub(super) fn drop_function(op: &mut Op) -> Option<Kind> {
    Some(Kind::DropFunction { function: op.keys.reader.function_name(op.object)? })
}

/// `create_trigger = "name"`
pub(super) fn create_trigger(op: &mut Op) -> Option<Kind> {
    let (name, on) = op.name_and_table();
    let definition = op.keys.text("definition");
    Some(Kind::CreateTrigger { on: on?, name: name?, definition: definition? })
}

/// `drop_trigger = "name"`
pub(super) fn drop_trigger(op: &mut Op) -> Option<Kind> {
    let (name, on) = op.name_and_table();
    Some(Kind::DropTrigger { on: on?, name: name? })
}

/// A function's name, its definition, and what it declares to read and write.
fn function(op: &mut Op) -> Option<(FunctionName, Text, Vec<String>, Vec<String>)> {
    let function = op.keys.reader.function_name(op.object);
    let definition = op.keys.text("definition");
    let [reads, writes] = ["reads", "writes"].map(|key| op.keys.names(key).unwrap_or_default());
    Some((function?, definition?, reads, writes))
}
