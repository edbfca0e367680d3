//! Operations and the migrations they stand in: what a manifest says, free of TOML.
//!
//! A leaf: every stage may use it. [`Kind`] is what the ledger stores, so that a
//! migration can be undone from any checkout.

mod checksum;
mod defs;
mod kinds;
mod literal;
mod migration;
mod text;
mod types;

use serde::{Deserialize, Serialize};

pub(crate) use checksum::hash;
pub use checksum::{Checksums, canonical_json, sealed};
pub use defs::{
    Action, AlterColumn, CheckDef, ColumnDef, Deferrable, Down, ForeignKeyDef, IndexDef, IndexPartDef, IndexTarget,
    Nulls, Order, Row, TableDef, UniqueDef,
};
pub use kinds::Kind;
pub use literal::{Literal, Value, is_decimal, uuid_digits};
pub use migration::{Body, Migration, Requirement};
pub use text::{Branch, ByBackend, Text};
pub use types::{DataType, EnumType};

use crate::backend::Backend;
use crate::diagnostic::Span;

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

    #[must_use]
    pub fn is_for(&self, backend: Backend) -> bool {
        self.backends.as_ref().is_none_or(|list| list.contains(&backend))
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
