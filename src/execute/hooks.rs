//! Hooks: the manifest's shell commands around a run. They run while no lock is held; what they
//! print goes to standard error, since standard output is for results.

use std::process::Stdio;

use super::error::ExecuteError;
use super::event::Event;
use super::settings::Settings;

/// What hooks are told in `DBMIGRATE_…` variables.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) command: String,
    pub(super) run: String,
    pub(super) direction: String,
    pub(super) target: String,
    pub(super) outcome: Option<&'static str>,
}

/// Runs a hook if the manifest has it. `Err` is why it failed.
pub(super) async fn run(
    settings: &Settings,
    hook: &str,
    told: &Told,
    events: &mut dyn FnMut(&Event),
) -> Result<(), ExecuteError> {
    let Some(command) = settings.hooks.commands.get(hook) else {
        return Ok(());
    };
    events(&Event::HookStarted { hook: hook.to_owned(), command: command.clone() });
    let mut shell = tokio::process::Command::new("sh");
    shell
        .arg("-c")
        .arg(command)
        .env("DBMIGRATE_COMMAND", &told.command)
        .env("DBMIGRATE_ENV", &settings.environment)
        .env("DBMIGRATE_PROJECT", &settings.project)
        .env("DBMIGRATE_BACKEND", settings.url.backend().name())
        .env("DBMIGRATE_RUN", &told.run)
        .env("DBMIGRATE_DIRECTION", &told.direction)
        .env("DBMIGRATE_TARGET", &told.target)
        .env("DBMIGRATE_OUTCOME", told.outcome.unwrap_or_default())
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
    if success {
        Ok(())
    } else {
        Err(ExecuteError::HookFailed { hook: hook.to_owned(), command: command.clone(), status })
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
