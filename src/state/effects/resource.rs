//! Resources and modes: what a change touches, and how. Two accesses to one resource are
//! independent only in the pairs that [`conflict`] lets through.

use crate::state::{ColumnId, TableId};

/// Where a name must be unique.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Namespace {
    /// Tables, views, indexes, sequences, by schema; and the namespaces that a backend has beside, by a word.
    Relations(Option<String>),
    Columns(TableId),
    Constraints(TableId),
    /// The triggers of a table, or of the database.
    Triggers(Option<TableId>),
}

/// Something that operations touch.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Resource {
    /// A table, by identity.
    Table(TableId),
    /// A column, by identity.
    Column(ColumnId),
    /// A name, in a namespace, folded.
    Name(Namespace, String),
    /// What foreign keys point to: columns of a table, sorted.
    Key(TableId, Vec<ColumnId>),
    /// The list of a table's columns, which `*` and positional inserts see.
    ColumnList(TableId),
    /// That a column is there, so that it is not the last one of its table that is dropped.
    Remains(ColumnId),
    /// Defaults, NOT NULL, checks, keys, triggers: what a row must obey.
    RowRules(TableId),
    Rows(TableId),
    /// Whether rows are numbered by hand or by the table.
    Numbering(TableId),
    /// The one primary key a table can have.
    PrimaryKeySlot(TableId),
    /// An object of a kind that the state does not hold, as an author declares it: kind and name.
    Declared(String, String),
    /// What extensions provide: types and functions that no migration makes by name.
    Provided,
    /// All rows there are: what a change of rows that cannot be read may touch.
    AnyRows,
    /// That all is known that exists: SQL that cannot be read may make and drop anything.
    Known,
    /// Triggers and views, which a rename or a rebuild must find as they are.
    Programs,
}

impl Resource {
    pub(crate) fn key(table: TableId, columns: &[ColumnId]) -> Self {
        let mut sorted = columns.to_vec();
        sorted.sort_unstable();
        Self::Key(table, sorted)
    }

    /// What kind of thing it is, for counts.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Table(_) => "table",
            Self::Column(_) => "column",
            Self::Name(..) => "name",
            Self::Key(..) => "key",
            Self::ColumnList(_) => "column-list",
            Self::Remains(_) => "column that remains",
            Self::RowRules(_) => "row-rules",
            Self::Rows(_) => "rows",
            Self::Numbering(_) => "numbering",
            Self::PrimaryKeySlot(_) => "primary key slot",
            Self::Declared(..) => "declared",
            Self::Provided => "what extensions provide",
            Self::AnyRows => "any rows",
            Self::Known => "what is known",
            Self::Programs => "views and triggers",
        }
    }
}

/// How a resource is touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Mode {
    /// It must be as it is.
    Use,
    /// As a use, and what was added to it must have been added in one order.
    UseInOrder,
    /// It is let go of: what held it does so no longer.
    Release,
    /// It is added to, in a way that commutes with other additions.
    Append,
    /// It is made, dropped, renamed or altered.
    Change,
}

/// Whether two accesses to one resource conflict, uses in order being uses. Independent are only use/use, use/release,
/// release/release and append/append.
pub(crate) const fn conflict(a: Mode, b: Mode) -> bool {
    !matches!(
        (a, b),
        (Mode::Use | Mode::UseInOrder | Mode::Release, Mode::Use | Mode::UseInOrder | Mode::Release)
            | (Mode::Append, Mode::Append)
    )
}
