//! Steps outside transactions, where DDL can be rolled back otherwise: the ledger's row says `applying` or `reverting`
//! first, and each statement is announced in the journal, run by itself, and marked as done. After a crash the journal
//! shows how far it came; only a statement that was announced and not marked is in doubt.

use std::ops::Range;
use std::time::Instant;

use super::error::ExecuteError;
use super::event::Event;
use super::ledger::{RowDigest, own};
use super::lock::wait;
use super::report::{Cause, DatabaseState, Outcome};
use super::run::{Run, Stop};
use super::words::{DatabaseWords, Trouble};
use crate::diagnostic::Direction;
use crate::plan::{Ledger, Progress, RowState};
use crate::render::{LedgerWrite, RenderedPlan, RenderedStep, Statement};

impl Run<'_> {
    /// One step outside transactions; gives the ledger as it is afterwards.
    pub(super) async fn outside(
        &mut self,
        chunk: Range<usize>,
        expected: &[RowDigest],
        last: bool,
    ) -> Result<Vec<RowDigest>, Stop> {
        let index = chunk.start;
        let Some(step) = self.plan.steps.get(index) else { return Ok(expected.to_vec()) };
        let keys_off = step.rebuilds;
        let attempt = async |database: &mut super::database::Database| database.try_hold(keys_off).await;
        wait(self.database, self.settings, self.canceller, self.events, attempt).await?;
        let done = self.outside_locked(index, step, expected, last).await;
        self.database.release().await;
        done
    }

    async fn outside_locked(
        &mut self,
        index: usize,
        step: &RenderedStep,
        expected: &[RowDigest],
        last: bool,
    ) -> Result<Vec<RowDigest>, Stop> {
        self.compare(expected).await?;
        let begun = Instant::now();
        self.begun = super::who::now_precisely();
        self.tell_started(index);
        let own: Vec<&Statement> = step.statements.iter().filter(|s| s.ledger.is_none()).collect();
        let of = own.len();
        self.unedited(step, &own).await?;
        if step.skip_statements == 0 {
            self.nothing_unknown(index).await?;
        }
        self.open(index, step, expected).await?;
        if expected.iter().any(|row| row.version == step.version && row.state != RowState::Applied) {
            self.run_again(index, step, of).await?;
        }
        for (number, statement) in (1..).zip(own.iter().copied()).skip(step.skip_statements) {
            self.journaled(index, step, statement, number, of).await?;
            (self.events)(&Event::StatementDone { index, statement: number, of });
        }
        self.close(index, step, of, last).await?;
        self.committed = index + 1;
        self.tell_finished(index, begun.elapsed());
        (self.events)(&Event::Committed { steps: self.committed });
        if last { Ok(Vec::new()) } else { Ok(self.store.digests(self.database).await?) }
    }

    /// A run that goes on after an interruption counts statements, so those that ran must still be the first ones.
    async fn unedited(&mut self, step: &RenderedStep, own: &[&Statement]) -> Result<(), ExecuteError> {
        if step.skip_statements == 0 {
            return Ok(());
        }
        let ran = self.store.journaled(self.database, step.version).await?;
        for (number, sql) in (1..).zip(ran.iter().take(step.skip_statements)) {
            let now = own.get(number - 1).map(|statement| statement.sql.as_str());
            if now != Some(sql.as_str()) {
                return Err(ExecuteError::EditedMidway {
                    version: step.version,
                    name: step.name.clone(),
                    statement: number,
                    ran: sql.clone(),
                });
            }
        }
        Ok(())
    }

    /// Removes statements from the journal that ran and are to run again: what they removed may be there again.
    async fn run_again(&mut self, index: usize, step: &RenderedStep, of: usize) -> Result<(), Stop> {
        let ran = self.store.journaled(self.database, step.version).await?.len();
        let forget = |statement| own(self.store.sql.journal_forget(step.version, statement));
        let again: Vec<Statement> = (step.skip_statements + 1..=ran).map(forget).collect();
        let known = Progress { done: step.skip_statements, unknown: None, of, place: None };
        self.together(index, &again, known, true).await
    }

    /// Records that the step has begun, and creates the ledger if the step is to do so.
    async fn open(&mut self, index: usize, step: &RenderedStep, expected: &[RowDigest]) -> Result<(), Stop> {
        let mut statements: Vec<Statement> = step
            .statements
            .iter()
            .filter(|s| matches!(s.ledger, Some(LedgerWrite::CreateTable | LedgerWrite::Stamp)))
            .cloned()
            .collect();
        let state = expected.iter().find(|row| row.version == step.version).map(|row| row.state);
        let applied = step.statements.iter().find_map(|s| match &s.ledger {
            Some(LedgerWrite::Applied(record)) => Some(record),
            _ => None,
        });
        match (step.direction, state, applied) {
            (Direction::Up, None, Some(record)) => {
                let values = self.store.values(&super::who::now_precisely());
                statements.push(own(self.store.sql.insert_version(record, RowState::Applying, &values)));
            }
            (Direction::Down, Some(RowState::Applied | RowState::Applying), _) => {
                statements.push(own(self.store.sql.set_state(step.version, RowState::Reverting)));
            }
            _ => {}
        }
        if step.direction == Direction::Down && state == Some(RowState::Applying) {
            // Backing out: the journal of the way down replaces that of the way up.
            statements.push(own(self.store.sql.journal_clear(step.version)));
        }
        if !self.written {
            statements.push(own(self.store.sql.insert_run(&self.row)));
        }
        let nothing_yet =
            Progress { done: step.skip_statements, unknown: None, of: step.statements.len(), place: None };
        self.together(index, &statements, nothing_yet, false).await?;
        self.written = true;
        Ok(())
    }

    /// Announces a statement, runs it, marks it as done.
    async fn journaled(
        &mut self,
        index: usize,
        step: &RenderedStep,
        statement: &Statement,
        number: usize,
        of: usize,
    ) -> Result<(), Stop> {
        let known = Progress { done: number - 1, unknown: None, of, place: None };
        let doubt = Progress { unknown: Some(number), ..known.clone() };
        if self.canceller.is_cancelled() {
            return Err(self.within(index, None, Cause::Interrupted, known));
        }
        let (sql, way) = (&self.store.sql, step.direction.to_string());
        let announced = own(sql.journal_start(step.version, number, of, &way, &self.store.run, &statement.sql));
        let (done, forgotten) = (sql.journal_done(step.version, number), sql.journal_forget(step.version, number));
        self.together(index, &[announced], known.clone(), true).await?;
        let Some(error) = self.database.send(statement.sql.clone(), &mut |_| ()).await.error else {
            return self.together(index, &[own(done)], doubt, true).await;
        };
        // A statement that the database refused did not run. One whose connection was lost may have run, so its
        // announcement stays.
        let lost = error.trouble == Trouble::Lost;
        let withdrawn = !lost && self.database.settle(forgotten).await.error.is_none();
        let progress = if withdrawn { known } else { doubt };
        Err(self.within(index, Some(statement), self.cause(error), progress))
    }

    /// Records that the step is done, and clears the journal.
    async fn close(&mut self, index: usize, step: &RenderedStep, of: usize, last: bool) -> Result<(), Stop> {
        let mut statements: Vec<Statement> = step
            .statements
            .iter()
            .filter(|s| matches!(s.ledger, Some(LedgerWrite::Applied(_) | LedgerWrite::Undone { .. })))
            .cloned()
            .collect();
        statements.push(own(self.store.sql.journal_clear(step.version)));
        if last {
            statements.push(own(self.store.end_run(Outcome::Done, index + 1, None)));
        }
        self.together(index, &statements, Progress { done: of, unknown: None, of, place: None }, true).await
    }

    /// Sends ledger statements in a transaction of their own.
    async fn together(
        &mut self,
        index: usize,
        statements: &[Statement],
        progress: Progress,
        begun: bool,
    ) -> Result<(), Stop> {
        if statements.is_empty() {
            return Ok(());
        }
        let statements = self.store.rewritten(statements, &self.begun);
        let texts: Vec<&str> = statements.iter().map(|statement| statement.sql.as_str()).collect();
        let sent = self.database.settle(format!("BEGIN;\n{};\nCOMMIT", texts.join(";\n"))).await;
        let Some(error) = sent.error else { return Ok(()) };
        self.database.rollback().await;
        let statement = sent.done.checked_sub(1).and_then(|number| statements.get(number));
        // The position is one in the whole message.
        let cause = self.cause(DatabaseWords { position: None, ..error });
        Err(if begun { self.within(index, statement, cause, progress) } else { self.stop(index, statement, cause) })
    }

    fn within(&self, index: usize, statement: Option<&Statement>, cause: Cause, progress: Progress) -> Stop {
        let state = DatabaseState::Within { done: self.committed, of: self.plan.steps.len(), progress };
        self.stop_in(index, statement, cause, state)
    }
}

/// Refuses while a statement is in doubt.
pub(super) fn refuse_doubt(expected: &Ledger, plan: &RenderedPlan) -> Result<(), ExecuteError> {
    for row in &expected.rows {
        if let Some(Progress { unknown: Some(statement), of, .. }) = row.progress {
            let direction = if row.state == RowState::Reverting { Direction::Down } else { Direction::Up };
            let step = plan.steps.iter().find(|step| step.version == row.version && step.direction == direction);
            let mut own = step.into_iter().flat_map(|step| &step.statements).filter(|s| s.ledger.is_none());
            let sql = own.nth(statement.saturating_sub(1)).map(|s| s.sql.clone());
            return Err(ExecuteError::Interrupted {
                version: row.version,
                name: row.name.clone(),
                direction,
                statement,
                of,
                sql,
            });
        }
    }
    Ok(())
}
