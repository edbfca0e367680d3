//! What a run works with, why it stops, and the report that it ends with; an `Err` means that nothing was done.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::database::{Database, Sent};
use super::error::ExecuteError;
use super::event::Event;
use super::ledger::{Books, Glance};
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
    /// Rereads the ledger and compares it with what the plan, or the chunk before, expects.
    pub(super) async fn compare(&mut self, expected: &[Glance]) -> Result<(), ExecuteError> {
        let (found, stamped) = self.books.look(self.database).await?;
        if let Some(stamped) = stamped.filter(|stamped| *stamped != self.settings.environment) {
            return Err(self.settings.mismatch(&stamped));
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
pub(super) fn apply(versions: &mut BTreeSet<Version>, steps: &[RenderedStep]) {
    for step in steps {
        match step.direction {
            Direction::Up => versions.insert(step.version),
            Direction::Down => versions.remove(&step.version),
        };
    }
}
