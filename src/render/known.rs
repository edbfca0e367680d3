//! What the migrations know of a table before they rebuild it (SQLite). A rebuild makes the table
//! anew from what is known, so anything else that it holds would be lost.

use std::collections::HashSet;

use super::model::Known;
use crate::backend::Backend;
use crate::plan::Step;
use crate::state::{SharedTable, State, TableId};

/// The tables that a step is about, as they are before it; shared, so that keeping them costs nothing.
pub(super) fn tables(step: &Step, state: &State) -> Vec<(SharedTable, Vec<String>)> {
    let mut seen: HashSet<TableId> = HashSet::new();
    let changes = step.parts.iter().flat_map(|part| &part.changes);
    let ids = changes.filter_map(crate::state::Change::table).filter(|id| seen.insert(*id)).collect::<Vec<_>>();
    let triggers = |id| state.triggers_on(id).map(|trigger| trigger.name.clone()).collect();
    ids.into_iter().filter_map(|id| state.table(id).map(|table| (SharedTable::clone(table), triggers(id)))).collect()
}

/// Of those tables the ones that were rebuilt, with the question to ask of the database.
pub(super) fn rebuilt(tables: Vec<(SharedTable, Vec<String>)>, rebuilt: &[TableId]) -> Vec<Known> {
    let tables = tables.into_iter().filter(|(table, _)| rebuilt.contains(&table.id));
    tables
        .map(|(table, triggers)| {
            let columns = table.columns.iter().map(|column| column.name.clone());
            let indexes = table.indexes.iter().map(|index| index.name.clone());
            let name = Backend::Sqlite.string(&table.name.name);
            Known {
                table: table.name.name.clone(),
                names: columns.chain(indexes).chain(triggers).collect(),
                sql: format!(
                    "SELECT 'column', name FROM pragma_table_xinfo({name}) UNION ALL \
                     SELECT type, name FROM sqlite_master WHERE tbl_name = {name} COLLATE NOCASE \
                     AND type IN ('index', 'trigger') AND sql IS NOT NULL"
                ),
            }
        })
        .collect()
}
