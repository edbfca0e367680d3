//! `plan`: the dry run with no database, on each backend of the manifest.

use super::args::{Global, Plan, PlanTarget};
use super::console::Console;
use super::error::{Error, UserError};
use super::project::{self, Project};
use super::run::{PLANS, code_of, with_findings, write_plans};
use crate::backend::Backend;
use crate::plan::{self, Downs, Ledger, Target};
use crate::render::{self, RenderOptions, RenderedPlan, TransactionMode};
use crate::report::diagnostics::merged;
use crate::report::{About, PlanPage, words};

/// Shows it.
///
/// # Errors
/// Whatever ends it other than well; errors in a plan end it after all plans are shown.
pub(super) fn run(args: &Plan, global: &Global, console: &Console) -> Result<(), Error> {
    console.has_format("plan", &PLANS)?;
    let project = Project::load(global, console)?;
    let plans = backends(&project, global.backend)?
        .into_iter()
        .map(|backend| planned(args.target, &project, backend, &global.env))
        .collect::<Result<Vec<_>, _>>()?;
    let backends: Vec<_> = plans.iter().map(|plan| plan.backend).collect();
    let found = plans.iter().flat_map(|plan| plan.diagnostics.clone()).collect();
    project::show(&merged(found, &backends), &project.sources, console);
    let about = About { project: words::one_line(&project.manifest.project), environment: None, database: None };
    let pages: Vec<_> = plans.iter().map(|plan| PlanPage { plan, sources: &project.sources, about: &about }).collect();
    console.result(|out| write_plans(console, &pages, out))?;
    plans.iter().filter_map(|plan| code_of(&plan.diagnostics)).min().map_or(Ok(()), |code| Err(Error::Said(code)))
}

/// The backend asked for, or all of the manifest's.
fn backends(project: &Project, asked: Option<Backend>) -> Result<Vec<Backend>, UserError> {
    match asked {
        Some(asked) => project.backend(asked).map(|backend| vec![backend]),
        None => Ok(project.manifest.backends.clone()),
    }
}

pub(super) fn planned(
    target: PlanTarget,
    project: &Project,
    backend: Backend,
    environment: &str,
) -> Result<RenderedPlan, Error> {
    let (manifest, graph) = (&project.manifest, &project.graph);
    let (ledger, target) = match target {
        PlanTarget::Reset => (plan::everything_applied(manifest, graph), Target::Zero),
        PlanTarget::Latest => (Ledger::default(), Target::Latest),
        PlanTarget::Version(version) => (Ledger::default(), Target::Version(version)),
    };
    let plan = plan::make(manifest, graph, &ledger, &target, Downs::Auto, backend).map_err(UserError::Target)?;
    let options = RenderOptions {
        ledger_schema: None,
        create_ledger: !ledger.exists,
        environment: environment.to_owned(),
        transaction: TransactionMode::Auto,
        keys_off: false,
        lock_slots: None,
    };
    let mut rendered = render::render(&plan, &options);
    rendered.diagnostics = with_findings(std::mem::take(&mut rendered.diagnostics), plan.wants_up, project);
    Ok(rendered)
}
