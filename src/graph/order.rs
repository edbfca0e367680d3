//! Topological orders: on the way up nearest to version order, on the way down the
//! reverse with the highest position first. Kahn's algorithm (Kahn 1962) with a heap
//! on the key; no recursion, so a chain of any length is fine.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use petgraph::Direction;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::NodeIndex;

use super::{Graph, NodeId};

/// The graph has cycles, so there is no order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the migrations require each other in a circle")]
pub struct Cyclic;

impl Graph {
    /// The way up for a set of nodes: requirements first, among the free nodes the lowest
    /// version first. Requirements outside the set do not count.
    ///
    /// # Errors
    ///
    /// [`Cyclic`], if nodes of the set require each other in a circle.
    pub fn order_up(&self, set: &[NodeId]) -> Result<Vec<NodeId>, Cyclic> {
        self.order(set, Direction::Incoming, |node| Reverse(self.inner.node_weight(NodeIndex::new(node.0)).copied()))
    }

    /// The way down for a set of nodes: what requires a node first, among the free nodes
    /// the one with the highest `position` first.
    ///
    /// # Errors
    ///
    /// [`Cyclic`], if nodes of the set require each other in a circle.
    pub fn order_down(&self, set: &[NodeId], position: impl Fn(NodeId) -> i64) -> Result<Vec<NodeId>, Cyclic> {
        self.order(set, Direction::Outgoing, position)
    }

    /// Whether the graph allows one order only: each node requires the one before it.
    #[must_use]
    pub fn has_one_order(&self) -> bool {
        let all: Vec<NodeId> = self.nodes().collect();
        // A topological order is the only one exactly where each of its nodes is followed by one that requires it.
        self.order_up(&all).is_ok_and(|order| {
            order.windows(2).all(|pair| match pair {
                [before, after] => self.requirements(*after).any(|required| required == *before),
                _ => true,
            })
        })
    }

    fn order<K: Ord>(
        &self,
        set: &[NodeId],
        before: Direction,
        key: impl Fn(NodeId) -> K,
    ) -> Result<Vec<NodeId>, Cyclic> {
        const OUTSIDE: usize = usize::MAX;
        let mut waits_for = vec![OUTSIDE; self.len()];
        for node in set {
            if let Some(slot) = waits_for.get_mut(node.0) {
                *slot = 0;
            }
        }
        let inside: Vec<NodeId> =
            waits_for.iter().enumerate().filter(|(_, n)| **n == 0).map(|(at, _)| NodeId(at)).collect();
        for node in &inside {
            for other in self.inner.neighbors_directed(NodeIndex::new(node.0), before.opposite()) {
                if let Some(slot) = waits_for.get_mut(other.index()).filter(|slot| **slot != OUTSIDE) {
                    *slot += 1;
                }
            }
        }
        let is_free = |node: &NodeId, waits_for: &[usize]| waits_for.get(node.0) == Some(&0);
        let mut free: BinaryHeap<(K, NodeId)> =
            inside.iter().filter(|node| is_free(node, &waits_for)).map(|node| (key(*node), *node)).collect();
        let mut order = Vec::with_capacity(inside.len());
        while let Some((_, node)) = free.pop() {
            order.push(node);
            for other in self.inner.neighbors_directed(NodeIndex::new(node.0), before.opposite()) {
                let other = NodeId(other.index());
                if let Some(slot) = waits_for.get_mut(other.0).filter(|slot| **slot != OUTSIDE) {
                    *slot -= 1;
                    if *slot == 0 {
                        free.push((key(other), other));
                    }
                }
            }
        }
        if order.len() == inside.len() { Ok(order) } else { Err(Cyclic) }
    }

    /// Each cycle as the nodes on it, in the order they require each other, beginning
    /// with the lowest version. A node that requires itself is a cycle of one. One cycle is
    /// given for each strongly connected component (Kosaraju's algorithm: petgraph's is
    /// iterative, its Tarjan recurses).
    #[must_use]
    pub fn cycles(&self) -> Vec<Vec<NodeId>> {
        let mut cycles: Vec<Vec<NodeId>> = kosaraju_scc(&self.inner)
            .into_iter()
            .filter_map(|component| {
                let start = component.iter().copied().min()?;
                let is_loop = component.len() > 1 || self.inner.contains_edge(start, start);
                is_loop.then(|| self.shortest_cycle(start, &component))
            })
            .collect();
        cycles.sort_unstable();
        cycles
    }

    /// The shortest way from a node back to itself inside its component, along requirements.
    fn shortest_cycle(&self, start: NodeIndex, component: &[NodeIndex]) -> Vec<NodeId> {
        let inside: std::collections::HashSet<NodeIndex> = component.iter().copied().collect();
        let mut came_from = std::collections::HashMap::new();
        let mut queue = std::collections::VecDeque::from([start]);
        while let Some(node) = queue.pop_front() {
            for next in self.inner.neighbors_directed(node, Direction::Incoming) {
                if next == start {
                    let mut cycle = vec![NodeId(node.index())];
                    let mut at = node;
                    while let Some(previous) = came_from.get(&at).copied() {
                        cycle.push(NodeId(NodeIndex::index(previous)));
                        at = previous;
                    }
                    cycle.reverse();
                    return cycle;
                }
                if inside.contains(&next) && next != start && !came_from.contains_key(&next) {
                    came_from.insert(next, node);
                    queue.push_back(next);
                }
            }
        }
        vec![NodeId(start.index())]
    }
}
