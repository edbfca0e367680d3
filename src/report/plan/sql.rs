//! A plan as a script that `sqlite3` or `psql` can run.

use std::io::{self, Write};

use super::text::arrow;
use crate::backend::Backend;
use crate::plan::PlanDirection;
use crate::render::{RenderedStep, Transactions};
use crate::report::page::{closed, divisions, tag};
use crate::report::{PlanPage, words};

pub(super) fn write(page: &PlanPage<'_>, out: &mut dyn Write) -> io::Result<()> {
    let plan = page.plan;
    comment(&format!("{}: {}", page.about.project, page.headline()), out)?;
    if plan.direction == PlanDirection::None {
        return Ok(());
    }
    comment(&format!("{}, {}", plan.backend.title(), page.division_words()), out)?;
    if let Some(database) = &page.about.database {
        comment(&format!("as {database} stands now"), out)?;
    }
    for (number, range) in divisions(plan).into_iter().enumerate() {
        let steps = plan.steps.get(range.clone()).unwrap_or_default();
        let rebuilds = plan.backend == Backend::Sqlite && steps.iter().any(|step| step.rebuilds);
        let transaction = plan.transaction != Transactions::None && steps.iter().all(|step| step.transaction);
        if transaction || rebuilds || number > 0 {
            writeln!(out)?;
        }
        if number > 0
            && let Some(reason) =
                plan.cuts.iter().position(|cut| *cut == range.start).and_then(|at| plan.cut_reasons.get(at))
        {
            comment(&format!("cut: {reason}"), out)?;
        }
        if rebuilds {
            writeln!(out, "PRAGMA foreign_keys = OFF;")?;
        }
        if transaction {
            writeln!(out, "{}", if plan.backend == Backend::Sqlite { "BEGIN IMMEDIATE;" } else { "BEGIN;" })?;
        }
        for (at, step) in steps.iter().enumerate() {
            write_step(range.start + at + 1, step, out)?;
        }
        if rebuilds {
            writeln!(out, "\nPRAGMA foreign_key_check;")?;
        }
        if transaction {
            writeln!(out, "{}COMMIT;", if rebuilds { "" } else { "\n" })?;
        }
        if rebuilds {
            writeln!(out, "PRAGMA foreign_keys = ON;")?;
        }
    }
    Ok(())
}

fn write_step(number: usize, step: &RenderedStep, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out)?;
    comment(&format!("{number} {} {} {} ({})", arrow(step.direction), step.version, step.name, tag(step)), out)?;
    for note in &step.notes {
        comment(&format!("note: {note}"), out)?;
    }
    for left_out in &step.left_out {
        comment(&format!("left out: {} ({})", left_out.operation, left_out.why), out)?;
    }
    if let Some(restores) = &step.restores {
        writeln!(out, "{}", closed(&restores.sql))?;
    }
    let mut ran = step.skip_statements;
    for statement in &step.statements {
        if statement.ledger.is_none() && ran > 0 {
            ran -= 1;
            comment(&format!("ran already: {}", statement.sql), out)?;
            continue;
        }
        for unfit in statement.journaled.iter().flat_map(|journaled| &journaled.unfit) {
            comment(&format!("only where this gives 0: {}", unfit.sql), out)?;
        }
        writeln!(out, "{}", closed(&statement.sql))?;
    }
    Ok(())
}

fn comment(text: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "-- {}", words::one_line(text).trim_end())
}
