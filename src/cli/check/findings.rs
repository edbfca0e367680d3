//! Everything that can be found without a database: of the language, the graph, the order, and
//! of what a backend cannot do.

use std::collections::HashSet;

use crate::backend::Backend;
use crate::check::check;
use crate::cli::args::Global;
use crate::cli::error::{ConfigurationError, Error};
use crate::cli::project::Project;
use crate::diagnostic::{Code, Diagnostic, Sources};
use crate::graph::Graph;
use crate::manifest;
use crate::plan::{self, Downs, Ledger, Target};
use crate::render::{RenderOptions, render};
use crate::report::diagnostics::merged;

/// What was looked at, and what was found.
#[derive(Debug)]
pub(super) struct Looked {
    /// The manifest, where it can be worked with.
    pub(super) project: Option<Project>,
    /// Its files, where it cannot.
    pub(super) sources: Option<Sources>,
    /// How many migrations it has.
    pub(super) migrations: usize,
    /// The backends that were checked.
    pub(super) backends: Vec<Backend>,
    /// Everything found, severities as the stages gave them.
    pub(super) found: Vec<Diagnostic>,
}

impl Looked {
    /// Loads the manifest and checks it.
    ///
    /// # Errors
    /// Where `schema.toml` cannot be read, or a backend was asked for that cannot be checked.
    pub(super) fn at(global: &Global) -> Result<Self, Error> {
        let loaded = manifest::load(&global.manifest).map_err(ConfigurationError::Manifest)?;
        let broken = loaded.diagnostics.iter().any(Diagnostic::is_error);
        let mut found = loaded.diagnostics;
        let manifest = match loaded.manifest {
            Some(manifest) if !broken => manifest,
            partly => {
                let migrations = partly.map_or(0, |manifest| manifest.migrations.len());
                let sources = Some(loaded.sources);
                return Ok(Self { project: None, sources, migrations, backends: Vec::new(), found });
            }
        };
        let (graph, findings) = Graph::build(&manifest.migrations, manifest.linear);
        let migrations = manifest.migrations.len();
        let project = Project { manifest, sources: loaded.sources, graph, findings };
        let backends = match global.backend {
            Some(asked) => vec![project.backend(asked)?],
            None => project.manifest.backends.clone(),
        };
        let mut of_backends = Vec::new();
        for backend in &backends {
            of_backends.extend(on(&project, *backend));
        }
        found.extend(merged(of_backends, &backends));
        Ok(Self { project: Some(project), sources: None, migrations, backends, found })
    }
}

/// The findings on one backend: those of the check, and what rendering adds to them.
fn on(project: &Project, backend: Backend) -> Vec<Diagnostic> {
    let (manifest, graph) = (&project.manifest, &project.graph);
    let mut found = check(manifest, graph, &project.findings, backend).diagnostics;
    if found.iter().any(|found| found.code == Code::DependencyCycle) {
        return found;
    }
    let mut known: HashSet<(Code, String)> = found.iter().map(|found| (found.code, found.message.clone())).collect();
    let everything = plan::everything_applied(manifest, graph);
    for (ledger, target) in [(Ledger::default(), Target::Latest), (everything, Target::Zero)] {
        let Ok(plan) = plan::make(manifest, graph, &ledger, &target, Downs::Auto, backend) else { continue };
        let rendered = render(&plan, &RenderOptions::default());
        let of_render = rendered.diagnostics.into_iter().filter(|found| {
            // The plan's own are those of one order, which the check has told better.
            (matches!(found.code, Code::UnsupportedByBackend | Code::KeysOffWithRows)
                || found.code == Code::NeedsNoTransaction && found.is_error())
                && known.insert((found.code, found.message.clone()))
        });
        found.extend(of_render);
    }
    found
}
