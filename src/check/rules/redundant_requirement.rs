//! `redundant-requirement`: what a migration requires is required already by something else
//! that it requires.

use std::collections::HashSet;

use crate::diagnostic::{Code, Diagnostic};
use crate::graph::{Graph, NodeId, Reach};
use crate::operation::Migration;

/// Up to so many requirements are compared in pairs; of more, all ancestors are visited once.
const MOST_PAIRED: usize = 24;

pub(super) fn look(migrations: &[Migration], graph: &Graph, reach: &mut Reach<'_>, found: &mut Vec<Diagnostic>) {
    for migration in migrations {
        // Those named twice are the graph's to tell.
        let mut seen = HashSet::new();
        let required: Vec<(NodeId, usize)> = migration
            .requires
            .iter()
            .enumerate()
            .filter_map(|(at, requirement)| graph.named(&requirement.name).map(|node| (node, at)))
            .filter(|(node, _)| seen.insert(*node))
            .collect();
        if required.len() < 2 {
            continue;
        }
        let implied: HashSet<NodeId> = if required.len() <= MOST_PAIRED {
            let mut before = |a: NodeId| required.iter().any(|(b, _)| reach.is_before(a, *b));
            required.iter().map(|(node, _)| *node).filter(|node| before(*node)).collect()
        } else {
            let parents: Vec<NodeId> =
                required.iter().flat_map(|(node, _)| graph.requirements(*node).collect::<Vec<_>>()).collect();
            graph.with_requirements(parents).into_iter().collect()
        };
        for (node, at) in required.iter().filter(|(node, _)| implied.contains(node)) {
            let Some(requirement) = migration.requires.get(*at) else { continue };
            let through = required.iter().find(|(other, _)| reach.is_before(*node, *other));
            let through = through.and_then(|(other, _)| migrations.get(other.0)).map_or("", |other| &other.name);
            let message = format!(
                "`{}` requires `{}`, which `{through}` requires already, directly or not",
                migration.name, requirement.name
            );
            let mut diagnostic = Diagnostic::new(Code::RedundantRequirement, message)
                .of(&migration.name)
                .at(requirement.span, format!("implied by `{through}`"));
            diagnostic.related.extend([requirement.name.clone(), through.to_owned()]);
            found.push(diagnostic);
        }
    }
}
