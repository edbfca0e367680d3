//! Rows that a statement would change silently, where DDL commits by itself: counted before the run, as far as the run does
//! not change rows first, and again just before each such statement.

use super::database::{Cells, Database};
use super::report::Cause;
use super::words::DatabaseWords;
use crate::diagnostic::{Code, Diagnostic, Direction, Severity};
use crate::render::{Finding, RenderedPlan, RenderedStep, Statement, Unfit};

/// The rows that a plan would meet, as errors of the plan. What cannot be counted yet is looked at when its turn comes.
pub(super) async fn ahead(database: &mut Database, plan: &mut RenderedPlan) {
    if !database.is_there() {
        return;
    }
    let mut found = Vec::new();
    for step in plan.steps.iter().filter(|step| step.skip_statements == 0) {
        for (statement, unfit) in all(step) {
            let Some(sql) = &unfit.before_the_run else { continue };
            let Ok(rows @ 1..) = database.peek(sql.clone()).await.map(number) else { continue };
            let (code, label) = match (&unfit.finding, step.direction) {
                (Finding::Server(_), _) => (Code::UnsupportedByBackend, ""),
                (Finding::Rows { .. }, Direction::Down) => (Code::DownDependsOnRows, "undone here"),
                (Finding::Rows { .. }, Direction::Up) => (Code::TypeMismatch, ""),
            };
            let mut diagnostic = Diagnostic::new(code, unfit.sentence(rows))
                .of(&step.name)
                .on(plan.backend)
                .going(step.direction)
                .at(statement.span, label)
                .help(unfit.help);
            diagnostic.severity = Severity::Error;
            found.push(diagnostic);
        }
    }
    plan.diagnostics.extend(found);
}

fn all(step: &RenderedStep) -> impl Iterator<Item = (&Statement, &Unfit)> {
    let own = step.statements.iter().filter_map(|statement| Some((statement, statement.journaled.as_ref()?)));
    own.flat_map(|(statement, journaled)| journaled.unfit.iter().map(move |unfit| (statement, unfit)))
}

/// Why a statement must not run now.
pub(super) async fn now(database: &mut Database, unfit: &[Unfit]) -> Result<Option<Cause>, DatabaseWords> {
    for one in unfit {
        let rows = number(database.rows(one.sql.clone()).await?);
        if rows > 0 {
            return Ok(Some(Cause::Rows { what: one.sentence(rows), help: one.help }));
        }
    }
    Ok(None)
}

fn number(rows: Vec<Cells>) -> u64 {
    rows.into_iter().flatten().flatten().next().and_then(|cell| cell.parse().ok()).unwrap_or(0)
}
