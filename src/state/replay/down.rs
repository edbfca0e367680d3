//! Going down: what undoes each operation, the last first, or what its author wrote instead.

use std::borrow::Cow;

use super::{Part, Undo, Undone, Unwatched, Watch, by_statement, places};
use crate::diagnostic::{Code, Diagnostic, Direction, Span};
use crate::operation::{Body, Operation};
use crate::state::{Change, Context, Declared, State, raw_changes};

/// Lowers a migration's way down on `state` and applies it. Parts that do not work are reported and left out.
pub(crate) fn down(
    state: &mut State,
    name: &str,
    body: &Body,
    undone: &[Undone],
    span: Span,
    found: &mut Vec<Diagnostic>,
) -> Vec<Part> {
    let mut kept = Kept { parts: Some(Vec::new()), back: None };
    replay_down(state, name, body, undone, span, found, &mut Unwatched, &mut kept);
    kept.parts.unwrap_or_default()
}

/// As [`down`], with each change shown to `watch`; keeps nothing.
pub(crate) fn down_watched(
    state: &mut State,
    name: &str,
    body: &Body,
    undone: &[Undone],
    span: Span,
    found: &mut Vec<Diagnostic>,
    watch: &mut dyn Watch,
) {
    replay_down(state, name, body, undone, span, found, watch, &mut Kept { parts: None, back: None });
}

/// As [`down_watched`]; gives the changes that take the way down back, in order.
pub(crate) fn down_and_back(
    state: &mut State,
    name: &str,
    body: &Body,
    undone: &[Undone],
    span: Span,
    found: &mut Vec<Diagnostic>,
    watch: &mut dyn Watch,
) -> Vec<Change> {
    let mut kept = Kept { parts: None, back: Some(Vec::new()) };
    replay_down(state, name, body, undone, span, found, watch, &mut kept);
    let mut back = kept.back.unwrap_or_default();
    back.reverse();
    back
}

/// What is kept of a way down: each costs copies of its changes.
struct Kept {
    parts: Option<Vec<Part>>,
    /// What takes it back, the last first.
    back: Option<Vec<Change>>,
}

impl Kept {
    fn applied(&mut self, change: &Change, inverse: Option<Change>, applied: &mut Vec<Change>) {
        if let Some(back) = &mut self.back {
            back.extend(inverse);
        }
        if self.parts.is_some() {
            applied.push(change.clone());
        }
    }

    fn parts(&mut self, parts: impl IntoIterator<Item = Part>) {
        if let Some(kept) = &mut self.parts {
            kept.extend(parts);
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "what all of its faces take, and what they keep")]
fn replay_down(
    state: &mut State,
    name: &str,
    body: &Body,
    undone: &[Undone],
    span: Span,
    found: &mut Vec<Diagnostic>,
    watch: &mut dyn Watch,
    kept: &mut Kept,
) {
    if !body.is_for(state.backend()) {
        return;
    }
    if let Some(why) = &body.irreversible {
        found.push(irreversible(name, name, why, span));
        return;
    }
    if let Some(operations) = &body.down {
        written_down(state, name, operations, found, watch, kept);
        return;
    }
    for part in undone.iter().rev() {
        let authored = matches!(part.undo, Undo::Authored(..));
        let changes = match &part.undo {
            Undo::Nothing => continue,
            Undo::Changes(changes) => Cow::Borrowed(changes),
            Undo::Authored(texts, batch) => {
                let Some(texts) =
                    texts.iter().map(|text| text.get(state.backend()).cloned()).collect::<Option<Vec<_>>>()
                else {
                    let message = format!("the `down` of `{name}` has nothing for {}", state.backend());
                    let diagnostic = Diagnostic::new(Code::UnsupportedByBackend, message)
                        .help(format!("add a `{}` or a `default` key", state.backend()));
                    found.push(diagnostic.of(name).on(state.backend()).going(Direction::Down).at(part.span, ""));
                    continue;
                };
                let each = |at: usize| part.down_spans.get(at).filter(|_| part.down_spans.len() > 1);
                let place = |at: usize| each(at).copied().unwrap_or(part.span);
                let texts: Vec<_> = (0..).zip(texts).map(|(at, text)| (text, place(at))).collect();
                let raw = raw_changes(&texts, *batch, &Declared::default(), state);
                found.extend(raw.diagnostics.into_iter().map(|diagnostic| met_going_down(diagnostic, name)));
                Cow::Owned(raw.changes)
            }
            Undo::Missing => {
                let message = format!("`{name}` has no way down for `{}`", part.operation(body));
                let diagnostic = Diagnostic::new(Code::NoWayDown, message)
                    .of(name)
                    .going(Direction::Down)
                    .at(part.span, "nothing says how to undo this")
                    .help("write `down = \"…\"` on it (`down = \"\"` if there is nothing to undo), or `irreversible = \"why\"`");
                found.push(diagnostic);
                continue;
            }
            Undo::Irreversible(why) => {
                found.push(irreversible(name, &part.operation(body), why, part.span));
                continue;
            }
        };
        let mut applied = Vec::new();
        let each = authored && part.down_spans.len() == changes.len();
        for (at, change) in changes.iter().enumerate() {
            let span = part.down_spans.get(at).filter(|_| each).copied().unwrap_or(part.span);
            watch.change(state, change, span);
            match state.apply(change) {
                Ok(inverse) => kept.applied(change, inverse, &mut applied),
                Err(error) => {
                    let message = format!("undoing `{}` of `{name}` fails: {error}", part.operation(body));
                    let diagnostic = Diagnostic::new(Code::DownFails, message).at(part.span, "undone here");
                    found.push(error.helped(diagnostic).of(name).on(state.backend()).going(Direction::Down));
                }
            }
        }
        if authored && !applied.is_empty() {
            kept.parts(by_statement(&part.operation(body), &part.down_spans, applied));
        } else if !applied.is_empty() {
            kept.parts([Part { operation: part.operation(body), span: part.span, authored, changes: applied }]);
        }
    }
}

fn irreversible(name: &str, what: &str, why: &str, span: Span) -> Diagnostic {
    let message = if name == what {
        format!("`{name}` cannot be undone: {why}")
    } else {
        format!("`{what}` of `{name}` cannot be undone: {why}")
    };
    let mut diagnostic =
        Diagnostic::new(Code::Irreversible, message).of(name).going(Direction::Down).at(span, "its author says so");
    // In a plan that must undo it, it is an error.
    diagnostic.severity = crate::diagnostic::Severity::Error;
    diagnostic
}

/// The note on what is wrong with an authored way down.
pub(crate) fn when_it_runs(name: &str) -> String {
    format!("the way down of `{name}` meets this state when it runs")
}

/// What is wrong with an authored way down, on the state that it meets.
fn met_going_down(mut diagnostic: Diagnostic, name: &str) -> Diagnostic {
    if diagnostic.is_error() {
        diagnostic = diagnostic.note(when_it_runs(name));
    }
    diagnostic.of(name).going(Direction::Down)
}

/// Lowers `[[down]]` operations one after the other.
fn written_down(
    state: &mut State,
    name: &str,
    operations: &[Operation],
    found: &mut Vec<Diagnostic>,
    watch: &mut dyn Watch,
    kept: &mut Kept,
) {
    let mut context = Context { lenient: true, ..Context::default() };
    let backend = state.backend();
    for operation in operations.iter().filter(|operation| operation.is_for(backend)) {
        let lowered = state.lower(operation, &context);
        found.extend(lowered.diagnostics.into_iter().map(|diagnostic| met_going_down(diagnostic, name)));
        let mut applied = Vec::new();
        let places = places(operation, "sql", lowered.changes.len());
        for (at, change) in lowered.changes.into_iter().enumerate() {
            watch.change(state, &change, places.get(at).copied().unwrap_or(operation.spans.object()));
            match state.apply(&change) {
                Ok(inverse) => {
                    if let Change::CreateTable(table) = &change {
                        context.created.insert(table.id);
                    }
                    kept.applied(&change, inverse, &mut applied);
                }
                Err(error) => found.push(
                    Diagnostic::new(Code::DownFails, format!("the way down of `{name}` fails: {error}"))
                        .of(name)
                        .on(state.backend())
                        .going(Direction::Down)
                        .at(operation.spans.object(), ""),
                ),
            }
        }
        let (operation, span) = (operation.title(), operation.spans.object());
        kept.parts([Part { operation, span, authored: true, changes: applied }]);
    }
}
