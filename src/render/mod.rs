//! SQL: each change as one backend's statements. The only user of sea-query.
//!
//! [`render`] goes over a plan with its state beside it, so that every change is written from its table before and after
//! it. What the backends write alike is in `table`, `index`, `rows` and `value`, what each writes its own way in `sqlite`,
//! `postgres` and `mysql`; names and texts are quoted by [`Backend`](crate::backend::Backend). Then `divide` cuts the plan
//! into transactions. To add a backend: a type table, a folder like `sqlite`.
#![warn(clippy::wildcard_enum_match_arm)]

mod change;
mod change_context;
mod destructive;
mod divide;
mod enum_values;
mod error;
mod expression;
#[cfg(test)]
mod fixture;
mod index;
mod kept;
mod known;
pub mod ledger;
mod locks;
mod model;
mod mysql;
mod objects;
mod plan;
mod postgres;
mod raw;
mod records;
mod renderer;
mod rows;
mod sea;
mod sqlite;
mod table;
mod table_change;
#[cfg(test)]
mod tests;
mod types;
mod value;

pub use model::{
    AppliedRecord, Counted, Destructive, Finding, Journaled, Known, LedgerWrite, Recovery, RenderOptions, RenderedPlan,
    RenderedSeed, RenderedStep, Statement, TransactionMode, Transactions, Unfit,
};
pub use plan::{render, render_seed};
