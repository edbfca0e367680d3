//! The names that a change takes and frees. Applying a change checks them, a footprint collects them, and whether several
//! changes find their names free is asked before the first of them is applied: all three from here.
//!
//! Tables share a namespace with views, indexes and, on PostgreSQL, with the indexes behind primary keys and unique
//! constraints and with sequences. MySQL has one for the foreign keys and one for the checks of the whole database, and one
//! for the keys and indexes of each table.

use super::super::{
    Change, ColumnId, ConstraintKind, Name, ObjectKind, StandaloneObject, State, StateError, Table, TableId, Trigger,
};
use super::Namespace;
use crate::ident::TableName;

/// A name that is taken or freed.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    /// It is taken; else it is freed.
    pub(crate) takes: bool,
    pub(crate) namespace: Namespace,
    /// As it is written.
    pub(crate) name: String,
    /// What has it.
    pub(crate) by: ObjectKind,
    /// The table of what has it, where that is a part of one or one itself.
    table: Option<TableId>,
}

/// What has a name among relations.
#[derive(Debug, Clone, Copy)]
pub(in crate::state) struct Holder {
    pub(in crate::state) by: ObjectKind,
    pub(in crate::state) table: Option<TableId>,
}

/// Claims of one change, in order.
struct Claims<'s> {
    state: &'s State,
    list: Vec<Claim>,
}

impl Claims<'_> {
    fn push(
        &mut self,
        takes: bool,
        namespace: Namespace,
        name: impl Into<String>,
        by: ObjectKind,
        table: Option<TableId>,
    ) {
        self.list.push(Claim { takes, namespace, name: name.into(), by, table });
    }

    fn relation(&mut self, takes: bool, name: &TableName, by: ObjectKind, table: Option<TableId>) {
        self.push(takes, Namespace::Relations(name.schema.clone()), name.name.clone(), by, table);
    }

    fn index(&mut self, takes: bool, table: &Table, name: &str) {
        let key = self.state.index_namespace(table.name.schema.as_deref(), table.id);
        self.push(takes, Namespace::Relations(key), name, ObjectKind::Index, Some(table.id));
    }

    fn sequence(&mut self, takes: bool, table: &Table, name: Option<&Name>) {
        if let Some(name) = name {
            self.relation(takes, &table.name.renamed(name.text.clone()), ObjectKind::Sequence, Some(table.id));
        }
    }

    /// The sequence of a numbered column in place of the one that it has.
    fn other_sequence(&mut self, table: &Table, column: ColumnId, to: Option<&Name>) {
        self.sequence(false, table, table.column(column).and_then(|column| column.sequence.as_ref()));
        self.sequence(true, table, to);
    }

    fn column(&mut self, takes: bool, table: TableId, name: &str) {
        self.push(takes, Namespace::Columns(table), name, ObjectKind::Column, Some(table));
    }

    /// Among the constraints of its table, and where else its kind has a name.
    fn constraint(&mut self, takes: bool, table: &Table, kind: ConstraintKind, name: &str, of_new_table: bool) {
        let by = ObjectKind::Constraint(kind);
        if !of_new_table {
            self.push(takes, Namespace::Constraints(table.id), name, by, Some(table.id));
        }
        for namespace in self.state.namespaces_of(table, kind) {
            self.push(takes, Namespace::Relations(namespace), name, by, Some(table.id));
        }
    }

    /// A table with all that comes and goes with it.
    fn table(&mut self, takes: bool, table: &Table) {
        self.relation(takes, &table.name, ObjectKind::Table, Some(table.id));
        for (kind, name) in table.constraint_names() {
            self.constraint(takes, table, kind, &name.text, true);
        }
        for column in &table.columns {
            self.sequence(takes, table, column.sequence.as_ref());
        }
        for index in &table.indexes {
            self.index(takes, table, &index.name);
        }
    }

    /// `None` where what it is about is not there.
    fn change(&mut self, change: &Change) -> Option<()> {
        let state = self.state;
        let table = |id: &TableId| state.table(*id);
        match change {
            Change::CreateTable(made) => self.table(true, made),
            Change::DropTable(id) => self.table(false, table(id)?),
            Change::RenameTable { table: id, to } => {
                self.relation(false, &table(id)?.name, ObjectKind::Table, Some(*id));
                self.relation(true, to, ObjectKind::Table, Some(*id));
            }
            Change::AddColumn { table: id, column, .. } => {
                self.column(true, *id, &column.name);
                self.sequence(true, table(id)?, column.sequence.as_ref());
            }
            Change::DropColumn { table: id, column, .. } => {
                let column = table(id)?.column(*column)?;
                self.column(false, *id, &column.name);
                self.sequence(false, table(id)?, column.sequence.as_ref());
            }
            Change::RenameColumn { table: id, column, to } => {
                self.column(false, *id, &table(id)?.column(*column)?.name);
                self.column(true, *id, to);
            }
            Change::AlterColumn { table: id, column, patch, .. } => {
                let (_, to) = patch.auto_increment.as_ref()?;
                self.other_sequence(table(id)?, *column, to.as_ref());
            }
            Change::RenameSequence { table: id, column, to } => self.other_sequence(table(id)?, *column, Some(to)),
            Change::AddIndex { table: id, index, .. } => self.index(true, table(id)?, &index.name),
            Change::DropIndex { table: id, name, .. } => self.index(false, table(id)?, name),
            Change::RenameIndex { table: id, name, to } => {
                self.index(false, table(id)?, name);
                self.index(true, table(id)?, to);
            }
            Change::AddConstraint { table: id, constraint } => {
                self.constraint(true, table(id)?, constraint.kind(), &constraint.name().text, false);
            }
            Change::DropConstraint { table: id, kind, name } => self.constraint(false, table(id)?, *kind, name, false),
            Change::RenameConstraint { table: id, kind, name, to } => {
                self.constraint(false, table(id)?, *kind, name, false);
                self.constraint(true, table(id)?, *kind, &to.text, false);
            }
            Change::Create(object) => self.object(true, object.get()),
            Change::Drop(object) => self.object(false, object.get()),
            Change::KeepRows(kept) => self.table(true, &kept.beside),
            Change::RestoreRows(kept) => self.table(false, &kept.beside),
            // What replaces something has its name; of raw SQL each effect is a change of its own.
            Change::ReplaceFunction { .. }
            | Change::AlterEnum { .. }
            | Change::Insert { .. }
            | Change::Update { .. }
            | Change::Delete { .. }
            | Change::DeleteRows { .. }
            | Change::Sql { .. }
            | Change::Note(_) => {}
        }
        Some(())
    }

    fn object(&mut self, takes: bool, object: &dyn StandaloneObject) {
        if let Some((namespace, name)) = object.name_claim(self.state) {
            self.push(takes, namespace, name, object.kind(), None);
        }
    }
}

impl Change {
    /// The names that it takes and frees on the state before it, in order.
    pub(crate) fn claims(&self, before: &State) -> Vec<Claim> {
        let mut claims = Claims { state: before, list: Vec::new() };
        let _ = claims.change(self);
        claims.list
    }
}

impl State {
    /// What has a name among the tables of its schema; `None` where it is free.
    #[must_use]
    pub fn name_taken(&self, name: &TableName) -> Option<ObjectKind> {
        self.relations.get(&*self.fold(name)).map(|holder| holder.by)
    }

    /// What has a folded name in a folded namespace.
    fn holder(&self, namespace: &Namespace, name: &str) -> Option<ObjectKind> {
        let is = |other: &str| self.backend.fold(other) == name;
        match namespace {
            Namespace::Relations(schema) => {
                let name = TableName { schema: schema.clone(), name: name.to_owned() };
                // Folded already, and so are schemas where they differ.
                self.relations.get(&self.folded(name)).map(|holder| holder.by)
            }
            Namespace::Columns(table) => {
                let has = self.table(*table)?.columns.iter().any(|column| is(&column.name));
                has.then_some(ObjectKind::Column)
            }
            Namespace::Constraints(table) => {
                let mut names = self.table(*table)?.constraint_names();
                names.find(|(_, name)| is(&name.text)).map(|(kind, _)| ObjectKind::Constraint(kind))
            }
            Namespace::Triggers(table) => {
                let among = |trigger: &&Trigger| table.is_none() || trigger.table_id == *table;
                let has = self.triggers().iter().filter(among).any(|trigger| is(&trigger.name));
                has.then_some(ObjectKind::Trigger)
            }
        }
    }

    /// Where enums are types: what has a type of the name that a table, a view or an enum takes, since rows are of a type
    /// of their table's name.
    fn type_clash(&self, claim: &Claim) -> Option<ObjectKind> {
        if !self.backend.capabilities().enum_types {
            return None;
        }
        match (&claim.namespace, claim.by) {
            (Namespace::Relations(schema), ObjectKind::Table | ObjectKind::View) => {
                let name = TableName { schema: schema.clone(), name: claim.name.clone() };
                self.enum_named(&name).map(|_| ObjectKind::Enum)
            }
            _ => None,
        }
    }

    fn taken(&self, claim: &Claim, by: ObjectKind) -> StateError {
        let table = claim.table.and_then(|id| self.table(id)).map(|table| table.name.clone());
        match (&claim.namespace, table) {
            (Namespace::Columns(_), Some(table)) => StateError::ColumnExists { table, column: claim.name.clone() },
            (Namespace::Constraints(_), Some(table)) => {
                StateError::ConstraintExists { table, constraint: claim.name.clone() }
            }
            (Namespace::Relations(schema), _) if claim.by == ObjectKind::Table => {
                StateError::NameTaken { name: TableName { schema: schema.clone(), name: claim.name.clone() }, by }
            }
            _ => StateError::NameTaken { name: TableName::bare(claim.name.clone()), by },
        }
    }

    /// Whether the names that some changes take, one after the other, are free by then.
    pub(in crate::state) fn names_are_free(&self, changes: &[Change]) -> Result<(), StateError> {
        let claims: Vec<Claim> = changes.iter().flat_map(|change| change.claims(self)).collect();
        self.are_free(&claims)
    }

    /// Whether each name that is taken is free by then.
    pub(in crate::state) fn are_free(&self, claims: &[Claim]) -> Result<(), StateError> {
        for (at, claim) in claims.iter().enumerate().filter(|(_, claim)| claim.takes) {
            let name = self.backend.fold(&claim.name);
            let same = |other: &&Claim| other.namespace == claim.namespace && self.backend.fold(&other.name) == name;
            // The last of the claims before it that is about this name.
            let taken = match claims.iter().take(at).rev().find(same) {
                Some(before) => before.takes.then_some(before.by),
                None => self.holder(&claim.namespace, &name),
            };
            if let Some(by) = taken.or_else(|| self.type_clash(claim)) {
                return Err(self.taken(claim, by));
            }
        }
        Ok(())
    }

    /// Takes and frees names that are free.
    pub(in crate::state) fn commit(&mut self, claims: Vec<Claim>) {
        for claim in claims {
            let Namespace::Relations(schema) = claim.namespace else { continue };
            let name = self.folded(TableName { schema, name: claim.name });
            if claim.takes {
                self.relations.insert(name, Holder { by: claim.by, table: claim.table });
            } else {
                self.relations.remove(&name);
            }
        }
    }

    /// The namespaces, besides that of its table's constraints, in which a constraint of that kind has its name.
    fn namespaces_of(&self, table: &Table, kind: ConstraintKind) -> Vec<Option<String>> {
        let capabilities = self.backend.capabilities();
        let within = |space: &str| Some(space.to_owned());
        let among_indexes = || self.index_namespace(None, table.id);
        let with_tables = capabilities.renames_constraints && capabilities.index_names_are_global;
        match kind {
            ConstraintKind::Unique if capabilities.keys_own_indexes => vec![among_indexes()],
            ConstraintKind::ForeignKey if capabilities.keys_own_indexes => {
                vec![among_indexes(), within("foreign keys")]
            }
            ConstraintKind::Check if capabilities.keys_own_indexes => vec![within("checks")],
            ConstraintKind::PrimaryKey | ConstraintKind::Unique if with_tables => vec![table.name.schema.clone()],
            ConstraintKind::PrimaryKey
            | ConstraintKind::Unique
            | ConstraintKind::ForeignKey
            | ConstraintKind::Check => Vec::new(),
        }
    }

    /// Where the names of a table's indexes must be unique: in its schema, or among those of the table alone.
    fn index_namespace(&self, schema: Option<&str>, table: TableId) -> Option<String> {
        if self.backend.capabilities().index_names_are_global {
            schema.map(str::to_owned)
        } else {
            Some(table.0.to_string())
        }
    }

    /// The table that has an index of that name where an index on `table` would meet it.
    #[must_use]
    pub fn index_owner(&self, table: &Table, name: &str) -> Option<TableId> {
        let schema = self.index_namespace(table.name.schema.as_deref(), table.id);
        let name = TableName { schema, name: name.to_owned() };
        let holder = self.relations.get(&*self.fold(&name))?;
        holder.table.filter(|_| holder.by == ObjectKind::Index)
    }
}
