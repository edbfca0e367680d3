//! Rows kept beside their table, and brought back.

use super::dialect::Dialect;
use super::error::RenderError;
use super::table;
use crate::state::{ColumnId, Kept, State, Table};

/// The table beside, and the rows put into it.
pub(super) fn keep(dialect: Dialect, kept: &Kept, of: &Table, state: &State) -> Result<[String; 2], RenderError> {
    let create = table::create(dialect, state, &kept.beside, None)?;
    let filter = kept.filter.as_ref().map(|filter| format!(" WHERE {}", dialect.expr(filter, of)));
    let fill = format!(
        "INSERT INTO {} ({}) SELECT {} FROM {}{}",
        dialect.table(&kept.beside.name),
        names(dialect, &kept.beside, kept.columns.iter().map(|(_, own)| *own)),
        names(dialect, of, kept.columns.iter().map(|(id, _)| *id)),
        dialect.table(&of.name),
        filter.unwrap_or_default()
    );
    Ok([create, fill])
}

/// The rows brought back, and the table beside dropped.
pub(super) fn restore(dialect: Dialect, kept: &Kept, of: &Table) -> [String; 2] {
    let (beside, table) = (dialect.table(&kept.beside.name), dialect.table(&of.name));
    let drop = table::drop(dialect, &kept.beside);
    if kept.key.is_empty() {
        let back = format!(
            "INSERT INTO {table} ({}) SELECT {} FROM {beside}",
            names(dialect, of, kept.columns.iter().map(|(id, _)| *id)),
            names(dialect, &kept.beside, kept.columns.iter().map(|(_, own)| *own)),
        );
        return [back, drop];
    }
    let column = |table: &Table, id: ColumnId| dialect.ident(table.column_name(id));
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

fn names(dialect: Dialect, table: &Table, ids: impl Iterator<Item = ColumnId>) -> String {
    dialect.idents(ids.map(|id| table.column_name(id)))
}
