//! Lowering: what an operation comes to on a state. Names are looked up, definitions
//! made whole, names generated; what is wrong becomes diagnostics, each with its place.
//!
//! To add an operation: an arm below, a function in the file of its family, and
//! (if it changes the schema in a new way) a [`Change`] with its inverse in `apply`.

mod columns;
mod comments;
mod computed;
mod constraints;
mod enums;
mod extensions;
mod indexes;
mod kept;
mod naming;
mod objects;
mod programs;
mod retyped;
mod rows;
mod sql;
mod tables;
mod views;
#[cfg(test)]
mod views_tests;

pub(super) use constraints::is_key;
pub(crate) use constraints::is_key_by_constraint;
pub(crate) use sql::{Declared, raw_changes};

use std::collections::HashSet;
use std::fmt::Display;
use std::sync::Arc;

use super::bind::bind;
use super::error::{unknown, unknown_column};
use super::objects::Sequence;
use super::sense::{Sense, kind};
use super::{Change, Column, ColumnId, Expr, Scalar, Schema, State, Table, TableId};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::ident::TableName;
use crate::operation::{ByBackend, Kind, Operation, Text, Value};

/// What an operation comes to.
#[derive(Debug, Default)]
pub struct Lowered {
    /// The changes, in order; empty where something is wrong.
    pub changes: Vec<Change>,
    /// What is wrong. The migration's name is for the caller to add.
    pub diagnostics: Vec<Diagnostic>,
}

/// What lowering must know besides the state.
#[derive(Debug, Default)]
pub struct Context {
    /// Tables that the same migration made: they hold no rows from before.
    pub created: HashSet<TableId>,
    /// Rows need no second look: a table may stand empty (an authored way down).
    pub lenient: bool,
}

impl State {
    /// Lowers an operation on this state. The state itself changes only in that new
    /// identities are given out; applying the changes is the caller's work.
    pub fn lower(&mut self, operation: &Operation, context: &Context) -> Lowered {
        if !operation.is_for(self.backend) {
            return Lowered::default();
        }
        let mut lower = Lower { state: self, operation, context, found: Vec::new() };
        let changes = lower.kind();
        let said = lower.found.iter().any(Diagnostic::is_error);
        let mut may_be = |changes| lower.state.names_are_free(changes).and_then(|()| lower.state.may_set_null(changes));
        if let Some(Err(error)) = changes.as_ref().filter(|_| !said).map(|changes| may_be(changes)) {
            let diagnostic = Diagnostic::new(error.code(), error.to_string()).at(error.place(operation), "");
            lower.report(error.helped(diagnostic));
        }
        let diagnostics = lower.found;
        let failed = diagnostics.iter().any(Diagnostic::is_error);
        Lowered { changes: changes.filter(|_| !failed).unwrap_or_default(), diagnostics }
    }
}

/// One operation on its way down to changes.
struct Lower<'a> {
    state: &'a mut State,
    operation: &'a Operation,
    context: &'a Context,
    found: Vec<Diagnostic>,
}

/// The changes, or nothing where something is wrong and was said.
type Changes = Option<Vec<Change>>;

impl Lower<'_> {
    fn kind(&mut self) -> Changes {
        let operation = self.operation;
        match &operation.kind {
            Kind::CreateTable(def) => self.create_table(def),
            Kind::DropTable { table } => self.drop_table(table),
            Kind::RenameTable { table, to } => self.rename_table(table, to),
            Kind::AddColumn { table, column } => self.add_column(table, column),
            Kind::DropColumn { columns, refill } => self.drop_columns(columns, refill.as_ref()),
            Kind::RenameColumn { column, to } => self.rename_column(column, to),
            Kind::AlterColumn { column, alter } => self.alter_column(column, alter),
            Kind::CreateIndex { on, index, concurrently } => self.create_index(on, index, *concurrently),
            Kind::DropIndex { on, name, concurrently } => self.drop_index(on, name, *concurrently),
            Kind::RenameIndex { on, name, to } => self.rename_index(on, name, to),
            Kind::AddForeignKey { on, foreign_key } => self.add_foreign_key(on, foreign_key),
            Kind::DropForeignKey { on, name } => self.drop_constraint(on, super::ConstraintKind::ForeignKey, name),
            Kind::AddCheck { on, check } => self.add_check(on, check),
            Kind::DropCheck { on, name } => self.drop_constraint(on, super::ConstraintKind::Check, name),
            Kind::AddUnique { on, unique } => self.add_unique(on, unique),
            Kind::DropUnique { on, name } => self.drop_constraint(on, super::ConstraintKind::Unique, name),
            Kind::AddPrimaryKey { table, columns } => self.add_primary_key(table, columns),
            Kind::DropPrimaryKey { table } => self.drop_primary_key(table),
            Kind::CreateView { view, select, materialized, reads } => {
                self.create_view(view, select, *materialized, reads)
            }
            Kind::ReplaceView { view, select, reads } => self.replace_view(view, select, reads),
            Kind::DropView { view } => self.drop_view(view),
            Kind::CreateFunction { function, definition, reads, writes } => {
                self.make_function(function, definition, &Declared { reads, writes, ..Declared::default() })
            }
            Kind::ReplaceFunction { function, definition, reads, writes } => {
                self.replace_function(function, definition, &Declared { reads, writes, ..Declared::default() })
            }
            Kind::DropFunction { function } => self.drop_function(function),
            Kind::CreateTrigger { on, name, definition } => self.create_trigger(on, name, definition),
            Kind::DropTrigger { on, name } => self.drop_trigger(on, name),
            Kind::CreateExtension { name } => self.create_extension(name),
            Kind::DropExtension { name } => self.drop_extension(name),
            Kind::CreateSchema { name } => self.create_object(Ok(Schema { name: name.clone() })),
            Kind::DropSchema { name } => self.drop_object(&Schema { name: name.clone() }),
            Kind::CreateSequence { name, start, increment, min, max, cycle, owned_by } => {
                let numbers = [*start, *increment, *min, *max];
                self.create_object(Sequence::asked(name, numbers, *cycle, owned_by.as_ref(), self.state))
            }
            Kind::DropSequence { name } => self.drop_object(&Sequence::named(name)),
            Kind::CreateEnum { name, values } => self.create_enum(name, values),
            Kind::AlterEnum { name, add, after, rename } => self.alter_enum(name, add, after.as_deref(), rename),
            Kind::DropEnum { name } => self.drop_enum(name),
            Kind::Insert { table, rows, .. } => self.insert(table, rows),
            Kind::Update { table, set, filter, keep, .. } => self.update(table, set, filter.as_ref(), *keep),
            Kind::Delete { table, filter, keep, .. } => self.delete(table, filter, *keep),
            Kind::Sql { statements, batch, reads, writes, creates, drops, .. } => {
                self.sql(statements, *batch, &Declared { reads, writes, creates, drops })
            }
            Kind::Note { text } => Some(vec![Change::Note(text.clone())]),
        }
    }

    fn span(&self, part: impl PartPath) -> Span {
        self.operation.spans.part(&part.to_string())
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        let diagnostic = if diagnostic.backend.is_none() { diagnostic.on(self.state.backend) } else { diagnostic };
        self.found.push(diagnostic);
    }

    /// Reports an error at a part of the operation.
    fn error(&mut self, code: Code, part: impl PartPath, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, message).at(self.span(part), "")
    }

    /// A table by name, or `unknown-table` with the nearest name.
    fn table(&mut self, name: &TableName, part: impl PartPath) -> Option<Arc<Table>> {
        if let Some(table) = self.state.table_named(name) {
            return Some(Arc::clone(table));
        }
        let names: Vec<String> = self.state.tables().iter().map(|table| table.name.to_string()).collect();
        self.unknown("table", name, &names, part);
        None
    }

    /// Reports what is not there by its name, with the nearest of those that are.
    fn unknown(&mut self, kind: &str, name: &impl Display, names: &[String], part: impl PartPath) {
        self.report(unknown(kind, name, names).at(self.span(part), ""));
    }

    /// A column by name, or `unknown-column` with the nearest name.
    fn column(&mut self, table: &Table, name: &str, part: impl PartPath) -> Option<Column> {
        let column = self.find_column(table, name).cloned();
        if column.is_none() {
            self.unknown_column(table, name, part);
        }
        column
    }

    /// Its identity.
    fn column_id(&mut self, table: &Table, name: &str, part: impl PartPath) -> Option<ColumnId> {
        let id = self.find_column(table, name).map(|column| column.id);
        if id.is_none() {
            self.unknown_column(table, name, part);
        }
        id
    }

    fn find_column<'t>(&self, table: &'t Table, name: &str) -> Option<&'t Column> {
        let backend = self.state.backend;
        let folded = backend.fold(name);
        table.columns.iter().find(|column| backend.fold(&column.name) == folded)
    }

    fn unknown_column(&mut self, table: &Table, name: &str, part: impl PartPath) {
        self.report(unknown_column(table, name).at(self.span(part), ""));
    }

    /// Whether a part of the operation is written.
    fn written(&self, part: &str) -> bool {
        self.operation.spans.written(part).is_some()
    }

    fn column_ids(&mut self, table: &Table, names: &[String], part: impl PartPath) -> Option<Vec<ColumnId>> {
        let mut ids = Vec::with_capacity(names.len());
        for name in names {
            let id = self.column_id(table, name, part)?;
            if ids.contains(&id) {
                let diagnostic = self.error(Code::AlreadyExists, part, format!("`{name}` is named twice"));
                self.report(diagnostic);
                return None;
            }
            ids.push(id);
        }
        Some(ids)
    }

    /// What a backend gets of something that may differ by backend, or `unsupported-by-backend`.
    fn branch<'t, T>(&mut self, by: &'t ByBackend<T>, part: impl PartPath) -> Option<&'t T> {
        let found = by.get(self.state.backend);
        if found.is_none() {
            let backend = self.state.backend;
            let diagnostic = self
                .error(Code::UnsupportedByBackend, part, format!("nothing is written here for {backend}"))
                .help(format!("add a `{backend}` or a `default` key"));
            self.report(diagnostic);
        }
        found
    }

    /// An expression of a table, bound; unknown names in it are errors.
    fn expr(&mut self, text: &Text, table: &Table, part: impl PartPath) -> Option<Expr> {
        self.bound(text, table, part, false)
    }

    /// An expression that stands where a condition must.
    fn condition(&mut self, text: &Text, table: &Table, part: impl PartPath) -> Option<Expr> {
        self.bound(text, table, part, true)
    }

    fn bound(&mut self, text: &Text, table: &Table, part: impl PartPath, condition: bool) -> Option<Expr> {
        let text = self.branch(text, part)?.clone();
        let bound = bind(&text, table, self.state.backend);
        for name in &bound.unknown {
            self.unknown_column(table, name, part);
        }
        let sense = if condition { bound.judged.as_condition() } else { bound.judged.sense };
        if bound.unknown.is_empty() {
            self.makes_sense(sense, &text, table, part)?;
        }
        bound.unknown.is_empty().then_some(bound.expr)
    }

    /// Reports `type-mismatch` where PostgreSQL has no operator or function for the types in an expression.
    fn makes_sense(&mut self, sense: Sense, text: &str, table: &Table, part: impl PartPath) -> Option<()> {
        // SQL that was not read may have made functions and operators.
        if sense != Sense::Wrong || !self.state.knows_all() || self.state.calls_own(text) {
            return Some(());
        }
        let message = format!("`{text}` makes no sense over the types that `{}` has at this point", table.name);
        let diagnostic =
            self.error(Code::TypeMismatch, part, message).note("PostgreSQL has no such operator or function");
        self.report(diagnostic);
        None
    }

    /// A value for a column: a literal that must be of its type, or an expression bound to the table.
    fn value(&mut self, value: &Value, column: &Column, table: &Table, part: impl PartPath) -> Option<Scalar> {
        match value {
            Value::Literal(literal) => {
                if !literal.fits(&column.data_type) {
                    let message =
                        format!("{} does not fit `{}`, which is {}", literal.kind(), column.name, column.data_type);
                    let diagnostic = self.error(Code::TypeMismatch, part, message);
                    self.report(diagnostic);
                    return None;
                }
                Some(Scalar::Literal(literal.clone()))
            }
            Value::Expr(text) => {
                let text = self.branch(text, part)?.clone();
                // Names in it may be functions without brackets, so unknown ones are left to the database.
                let bound = bind(&text, table, self.state.backend);
                self.makes_sense(bound.judged.as_value_of(kind(&column.data_type)), &text, table, part)?;
                Some(Scalar::Expr(bound.expr))
            }
        }
    }
}

/// The path of a part of an operation (`columns.slug.type`), written out only where something is wrong with it.
pub(super) trait PartPath: Display + Copy {}

impl<T: Display + Copy> PartPath for T {}
