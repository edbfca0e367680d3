//! Whose doing it is that a node fails: the one that took away what it needs, or put something in its way.
//!
//! Going up it is the last of the earlier ones after which the node fails, and before which it does not.
//!
//! Going down it is a later one. What stood right after a node stood for its way down too, if that works there. So from there on each later
//! node goes up and, in the chain, down again, and after each the way down is tried and taken back. The last
//! of them after which it does not work any more is the one.

use std::collections::HashSet;

use super::related::{depends_on_others, related_migrations};
use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, Direction, Label, Span};
use crate::graph::NodeId;
use crate::operation::Migration;
use crate::state::replay::{self, Undone};
use crate::state::{Change, ObjectEffect, State, Verb, Words};

/// For so many failures the node to blame is looked for.
pub(super) const MOST_BLAMED: usize = 20;

/// A node, and what it does.
#[derive(Debug)]
pub(super) struct Blame<'m> {
    pub(super) migration: &'m Migration,
    pub(super) direction: Direction,
    pub(super) span: Span,
    /// `drops posts.rank`, where there are words for it.
    pub(super) words: Option<Words>,
}

impl Blame<'_> {
    /// What the node does, in a sentence.
    pub(super) fn told(&self) -> String {
        let does = self.words.as_ref().map_or_else(|| "changes that".to_owned(), Words::to_string);
        match self.direction {
            Direction::Up => format!("`{}` {does}", self.migration.name),
            Direction::Down => format!("the way down of `{}` {does}", self.migration.name),
        }
    }
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
        let back =
            replay::down_watched(&mut self.state, name, body, undone, Span::NONE, &mut found, &mut replay::Unwatched);
        for change in &back {
            let _ = self.state.apply(change);
        }
        found.iter().any(|other| other.says_the_same(finding))
    }

    /// One node further; gives what that comes to.
    fn go(&mut self, (node, direction): Step) -> Vec<(Change, Span)> {
        let mut changes = Vec::new();
        let Some(migration) = self.migrations.get(node.0) else { return changes };
        let (name, body, mut found) = (&migration.name, &migration.body, Vec::new());
        let mut watch = |_: &State, change: &Change, span: Span| changes.push((change.clone(), span));
        match direction {
            Direction::Up => {
                self.undone.push(replay::up_watched(&mut self.state, name, body, &mut found, &mut watch));
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
            let words = words(&before, &change);
            return Some(Blame { migration, direction, span: span.or(migration.span), words });
        }
    }
    Some(Blame { migration, direction, span: migration.span, words: None })
}

/// What a change does to what it is about.
fn words(state: &State, change: &Change) -> Option<Words> {
    change.objects(state).first().map(ObjectEffect::words)
}

/// The earlier node to blame for a finding in the way up of the node at that place of the order. Only nodes that
/// speak of the same tables are looked at, the last few of them.
pub(super) fn earlier<'m>(
    migrations: &'m [Migration],
    order: &[NodeId],
    at: usize,
    backend: Backend,
    finding: &Diagnostic,
) -> Option<Blame<'m>> {
    let own = migrations.get(order.get(at)?.0)?;
    let before = order.get(..at)?;
    let near: HashSet<NodeId> =
        related_migrations(migrations, *order.get(at)?, before.iter().rev().copied()).into_iter().collect();
    let fails = |state: &State| {
        let mut found = Vec::new();
        replay::up(&mut state.clone(), &own.name, &own.body, &mut found);
        found.iter().any(|other| other.says_the_same(finding))
    };
    let (mut state, mut last) = (State::empty(backend), None);
    for node in before {
        let migration = migrations.get(node.0)?;
        let earlier = near.contains(node).then(|| state.clone()).filter(|state| !fails(state));
        let mut changes = Vec::new();
        let mut watch = |_: &State, change: &Change, span: Span| changes.push((change.clone(), span));
        replay::up_watched(&mut state, &migration.name, &migration.body, &mut Vec::new(), &mut watch);
        if let Some(earlier) = earlier.filter(|_| fails(&state)) {
            last = Some((migration, earlier, changes));
        }
    }
    let (migration, mut state, changes) = last?;
    for (change, span) in changes {
        let before = state.clone();
        let _ = state.apply(&change);
        if fails(&state) {
            // What is not known was never there, unless something took it away.
            let unknown = matches!(
                finding.code,
                Code::UnknownTable | Code::UnknownColumn | Code::UnknownIndex | Code::UnknownConstraint
            );
            if unknown && change.objects(&before).iter().all(|object| object.verb == Verb::Create) {
                return None;
            }
            let words = words(&before, &change);
            return Some(Blame { migration, direction: Direction::Up, span: span.or(migration.span), words });
        }
    }
    None
}

/// Labels the errors of ways up with the earlier nodes whose doing they are.
pub(super) fn label(migrations: &[Migration], order: &[NodeId], backend: Backend, found: &mut [Diagnostic]) {
    let is_told = |code| depends_on_others(code) || code == Code::RenameUnderOpaque;
    let errors = found.iter_mut().filter(|one| one.is_error() && is_told(one.code));
    for one in errors.take(MOST_BLAMED) {
        let is_own = |node: &NodeId| migrations.get(node.0).map(|node| &node.name) == one.migration.as_ref();
        let Some(at) = order.iter().position(is_own) else { continue };
        let Some(blame) = earlier(migrations, order, at, backend, one) else { continue };
        if let Some(label) = one.labels.first_mut().filter(|label| label.text.is_empty()) {
            "fails here".clone_into(&mut label.text);
        }
        let name = &blame.migration.name;
        one.labels.push(Label { span: blame.span, text: blame.told() });
        one.related.push(name.clone());
    }
}
