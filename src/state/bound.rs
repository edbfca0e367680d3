//! To which key a foreign key is bound. PostgreSQL binds it, when it is made, to one unique index over the columns
//! that it points to: the oldest. While it stands that index cannot go, though another would do as well.
//!
//! Ages are kept for keys that were added to a table that stood; those that came with it are older (0), the primary
//! key before unique constraints before indexes. A foreign key says what it is bound to only where it had a choice,
//! or has one now.

use std::sync::Arc;

use super::{ColumnId, ConstraintKind, ForeignKey, Index, IndexKey, State, StateError, Table, TableId};
use crate::backend::Backend;

/// A key's rank, the oldest first, and its name.
type Ranked<'t> = ((u32, u8), &'t str);

impl Index {
    /// The columns that it makes unique, if foreign keys may point to it.
    pub(super) fn key_columns(&self) -> Option<Vec<ColumnId>> {
        if !self.unique || self.predicate.is_some() {
            return None;
        }
        let column = |part: &super::IndexPart| match part.key {
            IndexKey::Column(id) => Some(id),
            IndexKey::Expr(_) => None,
        };
        self.parts.iter().map(column).collect()
    }
}

fn same(a: &[ColumnId], b: &[ColumnId]) -> bool {
    a.len() == b.len() && a.iter().all(|id| b.contains(id))
}

/// The keys of a table over just these columns.
fn keys<'t>(table: &'t Table, columns: &'t [ColumnId]) -> impl Iterator<Item = Ranked<'t>> {
    let primary = table.primary_key.iter().filter(|key| same(&key.columns, columns));
    let uniques = table.uniques.iter().filter(|unique| same(&unique.columns, columns));
    let indexes = table.indexes.iter().filter(|index| index.key_columns().is_some_and(|over| same(&over, columns)));
    primary
        .map(|key| ((key.age, 0), key.name.text.as_str()))
        .chain(uniques.map(|unique| ((unique.age, 1), unique.name.text.as_str())))
        .chain(indexes.map(|index| ((index.age, 2), index.name.as_str())))
}

/// The name of the oldest key over just these columns.
fn oldest(table: &Table, columns: &[ColumnId]) -> Option<String> {
    keys(table, columns).min_by_key(|(rank, _)| *rank).map(|(_, name)| name.to_owned())
}

impl State {
    fn binds(&self) -> bool {
        self.backend == Backend::Postgres
    }

    /// The key that a new foreign key of `own` will be bound to, where it has a choice.
    pub(super) fn binding(&self, key: &ForeignKey, own: &Table) -> Option<String> {
        let target = if key.table == own.id { own } else { self.tables.get(&key.table)?.as_ref() };
        if !self.binds() || keys(target, &key.references).nth(1).is_none() {
            return None;
        }
        oldest(target, &key.references)
    }

    /// A table that is about to be made: its keys are of one age, and its foreign keys are bound.
    pub(super) fn bound_anew(&self, table: &Arc<Table>) -> Arc<Table> {
        let aged = table.primary_key.iter().any(|key| key.age > 0)
            || table.uniques.iter().any(|unique| unique.age > 0)
            || table.indexes.iter().any(|index| index.age > 0);
        let to: Vec<Option<String>> = table.foreign_keys.iter().map(|key| self.binding(key, table)).collect();
        let same = table.foreign_keys.iter().zip(&to).all(|(key, to)| key.bound == *to);
        if same && !aged || !self.binds() {
            return Arc::clone(table);
        }
        let mut new = Table::clone(table);
        new.primary_key.iter_mut().for_each(|key| key.age = 0);
        new.uniques.iter_mut().for_each(|unique| unique.age = 0);
        new.indexes.iter_mut().for_each(|index| index.age = 0);
        for (key, to) in new.foreign_keys.iter_mut().zip(to) {
            key.bound = to;
        }
        Arc::new(new)
    }

    /// The age of a key that is about to be added. Foreign keys that had no choice stay with what they have.
    pub(super) fn key_age(&mut self, table: TableId, columns: &[ColumnId]) -> u32 {
        if !self.binds() {
            return 0;
        }
        self.bind_referrers(table, |key, target| {
            (key.bound.is_none() && same(&key.references, columns)).then(|| oldest(target, &key.references)).flatten()
        });
        self.fresh()
    }

    /// A column gets another type: its keys are made anew, constraints before indexes, and foreign keys after.
    pub(super) fn keys_rebuilt(&mut self, id: TableId, column: ColumnId) {
        let Some(table) = self.tables.get(&id).filter(|_| self.binds()).map(Arc::clone) else { return };
        let over = |columns: &[ColumnId]| columns.contains(&column);
        let referred = self.referrers.get(&id).is_some_and(|by| !by.is_empty());
        let keyed = table.primary_key.iter().any(|key| over(&key.columns))
            || table.uniques.iter().any(|unique| over(&unique.columns));
        if !referred || !keyed {
            return;
        }
        // Each kind in the order in which its keys were made.
        let primary = table.primary_key.iter().filter(|key| over(&key.columns)).map(|key| ((key.age, 0), 0));
        let uniques = table.uniques.iter().enumerate().filter(|(_, unique)| over(&unique.columns));
        let mut constraints: Vec<_> = primary.chain(uniques.map(|(at, unique)| ((unique.age, 1), at))).collect();
        let indexes = table.indexes.iter().enumerate().filter(|(_, index)| index.mentions(column));
        let mut indexes: Vec<_> = indexes.map(|(at, index)| ((index.age, 2), at)).collect();
        constraints.sort_unstable();
        indexes.sort_unstable();
        for ((_, kind), at) in constraints.into_iter().chain(indexes) {
            let made = self.fresh();
            let Some(table) = self.tables.get_mut(&id).map(Arc::make_mut) else { return };
            match kind {
                0 => table.primary_key.iter_mut().for_each(|key| key.age = made),
                1 => table.uniques.get_mut(at).into_iter().for_each(|unique| unique.age = made),
                _ => table.indexes.get_mut(at).into_iter().for_each(|index| index.age = made),
            }
        }
        self.bind_referrers(id, |key, target| {
            let choice = over(&key.references) && keys(target, &key.references).nth(1).is_some();
            choice.then(|| oldest(target, &key.references)).flatten()
        });
    }

    /// A key gets another name.
    pub(super) fn key_renamed(&mut self, table: TableId, from: &str, to: &str) {
        self.bind_referrers(table, |key, _| (key.bound.as_deref() == Some(from)).then(|| to.to_owned()));
    }

    /// Binds foreign keys to a table as `to` says; those that it says nothing of stay as they are.
    fn bind_referrers(&mut self, id: TableId, to: impl Fn(&ForeignKey, &Table) -> Option<String>) {
        let Some(by) = self.referrers.get(&id).filter(|by| !by.is_empty()) else { return };
        let Some(target) = self.tables.get(&id).map(Arc::clone) else { return };
        for referrer in by.keys().copied().collect::<Vec<_>>() {
            let Some(table) = self.tables.get_mut(&referrer) else { continue };
            for at in 0..table.foreign_keys.len() {
                let bound = table.foreign_keys.get(at).filter(|key| key.table == id).and_then(|key| to(key, &target));
                let key = bound.is_some().then(|| Arc::make_mut(table).foreign_keys.get_mut(at)).flatten();
                if let Some(key) = key {
                    key.bound = bound;
                }
            }
        }
    }

    /// The foreign key that a key of a table cannot go without: its table's name and its own.
    pub(super) fn bound_to(&self, table: &Table, name: &str) -> Option<(&Table, &ForeignKey)> {
        if !self.binds() {
            return None;
        }
        self.referrers(table.id).into_iter().find_map(|referrer| {
            let to = |key: &&ForeignKey| {
                let bound = key.bound.clone().or_else(|| oldest(table, &key.references));
                key.table == table.id && bound.as_deref() == Some(name)
            };
            referrer.foreign_keys.iter().find(to).map(|key| (referrer.as_ref(), key))
        })
    }

    pub(super) fn key_may_go(&self, table: &Table, name: &str) -> Result<(), StateError> {
        match self.bound_to(table, name) {
            None => Ok(()),
            Some((by, key)) => {
                Err(StateError::KeyNeeded { key: name.to_owned(), by: by.name.clone(), foreign: key.name.text.clone() })
            }
        }
    }

    /// The same of a constraint, whatever its kind.
    pub(super) fn constraint_may_go(&self, table: TableId, kind: ConstraintKind, name: &str) -> Result<(), StateError> {
        match (kind, self.tables.get(&table)) {
            (ConstraintKind::PrimaryKey | ConstraintKind::Unique, Some(table)) => self.key_may_go(table, name),
            _ => Ok(()),
        }
    }
}
