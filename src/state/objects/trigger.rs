//! Triggers: kept as their authors wrote them, with their table's name of the moment.

use std::ops::Range;
use std::sync::Arc;

use super::{Declaration, Object, ObjectKind, Phase, SchemaObject, StandaloneObject, ToObject, take};
use crate::backend::Backend;
use crate::ident::TableName;
use crate::state::{ColumnId, Mode, Namespace, Resource, SqlAccess, State, StateError, TableId, Uses, Verb, say};

/// A trigger, kept as its author wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    pub name: String,
    /// The table (or view) it fires on, by the name of the moment.
    pub table: TableName,
    /// Its identity, where it is a table of the state.
    pub table_id: Option<TableId>,
    /// The whole `CREATE TRIGGER` statement with the table's name of the moment, without a closing semicolon.
    pub sql: String,
    /// The statement as its author wrote it, and where the table's name stands in it.
    pub written: (String, TableName, Range<usize>),
    /// Columns that it names.
    pub columns: Vec<(TableId, ColumnId)>,
    /// What it touches besides; of one that raw SQL made, its statement says it.
    pub access: Arc<SqlAccess>,
}

impl Trigger {
    /// The same trigger after a rename of its table.
    pub(in crate::state) fn follow(&mut self, to: &TableName, backend: Backend) {
        let (text, name, range) = &self.written;
        self.table = to.clone();
        if name == to {
            self.sql.clone_from(text);
            return;
        }
        if let (Some(before), Some(after)) = (text.get(..range.start), text.get(range.end..)) {
            self.sql = format!("{before}{}{after}", backend.table(to));
        }
    }
}

impl SchemaObject for Trigger {
    fn kind(&self) -> ObjectKind {
        ObjectKind::Trigger
    }

    fn full_name(&self) -> String {
        format!("{} on {}", self.name, self.table)
    }

    fn schema(&self) -> Option<&str> {
        self.table.schema.as_deref()
    }

    fn fact(&self, _: &State) -> String {
        format!("trigger {} on {}: {}", self.name, self.table, self.sql)
    }
}

impl StandaloneObject for Trigger {
    fn phase(&self, _: &State) -> Phase {
        Phase::Triggers
    }

    fn declaration(&self, _: &State) -> Declaration {
        vec![
            ("create_trigger", self.name.as_str().into()),
            ("on", self.table.to_string().into()),
            ("definition", self.sql.as_str().into()),
        ]
    }

    /// Unique on its table or view on PostgreSQL, in the database elsewhere.
    fn name_claim(&self, state: &State) -> Option<(Namespace, String)> {
        let namespace = match self.table_id {
            _ if !state.backend.capabilities().schemas => Namespace::Triggers(None),
            Some(id) => Namespace::Triggers(Some(id)),
            None => Namespace::Relations(Some(format!("triggers on {}", state.fold(&self.table)))),
        };
        Some((namespace, self.name.clone()))
    }

    fn uses(&self, verb: Verb, uses: &mut Uses<'_>) {
        uses.push(Resource::Programs, Mode::Append, say!(uses, verb.does(), "trigger {} on {}", self.name, self.table));
        if let Some(table) = self.table_id.and_then(|id| uses.of_table(id)) {
            uses.push(Resource::Table(table.id), verb.held(), say!(uses, "has a trigger on", "{}", table.name));
            for (_, column) in &self.columns {
                uses.column(table, *column, verb.held(), "has a trigger that names");
            }
            uses.rules(table);
        }
        uses.in_text(&self.sql, verb.held());
        // What makes it holds for its way back too; a trigger that goes reads nothing.
        if verb != Verb::Drop {
            uses.raw(&self.access);
        }
    }

    fn create(&self, state: &mut State) -> Result<Object, StateError> {
        state.unknowns |= self.access.unread;
        state.objects.triggers.push(self.clone());
        Ok(self.object())
    }

    fn drop(&self, state: &mut State) -> Result<Object, StateError> {
        let same =
            |other: &Self| other.name == self.name && (other.table_id == self.table_id || other.table == self.table);
        take(&mut state.objects.triggers, self, same)
    }

    fn access(&self) -> Option<&SqlAccess> {
        Some(&self.access)
    }
}

impl State {
    /// Triggers, in the order they were made.
    #[must_use]
    pub fn triggers(&self) -> &[Trigger] {
        &self.objects.triggers
    }

    /// Triggers on a table, in the order they were made.
    pub fn triggers_on(&self, id: TableId) -> impl Iterator<Item = &Trigger> {
        self.objects.triggers.iter().filter(move |trigger| trigger.table_id == Some(id))
    }
}
