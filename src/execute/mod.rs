//! Runs: everything that touches a database. The only user of the databases' drivers.
//!
//! A [`Session`] connects, reads the ledger, and runs a rendered plan: lock, reread and compare,
//! steps, ledger, commit. What happens is told in [`Event`]s, what it came to in a [`RunReport`].

mod batch;
mod clearing;
mod counts;
mod database;
mod error;
mod event;
mod fresh;
mod holder;
mod hooks;
mod journal;
mod ledger;
mod lock;
mod message;
mod report;
mod resumed;
mod run;
mod seed;
mod session;
mod settings;
mod signal;
mod steps;
mod stepwise;
mod transactions;
mod unfit;
mod who;
mod words;

pub use clearing::{Clearing, StandingObject};
pub use counts::CountedAhead;
pub use database::Facts;
pub use error::{ErrorClass, ExecuteError};
pub use event::Event;
pub use holder::Holder;
pub use ledger::{Known, LedgerHeads};
pub use report::{Cause, DatabaseState, Failure, Outcome, RunReport, SeedFailure, SeedReport, Violation};
pub use session::Session;
pub use settings::Settings;
pub use signal::{Canceller, Signalled, pull_on_signals};
pub use words::{DatabaseWords, Trouble};
