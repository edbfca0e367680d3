//! Values that a query gives. A trigger of the table that a row goes into may change the table that the query reads,
//! which MySQL refuses within one statement; so such values are asked for first, and kept in variables of the session.

use super::super::change_context::RenderedChange;
use super::super::expression::expression;
use super::super::rows::changes_by_itself;
use super::BACKEND;
use crate::state::{Expr, RowValues, Scalar, Table};

/// Rows whose queries are variables, with the statements that set them written.
pub(in crate::render) fn asked_first(
    rows: &[RowValues],
    table: &Table,
    rendered: &mut RenderedChange,
) -> Vec<RowValues> {
    let mut number = 0;
    let mut ask = |value: &Scalar| match value {
        Scalar::Expr(expr) if is_query(expr, table) && !changes_by_itself(value) => {
            number += 1;
            let variable = format!("@dbmigrate_{number}");
            rendered.row(format!("SET {variable} = ({})", expression(BACKEND, expr, table)));
            Scalar::Expr(Expr::text(&variable))
        }
        Scalar::Literal(_) | Scalar::Expr(_) => value.clone(),
    };
    rows.iter().map(|row| row.iter().map(|(id, value)| (*id, ask(value))).collect()).collect()
}

/// Whether an expression asks other tables.
fn is_query(expr: &Expr, table: &Table) -> bool {
    let text = expr.print(table, &str::to_owned).to_ascii_lowercase();
    text.trim_start().trim_start_matches('(').trim_start().starts_with("select")
}
