//! Columns: add, drop, rename, alter.

use std::sync::Arc;

use super::comments::COLUMN_COMMENT;
use super::{Change, Changes, Column, Lower, PartPath, Scalar, Table};
use crate::backend::Backend;
use crate::diagnostic::Code;
use crate::ident::{ColumnName, Suffix, TableName};
use crate::operation::{AlterColumn, ColumnDef, DataType, Literal, Value};
use crate::state::{ColumnId, ColumnPatch, Constraint, ConstraintKind, PrimaryKey};

impl Lower<'_> {
    /// A column with its type and numbering; its default and constraints come later.
    pub(super) fn new_column(&mut self, table: &Table, def: &ColumnDef, part: impl PartPath) -> Option<Column> {
        let backend = self.state.backend;
        if !self.fits(&def.name, part) {
            return None;
        }
        if table.columns.iter().any(|other| backend.fold(&other.name) == backend.fold(&def.name)) {
            let message = format!("`{}` has a column `{}` already", table.name, def.name);
            let diagnostic = self.error(Code::AlreadyExists, part, message);
            self.report(diagnostic);
            return None;
        }
        let data_type = self.branch(&def.data_type, format_args!("{part}.type"))?.clone();
        let data_type = self.with_values(&data_type, format_args!("{part}.type"))?;
        let sequence = if def.auto_increment && backend.capabilities().identity_sequences {
            Some(self.generate(&table.name.name, &def.name, Suffix::Sequence, part)?)
        } else {
            None
        };
        if def.auto_increment && backend == Backend::Postgres && data_type == (DataType::BigInt { unsigned: true }) {
            let message = format!("`{}` is unsigned bigint, which cannot number itself on PostgreSQL", def.name);
            let diagnostic = self.error(Code::UnsupportedByBackend, part, message).help("use bigint");
            self.report(diagnostic);
            return None;
        }
        Some(Column {
            id: ColumnId(self.state.fresh()),
            name: def.name.clone(),
            data_type,
            null: def.null,
            default: None,
            auto_increment: def.auto_increment,
            sequence,
            generated: None,
            collation: self.collation(def, format_args!("{part}.collation"))?,
            comment: self.comment(def.comment.as_deref(), COLUMN_COMMENT, format_args!("{part}.comment")),
        })
    }

    /// Reports a column that numbers itself where it cannot. `key` is its table's primary key.
    pub(super) fn may_number(&mut self, column: &Column, key: Option<&PrimaryKey>, part: impl PartPath) {
        if !column.auto_increment || self.state.backend != Backend::Sqlite {
            return;
        }
        if key.is_none_or(|key| key.columns != [column.id]) {
            let message = format!("`{}` numbers itself, so on SQLite it must be the whole primary key", column.name);
            let diagnostic = self
                .error(Code::UnsupportedByBackend, part, message)
                .help(format!("write `primary_key = [\"{}\"]` on the table", column.name));
            self.report(diagnostic);
        }
    }

    /// The default of a column, which names no column of its table.
    pub(super) fn default(
        &mut self,
        value: &Value,
        column: &Column,
        table: &Table,
        part: impl PartPath,
    ) -> Option<Scalar> {
        match value {
            Value::Literal(_) => self.value(value, column, table, part),
            Value::Expr(_) => {
                let bare = Table::without_columns(table.id, table.name.clone());
                self.value(value, column, &bare, part)
            }
        }
    }

    pub(super) fn add_column(&mut self, name: &TableName, def: &ColumnDef) -> Changes {
        let table = self.table(name, "object")?;
        let mut column = self.new_column(&table, def, "object")?;
        self.may_number(&column, table.primary_key.as_ref(), "default");
        if let Some(value) = &def.default {
            column.default = Some(self.default(value, &column, &table, "default")?);
        }
        column.generated = self.generated(def, &table, "generated")?;
        let fill = match &def.fill {
            Some(value) => Some(self.value(value, &column, &table, "fill")?),
            None => None,
        };
        let has_value = column.null
            || column.default.is_some()
            || column.auto_increment
            || fill.is_some()
            || column.generated.is_some();
        if !has_value && !self.context.created.contains(&table.id) && !self.context.lenient {
            let message =
                format!("`{}.{}` is NOT NULL and has no value for the rows already there", table.name, def.name);
            let diagnostic = self
                .error(Code::NotNullWithoutDefault, "object", message)
                .help("give it a `default`, a `fill` for the old rows, or `null = true`");
            self.report(diagnostic);
            return None;
        }
        if !def.unique && def.references.is_none() && def.check.is_none() {
            return Some(vec![Change::AddColumn { table: table.id, column, fill }]);
        }
        let mut after = Table::clone(&table);
        after.columns.push(column.clone());
        let mut changes = vec![Change::AddColumn { table: table.id, column, fill }];
        if def.unique {
            let constraint = self.column_unique(&after, def, "unique")?;
            changes.extend(self.add(&table, constraint)?);
        }
        if def.references.is_some() {
            let constraint = self.column_foreign_key(&after, def, "references")?;
            changes.extend(self.add(&table, constraint)?);
        }
        if def.check.is_some() {
            let constraint = self.column_check(&after, def, "check")?;
            changes.extend(self.add(&table, constraint)?);
        }
        Some(changes)
    }

    pub(super) fn drop_columns(&mut self, names: &[ColumnName], refill: Option<&Value>) -> Changes {
        let mut changes = Vec::new();
        // Several columns may share an index; it goes with the first.
        let mut going: std::collections::HashMap<_, Table> = std::collections::HashMap::new();
        for name in names {
            let table = self.table(&name.table, "object")?;
            let mut table = going.remove(&table.id).unwrap_or_else(|| Table::clone(&table));
            let column = self.column(&table, &name.column, "object")?;
            self.drop_column(&mut table, &column, refill, &mut changes)?;
            going.insert(table.id, table);
        }
        Some(changes)
    }

    fn drop_column(
        &mut self,
        table: &mut Table,
        column: &Column,
        refill: Option<&Value>,
        changes: &mut Vec<Change>,
    ) -> Option<()> {
        let id = table.id;
        if table.columns.len() == 1 {
            let message = format!("`{}` is the only column of `{}`", column.name, table.name);
            let diagnostic = self.error(Code::StillReferenced, "object", message).help("drop the table instead");
            self.report(diagnostic);
            return None;
        }
        for referrer in self.state.referrers(id).into_iter().map(Arc::clone).collect::<Vec<_>>() {
            let key = referrer.foreign_keys.iter().find(|key| {
                key.table == id
                    && key.references.contains(&column.id)
                    && !(referrer.id == id && key.columns == [column.id])
            });
            if let Some(key) = key {
                let message = format!(
                    "`{}.{}` is still referred to by `{}` (key `{}`)",
                    table.name, column.name, referrer.name, key.name.text
                );
                let help =
                    format!("drop the key first: drop_foreign_key = \"{}\", on = \"{}\"", key.name.text, referrer.name);
                let diagnostic = self.error(Code::StillReferenced, "object", message).help(help);
                self.report(diagnostic);
                return None;
            }
        }
        self.not_held(&format!("`{}.{}`", table.name, column.name), id, Some(column.id))?;
        // A key to other columns may be bound to an index that has this one besides, and goes with it.
        let over = table.indexes.iter().filter(|index| index.mentions(column.id));
        let bound = over.filter_map(|index| Some((index.name.clone(), self.state.bound_to(table, &index.name)?)));
        let bound = bound.into_iter().find(|(_, (by, key))| by.id != id || !key.columns.contains(&column.id));
        if let Some((index, (by, key))) = bound {
            let message = format!(
                "index `{index}` is over `{}`, and key `{}` of `{}` needs it",
                column.name, key.name.text, by.name
            );
            let help = format!("drop the key first: drop_foreign_key = \"{}\", on = \"{}\"", key.name.text, by.name);
            let diagnostic = self.error(Code::StillReferenced, "object", message).help(help);
            self.report(diagnostic);
            return None;
        }
        self.computes_nothing(table, column, "goes", "object")?;
        self.no_view_needs(table, column.id, "goes", "object")?;
        let refill = match refill {
            Some(value) => Some(self.value(value, column, table, "refill")?),
            None => None,
        };
        // As on PostgreSQL, what stands over the column goes with it; here each goes by name,
        // so that each comes back. Foreign keys first: one to the table itself may need such an index.
        let over: Vec<Constraint> = table.constraints().filter(|constraint| constraint.mentions(column.id)).collect();
        let (keys, rest): (Vec<_>, Vec<_>) =
            over.iter().rev().partition(|constraint| constraint.kind() == ConstraintKind::ForeignKey);
        let dropped = |constraint: &&Constraint| {
            let name = constraint.name().text.clone();
            Change::DropConstraint { table: id, kind: constraint.kind(), name }
        };
        changes.extend(keys.iter().map(dropped));
        for index in table.indexes.iter().filter(|index| index.mentions(column.id)) {
            changes.push(Change::DropIndex { table: id, name: index.name.clone(), concurrently: false });
        }
        table.indexes.retain(|index| !index.mentions(column.id));
        changes.extend(rest.iter().map(dropped));
        table.primary_key.take_if(|key| key.columns.contains(&column.id));
        table.uniques.retain(|unique| !unique.columns.contains(&column.id));
        table.foreign_keys.retain(|key| !key.columns.contains(&column.id));
        table.checks.retain(|check| !check.expr.mentions(column.id) && check.column != Some(column.id));
        table.columns.retain(|other| other.id != column.id);
        changes.push(Change::DropColumn { table: id, column: column.id, refill });
        Some(())
    }

    pub(super) fn rename_column(&mut self, name: &ColumnName, to: &str) -> Changes {
        let table = self.table(&name.table, "object")?;
        let column = self.column(&table, &name.column, "object")?;
        let backend = self.state.backend;
        if !self.fits(to, "to") {
            return None;
        }
        if table.columns.iter().any(|other| other.id != column.id && backend.fold(&other.name) == backend.fold(to)) {
            let message = format!("`{}` has a column `{to}` already", table.name);
            let diagnostic = self.error(Code::AlreadyExists, "to", message);
            self.report(diagnostic);
            return None;
        }
        if !self.may_rename(&table, &column.name, true, "object") {
            return None;
        }
        if !backend.capabilities().renames_what_is_computed_from {
            self.computes_nothing(&table, &column, "gets another name", "object")?;
        }
        let mut after = Table::clone(&table);
        for other in &mut after.columns {
            if other.id == column.id {
                to.clone_into(&mut other.name);
            }
        }
        let mut changes = vec![Change::RenameColumn { table: table.id, column: column.id, to: to.to_owned() }];
        changes.extend(self.follow(&table, &after, Some(column.id), "to")?);
        Some(changes)
    }

    pub(super) fn alter_column(&mut self, name: &ColumnName, alter: &AlterColumn) -> Changes {
        let table = self.table(&name.table, "object")?;
        let mut column = self.column(&table, &name.column, "object")?;
        let mut patch = ColumnPatch::default();
        if column.generated.is_some()
            && (alter.data_type.is_some()
                || alter.default.is_some()
                || alter.fill.is_some()
                || alter.collation.is_some())
        {
            let message =
                format!("`{name}` is computed, so nothing but its comment and whether it is NULL can be altered");
            let help = "drop it and add it again: its values are computed";
            let diagnostic = self.error(Code::TypeMismatch, "object", message).help(help);
            self.report(diagnostic);
            return None;
        }
        if let Some(data_type) = &alter.data_type {
            let data_type = self.branch(data_type, "type")?.clone();
            let data_type = self.with_values(&data_type, "type")?;
            if data_type != column.data_type {
                if !self.state.backend.capabilities().retypes_what_is_computed_from {
                    self.computes_nothing(&table, &column, "gets another type", "type")?;
                }
                if self.state.backend == Backend::Postgres {
                    self.no_view_needs(&table, column.id, "gets another type", "type")?;
                    self.retype(&table, &column, &data_type, alter)?;
                }
                patch.data_type = Some(data_type.clone());
            }
            column.data_type = data_type;
        }
        if column.auto_increment && !alter.unset_auto_increment {
            let wrong = [("null", alter.null == Some(true)), ("default", alter.default.is_some())];
            if let Some((key, _)) = wrong.iter().find(|(_, wrong)| *wrong) {
                let what = if *key == "null" { "is never NULL" } else { "has no `default`" };
                let message = format!("`{}` numbers itself, so it {what}", column.name);
                let help = "`unset = [\"auto_increment\"]` takes that away";
                let diagnostic = self.error(Code::TypeMismatch, *key, message).help(help);
                self.report(diagnostic);
                return None;
            }
        }
        if let Some(null) = alter.null.filter(|null| *null != column.null) {
            if null && table.primary_key.as_ref().is_some_and(|key| key.columns.contains(&column.id)) {
                let message = format!("`{name}` is in the primary key, so it cannot be null");
                let diagnostic = self.error(Code::TypeMismatch, "null", message);
                self.report(diagnostic);
                return None;
            }
            patch.null = Some(null);
        }
        if let Some(value) = &alter.default {
            let default =
                self.value(value, &column, &Table { columns: Vec::new(), ..Table::clone(&table) }, "default")?;
            if column.default.as_ref() != Some(&default) {
                patch.default = Some(Some(default));
            }
        } else if alter.unset_default {
            if column.default.is_some() {
                patch.default = Some(None);
            }
        } else if let Some(Scalar::Literal(literal)) = &column.default
            && patch.data_type.is_some()
            && !fits_still(literal, &column.data_type)
        {
            let message =
                format!("the default of `{name}` is {}, which does not fit {}", literal.kind(), column.data_type);
            let diagnostic = self
                .error(Code::TypeMismatch, "type", message)
                .help("give a new `default` here too, or take it away with `unset = [\"default\"]`");
            self.report(diagnostic);
            return None;
        }
        if alter.unset_auto_increment && column.auto_increment {
            patch.auto_increment = Some((false, None));
        }
        let collation = match &alter.collation {
            Some(text) => {
                let collation: Box<str> = self.branch(text, "collation")?.as_str().into();
                self.sorts_as_text(Some(&column.data_type), &column.name, "collation")?;
                Some(Some(collation))
            }
            None => alter.unset_collation.then_some(None),
        };
        let stays = collation.as_ref().unwrap_or(&column.collation).is_some();
        if stays
            && patch.data_type.is_some()
            && !column.data_type.is_text()
            && !matches!(column.data_type, DataType::Verbatim(_))
        {
            let message = format!("`{name}` has a collation, and {} is no text", column.data_type);
            let diagnostic = self
                .error(Code::TypeMismatch, "type", message)
                .help("take it away here too: `unset = [\"collation\"]`");
            self.report(diagnostic);
            return None;
        }
        if let Some(collation) = collation.filter(|collation| *collation != column.collation) {
            if self.state.backend == Backend::Postgres {
                self.no_view_needs(&table, column.id, "gets another collation", "collation")?;
                self.computes_nothing(&table, &column, "gets another collation", "collation")?;
            }
            patch.collation = Some(collation);
        }
        if let Some(comment) = &alter.comment {
            let comment = self.comment(
                Some(comment).filter(|new| !new.is_empty()).map(String::as_str),
                COLUMN_COMMENT,
                "comment",
            );
            patch.comment = (comment != column.comment).then_some(comment);
        }
        if patch.is_empty() {
            // Nothing to do here, but in another order there may be; what is written for that is not looked at.
            let (table, column) = (table.id, column.id);
            return Some(vec![Change::AlterColumn { table, column, patch, using: None, using_down: None, fill: None }]);
        }
        let fill = match &alter.fill {
            Some(value) => Some(self.value(value, &column, &table, "fill")?),
            None => None,
        };
        let using = match &alter.using {
            Some(text) => Some(self.expr(text, &table, "using")?),
            None => None,
        };
        let using_down = match &alter.using_down {
            // It converts what the column is by then.
            Some(text) => {
                let mut after = Table::clone(&table);
                after.columns.iter_mut().filter(|other| other.id == column.id).for_each(|c| c.clone_from(&column));
                Some(self.expr(text, &after, "using_down")?)
            }
            None => None,
        };
        Some(vec![Change::AlterColumn { table: table.id, column: column.id, patch, using, using_down, fill }])
    }
}

/// Whether a default may stand after a change of type: verbatim types take anything.
fn fits_still(literal: &Literal, data_type: &DataType) -> bool {
    literal.fits(data_type)
}
