//! What a run drops before its first step (`fresh`), and what became of it.

use crate::backend::quoted;

/// Something that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingObject {
    /// `table`, `view`, `function`, …
    pub kind: String,
    /// Its name, for people.
    pub name: String,
    /// The statement that drops it, whatever hangs on it.
    pub sql: String,
}

impl StandingObject {
    /// Its kind and name, as one reads it: `table "posts"`.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} {}", self.kind, quoted(&self.name, '"'))
    }
}

/// What a run drops before its first step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Clearing {
    /// Schemas that migrations make, which go whole (PostgreSQL).
    pub schemas: Vec<String>,
    /// In a transaction of its own, also where the first steps could be in it.
    pub apart: bool,
}

/// What became of that.
#[derive(Debug, Default)]
pub(super) enum Cleared {
    /// Nothing is to be dropped, or it has not begun.
    #[default]
    NotYet,
    /// It was dropped in the open transaction.
    Within(Vec<StandingObject>),
    /// It is gone.
    Gone(Vec<StandingObject>),
}
