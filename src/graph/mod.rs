//! The graph of migrations: who comes before whom. petgraph stays inside; nodes are
//! [`NodeId`]s, indices into the migrations it was built from.

mod build;
mod order;
mod reach;

use std::collections::HashMap;

use petgraph::graph::{DiGraph, NodeIndex};

use crate::ident::Version;

pub use order::Cyclic;
pub use reach::Reach;

/// A node: the index of its migration in the slice the graph was built from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub usize);

/// The graph of migrations. Edges run from a requirement to what requires it.
#[derive(Debug, Clone)]
pub struct Graph {
    inner: DiGraph<Version, ()>,
    by_name: HashMap<String, NodeId>,
    by_version: HashMap<Version, NodeId>,
}

impl Graph {
    /// How many nodes it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.node_count()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner.node_count() == 0
    }

    /// All nodes, by version.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.inner.node_count()).map(NodeId)
    }

    /// A node by its name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<NodeId> {
        self.by_name.get(name).copied()
    }

    /// A node by its version.
    #[must_use]
    pub fn versioned(&self, version: Version) -> Option<NodeId> {
        self.by_version.get(&version).copied()
    }

    /// What a node requires directly.
    pub fn requirements(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.inner
            .neighbors_directed(NodeIndex::new(node.0), petgraph::Direction::Incoming)
            .map(|index| NodeId(index.index()))
    }

    /// What requires a node directly.
    pub fn dependents(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.inner
            .neighbors_directed(NodeIndex::new(node.0), petgraph::Direction::Outgoing)
            .map(|index| NodeId(index.index()))
    }

    /// Nodes that nothing requires, by version.
    pub fn heads(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.nodes().filter(|node| self.dependents(*node).next().is_none())
    }

    /// The nodes given and all that they require, directly or not. Iterative, any depth.
    #[must_use]
    pub fn with_requirements(&self, nodes: impl IntoIterator<Item = NodeId>) -> Vec<NodeId> {
        self.closure(nodes, petgraph::Direction::Incoming)
    }

    /// The nodes given and all that require them, directly or not. Iterative, any depth.
    #[must_use]
    pub fn with_dependents(&self, nodes: impl IntoIterator<Item = NodeId>) -> Vec<NodeId> {
        self.closure(nodes, petgraph::Direction::Outgoing)
    }

    fn closure(&self, nodes: impl IntoIterator<Item = NodeId>, direction: petgraph::Direction) -> Vec<NodeId> {
        let mut seen = vec![false; self.len()];
        let mut stack: Vec<NodeId> = nodes.into_iter().collect();
        let mut found = Vec::new();
        while let Some(node) = stack.pop() {
            match seen.get_mut(node.0) {
                Some(flag) if !*flag => *flag = true,
                _ => continue,
            }
            found.push(node);
            let next = self.inner.neighbors_directed(NodeIndex::new(node.0), direction);
            stack.extend(next.map(|index| NodeId(index.index())));
        }
        found.sort_unstable();
        found
    }
}
