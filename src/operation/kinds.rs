//! (Long: plain data.)
//! The operations themselves: what an author can ask for, and what the stages ask of each of them. This is the shape that the
//! ledger keeps as JSON, so a change here is a change of the ledger's format.

use serde::{Deserialize, Serialize};

use super::{AlterColumn, CheckDef, ColumnDef, Down, ForeignKeyDef, IndexDef, Row, TableDef, Text, UniqueDef, Value};
use crate::ident::{ColumnName, FunctionName, TableName};

/// One declarative change, without its bookkeeping.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Kind {
    CreateTable(TableDef),
    DropTable {
        table: TableName,
    },
    RenameTable {
        table: TableName,
        /// Its new bare name.
        to: String,
    },
    AddColumn {
        table: TableName,
        column: ColumnDef,
    },
    DropColumn {
        /// Which; one or several.
        columns: Vec<ColumnName>,
        /// What the rows get when it comes back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refill: Option<Value>,
    },
    RenameColumn {
        column: ColumnName,
        /// Its new name.
        to: String,
    },
    AlterColumn {
        column: ColumnName,
        /// What changes.
        #[serde(flatten)]
        alter: AlterColumn,
    },
    CreateIndex {
        on: TableName,
        #[serde(flatten)]
        index: IndexDef,
        /// While others write to the table (PostgreSQL).
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        concurrently: bool,
    },
    DropIndex {
        on: TableName,
        name: String,
        /// While others write to the table (PostgreSQL).
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        concurrently: bool,
    },
    RenameIndex {
        on: TableName,
        name: String,
        /// Its new name.
        to: String,
    },
    AddForeignKey {
        on: TableName,
        #[serde(flatten)]
        foreign_key: ForeignKeyDef,
    },
    DropForeignKey {
        on: TableName,
        name: String,
    },
    AddCheck {
        on: TableName,
        #[serde(flatten)]
        check: CheckDef,
    },
    DropCheck {
        on: TableName,
        name: String,
    },
    AddUnique {
        on: TableName,
        /// The constraint.
        #[serde(flatten)]
        unique: UniqueDef,
    },
    DropUnique {
        on: TableName,
        name: String,
    },
    AddPrimaryKey {
        table: TableName,
        /// Columns, in order.
        columns: Vec<String>,
    },
    DropPrimaryKey {
        table: TableName,
    },
    CreateView {
        view: TableName,
        /// The query.
        select: Text,
        /// Its rows are kept, and computed again when that is asked for (PostgreSQL).
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        materialized: bool,
        /// Declared: the tables that it reads, where the query cannot be read.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reads: Vec<String>,
    },
    ReplaceView {
        view: TableName,
        /// The query.
        select: Text,
        /// Declared: the tables that it reads, where the query cannot be read.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reads: Vec<String>,
    },
    DropView {
        view: TableName,
    },
    CreateFunction {
        /// Its name, with the types of its arguments.
        function: FunctionName,
        /// The whole statement that makes it.
        definition: Text,
        /// Declared: what it reads.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reads: Vec<String>,
        /// Declared: what it writes.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        writes: Vec<String>,
    },
    ReplaceFunction {
        /// Its name, with the types of its arguments.
        function: FunctionName,
        /// The whole statement that makes it as it is to be.
        definition: Text,
        /// Declared: what it reads.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reads: Vec<String>,
        /// Declared: what it writes.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        writes: Vec<String>,
    },
    DropFunction {
        function: FunctionName,
    },
    CreateTrigger {
        /// On which table (or view).
        on: TableName,
        name: String,
        /// The whole statement that makes it.
        definition: Text,
    },
    DropTrigger {
        /// On which table (or view).
        on: TableName,
        name: String,
    },
    CreateExtension {
        name: String,
    },
    DropExtension {
        name: String,
    },
    CreateSchema {
        name: String,
    },
    DropSchema {
        name: String,
    },
    CreateEnum {
        name: TableName,
        /// Its values, in order.
        values: Vec<String>,
    },
    AlterEnum {
        name: TableName,
        /// Values that come.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        add: Vec<String>,
        /// The value that they stand behind; at the end where it is not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
        /// Values that are called otherwise: each with its new name.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        rename: Vec<(String, String)>,
    },
    DropEnum {
        name: TableName,
    },
    CreateSequence {
        name: TableName,
        /// The first number; the database's default where it is not said, as for the others.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        start: Option<i64>,
        /// What is added for the next one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        increment: Option<i64>,
        /// The least number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<i64>,
        /// The greatest number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<i64>,
        /// After the last number comes the first again.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        cycle: bool,
        /// The column that it goes with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owned_by: Option<ColumnName>,
    },
    DropSequence {
        name: TableName,
    },
    Insert {
        /// Into which table.
        table: TableName,
        rows: Vec<Row>,
        /// The columns that the way down finds them by; empty for all given.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        key: Vec<String>,
        /// An authored way down.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        down: Option<Down>,
    },
    Update {
        table: TableName,
        set: Row,
        /// Which rows; all where it is not said.
        #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
        filter: Option<Text>,
        /// The rows as they were are kept in a table beside, until this is undone.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        keep: bool,
        /// An authored way down.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        down: Option<Down>,
    },
    Delete {
        table: TableName,
        /// Which rows.
        #[serde(rename = "where")]
        filter: Text,
        /// The rows as they were are kept in a table beside, until this is undone.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        keep: bool,
        /// An authored way down.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        down: Option<Down>,
    },
    /// `sql`, and `sql_file` with its file read in
    Sql {
        /// The statements, each one a whole statement unless `batch`.
        statements: Vec<Text>,
        /// An authored way down: no statement (`""`) for nothing to undo.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        down: Option<Down>,
        /// Several statements may stand in one text.
        #[serde(default)]
        batch: bool,
        /// Declared: what it reads, writes, creates, drops.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reads: Vec<String>,
        /// See `reads`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        writes: Vec<String>,
        /// See `reads`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        creates: Vec<String>,
        /// See `reads`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        drops: Vec<String>,
    },
    /// `note`: words for the reader of a run.
    Note {
        /// The words.
        text: String,
    },
}

impl Kind {
    /// The way down that its author wrote on it, and whether that is a batch.
    #[must_use]
    pub const fn down(&self) -> Option<(&Down, bool)> {
        match self {
            Self::Insert { down: Some(down), .. }
            | Self::Update { down: Some(down), .. }
            | Self::Delete { down: Some(down), .. } => Some((down, false)),
            Self::Sql { down: Some(down), batch, .. } => Some((down, *batch)),
            _ => None,
        }
    }

    /// The tables and other things that it speaks of, by bare name; of SQL, each of its words.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        match self {
            Self::CreateTable(def) => {
                names.push(def.table.name.clone());
                names.extend(def.columns.iter().filter_map(|c| c.references.as_ref()).map(|r| r.table.name.clone()));
                names.extend(def.foreign_keys.iter().map(|key| key.table.name.clone()));
            }
            Self::RenameTable { table, to } => names.extend([table.name.clone(), to.clone()]),
            Self::AddColumn { table, column } => {
                names.push(table.name.clone());
                names.extend(column.references.iter().map(|references| references.table.name.clone()));
            }
            Self::DropColumn { columns, .. } => names.extend(columns.iter().map(|column| column.table.name.clone())),
            Self::RenameColumn { column, .. } | Self::AlterColumn { column, .. } => {
                names.push(column.table.name.clone());
            }
            Self::AddForeignKey { on, foreign_key } => {
                names.extend([on.name.clone(), foreign_key.table.name.clone()]);
            }
            Self::CreateIndex { on, .. }
            | Self::DropIndex { on, .. }
            | Self::RenameIndex { on, .. }
            | Self::DropForeignKey { on, .. }
            | Self::AddCheck { on, .. }
            | Self::DropCheck { on, .. }
            | Self::AddUnique { on, .. }
            | Self::DropUnique { on, .. } => names.push(on.name.clone()),
            Self::DropTable { table }
            | Self::AddPrimaryKey { table, .. }
            | Self::DropPrimaryKey { table }
            | Self::Insert { table, .. }
            | Self::Update { table, .. }
            | Self::Delete { table, .. } => names.push(table.name.clone()),
            Self::CreateView { view, select, .. } | Self::ReplaceView { view, select, .. } => {
                names.push(view.name.clone());
                names.extend(select.branches().flat_map(|text| words(text)));
            }
            Self::DropView { view } => names.push(view.name.clone()),
            Self::CreateTrigger { on, definition, .. } => {
                names.push(on.name.clone());
                names.extend(definition.branches().flat_map(|text| words(text)));
            }
            Self::DropTrigger { on, .. } => names.push(on.name.clone()),
            Self::CreateFunction { function, definition, .. } | Self::ReplaceFunction { function, definition, .. } => {
                names.push(function.name.clone());
                names.extend(definition.branches().flat_map(|text| words(text)));
            }
            Self::CreateExtension { .. } | Self::DropExtension { .. } => {}
            Self::CreateSchema { name } | Self::DropSchema { name } => names.push(name.clone()),
            Self::CreateEnum { name, .. } | Self::AlterEnum { name, .. } | Self::DropEnum { name } => {
                names.push(name.name.clone());
            }
            Self::CreateSequence { name, owned_by, .. } => {
                names.push(name.name.clone());
                names.extend(owned_by.iter().map(|column| column.table.name.clone()));
            }
            Self::DropSequence { name } => names.push(name.name.clone()),
            Self::DropFunction { function } => names.push(function.name.clone()),
            Self::Sql { statements, .. } => {
                names.extend(statements.iter().flat_map(Text::branches).flat_map(|text| words(text)));
            }
            Self::Note { .. } => {}
        }
        names
    }
}

/// The words of SQL: any of them may be a table's name.
fn words(sql: &str) -> impl Iterator<Item = String> {
    sql.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).map(str::to_owned)
}
