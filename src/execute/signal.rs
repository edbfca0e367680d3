//! Stopping a run: a handle that anything may pull, and the signals that pull it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Asks a run to stop. Cheap to clone; all clones are one handle. SQLite works in the thread of its caller, so there
/// another thread has to ask.
///
/// The statement that is running finishes or is cancelled, its transaction is rolled back,
/// and the run is recorded as failed with the error `interrupted`.
#[derive(Debug, Clone, Default)]
pub struct Canceller {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    asked: Arc<AtomicBool>,
    notify: Notify,
}

impl Canceller {
    /// A handle that nobody has pulled.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the run to stop.
    pub fn cancel(&self) {
        self.inner.asked.store(true, Ordering::Release);
        self.inner.notify.notify_waiters();
    }

    /// Whether somebody asked.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.inner.asked.load(Ordering::Acquire)
    }

    /// From now on the first Ctrl-C or SIGTERM pulls the handle, also while this thread is busy, and the second ends
    /// the process with `exit_code`, as a kill would.
    ///
    /// # Errors
    /// The system does not let signals be listened to.
    #[cfg(unix)]
    pub fn pulled_by_signals(&self, exit_code: u8) -> std::io::Result<()> {
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            // In this order, for the first signal sets what the second one finds.
            let asked = Arc::clone(&self.inner.asked);
            signal_hook::flag::register_conditional_shutdown(signal, i32::from(exit_code), asked)?;
            signal_hook::flag::register(signal, Arc::clone(&self.inner.asked))?;
        }
        Ok(())
    }

    /// Waits until somebody asks.
    pub async fn cancelled(&self) {
        loop {
            let notified = self.inner.notify.notified();
            if self.is_cancelled() {
                return;
            }
            notified.await;
        }
    }
}

/// Waits for Ctrl-C or SIGTERM, pulls the handle at the first, and returns at the second:
/// the caller then ends the process at once. Returns early if signals cannot be listened to.
///
/// Run it beside the work: `tokio::select! { done = work => …, () = pull_on_signals(handle) => exit }`.
pub async fn pull_on_signals(handle: Canceller) -> Signalled {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        else {
            return std::future::pending().await;
        };
        for round in 0..2 {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if round == 0 {
                handle.cancel();
            }
        }
    }
    #[cfg(not(unix))]
    {
        for round in 0..2 {
            if tokio::signal::ctrl_c().await.is_err() {
                return std::future::pending().await;
            }
            if round == 0 {
                handle.cancel();
            }
        }
    }
    Signalled::Twice
}

/// What [`pull_on_signals`] saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signalled {
    /// Asked a second time: end at once.
    Twice,
}
