//! A session: one connection to one database, and everything that can be asked of it.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::clearing::{Cleared, Clearing};
use super::counts::CountedAhead;
use super::database::{Database, Facts};
use super::error::ExecuteError;
use super::event::Event;
use super::hooks::Hooks;
use super::ledger::{Known, LedgerHeads, LedgerStore, digests_of, run_row, unchanged};
use super::lock::lock;
use super::report::{Outcome, RunReport, SeedReport};
use super::run::Run;
use super::settings::Settings;
use super::signal::Canceller;
use super::{batch, counts, journal, seed, unfit, who};
use crate::ident::Version;
use crate::plan::{Ledger, RowState};
use crate::render::{RenderedPlan, RenderedSeed};

/// A session with a database.
///
/// SQLite works in the thread that polls: what is asked of it is done when the future first comes back, and another
/// task of that thread waits meanwhile. In a server, give it a thread of its own.
pub struct Session {
    pub(super) settings: Settings,
    pub(super) database: Database,
    pub(super) canceller: Canceller,
}

impl Session {
    /// Connects. A SQLite file that is not there gives a session at version 0 and is not made.
    ///
    /// # Errors
    /// The URL makes no sense, the backend is not supported, or the database does not answer.
    pub async fn connect(settings: Settings) -> Result<Self, ExecuteError> {
        let canceller = Canceller::new();
        let database = Database::open(&settings, &canceller).await?;
        Ok(Self { settings, database, canceller })
    }

    /// The handle that stops what this session is doing; see [`super::pull_on_signals`].
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// What planning and rendering need to know of the database.
    #[must_use]
    pub fn facts(&self) -> Facts {
        self.database.facts().clone()
    }

    /// Whether there is a database (a SQLite file may not be there yet).
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.database.is_there()
    }

    /// Reads the ledger; an empty one where none stands. Changes nothing.
    ///
    /// # Errors
    /// The connection is lost, or the ledger is a newer format's or makes no sense.
    pub async fn ledger(&mut self) -> Result<Ledger, ExecuteError> {
        self.ledger_beside(&|_, _| None).await
    }

    /// Reads the ledger, with the bodies that are `known` (the manifest's, where their checksums
    /// are the row's) instead of their copies. Changes nothing.
    ///
    /// # Errors
    /// As [`Session::ledger`].
    pub async fn ledger_beside(&mut self, known: Known<'_>) -> Result<Ledger, ExecuteError> {
        self.store().read(&mut self.database, known).await
    }

    /// Reads all of the ledger that can be read before the manifest is known; [`Session::ledger_of`] goes on. Changes nothing.
    ///
    /// # Errors
    /// As [`Session::ledger`].
    pub async fn ledger_heads(&mut self) -> Result<LedgerHeads, ExecuteError> {
        self.store().heads(&mut self.database).await
    }

    /// The ledger of those heads, as [`Session::ledger_beside`] gives it.
    ///
    /// # Errors
    /// As [`Session::ledger`]; and [`ExecuteError::LedgerChanged`] where another run was there in between.
    pub async fn ledger_of(&mut self, heads: LedgerHeads, known: Known<'_>) -> Result<Ledger, ExecuteError> {
        self.store().whole(&mut self.database, heads, known).await
    }

    /// The ledger, for what is no run.
    fn store(&self) -> LedgerStore {
        LedgerStore::new(&self.database, String::new())
    }

    /// Refuses a database that is stamped with another environment's name. Every run looks again.
    ///
    /// # Errors
    /// [`ExecuteError::EnvironmentMismatch`].
    pub fn check_stamp(&self, ledger: &Ledger) -> Result<(), ExecuteError> {
        match &ledger.environment {
            Some(stamped) if *stamped != self.settings.environment => Err(self.settings.mismatch(stamped)),
            _ => Ok(()),
        }
    }

    /// Counts the rows that a plan would lose, into `destructive.rows`; large tables are estimated. Rows that the plan must not
    /// meet (MySQL) become errors among its diagnostics.
    ///
    /// # Errors
    /// The connection is lost.
    pub async fn count(&mut self, plan: &mut RenderedPlan) -> Result<(), ExecuteError> {
        self.count_beside(plan, &CountedAhead::default()).await
    }

    /// As [`Session::count`], with what was counted ahead, just before the plan was made, instead of counting it again.
    ///
    /// # Errors
    /// As [`Session::count`].
    pub async fn count_beside(&mut self, plan: &mut RenderedPlan, ahead: &CountedAhead) -> Result<(), ExecuteError> {
        let all = plan.steps.iter_mut().flat_map(|step| &mut step.destructive).collect();
        counts::fill(&mut self.database, all, ahead).await?;
        unfit::ahead(&mut self.database, plan).await;
        Ok(())
    }

    /// Counts the rows that seeds would overwrite, into `destructive.rows`.
    ///
    /// # Errors
    /// The connection is lost.
    pub async fn count_seed(&mut self, seed: &mut RenderedSeed) -> Result<(), ExecuteError> {
        counts::fill(&mut self.database, seed.destructive.iter_mut().collect(), &CountedAhead::default()).await
    }

    /// Counts the rows of small tables before it is known which of them a plan drops, for
    /// [`Session::count_beside`]: while another thread makes the plan. Nothing where counting is not cheap, or there
    /// are very many tables.
    #[must_use]
    pub fn count_ahead(&self) -> CountedAhead {
        counts::ahead(&self.database)
    }

    /// Writes a backup into a folder (made where it is missing); gives its path. A database that is
    /// not there gives `None`.
    ///
    /// # Errors
    /// [`ExecuteError::Backup`].
    pub async fn backup(&mut self, folder: &Path) -> Result<Option<PathBuf>, ExecuteError> {
        if !self.database.is_there() {
            return Ok(None);
        }
        let name: String =
            self.settings.project.chars().map(|c| if c.is_alphanumeric() || c == '-' { c } else { '_' }).collect();
        let stem = format!("{name}-{}-{}", self.settings.environment.replace(['/', '\\'], "_"), who::run_id());
        self.database.backup(folder, &stem).await.map(Some)
    }

    /// Runs a plan that was made from the ledger `expected`. `command` is the command's name, for
    /// hooks and history. A plan without steps does nothing, but on MySQL to write down what an interrupted run left to be written.
    ///
    /// # Errors
    /// Nothing was done: [`ExecuteError::LedgerChanged`] (plan again), `Locked`, `EnvironmentMismatch`,
    /// `Interrupted`, `HookFailed`, … A statement that fails is no error but a report.
    pub async fn run(
        &mut self,
        plan: &RenderedPlan,
        expected: &Ledger,
        command: &str,
        events: &mut dyn FnMut(&Event),
    ) -> Result<RunReport, ExecuteError> {
        self.run_after(None, plan, expected, command, events).await
    }

    /// Drops everything that exists in the database's schema but the ledger, which is emptied of what is applied, and then runs
    /// a plan from nothing. All in the first transaction, unless that is not possible (the report says what was dropped).
    ///
    /// # Errors
    /// As [`Session::run`], and [`ExecuteError::NotDropped`].
    pub async fn run_from_nothing(
        &mut self,
        clearing: &Clearing,
        plan: &RenderedPlan,
        expected: &Ledger,
        events: &mut dyn FnMut(&Event),
    ) -> Result<RunReport, ExecuteError> {
        self.run_after(Some(clearing), plan, expected, "fresh", events).await
    }

    async fn run_after(
        &mut self,
        clearing: Option<&Clearing>,
        plan: &RenderedPlan,
        expected: &Ledger,
        command: &str,
        events: &mut dyn FnMut(&Event),
    ) -> Result<RunReport, ExecuteError> {
        let clock = Instant::now();
        let run = who::run_id();
        if let Some(error) = plan.diagnostics.iter().find(|d| d.is_error()) {
            return Err(ExecuteError::PlanHasErrors(error.message.clone()));
        }
        self.check_stamp(expected)?;
        if plan.steps.is_empty() && clearing.is_none() {
            batch::record_interrupted(&mut self.database, expected).await?;
            return Ok(RunReport::of_nothing(run, plan.from.clone()));
        }
        if clearing.is_none()
            && let Err(doubt) = journal::refuse_doubt(expected, plan)
        {
            return Err(self.doubt(doubt, expected, events).await);
        }
        let row = run_row(&self.settings, plan, command, &run, &who::now());
        let settings = self.settings.clone();
        let hooks =
            Hooks { settings: &settings, command, run: &run, direction: &row.direction.clone(), target: &plan.target };
        let store = LedgerStore::new(&self.database, run.clone());
        let expected_rows = digests_of(expected);
        if settings.hooks.commands.contains_key(&format!("before_{command}")) {
            // The hook may close a shop, so it does not run for a plan that is out of date already.
            unchanged(&expected_rows, &store.digests(&mut self.database).await?)?;
        }
        hooks.before(events).await?;
        let run = Run {
            database: &mut self.database,
            settings: &settings,
            canceller: &self.canceller,
            events: &mut *events,
            plan,
            store,
            row,
            written: false,
            has_ledger: expected.exists,
            as_of: expected.as_of,
            clock,
            begun: who::now_precisely(),
            clearing,
            cleared: Cleared::NotYet,
            before: match clearing {
                Some(_) => {
                    expected.rows.iter().filter(|row| row.state == RowState::Applied).map(|row| row.version).collect()
                }
                None => plan.from.clone(),
            },
            committed: 0,
            warnings: Vec::new(),
        };
        let mut ended = run.steps(expected_rows).await;
        let done = ended.as_ref().is_ok_and(|report| report.outcome == Outcome::Done);
        let warning = hooks.after(done, events).await;
        if let Ok(report) = &mut ended {
            report.warnings.extend(warning);
        }
        ended
    }

    /// A statement in doubt may just be another run's that is at work: then that holds the lock.
    async fn doubt(&mut self, doubt: ExecuteError, expected: &Ledger, events: &mut dyn FnMut(&Event)) -> ExecuteError {
        if let Err(error) = lock(&mut self.database, &self.settings, &self.canceller, false, events).await {
            return error;
        }
        let looked = self.store().digests(&mut self.database).await;
        self.database.rollback().await;
        looked.and_then(|found| unchanged(&digests_of(expected), &found)).err().unwrap_or(doubt)
    }

    /// Loads seeds, all in one transaction.
    ///
    /// # Errors
    /// Nothing was begun: no database, locked, stamped otherwise.
    pub async fn seed(
        &mut self,
        seed: &RenderedSeed,
        events: &mut dyn FnMut(&Event),
    ) -> Result<SeedReport, ExecuteError> {
        if let Some(error) = seed.diagnostics.iter().find(|d| d.is_error()) {
            return Err(ExecuteError::PlanHasErrors(error.message.clone()));
        }
        if !self.database.is_there() {
            return Err(ExecuteError::NoDatabase { url: self.settings.url.to_string() });
        }
        let ledger = self.ledger().await?;
        self.check_stamp(&ledger)?;
        let (settings, run) = (self.settings.clone(), who::run_id());
        let hooks = Hooks { settings: &settings, command: "seed", run: &run, direction: "", target: "" };
        hooks.before(events).await?;
        let mut ended = seed::load(&mut self.database, &settings, &self.canceller, seed, events).await;
        let done = ended.as_ref().is_ok_and(|report| report.failed.is_none());
        let warning = hooks.after(done, events).await;
        if let Ok(report) = &mut ended {
            report.warnings.extend(warning);
        }
        ended
    }

    /// Writes an environment's name into the database, over any that is there; makes the ledger
    /// (and a SQLite file) where it is missing. Gives the name that was there before.
    ///
    /// # Errors
    /// Locked, or the database refuses.
    pub async fn stamp(&mut self, environment: &str) -> Result<Option<String>, ExecuteError> {
        let store = self.store();
        self.database.create().await?;
        lock(&mut self.database, &self.settings, &self.canceller, false, &mut |_| ()).await?;
        let database = &mut self.database;
        let stamped = async {
            let before = if store.exists(database).await? { store.stamped(database).await? } else { None };
            for sql in store.make(environment).into_iter().chain(store.sql.stamp(environment)) {
                database.must("stamping the database", sql).await?;
            }
            Ok(before)
        };
        let stamped = stamped.await;
        self.end("stamping the database", stamped).await
    }

    /// Settles a statement that nobody but a person can: whether it ran before the interruption.
    /// `statement` counts from 1. Gives the migration's name.
    ///
    /// # Errors
    /// [`ExecuteError::NothingToResolve`] where no such statement is in doubt; locked; stamped otherwise.
    pub async fn resolve(&mut self, version: Version, statement: usize, ran: bool) -> Result<String, ExecuteError> {
        let store = self.store();
        let nothing = |why: String| ExecuteError::NothingToResolve { version, statement, why };
        if !self.database.is_there() {
            return Err(nothing("there is no database yet".to_owned()));
        }
        lock(&mut self.database, &self.settings, &self.canceller, false, &mut |_| ()).await?;
        let settings = &self.settings;
        let database = &mut self.database;
        let resolved = async {
            let ledger = store.read(database, &|_, _| None).await?;
            if let Some(stamped) = ledger.environment.as_ref().filter(|name| **name != settings.environment) {
                return Err(settings.mismatch(stamped));
            }
            let Some(row) = ledger.rows.iter().find(|row| row.version == version) else {
                return Err(nothing("it is not applied".to_owned()));
            };
            let Some(progress) = &row.progress else {
                return Err(nothing("it was not interrupted".to_owned()));
            };
            match progress.unknown {
                Some(unknown) if unknown == statement => {}
                Some(unknown) => return Err(nothing(format!("statement {unknown} is"))),
                None => return Err(nothing(format!("{} of {} statements ran", progress.done, progress.of))),
            }
            let settled = match (database.backend().capabilities().transactional_ddl, ran) {
                (true, true) => store.sql.journal_done(version, statement),
                (true, false) => store.sql.journal_forget(version, statement),
                (false, _) => store.sql.journal_settle(version, ran),
            };
            database.must("writing the journal", settled).await?;
            Ok(row.name.clone())
        };
        let resolved = resolved.await;
        self.end("writing the journal", resolved).await
    }

    /// Ends a transaction: commits what went well.
    pub(super) async fn end<T>(
        &mut self,
        doing: &'static str,
        result: Result<T, ExecuteError>,
    ) -> Result<T, ExecuteError> {
        match result {
            Ok(value) => match self.database.commit().await {
                Ok(()) => Ok(value),
                Err(words) => {
                    self.database.rollback().await;
                    Err(ExecuteError::of(doing, words))
                }
            },
            Err(error) => {
                self.database.rollback().await;
                Err(error)
            }
        }
    }

    /// Closes the connection in an orderly way; dropping the session does it less orderly.
    pub async fn close(self) {
        self.database.close().await;
    }
}
