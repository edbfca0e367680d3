//! Names that a database holds in one namespace with its tables: those of indexes, views and, on PostgreSQL,
//! of the indexes behind primary keys and unique constraints and of sequences. And those that MySQL holds beside: of
//! foreign keys and checks in the whole database, of keys among the indexes of their table.

use super::{Change, Constraint, ConstraintKind, Map, Name, State, StateError, Table};
use crate::ident::TableName;

impl State {
    /// What holds a name among the tables of its schema, for people; `None` where it is free.
    #[must_use]
    pub fn name_taken(&self, name: &TableName) -> Option<&'static str> {
        self.folded_taken(&self.fold(name))
    }

    fn folded_taken(&self, folded: &TableName) -> Option<&'static str> {
        if self.names.contains_key(folded) {
            return Some("a table");
        }
        if self.indexes.contains_key(folded) {
            return Some("an index");
        }
        self.held.get(folded).copied()
    }

    /// The names that a constraint of that kind and name holds outside its table's constraints.
    pub(crate) fn names_of(
        &self,
        table: &Table,
        kind: ConstraintKind,
        name: &str,
    ) -> impl Iterator<Item = (TableName, &'static str)> + use<> {
        let what = match kind {
            ConstraintKind::PrimaryKey => "a primary key",
            ConstraintKind::Unique => "a unique constraint",
            ConstraintKind::ForeignKey => "a foreign key",
            ConstraintKind::Check => "a check",
        };
        let capabilities = self.backend.capabilities();
        let within = |space: &str| TableName { schema: Some(space.to_owned()), name: name.to_owned() };
        let among_indexes = || self.index_key(None, name, table.id);
        let with_tables = capabilities.renames_constraints && capabilities.index_names_are_global;
        let names = match kind {
            ConstraintKind::Unique if capabilities.keys_own_indexes => [Some(among_indexes()), None],
            ConstraintKind::ForeignKey if capabilities.keys_own_indexes => {
                [Some(among_indexes()), Some(within("foreign keys"))]
            }
            ConstraintKind::Check if capabilities.keys_own_indexes => [Some(within("checks")), None],
            ConstraintKind::PrimaryKey | ConstraintKind::Unique if with_tables => {
                [Some(table.name.renamed(name)), None]
            }
            _ => [None, None],
        };
        names.into_iter().flatten().map(move |name| (name, what))
    }

    /// The names that a table's constraints and sequences hold.
    fn held_by(&self, table: &Table) -> Vec<(TableName, &'static str)> {
        let constraints = table.constraint_names().flat_map(|(kind, name)| self.names_of(table, kind, &name.text));
        let sequences = table.columns.iter().filter_map(|column| column.sequence.as_ref());
        constraints.chain(sequences.map(|name| (table.name.renamed(name.text.clone()), "a sequence"))).collect()
    }

    fn held_by_constraint(
        &self,
        table: &Table,
        constraint: &Constraint,
    ) -> impl Iterator<Item = (TableName, &'static str)> {
        self.names_of(table, constraint.kind(), &constraint.name().text)
    }

    /// Takes a free name.
    pub(super) fn hold(&mut self, name: &TableName, what: &'static str) -> Result<(), StateError> {
        let folded = self.fold(name);
        if let Some(by) = self.folded_taken(&folded) {
            return Err(StateError::NameTaken { name: name.clone(), by });
        }
        self.held.insert(folded.into_owned(), what);
        Ok(())
    }

    pub(super) fn let_go(&mut self, name: &TableName) {
        self.held.remove(&*self.fold(name));
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
        self.type_is_free(&table.name)?;
        let names = self.held_by(table);
        if names.is_empty() {
            return Ok(());
        }
        let mut own = vec![self.fold(&table.name).into_owned()];
        let schema = table.name.schema.as_deref();
        own.extend(table.indexes.iter().map(|index| self.index_key(schema, &index.name, table.id)));
        let first = own.len();
        for (name, what) in &names {
            let folded = self.fold(name);
            let by = self.folded_taken(&folded).or_else(|| own.contains(&*folded).then_some(what));
            if let Some(by) = by {
                return Err(StateError::NameTaken { name: name.clone(), by });
            }
            own.push(folded.into_owned());
        }
        self.held.extend(own.into_iter().skip(first).zip(names.into_iter().map(|(_, what)| what)));
        Ok(())
    }

    pub(super) fn let_go_table(&mut self, table: &Table) {
        for (name, _) in self.held_by(table) {
            self.let_go(&name);
        }
    }

    pub(super) fn hold_constraint(&mut self, table: &Table, constraint: &Constraint) -> Result<(), StateError> {
        let names: Vec<_> = self.held_by_constraint(table, constraint).collect();
        for (at, (name, what)) in names.iter().enumerate() {
            if let Err(error) = self.hold(name, what) {
                names.iter().take(at).for_each(|(name, _)| self.let_go(name));
                return Err(error);
            }
        }
        Ok(())
    }

    pub(super) fn let_go_constraint(&mut self, table: &Table, constraint: &Constraint) {
        for (name, _) in self.held_by_constraint(table, constraint).collect::<Vec<_>>() {
            self.let_go(&name);
        }
    }

    /// Lets go of one name and takes another for the same thing; on an error all is as it was.
    pub(super) fn hold_instead(&mut self, from: &TableName, to: &TableName) -> Result<(), StateError> {
        let Some(what) = self.held.remove(&*self.fold(from)) else { return Ok(()) };
        let held = self.hold(to, what);
        if held.is_err() {
            self.held.insert(self.fold(from).into_owned(), what);
        }
        held
    }
}

/// Names that changes free and take, one change after the other.
struct Moves<'s> {
    state: &'s State,
    /// Names that differ from the state: taken by what, or free.
    moved: Map<TableName, Option<&'static str>>,
}

impl Moves<'_> {
    fn free(&mut self, name: &TableName) {
        self.moved.insert(self.state.fold(name).into_owned(), None);
    }

    fn take(&mut self, name: &TableName, what: &'static str) -> Result<(), StateError> {
        let folded = self.state.fold(name);
        let moved = if self.moved.is_empty() { None } else { self.moved.get(&*folded).copied() };
        if let Some(by) = moved.unwrap_or_else(|| self.state.folded_taken(&folded)) {
            return Err(StateError::NameTaken { name: name.clone(), by });
        }
        self.moved.insert(folded.into_owned(), Some(what));
        Ok(())
    }

    fn index(&mut self, table: &Table, from: Option<&str>, to: Option<&str>) -> Result<(), StateError> {
        let key = |name: &str| self.state.index_key(table.name.schema.as_deref(), name, table.id);
        if let Some(name) = from {
            self.free(&key(name));
        }
        to.map_or(Ok(()), |name| self.take(&key(name), "an index"))
    }

    fn change(&mut self, change: &Change) -> Result<(), StateError> {
        let state = self.state;
        let Some(table) = change.table().and_then(|id| state.table(id)) else {
            if let Change::CreateTable(table) = change {
                state.type_is_free(&table.name)?;
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
        let named = |name: &Name| table.name.renamed(name.text.clone());
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
                state.held_by_constraint(table, constraint).try_for_each(|(name, what)| self.take(&name, what))
            }
            Change::DropConstraint { kind, name, .. } => {
                state.names_of(table, *kind, name).for_each(|(name, _)| self.free(&name));
                Ok(())
            }
            Change::RenameConstraint { kind, name, to, .. } => {
                state.names_of(table, *kind, name).for_each(|(name, _)| self.free(&name));
                state.names_of(table, *kind, &to.text).try_for_each(|(name, what)| self.take(&name, what))
            }
            _ => Ok(()),
        }
    }
}

impl State {
    /// Whether the names that some changes take, one after the other, are free by then.
    pub(super) fn names_are_free(&self, changes: &[Change]) -> Result<(), StateError> {
        let mut moves = Moves { state: self, moved: Map::default() };
        changes.iter().try_for_each(|change| moves.change(change))
    }
}
