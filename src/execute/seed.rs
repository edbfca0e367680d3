//! Loading seeds: all of them in one transaction, with the lock held.

use std::time::Instant;

use super::database::Database;
use super::error::ExecuteError;
use super::event::Event;
use super::lock::lock;
use super::message::pack;
use super::report::{Cause, SeedFailure, SeedReport};
use super::settings::Settings;
use super::signal::Canceller;
use super::words::{DatabaseWords, Trouble};
use crate::diagnostic::Span;
use crate::render::{RenderedSeed, Statement};

/// Loads seeds. An `Err` means that nothing was begun.
pub(super) async fn load(
    database: &mut Database,
    settings: &Settings,
    canceller: &Canceller,
    seed: &RenderedSeed,
    events: &mut dyn FnMut(&Event),
) -> Result<SeedReport, ExecuteError> {
    let begun = Instant::now();
    lock(database, settings, canceller, false, events).await?;
    let total = seed.items.len();
    let mut report =
        SeedReport { loaded: Vec::with_capacity(total), failed: None, duration: begun.elapsed(), warnings: Vec::new() };
    for (index, (title, span, statements)) in seed.items.iter().enumerate() {
        if let Some(sql) = database.reset_sql().filter(|_| index > 0) {
            database.must("resetting the session", sql).await?;
        }
        events(&Event::SeedStarted { index, total, title: title.clone() });
        match one(database, canceller, statements).await {
            Ok(rows) => {
                events(&Event::SeedFinished { index, total, title: title.clone(), rows });
                report.loaded.push((title.clone(), rows));
            }
            Err((statement, error)) => {
                report.failed = Some(failure(title, *span, statement.as_ref(), error));
                break;
            }
        }
    }
    if report.failed.is_none() {
        events(&Event::Committing);
        match database.commit().await {
            Ok(()) => events(&Event::Committed { steps: total }),
            Err(words) => {
                let (title, span) = seed.items.last().map(|(t, s, _)| (t.as_str(), *s)).unwrap_or_default();
                let cause =
                    if words.trouble == Trouble::Lost { Cause::LostAtCommit(words) } else { Cause::Commit(words) };
                report.failed = Some(failure(title, span, None, cause));
            }
        }
    }
    if report.failed.is_some() {
        database.rollback().await;
        events(&Event::RolledBack);
        report.loaded.clear();
    }
    report.duration = begun.elapsed();
    Ok(report)
}

fn failure(title: &str, span: Span, statement: Option<&Statement>, error: Cause) -> SeedFailure {
    SeedFailure {
        title: title.to_owned(),
        statement: statement.map(|s| s.sql.clone()),
        span: statement.map(|s| s.span).unwrap_or_default().or(span),
        error,
    }
}

/// One seed; gives the rows that its statements changed.
async fn one(
    database: &mut Database,
    canceller: &Canceller,
    statements: &[Statement],
) -> Result<u64, (Option<Statement>, Cause)> {
    let mut rows = 0;
    if canceller.is_cancelled() {
        return Err((None, Cause::Interrupted));
    }
    for mut message in pack(statements.iter().enumerate()) {
        let sent = database.send(std::mem::take(&mut message.sql), &mut |_| ()).await;
        rows += sent.changed;
        let Some(words) = sent.error else { continue };
        let (number, position) = message.blame(sent.done, words.position);
        let statement = number.and_then(|number| statements.get(number)).cloned();
        let cancelled = matches!(words.trouble, Trouble::Cancelled | Trouble::Lost) && canceller.is_cancelled();
        let cause = if cancelled { Cause::Interrupted } else { Cause::Statement(DatabaseWords { position, ..words }) };
        return Err((statement, cause));
    }
    Ok(rows)
}
