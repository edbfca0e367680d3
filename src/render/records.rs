//! The ledger's own statements in a plan: its tables, and its word on each step.

use super::dialect::Dialect;
use super::ledger::RunValues;
use super::model::{AppliedRecord, LedgerWrite, Statement};
use super::walk::{Block, Seal, Walk};
use crate::diagnostic::{Direction, Span};
use crate::plan::{RowState, Step};

impl Walk<'_> {
    /// The ledger's tables and the stamp, at the head of the first step.
    pub(super) fn make_ledger(&self, into: &mut Block) {
        for sql in self.ledger.create_tables() {
            into.statements.push(ledger_statement(sql, LedgerWrite::CreateTable));
        }
        let sql = self.ledger.stamp_if_none(&self.options.environment);
        into.statements.push(ledger_statement(sql, LedgerWrite::Stamp));
    }

    /// Where DDL commits by itself: the ledger's word on a step before its first statement. A step down needs none: the journal
    /// says that it is on its way.
    pub(super) fn begin(&self, step: &Step, seal: Option<Seal>) -> Option<Statement> {
        match step.direction {
            Direction::Up => {
                let record = applied(step, seal);
                let sql = self.ledger.insert_version(&record, RowState::Applying, &RunValues::placeholder());
                Some(ledger_statement(sql, LedgerWrite::Begun(Some(Box::new(record)))))
            }
            Direction::Down if step.edited || step.turned.is_some() => {
                let edited = step.edited.then(|| seal.unwrap_or_else(|| crate::operation::sealed(&step.body)));
                let sql = self.ledger.set_reverting(step.version, edited.as_ref());
                Some(ledger_statement(sql, LedgerWrite::Begun(None)))
            }
            Direction::Down => None,
        }
    }

    /// The ledger's word on a step, at its end. `seal` is that of its body.
    pub(super) fn record(&self, step: &Step, seal: Option<Seal>) -> Statement {
        match step.direction {
            Direction::Up if self.dialect == Dialect::Mysql => {
                let record = AppliedRecord { operations: String::new(), ..applied(step, seal) };
                let sql = self.ledger.set_applied(step.version, &RunValues::placeholder());
                ledger_statement(sql, LedgerWrite::Applied(Box::new(record)))
            }
            Direction::Up => {
                let mut record = applied(step, seal);
                let sql = self.ledger.insert_version(&record, RowState::Applied, &RunValues::placeholder());
                if record.transaction {
                    // The statement has them; of a large plan they would be megabytes twice.
                    record.operations = String::new();
                }
                ledger_statement(sql, LedgerWrite::Applied(Box::new(record)))
            }
            Direction::Down => ledger_statement(
                self.ledger.delete_version(step.version),
                LedgerWrite::Undone { version: step.version },
            ),
        }
    }
}

/// What the ledger keeps of a step's migration.
fn applied(step: &Step, seal: Option<Seal>) -> AppliedRecord {
    let (operations, checksums) = seal.unwrap_or_else(|| crate::operation::sealed(&step.body));
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
