//! A plan for a comment on a pull request: a table first, the SQL folded away below it.

use std::io::{self, Write};

use super::text::arrow;
use crate::diagnostic::Severity;
use crate::plan::PlanDirection;
use crate::render::RenderedStep;
use crate::report::page::{closed, how, loss, losses, tag, way_back};
use crate::report::{PlanPage, words};

pub(super) fn write(page: &PlanPage<'_>, out: &mut dyn Write) -> io::Result<()> {
    let plan = page.plan;
    let about = escape(&page.about.project);
    writeln!(out, "### {about} on {}: {}", plan.backend.title(), escape(&page.headline()))?;
    write_diagnostics(page, out)?;
    if plan.direction == PlanDirection::None {
        return Ok(());
    }
    let (up, down) = page.directions();
    let (good, back) = way_back(plan);
    let (rows, values) = (losses(plan.destructive(), true), losses(plan.destructive(), false));
    let named = |losses: &[&crate::render::Destructive]| {
        if losses.is_empty() {
            "none".to_owned()
        } else {
            let names: Vec<_> = losses.iter().map(|destructive| code(&loss(destructive))).collect();
            format!("**{}**", words::first_of(&names, 20, ", "))
        }
    };
    writeln!(out, "\n| | |\n|---|---|")?;
    writeln!(out, "| steps | {} |", steps_in_words(up, down))?;
    writeln!(out, "| transactions | {} |", page.division_words())?;
    writeln!(out, "| loses rows | {} |", named(&rows))?;
    writeln!(out, "| loses values | {} |", named(&values))?;
    writeln!(out, "| way back | {}{} |", if good { "" } else { "**!** " }, escape(&back))?;
    if plan.steps.iter().any(|step| !step.destructive.is_empty()) {
        writeln!(out, "\n**Destroyed**\n")?;
        for (at, step) in plan.steps.iter().enumerate() {
            for destructive in &step.destructive {
                let (number, name) = (at + 1, code(&step.name));
                writeln!(out, "- {}: {} (step {number}, {name})", how(destructive.kind, 1), code(&loss(destructive)))?;
            }
        }
    }
    writeln!(out)?;
    for (at, step) in plan.steps.iter().enumerate() {
        if let Some(cut) = plan.cuts.iter().position(|cut| *cut == at) {
            writeln!(out, "*cut: {}*\n", escape(plan.cut_reasons.get(cut).map_or("", String::as_str)))?;
        }
        write_step(at + 1, step, out)?;
    }
    Ok(())
}

fn write_diagnostics(page: &PlanPage<'_>, out: &mut dyn Write) -> io::Result<()> {
    let worth = page.plan.diagnostics.iter().filter(|diagnostic| diagnostic.severity != Severity::Note);
    for (at, diagnostic) in worth.enumerate() {
        if at == 0 {
            writeln!(out)?;
        }
        let message = diagnostic.message.replace('\n', " ");
        write!(out, "- **{}** `{}`: {message}", diagnostic.severity, diagnostic.code)?;
        if let Some(location) = diagnostic.labels.first().and_then(|label| page.sources.location(label.span)) {
            write!(out, " ({})", code(&format!("{}:{}", location.file, location.line)))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn write_step(number: usize, step: &RenderedStep, out: &mut dyn Write) -> io::Result<()> {
    let (arrow, name) = (arrow(step.direction), html(&step.name));
    writeln!(
        out,
        "<details><summary>{number} {arrow} <code>{}</code> {name}: {}</summary>\n",
        step.version,
        tag(step)
    )?;
    for note in &step.notes {
        writeln!(out, "> {}\n", escape(&words::one_line(note)))?;
    }
    let mut sql = String::new();
    for statement in step.restores.iter().chain(&step.statements).filter(|statement| statement.ledger.is_none()) {
        sql.push_str(&closed(&statement.sql));
        sql.push('\n');
    }
    let fence = fence(&sql);
    if sql.is_empty() {
        writeln!(out, "nothing but the ledger\n")?;
    } else {
        write!(out, "{fence}sql\n{sql}{fence}\n\n")?;
    }
    for left_out in &step.left_out {
        writeln!(out, "- left out: {} ({})", code(&left_out.operation), escape(&left_out.why))?;
    }
    writeln!(out, "</details>\n")
}

fn steps_in_words(up: usize, down: usize) -> String {
    match (up, down) {
        (up, 0) => format!("{up} up"),
        (0, down) => format!("{down} down"),
        (up, down) => format!("{down} down, then {up} up"),
    }
}

/// A fence longer than any run of backquotes in the text.
fn fence(text: &str) -> String {
    "`".repeat(longest_run(text).max(2) + 1)
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

/// A code span, whatever the text holds; a bar would end a table's cell.
fn code(text: &str) -> String {
    let text = words::one_line(text).replace('|', "\\|");
    let ticks = "`".repeat(longest_run(&text) + 1);
    if ticks.len() > 1 { format!("{ticks} {text} {ticks}") } else { format!("`{text}`") }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in words::one_line(text).chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '*' | '_' | '`' | '[' | ']' | '|' | '\\' | '#' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c => escaped.push(c),
        }
    }
    escaped
}

fn html(text: &str) -> String {
    words::one_line(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
