//! Replaying one migration on a state: what it comes to going up, and how each part
//! of it is undone.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::Serialize;

use super::{Change, ColumnId, Context, Declared, Piece, RowValues, Scalar, State, TableId, raw_changes};
use crate::diagnostic::{Code, Diagnostic, Direction, Span};
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
    /// Where it stands.
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
            lossy |= loses(&change, state);
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
            match &change {
                Change::CreateTable(table) => _ = context.created.insert(table.id),
                Change::AddColumn { table, column, .. } => _ = added.insert((*table, column.id)),
                _ => {}
            }
            if let Some(inverse) = inverse {
                lossy |= loses(&inverse, state);
                watch.inverse(state, &inverse, operation.spans.object());
                inverses.push(inverse);
            }
            applied.push(change);
        }
        inverses.reverse();
        let undo = undo(operation, &applied, inverses, &context, &added, state);
        // What goes wrong in an authored way down is shown where that is written.
        let span = match undo {
            Undo::Authored(..) => {
                let file = operation.spans.written("down_file");
                file.unwrap_or_else(|| operation.spans.part("down"))
            }
            _ => operation.spans.object(),
        };
        let down_spans = match undo {
            Undo::Authored(..) => statement_spans(operation, "down", span),
            _ => Vec::new(),
        };
        if !keeps_parts {
            replayed.undone.push(Undone { at: number, span, undo, lossy, down_spans, parts: 0 });
            continue;
        }
        let title = operation.title();
        let before = replayed.parts.len();
        let mut undone = Undone { at: number, span, undo, lossy, down_spans, parts: 0 };
        let span = operation.spans.object();
        if matches!(operation.kind, Kind::Sql { .. }) {
            replayed.parts.extend(by_statement(&title, &statement_spans(operation, "sql", span), applied));
        } else {
            replayed.parts.push(Part { operation: title, span, authored: false, changes: applied });
        }
        undone.parts = replayed.parts.len() - before;
        replayed.undone.push(undone);
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

/// How an operation is undone, whose changes were applied and gave `inverses`.
/// `added` are the columns that the same migration added.
fn undo(
    operation: &Operation,
    changes: &[Change],
    inverses: Vec<Change>,
    context: &Context,
    added: &HashSet<(TableId, ColumnId)>,
    state: &State,
) -> Undo {
    if let Some(why) = &operation.irreversible {
        return Undo::Irreversible(why.clone());
    }
    let made_here = |table: &TableId| context.created.contains(table);
    match &operation.kind {
        Kind::Note { .. } => Undo::Nothing,
        Kind::Insert { down: Some(down), .. }
        | Kind::Update { down: Some(down), .. }
        | Kind::Delete { down: Some(down), .. } => Undo::Authored(down.clone(), false),
        Kind::Sql { down: Some(down), batch, .. } => Undo::Authored(down.clone(), *batch),
        Kind::Insert { key, .. } => {
            let Some(Change::Insert { table, rows, .. }) = changes.first() else { return Undo::Nothing };
            if made_here(table) {
                return Undo::Nothing;
            }
            let Some(found) = state.table(*table) else { return Undo::Missing };
            let backend = state.backend();
            let is_key = |name: &str| key.iter().any(|key| backend.fold(key) == backend.fold(name));
            let finds: Option<Vec<RowValues>> = rows
                .iter()
                .map(|row| {
                    let by: RowValues = row
                        .iter()
                        .filter(
                            |(id, value)| {
                                if key.is_empty() { findable(value) } else { is_key(found.column_name(*id)) }
                            },
                        )
                        .cloned()
                        .collect();
                    let enough = !by.is_empty() && (key.is_empty() || by.len() == key.len());
                    enough.then_some(by)
                })
                .collect();
            finds.map_or(Undo::Missing, |rows| Undo::Changes(vec![Change::DeleteRows { table: *table, rows }]))
        }
        Kind::Update { .. } | Kind::Delete { .. } => {
            let own = changes.iter().all(|change| match change {
                // What is set goes with the columns.
                Change::Update { table, set, .. }
                    if set.iter().all(|(column, _)| added.contains(&(*table, *column))) =>
                {
                    true
                }
                change => change.table().is_none_or(|table| made_here(&table)),
            });
            if own { Undo::Nothing } else { Undo::Missing }
        }
        Kind::Sql { .. } => {
            // What it adds to tables that the same migration makes goes with them, and so do their rows.
            // A trigger may do more to rows than the statement says.
            let quiet = |table: &TableId| {
                made_here(table)
                    && state.triggers_on(*table).next().is_none()
                    && state.referrers(*table).iter().all(|referrer| made_here(&referrer.id))
            };
            let own = changes.iter().all(|change| match change {
                Change::Sql { effects, access, .. } => {
                    let adds = effects.iter().all(|effect| match effect {
                        Change::CreateTrigger(trigger) => trigger.table_id.as_ref().is_some_and(made_here),
                        Change::AddIndex { table, .. }
                        | Change::AddColumn { table, .. }
                        | Change::AddConstraint { table, .. } => made_here(table),
                        _ => false,
                    });
                    let mut rows = access.writes.iter().chain(&access.inserts);
                    let something = !effects.is_empty() || rows.clone().next().is_some();
                    something && adds && !access.unread && rows.all(quiet)
                }
                _ => false,
            });
            if own { Undo::Nothing } else { Undo::Missing }
        }
        _ => Undo::Changes(inverses),
    }
}

/// Whether a value can be looked for again: a literal, or NULL.
fn findable(value: &Scalar) -> bool {
    match value {
        Scalar::Literal(_) => true,
        Scalar::Expr(expr) => match expr.pieces.as_slice() {
            [Piece::Text(text)] => text.trim().eq_ignore_ascii_case("null"),
            _ => false,
        },
    }
}

/// Whether a change takes rows or values away for good.
pub(crate) fn loses(change: &Change, state: &State) -> bool {
    match change {
        Change::DropTable(_) | Change::DropColumn { .. } => true,
        Change::AlterColumn { table, column, patch, .. } => {
            let before = state.table(*table).and_then(|table| table.column(*column));
            match (before, &patch.data_type) {
                (Some(before), Some(to)) => !before.data_type.widens_to(to),
                _ => false,
            }
        }
        _ => false,
    }
}

/// How a whole migration's undoing compares with the state before it.
pub(crate) fn reversal(body: &Body, undone: &[Undone]) -> Reversal {
    if body.irreversible.is_some() {
        return Reversal::Impossible;
    }
    if body.down.is_some() {
        return Reversal::Authored;
    }
    let worst = undone.iter().map(|part| match &part.undo {
        Undo::Missing | Undo::Irreversible(_) => Reversal::Impossible,
        Undo::Authored(texts, _) if !runs_nothing(texts) => Reversal::Authored,
        _ if part.lossy => Reversal::DataLoss,
        Undo::Authored(..) | Undo::Changes(_) | Undo::Nothing => Reversal::Exact,
    });
    worst.max().unwrap_or(Reversal::Exact)
}

/// Whether a `down` is its author's word that there is nothing to undo: `""`.
fn runs_nothing(texts: &Down) -> bool {
    texts.iter().all(|text| text.branches().all(|sql| sql.trim().is_empty()))
}

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
                Err(error) => found.push(
                    Diagnostic::new(
                        Code::DownFails,
                        format!("undoing `{}` of `{name}` fails: {error}", part.operation(body)),
                    )
                    .of(name)
                    .on(state.backend())
                    .going(Direction::Down)
                    .at(part.span, "undone here"),
                ),
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

/// What is wrong with an authored way down, on the state that it meets.
fn met_going_down(mut diagnostic: Diagnostic, name: &str) -> Diagnostic {
    if diagnostic.is_error() {
        diagnostic = diagnostic.note(format!("the way down of `{name}` meets this state when it runs"));
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
