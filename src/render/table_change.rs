//! What a change does to the definition of a table that exists before and after it, read once for all who ask.

use crate::state::{Change, Column, ColumnId, ColumnPatch, Constraint, ConstraintKind, Expr, Index, Scalar};

/// A change of a table's definition beyond the names of the table and its columns.
#[derive(Clone, Copy)]
pub(super) enum TableChange<'c> {
    AddColumn { column: &'c Column, fill: Option<&'c Scalar> },
    DropColumn(ColumnId),
    AlterColumn { column: ColumnId, patch: &'c ColumnPatch, using: Option<&'c Expr>, fill: Option<&'c Scalar> },
    AddIndex(&'c Index),
    DropIndex(&'c str),
    RenameIndex,
    AddConstraint(&'c Constraint),
    DropConstraint(ConstraintKind, &'c str),
    RenameConstraint,
}

impl<'c> TableChange<'c> {
    /// What a change is; `None` where its table comes, goes or stays as it is, or it has none.
    pub(super) const fn of(change: &'c Change) -> Option<Self> {
        Some(match change {
            Change::AddColumn { column, fill, .. } => Self::AddColumn { column, fill: fill.as_ref() },
            Change::DropColumn { column, .. } => Self::DropColumn(*column),
            Change::AlterColumn { column, patch, using, fill, .. } => {
                Self::AlterColumn { column: *column, patch, using: using.as_ref(), fill: fill.as_ref() }
            }
            Change::AddIndex { index, .. } => Self::AddIndex(index),
            Change::DropIndex { name, .. } => Self::DropIndex(name.as_str()),
            Change::RenameIndex { .. } => Self::RenameIndex,
            Change::AddConstraint { constraint, .. } => Self::AddConstraint(constraint),
            Change::DropConstraint { kind, name, .. } => Self::DropConstraint(*kind, name.as_str()),
            Change::RenameConstraint { .. } => Self::RenameConstraint,
            Change::CreateTable(_)
            | Change::DropTable(_)
            | Change::RenameTable { .. }
            | Change::RenameColumn { .. }
            | Change::RenameSequence { .. }
            | Change::Create(_)
            | Change::Drop(_)
            | Change::ReplaceFunction { .. }
            | Change::AlterEnum { .. }
            | Change::Insert { .. }
            | Change::Update { .. }
            | Change::Delete { .. }
            | Change::DeleteRows { .. }
            | Change::KeepRows(_)
            | Change::RestoreRows(_)
            | Change::Sql { .. }
            | Change::Note(_) => return None,
        })
    }

    /// The column whose values it makes or changes, with how they are converted, and what is filled in.
    pub(super) const fn values(self) -> Option<(ColumnId, Option<&'c Expr>, Option<&'c Scalar>)> {
        match self {
            Self::AddColumn { column, fill } => Some((column.id, None, fill)),
            Self::AlterColumn { column, using, fill, .. } => Some((column, using, fill)),
            Self::DropColumn(_)
            | Self::AddIndex(_)
            | Self::DropIndex(_)
            | Self::RenameIndex
            | Self::AddConstraint(_)
            | Self::DropConstraint(..)
            | Self::RenameConstraint => None,
        }
    }
}
