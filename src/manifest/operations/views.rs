//! Views: `create_view`, `replace_view`, `drop_view`.

use super::Op;
use crate::ident::TableName;
use crate::operation::{Kind, Text};

/// `create_view = "name"`
pub(super) fn create_view(op: &mut Op) -> Option<Kind> {
    let materialized = op.keys.flag("materialized");
    let (view, select, reads) = view(op)?;
    Some(Kind::CreateView { view, select, materialized, reads })
}

/// `replace_view = "name"`
pub(super) fn replace_view(op: &mut Op) -> Option<Kind> {
    let (view, select, reads) = view(op)?;
    Some(Kind::ReplaceView { view, select, reads })
}

/// A view's name, its query, and what it declares to read.
fn view(op: &mut Op) -> Option<(TableName, Text, Vec<String>)> {
    let (view, select) = (op.object_table(), op.keys.text("select"));
    let reads = op.keys.names("reads").unwrap_or_default();
    Some((view?, select?, reads))
}

/// `drop_view = "name"`
pub(super) fn drop_view(op: &mut Op) -> Option<Kind> {
    Some(Kind::DropView { view: op.object_table()? })
}
