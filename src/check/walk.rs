//! The one replay: every node in one order the graph allows, its footprint, and the
//! conflicts between nodes that nothing orders.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use foldhash::fast::RandomState;

use super::access::{Access, Collector, Objects};
use super::resource::{Mode, Resource, conflict};
use super::rules::Observer;
use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, Direction, Span};
use crate::graph::{NodeId, Reach};
use crate::operation::Migration;
use crate::state::replay::{self, Undone, Watch};
use crate::state::{Change, State};

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

/// Resources by number, so that a footprint is a list of small things.
#[derive(Debug)]
struct Numbers {
    numbers: HashMap<Resource, u32, RandomState>,
    /// By number; where they are asked for.
    resources: Option<Vec<Resource>>,
}

impl Numbers {
    /// `tells`: whether [`Self::resource`] will be asked.
    fn new(tells: bool) -> Self {
        Self { numbers: HashMap::default(), resources: tells.then(Vec::new) }
    }

    fn of(&mut self, resource: Resource) -> u32 {
        // Four thousand million resources do not fit into memory.
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        match self.numbers.entry(resource) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                if let Some(resources) = &mut self.resources {
                    resources.push(new.key().clone());
                }
                *new.insert(next)
            }
        }
    }

    fn len(&self) -> usize {
        self.numbers.len()
    }

    fn resource(&self, number: u32) -> Option<&Resource> {
        self.resources.as_ref()?.get(number as usize)
    }
}

/// What a node touches: accesses by the numbers of their resources, one for each mode.
type Footprint = Vec<(u32, Access)>;

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
    let mut numbers = Numbers::new(says);
    let mut logs: Vec<Log> = Vec::new();
    let mut pairs: BTreeMap<(NodeId, NodeId), Vec<(Access, Access)>> = BTreeMap::new();
    for node in order {
        let Some(migration) = migrations.get(node.0) else { continue };
        let mut footprint = footprint(migration, *node, &mut replay, &mut objects, &mut numbers, &mut observer, says);
        if says {
            // What is said first of a conflict is the same in every replay.
            footprint.sort_by(|(a, _), (b, _)| numbers.resource(*a).cmp(&numbers.resource(*b)));
        }
        logs.resize_with(numbers.len(), Log::default);
        let mut rest = footprint.into_iter().peekable();
        while let Some((number, first)) = rest.next() {
            let mut accesses = vec![first];
            while let Some((_, access)) = rest.next_if(|(other, _)| *other == number) {
                accesses.push(access);
            }
            let Some(log) = logs.get_mut(number as usize) else { continue };
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
    numbers: &mut Numbers,
    observer: &mut Observer,
    says: bool,
) -> Footprint {
    observer.begin(migration);
    let derived = replay::is_derived(&migration.body);
    let (up, down) = (Vec::new(), Vec::new());
    let mut looker = Looker {
        migration,
        derived,
        direction: Direction::Up,
        observer,
        objects,
        numbers,
        says,
        up,
        down,
        opaque: Vec::new(),
    };
    let (name, body) = (&migration.name, &migration.body);
    let undone = replay::up_watched(&mut replay.state, name, body, &mut replay.diagnostics, &mut looker);
    if !derived {
        // The way down is walked right after the way up and taken back; what fails in it here is
        // judged in the whole way down, not alone.
        looker.direction = Direction::Down;
        let (state, mut alone) = (&mut replay.state, Vec::new());
        let back = replay::down_and_back(state, name, body, &undone, migration.span, &mut alone, &mut looker);
        looker.observer.undone(state, migration, &alone);
        for change in &back {
            let _ = state.apply(change);
        }
    }
    let Looker { up: mut found, down, opaque, .. } = looker;
    found.extend(down);
    replay.diagnostics.extend(opaque.into_iter().map(|span| {
        Diagnostic::new(Code::OpaqueSql, format!("the SQL of `{name}` cannot be read, so its order is not proved"))
            .of(name)
            .on(replay.state.backend())
            .at(span, "what this touches is not known")
            .help(
                "say what it touches: `reads`, `writes`, `creates`, `drops` (lists of tables, columns or `kind:name`)",
            )
    }));
    replay.undone.insert(node, undone);
    one_of_each(&mut found);
    found
}

/// Looks on while a migration is replayed, and gathers what it touches.
struct Looker<'l> {
    migration: &'l Migration,
    /// Whether its way down is what undoes each change, so that going up tells it already.
    derived: bool,
    direction: Direction,
    observer: &'l mut Observer,
    objects: &'l mut Objects,
    numbers: &'l mut Numbers,
    says: bool,
    up: Footprint,
    down: Footprint,
    /// Raw SQL that could not be read.
    opaque: Vec<Span>,
}

impl Looker<'_> {
    fn look(&mut self, state: &State, change: &Change, span: Span, direction: Direction, in_thought: bool) {
        let span = span.or(self.migration.span);
        self.observer.change(self.migration, direction, state, change, span);
        let objects = &mut *self.objects;
        let mut collector =
            Collector { state, objects, span, found: Vec::new(), says: self.says, opaque: false, in_thought };
        collector.change(change);
        if collector.opaque && !self.opaque.contains(&span) {
            self.opaque.push(span);
        }
        let found = if direction == Direction::Down { &mut self.down } else { &mut self.up };
        for (resource, mut access) in collector.found {
            if direction == Direction::Down {
                access.add_words(ON_ITS_WAY_DOWN);
            }
            found.push((self.numbers.of(resource), access));
        }
    }
}

impl Watch for Looker<'_> {
    fn change(&mut self, state: &State, change: &Change, span: Span) {
        self.look(state, change, span, self.direction, false);
    }

    fn inverse(&mut self, state: &State, inverse: &Change, span: Span) {
        if self.derived {
            self.look(state, inverse, span, Direction::Down, true);
        }
    }
}

/// Keeps the first access of each mode to each resource, and those to one resource together.
fn one_of_each(found: &mut Footprint) {
    // Stable: what came first stays first.
    found.sort_by_key(|(number, _)| *number);
    let (mut at, mut modes) = (None, Vec::new());
    found.retain(|(number, access)| {
        if at != Some(*number) {
            at = Some(*number);
            modes.clear();
        }
        let new = !modes.contains(&access.mode);
        if new {
            modes.push(access.mode);
        }
        new
    });
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
    let mut numbers = Numbers::new(true);
    let mut before: Vec<(NodeId, BTreeMap<u32, Vec<Access>>)> = Vec::new();
    let mut rules = BTreeMap::new();
    for node in order {
        let Some(migration) = migrations.get(node.0) else { continue };
        let flat =
            footprint(migration, *node, &mut replay, &mut objects, &mut numbers, &mut Observer::default(), false);
        let mut own: BTreeMap<u32, Vec<Access>> = BTreeMap::new();
        for (number, access) in flat {
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
