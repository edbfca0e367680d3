//! The manifest as every command starts from it: loaded, its findings shown, its graph built.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::Global;
use super::console::Console;
use super::error::{ConfigurationError, Error, UserError};
use crate::backend::Backend;
use crate::diagnostic::{Diagnostic, Severity, Sources};
use crate::graph::Graph;
use crate::ident::Version;
use crate::manifest::{self, Loaded, Manifest, ManifestError};
use crate::operation::{Body, Checksums};
use crate::report::diagnostics::render_text;
use crate::report::run::RunJson;
use crate::report::words;

use super::exit_code;

/// A manifest that can be worked with.
#[derive(Debug)]
pub(super) struct Project {
    pub manifest: Manifest,
    /// Its files.
    pub sources: Sources,
    pub graph: Graph,
    /// What was found wrong with the graph, before `[checks]`. It stops what goes up, and nothing
    /// that goes down.
    pub findings: Vec<Diagnostic>,
}

impl Project {
    /// Loads the manifest and shows what was found wrong in it.
    ///
    /// # Errors
    /// Where it cannot be read, or has errors of the language.
    pub(super) fn load(global: &Global, console: &Console) -> Result<Self, Error> {
        Self::of(manifest::load(&global.manifest), console)
    }

    /// From what loading gave; shows what was found wrong in it.
    ///
    /// # Errors
    /// As [`Project::load`].
    pub(super) fn of(loaded: Result<Loaded, ManifestError>, console: &Console) -> Result<Self, Error> {
        let loaded = loaded.map_err(ConfigurationError::Manifest)?;
        let errors = loaded.diagnostics.iter().filter(|found| found.is_error()).count();
        show(&loaded.diagnostics, &loaded.sources, console);
        let manifest = match loaded.manifest {
            Some(manifest) if errors == 0 => manifest,
            _ => {
                let error = ConfigurationError::Broken(errors.max(1));
                if console.is_json() {
                    let json = RunJson::ended(&error.to_string(), None)
                        .refused()
                        .with_diagnostics(&loaded.diagnostics, &loaded.sources);
                    console.report(|out| crate::report::run::write_json(&json, out));
                }
                console.say(&format!("\n{}: {error}", console.err.bad("error")));
                return Err(Error::Said(exit_code::USAGE));
            }
        };
        let (graph, findings) = Graph::build(&manifest.migrations, manifest.linear);
        Ok(Self { manifest, sources: loaded.sources, graph, findings })
    }

    /// A path that starts at the manifest's folder, as it is to be shown.
    #[must_use]
    pub(super) fn within(&self, path: &str) -> PathBuf {
        match self.manifest.folder.as_str() {
            "" | "." => PathBuf::from(path),
            folder => Path::new(folder).join(path),
        }
    }

    /// The manifest's body of a version, where it is what those checksums are of.
    #[must_use]
    pub(super) fn known(&self, version: Version, checksums: &Checksums) -> Option<Arc<Body>> {
        let body = &self.manifest.migrations.get(self.graph.versioned(version)?.0)?.body;
        (body.checksums() == *checksums).then(|| Arc::clone(body))
    }

    /// The backend that was asked for, where it is one of the manifest's and built.
    ///
    /// # Errors
    /// Where it is not.
    pub(super) fn backend(&self, asked: Backend) -> Result<Backend, UserError> {
        backend(&self.manifest, asked)
    }
}

#[must_use]
pub(super) fn folder(manifest: &Manifest) -> &Path {
    let folder = Path::new(&manifest.folder);
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

/// The backend that was asked for, where it is one of the manifest's and built.
///
/// # Errors
/// Where it is not.
pub(super) fn backend(manifest: &Manifest, asked: Backend) -> Result<Backend, UserError> {
    if !manifest.backends.contains(&asked) {
        let known: Vec<_> = manifest.backends.iter().map(|backend| backend.name()).collect();
        return Err(UserError::BackendNotThere { asked, known: words::list(&known) });
    }
    Ok(asked)
}

/// Shows findings on stderr: errors always, warnings unless quiet, notes where more is wanted.
pub(super) fn show(findings: &[Diagnostic], sources: &Sources, console: &Console) {
    let shown: Vec<_> = findings
        .iter()
        .filter(|found| match found.severity {
            Severity::Error => true,
            Severity::Warning => !console.talk.quiet,
            Severity::Note => console.talk.verbose,
        })
        .cloned()
        .collect();
    if !shown.is_empty() {
        console.say(&render_text(&shown, sources, console.err));
    }
}
