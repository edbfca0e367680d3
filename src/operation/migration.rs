//! A migration: a node of the graph, with what the ledger keeps of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Checksums, Operation};
use crate::backend::Backend;
use crate::diagnostic::Span;
use crate::ident::Version;

/// What a migration does: the part that the ledger keeps and that checksums are of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Body {
    /// The way up.
    pub up: Vec<Operation>,
    /// An authored way down for the whole node, in the order it is to run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down: Option<Vec<Operation>>,
    /// May it run inside a transaction?
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub transaction: bool,
    /// The backends that its operations are for; all where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backends: Option<Vec<Backend>>,
    /// Why the whole node has no way down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub irreversible: Option<String>,
}

impl Body {
    /// Whether the node does anything on that backend.
    #[must_use]
    pub fn is_for(&self, backend: Backend) -> bool {
        self.backends.as_ref().is_none_or(|list| list.contains(&backend))
    }

    /// Checksums of its meaning: of the way up, and of the way down.
    #[must_use]
    pub fn checksums(&self) -> Checksums {
        Checksums::of(self)
    }
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
pub(super) fn is_true(value: &bool) -> bool {
    *value
}

/// A requirement: an edge of the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The name of the migration that comes before.
    pub name: String,
    /// Where it is written.
    pub span: Span,
}

/// A node of the graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Migration {
    pub version: Version,
    /// Its name, unique and not all digits.
    pub name: String,
    /// What it is for, in a sentence.
    pub description: Option<String>,
    /// What must be applied before.
    pub requires: Vec<Requirement>,
    /// What it does; shared with the plans made of it.
    pub body: Arc<Body>,
    /// Where it starts: the head of its file, or its `[[migration]]`.
    pub span: Span,
    /// The end of the place where `requires` stands or would be added; for fixes.
    pub requires_span: Span,
}
