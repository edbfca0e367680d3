//! A state made anew: the changes that lead to it from nothing, and nothing of how it came about.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Change, Constraint, Function, State, Table, TableId};
use crate::sql_text::mentions;

impl State {
    /// The changes that make this state from the empty one, each after what it needs: extensions, schemas, enums, functions,
    /// tables (one that is referred to before those that refer to it; in a circle keys come last), views, triggers.
    ///
    /// What only its author says to stand, and rows, are no part of it.
    #[must_use]
    pub fn anew(&self) -> Vec<Change> {
        let mut changes: Vec<Change> = self.extensions.iter().cloned().map(Change::create).collect();
        changes.extend(self.schemas.iter().cloned().map(Change::create));
        changes.extend(self.enums.iter().cloned().map(Change::create));
        let (after, before): (Vec<&Function>, Vec<&Function>) = self
            .functions
            .iter()
            .filter(|function| function.sql.is_some())
            .partition(|function| self.speaks_of_a_relation(function));
        changes.extend(before.into_iter().cloned().map(Change::create));
        changes.extend(self.tables_anew());
        let of_view = |function: &&Function| self.views.iter().any(|view| speaks_of(function, &view.name.name));
        let (last, after): (Vec<&Function>, Vec<&Function>) = after.into_iter().partition(of_view);
        changes.extend(after.into_iter().cloned().map(Change::create));
        changes.extend(self.views.iter().cloned().map(Change::create));
        changes.extend(last.into_iter().cloned().map(Change::create));
        changes.extend(self.triggers.iter().cloned().map(Change::create));
        changes
    }

    /// Whether a function may need a table or a view to stand when it is made.
    fn speaks_of_a_relation(&self, function: &Function) -> bool {
        self.tables.values().any(|table| speaks_of(function, &table.name.name))
            || self.views.iter().any(|view| speaks_of(function, &view.name.name))
    }

    /// The tables, those first that others refer to; keys within a circle behind all of them.
    fn tables_anew(&self) -> Vec<Change> {
        let mut left: Vec<&Arc<Table>> = self.tables.values().collect();
        left.sort_by_key(|table| table.id);
        let mut made: HashSet<TableId> = HashSet::new();
        let mut changes = Vec::with_capacity(left.len());
        let mut late = Vec::new();
        while !left.is_empty() {
            let needs = |table: &Table, key: &super::ForeignKey, made: &HashSet<TableId>| {
                key.table != table.id && !made.contains(&key.table) && self.tables.contains_key(&key.table)
            };
            let free = left.iter().position(|table| !table.foreign_keys.iter().any(|key| needs(table, key, &made)));
            // In a circle the first one goes ahead, without the keys that wait.
            let table = left.remove(free.unwrap_or(0));
            made.insert(table.id);
            let (wait, own): (Vec<_>, Vec<_>) =
                table.foreign_keys.iter().cloned().partition(|key| needs(table, key, &made));
            if wait.is_empty() {
                changes.push(Change::CreateTable(Arc::clone(table)));
                continue;
            }
            changes.push(Change::CreateTable(Arc::new(Table { foreign_keys: own, ..Table::clone(table) })));
            let keys = wait.into_iter().map(Constraint::ForeignKey);
            late.extend(keys.map(|constraint| Change::AddConstraint { table: table.id, constraint }));
        }
        changes.extend(late);
        changes
    }
}

/// Whether a function needs something of that name when it is made: anything of one in SQL, which the database reads then;
/// the types of any other.
fn speaks_of(function: &Function, name: &str) -> bool {
    let sql = function.sql.as_deref().unwrap_or_default();
    if function.is_read_when_made() {
        return mentions(sql, name);
    }
    function.head_names().iter().any(|other| other.rsplit('.').next() == Some(name))
}
