//! The `*` of a view. SQLite reads what its tables have when it is asked; PostgreSQL and MySQL write the columns out when the
//! view is made, and what comes to its tables later is not in it. So a view that is made again takes the columns that it had,
//! written out where its tables have others by then.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what stands in FROM has many kinds; what is not known here is not written out"
)]

use std::ops::{ControlFlow, Range};

use sqlparser::ast::{
    Ident, JoinConstraint, JoinOperator, ObjectName, Query, Select, SelectItem, SelectItemQualifiedWildcardKind,
    SetExpr, TableFactor, TableWithJoins, Visit, Visitor, WildcardAdditionalOptions,
};

use super::bind::{line_starts, offset, place};
use super::{ColumnId, State, Table, TableId};
use crate::ident::TableName;

/// One `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Star {
    /// The text that stands for it: `*`, `p.*`.
    pub written: String,
    /// Its columns say whose they are: it is not alone in FROM, or says so itself.
    pub qualified: bool,
    /// What it takes, in order.
    pub sources: Vec<StarSource>,
}

/// All columns of one thing in FROM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StarSource {
    /// A table's, as they were when the view was made.
    Table {
        /// The table.
        id: TableId,
        /// What it was called then.
        name: TableName,
        /// What it goes by, where that is not its name.
        alias: Option<String>,
        /// Its columns, with their names.
        columns: Vec<(ColumnId, String)>,
    },
    /// Of what has a list of its own that stays as it is, such as another view: by what it goes by.
    Other(String),
}

impl Star {
    /// The columns of tables that it takes.
    pub fn columns(&self) -> impl Iterator<Item = (TableId, ColumnId)> + '_ {
        self.sources.iter().flat_map(|source| match source {
            StarSource::Table { id, columns, .. } => columns.iter().map(|(column, _)| (*id, *column)).collect(),
            StarSource::Other(_) => Vec::new(),
        })
    }

    /// The tables that it takes all columns of.
    pub fn tables(&self) -> impl Iterator<Item = TableId> + '_ {
        self.sources.iter().filter_map(|source| match source {
            StarSource::Table { id, .. } => Some(*id),
            StarSource::Other(_) => None,
        })
    }

    /// What takes the same columns on a state; `None` where one of them is not there.
    pub(super) fn print(&self, state: &State) -> Option<String> {
        let same = |source: &StarSource| match source {
            StarSource::Table { id, columns, .. } => {
                state.table(*id).is_some_and(|table| table.named_columns() == *columns)
            }
            StarSource::Other(_) => true,
        };
        if !self.sources.iter().all(same) {
            return self.written_out(state, false);
        }
        match self.sources.as_slice() {
            [StarSource::Table { id, name, alias: None, .. }] if self.qualified => {
                let now = &state.table(*id)?.name;
                let moved = now != name;
                Some(if moved { format!("{}.*", state.backend().ident(&now.name)) } else { self.written.clone() })
            }
            _ => Some(self.written.clone()),
        }
    }

    /// Its columns by name; `sorted` where their order does not count.
    pub(super) fn written_out(&self, state: &State, sorted: bool) -> Option<String> {
        let backend = state.backend();
        let mut all = Vec::new();
        for source in &self.sources {
            let StarSource::Table { id, alias, columns, .. } = source else {
                let StarSource::Other(name) = source else { continue };
                all.push(format!("{name}.*"));
                continue;
            };
            let table = state.table(*id)?;
            let before = if self.qualified {
                let own = || backend.ident(&table.name.name);
                format!("{}.", alias.clone().unwrap_or_else(own))
            } else {
                String::new()
            };
            let mut items = Vec::with_capacity(columns.len());
            for (column, name) in columns {
                let now = &table.column(*column)?.name;
                // A view keeps the names of its columns.
                let kept = if now == name { String::new() } else { format!(" AS {}", backend.ident(name)) };
                items.push(format!("{before}{}{kept}", backend.ident(now)));
            }
            if sorted {
                items.sort();
            }
            all.extend(items);
        }
        Some(all.join(", "))
    }
}

/// Every `*` of a query.
#[derive(Debug, Default)]
pub(super) struct Stars {
    /// Where each stands.
    pub(super) found: Vec<(Range<usize>, Star)>,
    /// There are some whose columns cannot be told, or joins over the columns that two tables share.
    pub(super) unknown: bool,
    /// Tables of `TABLE t`.
    pub(super) tables: Vec<TableName>,
}

/// Finds every `*` of a query; `ctes` are the names that it gives to queries of its own.
pub(super) fn stars(state: &State, sql: &str, query: &Query, ctes: &[Ident]) -> Stars {
    let mut finder = Finder { state, sql, lines: line_starts(sql), ctes, stars: Stars::default() };
    let _ = query.visit(&mut finder);
    finder.stars
}

struct Finder<'s> {
    state: &'s State,
    sql: &'s str,
    lines: Vec<usize>,
    ctes: &'s [Ident],
    stars: Stars,
}

impl Visitor for Finder<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let mut open = vec![&*query.body];
        while let Some(body) = open.pop() {
            match body {
                SetExpr::SetOperation { left, right, .. } => open.extend([&**left, &**right]),
                SetExpr::Table(table) => {
                    self.stars.unknown = true;
                    let name =
                        table.table_name.clone().map(|name| TableName { schema: table.schema_name.clone(), name });
                    self.stars.tables.extend(name);
                }
                _ => {}
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        if self.select(select).is_none() {
            self.stars.unknown = true;
        }
        ControlFlow::Continue(())
    }
}

/// What a thing in FROM goes by, and what a `*` over it takes.
struct Named {
    goes_by: String,
    source: StarSource,
}

impl Finder<'_> {
    /// `None` where it cannot be told what a `*` takes.
    fn select(&mut self, select: &Select) -> Option<()> {
        let wild = |item: &SelectItem| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..));
        let any = select.projection.iter().any(wild);
        let mut sources = Vec::new();
        let mut merged = false;
        // What is in brackets, in its place.
        let mut open: Vec<&TableFactor> = factors(&select.from, &mut merged)?;
        while let Some(factor) = open.pop() {
            match factor {
                TableFactor::NestedJoin { table_with_joins, alias: None } => {
                    open.extend(factors(std::slice::from_ref(table_with_joins), &mut merged)?);
                }
                factor => sources.push(self.named(factor)),
            }
        }
        if !any {
            return Some(());
        }
        for item in &select.projection {
            match item {
                SelectItem::Wildcard(options) => {
                    let token = options.wildcard_token.0.span;
                    let range = offset(token.start, self.sql, &self.lines)?..offset(token.end, self.sql, &self.lines)?;
                    if merged || !is_plain(options) {
                        return None;
                    }
                    let all: Option<Vec<StarSource>> =
                        sources.iter().map(|named| Some(named.as_ref()?.source.clone())).collect();
                    self.add(range, sources.len() > 1, all?)?;
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                    let (first, last) = (name.0.first()?.as_ident()?, name.0.last()?.as_ident()?);
                    let token = options.wildcard_token.0.span;
                    let start = place(first, self.sql, &self.lines)?.start;
                    let range = start..offset(token.end, self.sql, &self.lines)?;
                    let goes_by = self.folded(last);
                    let mut of = sources.iter().flatten().filter(|named| named.goes_by == goes_by);
                    let (one, None) = (of.next()?, of.next()) else { return None };
                    if !is_plain(options) {
                        return None;
                    }
                    let source = one.source.clone();
                    self.add(range, true, vec![source])?;
                }
                SelectItem::QualifiedWildcard(..) => return None,
                _ => {}
            }
        }
        Some(())
    }

    fn add(&mut self, range: Range<usize>, qualified: bool, sources: Vec<StarSource>) -> Option<()> {
        let written = self.sql.get(range.clone())?.to_owned();
        if sources.iter().any(|source| matches!(source, StarSource::Table { .. })) {
            self.stars.found.push((range, Star { written, qualified, sources }));
        }
        Some(())
    }

    fn folded(&self, ident: &Ident) -> String {
        self.state.backend().fold(&self.state.ident_text(ident)).into_owned()
    }

    /// `None` for what has no name, or other names for its columns.
    fn named(&self, factor: &TableFactor) -> Option<Named> {
        let alias = match factor {
            TableFactor::Table { alias, .. }
            | TableFactor::Derived { alias, .. }
            | TableFactor::Function { alias, .. } => alias.as_ref(),
            _ => return None,
        };
        if alias.is_some_and(|alias| !alias.columns.is_empty()) {
            return None;
        }
        let written = |ident: &Ident| self.sql.get(place(ident, self.sql, &self.lines)?).map(str::to_owned);
        let alias = match alias {
            Some(alias) => Some((self.folded(&alias.name), written(&alias.name)?)),
            None => None,
        };
        let TableFactor::Table { name, args: None, .. } = factor else {
            let (goes_by, alias) = alias?;
            return Some(Named { goes_by, source: StarSource::Other(alias) });
        };
        let last = name.0.last()?.as_ident()?;
        let goes_by = alias.as_ref().map_or_else(|| self.folded(last), |(goes_by, _)| goes_by.clone());
        let alias = alias.map(|(_, alias)| alias);
        let source = match self.table(name) {
            Some(table) => {
                StarSource::Table { id: table.id, name: table.name.clone(), alias, columns: table.named_columns() }
            }
            None => StarSource::Other(match alias {
                Some(alias) => alias,
                None => written(last)?,
            }),
        };
        Some(Named { goes_by, source })
    }

    fn table(&self, name: &ObjectName) -> Option<&Table> {
        let own = |ident: &Ident| self.ctes.iter().any(|cte| self.folded(cte) == self.folded(ident));
        if let [one] = name.0.as_slice()
            && one.as_ident().is_some_and(own)
        {
            return None;
        }
        self.state.table_named(&self.state.relation_name(name)?).map(|table| &**table)
    }
}

/// What is in FROM, the last first; `merged`: columns of several are one.
fn factors<'f>(from: &'f [TableWithJoins], merged: &mut bool) -> Option<Vec<&'f TableFactor>> {
    let mut all = Vec::new();
    for TableWithJoins { relation, joins } in from {
        all.push(relation);
        for join in joins {
            *merged |= match constraint(&join.join_operator)? {
                JoinConstraint::Natural => return None,
                JoinConstraint::Using(_) => true,
                JoinConstraint::On(_) | JoinConstraint::None => false,
            };
            all.push(&join.relation);
        }
    }
    all.reverse();
    Some(all)
}

fn constraint(operator: &JoinOperator) -> Option<&JoinConstraint> {
    match operator {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint)
        | JoinOperator::CrossJoin(constraint)
        | JoinOperator::StraightJoin(constraint) => Some(constraint),
        _ => None,
    }
}

fn is_plain(options: &WildcardAdditionalOptions) -> bool {
    let WildcardAdditionalOptions { opt_ilike, opt_exclude, opt_except, opt_replace, opt_rename, opt_alias, .. } =
        options;
    opt_ilike.is_none()
        && opt_exclude.is_none()
        && opt_except.is_none()
        && opt_replace.is_none()
        && opt_rename.is_none()
        && opt_alias.is_none()
}
