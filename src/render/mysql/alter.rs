//! Columns that stand: MODIFY says them whole, and does nothing where they are so already.

use std::sync::Arc;

use super::super::change_context::{ChangeContext, RenderedChange};
use super::super::error::RenderError;
use super::super::model::Unfit;
use super::super::{sea, table};
use super::{BACKEND, added, probe, set, unfit};
use crate::ident::TableName;
use crate::operation::{DataType, EnumType};
use crate::plan::LostKeys;
use crate::state::{Column, ColumnId, Constraint, Expr, Scalar, State, Table};

/// ADD COLUMN, with a value for the rows already there. Without a value no rows may be.
pub(in crate::render) fn add_column(
    column: &Column,
    fill: Option<&Scalar>,
    context: &ChangeContext<'_>,
    rendered: &mut RenderedChange,
) -> Result<(), RenderError> {
    let table = context.after()?;
    let add = |column: &Column| table::add_column(BACKEND, table, column);
    match fill {
        Some(fill) if column.default.as_ref() != Some(fill) => match fill {
            Scalar::Literal(_) => {
                // A default for a moment: no row is written for it, and no trigger fires.
                rendered.schema(add(&Column { default: Some(fill.clone()), ..column.clone() })?);
                modify(column, table, Vec::new(), rendered)?;
            }
            Scalar::Expr(_) => {
                rendered.schema(add(&Column { null: true, default: None, ..column.clone() })?);
                rendered.row(set(table, column, fill, false)?);
                if !column.null || column.default.is_some() {
                    let unfit = if column.null { Vec::new() } else { vec![unfit::left_null(column, table)] };
                    modify(column, table, unfit, rendered)?;
                }
            }
        },
        None if unfit::has_no_value(column, None) => {
            // A row that comes in between stops the second statement; in one, it would get a value that nobody wrote.
            rendered.schema_unless(found(context), add(&Column { null: true, ..column.clone() })?, None);
            modify(column, table, Vec::new(), rendered)?;
        }
        _ => rendered.schema(add(column)?),
    }
    Ok(())
}

/// Writes the change of a column from one shape to another. `using` is the conversion.
///
/// There is no USING: rows are converted by an UPDATE, after the change of type where the new type can hold, as a text,
/// all that stood before it, else before it.
pub(in crate::render) fn column(
    from: &Column,
    to: &Column,
    (using, fill): (Option<&Expr>, Option<&Scalar>),
    context: &ChangeContext<'_>,
    rendered: &mut RenderedChange,
) -> Result<(), RenderError> {
    let (table, unfit) = (context.after()?, found(context));
    if let Some(fill) = fill.filter(|_| from.null && !to.null) {
        rendered.row(set(table, to, fill, true)?);
    }
    if let (DataType::Enum(was), DataType::Enum(is), Some(using)) = (&from.data_type, &to.data_type, using)
        && was.name == is.name
    {
        // While values have two names, the column takes both.
        let mut values = was.values.clone();
        values.extend(is.values.iter().filter(|value| !was.values.contains(value)).cloned());
        let both = DataType::Enum(Arc::new(EnumType { name: is.name.clone(), values }));
        modify(&Column { data_type: both, ..from.clone() }, table, Vec::new(), rendered)?;
        rendered.row(set(table, to, &Scalar::Expr(using.clone()), false)?);
        return modify(to, table, unfit, rendered);
    }
    let converted = using.map(|using| set(table, to, &Scalar::Expr(using.clone()), false)).transpose()?;
    let (was, is) = (&from.data_type, &to.data_type);
    let after = is.is_text() && (!was.is_text() || was.widens_to(is));
    if let Some(sql) = converted.clone().filter(|_| !after) {
        rendered.row(sql);
    }
    if from != to {
        modify(to, table, unfit, rendered)?;
    }
    if let Some(sql) = converted.filter(|_| after) {
        rendered.row(sql);
    }
    Ok(())
}

/// Rows that the change must not find.
fn found(context: &ChangeContext<'_>) -> Vec<Unfit> {
    let of = |before| unfit::of(context.change, before, context.start.as_deref());
    context.before.as_deref().map_or_else(Vec::new, of)
}

fn modify(column: &Column, table: &Table, unfit: Vec<Unfit>, rendered: &mut RenderedChange) -> Result<(), RenderError> {
    let sql = sea::schema(BACKEND, sea::alter(&table.name).modify_column(table::column(BACKEND, column, table)?));
    rendered.schema_unless(unfit, sql, Some(probe::of_modify(table)));
    Ok(())
}

/// Makes the foreign keys of a table again, each that is not there. Their indexes stand, whoever took the keys. Only
/// MariaDB takes them, so this is its own backend.
pub(in crate::render) fn restored(lost: &LostKeys) -> Result<String, RenderError> {
    let table = lost
        .state
        .table(lost.table)
        .ok_or_else(|| RenderError::dangling("what an interrupted run left behind", &TableName::bare("it altered")))?;
    let mut actions = Vec::with_capacity(table.foreign_keys.len());
    for key in &table.foreign_keys {
        actions.push(format!(
            "ADD CONSTRAINT {} FOREIGN KEY IF NOT EXISTS ({}) {}",
            BACKEND.ident(&key.name.text),
            BACKEND.idents(table.column_names(&key.columns)),
            table::references(BACKEND, &lost.state, key, table)?
        ));
    }
    Ok(table::alter(BACKEND, table, &actions.join(", ")))
}

/// RENAME COLUMN. MySQL refuses it for a column that a check names, so the checks are made anew with it.
pub(in crate::render) fn rename_column(
    column: ColumnId,
    to: &str,
    before: &Table,
    after: &Table,
    state: &State,
) -> Result<String, RenderError> {
    let checks: Vec<Constraint> = after
        .checks
        .iter()
        .filter(|check| check.expr.mentions(column))
        .map(|check| Constraint::Check(check.clone()))
        .collect();
    let mut actions: Vec<String> =
        checks.iter().map(|check| format!("DROP CONSTRAINT {}", BACKEND.ident(&check.name().text))).collect();
    let from = BACKEND.ident(before.column_name(column));
    actions.push(format!("RENAME COLUMN {from} TO {}", BACKEND.ident(to)));
    for check in &checks {
        actions.extend(added(check, after, state)?);
    }
    Ok(table::alter(BACKEND, before, &actions.join(", ")))
}
