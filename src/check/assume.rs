//! Edges that are missing so plainly that the first replay fails without them: a node
//! needs what an unordered node makes. Each is reported, assumed, and the check goes on.

use std::collections::HashSet;

use super::blame::{self, Blame};
use super::related::{depends_on_others, related_migrations};
use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, Fix, Span};
use crate::graph::{Graph, NodeId};
use crate::operation::Migration;
use crate::state::replay;
use crate::state::{Change, State};

/// At most so many edges are assumed.
const MOST_EDGES: usize = 100;

/// The graph with the edges that had to be assumed, and a finding for each.
#[derive(Debug)]
pub(super) struct Assumed {
    pub(super) graph: Graph,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Replays the first order; while it fails in a node that would not fail after another one that
/// nothing orders, that edge is assumed.
pub(super) fn missing_edges(migrations: &[Migration], graph: &Graph, backend: Backend) -> Assumed {
    let mut assumed = Assumed { graph: graph.clone(), diagnostics: Vec::new() };
    let mut hopeless: HashSet<NodeId> = HashSet::new();
    while assumed.diagnostics.len() < MOST_EDGES {
        let all: Vec<NodeId> = assumed.graph.nodes().collect();
        let Ok(order) = assumed.graph.order_up(&all) else { break };
        let Some((node, finding)) = first_failure(migrations, &order, backend, &hopeless) else { break };
        let missing = maker(migrations, &assumed.graph, backend, node, &finding, &order)
            .or_else(|| remover(migrations, &assumed.graph, backend, node, &finding, &order));
        match missing {
            Some(missing) => {
                assumed.diagnostics.push(report(migrations, backend, node, &missing, &finding, &order));
                assumed.graph = missing.with;
            }
            None => _ = hopeless.insert(node),
        }
    }
    assumed
}

/// The first node in which an order fails, and how; nodes known to be hopeless are passed over.
fn first_failure(
    migrations: &[Migration],
    order: &[NodeId],
    backend: Backend,
    hopeless: &HashSet<NodeId>,
) -> Option<(NodeId, Diagnostic)> {
    let mut state = State::empty(backend);
    for node in order {
        let migration = migrations.get(node.0)?;
        let mut found = Vec::new();
        replay::up(&mut state, &migration.name, &migration.body, &mut found);
        let failure = found.into_iter().find(|found| found.is_error() && depends_on_others(found.code));
        if let Some(failure) = failure.filter(|_| !hopeless.contains(node)) {
            return Some((*node, failure));
        }
    }
    None
}

/// An edge without which a node fails.
struct Missing {
    /// The node that comes before.
    first: NodeId,
    /// The node that requires it.
    second: NodeId,
    /// The graph with that edge.
    with: Graph,
}

/// A node after which the failing one works.
fn maker(
    migrations: &[Migration],
    graph: &Graph,
    backend: Backend,
    node: NodeId,
    finding: &Diagnostic,
    order: &[NodeId],
) -> Option<Missing> {
    let at = order.iter().position(|other| *other == node)?;
    let dependents: HashSet<NodeId> = graph.with_dependents([node]).into_iter().collect();
    let later = order.get(at + 1..)?.iter().copied().filter(|other| !dependents.contains(other));
    let edges = related_migrations(migrations, node, later).into_iter().map(|other| (other, node));
    mends(migrations, graph, backend, node, finding, edges)
}

/// A node before which the failing one works: it took away what this one needs, or took its name.
fn remover(
    migrations: &[Migration],
    graph: &Graph,
    backend: Backend,
    node: NodeId,
    finding: &Diagnostic,
    order: &[NodeId],
) -> Option<Missing> {
    let at = order.iter().position(|other| *other == node)?;
    let required: HashSet<NodeId> = graph.with_requirements([node]).into_iter().collect();
    let earlier = order.get(..at)?.iter().rev().copied().filter(|other| !required.contains(other));
    let edges = related_migrations(migrations, node, earlier).into_iter().map(|other| (node, other));
    mends(migrations, graph, backend, node, finding, edges)
}

/// The first of some edges with which a node does not fail any more as it did.
fn mends(
    migrations: &[Migration],
    graph: &Graph,
    backend: Backend,
    node: NodeId,
    finding: &Diagnostic,
    edges: impl Iterator<Item = (NodeId, NodeId)>,
) -> Option<Missing> {
    let all: Vec<NodeId> = graph.nodes().collect();
    let was = failures(migrations, &graph.order_up(&all).ok()?, backend, node);
    for (first, second) in edges {
        let with = graph.with_edge(first, second);
        let all: Vec<NodeId> = with.nodes().collect();
        let Ok(order) = with.order_up(&all) else { continue };
        // The other must not break instead.
        let still = failures(migrations, &order, backend, node);
        let other = if first == node { second } else { first };
        let instead = failures(migrations, &order, backend, other);
        let same = |found: &Diagnostic| found.says_the_same(finding);
        // Nor may the node break in another way.
        let new =
            |found: &Diagnostic| !was.iter().any(|other| other.code == found.code && other.message == found.message);
        if !still.iter().any(|found| same(found) || new(found))
            && !instead.iter().any(|found| depends_on_others(found.code))
        {
            return Some(Missing { first, second, with });
        }
    }
    None
}

/// The errors of one node in an order.
fn failures(migrations: &[Migration], order: &[NodeId], backend: Backend, node: NodeId) -> Vec<Diagnostic> {
    let mut state = State::empty(backend);
    for other in order {
        let Some(migration) = migrations.get(other.0) else { continue };
        let mut found = Vec::new();
        replay::up(&mut state, &migration.name, &migration.body, &mut found);
        if *other == node {
            return found.into_iter().filter(Diagnostic::is_error).collect();
        }
    }
    Vec::new()
}

/// Whose doing the failure is, among the earlier ones.
fn earlier_of<'m>(
    migrations: &'m [Migration],
    order: &[NodeId],
    backend: Backend,
    node: NodeId,
    finding: &Diagnostic,
) -> Option<Blame<'m>> {
    let at = order.iter().position(|other| *other == node)?;
    blame::earlier(migrations, order, at, backend, finding)
}

/// Where the node that was missing makes what the failing one needs.
fn makes_it(
    migrations: &[Migration],
    missing: &Missing,
    backend: Backend,
    node: NodeId,
    finding: &Diagnostic,
) -> Option<Span> {
    let (maker, user) = (migrations.get(missing.first.0)?, migrations.get(node.0)?);
    let before: Vec<NodeId> = missing.with.with_requirements([missing.first]);
    let mut state = State::empty(backend);
    for other in missing.with.order_up(&before).ok()?.into_iter().filter(|other| *other != missing.first) {
        let other = migrations.get(other.0)?;
        replay::up(&mut state, &other.name, &other.body, &mut Vec::new());
    }
    let (mut changes, mut after) = (Vec::new(), state.clone());
    let mut watch = |_: &State, change: &Change, span: Span| changes.push((change.clone(), span));
    replay::up_watched(&mut after, &maker.name, &maker.body, &mut Vec::new(), &mut watch);
    for (change, span) in changes {
        let _ = state.apply(&change);
        let mut found = Vec::new();
        replay::up(&mut state.clone(), &user.name, &user.body, &mut found);
        if !found.iter().any(|other| other.says_the_same(finding)) {
            return Some(span);
        }
    }
    None
}

fn report(
    migrations: &[Migration],
    backend: Backend,
    node: NodeId,
    missing: &Missing,
    finding: &Diagnostic,
    order: &[NodeId],
) -> Diagnostic {
    let name = |node: NodeId| migrations.get(node.0).map_or("", |migration| migration.name.as_str());
    let (first, second) = (name(missing.first), name(missing.second));
    let needs_maker = node == missing.second;
    let message = if needs_maker {
        format!("`{second}` needs what `{first}` does, and nothing orders them")
    } else {
        format!("`{first}` needs what `{second}` takes away, and nothing orders them")
    };
    let mut diagnostic = Diagnostic::new(Code::UnorderedConflict, message)
        .of(second)
        .on(backend)
        .note(format!("the order by version is allowed and breaks: {}: {}", name(node), finding.message))
        .help(format!("add `requires = [\"{first}\"]` to {second} (`dbmigrate check --fix`)"));
    diagnostic.labels.clone_from(&finding.labels);
    let other = if needs_maker { missing.first } else { missing.second };
    if let Some(label) = diagnostic.labels.first_mut().filter(|label| label.text.is_empty()) {
        label.text = if needs_maker { format!("needs `{first}`") } else { format!("fails after `{second}`") };
    }
    let blame = if needs_maker { None } else { earlier_of(migrations, order, backend, node, finding) };
    if let Some(blame) = blame.filter(|blame| blame.migration.name == name(other)) {
        diagnostic = diagnostic.at(blame.span, blame.told());
    } else if let Some(migration) = migrations.get(other.0) {
        let makes = makes_it(migrations, missing, backend, node, finding).filter(|_| needs_maker);
        diagnostic = diagnostic.at(makes.unwrap_or(migration.span), format!("`{}`", name(other)));
    }
    diagnostic.related.push(first.to_owned());
    diagnostic.witness = Some(order.iter().map(|node| name(*node).to_owned()).collect());
    diagnostic.fix = Some(Fix { migration: second.to_owned(), requires: first.to_owned() });
    diagnostic
}
