//! The symbolic schema, and the replay of operations on it.
//!
//! An operation is *lowered* on a state to [`Change`]s; a change is applied and
//! gives its inverse. So the way down of anything is known before it runs.
#![warn(clippy::wildcard_enum_match_arm)]

mod apply;
mod bind;
mod bound;
mod change;
mod creation;
mod describe;
mod effects;
mod error;
mod expr;
mod lower;
mod objects;
mod read_sql;
pub(crate) mod replay;
mod retype;
mod sense;
#[cfg(test)]
mod sense_tests;
mod set_null;
mod table;
mod trial;
mod view;
mod walk;

use std::borrow::Cow;
use std::collections::HashMap;

pub use change::{Change, ColumnPatch, DeclaredMode, DeclaredObject, InsertMode, Kept, RowValues, SqlAccess};
pub(crate) use effects::{
    Access, Loss, MayFail, Mode, Namespace, ObjectEffect, Resource, Uses, Verb, Words, conflict, is_of_same_enum,
};
use effects::{Holder, say};
pub use error::StateError;
pub use expr::{Expr, Piece};
pub use lower::{Context, Lowered};
pub(crate) use lower::{Declared, is_key_by_constraint, raw_changes};
use objects::Objects;
pub use objects::*;
pub(crate) use objects::{SchemaObject, StandaloneObject, replacing};
pub use replay::{Part, Reversal};
pub use table::{
    Check, Column, ColumnId, Constraint, ConstraintKind, ForeignKey, Generated, Index, IndexKey, IndexPart, Name,
    PrimaryKey, Scalar, SharedTable, Table, TableId, Unique,
};
pub use view::{Star, StarSource, ViewPiece};

use crate::backend::Backend;
use crate::ident::TableName;

/// A map that is asked many times in every replay.
type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// The schema as far as it is known: what a history of migrations has made of version 0.
#[derive(Debug, Clone)]
pub struct State {
    backend: Backend,
    tables: Map<TableId, SharedTable>,
    /// What has a name in the tables' namespace, or in one that the backend has beside; folded.
    relations: Map<TableName, Holder>,
    /// Tables whose foreign keys point to the key's table, with how many keys do.
    referrers: Map<TableId, Map<TableId, usize>>,
    /// Tables that are gone while keys still name them (SQLite).
    gone: Map<TableId, SharedTable>,
    objects: Objects,
    next_id: u32,
    /// SQL ran that could not be read: more may stand than is known.
    unknowns: bool,
}

impl State {
    /// Version 0 on a backend: nothing.
    #[must_use]
    pub fn empty(backend: Backend) -> Self {
        Self {
            backend,
            tables: Map::default(),
            relations: Map::default(),
            referrers: Map::default(),
            gone: Map::default(),
            objects: Objects::default(),
            next_id: 0,
            unknowns: false,
        }
    }

    /// Makes room for about so many tables.
    pub(crate) fn expect(&mut self, tables: usize) {
        self.tables.reserve(tables);
        self.relations.reserve(2 * tables);
    }

    /// The backend it is the state of.
    #[must_use]
    pub const fn backend(&self) -> Backend {
        self.backend
    }

    /// A table by its identity.
    #[must_use]
    pub fn table(&self, id: TableId) -> Option<&SharedTable> {
        self.tables.get(&id)
    }

    /// A table that a foreign key names: on SQLite it may be gone, and the key still names it.
    #[must_use]
    pub fn referred(&self, id: TableId) -> Option<&SharedTable> {
        self.tables.get(&id).or_else(|| self.gone.get(&id))
    }

    /// A table by its name, in the backend's case folding.
    #[must_use]
    pub fn table_named(&self, name: &TableName) -> Option<&SharedTable> {
        self.relation(name, ObjectKind::Table)
    }

    /// All tables, sorted by name.
    #[must_use]
    pub fn tables(&self) -> Vec<&SharedTable> {
        let mut tables: Vec<_> = self.tables.values().collect();
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        tables
    }

    /// Tables with foreign keys to that table (itself too, where it refers to itself), sorted by name.
    #[must_use]
    pub fn referrers(&self, id: TableId) -> Vec<&SharedTable> {
        let mut tables: Vec<_> =
            self.referrers.get(&id).into_iter().flat_map(|by| by.keys()).filter_map(|id| self.tables.get(id)).collect();
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        tables
    }

    /// The table of an index by the index's name, where index names are the database's or the schema's.
    #[must_use]
    pub fn index_named(&self, name: &TableName) -> Option<&SharedTable> {
        self.relation(name, ObjectKind::Index)
    }

    /// Whether all that stands is known: no SQL ran that could not be read.
    #[must_use]
    pub const fn knows_all(&self) -> bool {
        !self.unknowns
    }

    /// The table of what has a name, where that is of a kind.
    fn relation(&self, name: &TableName, kind: ObjectKind) -> Option<&SharedTable> {
        let holder = self.relations.get(&*self.fold(name)).filter(|holder| holder.by == kind)?;
        self.tables.get(&holder.table?)
    }

    /// A name as the maps have it; it is given back where it is that already.
    fn folded(&self, name: TableName) -> TableName {
        match self.fold(&name) {
            Cow::Owned(folded) => folded,
            Cow::Borrowed(_) => name,
        }
    }

    /// A name as the maps have it; most are that already.
    fn fold<'n>(&self, name: &'n TableName) -> Cow<'n, TableName> {
        let schema = name.schema.as_deref().map(|schema| self.backend.fold(schema));
        match (schema, self.backend.fold(&name.name)) {
            (None | Some(Cow::Borrowed(_)), Cow::Borrowed(_)) => Cow::Borrowed(name),
            (schema, folded) => {
                Cow::Owned(TableName { schema: schema.map(Cow::into_owned), name: folded.into_owned() })
            }
        }
    }
}
