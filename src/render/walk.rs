//! The walk: over a plan's changes with the state beside it, so that each is written from its
//! table before and after, and nothing is looked at twice.

use std::collections::HashSet;

use super::destructive::Losses;
use super::dialect::Dialect;
use super::error::RenderError;
use super::ledger::LedgerSql;
use super::locks::{Lock, Locks};
use super::model::{Destructive, Journaled, Recovery, RenderOptions, RenderedStep, Statement};
use super::{known, mysql, postgres, raw, remarks, sqlite};
use crate::diagnostic::{Diagnostic, Severity};
use crate::operation::Checksums;
use crate::plan::{Part, Place, Step};
use crate::state::{Change, SharedTable, State, StateError, Table, TableId};

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
    /// MySQL: what is true of an author's statement after an interruption.
    pub(super) recovery: Option<Recovery>,
    /// PostgreSQL: an enum that gets values is made anew, so that they can be used at once.
    pub(super) enum_anew: bool,
    /// It runs inside a transaction.
    pub(super) transaction: bool,
}

impl Link<'_> {
    /// The change's table before it.
    pub(super) fn before(&self) -> Result<&Table, RenderError> {
        self.before.as_deref().ok_or(RenderError::State(StateError::NoTable))
    }

    /// The change's table after it.
    pub(super) fn after(&self) -> Result<&Table, RenderError> {
        self.after.as_deref().ok_or(RenderError::State(StateError::NoTable))
    }
}

/// What a change comes to.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) statements: Vec<(Kind, String)>,
    /// MySQL: what is true of each statement after an interruption.
    pub(super) recoveries: Vec<Recovery>,
    /// MySQL: the table that the one statement makes or drops.
    pub(super) table: Option<String>,
    /// PostgreSQL: values of enums, quoted, that the transaction which adds them may not use.
    pub(super) adds: Vec<String>,
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

    /// A statement that commits by itself.
    pub(super) fn journaled(&mut self, sql: String, recovery: Recovery) {
        self.statements.push((Kind::Schema, sql));
        self.recoveries.push(recovery);
    }

    pub(super) fn rows(&mut self, sql: Vec<String>) {
        self.recoveries.extend(sql.iter().map(|_| Recovery::Transactional));
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
    /// MySQL: how many changes of the step are written.
    pub(super) changes: usize,
    /// PostgreSQL: values that were added to enums.
    pub(super) added: Vec<AddedValue>,
    /// PostgreSQL: steps whose enums are made anew.
    pub(super) anew: HashSet<usize>,
    /// PostgreSQL: rows were changed since deferred constraints were last looked at.
    pub(super) rows_changed: bool,
    pub(super) losses: Losses<'a>,
    /// The history and the plan do not fit: the rest cannot be written.
    pub(super) lost: bool,
}

/// A value that a step adds to an enum.
pub(super) struct AddedValue {
    /// Number of the step.
    pub(super) step: usize,
    /// The first statement of the step behind it.
    pub(super) behind: usize,
    /// The value, quoted.
    pub(super) value: String,
    /// The enum is made in the same plan: it is made anew where that helps.
    pub(super) made_here: bool,
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
            added: Vec::new(),
            anew: HashSet::new(),
            changes: 0,
            rows_changed: false,
            losses: Losses::new(dialect, start),
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
            Dialect::Postgres | Dialect::Mysql => Vec::new(),
        };
        self.changes = 0;
        for part in &step.parts {
            self.part(&scope, part, &mut block);
        }
        let locks = self.locks.take();
        let restores = self.restored(&scope, &mut block);
        let skip_statements = again(&block.statements, step.skip_statements);
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
            skip_statements,
            from: step.from,
            turned: step.turned,
            resumed: step.resumed,
            restores,
        };
        (rendered, locks)
    }

    /// What makes a step's lost foreign keys again.
    fn restored(&mut self, scope: &Scope<'_>, into: &mut Block) -> Option<Statement> {
        let step = scope.step?;
        let part = Part {
            operation: "restore foreign keys".to_owned(),
            span: step.span,
            authored: false,
            changes: Vec::new(),
        };
        match mysql::restored(step.lost.as_deref()?) {
            Ok(sql) => {
                into.notes.insert(0, "foreign keys lost with the server are made again first".to_owned());
                Some(plain(&part, sql))
            }
            Err(error) => {
                self.diagnostics.push(self.diagnostic(&error, scope, &part));
                None
            }
        }
    }

    /// Writes one part, with the state beside it.
    pub(super) fn part(&mut self, scope: &Scope<'_>, part: &Part, into: &mut Block) {
        let mut rest = part.changes.as_slice();
        while !rest.is_empty() && !self.lost {
            let length = match self.dialect {
                Dialect::Sqlite => sqlite::run_length(rest),
                Dialect::Postgres => 1,
                Dialect::Mysql => self.until_interrupted(scope, mysql::run_length(rest)),
            };
            let (run, after) = rest.split_at(length.clamp(1, rest.len()));
            rest = after;
            let written =
                self.replay(scope, run, &part.changes, into).and_then(|links| match (self.dialect, links.as_slice()) {
                    (Dialect::Sqlite, links) => {
                        let written = sqlite::write(links, &self.state)?;
                        let table = links.first().filter(|_| written.rebuilds).and_then(|link| link.change.table());
                        into.rebuilt.extend(table);
                        Ok(written)
                    }
                    (Dialect::Postgres, [link, ..]) => postgres::write(link, &self.state),
                    (Dialect::Postgres, []) => Ok(Written::default()),
                    (Dialect::Mysql, links) => mysql::write(links, &self.state),
                });
            match written {
                Ok(written) => {
                    let made_here = match run {
                        [Change::AlterEnum { to, .. }] => self.start.enum_named(&to.name).is_none(),
                        _ => false,
                    };
                    let adds = written.adds.clone();
                    self.put(scope, part, written, run.len(), into);
                    let (step, behind) = (scope.number, into.statements.len());
                    self.added.extend(adds.into_iter().map(|value| AddedValue { step, behind, value, made_here }));
                }
                Err(error) => {
                    self.lost |= matches!(error, RenderError::State(_));
                    self.diagnostics.push(self.diagnostic(&error, scope, part));
                }
            }
        }
    }

    /// MySQL: one statement does not cross the place where the step was interrupted.
    fn until_interrupted(&self, scope: &Scope<'_>, length: usize) -> usize {
        let ran = scope.step.map_or(0, |step| step.from.change).saturating_sub(self.changes);
        if ran > 0 { length.min(ran) } else { length }
    }

    /// Applies changes to the state and keeps their tables before and after.
    fn replay<'c>(
        &mut self,
        scope: &Scope<'_>,
        run: &'c [Change],
        operation: &[Change],
        into: &mut Block,
    ) -> Result<Vec<Link<'c>>, RenderError> {
        let enum_anew = self.anew.contains(&scope.number);
        let transaction = scope.step.is_none_or(|step| step.transaction);
        let mut links = Vec::with_capacity(run.len());
        for change in run {
            let table = change.table();
            let before = table.and_then(|id| self.state.table(id).cloned());
            into.destructive.extend(self.losses.of(change, &self.state, operation));
            let recovery = match change {
                Change::Sql { sql, effects, access } if self.dialect == Dialect::Mysql => {
                    Some(mysql::of_raw(sql, effects, access, &self.state))
                }
                _ => None,
            };
            self.state.apply(change)?;
            let after = table.and_then(|id| self.state.table(id).cloned());
            if self.dialect == Dialect::Postgres {
                self.locks.add(change, before.as_deref(), after.as_deref(), &self.state);
            }
            if let Change::Note(words) = change {
                into.notes.push(words.clone());
            }
            links.push(Link { change, before, after, recovery, enum_anew, transaction });
        }
        Ok(links)
    }

    /// Puts what was written into the step.
    fn put(&mut self, scope: &Scope<'_>, part: &Part, written: Written, changes: usize, into: &mut Block) {
        let at = into.statements.len();
        let plain = |sql: String| plain(part, sql);
        let in_transaction = scope.step.is_none_or(|step| step.transaction);
        into.rebuilds |= written.rebuilds;
        let count = written.statements.len();
        let mut recoveries = written.recoveries.into_iter();
        for (number, (kind, sql)) in (1..).zip(written.statements) {
            if self.dialect == Dialect::Sqlite && in_transaction && part.authored && raw::switches_keys(&sql) {
                self.diagnostics.push(remarks::keys_stay(scope, part));
            }
            if self.dialect == Dialect::Postgres && in_transaction {
                if kind == Kind::Schema && self.rows_changed {
                    // A table with deferred checks still to come cannot be altered.
                    into.statements.push(plain("SET CONSTRAINTS ALL IMMEDIATE".to_owned()));
                    self.rows_changed = false;
                }
                self.rows_changed |= kind == Kind::Rows;
            }
            let mut statement = plain(sql);
            if self.dialect == Dialect::Mysql {
                let reaches = if number == count {
                    Place { change: self.changes + changes, part: 0 }
                } else {
                    Place { change: self.changes, part: number }
                };
                let recovery = recoveries.next().unwrap_or(Recovery::Unknowable);
                if scope.step.is_none() && !matches!(recovery, Recovery::Transactional | Recovery::Session) {
                    self.diagnostics.push(remarks::seed_commits(part));
                }
                let whole = !part.authored || mysql::is_refused_whole(&statement.sql);
                statement.journaled = Some(Journaled { recovery, reaches, whole, table: written.table.clone() });
            }
            into.statements.push(statement);
        }
        self.changes += changes;
        if let Some(instead) = written.keys_off {
            let instead = instead.map_err(|error| Box::new(self.diagnostic(&error, scope, part)));
            self.alternatives.push(Alternative { step: scope.number, at, count: into.statements.len() - at, instead });
        }
    }

    fn diagnostic(&self, error: &RenderError, scope: &Scope<'_>, part: &Part) -> Diagnostic {
        let message = format!("`{}`: {error}", part.operation);
        let mut found = Diagnostic::new(error.code(), message).on(self.dialect.backend()).at(part.span, "");
        // Whatever its code is elsewhere: this cannot be run.
        found.severity = Severity::Error;
        if let Some(step) = scope.step {
            found = found.of(&step.name).going(step.direction);
        }
        found.help = error.help().map(str::to_owned);
        found
    }
}

/// How many statements are skipped: a statement that clears away for the next one runs again with it.
fn again(statements: &[Statement], skip: usize) -> usize {
    let own = statements.iter().filter(|statement| statement.ledger.is_none());
    let last = skip.checked_sub(1).and_then(|last| own.clone().nth(last));
    let whole = own.count() == skip;
    if !whole && last.is_some_and(|last| postgres::clears(&last.sql)) { skip - 1 } else { skip }
}

fn plain(part: &Part, sql: String) -> Statement {
    Statement { sql, operation: part.operation.clone(), span: part.span, ledger: None, journaled: None }
}
