//! `check`: every order up and the way back, without a database; with `--ledger`, a database's
//! ledger against the manifest.

mod findings;
mod fix;

use super::args::{Check, Format, Global};
use super::connect::Place;
use super::console::Console;
use super::error::{Error, UserError};
use super::exit_code;
use super::project::Project;
use crate::check::{rules, sort};
use crate::diagnostic::{Code, Diagnostic, Severity, Sources};
use crate::manifest::Manifest;
use crate::plan;
use crate::report::check::{CheckFormat, CheckPage, Proof, write};

use findings::Looked;

/// Does it.
///
/// # Errors
/// Whatever ends it other than well; errors found end it after all is shown.
pub(super) async fn run(args: &Check, global: &Global, console: &Console) -> Result<(), Error> {
    if let Some(code) = args.explain {
        let page = rules::rule(code.0).map_or("", |rule| rule.page);
        return console.exact(|out| out.write_all(page.as_bytes()));
    }
    let format = format(console)?;
    for code in args.warn.iter().chain(&args.allow) {
        if !code.0.may_be_lowered() {
            return Err(UserError::AlwaysAnError(code.0).into());
        }
    }
    let mut looked = Looked::at(global)?;
    if let Some(fixing) = args.fix {
        looked = fix::rounds(looked, fixing, args, global, console)?;
    }
    let mut all = looked.found;
    // What a database's ledger says is no matter of the order.
    let proof = Proof::of(&all);
    if args.ledger
        && let Some(project) = &looked.project
    {
        all.extend(ledger(project, global, console).await?);
    }
    let mut found = match &looked.project {
        Some(project) => severities(&project.manifest, args, all),
        None => all,
    };
    sort(&mut found);
    let none = Sources::default();
    let page = CheckPage {
        migrations: looked.migrations,
        backends: &looked.backends,
        diagnostics: &found,
        sources: looked.project.as_ref().map_or(looked.sources.as_ref().unwrap_or(&none), |project| &project.sources),
        proof,
        quiet: console.talk.quiet,
    };
    console.result(|out| write(&page, format, out))?;
    let code = if looked.project.is_some() { code_of(&found) } else { Some(exit_code::USAGE) };
    code.map_or(Ok(()), |code| Err(Error::Said(code)))
}

fn format(console: &Console) -> Result<CheckFormat, UserError> {
    console.has_format("check", &[Format::Sarif, Format::Github])?;
    Ok(match console.format {
        Format::Json => CheckFormat::Json,
        Format::Sarif => CheckFormat::Sarif,
        Format::Github => CheckFormat::Github,
        _ => CheckFormat::Text(console.out),
    })
}

/// Findings as `[checks]` and, over it, the command line want them.
fn severities(manifest: &Manifest, args: &Check, found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut checks = manifest.checks.clone();
    let wanted = [(&args.allow, None), (&args.warn, Some(Severity::Warning)), (&args.deny, Some(Severity::Error))];
    for (codes, severity) in wanted {
        checks.extend(codes.iter().map(|code| (code.0, severity)));
    }
    // Only what is said here changes: the rest of the manifest plays no part.
    let judge = |code: Code| match checks.get(&code) {
        Some(severity) if code.may_be_lowered() || *severity == Some(Severity::Error) => Some(*severity),
        _ => None,
    };
    found
        .into_iter()
        .filter_map(|mut diagnostic| {
            if let Some(severity) = judge(diagnostic.code) {
                diagnostic.severity = severity?;
            }
            Some(diagnostic)
        })
        .collect()
}

/// 2 for problems of TOML and language, 3 for the others.
fn code_of(found: &[Diagnostic]) -> Option<u8> {
    let mut errors = found.iter().filter(|found| found.is_error()).peekable();
    errors.peek()?;
    Some(if errors.any(|found| found.code.is_of_the_language()) { exit_code::USAGE } else { exit_code::CHECK })
}

/// What the ledger of the environment's database says otherwise. Nothing is written.
async fn ledger(project: &Project, global: &Global, console: &Console) -> Result<Vec<Diagnostic>, Error> {
    let place = Place::find(&project.manifest, global, &global.env)?;
    let mut session = place.connect(&project.manifest, None).await?;
    let ledger = session.ledger().await;
    session.close().await;
    let ledger = ledger?;
    if let Some(stamped) = ledger.environment.as_ref().filter(|stamped| **stamped != place.environment) {
        let text = format!("this database is stamped `{stamped}`, and you asked for `{}`", place.environment);
        console.say(&format!("{}: {text}", console.err.warn("warning")));
    }
    Ok(plan::held(&project.manifest, &project.graph, &ledger, place.url.backend()))
}
