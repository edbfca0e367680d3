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
        let written = |star: &dyn Fn(&Star) -> Option<String>| {
            pieces.iter().map(|piece| piece.written(state, star)).collect::<Option<String>>()
        };
        let Some(sql) = written(&|star| star.print(state)) else { return };
        // Where the columns are written out, their order does not count.
        let stars = pieces.iter().any(|piece| matches!(piece, ViewPiece::Star(_)));
        self.told = if stars { written(&|star| star.written_out(state, true)) } else { None };
        self.sql = sql;
    }
}

impl ViewPiece {
    /// With the names of the moment; `None` where what it stands for does not exist.
    fn written(&self, state: &State, written_star: &dyn Fn(&Star) -> Option<String>) -> Option<String> {
        let backend = state.backend();
        Some(match self {
            Self::Text(text) => text.clone(),
            Self::Star(star) => written_star(star)?,
            Self::Table { id, written, name } => match &state.table(*id)?.name {
                now if now == name => written.clone(),
                // In front of a column, its table has no schema.
                now => backend.qualified(now.schema.as_deref().filter(|_| written.contains('.')), &now.name),
            },
            Self::Column { table, id, written, name, output } => match &state.table(*table)?.column(*id)?.name {
                now if now == name => written.clone(),
                // PostgreSQL keeps the names of a view's own columns; SQLite renames along.
                now if *output && backend == Backend::Postgres => {
                    format!("{} AS {}", backend.ident(now), backend.ident(name))
                }
                now => backend.ident(now),
            },
        })
    }
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
