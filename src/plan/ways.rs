//! From a target to what goes down and what goes up.

use std::collections::{HashMap, HashSet};

use super::history::History;
use super::{PlanError, Target};
use crate::diagnostic::nearest;
use crate::graph::{Graph, NodeId};
use crate::manifest::Manifest;

/// The two ways of a plan, as nodes: downs first.
pub(super) struct Ways {
    pub(super) down: Vec<NodeId>,
    pub(super) up: Vec<NodeId>,
    /// Something is to be applied, or would be if the graph had an order for it.
    pub(super) wants_up: bool,
}

impl Ways {
    fn down(down: Vec<NodeId>) -> Self {
        Self { down, up: Vec::new(), wants_up: false }
    }

    fn up(up: Vec<NodeId>) -> Self {
        Self { down: Vec::new(), up, wants_up: true }
    }
}

/// Which nodes go down and which go up, in order.
pub(super) fn choose(
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
    Ok(match target {
        Target::Latest => Ways::up(up(all())),
        Target::Zero => Ways::down(down(&in_ledger)),
        Target::Version(version) => {
            if history.graph.versioned(*version).is_none() {
                let below = manifest.migrations.iter().rev().find(|migration| migration.version < *version);
                return Err(PlanError::NoVersion {
                    version: *version,
                    nearest: below.map(|migration| migration.version.to_string()),
                });
            }
            let within = |node: &NodeId| manifest.migrations.get(node.0).is_some_and(|m| m.version <= *version);
            let wanted = graph.with_requirements(all().into_iter().filter(within));
            let keep: HashSet<NodeId> = wanted.iter().copied().collect();
            let beyond = history.past.iter().filter(|past| {
                // An orphan is judged by its version alone.
                !keep.contains(&past.node) && (past.node.0 < manifest.migrations.len() || past.row.version > *version)
            });
            let beyond: Vec<NodeId> = beyond.map(|past| past.node).collect();
            // What requires something that goes must go too.
            let closed = history.graph.with_dependents(beyond);
            let closed: Vec<NodeId> = closed.into_iter().filter(|node| ledger.contains(node)).collect();
            let down = down(&closed);
            // What only goes down must stay possible, whatever is wrong with the graph.
            let applied = graph.nodes().filter(within).chain(wanted.iter().copied()).all(|node| is_applied(&node));
            Ways { wants_up: down.is_empty() || !applied, down, up: up(wanted) }
        }
        Target::Up(count) => {
            let mut order = up(all());
            order.truncate(*count);
            Ways::up(order)
        }
        Target::Down(count) => {
            let mut order = down(&in_ledger);
            order.truncate(*count);
            Ways::down(order)
        }
        Target::Redo(count) => {
            let mut order = down(&in_ledger);
            order.truncate(*count);
            let back = order.iter().copied().filter(|node| node.0 < manifest.migrations.len()).collect::<Vec<_>>();
            Ways { up: graph.order_up(&back).unwrap_or_default(), down: order, wants_up: true }
        }
        Target::UpName(name) => {
            let node = graph.named(name).ok_or_else(|| no_name(manifest, name))?;
            Ways::up(up(graph.with_requirements([node])))
        }
        Target::DownName(name) => {
            let node = history.graph.named(name).ok_or_else(|| no_name(manifest, name))?;
            if !ledger.contains(&node) {
                return Err(PlanError::NotApplied { name: name.clone() });
            }
            let closed = history.graph.with_dependents([node]);
            let closed: Vec<NodeId> = closed.into_iter().filter(|node| ledger.contains(node)).collect();
            Ways::down(down(&closed))
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
    let nearest = nearest(name, manifest.migrations.iter().map(|migration| migration.name.as_str()));
    PlanError::NoName { name: name.to_owned(), nearest: nearest.map(str::to_owned) }
}
