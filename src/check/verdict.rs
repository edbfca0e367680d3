//! Verdicts on conflicts that nothing orders: an error with the order that breaks, or a
//! warning where both witnesses came out the same.

use std::collections::{BTreeMap, HashSet};

use super::touched::Conflict;
use super::walk::Replay;
use super::witness::{self, Broken};
use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, Direction, Fix};
use crate::graph::{Graph, NodeId};
use crate::operation::Migration;
use crate::state::{Mode, State};

/// More pairs than this are not tried; the rest are told by what they touch.
const MOST_WITNESSES: usize = 100;

/// Judges each conflict. `known` are the findings of the first replay.
pub(super) fn judge(
    migrations: &[Migration],
    graph: &Graph,
    backend: Backend,
    replay: &Replay,
    known: &HashSet<(Code, String)>,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut rest: BTreeMap<String, usize> = BTreeMap::new();
    // Where the first order itself breaks, its end is no schema to hold others against.
    let end = Some(&replay.state).filter(|_| !replay.diagnostics.iter().any(Diagnostic::is_error));
    let tried: Vec<_> = replay
        .conflicts
        .iter()
        .take(MOST_WITNESSES)
        .map(|conflict| {
            let alone = others_ordered(graph, &replay.conflicts, conflict);
            let orders = [witness::late(&alone, conflict.first), witness::early(&alone, conflict.second)];
            let swapped = |order: &Vec<NodeId>| swaps(order, conflict);
            let orders: Vec<_> = orders.into_iter().flatten().filter(swapped).collect();
            let broken = first_broken(migrations, backend, &orders, known, end);
            (conflict, !orders.is_empty(), broken)
        })
        .collect();
    let any_broken = tried.iter().any(|(_, _, broken)| broken.is_some());
    for (conflict, alone, broken) in tried {
        let broken = if alone {
            broken
        } else {
            // The order of the other pairs implies its own. What breaks then, may be those pairs' doing.
            let orders = [witness::late(graph, conflict.first), witness::early(graph, conflict.second)];
            let orders: Vec<_> = orders.into_iter().flatten().collect();
            first_broken(migrations, backend, &orders, known, end).filter(|(_, broken)| match broken {
                Broken::Fails { node, .. } => !any_broken || [conflict.first, conflict.second].contains(node),
                Broken::Differs { .. } => !any_broken,
            })
        };
        found.push(match broken {
            Some((order, broken)) => breaks(migrations, backend, conflict, &order, &broken),
            None => unproven(migrations, backend, conflict),
        });
    }
    for conflict in replay.conflicts.iter().skip(MOST_WITNESSES) {
        if let Some((first, _)) = conflict.accesses.first() {
            *rest.entry(first.words()).or_default() += 1;
        }
    }
    for (words, count) in rest {
        let message = format!("{count} more pairs that nothing orders conflict with one that {words}");
        found.push(Diagnostic::new(Code::UnprovenOrder, message).on(backend));
    }
    found
}

/// The graph with every other conflict ordered as the first replay has it, so that what breaks is this pair's doing.
fn others_ordered(graph: &Graph, conflicts: &[Conflict], this: &Conflict) -> Graph {
    let others = conflicts.iter().filter(|other| (other.first, other.second) != (this.first, this.second));
    graph.with_edges(others.map(|other| (other.first, other.second)))
}

/// Whether the second node of a conflict comes before the first.
fn swaps(order: &[NodeId], conflict: &Conflict) -> bool {
    let of = |node: NodeId| order.iter().position(|other| *other == node);
    of(conflict.second) < of(conflict.first)
}

/// The first of some orders that breaks, and how.
fn first_broken(
    migrations: &[Migration],
    backend: Backend,
    orders: &[Vec<NodeId>],
    known: &HashSet<(Code, String)>,
    end: Option<&State>,
) -> Option<(Vec<NodeId>, Broken)> {
    orders.iter().find_map(|order| {
        let broken = witness::try_order(migrations, order, backend, known, end)?;
        Some((order.clone(), broken))
    })
}

fn name(migrations: &[Migration], node: NodeId) -> &str {
    migrations.get(node.0).map_or("", |migration| migration.name.as_str())
}

fn frame(migrations: &[Migration], backend: Backend, conflict: &Conflict, code: Code) -> Diagnostic {
    let (first, second) = (name(migrations, conflict.first), name(migrations, conflict.second));
    let pair = conflict.accesses.first();
    let what = pair.map_or_else(|| "the same thing".to_owned(), |(theirs, _)| theirs.about().to_owned());
    let message = format!("`{first}` and `{second}` both touch {what}, and nothing orders them");
    let mut diagnostic = Diagnostic::new(code, message).of(second).on(backend);
    if let Some((theirs, ours)) = pair {
        diagnostic = diagnostic.at(ours.span(), ours.words()).at(theirs.span(), theirs.words());
    }
    diagnostic.related.push(first.to_owned());
    diagnostic.fix = Some(Fix { migration: second.to_owned(), requires: first.to_owned() });
    diagnostic
}

fn breaks(
    migrations: &[Migration],
    backend: Backend,
    conflict: &Conflict,
    order: &[NodeId],
    broken: &Broken,
) -> Diagnostic {
    let (first, second) = (name(migrations, conflict.first), name(migrations, conflict.second));
    let mut diagnostic = frame(migrations, backend, conflict, Code::UnorderedConflict);
    let names = witness_names(migrations, conflict, order);
    diagnostic = match broken {
        Broken::Fails { node, direction, finding } => {
            let way = if *direction == Direction::Down { " (on the way down)" } else { "" };
            diagnostic
                .note(format!("this order is allowed and breaks: {}", names.join(", ")))
                .note(format!("{}{way}: {}", name(migrations, *node), finding.message))
                .going(*direction)
        }
        Broken::Differs { gone, new } => {
            let told =
                diagnostic.note(format!("this order is allowed and ends in another schema: {}", names.join(", ")));
            let gone = gone.iter().map(|fact| shown("not there then", fact));
            let new = new.iter().map(|fact| shown("there instead", fact));
            gone.chain(new).take(4).fold(told, Diagnostic::note)
        }
    };
    diagnostic.witness = Some(order.iter().map(|node| name(migrations, *node).to_owned()).collect());
    diagnostic.help(format!("add `requires = [\"{first}\"]` to {second} (`dbmigrate check --fix`)"))
}

/// A fact in which two schemas differ, in a line.
fn shown(way: &str, fact: &str) -> String {
    const MOST: usize = 120;
    let fact = fact.split_whitespace().collect::<Vec<_>>().join(" ");
    if fact.chars().count() > MOST {
        format!("{way}: {}…", fact.chars().take(MOST - 1).collect::<String>())
    } else {
        format!("{way}: {fact}")
    }
}

/// The order's names, or where it is long only those that matter.
fn witness_names<'m>(migrations: &'m [Migration], conflict: &Conflict, order: &[NodeId]) -> Vec<&'m str> {
    const MOST: usize = 12;
    let all: Vec<&str> = order.iter().map(|node| name(migrations, *node)).collect();
    if all.len() <= MOST {
        return all;
    }
    let of = |node: NodeId| order.iter().position(|other| *other == node).unwrap_or_default();
    let (second, first) = (of(conflict.second), of(conflict.first));
    let mut names = vec!["…"];
    names.extend(all.get(second).copied());
    names.push("…");
    names.extend(all.get(first).copied());
    names.push("…");
    names
}

/// Whether what the second node of a conflict creates is what the first one may use: its version is then no sign of the order
/// that its author had in mind.
fn creates_what_is_used(conflict: &Conflict) -> bool {
    conflict.accesses.iter().any(|(theirs, ours)| theirs.mode == Mode::Use && ours.mode == Mode::Change && ours.creates)
}

fn unproven(migrations: &[Migration], backend: Backend, conflict: &Conflict) -> Diagnostic {
    let (first, second) = (name(migrations, conflict.first), name(migrations, conflict.second));
    if creates_what_is_used(conflict) {
        let mut diagnostic = frame(migrations, backend, conflict, Code::UnprovenOrder);
        diagnostic.fix = Some(Fix { migration: first.to_owned(), requires: second.to_owned() });
        return diagnostic
            .note(format!("`{first}` may need what `{second}` creates, and can run before it"))
            .help(format!("if it does, add `requires = [\"{second}\"]` to {first} (`dbmigrate check --fix=all`)"));
    }
    frame(migrations, backend, conflict, Code::UnprovenOrder)
        .note("both orders were tried and end in the same schema; whether they always do is not proved")
        .help(format!("if the order matters, add `requires = [\"{first}\"]` to {second} (`dbmigrate check --fix=all`)"))
}
