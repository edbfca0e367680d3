//! Views: what a CREATE VIEW reads, bound to tables and columns so that it can be written
//! again with the names of the moment.
//!
//! Only a plain SELECT over tables is bound: with a query inside a query, a name may mean
//! something that is no column. What is not bound is kept as its author wrote it.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "expressions of the parser have hundreds of kinds; what is not bound is kept as text"
)]

mod select;
mod stars;

use sqlparser::ast::{Ident, ObjectName, Query, Statement, Visit};
use sqlparser::parser::Parser;

pub use self::stars::{Star, StarSource};
use self::stars::{Stars, stars};
use super::bind::{cut, dialect, meant, tokens};
use super::walk::Walked;
use super::{ColumnId, State, TableId, View};
use crate::backend::Backend;
use crate::ident::TableName;
use crate::sql_text::{first_words, mentions};

/// A piece of a view's statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ViewPiece {
    Text(String),
    /// A table's name, as it is written and as it was then.
    Table {
        id: TableId,
        /// The text that stands for it.
        written: String,
        /// What it was called then.
        name: TableName,
    },
    /// A column's name, as it is written and as it was then.
    Column {
        table: TableId,
        id: ColumnId,
        /// The text that stands for it.
        written: String,
        /// What it was called then.
        name: String,
        /// It names a column of the view.
        output: bool,
    },
    /// A `*`, where the database writes it out when the view is made.
    Star(Star),
}

/// A view's statement read.
#[derive(Default)]
pub(in crate::state) struct BoundView {
    /// The view as far as it is known.
    pub(in crate::state) view: View,
    /// Relations that are not there.
    pub(in crate::state) unknown_tables: Vec<TableName>,
    /// Columns that are not there.
    pub(in crate::state) unknown_columns: Vec<String>,
    /// What PostgreSQL has no operator or function for, as it is written.
    pub(in crate::state) senseless: Option<String>,
}

impl View {
    /// Whether it depends on a column, as far as that is known.
    #[must_use]
    pub fn mentions(&self, table: TableId, column: ColumnId) -> bool {
        self.columns.contains(&(table, column))
    }

    /// Whether it may group rows by a key, so that PostgreSQL holds on to that key.
    #[must_use]
    pub fn groups(&self) -> bool {
        mentions(&self.sql.to_ascii_lowercase(), "group")
    }

    /// The statement with the names of the moment. Where something that it reads does not exist (SQLite lets a table be dropped
    /// under a view), it stays as it is.
    pub(in crate::state) fn follow(&mut self, state: &State) {
        let Some(pieces) = &self.pieces else { return };
        let exists = |piece: &ViewPiece| match piece {
            ViewPiece::Text(_) => true,
            ViewPiece::Star(star) => star.written_out(state, false).is_some(),
            ViewPiece::Table { id, .. } => state.table(*id).is_some(),
            ViewPiece::Column { table, id, .. } => state.table(*table).is_some_and(|table| table.column(*id).is_some()),
        };
        if !pieces.iter().all(exists) {
            return;
        }
        let sql = written(pieces, state, &|star| star.print(state));
        // Where the columns are written out, their order does not count.
        let stars = pieces.iter().any(|piece| matches!(piece, ViewPiece::Star(_)));
        self.told = stars.then(|| written(pieces, state, &|star| star.written_out(state, true)));
        self.sql = sql;
    }
}

/// A statement with the names of the moment.
fn written(pieces: &[ViewPiece], state: &State, written_star: &dyn Fn(&Star) -> Option<String>) -> String {
    let backend = state.backend();
    let mut sql = String::new();
    for piece in pieces {
        match piece {
            ViewPiece::Text(text) => sql.push_str(text),
            ViewPiece::Star(star) => sql.push_str(&written_star(star).unwrap_or_else(|| star.written.clone())),
            ViewPiece::Table { id, written, name } => match state.table(*id) {
                Some(table) if table.name != *name => {
                    // In front of a column, its table has no schema.
                    let schema = table.name.schema.as_deref().filter(|_| written.contains('.'));
                    sql.push_str(&backend.qualified(schema, &table.name.name));
                }
                _ => sql.push_str(written),
            },
            ViewPiece::Column { table, id, written, name, output } => {
                let now = state.table(*table).and_then(|table| table.column(*id));
                match now.filter(|column| column.name != *name) {
                    Some(column) => {
                        sql.push_str(&backend.ident(&column.name));
                        // PostgreSQL keeps the names of a view's own columns; SQLite renames along.
                        if *output && state.backend() == Backend::Postgres {
                            sql.push_str(" AS ");
                            sql.push_str(&backend.ident(name));
                        }
                    }
                    None => sql.push_str(written),
                }
            }
        }
    }
    sql
}

impl State {
    /// Reads a whole CREATE VIEW statement.
    pub(in crate::state) fn bind_view(&self, name: TableName, sql: &str) -> BoundView {
        // What cannot be parsed says so all the same.
        let materialized = first_words(sql, 4).iter().any(|word| word == "MATERIALIZED");
        let view = View { name, sql: sql.to_owned(), materialized, ..View::default() };
        let mut bound = BoundView { view, ..BoundView::default() };
        let Some(query) = parse(sql, self.backend()) else { return bound };
        let mut walked = Walked::default();
        let _ = query.visit(&mut walked);
        let direct = self.relations(&walked, &mut bound);
        let frozen = self.backend().capabilities().stars_are_written_out;
        let mut stars = if frozen { stars(self, sql, &query, &walked.ctes) } else { Stars::default() };
        if bound.unknown_tables.is_empty() && bound.view.over.is_empty() {
            self.bind_select(sql, &query, &walked, &stars, &mut bound);
        }
        if !bound.view.bound && !stars.found.is_empty() {
            bound.view.pieces = cut(sql, stars.pieces().collect(), ViewPiece::Text);
            stars.unknown |= bound.view.pieces.is_none();
        }
        for (id, columns) in stars.found.iter().flat_map(|(_, star)| star.tables()) {
            bound.view.columns.extend(columns.iter().map(|(column, _)| (id, *column)));
            bound.view.star.push(id);
        }
        bound.view.star.sort_unstable();
        bound.view.star.dedup();
        let more: Vec<TableId> =
            stars.tables.iter().filter_map(|name| self.table_named(name)).map(|table| table.id).collect();
        if stars.unknown {
            let tables = direct.iter().chain(&more).filter_map(|id| self.table(*id));
            bound.view.kept = tables.map(|table| (table.id, table.named_columns())).collect();
        }
        if let Some(reads) = &mut bound.view.reads {
            reads.extend(more);
            reads.sort_unstable();
            reads.dedup();
        }
        bound.view.follow(self);
        bound
    }

    /// The tables and views that a query reads; gives the tables that it names itself.
    fn relations(&self, walked: &Walked, bound: &mut BoundView) -> Vec<TableId> {
        let (mut direct, mut reads) = (Vec::new(), Vec::new());
        for name in &walked.relations {
            let Some(found) = self.relation_name(name) else { return direct };
            if let Some(table) = self.table_named(&found) {
                direct.push(table.id);
                reads.push(table.id);
            } else if let Some(view) = self.view_named(&found) {
                let Some(of_view) = &view.reads else { return direct };
                reads.extend(of_view);
                bound.view.over.push(view.name.clone());
            } else {
                let own = |ident: &Ident| {
                    matches!(name.0.as_slice(), [_]) && self.folded_ident(ident) == self.backend().fold(&found.name)
                };
                if !walked.ctes.iter().any(own) && !walked.functions.contains(name) {
                    bound.unknown_tables.push(found);
                }
            }
        }
        reads.sort_unstable();
        reads.dedup();
        bound.view.reads = Some(reads);
        direct
    }

    pub(in crate::state) fn relation_name(&self, name: &ObjectName) -> Option<TableName> {
        let parts: Option<Vec<&Ident>> = name.0.iter().map(|part| part.as_ident()).collect();
        match parts?.as_slice() {
            [name] => Some(TableName::bare(self.ident_text(name))),
            [schema, name] if self.backend() != Backend::Sqlite => {
                Some(TableName { schema: Some(self.ident_text(schema)), name: self.ident_text(name) })
            }
            [_, name] => Some(TableName::bare(self.ident_text(name))),
            _ => None,
        }
    }

    pub(in crate::state) fn ident_text(&self, ident: &Ident) -> String {
        let folds = ident.quote_style.is_none() && self.backend() == Backend::Postgres;
        if folds { ident.value.to_lowercase() } else { meant(ident).into_owned() }
    }

    fn folded_ident(&self, ident: &Ident) -> String {
        self.backend().fold(&self.ident_text(ident)).into_owned()
    }
}

fn parse(sql: &str, backend: Backend) -> Option<Query> {
    let tokens = tokens(sql, backend)?;
    let statement = Parser::new(dialect(backend)).with_tokens_with_locations(tokens).parse_statements().ok()?;
    match <[Statement; 1]>::try_from(statement).ok()? {
        [Statement::CreateView(create)] => Some(*create.query),
        _ => None,
    }
}
