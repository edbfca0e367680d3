//! `graph`: the migrations and what they require, drawn.

use super::args::{Format, Global};
use super::console::Console;
use super::error::Error;
use super::exit_code;
use super::project::{self, Project};
use crate::graph::NodeId;
use crate::report::graph::{Node, write_dot, write_json, write_mermaid, write_text};
use crate::report::words;

/// Draws it.
///
/// # Errors
/// Where the manifest cannot be read, or has errors of the graph; those are shown, and `dot` and `mermaid` are drawn with them.
pub(super) fn run(global: &Global, console: &Console) -> Result<(), Error> {
    console.has_format("graph", &[Format::Dot, Format::Mermaid])?;
    let project = Project::load(global, console)?;
    project::show(&project.manifest.apply_checks(project.findings.clone()), &project.sources, console);
    let broken = project.findings.iter().any(crate::diagnostic::Diagnostic::is_error);
    let all: Vec<NodeId> = project.graph.nodes().collect();
    let order = project.graph.order_up(&all);
    if order.is_err() && console.format == Format::Text {
        // There is no order to draw it in.
        return Err(Error::Said(exit_code::CHECK));
    }
    let nodes = nodes(&project, &order.unwrap_or(all));
    let name = &words::one_line(&project.manifest.project);
    console.result(|out| match console.format {
        Format::Dot => write_dot(name, &nodes, out),
        Format::Mermaid => write_mermaid(&nodes, out),
        Format::Json => write_json(&nodes, out),
        _ => write_text(name, &nodes, console.out, out),
    })?;
    if broken { Err(Error::Said(exit_code::CHECK)) } else { Ok(()) }
}

/// The migrations in that order.
fn nodes(project: &Project, order: &[NodeId]) -> Vec<Node> {
    let mut places = vec![None; project.graph.len()];
    for (place, node) in order.iter().enumerate() {
        if let Some(slot) = places.get_mut(node.0) {
            *slot = Some(place);
        }
    }
    let place = |node: NodeId| places.get(node.0).copied().flatten();
    order
        .iter()
        .filter_map(|node| {
            let migration = project.manifest.migrations.get(node.0)?;
            let mut requires: Vec<usize> = project.graph.requirements(*node).filter_map(place).collect();
            requires.sort_unstable();
            requires.dedup();
            Some(Node { version: migration.version, name: migration.name.clone(), requires })
        })
        .collect()
}
