//! Which migrations may have to do with a failure of another.

use std::collections::HashSet;

use crate::diagnostic::Code;
use crate::graph::NodeId;
use crate::operation::{Migration, Operation};

/// At most so many are looked at.
const MOST_RELATED: usize = 20;

/// Whether a failure of that kind may be another node's doing.
pub(super) const fn depends_on_others(code: Code) -> bool {
    matches!(
        code,
        Code::UnknownTable
            | Code::UnknownColumn
            | Code::UnknownIndex
            | Code::UnknownConstraint
            | Code::AlreadyExists
            | Code::StillReferenced
            | Code::TypeMismatch
    )
}

/// Those that speak of a table that the node speaks of too; a few of them.
pub(super) fn related_migrations(
    migrations: &[Migration],
    node: NodeId,
    others: impl Iterator<Item = NodeId>,
) -> Vec<NodeId> {
    let body = |node: NodeId| migrations.get(node.0).map(|migration| named(&migration.body.up)).unwrap_or_default();
    let needed = body(node);
    others.filter(|other| !needed.is_disjoint(&body(*other))).take(MOST_RELATED).collect()
}

/// The names that operations speak of.
fn named(operations: &[Operation]) -> HashSet<String> {
    operations.iter().flat_map(|operation| operation.kind.names()).collect()
}
