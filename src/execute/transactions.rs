//! A run where DDL can be rolled back: the steps in the plan's transactions, each with the lock held and with the ledger
//! written in it.

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::{Duration, Instant};

use super::clearing::Cleared;
use super::error::ExecuteError;
use super::event::Event;
use super::ledger::{RowDigest, own};
use super::lock::lock;
use super::report::{Cause, DatabaseState, Outcome, RunReport, Violation};
use super::run::{Run, Stop, apply};
use super::signal::Canceller;
use super::steps::batch;
use super::words::{DatabaseWords, Trouble};
use crate::ident::Version;
use crate::render::{RenderedPlan, RenderedStep};

impl Run<'_> {
    /// Runs every step. `expected` is the ledger that the plan was made from.
    pub(super) async fn steps(mut self, mut expected: Vec<RowDigest>) -> Result<RunReport, ExecuteError> {
        if !self.plan.backend.capabilities().transactional_ddl {
            return self.stepwise(&expected).await;
        }
        if self.database.create().await? {
            (self.events)(&Event::DatabaseCreated);
        }
        let chunks = chunks(self.plan);
        let outside = self.plan.steps.first().is_none_or(|step| !step.transaction);
        if self.clearing.is_some_and(|clearing| clearing.apart || outside) {
            self.clear_apart(&expected).await?;
            expected = Vec::new();
        }
        let last = chunks.len().saturating_sub(1);
        for (index, chunk) in chunks.into_iter().enumerate() {
            if index > 0 {
                (self.events)(&Event::Cut { next: chunk.start });
            }
            let steps = self.plan.steps.get(chunk.clone()).unwrap_or_default();
            let ended = if steps.iter().all(|step| step.transaction) {
                self.inside(chunk.clone(), &expected, index == last).await
            } else {
                self.outside(chunk.clone(), &expected, index == last).await
            };
            match ended {
                Ok(after) => expected = after,
                Err(Stop::Error(error)) if self.committed == 0 && !self.is_cleared() => return Err(error),
                Err(stop) => return Ok(self.stopped(stop, chunk.start).await),
            }
        }
        Ok(self.done())
    }

    /// Some steps in one transaction; gives the ledger as it is afterwards.
    async fn inside(
        &mut self,
        chunk: Range<usize>,
        expected: &[RowDigest],
        last: bool,
    ) -> Result<Vec<RowDigest>, Stop> {
        let steps = self.plan.steps.get(chunk.clone()).unwrap_or_default();
        let clears = self.clearing.is_some() && !self.is_cleared();
        let keys_off = clears || steps.iter().any(|step| step.rebuilds);
        lock(self.database, self.settings, self.canceller, keys_off, self.events).await?;
        let after = match self.within_transaction(chunk.clone(), expected, keys_off, last).await {
            Ok(after) => after,
            Err(stop) => {
                self.database.rollback().await;
                (self.events)(&Event::RolledBack);
                return Err(stop);
            }
        };
        (self.events)(&Event::Committing);
        if let Err(words) = self.database.commit().await {
            self.after_failed_commit(words, &chunk, expected).await?;
        }
        self.cleared_for_good();
        self.committed = chunk.end;
        (self.events)(&Event::Committed { steps: self.committed });
        Ok(after)
    }

    /// What happens between BEGIN and COMMIT.
    async fn within_transaction(
        &mut self,
        chunk: Range<usize>,
        expected: &[RowDigest],
        keys_off: bool,
        last: bool,
    ) -> Result<Vec<RowDigest>, Stop> {
        // If nobody has committed anything since, the ledger is still the same.
        if self.as_of.is_none() || self.database.moment() != self.as_of {
            self.compare(expected).await?;
        }
        if !self.is_cleared() {
            self.clear().await?;
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
            if self.has_ledger {
                self.begin(index).await?;
            }
            index = batch.end;
            self.send_steps(batch.clone()).await?;
            // The very first step creates the ledger.
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
            self.write(blamed, self.store.end_run(Outcome::Done, chunk.end, None)).await?;
            return Ok(Vec::new());
        }
        Ok(self.store.digests(self.database).await?)
    }

    /// Writes the run's row as it begins, once.
    async fn begin(&mut self, index: usize) -> Result<(), Stop> {
        if !self.written {
            self.write(index, self.store.sql.insert_run(&self.row)).await?;
            self.written = true;
        }
        Ok(())
    }

    /// Sends one of the ledger's own statements; a step is blamed if it fails.
    async fn write(&mut self, index: usize, sql: String) -> Result<(), Stop> {
        match self.database.settle(sql.clone()).await.error {
            None => Ok(()),
            Some(error) => Err(self.stop(index, Some(&own(sql)), self.cause(error))),
        }
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

    /// COMMIT failed: find out whether it took effect.
    async fn after_failed_commit(
        &mut self,
        words: DatabaseWords,
        chunk: &Range<usize>,
        expected: &[RowDigest],
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
        // What was dropped may have been made again, at the same versions: then the run's own row tells.
        let clears = matches!(self.cleared, Cleared::Within(_));
        let why = match self.versions_after_reconnecting().await {
            Ok((_, true)) if clears => return Ok(()),
            Ok((_, false)) if clears => return Err(self.stop(blamed, None, Cause::LostAtCommit(words))),
            Ok((found, _)) if found == after && after != before => return Ok(()),
            Ok((found, _)) if found == before => return Err(self.stop(blamed, None, Cause::LostAtCommit(words))),
            Ok(_) => "its ledger is neither that of before nor that of after".to_owned(),
            Err(error) => error.to_string(),
        };
        Err(self.stop_in(blamed, None, Cause::LostAtCommit(words), DatabaseState::Unknown { why }))
    }

    /// The versions in the ledger, and whether it has this run, read over a new connection with the lock held: the old session may
    /// still be committing.
    async fn versions_after_reconnecting(&mut self) -> Result<(BTreeSet<Version>, bool), ExecuteError> {
        let begun = Instant::now();
        let patience = self.settings.lock_timeout.max(Duration::from_secs(5));
        while let Err(error) = self.database.reconnect().await {
            if begun.elapsed() > patience {
                return Err(error);
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        lock(self.database, self.settings, &Canceller::new(), false, self.events).await?;
        let looked = async {
            let (rows, _) = self.store.look(self.database).await?;
            let has_run = self.store.exists(self.database).await? && self.store.has_run(self.database).await?;
            Ok((rows.into_iter().map(|row| row.version).collect(), has_run))
        };
        let looked = looked.await;
        self.database.rollback().await;
        looked
    }
}

/// The plan's transactions, as ranges of its steps; a step outside transactions is a range by itself.
fn chunks(plan: &RenderedPlan) -> Vec<Range<usize>> {
    let alone = plan.steps.iter().enumerate().filter(|(_, step)| !step.transaction);
    let starts = alone.flat_map(|(index, _)| [index, index + 1]).chain(plan.cuts.iter().copied()).chain([0]);
    let starts: BTreeSet<usize> = starts.filter(|start| *start < plan.steps.len()).collect();
    let ends = starts.iter().copied().skip(1).chain([plan.steps.len()]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}
