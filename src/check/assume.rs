//! Edges that are missing so plainly that the first replay fails without them: a node
//! needs what an unordered node makes. Each is reported, assumed, and the check goes on.

use std::collections::HashSet;

use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, Fix};
use crate::graph::{Graph, NodeId};
use crate::operation::{Kind, Migration, Operation};
use crate::state::State;
use crate::state::replay;

/// At most so many edges are assumed, and so many makers tried for each.
const MOST_EDGES: usize = 100;
const MOST_MAKERS: usize = 20;

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
        match maker(migrations, &assumed.graph, backend, node, &finding, &order) {
            Some((maker, with)) => {
                assumed.graph = with;
                assumed.diagnostics.push(report(migrations, backend, node, maker, &finding, &order));
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

const fn depends_on_others(code: Code) -> bool {
    matches!(
        code,
        Code::UnknownTable
            | Code::UnknownColumn
            | Code::UnknownIndex
            | Code::UnknownConstraint
            | Code::AlreadyExists
            | Code::StillReferenced
            | Code::TypeMismatch
    )
}

/// A node after which the failing one works, and the graph with that edge.
fn maker(
    migrations: &[Migration],
    graph: &Graph,
    backend: Backend,
    node: NodeId,
    finding: &Diagnostic,
    order: &[NodeId],
) -> Option<(NodeId, Graph)> {
    let at = order.iter().position(|other| *other == node)?;
    let dependents: HashSet<NodeId> = graph.with_dependents([node]).into_iter().collect();
    let needed = names(&migrations.get(node.0)?.body.up);
    let later = order.get(at + 1..)?.iter().copied().filter(|other| !dependents.contains(other));
    let candidates = later.filter(|other| {
        migrations.get(other.0).is_some_and(|migration| !needed.is_disjoint(&names(&migration.body.up)))
    });
    for other in candidates.take(MOST_MAKERS) {
        let with = graph.with_edge(other, node);
        let all: Vec<NodeId> = with.nodes().collect();
        let Ok(order) = with.order_up(&all) else { continue };
        let still = failures(migrations, &order, backend, node);
        if !still.iter().any(|other| other.code == finding.code && other.message == finding.message) {
            return Some((other, with));
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

/// The tables that operations speak of, by bare name.
fn names(operations: &[Operation]) -> HashSet<String> {
    let mut names = HashSet::new();
    for operation in operations {
        match &operation.kind {
            Kind::CreateTable(def) => {
                names.insert(def.table.name.clone());
                names.extend(def.columns.iter().filter_map(|c| c.references.as_ref()).map(|r| r.table.name.clone()));
                names.extend(def.foreign_keys.iter().map(|key| key.table.name.clone()));
            }
            Kind::RenameTable { table, to } => names.extend([table.name.clone(), to.clone()]),
            Kind::AddColumn { table, column } => {
                names.insert(table.name.clone());
                names.extend(column.references.iter().map(|references| references.table.name.clone()));
            }
            Kind::DropColumn { columns, .. } => names.extend(columns.iter().map(|column| column.table.name.clone())),
            Kind::RenameColumn { column, .. } | Kind::AlterColumn { column, .. } => {
                names.insert(column.table.name.clone());
            }
            Kind::AddForeignKey { on, foreign_key } => {
                names.extend([on.name.clone(), foreign_key.table.name.clone()]);
            }
            Kind::CreateIndex { on, .. }
            | Kind::DropIndex { on, .. }
            | Kind::RenameIndex { on, .. }
            | Kind::DropForeignKey { on, .. }
            | Kind::AddCheck { on, .. }
            | Kind::DropCheck { on, .. }
            | Kind::AddUnique { on, .. }
            | Kind::DropUnique { on, .. } => _ = names.insert(on.name.clone()),
            Kind::DropTable { table }
            | Kind::AddPrimaryKey { table, .. }
            | Kind::DropPrimaryKey { table }
            | Kind::Insert { table, .. }
            | Kind::Update { table, .. }
            | Kind::Delete { table, .. } => _ = names.insert(table.name.clone()),
            Kind::Sql { .. } | Kind::Note { .. } => {}
        }
    }
    names
}

fn report(
    migrations: &[Migration],
    backend: Backend,
    node: NodeId,
    maker: NodeId,
    finding: &Diagnostic,
    order: &[NodeId],
) -> Diagnostic {
    let name = |node: NodeId| migrations.get(node.0).map_or("", |migration| migration.name.as_str());
    let (user, made) = (name(node), name(maker));
    let mut diagnostic =
        Diagnostic::new(Code::UnorderedConflict, format!("`{user}` needs what `{made}` does, and nothing orders them"))
            .of(user)
            .on(backend)
            .note(format!("the order by version is allowed and breaks: {user}: {}", finding.message))
            .help(format!("add `requires = [\"{made}\"]` to {user} (dbmigrate check --fix)"));
    diagnostic.labels.clone_from(&finding.labels);
    if let Some(first) = diagnostic.labels.first_mut().filter(|label| label.text.is_empty()) {
        first.text = format!("needs `{made}`");
    }
    if let Some(migration) = migrations.get(maker.0) {
        diagnostic = diagnostic.at(migration.span, format!("`{made}`"));
    }
    diagnostic.related.push(made.to_owned());
    diagnostic.witness = Some(order.iter().map(|node| name(*node).to_owned()).collect());
    diagnostic.fix = Some(Fix { migration: user.to_owned(), requires: made.to_owned() });
    diagnostic
}
