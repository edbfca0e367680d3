//! Values that PostgreSQL lets nobody use in the transaction that adds them to their enum: which steps must be apart, and
//! which had better make the enum recreates.

use std::collections::{HashMap, HashSet};

use super::model::Statement;
use super::renderer::{AddedValue, StepWithLocks};

/// What follows from the values that steps add.
#[derive(Debug, Default)]
pub(super) struct Apart {
    /// Steps whose enums are to be made recreates: the value is used in the same step, or the enum is as new as its value.
    pub(super) recreates: HashSet<usize>,
    /// By step, the last step before it that must have been committed, and why.
    pub(super) from: HashMap<usize, (usize, String)>,
}

/// Looks for the added values in the statements behind them. A value that a statement makes up is not found; PostgreSQL
/// refuses it then.
pub(super) fn apart(added: &[AddedValue], steps: &[StepWithLocks]) -> Apart {
    let mut apart = Apart::default();
    for one in added {
        let Some((maker, _)) = steps.get(one.step).filter(|(maker, _)| maker.transaction) else { continue };
        for (at, (step, _)) in steps.iter().enumerate().skip(one.step) {
            let behind = if at == one.step { one.behind } else { 0 };
            // Another value may be added behind it.
            let uses = |statement: &&Statement| {
                statement.ledger.is_none()
                    && statement.sql.contains(&one.value)
                    && !statement.sql.starts_with("ALTER TYPE ")
            };
            if !step.statements.iter().skip(behind).any(|one| uses(&one)) {
                continue;
            }
            if at == one.step || one.created_here {
                apart.recreates.insert(one.step);
                continue;
            }
            let why = format!("`{}` uses {}, which `{}` adds to an enum", step.name, one.value, maker.name);
            let last = apart.from.entry(at).or_insert_with(|| (one.step, why.clone()));
            if last.0 < one.step {
                *last = (one.step, why);
            }
        }
    }
    apart
}
