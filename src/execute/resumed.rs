//! Where DDL commits by itself: what a run sees to before an interrupted migration goes on.

use super::run::{Run, Stop};
use super::stepwise::Here;
use crate::render::{Recovery, Statement};

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
}
