//! How a backend writes names, strings and whole sea-query statements. Every name
//! and value that goes into SQL goes through here.

use sea_query::{
    Alias, EscapeBuilder, IntoIden, IntoTableRef, MysqlQueryBuilder, PostgresQueryBuilder, QueryBuilder,
    QueryStatementWriter, QuotedBuilder, SchemaStatementBuilder, SqliteQueryBuilder, TableRef, Value,
};

use super::error::RenderError;
use crate::backend::Backend;
use crate::ident::TableName;
use crate::state::{Expr, Piece, Table};

/// A SQL that is written here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// SQLite's.
    Sqlite,
    /// PostgreSQL's.
    Postgres,
    /// MySQL's and MariaDB's, as far as they are one.
    Mysql,
}

impl Dialect {
    /// The dialect of a backend.
    pub(super) const fn of(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => Self::Sqlite,
            Backend::Postgres => Self::Postgres,
            Backend::Mysql => Self::Mysql,
        }
    }

    /// The backend that speaks it.
    pub(super) const fn backend(self) -> Backend {
        match self {
            Self::Sqlite => Backend::Sqlite,
            Self::Postgres => Backend::Postgres,
            Self::Mysql => Backend::Mysql,
        }
    }

    /// A quoted identifier.
    pub(super) fn ident(self, name: &str) -> String {
        // An owned name is what sea-query escapes; a borrowed one it takes as it is.
        let iden = Alias::new(name).into_iden();
        let mut sql = String::with_capacity(name.len() + 2);
        match self {
            Self::Sqlite => SqliteQueryBuilder.prepare_iden(&iden, &mut sql),
            Self::Postgres => PostgresQueryBuilder.prepare_iden(&iden, &mut sql),
            Self::Mysql => MysqlQueryBuilder.prepare_iden(&iden, &mut sql),
        }
        sql
    }

    /// Quoted identifiers with commas between.
    pub(super) fn idents<'n>(self, names: impl IntoIterator<Item = &'n str>) -> String {
        let quoted: Vec<_> = names.into_iter().map(|name| self.ident(name)).collect();
        quoted.join(", ")
    }

    /// A name in a schema, or bare where there is none.
    pub(super) fn qualified(self, schema: Option<&str>, name: &str) -> String {
        match schema {
            Some(schema) => self.ident(schema) + "." + &self.ident(name),
            None => self.ident(name),
        }
    }

    /// A database's own name as an author gives it, maybe with a schema in front: `C`, `pg_catalog.text_ops`. What is more
    /// than a name, `gist_trgm_ops(siglen=32)`, stands as it is.
    pub(super) fn own_name(self, name: &str) -> String {
        let is_name = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || "_- ".contains(c));
        // `en_US.utf8`: a locale, not a schema.
        if name.rsplit_once('.').is_some_and(|(_, last)| last.to_ascii_lowercase().starts_with("utf")) {
            return self.ident(name);
        }
        if !name.split('.').all(is_name) {
            return name.to_owned();
        }
        name.split('.').map(|part| self.ident(part)).collect::<Vec<_>>().join(".")
    }

    /// A table's name, with its schema.
    pub(super) fn table(self, name: &TableName) -> String {
        self.qualified(name.schema.as_deref(), &name.name)
    }

    /// A string literal. A text with NUL is a literal on no backend: `value` sees to it first.
    pub(super) fn string(self, text: &str) -> String {
        let mut sql = String::with_capacity(text.len() + 2);
        // What needs no escaping on either backend goes in one piece: sea-query takes character for character.
        let special = |byte: u8| byte == b'\'' || byte == b'\\' || byte.is_ascii_control();
        // All bytes are looked at: without a way out early, the processor takes many at once.
        if !text.bytes().fold(false, |found, byte| found | special(byte)) {
            sql.push('\'');
            sql.push_str(text);
            sql.push('\'');
            return sql;
        }
        match self {
            // Of sea-query's escapes, the server would take `\\z` for a z.
            Self::Mysql => {
                let escaped = text.replace('\\', "\\\\").replace('\'', "''").replace('\0', "\\0");
                sql.push('\'');
                sql.push_str(&escaped);
                sql.push('\'');
            }
            Self::Postgres if PostgresQueryBuilder.needs_escape(&text.replace('\'', "")) => {
                // For this one character sea-query writes `\\z`, which the server reads as a z.
                let pieces: Vec<String> =
                    text.split('\u{1a}').map(|piece| PostgresQueryBuilder.escape_string(piece)).collect();
                sql.push_str("E'");
                sql.push_str(&pieces.join("\\x1A"));
                sql.push('\'');
            }
            // Quotes alone are doubled, as the standard has it.
            Self::Postgres | Self::Sqlite => SqliteQueryBuilder.write_string_quoted(text, &mut sql),
        }
        sql
    }

    /// Any value that sea-query writes rightly: booleans, numbers, bytes.
    pub(super) fn value(self, value: &Value) -> String {
        match self {
            Self::Sqlite => SqliteQueryBuilder.value_to_string(value),
            Self::Postgres => PostgresQueryBuilder.value_to_string(value),
            Self::Mysql => MysqlQueryBuilder.value_to_string(value),
        }
    }

    /// A whole query (INSERT, UPDATE, DELETE, SELECT) of sea-query's.
    pub(super) fn query(self, statement: &impl QueryStatementWriter) -> String {
        match self {
            Self::Sqlite => statement.to_string(SqliteQueryBuilder),
            Self::Postgres => statement.to_string(PostgresQueryBuilder),
            Self::Mysql => statement.to_string(MysqlQueryBuilder),
        }
    }

    /// A whole schema statement of sea-query's.
    pub(super) fn schema(self, statement: &impl SchemaStatementBuilder) -> String {
        match self {
            Self::Sqlite => statement.to_string(SqliteQueryBuilder),
            Self::Postgres => statement.to_string(PostgresQueryBuilder),
            Self::Mysql => statement.to_string(MysqlQueryBuilder),
        }
    }

    /// An expression of a table's, with the names of the moment.
    pub(super) fn expr(self, expr: &Expr, table: &Table) -> String {
        ended(expr.print(table, &|name| self.ident(name)))
    }

    /// An expression of a table's without the table's own name in front of its columns: what a
    /// table under a temporary name needs (SQLite's rebuild), and so what SQLite always gets.
    pub(super) fn own_expr(self, expr: &Expr, table: &Table) -> String {
        if self != Self::Sqlite {
            return self.expr(expr, table);
        }
        let mut sql = String::new();
        let mut behind_table = false;
        for piece in &expr.pieces {
            match piece {
                Piece::Text(text) => {
                    let after_dot = text.trim_start().strip_prefix('.').filter(|_| behind_table);
                    if behind_table && after_dot.is_none() {
                        sql.push_str(&self.ident(&table.name.name));
                    }
                    sql.push_str(after_dot.map_or(text.as_str(), str::trim_start));
                    behind_table = false;
                }
                Piece::Column(id) => {
                    sql.push_str(&self.ident(table.column_name(*id)));
                    behind_table = false;
                }
                Piece::Table => behind_table = true,
            }
        }
        if behind_table {
            sql.push_str(&self.ident(&table.name.name));
        }
        ended(sql)
    }

    /// Refuses a name with a schema where there are none.
    pub(super) fn check_schema(self, name: &TableName) -> Result<(), RenderError> {
        let capabilities = self.backend().capabilities();
        if name.schema.is_some() && !capabilities.schemas {
            return Err(RenderError::Schemas { title: capabilities.title, table: name.to_string() });
        }
        Ok(())
    }
}

/// A table as sea-query wants it.
pub(super) fn table_ref(name: &TableName) -> TableRef {
    match &name.schema {
        Some(schema) => (Alias::new(schema), Alias::new(&name.name)).into_table_ref(),
        None => Alias::new(&name.name).into_table_ref(),
    }
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
    use crate::ident::TableName;
    use crate::state::{ColumnId, TableId};

    #[test]
    fn quotes_in_names_are_doubled() {
        assert_eq!(Dialect::Postgres.ident("a\"; DROP TABLE x; --"), "\"a\"\"; DROP TABLE x; --\"");
        assert_eq!(Dialect::Sqlite.ident("a\"b"), "\"a\"\"b\"");
    }

    #[test]
    fn strings_keep_quotes_backslashes_and_lines() {
        assert_eq!(Dialect::Sqlite.string("it's \\ \"x\""), "'it''s \\ \"x\"'");
        assert_eq!(Dialect::Postgres.string("it's"), "'it''s'");
        assert_eq!(Dialect::Postgres.string("a\\'b\n"), "E'a\\\\\\'b\\n'");
        assert_eq!(Dialect::Postgres.string("a\u{1a}z"), "E'a\\x1Az'");
        assert_eq!(Dialect::Mysql.string("it's \\ \u{1a}\0"), "'it''s \\\\ \u{1a}\\0'");
    }

    #[test]
    fn a_tables_own_name_goes_where_it_would_be_wrong() {
        let table = Table {
            id: TableId(1),
            name: TableName::bare("posts"),
            columns: vec![crate::state::Column {
                id: ColumnId(2),
                name: "n".into(),
                data_type: crate::operation::DataType::Text,
                null: false,
                default: None,
                auto_increment: false,
                sequence: None,
                comment: None,
                generated: None,
                collation: None,
            }],
            primary_key: None,
            uniques: vec![],
            foreign_keys: vec![],
            checks: vec![],
            indexes: vec![],
            options: None,
            comment: None,
        };
        let expr = Expr {
            pieces: vec![
                Piece::Table,
                Piece::Text(" . ".into()),
                Piece::Column(ColumnId(2)),
                Piece::Text(" > 0 -- more".into()),
            ],
            opaque: false,
        };
        assert_eq!(Dialect::Sqlite.own_expr(&expr, &table), "\"n\" > 0 -- more\n");
        assert_eq!(Dialect::Postgres.own_expr(&expr, &table), "\"posts\" . \"n\" > 0 -- more\n");
    }
}
