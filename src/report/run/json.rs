//! A run for programs: one document, whether it was done, failed or refused. The names are a
//! contract (`format_version` 1).

use std::io::{self, Write};

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Location, Sources};
use crate::execute::{Failure, Outcome, RunReport};
use crate::ident::Version;
use crate::report::found::{DiagnosticJson, diagnostics};
use crate::report::plan::PlanJson;
use crate::report::{FORMAT_VERSION, PlanPage};

/// A run as it is serialized.
#[derive(Debug, Serialize)]
pub struct RunJson<'a> {
    format_version: u32,
    run: Option<&'a str>,
    outcome: &'static str,
    plan: Option<PlanJson<'a>>,
    steps_done: usize,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    dropped: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<FailedJson<'a>>,
    state: Vec<Version>,
    next: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    diagnostics: Vec<DiagnosticJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<&'a str>,
}

#[derive(Debug, Default, Serialize)]
struct FailedJson<'a> {
    migration: Option<&'a str>,
    operation: Option<&'a str>,
    statement: Option<&'a str>,
    location: Option<Location>,
    error: String,
}

impl<'a> RunJson<'a> {
    fn new(outcome: Outcome, next: Option<String>) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            run: None,
            outcome: outcome.as_str(),
            plan: None,
            steps_done: 0,
            dropped: &[],
            failed: None,
            state: Vec::new(),
            next,
            diagnostics: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// A run that took place.
    #[must_use]
    pub fn ran(report: &'a RunReport, page: &PlanPage<'a>, next: Option<String>) -> Self {
        Self {
            run: Some(&report.run),
            plan: Some(PlanJson::of(page)),
            steps_done: report.steps_done,
            dropped: &report.dropped,
            failed: report.failed.as_ref().map(|failure| FailedJson::of(failure, page.sources)),
            state: report.state.clone(),
            warnings: report.warnings.iter().map(String::as_str).collect(),
            ..Self::new(report.outcome, next)
        }
    }

    /// A run with nothing to do.
    #[must_use]
    pub fn nothing(page: &PlanPage<'a>) -> Self {
        Self { plan: Some(PlanJson::of(page)), state: page.plan.to.clone(), ..Self::new(Outcome::Done, None) }
    }

    /// A command that ended before anything ran. `refused` where it was not allowed to.
    #[must_use]
    pub fn ended(error: &str, next: Option<String>) -> Self {
        let failed = FailedJson { error: error.to_owned(), ..FailedJson::default() };
        Self { failed: Some(failed), ..Self::new(Outcome::Failed, next) }
    }

    /// Says that it was refused.
    #[must_use]
    pub fn refused(mut self) -> Self {
        self.outcome = "refused";
        self
    }

    /// Adds the plan that was not run.
    #[must_use]
    pub fn with_plan(mut self, page: &PlanPage<'a>) -> Self {
        self.plan = Some(PlanJson::of(page));
        self.state.clone_from(&page.plan.from);
        self
    }

    /// Adds what was found wrong, where there is no plan to hold it.
    #[must_use]
    pub fn with_diagnostics(mut self, found: &'a [Diagnostic], sources: &Sources) -> Self {
        self.diagnostics = diagnostics(found, sources);
        self
    }
}

impl<'a> FailedJson<'a> {
    fn of(failure: &'a Failure, sources: &Sources) -> Self {
        Self {
            migration: Some(&failure.migration),
            operation: (!failure.operation.is_empty()).then_some(failure.operation.as_str()),
            statement: failure.statement.as_deref(),
            location: sources.location(failure.span),
            error: failure.error.to_string(),
        }
    }
}

/// Writes one JSON document.
pub fn write_json(run: &RunJson<'_>, out: &mut dyn Write) -> io::Result<()> {
    crate::report::write_json(run, out)
}
