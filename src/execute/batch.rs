//! Where DDL commits by itself: migrations that create or drop one table each are announced together and sent in one
//! message, so that the journal costs them one commit altogether. After an interruption the schema shows how many of them
//! ran: a table exists or it does not, so each of them is complete or has not begun.

use std::collections::HashSet;
use std::ops::Range;
use std::time::Instant;

use super::database::Database;
use super::error::ExecuteError;
use super::event::Event;
use super::ledger::LedgerStore;
use super::report::Cause;
use super::run::{Run, Stop};
use super::steps::StepReporter;
use super::stepwise::{Pending, StepCursor, nothing_yet};
use super::words::Trouble;
use crate::diagnostic::Direction;
use crate::plan::{Ledger, Place};
use crate::render::{Journaled, LedgerWrite, Recovery, RenderedStep, Statement};

/// How many migrations are announced together. With more, little is saved, and a run that is told to stop takes longer
/// to get to a place where it can.
const MOST: usize = 16;

/// The longest message, in bytes: what the ledger keeps of an applied migration may be long.
const LONGEST: usize = 256 * 1024;

/// A migration that creates or drops one table, and does nothing else.
struct OneTable<'s> {
    statement: &'s Statement,
    journaled: &'s Journaled,
    probe: &'s str,
    table: &'s str,
}

fn one_table(step: &RenderedStep) -> Option<OneTable<'_>> {
    let fresh = step.skip_statements == 0 && step.from == Place::default() && step.turned.is_none() && !step.resumed;
    if !fresh || !step.derived || step.restores.is_some() {
        return None;
    }
    // An edited way down: the ledger's row would show it before the step has begun.
    if step.statements.iter().any(|statement| statement.ledger == Some(LedgerWrite::Begun(None))) {
        return None;
    }
    let mut own = step.statements.iter().filter(|statement| statement.ledger.is_none());
    let (Some(statement), None) = (own.next(), own.next()) else { return None };
    let journaled = statement.journaled.as_ref()?;
    let Recovery::Probeable(probe) = &journaled.recovery else { return None };
    Some(OneTable { statement, journaled, probe, table: journaled.table.as_deref()? })
}

/// Records what an interrupted batch left to be recorded, when there is nothing to run; unless another run is at work,
/// which does so itself.
pub(super) async fn record_interrupted(database: &mut Database, ledger: &Ledger) -> Result<(), ExecuteError> {
    let store = LedgerStore::new(database, super::who::run_id());
    let own_commits = !database.backend().capabilities().transactional_ddl;
    if !own_commits || !ledger.exists || store.left_by_a_batch(database).await?.is_empty() {
        return Ok(());
    }
    if database.try_hold(false).await?.is_some() {
        return Ok(());
    }
    let written = async {
        // Another run may have been there in between.
        let mut statements = store.left_by_a_batch(database).await?;
        if statements.is_empty() {
            return Ok(());
        }
        statements.insert(0, "START TRANSACTION".to_owned());
        statements.extend([store.sql.journal_empty(), "COMMIT".to_owned()]);
        database.must("writing the ledger", statements.join(";\n")).await
    };
    let written = written.await;
    database.release().await;
    written
}

impl Run<'_> {
    /// The steps from `start` on that go together. The first step of a run goes alone, with what the ledger says of the
    /// run; and with a time limit for each statement, each goes alone.
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
            if bytes > LONGEST || !one_table(step).is_some_and(|one| tables.insert(one.table)) {
                break;
            }
            end += 1;
        }
        start..end.max(alone.end)
    }

    /// Whether a table that the batch is going to create exists already. Afterwards nobody could tell who created it, so
    /// those steps go alone.
    pub(super) async fn is_there_already(&mut self, batch: &Range<usize>) -> Result<bool, ExecuteError> {
        let steps = self.plan.steps.get(batch.clone()).unwrap_or_default();
        let created = steps.iter().filter_map(one_table).filter(|one| one.statement.sql.starts_with("CREATE"));
        let probes: Vec<String> = created.map(|one| format!("({})", one.probe)).collect();
        if probes.is_empty() {
            return Ok(false);
        }
        let rows = self.database.rows(format!("SELECT {}", probes.join(" OR "))).await;
        let rows = rows.map_err(|words| ExecuteError::of("looking for the tables to be created", words))?;
        Ok(rows.into_iter().flatten().any(|cell| cell.as_deref() != Some("0")))
    }

    /// Announces steps and runs them.
    pub(super) async fn one_batch(&mut self, batch: Range<usize>, pending: &mut Pending) -> Result<(), Stop> {
        let plan = self.plan;
        let steps = plan.steps.get(batch.clone()).unwrap_or_default();
        let all: Vec<OneTable<'_>> = steps.iter().filter_map(one_table).collect();
        let (Some(first), Some(step)) = (all.first(), steps.first()) else { return Ok(()) };
        if self.canceller.is_cancelled() {
            return Err(self.stop(batch.start, None, Cause::Interrupted));
        }
        self.begun = super::who::now_precisely();
        let ledger: Vec<Vec<Statement>> =
            steps.iter().map(|step| self.store.rewritten(&step.statements, &self.begun)).collect();
        let mut texts = vec!["START TRANSACTION".to_owned()];
        let before = std::mem::take(&mut pending.statements);
        texts.extend(before.iter().cloned());
        let begun = |statement: &&Statement| matches!(statement.ledger, Some(LedgerWrite::Begun(_)));
        texts.extend(ledger.iter().flatten().filter(begun).map(|statement| statement.sql.clone()));
        let cursor = |number: usize, step| StepCursor { index: batch.start + number, step, of: 1, kept: 0 };
        let rest: Vec<_> = steps.iter().zip(&all).skip(1).map(|(step, one)| (step.version, one.probe)).collect();
        let at = cursor(0, step).at(1, Place::default());
        texts.push(self.store.at_batch(&at, first.journaled, &first.statement.sql, &rest));
        let announced = texts.len();
        texts.extend(all.iter().map(|one| one.statement.sql.clone()));

        self.tell_started(batch.start);
        let ends: Vec<usize> = (1..=all.len()).map(|number| announced + number).collect();
        let mut reporter = StepReporter {
            plan,
            events: &mut *self.events,
            index: batch.start,
            ends: ends.iter(),
            begun: Instant::now(),
        };
        let sent = self.database.send(texts.join(";\n"), &mut |done| reporter.reached(done)).await;
        reporter.reached(sent.done);
        let ran = sent.done.saturating_sub(announced).min(all.len());
        let Some(error) = sent.error else {
            self.committed = batch.start + ran;
            self.record_ended(&ledger, ran, pending);
            if batch.end == plan.steps.len() {
                pending.statements.push(self.store.sql.journal_empty());
            }
            (self.events)(&Event::Committed { steps: self.committed });
            return Ok(());
        };
        pending.lost |= error.trouble == Trouble::Lost;
        let cause = self.cause(error);
        if sent.done < announced {
            self.database.settle("ROLLBACK".to_owned()).await;
            pending.statements = before;
            return Err(self.within_step(cursor(0, step), None, cause, None));
        }
        self.committed = batch.start + ran;
        let (failed, one) = steps.get(ran).zip(all.get(ran)).unwrap_or((step, first));
        let cursor = cursor(ran, failed);
        // After a lost connection, the ledger and the schema are asked over another one.
        if !pending.lost {
            self.record_ended(&ledger, ran, pending);
            // Those after the failed one have not begun, and it is where it was.
            let begun = steps.iter().skip(ran + 1).filter(|step| step.direction == Direction::Up);
            pending.statements.extend(begun.map(|step| self.store.sql.delete_version(step.version)));
            pending.statements.push(self.store.at(&cursor.at(0, Place::default()), &nothing_yet(failed), ""));
        }
        Err(self.within_step(cursor, Some(one.statement), cause, None))
    }

    /// What the ledger has to say of the first steps of a batch, which ran.
    fn record_ended(&self, ledger: &[Vec<Statement>], ran: usize, pending: &mut Pending) {
        let ended = |statement: &&Statement| {
            matches!(statement.ledger, Some(LedgerWrite::Applied(_) | LedgerWrite::Undone { .. }))
        };
        let ended = ledger.iter().take(ran).flatten().filter(ended).map(|statement| statement.sql.clone());
        pending.statements.extend(ended);
    }
}
