//! CREATE TRIGGER: what it needs, and what it may speak of.

use super::head::{is_same, strangers};
use super::{Found, Reader, Step, Stop, is_row_id};
use crate::backend::Backend;
use crate::diagnostic::Code;
use crate::ident::TableName;
use crate::state::Trigger;
use crate::state::bind::is_system_column;

impl Reader<'_, '_> {
    /// Says what a new trigger lacks, and keeps what it may speak of.
    pub(super) fn trigger_stands(&mut self, trigger: &Trigger) -> Step {
        if trigger.table_id.is_none() {
            self.read.access.names.push(trigger.table.clone());
            if matches!(self.look_up(&trigger.table), Found::Absent) {
                return Err(self.no_table(&trigger.table));
            }
        }
        let state = &self.trial.state;
        let fold = |name: &str| self.backend().fold(name).into_owned();
        let twice = state.objects.triggers.iter().any(|other| match self.backend() {
            // Their names are the database's there.
            Backend::Mysql => fold(&other.name) == fold(&trigger.name),
            Backend::Sqlite | Backend::Postgres => is_same(other, &trigger.name, trigger.table_id, state),
        });
        if twice && state.knows_all() {
            let message = format!("trigger `{}` on `{}` stands already", trigger.name, trigger.table);
            return Err(self.wrong(Code::AlreadyExists, message));
        }
        let (unknown, words) = strangers(trigger, state);
        let table = trigger.table_id.and_then(|id| state.table(id).cloned());
        let knows_all = state.knows_all();
        if let Some(table) = table {
            let lookups = words.iter().filter(|word| self.column_named(&table, word).is_none());
            let lookups: Vec<_> = lookups.map(|word| (table.id, word.clone())).collect();
            self.read.access.lookups.extend(lookups);
            if let Some(name) = unknown.first() {
                let message =
                    format!("trigger `{}` names `{name}`, which `{}` does not have", trigger.name, table.name);
                match self.backend() {
                    // SQLite makes it, and fails where it fires and where a table is altered.
                    Backend::Sqlite if knows_all && !is_row_id(name) => self.warn(Code::UnknownColumn, message),
                    Backend::Postgres if !knows_all || is_system_column(name) => return Err(Stop::Unread),
                    Backend::Postgres => return Err(self.wrong(Code::UnknownColumn, message)),
                    Backend::Sqlite | Backend::Mysql => {}
                }
            }
        }
        // On SQLite its body stands in it, and speaks of other tables.
        if self.backend() == Backend::Sqlite {
            for word in &words {
                let name = TableName::bare(word.clone());
                let Some(other) = self.trial.state.table_named(&name).cloned() else {
                    self.read.access.names.push(name);
                    continue;
                };
                self.read.access.reads.push(other.id);
                for column in &other.columns {
                    if words.contains(&self.backend().fold(&column.name).into_owned()) {
                        self.read.access.columns.push((other.id, column.id));
                    }
                }
            }
        }
        Ok(())
    }
}
