//! What a change touches: its accesses, on the state before it.
//!
//! The table of design §5, with one refinement: changes of a table's row rules *append* to
//! them. Two of them commute (each touches its own column or constraint as well, and that
//! is where they clash if they clash), and any change of rows, which *uses* the rules,
//! conflicts with each.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::resource::{Mode, Namespace, ObjectId, Resource};
use crate::diagnostic::Span;
use crate::ident::TableName;
use crate::sql_text::called;
use crate::sql_text::names_in_casts;
use crate::state::{Change, Column, ColumnId, Expr, Scalar, SharedTable, State, Table, TableId};

/// Words of an access, which are written only where they may be shown: on a large manifest
/// writing them takes longer than all else.
macro_rules! say {
    ($collector:expr, $($words:tt)*) => {
        if $collector.says { format!($($words)*) } else { String::new() }
    };
}

mod columns;
mod parts;
mod rows;

/// One access to a resource.
#[derive(Debug, Clone)]
pub(super) struct Access {
    pub(super) mode: Mode,
    /// What is for people; only where that is wanted.
    said: Option<Box<Said>>,
}

#[derive(Debug, Clone)]
struct Said {
    words: String,
    span: Span,
}

impl Access {
    /// `uses posts.slug`, `drops posts.slug`.
    pub(super) fn words(&self) -> &str {
        self.said.as_ref().map_or("", |said| &said.words)
    }

    pub(super) fn span(&self) -> Span {
        self.said.as_ref().map_or(Span::NONE, |said| said.span)
    }

    /// Adds to what is said.
    pub(super) fn add_words(&mut self, more: &str) {
        if let Some(said) = &mut self.said {
            said.words.push_str(more);
        }
    }
}

/// Identities of indexes and constraints, kept through their renames.
#[derive(Debug, Default)]
pub(super) struct Objects {
    ids: HashMap<(TableId, bool, String), ObjectId, RandomState>,
    next: u32,
}

impl Objects {
    fn get(&mut self, table: TableId, index: bool, name: String) -> ObjectId {
        let next = &mut self.next;
        *self.ids.entry((table, index, name)).or_insert_with(|| {
            *next += 1;
            ObjectId(*next)
        })
    }

    fn rename(&mut self, table: TableId, index: bool, from: String, to: String) {
        let id = self.get(table, index, from.clone());
        self.ids.remove(&(table, index, from));
        self.ids.insert((table, index, to), id);
    }

    fn made(&mut self, table: TableId, index: bool, name: String) -> ObjectId {
        self.next += 1;
        let id = ObjectId(self.next);
        self.ids.insert((table, index, name), id);
        id
    }
}

/// Collects the accesses of changes.
pub(super) struct Collector<'a> {
    pub(super) state: &'a State,
    pub(super) objects: &'a mut Objects,
    pub(super) span: Span,
    /// What is found is added to this.
    pub(super) found: &'a mut Vec<(Resource, Access)>,
    /// Whether accesses get words for people.
    pub(super) says: bool,
    /// Raw SQL that could not be read and declares nothing.
    pub(super) opaque: bool,
    /// Whether the change is only thought of: then identities stay with the names they have.
    pub(super) in_thought: bool,
}

impl Collector<'_> {
    fn push(&mut self, resource: Resource, mode: Mode, words: impl Into<String>) {
        let said = self.says.then(|| Box::new(Said { words: words.into(), span: self.span }));
        self.found.push((resource, Access { mode, said }));
    }

    fn fold(&self, name: &str) -> String {
        self.state.backend().fold(name).into_owned()
    }

    fn relation(&mut self, name: &TableName, mode: Mode, words: &str) {
        let namespace = Namespace::Relations(name.schema.clone());
        let folded = self.fold(&name.name);
        let schemas = self.state.backend().capabilities().schemas;
        let shown = say!(self, "{words} the name {}", if schemas { name.to_string() } else { name.name.clone() });
        self.push(Resource::Name(namespace, folded), mode, shown);
        if let Some(schema) = name.schema.clone().filter(|_| schemas) {
            let words = say!(self, "uses the schema {schema}");
            self.push(Resource::Declared("schema".to_owned(), schema), Mode::Use, words);
        }
    }

    fn of_table(&self, id: TableId) -> Option<SharedTable> {
        self.state.table(id).cloned()
    }

    fn use_table(&mut self, table: &Table) {
        self.push(Resource::Table(table.id), Mode::Use, say!(self, "uses {}", table.name));
    }

    fn column(&mut self, table: &Table, id: ColumnId, mode: Mode, verb: &str) {
        self.push(Resource::Column(id), mode, say!(self, "{verb} {}.{}", table.name, table.column_name(id)));
    }

    fn expr(&mut self, table: &Table, expr: &Expr) {
        for id in expr.columns() {
            self.column(table, id, Mode::Use, "uses");
        }
        self.in_expr(expr, Mode::Use);
    }

    /// What an expression needs beside columns: functions and types.
    fn in_expr(&mut self, expr: &Expr, mode: Mode) {
        self.calls(expr.called(), mode);
        if self.state.backend().capabilities().enum_types {
            self.types(expr.names_in_casts(), mode);
        }
    }

    /// What a statement that is kept as it was written needs beside what it reads: functions and types.
    fn in_text(&mut self, sql: &str, mode: Mode) {
        self.calls(called(sql), mode);
        if self.state.backend().capabilities().enum_types {
            self.types(names_in_casts(sql), mode);
        }
    }

    /// Types that something names: enums, and those of a relation's rows; whether they stand or not.
    fn types(&mut self, names: Vec<String>, mode: Mode) {
        if !names.is_empty() && self.state.backend().capabilities().extensions {
            self.push(Resource::Provided, mode, "names types that an extension may provide");
        }
        for name in names {
            let of = name.rsplit_once('.');
            let relation = TableName {
                schema: of.map(|(schema, _)| schema.to_owned()),
                name: of.map_or(name.as_str(), |(_, name)| name).to_owned(),
            };
            self.relation(&relation, mode, if mode == Mode::Release { "lets go of" } else { "uses" });
            let words = say!(self, "{} the type {name}", if mode == Mode::Release { "lets go of" } else { "uses" });
            self.push(Resource::Declared("enum".to_owned(), name), mode, words);
        }
    }

    /// Functions that something calls, or called until it goes.
    fn calls<'f>(&mut self, functions: impl Iterator<Item = &'f str>, mode: Mode) {
        let mut any = false;
        for function in functions {
            any = true;
            let name = function.to_lowercase();
            let words =
                say!(self, "{} the function {name}", if mode == Mode::Release { "lets go of" } else { "calls" });
            self.push(Resource::Declared("function".to_owned(), name), mode, words);
        }
        if any && self.state.backend().capabilities().extensions {
            self.push(Resource::Provided, mode, "calls functions");
        }
    }

    /// What a column calls: in its default, and in how it is computed.
    fn column_calls(&mut self, column: &Column, mode: Mode) {
        if let Some(Scalar::Expr(expr)) = &column.default {
            self.in_expr(expr, mode);
        }
        if let Some(how) = &column.generated {
            self.in_expr(&how.expr, mode);
        }
    }

    fn rules(&mut self, table: &Table) {
        self.push(
            Resource::RowRules(table.id),
            Mode::Append,
            say!(self, "changes what rows of {} must obey", table.name),
        );
    }

    fn rows(&mut self, table: &Table, mode: Mode, verb: &str) {
        self.push(Resource::Rows(table.id), mode, say!(self, "{verb} rows of {}", table.name));
        self.push(Resource::AnyRows, Mode::Append, say!(self, "{verb} rows of {}", table.name));
    }

    /// The accesses of one change, on the state before it.
    pub(super) fn change(&mut self, change: &Change) {
        match change {
            Change::CreateTable(table) => self.whole_table(table, "creates"),
            Change::DropTable(id) => {
                let Some(table) = self.of_table(*id) else { return };
                self.whole_table(&table, "drops");
                for trigger in self.state.triggers_on(*id).cloned().collect::<Vec<_>>() {
                    self.trigger(&trigger, "drops");
                }
            }
            Change::RenameTable { table, to } => {
                let Some(table) = self.of_table(*table) else { return };
                self.push(Resource::Table(table.id), Mode::Change, say!(self, "renames {}", table.name));
                self.relation(&table.name, Mode::Change, "frees");
                self.relation(to, Mode::Change, "takes");
                self.push(Resource::Programs, Mode::Use, "needs triggers and views as they are");
            }
            Change::AddColumn { .. }
            | Change::DropColumn { .. }
            | Change::RenameColumn { .. }
            | Change::AlterColumn { .. } => self.of_column(change),
            Change::AddIndex { table, index, .. } => {
                let Some(table) = self.of_table(*table) else { return };
                self.use_table(&table);
                self.index(&table, index, "creates");
            }
            Change::DropIndex { table, name, .. } => {
                let Some(table) = self.of_table(*table) else { return };
                self.use_table(&table);
                let folded = self.fold(name);
                if let Some(index) = table.indexes.iter().find(|index| self.fold(&index.name) == folded).cloned() {
                    self.index(&table, &index, "drops");
                }
            }
            Change::RenameIndex { table, name, to } => {
                let Some(table) = self.of_table(*table) else { return };
                self.use_table(&table);
                let (from, into) = (self.fold(name), self.fold(to));
                let id = self.objects.get(table.id, true, from.clone());
                self.push(Resource::Object(id), Mode::Change, say!(self, "renames index {name}"));
                let key = |name: &str| self.state.index_key(table.name.schema.as_deref(), name, table.id);
                let (old, new) = (key(name), key(to));
                self.relation(&old, Mode::Change, "frees");
                self.relation(&new, Mode::Change, "takes");
                if !self.in_thought {
                    self.objects.rename(table.id, true, from, into);
                }
            }
            Change::AddConstraint { table, constraint } => {
                let Some(table) = self.of_table(*table) else { return };
                self.use_table(&table);
                self.constraint(&table, constraint, "adds", true);
            }
            Change::DropConstraint { table, kind, name } => {
                let Some(table) = self.of_table(*table) else { return };
                self.use_table(&table);
                let found = table.constraints().find(|c| c.kind() == *kind && c.name().text == *name);
                if let Some(constraint) = found {
                    self.constraint(&table, &constraint, "drops", true);
                }
            }
            Change::RenameConstraint { table, kind, name, to } => {
                let Some(table) = self.of_table(*table) else { return };
                self.use_table(&table);
                let (from, into) = (self.fold(name), self.fold(&to.text));
                let id = self.objects.get(table.id, false, from.clone());
                self.push(Resource::Object(id), Mode::Change, say!(self, "renames {} {name}", kind.title()));
                for name in [&from, &into] {
                    let words = say!(self, "renames {} {name}", kind.title());
                    let namespace = Namespace::Constraints(table.id);
                    self.push(Resource::Name(namespace, name.clone()), Mode::Change, words);
                    for (name, _) in self.state.names_of(&table, *kind, name) {
                        self.relation(&name, Mode::Change, "takes or frees");
                    }
                }
                if !self.in_thought {
                    self.objects.rename(table.id, false, from, into);
                }
            }
            Change::RenameSequence { table, column, to } => {
                let Some(table) = self.of_table(*table) else { return };
                self.use_table(&table);
                self.column(&table, *column, Mode::Change, "renames the sequence of");
                if let Some(from) = table.column(*column).and_then(|column| column.sequence.clone()) {
                    self.relation(&table.name.renamed(from.text), Mode::Change, "frees");
                }
                self.relation(&table.name.renamed(to.text.clone()), Mode::Change, "takes");
            }
            Change::Create(object) => self.object(object, "creates"),
            Change::Drop(object) => self.object(object, "drops"),
            Change::ReplaceFunction { from, to } => {
                self.function(from, "replaces");
                self.function(to, "replaces");
            }
            Change::AlterEnum { from, .. } => self.altered_enum(from),
            Change::Insert { table, rows, .. } => {
                self.insert(*table, rows, |id| rows.iter().flatten().any(|(column, _)| *column == id));
            }
            Change::Update { table, set, filter } => {
                let Some(table) = self.of_table(*table) else { return };
                self.use_table(&table);
                for (id, value) in set {
                    self.column(&table, *id, Mode::Use, "sets");
                    self.scalar(&table, value);
                }
                if let Some(expr) = filter {
                    self.condition(&table, expr);
                }
                self.altered_rows(&table, "updates");
                self.parents(&table, |_| true);
            }
            Change::Delete { table, filter, .. } => {
                let Some(table) = self.of_table(*table) else { return };
                self.use_table(&table);
                self.condition(&table, filter);
                self.altered_rows(&table, "deletes");
            }
            Change::KeepRows(kept) => self.kept(kept, "creates"),
            Change::RestoreRows(kept) => self.kept(kept, "drops"),
            Change::DeleteRows { table, rows } => {
                let Some(table) = self.of_table(*table) else { return };
                self.use_table(&table);
                for (id, _) in rows.iter().flatten() {
                    self.column(&table, *id, Mode::Use, "uses");
                }
                self.altered_rows(&table, "deletes");
            }
            Change::Sql { effects, access, .. } => {
                for effect in effects {
                    self.change(effect);
                }
                self.raw(access);
            }
            Change::Note(_) => {}
        }
    }

    /// On SQLite what cannot be altered is rebuilt, and a rebuild must find triggers and views as they are.
    fn rebuild(&mut self) {
        if !self.state.backend().capabilities().alters_constraints {
            self.push(Resource::Programs, Mode::Use, "rebuilds a table, which needs triggers and views as they are");
        }
    }

    pub(super) fn whole_table(&mut self, table: &Table, verb: &str) {
        self.push(Resource::Table(table.id), Mode::Change, say!(self, "{verb} {}", table.name));
        self.relation(&table.name, Mode::Change, if verb == "creates" { "takes" } else { "frees" });
        for column in &table.columns {
            let mode = if verb == "creates" { Mode::Use } else { Mode::Release };
            self.of_enum(&column.data_type, mode);
            self.column_calls(column, mode);
        }
        for constraint in table.constraints().collect::<Vec<_>>() {
            self.constraint(table, &constraint, verb, false);
        }
        for index in &table.indexes {
            self.index(table, index, verb);
        }
        for sequence in table.columns.iter().filter_map(|column| column.sequence.as_ref()) {
            self.relation(&table.name.renamed(sequence.text.clone()), Mode::Change, "takes or frees");
        }
    }
}
