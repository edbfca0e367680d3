//! CREATE TABLE and CREATE INDEX.

use std::sync::Arc;

use sqlparser::ast::helpers::stmt_create_table::CreateTableBuilder;
use sqlparser::ast::{CreateIndex, CreateTable, Expr as SqlExpr, IndexColumn, IndexType, OrderBySort, TableConstraint};

use super::columns::{constraints_of, is_foreign_key, put_on};
use super::{Found, Reader, Step, Stop};
use crate::backend::Backend;
use crate::diagnostic::Code;
use crate::ident::TableName;
use crate::operation::{DataType, Nulls, Order};
use crate::state::{Change, ColumnId, Index, IndexKey, IndexPart, Table, TableId};

impl Reader<'_, '_> {
    pub(super) fn create_table(&mut self, create: &CreateTable) -> Step {
        let name = self.name(&create.name)?;
        self.read.access.names.push(name.clone());
        if self.stands(&name, create.if_not_exists, create.temporary)? {
            return Ok(());
        }
        if !is_plain(create) || create.columns.is_empty() {
            return Err(Stop::Unread);
        }
        let mut table = Table {
            id: TableId(self.trial.state.fresh()),
            name,
            columns: Vec::with_capacity(create.columns.len()),
            primary_key: None,
            uniques: Vec::new(),
            foreign_keys: Vec::new(),
            checks: Vec::new(),
            indexes: Vec::new(),
            options: options(create),
            comment: None,
        };
        for def in &create.columns {
            let column = self.new_column(&table, def)?;
            table.columns.push(column);
        }
        for (at, def) in create.columns.iter().enumerate() {
            let default = table.columns.get(at).and_then(|column| self.default_of(def, column, &table));
            if let Some(column) = table.columns.get_mut(at) {
                column.default = default;
            }
        }
        let all = create.columns.iter().flat_map(constraints_of).chain(create.constraints.iter().cloned());
        let (keys, mut constraints): (Vec<_>, Vec<_>) = all.partition(is_foreign_key);
        // The key first: PostgreSQL makes its index first, and other constraints may be the same.
        constraints.sort_by_key(|constraint| !matches!(constraint, TableConstraint::PrimaryKey(_)));
        for sql in constraints.iter().chain(&keys) {
            let Some(constraint) = self.constraint(&table, sql)? else { continue };
            let twice = matches!(sql, TableConstraint::PrimaryKey(_)) && table.primary_key.is_some();
            if twice || table.constraint_names().any(|(_, other)| other.text == constraint.name().text) {
                return Err(Stop::Unread);
            }
            put_on(&mut table, constraint);
        }
        self.key_columns(&mut table, create.without_rowid)?;
        self.put(Change::CreateTable(Arc::new(table)))
    }

    /// What a primary key makes of its columns.
    fn key_columns(&self, table: &mut Table, without_rowid: bool) -> Step {
        let key: Vec<ColumnId> = table.primary_key.as_ref().map(|key| key.columns.clone()).unwrap_or_default();
        let alias = self.backend() == Backend::Sqlite && key.len() == 1 && !without_rowid;
        for column in &mut table.columns {
            let in_key = key.contains(&column.id);
            if column.auto_increment && self.backend() == Backend::Sqlite && !(in_key && key.len() == 1) {
                return Err(Stop::Unread);
            }
            if !in_key {
                continue;
            }
            if self.backend() == Backend::Postgres || without_rowid {
                column.null = false;
            } else if alias && column.data_type == (DataType::Integer { unsigned: false }) {
                // The row's number: where an insert leaves it out, or says NULL, it gets the next one.
                column.null = !column.auto_increment;
            }
        }
        Ok(())
    }

    /// Whether something of a name that is to be made stands already, and may.
    pub(super) fn stands(&mut self, name: &TableName, if_not_exists: bool, temporary: bool) -> Step<bool> {
        if temporary {
            return Err(Stop::Unread);
        }
        match if if_not_exists { self.look_up(name) } else { self.find(name) } {
            Found::Table(_) | Found::View if if_not_exists => Ok(true),
            Found::Table(_) => Err(self.wrong(Code::AlreadyExists, format!("table `{name}` stands already"))),
            Found::View => Err(self.wrong(Code::AlreadyExists, format!("a view `{name}` stands already"))),
            Found::Unsure if if_not_exists => Err(Stop::Unread),
            Found::Unsure | Found::Absent => Ok(false),
        }
    }

    pub(super) fn create_index(&mut self, create: &CreateIndex) -> Step {
        let Some(table) = self.table(&create.table_name, false)? else { return Err(Stop::Unread) };
        let odd = !create.include.is_empty()
            || create.nulls_distinct == Some(false)
            || !create.with.is_empty()
            || !create.index_options.is_empty()
            || !create.alter_options.is_empty()
            || create.r#async;
        let mut given = None;
        if let Some(name) = &create.name {
            let name = table.name.renamed(self.name(name)?.name);
            if self.trial.state.index_named(&name).is_some() {
                if create.if_not_exists {
                    self.read.access.names.push(name);
                    return Ok(());
                }
                let message = format!("index `{}` stands already", name.name);
                return Err(self.wrong(Code::AlreadyExists, message));
            }
            given = Some(name.name);
        }
        if odd {
            return Err(Stop::Unread);
        }
        let mut parts = Vec::with_capacity(create.columns.len());
        let mut words = Vec::with_capacity(create.columns.len());
        for column in &create.columns {
            let part = self.index_part(&table, column)?;
            words.push(match (&part.key, &column.column.expr) {
                (IndexKey::Column(id), _) => table.column_name(*id).to_owned(),
                (_, SqlExpr::Function(function)) => function.name.to_string().to_lowercase(),
                // PostgreSQL looks for a name in the expression; where it finds one is its affair.
                _ if create.name.is_none() => return Err(Stop::Unread),
                _ => String::new(),
            });
            parts.push(part);
        }
        let predicate = create.predicate.as_ref().map(|predicate| self.bound(predicate, &table));
        let using = create.using.as_ref().filter(|method| **method != IndexType::BTree);
        let using = using.map(|method| method.to_string().to_lowercase());
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let name = given.unwrap_or_else(|| self.choose_index(&table, &words));
        let index = Index {
            name,
            parts,
            unique: create.unique,
            predicate,
            using,
            include: vec![],
            with: None,
            nulls_alike: false,
            age: 0,
        };
        self.put(Change::AddIndex { table: table.id, index, concurrently: false })
    }

    fn index_part(&mut self, table: &Table, column: &IndexColumn) -> Step<IndexPart> {
        if column.operator_class.is_some() || column.column.with_fill.is_some() {
            return Err(Stop::Unread);
        }
        let mut expr = &column.column.expr;
        while let SqlExpr::Nested(nested) = expr {
            expr = nested;
        }
        let key = match expr {
            SqlExpr::Identifier(name) => IndexKey::Column(self.column(table, name)?.id),
            SqlExpr::Collate { .. } => return Err(Stop::Unread),
            expr => IndexKey::Expr(self.bound(expr, table)),
        };
        let order = match &column.column.options.sort {
            None | Some(OrderBySort::Asc) => Order::Asc,
            Some(OrderBySort::Desc) => Order::Desc,
            Some(OrderBySort::Using(_)) => return Err(Stop::Unread),
        };
        let nulls = column.column.options.nulls_first.map(|first| if first { Nulls::First } else { Nulls::Last });
        Ok(IndexPart { key, order, nulls, length: None, collation: None, opclass: None })
    }
}

/// Whether a CREATE TABLE says nothing but columns, constraints and SQLite's own options.
fn is_plain(create: &CreateTable) -> bool {
    let mut plain = CreateTableBuilder::new(create.name.clone())
        .columns(create.columns.clone())
        .constraints(create.constraints.clone())
        .if_not_exists(create.if_not_exists)
        .build();
    plain.without_rowid = create.without_rowid;
    plain.strict = create.strict;
    plain.hive_formats.clone_from(&create.hive_formats);
    plain == *create
}

/// What SQLite says behind the closing bracket.
fn options(create: &CreateTable) -> Option<String> {
    let said = [("WITHOUT ROWID", create.without_rowid), ("STRICT", create.strict)];
    let said: Vec<&str> = said.into_iter().filter_map(|(words, said)| said.then_some(words)).collect();
    (!said.is_empty()).then(|| said.join(", "))
}
