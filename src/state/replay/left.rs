//! What a way down to version 0 leaves behind.

use crate::diagnostic::{Code, Diagnostic, Direction, Severity};
use crate::state::{ObjectKind, State};

/// An object that still exists at version 0.
#[derive(Debug)]
pub(crate) struct Left {
    pub(crate) kind: ObjectKind,
    pub(crate) name: String,
    pub(crate) diagnostic: Diagnostic,
}

/// Everything that still exists after the last way down, sorted by name: an error each, or a warning where SQL that
/// could not be read may have dropped it.
pub(crate) fn left_at_zero(state: &State) -> Vec<Left> {
    let mut left: Vec<Left> = state
        .objects()
        .map(|object| {
            let name = object.full_name();
            let message = format!("{} {name} still exists at version 0", object.noun());
            let mut diagnostic = Diagnostic::new(Code::LeftAtZero, message)
                .on(state.backend())
                .going(Direction::Down)
                .help("a way down does not undo what its way up made: fix its `down`");
            if !state.knows_all() {
                diagnostic.severity = Severity::Warning;
                diagnostic = diagnostic.note("SQL that cannot be read may have dropped it");
            }
            Left { kind: object.kind(), name, diagnostic }
        })
        .collect();
    left.sort_by(|a, b| (a.kind.title(), &a.name).cmp(&(b.kind.title(), &b.name)));
    left
}
