//! What a change destroys, and how its rows are counted before the run.

use sea_query::{Alias, Asterisk, Expr as Sql, ExprTrait, Query};

use super::dialect::{Dialect, table_ref};
use super::model::{Counted, Destructive};
use super::rows;
use super::types::narrows;
use crate::state::{Change, ColumnId, Expr, State, Table};

/// What a change destroys. `start` is the state before the whole plan: what is counted is counted there,
/// under the names of then.
pub(super) fn of(dialect: Dialect, change: &Change, before: Option<&Table>, start: &State) -> Option<Destructive> {
    let table = before?;
    let then = start.table(table.id).map(|shared| &**shared);
    let column = |id: ColumnId| format!("{}.{}", table.name, table.column_name(id));
    let (kind, object, counted) = match change {
        Change::DropTable(_) => ("table", table.name.to_string(), then.map(|then| count(dialect, then, None))),
        Change::DropColumn { column: id, .. } if table.column(*id).is_some_and(|one| one.generated.is_some()) => {
            return None;
        }
        Change::DropColumn { column: id, .. } => {
            ("column", column(*id), then.and_then(|then| count_values(dialect, then, *id)))
        }
        Change::AlterColumn { column: id, patch, using, .. } => {
            let (to, from) = (patch.data_type.as_ref()?, &table.column(*id)?.data_type);
            let same_enum = from.of_enum().zip(to.of_enum()).is_some_and(|(from, to)| from.name == to.name);
            if same_enum || !(narrows(dialect, from, to) || (using.is_some() && from != to)) {
                return None;
            }
            ("values", column(*id), then.and_then(|then| count_values(dialect, then, *id)))
        }
        Change::Delete { filter, kept: false, .. } => {
            let counted = then.filter(|then| all_there(filter, then));
            let counted = counted.map(|then| count(dialect, then, Some(&dialect.expr(filter, then))));
            ("rows", table.name.to_string(), counted)
        }
        Change::DeleteRows { rows, .. } => {
            let counted = then.filter(|then| {
                rows.iter().flatten().all(|(id, value)| {
                    let bound = match value {
                        crate::state::Scalar::Expr(expr) => all_there(expr, then),
                        crate::state::Scalar::Literal(_) => true,
                    };
                    bound && then.column(*id).is_some()
                })
            });
            let counted = counted.and_then(|then| {
                let conditions = rows::row_conditions(dialect, then, rows).ok()?;
                // More would be a query of a megabyte for a number.
                let [one] = conditions.as_slice() else { return None };
                Some(count(dialect, then, Some(one)))
            });
            ("rows", table.name.to_string(), counted)
        }
        _ => return None,
    };
    Some(Destructive { kind, object, rows: None, estimate: false, counted })
}

fn all_there(expr: &Expr, table: &Table) -> bool {
    expr.columns().all(|id| table.column(id).is_some())
}

fn count(dialect: Dialect, table: &Table, condition: Option<&str>) -> Counted {
    let mut query = Query::select();
    query.expr(Sql::col(Asterisk).count()).from(table_ref(&table.name));
    if let Some(condition) = condition {
        query.and_where(Sql::cust(condition.to_owned()));
    }
    Counted { table: table.name.clone(), sql: dialect.query(&query), whole_table: condition.is_none() }
}

/// The rows that have a value there.
fn count_values(dialect: Dialect, table: &Table, id: ColumnId) -> Option<Counted> {
    let column = table.column(id)?;
    let query = Query::select().expr(Sql::col(Alias::new(&column.name)).count()).from(table_ref(&table.name)).take();
    Some(Counted { table: table.name.clone(), sql: dialect.query(&query), whole_table: !column.null })
}
