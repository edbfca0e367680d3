//! Why a change cannot be written for a backend. The walk makes a diagnostic of it,
//! with the operation and its place.

use crate::backend::Backend;
use crate::diagnostic::Code;
use crate::state::{SchemaObject, StateError};

/// Why a change cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum RenderError {
    /// The history and the plan do not fit together.
    #[error(transparent)]
    State(#[from] StateError),
    /// A reference to something that is not in the state.
    #[error("{what} of `{table}` refers to something that is not there")]
    Dangling { what: String, table: String },
    /// A table without columns.
    #[error("SQLite has no tables without columns, and `{table}` would have none")]
    NoColumns { table: String },
    /// Numbering on SQLite.
    #[error(
        "SQLite numbers a column only where it alone is the primary key, and `{column}` is not the whole key of its table"
    )]
    NumberedButNotKey { column: String },
    /// Numbering of a type that has none.
    #[error("{title} cannot number `{column}` of type `{data_type}`")]
    CannotNumber { title: &'static str, column: String, data_type: String },
    /// A type that the backend has nothing like.
    #[error("{title} has no type like `{data_type}`, which `{column}` is of")]
    NoSuchType { title: &'static str, column: String, data_type: String },
    /// A key or an index over values that are not compared.
    #[error("PostgreSQL does not compare values of type `json`, and {over} is over `{column}`")]
    NotCompared { over: String, column: String },
    /// A change of type that nothing converts.
    #[error("PostgreSQL does not convert {from} to {to}, and `{column}` would change so")]
    NoCast { column: String, from: String, to: String },
    /// NULLS FIRST or LAST in an index, where there is one order only.
    #[error(
        "{title} keeps NULLs first in ascending and last in descending indexes, and index `{index}` wants otherwise"
    )]
    NullsOrder { title: &'static str, index: String },
    /// An index method where there are none.
    #[error("{title} has no index methods, and index `{index}` names `{method}`")]
    IndexMethod { title: &'static str, index: String, method: String },
    /// A kind of object where there are none.
    #[error("{title} has no {noun} such as `{name}`")]
    NoSuchObject { title: &'static str, noun: &'static str, name: String },
    /// A schema where there are none.
    #[error("{title} has no schemas, and `{table}` names one")]
    Schemas { title: &'static str, table: String },
    /// The character NUL in a text on PostgreSQL.
    #[error("PostgreSQL keeps no NUL characters in texts, and a value of `{column}` has one")]
    NulInText { column: String },
    /// Not a number, or more than any, where there is no such value.
    #[error("{title} has no such value, and a value of `{column}` is it: {value}")]
    NotANumber { title: &'static str, column: String, value: String },
    /// An upsert's row without a value for the key.
    #[error("a row for `{table}` has no value for its key column `{column}`")]
    RowWithoutKey { table: String, column: String },
    /// A row that nothing tells from others.
    #[error("a row for `{table}` names no column, so it cannot be found again")]
    RowWithoutColumns { table: String },
    /// COPY with the client at the other end.
    #[error("`COPY … {direction}` waits for a client that sends or takes the rows, and a run has none")]
    CopyWithClient { direction: &'static str },
    /// What PostgreSQL refuses inside a transaction.
    #[error("PostgreSQL makes and drops no index concurrently inside a transaction, and `{index}` wants that")]
    Concurrently { index: String },
    /// A limit of MySQL's.
    #[error("on MySQL {what}")]
    Mysql { what: String, help: &'static str },
    /// A row change with foreign keys off.
    #[error(
        "the transaction rebuilds a table with foreign keys off, so {action} of `{by}` would not follow this change of `{table}`"
    )]
    KeysOff { action: String, by: String, table: String },
}

impl RenderError {
    /// An object of a kind that a backend does not have.
    pub(super) fn no_object(backend: Backend, object: &dyn SchemaObject) -> Self {
        let title = backend.title();
        Self::NoSuchObject { title, noun: object.noun(), name: object.full_name() }
    }

    /// The diagnostic code it stands for.
    pub(super) const fn code(&self) -> Code {
        match self {
            Self::State(error) => error.code(),
            Self::Dangling { .. } => Code::UnknownTable,
            Self::RowWithoutKey { .. } | Self::RowWithoutColumns { .. } => Code::WrongValue,
            Self::KeysOff { .. } => Code::KeysOffWithRows,
            Self::Concurrently { .. } => Code::NeedsNoTransaction,
            Self::CopyWithClient { .. }
            | Self::NoColumns { .. }
            | Self::NoSuchObject { .. }
            | Self::NumberedButNotKey { .. }
            | Self::CannotNumber { .. }
            | Self::NullsOrder { .. }
            | Self::IndexMethod { .. }
            | Self::Schemas { .. }
            | Self::NulInText { .. }
            | Self::Mysql { .. }
            | Self::NoSuchType { .. }
            | Self::NotCompared { .. }
            | Self::NoCast { .. }
            | Self::NotANumber { .. } => Code::UnsupportedByBackend,
        }
    }

    /// What to do about it.
    pub(super) const fn help(&self) -> Option<&'static str> {
        match self {
            Self::NumberedButNotKey { .. } => {
                Some("make it the table's whole `primary_key`, or number the rows yourself")
            }
            Self::CopyWithClient { .. } => Some("write the rows as an `insert`, or COPY from a file of the server's"),
            Self::RowWithoutColumns { .. } => Some("give the row a value, or write its `down`"),
            Self::NullsOrder { .. } => Some("leave `nulls` out"),
            Self::NoSuchType { .. } => {
                Some("write a type by backend: `type = { postgres = \"inet\", default = \"string(43)\" }`")
            }
            Self::NoCast { .. } => Some("say how, with `using` (and `using_down`)"),
            Self::NotCompared { .. } => Some("write `jsonb`"),
            Self::Concurrently { .. } => {
                Some("`transaction = false` above the first `[[up]]`, in a migration of its own")
            }
            Self::Mysql { help, .. } => Some(help),
            Self::State(_)
            | Self::Dangling { .. }
            | Self::NoColumns { .. }
            | Self::CannotNumber { .. }
            | Self::IndexMethod { .. }
            | Self::NoSuchObject { .. }
            | Self::Schemas { .. }
            | Self::NulInText { .. }
            | Self::NotANumber { .. }
            | Self::RowWithoutKey { .. }
            | Self::KeysOff { .. } => None,
        }
    }
}
