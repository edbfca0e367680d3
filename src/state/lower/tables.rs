//! Tables: create, drop, rename.

use std::sync::Arc;

use super::comments::TABLE_COMMENT;
use super::{Change, Changes, Lower, PartPath};
use crate::diagnostic::Code;
use crate::ident::{Suffix, TableName};
use crate::operation::TableDef;
use crate::state::{Column, ColumnId, Constraint, ConstraintKind, PrimaryKey, Table, TableId};

impl Lower<'_> {
    pub(super) fn create_table(&mut self, def: &TableDef) -> Changes {
        self.may_stand(&def.table, "object")?;
        let mut table = Table::without_columns(TableId(self.state.fresh()), def.table.clone());
        table.columns.reserve_exact(def.columns.len());
        if let Some(options) = &def.options {
            table.options = options.get(self.state.backend).cloned();
        }
        table.comment = self.comment(def.comment.as_deref(), TABLE_COMMENT, "comment");
        for column in &def.columns {
            let mut new = self.new_column(&table, column, format_args!("columns.{}", column.name))?;
            if def.primary_key.iter().any(|key| self.state.backend.fold(key) == self.state.backend.fold(&column.name)) {
                if new.null {
                    let message = format!("`{}` is in the primary key, so it cannot be null", column.name);
                    let diagnostic =
                        self.error(Code::TypeMismatch, format_args!("columns.{}.null", column.name), message);
                    self.report(diagnostic);
                }
                new.null = false;
            }
            table.columns.push(new);
        }
        if !def.primary_key.is_empty() {
            let columns = self.column_ids(&table, &def.primary_key, "primary_key")?;
            let name = self.generate(&def.table.name, "", Suffix::PrimaryKey, "object")?;
            table.primary_key = Some(PrimaryKey { name, columns, age: 0 });
        }
        for (at, def) in def.columns.iter().enumerate() {
            let Some(column) = table.columns.get(at) else { continue };
            self.may_number(column, table.primary_key.as_ref(), format_args!("columns.{}", def.name));
            if let Some(value) = &def.default {
                let default = self.default(value, column, &table, format_args!("columns.{}.default", def.name))?;
                if let Some(column) = table.columns.get_mut(at) {
                    column.default = Some(default);
                }
            }
        }
        for (at, def) in def.columns.iter().enumerate().filter(|(_, def)| def.generated.is_some()) {
            let part = format!("columns.{}.generated", def.name);
            let generated = self.generated(def, &table, &part)?;
            let keyed = |id| table.primary_key.as_ref().is_some_and(|key| key.columns.contains(&id));
            let Some(column) = table.columns.get(at) else { continue };
            let (keyed, computed) = (keyed(column.id), Column { generated, ..column.clone() });
            if keyed {
                self.may_be_key(&computed, &part)?;
            }
            if let Some(column) = table.columns.get_mut(at) {
                *column = computed;
            }
        }
        // Names of constraints must differ within a table; uniques and the key come first,
        // since a key to the table itself may point to them.
        let mut constraints = Vec::new();
        for unique in &def.uniques {
            constraints.push((self.unique(&table, unique, format_args!("uniques.{}", unique.name))?, "uniques"));
        }
        for column in def.columns.iter().filter(|column| column.unique) {
            constraints
                .push((self.column_unique(&table, column, format_args!("columns.{}.unique", column.name))?, "columns"));
        }
        self.put(&mut table, constraints)?;
        let mut constraints = Vec::new();
        for column in def.columns.iter().filter(|column| column.references.is_some()) {
            let part = format_args!("columns.{}.references", column.name);
            constraints.push((self.column_foreign_key(&table, column, part)?, "columns"));
        }
        for key in &def.foreign_keys {
            constraints
                .push((self.foreign_key(&table, key, format_args!("foreign_keys.{}", key.name))?, "foreign_keys"));
        }
        for column in def.columns.iter().filter(|column| column.check.is_some()) {
            constraints
                .push((self.column_check(&table, column, format_args!("columns.{}.check", column.name))?, "columns"));
        }
        for check in &def.checks {
            constraints.push((self.check(&table, check, format_args!("checks.{}", check.name))?, "checks"));
        }
        self.put(&mut table, constraints)?;
        table.indexes.reserve_exact(def.indexes.len());
        for index in &def.indexes {
            let part = format_args!("indexes.{}", index.name);
            // It stands in the table's own operation.
            let new = self.index(&table, index, part, format_args!("indexes.{}.columns", index.name))?;
            let fold = |name| self.state.backend.fold(name);
            if table.indexes.iter().any(|other| fold(other.name.as_str()) == fold(new.name.as_str())) {
                let diagnostic = self.error(Code::AlreadyExists, part, format!("index `{}` is named twice", new.name));
                self.report(diagnostic);
            } else if self.state.index_owner(&table, &new.name).is_some() {
                let diagnostic = self.error(Code::AlreadyExists, part, format!("index `{}` stands already", new.name));
                self.report(diagnostic);
            }
            table.indexes.push(new);
        }
        Some(vec![Change::CreateTable(Arc::new(table))])
    }

    /// Puts constraints on a table that is being made.
    fn put(&mut self, table: &mut Table, constraints: Vec<(Constraint, &str)>) -> Option<()> {
        let count = |kind| constraints.iter().filter(|(constraint, _)| constraint.kind() == kind).count();
        table.uniques.reserve_exact(count(ConstraintKind::Unique));
        table.foreign_keys.reserve_exact(count(ConstraintKind::ForeignKey));
        table.checks.reserve_exact(count(ConstraintKind::Check));
        for (constraint, part) in constraints {
            let name = &constraint.name().text;
            if table.constraint_names().any(|(_, other)| other.text == *name) {
                let message = format!("two constraints of `{}` are named `{name}`", table.name);
                let diagnostic = self.error(Code::AlreadyExists, part, message);
                self.report(diagnostic);
                return None;
            }
            match constraint {
                Constraint::PrimaryKey(key) => table.primary_key = Some(key),
                Constraint::Unique(unique) => table.uniques.push(unique),
                Constraint::ForeignKey(key) => table.foreign_keys.push(key),
                Constraint::Check(check) => table.checks.push(check),
            }
        }
        Some(())
    }

    /// Reports `already-exists` where a table of that name stands, and names that do not fit.
    pub(super) fn may_stand(&mut self, name: &TableName, part: impl PartPath) -> Option<()> {
        if !self.fits(&name.name, part) {
            return None;
        }
        self.schema_fits(name, part)?;
        if let Some(other) = self.state.enum_named(name).filter(|_| self.state.backend.capabilities().enum_types) {
            let message =
                format!("an enum named `{}` already exists: rows would be a type of that name too", other.name);
            let diagnostic = self.error(Code::AlreadyExists, part, message);
            self.report(diagnostic);
            return None;
        }
        if self.state.table_named(name).is_some() {
            let diagnostic = self.error(Code::AlreadyExists, part, format!("table `{name}` already exists"));
            self.report(diagnostic);
            return None;
        }
        if let Some(by) = self.state.name_taken(name) {
            let diagnostic =
                self.error(Code::AlreadyExists, part, format!("the name `{name}` is taken already, by {by}"));
            self.report(diagnostic);
            return None;
        }
        Some(())
    }

    /// Reports a schema in front of a name where the backend has none.
    pub(super) fn schema_fits(&mut self, name: &TableName, part: impl PartPath) -> Option<()> {
        let Some(schema) = &name.schema else { return Some(()) };
        if self.state.backend.capabilities().schemas {
            return self.schema_stands(schema, part);
        }
        let message = format!("`{name}` has a schema in front, which {} does not have", self.state.backend.title());
        let diagnostic = self.error(Code::UnsupportedByBackend, part, message);
        self.report(diagnostic);
        None
    }

    /// Reports a schema that a migration before has dropped; what none makes is somebody else's, and stands.
    fn schema_stands(&mut self, schema: &str, part: impl PartPath) -> Option<()> {
        if !self.state.schema_is_gone(schema) {
            return Some(());
        }
        let message = format!("there is no schema `{schema}` any more at this point");
        let diagnostic =
            self.error(Code::UnknownTable, part, message).help(format!("make it again: create_schema = \"{schema}\""));
        self.report(diagnostic);
        None
    }

    pub(super) fn drop_table(&mut self, name: &TableName) -> Changes {
        let table = self.table(name, "object")?;
        // A way down as its author wrote it does what the database does with it.
        let may_outlive = self.context.lenient && self.state.backend.capabilities().keys_outlive_tables;
        let referrers = if may_outlive { Vec::new() } else { self.state.referrers(table.id) };
        if let Some(referrer) = referrers.into_iter().find(|other| other.id != table.id) {
            let key = referrer.foreign_keys.iter().find(|key| key.table == table.id);
            let key = key.map_or("", |key| key.name.text.as_str()).to_owned();
            let message = format!("table `{name}` is still referred to by `{}` (key `{key}`)", referrer.name);
            let by = referrer.name.clone();
            let diagnostic = self
                .error(Code::StillReferenced, "object", message)
                .help(format!("drop the key first: `drop_foreign_key = \"{key}\"`, `on = \"{by}\"`"));
            self.report(diagnostic);
            return None;
        }
        self.not_held(&format!("table `{name}`"), table.id, None)?;
        let mut changes: Vec<Change> = self.state.triggers_on(table.id).cloned().map(Change::drop).collect();
        changes.push(Change::DropTable(table.id));
        Some(changes)
    }

    /// Reports what keeps a table, or a column of it, from being dropped before it.
    pub(super) fn not_held(&mut self, what: &str, table: TableId, column: Option<ColumnId>) -> Option<()> {
        let Some((how, by)) = self.state.held(table, column) else { return Some(()) };
        let message = format!("{what} is still {how} {} `{}`", by.noun(), by.full_name());
        let help = format!("drop the {} first", by.noun());
        let diagnostic = self.error(Code::StillReferenced, "object", message).help(help);
        self.report(diagnostic);
        None
    }

    pub(super) fn rename_table(&mut self, name: &TableName, to: &str) -> Changes {
        let table = self.table(name, "object")?;
        let to = table.name.renamed(to);
        let fold = |name: &TableName| self.state.backend.fold(&name.name).into_owned();
        if fold(&to) != fold(&table.name) {
            self.may_stand(&to, "to")?;
        }
        if !self.may_rename(&table, &table.name.name, false, "object") {
            return None;
        }
        let mut after = Table::clone(&table);
        after.name = to.clone();
        let mut changes = vec![Change::RenameTable { table: table.id, to }];
        changes.extend(self.follow(&table, &after, None, "to")?);
        Some(changes)
    }
}
