//! Witnesses: orders that the graph allows, replayed to see whether they break.

use std::collections::HashSet;

use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, Direction};
use crate::graph::{Graph, NodeId};
use crate::operation::Migration;
use crate::state::State;
use crate::state::replay;

/// What an order does that the first one does not.
#[derive(Debug)]
pub(super) enum Broken {
    /// A way up or down fails.
    Fails {
        node: NodeId,
        /// Which way.
        direction: Direction,
        /// What is wrong.
        finding: Box<Diagnostic>,
    },
    /// It ends in another schema.
    Differs {
        /// Facts of the first order's schema that are not there then.
        gone: Vec<String>,
        /// Facts that are there instead.
        new: Vec<String>,
    },
}

/// The order in which `node` comes as late as the graph allows.
pub(super) fn late(graph: &Graph, node: NodeId) -> Option<Vec<NodeId>> {
    let after: HashSet<NodeId> = graph.with_dependents([node]).into_iter().collect();
    let (rest, own): (Vec<NodeId>, Vec<NodeId>) = graph.nodes().partition(|other| !after.contains(other));
    let mut order = graph.order_up(&rest).ok()?;
    order.extend(graph.order_up(&own).ok()?);
    Some(order)
}

/// The order in which `node` comes as early as the graph allows.
pub(super) fn early(graph: &Graph, node: NodeId) -> Option<Vec<NodeId>> {
    let before: HashSet<NodeId> = graph.with_requirements([node]).into_iter().collect();
    let (own, rest): (Vec<NodeId>, Vec<NodeId>) = graph.nodes().partition(|other| before.contains(other));
    let mut order = graph.order_up(&own).ok()?;
    order.extend(graph.order_up(&rest).ok()?);
    Some(order)
}

/// Replays an order up and, in reverse, down. `known` are findings of the first replay: what is wrong
/// in every order is not this one's doing. `end` is the state that the first replay ends in,
/// where that ran.
pub(super) fn try_order(
    migrations: &[Migration],
    order: &[NodeId],
    backend: Backend,
    known: &HashSet<(Code, String)>,
    end: Option<&State>,
) -> Option<Broken> {
    let mut state = State::empty(backend);
    let mut undone = Vec::with_capacity(order.len());
    for node in order {
        let migration = migrations.get(node.0)?;
        let mut found = Vec::new();
        let replayed = replay::up(&mut state, &migration.name, &migration.body, &mut found);
        if let Some(finding) = first_new(found, known) {
            return Some(Broken::Fails { node: *node, direction: Direction::Up, finding: Box::new(finding) });
        }
        undone.push(replayed.undone);
    }
    let [gone, new] = end.map(|end| end.facts_apart(&state)).unwrap_or_default();
    if !gone.is_empty() || !new.is_empty() {
        return Some(Broken::Differs { gone, new });
    }
    for (node, undone) in order.iter().zip(&undone).rev() {
        let migration = migrations.get(node.0)?;
        let mut found = Vec::new();
        replay::down(&mut state, &migration.name, &migration.body, undone, migration.span, &mut found);
        if let Some(finding) = first_new(found, known) {
            return Some(Broken::Fails { node: *node, direction: Direction::Down, finding: Box::new(finding) });
        }
    }
    None
}

fn first_new(found: Vec<Diagnostic>, known: &HashSet<(Code, String)>) -> Option<Diagnostic> {
    found
        .into_iter()
        .find(|diagnostic| diagnostic.is_error() && !known.contains(&(diagnostic.code, diagnostic.message.clone())))
}
