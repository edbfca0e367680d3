//! What rendering finds to say of an author's SQL.

use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::plan::{Part, Step};

/// MySQL: a statement of a seed that does not roll back with the others.
pub(super) fn seed_commits(part: &Part) -> Diagnostic {
    let message =
        format!("`{}`: on MySQL this may commit by itself, and seeds that fail would be half loaded", part.operation);
    Diagnostic::new(Code::UnsupportedByBackend, message)
        .on(Backend::Mysql)
        .at(part.span, "")
        .help("a seed changes rows (`DELETE FROM` instead of `TRUNCATE`); what else is to be done is a migration's")
}

/// A switch of foreign keys that SQLite passes over.
pub(super) fn keys_stay(step: Option<&Step>, part: &Part) -> Diagnostic {
    let message = format!(
        "`{}`: SQLite passes over `PRAGMA foreign_keys` inside a transaction, so it does nothing",
        part.operation
    );
    let mut found = Diagnostic::new(Code::WrongValue, message)
        .on(Backend::Sqlite)
        .at(part.span, "")
        .help("leave it out: a rebuild switches keys off by itself; or write `transaction = false` on the migration");
    // An applied migration may have it in its `down`, and a reset must stay possible.
    found.severity = Severity::Warning;
    match step {
        Some(step) => found.of(&step.name).going(step.direction),
        None => found,
    }
}
