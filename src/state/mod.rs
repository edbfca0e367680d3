//! The symbolic schema, and the replay of operations on it.
//!
//! An operation is *lowered* on a state to [`Change`]s; a change is applied and
//! gives its inverse. So the way down of anything is known before it runs.

mod anew;
mod apply;
mod bind;
mod bound;
mod change;
mod describe;
mod enums;
mod error;
mod expr;
mod function;
mod lower;
mod names;
mod read_sql;
pub(crate) mod replay;
mod retype;
mod schemas;
mod sense;
#[cfg(test)]
mod sense_tests;
mod table;
mod trial;
mod view;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

pub use change::{Change, ColumnPatch, DeclaredMode, DeclaredObject, InsertMode, Kept, RowValues, SqlAccess};
pub use error::StateError;
pub use expr::{Expr, Piece};
pub use function::Function;
pub(crate) use function::replacing;
pub use lower::{Context, Lowered};
pub(crate) use lower::{Declared, raw_changes};
pub use replay::{Part, Reversal};
pub use table::{
    Check, Column, ColumnId, Constraint, ConstraintKind, ForeignKey, Generated, Index, IndexKey, IndexPart, Name,
    PrimaryKey, Scalar, SharedTable, Table, TableId, Trigger, Unique, View,
};
pub use view::ViewPiece;

use crate::backend::Backend;
use crate::ident::TableName;
use crate::operation::EnumType;
use crate::sql_text::called;

/// A map that is asked many times in every replay.
type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// The schema as far as it is known: what a history of migrations has made of version 0.
#[derive(Debug, Clone)]
pub struct State {
    backend: Backend,
    tables: Map<TableId, SharedTable>,
    names: Map<TableName, TableId>,
    /// Tables whose foreign keys point to the key's table, with how many keys do.
    referrers: Map<TableId, Map<TableId, usize>>,
    /// Index names by their folded form, with the table they are on.
    indexes: Map<TableName, TableId>,
    /// Other names in the tables' namespace, folded, with what holds them.
    held: Map<TableName, &'static str>,
    /// Tables that are gone while keys still name them (SQLite).
    gone: Map<TableId, SharedTable>,
    functions: Vec<Function>,
    enums: Vec<Arc<EnumType>>,
    extensions: Vec<String>,
    schemas: Vec<String>,
    /// Schemas that a migration has dropped: nobody else keeps them.
    schemas_gone: Vec<String>,
    triggers: Vec<Trigger>,
    views: Vec<View>,
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
            names: Map::default(),
            referrers: Map::default(),
            indexes: Map::default(),
            held: Map::default(),
            gone: Map::default(),
            functions: Vec::new(),
            enums: Vec::new(),
            extensions: Vec::new(),
            schemas: Vec::new(),
            schemas_gone: Vec::new(),
            triggers: Vec::new(),
            views: Vec::new(),
            next_id: 0,
            unknowns: false,
        }
    }

    /// Makes room for about so many tables.
    pub(crate) fn expect(&mut self, tables: usize) {
        self.tables.reserve(tables);
        self.names.reserve(tables);
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
        self.names.get(&*self.fold(name)).and_then(|id| self.tables.get(id))
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

    /// Triggers, in the order they were made.
    #[must_use]
    pub fn triggers(&self) -> &[Trigger] {
        &self.triggers
    }

    /// Triggers on a table, in the order they were made.
    pub fn triggers_on(&self, id: TableId) -> impl Iterator<Item = &Trigger> {
        self.triggers.iter().filter(move |trigger| trigger.table_id == Some(id))
    }

    /// Views, in the order they were made.
    #[must_use]
    pub fn views(&self) -> &[View] {
        &self.views
    }

    /// A view by its name, in the backend's case folding.
    #[must_use]
    pub fn view_named(&self, name: &TableName) -> Option<&View> {
        let name = self.fold(name);
        self.views.iter().find(|view| self.fold(&view.name) == name)
    }

    /// The table of an index by the index's name, where index names are the database's or the schema's.
    #[must_use]
    pub fn index_named(&self, name: &TableName) -> Option<&SharedTable> {
        self.indexes.get(&*self.fold(name)).and_then(|id| self.tables.get(id))
    }

    /// Functions, in the order they were made.
    #[must_use]
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// A function of that name, in whatever case and schema; of several, the one made first.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.name.name.eq_ignore_ascii_case(name))
    }

    /// Whether a text calls a function that stands: what a server's own of that name takes does not count then.
    pub(crate) fn calls_own(&self, text: &str) -> bool {
        !self.functions.is_empty() && called(text).any(|name| self.function(name).is_some())
    }

    /// Whether something that stands may call a function, so that it cannot be dropped.
    pub(super) fn calls_function(&self, name: &str) -> bool {
        let in_text = |text: &str| called(text).any(|called| called.eq_ignore_ascii_case(name));
        let mut lines = std::collections::BTreeSet::new();
        self.tables.values().for_each(|table| self.describe_table(table, &mut lines));
        self.triggers.iter().any(|trigger| in_text(&trigger.sql))
            || self.views.iter().any(|view| in_text(&view.sql))
            || lines.iter().any(|line| in_text(line))
    }

    /// Whether all that stands is known: no SQL ran that could not be read.
    #[must_use]
    pub const fn knows_all(&self) -> bool {
        !self.unknowns
    }

    /// Whether nothing stands.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let functions = self.functions.iter().any(|function| function.types.is_some());
        self.tables.is_empty()
            && self.enums.is_empty()
            && self.extensions.is_empty()
            && self.schemas.is_empty()
            && self.triggers.is_empty()
            && self.views.is_empty()
            && !functions
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
