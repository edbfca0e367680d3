//! Going down: what undoes each operation, the last first, or what its author wrote instead.

use std::borrow::Cow;

use super::{Part, Undo, Undone, Unwatched, Watch, by_statement, places};
use crate::diagnostic::{Code, Diagnostic, Direction, Severity, Span};
use crate::operation::{Body, Down, Operation};
use crate::state::{Change, Context, Declared, State, StateError, raw_changes};

/// Lowers a migration's way down on `state` and applies it. Parts that do not work are reported and left out.
pub(crate) fn down(
    state: &mut State,
    name: &str,
    body: &Body,
    undone: &[Undone],
    span: Span,
    found: &mut Vec<Diagnostic>,
) -> Vec<Part> {
    let mut way = Way { state, name, found, watch: &mut Unwatched, parts: Some(Vec::new()), back: Vec::new() };
    way.go(body, undone, span);
    way.parts.unwrap_or_default()
}

/// As [`down`], with each change shown to `watch`; gives the changes that take the way down back, in order.
pub(crate) fn down_watched(
    state: &mut State,
    name: &str,
    body: &Body,
    undone: &[Undone],
    span: Span,
    found: &mut Vec<Diagnostic>,
    watch: &mut dyn Watch,
) -> Vec<Change> {
    let mut way = Way { state, name, found, watch, parts: None, back: Vec::new() };
    way.go(body, undone, span);
    way.back.reverse();
    way.back
}

/// The way down of one migration.
struct Way<'w> {
    state: &'w mut State,
    name: &'w str,
    found: &'w mut Vec<Diagnostic>,
    watch: &'w mut dyn Watch,
    /// What it comes to, where that is asked for: it costs copies of the changes.
    parts: Option<Vec<Part>>,
    /// What takes it back, the last first.
    back: Vec<Change>,
}

impl Way<'_> {
    fn go(&mut self, body: &Body, undone: &[Undone], span: Span) {
        if !body.is_for(self.state.backend()) {
            return;
        }
        if let Some(why) = &body.irreversible {
            self.irreversible(&format!("`{}`", self.name), why, span);
        } else if let Some(operations) = &body.down {
            self.written(operations);
        } else {
            undone.iter().rev().for_each(|part| self.undo(part, body));
        }
    }

    /// Undoes one operation.
    fn undo(&mut self, part: &Undone, body: &Body) {
        let (name, operation) = (self.name, || part.operation(body));
        let authored = matches!(part.undo, Undo::Authored(..));
        let changes = match &part.undo {
            Undo::Nothing => return,
            Undo::Changes(changes) => Cow::Borrowed(changes),
            Undo::Authored(texts, batch) => match self.authored(part, texts, *batch) {
                Some(changes) => Cow::Owned(changes),
                None => return,
            },
            Undo::Missing => {
                let message = format!("`{name}` has no way down for `{}`", operation());
                let diagnostic = Diagnostic::new(Code::NoWayDown, message)
                    .at(part.span, "nothing says how to undo this")
                    .help("write `down = \"…\"` on it (`down = \"\"` if there is nothing to undo), or `irreversible = \"why\"`");
                return self.tell(diagnostic);
            }
            Undo::Irreversible(why) => {
                return self.irreversible(&format!("`{}` of `{name}`", operation()), why, part.span);
            }
        };
        let each = authored && part.down_spans.len() == changes.len();
        let span = |at: usize| part.down_spans.get(at).filter(|_| each).copied().unwrap_or(part.span);
        let mut applied = Vec::new();
        for (at, change) in changes.iter().enumerate() {
            match self.apply(change, span(at)) {
                Ok(()) => applied.extend(self.parts.is_some().then(|| change.clone())),
                Err(error) => {
                    let message = format!("undoing `{}` of `{name}` fails: {error}", operation());
                    let diagnostic = Diagnostic::new(Code::DownFails, message).at(part.span, "undone here");
                    self.tell(error.helped(diagnostic).on(self.state.backend()));
                }
            }
        }
        if let Some(parts) = self.parts.as_mut().filter(|_| !applied.is_empty()) {
            if authored {
                parts.extend(by_statement(&operation(), &part.down_spans, applied));
            } else {
                parts.push(Part { operation: operation(), span: part.span, authored, changes: applied });
            }
        }
    }

    /// What its author wrote to undo an operation; `None` where that has nothing for the backend.
    fn authored(&mut self, part: &Undone, texts: &Down, batch: bool) -> Option<Vec<Change>> {
        let backend = self.state.backend();
        let Some(texts) = texts.iter().map(|text| text.get(backend).cloned()).collect::<Option<Vec<_>>>() else {
            let message = format!("the `down` of `{}` has nothing for {backend}", self.name);
            let diagnostic = Diagnostic::new(Code::UnsupportedByBackend, message)
                .help(format!("add a `{backend}` or a `default` key"));
            self.tell(diagnostic.on(backend).at(part.span, ""));
            return None;
        };
        let each = |at: usize| part.down_spans.get(at).filter(|_| part.down_spans.len() > 1);
        let place = |at: usize| each(at).copied().unwrap_or(part.span);
        let texts: Vec<_> = (0..).zip(texts).map(|(at, text)| (text, place(at))).collect();
        let raw = raw_changes(&texts, batch, &Declared::default(), self.state);
        self.met(raw.diagnostics);
        Some(raw.changes)
    }

    /// Lowers `[[down]]` operations one after the other.
    fn written(&mut self, operations: &[Operation]) {
        let mut context = Context { lenient: true, ..Context::default() };
        let backend = self.state.backend();
        for operation in operations.iter().filter(|operation| operation.is_for(backend)) {
            let lowered = self.state.lower(operation, &context);
            self.met(lowered.diagnostics);
            let span = operation.spans.object();
            let mut applied = Vec::new();
            let places = places(operation, "sql", lowered.changes.len());
            for (at, change) in lowered.changes.into_iter().enumerate() {
                match self.apply(&change, places.get(at).copied().unwrap_or(span)) {
                    Ok(()) => {
                        if let Change::CreateTable(table) = &change {
                            context.created.insert(table.id);
                        }
                        applied.push(change);
                    }
                    Err(error) => {
                        let message = format!("the way down of `{}` fails: {error}", self.name);
                        self.tell(Diagnostic::new(Code::DownFails, message).on(backend).at(span, ""));
                    }
                }
            }
            if let Some(parts) = &mut self.parts {
                parts.push(Part { operation: operation.title(), span, authored: true, changes: applied });
            }
        }
    }

    fn apply(&mut self, change: &Change, span: Span) -> Result<(), StateError> {
        self.watch.change(self.state, change, span);
        self.back.extend(self.state.apply(change)?);
        Ok(())
    }

    fn tell(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic.of(self.name).going(Direction::Down));
    }

    /// What is wrong with an authored way down, on the state that it meets.
    fn met(&mut self, diagnostics: Vec<Diagnostic>) {
        for diagnostic in diagnostics {
            let wrong = diagnostic.is_error();
            self.tell(if wrong { diagnostic.note(when_it_runs(self.name)) } else { diagnostic });
        }
    }

    fn irreversible(&mut self, what: &str, why: &str, span: Span) {
        let mut diagnostic = Diagnostic::new(Code::Irreversible, format!("{what} cannot be undone: {why}"))
            .at(span, "its author says so");
        // In a plan that must undo it, it is an error.
        diagnostic.severity = Severity::Error;
        self.tell(diagnostic);
    }
}

/// The note on what is wrong with an authored way down.
pub(crate) fn when_it_runs(name: &str) -> String {
    format!("the way down of `{name}` meets this state when it runs")
}
