//! sea-query's statements and values as a backend's SQL.

use sea_query::{
    Alias, IntoTableRef, MysqlQueryBuilder, PostgresQueryBuilder, QueryBuilder, QueryStatementWriter,
    SchemaStatementBuilder, SqliteQueryBuilder, TableRef, Value,
};

use crate::backend::Backend;
use crate::ident::TableName;

/// A value: a boolean, a number, bytes. Texts are [`Backend::string`]'s: sea-query's escapes are not all the servers'.
pub(super) fn value(backend: Backend, value: &Value) -> String {
    match backend {
        Backend::Sqlite => SqliteQueryBuilder.value_to_string(value),
        Backend::Postgres => PostgresQueryBuilder.value_to_string(value),
        Backend::Mysql => MysqlQueryBuilder.value_to_string(value),
    }
}

/// An INSERT, UPDATE, DELETE or SELECT.
pub(super) fn query(backend: Backend, statement: &impl QueryStatementWriter) -> String {
    match backend {
        Backend::Sqlite => statement.to_string(SqliteQueryBuilder),
        Backend::Postgres => statement.to_string(PostgresQueryBuilder),
        Backend::Mysql => statement.to_string(MysqlQueryBuilder),
    }
}

/// A statement that changes the schema.
pub(super) fn schema(backend: Backend, statement: &impl SchemaStatementBuilder) -> String {
    match backend {
        Backend::Sqlite => statement.to_string(SqliteQueryBuilder),
        Backend::Postgres => statement.to_string(PostgresQueryBuilder),
        Backend::Mysql => statement.to_string(MysqlQueryBuilder),
    }
}

/// A table as sea-query takes it.
pub(super) fn table_ref(name: &TableName) -> TableRef {
    match &name.schema {
        Some(schema) => (Alias::new(schema), Alias::new(&name.name)).into_table_ref(),
        None => Alias::new(&name.name).into_table_ref(),
    }
}
