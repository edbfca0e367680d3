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
pub(super) struct Pending {
    /// To be sent before the next statement.
    pub(super) words: Vec<String>,
    /// In the open transaction, before any change of rows.
    sent: Vec<String>,
    /// A transaction is open.
    open: bool,
    /// What was sent last may not have been committed: the connection was lost, or COMMIT refused.
    pub(super) lost: bool,
}

/// Where a step stands while it runs.
#[derive(Clone, Copy)]
pub(super) struct Here<'s> {
    pub(super) index: usize,
    pub(super) step: &'s RenderedStep,
    pub(super) of: usize,
    /// Statements that ran and will not be rolled back.
    pub(super) kept: usize,
}

impl Here<'_> {
    /// Where it is before a statement.
    pub(super) fn at(&self, statement: usize, from: Place) -> At {
        let Self { step, of, .. } = *self;
        let turned = step.turned.filter(|_| from == step.from);
        At { version: step.version, direction: step.direction, statement, of, from, turned }
    }
}

/// What the journal has of a step before its first statement.
pub(super) const fn nothing_yet(step: &RenderedStep) -> Journaled {
    Journaled { recovery: Recovery::Transactional, reaches: step.from, whole: true, table: None }
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
                self.one_step(Here { index, step, of, kept: step.skip_statements }, &mut pending).await
            };
            if let Err(stop) = ran {
                // What is true already is written down, if the database still listens.
                let written = self.flush(&mut pending).await;
                return Err(if written.is_err() || pending.lost { self.counted_again(stop).await } else { stop });
            }
        }
        let last = plan.steps.len();
        pending.words.push(self.books.end_run(Outcome::Done, last, None).sql);
        if let Some(words) = self.flush(&mut pending).await.err() {
            let cause = self.cause_of(words);
            let stop = self.stop(last.saturating_sub(1), None, cause);
            return Err(self.counted_again(stop).await);
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
        if !self.written {
            self.written = true;
            pending.words.extend([self.books.begin_run(&self.row).sql, self.books.slot().sql]);
            if self.stands {
                pending.words.extend(self.books.left_by_a_batch(self.database).await?);
            }
        }
        // Before the journal is told anything of this step: refused, it must be asked for again.
        self.restore(here).await?;
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
                    if !step.resumed {
                        // The journal's entry may be of its other direction, and this one's first statement be refused.
                        let nothing = nothing_yet(step);
                        pending.words.push(self.books.at(&here.at(step.skip_statements, step.from), &nothing, ""));
                    }
                }
                _ => {}
            }
        }
        let own: Vec<&Statement> = statements.iter().filter(|s| s.ledger.is_none()).collect();
        self.settle_session(here, own.get(..step.skip_statements).unwrap_or_default()).await?;
        let mut from = step.from;
        for (number, statement) in (1..).zip(own).skip(step.skip_statements) {
            if self.canceller.is_cancelled() {
                // Rows that are in the middle of something; committed, they could be in the way of taking it back.
                self.take_back(pending).await;
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
            pending.words.push(self.books.empty_journal().sql);
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
        // What may commit or roll back on its own is announced beforehand, or the announcement would go with it.
        let on_its_own = journaled.recovery == Recovery::Unknowable && !statement.is_definition();
        if on_its_own {
            texts.extend(["COMMIT", "START TRANSACTION", "SAVEPOINT dbmigrate"].map(str::to_owned));
        }
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
            (pending.open, pending.lost) = (false, true);
            // No answer came, also not of what was sent before it.
            let doubt = (journaled.recovery == Recovery::Unknowable).then_some(number);
            return Err(self.within_step(*here, Some(statement), cause, doubt));
        }
        if !reached || transactional && !on_its_own {
            // Back to before the first change of rows; what was true then is written again.
            self.take_back(pending).await;
            if reached && journaled.recovery == Recovery::Unknowable {
                let (announced, doubt) = self.left_in_doubt(*here, journaled.whole).await;
                if announced {
                    // It committed what was said before it.
                    pending.words.clear();
                }
                return Err(self.within_step(*here, Some(statement), cause, doubt));
            }
            return Err(self.within_step(*here, reached.then_some(statement), cause, None));
        }
        // It was announced, and refused. Where it could not even be read, nothing is committed yet.
        here.kept = number - 1;
        pending.open = false;
        if on_its_own {
            // Where it has ended the transaction around it, what it did stays done.
            let back = self.database.settle("ROLLBACK TO SAVEPOINT dbmigrate".to_owned()).await;
            let doubt = (back.error.is_some() && !journaled.whole).then_some(number);
            self.database.settle("ROLLBACK".to_owned()).await;
            if doubt.is_none() {
                pending.words.push(self.books.settled(step.version, false).sql);
            }
            return Err(self.within_step(*here, Some(statement), cause, doubt));
        }
        let mut words = vec!["COMMIT".to_owned()];
        if journaled.whole {
            words.insert(0, self.books.settled(step.version, false).sql);
        }
        self.database.settle(words.join(";\n")).await;
        let doubt = if journaled.whole { None } else { self.left_in_doubt(*here, false).await.1 };
        Err(self.within_step(*here, Some(statement), cause, doubt))
    }

    /// Rolls back; what was true before the rows is written again.
    async fn take_back(&mut self, pending: &mut Pending) {
        if std::mem::take(&mut pending.open) {
            self.database.settle("ROLLBACK".to_owned()).await;
            pending.words.splice(0..0, std::mem::take(&mut pending.sent));
        }
    }

    /// Whether a statement that was refused has committed its announcement; and its number, if nobody can tell of it.
    /// `whole` says that it leaves nothing behind.
    async fn left_in_doubt(&mut self, here: Here<'_>, whole: bool) -> (bool, Option<usize>) {
        let Ok((found, _)) = self.books.look(self.database).await else { return (false, None) };
        let row = found.into_iter().find(|row| row.version == here.step.version);
        let Some(unknown) = row.and_then(|row| row.progress).and_then(|progress| progress.unknown) else {
            return (false, None);
        };
        if whole {
            let settled = self.books.settled(here.step.version, false).sql;
            self.database.settle(settled).await;
            return (true, None);
        }
        (true, Some(unknown))
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
                pending.lost = true;
                Err(words)
            }
        }
    }

    /// Why what the ledger has to say could not be written.
    fn cause_of(&self, words: DatabaseWords) -> Cause {
        self.cause(Sent { done: 0, changed: 0, error: Some(words) }, None)
    }

    pub(super) fn within_step(
        &self,
        here: Here<'_>,
        statement: Option<&Statement>,
        cause: Cause,
        doubt: Option<usize>,
    ) -> Stop {
        let progress = Progress { done: here.kept, unknown: doubt, of: here.of, place: None };
        let state = DatabaseState::Within { done: self.committed, of: self.plan.steps.len(), progress };
        Stop::Failed(Box::new(self.failure(here.index, statement, cause)), state)
    }
}
