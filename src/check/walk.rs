//! The one replay: every node in one order the graph allows, its footprint, and the
//! conflicts between nodes that nothing orders.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::access::{Access, Collector, Objects};
use super::resource::{Mode, Resource, conflict};
use super::rules::Observer;
use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, Direction};
use crate::graph::{NodeId, Reach};
use crate::operation::Migration;
use crate::state::State;
use crate::state::replay::{self, Undone};

/// Two nodes that nothing orders and that touch one thing in ways that conflict.
#[derive(Debug, Clone)]
pub(super) struct Conflict {
    /// The one that came first in the replay.
    pub(super) first: NodeId,
    /// The other.
    pub(super) second: NodeId,
    /// What each does, pairs of accesses to one resource.
    pub(super) accesses: Vec<(Access, Access)>,
}

/// The replay of a whole order.
#[derive(Debug)]
pub(super) struct Replay {
    pub(super) state: State,
    /// How each node is undone.
    pub(super) undone: HashMap<NodeId, Vec<Undone>>,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) conflicts: Vec<Conflict>,
}

impl Replay {
    fn new(backend: Backend, nodes: usize) -> Self {
        Self {
            state: State::empty(backend),
            undone: HashMap::with_capacity(nodes),
            diagnostics: Vec::new(),
            conflicts: Vec::new(),
        }
    }
}

/// What is said of accesses that only a way down has.
pub(super) const ON_ITS_WAY_DOWN: &str = " on its way down";

/// What happened to a resource since it was last changed.
#[derive(Debug, Default)]
struct Log {
    change: Option<(NodeId, Access)>,
    uses: Vec<(NodeId, Access)>,
    appends: Vec<(NodeId, Access)>,
}

/// Replays `order`, collecting footprints, and compares each access with the last change before
/// it and every conflicting access since. Near linear but for the append/use groups. The rules
/// look on.
pub(super) fn walk(
    migrations: &[Migration],
    order: &[NodeId],
    reach: &mut Reach<'_>,
    backend: Backend,
) -> (Replay, Observer) {
    let walked = walk_once(migrations, order, reach, backend, false);
    // Words are for conflicts, and most manifests have none.
    if walked.0.conflicts.is_empty() { walked } else { walk_once(migrations, order, reach, backend, true) }
}

fn walk_once(
    migrations: &[Migration],
    order: &[NodeId],
    reach: &mut Reach<'_>,
    backend: Backend,
    says: bool,
) -> (Replay, Observer) {
    let mut replay = Replay::new(backend, order.len());
    let mut objects = Objects::default();
    let mut observer = Observer::default();
    let mut logs: HashMap<Resource, Log> = HashMap::new();
    let mut pairs: BTreeMap<(NodeId, NodeId), Vec<(Access, Access)>> = BTreeMap::new();
    for node in order {
        let Some(migration) = migrations.get(node.0) else { continue };
        let footprint = footprint(migration, *node, &mut replay, &mut objects, &mut observer, says);
        for (resource, accesses) in footprint {
            let log = logs.entry(resource).or_default();
            for access in &accesses {
                let mut compare = |(other, theirs): &(NodeId, Access)| {
                    if conflict(theirs.mode, access.mode) && other != node && !reach.is_before(*other, *node) {
                        pairs.entry((*other, *node)).or_default().push((theirs.clone(), access.clone()));
                    }
                };
                log.change.iter().for_each(&mut compare);
                if access.mode != Mode::Append {
                    log.appends.iter().for_each(&mut compare);
                }
                if matches!(access.mode, Mode::Append | Mode::Change) {
                    log.uses.iter().for_each(&mut compare);
                }
                if access.mode == Mode::UseInOrder {
                    unordered_among(&log.appends, reach, &mut pairs);
                }
            }
            if let Some(change) = accesses.iter().find(|access| access.mode == Mode::Change) {
                *log = Log { change: Some((*node, change.clone())), ..Log::default() };
                continue;
            }
            for access in accesses {
                let list = if access.mode == Mode::Append { &mut log.appends } else { &mut log.uses };
                list.push((*node, access));
            }
        }
    }
    replay.conflicts =
        pairs.into_iter().map(|((first, second), accesses)| Conflict { first, second, accesses }).collect();
    (replay, observer)
}

/// Additions that nothing orders among themselves, where what follows depends on their order.
fn unordered_among(
    appends: &[(NodeId, Access)],
    reach: &mut Reach<'_>,
    pairs: &mut BTreeMap<(NodeId, NodeId), Vec<(Access, Access)>>,
) {
    for (at, (second, ours)) in appends.iter().enumerate() {
        for (first, theirs) in appends.iter().take(at) {
            if first != second && !reach.is_before(*first, *second) {
                pairs.entry((*first, *second)).or_default().push((theirs.clone(), ours.clone()));
            }
        }
    }
}

/// A node's accesses by resource, one for each mode: the union over its ways up and down.
/// The replay's state is then the one after its way up.
fn footprint(
    migration: &Migration,
    node: NodeId,
    replay: &mut Replay,
    objects: &mut Objects,
    observer: &mut Observer,
    says: bool,
) -> BTreeMap<Resource, Vec<Access>> {
    let mut found: BTreeMap<Resource, Vec<Access>> = BTreeMap::new();
    let mut opaque: Vec<crate::diagnostic::Span> = Vec::new();
    let direction = Cell::new(Direction::Up);
    observer.begin(migration);
    let mut watch = |state: &State, change: &crate::state::Change, span: crate::diagnostic::Span| {
        let span = span.or(migration.span);
        observer.change(migration, direction.get(), state, change, span);
        let mut collector = Collector { state, objects: &mut *objects, span, found: Vec::new(), says, opaque: false };
        collector.change(change);
        if collector.opaque && !opaque.contains(&span) {
            opaque.push(span);
        }
        for mut access in collector.found {
            if says && direction.get() == Direction::Down {
                access.words.push_str(ON_ITS_WAY_DOWN);
            }
            let list = found.entry(access.resource.clone()).or_default();
            if !list.iter().any(|other| other.mode == access.mode) {
                list.push(access);
            }
        }
    };
    let (name, body) = (&migration.name, &migration.body);
    let up = replay::up_watched(&mut replay.state, name, body, &mut replay.diagnostics, &mut watch);
    // The way down is walked right after the way up and taken back; what fails in it here is
    // judged in the whole way down, not alone.
    direction.set(Direction::Down);
    let mut alone = Vec::new();
    let (_, back) =
        replay::down_watched(&mut replay.state, name, body, &up.undone, migration.span, &mut alone, &mut watch);
    observer.undone(&replay.state, migration, &alone);
    for change in &back {
        let _ = replay.state.apply(change);
    }
    replay.diagnostics.extend(opaque.into_iter().map(|span| {
        Diagnostic::new(Code::OpaqueSql, format!("the SQL of `{name}` cannot be read, so its order is not proved"))
            .of(name)
            .on(replay.state.backend())
            .at(span, "what this touches is not known")
            .help(
                "say what it touches: `reads`, `writes`, `creates`, `drops` (lists of tables, columns or `kind:name`)",
            )
    }));
    replay.undone.insert(node, up.undone);
    found
}

/// What unordered nodes share without a conflict; see [`super::commuting`].
pub(super) fn commuting(
    migrations: &[Migration],
    order: &[NodeId],
    reach: &mut Reach<'_>,
    backend: Backend,
) -> BTreeMap<String, usize> {
    let mut replay = Replay::new(backend, 0);
    let mut objects = Objects::default();
    let mut before: Vec<(NodeId, BTreeMap<Resource, Vec<Access>>)> = Vec::new();
    let mut rules = BTreeMap::new();
    for node in order {
        let Some(migration) = migrations.get(node.0) else { continue };
        let own = footprint(migration, *node, &mut replay, &mut objects, &mut Observer::default(), false);
        for (_, other) in before.iter().filter(|(other, _)| !reach.is_before(*other, *node)) {
            let mut shared: BTreeSet<String> = BTreeSet::new();
            let mut conflicts = false;
            for (resource, accesses) in &own {
                for (theirs, ours) in
                    other.get(resource).into_iter().flatten().flat_map(|a| accesses.iter().map(move |b| (a, b)))
                {
                    conflicts |= conflict(theirs.mode, ours.mode);
                    let (low, high) = (theirs.mode.min(ours.mode), theirs.mode.max(ours.mode));
                    shared.insert(format!("{} {low:?}/{high:?}", resource.kind()).to_lowercase());
                }
            }
            if conflicts {
                continue;
            }
            if shared.is_empty() {
                shared.insert("nothing shared".to_owned());
            }
            for rule in shared {
                *rules.entry(rule).or_default() += 1;
            }
        }
        before.push((*node, own));
    }
    rules
}
