//! SQLite. Its ALTER TABLE renames, adds plain columns and drops unused ones; everything
//! else is a rebuild of the table. Consecutive changes of one table are one rebuild.

mod keys_off;
mod rebuild;

use std::collections::HashSet;

use super::change_context::{ChangeContext, RenderedChange, StatementKind};
use super::error::RenderError;
use super::expression::expression;
use super::table::check_schema;
use super::table_change::TableChange;
use super::{index, kept, objects, raw, rows, table, value};
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

/// Writes a run of changes.
pub(super) fn write(contexts: &[ChangeContext<'_>], state: &State) -> Result<RenderedChange, RenderError> {
    if let Some(rendered) = added_with_constraints(contexts, state)? {
        return Ok(rendered);
    }
    if contexts.iter().any(cannot_alter) {
        return rebuild::write(contexts, state);
    }
    let mut rendered = RenderedChange::default();
    for context in contexts {
        one(context, state, &mut rendered)?;
    }
    Ok(rendered)
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

/// One change that needs no rebuild.
fn one(context: &ChangeContext<'_>, state: &State, rendered: &mut RenderedChange) -> Result<(), RenderError> {
    match context.change {
        Change::CreateTable(created) => {
            rendered.schema(table::create(BACKEND, state, created, &created.name)?);
            for index in &created.indexes {
                rendered.schema(index::create(BACKEND, created, index)?);
            }
        }
        Change::DropTable(_) => rendered.schema(table::drop(BACKEND, context.before()?)),
        Change::RenameTable { to, .. } => {
            check_schema(BACKEND, to)?;
            rename_table(context.before()?, &to.name, state, rendered);
        }
        Change::AddColumn { column, .. } => {
            rendered.schema(table::add_column(BACKEND, context.after()?, column)?);
        }
        Change::DropColumn { column, .. } => {
            rendered.schema(table::drop_column(BACKEND, context.before()?, *column));
        }
        Change::RenameColumn { column, to, .. } => {
            rendered.extend(table::rename_column(BACKEND, context.before()?, *column, to));
        }
        Change::AddIndex { index, .. } => {
            rendered.schema(index::create(BACKEND, context.after()?, index)?);
        }
        Change::DropIndex { name, .. } => {
            rendered.schema(index::drop(BACKEND, context.before()?, name, false));
        }
        Change::RenameIndex { name, to, .. } => {
            let (before, after) = (context.before()?, context.after()?);
            if name != to {
                // SQLite has no ALTER INDEX.
                rendered.schema(index::drop(BACKEND, before, name, false));
                for index in after.indexes.iter().filter(|index| index.name == *to) {
                    rendered.schema(index::create(BACKEND, after, index)?);
                }
            }
        }
        Change::AddConstraint { .. } | Change::DropConstraint { .. } | Change::RenameConstraint { .. } => {
            *rendered = rebuild::write(std::slice::from_ref(context), state)?;
        }
        Change::Create(object) => rendered.extend(objects::create(BACKEND, object, state)?),
        Change::Drop(object) => rendered.extend(objects::drop(BACKEND, object)?),
        Change::Insert { rows, mode, .. } => rendered.rows(rows::insert(BACKEND, context.after()?, rows, mode)?),
        Change::Update { set, filter, .. } => {
            let after = context.after()?;
            rendered.row(rows::update(BACKEND, after, set, filter.as_ref())?);
            rendered.keys_off = keys_off::update(state, after, set).map(Err);
        }
        Change::Delete { filter, .. } => {
            let after = context.after()?;
            let condition = expression(BACKEND, filter, after);
            rendered.row(rows::delete(BACKEND, after, &condition));
            rendered.keys_off = keys_off::deletes(state, after, &[condition]).transpose();
        }
        Change::DeleteRows { rows, .. } => {
            let after = context.after()?;
            let conditions = rows::row_conditions(BACKEND, after, rows)?;
            rendered.rows(conditions.iter().map(|condition| rows::delete(BACKEND, after, condition)));
            rendered.keys_off = keys_off::deletes(state, after, &conditions).transpose();
        }
        Change::KeepRows(rows) => kept::keep(BACKEND, rows, context.after()?, state, rendered)?,
        Change::RestoreRows(rows) => kept::restore(BACKEND, rows, context.after()?, rendered),
        Change::Sql { sql, .. } => {
            let kind = if raw::is_ddl(sql) { StatementKind::Schema } else { StatementKind::Rows };
            rendered.push(kind, raw::closed(sql), None);
            rendered.keys_off = keys_off::raw(state, sql).map(Err);
        }
        // A column that differs is rebuilt; SQLite has no sequences; an enum's values are in the checks of its columns.
        Change::AlterColumn { .. } | Change::RenameSequence { .. } | Change::AlterEnum { .. } | Change::Note(_) => {}
        Change::ReplaceFunction { to, .. } => return Err(RenderError::no_object(BACKEND, to)),
    }
    Ok(())
}

/// SQLite does not take another case of the same name at once.
fn rename_table(before: &Table, to: &str, state: &State, rendered: &mut RenderedChange) {
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
