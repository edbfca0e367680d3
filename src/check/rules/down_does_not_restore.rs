//! `down-does-not-restore`: an authored way down which, run right after its way up, leaves
//! another schema than the one before.
//!
//! Only what a migration touches is compared, so a whole history costs no more than its changes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::Observer;
use crate::diagnostic::{Code, Diagnostic, Direction};
use crate::ident::TableName;
use crate::operation::Migration;
use crate::state::{Change, StandaloneObject, State, Table, TableId};

/// What a migration touches, as it was before it.
#[derive(Debug, Default)]
pub(super) struct Before {
    /// Tables seen so far.
    tables: HashSet<TableId>,
    /// Their names before.
    names: BTreeSet<TableName>,
    /// Their facts before, by name.
    facts: Facts,
    /// Triggers and views: how often each was made more than dropped.
    programs: HashMap<String, i32>,
    /// Something could not be read, so nothing can be told.
    opaque: bool,
}

impl Before {
    /// A fresh one for migrations whose way down has something authored in it.
    pub(super) fn wanted(migration: &Migration) -> Option<Self> {
        let body = &migration.body;
        let authored = body.down.is_some() || body.up.iter().any(|operation| operation.kind.down().is_some());
        (authored && body.irreversible.is_none()).then(Self::default)
    }

    /// A change is about to happen on `state`.
    pub(super) fn note(&mut self, state: &State, change: &Change) {
        match change {
            Change::Sql { effects, access, .. } => {
                self.opaque |= access.opaque;
                for effect in effects {
                    self.note(state, effect);
                }
            }
            Change::Create(object) => self.object(state, object.get(), 1),
            Change::Drop(object) => self.object(state, object.get(), -1),
            Change::AlterEnum { from, to, .. } => {
                self.object(state, &**from, -1);
                self.object(state, &**to, 1);
            }
            Change::ReplaceFunction { from, to } => {
                self.object(state, from, -1);
                self.object(state, to, 1);
            }
            Change::CreateTable(table) => _ = self.tables.insert(table.id),
            Change::Insert { .. }
            | Change::Update { .. }
            | Change::Delete { .. }
            | Change::DeleteRows { .. }
            | Change::KeepRows(_)
            | Change::RestoreRows(_)
            | Change::Note(_) => {}
            Change::DropTable(_)
            | Change::RenameTable { .. }
            | Change::AddColumn { .. }
            | Change::DropColumn { .. }
            | Change::RenameColumn { .. }
            | Change::AlterColumn { .. }
            | Change::AddIndex { .. }
            | Change::DropIndex { .. }
            | Change::RenameIndex { .. }
            | Change::AddConstraint { .. }
            | Change::DropConstraint { .. }
            | Change::RenameConstraint { .. }
            | Change::RenameSequence { .. } => {
                let Some(id) = change.table().filter(|id| self.tables.insert(*id)) else { return };
                if let Some(table) = state.table(id) {
                    self.names.insert(table.name.clone());
                    describe(state, table, &mut self.facts);
                }
            }
        }
    }

    /// Something that is made once more, or once less.
    fn object(&mut self, state: &State, object: &dyn StandaloneObject, by: i32) {
        self.opaque |= object.access().is_some_and(|access| access.opaque);
        if object.is_known() {
            *self.programs.entry(object.fact(state)).or_default() += by;
        }
    }

    /// What is not as it was.
    fn differences(&self, state: &State) -> Vec<String> {
        let named = self.names.iter().filter_map(|name| state.table_named(name));
        let touched = self.tables.iter().filter_map(|id| state.table(*id));
        let mut now = Facts::new();
        for table in named.chain(touched) {
            describe(state, table, &mut now);
        }
        let mut lines: Vec<String> = beyond(&self.facts, &now).map(|line| format!("gone: {line}")).collect();
        lines.extend(beyond(&now, &self.facts).map(|line| format!("left: {line}")));
        let mut programs: Vec<_> = self.programs.iter().filter(|(_, count)| **count != 0).collect();
        programs.sort();
        lines.extend(programs.into_iter().map(|(what, count)| {
            let what = what.lines().next().unwrap_or_default();
            if *count > 0 { format!("left: {what}") } else { format!("gone: {what}") }
        }));
        lines
    }
}

type Facts = BTreeMap<TableName, BTreeSet<String>>;

fn describe(state: &State, table: &Table, facts: &mut Facts) {
    state.describe_table(table, facts.entry(table.name.clone()).or_default());
}

/// Facts that are not among others, for people: of a table that is not there at all, nothing else.
fn beyond<'f>(facts: &'f Facts, others: &'f Facts) -> impl Iterator<Item = String> + 'f {
    facts.iter().flat_map(|(name, lines)| match others.get(name) {
        None => vec![format!("table {name}")],
        Some(others) => lines.difference(others).cloned().collect(),
    })
}

pub(super) fn look(observer: &mut Observer, state: &State, migration: &Migration, failures: &[Diagnostic]) {
    const MOST_LINES: usize = 4;
    let Some(before) = observer.before.take() else { return };
    let failure = failures.iter().find(|failure| failure.is_error());
    if failure.is_some_and(|failure| matches!(failure.code, Code::NoWayDown | Code::Irreversible)) {
        return;
    }
    let lines = before.differences(state);
    if before.opaque || (lines.is_empty() && failure.is_none()) {
        return;
    }
    let message = format!("the way down of `{}` does not restore the schema before it", migration.name);
    let down = migration.body.down.as_ref().and_then(|down| down.first()).map(|operation| operation.spans.object());
    let of_an_operation =
        migration.body.up.iter().find_map(|operation| {
            operation.spans.parts.iter().find(|(name, _)| &**name == "down").map(|(_, span)| *span)
        });
    let span = down.or(of_an_operation).unwrap_or(migration.span).or(migration.span);
    let mut diagnostic = Diagnostic::new(Code::DownDoesNotRestore, message)
        .of(&migration.name)
        .on(state.backend())
        .going(Direction::Down)
        .at(span, "run right after its way up");
    if let Some(failure) = failure {
        diagnostic = diagnostic.note(format!("right after its way up: {}", failure.message));
    }
    for line in lines.iter().take(MOST_LINES) {
        diagnostic = diagnostic.note(line.clone());
    }
    if lines.len() > MOST_LINES {
        diagnostic = diagnostic.note(format!("and {} more", lines.len() - MOST_LINES));
    }
    observer.found.push(diagnostic.help("mend the `down`, or leave it out where it can be derived"));
}
