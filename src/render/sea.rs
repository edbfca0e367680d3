//! sea-query's statements, parts of statements and values as a backend's SQL. What it says wrongly, or cannot say, is written
//! by hand: `docs/sea-query.md` has each such thing with its reason, and a test holds the reasons.

use sea_query::{
    Alias, Check, ColumnDef, Expr, Index, IndexBuilder, IntoTableRef, MysqlQueryBuilder, PostgresQueryBuilder,
    QueryBuilder, QueryStatementWriter, SchemaStatementBuilder, SqliteQueryBuilder, TableAlterStatement, TableBuilder,
    TableRef, Value,
};

use crate::backend::Backend;
use crate::ident::TableName;

/// Something of the builder for a backend: they have a trait, and not one type.
macro_rules! of_builder {
    ($backend:expr, |$builder:ident| $written:expr) => {
        match $backend {
            Backend::Sqlite => {
                let $builder = SqliteQueryBuilder;
                $written
            }
            Backend::Postgres => {
                let $builder = PostgresQueryBuilder;
                $written
            }
            Backend::Mysql => {
                let $builder = MysqlQueryBuilder;
                $written
            }
        }
    };
}

/// A value: a boolean, a number, bytes. Texts are [`Backend::string`]'s: sea-query's escapes are not all the servers'.
pub(super) fn value(backend: Backend, value: &Value) -> String {
    of_builder!(backend, |builder| builder.value_to_string(value))
}

/// An INSERT, UPDATE, DELETE or SELECT.
pub(super) fn query(backend: Backend, statement: &impl QueryStatementWriter) -> String {
    of_builder!(backend, |builder| statement.to_string(builder))
}

/// A statement that changes the schema.
pub(super) fn schema(backend: Backend, statement: &impl SchemaStatementBuilder) -> String {
    of_builder!(backend, |builder| statement.to_string(builder))
}

/// A column as it stands in CREATE TABLE and in ALTER TABLE.
pub(super) fn column(backend: Backend, column: &ColumnDef) -> String {
    let mut sql = String::new();
    of_builder!(backend, |builder| builder.prepare_column_def(column, &mut sql));
    sql
}

pub(super) fn check(backend: Backend, name: &str, condition: String) -> String {
    let (check, mut sql) = (Check::named(Alias::new(name), Expr::cust(condition)), String::new());
    of_builder!(backend, |builder| builder.prepare_check_constraint(&check, &mut sql));
    sql
}

/// What a key over columns is.
pub(super) enum Key {
    Primary,
    Unique,
    /// MySQL: the index of a foreign key.
    Plain,
}

/// A key over columns as it stands in CREATE TABLE and behind ADD, with its name where it has one.
pub(super) fn key<'n>(
    backend: Backend,
    key: &Key,
    name: Option<&str>,
    columns: impl IntoIterator<Item = &'n str>,
) -> String {
    let (mut index, mut sql) = (Index::create(), String::new());
    match key {
        Key::Primary => index.primary(),
        Key::Unique => index.unique(),
        Key::Plain => &mut index,
    };
    if let Some(name) = name {
        index.name(within_quotes(backend, name));
    }
    for column in columns {
        index.col(Alias::new(column));
    }
    of_builder!(backend, |builder| builder.prepare_table_index_expression(&index, &mut sql));
    sql
}

/// ALTER TABLE, before it says what.
pub(super) fn alter(table: &TableName) -> TableAlterStatement {
    sea_query::Table::alter().table(table_ref(table)).take()
}

/// A table as sea-query takes it.
pub(super) fn table_ref(name: &TableName) -> TableRef {
    match &name.schema {
        Some(schema) => (Alias::new(schema), Alias::new(&name.name)).into_table_ref(),
        None => Alias::new(&name.name).into_table_ref(),
    }
}

/// A name for where sea-query puts quotes around it and escapes nothing in it: of indexes and keys.
pub(super) fn within_quotes(backend: Backend, name: &str) -> String {
    let quoted = backend.ident(name);
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
}
