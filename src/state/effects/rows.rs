//! What a change does to the rows that exist: what of them it takes away for good, and what of them may make it fail.

use super::super::{Change, ColumnId, ColumnPatch, Constraint, State, TableId};
use crate::backend::Backend;
use crate::operation::{DataType, EnumType};

/// What a change takes away from the rows that exist, so that nothing brings it back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Loss<'c> {
    /// A table with all of its rows.
    Table,
    /// The values of a column.
    Column(ColumnId),
    /// Values that are cut, refused or converted on their way to another type.
    Values {
        /// The column.
        column: ColumnId,
        /// Its new type.
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
        match self {
            Self::DropTable(_) => Some(Loss::Table),
            Self::DropColumn { table, column, .. } => {
                let dropped = before.table(*table).and_then(|table| table.column(*column));
                // What is computed comes back by itself.
                let computed = dropped.is_some_and(|dropped| dropped.generated.is_some());
                (!computed).then_some(Loss::Column(*column))
            }
            Self::AlterColumn { table, column, patch, using, .. } => {
                let to = narrowed(before, *table, *column, patch)?;
                let from = &before.table(*table)?.column(*column)?.data_type;
                // A value that an enum loses is refused where a row has it.
                (!is_of_same_enum(from, to)).then_some(Loss::Values {
                    column: *column,
                    to,
                    converted: using.is_some(),
                })
            }
            Self::CreateTable(_)
            | Self::RenameTable { .. }
            | Self::AddColumn { .. }
            | Self::RenameColumn { .. }
            | Self::AddIndex { .. }
            | Self::DropIndex { .. }
            | Self::RenameIndex { .. }
            | Self::AddConstraint { .. }
            | Self::DropConstraint { .. }
            | Self::RenameConstraint { .. }
            | Self::RenameSequence { .. }
            | Self::Create(_)
            | Self::Drop(_)
            | Self::ReplaceFunction { .. }
            | Self::AlterEnum { .. }
            // What happens to rows themselves is what its author asked for.
            | Self::Insert { .. }
            | Self::Update { .. }
            | Self::Delete { .. }
            | Self::KeepRows(_)
            | Self::RestoreRows(_)
            | Self::DeleteRows { .. }
            | Self::Sql { .. }
            | Self::Note(_) => None,
        }
    }

    /// Why it may fail on the rows that exist though it works on the state before it; of several reasons, the first.
    pub(crate) fn may_fail_on_rows(&self, before: &State) -> Option<MayFail<'_>> {
        match self {
            Self::AddColumn { column, fill: None, .. } => {
                let filled =
                    column.null || column.default.is_some() || column.auto_increment || column.generated.is_some();
                (!filled).then_some(MayFail::NoValue(column.id))
            }
            Self::AlterColumn { table, column, patch, using, fill, .. } => {
                let unique = || before.table(*table).is_some_and(|table| table.is_unique_over(*column));
                if using.is_some() {
                    return Some(MayFail::Conversion(*column));
                }
                // SQLite keeps any length, and values that do not convert as they are; but it checks the values of an enum.
                let checked = |to: &&DataType| before.backend() != Backend::Sqlite || to.of_enum().is_some();
                let narrowed = narrowed(before, *table, *column, patch).filter(checked);
                if let Some(to) = narrowed {
                    return Some(MayFail::Narrows(*column, to));
                }
                if patch.collation.is_some() && unique() {
                    return Some(MayFail::Collation(*column));
                }
                (patch.null == Some(false) && fill.is_none()).then_some(MayFail::Null(*column))
            }
            Self::AddConstraint { constraint, .. } => Some(MayFail::Constraint(constraint)),
            Self::AddIndex { index, .. } => index.unique.then_some(MayFail::UniqueIndex(&index.name)),
            Self::AlterEnum { from, to, renamed } => {
                let kept = |value: &&String| {
                    to.values.contains(renamed.iter().find(|(old, _)| old == *value).map_or(*value, |(_, new)| new))
                };
                let lost = from.values.iter().filter(|value| !kept(value));
                let lost: Vec<&str> = lost.map(String::as_str).collect();
                let used = before.columns_of_enum(&from.name).next().is_some();
                (used && !lost.is_empty()).then_some(MayFail::EnumValues(from, lost))
            }
            Self::CreateTable(_)
            | Self::DropTable(_)
            | Self::RenameTable { .. }
            | Self::AddColumn { .. }
            | Self::DropColumn { .. }
            | Self::RenameColumn { .. }
            | Self::DropIndex { .. }
            | Self::RenameIndex { .. }
            | Self::DropConstraint { .. }
            | Self::RenameConstraint { .. }
            | Self::RenameSequence { .. }
            | Self::Create(_)
            | Self::Drop(_)
            | Self::ReplaceFunction { .. }
            | Self::Insert { .. }
            | Self::Update { .. }
            | Self::Delete { .. }
            | Self::KeepRows(_)
            | Self::RestoreRows(_)
            | Self::DeleteRows { .. }
            | Self::Sql { .. }
            | Self::Note(_) => None,
        }
    }
}

/// The new type of a column that not every value of the old one fits.
fn narrowed<'c>(before: &State, table: TableId, column: ColumnId, patch: &'c ColumnPatch) -> Option<&'c DataType> {
    let (from, to) = (&before.table(table)?.column(column)?.data_type, patch.data_type.as_ref()?);
    (!from.widens_to(to)).then_some(to)
}

/// Whether both are of one enum, with whatever values.
pub(crate) fn is_of_same_enum(from: &DataType, to: &DataType) -> bool {
    from.of_enum().zip(to.of_enum()).is_some_and(|(from, to)| from.name == to.name)
}
