//! `schema`: what stands at latest, as SQL or as one migration.

use super::args::{Format, Global};
use super::console::Console;
use super::error::{Error, UserError};
use super::exit_code;
use super::project::{self, Project};
use crate::backend::Backend;
use crate::diagnostic::Diagnostic;
use crate::plan;
use crate::render::{RenderOptions, render};
use crate::report::schema::{Page, write_json, write_sql, write_toml};

/// Writes it, for each backend of the manifest or the one asked for.
///
/// # Errors
/// Where the manifest cannot be read, or does not lead to a schema; or where one migration is to be for several backends.
pub(super) fn run(global: &Global, console: &Console) -> Result<(), Error> {
    console.has_format("schema", &[Format::Sql, Format::Toml])?;
    let project = Project::load(global, console)?;
    let backends: Vec<Backend> = match global.backend {
        Some(asked) => vec![project.backend(asked)?],
        None => project.manifest.backends.clone(),
    };
    let toml = console.format == Format::Toml;
    if toml && backends.len() > 1 {
        let names = backends.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        return Err(UserError::OneBackend { names }.into());
    }
    let mut pages = Vec::with_capacity(backends.len());
    for backend in backends {
        let schema = plan::schema(&project.manifest, &project.graph, backend).map_err(UserError::Target)?;
        let plan = render(&schema.plan, &RenderOptions::default());
        project::show(&plan.diagnostics, &project.sources, console);
        if plan.diagnostics.iter().any(Diagnostic::is_error) {
            return Err(Error::Said(exit_code::CHECK));
        }
        pages.push(Page { project: project.manifest.project.clone(), state: schema.state, plan });
    }
    console.exact(|out| match console.format {
        Format::Toml => write_toml(&pages, out),
        Format::Json => write_json(&pages, out),
        _ => write_sql(&pages, out),
    })
}
