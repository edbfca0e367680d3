//! A progress bar at a terminal, for runs that take long enough to wonder about.

use std::time::{Duration, Instant};

use crate::report::visible::visible;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// More steps than this are a long run.
const MANY: usize = 20;
/// A run that takes longer is a long run too.
const LONG: Duration = Duration::from_secs(1);

/// A bar that shows itself only when it is worth it.
#[derive(Debug)]
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    terminal: bool,
    total: usize,
    started: Instant,
}

impl Progress {
    /// A bar for so many steps; it never shows itself where there is no terminal.
    #[expect(clippy::disallowed_methods, reason = "a bar tells how long it takes")]
    pub(super) fn new(total: usize, terminal: bool) -> Self {
        Self { bar: None, terminal, total, started: Instant::now() }
    }

    /// Whether the bar stands in for the lines of single steps.
    pub(super) fn replaces_lines(&self) -> bool {
        self.terminal && self.total > MANY
    }

    /// A step starts.
    pub(super) fn step(&mut self, index: usize, name: &str) {
        if !self.terminal {
            return;
        }
        if self.bar.is_none() && (self.total > MANY || self.started.elapsed() > LONG) {
            let target = ProgressDrawTarget::stderr_with_hz(10);
            let bar = ProgressBar::with_draw_target(Some(self.total as u64), target);
            if let Ok(style) = ProgressStyle::with_template("  {bar:24} {pos}/{len}  {wide_msg}") {
                bar.set_style(style.progress_chars("━╸ "));
            }
            self.bar = Some(bar);
        }
        if let Some(bar) = &self.bar {
            bar.set_position(index as u64);
            bar.set_message(visible(name).into_owned());
        }
    }

    /// Something else than a step goes on.
    pub(super) fn say(&self, text: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(text.to_owned());
        }
    }

    /// Writes lines while the bar is out of the way.
    pub(super) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// Takes the bar away.
    pub(super) fn done(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
