//! Replaying one migration on a state: what it comes to going up, and how each part
//! of it is undone.

mod down;
mod left;
mod undo;

use std::collections::HashSet;

use serde::Serialize;

pub(crate) use down::{down, down_watched, when_it_runs};
pub(crate) use left::left_at_zero;
pub(crate) use undo::reversal;
use undo::undo;

use super::{Change, Context, State};
use crate::diagnostic::{Diagnostic, Direction, Span};
use crate::operation::{Body, Down, Kind, Operation};

/// How a migration's undoing compares with the state before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reversal {
    /// All comes back as it was, nothing is lost.
    Exact,
    /// The schema comes back; rows or values are lost.
    DataLoss,
    /// A part of it was written by its author.
    Authored,
    /// There is none.
    Impossible,
}

/// The changes that come from one operation.
#[derive(Debug, Clone)]
pub struct Part {
    /// The operation: `create_table posts`; on the way down the one being undone.
    pub operation: String,
    pub span: Span,
    /// Its SQL was written by its author (raw SQL, a `down`).
    pub authored: bool,
    /// What it comes to, in order.
    pub changes: Vec<Change>,
}

/// How one operation is undone.
#[derive(Debug, Clone)]
pub(crate) enum Undo {
    /// By these changes, in order.
    Changes(Vec<Change>),
    /// By SQL its author wrote.
    Authored(Down, bool),
    /// It needs none.
    Nothing,
    /// It cannot be: nobody said how.
    Missing,
    /// It cannot be: its author says so.
    Irreversible(String),
}

/// One operation and its undoing.
#[derive(Debug, Clone)]
pub(crate) struct Undone {
    /// Which operation of the way up it is, from 0.
    at: usize,
    pub(crate) span: Span,
    pub(crate) undo: Undo,
    /// Rows or values do not come back.
    pub(crate) lossy: bool,
    /// Where the statements of an authored `down` stand: one place each, or one for all; else none.
    pub(crate) down_spans: Vec<Span>,
    /// How many parts of the replay its way up is.
    pub(crate) parts: usize,
}

impl Undone {
    /// The operation, of that migration: `create_table posts`.
    pub(crate) fn operation(&self, body: &Body) -> String {
        body.up.get(self.at).map(Operation::title).unwrap_or_default()
    }
}

/// A migration replayed going up.
#[derive(Debug, Default)]
pub(crate) struct Replayed {
    pub(crate) parts: Vec<Part>,
    /// How each operation is undone, in the order of the way up.
    pub(crate) undone: Vec<Undone>,
}

/// What sees the changes of a replay.
pub(crate) trait Watch {
    /// A change is about to happen on `state`; with the place of its operation.
    fn change(&mut self, state: &State, change: &Change, span: Span);

    /// Going up: what would undo the change that has just happened, on the state after it.
    fn inverse(&mut self, _state: &State, _inverse: &Change, _span: Span) {}
}

impl<F: FnMut(&State, &Change, Span)> Watch for F {
    fn change(&mut self, state: &State, change: &Change, span: Span) {
        self(state, change, span);
    }
}

/// Sees nothing.
pub(crate) struct Unwatched;

impl Watch for Unwatched {
    fn change(&mut self, _state: &State, _change: &Change, _span: Span) {}
}

/// Replays a migration's way up on `state`. Operations that do not work are reported and left out.
pub(crate) fn up(state: &mut State, name: &str, body: &Body, found: &mut Vec<Diagnostic>) -> Replayed {
    replay_up(state, name, body, found, &mut Unwatched, true)
}

/// As [`up`], with each change shown to `watch`; keeps only how each operation is undone.
pub(crate) fn up_watched(
    state: &mut State,
    name: &str,
    body: &Body,
    found: &mut Vec<Diagnostic>,
    watch: &mut dyn Watch,
) -> Vec<Undone> {
    replay_up(state, name, body, found, watch, false).undone
}

/// Whether all of a migration's way down is derived from the changes of its way up, whatever state that meets.
pub(crate) fn is_derived(body: &Body) -> bool {
    let derived = |operation: &Operation| {
        let rows = matches!(
            operation.kind,
            Kind::Insert { .. } | Kind::Update { .. } | Kind::Delete { .. } | Kind::Sql { .. }
        );
        !rows && operation.irreversible.is_none()
    };
    body.irreversible.is_none() && body.down.is_none() && body.up.iter().all(derived)
}

fn replay_up(
    state: &mut State,
    name: &str,
    body: &Body,
    found: &mut Vec<Diagnostic>,
    watch: &mut dyn Watch,
    keeps_parts: bool,
) -> Replayed {
    let mut replayed = Replayed::default();
    if !body.is_for(state.backend()) {
        return replayed;
    }
    let mut context = Context::default();
    let mut added = HashSet::new();
    let backend = state.backend();
    for (number, operation) in body.up.iter().enumerate().filter(|(_, operation)| operation.is_for(backend)) {
        let lowered = state.lower(operation, &context);
        found.extend(lowered.diagnostics.into_iter().map(|diagnostic| diagnostic.of(name).going(Direction::Up)));
        let mut inverses = Vec::with_capacity(lowered.changes.len());
        let mut lossy = false;
        let mut applied = Vec::with_capacity(lowered.changes.len());
        let places = places(operation, "sql", lowered.changes.len());
        for (at, change) in lowered.changes.into_iter().enumerate() {
            lossy |= change.loses(state).is_some();
            watch.change(state, &change, places.get(at).copied().unwrap_or(operation.spans.object()));
            let inverse = match state.apply(&change) {
                Ok(inverse) => inverse,
                Err(error) => {
                    let diagnostic = Diagnostic::new(error.code(), error.to_string())
                        .of(name)
                        .on(state.backend())
                        .going(Direction::Up)
                        .at(operation.spans.object(), "");
                    found.push(diagnostic);
                    continue;
                }
            };
            if let Change::CreateTable(table) = &change {
                context.created.insert(table.id);
            } else if let Change::AddColumn { table, column, .. } = &change {
                added.insert((*table, column.id));
            }
            if let Some(inverse) = inverse {
                lossy |= inverse.loses(state).is_some();
                watch.inverse(state, &inverse, operation.spans.object());
                inverses.push(inverse);
            }
            applied.push(change);
        }
        inverses.reverse();
        let undo = undo(operation, &applied, inverses, &context, &added, state);
        let place = operation.spans.object();
        // What goes wrong in an authored way down is shown where that is written.
        let (span, down_spans) = if let Undo::Authored(..) = undo {
            let span = operation.spans.written("down_file").unwrap_or_else(|| operation.spans.part("down"));
            (span, statement_spans(operation, "down", span))
        } else {
            (place, Vec::new())
        };
        let before = replayed.parts.len();
        if keeps_parts && matches!(operation.kind, Kind::Sql { .. }) {
            let spans = statement_spans(operation, "sql", place);
            replayed.parts.extend(by_statement(&operation.title(), &spans, applied));
        } else if keeps_parts {
            let operation = operation.title();
            replayed.parts.push(Part { operation, span: place, authored: false, changes: applied });
        }
        let parts = replayed.parts.len() - before;
        replayed.undone.push(Undone { at: number, span, undo, lossy, down_spans, parts });
    }
    replayed
}

/// The places of the statements written under a key: of each in a list, else the whole's.
fn statement_spans(operation: &Operation, key: &str, whole: Span) -> Vec<Span> {
    let each = (0..).map(|at| operation.spans.written(&format!("{key}.{at}")));
    let each: Vec<Span> = each.take_while(Option::is_some).flatten().collect();
    if each.is_empty() { vec![whole] } else { each }
}

/// The place of each change of raw SQL, where each has one of its own.
fn places(operation: &Operation, key: &str, changes: usize) -> Vec<Span> {
    if !matches!(operation.kind, Kind::Sql { .. }) {
        return Vec::new();
    }
    let spans = statement_spans(operation, key, operation.spans.object());
    if spans.len() == changes { spans } else { Vec::new() }
}

/// Statements written by an author, each at its own place where there is one for each.
fn by_statement(operation: &str, spans: &[Span], changes: Vec<Change>) -> Vec<Part> {
    let part = |span, changes| Part { operation: operation.to_owned(), span, authored: true, changes };
    if spans.len() == changes.len() {
        return spans.iter().zip(changes).map(|(span, change)| part(*span, vec![change])).collect();
    }
    vec![part(spans.first().copied().unwrap_or(Span::NONE), changes)]
}
