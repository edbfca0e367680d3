//! Where DDL commits by itself, a way down leaves nothing out: after an interruption it would be missing. But a column of a
//! table that the plan drops later may be NULL until then, and keep the type that holds all its values.

use std::collections::HashMap;

use super::{LeftOut, Place, Step};
use crate::diagnostic::Direction;
use crate::operation::DataType;
use crate::state::{Change, Column, ColumnId, Constraint, State, Table, TableId, is_of_same_enum};

/// Takes NOT NULL and narrower types, which rows may not fit, out of derived ways down where the table is dropped later in the
/// plan, and nothing that its author wrote comes before that. Each change stays at its place. `start` is the state before the
/// first step.
pub(super) fn ease(steps: &mut [Step], start: &State) {
    let drops = drops(steps);
    if drops.is_empty() {
        return;
    }
    let bound = Bound::of(steps);
    let mut at = 0;
    for step in steps.iter_mut() {
        let (down, from) = (step.direction == Direction::Down, step.from);
        let mut place = 0;
        for part in &mut step.parts {
            for change in &mut part.changes {
                (at, place) = (at + 1, place + 1);
                // A change that was interrupted goes on as it began.
                let begun = from.part > 0 && from == Place { change: place - 1, ..from };
                let table = change.table().filter(|_| down && !part.authored && !begun);
                let covers = |id: &TableId| drops.get(id).is_some_and(|drop| at < drop.at && drop.written_at <= at);
                let Some(table) = table.filter(covers).and_then(|id| start.table(id)) else { continue };
                if let Some(what) = bound.ease(change, table) {
                    let operation = format!("{what} in {}", part.operation);
                    let why = format!("`{}` is dropped later in this plan", table.name);
                    step.head.left_out.push(LeftOut { operation, why });
                }
            }
        }
    }
}

/// Columns that must be what the changes say.
struct Bound {
    /// Those that cannot be NULL, whatever is said of them.
    values: Vec<ColumnId>,
    /// Those that indexes and constraints come over, which not every type allows.
    types: Vec<ColumnId>,
}

impl Bound {
    fn of(steps: &[Step]) -> Self {
        let mut bound = Self { values: Vec::new(), types: Vec::new() };
        for (change, _) in changes(steps) {
            if let Change::AddConstraint { constraint: Constraint::PrimaryKey(key), .. } = change {
                bound.values.extend(&key.columns);
            }
            let Change::AlterColumn { column, patch, .. } = change else { continue };
            let over = |(other, _): (&Change, bool)| {
                let computed = |other: &Column| other.generated.as_ref().is_some_and(|how| how.expr.mentions(*column));
                matches!(other, Change::AddIndex { index, .. } if index.mentions(*column))
                    || matches!(other, Change::AddConstraint { constraint, .. } if constraint.mentions(*column))
                    || matches!(other, Change::AddColumn { column, .. } if computed(column))
            };
            if patch.auto_increment.is_some() {
                bound.values.push(*column);
            }
            if patch.data_type.is_some() && changes(steps).any(over) {
                bound.types.push(*column);
            }
        }
        bound
    }

    /// Takes out of a change what rows may not fit; gives what that was.
    fn ease(&self, change: &mut Change, table: &Table) -> Option<&'static str> {
        if let Change::AddColumn { column, fill: None, .. } = change {
            let filled = column.null || column.default.is_some() || column.auto_increment || column.generated.is_some();
            let eased = !filled && !self.values.contains(&column.id);
            column.null |= eased;
            return eased.then_some("NOT NULL");
        }
        let Change::AlterColumn { column, patch, using: None, fill: None, .. } = change else { return None };
        let eased = patch.null == Some(false) && !self.values.contains(column);
        if eased {
            patch.null = None;
        }
        // A column of an enum is let go of before that enum goes.
        let narrows = |from: &DataType, to: &DataType| {
            !from.widens_to(to) && (from.of_enum().is_none() || is_of_same_enum(from, to))
        };
        let from = table.column(*column).filter(|_| !self.types.contains(column));
        if from.zip(patch.data_type.as_ref()).is_some_and(|(from, to)| narrows(&from.data_type, to)) {
            (patch.data_type, patch.default) = (None, None);
            return Some(if eased { "the type and NOT NULL" } else { "the type" });
        }
        eased.then_some("NOT NULL")
    }
}

/// Where a table is dropped, and the last change before that which its author wrote.
struct Drop {
    at: usize,
    written_at: usize,
}

fn drops(steps: &[Step]) -> HashMap<TableId, Drop> {
    let mut drops = HashMap::new();
    let mut written_at = 0;
    for (at, (change, authored)) in (1..).zip(changes(steps)) {
        if authored {
            written_at = at;
        }
        if let Change::DropTable(table) = change {
            drops.insert(*table, Drop { at, written_at });
        }
    }
    drops
}

/// The changes of all steps, and whether their authors wrote them.
fn changes(steps: &[Step]) -> impl Iterator<Item = (&Change, bool)> {
    let parts = steps.iter().flat_map(|step| &step.parts);
    parts.flat_map(|part| part.changes.iter().map(|change| (change, part.authored)))
}
