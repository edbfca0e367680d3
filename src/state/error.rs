//! Why a change cannot be applied to a state.

use std::fmt::Display;

use super::{ObjectKind, SchemaObject, Table};
use crate::diagnostic::{Code, Diagnostic, Span, nearest};
use crate::ident::TableName;
use crate::operation::Operation;

/// What a change needs is not there, or what it makes is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it; the fields are names")]
pub enum StateError {
    #[error("the table is not there any more")]
    NoTable,
    #[error("table `{table}` is still referred to by `{by}`")]
    TableReferenced { table: TableName, by: TableName },
    #[error("the column is not in `{table}` any more")]
    NoColumn { table: TableName },
    #[error("`{table}` already has a column `{column}`")]
    ColumnExists { table: TableName, column: String },
    #[error("column `{table}.{column}` is still held by {holder}")]
    ColumnHeld { table: TableName, column: String, holder: String },
    #[error("`{table}` has no index `{index}`")]
    NoIndex { table: TableName, index: String },
    #[error("{} named `{name}` already exists", by.one())]
    NameTaken { name: TableName, by: ObjectKind },
    #[error("`{table}` has no constraint `{constraint}`")]
    NoConstraint { table: TableName, constraint: String },
    #[error("`{table}` already has a constraint `{constraint}`")]
    ConstraintExists { table: TableName, constraint: String },
    #[error("`{table}` already has a primary key")]
    PrimaryKeyExists { table: TableName },
    #[error("`{key}` is still needed by key `{foreign}` of `{by}`, which is bound to it")]
    KeyNeeded { key: String, foreign: String, by: TableName },
    #[error("key `{key}` sets `{table}.{column}` to NULL, so the column cannot be NOT NULL")]
    SetsNull { key: String, table: TableName, column: String },
    #[error("view `{view}` takes the columns of `{table}`, which had others when it was made")]
    OtherColumns { view: TableName, table: TableName },
    #[error("{noun} `{name}` already exists")]
    Exists { noun: &'static str, name: String },
    #[error("there is no {noun} `{name}`")]
    Missing { noun: &'static str, name: String },
    #[error("{kind} `{name}` is still used by {by}")]
    Used { kind: ObjectKind, name: String, by: String },
}

impl StateError {
    /// Something that is there already.
    pub(super) fn exists(object: &dyn SchemaObject) -> Self {
        Self::Exists { noun: object.noun(), name: object.full_name() }
    }

    /// Something that is not there.
    pub(super) fn missing(object: &dyn SchemaObject) -> Self {
        Self::Missing { noun: object.noun(), name: object.full_name() }
    }

    /// The diagnostic code it stands for.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::NoTable | Self::Missing { .. } => Code::UnknownTable,
            Self::NoColumn { .. } => Code::UnknownColumn,
            Self::NoIndex { .. } => Code::UnknownIndex,
            Self::NoConstraint { .. } => Code::UnknownConstraint,
            Self::OtherColumns { .. } => Code::DownDoesNotRestore,
            Self::Used { .. } | Self::TableReferenced { .. } | Self::ColumnHeld { .. } | Self::KeyNeeded { .. } => {
                Code::StillReferenced
            }
            Self::SetsNull { .. } => Code::TypeMismatch,
            Self::Exists { .. }
            | Self::ColumnExists { .. }
            | Self::NameTaken { .. }
            | Self::ConstraintExists { .. }
            | Self::PrimaryKeyExists { .. } => Code::AlreadyExists,
        }
    }

    /// The part of an operation that it is about, or what the operation is about.
    pub(super) fn place(&self, operation: &Operation) -> Span {
        let part = if let Self::SetsNull { column, .. } = self {
            ["null", "on_delete", "on_update"].iter().find_map(|key| {
                let spans = &operation.spans;
                spans.written(key).or_else(|| spans.written(&format!("columns.{column}.{key}")))
            })
        } else {
            None
        };
        part.unwrap_or_else(|| operation.spans.object())
    }

    /// Adds to a diagnostic of it what to do, where something can be said.
    pub(super) fn helped(&self, diagnostic: Diagnostic) -> Diagnostic {
        if matches!(self, Self::SetsNull { .. }) {
            return diagnostic.help(
                "let the column be NULL (`null = true`), or give the key another action (`restrict`, `cascade`); to \
                 change a key, drop it and add it again",
            );
        }
        if matches!(self, Self::OtherColumns { .. }) {
            return diagnostic.help("write the columns out in its query, in place of `*` or NATURAL JOIN");
        }
        diagnostic
    }
}

/// What is not there by its name, with the nearest of those that are.
pub(super) fn unknown(kind: &str, name: &impl Display, names: &[String]) -> Diagnostic {
    let help = match nearest(&name.to_string(), names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "if another migration makes it, name that migration in `requires`".to_owned(),
    };
    Diagnostic::new(Code::UnknownTable, format!("there is no {kind} `{name}` at this point")).help(help)
}

/// A column that a table does not have.
pub(super) fn unknown_column(table: &Table, name: &str) -> Diagnostic {
    let message = format!("table `{}` has no column `{name}` at this point", table.name);
    let diagnostic = Diagnostic::new(Code::UnknownColumn, message);
    let names: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
    match nearest(name, names.iter().copied()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.note(format!("its columns are: {}", names.join(", "))),
    }
}
