//! Extensions and schemas: `create_extension`, `drop_extension`, `create_schema`, `drop_schema`.

use super::Op;
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
