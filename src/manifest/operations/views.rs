//! Views: `create_view`, `replace_view`, `drop_view`.

use super::Op;
use crate::ident::TableName;
use crate::operation::{Kind, Text};

/// `create_view = "name"`
pub(super) fn create_view(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    let materialized = op.take("materialized").and_then(|val| op.walk.boolean(val)).unwrap_or(false);
    let (view, select, reads) = view(op)?;
    Some(Kind::CreateView { view, select, materialized, reads })
}

/// `replace_view = "name"`
pub(super) fn replace_view(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    let (view, select, reads) = view(op)?;
    Some(Kind::ReplaceView { view, select, reads })
}

/// A view's name, its query, and what it declares to read.
fn view(op: &mut Op<'_, '_, '_, '_>) -> Option<(TableName, Text, Vec<String>)> {
    let view = op.object_table();
    let select = op.require("select").and_then(|val| op.walk.text(val));
    let reads = op.take("reads").and_then(|val| op.names(val, "reads")).unwrap_or_default();
    Some((view?, select?, reads))
}

/// `drop_view = "name"`
pub(super) fn drop_view(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    Some(Kind::DropView { view: op.object_table()? })
}
