//! What drivers of servers have in common: results that are counted as they come, and patience.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::Either;
use futures_util::stream::BoxStream;

use super::Sent;
use crate::execute::signal::Canceller;
use crate::execute::words::{DatabaseWords, Trouble};

/// How long connecting may take.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// How long bookkeeping may take after a person asked to stop, and how long closing.
pub(super) const LAST_GRACE: Duration = Duration::from_secs(5);

/// Waits for work; once a person asked to stop, only as long as bookkeeping may take.
pub(super) async fn in_time<T>(canceller: &Canceller, work: impl Future<Output = T>) -> Option<T> {
    let work = std::pin::pin!(work);
    let cancelled = std::pin::pin!(canceller.cancelled());
    match futures_util::future::select(work, cancelled).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(((), work)) => tokio::time::timeout(LAST_GRACE, work).await.ok(),
    }
}

/// The words for a server that was given up.
pub(super) fn no_answer() -> DatabaseWords {
    DatabaseWords::plain("the server did not answer, and the connection was closed", Trouble::Lost)
}

/// What became of a message whose server was given up.
pub(super) fn given_up(sent: &Sent) -> Sent {
    Sent { done: sent.done, changed: sent.changed, error: Some(no_answer()) }
}

/// Counts the results of a message; stops at the first error.
pub(super) async fn count_results<R>(
    stream: &mut BoxStream<'_, Result<R, sqlx::Error>>,
    sent: &mut Sent,
    rows_affected: impl Fn(&R) -> u64,
    mut after_each: impl FnMut(usize),
) {
    while let Some(result) = stream.next().await {
        match result {
            Ok(result) => {
                sent.done += 1;
                sent.changed += rows_affected(&result);
                after_each(sent.done);
            }
            Err(error) => {
                sent.error = Some(error.into());
                return;
            }
        }
    }
}

/// Whether a host is this machine, by a name that every machine has for itself.
pub(super) fn is_nearby(host: &str) -> bool {
    ["localhost", "127.0.0.1", "::1", "[::1]"].contains(&host)
}
