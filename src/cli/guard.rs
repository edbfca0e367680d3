//! What comes before a run that changes a database: whether it is the right one, the question of a protected environment,
//! and the backup.

use std::path::PathBuf;

use super::args::Safety;
use super::connect::Place;
use super::console::Console;
use super::error::{Error, Refusal};
use super::project::Project;
use crate::execute::Session;
use crate::plan::{self, Ledger};
use crate::render::Destructive;
use crate::report::run::losing;
use crate::report::words;

/// What a command is allowed, on which environment.
pub(super) struct Guard<'a> {
    pub safety: &'a Safety,
    pub place: &'a Place,
    /// The command as it is typed: `dbmigrate reset`.
    pub typed: &'a str,
    pub console: &'a Console,
}

/// How many of the migrations of another project are named.
const MOST_NAMES: usize = 3;

impl Guard<'_> {
    /// Refuses a database whose migrations are all another project's; before a dry run it is worth a word.
    ///
    /// # Errors
    /// It is another project's, or another environment's.
    pub(super) fn knows(
        &self,
        project: &Project,
        ledger: &Ledger,
        session: &Session,
        dry_run: bool,
    ) -> Result<(), Error> {
        if self.safety.allow_foreign || !plan::is_foreign(&project.manifest, ledger) {
            return Ok(());
        }
        let names: Vec<String> = ledger.rows.iter().map(|row| format!("{} {}", row.version, row.name)).collect();
        let refusal = Refusal::Foreign {
            applied: names.len(),
            has: format!("{} has {}", self.place.url, words::first_of(&names, MOST_NAMES, ", ")),
            next: format!("look at the URL again; `{} --allow-foreign`, if that is what you mean", self.typed),
        };
        if dry_run {
            let warning = self.console.err.warn("warning");
            self.console.say(&format!("{warning}: {refusal}: a run would be refused"));
            return Ok(());
        }
        session.check_stamp(ledger)?;
        Err(refusal.into())
    }

    /// Asks where the environment is protected, and backs up, where a folder for it is named. `what` the run does: `undoes 3
    /// migrations`; and what of it destroys something.
    ///
    /// # Errors
    /// It was not allowed, or no backup could be written: then nothing may be changed.
    pub(super) async fn before<'d>(
        &self,
        what: String,
        destroyed: impl Iterator<Item = &'d Destructive> + Clone,
        session: &mut Session,
    ) -> Result<(), Error> {
        self.ask(what, destroyed)?;
        let folder: Option<&PathBuf> = self.safety.backup.as_ref().or(self.place.backup.as_ref());
        if let Some(folder) = folder
            && let Some(path) = session.backup(folder).await?
            && !self.console.talk.quiet
        {
            self.console.say(&format!("  backup: {}", path.display()));
        }
        Ok(())
    }

    /// `--allow-protected`, and `--yes` or the name typed at a terminal.
    fn ask<'d>(&self, what: String, destroyed: impl Iterator<Item = &'d Destructive> + Clone) -> Result<(), Refusal> {
        let Safety { allow_protected, yes, .. } = *self.safety;
        if !self.place.protected || (allow_protected && yes) {
            return Ok(());
        }
        let environment = self.place.environment.clone();
        let losing = losing(destroyed, self.console.err.width.saturating_sub(2));
        if allow_protected && self.console.can_ask {
            let losing = losing.iter().flat_map(|line| ["  ", line, "\n"]).collect::<String>();
            let database = &self.place.url;
            let question =
                format!("This {what} on {database}.\n{losing}Type the environment's name ({environment}) to go on: ");
            return match self.console.ask(&question) {
                Some(answer) if answer == environment => Ok(()),
                _ => Err(Refusal::NotConfirmed { environment }),
            };
        }
        let next = format!("`{} --env {environment} --allow-protected --yes`, if that is what you mean", self.typed);
        Err(Refusal::Protected { environment, what, losing, next })
    }
}

/// What destroys, in words: `destroys rows or values`, or what is feared.
pub(super) fn destroys<'d>(mut destroyed: impl Iterator<Item = &'d Destructive>) -> String {
    let sure = destroyed.any(|one| one.stands && one.kind != "sql" && one.rows != Some(0));
    if sure { "destroys rows or values" } else { "may destroy rows or values" }.to_owned()
}
