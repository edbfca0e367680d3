//! Where DDL commits by itself: migrations that make or drop one table each are announced together and go in one message,
//! so that the journal costs them one commit together. After an interruption the schema tells how many of them ran, since a
//! table stands or does not; each of them is whole or has not begun.

use std::collections::HashSet;
use std::ops::Range;
use std::time::Instant;

use super::database::Database;
use super::error::ExecuteError;
use super::event::Event;
use super::ledger::Books;
use super::report::Cause;
use super::run::{Run, Stop};
use super::steps::Teller;
use super::stepwise::{Here, Pending, nothing_yet};
use super::words::Trouble;
use crate::diagnostic::Direction;
use crate::plan::{Ledger, Place};
use crate::render::{Journaled, LedgerWrite, Recovery, RenderedStep, Statement};

/// How many migrations are announced together: with more, the saving is small, and a run that is told to stop comes later
/// to a place where it can.
const MOST: usize = 16;

/// A message is not longer than this, in bytes: what an applied migration's row keeps of it may be long.
const LONGEST: usize = 256 * 1024;

/// A migration that makes or drops one table, and does nothing else.
struct Lone<'s> {
    statement: &'s Statement,
    journaled: &'s Journaled,
    question: &'s str,
    table: &'s str,
}

fn lone(step: &RenderedStep) -> Option<Lone<'_>> {
    let fresh = step.skip_statements == 0 && step.from == Place::default() && step.turned.is_none() && !step.resumed;
    if !fresh || !step.derived || step.restores.is_some() {
        return None;
    }
    // Undone otherwise than the ledger has it: its row would say so before it has begun.
    if step.statements.iter().any(|statement| statement.ledger == Some(LedgerWrite::Begun(None))) {
        return None;
    }
    let mut own = step.statements.iter().filter(|statement| statement.ledger.is_none());
    let (Some(statement), None) = (own.next(), own.next()) else { return None };
    let journaled = statement.journaled.as_ref()?;
    let Recovery::Probeable(question) = &journaled.recovery else { return None };
    Some(Lone { statement, journaled, question, table: journaled.table.as_deref()? })
}

/// Where there is nothing to run: what an interrupted batch left to be written is written down, unless another run is at work,
/// which does so itself.
///
/// # Errors
///
/// The database refuses.
pub(super) async fn write_down(database: &mut Database, ledger: &Ledger) -> Result<(), ExecuteError> {
    let books = Books::new(database, super::who::run_id());
    let journaled = !database.backend().capabilities().transactional_ddl;
    if !journaled || !ledger.exists || books.left_by_a_batch(database).await?.is_empty() {
        return Ok(());
    }
    if database.try_hold(false).await?.is_some() {
        return Ok(());
    }
    let written = async {
        // Meanwhile another run may have been there.
        let mut words = books.left_by_a_batch(database).await?;
        if words.is_empty() {
            return Ok(());
        }
        words.insert(0, "START TRANSACTION".to_owned());
        words.extend([books.empty_journal().sql, "COMMIT".to_owned()]);
        database.must("writing the ledger", words.join(";\n")).await
    };
    let written = written.await;
    database.let_go().await;
    written
}

impl Run<'_> {
    /// The steps, from `start` on, that go together. The first step of a run goes alone, with what the ledger has to say of
    /// the run; and where each statement has a time of its own, each goes alone.
    pub(super) fn tables_together(&self, start: usize) -> Range<usize> {
        let alone = start..start + 1;
        let steps = self.plan.steps.get(start..).unwrap_or_default();
        let Some(way) = steps.first().map(|step| step.direction).filter(|_| start > 0) else { return alone };
        if self.settings.statement_timeout.is_some() {
            return alone;
        }
        let (mut tables, mut bytes, mut end) = (HashSet::new(), 0, start);
        for step in steps.iter().take(MOST).take_while(|step| step.direction == way) {
            bytes += step.statements.iter().map(|statement| statement.sql.len()).sum::<usize>();
            if bytes > LONGEST || !lone(step).is_some_and(|lone| tables.insert(lone.table)) {
                break;
            }
            end += 1;
        }
        start..end.max(alone.end)
    }

    /// Whether a table that the batch is going to make stands already, made by somebody else: then nobody could tell afterwards
    /// who made it, so those steps go alone.
    pub(super) async fn is_there_already(&mut self, batch: &Range<usize>) -> Result<bool, ExecuteError> {
        let steps = self.plan.steps.get(batch.clone()).unwrap_or_default();
        let made = steps.iter().filter_map(lone).filter(|lone| lone.statement.sql.starts_with("CREATE"));
        let questions: Vec<String> = made.map(|lone| format!("({})", lone.question)).collect();
        if questions.is_empty() {
            return Ok(false);
        }
        let rows = self.database.rows(format!("SELECT {}", questions.join(" OR "))).await;
        let rows = rows.map_err(|words| ExecuteError::of("looking for the tables to be made", words))?;
        Ok(rows.into_iter().flatten().any(|cell| cell.as_deref() != Some("0")))
    }

    /// Announces steps and runs them.
    pub(super) async fn one_batch(&mut self, batch: Range<usize>, pending: &mut Pending) -> Result<(), Stop> {
        let plan = self.plan;
        let steps = plan.steps.get(batch.clone()).unwrap_or_default();
        let all: Vec<Lone<'_>> = steps.iter().filter_map(lone).collect();
        let (Some(first), Some(step)) = (all.first(), steps.first()) else { return Ok(()) };
        if self.canceller.is_cancelled() {
            return Err(self.stop(batch.start, None, Cause::Interrupted));
        }
        self.begun = super::who::now_precisely();
        let ledger: Vec<Vec<Statement>> =
            steps.iter().map(|step| self.books.rewritten(&step.statements, &self.begun)).collect();
        let mut texts = vec!["START TRANSACTION".to_owned()];
        let words = std::mem::take(&mut pending.words);
        texts.extend(words.iter().cloned());
        let begun = |statement: &&Statement| matches!(statement.ledger, Some(LedgerWrite::Begun(_)));
        texts.extend(ledger.iter().flatten().filter(begun).map(|statement| statement.sql.clone()));
        let here = |number: usize, step| Here { index: batch.start + number, step, of: 1, kept: 0 };
        let rest: Vec<_> = steps.iter().zip(&all).skip(1).map(|(step, lone)| (step.version, lone.question)).collect();
        let at = here(0, step).at(1, Place::default());
        texts.push(self.books.at_batch(&at, first.journaled, &first.statement.sql, &rest));
        let ahead = texts.len();
        texts.extend(all.iter().map(|lone| lone.statement.sql.clone()));

        self.tell_started(batch.start);
        let ends: Vec<usize> = (1..=all.len()).map(|number| ahead + number).collect();
        let mut teller =
            Teller { plan, events: &mut *self.events, index: batch.start, ends: ends.iter(), begun: Instant::now() };
        let sent = self.database.send(texts.join(";\n"), &mut |done| teller.reached(done)).await;
        teller.reached(sent.done);
        if sent.error.is_some() && sent.done < ahead {
            // Nothing was announced.
            self.database.settle("ROLLBACK".to_owned()).await;
            pending.words = words;
            pending.lost = sent.error.as_ref().is_some_and(|error| error.trouble == Trouble::Lost);
            let cause = self.cause(sent, None);
            return Err(self.within_step(here(0, step), None, cause, None));
        }
        let ran = (sent.done - ahead.min(sent.done)).min(all.len());
        self.committed = batch.start + ran;
        let ended = |statement: &&Statement| {
            matches!(statement.ledger, Some(LedgerWrite::Applied(_) | LedgerWrite::Undone { .. }))
        };
        let is_through = ledger.iter().take(ran).flatten().filter(ended).map(|statement| statement.sql.clone());
        pending.words.extend(is_through);
        let Some(error) = &sent.error else {
            if batch.end == plan.steps.len() {
                pending.words.push(self.books.empty_journal().sql);
            }
            (self.events)(&Event::Committed { steps: self.committed });
            return Ok(());
        };
        if error.trouble == Trouble::Lost {
            // No answer came; the ledger and the schema tell, over another connection.
            pending.words.clear();
            pending.lost = true;
        }
        let position = error.position;
        let cause = self.cause(sent, position);
        let (failed, lone) = steps.get(ran).zip(all.get(ran)).unwrap_or((step, first));
        let here = here(ran, failed);
        if !pending.lost {
            // Those after it have not begun, and it is where it was.
            let begun = steps.iter().skip(ran + 1).filter(|step| step.direction == Direction::Up);
            pending.words.extend(begun.map(|step| self.books.undone(step.version).sql));
            pending.words.push(self.books.at(&here.at(0, Place::default()), &nothing_yet(failed), ""));
        }
        Err(self.within_step(here, Some(lone.statement), cause, None))
    }
}
