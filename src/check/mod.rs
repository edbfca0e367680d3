//! The order check: proof that every order the graph allows runs up and back and leaves one
//! schema, or the order that breaks.
//!
//! One order is replayed; each node's footprint (what it touches, up and down) is held
//! against those before it. Nodes with independent footprints commute, so if every
//! conflicting pair is ordered by the graph, all orders are equivalent (Mazurkiewicz 1977)
//! and the one replay proves them all. For a pair that is not ordered, two orders are replayed as
//! witnesses.
#![warn(clippy::wildcard_enum_match_arm)]

mod assume;
mod blame;
mod chain;
#[doc(hidden)]
pub mod frame;
mod related;
pub mod rules;
mod touched;
mod verdict;
mod walk;
mod witness;

#[cfg(test)]
mod holders_tests;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::thread;

use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::graph::{Graph, NodeId, Reach};
use crate::manifest::Manifest;
use crate::operation::Migration;

/// What a check found.
#[derive(Debug)]
pub struct Checked {
    /// How many migrations were checked.
    pub migrations: usize,
    /// What was found, on each backend of its own; `[checks]` is not applied yet.
    pub diagnostics: Vec<Diagnostic>,
}

/// Checks a manifest on one backend. Pure. `graph_findings` are those of [`Graph::build`]; with
/// a circle among them nothing more can be checked.
#[must_use]
pub fn check(manifest: &Manifest, graph: &Graph, graph_findings: &[Diagnostic], backend: Backend) -> Checked {
    let migrations = manifest.migrations.as_slice();
    let mut checked = Checked { migrations: migrations.len(), diagnostics: graph_findings.to_vec() };
    if graph_findings.iter().any(|found| found.code == Code::DependencyCycle) {
        return checked;
    }
    let (edges, proved) = beside(
        || if manifest.linear { Vec::new() } else { edges(migrations, graph) },
        || prove(migrations, graph, backend),
        migrations.len(),
    );
    checked.diagnostics.extend(edges);
    checked.diagnostics.extend(proved);
    checked
}

/// Fewer migrations than this are not worth another thread.
const MANY_MIGRATIONS: usize = 256;

/// Does one thing in another thread, where there are many migrations and one is to be had, while this one does the other.
fn beside<A: Send, B>(other: impl Fn() -> A + Sync, own: impl FnOnce() -> B, migrations: usize) -> (A, B) {
    if migrations < MANY_MIGRATIONS {
        return (other(), own());
    }
    thread::scope(|scope| {
        let started = thread::Builder::new().spawn_scoped(scope, &other).ok();
        let own = own();
        (started.and_then(|started| started.join().ok()).unwrap_or_else(&other), own)
    })
}

/// What is wrong with what migrations require.
fn edges(migrations: &[Migration], graph: &Graph) -> Vec<Diagnostic> {
    Reach::new(graph).map_or_else(|_| Vec::new(), |mut reach| rules::edges(migrations, graph, &mut reach))
}

/// What is wrong with what migrations do.
fn prove(migrations: &[Migration], graph: &Graph, backend: Backend) -> Vec<Diagnostic> {
    let mut proved = Vec::new();
    let Some(mut walked) = walk_all(migrations, graph, backend) else { return proved };
    let mut graph = Cow::Borrowed(graph);
    if walked.1.diagnostics.iter().any(|found| found.is_error() && related::depends_on_others(found.code)) {
        let assumed = assume::missing_edges(migrations, &graph, backend);
        if !assumed.diagnostics.is_empty() {
            proved.extend(assumed.diagnostics);
            let Some(again) = walk_all(migrations, &assumed.graph, backend) else { return proved };
            walked = again;
            graph = Cow::Owned(assumed.graph);
        }
    }
    let (order, mut replay, observer) = walked;
    blame::label(migrations, &order, backend, &mut replay.diagnostics);
    let chain::Chain { diagnostics: chain, known } = chain::down(migrations, &order, &mut replay, backend);
    let known: HashSet<(Code, String)> =
        replay.diagnostics.iter().map(|found| (found.code, found.message.clone())).chain(known).collect();
    proved.extend(verdict::judge(migrations, &graph, backend, &replay, &known));
    let mut ruled = observer.finish(migrations, &order);
    // A way down that fails in the chain is told there; that it fails alone, too, is no news.
    let of_the_same = |found: &Diagnostic, other: &Diagnostic| other.migration == found.migration;
    ruled.retain(|found| {
        if found.code == Code::DownDoesNotRestore {
            return !chain.iter().any(|other| other.is_error() && of_the_same(found, other));
        }
        // Reading SQL may tell it already.
        found.code != Code::HiddenByIfExists
            || !replay.diagnostics.iter().chain(&chain).any(|other| {
                other.code == found.code
                    && of_the_same(found, other)
                    && other.labels.first().map(|l| l.span) == found.labels.first().map(|l| l.span)
            })
    });
    proved.extend(replay.diagnostics);
    proved.extend(chain);
    proved.extend(ruled);
    proved
}

/// The replay of a graph's first order, with what looked on; `None` where there is no order.
fn walk_all(
    migrations: &[Migration],
    graph: &Graph,
    backend: Backend,
) -> Option<(Vec<NodeId>, walk::Replay, rules::Observer)> {
    let all: Vec<NodeId> = graph.nodes().collect();
    let order = graph.order_up(&all).ok()?;
    let (replay, observer) = walk::walk(migrations, &order, &mut Reach::of(graph, &order), backend);
    Some((order, replay, observer))
}

/// What keeps unordered nodes independent: for each pair that nothing orders and that does not conflict, what both
/// touch and in which modes, counted. `nothing shared` counts the pairs that touch nothing in common.
///
/// For tests of the check itself: it compares all nodes with each other.
#[doc(hidden)]
#[must_use]
pub fn commuting(manifest: &Manifest, graph: &Graph, backend: Backend) -> BTreeMap<String, usize> {
    let all: Vec<NodeId> = graph.nodes().collect();
    match (graph.order_up(&all), Reach::new(graph)) {
        (Ok(order), Ok(mut reach)) => walk::commuting(&manifest.migrations, &order, &mut reach, backend),
        _ => BTreeMap::new(),
    }
}

/// Sorted for people: errors first, then by place, as the manifest has them; what has no place comes last.
pub fn sort(found: &mut [Diagnostic]) {
    found.sort_by_key(|diagnostic| {
        let severity = match diagnostic.severity {
            Severity::Error => 0,
            Severity::Warning => 1,
            Severity::Note => 2,
        };
        let place = diagnostic.labels.first().map(|label| (label.span.file, label.span.start));
        (severity, place.is_none(), place)
    });
}
