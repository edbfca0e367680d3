//! What a renderer of a backend is given, a change with its table around it, and what it gives back.

use super::error::RenderError;
use super::model::{Recovery, Unfit};
use crate::ident::TableName;
use crate::state::{Change, SharedTable, StateError, Table};

/// What a statement is to those that come after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StatementKind {
    /// It changes the schema.
    Schema,
    /// It changes rows.
    Rows,
    /// Neither.
    Neutral,
}

/// A change with its table around it.
pub(super) struct ChangeContext<'a> {
    pub(super) change: &'a Change,
    pub(super) before: Option<SharedTable>,
    pub(super) after: Option<SharedTable>,
    /// MySQL: the table before the whole plan, as long as nothing of the plan has changed rows.
    pub(super) start: Option<SharedTable>,
    /// MySQL: what is true of an author's statement after an interruption.
    pub(super) recovery: Option<Recovery>,
    /// PostgreSQL: an enum that gets values is created again, so that they can be used at once.
    pub(super) recreates_enum: bool,
    /// It runs inside a transaction.
    pub(super) transaction: bool,
}

impl ChangeContext<'_> {
    /// The change's table before it.
    pub(super) fn before(&self) -> Result<&Table, RenderError> {
        self.before.as_deref().ok_or_else(|| StateError::NoTable.into())
    }

    /// The change's table after it.
    pub(super) fn after(&self) -> Result<&Table, RenderError> {
        self.after.as_deref().ok_or_else(|| StateError::NoTable.into())
    }
}

#[derive(Debug)]
pub(super) struct ChangeStatement {
    pub(super) kind: StatementKind,
    pub(super) sql: String,
    /// MySQL: what is true of it after an interruption.
    pub(super) recovery: Option<Recovery>,
    /// MySQL: rows that it must not find.
    pub(super) unfit: Vec<Unfit>,
}

/// PostgreSQL: a value that a change adds to an enum, and that the same transaction may not use.
#[derive(Debug)]
pub(super) struct EnumValue {
    /// The enum.
    pub(super) of: TableName,
    /// The value, quoted.
    pub(super) value: String,
}

/// What a change comes to.
#[derive(Debug, Default)]
pub(super) struct RenderedChange {
    pub(super) statements: Vec<ChangeStatement>,
    /// MySQL: the table that the one statement creates or drops.
    pub(super) table: Option<String>,
    pub(super) added_values: Vec<EnumValue>,
    /// SQLite: a table is rebuilt.
    pub(super) rebuilds: bool,
    /// SQLite: what runs instead where the transaction's foreign keys are off, or why nothing can.
    pub(super) keys_off: Option<Result<Vec<String>, RenderError>>,
}

impl RenderedChange {
    /// Adds a statement.
    pub(super) fn push(&mut self, kind: StatementKind, sql: String, recovery: Option<Recovery>) {
        self.statements.push(ChangeStatement { kind, sql, recovery, unfit: Vec::new() });
    }

    /// Adds a statement that changes the schema.
    pub(super) fn schema(&mut self, sql: String) {
        self.push(StatementKind::Schema, sql, None);
    }

    /// Adds a statement that changes rows.
    pub(super) fn row(&mut self, sql: String) {
        self.push(StatementKind::Rows, sql, Some(Recovery::Transactional));
    }

    /// Adds statements that change rows.
    pub(super) fn rows(&mut self, sql: impl IntoIterator<Item = String>) {
        for sql in sql {
            self.row(sql);
        }
    }

    /// Adds a statement that changes neither.
    pub(super) fn neutral(&mut self, sql: String) {
        self.push(StatementKind::Neutral, sql, None);
    }

    /// MySQL: adds a statement that changes the schema and must not find these rows; `None` where the question of its change
    /// tells whether it ran.
    pub(super) fn schema_unless(&mut self, unfit: Vec<Unfit>, sql: String, recovery: Option<Recovery>) {
        self.statements.push(ChangeStatement { kind: StatementKind::Schema, sql, recovery, unfit });
    }
}
