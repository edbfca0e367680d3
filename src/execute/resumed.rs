//! Where DDL commits by itself: what a run sees to before an interrupted migration goes on, and after an answer that
//! never came.

use super::ledger::Glance;
use super::report::DatabaseState;
use super::run::{RECORD_PATIENCE, Run, Stop};
use super::stepwise::Here;
use crate::diagnostic::Direction;
use crate::plan::{Progress, RowState};
use crate::render::{Recovery, RenderedStep, Statement};

impl Run<'_> {
    /// What a server took with it when it died is made again. The journal stays as it is: interrupted here, the next run finds
    /// out again what is missing.
    pub(super) async fn restore(&mut self, here: Here<'_>) -> Result<(), Stop> {
        let Some(statement) = &here.step.restores else { return Ok(()) };
        let sent = self.database.send(statement.sql.clone(), &mut |_| ()).await;
        if sent.error.is_none() {
            return Ok(());
        }
        let position = sent.error.as_ref().and_then(|error| error.position);
        let cause = self.cause(sent, position);
        Err(self.within_step(here, Some(statement), cause, None))
    }

    /// What the statements before an interruption set of their session is set in this one.
    pub(super) async fn settle_session(&mut self, here: Here<'_>, ran: &[&Statement]) -> Result<(), Stop> {
        let sets = |s: &&&Statement| s.journaled.as_ref().is_some_and(|j| j.recovery == Recovery::Session);
        for statement in ran.iter().filter(sets) {
            let sent = self.database.settle(statement.sql.clone()).await;
            if sent.error.is_some() {
                let cause = self.cause(sent, None);
                return Err(self.within_step(here, Some(statement), cause, None));
            }
        }
        Ok(())
    }

    /// After an answer that never came: how many steps are committed, by the ledger.
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
        // Of those that went together, more may have run than were told of.
        while self.plan.steps.get(self.committed).is_some_and(is_done) {
            self.committed += 1;
        }
        while let Some(last) = self.committed.checked_sub(1).and_then(|last| self.plan.steps.get(last)) {
            if is_done(last) {
                break;
            }
            self.committed -= 1;
        }
        let of = self.plan.steps.len();
        match stop {
            Stop::Failed(failure, DatabaseState::Within { progress, .. }) => {
                let next = self.plan.steps.get(self.committed).map(|step| step.version);
                let progress = match found.into_iter().find(|row| Some(row.version) == next) {
                    _ if self.committed == counted => progress,
                    Some(Glance { progress: Some(stands), .. }) => stands,
                    _ => Progress { done: 0, unknown: None, ..progress },
                };
                Stop::Failed(failure, DatabaseState::Within { done: self.committed, of, progress })
            }
            Stop::Failed(failure, _) => Stop::Failed(failure, self.state_of_committed()),
            stop @ Stop::Error(_) => stop,
        }
    }

    /// The ledger, over a new connection.
    async fn look_again(&mut self) -> Result<Vec<Glance>, ()> {
        self.database.reconnect().await.map_err(drop)?;
        Ok(self.books.look(self.database).await.map_err(drop)?.0)
    }
}
