//! Where DDL commits by itself: what a run does before an interrupted migration goes on, and after an answer that
//! never came.

use super::ledger::RowDigest;
use super::report::DatabaseState;
use super::run::{RECORD_PATIENCE, Run, Stop};
use super::stepwise::StepCursor;
use crate::diagnostic::Direction;
use crate::plan::{Progress, RowState};
use crate::render::{Recovery, RenderedStep, Statement};

impl Run<'_> {
    /// Restores what a server lost when it crashed. The journal is not changed: interrupted here, the next run finds
    /// out again what is missing.
    pub(super) async fn restore(&mut self, cursor: StepCursor<'_>) -> Result<(), Stop> {
        let Some(statement) = &cursor.step.restores else { return Ok(()) };
        match self.database.send(statement.sql.clone(), &mut |_| ()).await.error {
            None => Ok(()),
            Some(error) => Err(self.within_step(cursor, Some(statement), self.cause(error), None)),
        }
    }

    /// Repeats the session settings that statements before an interruption made.
    pub(super) async fn settle_session(&mut self, cursor: StepCursor<'_>, ran: &[&Statement]) -> Result<(), Stop> {
        let sets = |s: &&&Statement| s.journaled.as_ref().is_some_and(|j| j.recovery == Recovery::Session);
        for statement in ran.iter().filter(sets) {
            if let Some(error) = self.database.settle(statement.sql.clone()).await.error {
                return Err(self.within_step(cursor, Some(statement), self.cause(error), None));
            }
        }
        Ok(())
    }

    /// After an answer that never came: counts the committed steps again, by the ledger.
    pub(super) async fn counted_again(&mut self, stop: Stop) -> Stop {
        let Ok(found) = tokio::time::timeout(RECORD_PATIENCE, self.look_again()).await.unwrap_or(Err(())) else {
            return stop;
        };
        let is_done = |step: &RenderedStep| {
            let row = found.iter().find(|row| row.version == step.version);
            match step.direction {
                Direction::Up => row.is_some_and(|row| row.state == RowState::Applied),
                Direction::Down => row.is_none(),
            }
        };
        let counted = self.committed;
        // Of a batch, more steps may have run than were reported.
        while self.plan.steps.get(self.committed).is_some_and(is_done) {
            self.committed += 1;
        }
        while let Some(last) = self.committed.checked_sub(1).and_then(|last| self.plan.steps.get(last)) {
            if is_done(last) {
                break;
            }
            self.committed -= 1;
        }
        match stop {
            Stop::Failed(failure, DatabaseState::Within { progress, .. }) => {
                let next = self.plan.steps.get(self.committed).map(|step| step.version);
                let progress = match found.into_iter().find(|row| Some(row.version) == next) {
                    _ if self.committed == counted => progress,
                    Some(RowDigest { progress: Some(progress), .. }) => progress,
                    _ => Progress { done: 0, unknown: None, ..progress },
                };
                let (done, of) = (self.committed, self.plan.steps.len());
                Stop::Failed(failure, DatabaseState::Within { done, of, progress })
            }
            Stop::Failed(failure, _) => Stop::Failed(failure, self.state_of_committed()),
            stop @ Stop::Error(_) => stop,
        }
    }

    /// The ledger, over a new connection.
    async fn look_again(&mut self) -> Result<Vec<RowDigest>, ()> {
        self.database.reconnect().await.map_err(drop)?;
        self.store.digests(self.database).await.map_err(drop)
    }
}
