//! Diagnostics: problems as data. Every stage collects them and goes on; drawing
//! them is `report`'s work.

mod code;
mod span;
mod suggest;

use std::fmt;

use serde::Serialize;

pub use code::Code;
pub use span::{FileId, Location, Source, Sources, Span};
pub(crate) use suggest::{listed, nearest};

use crate::backend::Backend;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing runs with it.
    Error,
    /// It runs, and may not be what was meant.
    Warning,
    /// Worth knowing.
    Note,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}

/// Which way a step goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Applying.
    Up,
    /// Undoing.
    Down,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Up => "up",
            Self::Down => "down",
        })
    }
}

/// A place with a few words. The first label of a diagnostic is the offender;
/// later ones show where the other side stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is there; may be empty.
    pub text: String,
}

/// The edge that mends a finding: add `requires` to `migration`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fix {
    /// The migration to edit.
    pub migration: String,
    /// What it should require.
    pub requires: String,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What it is about.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// The finding in a sentence without a full stop; names in backquotes.
    pub message: String,
    /// The migration it was found in.
    pub migration: Option<String>,
    /// Other migrations that have to do with it.
    pub related: Vec<String>,
    /// The backend it was found on, where it does not hold for all.
    pub backend: Option<Backend>,
    /// The direction it was found in.
    pub direction: Option<Direction>,
    /// An order that breaks.
    pub witness: Option<Vec<String>>,
    /// Places, the offender first.
    pub labels: Vec<Label>,
    /// Facts worth knowing, below the drawing.
    pub notes: Vec<String>,
    /// What to do about it.
    pub help: Option<String>,
    /// The edge that mends it.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// A finding with its code's default severity and nothing else yet.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.default_severity(),
            message: message.into(),
            migration: None,
            related: Vec::new(),
            backend: None,
            direction: None,
            witness: None,
            labels: Vec::new(),
            notes: Vec::new(),
            help: None,
            fix: None,
        }
    }

    /// Adds a place; places that are none are passed over.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        if span.is_some() {
            self.labels.push(Label { span, text: text.into() });
        }
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Names the migration it was found in.
    #[must_use]
    pub fn of(mut self, migration: impl Into<String>) -> Self {
        self.migration = Some(migration.into());
        self
    }

    /// Names the backend it was found on.
    #[must_use]
    pub fn on(mut self, backend: Backend) -> Self {
        self.backend = Some(backend);
        self
    }

    /// Names the direction it was found in.
    #[must_use]
    pub fn going(mut self, direction: Direction) -> Self {
        self.direction = Some(direction);
        self
    }

    /// Whether another one says the same, wherever it points.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.code == other.code && self.message == other.message
    }

    /// Whether it is an error.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
