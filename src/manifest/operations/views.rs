//! Views: `create_view`, `drop_view`.

use super::Op;
use crate::operation::Kind;

/// `create_view = "name"`
pub(super) fn create_view(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    let view = op.object_table();
    let select = op.require("select").and_then(|val| op.walk.text(val));
    let reads = op.take("reads").and_then(|val| op.names(val, "reads")).unwrap_or_default();
    Some(Kind::CreateView { view: view?, select: select?, reads })
}

/// `drop_view = "name"`
pub(super) fn drop_view(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    Some(Kind::DropView { view: op.object_table()? })
}
