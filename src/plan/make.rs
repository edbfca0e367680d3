//! Making a plan: from a history to a target.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::back_out;
use super::eased;
use super::history::{self, Past};
use super::interrupted::{begin_with_it, finish_first, set_off};
use super::resume;
use super::ways::choose;
use super::{
    Downs, Ledger, LedgerRow, Plan, PlanDirection, PlanError, Reversal, RowState, Step, StepHead, Target, left_out,
};
use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, Direction, Severity};
use crate::graph::{Graph, NodeId};
use crate::ident::Version;
use crate::manifest::Manifest;
use crate::operation::Migration;
use crate::state::State;
use crate::state::replay::{self, Undone};

/// Makes the plan that brings a database with that ledger to a target.
///
/// Pure: nothing is read or written. Problems of the plan are diagnostics in it.
///
/// # Errors
///
/// The target is not there ([`PlanError`]).
pub fn make(
    manifest: &Manifest,
    graph: &Graph,
    ledger: &Ledger,
    target: &Target,
    downs: Downs,
    backend: Backend,
) -> Result<Plan, PlanError> {
    make_with(manifest, graph, ledger, target, downs, backend, backend.capabilities().transactional_ddl)
}

/// As [`make`], for a run that may end between two steps: nothing is left out of a way down, since what was left out
/// would be missing where a later step fails, and no history would tell of it.
///
/// # Errors
///
/// As [`make`].
pub fn make_in_parts(
    manifest: &Manifest,
    graph: &Graph,
    ledger: &Ledger,
    target: &Target,
    downs: Downs,
    backend: Backend,
) -> Result<Plan, PlanError> {
    make_with(manifest, graph, ledger, target, downs, backend, false)
}

fn make_with(
    manifest: &Manifest,
    graph: &Graph,
    ledger: &Ledger,
    target: &Target,
    downs: Downs,
    backend: Backend,
    leaves_out: bool,
) -> Result<Plan, PlanError> {
    let journaled = !backend.capabilities().transactional_ddl;
    let stands = |row: &LedgerRow| row.state == RowState::Applied || !journaled && row.state == RowState::Reverting;
    let mut history = history::replay(manifest, graph, ledger, downs, backend, &history::by_state);
    let mut found = Vec::new();
    let contradicted = history::requirements(&history, &mut found);
    let applied: HashSet<NodeId> = history.past.iter().filter(|past| stands(past.row)).map(|past| past.node).collect();
    let mut ways = choose(manifest, graph, &history, &applied, target, contradicted)?;
    if journaled && ledger.rows.iter().any(|row| row.state != RowState::Applied) {
        finish_first(&history, &mut ways);
        found.extend(begin_with_it(manifest, &history, &mut ways));
        let down: HashSet<Version> =
            history.past.iter().filter(|past| ways.down.contains(&past.node)).map(|past| past.row.version).collect();
        history = history::replay(manifest, graph, ledger, downs, backend, &|row| down.contains(&row.version));
        let chosen =
            |past: &&Past<'_>| past.half.is_some() && !ways.down.contains(&past.node) && !ways.up.contains(&past.node);
        found.extend(history.past.iter().filter(chosen).map(|past| resume::passed_by(past.row, past.span)));
    }

    let mut diagnostics = history.diagnostics;
    // The history ran as it is; what its replay could not follow is worth a warning, not a refusal.
    diagnostics.extend(found);
    let mut state = history.state;
    let all_past: HashMap<NodeId, &Past<'_>> = history.past.iter().map(|past| (past.node, past)).collect();
    let mut half: HashMap<NodeId, Vec<Undone>> = HashMap::new();
    for (node, past) in ways.down.iter().filter_map(|node| all_past.get(node).map(|past| (node, past))) {
        if past.row.state == RowState::Applying && !journaled {
            half.insert(*node, back_out::prepare(past, &mut state, &mut diagnostics));
        }
    }
    let start = state.clone();
    state.expect(ways.up.len());
    let mut steps = Vec::with_capacity(ways.down.len() + ways.up.len());
    for node in &ways.down {
        let Some(past) = all_past.get(node) else { continue };
        let undone = half.get(node).unwrap_or(&past.undone);
        let mut step = step_down(past, undone, &mut state, &mut diagnostics);
        if let Some(half) = &past.half {
            set_off(past, half, &mut step, &mut diagnostics);
        }
        steps.push(step);
    }
    let down_fails = diagnostics.iter().any(|found| found.is_error() && found.direction == Some(Direction::Down));
    let mut after = Vec::new();
    let mut position = ledger.rows.iter().map(|row| row.position).max().unwrap_or(0);
    for node in &ways.up {
        let Some(migration) = manifest.migrations.get(node.0) else { continue };
        let interrupted = all_past
            .get(node)
            .filter(|past| !stands(past.row) && !half.contains_key(node) && !ways.down.contains(node));
        let at = interrupted.map_or_else(
            || {
                position += 1;
                position
            },
            |past| past.row.position,
        );
        let mut step = step_up(migration, at, &mut state, &mut after);
        step.skip_statements = interrupted.and_then(|past| past.row.progress.as_ref()).map_or(0, |p| p.done);
        if let Some((past, half)) = interrupted.and_then(|past| past.half.as_ref().map(|half| (past, half))) {
            step.skip_statements = 0;
            set_off(past, half, &mut step, &mut after);
        }
        steps.push(step);
    }
    // What the way up meets after a way down that fails says nothing new.
    diagnostics.extend(after.into_iter().filter(|found| !(down_fails && found.is_error())));
    if leaves_out {
        left_out::leave_out(&mut steps, &start);
    } else if journaled {
        eased::ease(&mut steps, &start);
    }
    if target == &Target::Zero && !state.is_empty() && !diagnostics.iter().any(Diagnostic::is_error) {
        diagnostics.extend(replay::left_at_zero(&state).into_iter().map(|left| left.diagnostic));
    }
    let direction = match (ways.down.is_empty(), ways.up.is_empty()) {
        (true, true) => PlanDirection::None,
        (false, true) => PlanDirection::Down,
        (true, false) => PlanDirection::Up,
        (false, false) => PlanDirection::Mixed,
    };
    let versions = || history.past.iter().filter(|past| stands(past.row));
    let from: Vec<Version> = sorted(versions().map(|past| past.row.version));
    let undone: HashSet<&NodeId> = ways.down.iter().collect();
    let kept = versions().filter(|past| !undone.contains(&past.node)).map(|past| past.row.version);
    let made = ways.up.iter().filter_map(|node| manifest.migrations.get(node.0)).map(|migration| migration.version);
    let to = sorted(kept.chain(made));
    let (target, wants_up) = (target.to_string(), ways.wants_up);
    Ok(Plan { backend, direction, wants_up, target, from, to, start, steps, diagnostics })
}

fn sorted(versions: impl Iterator<Item = Version>) -> Vec<Version> {
    let mut versions: Vec<Version> = versions.collect();
    versions.sort_unstable();
    versions.dedup();
    versions
}

/// `undone` says how what ran of it is undone.
fn step_down(past: &Past<'_>, undone: &[Undone], state: &mut State, found: &mut Vec<Diagnostic>) -> Step {
    let row = past.row;
    let parts = match row.state {
        RowState::Applying if undone.is_empty() && past.half.is_none() => Vec::new(),
        RowState::Applying | RowState::Applied | RowState::Reverting => {
            replay::down(state, &row.name, past.body, undone, past.span, found)
        }
    };
    let ran = match row.state {
        RowState::Reverting if past.half.is_none() => row.progress.as_ref().map_or(0, |progress| progress.done),
        RowState::Reverting | RowState::Applied | RowState::Applying => 0,
    };
    let head = StepHead {
        derived: !parts.iter().any(|part| part.authored),
        reversal: replay::reversal(past.body, undone),
        transaction: past.body.transaction,
        span: past.span,
        skip_statements: ran,
        ..StepHead::new(row.version, &row.name, Direction::Down)
    };
    Step {
        head,
        position: row.position,
        body: Arc::clone(past.body),
        requires: row.requires.clone(),
        parts,
        lost: None,
        edited: !Arc::ptr_eq(past.body, &row.body),
    }
}

fn step_up(migration: &Migration, position: i64, state: &mut State, found: &mut Vec<Diagnostic>) -> Step {
    let replayed = replay::up(state, &migration.name, &migration.body, found);
    let reversal = replay::reversal(&migration.body, &replayed.undone);
    if reversal == Reversal::Impossible && migration.body.irreversible.is_none() {
        for part in replayed.undone.iter().filter(|part| matches!(part.undo, replay::Undo::Missing)) {
            // It does not break this plan, so it does not refuse it; but nobody should find out at a reset.
            let message = format!("`{}` has no way down for `{}`", migration.name, part.operation(&migration.body));
            let mut diagnostic = Diagnostic::new(Code::NoWayDown, message)
                .of(&migration.name)
                .going(Direction::Down)
                .at(part.span, "nothing says how to undo this")
                .help("write `down = \"…\"` on it (`down = \"\"` if there is nothing to undo), or `irreversible = \"why\"`");
            diagnostic.severity = Severity::Warning;
            found.push(diagnostic);
        }
    }
    let head = StepHead {
        derived: !replayed.parts.iter().any(|part| part.authored),
        reversal,
        transaction: migration.body.transaction,
        span: migration.span,
        ..StepHead::new(migration.version, &migration.name, Direction::Up)
    };
    Step {
        head,
        position,
        body: Arc::clone(&migration.body),
        requires: migration.requires.iter().map(|requirement| requirement.name.clone()).collect(),
        parts: replayed.parts,
        lost: None,
        edited: false,
    }
}
