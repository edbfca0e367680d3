//! Verdicts on conflicts that nothing orders: an error with the order that breaks, or a
//! warning where both witnesses came out the same.

use std::collections::{BTreeMap, HashSet};

use super::access::Access;
use super::walk::{Conflict, Replay};
use super::witness::{self, Broken};
use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, Direction, Fix};
use crate::graph::{Graph, NodeId};
use crate::operation::Migration;

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
    for (at, conflict) in replay.conflicts.iter().enumerate() {
        if at >= MOST_WITNESSES {
            if let Some((first, _)) = conflict.accesses.first() {
                *rest.entry(first.words.clone()).or_default() += 1;
            }
            continue;
        }
        let orders = [witness::late(graph, conflict.first), witness::early(graph, conflict.second)];
        let broken = orders.into_iter().flatten().find_map(|order| {
            // Where the first order itself breaks, its end is no schema to hold others against.
            let end = Some(&replay.state).filter(|_| !replay.diagnostics.iter().any(Diagnostic::is_error));
            let broken = witness::try_order(migrations, &order, backend, known, end)?;
            Some((order, broken))
        });
        found.push(match broken {
            Some((order, broken)) => breaks(migrations, backend, conflict, &order, &broken),
            None => unproven(migrations, backend, conflict),
        });
    }
    for (words, count) in rest {
        let message = format!("{count} more pairs that nothing orders conflict with one that {words}");
        found.push(Diagnostic::new(Code::UnprovenOrder, message).on(backend));
    }
    found
}

fn name(migrations: &[Migration], node: NodeId) -> &str {
    migrations.get(node.0).map_or("", |migration| migration.name.as_str())
}

/// What two accesses are about: the words of the first without their verb.
fn about(access: &Access) -> &str {
    access.words.split_once(' ').map_or(access.words.as_str(), |(_, rest)| rest)
}

fn frame(migrations: &[Migration], backend: Backend, conflict: &Conflict, code: Code) -> Diagnostic {
    let (first, second) = (name(migrations, conflict.first), name(migrations, conflict.second));
    let pair = conflict.accesses.first();
    let what = pair.map_or("the same thing", |(theirs, _)| about(theirs));
    let message = format!("`{first}` and `{second}` both touch {what}, and nothing orders them");
    let mut diagnostic = Diagnostic::new(code, message).of(second).on(backend);
    if let Some((theirs, ours)) = pair {
        diagnostic = diagnostic.at(ours.span, ours.words.clone()).at(theirs.span, theirs.words.clone());
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
        Broken::Differs { lines } => {
            let few: Vec<&str> = lines.iter().take(4).map(String::as_str).collect();
            diagnostic
                .note(format!("this order is allowed and ends in another schema: {}", names.join(", ")))
                .note(few.join("\n"))
        }
    };
    diagnostic.witness = Some(order.iter().map(|node| name(migrations, *node).to_owned()).collect());
    diagnostic.help(format!("add `requires = [\"{first}\"]` to {second} (`dbmigrate check --fix`)"))
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

fn unproven(migrations: &[Migration], backend: Backend, conflict: &Conflict) -> Diagnostic {
    let (first, second) = (name(migrations, conflict.first), name(migrations, conflict.second));
    frame(migrations, backend, conflict, Code::UnprovenOrder)
        .note("both orders were tried and end in the same schema; whether they always do is not proved")
        .help(format!("if the order matters, add `requires = [\"{first}\"]` to {second} (`dbmigrate check --fix=all`)"))
}
