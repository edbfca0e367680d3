//! Whose doing it is that a way down fails: the later node that took away what it needs, or put something
//! in its way.
//!
//! What stood right after a node stood for its way down too, if that works there. So from there on each later
//! node goes up and, in the chain, down again, and after each the way down is tried and taken back. The last
//! of them after which it does not work any more is the one.

use super::access::{Collector, Objects};
use super::resource::{Mode, Resource};
use crate::backend::Backend;
use crate::diagnostic::{Diagnostic, Direction, Span};
use crate::graph::NodeId;
use crate::operation::Migration;
use crate::state::replay::{self, Undone};
use crate::state::{Change, State};

/// A later node, and what it does.
#[derive(Debug)]
pub(super) struct Blame<'m> {
    pub(super) migration: &'m Migration,
    pub(super) direction: Direction,
    pub(super) span: Span,
    /// `drops posts.rank`; empty where there are no words for it.
    pub(super) words: String,
}

/// A node that goes one way.
type Step = (NodeId, Direction);

/// A state on its way from right after the failing node to right before it is undone.
struct Walk<'m> {
    migrations: &'m [Migration],
    state: State,
    /// How the nodes that stand are undone.
    undone: Vec<Vec<Undone>>,
    /// How the failing one is.
    own: (NodeId, Vec<Undone>),
}

impl<'m> Walk<'m> {
    /// Right after the failing node, the last of `order`.
    fn new(migrations: &'m [Migration], order: &[NodeId], backend: Backend) -> Option<Self> {
        let mut state = State::empty(backend);
        let mut own = None;
        for node in order {
            let migration = migrations.get(node.0)?;
            let replayed = replay::up(&mut state, &migration.name, &migration.body, &mut Vec::new());
            own = Some((*node, replayed.undone));
        }
        Some(Self { migrations, state, undone: Vec::new(), own: own? })
    }

    /// Whether the way down fails as it was found to; it is taken back.
    fn fails(&mut self, finding: &Diagnostic) -> bool {
        let (node, undone) = &self.own;
        let Some(migration) = self.migrations.get(node.0) else { return false };
        let (name, body, mut found) = (&migration.name, &migration.body, Vec::new());
        let (_, back) =
            replay::down_watched(&mut self.state, name, body, undone, Span::NONE, &mut found, &mut |_, _, _| ());
        for change in &back {
            let _ = self.state.apply(change);
        }
        found.iter().any(|other| other.code == finding.code && other.message == finding.message)
    }

    /// One node further; gives what that comes to.
    fn go(&mut self, (node, direction): Step) -> Vec<(Change, Span)> {
        let mut changes = Vec::new();
        let Some(migration) = self.migrations.get(node.0) else { return changes };
        let (name, body, mut found) = (&migration.name, &migration.body, Vec::new());
        let mut watch = |_: &State, change: &Change, span: Span| changes.push((change.clone(), span));
        match direction {
            Direction::Up => {
                self.undone.push(replay::up_watched(&mut self.state, name, body, &mut found, &mut watch).undone);
            }
            Direction::Down => {
                let undone = self.undone.pop().unwrap_or_default();
                replay::down_watched(&mut self.state, name, body, &undone, migration.span, &mut found, &mut watch);
            }
        }
        changes
    }
}

/// The node to blame for a finding in the way down of the node at that place of the order; `None` where its way
/// down does not even work right after its way up.
pub(super) fn blame<'m>(
    migrations: &'m [Migration],
    order: &[NodeId],
    at: usize,
    backend: Backend,
    finding: &Diagnostic,
) -> Option<Blame<'m>> {
    let (until, later) = (order.get(..=at)?, order.get(at + 1..)?);
    let up = later.iter().map(|node| (*node, Direction::Up));
    let steps: Vec<Step> = up.chain(later.iter().rev().map(|node| (*node, Direction::Down))).collect();
    let mut walk = Walk::new(migrations, until, backend)?;
    let (mut failed, mut last) = (walk.fails(finding), None);
    for (at, step) in steps.iter().enumerate() {
        walk.go(*step);
        let fails = walk.fails(finding);
        if fails && !failed {
            last = Some(at);
        }
        failed = fails;
    }
    let last = last?;
    let (node, direction) = *steps.get(last)?;
    let migration = migrations.get(node.0)?;
    // Once more up to that node, and then change by change.
    let mut walk = Walk::new(migrations, until, backend)?;
    steps.iter().take(last).for_each(|step| _ = walk.go(*step));
    let before = walk.state.clone();
    let changes = walk.go((node, direction));
    walk.state = before;
    for (change, span) in changes {
        let before = walk.state.clone();
        let _ = walk.state.apply(&change);
        if walk.fails(finding) {
            let words = words(&before, &change, span);
            return Some(Blame { migration, direction, span: span.or(migration.span), words });
        }
    }
    Some(Blame { migration, direction, span: migration.span, words: String::new() })
}

/// What a change does to what it is about.
fn words(state: &State, change: &Change, span: Span) -> String {
    let mut objects = Objects::default();
    let mut collector = Collector { state, objects: &mut objects, span, found: Vec::new(), says: true, opaque: false };
    collector.change(change);
    let about =
        |resource: &Resource| matches!(resource, Resource::Table(_) | Resource::Column(_) | Resource::Object(_));
    let mut found = collector.found.into_iter().filter(|access| access.mode == Mode::Change);
    found.find(|access| about(&access.resource)).map(|access| access.words).unwrap_or_default()
}
