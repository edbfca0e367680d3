//! The walk: over a plan's changes with the state beside it, so that each is written from its
//! table before and after, and nothing is looked at twice.

use std::collections::HashSet;

use super::dialect::Dialect;
use super::error::RenderError;
use super::ledger::{LedgerSql, RunValues};
use super::locks::{Lock, Locks};
use super::model::{AppliedRecord, Destructive, LedgerWrite, RenderOptions, RenderedStep, Statement};
use super::{destructive, known, postgres, raw, sqlite};
use crate::diagnostic::{Code, Diagnostic, Direction, Severity, Span};
use crate::operation::Checksums;
use crate::plan::{Part, RowState, Step};
use crate::state::{Change, SharedTable, State, TableId};

/// What a statement is to those that come after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It changes the schema.
    Schema,
    /// It changes rows.
    Rows,
    /// Neither.
    Neutral,
}

/// A change with its table around it.
pub(super) struct Link<'a> {
    pub(super) change: &'a Change,
    pub(super) before: Option<SharedTable>,
    pub(super) after: Option<SharedTable>,
}

/// What a change comes to.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) statements: Vec<(Kind, String)>,
    /// SQLite: a table is rebuilt.
    pub(super) rebuilds: bool,
    /// SQLite: what stands instead where the transaction's foreign keys are off, or why nothing can.
    pub(super) keys_off: Option<Result<Vec<String>, RenderError>>,
}

impl Written {
    pub(super) fn ddl(sql: Vec<String>) -> Self {
        Self { statements: sql.into_iter().map(|sql| (Kind::Schema, sql)).collect(), ..Self::default() }
    }

    pub(super) fn push(&mut self, kind: Kind, sql: String) {
        self.statements.push((kind, sql));
    }

    pub(super) fn rows(&mut self, sql: Vec<String>) {
        self.statements.extend(sql.into_iter().map(|sql| (Kind::Rows, sql)));
    }
}

/// Statements of a step that read otherwise where the transaction's foreign keys are off.
pub(super) struct Alternative {
    /// Which step.
    pub(super) step: usize,
    /// The first statement of it that goes.
    pub(super) at: usize,
    /// How many go.
    pub(super) count: usize,
    /// What comes instead, or why it cannot run.
    pub(super) instead: Result<Vec<String>, Box<Diagnostic>>,
}

/// The walk's memory.
pub(super) struct Walk<'a> {
    pub(super) dialect: Dialect,
    pub(super) state: State,
    pub(super) start: &'a State,
    pub(super) options: &'a RenderOptions,
    pub(super) ledger: LedgerSql,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) alternatives: Vec<Alternative>,
    pub(super) locks: Locks,
    /// PostgreSQL: rows were changed since deferred constraints were last looked at.
    pub(super) rows_changed: bool,
    /// The history and the plan do not fit: the rest cannot be written.
    pub(super) lost: bool,
}

/// A body's canonical JSON and its checksums.
pub(super) type Seal = (String, Checksums);

/// A step written, with the locks it takes.
pub(super) type WrittenStep = (RenderedStep, HashSet<Lock>);

/// Whose changes are written: a step's, or a seed's.
pub(super) struct Scope<'a> {
    /// Number of the step.
    pub(super) number: usize,
    /// The step; `None` for a seed.
    pub(super) step: Option<&'a Step>,
}

/// What the parts of a step come to.
#[derive(Default)]
pub(super) struct Block {
    pub(super) statements: Vec<Statement>,
    pub(super) notes: Vec<String>,
    pub(super) destructive: Vec<Destructive>,
    pub(super) rebuilds: bool,
    /// SQLite: the tables that are rebuilt.
    pub(super) rebuilt: Vec<TableId>,
}

impl<'a> Walk<'a> {
    /// A walk that begins at a state.
    pub(super) fn new(dialect: Dialect, start: &'a State, options: &'a RenderOptions, ledger: LedgerSql) -> Self {
        Self {
            dialect,
            state: start.clone(),
            start,
            options,
            ledger,
            diagnostics: Vec::new(),
            alternatives: Vec::new(),
            locks: Locks::default(),
            rows_changed: false,
            lost: false,
        }
    }

    /// Writes one step.
    pub(super) fn step(&mut self, number: usize, step: &Step) -> WrittenStep {
        let mut block = Block::default();
        if number == 0 && self.options.create_ledger {
            self.make_ledger(&mut block);
        }
        let scope = Scope { number, step: Some(step) };
        let tables = match self.dialect {
            Dialect::Sqlite => known::tables(step, &self.state),
            Dialect::Postgres => Vec::new(),
        };
        for part in &step.parts {
            self.part(&scope, part, &mut block);
        }
        let locks = self.locks.take();
        let rendered = RenderedStep {
            version: step.version,
            name: step.name.clone(),
            direction: step.direction,
            derived: step.derived,
            reversal: step.reversal,
            transaction: step.transaction,
            statements: block.statements,
            notes: block.notes,
            left_out: step.left_out.clone(),
            destructive: block.destructive,
            span: step.span,
            rebuilds: block.rebuilds,
            keeps: known::rebuilt(tables, &block.rebuilt),
            locks: locks.len(),
            skip_statements: step.skip_statements,
        };
        (rendered, locks)
    }

    /// Writes one part, with the state beside it.
    pub(super) fn part(&mut self, scope: &Scope<'_>, part: &Part, into: &mut Block) {
        let mut rest = part.changes.as_slice();
        while !rest.is_empty() && !self.lost {
            let length = match self.dialect {
                Dialect::Sqlite => sqlite::run_length(rest),
                Dialect::Postgres => 1,
            };
            let (run, after) = rest.split_at(length.clamp(1, rest.len()));
            rest = after;
            let written = self.replay(run, into).and_then(|links| match (self.dialect, links.as_slice()) {
                (Dialect::Sqlite, links) => {
                    let written = sqlite::write(links, &self.state)?;
                    let table = links.first().filter(|_| written.rebuilds).and_then(|link| link.change.table());
                    into.rebuilt.extend(table);
                    Ok(written)
                }
                (Dialect::Postgres, [link, ..]) => postgres::write(link, &self.state),
                (Dialect::Postgres, []) => Ok(Written::default()),
            });
            match written {
                Ok(written) => self.put(scope, part, written, into),
                Err(error) => {
                    self.lost |= matches!(error, RenderError::State(_));
                    self.diagnostics.push(self.diagnostic(&error, scope, part));
                }
            }
        }
    }

    /// Applies changes to the state and keeps their tables before and after.
    fn replay<'c>(&mut self, run: &'c [Change], into: &mut Block) -> Result<Vec<Link<'c>>, RenderError> {
        let mut links = Vec::with_capacity(run.len());
        for change in run {
            let table = change.table();
            let before = table.and_then(|id| self.state.table(id).cloned());
            if let Change::Sql { effects, .. } = change {
                for effect in effects {
                    let of = effect.table().and_then(|id| self.state.table(id)).map(|shared| &**shared);
                    into.destructive.extend(destructive::of(self.dialect, effect, of, self.start));
                }
            }
            self.state.apply(change)?;
            let after = table.and_then(|id| self.state.table(id).cloned());
            into.destructive.extend(destructive::of(self.dialect, change, before.as_deref(), self.start));
            if self.dialect == Dialect::Postgres {
                self.locks.add(change, before.as_deref(), after.as_deref(), &self.state);
            }
            if let Change::Note(words) = change {
                into.notes.push(words.clone());
            }
            links.push(Link { change, before, after });
        }
        Ok(links)
    }

    /// Puts what was written into the step.
    fn put(&mut self, scope: &Scope<'_>, part: &Part, written: Written, into: &mut Block) {
        let at = into.statements.len();
        let plain = |sql: String| Statement { sql, operation: part.operation.clone(), span: part.span, ledger: None };
        let in_transaction = scope.step.is_none_or(|step| step.transaction);
        into.rebuilds |= written.rebuilds;
        for (kind, sql) in written.statements {
            if self.dialect == Dialect::Sqlite && in_transaction && part.authored && raw::switches_keys(&sql) {
                self.diagnostics.push(keys_stay(scope, part));
            }
            if self.dialect == Dialect::Postgres && in_transaction {
                if kind == Kind::Schema && self.rows_changed {
                    // A table with deferred checks still to come cannot be altered.
                    into.statements.push(plain("SET CONSTRAINTS ALL IMMEDIATE".to_owned()));
                    self.rows_changed = false;
                }
                self.rows_changed |= kind == Kind::Rows;
            }
            into.statements.push(plain(sql));
        }
        if let Some(instead) = written.keys_off {
            let instead = instead.map_err(|error| Box::new(self.diagnostic(&error, scope, part)));
            self.alternatives.push(Alternative { step: scope.number, at, count: into.statements.len() - at, instead });
        }
    }

    fn diagnostic(&self, error: &RenderError, scope: &Scope<'_>, part: &Part) -> Diagnostic {
        let message = format!("`{}`: {error}", part.operation);
        let mut found = Diagnostic::new(error.code(), message).on(self.dialect.backend()).at(part.span, "");
        if let Some(step) = scope.step {
            found = found.of(&step.name).going(step.direction);
        }
        found.help = error.help().map(str::to_owned);
        found
    }

    /// The ledger's tables and the stamp, at the head of the first step.
    fn make_ledger(&self, into: &mut Block) {
        for sql in self.ledger.create_tables() {
            into.statements.push(ledger_statement(sql, LedgerWrite::CreateTable));
        }
        let sql = self.ledger.stamp_if_none(&self.options.environment);
        into.statements.push(ledger_statement(sql, LedgerWrite::Stamp));
    }

    /// The ledger's word on a step, at its end. `seal` is that of its body.
    pub(super) fn record(&self, step: &Step, seal: Option<Seal>) -> Statement {
        match step.direction {
            Direction::Up => {
                let (operations, checksums) = seal.unwrap_or_else(|| crate::operation::sealed(&step.body));
                let mut record = AppliedRecord {
                    position: step.position,
                    version: step.version,
                    name: step.name.clone(),
                    checksums,
                    requires: step.requires.clone(),
                    operations,
                    transaction: step.transaction,
                };
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

/// A switch of foreign keys that SQLite passes over.
fn keys_stay(scope: &Scope<'_>, part: &Part) -> Diagnostic {
    let message = format!(
        "`{}`: SQLite passes over `PRAGMA foreign_keys` inside a transaction, so it does nothing",
        part.operation
    );
    let mut found = Diagnostic::new(Code::WrongValue, message)
        .on(Dialect::Sqlite.backend())
        .at(part.span, "")
        .help("leave it out: a rebuild switches keys off by itself; or write `transaction = false` on the migration");
    // An applied migration may have it in its `down`, and a reset must stay possible.
    found.severity = Severity::Warning;
    match scope.step {
        Some(step) => found.of(&step.name).going(step.direction),
        None => found,
    }
}

fn ledger_statement(sql: String, write: LedgerWrite) -> Statement {
    Statement { sql, operation: "ledger".to_owned(), span: Span::NONE, ledger: Some(write) }
}
