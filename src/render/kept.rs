//! Rows kept beside their table, and brought back.

use super::error::RenderError;
use super::expression::expression;
use super::table;
use crate::backend::Backend;
use crate::state::{ColumnId, Kept, State, Table};

/// The table beside, and the rows put into it.
pub(super) fn keep(backend: Backend, kept: &Kept, of: &Table, state: &State) -> Result<[String; 2], RenderError> {
    let create = table::create(backend, state, &kept.beside, None)?;
    let filter = kept.filter.as_ref().map(|filter| format!(" WHERE {}", expression(backend, filter, of)));
    let fill = format!(
        "INSERT INTO {} ({}) SELECT {} FROM {}{}",
        backend.table(&kept.beside.name),
        names(backend, &kept.beside, kept.columns.iter().map(|(_, own)| *own)),
        names(backend, of, kept.columns.iter().map(|(id, _)| *id)),
        backend.table(&of.name),
        filter.unwrap_or_default()
    );
    Ok([create, fill])
}

/// The rows brought back, and the table beside dropped.
pub(super) fn restore(backend: Backend, kept: &Kept, of: &Table) -> [String; 2] {
    let (beside, table) = (backend.table(&kept.beside.name), backend.table(&of.name));
    let drop = table::drop(backend, &kept.beside);
    if kept.key.is_empty() {
        let back = format!(
            "INSERT INTO {table} ({}) SELECT {} FROM {beside}",
            names(backend, of, kept.columns.iter().map(|(id, _)| *id)),
            names(backend, &kept.beside, kept.columns.iter().map(|(_, own)| *own)),
        );
        return [back, drop];
    }
    let column = |table: &Table, id: ColumnId| backend.ident(table.column_name(id));
    let same: Vec<String> = kept
        .key
        .iter()
        .map(|(id, own)| format!("{beside}.{} = {table}.{}", column(&kept.beside, *own), column(of, *id)))
        .collect();
    let same = same.join(" AND ");
    let sets: Vec<String> = kept
        .columns
        .iter()
        .filter(|pair| !kept.key.contains(pair))
        .map(|(id, own)| {
            let value = format!("SELECT {beside}.{} FROM {beside} WHERE {same}", column(&kept.beside, *own));
            format!("{} = ({value})", column(of, *id))
        })
        .collect();
    let back = format!("UPDATE {table} SET {} WHERE EXISTS (SELECT 1 FROM {beside} WHERE {same})", sets.join(", "));
    [back, drop]
}

fn names(backend: Backend, table: &Table, ids: impl Iterator<Item = ColumnId>) -> String {
    backend.idents(ids.map(|id| table.column_name(id)))
}
