//! The accesses of what belongs to a table: indexes, constraints, keys; and of enums, which its columns are of.

use super::Uses;
use crate::operation::{DataType, EnumType};
use crate::state::{ColumnId, Constraint, Expr, ForeignKey, Index, IndexKey, Mode, Resource, Table, Verb};

impl Uses<'_> {
    pub(super) fn index(&mut self, table: &Table, index: &Index, verb: Verb) {
        let held = verb.held();
        let mut columns = Vec::new();
        for part in &index.parts {
            match &part.key {
                IndexKey::Column(id) => columns.push(*id),
                IndexKey::Expr(expr) => columns.extend(expr.columns()),
            }
        }
        let plain = index.parts.iter().all(|part| matches!(part.key, IndexKey::Column(_)));
        let of_predicate: Vec<ColumnId> = index.predicate.iter().flat_map(Expr::columns).collect();
        self.columns(table, columns.iter().chain(&of_predicate).chain(&index.include).copied(), held, verb.holds());
        let ours = |method: &str| ["btree", "hash", "gist", "spgist", "gin", "brin"].contains(&method.trim());
        let methods = index.using.as_deref().is_some_and(|method| !ours(&method.to_lowercase()));
        if self.state.backend().capabilities().extensions
            && (methods || index.parts.iter().any(|part| part.opclass.is_some()))
        {
            self.push(Resource::Provided, held, say!(self, verb.does(), "an index with what an extension may provide"));
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

    pub(super) fn key(&mut self, table: &Table, columns: &[ColumnId], verb: Verb) {
        let over = table.column_names(columns).join(", ");
        let words = say!(self, verb.does(), "a key of {} over {over}", table.name);
        self.push(Resource::key(table.id, columns), Mode::Change, words);
    }

    /// `stands`: its table exists already, so that its rows must fit.
    pub(super) fn constraint(&mut self, table: &Table, constraint: &Constraint, verb: Verb, stands: bool) {
        let (held, holds) = (verb.held(), verb.holds());
        match constraint {
            Constraint::PrimaryKey(key) => {
                let words = say!(self, verb.does(), "the primary key of {}", table.name);
                self.push(Resource::PrimaryKeySlot(table.id), Mode::Change, words);
                self.columns(table, key.columns.iter().copied(), held, holds);
                self.key(table, &key.columns, verb);
            }
            Constraint::Unique(unique) => {
                self.columns(table, unique.columns.iter().copied(), held, holds);
                self.key(table, &unique.columns, verb);
            }
            Constraint::Check(check) => {
                self.in_expr(&check.expr, held);
                // Its name may be made of a column that it does not name.
                self.columns(table, check.expr.columns().chain(check.column), held, holds);
            }
            Constraint::ForeignKey(key) => self.foreign_key(table, key, verb, stands),
        }
        if stands {
            self.rules(table);
            self.rows(table, Mode::Use, "uses");
            self.rebuild();
        }
    }

    fn foreign_key(&mut self, table: &Table, key: &ForeignKey, verb: Verb, stands: bool) {
        let (held, holds) = (verb.held(), verb.holds());
        self.columns(table, key.columns.iter().copied(), held, holds);
        let other = self.state.referred(key.table).map(|other| &**other);
        let Some(target) = (if key.table == table.id { Some(table) } else { other }) else { return };
        self.push(Resource::Table(target.id), held, say!(self, holds, "{}", target.name));
        self.columns(target, key.references.iter().copied(), held, holds);
        let words = say!(self, holds, "the key of {}", target.name);
        self.push(Resource::key(target.id, &key.references), held, words);
        // The rows of the table referred to obey a new rule: they cannot just go.
        self.rules(target);
        if stands {
            self.rows(target, Mode::Use, "uses");
        }
    }

    /// The enum that a column is of.
    pub(super) fn of_enum(&mut self, data_type: &DataType, mode: Mode) {
        if matches!(data_type, DataType::Verbatim(_) | DataType::Vector(_)) {
            let words = say!(self, "is of", "a type that an extension may provide");
            self.push(Resource::Provided, mode, words);
        }
        let Some(of) = data_type.of_enum() else { return };
        let words = say!(self, mode.holds(), "the enum {}", of.name);
        let name = self.fold(&of.name.to_string());
        self.push(Resource::Declared("enum".to_owned(), name), mode, words);
    }

    /// An enum whose values change, with its columns where their types follow by themselves.
    pub(super) fn altered_enum(&mut self, one: &EnumType) {
        let name = self.fold(&one.name.to_string());
        let words = say!(self, "alters", "the enum {}", one.name);
        self.object("enum", name, Verb::Alter, words);
        if !self.state.backend().capabilities().enum_types {
            return;
        }
        self.programs_stay("needs");
        let state = self.state;
        for (table, columns) in state.columns_of_enum(&one.name) {
            self.used(table.id);
            self.columns(table, columns.iter().map(|column| column.id), Mode::Change, "alters");
            self.rules(table);
            self.rows(table, Mode::Use, "converts");
        }
    }
}
