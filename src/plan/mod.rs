//! Plans: which migrations, in which order, in which direction, and what each comes to.
#![warn(clippy::wildcard_enum_match_arm)]

mod back_out;
mod difference;
mod eased;
mod error;
mod foreign;
mod held;
mod history;
mod info;
mod interrupted;
mod left_out;
mod make;
mod model;
mod resume;
mod schema;
mod seed;
mod target;
#[cfg(test)]
mod tests;
mod ways;

pub use crate::state::{Part, Reversal};
pub use error::PlanError;
pub use foreign::is_foreign;
pub use held::held;
pub use history::everything_applied;
pub use info::{Info, InfoRow, InfoState, current_version, info};
pub use make::{make, make_in_parts};
pub use model::{
    Ledger, LedgerRow, LeftOut, LostKeys, Moment, Place, Plan, PlanDirection, Progress, RowState, Standing, Step,
    StepHead,
};
pub use schema::{SchemaPlan, schema};
pub use seed::{SeedItem, SeedPlan, seed};
pub use target::{Downs, Target};
