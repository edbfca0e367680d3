//! SQL: each change as one backend's statements. The only user of sea-query.
//!
//! [`render`] goes over a plan with its state beside it, so that every change is written from its table
//! before and after it; `sqlite`, `postgres` and `mysql` write what each backend says its own way, `table`,
//! `rows` and `value` what they say alike, all through `dialect`'s quoting. Then `divide` cuts the
//! plan into transactions. To add a backend: a dialect, a type table, a folder like `sqlite`.

mod change_context;
mod destructive;
mod dialect;
mod divide;
mod enum_values;
mod error;
#[cfg(test)]
mod fixture;
mod index;
mod kept;
mod known;
pub mod ledger;
mod locks;
mod model;
mod mysql;
mod plan;
mod postgres;
mod raw;
mod records;
mod remarks;
mod renderer;
mod rows;
mod seed;
mod sqlite;
mod table;
#[cfg(test)]
mod tests;
mod types;
mod value;

pub use model::{
    AppliedRecord, Counted, Destructive, Journaled, Known, LedgerWrite, Recovery, RenderOptions, RenderedPlan,
    RenderedSeed, RenderedStep, Statement, TransactionMode, Transactions,
};
pub use plan::render;
pub use seed::render_seed;
