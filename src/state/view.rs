//! (Long: one reader of one statement.)
//! Views: what a CREATE VIEW reads, bound to tables and columns so that it can be written
//! again with the names of the moment.
//!
//! Only a plain SELECT over tables is bound: with a query inside a query, a name may mean
//! something that is no column. What is not bound is kept as its author wrote it.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "expressions of the parser have hundreds of kinds; what is not bound is kept as text"
)]

use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use sqlparser::ast::{
    Expr, Ident, JoinConstraint, JoinOperator, ObjectName, Query, Select, SelectItem, SelectItemQualifiedWildcardKind,
    SetExpr, Statement, TableFactor, TableWithJoins, Visit, Visitor, visit_relations,
};
use sqlparser::parser::Parser;

use super::bind::{dialect, is_system_column, line_starts, meant, place, tokens};
use super::sense::{Sense, judge, kind};
use super::stars::{Star, Stars, stars};
use super::{ColumnId, State, Table, TableId, View};
use crate::backend::Backend;
use crate::ident::TableName;
use crate::sql_text::{first_words, mentions};

/// A piece of a view's statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ViewPiece {
    /// The author's text.
    Text(String),
    /// A table's name, as it is written and as it was then.
    Table {
        /// The table.
        id: TableId,
        /// The text that stands for it.
        written: String,
        /// What it was called then.
        name: TableName,
    },
    /// A column's name, as it is written and as it was then.
    Column {
        /// The table.
        table: TableId,
        /// The column.
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
pub(super) struct BoundView {
    /// The view as far as it is known.
    pub(super) view: View,
    /// Relations that are not there.
    pub(super) unknown_tables: Vec<TableName>,
    /// Columns that are not there.
    pub(super) unknown_columns: Vec<String>,
    /// What PostgreSQL has no operator or function for, as it is written.
    pub(super) senseless: Option<String>,
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
    pub(super) fn follow(&mut self, state: &State) {
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
    pub(super) fn bind_view(&self, name: TableName, sql: &str) -> BoundView {
        let view = View {
            name,
            sql: sql.to_owned(),
            materialized: false,
            reads: None,
            over: Vec::new(),
            columns: Vec::new(),
            star: Vec::new(),
            pieces: None,
            bound: false,
            kept: Vec::new(),
            told: None,
        };
        let mut bound = BoundView { view, unknown_tables: Vec::new(), unknown_columns: Vec::new(), senseless: None };
        // What cannot be parsed says so all the same.
        bound.view.materialized = first_words(sql, 4).iter().any(|word| word == "MATERIALIZED");
        let Some(query) = parse(sql, self.backend()) else { return bound };
        let mut walked = Names::default();
        let _ = query.visit(&mut walked);
        let direct = self.relations(&query, &walked, &mut bound);
        let frozen = self.backend().capabilities().stars_are_written_out;
        let mut stars = if frozen { stars(self, sql, &query, &walked.ctes) } else { Stars::default() };
        if bound.unknown_tables.is_empty() && bound.view.over.is_empty() {
            self.bind_select(sql, &query, &walked, &stars, &mut bound);
        }
        if !bound.view.bound && !stars.found.is_empty() {
            let found = stars.found.iter().map(|(range, star)| (range.clone(), ViewPiece::Star(star.clone())));
            bound.view.pieces = cut(sql, found.collect());
            stars.unknown |= bound.view.pieces.is_none();
        }
        for (_, star) in &stars.found {
            bound.view.columns.extend(star.columns());
            bound.view.star.extend(star.tables());
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
    fn relations(&self, query: &Query, walked: &Names, bound: &mut BoundView) -> Vec<TableId> {
        let mut names: Vec<ObjectName> = Vec::new();
        let mut direct = Vec::new();
        let _ = visit_relations(query, |name| {
            names.push(name.clone());
            ControlFlow::<()>::Continue(())
        });
        let mut reads = Vec::new();
        for name in names {
            let Some(found) = self.relation_name(&name) else { return direct };
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
                if walked.ctes.iter().any(own) || walked.functions.contains(&name) {
                    continue;
                }
                bound.unknown_tables.push(found);
            }
        }
        reads.sort_unstable();
        reads.dedup();
        bound.view.reads = Some(reads);
        direct
    }

    pub(super) fn relation_name(&self, name: &ObjectName) -> Option<TableName> {
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

    pub(super) fn ident_text(&self, ident: &Ident) -> String {
        let folds = ident.quote_style.is_none() && self.backend() == Backend::Postgres;
        if folds { ident.value.to_lowercase() } else { meant(ident).into_owned() }
    }

    fn folded_ident(&self, ident: &Ident) -> String {
        self.backend().fold(&self.ident_text(ident)).into_owned()
    }

    /// Binds a plain SELECT over tables; leaves the view as it is written where it is more than that.
    fn bind_select(&self, sql: &str, query: &Query, walked: &Names, stars: &Stars, bound: &mut BoundView) {
        let SetExpr::Select(select) = &*query.body else { return };
        if walked.queries != 1 || query.with.is_some() || walked.odd {
            return;
        }
        let Some(sources) = self.sources(select) else { return };
        let mut binder = Binder {
            state: self,
            sql,
            lines: line_starts(sql),
            sources,
            outputs: Vec::new(),
            aliases: Vec::new(),
            found: Vec::new(),
            unknown: Vec::new(),
            columns: Vec::new(),
            star: Vec::new(),
        };
        if binder.select(select, walked).is_none() {
            return;
        }
        bound.senseless = binder.senseless(select).map(ToString::to_string);
        let Binder { mut found, unknown, columns, star, .. } = binder;
        // What a `*` says of itself, goes with it.
        found.retain(|(range, _)| !stars.found.iter().any(|(star, _)| star.contains(&range.start)));
        found.extend(stars.found.iter().map(|(range, star)| (range.clone(), ViewPiece::Star(star.clone()))));
        if !unknown.is_empty() {
            bound.unknown_columns = unknown;
            return;
        }
        let Some(pieces) = cut(sql, found) else { return };
        bound.view.pieces = Some(pieces);
        bound.view.bound = !stars.unknown;
        bound.view.columns = columns;
        bound.view.star = star;
    }

    /// The tables of FROM, each with what it goes by; `None` where more than tables stands there.
    fn sources<'s>(&'s self, select: &'s Select) -> Option<Vec<Source<'s>>> {
        let mut sources = Vec::new();
        for TableWithJoins { relation, joins } in &select.from {
            sources.push(self.source(relation)?);
            for join in joins {
                let (JoinOperator::Join(constraint)
                | JoinOperator::Inner(constraint)
                | JoinOperator::Left(constraint)
                | JoinOperator::LeftOuter(constraint)
                | JoinOperator::Right(constraint)
                | JoinOperator::RightOuter(constraint)
                | JoinOperator::FullOuter(constraint)
                | JoinOperator::CrossJoin(constraint)) = &join.join_operator
                else {
                    return None;
                };
                if !matches!(constraint, JoinConstraint::On(_) | JoinConstraint::None) {
                    return None;
                }
                sources.push(self.source(&join.relation)?);
            }
        }
        Some(sources)
    }

    fn source<'s>(&'s self, factor: &'s TableFactor) -> Option<Source<'s>> {
        let TableFactor::Table { name, alias, args: None, .. } = factor else { return None };
        let table = self.table_named(&self.relation_name(name)?)?;
        if alias.as_ref().is_some_and(|alias| !alias.columns.is_empty()) {
            return None;
        }
        Some(Source { table, written: name, alias: alias.as_ref().map(|alias| &alias.name) })
    }
}

/// A table of FROM.
struct Source<'s> {
    table: &'s Arc<Table>,
    written: &'s ObjectName,
    alias: Option<&'s Ident>,
}

/// What a walk over a query found.
#[derive(Default)]
struct Names {
    queries: usize,
    ctes: Vec<Ident>,
    functions: Vec<ObjectName>,
    idents: Vec<(Option<Ident>, Ident)>,
    odd: bool,
}

impl Visitor for Names {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.queries += 1;
        let named = query.with.iter().flat_map(|with| &with.cte_tables);
        self.ctes.extend(named.map(|cte| cte.alias.name.clone()));
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, args: Some(_), .. } = factor {
            self.functions.push(name.clone());
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(ident) => self.idents.push((None, ident.clone())),
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [table, column] => self.idents.push((Some(table.clone()), column.clone())),
                _ => self.odd = true,
            },
            Expr::CompoundFieldAccess { .. } => self.odd = true,
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// One view being bound.
struct Binder<'s> {
    state: &'s State,
    sql: &'s str,
    lines: Vec<usize>,
    sources: Vec<Source<'s>>,
    /// Where the names of the view's own columns stand.
    outputs: Vec<usize>,
    /// Names given in the SELECT list.
    aliases: Vec<String>,
    found: Vec<(Range<usize>, ViewPiece)>,
    unknown: Vec<String>,
    columns: Vec<(TableId, ColumnId)>,
    star: Vec<TableId>,
}

impl Binder<'_> {
    fn place(&self, ident: &Ident) -> Option<Range<usize>> {
        place(ident, self.sql, &self.lines)
    }

    /// `None` where it cannot be told what a name means.
    fn select(&mut self, select: &Select, walked: &Names) -> Option<()> {
        for at in 0..self.sources.len() {
            let source = self.sources.get(at)?;
            let idents: Option<Vec<&Ident>> = source.written.0.iter().map(|part| part.as_ident()).collect();
            let idents = idents?;
            let range = self.place(idents.first()?)?.start..self.place(idents.last()?)?.end;
            let (id, name) = (source.table.id, source.table.name.clone());
            self.table(range, id, name)?;
        }
        for item in &select.projection {
            match item {
                SelectItem::UnnamedExpr(Expr::Identifier(ident)) => self.outputs.push(self.place(ident)?.start),
                SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => {
                    self.outputs.push(self.place(parts.last()?)?.start);
                }
                SelectItem::UnnamedExpr(_) => {}
                SelectItem::ExprWithAlias { alias, .. } => self.aliases.push(self.state.folded_ident(alias)),
                SelectItem::Wildcard(_) => {
                    self.star.extend(self.sources.iter().map(|source| source.table.id));
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    let [part] = name.0.as_slice() else { return None };
                    let ident = part.as_ident()?;
                    let (id, by_name) = self.called(ident)?;
                    self.star.push(id);
                    if by_name {
                        let name = self.state.table(id)?.name.clone();
                        self.table(self.place(ident)?, id, name)?;
                    }
                }
                _ => return None,
            }
        }
        for (qualifier, ident) in &walked.idents {
            match qualifier {
                Some(qualifier) => self.qualified(qualifier, ident)?,
                None => self.bare(ident)?,
            }
        }
        Some(())
    }

    /// The first expression of the list or of WHERE that makes no sense over the types of its columns.
    fn senseless<'e>(&self, select: &'e Select) -> Option<&'e Expr> {
        if self.state.backend() != Backend::Postgres {
            return None;
        }
        let of_list = select.projection.iter().filter_map(|item| match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
            _ => None,
        });
        let column = |parts: &[Ident]| {
            let (qualifier, ident) = match parts {
                [ident] => (None, ident),
                [qualifier, ident] => (Some(self.called(qualifier)?.0), ident),
                _ => return None,
            };
            let name = self.state.folded_ident(ident);
            let of = |source: &&Source<'_>| qualifier.is_none_or(|id| id == source.table.id);
            let mut found = self.sources.iter().filter(of).flat_map(|source| &source.table.columns);
            found.find(|column| self.state.backend().fold(&column.name) == name.as_str()).map(|c| kind(&c.data_type))
        };
        let mut wrong = of_list.filter(|expr| judge(expr, &column).sense == Sense::Wrong);
        wrong.next().or_else(|| select.selection.as_ref().filter(|e| judge(e, &column).as_condition() == Sense::Wrong))
    }

    fn table(&mut self, range: Range<usize>, id: TableId, name: TableName) -> Option<()> {
        let written = self.sql.get(range.clone())?.to_owned();
        self.found.push((range, ViewPiece::Table { id, written, name }));
        Some(())
    }

    /// The table that a name in front of a column means, and whether it is the table's own name.
    fn called(&self, ident: &Ident) -> Option<(TableId, bool)> {
        let name = self.state.folded_ident(ident);
        let fold = |name: &str| self.state.backend().fold(name).into_owned();
        let mut found = self.sources.iter().filter(|source| match source.alias {
            Some(alias) => self.state.folded_ident(alias) == name,
            None => fold(&source.table.name.name) == name,
        });
        let one = found.next()?;
        found.next().is_none().then_some((one.table.id, one.alias.is_none()))
    }

    fn qualified(&mut self, qualifier: &Ident, ident: &Ident) -> Option<()> {
        let (id, by_name) = self.called(qualifier)?;
        let table = Arc::clone(self.state.table(id)?);
        let name = self.state.folded_ident(ident);
        let backend = self.state.backend();
        let Some(column) = table.columns.iter().find(|column| backend.fold(&column.name) == name.as_str()) else {
            if !is_system_column(&ident.value) {
                self.unknown.push(format!("{}.{}", table.name, ident.value));
            }
            return Some(());
        };
        if by_name {
            self.table(self.place(qualifier)?, id, table.name.clone())?;
        }
        self.column(ident, id, column.id, &column.name)
    }

    fn bare(&mut self, ident: &Ident) -> Option<()> {
        let name = self.state.folded_ident(ident);
        let backend = self.state.backend();
        let found: Vec<(TableId, ColumnId, String)> = self
            .sources
            .iter()
            .filter_map(|source| {
                let column = source.table.columns.iter().find(|column| backend.fold(&column.name) == name.as_str())?;
                Some((source.table.id, column.id, column.name.clone()))
            })
            .collect();
        let alias = self.aliases.contains(&name);
        match found.as_slice() {
            // A name in ORDER BY or GROUP BY may be the list's own.
            [_, ..] if alias => None,
            [(table, column, name)] => self.column(ident, *table, *column, name),
            [] => {
                let a_string = backend == Backend::Sqlite && ident.quote_style.is_some();
                let a_table = self.called(ident).is_some();
                if !alias && !a_string && !a_table && !is_system_column(&ident.value) {
                    self.unknown.push(ident.value.clone());
                }
                if a_table { None } else { Some(()) }
            }
            _ => None,
        }
    }

    fn column(&mut self, ident: &Ident, table: TableId, id: ColumnId, name: &str) -> Option<()> {
        let range = self.place(ident)?;
        let written = self.sql.get(range.clone())?.to_owned();
        let output = self.outputs.contains(&range.start);
        self.columns.push((table, id));
        self.found.push((range, ViewPiece::Column { table, id, written, name: name.to_owned(), output }));
        Some(())
    }
}

/// The text between what was found, and what was found, in order.
fn cut(sql: &str, mut found: Vec<(Range<usize>, ViewPiece)>) -> Option<Vec<ViewPiece>> {
    found.sort_by_key(|(range, _)| range.start);
    found.dedup_by_key(|(range, _)| range.start);
    let mut pieces = Vec::with_capacity(found.len() * 2 + 1);
    let mut at = 0;
    for (range, piece) in found {
        pieces.push(ViewPiece::Text(sql.get(at..range.start)?.to_owned()));
        pieces.push(piece);
        at = range.end;
    }
    pieces.push(ViewPiece::Text(sql.get(at..)?.to_owned()));
    Some(pieces)
}

fn parse(sql: &str, backend: Backend) -> Option<Query> {
    let tokens = tokens(sql, backend)?;
    let statement = Parser::new(dialect(backend)).with_tokens_with_locations(tokens).parse_statements().ok()?;
    match <[Statement; 1]>::try_from(statement).ok()? {
        [Statement::CreateView(create)] => Some(*create.query),
        _ => None,
    }
}
