//! Hooks: the manifest's shell commands around a run. They run while no lock is held; what they
//! print goes to standard error, since standard output is for results.

use std::process::Stdio;

use super::error::ExecuteError;
use super::event::Event;
use super::report::Outcome;
use super::settings::Settings;

/// The hooks of one command. What they may want to know is in variables `DBMIGRATE_…`.
pub(super) struct Hooks<'s> {
    pub(super) settings: &'s Settings,
    pub(super) command: &'s str,
    /// The run's id.
    pub(super) run: &'s str,
    pub(super) direction: &'s str,
    pub(super) target: &'s str,
}

impl Hooks<'_> {
    /// Runs `before_COMMAND`. Where it fails, nothing may be run.
    pub(super) async fn before(&self, events: &mut dyn FnMut(&Event)) -> Result<(), ExecuteError> {
        let hook = format!("before_{}", self.command);
        match self.execute(&hook, "", events).await {
            None => Ok(()),
            Some((command, status)) => Err(ExecuteError::HookFailed { hook, command, status }),
        }
    }

    /// Runs `after_COMMAND`, or `on_failure`; gives a warning if that fails.
    pub(super) async fn after(&self, done: bool, events: &mut dyn FnMut(&Event)) -> Option<String> {
        let after = || (format!("after_{}", self.command), Outcome::Done);
        let (hook, outcome) = if done { after() } else { ("on_failure".to_owned(), Outcome::Failed) };
        let (_, status) = self.execute(&hook, outcome.as_str(), events).await?;
        Some(format!("the hook `{hook}` failed ({status})"))
    }

    /// Runs a hook if the manifest has it; if it fails, gives its command and how it ended.
    async fn execute(&self, hook: &str, outcome: &str, events: &mut dyn FnMut(&Event)) -> Option<(String, String)> {
        let settings = self.settings;
        let command = settings.hooks.commands.get(hook)?.clone();
        events(&Event::HookStarted { hook: hook.to_owned(), command: command.clone() });
        let mut shell = tokio::process::Command::new("sh");
        shell
            .arg("-c")
            .arg(&command)
            .env("DBMIGRATE_COMMAND", self.command)
            .env("DBMIGRATE_ENV", &settings.environment)
            .env("DBMIGRATE_PROJECT", &settings.project)
            .env("DBMIGRATE_BACKEND", settings.url.backend().name())
            .env("DBMIGRATE_RUN", self.run)
            .env("DBMIGRATE_DIRECTION", self.direction)
            .env("DBMIGRATE_TARGET", self.target)
            .env("DBMIGRATE_OUTCOME", outcome)
            .env("DBMIGRATE_DATABASE_URL", settings.url.to_string())
            .stdin(Stdio::null())
            .stdout(standard_error());
        if !settings.folder.as_os_str().is_empty() {
            shell.current_dir(&settings.folder);
        }
        let (success, status) = match shell.status().await {
            Ok(status) => (status.success(), status.to_string()),
            Err(error) => (false, format!("sh could not be started: {error}")),
        };
        events(&Event::HookFinished { hook: hook.to_owned(), success, status: status.clone() });
        (!success).then_some((command, status))
    }
}

#[cfg(unix)]
fn standard_error() -> Stdio {
    use std::os::fd::AsFd;
    std::io::stderr().as_fd().try_clone_to_owned().map_or_else(|_| Stdio::null(), Stdio::from)
}

#[cfg(not(unix))]
fn standard_error() -> Stdio {
    Stdio::null()
}
