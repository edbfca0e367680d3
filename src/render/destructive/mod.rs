//! What a change destroys of what stands before the run, and how that is counted. All that asks before a run, or tells of
//! it, asks here: what is not known to be harmless counts as destructive.

mod sql;

use std::collections::HashSet;

use sea_query::{Alias, Expr as Sql, ExprTrait, Query};

use super::expression::expression;
use super::model::{Counted, Destructive};
use super::rows;
use super::sea::{self, table_ref};
use super::types::narrows;
use crate::backend::Backend;
use crate::sql_text::first_words;
use crate::state::{
    Change, ColumnId, Expr, Extension, InsertMode, Loss, Object, RowValues, Scalar, State, Table, TableId,
    is_of_same_enum,
};

/// Of more rows than these a condition is a query of a megabyte, for a number.
const MOST_CONDITIONS: usize = 200;

/// What a plan's changes destroy, in their order.
pub(super) struct Losses<'a> {
    backend: Backend,
    /// The state before the whole plan: what is counted is counted there, under the names of then.
    start: &'a State,
    /// Tables that the plan makes only where they do not stand.
    may_stand: HashSet<TableId>,
}

impl<'a> Losses<'a> {
    pub(super) fn new(backend: Backend, start: &'a State) -> Self {
        Self { backend, start, may_stand: HashSet::new() }
    }

    /// What the next change destroys. `now` is the state before it, `operation` all changes of its operation.
    pub(super) fn of(&mut self, change: &Change, now: &State, operation: &[Change]) -> Vec<Destructive> {
        let place = Place { backend: self.backend, now, start: self.start, operation, may_stand: &self.may_stand };
        let found = of(&place, change);
        if let Change::Sql { sql, effects, .. } = change
            && first_words(sql, 6).windows(3).any(|words| words == ["IF", "NOT", "EXISTS"])
        {
            self.may_stand.extend(effects.iter().filter_map(Change::table).filter(|id| now.table(*id).is_none()));
        }
        found
    }
}

/// Where a change is: what stands around it.
struct Place<'a> {
    backend: Backend,
    now: &'a State,
    start: &'a State,
    operation: &'a [Change],
    may_stand: &'a HashSet<TableId>,
}

/// What a change destroys.
fn of(place: &Place<'_>, change: &Change) -> Vec<Destructive> {
    if let Change::Sql { sql, effects, access } = change {
        return sql::of(place, sql, effects, access);
    }
    // It may have tables of its own.
    if let Change::Drop(Object::Extension(Extension { name, .. })) = change {
        let stands = place.start.extensions().iter().any(|other| other.name == *name);
        return vec![lost("extension", name.clone(), stands, None)];
    }
    let Some(now) = change.table().and_then(|id| place.now.table(id)) else { return Vec::new() };
    let backend = place.backend;
    let then = place.then(now.id);
    let stands = place.stands(now.id);
    let column = |id: ColumnId| format!("{}.{}", now.name, now.column_name(id));
    let values = |kind, id: ColumnId, filter: Option<&Expr>| {
        let there = then.is_some_and(|then| then.column(id).is_some());
        let counted = then.and_then(|then| count_values(backend, then, id, filter));
        lost(kind, column(id), there || (stands && then.is_none()), counted)
    };
    let rows = |counted| lost("rows", now.name.to_string(), stands, counted);
    match change.loses(place.now) {
        Some(Loss::Table) => {
            return vec![lost("table", now.name.to_string(), stands, then.map(|then| count(backend, then, None)))];
        }
        Some(Loss::Column(id)) => return vec![values("column", id, None)],
        // Whether values change with their type is for each backend to say.
        Some(Loss::Values { .. }) | None => {}
    }
    match change {
        Change::AlterColumn { column: id, patch, using, .. } => {
            let types = patch.data_type.as_ref().zip(now.column(*id).map(|column| &column.data_type));
            let changes = types.is_some_and(|(to, from)| {
                !is_of_same_enum(from, to) && (narrows(backend, from, to) || (using.is_some() && from != to))
            });
            if changes { vec![values("values", *id, None)] } else { Vec::new() }
        }
        Change::Update { set, filter, .. } if !place.keeps(now.id) => {
            set.iter().map(|(id, _)| values("values", *id, filter.as_ref())).collect()
        }
        Change::Delete { filter, kept: false, .. } => {
            let then = then.filter(|then| all_there(filter, then));
            vec![rows(then.map(|then| count(backend, then, Some(&expression(backend, filter, then)))))]
        }
        Change::DeleteRows { rows: gone, .. } => {
            let then = then.filter(|then| rows_there(gone, then));
            let conditions = then.and_then(|then| Some((then, rows::row_conditions(backend, then, gone).ok()?)));
            let one = conditions.and_then(|(then, found)| match found.as_slice() {
                [one] => Some(count(backend, then, Some(one))),
                _ => None,
            });
            vec![rows(one)]
        }
        Change::Insert { rows: new, mode: InsertMode::Upsert(key), .. } => {
            let then = then.filter(|then| new.len() <= MOST_CONDITIONS && rows_there(new, then));
            let condition = then.and_then(|then| Some((then, rows::overwritten(backend, then, new, key).ok()?)));
            match condition {
                // Each row is nothing but its key.
                Some((_, None)) => Vec::new(),
                Some((then, Some(condition))) => {
                    let counted = Some(count(backend, then, Some(&condition)));
                    vec![lost("values", now.name.to_string(), stands, counted)]
                }
                None => vec![lost("values", now.name.to_string(), stands, None)],
            }
        }
        Change::CreateTable(_)
        | Change::DropTable(_)
        | Change::RenameTable { .. }
        | Change::AddColumn { .. }
        | Change::DropColumn { .. }
        | Change::RenameColumn { .. }
        | Change::AddIndex { .. }
        | Change::DropIndex { .. }
        | Change::RenameIndex { .. }
        | Change::AddConstraint { .. }
        | Change::DropConstraint { .. }
        | Change::RenameConstraint { .. }
        | Change::RenameSequence { .. }
        | Change::Create(_)
        | Change::Drop(_)
        | Change::ReplaceFunction { .. }
        | Change::AlterEnum { .. }
        | Change::Insert { mode: InsertMode::Plain | InsertMode::IfAbsent, .. }
        // What is kept is destroyed by nobody, and comes back by a way down, which is asked about whatever it does.
        | Change::Update { .. }
        | Change::Delete { kept: true, .. }
        | Change::KeepRows(_)
        | Change::RestoreRows(_)
        | Change::Sql { .. }
        | Change::Note(_) => Vec::new(),
    }
}

impl Place<'_> {
    /// A table as it is before the plan.
    fn then(&self, table: TableId) -> Option<&Table> {
        self.start.table(table).map(|shared| &**shared)
    }

    /// Whether there is a table, or may be, before the plan.
    fn stands(&self, table: TableId) -> bool {
        self.start.table(table).is_some() || self.may_stand.contains(&table)
    }

    /// Whether the operation has kept the rows of a table that it changes.
    fn keeps(&self, table: TableId) -> bool {
        self.operation.iter().any(|change| matches!(change, Change::KeepRows(kept) if kept.table == table))
    }
}

fn lost(kind: &'static str, object: String, stands: bool, counted: Option<Counted>) -> Destructive {
    Destructive { kind, object, rows: None, estimate: false, stands, counted, unknown: false }
}

fn all_there(expr: &Expr, table: &Table) -> bool {
    expr.columns().all(|id| table.column(id).is_some())
}

fn rows_there(rows: &[RowValues], table: &Table) -> bool {
    rows.iter().flatten().all(|(id, value)| {
        let bound = match value {
            Scalar::Expr(expr) => all_there(expr, table),
            Scalar::Literal(_) => true,
        };
        bound && table.column(*id).is_some()
    })
}

fn count(backend: Backend, table: &Table, condition: Option<&str>) -> Counted {
    let sql = rows::count(backend, &table.name, condition.map(str::to_owned));
    Counted { table: table.name.clone(), sql, whole_table: condition.is_none() }
}

/// The rows that have a value there; `None` where the table has no such column, or none of those that the filter names.
fn count_values(backend: Backend, table: &Table, id: ColumnId, filter: Option<&Expr>) -> Option<Counted> {
    let column = table.column(id)?;
    let mut query = Query::select();
    query.expr(Sql::col(Alias::new(&column.name)).count()).from(table_ref(&table.name));
    if let Some(filter) = filter {
        query.and_where(Sql::cust(all_there(filter, table).then(|| expression(backend, filter, table))?));
    }
    let whole_table = !column.null && filter.is_none();
    Some(Counted { table: table.name.clone(), sql: sea::query(backend, &query), whole_table })
}
