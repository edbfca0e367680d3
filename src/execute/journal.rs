//! Steps outside transactions: the ledger's row says `applying` or `reverting` first, and each
//! statement is announced in the journal, run by itself, and marked. Killed in between, the
//! journal tells how far it came; only a statement announced and not marked is in doubt.

use std::ops::Range;
use std::time::Instant;

use super::error::ExecuteError;
use super::event::Event;
use super::ledger::{Entry, Glance};
use super::lock::wait;
use super::report::{Cause, DatabaseState, Outcome};
use super::run::{Run, Stop};
use super::words::Trouble;
use crate::diagnostic::Direction;
use crate::plan::{Ledger, Progress, RowState};
use crate::render::{LedgerWrite, RenderedPlan, RenderedStep, Statement};

impl Run<'_> {
    /// One step outside transactions; gives the ledger as it is afterwards.
    pub(super) async fn outside(
        &mut self,
        chunk: Range<usize>,
        expected: &[Glance],
        last: bool,
    ) -> Result<Vec<Glance>, Stop> {
        let index = chunk.start;
        let Some(step) = self.plan.steps.get(index) else { return Ok(expected.to_vec()) };
        let keys_off = step.rebuilds;
        let attempt = async |database: &mut super::database::Database| database.try_hold(keys_off).await;
        wait(self.database, self.settings, self.canceller, self.events, attempt).await?;
        let done = self.outside_locked(index, step, expected, last).await;
        self.database.let_go().await;
        done
    }

    async fn outside_locked(
        &mut self,
        index: usize,
        step: &RenderedStep,
        expected: &[Glance],
        last: bool,
    ) -> Result<Vec<Glance>, Stop> {
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
        if last { Ok(Vec::new()) } else { Ok(self.books.glance(self.database).await?) }
    }

    /// A run that goes on after an interruption counts statements: those that ran must still be the first ones.
    async fn unedited(&mut self, step: &RenderedStep, own: &[&Statement]) -> Result<(), ExecuteError> {
        if step.skip_statements == 0 {
            return Ok(());
        }
        let ran = self.books.journaled(self.database, step.version).await?;
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

    /// Takes statements out of the journal that ran and run again: what they cleared away may be there anew.
    async fn run_again(&mut self, index: usize, step: &RenderedStep, of: usize) -> Result<(), Stop> {
        let ran = self.books.journaled(self.database, step.version).await?.len();
        let entry = |statement| Entry { version: step.version, direction: step.direction, statement, of };
        let again: Vec<Statement> =
            (step.skip_statements + 1..=ran).map(|statement| self.books.withdraw(&entry(statement))).collect();
        let known = Progress { done: step.skip_statements, unknown: None, of, place: None };
        self.together(index, &again, known, true).await
    }

    /// Says in the ledger that the step has begun, and makes the ledger where the step is to.
    async fn open(&mut self, index: usize, step: &RenderedStep, expected: &[Glance]) -> Result<(), Stop> {
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
            (Direction::Up, None, Some(record)) => statements.push(self.books.applying(record)),
            (Direction::Down, Some(RowState::Applied | RowState::Applying), _) => {
                statements.push(self.books.reverting(step.version));
            }
            _ => {}
        }
        if step.direction == Direction::Down && state == Some(RowState::Applying) {
            // Backing out: the journal of the way up gives way to that of the way down.
            statements.push(self.books.clear(step.version));
        }
        if !self.written {
            statements.push(self.books.begin_run(&self.row));
        }
        let nothing_yet =
            Progress { done: step.skip_statements, unknown: None, of: step.statements.len(), place: None };
        self.together(index, &statements, nothing_yet, false).await?;
        self.written = true;
        Ok(())
    }

    /// Announces a statement, runs it, marks it.
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
        let entry = Entry { version: step.version, direction: step.direction, statement: number, of };
        self.together(index, &[self.books.announce(&entry, &statement.sql)], known.clone(), true).await?;
        let sent = self.database.send(statement.sql.clone(), &mut |_| ()).await;
        let Some(words) = &sent.error else {
            return self.together(index, &[self.books.mark(&entry)], doubt, true).await;
        };
        let lost = words.trouble == Trouble::Lost;
        let position = words.position;
        let cause = self.cause(sent, position);
        // A statement that the database refused by itself did not run; one whose connection was
        // lost may have, and its announcement stays.
        let withdrawn = !lost && self.database.settle(self.books.withdraw(&entry).sql).await.error.is_none();
        Err(self.within(index, Some(statement), cause, if withdrawn { known } else { doubt }))
    }

    /// The step is done: the ledger's row, and the journal cleared.
    async fn close(&mut self, index: usize, step: &RenderedStep, of: usize, last: bool) -> Result<(), Stop> {
        let mut statements: Vec<Statement> = step
            .statements
            .iter()
            .filter(|s| matches!(s.ledger, Some(LedgerWrite::Applied(_) | LedgerWrite::Undone { .. })))
            .cloned()
            .collect();
        statements.push(self.books.clear(step.version));
        if last {
            statements.push(self.books.end_run(Outcome::Done, index + 1, None));
        }
        self.together(index, &statements, Progress { done: of, unknown: None, of, place: None }, true).await
    }

    /// Ledger statements in one transaction of their own.
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
        let statements = self.books.rewritten(statements, &self.begun);
        let mut sql = "BEGIN".to_owned();
        for statement in &statements {
            sql.push_str(";\n");
            sql.push_str(&statement.sql);
        }
        sql.push_str(";\nCOMMIT");
        let sent = self.database.settle(sql).await;
        if sent.error.is_none() {
            return Ok(());
        }
        self.database.rollback().await;
        let statement = sent.done.checked_sub(1).and_then(|number| statements.get(number));
        let cause = self.cause(sent, None);
        Err(if begun { self.within(index, statement, cause, progress) } else { self.stop(index, statement, cause) })
    }

    fn within(&self, index: usize, statement: Option<&Statement>, cause: Cause, progress: Progress) -> Stop {
        let state = DatabaseState::Within { done: self.committed, of: self.plan.steps.len(), progress };
        Stop::Failed(Box::new(self.failure(index, statement, cause)), state)
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
