//! SQL: each change as one backend's statements. The only user of sea-query.

mod model;

pub use model::{
    AppliedRecord, Destructive, LedgerWrite, RenderedPlan, RenderedStep, Statement, TransactionMode, Transactions,
};
