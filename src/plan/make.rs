//! Making a plan: from a history to a target.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::back_out;
use super::history::{self, History, Past};
use super::resume::{self, Half};
use super::{
    Downs, Ledger, LedgerRow, Place, Plan, PlanDirection, PlanError, Reversal, RowState, Step, Target, left_out,
};
use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, Direction, Severity};
use crate::graph::{Graph, NodeId};
use crate::ident::Version;
use crate::manifest::Manifest;
use crate::operation::Migration;
use crate::state::replay::{self, Undone};
use crate::state::{Change, State};

/// The two ways of a plan, as nodes: downs first.
struct Ways {
    down: Vec<NodeId>,
    up: Vec<NodeId>,
}

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
        found.extend(begin_with_it(&history, &mut ways));
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
    }
    if target == &Target::Zero && !state.is_empty() && !diagnostics.iter().any(Diagnostic::is_error) {
        diagnostics.extend(left_at_zero(&state));
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
    Ok(Plan { backend, direction, target: target.to_string(), from, to, start, steps, diagnostics })
}

fn sorted(versions: impl Iterator<Item = Version>) -> Vec<Version> {
    let mut versions: Vec<Version> = versions.collect();
    versions.sort_unstable();
    versions.dedup();
    versions
}

/// What stands after the last way down, with its maker where that is known.
fn left_at_zero(state: &State) -> Vec<Diagnostic> {
    let tables = state.tables();
    let tables = tables.iter().map(|table| format!("table `{}`", table.name));
    let views = state.views().iter().map(|view| format!("view `{}`", view.name));
    let triggers = state.triggers().iter().map(|trigger| format!("trigger `{}`", trigger.name));
    tables
        .chain(views)
        .chain(triggers)
        .map(|what| {
            Diagnostic::new(Code::LeftAtZero, format!("{what} still stands at version 0"))
                .on(state.backend())
                .going(Direction::Down)
                .help("a way down does not undo what its way up made: mend its `down`")
        })
        .collect()
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
    Step {
        version: row.version,
        name: row.name.clone(),
        direction: Direction::Down,
        derived: !parts.iter().any(|part| part.authored),
        reversal: replay::reversal(past.body, undone),
        transaction: past.body.transaction,
        position: row.position,
        body: Arc::clone(past.body),
        requires: row.requires.clone(),
        parts,
        left_out: Vec::new(),
        span: past.span,
        from: Place::default(),
        turned: None,
        resumed: false,
        edited: !Arc::ptr_eq(past.body, &row.body),
        skip_statements: match row.state {
            RowState::Reverting if past.half.is_none() => row.progress.as_ref().map_or(0, |progress| progress.done),
            RowState::Reverting | RowState::Applied | RowState::Applying => 0,
        },
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
    Step {
        version: migration.version,
        name: migration.name.clone(),
        direction: Direction::Up,
        derived: !replayed.parts.iter().any(|part| part.authored),
        reversal,
        transaction: migration.body.transaction,
        position,
        body: Arc::clone(&migration.body),
        requires: migration.requires.iter().map(|requirement| requirement.name.clone()).collect(),
        parts: replayed.parts,
        left_out: Vec::new(),
        span: migration.span,
        from: Place::default(),
        turned: None,
        resumed: false,
        edited: false,
        skip_statements: 0,
    }
}

/// Where an interrupted migration goes on from, or back; an error where what ran was edited.
fn set_off(past: &Past<'_>, half: &Half, step: &mut Step, found: &mut Vec<Diagnostic>) {
    if past.row.progress.as_ref().is_some_and(|progress| progress.unknown.is_some()) {
        // First a person has to say whether that statement ran: the run asks for it.
        step.from = half.goes_on();
        return;
    }
    let on = if past.row.state == RowState::Reverting { Direction::Down } else { Direction::Up };
    let place = if step.direction == on { Some(half.goes_on()) } else { half.goes_back() };
    let Some(place) = place else {
        found.push(back_out::half_way(past.row, past.span));
        return;
    };
    step.from = place;
    step.resumed = step.direction == on;
    step.turned = if step.direction == on { half.turned() } else { Some(half.goes_on()) };
    let now: Vec<Change> = step.parts.iter().flat_map(|part| part.changes.iter().cloned()).collect();
    found.extend(half.still_begins(past.row, &now, place, step.direction, past.span));
}

/// The journal has room for one migration, so an interrupted one is the first step of all; a plan that goes down before it
/// could go on up passes it by.
fn begin_with_it(history: &History<'_>, ways: &mut Ways) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for past in history.past.iter().filter(|past| past.half.is_some()) {
        let first = |nodes: &mut Vec<NodeId>| {
            let at = nodes.iter().position(|node| *node == past.node);
            if let Some(nodes) = at.and_then(|at| nodes.get_mut(..=at)) {
                nodes.rotate_right(1);
            }
            at.is_some()
        };
        if !first(&mut ways.down) && first(&mut ways.up) && !ways.down.is_empty() {
            found.push(resume::passed_by(past.row, past.span));
        }
    }
    found
}

/// What is on its way down, and cannot be taken back from where it stands, is undone to its end before it is applied again.
fn finish_first(history: &History<'_>, ways: &mut Ways) {
    for past in &history.past {
        let reverting = past.half.as_ref().filter(|_| past.row.state == RowState::Reverting);
        let stuck = reverting.is_some_and(|half| half.goes_back().is_none());
        if stuck && ways.up.contains(&past.node) && !ways.down.contains(&past.node) {
            ways.down.insert(0, past.node);
        }
    }
}

/// Which nodes go down and which go up, in order.
fn choose(
    manifest: &Manifest,
    graph: &Graph,
    history: &History<'_>,
    applied: &HashSet<NodeId>,
    target: &Target,
    contradicted: bool,
) -> Result<Ways, PlanError> {
    let in_ledger: Vec<NodeId> = history.past.iter().map(|past| past.node).collect();
    let ledger: HashSet<NodeId> = in_ledger.iter().copied().collect();
    let is_applied = |node: &NodeId| applied.contains(node);
    let up = |nodes: Vec<NodeId>| {
        let pending: Vec<NodeId> = nodes.into_iter().filter(|node| !is_applied(node)).collect();
        // Of a circle there is no order; the graph's diagnostics say so.
        graph.order_up(&pending).unwrap_or_default()
    };
    let down = |nodes: &[NodeId]| order_down(history, nodes, contradicted);
    let all = || graph.nodes().filter(|node| is_first(manifest, graph, *node)).collect::<Vec<_>>();
    let none = Vec::new;
    Ok(match target {
        Target::Latest => Ways { down: none(), up: up(all()) },
        Target::Zero => Ways { down: down(&in_ledger), up: none() },
        Target::Version(version) => {
            if history.graph.versioned(*version).is_none() {
                let below = manifest.migrations.iter().rev().find(|migration| migration.version < *version);
                return Err(PlanError::NoVersion {
                    version: *version,
                    nearest: below.map(|migration| migration.version.to_string()),
                });
            }
            let wanted: Vec<NodeId> = all()
                .into_iter()
                .filter(|node| manifest.migrations.get(node.0).is_some_and(|m| m.version <= *version))
                .collect();
            let wanted = graph.with_requirements(wanted);
            let keep: HashSet<NodeId> = wanted.iter().copied().collect();
            let beyond = history.past.iter().filter(|past| {
                // An orphan is judged by its version alone.
                !keep.contains(&past.node) && (past.node.0 < manifest.migrations.len() || past.row.version > *version)
            });
            let beyond: Vec<NodeId> = beyond.map(|past| past.node).collect();
            // What requires something that goes must go too.
            let closed = history.graph.with_dependents(beyond);
            let closed: Vec<NodeId> = closed.into_iter().filter(|node| ledger.contains(node)).collect();
            Ways { down: down(&closed), up: up(wanted) }
        }
        Target::Up(count) => {
            let mut order = up(all());
            order.truncate(*count);
            Ways { down: none(), up: order }
        }
        Target::Down(count) => {
            let mut order = down(&in_ledger);
            order.truncate(*count);
            Ways { down: order, up: none() }
        }
        Target::Redo(count) => {
            let mut order = down(&in_ledger);
            order.truncate(*count);
            let back = order.iter().copied().filter(|node| node.0 < manifest.migrations.len()).collect::<Vec<_>>();
            Ways { up: graph.order_up(&back).unwrap_or_default(), down: order }
        }
        Target::UpName(name) => {
            let node = graph.named(name).ok_or_else(|| no_name(manifest, name))?;
            Ways { down: none(), up: up(graph.with_requirements([node])) }
        }
        Target::DownName(name) => {
            let node = history.graph.named(name).ok_or_else(|| no_name(manifest, name))?;
            if !ledger.contains(&node) {
                return Err(PlanError::NotApplied { name: name.clone() });
            }
            let closed = history.graph.with_dependents([node]);
            let closed: Vec<NodeId> = closed.into_iter().filter(|node| ledger.contains(node)).collect();
            Ways { down: down(&closed), up: none() }
        }
    })
}

/// Of two nodes with one version, only the first can be run.
fn is_first(manifest: &Manifest, graph: &Graph, node: NodeId) -> bool {
    manifest.migrations.get(node.0).is_some_and(|migration| graph.versioned(migration.version) == Some(node))
}

/// The way down of a set of applied nodes. Where history contradicts the graph (or the graph
/// has circles), the reverse of history is the way that surely works.
fn order_down(history: &History<'_>, nodes: &[NodeId], contradicted: bool) -> Vec<NodeId> {
    let position: HashMap<NodeId, i64> = history.past.iter().map(|past| (past.node, past.row.position)).collect();
    let at = |node: NodeId| position.get(&node).copied().unwrap_or_default();
    let ordered = if contradicted { None } else { history.graph.order_down(nodes, at).ok() };
    ordered.unwrap_or_else(|| {
        let mut nodes = nodes.to_vec();
        nodes.sort_unstable_by_key(|node| std::cmp::Reverse(at(*node)));
        nodes
    })
}

fn no_name(manifest: &Manifest, name: &str) -> PlanError {
    let nearest = manifest
        .migrations
        .iter()
        .map(|migration| (strsim::damerau_levenshtein(name, &migration.name), &migration.name))
        .filter(|(distance, other)| *distance <= 1 + other.len() / 4)
        .min();
    PlanError::NoName { name: name.to_owned(), nearest: nearest.map(|(_, name)| name.clone()) }
}
