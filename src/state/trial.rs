//! Trying changes on a state and taking them back: reading raw SQL must see what the
//! statements before it make, while the state itself is not to change yet.

use std::collections::HashMap;

use super::{Change, Function, SharedTable, State, StateError, TableId, Trigger, View};

/// A state with changes tried on it, until [`Trial::end`] takes them back.
pub(super) struct Trial<'a> {
    pub(super) state: &'a mut State,
    inverses: Vec<Change>,
    /// Tables as they were: an inverse may put a column elsewhere.
    tables: HashMap<TableId, SharedTable>,
    programs: Option<(Vec<Trigger>, Vec<View>, Vec<Function>)>,
    unknowns: bool,
}

impl<'a> Trial<'a> {
    pub(super) fn new(state: &'a mut State) -> Self {
        let unknowns = state.unknowns;
        Self { state, inverses: Vec::new(), tables: HashMap::new(), programs: None, unknowns }
    }

    /// Tries one change.
    pub(super) fn apply(&mut self, change: &Change) -> Result<(), StateError> {
        if let Some(table) = change.table().and_then(|id| self.state.table(id)) {
            self.tables.entry(table.id).or_insert_with(|| SharedTable::clone(table));
        }
        let moves_programs = matches!(
            change,
            Change::Create(_)
                | Change::Drop(_)
                | Change::ReplaceFunction { .. }
                | Change::DropTable(_)
                | Change::RenameTable { .. }
                | Change::RenameColumn { .. }
        );
        if moves_programs && self.programs.is_none() {
            let state = &self.state;
            self.programs =
                Some((state.objects.triggers.clone(), state.objects.views.clone(), state.objects.functions.clone()));
        }
        self.inverses.extend(self.state.apply(change)?);
        Ok(())
    }

    /// Takes everything back. Identities given out meanwhile stay given out.
    pub(super) fn end(self) {
        let Self { state, inverses, tables, programs, unknowns } = self;
        for inverse in inverses.iter().rev() {
            // Each undoes what was just applied, so it cannot fail.
            let _ = state.apply(inverse);
        }
        for (id, table) in tables {
            if let Some(slot) = state.tables.get_mut(&id) {
                *slot = table;
            }
        }
        if let Some((triggers, views, functions)) = programs {
            state.objects.triggers = triggers;
            state.objects.views = views;
            state.objects.functions = functions;
        }
        state.unknowns = unknowns;
    }
}
