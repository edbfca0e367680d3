//! Runs where DDL commits by itself. One lock is held for the whole run. The ledger says `applying` or `reverting`
//! first, and the journal has one row: the migration at work, its place, and the statement that is about to run, with the
//! query (the probe) that shows whether it ran.
//!
//! The implicit commit of a DDL statement also commits what the ledger has to record, so a statement needs no commit of its
//! own: the row that announces one statement implies that the one before it ran. Statements that change rows are in one
//! transaction with their place, up to the next DDL statement or the end of the step.

use std::time::Instant;

use super::database::Database;
use super::error::ExecuteError;
use super::event::Event;
use super::ledger::{RowDigest, StatementPlace};
use super::lock::wait;
use super::report::{Cause, DatabaseState, Outcome, RunReport};
use super::run::{Run, Stop};
use super::unfit;
use super::words::{DatabaseWords, Trouble};
use crate::plan::{Place, Progress};
use crate::render::{Journaled, LedgerWrite, Recovery, RenderedStep, Statement};

/// What the ledger has to record, and has not committed yet.
#[derive(Default)]
pub(super) struct Pending {
    /// To be sent before the next statement.
    pub(super) statements: Vec<String>,
    /// Sent in the open transaction, before any change of rows.
    sent: Vec<String>,
    /// A transaction is open.
    open: bool,
    /// What was sent last may not have been committed: the connection was lost, or COMMIT failed.
    pub(super) lost: bool,
}

/// How far a step has come.
#[derive(Clone, Copy)]
pub(super) struct StepCursor<'s> {
    pub(super) index: usize,
    pub(super) step: &'s RenderedStep,
    pub(super) of: usize,
    /// Statements that ran and will not be rolled back.
    pub(super) kept: usize,
}

impl StepCursor<'_> {
    /// Where it is before a statement.
    pub(super) fn at(&self, statement: usize, from: Place) -> StatementPlace {
        let Self { step, of, .. } = *self;
        let turned = step.turned.filter(|_| from == step.from);
        StatementPlace { version: step.version, direction: step.direction, statement, of, from, turned }
    }
}

/// What the journal says of a step before its first statement.
pub(super) const fn nothing_yet(step: &RenderedStep) -> Journaled {
    Journaled {
        recovery: Recovery::Transactional,
        reaches: step.head.from,
        whole: true,
        table: None,
        unfit: Vec::new(),
    }
}

impl Run<'_> {
    /// Runs every step. `expected` is the ledger that the plan was made from.
    pub(super) async fn stepwise(mut self, expected: &[RowDigest]) -> Result<RunReport, ExecuteError> {
        let attempt = async |database: &mut Database| database.try_hold(false).await;
        wait(self.database, self.settings, self.canceller, self.events, attempt).await?;
        let ended = match self.compare(expected).await {
            Ok(()) => {
                if let Err(error) = self.clear_stepwise().await {
                    self.database.release().await;
                    return Err(error);
                }
                self.each_step().await
            }
            Err(error) => Err(Stop::Error(error)),
        };
        match ended {
            Ok(()) => {
                self.database.release().await;
                Ok(self.done())
            }
            Err(Stop::Error(error)) if !self.written && !self.is_cleared() => {
                self.database.release().await;
                Err(error)
            }
            Err(stop) => {
                let index = self.committed;
                Ok(self.stopped(stop, index).await)
            }
        }
    }

    async fn each_step(&mut self) -> Result<(), Stop> {
        let plan = self.plan;
        let mut pending = Pending::default();
        let mut authored = false;
        let mut next = 0;
        while let Some(step) = plan.steps.get(next) {
            let index = next;
            if let Some(sql) = self.database.reset_sql().filter(|_| authored) {
                self.database.must("resetting the session", sql).await?;
            }
            authored = !step.derived;
            let mut together = self.tables_together(index);
            if together.len() > 1 && self.is_there_already(&together).await? {
                together.end = index + 1;
            }
            next = together.end;
            let ran = if together.len() > 1 {
                self.one_batch(together, &mut pending).await
            } else {
                let of = step.statements.iter().filter(|s| s.ledger.is_none()).count();
                self.one_step(StepCursor { index, step, of, kept: step.skip_statements }, &mut pending).await
            };
            if let Err(stop) = ran {
                // What is true already is recorded, if the database still answers.
                let written = self.flush(&mut pending).await;
                return Err(if written.is_err() || pending.lost { self.counted_again(stop).await } else { stop });
            }
        }
        let last = plan.steps.len();
        pending.statements.push(self.store.end_run(Outcome::Done, last, None));
        if let Err(error) = self.flush(&mut pending).await {
            let stop = self.stop(last.saturating_sub(1), None, self.cause(error));
            return Err(self.counted_again(stop).await);
        }
        Ok(())
    }

    async fn one_step(&mut self, mut cursor: StepCursor<'_>, pending: &mut Pending) -> Result<(), Stop> {
        let StepCursor { index, step, of, .. } = cursor;
        if self.canceller.is_cancelled() {
            return Err(self.stop(index, None, Cause::Interrupted));
        }
        let begun = Instant::now();
        self.begun = super::who::now_precisely();
        self.tell_started(index);
        let statements = self.store.rewritten(&step.statements, &self.begun);
        if !self.written {
            self.written = true;
            pending.statements.extend([self.store.sql.insert_run(&self.row), self.store.sql.journal_slot()]);
            if self.has_ledger {
                pending.statements.extend(self.store.left_by_a_batch(self.database).await?);
            }
        }
        // Before the journal says anything of this step: if this fails, it must be done again.
        self.restore(cursor).await?;
        for statement in &statements {
            match &statement.ledger {
                // It commits by itself, and does nothing if the table exists.
                Some(LedgerWrite::CreateTable) => {
                    if let Some(error) = self.database.settle(statement.sql.clone()).await.error {
                        return Err(self.stop(index, Some(statement), self.cause(error)));
                    }
                }
                Some(LedgerWrite::Stamp) => pending.statements.push(statement.sql.clone()),
                Some(LedgerWrite::Begun(_)) => {
                    pending.statements.push(statement.sql.clone());
                    if !step.resumed {
                        // The journal may still have this migration's other direction when the first statement fails.
                        let at = cursor.at(step.skip_statements, step.from);
                        pending.statements.push(self.store.at(&at, &nothing_yet(step), ""));
                    }
                }
                _ => {}
            }
        }
        let own: Vec<&Statement> = statements.iter().filter(|s| s.ledger.is_none()).collect();
        self.settle_session(cursor, own.get(..step.skip_statements).unwrap_or_default()).await?;
        let mut from = step.from;
        for (number, statement) in (1..).zip(own).skip(step.skip_statements) {
            if self.canceller.is_cancelled() {
                // If half of the rows were committed, they could prevent undoing it.
                self.take_back(pending).await;
                let _ = self.flush(pending).await;
                return Err(self.within_step(cursor, None, Cause::Interrupted, None));
            }
            let Some(journaled) = &statement.journaled else { continue };
            let stop = match unfit::now(self.database, &journaled.unfit).await {
                Ok(found) => found,
                Err(error) => Some(self.cause(error)),
            };
            if let Some(cause) = stop {
                self.take_back(pending).await;
                return Err(self.within_step(cursor, Some(statement), cause, None));
            }
            self.one_statement(&mut cursor, statement, journaled, number, from, pending).await?;
            from = journaled.reaches;
            (self.events)(&Event::StatementDone { index, statement: number, of });
        }
        for statement in &statements {
            if let Some(LedgerWrite::Applied(_) | LedgerWrite::Undone { .. }) = statement.ledger {
                pending.statements.push(statement.sql.clone());
            }
        }
        // Otherwise the next migration's entry replaces this one's.
        if index + 1 == self.plan.steps.len() {
            pending.statements.push(self.store.sql.journal_empty());
        }
        if pending.open
            && let Err(error) = self.flush(pending).await
        {
            return Err(self.within_step(cursor, None, self.cause(error), None));
        }
        self.committed = index + 1;
        self.tell_finished(index, begun.elapsed());
        (self.events)(&Event::Committed { steps: self.committed });
        Ok(())
    }

    /// Records the migration's place, and runs a statement.
    async fn one_statement(
        &mut self,
        cursor: &mut StepCursor<'_>,
        statement: &Statement,
        journaled: &Journaled,
        number: usize,
        from: Place,
        pending: &mut Pending,
    ) -> Result<(), Stop> {
        let step = cursor.step;
        let unknowable = journaled.recovery == Recovery::Unknowable;
        // What has no probe is in a transaction, too: unless it commits by itself, it rolls back like rows.
        let transactional = unknowable || journaled.recovery == Recovery::Transactional;
        let mut texts = Vec::with_capacity(pending.statements.len() + 3);
        if !pending.open {
            texts.push("START TRANSACTION".to_owned());
            pending.sent.clear();
            pending.open = true;
        }
        let recorded = std::mem::take(&mut pending.statements);
        texts.extend(recorded.iter().cloned());
        texts.push(self.store.at(&cursor.at(number, from), journaled, &statement.sql));
        // A statement that may commit or roll back is announced in a transaction before, or its announcement would be lost.
        let on_its_own = unknowable && !statement.is_definition();
        if on_its_own {
            texts.extend(["COMMIT", "START TRANSACTION", "SAVEPOINT dbmigrate"].map(str::to_owned));
        }
        let before = texts.len();
        texts.push(statement.sql.clone());
        // These are true even if the rows are rolled back.
        pending.sent.extend(recorded);
        let sent = self.database.send(texts.join(";\n"), &mut |_| ()).await;
        let reached = sent.done >= before;
        let Some(error) = sent.error else {
            if !transactional {
                cursor.kept = number;
                pending.open = false;
            }
            if unknowable {
                pending.statements.push(self.store.sql.journal_settle(step.version, true));
                if let Err(error) = self.flush(pending).await {
                    return Err(self.within_step(*cursor, Some(statement), self.cause(error), Some(number)));
                }
                cursor.kept = number;
            }
            return Ok(());
        };
        let lost = error.trouble == Trouble::Lost;
        let cause = self.cause(error);
        if lost {
            (pending.open, pending.lost) = (false, true);
            // No answer came, not even to what was sent before it.
            return Err(self.within_step(*cursor, Some(statement), cause, unknowable.then_some(number)));
        }
        if !reached || transactional && !on_its_own {
            // Back to before the first change of rows; what was true then is recorded again.
            self.take_back(pending).await;
            if reached && unknowable {
                let (announced, doubt) = self.left_in_doubt(*cursor, journaled.whole).await;
                if announced {
                    // The statement has committed what was recorded before it.
                    pending.statements.clear();
                }
                return Err(self.within_step(*cursor, Some(statement), cause, doubt));
            }
            return Err(self.within_step(*cursor, reached.then_some(statement), cause, None));
        }
        // It was announced, and failed. If it was a syntax error, nothing is committed yet.
        cursor.kept = number - 1;
        pending.open = false;
        if on_its_own {
            // If it has ended the transaction around it, what it did remains.
            let back = self.database.settle("ROLLBACK TO SAVEPOINT dbmigrate".to_owned()).await;
            let doubt = (back.error.is_some() && !journaled.whole).then_some(number);
            self.database.settle("ROLLBACK".to_owned()).await;
            if doubt.is_none() {
                pending.statements.push(self.store.sql.journal_settle(step.version, false));
            }
            return Err(self.within_step(*cursor, Some(statement), cause, doubt));
        }
        let settled =
            if journaled.whole { self.store.sql.journal_settle(step.version, false) + ";\n" } else { String::new() };
        self.database.settle(settled + "COMMIT").await;
        let doubt = if journaled.whole { None } else { self.left_in_doubt(*cursor, false).await.1 };
        Err(self.within_step(*cursor, Some(statement), cause, doubt))
    }

    /// Rolls back; what was true before the change of rows is to be recorded again.
    async fn take_back(&mut self, pending: &mut Pending) {
        if std::mem::take(&mut pending.open) {
            self.database.settle("ROLLBACK".to_owned()).await;
            pending.statements.splice(0..0, std::mem::take(&mut pending.sent));
        }
    }

    /// Whether a statement that failed has committed its announcement; and its number, if nobody can tell whether it ran.
    /// `whole` says that it leaves nothing behind if it fails.
    async fn left_in_doubt(&mut self, cursor: StepCursor<'_>, whole: bool) -> (bool, Option<usize>) {
        let Ok(found) = self.store.digests(self.database).await else { return (false, None) };
        let row = found.into_iter().find(|row| row.version == cursor.step.version);
        let Some(unknown) = row.and_then(|row| row.progress).and_then(|progress| progress.unknown) else {
            return (false, None);
        };
        if whole {
            self.database.settle(self.store.sql.journal_settle(cursor.step.version, false)).await;
            return (true, None);
        }
        (true, Some(unknown))
    }

    /// Commits what the ledger has to record.
    async fn flush(&mut self, pending: &mut Pending) -> Result<(), DatabaseWords> {
        if pending.statements.is_empty() && !pending.open {
            return Ok(());
        }
        let begin = (!std::mem::take(&mut pending.open)).then(|| "START TRANSACTION".to_owned());
        let texts: Vec<String> =
            begin.into_iter().chain(pending.statements.drain(..)).chain(["COMMIT".to_owned()]).collect();
        match self.database.settle(texts.join(";\n")).await.error {
            None => Ok(()),
            Some(error) => {
                self.database.settle("ROLLBACK".to_owned()).await;
                pending.lost = true;
                Err(error)
            }
        }
    }

    /// Stops within a step. `doubt` is a statement of which nobody can tell whether it ran.
    pub(super) fn within_step(
        &self,
        cursor: StepCursor<'_>,
        statement: Option<&Statement>,
        cause: Cause,
        doubt: Option<usize>,
    ) -> Stop {
        let progress = Progress { done: cursor.kept, unknown: doubt, of: cursor.of, place: None };
        let state = DatabaseState::Within { done: self.committed, of: self.plan.steps.len(), progress };
        self.stop_in(cursor.index, statement, cause, state)
    }
}
