//! How an operation that was applied is undone, and what that does not bring back.

use std::collections::HashSet;

use super::{Reversal, Undo, Undone};
use crate::operation::{Body, Down, Kind, Operation};
use crate::state::{Change, ColumnId, Context, Object, Piece, RowValues, Scalar, State, TableId};

/// How an operation is undone, whose changes were applied and gave `inverses`.
/// `added` are the columns that the same migration added.
pub(super) fn undo(
    operation: &Operation,
    changes: &[Change],
    inverses: Vec<Change>,
    context: &Context,
    added: &HashSet<(TableId, ColumnId)>,
    state: &State,
) -> Undo {
    if let Some(why) = &operation.irreversible {
        return Undo::Irreversible(why.clone());
    }
    let made_here = |table: &TableId| context.created.contains(table);
    match &operation.kind {
        Kind::Note { .. } => Undo::Nothing,
        Kind::Insert { down: Some(down), .. }
        | Kind::Update { down: Some(down), .. }
        | Kind::Delete { down: Some(down), .. } => Undo::Authored(down.clone(), false),
        Kind::Sql { down: Some(down), batch, .. } => Undo::Authored(down.clone(), *batch),
        Kind::Insert { key, .. } => {
            let Some(Change::Insert { table, rows, .. }) = changes.first() else { return Undo::Nothing };
            if made_here(table) {
                return Undo::Nothing;
            }
            let Some(found) = state.table(*table) else { return Undo::Missing };
            let backend = state.backend();
            let is_key = |name: &str| key.iter().any(|key| backend.fold(key) == backend.fold(name));
            let finds: Option<Vec<RowValues>> = rows
                .iter()
                .map(|row| {
                    let by: RowValues = row
                        .iter()
                        .filter(
                            |(id, value)| {
                                if key.is_empty() { findable(value) } else { is_key(found.column_name(*id)) }
                            },
                        )
                        .cloned()
                        .collect();
                    let enough = !by.is_empty() && (key.is_empty() || by.len() == key.len());
                    enough.then_some(by)
                })
                .collect();
            finds.map_or(Undo::Missing, |rows| Undo::Changes(vec![Change::DeleteRows { table: *table, rows }]))
        }
        Kind::Update { keep: true, .. } | Kind::Delete { keep: true, .. } => Undo::Changes(inverses),
        Kind::Update { .. } | Kind::Delete { .. } => {
            let own = changes.iter().all(|change| {
                // What is set goes with the columns.
                matches!(change, Change::Update { table, set, .. }
                    if set.iter().all(|(column, _)| added.contains(&(*table, *column))))
                    || change.table().is_none_or(|table| made_here(&table))
            });
            if own { Undo::Nothing } else { Undo::Missing }
        }
        Kind::Sql { .. } => {
            // What it adds to tables that the same migration makes goes with them, and so do their rows.
            // A trigger may do more to rows than the statement says.
            let quiet = |table: &TableId| {
                made_here(table)
                    && state.triggers_on(*table).next().is_none()
                    && state.referrers(*table).iter().all(|referrer| made_here(&referrer.id))
            };
            let own = changes.iter().all(|change| match change {
                Change::Sql { effects, access, .. } => {
                    let adds = effects.iter().all(|effect| match effect {
                        Change::Create(Object::Trigger(trigger)) => trigger.table_id.as_ref().is_some_and(made_here),
                        Change::AddIndex { table, .. }
                        | Change::AddColumn { table, .. }
                        | Change::AddConstraint { table, .. } => made_here(table),
                        Change::CreateTable(_)
                        | Change::DropTable(_)
                        | Change::RenameTable { .. }
                        | Change::DropColumn { .. }
                        | Change::RenameColumn { .. }
                        | Change::AlterColumn { .. }
                        | Change::DropIndex { .. }
                        | Change::RenameIndex { .. }
                        | Change::DropConstraint { .. }
                        | Change::RenameConstraint { .. }
                        | Change::RenameSequence { .. }
                        | Change::Create(_)
                        | Change::Drop(_)
                        | Change::ReplaceFunction { .. }
                        | Change::AlterEnum { .. }
                        | Change::Insert { .. }
                        | Change::Update { .. }
                        | Change::Delete { .. }
                        | Change::KeepRows(_)
                        | Change::RestoreRows(_)
                        | Change::DeleteRows { .. }
                        | Change::Sql { .. }
                        | Change::Note(_) => false,
                    });
                    let mut rows = access.writes.iter().chain(&access.inserts);
                    let something = !effects.is_empty() || rows.clone().next().is_some();
                    something && adds && !access.unread && rows.all(quiet)
                }
                Change::CreateTable(_)
                | Change::DropTable(_)
                | Change::RenameTable { .. }
                | Change::AddColumn { .. }
                | Change::DropColumn { .. }
                | Change::RenameColumn { .. }
                | Change::AlterColumn { .. }
                | Change::AddIndex { .. }
                | Change::DropIndex { .. }
                | Change::RenameIndex { .. }
                | Change::AddConstraint { .. }
                | Change::DropConstraint { .. }
                | Change::RenameConstraint { .. }
                | Change::RenameSequence { .. }
                | Change::Create(_)
                | Change::Drop(_)
                | Change::ReplaceFunction { .. }
                | Change::AlterEnum { .. }
                | Change::Insert { .. }
                | Change::Update { .. }
                | Change::Delete { .. }
                | Change::KeepRows(_)
                | Change::RestoreRows(_)
                | Change::DeleteRows { .. }
                | Change::Note(_) => false,
            });
            if own { Undo::Nothing } else { Undo::Missing }
        }
        Kind::CreateTable(_)
        | Kind::DropTable { .. }
        | Kind::RenameTable { .. }
        | Kind::AddColumn { .. }
        | Kind::DropColumn { .. }
        | Kind::RenameColumn { .. }
        | Kind::AlterColumn { .. }
        | Kind::CreateIndex { .. }
        | Kind::DropIndex { .. }
        | Kind::RenameIndex { .. }
        | Kind::AddForeignKey { .. }
        | Kind::DropForeignKey { .. }
        | Kind::AddCheck { .. }
        | Kind::DropCheck { .. }
        | Kind::AddUnique { .. }
        | Kind::DropUnique { .. }
        | Kind::AddPrimaryKey { .. }
        | Kind::DropPrimaryKey { .. }
        | Kind::CreateView { .. }
        | Kind::ReplaceView { .. }
        | Kind::DropView { .. }
        | Kind::CreateFunction { .. }
        | Kind::ReplaceFunction { .. }
        | Kind::DropFunction { .. }
        | Kind::CreateTrigger { .. }
        | Kind::DropTrigger { .. }
        | Kind::CreateExtension { .. }
        | Kind::DropExtension { .. }
        | Kind::CreateSchema { .. }
        | Kind::DropSchema { .. }
        | Kind::CreateEnum { .. }
        | Kind::AlterEnum { .. }
        | Kind::DropEnum { .. } => Undo::Changes(inverses),
    }
}

/// Whether a value can be looked for again: a literal, or NULL.
fn findable(value: &Scalar) -> bool {
    match value {
        Scalar::Literal(_) => true,
        Scalar::Expr(expr) => match expr.pieces.as_slice() {
            [Piece::Text(text)] => text.trim().eq_ignore_ascii_case("null"),
            _ => false,
        },
    }
}

/// How a whole migration's undoing compares with the state before it.
pub(crate) fn reversal(body: &Body, undone: &[Undone]) -> Reversal {
    if body.irreversible.is_some() {
        return Reversal::Impossible;
    }
    if body.down.is_some() {
        return Reversal::Authored;
    }
    let worst = undone.iter().map(|part| match &part.undo {
        Undo::Missing | Undo::Irreversible(_) => Reversal::Impossible,
        Undo::Authored(texts, _) if !runs_nothing(texts) => Reversal::Authored,
        _ if part.lossy => Reversal::DataLoss,
        Undo::Authored(..) | Undo::Changes(_) | Undo::Nothing => Reversal::Exact,
    });
    worst.max().unwrap_or(Reversal::Exact)
}

/// Whether a `down` is its author's word that there is nothing to undo: `""`.
fn runs_nothing(texts: &Down) -> bool {
    texts.iter().all(|text| text.branches().all(|sql| sql.trim().is_empty()))
}
