//! The renderer: goes over a plan's changes with the state beside it, so that each is written from its table before and
//! after it, and nothing is looked up twice.

use std::collections::HashSet;

use super::change_context::{ChangeContext, RenderedChange, StatementKind};
use super::destructive::Losses;
use super::error::RenderError;
use super::ledger::LedgerSql;
use super::locks::{Lock, Locks};
use super::model::{Destructive, Journaled, Recovery, RenderOptions, RenderedStep, Statement};
use super::{change, known, mysql, postgres, raw, records, sqlite};
use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::plan::{Part, Place, Step, StepHead};
use crate::state::{Change, State, TableId};

/// Statements of a step that are others where the transaction's foreign keys are off.
pub(super) struct Alternative {
    pub(super) step: usize,
    /// The first statement that is replaced.
    pub(super) at: usize,
    /// How many are replaced.
    pub(super) count: usize,
    /// What comes instead, or why it cannot run.
    pub(super) instead: Result<Vec<String>, Box<Diagnostic>>,
}

/// What the renderer knows of a plan at the change that it has come to.
pub(super) struct Renderer<'a> {
    pub(super) backend: Backend,
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
    /// PostgreSQL: steps whose enums are created again.
    pub(super) recreates: HashSet<usize>,
    /// PostgreSQL: rows were changed since deferred constraints were last checked.
    pub(super) rows_changed: bool,
    pub(super) losses: Losses<'a>,
    /// MySQL: something has changed rows.
    pub(super) touched_rows: bool,
    /// The history and the plan do not fit: the rest cannot be written.
    pub(super) lost: bool,
}

/// A value that a step adds to an enum.
pub(super) struct AddedValue {
    /// Number of the step.
    pub(super) step: usize,
    /// The first statement of the step after it.
    pub(super) behind: usize,
    /// The value, quoted.
    pub(super) value: String,
    /// The same plan creates the enum: it is created again where that helps.
    pub(super) created_here: bool,
}

/// A step with the locks it takes.
pub(super) type StepWithLocks = (RenderedStep, HashSet<Lock>);

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

impl<'a> Renderer<'a> {
    /// A renderer that begins at a state.
    pub(super) fn new(start: &'a State, options: &'a RenderOptions, ledger: LedgerSql) -> Self {
        Self {
            backend: ledger.backend,
            losses: Losses::new(ledger.backend, start),
            state: start.clone(),
            start,
            options,
            ledger,
            diagnostics: Vec::new(),
            alternatives: Vec::new(),
            locks: Locks::default(),
            added: Vec::new(),
            recreates: HashSet::new(),
            changes: 0,
            rows_changed: false,
            touched_rows: false,
            lost: false,
        }
    }

    /// Writes one step.
    pub(super) fn step(&mut self, number: usize, step: &Step) -> StepWithLocks {
        let mut block = Block::default();
        if number == 0 && self.options.create_ledger {
            block.statements = records::create_ledger(&self.ledger, &self.options.environment);
        }
        let scope = Scope { number, step: Some(step) };
        let tables = match self.backend {
            Backend::Sqlite => known::tables(step, &self.state),
            Backend::Postgres | Backend::Mysql => Vec::new(),
        };
        self.changes = 0;
        for part in &step.parts {
            self.part(&scope, part, &mut block);
        }
        let locks = self.locks.take();
        let restores = self.restored(&scope, &mut block);
        let skip_statements = again(&block.statements, step.skip_statements);
        let rendered = RenderedStep {
            head: StepHead { skip_statements, ..step.head.clone() },
            statements: block.statements,
            notes: block.notes,
            destructive: block.destructive,
            rebuilds: block.rebuilds,
            keeps: known::rebuilt(tables, &block.rebuilt),
            locks: locks.len(),
            restores,
        };
        (rendered, locks)
    }

    /// What creates a step's lost foreign keys again.
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
            let length = match self.backend {
                Backend::Sqlite => sqlite::run_length(rest),
                Backend::Postgres => 1,
                // One statement does not cross the place where the step was interrupted.
                Backend::Mysql => match scope.step.map_or(0, |step| step.from.change).saturating_sub(self.changes) {
                    0 => mysql::run_length(rest),
                    ran => mysql::run_length(rest).min(ran),
                },
            };
            let (run, after) = rest.split_at(length.clamp(1, rest.len()));
            rest = after;
            let contexts = self.replay(scope, run, &part.changes, into);
            match contexts.and_then(|contexts| change::write(self.backend, &contexts, &self.state)) {
                Ok(rendered) => self.put(scope, part, rendered, run, into),
                Err(error) => {
                    self.lost |= error.lost;
                    self.diagnostics.push(self.diagnostic(&error, scope, part));
                }
            }
        }
    }

    /// Applies changes to the state and keeps their tables before and after.
    fn replay<'c>(
        &mut self,
        scope: &Scope<'_>,
        run: &'c [Change],
        operation: &[Change],
        into: &mut Block,
    ) -> Result<Vec<ChangeContext<'c>>, RenderError> {
        let recreates_enum = self.recreates.contains(&scope.number);
        let transaction = scope.step.is_none_or(|step| step.transaction);
        let mut contexts = Vec::with_capacity(run.len());
        for change in run {
            let table = change.table();
            let before = table.and_then(|id| self.state.table(id).cloned());
            into.destructive.extend(self.losses.of(change, &self.state, operation));
            let mut recovery = None;
            if let (Change::Sql { sql, effects, access }, Backend::Mysql) = (change, self.backend) {
                recovery = Some(mysql::of_raw(sql, effects, access, &self.state));
            }
            let start = table.filter(|_| self.backend == Backend::Mysql && !self.touched_rows);
            let start = start.and_then(|id| self.start.table(id).cloned());
            self.touched_rows |= change.touches_rows_or_raw_sql()
                || matches!(change, Change::AlterColumn { using, fill, .. } if using.is_some() || fill.is_some());
            self.state.apply(change)?;
            let after = table.and_then(|id| self.state.table(id).cloned());
            if self.backend == Backend::Postgres {
                self.locks.add(change, before.as_deref(), after.as_deref(), &self.state);
            }
            if let Change::Note(words) = change {
                into.notes.push(words.clone());
            }
            contexts.push(ChangeContext { change, before, after, start, recovery, recreates_enum, transaction });
        }
        Ok(contexts)
    }

    /// Puts what was written into the step.
    fn put(&mut self, scope: &Scope<'_>, part: &Part, rendered: RenderedChange, run: &[Change], into: &mut Block) {
        let at = into.statements.len();
        let in_transaction = scope.step.is_none_or(|step| step.transaction);
        if rendered.rebuilds {
            into.rebuilds = true;
            into.rebuilt.extend(run.first().and_then(Change::table));
        }
        let count = rendered.statements.len();
        for (number, written) in (1..).zip(rendered.statements) {
            let mut statement = plain(part, written.sql);
            match self.backend {
                Backend::Sqlite => {
                    if in_transaction && part.authored && raw::switches_keys(&statement.sql) {
                        self.diagnostics.push(keys_stay(scope.step, part));
                    }
                }
                Backend::Postgres => {
                    if in_transaction && written.kind == StatementKind::Schema && self.rows_changed {
                        // A table with deferred checks still to come cannot be altered.
                        into.statements.push(plain(part, "SET CONSTRAINTS ALL IMMEDIATE".to_owned()));
                        self.rows_changed = false;
                    }
                    self.rows_changed |= in_transaction && written.kind == StatementKind::Rows;
                }
                Backend::Mysql => {
                    let reaches = if number == count {
                        Place { change: self.changes + run.len(), part: 0 }
                    } else {
                        Place { change: self.changes, part: number }
                    };
                    let recovery = written.recovery.unwrap_or(Recovery::Unknowable);
                    if scope.step.is_none() && !recovery.rolls_back() {
                        self.diagnostics.push(seed_commits(part));
                    }
                    let whole = !part.authored || mysql::is_refused_whole(&statement.sql);
                    let (table, unfit) = (rendered.table.clone(), written.unfit);
                    statement.journaled = Some(Journaled { recovery, reaches, whole, table, unfit });
                }
            }
            into.statements.push(statement);
        }
        self.changes += run.len();
        let behind = into.statements.len();
        for added in rendered.added_values {
            let created_here = self.start.enum_named(&added.of).is_none();
            self.added.push(AddedValue { step: scope.number, behind, value: added.value, created_here });
        }
        if let Some(instead) = rendered.keys_off {
            let instead = instead.map_err(|error| Box::new(self.diagnostic(&error, scope, part)));
            self.alternatives.push(Alternative { step: scope.number, at, count: behind - at, instead });
        }
    }

    fn diagnostic(&self, error: &RenderError, scope: &Scope<'_>, part: &Part) -> Diagnostic {
        let message = format!("`{}`: {}", part.operation, error.message);
        let mut found = Diagnostic::new(error.code, message).on(self.backend).at(part.span, "");
        // Whatever its code is elsewhere: this cannot be run.
        found.severity = Severity::Error;
        if let Some(step) = scope.step {
            found = found.of(&step.name).going(step.direction);
        }
        found.help = error.help.map(str::to_owned);
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

/// MySQL: a statement of a seed that does not roll back with the others.
fn seed_commits(part: &Part) -> Diagnostic {
    let message =
        format!("`{}`: on MySQL this may commit by itself, and seeds that fail would be half loaded", part.operation);
    Diagnostic::new(Code::UnsupportedByBackend, message)
        .on(Backend::Mysql)
        .at(part.span, "")
        .help("a seed changes rows (`DELETE FROM` instead of `TRUNCATE`); what else is to be done is a migration's")
}

/// A switch of foreign keys that SQLite passes over.
fn keys_stay(step: Option<&Step>, part: &Part) -> Diagnostic {
    let message = format!(
        "`{}`: SQLite passes over `PRAGMA foreign_keys` inside a transaction, so it does nothing",
        part.operation
    );
    let mut found = Diagnostic::new(Code::WrongValue, message)
        .on(Backend::Sqlite)
        .at(part.span, "")
        .help("leave it out: a rebuild switches keys off by itself; or write `transaction = false` on the migration");
    // An applied migration may have it in its `down`, and a reset must stay possible.
    found.severity = Severity::Warning;
    match step {
        Some(step) => found.of(&step.name).going(step.direction),
        None => found,
    }
}
