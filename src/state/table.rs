//! Tables of the symbolic schema. Tables and columns have identities that survive
//! their renames; everything that points to them points to the identity.

use std::sync::Arc;

use super::Expr;
use crate::ident::TableName;
use crate::operation::{Action, DataType, Deferrable, Literal, Nulls, Order};

/// A table's identity within one [`State`](super::State).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableId(pub u32);

/// A column's identity within one [`State`](super::State).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ColumnId(pub u32);

/// A constraint's or sequence's name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name {
    /// The name as the database has it.
    pub text: String,
    /// Made by us from table and column (`T_C_key`), so that it follows their renames.
    pub generated: bool,
}

/// What a column gets where an insert leaves it out, or what a row change writes.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// A literal of the column's type.
    Literal(Literal),
    /// SQL.
    Expr(Expr),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Identity.
    pub id: ColumnId,
    /// Name of the moment.
    pub name: String,
    /// Type, resolved for the backend.
    pub data_type: DataType,
    /// May be NULL.
    pub null: bool,
    pub default: Option<Scalar>,
    /// Numbers itself.
    pub auto_increment: bool,
    /// The identity's sequence, where the backend has such (PostgreSQL) and `auto_increment` is set.
    pub sequence: Option<Name>,
    /// Words about it; never on a backend that keeps none.
    pub comment: Option<String>,
    /// How it is computed, where it is.
    pub generated: Option<Box<Generated>>,
    /// How it is compared and sorted, where that is not the database's own way.
    pub collation: Option<Box<str>>,
}

/// How a column is computed from the rest of its row.
#[derive(Debug, Clone, PartialEq)]
pub struct Generated {
    /// Over its table's columns.
    pub expr: Expr,
    /// The value is kept in the row; else it is computed when it is read.
    pub stored: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrimaryKey {
    pub name: Name,
    /// Columns, in order.
    pub columns: Vec<ColumnId>,
    /// How old it is among a table's keys: 0 if it came with the table, else the higher the younger.
    pub age: u32,
}

/// A unique constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unique {
    pub name: Name,
    /// Columns, in order.
    pub columns: Vec<ColumnId>,
    /// As a primary key's.
    pub age: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    pub name: Name,
    /// Referring columns, in order.
    pub columns: Vec<ColumnId>,
    /// The table referred to.
    pub table: TableId,
    /// Its columns, in the same order.
    pub references: Vec<ColumnId>,
    /// When the row referred to goes.
    pub on_delete: Action,
    /// When its key changes.
    pub on_update: Action,
    /// Whether it can wait, and whether it does.
    pub deferrable: Option<Deferrable>,
    /// The rows that stood when it was added were not looked at.
    pub unchecked: bool,
    /// The key that it is bound to, where it had a choice or has one now (PostgreSQL).
    pub bound: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    pub name: Name,
    /// The condition, bound to the table's columns.
    pub expr: Expr,
    /// The column it was declared on, where its name is generated from that.
    pub column: Option<ColumnId>,
}

/// Any constraint, as changes carry it.
#[derive(Debug, Clone, PartialEq)]
pub enum Constraint {
    PrimaryKey(PrimaryKey),
    /// A unique constraint.
    Unique(Unique),
    ForeignKey(ForeignKey),
    Check(Check),
}

/// The kinds of constraints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConstraintKind {
    PrimaryKey,
    /// A unique constraint.
    Unique,
    ForeignKey,
    Check,
}

impl ConstraintKind {
    /// For people: `foreign key`.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::PrimaryKey => "primary key",
            Self::Unique => "unique constraint",
            Self::ForeignKey => "foreign key",
            Self::Check => "check",
        }
    }
}

impl Constraint {
    #[must_use]
    pub const fn name(&self) -> &Name {
        match self {
            Self::PrimaryKey(key) => &key.name,
            Self::Unique(unique) => &unique.name,
            Self::ForeignKey(key) => &key.name,
            Self::Check(check) => &check.name,
        }
    }

    #[must_use]
    pub const fn kind(&self) -> ConstraintKind {
        match self {
            Self::PrimaryKey(_) => ConstraintKind::PrimaryKey,
            Self::Unique(_) => ConstraintKind::Unique,
            Self::ForeignKey(_) => ConstraintKind::ForeignKey,
            Self::Check(_) => ConstraintKind::Check,
        }
    }

    /// Whether it is over that column of its own table.
    #[must_use]
    pub fn mentions(&self, column: ColumnId) -> bool {
        match self {
            Self::PrimaryKey(key) => key.columns.contains(&column),
            Self::Unique(unique) => unique.columns.contains(&column),
            Self::ForeignKey(key) => key.columns.contains(&column),
            Self::Check(check) => check.expr.mentions(column) || check.column == Some(column),
        }
    }
}

/// What an index part is over.
#[derive(Debug, Clone, PartialEq)]
pub enum IndexKey {
    Column(ColumnId),
    /// An expression over the table's columns.
    Expr(Expr),
}

#[derive(Debug, Clone, PartialEq)]
pub struct IndexPart {
    /// Column or expression.
    pub key: IndexKey,
    /// Direction.
    pub order: Order,
    /// NULLs first or last.
    pub nulls: Option<Nulls>,
    /// Leading characters only (MySQL).
    pub length: Option<u32>,
    /// The collation that it sorts by; resolved for the backend.
    pub collation: Option<String>,
    /// The operator class; resolved for the backend.
    pub opclass: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Index {
    /// Name; always the author's.
    pub name: String,
    /// Its parts, in order.
    pub parts: Vec<IndexPart>,
    /// No two rows alike.
    pub unique: bool,
    /// Which rows it holds.
    pub predicate: Option<Expr>,
    /// The method: btree, gin, …; resolved for the backend.
    pub using: Option<String>,
    /// Columns that it carries beside.
    pub include: Vec<ColumnId>,
    /// Its storage parameters; resolved for the backend.
    pub with: Option<String>,
    /// NULLs are like each other: two rows with NULL are one too many.
    pub nulls_alike: bool,
    /// As a primary key's, where it is unique.
    pub age: u32,
}

impl Index {
    /// The expressions in it: of its parts, and which rows it holds.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        let parts = self.parts.iter().filter_map(|part| match &part.key {
            IndexKey::Expr(expr) => Some(expr),
            IndexKey::Column(_) => None,
        });
        parts.chain(&self.predicate)
    }

    /// Whether it is over that column, or its predicate speaks of it.
    #[must_use]
    pub fn mentions(&self, column: ColumnId) -> bool {
        self.parts.iter().any(|part| match &part.key {
            IndexKey::Column(id) => *id == column,
            IndexKey::Expr(expr) => expr.mentions(column),
        }) || self.include.contains(&column)
            || self.predicate.as_ref().is_some_and(|predicate| predicate.mentions(column))
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Identity.
    pub id: TableId,
    /// Name of the moment.
    pub name: TableName,
    /// Columns, in the database's order.
    pub columns: Vec<Column>,
    pub primary_key: Option<PrimaryKey>,
    /// Unique constraints.
    pub uniques: Vec<Unique>,
    /// Foreign keys out of this table.
    pub foreign_keys: Vec<ForeignKey>,
    pub checks: Vec<Check>,
    /// Indexes, less those that constraints own.
    pub indexes: Vec<Index>,
    /// Written after the closing bracket; resolved for the backend.
    pub options: Option<String>,
    /// Words about it; never on a backend that keeps none.
    pub comment: Option<String>,
}

impl Table {
    /// A table of that name with nothing in it.
    #[must_use]
    pub fn without_columns(id: TableId, name: TableName) -> Self {
        Self {
            id,
            name,
            columns: Vec::new(),
            primary_key: None,
            uniques: Vec::new(),
            foreign_keys: Vec::new(),
            checks: Vec::new(),
            indexes: Vec::new(),
            options: None,
            comment: None,
        }
    }

    /// A column by its identity.
    #[must_use]
    pub fn column(&self, id: ColumnId) -> Option<&Column> {
        self.columns.iter().find(|column| column.id == id)
    }

    /// A column's name by its identity; empty where there is none, which [`State`](super::State)
    /// never lets happen for its own tables.
    #[must_use]
    pub fn column_name(&self, id: ColumnId) -> &str {
        self.column(id).map_or("", |column| &column.name)
    }

    /// Its columns with their names, in order.
    #[must_use]
    pub fn named_columns(&self) -> Vec<(ColumnId, String)> {
        self.columns.iter().map(|column| (column.id, column.name.clone())).collect()
    }

    /// Names of columns, in the order asked.
    #[must_use]
    pub fn column_names(&self, ids: &[ColumnId]) -> Vec<&str> {
        ids.iter().map(|id| self.column_name(*id)).collect()
    }

    /// Kinds and names of all constraints, primary key first.
    pub fn constraint_names(&self) -> impl Iterator<Item = (ConstraintKind, &Name)> {
        let key = self.primary_key.iter().map(|key| (ConstraintKind::PrimaryKey, &key.name));
        let uniques = self.uniques.iter().map(|unique| (ConstraintKind::Unique, &unique.name));
        let foreign_keys = self.foreign_keys.iter().map(|key| (ConstraintKind::ForeignKey, &key.name));
        let checks = self.checks.iter().map(|check| (ConstraintKind::Check, &check.name));
        key.chain(uniques).chain(foreign_keys).chain(checks)
    }

    /// Kind and name of the first constraint over that column of the table.
    #[must_use]
    pub fn constraint_over(&self, column: ColumnId) -> Option<(ConstraintKind, &Name)> {
        let over = |columns: &[ColumnId]| columns.contains(&column);
        let in_check = |check: &&Check| check.expr.mentions(column) || check.column == Some(column);
        let key = self.primary_key.iter().filter(|key| over(&key.columns));
        let uniques = self.uniques.iter().filter(|unique| over(&unique.columns));
        let foreign_keys = self.foreign_keys.iter().filter(|key| over(&key.columns));
        key.map(|key| (ConstraintKind::PrimaryKey, &key.name))
            .chain(uniques.map(|unique| (ConstraintKind::Unique, &unique.name)))
            .chain(foreign_keys.map(|key| (ConstraintKind::ForeignKey, &key.name)))
            .chain(self.checks.iter().filter(in_check).map(|check| (ConstraintKind::Check, &check.name)))
            .next()
    }

    /// Whether some key or unique index is over that column.
    #[must_use]
    pub fn is_unique_over(&self, column: ColumnId) -> bool {
        self.primary_key.as_ref().is_some_and(|key| key.columns.contains(&column))
            || self.uniques.iter().any(|unique| unique.columns.contains(&column))
            || self.indexes.iter().any(|index| index.unique && index.mentions(column))
    }

    /// The column that is computed from that one, if there is one.
    #[must_use]
    pub fn computed_from(&self, column: ColumnId) -> Option<&Column> {
        self.columns.iter().find(|other| other.generated.as_ref().is_some_and(|how| how.expr.mentions(column)))
    }

    /// The expressions in its rules: defaults, what columns are computed from, checks, indexes.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        let defaults = self.columns.iter().filter_map(|column| match &column.default {
            Some(Scalar::Expr(expr)) => Some(expr),
            _ => None,
        });
        let computed = self.columns.iter().filter_map(|column| column.generated.as_ref().map(|how| &how.expr));
        let checks = self.checks.iter().map(|check| &check.expr);
        defaults.chain(computed).chain(checks).chain(self.indexes.iter().flat_map(Index::expressions))
    }

    /// All constraints, primary key first.
    pub fn constraints(&self) -> impl Iterator<Item = Constraint> + '_ {
        let key = self.primary_key.iter().cloned().map(Constraint::PrimaryKey);
        let uniques = self.uniques.iter().cloned().map(Constraint::Unique);
        let foreign_keys = self.foreign_keys.iter().cloned().map(Constraint::ForeignKey);
        let checks = self.checks.iter().cloned().map(Constraint::Check);
        key.chain(uniques).chain(foreign_keys).chain(checks)
    }
}

/// A shared table: states that differ in one table share the others.
pub type SharedTable = Arc<Table>;
