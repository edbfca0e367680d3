//! ALTER TABLE.

use std::sync::Arc;

use sqlparser::ast::{
    AlterColumnOperation, AlterTable, AlterTableOperation, ColumnDef, DropBehavior, Ident, RenameTableNameKind,
    TableConstraint,
};

use super::columns::{constraints_of, is_foreign_key};
use super::{Found, Reader, Step, Stop};
use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::state::lower::is_key;
use crate::state::{Change, Column, ColumnPatch, Constraint, ConstraintKind, Name, Namespace, Table};

impl Reader<'_, '_> {
    pub(super) fn alter_table(&mut self, alter: &AlterTable) -> Step {
        let Some(table) = self.table(&alter.name, alter.if_exists)? else { return Ok(()) };
        if alter.location.is_some() || alter.on_cluster.is_some() || alter.table_type.is_some() {
            return Err(Stop::Unread);
        }
        // All that it does uses the table.
        self.read.access.names.push(table.name.clone());
        let mut operations: Vec<&AlterTableOperation> = alter.operations.iter().collect();
        // PostgreSQL works in passes, whatever the order they are written in.
        operations.sort_by_key(|operation| pass(operation));
        for operation in operations {
            let table = self.current(&table)?;
            self.alteration(&table, operation)?;
        }
        Ok(())
    }

    fn alteration(&mut self, table: &Arc<Table>, operation: &AlterTableOperation) -> Step {
        let id = table.id;
        match operation {
            AlterTableOperation::AddColumn { if_not_exists, column_def, column_position: None, .. } => {
                self.add_column(table, column_def, *if_not_exists)
            }
            AlterTableOperation::DropColumn { column_names, if_exists, drop_behavior, .. } => {
                let cascade = matches!(drop_behavior, Some(DropBehavior::Cascade));
                for name in column_names {
                    let table = self.current(table)?;
                    self.drop_column(&table, name, *if_exists, cascade)?;
                }
                Ok(())
            }
            AlterTableOperation::RenameColumn { old_column_name, new_column_name } => {
                let column = self.column(table, old_column_name)?;
                self.may_rename(table, &column.name, true)?;
                let to = self.ident(new_column_name);
                self.put(Change::RenameColumn { table: id, column: column.id, to })
            }
            AlterTableOperation::RenameTable {
                table_name: RenameTableNameKind::To(to) | RenameTableNameKind::As(to),
            } => {
                let to = table.name.renamed(self.name(to)?.name);
                if matches!(self.find(&to), Found::View) {
                    let message = format!("a view `{to}` stands already");
                    return Err(self.wrong(Code::AlreadyExists, message));
                }
                self.may_rename(table, &table.name.name, false)?;
                self.put(Change::RenameTable { table: id, to })
            }
            AlterTableOperation::AddConstraint { constraint, .. } => self.add_constraint(table, constraint),
            AlterTableOperation::DropConstraint { if_exists, name, drop_behavior } => {
                let cascade = matches!(drop_behavior, Some(DropBehavior::Cascade));
                self.drop_constraint(table, name, *if_exists, cascade)
            }
            AlterTableOperation::RenameConstraint { old_name, new_name } => {
                let constraint = self.constraint_named(table, old_name, false)?.ok_or(Stop::Unread)?;
                let to = Name { text: self.ident(new_name), generated: false };
                let (kind, name) = (constraint.kind(), constraint.name().text.clone());
                self.put(Change::RenameConstraint { table: id, kind, name, to })
            }
            AlterTableOperation::AlterColumn { column_name, op } => {
                let column = self.column(table, column_name)?;
                self.alter_column(table, &column, op)
            }
            AlterTableOperation::ValidateConstraint { .. }
            | AlterTableOperation::OwnerTo { .. }
            | AlterTableOperation::EnableRowLevelSecurity
            | AlterTableOperation::DisableRowLevelSecurity
            | AlterTableOperation::ForceRowLevelSecurity
            | AlterTableOperation::NoForceRowLevelSecurity
            | AlterTableOperation::ReplicaIdentity { .. } => {
                self.read.access.reads.push(id);
                Ok(())
            }
            _ => Err(Stop::Unread),
        }
    }

    fn add_column(&mut self, table: &Arc<Table>, def: &ColumnDef, if_not_exists: bool) -> Step {
        let name = self.ident(&def.name);
        if if_not_exists && let Some(standing) = self.column_named(table, &name) {
            self.read.access.columns.push((table.id, standing.id));
            return Ok(());
        }
        let mut column = self.new_column(table, def)?;
        let mut with = Table::clone(table);
        with.columns.push(column.clone());
        column.default = self.default_of(def, &column, &with);
        self.put(Change::AddColumn { table: table.id, column, fill: None })?;
        let (keys, constraints): (Vec<_>, Vec<_>) = constraints_of(def).into_iter().partition(is_foreign_key);
        for constraint in constraints.iter().chain(&keys) {
            let table = self.current(table)?;
            self.add_constraint(&table, constraint)?;
        }
        Ok(())
    }

    fn add_constraint(&mut self, table: &Table, sql: &TableConstraint) -> Step {
        let Some(constraint) = self.constraint(table, sql)? else { return Err(Stop::Unread) };
        if self.backend() == Backend::Postgres
            && let Constraint::PrimaryKey(key) = &constraint
        {
            for id in &key.columns {
                if table.column(*id).is_some_and(|column| column.null) {
                    self.patch(table, *id, ColumnPatch { null: Some(false), ..ColumnPatch::default() })?;
                }
            }
        }
        self.put(Change::AddConstraint { table: table.id, constraint })
    }

    fn patch(&mut self, table: &Table, column: crate::state::ColumnId, patch: ColumnPatch) -> Step {
        if patch.is_empty() {
            // Nothing to do here, but in another order there may be.
            self.read.access.columns.push((table.id, column));
            return Ok(());
        }
        self.put(Change::AlterColumn { table: table.id, column, patch, using: None, using_down: None, fill: None })
    }

    fn drop_column(&mut self, table: &Table, name: &Ident, if_exists: bool, cascade: bool) -> Step {
        let text = self.ident(name);
        if if_exists && self.column_named(table, &text).is_none() {
            self.read.access.lookups.push((table.id, self.backend().fold(&text).into_owned()));
            self.knows_all();
            return Ok(());
        }
        let column = self.column(table, name)?;
        let postgres = self.backend() == Backend::Postgres;
        self.trigger_needs(table, &column, cascade)?;
        self.programs_need(table, &column, "goes", cascade)?;
        for referrer in self.referrers(table) {
            let held = |key: &&crate::state::ForeignKey| {
                key.table == table.id
                    && key.references.contains(&column.id)
                    && !(referrer.id == table.id && key.columns.contains(&column.id))
            };
            for key in referrer.foreign_keys.iter().filter(held) {
                if !postgres || !cascade {
                    let message = format!(
                        "`{}.{text}` is still referred to by `{}` (key `{}`)",
                        table.name, referrer.name, key.name.text
                    );
                    // On SQLite a key's column is held by its index, if at all.
                    return Err(if postgres { self.wrong(Code::StillReferenced, message) } else { Stop::Unread });
                }
                self.put_drop(referrer.id, ConstraintKind::ForeignKey, &key.name)?;
            }
        }
        let table = self.current(table)?;
        let indexes: Vec<_> = table.indexes.iter().filter(|index| index.mentions(column.id)).collect();
        let constraints: Vec<_> = table.constraints().filter(|constraint| constraint.mentions(column.id)).collect();
        if !postgres {
            let holder = indexes.first().map(|index| format!("index `{}`", index.name));
            let key = constraints.first().map(|held| format!("a {}", held.kind().title()));
            if let Some(holder) = holder.or(key) {
                let message = format!("`{}.{text}` is still held by {holder}", table.name);
                return Err(self.wrong(Code::StillReferenced, message));
            }
        }
        for index in indexes {
            self.put(Change::DropIndex { table: table.id, name: index.name.clone(), concurrently: false })?;
        }
        for constraint in constraints.iter().rev() {
            self.put_drop(table.id, constraint.kind(), constraint.name())?;
        }
        self.put(Change::DropColumn { table: table.id, column: column.id, refill: None })
    }

    /// A constraint by its name. `None` where it is not there and IF EXISTS was said.
    fn constraint_named(&mut self, table: &Table, name: &Ident, if_exists: bool) -> Step<Option<Constraint>> {
        let (text, backend) = (self.ident(name), self.backend());
        let found = table.constraints().find(|other| backend.fold(&other.name().text) == backend.fold(&text));
        if found.is_some() {
            return Ok(found);
        }
        self.read.access.others.push((Namespace::Constraints(table.id), backend.fold(&text).into_owned()));
        // NOT NULL has names too on newer servers.
        if !self.knows_all() || text.ends_with("_not_null") {
            return Err(Stop::Unread);
        }
        if if_exists {
            return Ok(None);
        }
        let message = format!("table `{}` has no constraint `{text}` at this point", table.name);
        let mut diagnostic = Diagnostic::new(Code::UnknownConstraint, message);
        let names: Vec<String> = table.constraints().map(|constraint| constraint.name().text.clone()).collect();
        if let Some(near) = nearest(&text, names.iter().map(String::as_str)) {
            diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
        } else if !names.is_empty() {
            diagnostic = diagnostic.note(format!("it has: {}", names.join(", ")));
        }
        Err(self.tell(diagnostic))
    }

    fn drop_constraint(&mut self, table: &Table, name: &Ident, if_exists: bool, cascade: bool) -> Step {
        let Some(constraint) = self.constraint_named(table, name, if_exists)? else { return Ok(()) };
        let (kind, name) = (constraint.kind(), &constraint.name().text);
        let mut without = table.clone();
        match kind {
            ConstraintKind::PrimaryKey => without.primary_key = None,
            ConstraintKind::Unique => without.uniques.retain(|unique| unique.name.text != *name),
            ConstraintKind::ForeignKey | ConstraintKind::Check => {}
        }
        for referrer in self.referrers(table) {
            for key in referrer.foreign_keys.iter().filter(|key| key.table == table.id) {
                let bound = self.trial.state.bound_to(table, name);
                let bound = bound.is_some_and(|(by, other)| by.id == referrer.id && other.name == key.name);
                if !bound && (!is_key(table, &key.references) || is_key(&without, &key.references)) {
                    continue;
                }
                if !cascade {
                    let message = format!("key `{}` of `{}` still needs `{name}`", key.name.text, referrer.name);
                    return Err(self.wrong(Code::StillReferenced, message));
                }
                self.put_drop(referrer.id, ConstraintKind::ForeignKey, &key.name)?;
            }
        }
        self.put_drop(table.id, kind, constraint.name())
    }

    fn alter_column(&mut self, table: &Table, column: &Column, operation: &AlterColumnOperation) -> Step {
        let mut patch = ColumnPatch::default();
        match operation {
            AlterColumnOperation::DropNotNull
            | AlterColumnOperation::SetDefault { .. }
            | AlterColumnOperation::DropDefault
                if column.auto_increment =>
            {
                let message =
                    format!("`{}.{}` numbers itself, so it is never NULL and has no default", table.name, column.name);
                return Err(self.wrong(Code::TypeMismatch, message));
            }
            AlterColumnOperation::SetNotNull => patch.null = Some(false).filter(|_| column.null),
            AlterColumnOperation::DropNotNull => {
                if table.primary_key.as_ref().is_some_and(|key| key.columns.contains(&column.id)) {
                    let message =
                        format!("`{}.{}` is in the primary key, so it cannot be null", table.name, column.name);
                    return Err(self.wrong(Code::TypeMismatch, message));
                }
                patch.null = Some(true).filter(|_| !column.null);
            }
            AlterColumnOperation::SetDefault { value } => {
                let default = self.default_value(value, column, table);
                patch.default = Some(default).filter(|default| *default != column.default);
            }
            AlterColumnOperation::DropDefault => patch.default = column.default.as_ref().map(|_| None),
            AlterColumnOperation::SetDataType { data_type, .. } => {
                let data_type = self.data_type(data_type);
                self.trigger_needs(table, column, false)?;
                self.retype(table, column, &data_type);
                self.programs_need(table, column, "changes its type", false)?;
                patch.data_type = Some(data_type).filter(|data_type| *data_type != column.data_type);
            }
            AlterColumnOperation::AddGenerated { .. } => return Err(Stop::Unread),
        }
        self.patch(table, column.id, patch)
    }

    /// A trigger that names a column holds it on PostgreSQL; what SQLite makes of it is not known.
    fn trigger_needs(&mut self, table: &Table, column: &Column, cascade: bool) -> Step {
        let holds = |trigger: &&crate::state::Trigger| trigger.columns.contains(&(table.id, column.id));
        let Some(trigger) = self.trial.state.objects.triggers.iter().find(holds) else { return Ok(()) };
        if cascade || self.backend() != Backend::Postgres {
            return Err(Stop::Unread);
        }
        let message = format!("trigger `{}` still names `{}.{}`", trigger.name, table.name, column.name);
        Err(self.wrong(Code::StillReferenced, message))
    }

    /// Warns of what another type of a column may break.
    fn retype(&mut self, table: &Table, column: &Column, to: &crate::operation::DataType) {
        for what in self.trial.state.retyping(table, column, to, true) {
            let name = &column.name;
            let message =
                format!("whether {what} still makes sense when `{}.{name}` becomes {to} is not known", table.name);
            self.warn(Code::TypeMismatch, message);
        }
    }

    /// Reports `rename-under-opaque`, as with the operations that rename.
    fn may_rename(&mut self, table: &Table, name: &str, is_column: bool) -> Step {
        let Some(holder) = self.trial.state.rename_holder(table, name, is_column) else { return Ok(()) };
        let what = if is_column { "column" } else { "table" };
        let message = format!("{what} `{name}` cannot be renamed under {holder}");
        let diagnostic = Diagnostic::new(Code::RenameUnderOpaque, message)
            .note(format!("{holder} is kept as its author wrote it, and its SQL may speak of `{name}`"))
            .help("drop it before the rename and make it again after, with the new name");
        Err(self.tell(diagnostic))
    }
}

/// The pass of an ALTER TABLE in which PostgreSQL does a part of it (`AT_PASS_DROP` and on).
fn pass(operation: &AlterTableOperation) -> u8 {
    match operation {
        AlterTableOperation::DropColumn { .. }
        | AlterTableOperation::DropConstraint { .. }
        | AlterTableOperation::AlterColumn {
            op: AlterColumnOperation::DropDefault | AlterColumnOperation::DropNotNull,
            ..
        } => 0,
        AlterTableOperation::AlterColumn { op: AlterColumnOperation::SetDataType { .. }, .. } => 1,
        AlterTableOperation::AddColumn { .. } => 2,
        AlterTableOperation::AlterColumn { op: AlterColumnOperation::SetNotNull, .. } => 3,
        AlterTableOperation::AddConstraint {
            constraint: TableConstraint::PrimaryKey(_) | TableConstraint::Unique(_),
            ..
        } => 4,
        _ => 5,
    }
}
