//! A run as lines of text: what it is about to do, each step as it is done, and the summary.

use std::io::{self, Write};
use std::time::Duration;

use super::progress::Progress;
use crate::diagnostic::Direction;
use crate::execute::Event;
use crate::render::{Destructive, RenderedPlan, Transactions};
use crate::report::page::{division_words, losses, quoted_loss};
use crate::report::plan::arrow;
use crate::report::{About, Paint, words};

/// The most tables that are named before the rest is only counted.
const MOST_TABLES: usize = 12;

/// The line before a run: `blog on sqlite://blog.db (development): 14 migrations to undo, in one transaction`.
#[must_use]
pub fn opening(about: &About, plan: &RenderedPlan) -> String {
    let (up, down) = directions(plan);
    let what = match (up, down) {
        (up, 0) => format!("{} to apply", words::count(up, "migration")),
        (0, down) => format!("{} to undo", words::count(down, "migration")),
        (up, down) => format!("{} to undo and {up} to apply", words::count(down, "migration")),
    };
    let mut place = about.project.clone();
    if let Some(database) = &about.database {
        place.push_str(&format!(" on {database}"));
    }
    if let Some(environment) = &about.environment {
        place.push_str(&format!(" ({environment})"));
    }
    let within = if plan.transaction == Transactions::None { "" } else { "in " };
    format!("{place}: {what}, {within}{}", division_words(plan))
}

/// The lines on what will be lost of what stands now: `losing rows: posts 1,204 · comments unknown`.
/// None for a run that loses nothing.
#[must_use]
pub fn losing<'d>(all: impl Iterator<Item = &'d Destructive> + Clone, width: usize) -> Vec<String> {
    let all = all.filter(|destructive| destructive.stands && destructive.rows != Some(0));
    [("losing rows: ", true), ("losing values: ", false)]
        .into_iter()
        .flat_map(|(label, rows)| {
            let mut items: Vec<_> = losses(all.clone(), rows).into_iter().map(quoted_loss).collect();
            let more = items.len().saturating_sub(MOST_TABLES);
            items.truncate(MOST_TABLES);
            if more > 0 {
                items.push(format!("{} more", words::number(more as u64)));
            }
            let mut lines = words::wrap_items(&items, " · ", width.saturating_sub(label.len()).max(20));
            for (at, line) in lines.iter_mut().enumerate() {
                *line = format!("{:label$}{line}", if at == 0 { label } else { "" }, label = label.len());
            }
            lines
        })
        .collect()
}

/// The line after a run: `Undone 14 of 14 in 31 ms. The database is at version 0.`
#[must_use]
pub fn summary(plan: &RenderedPlan, done: usize, duration: Duration, standing: &str) -> String {
    let took = words::duration(duration);
    let of = |done: usize, all: usize| format!("{} of {}", words::number(done as u64), words::number(all as u64));
    let what = match directions(plan) {
        (up, 0) => format!("Applied {}", of(done, up)),
        (0, down) => format!("Undone {}", of(done, down)),
        (up, down) => format!("Undone {} and applied {}", of(done.min(down), down), of(done.saturating_sub(down), up)),
    };
    format!("{what} in {took}. {standing}")
}

fn directions(plan: &RenderedPlan) -> (usize, usize) {
    let up = plan.steps.iter().filter(|step| step.direction == Direction::Up).count();
    (up, plan.steps.len() - up)
}

/// Writes events as they come: results to `out`, everything else to `err`. Writing never
/// stops a run: what the reader no longer takes is dropped.
pub struct Lines<'a> {
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    paint: Paint,
    verbose: bool,
    steps: bool,
    progress: Progress,
    name: usize,
    version: usize,
}

/// How much to say.
#[derive(Debug, Clone, Copy, Default)]
pub struct Talk {
    /// Whether a person watches `err`.
    pub terminal: bool,
    /// Say everything.
    pub verbose: bool,
    /// Say nothing of single steps.
    pub quiet: bool,
}

impl<'a> Lines<'a> {
    /// Lines for the run of a plan whose steps have these names and versions.
    pub fn new(
        steps: &[(usize, usize)],
        paint: Paint,
        talk: Talk,
        out: &'a mut dyn Write,
        err: &'a mut dyn Write,
    ) -> Self {
        let progress = Progress::new(steps.len(), talk.terminal && !talk.quiet);
        let version = steps.iter().map(|(version, _)| *version).max().unwrap_or_default();
        let room = paint.width.saturating_sub(version + 17).max(12);
        let name = steps.iter().map(|(_, name)| *name).max().unwrap_or_default().min(room);
        let steps = !talk.quiet && (talk.verbose || !progress.replaces_lines());
        Self { out, err, paint, verbose: talk.verbose, steps, progress, name, version }
    }

    /// Widths of a plan's versions and names, for [`Lines::new`].
    #[must_use]
    pub fn widths(plan: &RenderedPlan) -> Vec<(usize, usize)> {
        plan.steps.iter().map(|step| (step.version.to_string().len(), words::width_of(&step.name))).collect()
    }

    pub fn event(&mut self, event: &Event) {
        // A reader who is gone must not stop a run that is under way.
        let _ = self.write(event);
    }

    /// The run is over.
    pub fn finish(&mut self) {
        self.progress.done();
        let _ = self.out.flush();
    }

    fn write(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::StepStarted { index, name, .. } => self.progress.step(*index, name),
            Event::StepFinished { version, name, direction, duration, notes, .. } => {
                self.step(*direction, &version.to_string(), name, *duration)?;
                for note in notes {
                    self.note(note)?;
                }
            }
            Event::StatementDone { statement, of, .. } if self.verbose => {
                self.aside(&format!("statement {statement} of {of}"))?;
            }
            Event::Cut { .. } if self.verbose => self.aside("the next transaction starts")?,
            Event::Committing => self.progress.say("committing"),
            Event::Waiting { holder, at_most } => {
                self.aside(&format!("waiting for {holder}, at most {}", words::duration(*at_most)))?;
            }
            Event::DatabaseCreated if self.verbose => self.aside("the database file was made")?,
            Event::HookStarted { hook, command } => self.aside(&format!("hook {hook}: {command}"))?,
            Event::HookFinished { hook, success: false, status } => {
                self.aside(&self.paint.warn(&format!("hook {hook} failed ({status})")))?;
            }
            Event::Reconnecting => {
                self.aside("the connection was lost at COMMIT; asking the database what became of it")?;
            }
            Event::SeedStarted { index, title, .. } => self.progress.step(*index, title),
            Event::SeedFinished { title, rows, .. } if self.steps => {
                let rows = words::count(usize::try_from(*rows).unwrap_or(usize::MAX), "row");
                let line = format!("  + {}  {rows}", words::pad(title, self.name));
                let out = &mut *self.out;
                self.progress.aside(|| writeln!(out, "{line}"))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn step(&mut self, direction: Direction, version: &str, name: &str, duration: Duration) -> io::Result<()> {
        if !self.steps {
            return Ok(());
        }
        let took = words::duration(duration);
        let line = format!(
            "  {} {version:width$} {}  {}",
            arrow(direction),
            words::pad(&words::fit(name, self.name), self.name),
            self.paint.dim(&format!("{took:>7}")),
            width = self.version
        );
        let out = &mut *self.out;
        self.progress.aside(|| writeln!(out, "{line}"))
    }

    fn note(&mut self, note: &str) -> io::Result<()> {
        let out = &mut *self.out;
        let lines = words::wrap(note, self.paint.width.saturating_sub(10));
        self.progress.aside(|| {
            for (at, line) in lines.iter().enumerate() {
                writeln!(out, "    {}{line}", if at == 0 { "note: " } else { "      " })?;
            }
            Ok(())
        })
    }

    fn aside(&mut self, text: &str) -> io::Result<()> {
        let err = &mut *self.err;
        self.progress.aside(|| writeln!(err, "  {text}"))
    }
}
