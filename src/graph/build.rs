//! Building the graph, and what can be wrong with it: unknown requirements, cycles,
//! versions and names given twice, requirements that point to a later version.

use std::collections::HashMap;

use petgraph::graph::{DiGraph, NodeIndex};

use super::{Graph, NodeId};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::ident::Version;
use crate::operation::Migration;

impl Graph {
    /// The graph of `migrations` (sorted by version), and the problems found in it. With
    /// `linear`, each migration also requires the one before it.
    ///
    /// Of two nodes with one name, requirements mean the first.
    #[must_use]
    pub fn build(migrations: &[Migration], linear: bool) -> (Self, Vec<Diagnostic>) {
        let mut found = Vec::new();
        let mut graph = Self {
            inner: DiGraph::with_capacity(migrations.len(), migrations.len()),
            by_name: HashMap::with_capacity(migrations.len()),
            by_version: HashMap::with_capacity(migrations.len()),
        };
        for (at, migration) in migrations.iter().enumerate() {
            graph.inner.add_node(migration.version);
            graph.index(migrations, NodeId(at), &mut found);
        }
        for (at, migration) in migrations.iter().enumerate() {
            let mut seen = std::collections::HashSet::new();
            for requirement in &migration.requires {
                let Some(other) = graph.named(&requirement.name) else {
                    found.push(unknown_requirement(migrations, migration, requirement));
                    continue;
                };
                if !seen.insert(other) {
                    found.push(
                        Diagnostic::new(
                            Code::RedundantRequirement,
                            format!("`{}` requires `{}` twice", migration.name, requirement.name),
                        )
                        .of(&migration.name)
                        .at(requirement.span, "named before"),
                    );
                    continue;
                }
                graph.inner.add_edge(NodeIndex::new(other.0), NodeIndex::new(at), ());
                if let Some(required) = migrations.get(other.0).filter(|other| other.version > migration.version) {
                    let mut diagnostic = Diagnostic::new(
                        Code::VersionInversion,
                        format!("`{}` requires `{}`, which has a higher version", migration.name, required.name),
                    )
                    .of(&migration.name)
                    .at(requirement.span, format!("version {}", required.version));
                    // A file says its version in its name.
                    if migration.span.start < migration.span.end {
                        diagnostic = diagnostic.at(migration.span, format!("version {}", migration.version));
                    }
                    diagnostic.related.push(required.name.clone());
                    found.push(diagnostic);
                }
            }
            if linear && at > 0 && !seen.contains(&NodeId(at - 1)) {
                graph.inner.add_edge(NodeIndex::new(at - 1), NodeIndex::new(at), ());
            }
        }
        found.extend(graph.cycles().iter().map(|cycle| cycle_found(migrations, cycle, linear)));
        (graph, found)
    }

    /// The graph with more nodes, each with what it requires by name: migrations that a ledger knows and
    /// the manifest does not. They come after the nodes there are, in the order given.
    #[must_use]
    pub fn extended<'a>(&self, extra: impl IntoIterator<Item = (Version, &'a str, &'a [String])>) -> Self {
        let mut graph = self.clone();
        let mut edges = Vec::new();
        for (version, name, requires) in extra {
            let node = NodeId(graph.inner.add_node(version).index());
            graph.by_version.entry(version).or_insert(node);
            graph.by_name.entry(name.to_owned()).or_insert(node);
            edges.push((node, requires));
        }
        for (node, requires) in edges {
            for required in
                requires.iter().filter_map(|name| graph.named(name)).filter(|other| *other != node).collect::<Vec<_>>()
            {
                graph.inner.update_edge(NodeIndex::new(required.0), NodeIndex::new(node.0), ());
            }
        }
        graph
    }

    /// The graph with more edges.
    pub(crate) fn with_edges(&self, edges: impl Iterator<Item = (NodeId, NodeId)>) -> Self {
        let mut graph = self.clone();
        for (required, by) in edges.filter(|(required, by)| required.0 < self.len() && by.0 < self.len()) {
            graph.inner.update_edge(NodeIndex::new(required.0), NodeIndex::new(by.0), ());
        }
        graph
    }

    /// The graph with one more edge.
    #[must_use]
    pub fn with_edge(&self, required: NodeId, by: NodeId) -> Self {
        self.with_edges(std::iter::once((required, by)))
    }

    fn index(&mut self, migrations: &[Migration], node: NodeId, found: &mut Vec<Diagnostic>) {
        let Some(migration) = migrations.get(node.0) else { return };
        if let Some(first) = self.by_version.get(&migration.version).and_then(|at| migrations.get(at.0)) {
            found.push(
                duplicate(Code::DuplicateVersion, migration, first)
                    .help("give one of them another version: `dbmigrate create` takes the clock's"),
            );
        } else {
            self.by_version.insert(migration.version, node);
        }
        if let Some(first) = self.by_name.get(&migration.name).and_then(|at| migrations.get(at.0)) {
            found
                .push(duplicate(Code::DuplicateName, migration, first).help("names tell migrations apart: rename one"));
        } else {
            self.by_name.insert(migration.name.clone(), node);
        }
    }
}

fn duplicate(code: Code, migration: &Migration, first: &Migration) -> Diagnostic {
    let message = match code {
        Code::DuplicateVersion => {
            format!("`{}` and `{}` both have version {}", first.name, migration.name, migration.version)
        }
        _ => format!("versions {} and {} are both named `{}`", first.version, migration.version, migration.name),
    };
    let mut diagnostic = Diagnostic::new(code, message)
        .of(&migration.name)
        .at(migration.span, "this one")
        .at(first.span, "and this one");
    diagnostic.related.push(first.name.clone());
    diagnostic
}

fn unknown_requirement(
    migrations: &[Migration],
    migration: &Migration,
    requirement: &crate::operation::Requirement,
) -> Diagnostic {
    let wanted = &requirement.name;
    let diagnostic = Diagnostic::new(
        Code::UnknownRequirement,
        format!("`{}` requires `{wanted}`, which is no migration", migration.name),
    )
    .of(&migration.name)
    .at(requirement.span, "no migration of this name");
    if let Some(named) = wanted.parse().ok().and_then(|version| migrations.iter().find(|m| m.version == version)) {
        return diagnostic.help(format!("requirements are named, not numbered: `\"{}\"`", named.name));
    }
    let bare = wanted.split_once('_').filter(|(digits, _)| digits.bytes().all(|b| b.is_ascii_digit())).map(|(_, n)| n);
    match nearest(bare.unwrap_or(wanted), migrations.iter().map(|other| other.name.as_str())) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic,
    }
}

fn cycle_found(migrations: &[Migration], cycle: &[NodeId], linear: bool) -> Diagnostic {
    let nodes: Vec<&Migration> = cycle.iter().filter_map(|node| migrations.get(node.0)).collect();
    let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
    let first = names.first().copied().unwrap_or_default();
    let message = if let [only] = names.as_slice() {
        format!("`{only}` requires itself")
    } else {
        let around: Vec<String> = names.iter().chain([&first]).map(|name| format!("`{name}`")).collect();
        format!("migrations require each other in a circle: {}", around.join(" → "))
    };
    let mut diagnostic = Diagnostic::new(Code::DependencyCycle, message).of(first);
    for (at, node) in nodes.iter().enumerate() {
        let next = nodes.get((at + 1) % nodes.len()).map_or(first, |next| next.name.as_str());
        let span = node.requires.iter().find(|requirement| requirement.name == next).map(|found| found.span);
        diagnostic = diagnostic.at(span.unwrap_or(node.span), format!("`{}` requires `{next}`", node.name));
    }
    diagnostic.related = names.iter().skip(1).map(|name| (*name).to_owned()).collect();
    let diagnostic = diagnostic.help("take one of these requirements away");
    if linear {
        diagnostic.note("with `order = \"linear\"` each migration also requires the one before it")
    } else {
        diagnostic
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Span;
    use crate::graph::Cyclic;
    use crate::operation::{Body, Requirement};

    fn node(version: u128, name: &str, requires: &[&str]) -> Migration {
        Migration {
            version: Version::new(version).unwrap(),
            name: name.into(),
            description: None,
            requires: requires.iter().map(|n| Requirement { name: (*n).into(), span: Span::NONE }).collect(),
            body: std::sync::Arc::new(Body {
                up: vec![],
                down: None,
                transaction: true,
                backends: None,
                irreversible: None,
            }),
            span: Span::NONE,
            requires_span: Span::NONE,
        }
    }

    fn names(nodes: &[Migration], order: &[NodeId]) -> Vec<String> {
        order.iter().map(|id| nodes[id.0].name.clone()).collect()
    }

    #[test]
    fn the_way_up_is_nearest_to_version_order() {
        let nodes = [node(1, "a", &["c"]), node(2, "b", &[]), node(3, "c", &[]), node(4, "d", &["a", "b"])];
        let (graph, found) = Graph::build(&nodes, false);
        assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), [Code::VersionInversion]);
        let all: Vec<_> = graph.nodes().collect();
        assert_eq!(names(&nodes, &graph.order_up(&all).unwrap()), ["b", "c", "a", "d"]);
        let position = |id: NodeId| [3, 1, 2, 4][id.0];
        assert_eq!(names(&nodes, &graph.order_down(&all, position).unwrap()), ["d", "a", "c", "b"]);
    }

    #[test]
    fn a_cycle_is_named_whole_and_in_order() {
        let nodes = [node(1, "a", &["c"]), node(2, "b", &["a"]), node(3, "c", &["b"]), node(4, "self", &["self"])];
        let (graph, found) = Graph::build(&nodes, false);
        let cycles: Vec<_> =
            found.iter().filter(|d| d.code == Code::DependencyCycle).map(|d| d.message.clone()).collect();
        assert_eq!(
            cycles,
            ["migrations require each other in a circle: `a` → `c` → `b` → `a`", "`self` requires itself"]
        );
        let all: Vec<_> = graph.nodes().collect();
        assert_eq!(graph.order_up(&all), Err(Cyclic));
    }

    #[test]
    fn a_diamond_closes_both_ways() {
        let nodes = [node(1, "a", &[]), node(2, "b", &["a"]), node(3, "c", &["a"]), node(4, "d", &["b", "c"])];
        let (graph, _) = Graph::build(&nodes, false);
        assert_eq!(graph.with_requirements([NodeId(1)]), [NodeId(0), NodeId(1)]);
        assert_eq!(graph.with_dependents([NodeId(2)]), [NodeId(2), NodeId(3)]);
        assert_eq!(graph.heads().collect::<Vec<_>>(), [NodeId(3)]);
    }

    #[test]
    fn unknown_requirements_get_a_suggestion() {
        let nodes = [node(1, "create_users", &[]), node(2, "b", &["create_user"]), node(3, "c", &["1"])];
        let (_, found) = Graph::build(&nodes, false);
        let help: Vec<_> = found.iter().map(|d| d.help.clone().unwrap_or_default()).collect();
        assert_eq!(help, ["did you mean `create_users`?", "requirements are named, not numbered: `\"create_users\"`"]);
    }

    #[test]
    fn linear_order_chains_the_versions() {
        let nodes = [node(1, "a", &[]), node(2, "b", &[]), node(3, "c", &["a"])];
        let (graph, _) = Graph::build(&nodes, true);
        assert_eq!(graph.with_requirements([NodeId(2)]).len(), 3);
    }
}
