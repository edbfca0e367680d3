//! Operations and the migrations they stand in: what a manifest says, free of TOML.
//!
//! A leaf: every stage may use it. [`Kind`] is what the ledger stores, so that a
//! migration can be undone from any checkout.

mod checksum;
mod kinds;
mod literal;
mod migration;
mod text;
mod types;

use serde::{Deserialize, Serialize};

pub(crate) use checksum::hash;
pub use checksum::{Checksums, canonical_json, sealed};
pub use kinds::{
    Action, AlterColumn, CheckDef, ColumnDef, Deferrable, Down, ForeignKeyDef, IndexDef, IndexPartDef, IndexTarget,
    Kind, Nulls, Order, Row, TableDef, UniqueDef,
};
pub use literal::{Literal, Value, is_decimal, uuid_digits};
pub use migration::{Body, Migration, Requirement};
pub use text::{Branch, ByBackend, Text};
pub use types::{DataType, EnumType};

use crate::backend::Backend;
use crate::diagnostic::Span;
use crate::ident::TableName;

/// One declarative change with what may stand on any operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// What it does.
    #[serde(flatten)]
    pub kind: Kind,
    /// The backends it is for; all where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backends: Option<Vec<Backend>>,
    /// Why it has no way down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub irreversible: Option<String>,
    /// Where its parts stand; empty for operations from a ledger.
    #[serde(skip)]
    pub spans: Spans,
}

impl Operation {
    /// An operation without places, as a ledger gives it.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self { kind, backends: None, irreversible: None, spans: Spans::default() }
    }

    /// Whether it is for that backend.
    #[must_use]
    pub fn is_for(&self, backend: Backend) -> bool {
        self.backends.as_ref().is_none_or(|list| list.contains(&backend))
    }

    /// The verb as manifests write it: `create_table`.
    #[must_use]
    pub const fn verb(&self) -> &'static str {
        match self.kind {
            Kind::CreateTable(_) => "create_table",
            Kind::DropTable { .. } => "drop_table",
            Kind::RenameTable { .. } => "rename_table",
            Kind::AddColumn { .. } => "add_column",
            Kind::DropColumn { .. } => "drop_column",
            Kind::RenameColumn { .. } => "rename_column",
            Kind::AlterColumn { .. } => "alter_column",
            Kind::CreateIndex { .. } => "create_index",
            Kind::DropIndex { .. } => "drop_index",
            Kind::RenameIndex { .. } => "rename_index",
            Kind::AddForeignKey { .. } => "add_foreign_key",
            Kind::DropForeignKey { .. } => "drop_foreign_key",
            Kind::AddCheck { .. } => "add_check",
            Kind::DropCheck { .. } => "drop_check",
            Kind::AddUnique { .. } => "add_unique",
            Kind::DropUnique { .. } => "drop_unique",
            Kind::AddPrimaryKey { .. } => "add_primary_key",
            Kind::DropPrimaryKey { .. } => "drop_primary_key",
            Kind::CreateView { .. } => "create_view",
            Kind::ReplaceView { .. } => "replace_view",
            Kind::DropView { .. } => "drop_view",
            Kind::CreateFunction { .. } => "create_function",
            Kind::ReplaceFunction { .. } => "replace_function",
            Kind::DropFunction { .. } => "drop_function",
            Kind::CreateTrigger { .. } => "create_trigger",
            Kind::DropTrigger { .. } => "drop_trigger",
            Kind::CreateExtension { .. } => "create_extension",
            Kind::DropExtension { .. } => "drop_extension",
            Kind::CreateSchema { .. } => "create_schema",
            Kind::DropSchema { .. } => "drop_schema",
            Kind::CreateEnum { .. } => "create_enum",
            Kind::AlterEnum { .. } => "alter_enum",
            Kind::DropEnum { .. } => "drop_enum",
            Kind::Insert { .. } => "insert",
            Kind::Update { .. } => "update",
            Kind::Delete { .. } => "delete",
            Kind::Sql { .. } => "sql",
            Kind::Note { .. } => "note",
        }
    }

    /// The verb and its object, for people and JSON: `create_table posts`.
    #[must_use]
    pub fn title(&self) -> String {
        let of = |name: &str| [self.verb(), " ", name].concat();
        let of_table = |table: &TableName| match &table.schema {
            None => of(&table.name),
            Some(_) => of(&table.to_string()),
        };
        match &self.kind {
            Kind::CreateTable(def) => of_table(&def.table),
            Kind::DropTable { table }
            | Kind::RenameTable { table, .. }
            | Kind::AddPrimaryKey { table, .. }
            | Kind::DropPrimaryKey { table }
            | Kind::Insert { table, .. }
            | Kind::Update { table, .. }
            | Kind::Delete { table, .. } => of_table(table),
            Kind::AddColumn { table, column } => [&*of_table(table), ".", &column.name].concat(),
            Kind::DropColumn { columns, .. } => {
                let names: Vec<_> = columns.iter().map(ToString::to_string).collect();
                of(&names.join(", "))
            }
            Kind::RenameColumn { column, .. } | Kind::AlterColumn { column, .. } => of(&column.to_string()),
            Kind::CreateIndex { index, .. } => of(&index.name),
            Kind::DropIndex { name, .. }
            | Kind::RenameIndex { name, .. }
            | Kind::DropForeignKey { name, .. }
            | Kind::DropCheck { name, .. }
            | Kind::DropUnique { name, .. }
            | Kind::CreateExtension { name }
            | Kind::DropExtension { name }
            | Kind::CreateSchema { name }
            | Kind::DropSchema { name }
            | Kind::CreateTrigger { name, .. }
            | Kind::DropTrigger { name, .. } => of(name),
            Kind::CreateFunction { function, .. }
            | Kind::ReplaceFunction { function, .. }
            | Kind::DropFunction { function } => of(&function.to_string()),
            Kind::AddForeignKey { foreign_key, .. } => of(&foreign_key.name),
            Kind::AddCheck { check, .. } => of(&check.name),
            Kind::AddUnique { unique, .. } => of(&unique.name),
            Kind::CreateView { view, .. } | Kind::ReplaceView { view, .. } | Kind::DropView { view } => of_table(view),
            Kind::CreateEnum { name, .. } | Kind::AlterEnum { name, .. } | Kind::DropEnum { name } => of_table(name),
            Kind::Sql { .. } | Kind::Note { .. } => self.verb().to_owned(),
        }
    }
}

/// Where an operation and its parts stand in its file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spans {
    /// From the header `[[up]]`, or the inline table.
    pub whole: Span,
    /// The value of the verb: the object's name.
    pub object: Span,
    /// Values by dotted path: `to`, `columns.slug`, `columns.slug.references`, `down`.
    /// A column's own path (`columns.slug`) is the span of its *name*.
    pub parts: Vec<(Box<str>, Span)>,
}

impl Spans {
    /// The place of a part, or of the object, or of the whole.
    #[must_use]
    pub fn part(&self, path: &str) -> Span {
        self.parts.iter().find(|(name, _)| **name == *path).map_or(Span::NONE, |(_, span)| *span).or(self.object())
    }

    /// The place of a part that is written; `None` for one that is not.
    #[must_use]
    pub fn written(&self, path: &str) -> Option<Span> {
        self.parts.iter().find(|(name, _)| **name == *path).map(|(_, span)| *span)
    }

    /// The place of the object, or of the whole.
    #[must_use]
    pub fn object(&self) -> Span {
        self.object.or(self.whole)
    }
}
