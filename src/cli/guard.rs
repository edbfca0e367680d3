//! What stands before a run that may destroy something: the question of a protected environment, and the backup.

use std::path::PathBuf;

use super::args::Safety;
use super::connect::Place;
use super::console::Console;
use super::error::{Error, Refusal};
use crate::execute::Session;
use crate::render::Destructive;
use crate::report::run::losing;

/// What a command is allowed, on which environment.
pub(super) struct Guard<'a> {
    pub safety: &'a Safety,
    pub place: &'a Place,
    /// The command as it is typed: `dbmigrate reset`.
    pub typed: &'a str,
    pub console: &'a Console,
}

impl Guard<'_> {
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
