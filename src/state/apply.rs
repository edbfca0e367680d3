//! Applying a change to a state, which gives the change that undoes it.

use std::sync::Arc;

use super::{
    Change, Column, ColumnId, ColumnPatch, Constraint, ConstraintKind, SqlAccess, State, StateError, Table, TableId,
};
use crate::ident::TableName;

impl State {
    /// Applies a change and gives its inverse; `None` for what a state does not hold (rows, raw SQL, notes).
    ///
    /// # Errors
    ///
    /// What the change needs is not there, or what it makes is. The state is then as it was.
    pub fn apply(&mut self, change: &Change) -> Result<Option<Change>, StateError> {
        let inverse = self.apply_part(change)?;
        if let Err(error) = self.keys_can_set_null(change) {
            if let Some(inverse) = &inverse {
                // It undoes what was just applied, so it cannot fail.
                let _ = self.apply_part(inverse);
            }
            return Err(error);
        }
        Ok(inverse)
    }

    /// As [`Self::apply`], of a part of a statement: what must hold only once all of it ran is not asked.
    fn apply_part(&mut self, change: &Change) -> Result<Option<Change>, StateError> {
        let claims = change.claims(self);
        self.are_free(&claims)?;
        let inverse = self.change(change)?;
        self.commit(claims);
        Ok(inverse)
    }

    /// Makes a change whose names are free; they are taken afterwards.
    fn change(&mut self, change: &Change) -> Result<Option<Change>, StateError> {
        match change {
            Change::CreateTable(table) => self.create_table(table).map(Some),
            Change::DropTable(id) => self.drop_table(*id).map(Some),
            Change::RenameTable { table, to } => self.rename_table(*table, to).map(Some),
            Change::AddColumn { table, column, fill } => {
                self.edit(*table, |edited| {
                    if edited.column(column.id).is_some() {
                        return Err(StateError::ColumnExists {
                            table: edited.name.clone(),
                            column: column.name.clone(),
                        });
                    }
                    edited.columns.reserve_exact(1);
                    edited.columns.push(column.clone());
                    Ok(())
                })?;
                self.stars_follow(*table);
                Ok(Some(Change::DropColumn { table: *table, column: column.id, refill: fill.clone() }))
            }
            Change::DropColumn { table, column, refill } => {
                self.no_view_holds(*table, *column)?;
                let gone = self.edit(*table, |edited| {
                    if let Some(holder) = holder_of(edited, *column) {
                        return Err(StateError::ColumnHeld {
                            table: edited.name.clone(),
                            column: edited.column_name(*column).to_owned(),
                            holder,
                        });
                    }
                    let at = edited.columns.iter().position(|other| other.id == *column);
                    at.map(|at| edited.columns.remove(at)).ok_or_else(|| no_column(edited))
                })?;
                self.stars_follow(*table);
                Ok(Some(Change::AddColumn { table: *table, column: gone, fill: refill.clone() }))
            }
            Change::RenameColumn { table, column, to } => {
                let from = self.edit(*table, |edited| {
                    Ok(std::mem::replace(&mut find_column(edited, *column)?.name, to.clone()))
                })?;
                self.views_follow(*table);
                Ok(Some(Change::RenameColumn { table: *table, column: *column, to: from }))
            }
            Change::AlterColumn { table, column, patch, using, using_down, fill } => {
                let before = self.edit(*table, |edited| {
                    let column = find_column(edited, *column)?;
                    Ok(patch_column(column, patch))
                })?;
                if patch.data_type.is_some() {
                    self.keys_rebuilt(*table, *column);
                }
                Ok(Some(Change::AlterColumn {
                    table: *table,
                    column: *column,
                    patch: before,
                    using: using_down.clone(),
                    using_down: using.clone(),
                    fill: fill.clone().filter(|_| patch.null == Some(true)),
                }))
            }
            Change::AddIndex { table, index, concurrently } => {
                let age = index.key_columns().map_or(0, |columns| self.key_age(*table, &columns));
                self.edit(*table, |edited| {
                    edited.indexes.push(super::Index { age, ..index.clone() });
                    Ok(())
                })?;
                let (name, concurrently) = (index.name.clone(), *concurrently);
                Ok(Some(Change::DropIndex { table: *table, name, concurrently }))
            }
            Change::DropIndex { table, name, concurrently } => {
                let backend = self.backend;
                self.key_may_go(self.existing(*table)?, name)?;
                let index = self.edit(*table, |edited| {
                    let at = edited.indexes.iter().position(|index| backend.fold(&index.name) == backend.fold(name));
                    at.map(|at| edited.indexes.remove(at))
                        .ok_or_else(|| StateError::NoIndex { table: edited.name.clone(), index: name.clone() })
                })?;
                Ok(Some(Change::AddIndex { table: *table, index, concurrently: *concurrently }))
            }
            Change::RenameIndex { table, name, to } => {
                let backend = self.backend;
                self.edit(*table, |edited| {
                    let renamed = edited.indexes.iter_mut().find(|i| backend.fold(&i.name) == backend.fold(name));
                    let no_index = StateError::NoIndex { table: edited.name.clone(), index: name.clone() };
                    renamed.ok_or(no_index)?.name.clone_from(to);
                    Ok(())
                })?;
                self.key_renamed(*table, name, to);
                Ok(Some(Change::RenameIndex { table: *table, name: to.clone(), to: name.clone() }))
            }
            Change::AddConstraint { table, constraint } => self.add_constraint(*table, constraint).map(Some),
            Change::DropConstraint { table, kind, name } => self.drop_constraint(*table, *kind, name).map(Some),
            Change::RenameConstraint { table, kind, name, to } => {
                let dropped =
                    self.existing(*table)?.constraints().find(|c| c.kind() == *kind && c.name().text == *name);
                let Some(dropped) = dropped else {
                    return Err(StateError::NoConstraint {
                        table: self.existing(*table)?.name.clone(),
                        constraint: name.clone(),
                    });
                };
                let from = dropped.name().clone();
                self.edit(*table, |edited| {
                    rename_constraint(edited, *kind, name, to);
                    Ok(())
                })?;
                self.key_renamed(*table, name, &to.text);
                Ok(Some(Change::RenameConstraint { table: *table, kind: *kind, name: to.text.clone(), to: from }))
            }
            Change::RenameSequence { table, column, to } => {
                let from = self.edit(*table, |edited| {
                    let column = find_column(edited, *column)?;
                    Ok(column.sequence.replace(to.clone()))
                })?;
                let to = from.unwrap_or_else(|| to.clone());
                Ok(Some(Change::RenameSequence { table: *table, column: *column, to }))
            }
            Change::Create(object) => object.get().create(self).map(|made| Some(Change::Drop(made))),
            Change::Drop(object) => self.drop_object(object).map(|gone| Some(Change::Create(gone))),
            Change::ReplaceFunction { from, to } => {
                let before = self.replace_function(from, to)?;
                Ok(Some(Change::ReplaceFunction { from: to.clone(), to: before }))
            }
            Change::AlterEnum { from, to, renamed } => self.alter_enum(from, to, renamed).map(Some),
            Change::Sql { effects, access, .. } => {
                let mut inverses = Vec::new();
                for effect in effects {
                    match self.apply_part(effect) {
                        Ok(inverse) => inverses.extend(inverse),
                        Err(error) => {
                            for inverse in inverses.iter().rev() {
                                // Each undoes what was just applied, so it cannot fail.
                                let _ = self.apply_part(inverse);
                            }
                            return Err(error);
                        }
                    }
                }
                self.unknowns |= access.unread;
                inverses.reverse();
                // What was read of it can be taken back; the statement itself cannot.
                Ok((!inverses.is_empty()).then(|| Change::Sql {
                    sql: String::new(),
                    effects: inverses,
                    access: SqlAccess::default(),
                }))
            }
            Change::Insert { table, .. }
            | Change::Update { table, .. }
            | Change::Delete { table, .. }
            | Change::DeleteRows { table, .. } => self.existing(*table).map(|_| None),
            Change::KeepRows(kept) => {
                self.create_table(&kept.beside)?;
                Ok(Some(Change::RestoreRows(kept.clone())))
            }
            Change::RestoreRows(kept) => {
                self.drop_table(kept.beside.id)?;
                Ok(Some(Change::KeepRows(kept.clone())))
            }
            Change::Note(_) => Ok(None),
        }
    }

    fn create_table(&mut self, table: &Arc<Table>) -> Result<Change, StateError> {
        if self.tables.contains_key(&table.id) {
            return Err(StateError::exists(&**table));
        }
        for key in &table.foreign_keys {
            self.count_key(key.table, table.id, true);
        }
        self.next_id = self.next_id.max(table.id.0 + 1);
        for column in &table.columns {
            self.next_id = self.next_id.max(column.id.0 + 1);
        }
        self.tables.insert(table.id, self.bound_anew(table));
        Ok(Change::DropTable(table.id))
    }

    fn drop_table(&mut self, id: TableId) -> Result<Change, StateError> {
        let table = Arc::clone(self.existing(id)?);
        if let Some(referrer) = self.referrers(id).into_iter().find(|other| other.id != id) {
            if self.backend.capabilities().keys_outlive_tables {
                self.gone.insert(id, Arc::clone(&table));
            } else {
                return Err(StateError::TableReferenced { table: table.name.clone(), by: referrer.name.clone() });
            }
        }
        for key in &table.foreign_keys {
            self.count_key(key.table, id, false);
        }
        self.tables.remove(&id);
        // The database drops a table's triggers with it.
        self.objects.triggers.retain(|trigger| trigger.table_id != Some(id));
        Ok(Change::CreateTable(table))
    }

    fn rename_table(&mut self, id: TableId, to: &TableName) -> Result<Change, StateError> {
        let from = self.existing(id)?.name.clone();
        self.edit(id, |edited| {
            edited.name = to.clone();
            Ok(())
        })?;
        for trigger in &mut self.objects.triggers {
            if trigger.table_id == Some(id) {
                trigger.follow(to, self.backend);
            }
        }
        self.views_follow(id);
        Ok(Change::RenameTable { table: id, to: from })
    }

    /// Where the `*` of a view stays what it was, it is written out once its table has other columns.
    fn stars_follow(&mut self, table: TableId) {
        if self.backend.capabilities().stars_are_written_out
            && self.objects.views.iter().any(|view| view.star.contains(&table))
        {
            self.views_follow(table);
        }
    }

    /// Where the database holds on to what its views read.
    fn no_view_holds(&self, table: TableId, column: ColumnId) -> Result<(), StateError> {
        if !self.backend.capabilities().views_hold_columns {
            return Ok(());
        }
        let view = self.objects.views.iter().find(|view| view.mentions(table, column));
        match view.zip(self.tables.get(&table)) {
            Some((view, table)) => Err(StateError::ColumnHeld {
                table: table.name.clone(),
                column: table.column_name(column).to_owned(),
                holder: format!("view {}", view.name),
            }),
            None => Ok(()),
        }
    }

    /// Views are written with the names of the moment.
    fn views_follow(&mut self, table: TableId) {
        let mut views = std::mem::take(&mut self.objects.views);
        for view in views.iter_mut().filter(|view| view.reads.as_ref().is_some_and(|reads| reads.contains(&table))) {
            view.follow(self);
        }
        self.objects.views = views;
    }

    fn add_constraint(&mut self, id: TableId, constraint: &Constraint) -> Result<Change, StateError> {
        let name = &constraint.name().text;
        let standing = Arc::clone(self.existing(id)?);
        let age = match constraint {
            Constraint::PrimaryKey(key) => self.key_age(id, &key.columns),
            Constraint::Unique(unique) => self.key_age(id, &unique.columns),
            Constraint::ForeignKey(_) | Constraint::Check(_) => 0,
        };
        let bound = match constraint {
            Constraint::ForeignKey(key) => self.binding(key, &standing),
            Constraint::PrimaryKey(_) | Constraint::Unique(_) | Constraint::Check(_) => None,
        };
        self.edit(id, |edited| {
            match constraint {
                Constraint::PrimaryKey(_) if edited.primary_key.is_some() => {
                    return Err(StateError::PrimaryKeyExists { table: edited.name.clone() });
                }
                Constraint::PrimaryKey(key) => edited.primary_key = Some(super::PrimaryKey { age, ..key.clone() }),
                Constraint::Unique(unique) => edited.uniques.push(super::Unique { age, ..unique.clone() }),
                Constraint::ForeignKey(key) => {
                    edited.foreign_keys.push(super::ForeignKey { bound: bound.clone(), ..key.clone() });
                }
                Constraint::Check(check) => edited.checks.push(check.clone()),
            }
            Ok(())
        })?;
        if let Constraint::ForeignKey(key) = constraint {
            self.count_key(key.table, id, true);
        }
        Ok(Change::DropConstraint { table: id, kind: constraint.kind(), name: name.clone() })
    }

    fn drop_constraint(&mut self, id: TableId, kind: ConstraintKind, name: &str) -> Result<Change, StateError> {
        let backend = self.backend;
        self.constraint_may_go(id, kind, name)?;
        let dropped = self.edit(id, |edited| {
            let same = |text: &str| backend.fold(text) == backend.fold(name);
            let dropped = match kind {
                ConstraintKind::PrimaryKey => {
                    edited.primary_key.take_if(|key| same(&key.name.text)).map(Constraint::PrimaryKey)
                }
                ConstraintKind::Unique => {
                    take(&mut edited.uniques, |unique| same(&unique.name.text)).map(Constraint::Unique)
                }
                ConstraintKind::ForeignKey => {
                    take(&mut edited.foreign_keys, |key| same(&key.name.text)).map(Constraint::ForeignKey)
                }
                ConstraintKind::Check => {
                    take(&mut edited.checks, |check| same(&check.name.text)).map(Constraint::Check)
                }
            };
            dropped.ok_or_else(|| StateError::NoConstraint { table: edited.name.clone(), constraint: name.to_owned() })
        })?;
        if let Constraint::ForeignKey(key) = &dropped {
            self.count_key(key.table, id, false);
        }
        Ok(Change::AddConstraint { table: id, constraint: dropped })
    }

    /// Edits a table; on an error it is as it was.
    pub(super) fn edit<T>(
        &mut self,
        id: TableId,
        edit: impl FnOnce(&mut Table) -> Result<T, StateError>,
    ) -> Result<T, StateError> {
        let table = self.tables.get_mut(&id).ok_or(StateError::NoTable)?;
        // Every editor checks before it changes, so a failed edit leaves the table as it was.
        edit(Arc::make_mut(table))
    }

    fn existing(&self, id: TableId) -> Result<&Arc<Table>, StateError> {
        self.tables.get(&id).ok_or(StateError::NoTable)
    }

    fn count_key(&mut self, to: TableId, from: TableId, add: bool) {
        let by = self.referrers.entry(to).or_default();
        let count = by.entry(from).or_default();
        *count = if add { *count + 1 } else { count.saturating_sub(1) };
        if *count == 0 {
            by.remove(&from);
        }
    }

    /// A fresh identity.
    pub(super) fn fresh(&mut self) -> u32 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }
}

fn take<T>(list: &mut Vec<T>, same: impl FnMut(&T) -> bool) -> Option<T> {
    list.iter().position(same).map(|at| list.remove(at))
}

fn find_column(table: &mut Table, id: ColumnId) -> Result<&mut Column, StateError> {
    let at = table.columns.iter().position(|column| column.id == id);
    let no_column = || StateError::NoColumn { table: table.name.clone() };
    at.and_then(|at| table.columns.get_mut(at)).ok_or_else(no_column)
}

fn no_column(table: &Table) -> StateError {
    StateError::NoColumn { table: table.name.clone() }
}

/// What stands over a column, for people; `None` for nothing.
fn holder_of(table: &Table, column: ColumnId) -> Option<String> {
    let index = table.indexes.iter().find(|index| index.mentions(column)).map(|index| format!("index {}", index.name));
    index
        .or_else(|| {
            let (kind, name) = table.constraint_over(column)?;
            Some(format!("{} {}", kind.title(), name.text))
        })
        .or_else(|| Some(format!("the computed column {}", table.computed_from(column)?.name)))
}

/// Patches a column and gives the patch that undoes it.
fn patch_column(column: &mut Column, patch: &ColumnPatch) -> ColumnPatch {
    let mut before = ColumnPatch::default();
    if let Some(data_type) = &patch.data_type {
        before.data_type = Some(std::mem::replace(&mut column.data_type, data_type.clone()));
    }
    if let Some(null) = patch.null {
        before.null = Some(std::mem::replace(&mut column.null, null));
    }
    if let Some(default) = &patch.default {
        before.default = Some(std::mem::replace(&mut column.default, default.clone()));
    }
    if let Some((auto_increment, sequence)) = &patch.auto_increment {
        let numbered = std::mem::replace(&mut column.auto_increment, *auto_increment);
        before.auto_increment = Some((numbered, std::mem::replace(&mut column.sequence, sequence.clone())));
    }
    if let Some(collation) = &patch.collation {
        before.collation = Some(std::mem::replace(&mut column.collation, collation.clone()));
    }
    if let Some(comment) = &patch.comment {
        before.comment = Some(std::mem::replace(&mut column.comment, comment.clone()));
    }
    before
}

fn rename_constraint(table: &mut Table, kind: ConstraintKind, name: &str, to: &super::Name) {
    let rename = |current: &mut super::Name| {
        if current.text == name {
            *current = to.clone();
        }
    };
    match kind {
        ConstraintKind::PrimaryKey => table.primary_key.iter_mut().for_each(|key| rename(&mut key.name)),
        ConstraintKind::Unique => table.uniques.iter_mut().for_each(|unique| rename(&mut unique.name)),
        ConstraintKind::ForeignKey => table.foreign_keys.iter_mut().for_each(|key| rename(&mut key.name)),
        ConstraintKind::Check => table.checks.iter_mut().for_each(|check| rename(&mut check.name)),
    }
}
