//! Plans: which migrations, in which order, in which direction, and what each comes to.

mod model;

pub use model::{Ledger, LedgerRow, LeftOut, Part, Plan, PlanDirection, Progress, Reversal, RowState, Step};
