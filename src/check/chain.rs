//! The way down as a chain: every node undone, one after the other, from the end. Whether a
//! reset works is decided here and not by each way down alone.

use std::collections::HashMap;

use super::walk::Replay;
use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, Direction, Severity};
use crate::graph::NodeId;
use crate::operation::Migration;
use crate::state::replay;

/// Replays the whole way down from the end of the first replay.
pub(super) fn down(migrations: &[Migration], order: &[NodeId], walked: &Replay, backend: Backend) -> Vec<Diagnostic> {
    let mut state = walked.state.clone();
    let mut found: Vec<Diagnostic> = Vec::new();
    for node in order.iter().rev() {
        let (Some(migration), Some(undone)) = (migrations.get(node.0), walked.undone.get(node)) else { continue };
        let mut here = Vec::new();
        replay::down(&mut state, &migration.name, &migration.body, undone, migration.span, &mut here);
        found.extend(here.into_iter().map(|mut diagnostic| {
            if diagnostic.code == Code::Irreversible {
                // Its author knows; a plan that must undo it refuses.
                diagnostic.severity = Severity::Warning;
            }
            diagnostic
        }));
    }
    let broken = found.iter().any(|diagnostic| diagnostic.is_error() || diagnostic.code == Code::Irreversible);
    if !broken && !state.is_empty() {
        let maker = makers(migrations, order, backend);
        for line in state.describe() {
            let what = line.split([':', ' ']).take(2).collect::<Vec<_>>().join(" ");
            if !(line.starts_with("table ") || line.starts_with("view ") || line.starts_with("trigger ")) {
                continue;
            }
            let mut diagnostic = Diagnostic::new(Code::LeftAtZero, format!("{what} still stands at version 0"))
                .on(backend)
                .going(Direction::Down)
                .help("a way down does not undo what its way up made: mend its `down`");
            if let Some(migration) = maker.get(&what) {
                diagnostic = diagnostic.of(&migration.name).at(migration.span, "made here, and not undone");
            }
            found.push(diagnostic);
        }
    }
    found
}

/// Which node made each table, view and trigger.
fn makers<'m>(migrations: &'m [Migration], order: &[NodeId], backend: Backend) -> HashMap<String, &'m Migration> {
    let mut state = crate::state::State::empty(backend);
    let mut makers = HashMap::new();
    for node in order {
        let Some(migration) = migrations.get(node.0) else { continue };
        let mut made = Vec::new();
        let mut watch = |_: &crate::state::State, change: &crate::state::Change, _| note(change, &mut made);
        replay::up_watched(&mut state, &migration.name, &migration.body, &mut Vec::new(), &mut watch);
        makers.extend(made.into_iter().map(|what| (what, migration)));
    }
    makers
}

fn note(change: &crate::state::Change, made: &mut Vec<String>) {
    use crate::state::Change;
    match change {
        Change::CreateTable(table) => made.push(format!("table {}", table.name)),
        Change::RenameTable { to, .. } => made.push(format!("table {to}")),
        Change::CreateView(view) => made.push(format!("view {}", view.name)),
        Change::CreateTrigger(trigger) => made.push(format!("trigger {}", trigger.name)),
        Change::Sql { effects, .. } => effects.iter().for_each(|effect| note(effect, made)),
        _ => {}
    }
}
