//! Where a plan is cut into transactions: a pure function of its steps.

use std::collections::HashSet;

use super::locks::Lock;
use super::model::{TransactionMode, Transactions};
use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic};

/// The most steps in a chunk on PostgreSQL: one message of that many is as fast as any.
const CHUNK_STEPS: usize = 100;

/// What of a step counts for the division.
pub(super) struct StepFacts<'a> {
    pub(super) name: &'a str,
    pub(super) transaction: bool,
    pub(super) locks: &'a HashSet<Lock>,
    /// The step before it, if there is one, whose transaction must have ended, and why.
    pub(super) apart: Option<&'a (usize, String)>,
}

/// A plan's division.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Division {
    pub(super) transaction: Transactions,
    pub(super) cuts: Vec<usize>,
    pub(super) reasons: Vec<String>,
    pub(super) refused: Option<Diagnostic>,
}

/// A cut that must be, whatever the mode.
struct Needed {
    at: usize,
    reason: String,
    setting: bool,
}

/// Divides. `goes_down`: the plan has a step down, so that needed cuts must be asked for.
pub(super) fn divide(
    backend: Backend,
    steps: &[StepFacts<'_>],
    goes_down: bool,
    mode: TransactionMode,
    lock_slots: Option<u64>,
) -> Division {
    if !backend.capabilities().transactional_ddl {
        let refused = (mode == TransactionMode::All && !steps.is_empty()).then(|| {
            let message = format!(
                "{} commits each change of the schema by itself, and `--transaction all` was asked for",
                backend.title()
            );
            let help = "leave it out: each statement is journaled, and what is interrupted goes on or back";
            Diagnostic::new(Code::NeedsCuts, message).on(backend).help(help)
        });
        return Division { transaction: Transactions::None, cuts: Vec::new(), reasons: Vec::new(), refused };
    }
    let budget = lock_slots.map_or(usize::MAX, budget);
    let chunk = match (mode, backend) {
        (TransactionMode::Chunks, Backend::Postgres) => CHUNK_STEPS,
        (TransactionMode::Each, _) => 1,
        _ => usize::MAX,
    };
    let mut division = Division {
        transaction: if mode == TransactionMode::Each { Transactions::Each } else { Transactions::All },
        cuts: Vec::new(),
        reasons: Vec::new(),
        refused: None,
    };
    let mut first_needed: Option<Needed> = None;
    let (mut held, mut length): (HashSet<&Lock>, usize) = (HashSet::new(), 0);
    let mut started = 0;
    for (at, step) in steps.iter().enumerate() {
        let outside = !step.transaction;
        let before = at.checked_sub(1).and_then(|before| steps.get(before));
        let wanted = held.len() + step.locks.iter().filter(|lock| !held.contains(lock)).count();
        let needed = before.and_then(|before| {
            let (reason, setting) = if outside {
                (format!("`{}` runs outside a transaction", step.name), false)
            } else if !before.transaction {
                (format!("`{}` runs outside a transaction", before.name), false)
            } else if let Some((_, why)) = step.apart.filter(|(other, _)| *other >= started) {
                (why.clone(), false)
            } else if wanted > budget {
                (format!("the server's lock table has no room for more than {budget} locks at once"), true)
            } else {
                return None;
            };
            Some(Needed { at, reason, setting })
        });
        let cut = match &needed {
            Some(needed) => Some(needed.reason.clone()),
            None if at > 0 && length >= chunk => Some(match mode {
                TransactionMode::Each => "one transaction for each step".to_owned(),
                TransactionMode::Auto | TransactionMode::All | TransactionMode::Chunks => {
                    format!("chunks of {CHUNK_STEPS} steps")
                }
            }),
            None => None,
        };
        if let Some(reason) = cut {
            division.cuts.push(at);
            division.reasons.push(reason);
            (held, length) = (HashSet::new(), 0);
            started = at;
        }
        first_needed = first_needed.or(needed);
        held.extend(step.locks);
        length += 1;
    }
    if division.transaction == Transactions::All && !division.cuts.is_empty() {
        division.transaction = Transactions::Chunks;
    }
    let asked = matches!(mode, TransactionMode::Chunks | TransactionMode::Each);
    let alone = steps.iter().find(|step| !step.transaction).filter(|_| mode == TransactionMode::All);
    if let Some(needed) = first_needed.filter(|_| !asked && (goes_down || mode == TransactionMode::All)) {
        division.refused = Some(refusal(backend, steps, &needed, mode));
    } else if let Some(step) = alone {
        let message = format!("`{}` runs outside a transaction, and `--transaction all` was asked for", step.name);
        division.refused = Some(Diagnostic::new(Code::NeedsCuts, message).of(step.name).on(backend));
    }
    division
}

/// How many locks a transaction may plan on. A server makes room for more than the product of its settings
/// (its own workers, the half of the table that one transaction does not use, a tenth for safety: 1.8 times
/// on a stock PostgreSQL 15, measured); a quarter more is what other sessions surely leave.
fn budget(slots: u64) -> usize {
    usize::try_from(slots.saturating_add(slots / 4)).unwrap_or(usize::MAX)
}

fn refusal(backend: Backend, steps: &[StepFacts<'_>], needed: &Needed, mode: TransactionMode) -> Diagnostic {
    let name = steps.get(needed.at).map_or("", |step| step.name);
    let message = match mode {
        TransactionMode::All => format!("the plan needs a cut before `{name}`, and `--transaction all` was asked for"),
        TransactionMode::Auto | TransactionMode::Chunks | TransactionMode::Each => {
            format!("the way down needs a cut before `{name}`, so it cannot be all or nothing")
        }
    };
    let mut help =
        "`--transaction chunks` allows as few transactions as fit, `--transaction each` one a step".to_owned();
    if needed.setting {
        help.push_str("; or raise `max_locks_per_transaction` on the server and restart it");
    }
    Diagnostic::new(Code::NeedsCuts, message).of(name).on(backend).note(needed.reason.clone()).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locks(of: std::ops::Range<u64>) -> HashSet<Lock> {
        of.map(Lock::Fresh).collect()
    }

    fn steps<'a>(of: &'a [(&'a str, bool, HashSet<Lock>)]) -> Vec<StepFacts<'a>> {
        of.iter()
            .map(|(name, transaction, locks)| StepFacts { name, transaction: *transaction, locks, apart: None })
            .collect()
    }

    #[test]
    fn a_plan_that_fits_is_one_transaction() {
        let of = [("a", true, locks(0..5)), ("b", true, locks(5..9))];
        let division = divide(Backend::Postgres, &steps(&of), true, TransactionMode::Auto, Some(100));
        assert_eq!(division.transaction, Transactions::All);
        assert_eq!(division.cuts, Vec::<usize>::new());
        assert_eq!(division.refused, None);
    }

    #[test]
    fn going_up_cuts_are_made_and_going_down_refused() {
        let of = [("a", true, locks(0..90)), ("b", true, locks(90..180)), ("c", true, locks(180..190))];
        let up = divide(Backend::Postgres, &steps(&of), false, TransactionMode::Auto, Some(100));
        assert_eq!((up.transaction, up.cuts, up.refused), (Transactions::Chunks, vec![1], None));
        let down = divide(Backend::Postgres, &steps(&of), true, TransactionMode::Auto, Some(100));
        let refused = down.refused.expect("refused");
        assert_eq!(refused.code, Code::NeedsCuts);
        assert!(refused.message.contains("`b`"), "{}", refused.message);
        assert!(refused.help.unwrap_or_default().contains("max_locks_per_transaction"));
        let chunks = divide(Backend::Postgres, &steps(&of), true, TransactionMode::Chunks, Some(100));
        assert_eq!((chunks.cuts, chunks.refused), (vec![1], None));
    }

    #[test]
    fn locks_on_one_thing_count_once() {
        let of = [("a", true, locks(0..90)), ("b", true, locks(0..90)), ("c", true, locks(0..90))];
        let division = divide(Backend::Postgres, &steps(&of), true, TransactionMode::Auto, Some(100));
        assert_eq!(division.cuts, Vec::<usize>::new());
    }

    #[test]
    fn a_step_outside_transactions_stands_alone() {
        let of = [("a", true, locks(0..1)), ("b", false, locks(0..1)), ("c", true, locks(0..1))];
        let division = divide(Backend::Sqlite, &steps(&of), false, TransactionMode::Auto, None);
        assert_eq!(division.cuts, vec![1, 2]);
        assert_eq!(division.reasons, vec!["`b` runs outside a transaction"; 2]);
        assert!(divide(Backend::Sqlite, &steps(&of), true, TransactionMode::Auto, None).refused.is_some());
        assert!(divide(Backend::Sqlite, &steps(&of), false, TransactionMode::All, None).refused.is_some());
        let alone = divide(Backend::Sqlite, &steps(&of[1..2]), true, TransactionMode::Auto, None);
        assert_eq!((alone.cuts, alone.refused), (vec![], None));
        assert!(divide(Backend::Sqlite, &steps(&of[1..2]), true, TransactionMode::All, None).refused.is_some());
    }

    #[test]
    fn chunks_and_each_have_their_size() {
        let names: Vec<_> = (0..250).map(|n| n.to_string()).collect();
        let of: Vec<_> = names.iter().map(|name| (name.as_str(), true, HashSet::new())).collect();
        let chunks = divide(Backend::Postgres, &steps(&of), true, TransactionMode::Chunks, None);
        assert_eq!((chunks.cuts, chunks.transaction), (vec![100, 200], Transactions::Chunks));
        let sqlite = divide(Backend::Sqlite, &steps(&of), true, TransactionMode::Chunks, None);
        assert_eq!((sqlite.cuts, sqlite.transaction), (vec![], Transactions::All));
        let each = divide(Backend::Sqlite, &steps(&of[..3]), true, TransactionMode::Each, None);
        assert_eq!((each.cuts, each.transaction), (vec![1, 2], Transactions::Each));
    }
}
