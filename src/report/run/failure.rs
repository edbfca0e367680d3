//! The screen of a run that failed: which migration, operation and statement, the database's
//! own words, the place in the manifest, what state the database is in, and what to type next.

use crate::diagnostic::{Direction, Sources};
use crate::execute::{Cause, DatabaseState, Failure, RunReport, Trouble};
use crate::render::{RenderedPlan, RenderedStep};
use crate::report::{Paint, place, words};

use super::Problem;

/// The most objects that are named of what was dropped.
const MOST_DROPPED: usize = 12;

/// The most lines of a statement that are shown.
const MOST_LINES: usize = 6;

/// The screen. `command` is what was typed (`dbmigrate reset`), `noun` what it did (`reset`).
#[must_use]
pub fn write_failure(
    report: &RunReport,
    plan: &RenderedPlan,
    sources: &Sources,
    command: &str,
    noun: &str,
    paint: Paint,
) -> Problem {
    let dropped = !report.dropped.is_empty();
    let state = match &report.database_state {
        DatabaseState::Unchanged => format!("the database is as it was before the {noun}"),
        DatabaseState::AtStep { done, of } if dropped => {
            format!("what existed was dropped, and {done} of {of} steps are committed")
        }
        other if dropped => format!("what existed was dropped; {other}"),
        other => other.to_string(),
    };
    let Some(failure) = &report.failed else {
        return Problem::new(format!("the {noun} failed; {state}")).next(Some(format!("`{command}` again")));
    };
    let step = failure.step.checked_sub(1).and_then(|at| plan.steps.get(at));
    let what = match failure.error {
        Cause::Interrupted => format!("interrupted in step {} of {}", failure.step, failure.of),
        Cause::Commit(_) | Cause::LostAtCommit(_) => "the transaction could not be committed".to_owned(),
        Cause::BetweenTransactions(_) => format!("stopped before step {} of {}", failure.step, failure.of),
        Cause::Statement(_) | Cause::ForeignKeys(_) | Cause::Unknown { .. } | Cause::Rows { .. } => {
            format!("step {} of {} failed", failure.step, failure.of)
        }
    };
    let hand = if step.is_some_and(|step| !step.derived) { ", written by hand" } else { "" };
    let mut problem = Problem::new(format!("{what}; {state}"))
        .fact("migration", format!("{} {} ({}{hand})", failure.version, failure.migration, failure.direction));
    if !failure.operation.is_empty() {
        problem = problem.fact("operation", &failure.operation);
    }
    if let Some(statement) = &failure.statement {
        problem = problem.fact("statement", shortened(statement));
    }
    if failure.error != Cause::Interrupted {
        problem = problem.fact(plan.backend.name(), failure.error.to_string());
    }
    if dropped {
        problem = problem.fact("dropped", words::first_of(&report.dropped, MOST_DROPPED, ", "));
    }
    problem.place =
        if failure.error == Cause::Interrupted { String::new() } else { place::draw(failure.span, sources, paint) };
    problem.notes.extend(report.warnings.iter().map(|warning| format!("also: {warning}")));
    problem.next(Some(next(failure, step, report, command)))
}

fn next(failure: &Failure, step: Option<&RenderedStep>, report: &RunReport, command: &str) -> String {
    let state = &report.database_state;
    let dropped = !report.dropped.is_empty();
    if let DatabaseState::Within { progress, .. } = state
        && let Some(statement) = progress.unknown
    {
        let version = failure.version;
        return format!(
            "look at the database, then `resolve {version} --statement {statement} --ran` or `--not-ran`, and `{command}` again"
        );
    }
    if let DatabaseState::Unknown { .. } = state {
        return "`dbmigrate info`, once the database answers".to_owned();
    }
    if let (DatabaseState::Within { .. }, Cause::Statement(words)) = (state, &failure.error)
        && words.trouble == Trouble::Lost
    {
        return format!("`{command}` again finds out how far it came, and goes on; a run the other way takes it back");
    }
    let busy = matches!(&failure.error, Cause::Statement(words) if words.trouble == Trouble::Busy);
    let mend = match (&failure.error, failure.direction) {
        _ if busy => "wait until others let go of what they use, or allow more time with `--lock-timeout`",
        (Cause::Statement(_), _) if failure.operation == "ledger" => "see what the database says about its ledger",
        (Cause::Statement(_) | Cause::Commit(_), Direction::Down) if step.is_some_and(|step| !step.derived) => {
            "mend the `down`"
        }
        (Cause::Statement(_) | Cause::Commit(_), Direction::Down) => "mend what stands in its way",
        (Cause::Statement(_) | Cause::Commit(_), Direction::Up) => "mend the migration",
        (Cause::Rows { help, .. }, _) => help,
        (Cause::ForeignKeys(_), _) => "mend the rows",
        (Cause::Unknown { .. }, _) => "take it out of the table, or bring it into the migrations",
        (Cause::Interrupted | Cause::LostAtCommit(_) | Cause::BetweenTransactions(_), _) if dropped => {
            return format!("`dbmigrate latest` applies the rest; `{command}` starts over");
        }
        (Cause::Interrupted | Cause::LostAtCommit(_) | Cause::BetweenTransactions(_), _) => {
            return format!("`{command}` again");
        }
    };
    match state {
        _ if dropped => format!("{mend}, then `dbmigrate latest` applies the rest; `{command}` starts over"),
        DatabaseState::Within { .. } => {
            format!("{mend}, then `{command}` again goes on from there; a run the other way takes it back")
        }
        _ => format!("{mend}, then `{command}` again"),
    }
}

/// A statement in few lines.
#[must_use]
pub fn shortened(statement: &str) -> String {
    let lines: Vec<_> = statement.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    if lines.len() <= MOST_LINES {
        return lines.join("\n");
    }
    let shown = lines.get(..MOST_LINES).unwrap_or_default().join("\n");
    format!("{shown}\n… ({})", words::count(lines.len() - MOST_LINES, "more line"))
}
