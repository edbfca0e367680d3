//! `fresh`: everything that exists is dropped, regardless of the ledger, and then everything is applied: in one transaction,
//! where the database and the migrations allow it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::args::{Changing, Format, Global};
use super::console::Console;
use super::error::Error;
use super::guard::destroys;
use super::project::{self, Project};
use super::run::{Order, PLANS, Run, code_of, made, write_plans};
use super::start::{Connected, start};
use crate::backend::Backend;
use crate::diagnostic::Code;
use crate::execute::{Clearing, Facts, Session, StandingObject};
use crate::operation::{Body, Kind};
use crate::plan::{Ledger, Target};
use crate::render::RenderedPlan;
use crate::report::page::closed;
use crate::report::plan::PlanJson;
use crate::report::{PlanPage, words};
use crate::sql_text::{Lexeme, lexemes};

/// PostgreSQL: about how many locks it takes to drop a table with its indexes, and what keeps its long values.
const LOCKS_OF_A_DROP: u64 = 8;

/// Said where a failure after the drop does not bring back what was dropped.
const APART: &str = ", in a transaction of its own";

/// Does it.
///
/// # Errors
/// Whatever ends it other than well. What exists is not touched unless the manifest leads to latest from nothing.
pub(super) async fn run(changing: &Changing, typed: &str, global: &Global, console: &Console) -> Result<(), Error> {
    console.has_format("fresh", if changing.dry_run { &PLANS } else { &[] })?;
    let (project, connected) = start(global, Some(&changing.limits), console, || ()).await?;
    let Connected { place, mut session, heads } = connected;
    let ledger = session.ledger_of(heads, &|version, sums| project.known(version, sums)).await?;
    let order = Order {
        command: "fresh",
        typed: typed.to_owned(),
        target: Target::Latest,
        changing,
        headline: None,
        then_info: false,
    };
    let about = place.about(&project);
    let run = Run { order: &order, project: &project, place: &place, about: &about, console };
    run.guard().knows(&project, &ledger, &session, changing.dry_run)?;
    let schemas = schemas(&project, &ledger);
    let objects = session.standing_objects(&schemas).await?;
    let (plan, clearing) = planned(&run, &session, &ledger, schemas, &objects)?;
    project::show(&plan.diagnostics, &project.sources, console);
    let refused = code_of(&plan.diagnostics);
    if changing.dry_run {
        session.close().await;
        show(&objects, clearing.apart, &run.page(&plan), console)?;
        return refused.map_or(Ok(()), |code| Err(Error::Said(code)));
    }
    if let Some(code) = refused {
        return Err(run.refuse(&plan, code));
    }
    session.check_stamp(&ledger)?;
    run.other_orders(&plan);
    if !objects.is_empty() {
        run.guard().before(dropping(&objects), std::iter::empty(), &mut session).await?;
    } else if plan.is_destructive() {
        run.guard().before(destroys(plan.destructive()), plan.destructive(), &mut session).await?;
    }
    if console.format == Format::Text && !console.talk.quiet {
        let apart = if clearing.apart { APART } else { "" };
        console.line(&format!("{} on {}: {}{apart}", about.project, place.url, dropping(&objects)));
    }
    let ended = run.runs(&plan, &ledger, Some(&clearing), &mut session).await;
    session.close().await;
    ended
}

/// The plan from nothing, and how all that exists is dropped before it: in its first transaction, where that is possible.
fn planned(
    run: &Run<'_>,
    session: &Session,
    ledger: &Ledger,
    schemas: Vec<String>,
    objects: &[StandingObject],
) -> Result<(RenderedPlan, Clearing), Error> {
    let emptied = Ledger { rows: Vec::new(), ..ledger.clone() };
    let facts = session.facts();
    let made = |facts: &Facts, keys_off| made(run.order, run.project, run.place, facts, &emptied, keys_off);
    let locks = u64::try_from(objects.len()).unwrap_or(u64::MAX).saturating_mul(LOCKS_OF_A_DROP);
    let apart = facts.lock_slots.is_some_and(|slots| locks > slots / 2);
    let alone = |plan| (plan, Clearing { schemas: schemas.clone(), apart: true });
    if apart {
        return Ok(alone(made(&facts, false)?));
    }
    // Foreign keys are off where tables are dropped on SQLite, and stay so in that transaction.
    let fewer = Facts { lock_slots: facts.lock_slots.map(|slots| slots - locks), ..facts.clone() };
    let plan = made(&fewer, true)?;
    if plan.diagnostics.iter().any(|found| found.is_error() && found.code == Code::KeysOffWithRows) {
        return Ok(alone(made(&facts, false)?));
    }
    Ok((plan, Clearing { schemas, apart: false }))
}

/// The schemas that migrations make, of the manifest and of what is applied.
fn schemas(project: &Project, ledger: &Ledger) -> Vec<String> {
    let of = |body: &Body| -> Vec<String> {
        let made = body.up.iter().flat_map(|operation| match &operation.kind {
            Kind::CreateSchema { name } => vec![name.clone()],
            Kind::Sql { statements, .. } => {
                let texts = statements.iter().filter_map(|text| text.get(Backend::Postgres));
                texts.flat_map(|sql| schemas_in(sql)).collect()
            }
            _ => Vec::new(),
        });
        made.collect()
    };
    let mut all: Vec<String> = project.manifest.migrations.iter().flat_map(|migration| of(&migration.body)).collect();
    all.extend(ledger.rows.iter().flat_map(|row| of(&row.body)));
    all.sort();
    all.dedup();
    all
}

/// The schemas that SQL makes: `CREATE SCHEMA name`. One that may have been there before (`IF NOT EXISTS`) is left alone.
fn schemas_in(sql: &str) -> Vec<String> {
    let all = lexemes(sql, Some(Backend::Postgres));
    let is = |lexeme: Lexeme<'_>, word: &str| matches!(lexeme, Lexeme::Word(found) if found.eq_ignore_ascii_case(word));
    let name = |part: &[Lexeme<'_>]| match part {
        [create, schema, name] if is(*create, "create") && is(*schema, "schema") => match name {
            Lexeme::Word(name) if !["if", "authorization"].iter().any(|word| name.eq_ignore_ascii_case(word)) => {
                Some(name.to_lowercase())
            }
            Lexeme::Quoted(name) => Some(name.strip_prefix('"')?.strip_suffix('"')?.replace("\"\"", "\"")),
            _ => None,
        },
        _ => None,
    };
    all.windows(3).filter_map(name).collect()
}

/// `drops 3 tables and 1 view`.
fn dropping(objects: &[StandingObject]) -> String {
    if objects.is_empty() {
        return "nothing exists yet".to_owned();
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
fn show(objects: &[StandingObject], apart: bool, page: &PlanPage<'_>, console: &Console) -> Result<(), Error> {
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
        let apart = if apart { APART } else { "" };
        writeln!(out, "{comment}Fresh: {}{apart}, then:", dropping(objects))?;
        for object in objects {
            writeln!(out, "{}{}", if comment.is_empty() { "  " } else { "" }, closed(&object.sql))?;
        }
        writeln!(out)?;
        write_plans(console, std::slice::from_ref(page), out)
    })
}
