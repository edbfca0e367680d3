//! A plan for programs. The names are a contract (`format_version` 1).

use std::io::{self, Write};

use serde::Serialize;

use crate::backend::Backend;
use crate::diagnostic::{Direction, Location, Sources};
use crate::ident::Version;
use crate::plan::{LeftOut, PlanDirection, Reversal};
use crate::render::{Destructive, RenderedStep, Statement, Transactions};
use crate::report::PlanPage;
use crate::report::found::{DiagnosticJson, diagnostics};

pub(super) fn write(pages: &[PlanPage<'_>], out: &mut dyn Write) -> io::Result<()> {
    match pages {
        [page] => crate::report::write_json(&PlanJson::of(page), out),
        pages => crate::report::write_json(&pages.iter().map(PlanJson::of).collect::<Vec<_>>(), out),
    }
}

/// A plan as it is serialized.
#[derive(Debug, Serialize)]
pub struct PlanJson<'a> {
    format_version: u32,
    backend: Backend,
    direction: PlanDirection,
    target: &'a str,
    from: &'a [Version],
    to: &'a [Version],
    transaction: Transactions,
    cuts: &'a [usize],
    steps: Vec<StepJson<'a>>,
    summary: Summary,
    diagnostics: Vec<DiagnosticJson<'a>>,
}

#[derive(Debug, Serialize)]
struct StepJson<'a> {
    version: Version,
    name: &'a str,
    direction: Direction,
    derived: bool,
    reversal: Reversal,
    statements: Vec<StatementJson<'a>>,
    left_out: &'a [LeftOut],
    destructive: &'a [Destructive],
    location: Option<Location>,
}

#[derive(Debug, Serialize)]
struct StatementJson<'a> {
    sql: &'a str,
    operation: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Location>,
    ledger: bool,
}

#[derive(Debug, Serialize)]
struct Summary {
    steps: usize,
    statements: usize,
    destructive: usize,
}

impl<'a> PlanJson<'a> {
    #[must_use]
    pub fn of(page: &PlanPage<'a>) -> Self {
        let plan = page.plan;
        Self {
            format_version: crate::report::FORMAT_VERSION,
            backend: plan.backend,
            direction: plan.direction,
            target: &plan.target,
            from: &plan.from,
            to: &plan.to,
            transaction: plan.transaction,
            cuts: &plan.cuts,
            steps: plan.steps.iter().map(|step| StepJson::of(step, page.sources)).collect(),
            summary: Summary {
                steps: plan.steps.len(),
                statements: plan.steps.iter().map(|step| step.statements.len()).sum(),
                destructive: plan.steps.iter().map(|step| step.destructive.len()).sum(),
            },
            diagnostics: diagnostics(&plan.diagnostics, page.sources),
        }
    }
}

impl<'a> StepJson<'a> {
    fn of(step: &'a RenderedStep, sources: &Sources) -> Self {
        Self {
            version: step.version,
            name: &step.name,
            direction: step.direction,
            derived: step.derived,
            reversal: step.reversal,
            statements: step
                .restores
                .iter()
                .chain(&step.statements)
                .map(|statement| StatementJson::of(statement, sources))
                .collect(),
            left_out: &step.left_out,
            destructive: &step.destructive,
            location: sources.location(step.span),
        }
    }
}

impl<'a> StatementJson<'a> {
    fn of(statement: &'a Statement, sources: &Sources) -> Self {
        Self {
            sql: &statement.sql,
            operation: &statement.operation,
            location: sources.location(statement.span),
            ledger: statement.ledger.is_some(),
        }
    }
}
