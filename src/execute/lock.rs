//! The lock of a database: waiting for it.

use std::time::{Duration, Instant};

use super::database::Database;
use super::error::ExecuteError;
use super::event::Event;
use super::holder::Holder;
use super::settings::Settings;
use super::signal::Canceller;

/// Takes the lock and begins a transaction, waiting for others as long as the settings allow.
pub(super) async fn lock(
    database: &mut Database,
    settings: &Settings,
    canceller: &Canceller,
    keys_off: bool,
    events: &mut dyn FnMut(&Event),
) -> Result<(), ExecuteError> {
    wait(database, settings, canceller, events, async |database| database.try_begin(keys_off).await).await
}

/// Tries again and again until the lock is there or patience ends.
pub(super) async fn wait(
    database: &mut Database,
    settings: &Settings,
    canceller: &Canceller,
    events: &mut dyn FnMut(&Event),
    mut attempt: impl AsyncFnMut(&mut Database) -> Result<Option<Holder>, ExecuteError>,
) -> Result<(), ExecuteError> {
    const SHORTEST: Duration = Duration::from_millis(20);
    const LONGEST: Duration = Duration::from_millis(250);
    let begun = Instant::now();
    let mut pause = SHORTEST;
    let mut said = false;
    loop {
        if canceller.is_cancelled() {
            return Err(ExecuteError::Cancelled);
        }
        let Some(holder) = attempt(database).await? else {
            events(&Event::Locked);
            return Ok(());
        };
        let waited = begun.elapsed();
        let left = settings.lock_timeout.saturating_sub(waited);
        if left.is_zero() {
            return Err(ExecuteError::Locked { holder, waited });
        }
        if !said {
            events(&Event::Waiting { holder, at_most: settings.lock_timeout });
            said = true;
        }
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 2).min(LONGEST);
    }
}
