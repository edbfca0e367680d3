//! Columns and constraints as raw SQL defines them, for CREATE TABLE and ALTER TABLE alike.

use std::sync::Arc;

use sqlparser::ast::{
    CheckConstraint, ColumnDef, ColumnOption, ColumnOptionDef, ConstraintCharacteristics, DataType as SqlType,
    DeferrableInitial, Expr as SqlExpr, ForeignKeyConstraint, GeneratedAs, Ident, IndexColumn, NullsDistinctOption,
    ObjectName, PrimaryKeyConstraint, ReferentialAction, TableConstraint, UniqueConstraint,
};

use super::types::is_serial;
use super::{Found, Reader, Step, Stop};
use crate::backend::Backend;
use crate::diagnostic::Code;
use crate::ident::Suffix;
use crate::operation::{Action, DataType};
use crate::state::lower::is_key;
use crate::state::{
    Check, Column, ColumnId, Constraint, DeclaredMode, DeclaredObject, ForeignKey, Name, PrimaryKey, Scalar, Table,
    Unique,
};

impl Reader<'_, '_> {
    /// A column with its type and numbering; its default and constraints come later.
    pub(super) fn new_column(&mut self, table: &Table, def: &ColumnDef) -> Step<Column> {
        let postgres = self.backend() == Backend::Postgres;
        let name = self.ident(&def.name);
        if self.column_named(table, &name).is_some() {
            return Err(self.wrong(Code::AlreadyExists, format!("`{}` has a column `{name}` already", table.name)));
        }
        let mut column = Column {
            id: ColumnId(self.trial.state.fresh()),
            name,
            data_type: self.data_type(&def.data_type),
            null: true,
            default: None,
            auto_increment: false,
            sequence: None,
            comment: None,
            generated: None,
            collation: None,
        };
        if let SqlType::Custom(name, _) = &def.data_type
            && !is_serial(&def.data_type)
        {
            let name = self.backend().fold(&name.to_string()).into_owned();
            let mode = DeclaredMode::Reads;
            self.read.access.declared.push(DeclaredObject { kind: "type".to_owned(), name, mode });
        }
        let mut numbers = postgres && is_serial(&def.data_type);
        column.null = !numbers;
        for option in &def.options {
            match &option.option {
                ColumnOption::Null => column.null = true,
                ColumnOption::NotNull => column.null = false,
                ColumnOption::PrimaryKey(_) if postgres => column.null = false,
                ColumnOption::PrimaryKey(_)
                | ColumnOption::Unique(_)
                | ColumnOption::Default(_)
                | ColumnOption::Check(_)
                | ColumnOption::ForeignKey(_) => {}
                ColumnOption::Collation(collation) => {
                    column.data_type = DataType::Verbatim(format!("{} COLLATE {collation}", def.data_type));
                }
                ColumnOption::Generated { generated_as, sequence_options, generation_expr: None, .. } if postgres => {
                    numbers = true;
                    column.null = false;
                    let plain = sequence_options.as_ref().is_none_or(Vec::is_empty);
                    if !plain || !matches!(generated_as, GeneratedAs::ByDefault) {
                        column.data_type = DataType::Verbatim(format!("{} {}", def.data_type, option.option));
                    }
                    // Options may name the sequence.
                    if !plain {
                        return Err(Stop::Unread);
                    }
                }
                ColumnOption::DialectSpecific(tokens) if !postgres => {
                    let words: Vec<String> = tokens.iter().map(|token| token.to_string().to_uppercase()).collect();
                    if words != ["AUTOINCREMENT"] {
                        return Err(Stop::Unread);
                    }
                    column.auto_increment = true;
                }
                _ => return Err(Stop::Unread),
            }
        }
        if numbers {
            column.auto_increment = true;
            let mut with = table.clone();
            with.columns.push(column.clone());
            column.sequence = Some(self.choose(&with, &[column.id], Suffix::Sequence));
        }
        Ok(column)
    }

    /// The default that a column's definition gives it.
    pub(super) fn default_of(&self, def: &ColumnDef, column: &Column, table: &Table) -> Option<Scalar> {
        let default = def.options.iter().find_map(|option| match &option.option {
            ColumnOption::Default(value) => Some(value),
            _ => None,
        })?;
        self.default_value(default, column, table)
    }

    /// A constraint on a table as it is by now. `None` where the database makes none of it.
    pub(super) fn constraint(&mut self, table: &Table, sql: &TableConstraint) -> Step<Option<Constraint>> {
        match sql {
            TableConstraint::PrimaryKey(key) => {
                plain(key.characteristics.as_ref())?;
                if !key.include.is_empty() || !key.index_options.is_empty() || key.index_type.is_some() {
                    return Err(Stop::Unread);
                }
                let columns = self.plain_columns(table, &key.columns)?;
                let name = self.given(table, key.name.as_ref(), &columns, Suffix::PrimaryKey);
                Ok(Some(Constraint::PrimaryKey(PrimaryKey { name, columns, age: 0 })))
            }
            TableConstraint::Unique(unique) => {
                plain(unique.characteristics.as_ref())?;
                let odd = !unique.include.is_empty() || !unique.index_options.is_empty() || unique.index_type.is_some();
                if odd || unique.nulls_distinct == NullsDistinctOption::NotDistinct {
                    return Err(Stop::Unread);
                }
                let columns = self.plain_columns(table, &unique.columns)?;
                let same = table.primary_key.as_ref().is_some_and(|key| key.columns == columns)
                    || table.uniques.iter().any(|other| other.columns == columns);
                if same && self.backend() == Backend::Postgres {
                    // In one CREATE TABLE, PostgreSQL makes one index of the two.
                    return if unique.name.is_none() { Ok(None) } else { Err(Stop::Unread) };
                }
                let name = self.given(table, unique.name.as_ref(), &columns, Suffix::Unique);
                Ok(Some(Constraint::Unique(Unique { name, columns, age: 0 })))
            }
            TableConstraint::Check(check) => self.check(table, check).map(Some),
            TableConstraint::ForeignKey(key) => self.foreign_key(table, key).map(Some),
            _ => Err(Stop::Unread),
        }
    }

    fn check(&mut self, table: &Table, check: &CheckConstraint) -> Step<Constraint> {
        if check.no_inherit || check.enforced.is_some() {
            return Err(Stop::Unread);
        }
        let expr = self.bound(&check.expr, table);
        let mut columns: Vec<ColumnId> = expr.columns().collect();
        columns.sort_unstable();
        columns.dedup();
        let one = if columns.len() == 1 { columns.as_slice() } else { &[] };
        let name = self.given(table, check.name.as_ref(), one, Suffix::Check);
        let column = if name.generated { one.first().copied() } else { None };
        Ok(Constraint::Check(Check { name, expr, column }))
    }

    fn foreign_key(&mut self, table: &Table, key: &ForeignKeyConstraint) -> Step<Constraint> {
        plain(key.characteristics.as_ref())?;
        if key.match_kind.is_some() {
            return Err(Stop::Unread);
        }
        let columns = self.columns(table, &key.columns)?;
        let target = self.referred(table, &key.foreign_table)?;
        let references = if key.referred_columns.is_empty() {
            match &target.primary_key {
                Some(primary) => primary.columns.clone(),
                None => return Err(Stop::Unread),
            }
        } else {
            self.columns(&target, &key.referred_columns)?
        };
        if columns.len() != references.len() {
            return Err(Stop::Unread);
        }
        if self.backend() == Backend::Postgres && !is_key(&target, &references) && self.knows_all() {
            let names = target.column_names(&references).join(", ");
            let message = format!("nothing makes `{}` ({names}) unique, so no key can point to it", target.name);
            return Err(self.wrong(Code::UnknownConstraint, message));
        }
        let name = self.given(table, key.name.as_ref(), &columns, Suffix::ForeignKey);
        let (on_delete, on_update) = (action(key.on_delete), action(key.on_update));
        Ok(Constraint::ForeignKey(ForeignKey {
            name,
            columns,
            table: target.id,
            references,
            on_delete,
            on_update,
            deferrable: None,
            unchecked: false,
            bound: None,
        }))
    }

    /// The table that a key points to, which may be the one being made.
    fn referred(&mut self, table: &Table, name: &ObjectName) -> Step<Arc<Table>> {
        let wanted = self.name(name)?;
        let backend = self.backend();
        if wanted.schema == table.name.schema && backend.fold(&wanted.name) == backend.fold(&table.name.name) {
            return Ok(Arc::new(table.clone()));
        }
        // SQLite takes keys to tables that are not there; the state cannot hold them.
        if backend == Backend::Sqlite && !matches!(self.find(&wanted), Found::Table(_)) {
            self.read.access.names.push(wanted);
            return Err(Stop::Unread);
        }
        self.table(name, false)?.ok_or(Stop::Unread)
    }

    fn given(&self, table: &Table, name: Option<&Ident>, columns: &[ColumnId], suffix: Suffix) -> Name {
        match name {
            Some(name) => Name { text: self.ident(name), generated: false },
            None => self.choose(table, columns, suffix),
        }
    }

    fn columns(&mut self, table: &Table, names: &[Ident]) -> Step<Vec<ColumnId>> {
        names.iter().map(|name| self.column(table, name).map(|column| column.id)).collect()
    }

    /// The columns of a key, where each stands bare.
    fn plain_columns(&mut self, table: &Table, columns: &[IndexColumn]) -> Step<Vec<ColumnId>> {
        let mut ids = Vec::with_capacity(columns.len());
        for column in columns {
            let SqlExpr::Identifier(name) = &column.column.expr else { return Err(Stop::Unread) };
            let options = &column.column.options;
            if column.operator_class.is_some() || options.sort.is_some() || options.nulls_first.is_some() {
                return Err(Stop::Unread);
            }
            ids.push(self.column(table, name)?.id);
        }
        Ok(ids)
    }
}

/// The constraints of a column's definition.
pub(super) fn constraints_of(def: &ColumnDef) -> Vec<TableConstraint> {
    let columns = || vec![IndexColumn::from(def.name.clone())];
    let named = |option: &ColumnOptionDef| {
        let given = option.name.clone();
        Some(match option.option.clone() {
            ColumnOption::PrimaryKey(key) => {
                PrimaryKeyConstraint { name: key.name.or(given), columns: columns(), ..key }.into()
            }
            ColumnOption::Unique(unique) => {
                UniqueConstraint { name: unique.name.or(given), columns: columns(), ..unique }.into()
            }
            ColumnOption::Check(check) => CheckConstraint { name: check.name.or(given), ..check }.into(),
            ColumnOption::ForeignKey(key) => {
                ForeignKeyConstraint { name: key.name.or(given), columns: vec![def.name.clone()], ..key }.into()
            }
            _ => return None,
        })
    };
    def.options.iter().filter_map(named).collect()
}

pub(super) const fn is_foreign_key(constraint: &TableConstraint) -> bool {
    matches!(constraint, TableConstraint::ForeignKey(_))
}

/// Puts a constraint on a table that is being made.
pub(super) fn put_on(table: &mut Table, constraint: Constraint) {
    match constraint {
        Constraint::PrimaryKey(key) => table.primary_key = Some(key),
        Constraint::Unique(unique) => table.uniques.push(unique),
        Constraint::ForeignKey(key) => table.foreign_keys.push(key),
        Constraint::Check(check) => table.checks.push(check),
    }
}

/// Constraints that are checked later, or not at all, are more than the state can say.
fn plain(characteristics: Option<&ConstraintCharacteristics>) -> Step {
    match characteristics {
        None => Ok(()),
        Some(ConstraintCharacteristics {
            deferrable: None | Some(false),
            initially: None | Some(DeferrableInitial::Immediate),
            enforced: None,
        }) => Ok(()),
        Some(_) => Err(Stop::Unread),
    }
}

const fn action(action: Option<ReferentialAction>) -> Action {
    match action {
        None | Some(ReferentialAction::NoAction) => Action::NoAction,
        Some(ReferentialAction::Restrict) => Action::Restrict,
        Some(ReferentialAction::Cascade) => Action::Cascade,
        Some(ReferentialAction::SetNull) => Action::SetNull,
        Some(ReferentialAction::SetDefault) => Action::SetDefault,
    }
}
