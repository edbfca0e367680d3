//! Why a change cannot be written for a backend. The renderer makes a diagnostic of it, with the operation and its place.

use crate::backend::Backend;
use crate::diagnostic::Code;
use crate::ident::TableName;
use crate::state::{SchemaObject, StateError};

/// Why a change cannot be written.
#[derive(Debug)]
pub(super) struct RenderError {
    pub(super) code: Code,
    pub(super) message: String,
    /// What to do about it.
    pub(super) help: Option<&'static str>,
    /// The history and the plan do not fit together: nothing after it can be written either.
    pub(super) lost: bool,
}

impl RenderError {
    pub(super) const fn new(code: Code, message: String) -> Self {
        Self { code, message, help: None, lost: false }
    }

    /// What the backend does not have or do.
    pub(super) const fn unsupported(message: String) -> Self {
        Self::new(Code::UnsupportedByBackend, message)
    }

    pub(super) fn help(self, help: &'static str) -> Self {
        Self { help: Some(help), ..self }
    }

    /// An object of a kind that a backend does not have.
    pub(super) fn no_object(backend: Backend, object: &dyn SchemaObject) -> Self {
        Self::unsupported(format!("{} has no {} such as `{}`", backend.title(), object.noun(), object.full_name()))
    }

    /// A reference to something that is not in the state.
    pub(super) fn dangling(what: &str, table: &TableName) -> Self {
        Self::new(Code::UnknownTable, format!("{what} of `{table}` refers to something that is not there"))
    }

    /// A key or an index over values that PostgreSQL does not compare.
    pub(super) fn not_compared(over: &str, column: &str) -> Self {
        let message = format!("PostgreSQL does not compare values of type `json`, and {over} is over `{column}`");
        Self::unsupported(message).help("write `jsonb`")
    }

    /// A row that nothing tells from others.
    pub(super) fn row_without_columns(table: &TableName) -> Self {
        let message = format!("a row for `{table}` names no column, so it cannot be found again");
        Self::new(Code::WrongValue, message).help("give the row a value, or write its `down`")
    }
}

impl From<StateError> for RenderError {
    fn from(error: StateError) -> Self {
        Self { lost: true, ..Self::new(error.code(), error.to_string()) }
    }
}
