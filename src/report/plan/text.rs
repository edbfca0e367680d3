//! A plan for a person at a terminal: what is lost and whether there is a way back first,
//! then each step with its SQL.

use std::io::{self, Write};

use crate::diagnostic::Direction;
use crate::plan::PlanDirection;
use crate::render::{Destructive, RenderedStep, Statement};
use crate::report::page::{closed, losses, losses_in_words, tag, way_back};
use crate::report::{Paint, PlanPage, words};

/// The most objects that are named before the rest is only counted.
const MOST_NAMES: usize = 40;
/// The label column's width.
const LABEL: usize = 12;

/// Text in the reader's width.
#[derive(Debug, Clone, Copy, Default)]
pub struct Text {
    /// Colours and width.
    pub paint: Paint,
    /// The ledger's own statements are shown whole; else their first line, as far as it fits.
    pub verbose: bool,
}

impl Text {
    pub(super) fn page(&self, page: &PlanPage<'_>, out: &mut dyn Write) -> io::Result<()> {
        let plan = page.plan;
        let mut head = format!("Plan: {} · {}", page.headline(), plan.backend);
        if plan.direction != PlanDirection::None {
            head.push_str(&format!(" · {} · nothing is changed", page.division_words()));
        }
        for (at, line) in words::wrap(&head, self.paint.width).iter().enumerate() {
            writeln!(out, "{}{}", if at == 0 { "" } else { "  " }, self.paint.strong(line))?;
        }
        if plan.direction == PlanDirection::None {
            return Ok(());
        }
        self.losses(plan.destructive(), out)?;
        let (good, back) = way_back(plan);
        self.fact(good, "way back", &back, out)?;
        writeln!(out)?;
        let numbers = plan.steps.len().to_string().len().max(2);
        let mut cuts = plan.cuts.iter().zip(plan.cut_reasons.iter().map(String::as_str).chain(std::iter::repeat("")));
        let mut cut = cuts.next();
        for (at, step) in plan.steps.iter().enumerate() {
            while let Some((index, reason)) = cut.filter(|(index, _)| **index <= at) {
                if *index == at {
                    self.cut(reason, out)?;
                }
                cut = cuts.next();
            }
            self.step(at + 1, numbers, step, out)?;
        }
        Ok(())
    }

    /// What is lost: rows, and values of rows that stay.
    pub(in crate::report) fn losses<'d>(
        &self,
        all: impl Iterator<Item = &'d Destructive> + Clone,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        for (label, losses) in [("loses rows", losses(all.clone(), true)), ("loses values", losses(all, false))] {
            let good = losses.iter().all(|destructive| destructive.rows == Some(0));
            let text = if losses.is_empty() { "none".to_owned() } else { losses_in_words(&losses, MOST_NAMES) };
            self.fact(good, label, &text, out)?;
        }
        Ok(())
    }

    fn fact(&self, good: bool, label: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
        let mark = if good { self.paint.good("✓") } else { self.paint.bad("!") };
        let room = self.paint.width.saturating_sub(LABEL + 6).max(20);
        for (at, line) in words::wrap(text, room).iter().enumerate() {
            if at == 0 {
                writeln!(out, "  {mark} {label:LABEL$}  {line}")?;
            } else {
                writeln!(out, "    {:LABEL$}  {line}", "")?;
            }
        }
        Ok(())
    }

    fn cut(&self, reason: &str, out: &mut dyn Write) -> io::Result<()> {
        let text = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        for (at, line) in words::wrap(&format!("cut{text}"), self.paint.width.saturating_sub(4)).iter().enumerate() {
            let lead = if at == 0 { " ── " } else { "    " };
            writeln!(out, "{}", self.paint.warn(&format!("{lead}{line}")))?;
        }
        Ok(())
    }

    fn step(&self, number: usize, numbers: usize, step: &RenderedStep, out: &mut dyn Write) -> io::Result<()> {
        let arrow = arrow(step.direction);
        let tag = tag(step);
        let lead = format!("{number:>numbers$} {arrow} {}", step.version);
        let fixed = words::width_of(&lead) + 1;
        let room = self.paint.width.saturating_sub(fixed + 2 + words::width_of(&tag)).max(8);
        let name = words::fit(&step.name, room);
        let tag = if step.destructive.is_empty() { self.paint.dim(&tag) } else { self.paint.warn(&tag) };
        writeln!(out, "{lead} {}  {tag}", self.paint.strong(&words::pad(&name, room)))?;
        if !step.transaction {
            self.line("· runs outside a transaction", out)?;
        }
        if step.skip_statements > 0 {
            let ran = words::count(step.skip_statements, "statement");
            self.line(&format!("· goes on after an interruption: {ran} ran already"), out)?;
        }
        if let Some(restores) = &step.restores {
            self.statement(restores, false, out)?;
        }
        let mut left = step.skip_statements;
        for statement in &step.statements {
            let skipped = statement.ledger.is_none() && left > 0;
            if skipped {
                left -= 1;
            }
            self.statement(statement, skipped, out)?;
        }
        for left_out in &step.left_out {
            self.line(&format!("· left out: {} ({})", left_out.operation, left_out.why), out)?;
        }
        for note in &step.notes {
            self.line(&format!("note: {note}"), out)?;
        }
        Ok(())
    }

    fn line(&self, text: &str, out: &mut dyn Write) -> io::Result<()> {
        for (at, line) in words::wrap(text, self.paint.width.saturating_sub(9)).iter().enumerate() {
            writeln!(out, "       {}{}", if at == 0 { "" } else { "  " }, self.paint.dim(line))?;
        }
        Ok(())
    }

    fn statement(&self, statement: &Statement, skipped: bool, out: &mut dyn Write) -> io::Result<()> {
        if statement.ledger.is_some() && !self.verbose {
            // What a row keeps is long, and only its head is shown.
            let most = self.paint.width.max(100) + 1;
            let head = statement.sql.char_indices().nth(most).and_then(|(at, _)| statement.sql.get(..at));
            let line = words::one_line(&head.map_or_else(|| closed(&statement.sql), str::to_owned));
            // A few characters over are better read than cut.
            let room = if words::width_of(&line) <= 100 { 100 } else { self.paint.width.saturating_sub(7) };
            return writeln!(out, "       {}", self.paint.dim(&words::fit(&line, room)));
        }
        for line in closed(&statement.sql).lines() {
            let line = if statement.ledger.is_some() || skipped { self.paint.dim(line) } else { line.to_owned() };
            writeln!(out, "       {}{line}", if skipped { "(ran) " } else { "" })?;
        }
        Ok(())
    }
}

#[must_use]
pub(in crate::report) const fn arrow(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "↑",
        Direction::Down => "↓",
    }
}
