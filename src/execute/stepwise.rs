//! Runs where DDL commits by itself. One lock is held for the whole run; the ledger says `applying` or `reverting`
//! first, and the journal has one row: the migration at work, its place, and the statement on its way with the question
//! that tells whether it ran.
//!
//! The implicit commit of a DDL statement carries what the ledger has to say, so that a statement costs no commit of its
//! own: the row that announces one statement tells that the one before it ran. Statements that change rows stand with
//! their place in one transaction, up to the next DDL statement or the step's end.

use std::time::Instant;

use super::database::{Database, Sent};
use super::error::ExecuteError;
use super::event::Event;
use super::ledger::{At, Glance};
use super::lock::wait;
use super::report::{Cause, DatabaseState, Outcome, RunReport};
use super::run::{Run, Stop};
use super::words::{DatabaseWords, Trouble};
use crate::plan::{Place, Progress};
use crate::render::{Journaled, LedgerWrite, Recovery, RenderedStep, Statement};

/// What the ledger has to say, and has not yet committed.
#[derive(Default)]
struct Pending {
    /// To be sent before the next statement.
    words: Vec<String>,
    /// In the open transaction, before any change of rows.
    sent: Vec<String>,
    /// A transaction is open.
    open: bool,
}

/// Where a step stands while it runs.
#[derive(Clone, Copy)]
struct Here<'s> {
    index: usize,
    step: &'s RenderedStep,
    of: usize,
    /// Statements that ran and will not be rolled back.
    kept: usize,
}

impl Here<'_> {
    /// Where it is before a statement.
    fn at(&self, statement: usize, from: Place) -> At {
        let Self { step, of, .. } = *self;
        let turned = step.turned.filter(|_| from == step.from);
        At { version: step.version, direction: step.direction, statement, of, from, turned }
    }
}

impl Run<'_> {
    /// Runs every step. `expected` is the ledger that the plan was made from.
    pub(super) async fn stepwise(mut self, expected: &[Glance]) -> Result<RunReport, ExecuteError> {
        let attempt = async |database: &mut Database| database.try_hold(false).await;
        wait(self.database, self.settings, self.canceller, self.events, attempt).await?;
        let ended = match self.compare(expected).await {
            Ok(()) => self.each_step().await,
            Err(error) => Err(Stop::Error(error)),
        };
        match ended {
            Ok(()) => {
                self.database.let_go().await;
                Ok(self.done())
            }
            Err(Stop::Error(error)) if !self.written => {
                self.database.let_go().await;
                Err(error)
            }
            Err(Stop::Error(error)) => {
                let cause = match error {
                    ExecuteError::Cancelled => Cause::Interrupted,
                    error => Cause::BetweenTransactions(error.to_string()),
                };
                let failure = self.failure(self.committed, None, cause);
                let state = self.state_of_committed();
                Ok(self.failed(failure, state).await)
            }
            Err(Stop::Failed(failure, state)) => Ok(self.failed(*failure, state).await),
        }
    }

    async fn each_step(&mut self) -> Result<(), Stop> {
        let plan = self.plan;
        let mut pending = Pending::default();
        let mut authored = false;
        for (index, step) in plan.steps.iter().enumerate() {
            if let Some(sql) = self.database.reset_sql().filter(|_| authored) {
                self.database.must("resetting the session", sql).await?;
            }
            authored = !step.derived;
            let of = step.statements.iter().filter(|s| s.ledger.is_none()).count();
            let here = Here { index, step, of, kept: step.skip_statements };
            let done = self.one_step(here, &mut pending).await;
            if done.is_err() {
                // What is true already is written down, if the database still listens.
                let _ = self.flush(&mut pending).await;
                return done;
            }
        }
        let last = plan.steps.len();
        pending.words.push(self.books.end_run(Outcome::Done, last, None).sql);
        if let Some(words) = self.flush(&mut pending).await.err() {
            let cause = self.cause_of(words);
            return Err(self.stop(last.saturating_sub(1), None, cause));
        }
        Ok(())
    }

    async fn one_step(&mut self, mut here: Here<'_>, pending: &mut Pending) -> Result<(), Stop> {
        let Here { index, step, of, .. } = here;
        if self.canceller.is_cancelled() {
            return Err(self.stop(index, None, Cause::Interrupted));
        }
        let begun = Instant::now();
        self.begun = super::who::now_precisely();
        self.tell_started(index);
        let statements = self.books.rewritten(&step.statements, &self.begun);
        for statement in &statements {
            match &statement.ledger {
                // It commits by itself, and does nothing where the table stands.
                Some(LedgerWrite::CreateTable) => {
                    let sent = self.database.settle(statement.sql.clone()).await;
                    if sent.error.is_some() {
                        let cause = self.cause(sent, None);
                        return Err(self.stop(index, Some(statement), cause));
                    }
                }
                Some(LedgerWrite::Stamp) => pending.words.push(statement.sql.clone()),
                Some(LedgerWrite::Begun(_)) => {
                    pending.words.push(statement.sql.clone());
                    if step.turned.is_some() {
                        // The journal's entry is of the other direction, and this one's first statement may be refused.
                        let nothing = Journaled { recovery: Recovery::Transactional, reaches: step.from };
                        pending.words.push(self.books.at(&here.at(step.skip_statements, step.from), &nothing, ""));
                    }
                }
                _ => {}
            }
        }
        if !self.written {
            pending.words.push(self.books.begin_run(&self.row).sql);
            self.written = true;
        }
        let own = statements.iter().filter(|s| s.ledger.is_none());
        let mut from = step.from;
        for (number, statement) in (1..).zip(own).skip(step.skip_statements) {
            if self.canceller.is_cancelled() {
                let _ = self.flush(pending).await;
                return Err(self.within_step(here, None, Cause::Interrupted, None));
            }
            let Some(journaled) = &statement.journaled else { continue };
            self.one_statement(&mut here, statement, journaled, number, from, pending).await?;
            from = journaled.reaches;
            (self.events)(&Event::StatementDone { index, statement: number, of });
        }
        for statement in &statements {
            if let Some(LedgerWrite::Applied(_) | LedgerWrite::Undone { .. }) = statement.ledger {
                pending.words.push(statement.sql.clone());
            }
        }
        // The next migration's entry takes the place of this one's.
        if index + 1 == self.plan.steps.len() {
            pending.words.push(self.books.clear(step.version).sql);
        }
        if pending.open
            && let Some(words) = self.flush(pending).await.err()
        {
            let cause = self.cause_of(words);
            return Err(self.within_step(here, None, cause, None));
        }
        self.committed = index + 1;
        self.tell_finished(index, begun.elapsed());
        (self.events)(&Event::Committed { steps: self.committed });
        Ok(())
    }

    /// Says where the migration stands, and runs a statement.
    async fn one_statement(
        &mut self,
        here: &mut Here<'_>,
        statement: &Statement,
        journaled: &Journaled,
        number: usize,
        from: Place,
        pending: &mut Pending,
    ) -> Result<(), Stop> {
        let step = here.step;
        let at = here.at(number, from);
        // What nobody can probe stands in a transaction, too: unless it commits by itself, it rolls back like rows.
        let transactional = matches!(journaled.recovery, Recovery::Transactional | Recovery::Unknowable);
        let mut texts = Vec::with_capacity(pending.words.len() + 3);
        if !pending.open {
            texts.push("START TRANSACTION".to_owned());
            pending.sent.clear();
            pending.open = true;
        }
        let words = std::mem::take(&mut pending.words);
        texts.extend(words.iter().cloned());
        texts.push(self.books.at(&at, journaled, &statement.sql));
        let before = texts.len();
        texts.push(statement.sql.clone());
        // Whatever is rolled back with rows, these are true.
        pending.sent.extend(words);
        let sent = self.database.send(texts.join(";\n"), &mut |_| ()).await;
        let Some(error) = &sent.error else {
            if !transactional {
                here.kept = number;
                pending.open = false;
            }
            if journaled.recovery == Recovery::Unknowable {
                let settled = self.books.settled(step.version, true).sql;
                pending.words.push(settled);
                if let Some(words) = self.flush(pending).await.err() {
                    let cause = self.cause_of(words);
                    return Err(self.within_step(*here, Some(statement), cause, Some(number)));
                }
                here.kept = number;
            }
            return Ok(());
        };
        let (lost, reached) = (error.trouble == Trouble::Lost, sent.done >= before);
        let position = error.position;
        let cause = self.cause(sent, position);
        if lost {
            pending.open = false;
            // No answer came, also not of what was sent before it.
            let doubt = (journaled.recovery == Recovery::Unknowable).then_some(number);
            return Err(self.within_step(*here, Some(statement), cause, doubt));
        }
        if transactional || !reached {
            // Back to before the first change of rows; what was true then is written again.
            self.database.settle("ROLLBACK".to_owned()).await;
            pending.open = false;
            pending.words = std::mem::take(&mut pending.sent);
            if reached && journaled.recovery == Recovery::Unknowable {
                let doubt = self.left_in_doubt(step, statement, number).await;
                return Err(self.within_step(*here, Some(statement), cause, doubt));
            }
        } else {
            // It was announced, and refused: it did not run. Where it could not even be read, nothing is committed yet.
            here.kept = number - 1;
            let settled = self.books.settled(step.version, false).sql;
            self.database.settle(format!("{settled};\nCOMMIT")).await;
            pending.open = false;
        }
        Err(self.within_step(*here, reached.then_some(statement), cause, None))
    }

    /// Whether a statement that was refused has committed something before: then its announcement stands. A definition is
    /// refused as a whole.
    async fn left_in_doubt(&mut self, step: &RenderedStep, statement: &Statement, number: usize) -> Option<usize> {
        let (found, _) = self.books.look(self.database).await.ok()?;
        let row = found.iter().find(|row| row.version == step.version)?;
        row.progress.as_ref().and_then(|progress| progress.unknown)?;
        if statement.is_definition() {
            let settled = self.books.settled(step.version, false).sql;
            self.database.settle(settled).await;
            return None;
        }
        Some(number)
    }

    /// Commits what the ledger has to say.
    async fn flush(&mut self, pending: &mut Pending) -> Result<(), DatabaseWords> {
        if pending.words.is_empty() && !pending.open {
            return Ok(());
        }
        let mut texts = Vec::with_capacity(pending.words.len() + 2);
        if !pending.open {
            texts.push("START TRANSACTION".to_owned());
        }
        texts.append(&mut pending.words);
        texts.push("COMMIT".to_owned());
        pending.open = false;
        match self.database.settle(texts.join(";\n")).await.error {
            None => Ok(()),
            Some(words) => {
                self.database.settle("ROLLBACK".to_owned()).await;
                Err(words)
            }
        }
    }

    /// Why what the ledger has to say could not be written.
    fn cause_of(&self, words: DatabaseWords) -> Cause {
        self.cause(Sent { done: 0, changed: 0, error: Some(words) }, None)
    }

    fn within_step(&self, here: Here<'_>, statement: Option<&Statement>, cause: Cause, doubt: Option<usize>) -> Stop {
        let progress = Progress { done: here.kept, unknown: doubt, of: here.of, place: None };
        let state = DatabaseState::Within { done: self.committed, of: self.plan.steps.len(), progress };
        Stop::Failed(Box::new(self.failure(here.index, statement, cause)), state)
    }
}
