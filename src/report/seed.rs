//! Seeds: what they would do, and what loading them came to.

use std::io::{self, Write};

use serde::Serialize;

use super::page::closed;
use super::plan::Text;
use super::run::Problem;
use super::{FORMAT_VERSION, Paint, place, words};
use crate::backend::Backend;
use crate::diagnostic::{Location, Sources};
use crate::execute::{Cause, SeedFailure, SeedReport};
use crate::render::{Destructive, RenderedSeed};

/// Seeds to be shown.
#[derive(Debug, Clone, Copy)]
pub struct SeedPage<'a> {
    /// The seeds.
    pub seed: &'a RenderedSeed,
    /// The backend they are for.
    pub backend: Backend,
    /// The files their places are in.
    pub sources: &'a Sources,
}

#[derive(Debug, Serialize)]
struct PlanJson<'a> {
    format_version: u32,
    backend: Backend,
    seeds: Vec<ItemJson<'a>>,
    destructive: &'a [Destructive],
}

#[derive(Debug, Serialize)]
struct ItemJson<'a> {
    title: &'a str,
    location: Option<Location>,
    statements: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
struct ReportJson<'a> {
    format_version: u32,
    outcome: &'static str,
    loaded: Vec<LoadedJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<FailedJson<'a>>,
    next: Option<String>,
}

#[derive(Debug, Serialize)]
struct LoadedJson<'a> {
    title: &'a str,
    rows: u64,
}

#[derive(Debug, Serialize)]
struct FailedJson<'a> {
    title: &'a str,
    statement: Option<&'a str>,
    location: Option<Location>,
    error: String,
}

impl SeedPage<'_> {
    /// What would be done, for people.
    pub fn write_text(&self, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
        let text = Text { paint, verbose: false };
        let seeds = words::count(self.seed.items.len(), "seed");
        writeln!(
            out,
            "{}",
            paint.strong(&format!("Plan: {seeds} · {} · one transaction · nothing is changed", self.backend))
        )?;
        text.losses(self.seed.destructive.iter(), out)?;
        for (title, _, statements) in &self.seed.items {
            writeln!(out, "\n + {title}")?;
            for line in statements
                .iter()
                .flat_map(|statement| closed(&statement.sql).lines().map(str::to_owned).collect::<Vec<_>>())
            {
                writeln!(out, "       {line}")?;
            }
        }
        Ok(())
    }

    /// What would be done, for programs.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let seeds = self
            .seed
            .items
            .iter()
            .map(|(title, span, statements)| ItemJson {
                title,
                location: self.sources.location(*span),
                statements: statements.iter().map(|statement| statement.sql.as_str()).collect(),
            })
            .collect();
        let (backend, destructive) = (self.backend, self.seed.destructive.as_slice());
        super::write_json(&PlanJson { format_version: FORMAT_VERSION, backend, seeds, destructive }, out)
    }

    /// What loading them came to, for programs.
    pub fn write_report(&self, report: &SeedReport, next: Option<String>, out: &mut dyn Write) -> io::Result<()> {
        let loaded = report.loaded.iter().map(|(title, rows)| LoadedJson { title, rows: *rows }).collect();
        let failed = report.failed.as_ref().map(|failure| FailedJson {
            title: &failure.title,
            statement: failure.statement.as_deref(),
            location: self.sources.location(failure.span),
            error: failure.error.to_string(),
        });
        let outcome = if failed.is_none() { "done" } else { "failed" };
        super::write_json(&ReportJson { format_version: FORMAT_VERSION, outcome, loaded, failed, next }, out)
    }
}

/// The line after loading: `Loaded 3 seeds in 4 ms: 5 rows changed.`
#[must_use]
pub fn summary(report: &SeedReport) -> String {
    let rows: u64 = report.loaded.iter().map(|(_, rows)| rows).sum();
    let seeds = words::count(report.loaded.len(), "seed");
    let took = words::duration(report.duration);
    let noun = if rows == 1 { "row" } else { "rows" };
    format!("Loaded {seeds} in {took}: {} {noun} changed.", words::number(rows))
}

/// The screen of a seed that failed.
#[must_use]
pub fn seed_failure(failure: &SeedFailure, page: &SeedPage<'_>, paint: Paint) -> Problem {
    let interrupted = failure.error == Cause::Interrupted;
    let what = if interrupted { "loading the seeds was interrupted" } else { "a seed failed" };
    let mut problem = Problem::new(format!("{what}; none was loaded"));
    if !failure.title.is_empty() {
        problem = problem.fact("seed", &failure.title);
    }
    if let Some(statement) = &failure.statement {
        problem = problem.fact("statement", super::run::shortened(statement));
    }
    if interrupted {
        return problem.next(Some("`dbmigrate seed` again".to_owned()));
    }
    problem = problem.fact(page.backend.name(), failure.error.to_string());
    problem.place = place::draw(failure.span, page.sources, paint);
    problem.next(Some("mend the seed, then `dbmigrate seed` again".to_owned()))
}
