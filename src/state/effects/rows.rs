//! What a change does to the rows that exist: what of them it takes away for good, and what of them may make it fail.

use super::super::{Change, ColumnId, Constraint, State};
use crate::backend::Backend;
use crate::operation::{DataType, EnumType};

/// What a change takes away from the rows that exist, so that nothing brings it back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Loss<'c> {
    /// A table with all of its rows.
    Table,
    Column(ColumnId),
    /// Values that are cut, refused or converted on their way to another type.
    Values {
        column: ColumnId,
        to: &'c DataType,
        /// Its author says how they are converted.
        converted: bool,
    },
}

/// Why a change that works on an empty table may fail on one with rows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum MayFail<'c> {
    /// A column comes that must have a value, and there is none for the rows that exist.
    NoValue(ColumnId),
    /// Values of a column may not fit its new type.
    Narrows(ColumnId, &'c DataType),
    /// The expression that converts the values of a column may fail.
    Conversion(ColumnId),
    /// By its new collation, values of a column may be alike that must not be.
    Collation(ColumnId),
    /// A column may have NULLs where it becomes NOT NULL.
    Null(ColumnId),
    /// Rows may break a constraint.
    Constraint(&'c Constraint),
    /// Rows may be alike in what a unique index is over.
    UniqueIndex(&'c str),
    /// Rows may have values that an enum loses, by the names of before.
    EnumValues(&'c EnumType, Vec<&'c str>),
}

impl Change {
    /// What it takes away from the rows that exist, on the state before it. What raw SQL takes away, its effects say.
    pub(crate) fn loses(&self, before: &State) -> Option<Loss<'_>> {
        self.on_rows(before).0
    }

    /// Why it may fail on the rows that exist though it works on the state before it; of several reasons, the first.
    pub(crate) fn may_fail_on_rows(&self, before: &State) -> Option<MayFail<'_>> {
        self.on_rows(before).1
    }

    fn on_rows(&self, before: &State) -> (Option<Loss<'_>>, Option<MayFail<'_>>) {
        match self {
            Self::DropTable(_) => (Some(Loss::Table), None),
            Self::DropColumn { table, column, .. } => {
                let dropped = before.table(*table).and_then(|table| table.column(*column));
                // What is computed comes back by itself.
                let computed = dropped.is_some_and(|dropped| dropped.generated.is_some());
                ((!computed).then_some(Loss::Column(*column)), None)
            }
            Self::AlterColumn { table, column: id, patch, using, fill, .. } => {
                let (table, column) = (before.table(*table), *id);
                let from = table.and_then(|table| table.column(column)).map(|column| &column.data_type);
                // Not every value of the old type fits the new one.
                let narrowed = patch.data_type.as_ref().filter(|to| from.is_some_and(|from| !from.widens_to(to)));
                // A value that an enum loses is refused where a row has it.
                let lossy = narrowed.filter(|to| !from.is_some_and(|from| is_of_same_enum(from, to)));
                let loss = lossy.map(|to| Loss::Values { column, to, converted: using.is_some() });
                // SQLite keeps any length, and values that do not convert as they are; but it checks the values of an enum.
                let checked = |to: &&DataType| before.backend() != Backend::Sqlite || to.of_enum().is_some();
                let may_fail = if using.is_some() {
                    Some(MayFail::Conversion(column))
                } else if let Some(to) = narrowed.filter(checked) {
                    Some(MayFail::Narrows(column, to))
                } else if patch.collation.is_some() && table.is_some_and(|table| table.is_unique_over(column)) {
                    Some(MayFail::Collation(column))
                } else {
                    (patch.null == Some(false) && fill.is_none()).then_some(MayFail::Null(column))
                };
                (loss, may_fail)
            }
            Self::AddColumn { column, fill, .. } => {
                let filled = fill.is_some()
                    || column.null
                    || column.default.is_some()
                    || column.auto_increment
                    || column.generated.is_some();
                (None, (!filled).then_some(MayFail::NoValue(column.id)))
            }
            Self::AddConstraint { constraint, .. } => (None, Some(MayFail::Constraint(constraint))),
            Self::AddIndex { index, .. } => (None, index.unique.then_some(MayFail::UniqueIndex(&index.name))),
            Self::AlterEnum { from, to, renamed } => {
                let kept = |value: &&String| {
                    to.values.contains(renamed.iter().find(|(old, _)| old == *value).map_or(*value, |(_, new)| new))
                };
                let lost = from.values.iter().filter(|value| !kept(value));
                let lost: Vec<&str> = lost.map(String::as_str).collect();
                let used = before.columns_of_enum(&from.name).next().is_some();
                (None, (used && !lost.is_empty()).then_some(MayFail::EnumValues(from, lost)))
            }
            Self::CreateTable(_)
            | Self::RenameTable { .. }
            | Self::RenameColumn { .. }
            | Self::DropIndex { .. }
            | Self::RenameIndex { .. }
            | Self::DropConstraint { .. }
            | Self::RenameConstraint { .. }
            | Self::RenameSequence { .. }
            | Self::Create(_)
            | Self::Drop(_)
            | Self::ReplaceFunction { .. }
            // What happens to rows themselves is what its author asked for.
            | Self::Insert { .. }
            | Self::Update { .. }
            | Self::Delete { .. }
            | Self::KeepRows(_)
            | Self::RestoreRows(_)
            | Self::DeleteRows { .. }
            | Self::Sql { .. }
            | Self::Note(_) => (None, None),
        }
    }
}

/// Whether both are of one enum, with whatever values.
pub(crate) fn is_of_same_enum(from: &DataType, to: &DataType) -> bool {
    from.of_enum().zip(to.of_enum()).is_some_and(|(from, to)| from.name == to.name)
}
