//! The actual history: the ledger's rows held against the manifest, and replayed.

use std::sync::Arc;

use super::resume::Half;
use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, Severity, Span};
use crate::graph::{Graph, NodeId};
use crate::manifest::Manifest;
use crate::operation::{Body, Migration};
use crate::plan::{Downs, Ledger, LedgerRow, RowState};
use crate::state::State;
use crate::state::replay::{self, Undone, Unwatched};

/// How a ledger row compares with the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Marks {
    pub(super) orphaned: bool,
    pub(super) up_edited: bool,
    pub(super) down_edited: bool,
}

/// Compares a ledger row with the manifest's migration of its version.
pub(super) fn marks(row: &LedgerRow, migration: Option<&Migration>) -> Marks {
    let Some(migration) = migration else { return Marks { orphaned: true, ..Marks::default() } };
    if Arc::ptr_eq(&row.body, &migration.body) {
        return Marks::default();
    }
    let now = migration.body.checksums();
    Marks { orphaned: false, up_edited: now.up != row.checksums.up, down_edited: now.down != row.checksums.down }
}

/// An applied migration, replayed.
#[derive(Debug)]
pub(super) struct Past<'a> {
    pub(super) row: &'a LedgerRow,
    /// Its node in the graph (extended with the orphans).
    pub(super) node: NodeId,
    /// What is undone: the ledger's body or the manifest's.
    pub(super) body: &'a Arc<Body>,
    pub(super) undone: Vec<Undone>,
    pub(super) span: Span,
    /// Where DDL commits by itself, of an interrupted one: as the ledger has it, both ways.
    pub(super) half: Option<Half>,
}

/// The history of a database.
#[derive(Debug)]
pub(super) struct History<'a> {
    /// By position.
    pub(super) past: Vec<Past<'a>>,
    /// The graph, with the orphans in it.
    pub(super) graph: Graph,
    /// The state after it.
    pub(super) state: State,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Replays a ledger's rows, in the order they were applied. Of the interrupted ones, those that `counts` lets through
/// count as applied.
pub(super) fn replay<'a>(
    manifest: &'a Manifest,
    graph: &Graph,
    ledger: &'a Ledger,
    downs: Downs,
    backend: Backend,
    counts: &dyn Fn(&LedgerRow) -> bool,
) -> History<'a> {
    let journaled = !backend.capabilities().transactional_ddl;
    let orphans = ledger.rows.iter().filter(|row| graph.versioned(row.version).is_none());
    let graph = graph.extended(orphans.map(|row| (row.version, row.name.as_str(), row.requires.as_slice())));
    let mut history = History {
        past: Vec::with_capacity(ledger.rows.len()),
        graph,
        state: State::empty(backend),
        diagnostics: vec![],
    };
    history.state.expect(ledger.rows.len());
    let mut rows: Vec<&LedgerRow> = ledger.rows.iter().collect();
    rows.sort_by_key(|row| row.position);
    for row in rows {
        let Some(node) = history.graph.versioned(row.version) else { continue };
        let migration = manifest.migrations.get(node.0);
        let marks = marks(row, migration);
        let span = migration.map_or(Span::NONE, |migration| migration.span);
        let body = choose(row, migration, marks, downs);
        report(row, marks, span, downs, &mut history.diagnostics);
        let half = (journaled && row.state != RowState::Applied).then(|| Half::of(row, &row.body, &history.state));
        if row.state != RowState::Applied && !counts(row) {
            // What it did is the journal's to tell.
            history.past.push(Past { row, node, body, undone: vec![], span, half });
            continue;
        }
        let (state, found) = (&mut history.state, &mut history.diagnostics);
        let undone = replay::up_watched(state, &row.name, body, found, &mut Unwatched);
        history.past.push(Past { row, node, body, undone, span, half });
    }
    history
}

/// The body that is undone, by design: the manifest's where the way up is the same (a broken
/// down is mended by editing it), else the ledger's.
fn choose<'a>(row: &'a LedgerRow, migration: Option<&'a Migration>, marks: Marks, downs: Downs) -> &'a Arc<Body> {
    match (migration, downs) {
        (Some(migration), Downs::Auto) if !marks.up_edited => &migration.body,
        (Some(migration), Downs::Manifest) => &migration.body,
        _ => &row.body,
    }
}

fn report(row: &LedgerRow, marks: Marks, span: Span, downs: Downs, found: &mut Vec<Diagnostic>) {
    let name = &row.name;
    if marks.orphaned {
        let message = format!("`{name}` ({}) is applied, and the manifest does not have it", row.version);
        let note = "the ledger keeps how to undo it, so it rolls back as it was applied";
        found.push(Diagnostic::new(Code::Orphaned, message).of(name).note(note));
    } else if marks.up_edited {
        let message = format!("`{name}` was edited after it was applied");
        let what = if downs == Downs::Manifest { "the manifest's" } else { "the ledger's own" };
        let note = format!("{what} operations are undone (--downs manifest or ledger says which)");
        found.push(Diagnostic::new(Code::UpEdited, message).of(name).at(span, "edited since").note(note));
    } else if marks.down_edited {
        let message = format!("the way down of `{name}` was edited after it was applied");
        let what = if downs == Downs::Ledger { "the ledger's own" } else { "the manifest's" };
        let note = format!("{what} way down is used (--downs manifest or ledger says which)");
        found.push(Diagnostic::new(Code::DownEdited, message).of(name).at(span, "edited since").note(note));
    }
}

/// An interrupted migration counts as applied on its way down, unless the caller knows better.
pub(super) fn by_state(row: &LedgerRow) -> bool {
    row.state != RowState::Applying
}

/// Reports what is applied without something it requires.
pub(super) fn requirements(history: &History<'_>, found: &mut Vec<Diagnostic>) -> bool {
    let rows: std::collections::HashMap<NodeId, &LedgerRow> =
        history.past.iter().map(|past| (past.node, past.row)).collect();
    let mut contradicted = false;
    for past in &history.past {
        for required in history.graph.requirements(past.node) {
            let (message, related) = match rows.get(&required) {
                Some(other) if other.position > past.row.position => {
                    contradicted = true;
                    let message = format!("`{}` was applied before `{}`, which it requires", past.row.name, other.name);
                    (message, vec![other.name.clone()])
                }
                // Of one that is half applied, the plan says whether it matters.
                None if past.half.is_some() => continue,
                None => (format!("`{}` is applied without something it requires", past.row.name), vec![]),
                Some(_) => continue,
            };
            let mut diagnostic =
                Diagnostic::new(Code::RequirementNotApplied, message).of(&past.row.name).at(past.span, "");
            diagnostic.related = related;
            diagnostic.severity = Severity::Warning;
            found.push(diagnostic);
        }
    }
    contradicted
}

/// The ledger of a database on which everything in the manifest is applied: what `plan reset`
/// starts from when there is no database. Cyclic graphs give the nodes in version order.
#[must_use]
pub fn everything_applied(manifest: &Manifest, graph: &Graph) -> Ledger {
    let all: Vec<NodeId> = graph.nodes().collect();
    let order = graph.order_up(&all).unwrap_or(all);
    let rows = order.iter().zip(1..).filter_map(|(node, position)| {
        let migration = manifest.migrations.get(node.0)?;
        // A second node of one version is not reachable by it.
        (graph.versioned(migration.version) == Some(*node)).then(|| LedgerRow {
            position,
            version: migration.version,
            name: migration.name.clone(),
            state: RowState::Applied,
            checksums: migration.body.checksums(),
            requires: migration.requires.iter().map(|requirement| requirement.name.clone()).collect(),
            body: Arc::clone(&migration.body),
            applied_at: String::new(),
            progress: None,
        })
    });
    Ledger { exists: true, rows: rows.collect(), environment: None, as_of: None }
}
