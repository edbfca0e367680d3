//! SQLite. Its ALTER TABLE renames, adds plain columns and drops unused ones; everything
//! else is a rebuild of the table. Consecutive changes of one table are one rebuild.

pub(super) mod keys_off;
mod rebuild;

use std::collections::HashSet;

use super::change_context::{ChangeContext, RenderedChange};
use super::error::RenderError;
use super::table_change::TableChange;
use super::{index, table, value};
use crate::backend::Backend;
use crate::ident::TableName;
use crate::state::{Change, Column, ColumnId, Constraint, Expr, Scalar, State, Table, TableId};

const BACKEND: Backend = Backend::Sqlite;

/// How many of the changes, from the first, are written together: those of one table that one
/// rebuild can do at once. At least 1.
pub(super) fn run_length(changes: &[Change]) -> usize {
    let table = changes.first().and_then(Change::table);
    let mut touched: HashSet<ColumnId> = HashSet::new();
    let together = |change: &&Change| {
        let Some(one) = TableChange::of(change).filter(|one| !waits(*one, &touched)) else { return false };
        touched.extend(one.values().map(|(column, ..)| column));
        if let TableChange::DropColumn(column) = one {
            touched.insert(column);
        }
        change.table() == table
    };
    changes.iter().take_while(together).count().max(1)
}

/// Whether it needs what an earlier change of the run makes: one SELECT sees the old values only.
fn waits(change: TableChange<'_>, touched: &HashSet<ColumnId>) -> bool {
    let reads = |expr: &Expr| expr.opaque || expr.columns().any(|id| touched.contains(&id));
    let Some((column, using, fill)) = change.values().filter(|_| !touched.is_empty()) else { return false };
    touched.contains(&column) || using.is_some_and(reads) || matches!(fill, Some(Scalar::Expr(expr)) if reads(expr))
}

/// Writes a run of changes that is not one statement each: a column that comes with its constraints, or a rebuild.
pub(super) fn together(contexts: &[ChangeContext<'_>], state: &State) -> Result<Option<RenderedChange>, RenderError> {
    match added_with_constraints(contexts, state)? {
        None if contexts.iter().any(cannot_alter) => rebuild::write(contexts, state).map(Some),
        rendered => Ok(rendered),
    }
}

/// Whether ALTER TABLE cannot say it.
fn cannot_alter(context: &ChangeContext<'_>) -> bool {
    let (Some(before), Some(after)) = (&context.before, &context.after) else { return false };
    TableChange::of(context.change).is_some_and(|change| match change {
        TableChange::AddColumn { column, fill } => fill.is_some() || !can_be_added(column),
        TableChange::AlterColumn { column, using, fill, .. } => {
            using.is_some() || fill.is_some() || before.column(column) != after.column(column)
        }
        TableChange::DropColumn(_) => after.columns.is_empty(),
        TableChange::AddConstraint(_) | TableChange::DropConstraint(..) | TableChange::RenameConstraint => true,
        TableChange::AddIndex(_) | TableChange::DropIndex(_) | TableChange::RenameIndex => false,
    })
}

/// Whether ALTER TABLE … ADD COLUMN takes it when rows exist.
fn can_be_added(column: &Column) -> bool {
    let constant = column.default.as_ref().is_none_or(value::is_constant);
    let filled = column.null || column.default.as_ref().is_some_and(|default| !value::is_null(default));
    let added = column.generated.as_ref().is_none_or(|how| !how.stored && column.null);
    constant && filled && !column.auto_increment && added
}

/// A nullable column with a foreign key or checks of its own: ADD COLUMN takes them behind the column.
fn added_with_constraints(
    contexts: &[ChangeContext<'_>],
    state: &State,
) -> Result<Option<RenderedChange>, RenderError> {
    let [first, rest @ ..] = contexts else { return Ok(None) };
    let Some(TableChange::AddColumn { column, fill: None }) = TableChange::of(first.change) else { return Ok(None) };
    if rest.is_empty() || !can_be_added(column) || !column.null || column.default.is_some() {
        return Ok(None);
    }
    let after = first.after()?;
    let mut sql = table::add_column(BACKEND, after, column)?;
    let mut indexes = Vec::new();
    for context in rest {
        let after = context.after()?;
        match TableChange::of(context.change) {
            Some(TableChange::AddConstraint(constraint @ Constraint::ForeignKey(key)))
                if key.columns == [column.id] =>
            {
                sql.push_str(" CONSTRAINT ");
                sql.push_str(&BACKEND.ident(&constraint.name().text));
                sql.push(' ');
                sql.push_str(&table::references(BACKEND, state, key, after)?);
            }
            Some(TableChange::AddConstraint(constraint @ Constraint::Check(check)))
                if !check.expr.opaque && check.expr.columns().all(|id| id == column.id) =>
            {
                sql.push(' ');
                sql.push_str(&table::constraint_lines(BACKEND, state, constraint, after)?.concat());
            }
            Some(TableChange::AddIndex(index)) => indexes.push(index::create(BACKEND, after, index)?),
            _ => return Ok(None),
        }
    }
    let mut rendered = RenderedChange::default();
    rendered.schema(sql);
    for index in indexes {
        rendered.schema(index);
    }
    Ok(Some(rendered))
}

/// SQLite does not take another case of the same name at once.
pub(super) fn rename_table(before: &Table, to: &str, state: &State, rendered: &mut RenderedChange) {
    if before.name.name == to {
        return;
    }
    if before.name.name.eq_ignore_ascii_case(to) {
        let between = temporary_name(state, before);
        rendered.schema(table::rename(BACKEND, &before.name, &between.name));
        rendered.schema(table::rename(BACKEND, &between, to));
    } else {
        rendered.schema(table::rename(BACKEND, &before.name, to));
    }
}

/// A name for a table while it is rebuilt.
fn temporary_name(state: &State, table: &Table) -> TableName {
    let mut name = TableName::bare(format!("dbmigrate_new_{}", table.name.name));
    while state.table_named(&name).is_some() {
        name.name.push('_');
    }
    name
}

/// Whether a foreign key points to that table.
fn points_to(table: &Table, to: TableId) -> impl Iterator<Item = &crate::state::ForeignKey> {
    table.foreign_keys.iter().filter(move |key| key.table == to)
}
