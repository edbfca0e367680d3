//! (Long: plain data.)
//! The parts of operations, as their authors describe them: columns, indexes, keys, tables. Plain data, which the ledger keeps
//! as JSON: a change here is a change of the ledger's format.

use serde::{Deserialize, Serialize};

use super::{ByBackend, DataType, Text, Value};
use crate::ident::{ColumnName, TableName};

/// What a foreign key does when the row it points to goes or changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Refuse at the end of the statement.
    #[default]
    NoAction,
    /// Refuse at once.
    Restrict,
    /// Follow.
    Cascade,
    /// Set the referring columns to NULL.
    SetNull,
    /// Set the referring columns to their defaults.
    SetDefault,
}

impl Action {
    /// Each as a manifest writes it.
    pub const WORDS: [(&'static str, Self); 5] = [
        ("cascade", Self::Cascade),
        ("restrict", Self::Restrict),
        ("set null", Self::SetNull),
        ("set default", Self::SetDefault),
        ("no action", Self::NoAction),
    ];
}

/// When a foreign key that can wait is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deferrable {
    /// At the end of each statement, unless a transaction says otherwise.
    Immediate,
    /// At the end of the transaction.
    Deferred,
}

impl Deferrable {
    /// Each as a manifest writes it.
    pub const WORDS: [(&'static str, Self); 2] = [("immediate", Self::Immediate), ("deferred", Self::Deferred)];
}

/// A column as its author describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnDef {
    /// Bare name.
    pub name: String,
    /// Type, maybe another on each backend.
    #[serde(rename = "type")]
    pub data_type: ByBackend<DataType>,
    /// May it be NULL?
    #[serde(default)]
    pub null: bool,
    /// What an insert without it gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// Numbers itself.
    #[serde(default)]
    pub auto_increment: bool,
    /// A one-column unique constraint, with a generated name.
    #[serde(default)]
    pub unique: bool,
    /// A one-column foreign key, with a generated name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub references: Option<ColumnName>,
    /// Of that foreign key.
    #[serde(default)]
    pub on_delete: Action,
    /// Of that foreign key.
    #[serde(default)]
    pub on_update: Action,
    /// Of that foreign key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deferrable: Option<Deferrable>,
    /// A check, with a generated name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Text>,
    /// Computed from the rest of its row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated: Option<Text>,
    /// Whether what is computed is kept in the row; it is where that is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<bool>,
    /// How it is compared and sorted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<Text>,
    /// Words about it, kept in the database where that can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// For the rows already there (`add_column` only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<Value>,
}

impl ColumnDef {
    /// A column with a name and a type, and otherwise as a column is that says nothing more.
    #[must_use]
    pub fn new(name: impl Into<String>, data_type: ByBackend<DataType>) -> Self {
        Self {
            name: name.into(),
            data_type,
            null: false,
            default: None,
            auto_increment: false,
            unique: false,
            references: None,
            on_delete: Action::default(),
            on_update: Action::default(),
            deferrable: None,
            check: None,
            generated: None,
            stored: None,
            collation: None,
            comment: None,
            fill: None,
        }
    }
}

/// What an index part orders by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexTarget {
    /// A column of the table.
    Column(String),
    /// An expression over its columns.
    Expr(Text),
}

/// Ascending or descending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Ascending.
    #[default]
    Asc,
    Desc,
}

impl Order {
    /// Each as a manifest writes it.
    pub const WORDS: [(&'static str, Self); 2] = [("asc", Self::Asc), ("desc", Self::Desc)];
}

/// Where NULLs sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nulls {
    /// Before all values.
    First,
    /// After all values.
    Last,
}

impl Nulls {
    /// Each as a manifest writes it.
    pub const WORDS: [(&'static str, Self); 2] = [("first", Self::First), ("last", Self::Last)];
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexPartDef {
    /// Column or expression.
    pub target: IndexTarget,
    /// Direction.
    #[serde(default)]
    pub order: Order,
    /// NULLs first or last; the backend's own where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nulls: Option<Nulls>,
    /// Leading characters only (MySQL; elsewhere it does not count).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u32>,
    /// The collation that it sorts by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<Text>,
    /// The operator class (PostgreSQL): `jsonb_path_ops`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opclass: Option<Text>,
}

impl IndexPartDef {
    /// A part over a column or an expression, ascending.
    #[must_use]
    pub const fn of(target: IndexTarget) -> Self {
        Self { target, order: Order::Asc, nulls: None, length: None, collation: None, opclass: None }
    }
}

/// An index, less its table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexDef {
    pub name: String,
    /// What it is over, in order.
    pub columns: Vec<IndexPartDef>,
    /// No two rows alike.
    #[serde(default)]
    pub unique: bool,
    /// Which rows it holds.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub predicate: Option<Text>,
    /// The method: btree, gin, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub using: Option<Text>,
    /// Columns that it carries beside (PostgreSQL).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// Its storage parameters (PostgreSQL): `fillfactor = 70`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<Text>,
    /// Whether NULLs are unlike each other; they are where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nulls_distinct: Option<bool>,
}

/// A foreign key, less its table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignKeyDef {
    pub name: String,
    /// Referring columns, in order.
    pub columns: Vec<String>,
    /// The table referred to.
    pub table: TableName,
    /// Its columns, in the same order.
    pub references: Vec<String>,
    /// When the row referred to goes.
    #[serde(default)]
    pub on_delete: Action,
    /// When its key changes.
    #[serde(default)]
    pub on_update: Action,
    /// Whether it can wait, and whether it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deferrable: Option<Deferrable>,
    /// The rows that stand are not looked at (PostgreSQL's NOT VALID; `validate = false`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unchecked: bool,
}

/// A named check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckDef {
    pub name: String,
    /// The condition.
    pub expr: Text,
}

/// A named unique constraint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UniqueDef {
    pub name: String,
    /// Columns, in order.
    pub columns: Vec<String>,
}

/// A whole table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableDef {
    pub table: TableName,
    /// Columns in the order written.
    pub columns: Vec<ColumnDef>,
    /// Columns of the primary key; empty for none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub primary_key: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<IndexDef>,
    /// Foreign keys with names of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreign_keys: Vec<ForeignKeyDef>,
    /// Unique constraints with names of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uniques: Vec<UniqueDef>,
    /// Checks with names of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckDef>,
    /// Written after the closing bracket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Text>,
    /// Words about it, kept in the database where that can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// What `alter_column` changes; what is `None` stays.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct AlterColumn {
    /// New type.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub data_type: Option<ByBackend<DataType>>,
    /// New nullability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub null: Option<bool>,
    /// New default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// How it is compared and sorted from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<Text>,
    /// Back to the database's own collation (`unset = ["collation"]`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unset_collation: bool,
    /// New words about it; empty where they are taken away (`unset = ["comment"]`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Take the default away (`unset = ["default"]`).
    #[serde(default)]
    pub unset_default: bool,
    /// Take the numbering away (`unset = ["auto_increment"]`).
    #[serde(default)]
    pub unset_auto_increment: bool,
    /// How to convert the values, going up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub using: Option<Text>,
    /// How to convert them back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub using_down: Option<Text>,
    /// For NULLs, where the column becomes NOT NULL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<Value>,
}

/// One row: column names and values, in the order written.
pub type Row = Vec<(String, Value)>;

/// The way down of raw SQL or of a row change.
pub type Down = Vec<Text>;
