//! The changes that make a state from nothing, and nothing of how it came about.

use std::collections::HashSet;
use std::sync::Arc;

use super::objects::Phase;
use super::{Change, Constraint, State, Table, TableId};

impl State {
    /// The changes that make this state from the empty one, each after what it needs: objects by their phase, a table that is
    /// referred to before those that refer to it; in a circle keys come last.
    ///
    /// What only its author says exists, and rows, are no part of it.
    #[must_use]
    pub fn creation_changes(&self) -> Vec<Change> {
        let objects = self.standalone();
        let (before, after) = objects.split_at(objects.partition_point(|one| one.phase(self) == Phase::BeforeTables));
        let made = |objects: &[&dyn super::StandaloneObject]| -> Vec<Change> {
            objects.iter().map(|one| Change::Create(one.object())).collect()
        };
        [made(before), self.table_creation(), made(after)].concat()
    }

    /// The tables, those first that others refer to; keys within a circle behind all of them.
    fn table_creation(&self) -> Vec<Change> {
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
