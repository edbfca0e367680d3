//! What happened to each resource so far, and what nodes do to it that nothing orders.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;

use crate::graph::{NodeId, Reach};
use crate::state::{Access, ColumnId, Mode, Namespace, Resource, conflict};

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

/// A resource as three numbers: its kind, and what tells it apart within that. No two have the same.
type Key = (u8, u32, u32);

/// Resources by number, so that a footprint is a list of small things.
#[derive(Debug)]
pub(super) struct Numbers {
    known: HashMap<Key, u32, RandomState>,
    texts: HashMap<Box<str>, u32, RandomState>,
    lists: HashMap<Box<[ColumnId]>, u32, RandomState>,
    /// By number; where they are asked for.
    resources: Option<Vec<Resource>>,
}

impl Numbers {
    /// `tells`: whether [`Self::resource`] will be asked.
    pub(super) fn new(tells: bool) -> Self {
        Self {
            known: HashMap::default(),
            texts: HashMap::default(),
            lists: HashMap::default(),
            resources: tells.then(Vec::new),
        }
    }

    fn of(&mut self, resource: Resource) -> u32 {
        let kept = self.resources.is_some().then(|| resource.clone());
        let key = self.key(resource);
        let next = count(self.known.len());
        match self.known.entry(key) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                if let (Some(resources), Some(resource)) = (&mut self.resources, kept) {
                    resources.push(resource);
                }
                *new.insert(next)
            }
        }
    }

    fn key(&mut self, resource: Resource) -> Key {
        match resource {
            Resource::Table(id) => (0, id.0, 0),
            Resource::Column(id) => (1, id.0, 0),
            Resource::Name(Namespace::Relations(None), name) => (3, 0, self.text(name)),
            Resource::Name(Namespace::Relations(Some(schema)), name) => (4, self.text(schema), self.text(name)),
            Resource::Name(Namespace::Columns(id), name) => (5, id.0, self.text(name)),
            Resource::Name(Namespace::Constraints(id), name) => (6, id.0, self.text(name)),
            Resource::Name(Namespace::Triggers(Some(id)), name) => (7, id.0, self.text(name)),
            Resource::Name(Namespace::Triggers(None), name) => (2, 0, self.text(name)),
            Resource::Key(id, columns) => (8, id.0, self.list(columns)),
            Resource::ColumnList(id) => (9, id.0, 0),
            Resource::Remains(id) => (18, id.0, 0),
            Resource::RowRules(id) => (10, id.0, 0),
            Resource::Rows(id) => (11, id.0, 0),
            Resource::Numbering(id) => (12, id.0, 0),
            Resource::PrimaryKeySlot(id) => (13, id.0, 0),
            Resource::Declared(kind, name) => (14, self.text(kind), self.text(name)),
            Resource::AnyRows => (15, 0, 0),
            Resource::Programs => (16, 0, 0),
            Resource::Provided => (17, 0, 0),
            Resource::Known => (19, 0, 0),
        }
    }

    fn text(&mut self, text: String) -> u32 {
        if let Some(number) = self.texts.get(&*text) {
            return *number;
        }
        let next = count(self.texts.len());
        self.texts.insert(text.into_boxed_str(), next);
        next
    }

    fn list(&mut self, list: Vec<ColumnId>) -> u32 {
        let next = count(self.lists.len());
        *self.lists.entry(list.into_boxed_slice()).or_insert(next)
    }

    pub(super) fn resource(&self, number: u32) -> Option<&Resource> {
        self.resources.as_ref()?.get(number as usize)
    }

    /// A node's accesses by the numbers of their resources: the first of each mode, those to one resource together.
    pub(super) fn footprint(&mut self, found: Vec<(Resource, Access)>) -> Vec<(u32, Access)> {
        let mut footprint: Vec<(u32, Access)> =
            found.into_iter().map(|(resource, access)| (self.of(resource), access)).collect();
        // Stable: what came first stays first.
        footprint.sort_by_key(|(number, _)| *number);
        let (mut at, mut modes) = (None, Vec::new());
        footprint.retain(|(number, access)| {
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
        footprint
    }
}

/// `u32` is enough: more things do not fit into memory.
fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// What happened to a resource since it was last changed.
#[derive(Debug, Default)]
struct Log {
    change: Option<(NodeId, Access)>,
    /// Most are touched by one node alone.
    since: Option<Box<Since>>,
}

#[derive(Debug, Default)]
struct Since {
    uses: Few,
    appends: Few,
}

/// Accesses, most often one.
#[derive(Debug, Default)]
struct Few {
    first: Option<(NodeId, Access)>,
    more: Vec<(NodeId, Access)>,
}

impl Few {
    fn iter(&self) -> impl Iterator<Item = &(NodeId, Access)> {
        self.first.iter().chain(&self.more)
    }

    fn push(&mut self, access: (NodeId, Access)) {
        if self.first.is_none() {
            self.first = Some(access);
        } else {
            self.more.push(access);
        }
    }
}

/// Pairs of nodes, the one that came first in front, and what each does to one resource.
type Pairs = BTreeMap<(NodeId, NodeId), Vec<(Access, Access)>>;

/// All that was touched so far.
pub(super) struct Touched<'t, 'g> {
    reach: &'t mut Reach<'g>,
    numbers: Numbers,
    logs: Vec<Log>,
    pairs: Pairs,
    says: bool,
}

impl<'t, 'g> Touched<'t, 'g> {
    /// Nothing yet. `says`: whether accesses have words.
    pub(super) fn new(reach: &'t mut Reach<'g>, says: bool) -> Self {
        Self { reach, numbers: Numbers::new(says), logs: Vec::new(), pairs: Pairs::new(), says }
    }

    /// The next node of the order, and what it touches: each access is compared with the last change before it and
    /// every conflicting access since. Near linear but for the append/use groups.
    pub(super) fn add(&mut self, node: NodeId, found: Vec<(Resource, Access)>) {
        let mut footprint = self.numbers.footprint(found);
        if self.says {
            // What is said first of a conflict is the same in every replay.
            let numbers = &self.numbers;
            footprint.sort_by(|(a, _), (b, _)| numbers.resource(*a).cmp(&numbers.resource(*b)));
        }
        self.logs.resize_with(self.numbers.known.len(), Log::default);
        let mut rest = footprint.into_iter().peekable();
        while let Some((number, first)) = rest.next() {
            let mut accesses = vec![first];
            while let Some((_, access)) = rest.next_if(|(other, _)| *other == number) {
                accesses.push(access);
            }
            if let Some(log) = self.logs.get_mut(number as usize) {
                log.add(node, accesses, self.reach, &mut self.pairs);
            }
        }
    }

    /// The conflicts between nodes that nothing orders.
    pub(super) fn conflicts(self) -> Vec<Conflict> {
        self.pairs.into_iter().map(|((first, second), accesses)| Conflict { first, second, accesses }).collect()
    }
}

impl Log {
    fn add(&mut self, node: NodeId, accesses: Vec<Access>, reach: &mut Reach<'_>, pairs: &mut Pairs) {
        for access in &accesses {
            let mut compare = |(other, theirs): &(NodeId, Access)| {
                if conflict(theirs.mode, access.mode) && *other != node && !reach.is_before(*other, node) {
                    pairs.entry((*other, node)).or_default().push((theirs.clone(), access.clone()));
                }
            };
            self.change.iter().for_each(&mut compare);
            let Some(since) = &self.since else { continue };
            if access.mode != Mode::Append {
                since.appends.iter().for_each(&mut compare);
            }
            if matches!(access.mode, Mode::Append | Mode::Change) {
                since.uses.iter().for_each(&mut compare);
            }
            if access.mode == Mode::UseInOrder {
                unordered_among(&since.appends, reach, pairs);
            }
        }
        if let Some(change) = accesses.iter().find(|access| access.mode == Mode::Change) {
            *self = Self { change: Some((node, change.clone())), since: None };
            return;
        }
        let since = self.since.get_or_insert_default();
        for access in accesses {
            let list = if access.mode == Mode::Append { &mut since.appends } else { &mut since.uses };
            list.push((node, access));
        }
    }
}

/// Additions that nothing orders among themselves, where what follows depends on their order.
fn unordered_among(appends: &Few, reach: &mut Reach<'_>, pairs: &mut Pairs) {
    for (at, (second, ours)) in appends.iter().enumerate() {
        for (first, theirs) in appends.iter().take(at) {
            if first != second && !reach.is_before(*first, *second) {
                pairs.entry((*first, *second)).or_default().push((theirs.clone(), ours.clone()));
            }
        }
    }
}
