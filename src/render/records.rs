//! The ledger's own statements in a plan: its tables, and its word on each step.

use super::ledger::{LedgerSql, RunValues};
use super::model::{AppliedRecord, LedgerWrite, Statement};
use crate::backend::Backend;
use crate::diagnostic::{Direction, Span};
use crate::operation::sealed;
use crate::plan::{RowState, Step};

/// The ledger's tables and the stamp, at the head of the first step.
pub(super) fn create_ledger(ledger: &LedgerSql, environment: &str) -> Vec<Statement> {
    let tables = ledger.create_tables().into_iter().map(|sql| ledger_statement(sql, LedgerWrite::CreateTable));
    let stamp = ledger_statement(ledger.stamp_if_none(environment), LedgerWrite::Stamp);
    tables.chain([stamp]).collect()
}

/// Where DDL commits by itself: what the ledger says of a step before its first statement. Of a step down it says nothing:
/// the journal says that it has begun.
pub(super) fn begin(ledger: &LedgerSql, step: &Step) -> Option<Statement> {
    match step.direction {
        Direction::Up => {
            let record = applied(step);
            let sql = ledger.insert_version(&record, RowState::Applying, &RunValues::placeholder());
            Some(ledger_statement(sql, LedgerWrite::Begun(Some(Box::new(record)))))
        }
        Direction::Down if step.edited || step.turned.is_some() => {
            let edited = step.edited.then(|| sealed(&step.body));
            let sql = ledger.set_reverting(step.version, edited.as_ref());
            Some(ledger_statement(sql, LedgerWrite::Begun(None)))
        }
        Direction::Down => None,
    }
}

/// What the ledger says of a step at its end.
pub(super) fn record(ledger: &LedgerSql, step: &Step) -> Statement {
    let (sql, write) = match step.direction {
        Direction::Up => {
            let mut record = applied(step);
            let sql = match ledger.backend {
                Backend::Mysql => ledger.set_applied(step.version, &RunValues::placeholder()),
                Backend::Sqlite | Backend::Postgres => {
                    ledger.insert_version(&record, RowState::Applied, &RunValues::placeholder())
                }
            };
            if record.transaction || ledger.backend == Backend::Mysql {
                // A statement has them; of a large plan they would be megabytes twice.
                record.operations = String::new();
            }
            (sql, LedgerWrite::Applied(Box::new(record)))
        }
        Direction::Down => (ledger.delete_version(step.version), LedgerWrite::Undone { version: step.version }),
    };
    ledger_statement(sql, write)
}

/// What the ledger keeps of a step's migration.
fn applied(step: &Step) -> AppliedRecord {
    let (operations, checksums) = sealed(&step.body);
    AppliedRecord {
        position: step.position,
        version: step.version,
        name: step.name.clone(),
        checksums,
        requires: step.requires.clone(),
        operations,
        transaction: step.transaction,
    }
}

fn ledger_statement(sql: String, write: LedgerWrite) -> Statement {
    Statement { sql, operation: "ledger".to_owned(), span: Span::NONE, ledger: Some(write), journaled: None }
}
