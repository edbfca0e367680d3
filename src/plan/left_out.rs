//! Restores that a plan leaves out: on the way down, bringing back a column or a
//! constraint may fail on the rows that stand, and is in vain where a later step
//! drops the table anyway.

use std::collections::{HashMap, HashSet};

use super::{LeftOut, Step};
use crate::diagnostic::Direction;
use crate::ident::TableName;
use crate::state::{Change, ColumnId, Constraint, MayFail, Object, State, TableId};

/// What has been left out so far.
#[derive(Default)]
struct Gone {
    columns: HashSet<ColumnId>,
    /// Constraints and indexes by table and name.
    names: HashSet<(TableId, String)>,
}

/// Takes out of the steps the derived restores that depend on rows and are in vain, and
/// notes them in their steps. `start` is the state before the first step.
pub(super) fn leave_out(steps: &mut [Step], start: &State) {
    let down = steps.iter().filter(|step| step.direction == Direction::Down);
    let mut derived = down.flat_map(|step| &step.parts).filter(|part| !part.authored).flat_map(|part| &part.changes);
    // Most plans to 0 only drop, and that restores nothing.
    if derived.all(|change| matches!(change, Change::DropTable(_) | Change::Drop(_))) {
        return;
    }
    let horizon = Horizons::of(steps);
    let original = steps.to_vec();
    if !try_leave_out(steps, start, &horizon) {
        // Something else needs what was left out: all of it stays in.
        for (step, before) in steps.iter_mut().zip(original) {
            *step = before;
        }
    }
}

/// Leaves out what it can; false where a change that was kept no longer applies.
fn try_leave_out(steps: &mut [Step], start: &State, horizon: &Horizons) -> bool {
    let mut state = start.clone();
    let mut gone = Gone::default();
    let mut at = 0;
    for step in steps.iter_mut() {
        let down = step.direction == Direction::Down;
        for part in &mut step.parts {
            let derived = down && !part.authored;
            let mut kept = Vec::with_capacity(part.changes.len());
            for change in std::mem::take(&mut part.changes) {
                at += 1;
                let in_vain = horizon.of_change(&change).is_some_and(|h| h.covers(at));
                let out = derived
                    && in_vain
                    && (follows(&change, &gone) || (depends_on_rows(&change, &state) && may_leave(&change, &state)));
                if out {
                    let table = change.table().and_then(|id| state.table(id)).map(|table| table.name.to_string());
                    let object = || change.objects(&state).into_iter().next().map(|object| object.name);
                    let why = format!("`{}` is dropped later in this plan", table.or_else(object).unwrap_or_default());
                    mark(&change, &mut gone);
                    let left = LeftOut { operation: part.operation.clone(), why };
                    if !step.head.left_out.contains(&left) {
                        step.head.left_out.push(left);
                    }
                    continue;
                }
                if state.apply(&change).is_err() {
                    return false;
                }
                kept.push(change);
            }
            part.changes = kept;
        }
        step.parts.retain(|part| !part.changes.is_empty());
    }
    true
}

/// Where a table is dropped, and the last change before that which its author wrote.
struct Horizon {
    drop_at: usize,
    authored_at: usize,
}

impl Horizon {
    /// Whether a restore at that place is in vain: the table goes later, with nothing authored between.
    const fn covers(&self, at: usize) -> bool {
        at < self.drop_at && self.authored_at <= at
    }
}

/// The horizons of tables, and of enums that are types of their own.
#[derive(Default)]
struct Horizons {
    tables: HashMap<TableId, Horizon>,
    enums: HashMap<TableName, Horizon>,
}

impl Horizons {
    fn of(steps: &[Step]) -> Self {
        let mut drops = Self::default();
        let (mut at, mut authored_at, mut written_at) = (0, 0, 0);
        for step in steps {
            for part in &step.parts {
                for change in &part.changes {
                    at += 1;
                    if part.authored || change.touches_rows_or_raw_sql() {
                        authored_at = at;
                    }
                    if part.authored {
                        written_at = at;
                    }
                    match (change, step.direction) {
                        (Change::DropTable(table), Direction::Down) => {
                            drops.tables.insert(*table, Horizon { drop_at: at, authored_at });
                        }
                        // Rows that go by their values go as well where their enum has more of them.
                        (Change::Drop(Object::Enum(gone)), Direction::Down) => {
                            drops.enums.insert(gone.name.clone(), Horizon { drop_at: at, authored_at: written_at });
                        }
                        _ => {}
                    }
                }
            }
        }
        drops
    }

    fn of_change(&self, change: &Change) -> Option<&Horizon> {
        if let Change::AlterEnum { from, .. } = change {
            return self.enums.get(&from.name);
        }
        // A column's type, too, where an enum's values are in its columns.
        let of_enum = if let Change::AlterColumn { patch, .. } = change {
            patch.data_type.as_ref().and_then(|to| self.enums.get(&to.of_enum()?.name))
        } else {
            None
        };
        of_enum.or_else(|| self.tables.get(&change.table()?))
    }
}

/// Whether the rows that exist may make a change fail.
fn depends_on_rows(change: &Change, state: &State) -> bool {
    change.may_fail_on_rows(state).is_some_and(|why| match why {
        // Elsewhere its columns' own changes depend on them.
        MayFail::EnumValues(..) => state.backend().capabilities().enum_types,
        MayFail::NoValue(_)
        | MayFail::Narrows(..)
        | MayFail::Conversion(_)
        | MayFail::Collation(_)
        | MayFail::Null(_)
        | MayFail::Constraint(_)
        | MayFail::UniqueIndex(_) => true,
    })
}

/// Whether nothing outside the table needs what would be left out.
fn may_leave(change: &Change, state: &State) -> bool {
    // A key elsewhere may be about to point to it.
    !matches!(change, Change::AddConstraint { table, constraint: Constraint::PrimaryKey(_) | Constraint::Unique(_) }
        if !state.referrers(*table).is_empty())
}

/// Whether a change is over something that was left out before.
fn follows(change: &Change, gone: &Gone) -> bool {
    let over = |ids: &[ColumnId]| ids.iter().any(|id| gone.columns.contains(id));
    match change {
        Change::DropColumn { column, .. }
        | Change::RenameColumn { column, .. }
        | Change::AlterColumn { column, .. }
        | Change::RenameSequence { column, .. } => gone.columns.contains(column),
        Change::AddConstraint { constraint, .. } => gone.columns.iter().any(|id| constraint.mentions(*id)),
        Change::AddIndex { index, .. } => gone.columns.iter().any(|id| index.mentions(*id)),
        Change::DropConstraint { table, name, .. }
        | Change::RenameConstraint { table, name, .. }
        | Change::DropIndex { table, name, .. }
        | Change::RenameIndex { table, name, .. } => gone.names.contains(&(*table, name.clone())),
        Change::AddColumn { column, .. } => {
            over(&[column.id])
                || column.generated.as_ref().is_some_and(|how| how.expr.columns().any(|id| gone.columns.contains(&id)))
        }
        Change::CreateTable(_)
        | Change::DropTable(_)
        | Change::RenameTable { .. }
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
    }
}

fn mark(change: &Change, gone: &mut Gone) {
    match change {
        Change::AddColumn { column, .. } => {
            gone.columns.insert(column.id);
        }
        Change::DropColumn { column, .. } => {
            gone.columns.remove(column);
        }
        Change::AddConstraint { table, constraint } => {
            gone.names.insert((*table, constraint.name().text.clone()));
        }
        Change::AddIndex { table, index, .. } => {
            gone.names.insert((*table, index.name.clone()));
        }
        Change::RenameConstraint { table, name, to, .. } => {
            gone.names.remove(&(*table, name.clone()));
            gone.names.insert((*table, to.text.clone()));
        }
        Change::RenameIndex { table, name, to } => {
            gone.names.remove(&(*table, name.clone()));
            gone.names.insert((*table, to.clone()));
        }
        Change::DropConstraint { table, name, .. } | Change::DropIndex { table, name, .. } => {
            gone.names.remove(&(*table, name.clone()));
        }
        Change::CreateTable(_)
        | Change::DropTable(_)
        | Change::RenameTable { .. }
        | Change::RenameColumn { .. }
        | Change::AlterColumn { .. }
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
        | Change::Note(_) => {}
    }
}
