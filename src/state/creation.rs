//! The changes that make a state from nothing, and nothing of how it came about.

use std::collections::HashSet;
use std::sync::Arc;

use super::objects::Phase;
use super::{Change, ColumnPatch, Constraint, Scalar, StandaloneObject, State, Table, TableId};

impl State {
    /// The changes that make this state from the empty one, each after what it needs: objects by their phase, a table that is
    /// referred to before those that refer to it; in a circle keys come last.
    ///
    /// What only its author says exists, and rows, are no part of it.
    #[must_use]
    pub fn creation_changes(&self) -> Vec<Change> {
        let objects = self.standalone();
        let until = |phase: Phase| objects.partition_point(|one| one.phase(self) <= phase);
        let (before, after) = objects.split_at(until(Phase::BeforeTables));
        let (late, rest) = after.split_at(until(Phase::AfterTables) - before.len());
        let made = |objects: &[&dyn StandaloneObject]| -> Vec<Change> {
            objects.iter().map(|one| Change::Create(one.object())).collect()
        };
        let mut tables = self.table_creation();
        let defaults = late_defaults(&mut tables, late);
        [made(before), tables, made(late), defaults, made(rest)].concat()
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

/// Takes the defaults out of new tables that name an object which is made after them, and gives the changes that set them then.
fn late_defaults(tables: &mut [Change], late: &[&dyn StandaloneObject]) -> Vec<Change> {
    let names: Vec<String> = late.iter().map(|object| bare(&object.full_name())).collect();
    let is_late = |default: &Scalar| match default {
        Scalar::Expr(expr) => {
            let called = expr.called().any(|called| names.iter().any(|name| name.eq_ignore_ascii_case(called)));
            called || expr.names_in_casts().iter().any(|named| names.contains(&bare(named)))
        }
        Scalar::Literal(_) => false,
    };
    let mut changes = Vec::new();
    for change in tables {
        let Change::CreateTable(table) = change else { continue };
        if !table.columns.iter().any(|column| column.default.as_ref().is_some_and(is_late)) {
            continue;
        }
        let table = Arc::make_mut(table);
        for column in &mut table.columns {
            if let Some(default) = column.default.take_if(|default| is_late(default)) {
                let patch = ColumnPatch { default: Some(Some(default)), ..ColumnPatch::default() };
                let (table, column) = (table.id, column.id);
                changes.push(Change::AlterColumn { table, column, patch, using: None, using_down: None, fill: None });
            }
        }
    }
    changes
}

/// A name without the schema in front and the arguments behind.
fn bare(name: &str) -> String {
    let name = name.split('(').next().unwrap_or(name);
    name.rsplit('.').next().unwrap_or(name).to_owned()
}
