//! Why a change cannot be applied to a state.

use crate::diagnostic::Code;
use crate::ident::{FunctionName, TableName};

/// What a change needs is not there, or what it makes is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it; the fields are names")]
pub enum StateError {
    #[error("the table is not there any more")]
    NoTable,
    #[error("table `{table}` stands already")]
    TableExists { table: TableName },
    #[error("table `{table}` is still referred to by `{by}`")]
    TableReferenced { table: TableName, by: TableName },
    #[error("the column is not in `{table}` any more")]
    NoColumn { table: TableName },
    #[error("`{table}` has a column `{column}` already")]
    ColumnExists { table: TableName, column: String },
    #[error("column `{table}.{column}` is still held by {holder}")]
    ColumnHeld { table: TableName, column: String, holder: String },
    #[error("`{table}` has no index `{index}`")]
    NoIndex { table: TableName, index: String },
    #[error("the name `{index}` is taken already")]
    IndexExists { index: String },
    #[error("the name `{name}` is taken already, by {by}")]
    NameTaken { name: TableName, by: &'static str },
    #[error("`{table}` has no constraint `{constraint}`")]
    NoConstraint { table: TableName, constraint: String },
    #[error("`{table}` has a constraint `{constraint}` already")]
    ConstraintExists { table: TableName, constraint: String },
    #[error("`{table}` has a primary key already")]
    PrimaryKeyExists { table: TableName },
    #[error("`{key}` is still needed by key `{foreign}` of `{by}`, which is bound to it")]
    KeyNeeded { key: String, foreign: String, by: TableName },
    #[error("there is no trigger `{trigger}`")]
    NoTrigger { trigger: String },
    #[error("there is no view `{view}`")]
    NoView { view: TableName },
    #[error("there is no function `{function}`")]
    NoFunction { function: FunctionName },
    #[error("{kind} `{name}` stands already")]
    Stands { kind: &'static str, name: String },
    #[error("there is no {kind} `{name}`")]
    IsNot { kind: &'static str, name: String },
    #[error("schema `{name}` still has {within} in it")]
    SchemaUsed { name: String, within: String },
    #[error("there is no enum `{name}`")]
    NoEnum { name: TableName },
    #[error("enum `{name}` stands already")]
    EnumExists { name: TableName },
    #[error("enum `{name}` is still the type of `{column}`")]
    EnumUsed { name: TableName, column: String },
    #[error("function `{function}` stands already")]
    FunctionExists { function: FunctionName },
}

impl StateError {
    /// The diagnostic code it stands for.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::NoTable
            | Self::NoTrigger { .. }
            | Self::NoView { .. }
            | Self::NoFunction { .. }
            | Self::NoEnum { .. }
            | Self::IsNot { .. } => Code::UnknownTable,
            Self::NoColumn { .. } => Code::UnknownColumn,
            Self::NoIndex { .. } => Code::UnknownIndex,
            Self::NoConstraint { .. } => Code::UnknownConstraint,
            Self::EnumUsed { .. }
            | Self::SchemaUsed { .. }
            | Self::TableReferenced { .. }
            | Self::ColumnHeld { .. }
            | Self::KeyNeeded { .. } => Code::StillReferenced,
            Self::TableExists { .. }
            | Self::FunctionExists { .. }
            | Self::EnumExists { .. }
            | Self::Stands { .. }
            | Self::ColumnExists { .. }
            | Self::IndexExists { .. }
            | Self::NameTaken { .. }
            | Self::ConstraintExists { .. }
            | Self::PrimaryKeyExists { .. } => Code::AlreadyExists,
        }
    }
}
