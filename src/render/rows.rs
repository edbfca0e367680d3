//! Rows: inserts, upserts, updates and deletes, each safe to read and, where asked for, to run twice.

use sea_query::{Alias, Asterisk, Expr, ExprTrait, Query};

use super::error::RenderError;
use super::expression::expression;
use super::sea::{self, table_ref};
use super::value;
use crate::backend::Backend;
use crate::diagnostic::Code;
use crate::ident::TableName;
use crate::operation::Literal;
use crate::state::{Column, ColumnId, InsertMode, Piece, RowValues, Scalar, Table};

/// Rows in one INSERT; more would make a message that nobody can read.
const ROWS_AT_ONCE: usize = 500;
/// Conditions in one DELETE: SQLite's expressions may be 1000 deep.
const CONDITIONS_AT_ONCE: usize = 200;

/// INSERT, in any of its modes.
pub(super) fn insert(
    backend: Backend,
    table: &Table,
    rows: &[RowValues],
    mode: &InsertMode,
) -> Result<Vec<String>, RenderError> {
    match mode {
        InsertMode::Plain => plain(backend, table, rows),
        InsertMode::Upsert(key) => {
            let mut sql = Vec::with_capacity(rows.len() * 2);
            for row in rows {
                upsert(backend, table, row, key, &mut sql)?;
            }
            Ok(sql)
        }
        InsertMode::IfAbsent => {
            let absent = |row| insert_where_not(backend, table, row, &conditions(backend, table, row)?);
            rows.iter().map(absent).collect()
        }
    }
}

/// Rows that name the same columns go together.
fn plain(backend: Backend, table: &Table, rows: &[RowValues]) -> Result<Vec<String>, RenderError> {
    let mut sql = Vec::new();
    let same = |a: &RowValues, b: &RowValues| a.iter().map(|(id, _)| id).eq(b.iter().map(|(id, _)| id));
    for alike in rows.chunk_by(same) {
        let Some(first) = alike.first() else { continue };
        if first.is_empty() {
            let values = if backend == Backend::Mysql { "() VALUES ()" } else { "DEFAULT VALUES" };
            let statement = format!("INSERT INTO {} {values}", backend.table(&table.name));
            sql.extend(alike.iter().map(|_| statement.clone()));
            continue;
        }
        for rows in alike.chunks(ROWS_AT_ONCE) {
            let mut query = Query::insert();
            query
                .into_table(table_ref(&table.name))
                .columns(first.iter().map(|(id, _)| Alias::new(table.column_name(*id))));
            for row in rows {
                // As many values as columns: it cannot be refused.
                let _ = query.values(values(backend, table, row)?);
            }
            sql.push(sea::query(backend, &query));
        }
    }
    Ok(sql)
}

/// Without a unique index: change the row if it stands and differs, else put it in.
fn upsert(
    backend: Backend,
    table: &Table,
    row: &RowValues,
    key: &[ColumnId],
    sql: &mut Vec<String>,
) -> Result<(), RenderError> {
    let found = of_key(backend, table, row, key)?;
    let rest = beside_key(row, key);
    if !rest.is_empty() {
        let differs = differs_in_any(backend, table, &rest)?;
        let values = assignments(backend, table, &rest)?;
        sql.push(set(backend, &table.name, values, Some(format!("{found} AND {differs}"))));
    }
    sql.push(insert_where_not(backend, table, row, &found)?);
    Ok(())
}

/// The condition that finds a row by its key.
fn of_key(backend: Backend, table: &Table, row: &RowValues, key: &[ColumnId]) -> Result<String, RenderError> {
    let mut found = Vec::with_capacity(key.len());
    for id in key {
        let Some((_, value)) = row.iter().find(|(column, _)| column == id) else {
            let (table, column) = (&table.name, table.column_name(*id));
            let message = format!("a row for `{table}` has no value for its key column `{column}`");
            return Err(RenderError::new(Code::WrongValue, message));
        };
        found.push(equals(backend, table, *id, value)?);
    }
    Ok(found.join(" AND "))
}

/// What an upsert sets in a row that stands.
fn beside_key(row: &RowValues, key: &[ColumnId]) -> RowValues {
    row.iter().filter(|(id, value)| !key.contains(id) && !changes_by_itself(value)).cloned().collect()
}

fn differs_in_any(backend: Backend, table: &Table, values: &RowValues) -> Result<String, RenderError> {
    let differs: Result<Vec<_>, _> = values.iter().map(|(id, value)| differs(backend, table, *id, value)).collect();
    Ok(format!("({})", differs?.join(" OR ")))
}

/// The condition that finds the rows whose values an upsert changes; `None` where it sets nothing but keys.
pub(super) fn overwritten(
    backend: Backend,
    table: &Table,
    rows: &[RowValues],
    key: &[ColumnId],
) -> Result<Option<String>, RenderError> {
    let mut conditions = Vec::with_capacity(rows.len());
    for row in rows {
        let rest = beside_key(row, key);
        if !rest.is_empty() {
            let found = of_key(backend, table, row, key)?;
            conditions.push(format!("({found} AND {})", differs_in_any(backend, table, &rest)?));
        }
    }
    Ok((!conditions.is_empty()).then(|| conditions.join(" OR ")))
}

/// INSERT … SELECT … WHERE NOT EXISTS a row like that.
fn insert_where_not(backend: Backend, table: &Table, row: &RowValues, like: &str) -> Result<String, RenderError> {
    if row.is_empty() {
        return Err(RenderError::row_without_columns(&table.name));
    }
    let mut rows_like = Query::select();
    rows_like.expr(Expr::val(1)).from(table_ref(&table.name));
    if !like.is_empty() {
        rows_like.and_where(Expr::cust(like.to_owned()));
    }
    let mut select = Query::select();
    if backend == Backend::Mysql {
        // Some servers take no WHERE without a FROM.
        select.from_subquery(Query::select().expr(Expr::val(1)).take(), Alias::new("one"));
    }
    select.exprs(values(backend, table, row)?).and_where(Expr::exists(rows_like).not());
    let mut query = Query::insert();
    query.into_table(table_ref(&table.name)).columns(row.iter().map(|(id, _)| Alias::new(table.column_name(*id))));
    // As many expressions as columns: it cannot be refused.
    let _ = query.select_from(select);
    Ok(sea::query(backend, &query))
}

/// INSERT … SELECT of one table's rows: columns of the one, each with what it gets of the other.
pub(super) fn copy<'n>(
    backend: Backend,
    into: &TableName,
    columns: impl IntoIterator<Item = (&'n str, String)>,
    (from, filter): (&TableName, Option<String>),
) -> String {
    let (names, values): (Vec<_>, Vec<_>) =
        columns.into_iter().map(|(name, value)| (Alias::new(name), Expr::cust(value))).unzip();
    let mut select = Query::select();
    select.exprs(values).from(table_ref(from)).and_where_option(filter.map(Expr::cust));
    let mut query = Query::insert();
    query.into_table(table_ref(into)).columns(names);
    // As many expressions as columns: it cannot be refused.
    let _ = query.select_from(select);
    sea::query(backend, &query)
}

/// SELECT COUNT(*), of all rows for `None`.
pub(super) fn count(backend: Backend, table: &TableName, condition: Option<String>) -> String {
    let mut query = Query::select();
    query.expr(Expr::col(Asterisk).count()).from(table_ref(table)).and_where_option(condition.map(Expr::cust));
    sea::query(backend, &query)
}

pub(super) fn update(
    backend: Backend,
    table: &Table,
    values: &RowValues,
    filter: Option<&crate::state::Expr>,
) -> Result<String, RenderError> {
    let filter = filter.map(|filter| expression(backend, filter, table));
    Ok(set(backend, &table.name, assignments(backend, table, values)?, filter))
}

/// UPDATE of columns, each with its value in SQL.
pub(super) fn set<'n>(
    backend: Backend,
    table: &TableName,
    values: impl IntoIterator<Item = (&'n str, String)>,
    condition: Option<String>,
) -> String {
    let mut query = Query::update();
    query.table(table_ref(table)).values(values.into_iter().map(|(name, value)| (Alias::new(name), Expr::cust(value))));
    query.and_where_option(condition.map(Expr::cust));
    sea::query(backend, &query)
}

pub(super) fn delete(backend: Backend, table: &Table, condition: &str) -> String {
    let query = Query::delete().from_table(table_ref(&table.name)).and_where(Expr::cust(condition.to_owned())).take();
    sea::query(backend, &query)
}

/// The conditions that find an insert's rows again, as many as statements are needed.
pub(super) fn row_conditions(backend: Backend, table: &Table, rows: &[RowValues]) -> Result<Vec<String>, RenderError> {
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let condition = conditions(backend, table, row)?;
        if condition.is_empty() {
            return Err(RenderError::row_without_columns(&table.name));
        }
        found.push(condition);
    }
    if let Some(list) = in_list(backend, table, rows)? {
        return Ok(list);
    }
    Ok(found
        .chunks(CONDITIONS_AT_ONCE)
        .map(|conditions| match conditions {
            [one] => one.clone(),
            many => many.iter().map(|condition| format!("({condition})")).collect::<Vec<_>>().join(" OR "),
        })
        .collect())
}

/// Rows told apart by one column's literals: `"email" IN (…)`.
fn in_list(backend: Backend, table: &Table, rows: &[RowValues]) -> Result<Option<Vec<String>>, RenderError> {
    let mut one_column = None;
    let mut literals = Vec::with_capacity(rows.len());
    for row in rows {
        let [(id, value @ Scalar::Literal(_))] = row.as_slice() else { return Ok(None) };
        if *one_column.get_or_insert(*id) != *id {
            return Ok(None);
        }
        let Some(column) = table.column(*id) else { return Ok(None) };
        literals.push(value::compared(backend, value, column, table)?);
        if value::is_compared_as_text(backend, column) {
            return Ok(None);
        }
    }
    let Some(id) = one_column.filter(|_| rows.len() > 1) else { return Ok(None) };
    let name = backend.ident(table.column_name(id));
    Ok(Some(literals.chunks(ROWS_AT_ONCE).map(|some| format!("{name} IN ({})", some.join(", "))).collect()))
}

/// `a = 1 AND b IS NULL`; values that change by themselves do not count.
fn conditions(backend: Backend, table: &Table, row: &RowValues) -> Result<String, RenderError> {
    let settled = row.iter().filter(|(_, value)| !changes_by_itself(value));
    let parts: Result<Vec<_>, _> = settled.map(|(id, value)| equals(backend, table, *id, value)).collect();
    Ok(parts?.join(" AND "))
}

fn equals(backend: Backend, table: &Table, id: ColumnId, value: &Scalar) -> Result<String, RenderError> {
    let (name, sql) = sides(backend, table, id, value)?;
    Ok(match (sql, backend, value) {
        (None, ..) => format!("{name} IS NULL"),
        (Some(sql), _, Scalar::Literal(_)) => format!("{name} = {sql}"),
        (Some(sql), Backend::Sqlite, Scalar::Expr(_)) => format!("{name} IS {sql}"),
        (Some(sql), Backend::Postgres, Scalar::Expr(_)) => format!("{name} IS NOT DISTINCT FROM {sql}"),
        (Some(sql), Backend::Mysql, Scalar::Expr(_)) => format!("{name} <=> {sql}"),
    })
}

fn differs(backend: Backend, table: &Table, id: ColumnId, value: &Scalar) -> Result<String, RenderError> {
    let (name, sql) = sides(backend, table, id, value)?;
    Ok(match (sql, backend) {
        (None, _) => format!("{name} IS NOT NULL"),
        (Some(sql), Backend::Sqlite) => format!("{name} IS NOT {sql}"),
        (Some(sql), Backend::Postgres) => format!("{name} IS DISTINCT FROM {sql}"),
        (Some(sql), Backend::Mysql) => format!("NOT ({name} <=> {sql})"),
    })
}

/// A column and a value as they are compared; no value for NULL.
fn sides(
    backend: Backend,
    table: &Table,
    id: ColumnId,
    value: &Scalar,
) -> Result<(String, Option<String>), RenderError> {
    let column = named(table, id)?;
    let mut name = backend.ident(&column.name);
    if value::is_null(value) {
        return Ok((name, None));
    }
    if value::is_compared_as_text(backend, column) {
        name.push_str("::text");
    }
    Ok((name, Some(value::compared(backend, value, column, table)?)))
}

/// Whether an expression gives another value each time: the clock, chance, a sequence. Such a value is
/// written with a new row, and says nothing about whether a row stands already.
pub(super) fn changes_by_itself(value: &Scalar) -> bool {
    const SIGNS: [&str; 10] = [
        "current_",
        "now(",
        "random",
        "uuid",
        "_timestamp(",
        "nextval",
        "datetime(",
        "strftime(",
        "julianday(",
        "localtime",
    ];
    let Scalar::Expr(expr) = value else { return false };
    expr.pieces.iter().any(|piece| match piece {
        Piece::Text(text) => {
            let text = text.to_ascii_lowercase();
            SIGNS.iter().any(|sign| text.contains(sign))
        }
        Piece::Column(_) | Piece::Table => false,
    })
}

fn values(backend: Backend, table: &Table, row: &RowValues) -> Result<Vec<Expr>, RenderError> {
    Ok(assignments(backend, table, row)?.into_iter().map(|(_, sql)| Expr::cust(sql)).collect())
}

fn assignments<'t>(backend: Backend, table: &'t Table, set: &RowValues) -> Result<Vec<(&'t str, String)>, RenderError> {
    set.iter()
        .map(|(id, value)| {
            let column = named(table, *id)?;
            Ok((column.name.as_str(), value::scalar(backend, value, column, table)?))
        })
        .collect()
}

fn named(table: &Table, id: ColumnId) -> Result<&Column, RenderError> {
    table.column(id).ok_or_else(|| RenderError::dangling("a row", &table.name))
}

/// PostgreSQL: sets an identity's sequence past the numbers that an insert gave, never back.
pub(super) fn advance_sequences(table: &Table, rows: &[RowValues]) -> Vec<String> {
    let given = |column: &&Column| {
        let none = |value: &Scalar| matches!(value, Scalar::Literal(Literal::Integer(number)) if *number < 1);
        column.auto_increment && rows.iter().flatten().any(|(id, value)| *id == column.id && !none(value))
    };
    table.columns.iter().filter(given).map(|column| advance_sequence(Backend::Postgres, table, column)).collect()
}

/// `SELECT setval(…)` to the highest number in the table, where that is not behind the sequence.
pub(super) fn advance_sequence(backend: Backend, table: &Table, column: &Column) -> String {
    let (name, highest, from) = (backend.ident(&column.name), backend.ident("highest"), backend.table(&table.name));
    let (sequence, rest) = match &column.sequence {
        Some(sequence) => {
            let sequence = backend.qualified(table.name.schema.as_deref(), &sequence.text);
            let past = "s.last_value + (CASE WHEN s.is_called THEN 1 ELSE 0 END)";
            (backend.string(&sequence), format!(", {sequence} AS s WHERE m.{highest} >= {past}"))
        }
        None => {
            let (table, column) = (backend.string(&from), backend.string(&column.name));
            let sequence = format!("pg_get_serial_sequence({table}, {column})");
            let rest = format!(" WHERE m.{highest} >= nextval({sequence})");
            (sequence, rest)
        }
    };
    format!("SELECT setval({sequence}, m.{highest}) FROM (SELECT max({name}) AS {highest} FROM {from}) AS m{rest}")
}
