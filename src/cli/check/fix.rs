//! `check --fix`: the missing edges, written into the manifest, until nothing is left to fix.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::findings::Looked;
use crate::cli::args::{Check, Fixing, Global};
use crate::cli::console::Console;
use crate::cli::error::Error;
use crate::cli::project::Project;
use crate::diagnostic::{Code, FileId, Fix};
use crate::graph::{Graph, NodeId};
use crate::manifest::edit::{EditError, NodeIn, add_requirement};

/// How often the check is made again. Each round mends what the one before could not see yet.
const MOST_ROUNDS: usize = 50;

/// Writes edges and checks again, until a round has none to write.
///
/// # Errors
/// Where a file cannot be written, or the manifest not be read again.
pub(super) fn rounds(
    mut looked: Looked,
    fixing: Fixing,
    args: &Check,
    global: &Global,
    console: &Console,
) -> Result<Looked, Error> {
    for _ in 0..MOST_ROUNDS {
        let Some(project) = &looked.project else { break };
        let found = super::severities(&project.manifest, args, looked.found.clone());
        let wanted = |code: Code| match fixing {
            Fixing::Errors => code == Code::UnorderedConflict,
            Fixing::All => matches!(code, Code::UnorderedConflict | Code::UnprovenOrder),
        };
        let mut fixes: Vec<Fix> =
            found.into_iter().filter(|found| wanted(found.code)).filter_map(|found| found.fix).collect();
        nearest_first(&project.graph, &mut fixes);
        if write(project, fixes, global, console)? == 0 {
            break;
        }
        looked = Looked::at(global)?;
    }
    Ok(looked)
}

/// Edges of the first migrations first, and of each the nearest first, so that as many as can be
/// are implied by those before them.
fn nearest_first(graph: &Graph, fixes: &mut [Fix]) {
    let all: Vec<NodeId> = graph.nodes().collect();
    let order = graph.order_up(&all).unwrap_or(all);
    let rank: HashMap<NodeId, usize> = order.into_iter().zip(0..).collect();
    let of = |name: &str| graph.named(name).and_then(|node| rank.get(&node)).copied().unwrap_or_default();
    fixes.sort_by_key(|fix| (of(&fix.migration), std::cmp::Reverse(of(&fix.requires))));
}

/// Writes edges; gives how many. One that the edges before it imply is left out, and so is one
/// that would close a circle.
fn write(project: &Project, fixes: Vec<Fix>, global: &Global, console: &Console) -> Result<usize, Error> {
    let mut graph = project.graph.clone();
    let mut texts: BTreeMap<FileId, String> = BTreeMap::new();
    let mut said = Vec::new();
    for fix in fixes {
        let (Some(by), Some(required)) = (graph.named(&fix.migration), graph.named(&fix.requires)) else { continue };
        if by == required
            || graph.with_requirements([by]).contains(&required)
            || graph.with_requirements([required]).contains(&by)
        {
            continue;
        }
        let Some(migration) = project.manifest.migrations.get(by.0) else { continue };
        let file = migration.span.file;
        let Some(source) = project.sources.get(file) else { continue };
        let node = if Path::new(&source.path) == global.manifest {
            NodeIn::Inline { version: migration.version, name: &migration.name }
        } else {
            NodeIn::File
        };
        // As it is on disk: the text for drawing has no carriage returns.
        let before = match texts.get(&file) {
            Some(text) => text.clone(),
            None => std::fs::read_to_string(&source.path)
                .map_err(|error| Error::System { doing: format!("cannot read `{}`", source.path), source: error })?,
        };
        match add_requirement(&before, node, &fix.requires) {
            Ok(after) => {
                texts.insert(file, after);
                graph = graph.with_edge(required, by);
                said.push(format!("wrote into {}: `{}` requires `{}`", source.path, fix.migration, fix.requires));
            }
            Err(error) => cannot(console, &source.path, &fix, &error),
        }
    }
    for (file, text) in &texts {
        let Some(source) = project.sources.get(*file) else { continue };
        std::fs::write(&source.path, text)
            .map_err(|error| Error::System { doing: format!("cannot write `{}`", source.path), source: error })?;
    }
    for line in &said {
        console.say(line);
    }
    Ok(said.len())
}

fn cannot(console: &Console, path: &str, fix: &Fix, error: &EditError) {
    let text =
        format!("{path} was not edited: {error}; add `requires = [\"{}\"]` to `{}`", fix.requires, fix.migration);
    console.say(&format!("{}: {text}", console.err.warn("warning")));
}
