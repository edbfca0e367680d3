//! Names of tables and columns: `table`, `table.column`, with a schema in front,
//! or as a table `{ schema, table, column }` where a name has dots in it.

use super::keys::Keys;
use super::reader::{Reader, Val};
use crate::grammar::{COLUMN_NAME, TABLE_NAME};
use crate::ident::{ColumnName, FunctionName, TableName};

impl Reader<'_> {
    /// A table's name: `"posts"`, `"blog.posts"` or `{ schema, table }`.
    pub(super) fn table_name(&mut self, val: Val<'_>) -> Option<TableName> {
        if val.is_table() {
            let table = self.table(val, "a table")?;
            let mut keys = Keys::of(self, table, &TABLE_NAME);
            let (schema, name) =
                (keys.optional("schema", |reader, val| reader.name(val).map(Some)), keys.name("table"));
            return Some(TableName { schema: schema?, name: name? });
        }
        let Some(text) = val.as_str() else {
            self.wrong_kind(val, "a table's name");
            return None;
        };
        if !self.is_name(text, val.span) {
            return None;
        }
        let parts: Vec<&str> = text.split('.').collect();
        match parts.as_slice() {
            [name] => Some(TableName::bare(*name)),
            [schema, name] if !schema.is_empty() && !name.is_empty() => {
                Some(TableName { schema: Some((*schema).to_owned()), name: (*name).to_owned() })
            }
            _ => {
                self.wrong_help(
                    val.span,
                    format!("`{text}` is not the name of a table"),
                    "write `table` or `schema.table`; a name with dots in it is written `{ table = \"a.b\" }`",
                );
                None
            }
        }
    }

    /// A column's name with its table: `"posts.slug"`, with a schema in front, or
    /// `{ schema, table, column }`.
    pub(super) fn column_name(&mut self, val: Val<'_>) -> Option<ColumnName> {
        if val.is_table() {
            let table = self.table(val, "a table")?;
            let mut keys = Keys::of(self, table, &COLUMN_NAME);
            let (schema, name, column) = (
                keys.optional("schema", |reader, val| reader.name(val).map(Some)),
                keys.name("table"),
                keys.name("column"),
            );
            return Some(ColumnName { table: TableName { schema: schema?, name: name? }, column: column? });
        }
        let Some(text) = val.as_str() else {
            self.wrong_kind(val, "`table.column`");
            return None;
        };
        if !self.is_name(text, val.span) {
            return None;
        }
        let parts: Vec<&str> = text.split('.').collect();
        if parts.iter().all(|part| !part.is_empty()) {
            match parts.as_slice() {
                [table, column] => {
                    return Some(ColumnName { table: TableName::bare(*table), column: (*column).to_owned() });
                }
                [schema, table, column] => {
                    let table = TableName { schema: Some((*schema).to_owned()), name: (*table).to_owned() };
                    return Some(ColumnName { table, column: (*column).to_owned() });
                }
                [alone] => {
                    let (message, right) = match val.key {
                        "references" => {
                            (format!("`references` must name a column, and `{alone}` is only a table"), "id")
                        }
                        "add_column" => (format!("`{alone}` is not `table.column`"), "new_column"),
                        _ => (format!("`{alone}` is not `table.column`"), "column"),
                    };
                    self.wrong_help(val.span, message, format!("`{} = \"{alone}.{right}\"`", val.key));
                    return None;
                }
                _ => {}
            }
        }
        self.wrong_help(
            val.span,
            format!("`{text}` is not the name of a column"),
            "write `table.column`; a name with dots in it is written `{ table = \"a.b\", column = \"c\" }`",
        );
        None
    }

    /// A function's name: `"f(integer, text)"`, with a schema in front.
    pub(super) fn function_name(&mut self, val: Val<'_>) -> Option<FunctionName> {
        let Some(text) = val.as_str() else {
            self.wrong_kind(val, "a function's name, with the types of its arguments in brackets");
            return None;
        };
        if !self.is_name(text, val.span) {
            return None;
        }
        let name = FunctionName::parse(text);
        if name.is_none() {
            let message = format!("`{text}` is not the name of a function with the types of its arguments");
            let bare = text.split('(').next().unwrap_or_default().trim();
            self.wrong_help(val.span, message, format!("`{bare}()` where it takes none, else `{bare}(integer, text)`"));
        }
        name
    }

    /// The new name of a rename: bare, since a rename moves nothing to another table or schema.
    pub(super) fn new_name(&mut self, val: Val<'_>) -> Option<String> {
        let text = self.name(val)?;
        if let Some((_, last)) = text.rsplit_once('.') {
            let message = format!("`{}` must be a bare name, and `{text}` has a dot in it", val.key);
            self.wrong_help(val.span, message, format!("`{} = \"{last}\"`", val.key));
            return None;
        }
        Some(text)
    }
}
