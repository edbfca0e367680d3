//! The one replay: every node in one order the graph allows, its footprint, and the
//! conflicts between nodes that nothing orders.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::sync_channel;
use std::thread;

use super::rules::Observer;
use super::touched::{Conflict, Numbers, Touched};
use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, Direction, Span};
use crate::graph::{NodeId, Reach};
use crate::operation::Migration;
use crate::state::replay::{self, Undone, Watch};
use crate::state::{Access, Change, Resource, State, Uses, conflict};

/// The replay of a whole order.
#[derive(Debug)]
pub(super) struct Replay {
    pub(super) state: State,
    /// How each node is undone, in the order of the replay.
    pub(super) undone: Vec<(NodeId, Vec<Undone>)>,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) conflicts: Vec<Conflict>,
}

impl Replay {
    fn new(backend: Backend, nodes: usize) -> Self {
        let mut state = State::empty(backend);
        state.expect(nodes);
        Self { state, undone: Vec::with_capacity(nodes), diagnostics: Vec::new(), conflicts: Vec::new() }
    }
}

/// How many accesses most operations have at most, in one direction.
const ACCESSES: usize = 10;

/// Fewer nodes than this are not worth a second thread.
const MANY_NODES: usize = 256;
/// How many nodes' accesses are handed over at once, and how many such batches may wait.
const BATCH: usize = 64;
const BATCHES: usize = 8;

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
    let mut observer = Observer::default();
    let mut nodes = order.iter().filter_map(|node| Some((*node, migrations.get(node.0)?)));
    let mut next = || {
        let (node, migration) = nodes.next()?;
        Some((node, accesses(migration, node, &mut replay, &mut observer, says)))
    };
    let mut touched = Touched::new(reach, says);
    if order.len() >= MANY_NODES {
        thread::scope(|scope| {
            let (sender, receiver) = sync_channel::<Vec<(NodeId, Vec<(Resource, Access)>)>>(BATCHES);
            // Where no thread is to be had, there is no receiver, and this one does all.
            let comparing = || receiver.into_iter().flatten().for_each(|(node, found)| touched.add(node, found));
            if thread::Builder::new().spawn_scoped(scope, comparing).is_ok() {
                loop {
                    let batch: Vec<_> = std::iter::from_fn(&mut next).take(BATCH).collect();
                    if batch.is_empty() || sender.send(batch).is_err() {
                        break;
                    }
                }
            }
        });
    }
    while let Some((node, found)) = next() {
        touched.add(node, found);
    }
    replay.conflicts = touched.conflicts();
    (replay, observer)
}

/// A node's accesses, those of its way up first. The replay's state is then the one after its way up.
fn accesses(
    migration: &Migration,
    node: NodeId,
    replay: &mut Replay,
    observer: &mut Observer,
    says: bool,
) -> Vec<(Resource, Access)> {
    observer.begin(migration);
    let derived = replay::is_derived(&migration.body);
    let likely = migration.body.up.len() * ACCESSES;
    let mut looker = Looker {
        migration,
        derived,
        direction: Direction::Up,
        observer,
        says,
        up: Vec::with_capacity(2 * likely),
        down: Vec::with_capacity(likely),
        opaque: Vec::new(),
    };
    let (name, body) = (&migration.name, &migration.body);
    let undone = replay::up_watched(&mut replay.state, name, body, &mut replay.diagnostics, &mut looker);
    if !derived {
        // The way down is walked right after the way up and taken back; what fails in it here is
        // judged in the whole way down, not alone.
        looker.direction = Direction::Down;
        let (state, mut alone) = (&mut replay.state, Vec::new());
        let back = replay::down_watched(state, name, body, &undone, migration.span, &mut alone, &mut looker);
        looker.observer.undone(state, migration, &alone);
        for change in &back {
            let _ = state.apply(change);
        }
    }
    let Looker { up: mut found, mut down, opaque, .. } = looker;
    found.append(&mut down);
    replay.diagnostics.extend(opaque.into_iter().map(|span| {
        Diagnostic::new(Code::OpaqueSql, format!("the SQL of `{name}` cannot be read, so its order is not proved"))
            .of(name)
            .on(replay.state.backend())
            .at(span, "what this touches is not known")
            .help(
                "say what it touches: `reads`, `writes`, `creates`, `drops` (lists of tables, columns or `kind:name`)",
            )
    }));
    replay.undone.push((node, undone));
    found
}

/// Looks on while a migration is replayed, and gathers what it touches.
struct Looker<'l> {
    migration: &'l Migration,
    /// Whether its way down is what undoes each change, so that going up tells it already.
    derived: bool,
    direction: Direction,
    observer: &'l mut Observer,
    says: bool,
    up: Vec<(Resource, Access)>,
    down: Vec<(Resource, Access)>,
    /// Raw SQL that could not be read.
    opaque: Vec<Span>,
}

impl Looker<'_> {
    fn look(&mut self, state: &State, change: &Change, span: Span, direction: Direction) {
        let span = span.or(self.migration.span);
        self.observer.change(self.migration, direction, state, change, span);
        let found = if direction == Direction::Down { &mut self.down } else { &mut self.up };
        let before = found.len();
        let mut uses = Uses { state, span, found, says: self.says, opaque: false };
        uses.change(change);
        if uses.opaque && !self.opaque.contains(&span) {
            self.opaque.push(span);
        }
        if self.says && direction == Direction::Down {
            for (_, access) in self.down.iter_mut().skip(before) {
                access.goes_down();
            }
        }
    }
}

impl Watch for Looker<'_> {
    fn change(&mut self, state: &State, change: &Change, span: Span) {
        self.look(state, change, span, self.direction);
    }

    fn inverse(&mut self, state: &State, inverse: &Change, span: Span) {
        if self.derived {
            self.look(state, inverse, span, Direction::Down);
        }
    }
}

/// What unordered nodes share without a conflict; see [`super::commuting`].
pub(super) fn commuting(
    migrations: &[Migration],
    order: &[NodeId],
    reach: &mut Reach<'_>,
    backend: Backend,
) -> BTreeMap<String, usize> {
    let mut replay = Replay::new(backend, 0);
    let mut numbers = Numbers::new(true);
    let mut before: Vec<(NodeId, BTreeMap<u32, Vec<Access>>)> = Vec::new();
    let mut rules = BTreeMap::new();
    for node in order {
        let Some(migration) = migrations.get(node.0) else { continue };
        let found = accesses(migration, *node, &mut replay, &mut Observer::default(), false);
        let mut own: BTreeMap<u32, Vec<Access>> = BTreeMap::new();
        for (number, access) in numbers.footprint(found) {
            own.entry(number).or_default().push(access);
        }
        for (_, other) in before.iter().filter(|(other, _)| !reach.is_before(*other, *node)) {
            let mut shared: BTreeSet<String> = BTreeSet::new();
            let mut conflicts = false;
            for (number, accesses) in &own {
                let kind = numbers.resource(*number).map_or("", Resource::kind);
                for (theirs, ours) in
                    other.get(number).into_iter().flatten().flat_map(|a| accesses.iter().map(move |b| (a, b)))
                {
                    conflicts |= conflict(theirs.mode, ours.mode);
                    let (low, high) = (theirs.mode.min(ours.mode), theirs.mode.max(ours.mode));
                    shared.insert(format!("{kind} {low:?}/{high:?}").to_lowercase());
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
