//! What a run works with, why it stops, and the report that it ends with. An `Err` means that nothing was done.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::clearing::{Cleared, Clearing, StandingObject};
use super::database::Database;
use super::error::ExecuteError;
use super::event::Event;
use super::ledger::{LedgerStore, RowDigest};
use super::lock::lock;
use super::report::{Cause, DatabaseState, Failure, Outcome, RunReport};
use super::settings::Settings;
use super::signal::Canceller;
use super::words::{DatabaseWords, Trouble};
use crate::diagnostic::Direction;
use crate::ident::Version;
use crate::plan::Moment;
use crate::render::ledger::RunRow;
use crate::render::{RenderedPlan, RenderedStep, Statement};

/// How long it may take, after a failure, to find out what is true and to record it; reconnecting included.
pub(super) const RECORD_PATIENCE: Duration = Duration::from_secs(10);

/// What a run works with, from its start to its end.
pub(super) struct Run<'r> {
    pub(super) database: &'r mut Database,
    pub(super) settings: &'r Settings,
    pub(super) canceller: &'r Canceller,
    pub(super) events: &'r mut dyn FnMut(&Event),
    pub(super) plan: &'r RenderedPlan,
    pub(super) store: LedgerStore,
    /// The run's row in the history, as it begins.
    pub(super) row: RunRow,
    /// Whether that row is written (within the open transaction, or committed).
    pub(super) written: bool,
    /// Whether the ledger's tables exist.
    pub(super) has_ledger: bool,
    /// When the ledger that the plan was made from was read.
    pub(super) as_of: Option<Moment>,
    pub(super) clock: Instant,
    /// When the running step outside transactions began, as the ledger writes it.
    pub(super) begun: String,
    /// What is dropped before the first step.
    pub(super) clearing: Option<&'r Clearing>,
    pub(super) cleared: Cleared,
    /// The versions that were applied before.
    pub(super) before: Vec<Version>,
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
    /// Rereads the ledger and compares it with what the plan, or the transaction before, expects.
    pub(super) async fn compare(&mut self, expected: &[RowDigest]) -> Result<(), ExecuteError> {
        let (found, stamped) = self.store.look(self.database).await?;
        if let Some(stamped) = stamped.filter(|stamped| *stamped != self.settings.environment) {
            return Err(self.settings.mismatch(&stamped));
        }
        super::ledger::unchanged(expected, &found)
    }

    /// Why a message failed: the database's error, unless a person or the time limit stopped it.
    pub(super) fn cause(&self, mut error: DatabaseWords) -> Cause {
        // Where the server does not end the statement, the connection is closed.
        if matches!(error.trouble, Trouble::Cancelled | Trouble::Lost) && self.canceller.is_cancelled() {
            return Cause::Interrupted;
        }
        if error.trouble == Trouble::Cancelled
            && let Some(limit) = self.settings.statement_timeout
        {
            let hint = format!("statements may take {} ms (`--statement-timeout`)", limit.as_millis());
            error.hint = Some(hint.into());
        }
        Cause::Statement(error)
    }

    /// Stops at a step, with what is committed so far.
    pub(super) fn stop(&self, index: usize, statement: Option<&Statement>, cause: Cause) -> Stop {
        self.stop_in(index, statement, cause, self.state_of_committed())
    }

    /// Stops at a step, with the database in a state.
    pub(super) fn stop_in(
        &self,
        index: usize,
        statement: Option<&Statement>,
        cause: Cause,
        state: DatabaseState,
    ) -> Stop {
        Stop::Failed(Box::new(self.failure(index, statement, cause)), state)
    }

    fn failure(&self, index: usize, statement: Option<&Statement>, error: Cause) -> Failure {
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
            0 if !self.is_cleared() => DatabaseState::Unchanged,
            done => DatabaseState::AtStep { done, of: self.plan.steps.len() },
        }
    }

    /// The report of a run that completed.
    pub(super) fn done(self) -> RunReport {
        self.report(Outcome::Done, None, DatabaseState::AtTarget)
    }

    /// The report of a run that stopped before the step `index`, or in it. It is recorded in the history.
    pub(super) async fn stopped(mut self, stop: Stop, index: usize) -> RunReport {
        let (failure, state) = match stop {
            Stop::Failed(failure, state) => (*failure, state),
            Stop::Error(error) => {
                let cause = match error {
                    ExecuteError::Cancelled => Cause::Interrupted,
                    error => Cause::BetweenTransactions(error.to_string()),
                };
                (self.failure(index, None, cause), self.state_of_committed())
            }
        };
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
        self.report(Outcome::Failed, Some(failure), state)
    }

    fn report(self, outcome: Outcome, failed: Option<Failure>, database_state: DatabaseState) -> RunReport {
        let before = if self.is_cleared() { &[][..] } else { &self.before };
        let mut applied = before.iter().copied().collect();
        apply(&mut applied, self.plan.steps.get(..self.committed).unwrap_or_default());
        let dropped = match self.cleared {
            Cleared::Gone(objects) => objects.iter().map(StandingObject::title).collect(),
            Cleared::NotYet | Cleared::Within(_) => Vec::new(),
        };
        RunReport {
            dropped,
            run: self.store.run,
            outcome,
            steps_done: self.committed,
            failed,
            state: applied.into_iter().collect(),
            duration: self.clock.elapsed(),
            database_state,
            warnings: self.warnings,
        }
    }

    /// Writes the row of a failed run in a transaction of its own, and the ledger's tables if they were rolled back.
    pub(super) async fn record(&mut self, error: &str) -> Result<(), ExecuteError> {
        const DOING: &str = "writing the history";
        const PATIENCE: Duration = Duration::from_secs(2);
        if self.database.rows("SELECT 1".to_owned()).await.is_err_and(|words| words.trouble == Trouble::Lost) {
            self.database.reconnect().await?;
        }
        let settings = Settings { lock_timeout: self.settings.lock_timeout.min(PATIENCE), ..self.settings.clone() };
        lock(self.database, &settings, &Canceller::new(), false, &mut |_| ()).await?;
        let written = async {
            let mut statements = Vec::new();
            if !self.store.exists(self.database).await? {
                statements.extend(self.store.make(&self.settings.environment));
                statements.push(self.store.sql.insert_run(&self.row));
            } else if !self.store.has_run(self.database).await? {
                statements.push(self.store.sql.insert_run(&self.row));
            }
            statements.push(self.store.end_run(Outcome::Failed, self.committed, Some(error)));
            for sql in statements {
                self.database.must(DOING, sql).await?;
            }
            Ok(())
        };
        let written = written.await;
        if written.is_err() {
            self.database.rollback().await;
            return written;
        }
        self.database.commit().await.map_err(|words| ExecuteError::of(DOING, words))
    }
}

/// The smallest version there is, for a failure of no step (a plan without steps does not run).
fn smallest_version() -> Version {
    Version::new(1).unwrap_or_else(smallest_version)
}

/// Applies the steps of a plan to the set of applied versions.
pub(super) fn apply(versions: &mut BTreeSet<Version>, steps: &[RenderedStep]) {
    for step in steps {
        match step.direction {
            Direction::Up => versions.insert(step.version),
            Direction::Down => versions.remove(&step.version),
        };
    }
}
