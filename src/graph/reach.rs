//! Reachability: does one node come before another in every order? Answered for many
//! pairs without n² memory, by interval labels (GRAIL: Yildirim, Chaoji and Zaki, 2010)
//! with a spanning forest for the quick yes, and for the rest a search from both ends that the labels prune.

use petgraph::Direction;
use petgraph::graph::NodeIndex;

use super::{Cyclic, Graph, NodeId};

/// Labels of a graph, for [`Reach::is_before`].
#[derive(Debug)]
pub struct Reach<'g> {
    graph: &'g Graph,
    labels: Vec<Labels>,
    dependents: Edges,
    requirements: Edges,
    /// Marks of the search, by the number of the query that set them: from the front, and from the back.
    seen: [Vec<u32>; 2],
    query: u32,
}

/// What is known of a node, together, since it is looked at together.
#[derive(Debug, Clone, Copy, Default)]
struct Labels {
    /// Place in one topological order.
    rank: u32,
    /// Its interval in a spanning forest: what lies within is reached for sure.
    tree: (u32, u32),
    /// GRAIL's intervals, from several traversals: what does not lie within is not reached for sure.
    grail: [(u32, u32); 4],
}

impl Labels {
    /// Whether the other is reached for sure.
    const fn surely_reaches(&self, other: &Self) -> bool {
        within(self.tree, other.tree)
    }

    /// Whether the other may be reached: if not, it is not for sure.
    fn may_reach(&self, other: &Self) -> bool {
        self.rank < other.rank && self.grail.iter().zip(&other.grail).all(|(outer, inner)| within(*outer, *inner))
    }
}

/// The edges of one direction, those of a node together.
#[derive(Debug)]
struct Edges {
    /// Where those of each node begin; and the end.
    starts: Vec<usize>,
    ends: Vec<NodeId>,
}

impl Edges {
    fn of<I: Iterator<Item = NodeId>>(graph: &Graph, next: impl Fn(NodeId) -> I) -> Self {
        let (mut starts, mut ends) = (Vec::with_capacity(graph.len() + 1), Vec::new());
        for node in graph.nodes() {
            starts.push(ends.len());
            ends.extend(next(node));
        }
        starts.push(ends.len());
        Self { starts, ends }
    }

    fn from(&self, node: NodeId) -> &[NodeId] {
        let range = self.starts.get(node.0).zip(self.starts.get(node.0 + 1));
        range.and_then(|(start, end)| self.ends.get(*start..*end)).unwrap_or_default()
    }
}

impl<'g> Reach<'g> {
    /// Labels the nodes; linear in nodes and edges.
    ///
    /// # Errors
    ///
    /// [`Cyclic`].
    pub fn new(graph: &'g Graph) -> Result<Self, Cyclic> {
        let all: Vec<NodeId> = graph.nodes().collect();
        Ok(Self::of(graph, &graph.order_up(&all)?))
    }

    /// As [`Reach::new`], of a graph whose order is known.
    pub(crate) fn of(graph: &'g Graph, order: &[NodeId]) -> Self {
        let mut labels = vec![Labels::default(); graph.len()];
        for (node, at) in order.iter().zip(0..) {
            if let Some(label) = labels.get_mut(node.0) {
                label.rank = at;
            }
        }
        for (number, turn) in [Turn::Along, Turn::Against, Turn::Mixed(1), Turn::Mixed(2)].into_iter().enumerate() {
            let (tree, grail) = traverse(graph, order, turn);
            for (label, (tree, interval)) in labels.iter_mut().zip(tree.into_iter().zip(grail)) {
                if turn == Turn::Along {
                    label.tree = tree;
                }
                if let Some(slot) = label.grail.get_mut(number) {
                    *slot = interval;
                }
            }
        }
        Self {
            graph,
            labels,
            dependents: Edges::of(graph, |node| graph.dependents(node)),
            requirements: Edges::of(graph, |node| graph.requirements(node)),
            seen: [vec![0; graph.len()], vec![0; graph.len()]],
            query: 0,
        }
    }

    /// Whether `a` comes before `b` in every order: whether `b` requires `a`, directly or not.
    pub fn is_before(&mut self, a: NodeId, b: NodeId) -> bool {
        let (Some(of_a), Some(of_b)) = (self.labels.get(a.0).copied(), self.labels.get(b.0).copied()) else {
            return false;
        };
        if a == b || of_a.rank >= of_b.rank {
            return false;
        }
        if of_a.surely_reaches(&of_b) {
            return true;
        }
        if !of_a.may_reach(&of_b) {
            return false;
        }
        // Most that is asked for is written.
        if self.requirements.from(b).contains(&a) {
            return true;
        }
        if self.query == u32::MAX {
            self.seen = [vec![0; self.graph.len()], vec![0; self.graph.len()]];
            self.query = 0;
        }
        self.query += 1;
        self.search(a, b, &of_a, &of_b)
    }

    /// Looks for a way from both ends, level by level, where there are fewer nodes to go on from.
    fn search(&mut self, a: NodeId, b: NodeId, of_a: &Labels, of_b: &Labels) -> bool {
        let Self { labels, dependents, requirements, seen: [front, back], query, .. } = self;
        let (mut from_a, mut from_b) = (vec![a], vec![b]);
        mark(front, a, *query);
        mark(back, b, *query);
        while !from_a.is_empty() && !from_b.is_empty() {
            let forward = from_a.len() <= from_b.len();
            let (level, edges, own, others) = if forward {
                (&mut from_a, &*dependents, &mut *front, &*back)
            } else {
                (&mut from_b, &*requirements, &mut *back, &*front)
            };
            let mut next = Vec::new();
            for other in level.iter().flat_map(|node| edges.from(*node)) {
                let Some(label) = labels.get(other.0) else { continue };
                let (met, leads) = if forward {
                    (label.surely_reaches(of_b), label.may_reach(of_b))
                } else {
                    (of_a.surely_reaches(label), of_a.may_reach(label))
                };
                if met || others.get(other.0) == Some(query) {
                    return true;
                }
                if leads && mark(own, *other, *query) {
                    next.push(*other);
                }
            }
            *level = next;
        }
        false
    }
}

/// Marks a node; whether it was not yet.
fn mark(seen: &mut [u32], node: NodeId, query: u32) -> bool {
    seen.get_mut(node.0).is_some_and(|mark| std::mem::replace(mark, query) != query)
}

/// Whether the inner interval lies in the outer.
const fn within(outer: (u32, u32), inner: (u32, u32)) -> bool {
    outer.0 <= inner.0 && inner.1 <= outer.1
}

/// An interval for each node.
type Intervals = Vec<(u32, u32)>;

/// In which order a traversal takes roots and children: the more these differ, the more their intervals tell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Along,
    Against,
    /// Any order that has nothing to do with the others, by a number.
    Mixed(u64),
}

/// A number that has nothing to do with a node's own (the finalizer of splitmix64).
fn mixed(node: NodeId, number: u64) -> u64 {
    let mut z = (node.0 as u64).wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// One depth-first traversal: intervals in its forest (preorder, strict subtrees), and GRAIL's
/// intervals (the lowest postorder of anything reached, own postorder).
fn traverse(graph: &Graph, order: &[NodeId], turn: Turn) -> (Intervals, Intervals) {
    let count = graph.len();
    let mut tree = vec![(0, 0); count];
    let mut label = vec![(0, 0); count];
    let mut visited = vec![false; count];
    let (mut pre, mut post) = (0u32, 0u32);
    let children = |node: NodeId| {
        let mut next: Vec<NodeId> = graph
            .inner
            .neighbors_directed(NodeIndex::new(node.0), Direction::Outgoing)
            .map(|index| NodeId(index.index()))
            .collect();
        match turn {
            Turn::Along => next.sort_unstable(),
            Turn::Against => next.sort_unstable_by_key(|node| std::cmp::Reverse(*node)),
            Turn::Mixed(number) => next.sort_unstable_by_key(|node| mixed(*node, number)),
        }
        next
    };
    let mut roots: Vec<NodeId> = order.to_vec();
    let is_root = |node: NodeId| graph.requirements(node).next().is_none();
    match turn {
        Turn::Along => {}
        Turn::Against => roots.sort_by_key(|node| (!is_root(*node), std::cmp::Reverse(*node))),
        Turn::Mixed(number) => roots.sort_by_cached_key(|node| (!is_root(*node), mixed(*node, number))),
    }
    for root in roots {
        if visited.get(root.0).copied().unwrap_or(true) {
            continue;
        }
        let mut stack: Vec<(NodeId, Vec<NodeId>, u32)> = Vec::new();
        visit(root, &mut visited, &mut tree, &mut pre);
        stack.push((root, children(root), u32::MAX));
        while let Some((node, rest, low)) = stack.last_mut() {
            if let Some(next) = rest.pop() {
                if visited.get(next.0).copied().unwrap_or(true) {
                    let reached = label.get(next.0).map_or(u32::MAX, |(low, _)| *low);
                    *low = (*low).min(reached);
                } else {
                    visit(next, &mut visited, &mut tree, &mut pre);
                    stack.push((next, children(next), u32::MAX));
                }
                continue;
            }
            let (node, low) = (*node, (*low).min(post));
            if let (Some(tree), Some(label)) = (tree.get_mut(node.0), label.get_mut(node.0)) {
                tree.1 = pre;
                *label = (low, post);
            }
            post += 1;
            stack.pop();
            if let Some((_, _, above)) = stack.last_mut() {
                *above = (*above).min(low);
            }
        }
    }
    // Half-open preorder ranges as closed ones.
    for interval in &mut tree {
        interval.1 = interval.1.saturating_sub(1);
    }
    (tree, label)
}

fn visit(node: NodeId, visited: &mut [bool], tree: &mut [(u32, u32)], pre: &mut u32) {
    if let (Some(visited), Some(tree)) = (visited.get_mut(node.0), tree.get_mut(node.0)) {
        *visited = true;
        tree.0 = *pre;
        *pre += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Span;
    use crate::ident::Version;
    use crate::operation::{Body, Migration, Requirement};
    use proptest::prelude::*;

    fn graph(requires: &[Vec<usize>]) -> Graph {
        let nodes: Vec<Migration> = requires
            .iter()
            .enumerate()
            .map(|(at, required)| Migration {
                version: Version::new(at as u128 + 1).unwrap(),
                name: format!("n{at}"),
                description: None,
                requires: required.iter().map(|n| Requirement { name: format!("n{n}"), span: Span::NONE }).collect(),
                body: std::sync::Arc::new(Body {
                    up: vec![],
                    down: None,
                    transaction: true,
                    backends: None,
                    irreversible: None,
                }),
                span: Span::NONE,
                requires_span: Span::NONE,
            })
            .collect();
        Graph::build(&nodes, false).0
    }

    proptest! {
        #[test]
        fn labels_agree_with_the_closure(edges in prop::collection::vec(prop::collection::vec(0usize..40, 0..4), 1..40)) {
            let edges: Vec<Vec<usize>> =
                edges.iter().enumerate().map(|(at, to)| to.iter().map(|n| n % (at + 1)).filter(|n| *n != at).collect()).collect();
            let graph = graph(&edges);
            let mut reach = Reach::new(&graph).unwrap();
            for b in graph.nodes() {
                let before = graph.with_requirements([b]);
                for a in graph.nodes() {
                    prop_assert_eq!(reach.is_before(a, b), a != b && before.contains(&a), "{:?} before {:?} in {:?}", a, b, edges);
                }
            }
        }
    }

    #[test]
    fn a_long_chain_is_answered_at_once() {
        let edges: Vec<Vec<usize>> = (0..20_000).map(|at: usize| at.checked_sub(1).into_iter().collect()).collect();
        let graph = graph(&edges);
        let mut reach = Reach::new(&graph).unwrap();
        assert!((1..20_000).all(|b| reach.is_before(NodeId(0), NodeId(b)) && !reach.is_before(NodeId(b), NodeId(0))));
    }
}
