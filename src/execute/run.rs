//! (Long: one run from its start to its report.)
//! A run: the plan's steps, in the plan's transactions, with the lock held and the ledger kept in
//! step. It ends in a [`RunReport`]; an `Err` means that nothing was done.

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::{Duration, Instant};

use super::database::{Database, Sent};
use super::error::ExecuteError;
use super::event::Event;
use super::ledger::{Books, Glance};
use super::lock::lock;
use super::report::{Cause, DatabaseState, Failure, Outcome, RunReport, Violation};
use super::settings::Settings;
use super::signal::Canceller;
use super::steps::batch;
use super::words::{DatabaseWords, Trouble};
use crate::diagnostic::Direction;
use crate::ident::Version;
use crate::plan::Moment;
use crate::render::ledger::RunRow;
use crate::render::{RenderedPlan, RenderedStep, Statement};

/// How long asking what is true after a failure may take, and writing it down; connecting anew included.
pub(super) const RECORD_PATIENCE: Duration = Duration::from_secs(10);

/// What a run works with, from its start to its end.
pub(super) struct Run<'r> {
    pub(super) database: &'r mut Database,
    pub(super) settings: &'r Settings,
    pub(super) canceller: &'r Canceller,
    pub(super) events: &'r mut dyn FnMut(&Event),
    pub(super) plan: &'r RenderedPlan,
    pub(super) books: Books,
    /// The run's row in the history, as it begins.
    pub(super) row: RunRow,
    /// Whether that row is written (within the open transaction, or committed).
    pub(super) written: bool,
    /// Whether the ledger's tables stand.
    pub(super) stands: bool,
    /// When the ledger that the plan was made from was read.
    pub(super) as_of: Option<Moment>,
    pub(super) clock: Instant,
    /// When the step outside transactions that is running began, as the ledger writes it.
    pub(super) begun: String,
    /// Steps committed.
    pub(super) committed: usize,
    pub(super) warnings: Vec<String>,
}

/// Why a run stops.
pub(super) enum Stop {
    /// It could not go on, and no step is to blame.
    Error(ExecuteError),
    /// A step failed; what state the database is in.
    Failed(Box<Failure>, DatabaseState),
}

impl From<ExecuteError> for Stop {
    fn from(error: ExecuteError) -> Self {
        Self::Error(error)
    }
}

impl Run<'_> {
    /// Runs every step. `expected` is the ledger that the plan was made from.
    pub(super) async fn steps(mut self, expected: Vec<Glance>) -> Result<RunReport, ExecuteError> {
        if !self.plan.backend.capabilities().transactional_ddl {
            return self.stepwise(&expected).await;
        }
        let mut expected = expected;
        if self.database.create().await? {
            (self.events)(&Event::DatabaseCreated);
        }
        let chunks = chunks(self.plan);
        let last = chunks.len().saturating_sub(1);
        for (index, chunk) in chunks.into_iter().enumerate() {
            if index > 0 {
                (self.events)(&Event::Cut { next: chunk.start });
            }
            let outside = self.plan.steps.get(chunk.clone()).is_some_and(|steps| steps.iter().any(|s| !s.transaction));
            let ended = if outside {
                self.outside(chunk.clone(), &expected, index == last).await
            } else {
                self.inside(chunk.clone(), &expected, index == last).await
            };
            match ended {
                Ok(glance) => expected = glance,
                Err(Stop::Error(error)) if self.committed == 0 => return Err(error),
                Err(Stop::Error(error)) => {
                    let cause = match error {
                        ExecuteError::Cancelled => Cause::Interrupted,
                        error => Cause::BetweenTransactions(error.to_string()),
                    };
                    let failure = self.failure(chunk.start, None, cause);
                    let state = self.state_of_committed();
                    return Ok(self.failed(failure, state).await);
                }
                Err(Stop::Failed(failure, state)) => return Ok(self.failed(*failure, state).await),
            }
        }
        Ok(self.done())
    }

    /// Some steps in one transaction; gives the ledger as it is afterwards.
    async fn inside(&mut self, chunk: Range<usize>, expected: &[Glance], last: bool) -> Result<Vec<Glance>, Stop> {
        let steps = self.plan.steps.get(chunk.clone()).unwrap_or_default();
        let keys_off = steps.iter().any(|step| step.rebuilds);
        lock(self.database, self.settings, self.canceller, keys_off, self.events).await?;
        let done = self.within_transaction(chunk.clone(), expected, keys_off, last).await;
        let after = match done {
            Ok(after) => after,
            Err(stop) => {
                self.database.rollback().await;
                (self.events)(&Event::RolledBack);
                return Err(stop);
            }
        };
        (self.events)(&Event::Committing);
        if let Err(words) = self.database.commit().await
            && let Err(stop) = self.after_failed_commit(words, &chunk, expected).await
        {
            return Err(stop);
        }
        self.committed = chunk.end;
        (self.events)(&Event::Committed { steps: self.committed });
        Ok(after)
    }

    /// What happens between BEGIN and COMMIT.
    async fn within_transaction(
        &mut self,
        chunk: Range<usize>,
        expected: &[Glance],
        keys_off: bool,
        last: bool,
    ) -> Result<Vec<Glance>, Stop> {
        // The ledger is still that of then, if nobody committed anything since.
        if self.as_of.is_none() || self.database.moment() != self.as_of {
            self.compare(expected).await?;
        }
        let of = |words| ExecuteError::of("checking foreign keys", words);
        let violations = if keys_off { self.database.violations().await.map_err(of)? } else { Vec::new() };
        let mut authored = false;
        let mut index = chunk.start;
        while index < chunk.end {
            let batch = batch(self.plan, index, chunk.end, self.database.is_far());
            if let Some(sql) = self.database.reset_sql().filter(|_| authored) {
                self.database.must("resetting the session", sql).await?;
            }
            authored = self.plan.steps.get(index).is_some_and(|step| !step.derived);
            if self.stands {
                self.begin(index).await?;
            }
            index = batch.end;
            self.send_steps(batch.clone()).await?;
            // The first step of all makes the ledger.
            self.begin(batch.start).await?;
        }
        if keys_off {
            let after = self.database.violations().await.map_err(of)?;
            let new: Vec<Violation> = after.into_iter().filter(|v| violations.binary_search(v).is_err()).collect();
            if !new.is_empty() {
                let index = self.rebuilder_of(&new, chunk.clone());
                return Err(self.stop(index, None, Cause::ForeignKeys(new)));
            }
        }
        let blamed = chunk.end.saturating_sub(1);
        if self.canceller.is_cancelled() {
            return Err(self.stop(blamed, None, Cause::Interrupted));
        }
        if last {
            self.ledger_statement(blamed, self.books.end_run(Outcome::Done, chunk.end, None)).await?;
            return Ok(Vec::new());
        }
        Ok(self.books.glance(self.database).await?)
    }

    /// Writes the run's row as it begins, once.
    async fn begin(&mut self, index: usize) -> Result<(), Stop> {
        if self.written {
            return Ok(());
        }
        self.ledger_statement(index, self.books.begin_run(&self.row)).await?;
        self.written = true;
        Ok(())
    }

    /// One of the ledger's own statements, blamed on a step if it fails.
    async fn ledger_statement(&mut self, index: usize, statement: Statement) -> Result<(), Stop> {
        let sent = self.database.settle(statement.sql.clone()).await;
        if sent.error.is_none() {
            return Ok(());
        }
        let cause = self.cause(sent, None);
        Err(self.stop(index, Some(&statement), cause))
    }

    /// Rereads the ledger and compares it with what the plan, or the chunk before, expects.
    pub(super) async fn compare(&mut self, expected: &[Glance]) -> Result<(), ExecuteError> {
        let (found, stamped) = self.books.look(self.database).await?;
        if let Some(stamped) = stamped.filter(|stamped| *stamped != self.settings.environment) {
            return Err(super::mismatch(self.settings, stamped));
        }
        match super::ledger::difference(expected, &found) {
            Some(what) => Err(ExecuteError::LedgerChanged { what }),
            None => Ok(()),
        }
    }

    /// Why a message failed, in words that say whose doing it was.
    pub(super) fn cause(&self, sent: Sent, position: Option<usize>) -> Cause {
        let Some(mut words) = sent.error else { return Cause::Interrupted };
        // Where the server does not end the statement, the connection is closed.
        if matches!(words.trouble, Trouble::Cancelled | Trouble::Lost) && self.canceller.is_cancelled() {
            return Cause::Interrupted;
        }
        if words.trouble == Trouble::Cancelled
            && let Some(limit) = self.settings.statement_timeout
        {
            let hint = format!("statements may take {} ms (`--statement-timeout`)", limit.as_millis());
            words.hint = Some(hint.into());
        }
        words.position = position;
        Cause::Statement(words)
    }

    /// The step that most likely broke these keys: the last rebuild that mentions the table.
    fn rebuilder_of(&self, violations: &[Violation], chunk: Range<usize>) -> usize {
        let mentions = |step: &RenderedStep| {
            violations.iter().any(|v| step.statements.iter().any(|s| s.ledger.is_none() && s.sql.contains(&v.table)))
        };
        let rebuilds = |index: &usize| self.plan.steps.get(*index).is_some_and(|step| step.rebuilds);
        let mut candidates = chunk.clone().rev().filter(rebuilds);
        let mentioned = candidates.clone().find(|index| self.plan.steps.get(*index).is_some_and(mentions));
        mentioned.or_else(|| candidates.next()).unwrap_or(chunk.start)
    }

    /// COMMIT did not come back well: find out what is true.
    async fn after_failed_commit(
        &mut self,
        words: DatabaseWords,
        chunk: &Range<usize>,
        expected: &[Glance],
    ) -> Result<(), Stop> {
        let blamed = chunk.end.saturating_sub(1);
        if words.trouble != Trouble::Lost {
            self.database.rollback().await;
            (self.events)(&Event::RolledBack);
            return Err(self.stop(blamed, None, Cause::Commit(words)));
        }
        (self.events)(&Event::Reconnecting);
        let before: BTreeSet<Version> = expected.iter().map(|row| row.version).collect();
        let mut after = before.clone();
        apply(&mut after, self.plan.steps.get(chunk.clone()).unwrap_or_default());
        match self.versions_after_reconnecting().await {
            Ok(found) if found == after && after != before => Ok(()),
            Ok(found) if found == before => Err(self.stop(blamed, None, Cause::LostAtCommit(words))),
            Ok(_) => {
                let why = "its ledger is neither that of before nor that of after".to_owned();
                let failure = self.failure(blamed, None, Cause::LostAtCommit(words));
                Err(Stop::Failed(Box::new(failure), DatabaseState::Unknown { why }))
            }
            Err(error) => {
                let failure = self.failure(blamed, None, Cause::LostAtCommit(words));
                Err(Stop::Failed(Box::new(failure), DatabaseState::Unknown { why: error.to_string() }))
            }
        }
    }

    /// The versions in the ledger, asked over a new connection, with the lock: the old session may
    /// still be committing.
    async fn versions_after_reconnecting(&mut self) -> Result<BTreeSet<Version>, ExecuteError> {
        let begun = Instant::now();
        let patience = self.settings.lock_timeout.max(Duration::from_secs(5));
        while let Err(error) = self.database.reconnect().await {
            if begun.elapsed() > patience {
                return Err(error);
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        lock(self.database, self.settings, &Canceller::new(), false, self.events).await?;
        let looked = self.books.look(self.database).await;
        self.database.rollback().await;
        Ok(looked?.0.into_iter().map(|row| row.version).collect())
    }

    pub(super) fn stop(&self, index: usize, statement: Option<&Statement>, cause: Cause) -> Stop {
        Stop::Failed(Box::new(self.failure(index, statement, cause)), self.state_of_committed())
    }

    pub(super) fn failure(&self, index: usize, statement: Option<&Statement>, error: Cause) -> Failure {
        let step = self.plan.steps.get(index).or(self.plan.steps.last());
        let span = statement.map(|s| s.span).unwrap_or_default();
        Failure {
            migration: step.map(|s| s.name.clone()).unwrap_or_default(),
            version: step.map_or_else(smallest_version, |s| s.version),
            direction: step.map_or(Direction::Up, |s| s.direction),
            operation: statement.map(|s| s.operation.clone()).unwrap_or_default(),
            statement: statement.map(|s| s.sql.clone()),
            span: step.map_or(span, |s| span.or(s.span)),
            error,
            step: index + 1,
            of: self.plan.steps.len(),
        }
    }

    pub(super) fn state_of_committed(&self) -> DatabaseState {
        match self.committed {
            0 => DatabaseState::Unchanged,
            done => DatabaseState::AtStep { done, of: self.plan.steps.len() },
        }
    }

    /// The report of a run that did all.
    pub(super) fn done(self) -> RunReport {
        RunReport {
            run: self.books.run().to_owned(),
            outcome: Outcome::Done,
            steps_done: self.committed,
            failed: None,
            state: self.versions(),
            duration: self.clock.elapsed(),
            database_state: DatabaseState::AtTarget,
            warnings: self.warnings,
        }
    }

    fn versions(&self) -> Vec<Version> {
        let mut versions = self.plan.from.iter().copied().collect();
        apply(&mut versions, self.plan.steps.get(..self.committed).unwrap_or_default());
        versions.into_iter().collect()
    }

    /// Writes a failed run into the history, and reports it.
    pub(super) async fn failed(mut self, failure: Failure, state: DatabaseState) -> RunReport {
        let error = match &failure.statement {
            _ if failure.error == Cause::Interrupted => failure.error.to_string(),
            Some(sql) => format!("{} {}: {}: {sql}", failure.version, failure.migration, failure.error),
            None => format!("{} {}: {}", failure.version, failure.migration, failure.error),
        };
        let recorded = tokio::time::timeout(RECORD_PATIENCE, self.record(&error)).await.unwrap_or_else(|_| {
            let why = format!("no answer within {} s", RECORD_PATIENCE.as_secs());
            Err(ExecuteError::of("writing the history", DatabaseWords::plain(why, Trouble::Lost)))
        });
        if let Err(error) = recorded {
            self.warnings.push(format!("this run could not be written into the ledger's history: {error}"));
        }
        RunReport {
            run: self.books.run().to_owned(),
            outcome: Outcome::Failed,
            steps_done: self.committed,
            failed: Some(failure),
            state: self.versions(),
            duration: self.clock.elapsed(),
            database_state: state,
            warnings: self.warnings,
        }
    }

    /// A transaction of its own for the row of a failed run; the ledger is made where the
    /// rollback took it away.
    async fn record(&mut self, error: &str) -> Result<(), ExecuteError> {
        const PATIENCE: Duration = Duration::from_secs(2);
        if self.database.rows("SELECT 1".to_owned()).await.is_err_and(|words| words.trouble == Trouble::Lost) {
            self.database.reconnect().await?;
        }
        let settings = Settings { lock_timeout: self.settings.lock_timeout.min(PATIENCE), ..self.settings.clone() };
        lock(self.database, &settings, &Canceller::new(), false, &mut |_| ()).await?;
        let written = async {
            if !self.books.stand(self.database).await? {
                for sql in self.books.make(&self.settings.environment) {
                    self.database.must("making the ledger", sql).await?;
                }
            }
            if !self.books.has_run(self.database).await? {
                self.database.must("writing the history", self.books.begin_run(&self.row).sql).await?;
            }
            let end = self.books.end_run(Outcome::Failed, self.committed, Some(error));
            self.database.must("writing the history", end.sql).await
        };
        let written = written.await;
        if written.is_err() {
            self.database.rollback().await;
            return written;
        }
        self.database.commit().await.map_err(|words| ExecuteError::of("writing the history", words))
    }
}

/// The smallest version there is, for a failure of no step (a plan without steps does not run).
fn smallest_version() -> Version {
    Version::new(1).unwrap_or_else(smallest_version)
}

/// Plays the steps of a plan on the versions applied.
fn apply(versions: &mut BTreeSet<Version>, steps: &[RenderedStep]) {
    for step in steps {
        match step.direction {
            Direction::Up => versions.insert(step.version),
            Direction::Down => versions.remove(&step.version),
        };
    }
}

/// The plan's transactions, as ranges of its steps; a step outside transactions is one by itself.
fn chunks(plan: &RenderedPlan) -> Vec<Range<usize>> {
    let count = plan.steps.len();
    let mut starts: BTreeSet<usize> = plan.cuts.iter().copied().filter(|cut| *cut < count).collect();
    starts.insert(0);
    for (index, _) in plan.steps.iter().enumerate().filter(|(_, step)| !step.transaction) {
        starts.insert(index);
        if index + 1 < count {
            starts.insert(index + 1);
        }
    }
    let ends = starts.iter().copied().skip(1).chain([count]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}
