//! Indexes as SQL: what the backends say alike.

use super::error::RenderError;
use super::expression::own_expression;
use super::sea;
use crate::backend::Backend;
use crate::operation::{DataType, Nulls, Order};
use crate::state::{Column, ColumnId, Index, IndexKey, IndexPart, Table};

/// CREATE INDEX, on SQLite and PostgreSQL.
pub(super) fn create(backend: Backend, table: &Table, index: &Index) -> Result<String, RenderError> {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let mut sql = format!("CREATE {unique}INDEX {} ON {}", backend.ident(&index.name), backend.table(&table.name));
    if let Some(method) = &index.using {
        let capabilities = backend.capabilities();
        if !capabilities.index_methods {
            let (title, name) = (capabilities.title, &index.name);
            let message = format!("{title} has no index methods, and index `{name}` names `{method}`");
            return Err(RenderError::unsupported(message));
        }
        sql.push_str(&format!(" USING {}", backend.ident(&method.trim().to_lowercase())));
    }
    sql.push_str(&format!(" ({})", parts(backend, table, index)?));
    if !index.include.is_empty() {
        sql.push_str(&format!(" INCLUDE ({})", backend.idents(table.column_names(&index.include))));
    }
    if index.nulls_alike {
        sql.push_str(" NULLS NOT DISTINCT");
    }
    if let Some(with) = &index.with {
        sql.push_str(&format!(" WITH ({with})"));
    }
    if let Some(predicate) = &index.predicate {
        sql.push_str(&format!(" WHERE {}", own_expression(backend, predicate, table)));
    }
    Ok(sql)
}

/// MySQL's index within CREATE TABLE and behind ADD: `UNIQUE KEY `name` (…) USING …`.
pub(super) fn definition(backend: Backend, table: &Table, index: &Index) -> Result<String, RenderError> {
    let (word, method) = mysql_kind(index)?;
    let using = method.map_or_else(String::new, |method| format!(" USING {method}"));
    Ok(format!("{word}KEY {} ({}){using}", backend.ident(&index.name), parts(backend, table, index)?))
}

/// MySQL: the words in front of an index, and its method. `fulltext` and `spatial` are words in front there.
fn mysql_kind(index: &Index) -> Result<(&'static str, Option<&'static str>), RenderError> {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let Some(using) = &index.using else { return Ok((unique, None)) };
    Ok(match using.trim().to_lowercase().as_str() {
        "btree" => (unique, Some("BTREE")),
        "hash" => (unique, Some("HASH")),
        "fulltext" => ("FULLTEXT ", None),
        "spatial" => ("SPATIAL ", None),
        _ => {
            let message =
                format!("on MySQL an index is btree, hash, fulltext or spatial, and `{}` wants `{using}`", index.name);
            return Err(RenderError::unsupported(message).help("write one of these under a `mysql` key of `using`"));
        }
    })
}

fn parts(backend: Backend, table: &Table, index: &Index) -> Result<String, RenderError> {
    let parts: Result<Vec<_>, _> = index.parts.iter().map(|one| part(backend, table, index, one)).collect();
    Ok(parts?.join(", "))
}

fn part(backend: Backend, table: &Table, index: &Index, part: &IndexPart) -> Result<String, RenderError> {
    let mut sql = match &part.key {
        IndexKey::Column(id) => {
            are_compared(backend, table, &[*id], || format!("index `{}`", index.name))?;
            backend.ident(table.column_name(*id))
        }
        IndexKey::Expr(expr) => format!("({})", own_expression(backend, expr, table)),
    };
    if let (Some(length), Backend::Mysql) = (part.length, backend) {
        sql.push_str(&format!("({length})"));
    }
    if let Some(collation) = &part.collation {
        sql.push_str(&format!(" COLLATE {}", backend.own_name(collation)));
    }
    if let Some(opclass) = &part.opclass {
        sql.push_str(&format!(" {}", backend.own_name(opclass)));
    }
    if part.order == Order::Desc {
        sql.push_str(" DESC");
    }
    match (backend, part.order, part.nulls) {
        (_, _, None)
        // Their own order, for which they have no words in an index.
        | (Backend::Sqlite | Backend::Mysql, Order::Asc, Some(Nulls::First))
        | (Backend::Sqlite | Backend::Mysql, Order::Desc, Some(Nulls::Last)) => {}
        (Backend::Sqlite | Backend::Mysql, ..) => {
            let message = format!(
                "{} keeps NULLs first in ascending and last in descending indexes, and index `{}` wants otherwise",
                backend.title(),
                index.name
            );
            return Err(RenderError::unsupported(message).help("leave `nulls` out"));
        }
        (Backend::Postgres, _, Some(Nulls::First)) => sql.push_str(" NULLS FIRST"),
        (Backend::Postgres, _, Some(Nulls::Last)) => sql.push_str(" NULLS LAST"),
    }
    Ok(sql)
}

/// DROP INDEX; an index stands in its table's schema. `concurrently` and where it is, on PostgreSQL.
pub(super) fn drop(backend: Backend, table: &Table, name: &str, concurrently: bool) -> String {
    let mut statement = sea_query::Index::drop();
    statement.name(sea::within_quotes(backend, name)).table(sea::table_ref(&table.name));
    if concurrently {
        statement.concurrently().if_exists();
    }
    sea::schema(backend, &statement)
}

/// Refuses a key or an index over values that the backend does not compare.
pub(super) fn are_compared(
    backend: Backend,
    table: &Table,
    columns: &[ColumnId],
    over: impl Fn() -> String,
) -> Result<(), RenderError> {
    let json = |column: &&Column| backend == Backend::Postgres && column.data_type == DataType::Json;
    match columns.iter().filter_map(|id| table.column(*id)).find(json) {
        Some(column) => Err(RenderError::not_compared(&over(), &column.name)),
        None => Ok(()),
    }
}
