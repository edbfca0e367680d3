//! Binding a plain SELECT over tables: what each of its names means.

use std::ops::Range;

use sqlparser::ast::{
    Expr, Ident, ObjectName, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, Spanned, TableFactor,
};
use sqlparser::tokenizer::Span;

use super::stars::{Stars, factors};
use super::{BoundView, ViewPiece};
use crate::backend::Backend;
use crate::state::bind::{Places, cut, is_system_column};
use crate::state::sense::{Sense, judge, kind};
use crate::state::walk::Walked;
use crate::state::{Column, ColumnId, State, Table, TableId};

impl State {
    /// Binds a plain SELECT over tables; leaves the view as it is written where it is more than that.
    pub(super) fn bind_select(&self, sql: &str, query: &Query, walked: &Walked, stars: &Stars, bound: &mut BoundView) {
        let SetExpr::Select(select) = &*query.body else { return };
        if walked.queries != 1 || query.with.is_some() || walked.odd {
            return;
        }
        let Some(sources) = self.sources(select) else { return };
        let mut binder = Binder {
            state: self,
            places: Places::new(sql),
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
        bound.unknown_columns = binder.unknown;
        if !bound.unknown_columns.is_empty() {
            return;
        }
        // What a `*` says of itself, goes with it.
        let mut found = binder.found;
        found.retain(|(range, _)| !stars.found.iter().any(|(star, _)| star.contains(&range.start)));
        found.extend(stars.pieces());
        let Some(pieces) = cut(sql, found, ViewPiece::Text) else { return };
        bound.view.pieces = Some(pieces);
        bound.view.bound = !stars.unknown;
        bound.view.columns = binder.columns;
        bound.view.star = binder.star;
    }

    /// The tables of FROM, each with what it goes by; `None` where more than tables stands there.
    fn sources<'s>(&'s self, select: &'s Select) -> Option<Vec<Source<'s>>> {
        let source = |factor: &'s TableFactor| {
            let TableFactor::Table { name, alias, args: None, .. } = factor else { return None };
            let table = self.table_named(&self.relation_name(name)?)?;
            let alias = alias.as_ref();
            let renamed = alias.is_some_and(|alias| !alias.columns.is_empty());
            (!renamed).then_some(Source { table, written: name, alias: alias.map(|alias| &alias.name) })
        };
        let mut merged = false;
        let factors = factors(&select.from, &mut merged).filter(|_| !merged)?;
        factors.into_iter().rev().map(source).collect()
    }
}

/// A table of FROM.
#[derive(Clone, Copy)]
struct Source<'s> {
    table: &'s Table,
    written: &'s ObjectName,
    alias: Option<&'s Ident>,
}

/// One view being bound.
struct Binder<'s> {
    state: &'s State,
    places: Places<'s>,
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

impl<'s> Binder<'s> {
    /// `None` where it cannot be told what a name means.
    fn select(&mut self, select: &Select, walked: &Walked) -> Option<()> {
        for source in self.sources.clone() {
            self.table(source.written.span(), source.table)?;
        }
        for item in &select.projection {
            match item {
                SelectItem::UnnamedExpr(Expr::Identifier(ident)) => {
                    self.outputs.push(self.places.of(ident.span)?.start);
                }
                SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => {
                    self.outputs.push(self.places.of(parts.last()?.span)?.start);
                }
                SelectItem::UnnamedExpr(_) => {}
                SelectItem::ExprWithAlias { alias, .. } => self.aliases.push(self.state.folded_ident(alias)),
                SelectItem::Wildcard(_) => {
                    self.star.extend(self.sources.iter().map(|source| source.table.id));
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    let [part] = name.0.as_slice() else { return None };
                    let ident = part.as_ident()?;
                    let table = self.qualifier(ident)?;
                    self.star.push(table.id);
                }
                _ => return None,
            }
        }
        for (qualifier, ident) in &walked.columns {
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
            let (of, ident) = match parts {
                [ident] => (None, ident),
                [qualifier, ident] => (Some(self.called(qualifier)?.table.id), ident),
                _ => return None,
            };
            let found = self.columns_named(ident).into_iter().find(|(table, _)| of.is_none_or(|id| id == table.id));
            found.map(|(_, column)| kind(&column.data_type))
        };
        let mut wrong = of_list.filter(|expr| judge(expr, &column).sense == Sense::Wrong);
        wrong.next().or_else(|| select.selection.as_ref().filter(|e| judge(e, &column).as_condition() == Sense::Wrong))
    }

    fn table(&mut self, span: Span, table: &Table) -> Option<()> {
        let range = self.places.of(span)?;
        let written = self.places.written(&range)?;
        self.found.push((range, ViewPiece::Table { id: table.id, written, name: table.name.clone() }));
        Some(())
    }

    /// The table that a name in front of a column means.
    fn called(&self, ident: &Ident) -> Option<Source<'s>> {
        let name = self.state.folded_ident(ident);
        let fold = |name: &str| self.state.backend().fold(name).into_owned();
        let mut found = self.sources.iter().copied().filter(|source| match source.alias {
            Some(alias) => self.state.folded_ident(alias) == name,
            None => fold(&source.table.name.name) == name,
        });
        let one = found.next()?;
        found.next().is_none().then_some(one)
    }

    /// A name in front of a column or a `*`; where it is the table's own, it follows that.
    fn qualifier(&mut self, ident: &Ident) -> Option<&'s Table> {
        let source = self.called(ident)?;
        if source.alias.is_none() {
            self.table(ident.span, source.table)?;
        }
        Some(source.table)
    }

    /// The columns of that name of all tables.
    fn columns_named(&self, ident: &Ident) -> Vec<(&'s Table, &'s Column)> {
        let name = self.state.folded_ident(ident);
        let means = |column: &&Column| self.state.backend().fold(&column.name) == name.as_str();
        let found = self.sources.iter().map(|source| (source.table, source.table.columns.iter().find(means)));
        found.filter_map(|(table, column)| Some((table, column?))).collect()
    }

    fn qualified(&mut self, qualifier: &Ident, ident: &Ident) -> Option<()> {
        let id = self.called(qualifier)?.table.id;
        match self.columns_named(ident).into_iter().find(|(table, _)| table.id == id) {
            Some((table, column)) => {
                self.qualifier(qualifier)?;
                self.column(ident, table, column)
            }
            None => {
                if !is_system_column(&ident.value) {
                    self.unknown.push(format!("{}.{}", self.state.table(id)?.name, ident.value));
                }
                Some(())
            }
        }
    }

    fn bare(&mut self, ident: &Ident) -> Option<()> {
        let alias = self.aliases.contains(&self.state.folded_ident(ident));
        match self.columns_named(ident).as_slice() {
            // A name in ORDER BY or GROUP BY may be the list's own.
            [_, ..] if alias => None,
            [(table, column)] => self.column(ident, table, column),
            [] => {
                let a_string = self.state.backend() == Backend::Sqlite && ident.quote_style.is_some();
                let a_table = self.called(ident).is_some();
                if !alias && !a_string && !a_table && !is_system_column(&ident.value) {
                    self.unknown.push(ident.value.clone());
                }
                (!a_table).then_some(())
            }
            _ => None,
        }
    }

    fn column(&mut self, ident: &Ident, table: &Table, column: &Column) -> Option<()> {
        let range = self.places.of(ident.span)?;
        let written = self.places.written(&range)?;
        let output = self.outputs.contains(&range.start);
        let (table, id, name) = (table.id, column.id, column.name.clone());
        self.columns.push((table, id));
        self.found.push((range, ViewPiece::Column { table, id, written, name, output }));
        Some(())
    }
}
