//! Names that a database holds in one namespace with its tables: those of indexes, views and, on PostgreSQL,
//! of the indexes behind primary keys and unique constraints and of sequences.

use std::collections::HashMap;

use super::{Change, Constraint, ConstraintKind, State, StateError, Table};
use crate::ident::TableName;

impl State {
    /// What holds a name among the tables of its schema, for people; `None` where it is free.
    #[must_use]
    pub fn name_taken(&self, name: &TableName) -> Option<&'static str> {
        let folded = self.fold(name);
        if self.names.contains_key(&folded) {
            return Some("a table");
        }
        let global = self.backend.capabilities().index_names_are_global;
        if global && self.indexes.contains_key(&folded) {
            return Some("an index");
        }
        self.held.get(&folded).copied()
    }

    /// Whether a constraint of that kind has an index of its name.
    fn is_held(&self, kind: ConstraintKind) -> bool {
        self.backend.capabilities().renames_constraints
            && self.backend.capabilities().index_names_are_global
            && matches!(kind, ConstraintKind::PrimaryKey | ConstraintKind::Unique)
    }

    /// The names that a table's constraints and sequences hold.
    fn held_by(&self, table: &Table) -> Vec<(TableName, &'static str)> {
        let constraints = table.constraints().filter_map(|constraint| self.held_by_constraint(table, &constraint));
        let sequences = table.columns.iter().filter_map(|column| column.sequence.as_ref());
        constraints.chain(sequences.map(|name| (table.name.renamed(name.text.clone()), "a sequence"))).collect()
    }

    fn held_by_constraint(&self, table: &Table, constraint: &Constraint) -> Option<(TableName, &'static str)> {
        let what =
            if constraint.kind() == ConstraintKind::PrimaryKey { "a primary key" } else { "a unique constraint" };
        self.is_held(constraint.kind()).then(|| (table.name.renamed(constraint.name().text.clone()), what))
    }

    /// Takes a free name.
    pub(super) fn hold(&mut self, name: &TableName, what: &'static str) -> Result<(), StateError> {
        if let Some(by) = self.name_taken(name) {
            return Err(StateError::NameTaken { name: name.clone(), by });
        }
        self.held.insert(self.fold(name), what);
        Ok(())
    }

    pub(super) fn let_go(&mut self, name: &TableName) {
        self.held.remove(&self.fold(name));
    }

    /// Takes what a new table's constraints and sequences hold. The table's own name and its
    /// indexes are checked too, and taken by the caller.
    pub(super) fn hold_table(&mut self, table: &Table) -> Result<(), StateError> {
        if let Some(by) = self.name_taken(&table.name) {
            return Err(match by {
                "a table" => StateError::TableExists { table: table.name.clone() },
                by => StateError::NameTaken { name: table.name.clone(), by },
            });
        }
        let names = self.held_by(table);
        let mut own = vec![self.fold(&table.name)];
        if self.backend.capabilities().index_names_are_global {
            own.extend(table.indexes.iter().map(|index| self.fold(&table.name.renamed(index.name.clone()))));
        }
        for (name, what) in &names {
            let folded = self.fold(name);
            let by = self.name_taken(name).or_else(|| own.contains(&folded).then_some(what));
            if let Some(by) = by {
                return Err(StateError::NameTaken { name: name.clone(), by });
            }
            own.push(folded);
        }
        for (name, what) in names {
            self.held.insert(self.fold(&name), what);
        }
        Ok(())
    }

    pub(super) fn let_go_table(&mut self, table: &Table) {
        for (name, _) in self.held_by(table) {
            self.let_go(&name);
        }
    }

    pub(super) fn hold_constraint(&mut self, table: &Table, constraint: &Constraint) -> Result<(), StateError> {
        self.held_by_constraint(table, constraint).map_or(Ok(()), |(name, what)| self.hold(&name, what))
    }

    pub(super) fn let_go_constraint(&mut self, table: &Table, constraint: &Constraint) {
        if let Some((name, _)) = self.held_by_constraint(table, constraint) {
            self.let_go(&name);
        }
    }

    /// Lets go of one name and takes another for the same thing; on an error all is as it was.
    pub(super) fn hold_instead(&mut self, from: &TableName, to: &TableName) -> Result<(), StateError> {
        let Some(what) = self.held.remove(&self.fold(from)) else { return Ok(()) };
        let held = self.hold(to, what);
        if held.is_err() {
            self.held.insert(self.fold(from), what);
        }
        held
    }
}

/// Names that changes free and take, one change after the other.
struct Moves<'s> {
    state: &'s State,
    /// Names that differ from the state: taken by what, or free.
    moved: HashMap<TableName, Option<&'static str>>,
}

impl Moves<'_> {
    fn free(&mut self, name: &TableName) {
        self.moved.insert(self.state.fold(name), None);
    }

    fn take(&mut self, name: &TableName, what: &'static str) -> Result<(), StateError> {
        let folded = self.state.fold(name);
        let by = self.moved.get(&folded).copied().unwrap_or_else(|| self.state.name_taken(name));
        if let Some(by) = by {
            return Err(StateError::NameTaken { name: name.clone(), by });
        }
        self.moved.insert(folded, Some(what));
        Ok(())
    }

    fn index(&mut self, table: &Table, from: Option<&str>, to: Option<&str>) -> Result<(), StateError> {
        if self.state.backend.capabilities().index_names_are_global {
            if let Some(name) = &from {
                self.free(&table.name.renamed(*name));
            }
            to.map_or(Ok(()), |name| self.take(&table.name.renamed(name), "an index"))?;
        }
        Ok(())
    }

    fn change(&mut self, change: &Change) -> Result<(), StateError> {
        let state = self.state;
        let Some(table) = change.table().and_then(|id| state.table(id)) else {
            if let Change::CreateTable(table) = change {
                self.take(&table.name, "a table")?;
                for (name, what) in state.held_by(table) {
                    self.take(&name, what)?;
                }
                for index in &table.indexes {
                    self.index(table, None, Some(&index.name))?;
                }
            }
            return Ok(());
        };
        let sequence_of = |id: &super::ColumnId| table.column(*id).and_then(|column| column.sequence.as_ref());
        let named = |name: &super::Name| table.name.renamed(name.text.clone());
        match change {
            Change::DropTable(_) => {
                self.free(&table.name);
                state.held_by(table).iter().for_each(|(name, _)| self.free(name));
                table.indexes.iter().try_for_each(|index| self.index(table, Some(&index.name), None))
            }
            Change::RenameTable { to, .. } => {
                self.free(&table.name);
                self.take(to, "a table")
            }
            Change::AddColumn { column, .. } => {
                column.sequence.as_ref().map_or(Ok(()), |name| self.take(&named(name), "a sequence"))
            }
            Change::DropColumn { column, .. } => {
                if let Some(name) = &sequence_of(column) {
                    self.free(&named(name));
                }
                Ok(())
            }
            Change::AlterColumn { column, patch, .. } => {
                let Some((_, sequence)) = &patch.auto_increment else { return Ok(()) };
                if let Some(name) = &sequence_of(column) {
                    self.free(&named(name));
                }
                sequence.as_ref().map_or(Ok(()), |name| self.take(&named(name), "a sequence"))
            }
            Change::RenameSequence { column, to, .. } => {
                if let Some(name) = &sequence_of(column) {
                    self.free(&named(name));
                }
                self.take(&named(to), "a sequence")
            }
            Change::AddIndex { index, .. } => self.index(table, None, Some(&index.name)),
            Change::DropIndex { name, .. } => self.index(table, Some(name), None),
            Change::RenameIndex { name, to, .. } => self.index(table, Some(name), Some(to)),
            Change::AddConstraint { constraint, .. } => {
                state.held_by_constraint(table, constraint).map_or(Ok(()), |(name, what)| self.take(&name, what))
            }
            Change::DropConstraint { kind, name, .. } if state.is_held(*kind) => {
                self.free(&table.name.renamed(name.clone()));
                Ok(())
            }
            Change::RenameConstraint { kind, name, to, .. } if state.is_held(*kind) => {
                self.free(&table.name.renamed(name.clone()));
                self.take(&named(to), "a constraint")
            }
            _ => Ok(()),
        }
    }
}

impl State {
    /// Whether the names that some changes take, one after the other, are free by then.
    pub(super) fn names_are_free(&self, changes: &[Change]) -> Result<(), StateError> {
        let mut moves = Moves { state: self, moved: HashMap::new() };
        changes.iter().try_for_each(|change| moves.change(change))
    }
}
