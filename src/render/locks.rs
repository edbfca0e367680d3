//! PostgreSQL: which locks a change takes in the server's shared lock table, counted by what
//! `pg_locks` shows on version 15. SQLite has one lock for all.

use std::collections::HashSet;

use crate::operation::DataType;
use crate::state::{Change, ConstraintKind, Object, State, Table, TableId};

/// One entry of the lock table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Lock {
    /// A table itself.
    Table(TableId),
    /// Something that belongs to a table that stood before, by a number within it.
    Part(TableId, String),
    /// Something new, by a running number.
    Fresh(u64),
}

/// Collects the locks of a step.
#[derive(Debug, Default)]
pub(super) struct Locks {
    taken: HashSet<Lock>,
    fresh: u64,
}

impl Locks {
    /// The locks since the last call.
    pub(super) fn take(&mut self) -> HashSet<Lock> {
        std::mem::take(&mut self.taken)
    }

    /// Adds what a change takes. `before` and `after` are its table around it.
    pub(super) fn add(&mut self, change: &Change, before: Option<&Table>, after: Option<&Table>, state: &State) {
        match change {
            Change::CreateTable(table) => self.create(table),
            Change::DropTable(_) => before.into_iter().for_each(|table| self.drop(table)),
            Change::AddColumn { .. } | Change::AlterColumn { .. } => {
                // Where the table is written anew: a second heap with its types, and each index again.
                let table = after.or(before);
                if let Some(table) = table {
                    self.whole(table);
                    self.fresh(4 + u64::from(has_toast(table)) * 2);
                }
            }
            Change::AddConstraint { constraint, .. } => {
                self.taken.extend(after.map(|table| Lock::Table(table.id)));
                self.fresh(2);
                if let crate::state::Constraint::ForeignKey(key) = constraint {
                    self.taken.insert(Lock::Table(key.table));
                    state.table(key.table).into_iter().for_each(|table| self.whole(table));
                }
            }
            Change::DropConstraint { kind, name, .. } => {
                let Some(table) = before else { return };
                self.taken.insert(Lock::Table(table.id));
                self.part(table, name);
                match kind {
                    ConstraintKind::ForeignKey => {
                        self.fresh(4);
                        let keys = table.foreign_keys.iter().filter(|key| key.name.text == *name);
                        self.taken.extend(keys.map(|key| Lock::Table(key.table)));
                    }
                    ConstraintKind::PrimaryKey | ConstraintKind::Unique => self.fresh(1),
                    ConstraintKind::Check => {}
                }
            }
            Change::DropColumn { .. } | Change::AddIndex { .. } | Change::DropIndex { .. } => {
                self.taken.extend(before.map(|table| Lock::Table(table.id)));
                self.fresh(2);
            }
            Change::RenameTable { .. }
            | Change::RenameColumn { .. }
            | Change::RenameConstraint { .. }
            | Change::RenameIndex { .. }
            | Change::RenameSequence { .. } => {
                self.taken.extend(before.map(|table| Lock::Table(table.id)));
                self.fresh(1);
            }
            Change::Insert { .. } | Change::Update { .. } | Change::Delete { .. } | Change::DeleteRows { .. } => {
                if let Some(table) = after {
                    self.whole(table);
                    self.taken.extend(table.foreign_keys.iter().map(|key| Lock::Table(key.table)));
                }
            }
            Change::KeepRows(kept) | Change::RestoreRows(kept) => {
                if let Some(table) = after.or(before) {
                    self.whole(table);
                }
                self.create(&kept.beside);
            }
            // What raw SQL touches nobody knows; a handful is the usual.
            Change::Sql { .. } => self.fresh(5),
            // What is in one nobody knows; many have some hundred functions.
            Change::Create(Object::Extension(_)) | Change::Drop(Object::Extension(_)) => self.fresh(100),
            Change::Create(_) | Change::Drop(_) | Change::ReplaceFunction { .. } => self.fresh(3),
            Change::AlterEnum { to, .. } => {
                self.fresh(5);
                for (table, _) in state.columns_of_enum(&to.name) {
                    self.whole(table);
                }
            }
            Change::Note(_) => {}
        }
    }

    /// CREATE TABLE: the table and its row type, an index and an entry for each key, an entry for each
    /// foreign key and the table it points to, an identity's sequence, the toast table.
    fn create(&mut self, table: &Table) {
        self.parts(table, 1 + table.foreign_keys.len());
    }

    /// DROP TABLE: every object that goes with it, one by one, with its types and its keys' triggers.
    fn drop(&mut self, table: &Table) {
        let defaults = table.columns.iter().filter(|column| column.default.is_some()).count();
        self.parts(table, 2 + 5 * table.foreign_keys.len() + table.checks.len() + defaults);
    }

    /// A table that comes or goes, with its keys, indexes, sequences and so many objects besides.
    fn parts(&mut self, table: &Table, besides: usize) {
        let keys = table.uniques.len() + usize::from(table.primary_key.is_some());
        let numbered = table.columns.iter().filter(|column| column.auto_increment).count();
        let count = 2 * keys + table.indexes.len() + numbered + besides;
        self.fresh(count as u64 + u64::from(has_toast(table)) * 2);
        self.taken.insert(Lock::Table(table.id));
        self.taken.extend(table.foreign_keys.iter().map(|key| Lock::Table(key.table)));
    }

    /// A table with its indexes.
    fn whole(&mut self, table: &Table) {
        self.taken.insert(Lock::Table(table.id));
        for index in &table.indexes {
            self.part(table, &index.name);
        }
        for name in table.primary_key.iter().map(|key| &key.name).chain(table.uniques.iter().map(|key| &key.name)) {
            self.part(table, &name.text);
        }
    }

    fn part(&mut self, table: &Table, name: &str) {
        self.taken.insert(Lock::Part(table.id, name.to_owned()));
    }

    fn fresh(&mut self, count: u64) {
        for _ in 0..count {
            self.fresh += 1;
            self.taken.insert(Lock::Fresh(self.fresh));
        }
    }
}

/// Whether PostgreSQL gives the table a place for long values: where a row can be longer than about 2000 bytes.
fn has_toast(table: &Table) -> bool {
    let mut bytes = 0u64;
    for column in &table.columns {
        bytes += match &column.data_type {
            DataType::Text
            | DataType::Binary(_)
            | DataType::Blob
            | DataType::Json
            | DataType::Jsonb
            | DataType::Vector(_)
            | DataType::Array(_)
            | DataType::Verbatim(_) => return true,
            DataType::Char(n) | DataType::String(n) => u64::from(*n) * 4,
            DataType::Decimal { precision, .. } => 8 + u64::from(*precision) / 2,
            DataType::Uuid | DataType::Interval | DataType::Inet | DataType::Cidr => 19,
            DataType::SmallInt { .. }
            | DataType::Integer { .. }
            | DataType::BigInt { .. }
            | DataType::Float
            | DataType::Double
            | DataType::Boolean
            | DataType::Date
            | DataType::Time
            | DataType::DateTime
            | DataType::TimestampTz
            | DataType::Macaddr
            | DataType::Enum(_) => 8,
        };
    }
    bytes > 1990
}
