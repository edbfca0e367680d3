//! What looks over the walk's shoulder: shows each change to the rules, and keeps what the
//! rules on whole migrations and on the whole history need.

use super::hidden_by_if_exists::Hidden;
use super::{Finder, RULES, Seen, down_does_not_restore::Before};
use crate::diagnostic::{Diagnostic, Direction, Span};
use crate::graph::NodeId;
use crate::operation::Migration;
use crate::state::{Change, State, TableId};

/// Sees every change of the one replay.
#[derive(Debug, Default)]
pub struct Observer {
    /// What was found.
    pub(super) found: Vec<Diagnostic>,
    /// Tables that the migration at hand made.
    made: Vec<TableId>,
    /// What the migration at hand touches, as it was before; for those with an authored way down.
    pub(super) before: Option<Before>,
    /// Names behind IF EXISTS that were not there.
    pub(super) hidden: Vec<Hidden>,
    /// Raw SQL that could not be read.
    pub(super) unreadable: Vec<String>,
}

impl Observer {
    pub(in crate::check) fn begin(&mut self, migration: &Migration) {
        self.made.clear();
        self.before = Before::wanted(migration);
    }

    /// A change is about to happen.
    pub(in crate::check) fn change(
        &mut self,
        migration: &Migration,
        direction: Direction,
        state: &State,
        change: &Change,
        span: Span,
    ) {
        if let Some(before) = &mut self.before {
            before.note(state, change);
        }
        if let Change::Sql { sql, access, .. } = change {
            if access.opaque {
                self.unreadable.push(sql.to_lowercase());
            }
            Hidden::gather(&migration.name, direction, state, sql, span, &mut self.hidden);
        }
        let seen = Seen { migration, direction, state, change, span, made: &self.made };
        for rule in RULES {
            if let Finder::Change(look) = rule.finder {
                look(&seen, &mut self.found);
            }
        }
        if let (Change::CreateTable(table), Direction::Up) = (change, direction) {
            self.made.push(table.id);
        }
    }

    /// A migration was undone right after it was applied; `failures` are what went wrong in that.
    pub(in crate::check) fn undone(&mut self, state: &State, migration: &Migration, failures: &[Diagnostic]) {
        for rule in RULES {
            if let Finder::Undone(look) = rule.finder {
                look(self, state, migration, failures);
            }
        }
    }

    /// Everything found, the whole history seen.
    pub(in crate::check) fn finish(mut self, migrations: &[Migration], order: &[NodeId]) -> Vec<Diagnostic> {
        for rule in RULES {
            if let Finder::History(look) = rule.finder {
                let found = look(&self, migrations, order);
                self.found.extend(found);
            }
        }
        self.found
    }
}
