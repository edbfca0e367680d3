//! Steps inside a transaction: how they are packed into messages, and reported as they happen.

use std::ops::Range;
use std::time::{Duration, Instant};

use super::error::ExecuteError;
use super::event::Event;
use super::message::{LONGEST, is_plain, pack};
use super::report::Cause;
use super::run::{Run, Stop};
use super::words::DatabaseWords;
use crate::render::{RenderedPlan, RenderedStep, Statement};

/// Plans of more steps than this have several steps in a message. With fewer, one message per step costs nothing
/// noticeable, and the ledger has each step's own time.
const MANY_STEPS: usize = 64;

/// The steps, from `start` on, that go in messages together; `far`: whether that saves anything.
pub(super) fn batch(plan: &RenderedPlan, start: usize, end: usize, far: bool) -> Range<usize> {
    let alone = start..(start + 1).min(end);
    if !far || plan.steps.len() <= MANY_STEPS {
        return alone;
    }
    let mut bytes = 0;
    let fits = |step: &&RenderedStep| {
        // What an author wrote may change the session, so a new message starts after it.
        let plain = step.derived
            && step.keeps.is_empty()
            && step.statements.iter().all(|s| s.ledger.is_some() || is_plain(&s.sql));
        bytes += step.statements.iter().map(|s| s.sql.len() + 2).sum::<usize>();
        plain && bytes < LONGEST
    };
    let count = plan.steps.get(start..end).unwrap_or_default().iter().take_while(fits).count();
    start..alone.end.max(start + count)
}

/// Reports steps as the results of their statements come in.
pub(super) struct StepReporter<'t> {
    pub(super) plan: &'t RenderedPlan,
    pub(super) events: &'t mut dyn FnMut(&Event),
    /// The step that is running.
    pub(super) index: usize,
    /// For each step of the batch, the number of its last statement, plus one.
    pub(super) ends: std::slice::Iter<'t, usize>,
    pub(super) begun: Instant,
}

impl StepReporter<'_> {
    /// So many statements of the batch are done.
    pub(super) fn reached(&mut self, done: usize) {
        while self.ends.as_slice().first().is_some_and(|end| *end <= done) {
            self.ends.next();
            finished(self.plan, self.events, self.index, self.begun.elapsed());
            self.index += 1;
            self.begun = Instant::now();
            if !self.ends.as_slice().is_empty() {
                started(self.plan, self.events, self.index);
            }
        }
    }
}

impl Run<'_> {
    /// Runs a batch of steps, in as few messages as possible.
    pub(super) async fn send_steps(&mut self, batch: Range<usize>) -> Result<(), Stop> {
        if self.canceller.is_cancelled() {
            return Err(self.stop(batch.start, None, Cause::Interrupted));
        }
        let now = super::who::now_precisely();
        let steps = self.plan.steps.get(batch.clone()).unwrap_or_default();
        let mut statements: Vec<Statement> = Vec::new();
        let mut ends = Vec::with_capacity(steps.len());
        for step in steps {
            statements.extend(self.store.rewritten(&step.statements, &now));
            ends.push(statements.len());
        }
        started(self.plan, self.events, batch.start);
        self.nothing_unknown(batch.start).await?;
        let mut reporter = StepReporter {
            plan: self.plan,
            events: &mut *self.events,
            index: batch.start,
            ends: ends.iter(),
            begun: Instant::now(),
        };
        let mut failed = None;
        for mut message in pack(statements.iter().enumerate()) {
            let parts = message.statements();
            let text = std::mem::take(&mut message.sql);
            let first = parts.start;
            // A text that is sent alone may give any number of results.
            let mut each = |done: usize| {
                if parts.len() > 1 {
                    reporter.reached(first + done);
                }
            };
            let sent = self.database.send(text, &mut each).await;
            if let Some(error) = sent.error {
                failed = Some((message, sent.done, error));
                break;
            }
            reporter.reached(parts.end);
        }
        // Steps without statements.
        if failed.is_none() {
            reporter.reached(statements.len());
        }
        let Some((message, done, error)) = failed else { return Ok(()) };
        let (number, position) = message.blame(done, error.position);
        let index = batch.start + ends.iter().take_while(|end| number.is_some_and(|number| **end <= number)).count();
        let statement = number.and_then(|number| statements.get(number));
        Err(self.stop(index, statement, self.cause(DatabaseWords { position, ..error })))
    }

    /// Before a table is rebuilt: it must not have anything that the migrations do not know.
    pub(super) async fn nothing_unknown(&mut self, index: usize) -> Result<(), Stop> {
        for known in self.plan.steps.get(index).map(|step| step.keeps.as_slice()).unwrap_or_default() {
            let rows = self.database.rows(known.sql.clone()).await;
            let rows = rows.map_err(|words| ExecuteError::of("looking at a table to be rebuilt", words))?;
            let mut unknown = Vec::new();
            for row in &rows {
                let [Some(kind), Some(name)] = row.as_slice() else { continue };
                if !known.names.iter().any(|other| other.eq_ignore_ascii_case(name)) {
                    unknown.push(format!("{kind} `{name}`"));
                }
            }
            if !unknown.is_empty() {
                return Err(self.stop(index, None, Cause::Unknown { table: known.table.clone(), holds: unknown }));
            }
        }
        Ok(())
    }

    pub(super) fn tell_started(&mut self, index: usize) {
        started(self.plan, self.events, index);
    }

    pub(super) fn tell_finished(&mut self, index: usize, duration: Duration) {
        finished(self.plan, self.events, index, duration);
    }
}

fn started(plan: &RenderedPlan, events: &mut dyn FnMut(&Event), index: usize) {
    let Some(step) = plan.steps.get(index) else { return };
    events(&Event::StepStarted {
        index,
        total: plan.steps.len(),
        version: step.version,
        name: step.name.clone(),
        direction: step.direction,
    });
}

fn finished(plan: &RenderedPlan, events: &mut dyn FnMut(&Event), index: usize, duration: Duration) {
    let Some(step) = plan.steps.get(index) else { return };
    events(&Event::StepFinished {
        index,
        total: plan.steps.len(),
        version: step.version,
        name: step.name.clone(),
        direction: step.direction,
        duration,
        notes: step.notes.clone(),
    });
}
