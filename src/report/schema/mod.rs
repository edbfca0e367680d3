//! The schema at latest: as SQL, as one migration, as JSON.
#![warn(clippy::wildcard_enum_match_arm)]

mod columns;
mod toml;

use std::io::{self, Write};

use serde::Serialize;

use super::page::closed;
use crate::render::RenderedPlan;
use crate::state::State;

pub use toml::write_toml;

/// The schema on one backend.
#[derive(Debug)]
pub struct Page {
    /// The project's name.
    pub project: String,
    /// What stands.
    pub state: State,
    /// The plan that makes it from nothing.
    pub plan: RenderedPlan,
}

impl Page {
    fn statements(&self) -> impl Iterator<Item = &str> {
        let own = self.plan.steps.iter().flat_map(|step| &step.statements).filter(|one| one.ledger.is_none());
        own.map(|one| one.sql.as_str())
    }

    /// `blog at version 3 on SQLite`.
    fn title(&self) -> String {
        let version = self.plan.to.iter().max().map_or_else(|| "0".to_owned(), ToString::to_string);
        format!("{} at version {version} on {}", self.project, self.plan.backend.title())
    }
}

/// Writes the statements that make each schema from nothing.
pub fn write_sql(pages: &[Page], out: &mut dyn Write) -> io::Result<()> {
    for (at, page) in pages.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        writeln!(out, "-- {}", super::words::one_line(&page.title()).trim_end())?;
        for sql in page.statements() {
            writeln!(out, "\n{}", closed(sql))?;
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct Json<'p> {
    format_version: u32,
    backend: &'static str,
    version: Option<String>,
    statements: Vec<&'p str>,
}

/// Writes the same as one JSON document: an object, or an array of them for several backends.
pub fn write_json(pages: &[Page], out: &mut dyn Write) -> io::Result<()> {
    let all: Vec<Json<'_>> = pages
        .iter()
        .map(|page| Json {
            format_version: super::FORMAT_VERSION,
            backend: page.plan.backend.name(),
            version: page.plan.to.iter().max().map(ToString::to_string),
            statements: page.statements().collect(),
        })
        .collect();
    match all.as_slice() {
        [one] => super::write_json(one, out),
        all => super::write_json(&all, out),
    }
}
