//! Changes: what an operation comes down to on a given state. Each is concrete
//! (identities, whole definitions), so each has an inverse that needs nothing else.

use std::sync::Arc;

use super::{
    Column, ColumnId, Constraint, ConstraintKind, Expr, Function, Index, Name, Namespace, Object, Scalar, Table,
    TableId,
};
use crate::ident::TableName;
use crate::operation::{DataType, EnumType};

/// What of a column changes; `None` stays.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ColumnPatch {
    /// New type.
    pub data_type: Option<DataType>,
    /// New nullability.
    pub null: Option<bool>,
    /// New default; `Some(None)` takes it away.
    pub default: Option<Option<Scalar>>,
    /// New numbering, with its sequence's name where the backend has such.
    pub auto_increment: Option<(bool, Option<Name>)>,
    /// New collation; `Some(None)` is the database's own.
    pub collation: Option<Option<Box<str>>>,
    /// New comment; `Some(None)` takes it away.
    pub comment: Option<Option<String>>,
}

impl ColumnPatch {
    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How an insert treats rows that stand already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InsertMode {
    /// A plain insert: a clash is an error.
    Plain,
    /// An upsert by these columns (seeds with a key). Works without a unique constraint over them.
    Upsert(Vec<ColumnId>),
    /// Only rows that no row equals in all given columns (seeds without a key).
    IfAbsent,
}

/// Rows by identity. Rows of one insert may name different columns.
pub type RowValues = Vec<(ColumnId, Scalar)>;

/// What a raw statement touches besides what its effects say: rows, names, and objects that
/// the state does not hold. Read from the SQL, with what its author declared added.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SqlAccess {
    /// Tables whose rows it reads.
    pub reads: Vec<TableId>,
    /// Tables whose rows it changes or deletes.
    pub writes: Vec<TableId>,
    /// Tables it puts rows into.
    pub inserts: Vec<TableId>,
    /// Tables whose list of columns it depends on: `SELECT *`, an INSERT without column names.
    pub star: Vec<TableId>,
    /// Columns it names.
    pub columns: Vec<(TableId, ColumnId)>,
    /// Names that may be columns of a table and are none at this point: whether they are, decides what it does.
    /// Folded as the backend folds.
    pub lookups: Vec<(TableId, String)>,
    /// Names of constraints and triggers that it looks up, and that are none at this point.
    pub(crate) others: Vec<(Namespace, String)>,
    /// Names of tables and views that it looks up, and whose being there (or not) decides what it does:
    /// views it reads, names behind IF EXISTS, names that the state does not know.
    pub names: Vec<TableName>,
    /// Declared objects of other kinds.
    pub declared: Vec<DeclaredObject>,
    /// It could not be read, and declares nothing: it may touch anything.
    pub opaque: bool,
    /// It could not be read: what it makes or drops is not in the state, whatever it declares.
    pub unread: bool,
    /// What it does depends on whether all is known that exists: it names something that does not.
    pub knows_all: bool,
}

/// What an author declares that raw SQL does to an object of a kind that the state does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeclaredObject {
    /// `function`, `sequence`, …: what stands before the colon.
    pub kind: String,
    /// Its name, folded as the backend folds.
    pub name: String,
    /// What is done to it.
    pub mode: DeclaredMode,
}

/// The four lists of declared objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeclaredMode {
    Reads,
    Writes,
    Creates,
    Drops,
}

/// Rows that are kept until what changes or deletes them is undone.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// Whose rows.
    pub table: TableId,
    /// The table that has them.
    pub beside: Arc<Table>,
    /// Columns of the one with those of the other.
    pub columns: Vec<(ColumnId, ColumnId)>,
    /// How a row is found again that is changed: among the columns. Of rows that are deleted there are none.
    pub key: Vec<(ColumnId, ColumnId)>,
    /// Which rows; all for `None`.
    pub filter: Option<Expr>,
    /// Names that the other table would have had, were they free.
    pub taken: Vec<TableName>,
}

/// One concrete change of a state, or of the rows in it.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A table with its constraints and indexes.
    CreateTable(Arc<Table>),
    /// A table, with its constraints and indexes. Its triggers are dropped before, by changes of their own.
    DropTable(TableId),
    /// A table's name.
    RenameTable {
        table: TableId,
        /// Its new name.
        to: TableName,
    },
    AddColumn {
        table: TableId,
        /// The column, bare: its constraints are changes of their own.
        column: Column,
        /// For the rows already there.
        fill: Option<Scalar>,
    },
    /// A column over which nothing stands any more.
    DropColumn {
        table: TableId,
        column: ColumnId,
        /// What the rows get if it comes back.
        refill: Option<Scalar>,
    },
    /// A column's name.
    RenameColumn {
        table: TableId,
        column: ColumnId,
        /// Its new name.
        to: String,
    },
    /// A column's type, nullability, default or numbering.
    AlterColumn {
        table: TableId,
        column: ColumnId,
        /// What changes.
        patch: ColumnPatch,
        /// How values are converted, bound to the table.
        using: Option<Expr>,
        /// How they are converted on the way back.
        using_down: Option<Expr>,
        /// For NULLs, where it becomes NOT NULL.
        fill: Option<Scalar>,
    },
    AddIndex {
        table: TableId,
        index: Index,
        /// While others write to the table, and outside a transaction.
        concurrently: bool,
    },
    DropIndex {
        table: TableId,
        name: String,
        /// While others write to the table, and outside a transaction.
        concurrently: bool,
    },
    /// An index's name.
    RenameIndex {
        table: TableId,
        name: String,
        /// Its new name.
        to: String,
    },
    AddConstraint {
        table: TableId,
        constraint: Constraint,
    },
    DropConstraint {
        table: TableId,
        kind: ConstraintKind,
        name: String,
    },
    /// A constraint's name (generated names follow renames).
    RenameConstraint {
        table: TableId,
        kind: ConstraintKind,
        name: String,
        /// Its new name.
        to: Name,
    },
    /// An identity's sequence (PostgreSQL; generated names follow renames).
    RenameSequence {
        table: TableId,
        column: ColumnId,
        /// Its new name.
        to: Name,
    },
    /// Something that belongs to no table.
    Create(Object),
    /// Something that belongs to no table. Its name decides which.
    Drop(Object),
    /// A function that takes the place of another, which what calls it does not notice.
    ReplaceFunction {
        /// What goes.
        from: Function,
        /// What comes: of the same name, arguments and type.
        to: Function,
    },
    /// An enum's values. Where they stand in the types of its columns, each column is altered by a change of its own.
    AlterEnum {
        /// What it was; values that are renamed have their old names.
        from: Arc<EnumType>,
        to: Arc<EnumType>,
        /// Values that are called otherwise: each with its new name.
        renamed: Vec<(String, String)>,
    },
    /// Rows in.
    Insert {
        /// Into which table.
        table: TableId,
        rows: Vec<RowValues>,
        /// What about rows that stand already.
        mode: InsertMode,
    },
    /// Rows changed.
    Update {
        table: TableId,
        set: RowValues,
        /// Which rows; all for `None`.
        filter: Option<Expr>,
    },
    /// Rows out, by a condition.
    Delete {
        table: TableId,
        /// Which rows.
        filter: Expr,
        /// They were kept before.
        kept: bool,
    },
    /// Rows copied into a new table beside theirs.
    KeepRows(Box<Kept>),
    /// Rows brought back from the table beside theirs, which is dropped.
    RestoreRows(Box<Kept>),
    /// Rows out again that an insert put in: those equal in the given columns.
    DeleteRows {
        table: TableId,
        /// One entry a row.
        rows: Vec<RowValues>,
    },
    /// Raw SQL: one statement (a `batch` has been split already).
    Sql {
        /// The statement, without a closing semicolon.
        sql: String,
        /// What could be read of it, as changes of the state alone; the statement itself does the work.
        effects: Vec<Change>,
        /// What it touches besides.
        access: SqlAccess,
    },
    /// Words for the reader of a run; no statement.
    Note(String),
}

impl Change {
    /// Makes something that belongs to no table.
    pub(crate) fn create(object: impl Into<Object>) -> Self {
        Self::Create(object.into())
    }

    /// Drops something that belongs to no table.
    pub(crate) fn drop(object: impl Into<Object>) -> Self {
        Self::Drop(object.into())
    }

    /// What it is made of: the effects that were read of raw SQL, or itself.
    #[must_use]
    pub fn each(&self) -> &[Self] {
        if let Self::Sql { effects, .. } = self { effects } else { std::slice::from_ref(self) }
    }

    /// The table it is about, where it is about one.
    #[must_use]
    pub fn table(&self) -> Option<TableId> {
        match self {
            Self::CreateTable(table) => Some(table.id),
            Self::DropTable(table)
            | Self::RenameTable { table, .. }
            | Self::AddColumn { table, .. }
            | Self::DropColumn { table, .. }
            | Self::RenameColumn { table, .. }
            | Self::AlterColumn { table, .. }
            | Self::AddIndex { table, .. }
            | Self::DropIndex { table, .. }
            | Self::RenameIndex { table, .. }
            | Self::AddConstraint { table, .. }
            | Self::DropConstraint { table, .. }
            | Self::RenameConstraint { table, .. }
            | Self::RenameSequence { table, .. }
            | Self::Insert { table, .. }
            | Self::Update { table, .. }
            | Self::Delete { table, .. }
            | Self::DeleteRows { table, .. } => Some(*table),
            Self::KeepRows(kept) | Self::RestoreRows(kept) => Some(kept.table),
            Self::Create(Object::Trigger(trigger)) | Self::Drop(Object::Trigger(trigger)) => trigger.table_id,
            Self::Create(_)
            | Self::Drop(_)
            | Self::ReplaceFunction { .. }
            | Self::AlterEnum { .. }
            | Self::Sql { .. }
            | Self::Note(_) => None,
        }
    }

    /// Whether it changes or runs something its author wrote as SQL or as rows.
    #[must_use]
    pub const fn touches_rows_or_raw_sql(&self) -> bool {
        matches!(
            self,
            Self::Insert { .. }
                | Self::Update { .. }
                | Self::Delete { .. }
                | Self::DeleteRows { .. }
                | Self::KeepRows(_)
                | Self::RestoreRows(_)
                | Self::Sql { .. }
        )
    }
}
