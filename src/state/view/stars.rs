//! The `*` of a view. SQLite reads what its tables have when it is asked; PostgreSQL and MySQL write the columns out when the
//! view is made, and what comes to its tables later is not in it. So a view that is made again takes the columns that it had,
//! written out where its tables have others by then.

use std::ops::{ControlFlow, Range};

use sqlparser::ast::{
    Ident, JoinConstraint, JoinOperator, ObjectName, Query, Select, SelectItem, SelectItemQualifiedWildcardKind,
    SetExpr, TableFactor, TableWithJoins, Visit, Visitor, WildcardAdditionalOptions,
};
use sqlparser::tokenizer::{Location, Span};

use super::ViewPiece;
use crate::ident::TableName;
use crate::state::bind::Places;
use crate::state::{ColumnId, State, Table, TableId};

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
    /// The tables that it takes all columns of, with these.
    pub(super) fn tables(&self) -> impl Iterator<Item = (TableId, &[(ColumnId, String)])> {
        self.sources.iter().filter_map(|source| match source {
            StarSource::Table { id, columns, .. } => Some((*id, columns.as_slice())),
            StarSource::Other(_) => None,
        })
    }

    /// What takes the same columns on a state; `None` where one of them is not there.
    pub(super) fn print(&self, state: &State) -> Option<String> {
        let mut tables = self.tables();
        if !tables.all(|(id, columns)| state.table(id).is_some_and(|table| table.named_columns() == columns)) {
            return self.written_out(state, false);
        }
        if let [StarSource::Table { id, name, alias: None, .. }] = self.sources.as_slice()
            && let now = &state.table(*id)?.name
            && self.qualified
            && now != name
        {
            return Some(format!("{}.*", state.backend().ident(&now.name)));
        }
        Some(self.written.clone())
    }

    /// Its columns by name; `sorted` where their order does not count.
    pub(super) fn written_out(&self, state: &State, sorted: bool) -> Option<String> {
        let backend = state.backend();
        let mut all = Vec::new();
        for source in &self.sources {
            let (id, alias, columns) = match source {
                StarSource::Table { id, alias, columns, .. } => (id, alias, columns),
                StarSource::Other(name) => {
                    all.push(format!("{name}.*"));
                    continue;
                }
            };
            let table = state.table(*id)?;
            let goes_by = alias.clone().unwrap_or_else(|| backend.ident(&table.name.name));
            let before = if self.qualified { format!("{goes_by}.") } else { String::new() };
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

impl Stars {
    pub(super) fn pieces(&self) -> impl Iterator<Item = (Range<usize>, ViewPiece)> {
        self.found.iter().map(|(range, star)| (range.clone(), ViewPiece::Star(star.clone())))
    }
}

/// Finds every `*` of a query; `ctes` are the names that it gives to queries of its own.
pub(super) fn stars(state: &State, sql: &str, query: &Query, ctes: &[Ident]) -> Stars {
    let mut finder = Finder { state, places: Places::new(sql), ctes, stars: Stars::default() };
    let _ = query.visit(&mut finder);
    finder.stars
}

struct Finder<'s> {
    state: &'s State,
    places: Places<'s>,
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
                    let schema = table.schema_name.clone();
                    self.stars.tables.extend(table.table_name.clone().map(|name| TableName { schema, name }));
                }
                _ => {}
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        self.stars.unknown |= self.select(select).is_none();
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
        for item in &select.projection {
            match item {
                SelectItem::Wildcard(options) if !merged => {
                    let all: Option<Vec<StarSource>> =
                        sources.iter().map(|named| Some(named.as_ref()?.source.clone())).collect();
                    self.add(options.wildcard_token.0.span.start, options, sources.len() > 1, all?)?;
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                    let (first, last) = (name.0.first()?.as_ident()?, name.0.last()?.as_ident()?);
                    let goes_by = self.folded(last);
                    let mut of = sources.iter().flatten().filter(|named| named.goes_by == goes_by);
                    let (one, None) = (of.next()?, of.next()) else { return None };
                    self.add(first.span.start, options, true, vec![one.source.clone()])?;
                }
                SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..) => return None,
                _ => {}
            }
        }
        Some(())
    }

    fn add(
        &mut self,
        start: Location,
        options: &WildcardAdditionalOptions,
        qualified: bool,
        sources: Vec<StarSource>,
    ) -> Option<()> {
        // Without options (the token does not count).
        (*options == WildcardAdditionalOptions::default()).then_some(())?;
        let range = self.places.of(Span::new(start, options.wildcard_token.0.span.end))?;
        let written = self.places.written(&range)?;
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
        let written = |ident: &Ident| self.places.written(&self.places.of(ident.span)?);
        let (name, table) = match factor {
            TableFactor::Table { name, args: None, .. } => (name.0.last()?.as_ident(), self.table(name)),
            _ => (None, None),
        };
        let called = alias.map(|alias| &alias.name).or(name)?;
        let (goes_by, called) = (self.folded(called), written(called)?);
        let source = match table {
            Some(table) => {
                let (name, alias) = (table.name.clone(), alias.map(|_| called));
                StarSource::Table { id: table.id, name, alias, columns: table.named_columns() }
            }
            None => StarSource::Other(called),
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
pub(super) fn factors<'f>(from: &'f [TableWithJoins], merged: &mut bool) -> Option<Vec<&'f TableFactor>> {
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
