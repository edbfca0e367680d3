//! The accesses of what stands on a table: indexes, constraints, keys, triggers; and of views.

use super::super::resource::{Mode, Namespace, Resource};
use super::Collector;
use crate::backend::Backend;
use crate::operation::{DataType, EnumType};
use crate::state::{
    ColumnId, Constraint, Expr, Extension, ForeignKey, Function, Index, IndexKey, Object, Schema, Table, Trigger, View,
};

impl Collector<'_> {
    /// Something that belongs to no table.
    pub(super) fn object(&mut self, object: &Object, verb: &str) {
        match object {
            Object::Extension(Extension { name, .. }) => {
                let words = say!(self, "{verb} the extension {name}");
                self.push(Resource::Declared("extension".to_owned(), name.clone()), Mode::Change, words.clone());
                self.push(Resource::Provided, Mode::Change, words);
            }
            Object::Schema(Schema { name }) => {
                let words = say!(self, "{verb} the schema {name}");
                self.push(Resource::Declared("schema".to_owned(), name.clone()), Mode::Change, words);
            }
            Object::Enum(one) => self.own_enum(one, verb),
            Object::Function(function) => self.function(function, verb),
            Object::View(view) => self.view(view, verb),
            Object::Trigger(trigger) => self.trigger(trigger, verb),
        }
    }

    pub(super) fn index(&mut self, table: &Table, index: &Index, verb: &str) {
        let folded = self.fold(&index.name);
        let id = if verb == "creates" && !self.in_thought {
            self.objects.made(table.id, true, folded)
        } else {
            self.objects.get(table.id, true, folded)
        };
        self.push(Resource::Object(id), Mode::Change, say!(self, "{verb} index {}", index.name));
        let name = self.state.index_key(table.name.schema.as_deref(), &index.name, table.id);
        self.relation(&name, Mode::Change, if verb == "drops" { "frees" } else { "takes" });
        let held = if verb == "drops" { Mode::Release } else { Mode::Use };
        let mut columns = Vec::new();
        for part in &index.parts {
            match &part.key {
                IndexKey::Column(id) => columns.push(*id),
                IndexKey::Expr(expr) => columns.extend(expr.columns()),
            }
        }
        let plain = index.parts.iter().all(|part| matches!(part.key, IndexKey::Column(_)));
        let of_predicate: Vec<ColumnId> = index.predicate.iter().flat_map(Expr::columns).collect();
        for id in columns.iter().chain(&of_predicate).chain(&index.include) {
            self.column(table, *id, held, if held == Mode::Use { "uses" } else { "lets go of" });
        }
        let ours = |method: &str| ["btree", "hash", "gist", "spgist", "gin", "brin"].contains(&method.trim());
        let methods = index.using.as_deref().is_some_and(|method| !ours(&method.to_lowercase()));
        if self.state.backend().capabilities().extensions
            && (methods || index.parts.iter().any(|part| part.opclass.is_some()))
        {
            self.push(Resource::Provided, held, say!(self, "{verb} an index with what an extension may provide"));
        }
        for expr in index.expressions() {
            self.in_expr(expr, held);
        }
        if index.unique {
            if plain && index.predicate.is_none() {
                self.key(table, &columns, verb);
            }
            self.rules(table);
            self.rows(table, Mode::Use, "uses");
        }
    }

    pub(super) fn key(&mut self, table: &Table, columns: &[ColumnId], verb: &str) {
        let mut sorted = columns.to_vec();
        sorted.sort_unstable();
        let words = say!(self, "{verb} a key of {} over {}", table.name, table.column_names(columns).join(", "));
        self.push(Resource::Key(table.id, sorted), Mode::Change, words);
    }

    pub(super) fn constraint(&mut self, table: &Table, constraint: &Constraint, verb: &str, stands: bool) {
        let name = &constraint.name().text;
        let folded = self.fold(name);
        let makes = verb != "drops";
        let id = if makes && !self.in_thought {
            self.objects.made(table.id, false, folded.clone())
        } else {
            self.objects.get(table.id, false, folded.clone())
        };
        let title = constraint.kind().title();
        let words = say!(self, "{verb} {title} {name}");
        self.push(Resource::Object(id), Mode::Change, words.clone());
        self.push(Resource::Name(Namespace::Constraints(table.id), folded), Mode::Change, words);
        for (name, _) in self.state.names_of(table, constraint.kind(), name) {
            self.relation(&name, Mode::Change, if makes { "takes" } else { "frees" });
        }
        let held = if makes { Mode::Use } else { Mode::Release };
        let holds = if makes { "uses" } else { "lets go of" };
        match constraint {
            Constraint::PrimaryKey(key) => {
                self.push(
                    Resource::PrimaryKeySlot(table.id),
                    Mode::Change,
                    say!(self, "{verb} the primary key of {}", table.name),
                );
                for id in &key.columns {
                    self.column(table, *id, held, holds);
                }
                self.key(table, &key.columns, verb);
            }
            Constraint::Unique(unique) => {
                for id in &unique.columns {
                    self.column(table, *id, held, holds);
                }
                self.key(table, &unique.columns, verb);
            }
            Constraint::Check(check) => {
                self.in_expr(&check.expr, held);
                for id in check.expr.columns() {
                    self.column(table, id, held, holds);
                }
            }
            Constraint::ForeignKey(key) => self.foreign_key(table, key, held, holds, stands),
        }
        if stands {
            self.rules(table);
            self.rows(table, Mode::Use, "uses");
            self.rebuild();
        }
    }

    pub(super) fn foreign_key(&mut self, table: &Table, key: &ForeignKey, held: Mode, holds: &str, stands: bool) {
        for id in &key.columns {
            self.column(table, *id, held, holds);
        }
        let own = key.table == table.id;
        let other = if own { None } else { self.state.referred(key.table).cloned() };
        let Some(target) = other.as_deref().or(own.then_some(table)) else { return };
        self.push(Resource::Table(target.id), held, say!(self, "{holds} {}", target.name));
        for id in &key.references {
            self.column(target, *id, held, holds);
        }
        let mut sorted = key.references.clone();
        sorted.sort_unstable();
        let words = say!(self, "{holds} the key of {}", target.name);
        self.push(Resource::Key(target.id, sorted), held, words);
        // The rows of the table referred to obey a new rule: they cannot just go.
        self.rules(target);
        if stands {
            self.rows(target, Mode::Use, "uses");
        }
    }

    pub(super) fn trigger(&mut self, trigger: &Trigger, verb: &str) {
        let Trigger { name, table, table_id: id, .. } = trigger;
        let id = *id;
        let folded = self.fold(name);
        let capabilities = self.state.backend().capabilities();
        let namespace = match id {
            Some(id) if capabilities.schemas => Namespace::Triggers(id),
            _ if capabilities.trigger_names_are_apart => Namespace::Relations(Some("triggers".to_owned())),
            _ => Namespace::Relations(None),
        };
        let words = say!(self, "{verb} trigger {name} on {table}");
        self.push(Resource::Name(namespace, folded), Mode::Change, words.clone());
        self.push(Resource::Programs, Mode::Append, words);
        if let Some(table) = id.and_then(|id| self.of_table(id)) {
            let held = if verb == "drops" { Mode::Release } else { Mode::Use };
            self.push(Resource::Table(table.id), held, say!(self, "has a trigger on {}", table.name));
            for (_, column) in &trigger.columns {
                self.column(&table, *column, held, "has a trigger that names");
            }
            self.rules(&table);
        }
        let held = if verb == "drops" { Mode::Release } else { Mode::Use };
        self.in_text(&trigger.sql, held);
        // What makes it holds for its way back too; a trigger that goes reads nothing.
        if verb != "drops" {
            self.raw(&trigger.access);
        }
    }

    /// The enum that a column is of.
    pub(super) fn of_enum(&mut self, data_type: &DataType, mode: Mode) {
        if matches!(data_type, DataType::Verbatim(_) | DataType::Vector(_)) {
            self.push(Resource::Provided, mode, "is of a type that an extension may provide");
        }
        let Some(of) = data_type.of_enum() else { return };
        let words = say!(self, "{} the enum {}", if mode == Mode::Release { "lets go of" } else { "uses" }, of.name);
        let name = self.fold(&of.name.to_string());
        self.push(Resource::Declared("enum".to_owned(), name), mode, words);
    }

    pub(super) fn own_enum(&mut self, one: &EnumType, verb: &str) {
        let name = self.fold(&one.name.to_string());
        self.push(
            Resource::Declared("enum".to_owned(), name),
            Mode::Change,
            say!(self, "{verb} the enum {}", one.name),
        );
        if self.state.backend().capabilities().enum_types {
            self.relation(&one.name, Mode::Change, if verb == "drops" { "frees" } else { "takes" });
        }
    }

    /// An enum whose values change, with its columns where their types follow by themselves.
    pub(super) fn altered_enum(&mut self, one: &EnumType) {
        let name = self.fold(&one.name.to_string());
        self.push(
            Resource::Declared("enum".to_owned(), name),
            Mode::Change,
            say!(self, "alters the enum {}", one.name),
        );
        if !self.state.backend().capabilities().enum_types {
            return;
        }
        self.push(Resource::Programs, Mode::Use, "needs triggers and views as they are");
        let state = self.state;
        for (table, columns) in state.columns_of_enum(&one.name) {
            self.use_table(table);
            for column in columns {
                self.column(table, column.id, Mode::Change, "alters");
            }
            self.rules(table);
            self.rows(table, Mode::Use, "converts");
        }
    }

    pub(super) fn function(&mut self, function: &Function, verb: &str) {
        let name = function.name.name.to_lowercase();
        let words = say!(self, "{verb} the {} {}", function.noun(), function.name);
        self.push(Resource::Declared("function".to_owned(), name), Mode::Change, words);
        if self.state.backend().capabilities().enum_types {
            let held = if verb == "drops" { Mode::Release } else { Mode::Use };
            self.types(function.type_names(), held);
            if let Some(schema) = function.name.schema.clone() {
                let words = say!(self, "uses the schema {schema}");
                self.push(Resource::Declared("schema".to_owned(), schema), Mode::Use, words);
            }
        }
        if verb != "drops" {
            self.raw(&function.access);
        }
    }

    pub(super) fn view(&mut self, view: &View, verb: &str) {
        let name = &view.name;
        self.relation(name, Mode::Change, if verb == "drops" { "frees" } else { "takes" });
        self.push(Resource::Programs, Mode::Append, say!(self, "{verb} view {name}"));
        let held = if verb == "drops" { Mode::Release } else { Mode::Use };
        self.in_text(&view.sql, held);
        for over in &view.over {
            self.relation(over, held, "reads");
        }
        for id in view.reads.as_deref().unwrap_or_default() {
            let Some(table) = self.of_table(*id) else { continue };
            self.push(Resource::Table(*id), held, say!(self, "view {name} reads {}", table.name));
            if view.materialized && verb != "drops" {
                self.rows(&table, Mode::Use, "reads");
            }
            if self.state.backend() == Backend::Postgres && view.groups() {
                let words = say!(self, "view {name} groups rows of {}", table.name);
                self.push(Resource::PrimaryKeySlot(*id), held, words);
            }
            let bound = view.pieces.is_some();
            // A bare name may come to mean two columns where several tables are read.
            let several = view.reads.as_ref().is_some_and(|reads| reads.len() > 1);
            if !bound || several || view.star.contains(id) {
                self.push(
                    Resource::ColumnList(*id),
                    held,
                    say!(self, "view {name} reads the columns of {}", table.name),
                );
            }
            for column in &table.columns {
                if !bound || view.star.contains(id) || view.mentions(*id, column.id) {
                    self.column(&table, column.id, held, if bound { "reads" } else { "may read" });
                }
            }
        }
    }
}
