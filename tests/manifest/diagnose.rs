//! What a person sees of a manifest: every finding of every stage that needs no database.

use std::path::Path;

use dbmigrate::diagnostic::{Diagnostic, Sources};
use dbmigrate::graph::Graph;
use dbmigrate::manifest::{self, Manifest};
use dbmigrate::plan::{self, Downs, Ledger, Target};
use dbmigrate::render::{RenderOptions, render};
use dbmigrate::report::diagnostics::merged;

/// Everything found wrong in the manifest of a folder, and its files for drawing. Like the
/// commands, it stops behind the stage that found an error.
pub(crate) fn diagnose(folder: &Path) -> (Vec<Diagnostic>, Sources) {
    let loaded = manifest::load(&folder.join("schema.toml")).expect("schema.toml is there");
    let Some(manifest) = loaded.manifest else { return (loaded.diagnostics, loaded.sources) };
    let mut found = loaded.diagnostics;
    if !found.iter().any(Diagnostic::is_error) {
        let (graph, of_the_graph) = Graph::build(&manifest.migrations, manifest.linear);
        found.extend(of_the_graph);
        if !found.iter().any(Diagnostic::is_error) {
            found.extend(of_the_plans(&manifest, &graph));
        }
    }
    (manifest.apply_checks(found), loaded.sources)
}

/// The findings of going up from nothing and down from everything, on each backend.
fn of_the_plans(manifest: &Manifest, graph: &Graph) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for backend in &manifest.backends {
        let everything = plan::everything_applied(manifest, graph);
        for (ledger, target) in [(Ledger::default(), Target::Latest), (everything, Target::Zero)] {
            let plan = plan::make(manifest, graph, &ledger, &target, Downs::Auto, *backend).expect("a plan");
            found.extend(render(&plan, &RenderOptions::default()).diagnostics);
        }
    }
    merged(found, &manifest.backends)
}
