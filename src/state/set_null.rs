//! Keys that set their columns to NULL over columns that cannot be NULL. SQLite and PostgreSQL let both be, and fail when
//! such a row is changed; MySQL and MariaDB refuse the key, and NOT NULL under the key.

use super::trial::Trial;
use super::{Change, Constraint, State, StateError};
use crate::operation::Action;

impl State {
    /// Before changes: whether each key that sets its columns to NULL can do so after each of them.
    pub(super) fn may_set_null(&mut self, changes: &[Change]) -> Result<(), StateError> {
        if !changes.iter().any(|change| self.may_break_keys(change)) {
            return Ok(());
        }
        let mut trial = Trial::new(self);
        let failed = changes.iter().try_for_each(|change| trial.apply(change));
        trial.end();
        // Whatever else is wrong is said where it is looked at.
        failed.or_else(|error| if matches!(error, StateError::SetsNull { .. }) { Err(error) } else { Ok(()) })
    }

    /// After a change: whether each key that sets its columns to NULL can do so, where the backend asks.
    pub(super) fn keys_can_set_null(&self, change: &Change) -> Result<(), StateError> {
        if !self.may_break_keys(change) {
            return Ok(());
        }
        for table in change.each().iter().filter_map(|part| self.table(part.table()?)) {
            let sets = |action| action == Action::SetNull;
            for key in table.foreign_keys.iter().filter(|key| sets(key.on_delete) || sets(key.on_update)) {
                if let Some(column) = key.columns.iter().filter_map(|id| table.column(*id)).find(|column| !column.null)
                {
                    return Err(StateError::SetsNull {
                        key: key.name.text.clone(),
                        table: table.name.clone(),
                        column: column.name.clone(),
                    });
                }
            }
        }
        Ok(())
    }

    fn may_break_keys(&self, change: &Change) -> bool {
        let may = |part: &Change| {
            matches!(part, Change::CreateTable(_) | Change::AddConstraint { constraint: Constraint::ForeignKey(_), .. })
                || matches!(part, Change::AlterColumn { patch, .. } if patch.null == Some(false))
        };
        !self.backend.capabilities().keys_may_set_null_anywhere && change.each().iter().any(may)
    }
}
