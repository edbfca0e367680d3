//! Backing out of a migration that was interrupted on its way up: what ran of it is undone.

use super::history::Past;
use crate::diagnostic::{Code, Diagnostic, Direction, Span};
use crate::plan::LedgerRow;
use crate::state::replay::{self, Replayed, Undone};
use crate::state::{Change, State};

/// Brings the state to where the interrupted migration left it, and gives how what ran is undone.
///
/// The journal counts statements. They are told apart by operation where each change is one
/// statement (raw SQL, indexes), or where all or none of them ran; else, and where an operation
/// is half done, the finding says so and nothing is undone.
pub(super) fn prepare(past: &Past<'_>, state: &mut State, found: &mut Vec<Diagnostic>) -> Vec<Undone> {
    let row = past.row;
    let Some(progress) = row.progress.as_ref().filter(|progress| progress.done > 0 || progress.unknown.is_some())
    else {
        return Vec::new();
    };
    let mut replayed = replay::up(&mut state.clone(), &row.name, past.body, &mut Vec::new());
    let whole = if progress.unknown.is_some() { None } else { whole_operations(&replayed, progress.done, progress.of) };
    let Some(count) = whole.filter(|count| past.body.down.is_none() || *count == replayed.undone.len()) else {
        found.push(half_way(row, past.span));
        return Vec::new();
    };
    let parts = replayed.undone.iter().take(count).map(|undone| undone.parts).sum();
    for change in replayed.parts.iter().take(parts).flat_map(|part| &part.changes) {
        // It ran; the replay above has shown that it applies.
        let _ = state.apply(change);
    }
    replayed.undone.truncate(count);
    replayed.undone
}

/// How many operations the first `done` of `of` statements are; `None` where they end within one, or it cannot be told.
fn whole_operations(replayed: &Replayed, done: usize, of: usize) -> Option<usize> {
    if done == of {
        return Some(replayed.undone.len());
    }
    let (mut statements, mut parts) = (0, replayed.parts.iter());
    for (count, operation) in replayed.undone.iter().enumerate() {
        if statements == done {
            return Some(count);
        }
        for change in parts.by_ref().take(operation.parts).flat_map(|part| &part.changes) {
            if matches!(change, Change::Sql { .. } | Change::AddIndex { .. } | Change::DropIndex { .. }) {
                statements += 1;
            } else if !matches!(change, Change::Note(_)) {
                return None;
            }
        }
    }
    (statements == done).then_some(replayed.undone.len())
}

/// Says that a migration cannot be taken back from where it stands.
pub(super) fn half_way(row: &LedgerRow, span: Span) -> Diagnostic {
    let name = &row.name;
    let (done, of) = row.progress.as_ref().map_or((0, 0), |progress| (progress.done, progress.of));
    Diagnostic::new(
        Code::Interrupted,
        format!("`{name}` was interrupted within an operation on its way up, after statement {done} of {of}"),
    )
    .of(name)
    .going(Direction::Down)
    .at(span, "")
    .note("what ran of the operation cannot be told from what did not, so it cannot be undone by itself")
    .help(format!("finish it (`dbmigrate up {name}`), then undo it"))
}
