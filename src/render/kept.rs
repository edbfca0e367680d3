//! Rows kept beside their table, and brought back.

use super::change_context::RenderedChange;
use super::error::RenderError;
use super::expression::expression;
use super::{rows, table};
use crate::backend::Backend;
use crate::state::{ColumnId, Kept, State, Table};

/// The table beside, and the rows put into it.
pub(super) fn keep(
    backend: Backend,
    kept: &Kept,
    of: &Table,
    state: &State,
    rendered: &mut RenderedChange,
) -> Result<(), RenderError> {
    rendered.schema(table::create(backend, state, &kept.beside, &kept.beside.name)?);
    let filter = kept.filter.as_ref().map(|filter| expression(backend, filter, of));
    let columns = kept.columns.iter().map(|(id, own)| (kept.beside.column_name(*own), name(backend, of, *id)));
    rendered.row(rows::copy(backend, &kept.beside.name, columns, (&of.name, filter)));
    Ok(())
}

/// The rows brought back, and the table beside dropped.
pub(super) fn restore(backend: Backend, kept: &Kept, of: &Table, rendered: &mut RenderedChange) {
    rendered.row(brought_back(backend, kept, of));
    rendered.schema(table::drop(backend, &kept.beside));
}

fn brought_back(backend: Backend, kept: &Kept, of: &Table) -> String {
    if kept.key.is_empty() {
        let columns = kept.columns.iter().map(|(id, own)| (of.column_name(*id), name(backend, &kept.beside, *own)));
        return rows::copy(backend, &of.name, columns, (&kept.beside.name, None));
    }
    let (beside, table) = (backend.table(&kept.beside.name), backend.table(&of.name));
    let column = |table: &Table, id: ColumnId| name(backend, table, id);
    let same: Vec<String> = kept
        .key
        .iter()
        .map(|(id, own)| format!("{beside}.{} = {table}.{}", column(&kept.beside, *own), column(of, *id)))
        .collect();
    let same = same.join(" AND ");
    let values = kept.columns.iter().filter(|pair| !kept.key.contains(pair)).map(|(id, own)| {
        let value = format!("(SELECT {beside}.{} FROM {beside} WHERE {same})", column(&kept.beside, *own));
        (of.column_name(*id), value)
    });
    rows::set(backend, &of.name, values, Some(format!("EXISTS (SELECT 1 FROM {beside} WHERE {same})")))
}

fn name(backend: Backend, table: &Table, column: ColumnId) -> String {
    backend.ident(table.column_name(column))
}
