//! Where a database stands: its ledger held against the manifest.

use std::collections::HashSet;

use super::history::marks;
use super::{Ledger, Progress, RowState};
use crate::graph::{Graph, NodeId};
use crate::ident::Version;
use crate::manifest::Manifest;

/// Where a database stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Info {
    /// The highest version whose target set is applied; `None` for version 0.
    pub current_version: Option<Version>,
    /// Nothing beyond it is applied.
    pub exact: bool,
    /// The manifest's highest version.
    pub latest_version: Option<Version>,
    /// How many are applied (or half-way down).
    pub applied: usize,
    /// How many are not (or half-way up).
    pub pending: usize,
    /// How many are applied and not in the manifest.
    pub orphaned: usize,
    /// All migrations of manifest and ledger, by version.
    pub migrations: Vec<InfoRow>,
}

/// A migration's state on a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InfoState {
    /// Not applied.
    Pending,
    /// Interrupted on the way up.
    Applying,
    /// Applied.
    Applied,
    /// Interrupted on the way down.
    Reverting,
}

impl InfoState {
    /// Whether it counts as applied: its way up is done, and its way down is not.
    #[must_use]
    pub const fn stands(self) -> bool {
        matches!(self, Self::Applied | Self::Reverting)
    }

    /// Whether it was interrupted.
    #[must_use]
    pub const fn is_half_way(self) -> bool {
        matches!(self, Self::Applying | Self::Reverting)
    }

    /// As JSON and tables have it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Applying => "applying",
            Self::Applied => "applied",
            Self::Reverting => "reverting",
        }
    }
}

/// One migration.
#[derive(Debug, Clone, PartialEq)]
pub struct InfoRow {
    /// Version.
    pub version: Version,
    /// Name; the manifest's where both have it.
    pub name: String,
    /// State.
    pub state: InfoState,
    /// Applied and not in the manifest.
    pub orphaned: bool,
    /// Its way up was edited after it was applied.
    pub up_edited: bool,
    /// Its way down was edited after it was applied.
    pub down_edited: bool,
    /// When it was applied, as the ledger has it.
    pub applied_at: Option<String>,
    /// What it requires.
    pub requires: Vec<String>,
    /// For an interrupted one: how far it came.
    pub progress: Option<Progress>,
}

/// Holds a ledger against the manifest. Pure.
#[must_use]
pub fn info(manifest: &Manifest, graph: &Graph, ledger: &Ledger) -> Info {
    let mut rows: Vec<InfoRow> = Vec::with_capacity(manifest.migrations.len());
    let by_version: std::collections::HashMap<Version, _> = ledger.rows.iter().map(|row| (row.version, row)).collect();
    let mut done: HashSet<NodeId> = HashSet::new();
    for (at, migration) in manifest.migrations.iter().enumerate() {
        let row = by_version.get(&migration.version).filter(|_| graph.versioned(migration.version) == Some(NodeId(at)));
        let marks = row.map(|row| marks(row, Some(migration))).unwrap_or_default();
        let state = row.map_or(InfoState::Pending, |row| row.state.into());
        if matches!(state, InfoState::Applied | InfoState::Reverting) {
            done.insert(NodeId(at));
        }
        rows.push(InfoRow {
            version: migration.version,
            name: migration.name.clone(),
            state,
            orphaned: false,
            up_edited: marks.up_edited,
            down_edited: marks.down_edited,
            applied_at: row.map(|row| row.applied_at.clone()),
            requires: migration.requires.iter().map(|requirement| requirement.name.clone()).collect(),
            progress: row.and_then(|row| row.progress.clone()),
        });
    }
    let orphans = ledger.rows.iter().filter(|row| graph.versioned(row.version).is_none());
    rows.extend(orphans.map(|row| InfoRow {
        version: row.version,
        name: row.name.clone(),
        state: row.state.into(),
        orphaned: true,
        up_edited: false,
        down_edited: false,
        applied_at: Some(row.applied_at.clone()),
        requires: row.requires.clone(),
        progress: row.progress.clone(),
    }));
    rows.sort_by_key(|row| row.version);
    let orphans = rows.iter().filter(|row| row.orphaned).map(|row| row.version);
    let (current_version, exact) = current(manifest, graph, &done, orphans);
    let exact = exact && !rows.iter().any(|row| matches!(row.state, InfoState::Applying | InfoState::Reverting));
    Info {
        current_version,
        exact,
        latest_version: manifest.migrations.iter().map(|migration| migration.version).max(),
        applied: rows.iter().filter(|row| row.state.stands()).count(),
        pending: rows.iter().filter(|row| !row.state.stands()).count(),
        orphaned: rows.iter().filter(|row| row.orphaned).count(),
        migrations: rows,
    }
}

/// The current version of a database with those versions applied, and whether nothing beyond it
/// is. Pure.
#[must_use]
pub fn current_version(manifest: &Manifest, graph: &Graph, applied: &[Version]) -> (Option<Version>, bool) {
    let done = applied.iter().filter_map(|version| graph.versioned(*version)).collect();
    let orphans = applied.iter().copied().filter(|version| graph.versioned(*version).is_none());
    current(manifest, graph, &done, orphans)
}

/// The highest V whose target set (all versions up to V, and what they require) is applied,
/// and whether nothing beyond that set is.
fn current(
    manifest: &Manifest,
    graph: &Graph,
    done: &HashSet<NodeId>,
    mut orphans: impl Iterator<Item = Version>,
) -> (Option<Version>, bool) {
    let mut current = None;
    let mut wanted = Vec::new();
    for (at, migration) in manifest.migrations.iter().enumerate() {
        // Requirements of a higher version count too; they are applied or the node could not be,
        // unless history contradicts the graph.
        let node = NodeId(at);
        let complete = done.contains(&node) && graph.requirements(node).all(|required| done.contains(&required));
        if !complete {
            break;
        }
        wanted.push(node);
        current = Some(migration.version);
    }
    let set = graph.with_requirements(wanted);
    let orphan_beyond = orphans.any(|orphan| current.is_none_or(|version| orphan > version));
    (current, set.len() == done.len() && !orphan_beyond)
}

impl From<RowState> for InfoState {
    fn from(state: RowState) -> Self {
        match state {
            RowState::Applying => Self::Applying,
            RowState::Applied => Self::Applied,
            RowState::Reverting => Self::Reverting,
        }
    }
}
