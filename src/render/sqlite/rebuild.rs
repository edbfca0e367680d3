//! The rebuild: SQLite's own procedure for what ALTER TABLE cannot do
//! (<https://sqlite.org/lang_altertable.html>, section 7): a new table under another name, the rows
//! copied by named columns, the old one dropped, the new one renamed, indexes and triggers made again.
//!
//! Foreign keys are off around the transaction (the executor's work), so that dropping the old table
//! deletes nothing elsewhere. `legacy_alter_table` keeps the rename from touching what speaks of the
//! table's own name: views, triggers, and the foreign keys of other tables and of itself.

use super::super::expression::expression;
use std::collections::HashMap;

use super::super::change_context::{ChangeContext, RenderedChange};
use super::super::table_change::TableChange;
use super::super::{index, raw, rows, table, value};
use super::{BACKEND, RenderError, temporary_name};
use crate::ident::TableName;
use crate::state::{Column, ColumnId, Expr, Scalar, State, Table};

/// Writes a run of changes of one table as one rebuild. `state` is the state after them.
pub(super) fn write(contexts: &[ChangeContext<'_>], state: &State) -> Result<RenderedChange, RenderError> {
    let tables = contexts.first().and_then(|context| context.before.as_deref());
    let (Some(before), Some(after)) = (tables, contexts.last().and_then(|context| context.after.as_deref())) else {
        return Ok(RenderedChange::default());
    };
    let temporary = temporary_name(state, after);
    let mut rendered = RenderedChange { rebuilds: true, ..RenderedChange::default() };
    rendered.schema(table::create(BACKEND, state, after, &temporary)?);
    let copies = copies(contexts, before, after)?;
    if !copies.is_empty() {
        rendered.row(rows::copy(BACKEND, &temporary, copies, (&before.name, None)));
    }
    if numbered(before) && numbered(after) {
        // The counter stands above the highest row when rows were deleted.
        let (to, from) = (BACKEND.string(&temporary.name), BACKEND.string(&before.name.name));
        rendered.row(format!("DELETE FROM sqlite_sequence WHERE name = {to}"));
        let counters = TableName::bare("sqlite_sequence");
        let counter = [("name", to), ("seq", "seq".to_owned())];
        rendered.row(rows::copy(BACKEND, &counters, counter, (&counters, Some(format!("name = {from}")))));
    }
    rendered.schema(table::drop(BACKEND, before));
    rendered.schema("PRAGMA legacy_alter_table = ON".to_owned());
    rendered.schema(table::rename(BACKEND, &temporary, &after.name.name));
    rendered.schema("PRAGMA legacy_alter_table = OFF".to_owned());
    for index in &after.indexes {
        rendered.schema(index::create(BACKEND, after, index)?);
    }
    for trigger in state.triggers_on(after.id) {
        rendered.schema(raw::closed(&trigger.sql));
    }
    Ok(rendered)
}

fn numbered(table: &Table) -> bool {
    table.columns.iter().any(|column| column.auto_increment)
}

/// The columns of the new table with what is copied into each; columns left out take their defaults.
fn copies<'t>(
    contexts: &[ChangeContext<'_>],
    before: &Table,
    after: &'t Table,
) -> Result<Vec<(&'t str, String)>, RenderError> {
    let mut values: HashMap<ColumnId, (Option<&Expr>, Option<&Scalar>)> = HashMap::new();
    for change in contexts.iter().filter_map(|context| TableChange::of(context.change)) {
        values.extend(change.values().map(|(column, using, fill)| (column, (using, fill))));
    }
    let mut copies = Vec::with_capacity(after.columns.len());
    for column in after.columns.iter().filter(|column| column.generated.is_none()) {
        let name = column.name.as_str();
        let (using, fill) = values.get(&column.id).copied().unwrap_or_default();
        if let Some(source) = before.column(column.id) {
            copies.push((name, converted((using, fill), source, column, before)?));
        } else if let Some(fill) = fill {
            copies.push((name, value::scalar(BACKEND, fill, column, before)?));
        }
    }
    if copies.is_empty() {
        // Nothing of a row stays; still there are as many rows as before.
        if let Some(column) = after.columns.iter().find(|column| !column.auto_increment && column.generated.is_none()) {
            let value =
                column.default.as_ref().map(|value| value::scalar(BACKEND, value, column, after)).transpose()?;
            copies.push((&column.name, value.unwrap_or_else(|| "NULL".to_owned())));
        }
    }
    Ok(copies)
}

fn converted(
    (using, fill): (Option<&Expr>, Option<&Scalar>),
    source: &Column,
    column: &Column,
    before: &Table,
) -> Result<String, RenderError> {
    let old = using.map_or_else(|| BACKEND.ident(&source.name), |using| expression(BACKEND, using, before));
    Ok(match fill.filter(|_| !column.null) {
        Some(fill) => format!("COALESCE({old}, {})", value::scalar(BACKEND, fill, column, before)?),
        None => old,
    })
}
