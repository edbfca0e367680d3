//! Rows: what INSERT, UPDATE, DELETE, TRUNCATE and SELECT read and write.
//!
//! Names of common table expressions and aliases are known from a walk over the whole statement, so
//! a name that is none of them is a table or view.

use std::collections::HashSet;
use std::sync::Arc;

use sqlparser::ast::{
    AssignmentTarget, CascadeOption, ConflictTarget, FromTable, Ident, Insert, ObjectName, OnConflictAction, OnInsert,
    SelectItem, SetExpr, Statement, TableFactor, TableObject, TableWithJoins, Visit,
};

use super::{Found, Reader, Step, Stop};
use crate::backend::Backend;
use crate::diagnostic::Code;
use crate::ident::TableName;
use crate::state::Table;
use crate::state::walk::{Walked, single};

impl Reader<'_, '_> {
    pub(super) fn rows(&mut self, statement: &Statement) -> Step {
        let mut walked = Walked::default();
        let _ = statement.visit(&mut walked);
        let sure = !walked.unread && self.backend() != Backend::Mysql;
        let own: HashSet<String> = walked.ctes.iter().chain(&walked.own).map(|name| self.folded(name)).collect();
        let mut targets: Vec<&ObjectName> = walked.inner.iter().chain([statement]).filter_map(insert_target).collect();
        let mut read = Vec::new();
        for name in walked.relations.iter().filter(|name| !walked.functions.contains(name)) {
            let target = targets.iter().position(|target| *target == name).map(|at| targets.remove(at));
            let is_own = single(name).is_some_and(|name| own.contains(&self.folded(name)));
            self.relation(name, is_own, target.is_some(), !walked.unread, &mut read)?;
        }
        for statement in walked.inner.iter().chain([statement]) {
            self.targets(statement, sure)?;
        }
        // The tables whose list of columns matters: all that are read, for a bare `*`.
        if walked.star {
            self.read.access.star.extend(read.iter().filter(|(_, target)| !target).map(|(table, _)| table.id));
        }
        for name in &walked.stars_of {
            let tables = self.called(name.0.last().and_then(|part| part.as_ident()), &walked, &read);
            self.read.access.star.extend(tables.iter().map(|table| table.id));
        }
        // Columns by the names that stand anywhere in the statement. Where several tables have one of that
        // name, each is taken: that is more than is meant, never less.
        for (qualifier, column) in &walked.columns {
            for table in self.called(qualifier.as_ref(), &walked, &read) {
                self.name_column(&table, column);
            }
        }
        if walked.unread { Err(Stop::Unread) } else { Ok(()) }
    }

    /// A table that a statement mentions and does nothing to; `column`: the name of a column stands behind it.
    pub(super) fn mentions(&mut self, name: &ObjectName, column: bool) -> Step {
        let mut parts = name.clone();
        let column = if column && parts.0.len() > 1 { parts.0.pop() } else { None };
        let name = self.name(&parts)?;
        match self.look_up(&name) {
            Found::Table(table) => {
                if let Some(column) = column.as_ref().and_then(|part| part.as_ident()) {
                    self.name_column(&table, column);
                }
            }
            Found::View => {}
            Found::Unsure | Found::Absent => return Err(Stop::Unread),
        }
        self.read.access.names.push(name);
        Ok(())
    }

    fn folded(&self, ident: &Ident) -> String {
        self.backend().fold(&self.ident(ident)).into_owned()
    }

    /// A relation that is read: a table, or a view and all that it reads. `is_own`: the statement has
    /// something of its own of that name. `target`: it is what an INSERT fills.
    fn relation(
        &mut self,
        name: &ObjectName,
        is_own: bool,
        target: bool,
        sure: bool,
        read: &mut Vec<(Arc<Table>, bool)>,
    ) -> Step {
        let written = name;
        let name = self.name(name)?;
        let mut read_to_its_end = Ok(());
        match self.look_up(&name) {
            Found::Table(table) => {
                if !target {
                    self.read.access.reads.push(table.id);
                }
                read.push((table, target));
            }
            _ if is_own => return Ok(()),
            Found::View => {
                let view = self.trial.state.view_named(&name).ok_or(Stop::Unread)?;
                self.read.access.reads.extend(view.reads.as_ref().ok_or(Stop::Unread)?);
            }
            Found::Unsure => {
                // Catalogs stand always; what else is not known may be anything.
                let ledger = name.name.to_ascii_lowercase().starts_with("dbmigrate_");
                if ledger || !self.of_the_system(&name) {
                    read_to_its_end = Err(Stop::Unread);
                }
            }
            Found::Absent if sure && !self.is_of_the_server(&name) => return self.table(written, false).map(|_| ()),
            Found::Absent => {}
        }
        self.read.access.names.push(name);
        read_to_its_end
    }

    /// Tables that no one makes: `dual`, and MariaDB's `seq_1_to_10`.
    fn is_of_the_server(&self, name: &TableName) -> bool {
        let name = name.name.to_ascii_lowercase();
        self.backend() == Backend::Mysql && (name == "dual" || name.starts_with("seq_") && name.contains("_to_"))
    }

    /// The tables that a statement changes.
    fn targets(&mut self, statement: &Statement, sure: bool) -> Step {
        match statement {
            Statement::Insert(insert) => self.insert(insert, sure),
            Statement::Update(update) => {
                let Some(table) = self.target_of(&update.table)? else { return Ok(()) };
                self.read.access.writes.push(table.id);
                for assignment in &update.assignments {
                    self.assigned(&table, &assignment.target, sure)?;
                }
                self.returned(&table, update.returning.as_deref());
                Ok(())
            }
            Statement::Delete(delete) => {
                if !delete.tables.is_empty() {
                    return Err(Stop::Unread);
                }
                let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
                for table in from {
                    if let Some(table) = self.target_of(table)? {
                        self.read.access.writes.push(table.id);
                        self.returned(&table, delete.returning.as_deref());
                    }
                }
                Ok(())
            }
            Statement::Truncate(truncate) => {
                let cascade = matches!(truncate.cascade, Some(CascadeOption::Cascade));
                for target in &truncate.table_names {
                    let Some(table) = self.target(&target.name)? else { continue };
                    self.read.access.writes.push(table.id);
                    let mut open = if cascade { vec![table.id] } else { Vec::new() };
                    while let Some(id) = open.pop() {
                        for referrer in self.trial.state.referrers(id) {
                            if !self.read.access.writes.contains(&referrer.id) {
                                self.read.access.writes.push(referrer.id);
                                open.push(referrer.id);
                            }
                        }
                    }
                }
                Ok(())
            }
            Statement::Query(_) => Ok(()),
            _ => Err(Stop::Unread),
        }
    }

    fn target_of(&mut self, table: &TableWithJoins) -> Step<Option<Arc<Table>>> {
        match &table.relation {
            TableFactor::Table { name, args: None, .. } => self.target(name),
            _ => Err(Stop::Unread),
        }
    }

    /// A table whose rows change; a view or unknown name is not understood.
    fn target(&mut self, name: &ObjectName) -> Step<Option<Arc<Table>>> {
        let name = self.name(name)?;
        match self.look_up(&name) {
            Found::Table(table) => Ok(Some(table)),
            Found::Absent => Ok(None),
            Found::View | Found::Unsure => Err(Stop::Unread),
        }
    }

    fn insert(&mut self, insert: &Insert, sure: bool) -> Step {
        let TableObject::TableName(name) = &insert.table else { return Err(Stop::Unread) };
        let Some(table) = self.target(name)? else { return Ok(()) };
        self.read.access.inserts.push(table.id);
        let by_default = insert.source.is_none() && insert.assignments.is_empty();
        if insert.columns.is_empty() && !by_default {
            self.read.access.star.push(table.id);
            if sure {
                self.values_fit(&table, insert)?;
            }
        }
        for column in insert.columns.iter().filter_map(single) {
            self.set_column(&table, column, sure)?;
        }
        self.returned(&table, insert.returning.as_deref());
        // What stands in the way is replaced.
        let replaces = insert.replace_into || insert.or.as_ref().is_some_and(|or| or.to_string().contains("REPLACE"));
        let updates = match &insert.on {
            None => false,
            Some(OnInsert::OnConflict(conflict)) => {
                if let Some(ConflictTarget::Columns(columns)) = &conflict.conflict_target {
                    for column in columns {
                        self.name_column(&table, column);
                    }
                }
                if let OnConflictAction::DoUpdate(update) = &conflict.action {
                    for assignment in &update.assignments {
                        self.assigned(&table, &assignment.target, sure)?;
                    }
                }
                matches!(conflict.action, OnConflictAction::DoUpdate(_))
            }
            Some(_) => true,
        };
        if replaces || updates {
            self.read.access.writes.push(table.id);
        }
        Ok(())
    }

    /// Says where rows without names of columns have too many values; on SQLite too few are wrong as well.
    fn values_fit(&mut self, table: &Table, insert: &Insert) -> Step {
        let Some(SetExpr::Values(values)) = insert.source.as_deref().map(|source| &*source.body) else { return Ok(()) };
        let (columns, exactly) = (table.columns.len(), self.backend() == Backend::Sqlite);
        let odd = values.rows.iter().map(|row| row.len()).find(|len| *len > columns || exactly && *len < columns);
        match odd.filter(|_| self.knows_all()) {
            None => Ok(()),
            Some(len) => {
                let message = format!("`{}` has {columns} columns at this point, and a row {len} values", table.name);
                Err(self.wrong(Code::TypeMismatch, message))
            }
        }
    }

    fn assigned(&mut self, table: &Table, target: &AssignmentTarget, sure: bool) -> Step {
        let names = match target {
            AssignmentTarget::ColumnName(name) => std::slice::from_ref(name),
            AssignmentTarget::Tuple(names) => names.as_slice(),
        };
        for name in names {
            match single(name) {
                Some(name) => self.set_column(table, name, sure)?,
                // A field of a composite, or the table's name in front.
                None => name.0.iter().filter_map(|part| part.as_ident()).for_each(|name| self.name_column(table, name)),
            }
        }
        Ok(())
    }

    /// A column that gets a value, which must be there.
    fn set_column(&mut self, table: &Table, name: &Ident, sure: bool) -> Step {
        self.name_column(table, name);
        if sure { self.column(table, name).map(|_| ()) } else { Ok(()) }
    }

    /// A column of a table, or a name that may become one.
    fn name_column(&mut self, table: &Table, name: &Ident) {
        match self.column_named(table, &self.ident(name)) {
            Some(column) => self.read.access.columns.push((table.id, column.id)),
            None => self.read.access.lookups.push((table.id, self.folded(name))),
        }
    }

    fn returned(&mut self, table: &Table, items: Option<&[SelectItem]>) {
        let star = |item: &SelectItem| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..));
        if items.is_some_and(|items| items.iter().any(star)) {
            self.read.access.star.push(table.id);
        }
    }

    /// The tables that a name in front of a column may mean; all where nothing stands in front.
    fn called(&self, name: Option<&Ident>, walked: &Walked, read: &[(Arc<Table>, bool)]) -> Vec<Arc<Table>> {
        let Some(name) = name else { return read.iter().map(|(table, _)| Arc::clone(table)).collect() };
        let name = self.folded(name);
        let of_alias: Vec<String> = walked
            .aliases
            .iter()
            .filter(|(_, alias)| self.folded(alias) == name)
            .filter_map(|(of, _)| of.0.last()?.as_ident().map(|of| self.folded(of)))
            .collect();
        let means = |table: &Table| {
            let own = self.backend().fold(&table.name.name).into_owned();
            own == name || of_alias.contains(&own)
        };
        read.iter().filter(|(table, _)| means(table)).map(|(table, _)| Arc::clone(table)).collect()
    }
}

/// What an INSERT fills.
fn insert_target(statement: &Statement) -> Option<&ObjectName> {
    match statement {
        Statement::Insert(Insert { table: TableObject::TableName(name), .. }) => Some(name),
        _ => None,
    }
}
