//! The way down as a chain: every node undone, one after the other, from the end. Whether a
//! reset works is decided here and not by each way down alone.

use std::collections::HashMap;

use super::blame::{Blame, MOST_BLAMED, blame};
use super::related::depends_on_others;
use super::walk::Replay;
use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, Direction, Severity, Span};
use crate::graph::NodeId;
use crate::operation::Migration;
use crate::state::replay;
use crate::state::{Change, ObjectKind, State, Table, Verb};

/// What the whole way down comes to.
#[derive(Debug)]
pub(super) struct Chain {
    /// What is wrong with it.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// The same as a replay says it, so that other orders can be held against it.
    pub(super) known: Vec<(Code, String)>,
}

/// Replays the whole way down from the end of the first replay, whose state it takes where no conflict needs it.
pub(super) fn down(migrations: &[Migration], order: &[NodeId], walked: &mut Replay, backend: Backend) -> Chain {
    // What is shared is copied when it changes, and here everything does.
    let mut state = if walked.conflicts.is_empty() {
        std::mem::replace(&mut walked.state, State::empty(backend))
    } else {
        walked.state.clone()
    };
    let mut chain = Chain { diagnostics: Vec::new(), known: Vec::new() };
    let mut blamed = 0;
    // Each is needed once.
    let mut undone = std::mem::take(&mut walked.undone);
    for (at, node) in order.iter().enumerate().rev() {
        let Some((_, undone)) = undone.pop_if(|(last, _)| last == node) else { continue };
        let Some(migration) = migrations.get(node.0) else { continue };
        let mut here = Vec::new();
        let mut orphans = Vec::new();
        let mut watch = |state: &State, change: &Change, span: Span| {
            if matches!(change, Change::DropTable(_) | Change::Sql { .. }) {
                orphans.extend(leaves_keys(state, change, migration, span.or(migration.span)));
                orphans.extend(unread(state, change, migration, span.or(migration.span), walked));
            }
        };
        let (name, body) = (&migration.name, &migration.body);
        replay::down_watched(&mut state, name, body, &undone, migration.span, &mut here, &mut watch);
        chain.diagnostics.extend(orphans);
        for mut diagnostic in here {
            chain.known.push((diagnostic.code, diagnostic.message.clone()));
            if diagnostic.code == Code::Irreversible {
                // Its author knows; a plan that must undo it refuses.
                diagnostic.severity = Severity::Warning;
            }
            if diagnostic.is_error() && (diagnostic.code == Code::DownFails || depends_on_others(diagnostic.code)) {
                blamed += 1;
                let found = (blamed <= MOST_BLAMED).then(|| blame(migrations, order, at, backend, &diagnostic));
                diagnostic = fails(diagnostic, migration, found.flatten());
            }
            chain.diagnostics.push(diagnostic);
        }
    }
    let broken = chain.diagnostics.iter().any(|found| found.is_error() || found.code == Code::Irreversible);
    if !broken && !state.is_empty() {
        chain.diagnostics.extend(left(migrations, order, &state));
    }
    chain
}

/// SQL that could be read right after its way up, and not on the state that it meets here.
fn unread(state: &State, change: &Change, migration: &Migration, span: Span, walked: &Replay) -> Option<Diagnostic> {
    let Change::Sql { access, .. } = change else { return None };
    let told = |found: &Diagnostic| {
        found.code == Code::OpaqueSql && found.labels.first().is_some_and(|label| label.span == span)
    };
    if !access.opaque || walked.diagnostics.iter().any(told) {
        return None;
    }
    let name = &migration.name;
    let message =
        format!("the way down of `{name}` cannot be read on the state it meets, so that it works is not proved");
    Some(
        Diagnostic::new(Code::OpaqueSql, message)
            .of(name)
            .on(state.backend())
            .going(Direction::Down)
            .at(span, "what this touches is not known here"),
    )
}

/// SQLite drops a table that keys of others point to, where no row needs it.
fn leaves_keys(state: &State, change: &Change, migration: &Migration, span: Span) -> Vec<Diagnostic> {
    let outlive = state.backend().capabilities().keys_outlive_tables;
    let dropped = change
        .each()
        .iter()
        .filter_map(|change| if let Change::DropTable(id) = change { state.table(*id) } else { None });
    dropped.filter(|_| outlive).flat_map(|table| leaves_keys_to(state, table, migration, span)).collect()
}

fn leaves_keys_to(state: &State, table: &Table, migration: &Migration, span: Span) -> Vec<Diagnostic> {
    let referrers = state.referrers(table.id).into_iter().filter(|other| other.id != table.id);
    let told = referrers.flat_map(|other| {
        let keys = other.foreign_keys.iter().filter(|key| key.table == table.id);
        keys.map(|key| {
            let message = format!(
                "the way down of `{}` drops `{}` before `{}`, whose key `{}` points to it",
                migration.name, table.name, other.name, key.name.text
            );
            Diagnostic::new(Code::DownDependsOnRows, message)
                .of(&migration.name)
                .on(state.backend())
                .going(Direction::Down)
                .at(span, format!("fails where rows of {} need it", other.name))
                .note(format!("until `{}` goes too, rows of it can neither be added nor deleted", other.name))
                .help(format!("drop `{}` or its key first", other.name))
        })
    });
    told.collect()
}

/// A way down that fails, told as that, with the later node whose doing it is.
fn fails(mut found: Diagnostic, migration: &Migration, blame: Option<Blame<'_>>) -> Diagnostic {
    if found.code != Code::DownFails {
        found.message = format!("the way down of `{}` fails: {}", migration.name, found.message);
        found.code = Code::DownFails;
        // What it says, the message says now.
        found.notes.retain(|note| *note != replay::when_it_runs(&migration.name));
    }
    let Some(blame) = blame else { return found };
    let other = &blame.migration.name;
    if let Some(label) = found.labels.first_mut().filter(|label| label.text.is_empty()) {
        "fails here".clone_into(&mut label.text);
    }
    found.related.push(other.clone());
    let told = blame.told();
    let found = found.at(blame.span, told);
    match blame.direction {
        Direction::Up => found.note(format!("the way down of `{other}` does not take that back")),
        Direction::Down => found,
    }
}

/// What still exists after the last way down, each with its maker.
fn left(migrations: &[Migration], order: &[NodeId], state: &State) -> Vec<Diagnostic> {
    let makers = makers(migrations, order, state.backend());
    let found = replay::left_at_zero(state).into_iter().map(|left| match makers.get(&(left.kind, left.name)) {
        Some((migration, Direction::Up, span)) => left
            .diagnostic
            .of(&migration.name)
            .at(*span, format!("`{}` makes it, and nothing undoes that", migration.name)),
        Some((migration, Direction::Down, span)) => {
            left.diagnostic.of(&migration.name).at(*span, format!("the way down of `{}` makes it", migration.name))
        }
        None => left.diagnostic,
    });
    found.collect()
}

/// What made each object last.
type Makers<'m> = HashMap<(ObjectKind, String), (&'m Migration, Direction, Span)>;

fn makers<'m>(migrations: &'m [Migration], order: &[NodeId], backend: Backend) -> Makers<'m> {
    let mut state = State::empty(backend);
    let mut makers = Makers::new();
    let mut undone = Vec::with_capacity(order.len());
    for node in order {
        let Some(migration) = migrations.get(node.0) else { continue };
        let (name, body, mut made) = (&migration.name, &migration.body, Vec::new());
        let mut watch = |state: &State, change: &Change, span: Span| made.extend(makes(state, change, span));
        undone.push((migration, replay::up_watched(&mut state, name, body, &mut Vec::new(), &mut watch)));
        makers.extend(made.into_iter().map(|(what, span)| (what, (migration, Direction::Up, span.or(migration.span)))));
    }
    for (migration, undone) in undone.iter().rev() {
        let (name, body, mut made) = (&migration.name, &migration.body, Vec::new());
        let mut watch = |state: &State, change: &Change, span: Span| made.extend(makes(state, change, span));
        replay::down_watched(&mut state, name, body, undone, migration.span, &mut Vec::new(), &mut watch);
        for (what, span) in made {
            // What a way down brings back is its maker's to undo.
            makers.entry(what).or_insert((migration, Direction::Down, span.or(migration.span)));
        }
    }
    makers
}

/// What a change makes, under the name that it has then.
fn makes(state: &State, change: &Change, span: Span) -> impl Iterator<Item = ((ObjectKind, String), Span)> {
    let made = change.objects(state).into_iter().filter_map(|object| match object.verb {
        Verb::Create => Some((object.kind, object.name)),
        Verb::Rename => Some((object.kind, object.to?)),
        Verb::Drop | Verb::Alter => None,
    });
    made.map(move |what| (what, span))
}
