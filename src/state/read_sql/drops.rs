//! DROP TABLE, DROP INDEX, DROP VIEW, DROP TRIGGER, and ALTER INDEX.

use std::sync::Arc;

use sqlparser::ast::{AlterIndexOperation, DropTrigger, ObjectName};

use super::{Found, Reader, Step, Stop, may_mention};
use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::ident::TableName;
use crate::sql_text::lexemes;
use crate::state::{
    Change, Column, ColumnId, ConstraintKind, Namespace, Object, ObjectKind, Table, TableId, Trigger, View,
};

impl Reader<'_, '_> {
    pub(super) fn drop_tables(&mut self, names: &[ObjectName], if_exists: bool, cascade: bool) -> Step {
        let mut tables = Vec::with_capacity(names.len());
        for name in names {
            tables.extend(self.table(name, if_exists)?);
        }
        let going: Vec<TableId> = tables.iter().map(|table| table.id).collect();
        for table in &tables {
            self.let_go(table, &going, cascade)?;
            let triggers: Vec<_> = self.trial.state.triggers_on(table.id).cloned().collect();
            for trigger in triggers {
                self.put(Change::drop(trigger))?;
            }
        }
        for table in &tables {
            self.put(Change::DropTable(table.id))?;
        }
        Ok(())
    }

    /// Takes away the keys and views that hold a table which is to go, where the statement does so too.
    fn let_go(&mut self, table: &Table, going: &[TableId], cascade: bool) -> Step {
        self.takes_nothing_along(table.id, None)?;
        let postgres = self.backend() == Backend::Postgres;
        // SQLite leaves keys behind, pointing nowhere.
        let referrers = if postgres { self.referrers(table) } else { Vec::new() };
        for referrer in referrers.iter().filter(|referrer| referrer.id != table.id) {
            for key in referrer.foreign_keys.iter().filter(|key| key.table == table.id) {
                if !cascade && !going.contains(&referrer.id) {
                    let name = &key.name.text;
                    let message =
                        format!("table `{}` is still referred to by `{}` (key `{name}`)", table.name, referrer.name);
                    let help = format!("drop the key first: `ALTER TABLE {} DROP CONSTRAINT {name}`", referrer.name);
                    return Err(self.needed(message, help));
                }
                self.put_drop(referrer.id, ConstraintKind::ForeignKey, &key.name)?;
            }
        }
        if !postgres {
            return Ok(());
        }
        let reads = |view: &View| view.reads.as_ref().map(|reads| reads.contains(&table.id));
        if cascade {
            return self.drop_readers(reads);
        }
        match self.trial.state.views().iter().rev().find(|view| reads(view) == Some(true)) {
            Some(view) => {
                let message = format!("table `{}` is still read by view `{}`", table.name, view.name);
                Err(self.needed(message, "drop the view first"))
            }
            None => Ok(()),
        }
    }

    /// What goes with a table or a column, and is no view or trigger, is not followed.
    pub(super) fn takes_nothing_along(&self, table: TableId, column: Option<ColumnId>) -> Step {
        let along = self.trial.state.held(table, column).filter(|(_, by)| by.kind() != ObjectKind::View);
        if along.is_some() { Err(Stop::Unread) } else { Ok(()) }
    }

    /// CASCADE: drops the views that need something, and those over them. `needs` gives `None` where it cannot tell.
    fn drop_readers(&mut self, needs: impl Fn(&View) -> Option<bool>) -> Step {
        let mut going: Vec<View> = Vec::new();
        // Those made later may be over those made before, and never the other way.
        for view in self.trial.state.views() {
            let over = going.iter().any(|other| view.over.contains(&other.name));
            if over || needs(view).ok_or(Stop::Unread)? {
                going.push(view.clone());
            }
        }
        going.into_iter().rev().try_for_each(|view| self.put(Change::drop(view)))
    }

    /// DROP VIEW on PostgreSQL, where views over those that go hold them, or go along. `None` for another statement.
    pub(super) fn dropped_views(&mut self, programs: &[Change]) -> Option<Step> {
        if self.backend() != Backend::Postgres {
            return None;
        }
        let of = |change: &Change| {
            if let Change::Drop(Object::View(view)) = change { Some(view.name.clone()) } else { None }
        };
        let going: Vec<TableName> = programs.iter().map(of).collect::<Option<_>>()?;
        if lexemes(self.sql, Some(Backend::Postgres)).last().is_some_and(|last| last.is("cascade")) {
            return Some(self.drop_readers(|view| Some(going.contains(&view.name))));
        }
        let views = self.trial.state.views();
        let holds = |view: &&View| !going.contains(&view.name) && view.over.iter().any(|under| going.contains(under));
        let over = views.iter().find(holds)?;
        let name = over.over.iter().find(|under| going.contains(under))?;
        let message = format!("view `{name}` is still read by view `{}`", over.name);
        Some(Err(self.needed(message, "drop that view first")))
    }

    /// Views and triggers that need a column as it is: the statement fails, or takes the views along.
    pub(super) fn programs_need(&mut self, table: &Table, column: &Column, what: &str, cascade: bool) -> Step {
        let postgres = self.backend() == Backend::Postgres;
        let (id, column_id) = (table.id, column.id);
        self.takes_nothing_along(id, Some(column_id))?;
        let needs = |view: &View| {
            let known = view.bound || view.reads.as_ref().is_some_and(|reads| !reads.contains(&id));
            let mentions = view.mentions(id, column_id);
            (mentions || known).then_some(mentions)
        };
        // Those of PostgreSQL are known by the columns that they name.
        let mentions = |trigger: &Trigger| !postgres && may_mention(&trigger.sql, &column.name, None, self.trial.state);
        if self.trial.state.triggers().iter().any(mentions) {
            return Err(Stop::Unread);
        }
        if cascade && postgres {
            return self.drop_readers(needs);
        }
        let views = self.trial.state.views();
        if let Some(view) = views.iter().find(|view| needs(view) == Some(true)) {
            let message = format!("view `{}` needs `{}.{}`, which {what}", view.name, table.name, column.name);
            return Err(self.needed(message, "drop the view before, and make it again after"));
        }
        if views.iter().all(|view| needs(view).is_some()) { Ok(()) } else { Err(Stop::Unread) }
    }

    pub(super) fn drop_indexes(&mut self, names: &[ObjectName], if_exists: bool, cascade: bool) -> Step {
        for name in names {
            let name = self.name(name)?;
            let Some(table) = self.trial.state.index_named(&name).map(Arc::clone) else {
                self.no_index(&name, if_exists)?;
                continue;
            };
            if cascade {
                return Err(Stop::Unread);
            }
            self.put(Change::DropIndex { table: table.id, name: name.name, concurrently: false })?;
        }
        Ok(())
    }

    /// An index that is not known: wrong, hidden, or nothing to say about.
    fn no_index(&mut self, name: &TableName, if_exists: bool) -> Step {
        // Which schema an index is in, is for the connection's search path to say.
        let near = self.near(name);
        self.read.access.names.extend(near.iter().chain([name]).cloned());
        let knows_all = self.knows_all();
        let state = &self.trial.state;
        let taken = near.iter().chain([name]).any(|name| state.name_taken(name).is_some());
        if !knows_all || taken || self.of_the_system(name) {
            return Err(Stop::Unread);
        }
        if if_exists {
            return Ok(());
        }
        let indexes: Vec<String> =
            state.tables.values().flat_map(|table| table.indexes.iter().map(|index| index.name.clone())).collect();
        let mut diagnostic = Diagnostic::new(Code::UnknownIndex, format!("there is no index `{name}` at this point"));
        if let Some(near) = nearest(&name.name, indexes.iter().map(String::as_str)) {
            diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
        }
        Err(self.tell(diagnostic))
    }

    pub(super) fn alter_index(&mut self, name: &ObjectName, operation: &AlterIndexOperation) -> Step {
        let AlterIndexOperation::RenameIndex { index_name } = operation;
        let (name, to) = (self.name(name)?, self.name(index_name)?);
        let Some(table) = self.trial.state.index_named(&name).map(Arc::clone) else {
            return self.no_index(&name, false);
        };
        self.put(Change::RenameIndex { table: table.id, name: name.name, to: to.name })
    }

    /// Views that stand are read by the heads of statements; here are those that do not.
    pub(super) fn drop_views(&mut self, names: &[ObjectName], if_exists: bool) -> Step {
        for name in names {
            let name = self.name(name)?;
            self.read.access.names.push(name.clone());
            match self.look_up(&name) {
                Found::Absent if if_exists => {}
                Found::Absent => {
                    let message = format!("there is no view `{name}` at this point");
                    return Err(self.wrong(Code::UnknownTable, message));
                }
                Found::Table(_) | Found::View | Found::Unsure => return Err(Stop::Unread),
            }
        }
        Ok(())
    }

    /// A trigger that stands is read by the head of the statement; here are those that do not.
    pub(super) fn drop_trigger(&mut self, drop: &DropTrigger) -> Step {
        let mut table = None;
        if let Some(on) = &drop.table_name {
            let on = self.name(on)?;
            if let Found::Table(found) = self.look_up(&on) {
                table = Some(found.id).filter(|_| self.backend().capabilities().schemas);
            }
            self.read.access.names.push(on);
        }
        let name = self.backend().fold(&self.name(&drop.trigger_name)?.name).into_owned();
        self.read.access.others.push((Namespace::Triggers(table), name));
        if drop.if_exists { Ok(()) } else { Err(Stop::Unread) }
    }
}
