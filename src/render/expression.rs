//! Expressions of a table's as SQL, with the names that its columns have now.

use crate::backend::Backend;
use crate::state::{Expr, Piece, Table};

/// An expression of a table's, with the names of the moment.
pub(super) fn expression(backend: Backend, expr: &Expr, table: &Table) -> String {
    ended(expr.print(table, &|name| backend.ident(name)))
}

/// An expression of a table's without the table's own name in front of its columns: what a
/// table under a temporary name needs (SQLite's rebuild), and so what SQLite always gets.
pub(super) fn own_expression(backend: Backend, expr: &Expr, table: &Table) -> String {
    if backend != Backend::Sqlite {
        return expression(backend, expr, table);
    }
    let mut sql = String::new();
    let mut behind_table = false;
    for piece in &expr.pieces {
        match piece {
            Piece::Text(text) => {
                let after_dot = text.trim_start().strip_prefix('.').filter(|_| behind_table);
                if behind_table && after_dot.is_none() {
                    sql.push_str(&backend.ident(&table.name.name));
                }
                sql.push_str(after_dot.map_or(text.as_str(), str::trim_start));
                behind_table = false;
            }
            Piece::Column(id) => {
                sql.push_str(&backend.ident(table.column_name(*id)));
                behind_table = false;
            }
            Piece::Table => behind_table = true,
        }
    }
    if behind_table {
        sql.push_str(&backend.ident(&table.name.name));
    }
    ended(sql)
}

/// Ends a comment in an author's text, so that what follows is not part of it.
fn ended(mut sql: String) -> String {
    if sql.contains("--") {
        sql.push('\n');
    }
    sql
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::DataType;
    use crate::render::fixture;
    use crate::state::ColumnId;

    #[test]
    fn a_tables_own_name_goes_where_it_would_be_wrong() {
        let table = fixture::table(1, "posts", vec![fixture::column(2, "n", DataType::Text)]);
        let expr = Expr {
            pieces: vec![
                Piece::Table,
                Piece::Text(" . ".into()),
                Piece::Column(ColumnId(2)),
                Piece::Text(" > 0 -- more".into()),
            ],
            opaque: false,
        };
        assert_eq!(own_expression(Backend::Sqlite, &expr, &table), "\"n\" > 0 -- more\n");
        assert_eq!(own_expression(Backend::Postgres, &expr, &table), "\"posts\" . \"n\" > 0 -- more\n");
    }
}
