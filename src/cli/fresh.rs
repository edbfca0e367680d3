//! `fresh`: everything that stands is dropped, whatever the ledger says, and then everything is applied.

use std::collections::BTreeMap;

use serde::Serialize;

use super::args::{Changing, Format, Global};
use super::console::Console;
use super::error::Error;
use super::guard::{Guard, destroys};
use super::project::{self, Project};
use super::run::{Order, PLANS, code_of, made, run as run_order, write_plans};
use super::start::{Connected, start};
use crate::execute::StandingObject;
use crate::operation::{Body, Kind};
use crate::plan::{Ledger, Target};
use crate::report::page::closed;
use crate::report::plan::PlanJson;
use crate::report::{PlanPage, words};

/// Does it.
///
/// # Errors
/// Whatever ends it other than well. What stands is not touched unless the manifest leads to latest from nothing.
pub(super) async fn run(changing: &Changing, typed: &str, global: &Global, console: &Console) -> Result<(), Error> {
    console.has_format("fresh", if changing.dry_run { &PLANS } else { &[] })?;
    let (project, connected) = start(global, Some(&changing.limits), console, || ()).await?;
    let Connected { place, mut session, heads } = connected;
    let ledger = session.ledger_of(heads, &|version, sums| project.known(version, sums)).await?;
    let guard = Guard { safety: &changing.safety, place: &place, typed, console };
    guard.knows(&project, &ledger, &session, changing.dry_run)?;
    let about = place.about(&project);
    let order = Order {
        command: "latest",
        typed: typed.to_owned(),
        target: Target::Latest,
        changing,
        headline: None,
        then_info: false,
    };
    // The very plan of the run that follows, so that nothing is dropped which is then not made again.
    let emptied = Ledger { rows: Vec::new(), ..ledger.clone() };
    let plan = made(&order, &project, &place, &session.facts(), &emptied)?;
    project::show(&plan.diagnostics, &project.sources, console);
    let schemas = schemas(&project, &ledger);
    let objects = session.standing_objects(&schemas).await?;
    let page = PlanPage { plan: &plan, sources: &project.sources, about: &about };
    if changing.dry_run {
        session.close().await;
        show(&objects, &page, console)?;
        return code_of(&plan.diagnostics).map_or(Ok(()), |code| Err(Error::Said(code)));
    }
    if let Some(code) = code_of(&plan.diagnostics) {
        console.say("error: the manifest does not lead to latest; nothing was changed");
        return Err(Error::Said(code));
    }
    session.check_stamp(&ledger)?;
    if !objects.is_empty() {
        guard.before(dropping(&objects), std::iter::empty(), &mut session).await?;
    } else if plan.is_destructive() {
        guard.before(destroys(plan.destructive()), plan.destructive(), &mut session).await?;
    }
    let text = console.format == Format::Text;
    if text && !console.talk.quiet {
        console.line(&format!("{} on {}: {}", about.project, place.url, dropping(&objects)));
    }
    if let Some(warning) = session.drop_everything(&schemas, &mut |_| ()).await? {
        console.say(&format!("{}: {warning}", console.err.warn("warning")));
    }
    session.close().await;
    Box::pin(run_order(&order, global, console)).await
}

/// The schemas that migrations make, of the manifest and of what is applied.
fn schemas(project: &Project, ledger: &Ledger) -> Vec<String> {
    let of = |body: &Body| -> Vec<String> {
        let made = body.up.iter().filter_map(|operation| match &operation.kind {
            Kind::CreateSchema { name } => Some(name.clone()),
            _ => None,
        });
        made.collect()
    };
    let mut all: Vec<String> = project.manifest.migrations.iter().flat_map(|migration| of(&migration.body)).collect();
    all.extend(ledger.rows.iter().flat_map(|row| of(&row.body)));
    all.sort();
    all.dedup();
    all
}

/// `drops 3 tables and 1 view`.
fn dropping(objects: &[StandingObject]) -> String {
    if objects.is_empty() {
        return "nothing stands".to_owned();
    }
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    // What is in a schema goes with it, uncounted: each is named.
    let (whole, single): (Vec<_>, Vec<_>) = objects.iter().partition(|object| object.kind == "schema");
    for object in single {
        *kinds.entry(object.kind.as_str()).or_default() += 1;
    }
    let mut counts: Vec<String> = kinds.into_iter().map(|(kind, count)| words::count(count, kind)).collect();
    counts.extend(whole.into_iter().map(|schema| format!("{} with all that is in it", schema.title())));
    format!("drops {}", counts.join(", "))
}

/// A dry run: what is dropped, and the plan from nothing.
fn show(objects: &[StandingObject], page: &PlanPage<'_>, console: &Console) -> Result<(), Error> {
    #[derive(Serialize)]
    struct Drop<'o> {
        kind: &'o str,
        name: &'o str,
        sql: &'o str,
    }
    #[derive(Serialize)]
    struct Json<'o> {
        format_version: u32,
        drops: Vec<Drop<'o>>,
        plan: PlanJson<'o>,
    }
    if console.is_json() {
        let drops = objects.iter().map(|one| Drop { kind: &one.kind, name: &one.name, sql: &one.sql }).collect();
        let json = Json { format_version: crate::report::FORMAT_VERSION, drops, plan: PlanJson::of(page) };
        return console.result(|out| crate::report::write_json(&json, out));
    }
    console.result(|out| {
        let comment = if console.format == Format::Sql { "-- " } else { "" };
        writeln!(out, "{comment}Fresh: {}, then:", dropping(objects))?;
        for object in objects {
            writeln!(out, "{}{}", if comment.is_empty() { "  " } else { "" }, closed(&object.sql))?;
        }
        writeln!(out)?;
        write_plans(console, std::slice::from_ref(page), out)
    })
}
