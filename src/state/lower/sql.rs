//! Raw SQL: each statement a change, with what could be read of it.

use super::super::read_sql::effects;
use super::{Change, Changes, Lower};
use crate::operation::Text;
use crate::operation::sql_text::split_statements;
use crate::state::SqlAccess;

impl Lower<'_> {
    pub(super) fn sql(&mut self, statements: &[Text], batch: bool) -> Changes {
        let mut texts = Vec::new();
        for (at, text) in statements.iter().enumerate() {
            let part = if statements.len() == 1 { "sql".to_owned() } else { format!("sql.{at}") };
            let text = self.branch(text, &part)?;
            texts.push(text.clone());
        }
        Some(raw_changes(&texts, batch, self.state))
    }
}

/// Raw statements as changes. Effects are read one after the other, so that a later
/// statement sees what an earlier one made.
pub(crate) fn raw_changes(texts: &[String], batch: bool, state: &crate::state::State) -> Vec<Change> {
    let mut scratch: Option<crate::state::State> = None;
    let mut changes = Vec::new();
    for text in texts {
        let ranges = if batch {
            split_statements(text, Some(state.backend()))
        } else {
            std::iter::once(0..text.len()).collect()
        };
        for range in ranges {
            let sql = text.get(range).unwrap_or_default().trim().trim_end_matches(';').trim_end().to_owned();
            if sql.is_empty() {
                continue;
            }
            let effects = effects(&sql, scratch.as_ref().unwrap_or(state));
            let access = SqlAccess { opaque: effects.is_empty(), ..SqlAccess::default() };
            let change = Change::Sql { sql, effects: effects.clone(), access };
            if !effects.is_empty() {
                // Only statements that make or drop triggers and views need the copy.
                let _ = scratch.get_or_insert_with(|| state.clone()).apply(&change);
            }
            changes.push(change);
        }
    }
    changes
}
