//! Extensions, schemas and sequences: a verb that creates one and a verb that drops one.

use super::Op;
use crate::manifest::reader::Reader;
use crate::operation::Kind;

/// `create_extension = "name"`
pub(super) fn create_extension(op: &mut Op) -> Option<Kind> {
    Some(Kind::CreateExtension { name: op.object_name()? })
}

/// `drop_extension = "name"`
pub(super) fn drop_extension(op: &mut Op) -> Option<Kind> {
    Some(Kind::DropExtension { name: op.object_name()? })
}

/// `create_schema = "name"`
pub(super) fn create_schema(op: &mut Op) -> Option<Kind> {
    Some(Kind::CreateSchema { name: op.object_name()? })
}

/// `drop_schema = "name"`
pub(super) fn drop_schema(op: &mut Op) -> Option<Kind> {
    Some(Kind::DropSchema { name: op.object_name()? })
}

/// `create_sequence = "name"`
pub(super) fn create_sequence(op: &mut Op) -> Option<Kind> {
    let name = op.object_table();
    let mut number = |key| {
        op.keys.optional(key, |reader, val| {
            reader.integer(val, i64::MIN..=i64::MAX, "a whole number of at most 64 bits").map(Some)
        })
    };
    let (start, increment, min, max) = (number("start"), number("increment"), number("min"), number("max"));
    let (cycle, owned_by) =
        (op.keys.flag("cycle"), op.keys.optional("owned_by", |reader, val| Reader::column_name(reader, val).map(Some)));
    Some(Kind::CreateSequence {
        name: name?,
        start: start?,
        increment: increment?,
        min: min?,
        max: max?,
        cycle,
        owned_by: owned_by?,
    })
}

/// `drop_sequence = "name"`
pub(super) fn drop_sequence(op: &mut Op) -> Option<Kind> {
    Some(Kind::DropSequence { name: op.object_table()? })
}
