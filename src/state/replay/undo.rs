//! How an operation that was applied is undone, and what that does not bring back.

use std::collections::HashSet;

use super::{Reversal, Undo, Undone};
use crate::operation::{Body, Down, Kind, Operation};
use crate::state::{Change, ColumnId, Context, Object, Piece, RowValues, Scalar, State, Table, TableId};

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
    if let Some((down, batch)) = operation.kind.down() {
        return Undo::Authored(down.clone(), batch);
    }
    if let Kind::Note { .. } = operation.kind {
        return Undo::Nothing;
    }
    if let Kind::Insert { key, .. } = &operation.kind {
        let Some(Change::Insert { table, rows, .. }) = changes.first() else { return Undo::Nothing };
        if made_here(table) {
            return Undo::Nothing;
        }
        let Some(found) = state.table(*table) else { return Undo::Missing };
        let finds: Option<Vec<RowValues>> = rows.iter().map(|row| found_by(row, key, found, state)).collect();
        return finds.map_or(Undo::Missing, |rows| Undo::Changes(vec![Change::DeleteRows { table: *table, rows }]));
    }
    if let Kind::Update { keep: false, .. } | Kind::Delete { keep: false, .. } = operation.kind {
        let own = changes.iter().all(|change| {
            // What is set goes with the columns.
            matches!(change, Change::Update { table, set, .. }
                if set.iter().all(|(column, _)| added.contains(&(*table, *column))))
                || change.table().is_none_or(|table| made_here(&table))
        });
        return if own { Undo::Nothing } else { Undo::Missing };
    }
    if let Kind::Sql { .. } = operation.kind {
        let own = changes.iter().all(|change| goes_with_its_tables(change, &made_here, state));
        return if own { Undo::Nothing } else { Undo::Missing };
    }
    Undo::Changes(inverses)
}

/// What a row that was put in is found by again: its key, or where there is none all of its literals.
fn found_by(row: &RowValues, key: &[String], table: &Table, state: &State) -> Option<RowValues> {
    let backend = state.backend();
    let is_key = |name: &str| key.iter().any(|key| backend.fold(key) == backend.fold(name));
    let counts = |(id, value): &&(ColumnId, Scalar)| {
        if key.is_empty() { findable(value) } else { is_key(table.column_name(*id)) }
    };
    let by: RowValues = row.iter().filter(counts).cloned().collect();
    (!by.is_empty() && (key.is_empty() || by.len() == key.len())).then_some(by)
}

/// Whether what raw SQL adds goes with tables that the same migration makes, and so do their rows.
fn goes_with_its_tables(change: &Change, made_here: &impl Fn(&TableId) -> bool, state: &State) -> bool {
    let Change::Sql { effects, access, .. } = change else { return false };
    // A trigger may do more to rows than the statement says.
    let quiet = |table: &TableId| {
        made_here(table)
            && state.triggers_on(*table).next().is_none()
            && state.referrers(*table).iter().all(|referrer| made_here(&referrer.id))
    };
    let adds = effects.iter().all(|effect| {
        let adds = matches!(
            effect,
            Change::Create(Object::Trigger(_))
                | Change::AddIndex { .. }
                | Change::AddColumn { .. }
                | Change::AddConstraint { .. }
        );
        adds && effect.table().as_ref().is_some_and(made_here)
    });
    let mut rows = access.writes.iter().chain(&access.inserts);
    let something = !effects.is_empty() || rows.clone().next().is_some();
    something && adds && !access.unread && rows.all(quiet)
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
