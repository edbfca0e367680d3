//! The accesses of what changes rows: operations on them, raw SQL, and what fires then.

use std::collections::HashSet;

use super::Uses;
use crate::operation::Action;
use crate::sql_text;
use crate::state::{
    Column, ColumnId, DeclaredMode, Expr, Kept, Mode, Namespace, Resource, RowValues, Scalar, SqlAccess, Table,
    TableId, Verb,
};

impl Uses<'_> {
    /// What raw SQL was read to do, or declares.
    pub(in crate::state) fn raw(&mut self, access: &SqlAccess) {
        self.opaque |= access.opaque;
        if self.state.backend().capabilities().extensions {
            self.push(Resource::Provided, Mode::Use, say!(self, "runs", "SQL of its author's"));
        }
        for id in &access.reads {
            let Some(table) = self.used(*id) else { continue };
            self.rows(table, Mode::Use, "reads");
        }
        for id in &access.writes {
            let Some(table) = self.used(*id) else { continue };
            self.altered_rows(table, "changes");
            self.parents(table, |_| true);
        }
        for id in &access.inserts {
            let by_place = access.star.contains(id);
            self.insert(*id, &[], |column| by_place || access.columns.contains(&(*id, column)));
        }
        for id in &access.star {
            let words = say!(self, "depends on", "the list of columns");
            self.push(Resource::ColumnList(*id), Mode::UseInOrder, words);
        }
        self.named(access);
        for (id, name) in &access.lookups {
            let resource = Resource::Name(Namespace::Columns(*id), name.clone());
            self.push(resource, Mode::Use, say!(self, "may mean", "{name}"));
        }
        for (namespace, name) in &access.others {
            let resource = Resource::Name(namespace.clone(), name.clone());
            self.push(resource, Mode::Use, say!(self, "looks up", "the name {name}"));
        }
        if access.unread {
            self.push(Resource::Known, Mode::Append, say!(self, "runs", "SQL that cannot be read"));
        }
        if access.knows_all {
            self.push(Resource::Known, Mode::Use, say!(self, "names", "what is not known to exist"));
        }
        for object in &access.declared {
            let resource = Resource::Declared(object.kind.clone(), object.name.clone());
            let (mode, verb) = match object.mode {
                DeclaredMode::Reads => (Mode::Use, "uses"),
                DeclaredMode::Writes => (Mode::Change, "changes"),
                DeclaredMode::Creates => (Mode::Change, "creates"),
                DeclaredMode::Drops => (Mode::Change, "drops"),
            };
            self.push(resource, mode, say!(self, verb, "the {} {}", object.kind, object.name));
            if let Some((_, access)) = self.found.last_mut() {
                access.creates = object.mode == DeclaredMode::Creates;
            }
        }
    }

    pub(super) fn scalar(&mut self, table: &Table, value: &Scalar) {
        if let Scalar::Expr(expr) = value {
            self.condition(table, expr);
        }
    }

    /// An expression that may hold a query of its own.
    pub(super) fn condition(&mut self, table: &Table, expr: &Expr) {
        if expr.opaque {
            self.push(Resource::AnyRows, Mode::Change, say!(self, "reads", "what cannot be told"));
        } else if expr.called().any(|name| self.state.function(name).is_some()) {
            let words = say!(self, "calls", "a function that may read any rows");
            self.push(Resource::AnyRows, Mode::Change, words);
        }
        self.expr(table, expr);
    }

    /// `sets`: whether rows may give a column another value than its default.
    pub(super) fn insert(&mut self, id: TableId, rows: &[RowValues], sets: impl Fn(ColumnId) -> bool) {
        let Some(table) = self.used(id) else { return };
        self.obeys(table, "inserts", "rows that obey");
        self.rows(table, Mode::Append, "adds");
        let mut columns = HashSet::new();
        for (column, value) in rows.iter().flatten() {
            if columns.insert(*column) {
                self.column(table, *column, Mode::Use, "sets");
            }
            self.scalar(table, value);
        }
        if let Some(numbered) = table.columns.iter().find(|column| column.auto_increment) {
            let by_hand = columns.contains(&numbered.id);
            let (mode, words) = if by_hand { (Mode::Append, "by hand") } else { (Mode::Use, "by the table") };
            self.push(Resource::Numbering(id), mode, say!(self, "numbers", "rows of {} {words}", table.name));
        }
        self.parents(table, |id| {
            let filled = |column: &Column| column.default.is_some() || column.generated.is_some();
            sets(id) || table.column(id).is_some_and(filled)
        });
        self.fires(table);
    }

    /// Rows that are kept beside their table, or brought back from there.
    pub(super) fn kept(&mut self, kept: &Kept, verb: Verb) -> Option<()> {
        let table = self.used(kept.table)?;
        self.columns(table, kept.columns.iter().map(|(id, _)| *id), Mode::Use, "keeps");
        self.push(Resource::ColumnList(table.id), Mode::Use, say!(self, "keeps", "the columns of {}", table.name));
        for name in &kept.taken {
            self.relation(name, Mode::Use, "looks up");
        }
        if let Some(filter) = &kept.filter {
            self.condition(table, filter);
        }
        self.whole_table(&kept.beside, verb);
        if verb == Verb::Create {
            self.rows(table, Mode::Use, "keeps");
        } else {
            self.altered_rows(table, "restores");
            self.parents(table, |_| true);
        }
        Some(())
    }

    /// The rows that a table's keys point to must be there, other rows of the table itself too. A key with a NULL
    /// in it points to none: `filled` says which columns may have a value.
    pub(super) fn parents(&mut self, table: &Table, filled: impl Fn(ColumnId) -> bool) {
        for key in table.foreign_keys.iter().filter(|key| key.columns.iter().all(|id| filled(*id))) {
            if let Some(parent) = self.of_table(key.table) {
                self.rows(parent, Mode::Use, "points to");
            }
        }
    }

    /// Rows changed or gone, and those that cascades reach from there.
    pub(super) fn altered_rows(&mut self, table: &Table, verb: &'static str) {
        let mut reached = HashSet::from([table.id]);
        let mut stack = vec![table.id];
        while let Some(id) = stack.pop() {
            let Some(at) = self.of_table(id) else { continue };
            self.obeys(at, verb, "rows under");
            self.rows(at, Mode::Change, if id == table.id { verb } else { "reaches" });
            self.fires(at);
            for referrer in self.state.referrers(id) {
                let follows = |action| matches!(action, Action::Cascade | Action::SetNull | Action::SetDefault);
                let keys = referrer.foreign_keys.iter().filter(|key| key.table == id);
                if keys.clone().any(|key| follows(key.on_delete) || follows(key.on_update)) {
                    if reached.insert(referrer.id) {
                        stack.push(referrer.id);
                    }
                } else if keys.count() > 0 {
                    self.rows(referrer, Mode::Use, "must not orphan");
                }
            }
        }
    }

    /// Triggers on a table may change any rows, and so may functions in its rules; what they need must stand then.
    pub(super) fn fires(&mut self, table: &Table) {
        let state = self.state;
        let mut called: Vec<&str> = Vec::new();
        let mut triggers = state.triggers_on(table.id).peekable();
        if triggers.peek().is_some() {
            self.push(Resource::AnyRows, Mode::Change, say!(self, "fires", "the triggers of {}", table.name));
        }
        for trigger in triggers {
            self.touches(&trigger.access);
            called.extend(sql_text::called(&trigger.sql));
        }
        if !state.functions().is_empty() {
            let before = called.len();
            let in_rules = table.expressions().flat_map(Expr::called);
            called.extend(in_rules.filter(|name| state.function(name).is_some()));
            if called.len() > before {
                let words = say!(self, "obeys", "rules of {} that call functions", table.name);
                self.push(Resource::AnyRows, Mode::Change, words);
            }
        }
        self.runs(called);
    }

    /// Functions that run, and those that they call.
    fn runs<'t>(&mut self, mut left: Vec<&'t str>)
    where
        Self: 't,
    {
        let state = self.state;
        let mut seen = HashSet::new();
        while let Some(name) = left.pop().map(str::to_lowercase) {
            if !seen.insert(name.clone()) {
                continue;
            }
            if let Some(function) = state.function(&name) {
                self.touches(&function.access);
                left.extend(sql_text::called(function.sql.as_deref().unwrap_or_default()));
            }
            let words = say!(self, "runs", "the function {name}");
            self.push(Resource::Declared("function".to_owned(), name), Mode::Use, words);
        }
    }

    /// The tables and columns that a program names have to stand when it runs.
    fn touches(&mut self, access: &SqlAccess) {
        for id in access.reads.iter().chain(&access.writes).chain(&access.inserts) {
            self.used(*id);
        }
        self.named(access);
    }

    /// The columns and relations that raw SQL names.
    fn named(&mut self, access: &SqlAccess) {
        for (id, column) in &access.columns {
            if let Some(table) = self.of_table(*id) {
                self.column(table, *column, Mode::Use, "uses");
            }
        }
        for name in &access.names {
            self.relation(name, Mode::Use, "looks up");
        }
    }
}
