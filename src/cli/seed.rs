//! `seed`: loads the manifest's seeds. Twice changes nothing.

use std::io::{self, Write};
use std::time::Duration;

use super::args::{Global, Seed};
use super::connect::Place;
use super::console::Console;
use super::error::Error;
use super::exit_code;
use super::guard::{Guard, destroys};
use super::project::{self, Project};
use super::run::{code_of, interruptible};
use crate::execute::{Event, SeedFailure, SeedReport};
use crate::plan;
use crate::render::{self, RenderedSeed};
use crate::report::Visible;
use crate::report::run::{Lines, Problem, RunJson};
use crate::report::seed::{SeedPage, seed_failure, summary};
use crate::report::words;

/// Loads them.
///
/// # Errors
/// Whatever ends it other than well.
pub(super) async fn run(args: &Seed, typed: &str, global: &Global, console: &Console) -> Result<(), Error> {
    console.has_format("seed", &[])?;
    let project = Project::load(global, console)?;
    let place = Place::find(&project.manifest, global, &global.env)?;
    let mut session = place.connect(&project.manifest, Some(&args.limits)).await?;
    let ledger = session.ledger_beside(&|version, sums| project.known(version, sums)).await?;
    let guard = Guard { safety: &args.safety, place: &place, typed, console };
    guard.knows(&project, &ledger, &session, args.dry_run)?;
    let planned = plan::seed(&project.manifest, &project.graph, &ledger, place.url.backend());
    let mut seed = render::render_seed(&planned);
    project::show(&seed.diagnostics, &project.sources, console);
    if let Some(code) = code_of(&seed.diagnostics) {
        return Err(refuse(&seed, &project, console, code));
    }
    if !seed.destructive.is_empty() {
        session.count_seed(&mut seed).await?;
    }
    let page = SeedPage { seed: &seed, backend: place.url.backend(), sources: &project.sources };
    if args.dry_run {
        return console
            .result(|out| if console.is_json() { page.write_json(out) } else { page.write_text(console.out, out) });
    }
    if seed.items.is_empty() {
        if console.is_json() {
            let nothing = SeedReport { loaded: vec![], failed: None, duration: Duration::ZERO, warnings: vec![] };
            console.report(|out| page.write_report(&nothing, None, out));
        } else {
            let (project, backend) = (words::one_line(&project.manifest.project), place.url.backend());
            console.line(&format!("Nothing to do. No seeds of {project} are for {backend}."));
        }
        return Ok(());
    }
    session.check_stamp(&ledger)?;
    if seed.is_destructive() {
        guard.before(destroys(seed.destructive.iter()), seed.destructive.iter(), &mut session).await?;
    }
    let report = {
        let (mut stdout, mut stderr, mut nowhere) = (Visible(io::stdout()), Visible(io::stderr()), io::sink());
        let out: &mut dyn Write = if console.is_json() { &mut nowhere } else { &mut stdout };
        let widths: Vec<_> = seed.items.iter().map(|(title, _, _)| (0, words::width_of(title))).collect();
        let mut lines = Lines::new(&widths, console.out, console.talk, out, &mut stderr);
        let canceller = session.canceller();
        let mut event = |event: &Event| lines.event(event);
        let report = interruptible(canceller, place.url.backend(), session.seed(&seed, &mut event)).await;
        lines.finish();
        report??
    };
    for warning in &report.warnings {
        console.say(&format!("{}: {warning}", console.err.warn("warning")));
    }
    match &report.failed {
        None if console.is_json() => console.report(|out| page.write_report(&report, None, out)),
        None => console.line(&console.out.good(&summary(&report))),
        Some(failure) => return Err(failed(failure, &report, &page, console)),
    }
    Ok(())
}

fn failed(failure: &SeedFailure, report: &SeedReport, page: &SeedPage<'_>, console: &Console) -> Error {
    let problem = seed_failure(failure, page, console.err);
    if console.is_json() {
        console.report(|out| page.write_report(report, problem.next.clone(), out));
    }
    console.say("");
    console.problem(&problem);
    Error::Said(exit_code::FAILED)
}

fn refuse(seed: &RenderedSeed, project: &Project, console: &Console, code: u8) -> Error {
    let errors = seed.diagnostics.iter().filter(|found| found.is_error()).count();
    let title = format!("the seeds have {}; nothing was changed", words::count(errors, "error"));
    if console.is_json() {
        let json = RunJson::ended(&title, None).refused().with_diagnostics(&seed.diagnostics, &project.sources);
        console.report(|out| crate::report::run::write_json(&json, out));
    }
    console.problem(&Problem::new(title));
    Error::Said(code)
}
