//! Results that come from another thread, taken without being woken for each.
//!
//! SQLite runs in a thread of its own, and to wake this one for a result costs more than most statements
//! take. So while results keep coming, this thread looks for them: at once, then between short naps; only
//! where none comes for a while does it go to sleep until it is woken.

use std::time::{Duration, Instant};

use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};

/// How long it looks without a nap: about what a short statement and its way back take.
const ALERT: Duration = Duration::from_micros(40);
/// How long a nap is.
const NAP: Duration = Duration::from_micros(50);
/// Without a result for so long, it sleeps.
const PATIENCE: Duration = Duration::from_millis(5);
/// So often at the least, others on this thread have their turn (a signal that arrived, say).
const TURN: Duration = Duration::from_millis(20);

/// A stream of results, read so.
pub(super) struct Napping<'a, 'r, T> {
    stream: &'a mut BoxStream<'r, T>,
    last_result: Instant,
    last_turn: Instant,
}

impl<'a, 'r, T> Napping<'a, 'r, T> {
    pub(super) fn new(stream: &'a mut BoxStream<'r, T>) -> Self {
        let now = Instant::now();
        Self { stream, last_result: now, last_turn: now }
    }

    /// The next result; `None` after the last.
    pub(super) async fn next(&mut self) -> Option<T> {
        loop {
            if let Some(result) = self.stream.next().now_or_never() {
                self.last_result = Instant::now();
                return result;
            }
            if self.last_turn.elapsed() > TURN {
                tokio::task::yield_now().await;
                self.last_turn = Instant::now();
            }
            if self.last_result.elapsed() > PATIENCE {
                let result = self.stream.next().await;
                self.last_result = Instant::now();
                self.last_turn = self.last_result;
                return result;
            }
            if self.last_result.elapsed() < ALERT {
                std::thread::yield_now();
            } else {
                std::thread::sleep(NAP);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(delays: &'static [u64]) -> Vec<u64> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (sender, receiver) = tokio::sync::mpsc::channel(64);
            let thread = std::thread::spawn(move || {
                for delay in delays {
                    std::thread::sleep(Duration::from_millis(*delay));
                    sender.blocking_send(*delay).unwrap();
                }
            });
            let mut stream = futures_util::stream::unfold(receiver, |mut receiver| async {
                receiver.recv().await.map(|result| (result, receiver))
            })
            .boxed();
            let mut napping = Napping::new(&mut stream);
            let mut results = Vec::new();
            while let Some(result) = napping.next().await {
                results.push(result);
            }
            thread.join().unwrap();
            results
        })
    }

    #[test]
    fn every_result_comes_in_order_however_long_it_takes() {
        assert_eq!(all(&[0, 0, 1, 12, 0, 30, 2]), [0, 0, 1, 12, 0, 30, 2]);
        assert_eq!(all(&[]), [] as [u64; 0]);
    }
}
