//! Rows: insert, update, delete.

use super::{Change, Changes, Column, Lower, PartPath, Table};
use crate::backend::Backend;
use crate::diagnostic::Code;
use crate::ident::TableName;
use crate::operation::{DataType, Row, Text};
use crate::state::{InsertMode, RowValues};

impl Lower<'_> {
    pub(super) fn insert(&mut self, name: &TableName, rows: &[Row]) -> Changes {
        let table = self.table(name, "object")?;
        let mut values = Vec::with_capacity(rows.len());
        for (at, row) in rows.iter().enumerate() {
            let part = format!("rows.{at}");
            let row = self.row(&table, row, &part)?;
            for column in &table.columns {
                let given = row.iter().any(|(id, _)| *id == column.id);
                let numbered = column.auto_increment || self.is_row_number(&table, column);
                if !given && !column.null && column.default.is_none() && !numbered && column.generated.is_none() {
                    let message = format!(
                        "`{}.{}` is NOT NULL without a default, and this row leaves it out",
                        table.name, column.name
                    );
                    let diagnostic = self.error(Code::TypeMismatch, &part, message);
                    self.report(diagnostic);
                }
            }
            values.push(row);
        }
        Some(vec![Change::Insert { table: table.id, rows: values, mode: InsertMode::Plain }])
    }

    /// On SQLite an integer that is the whole primary key is the row's number, which an insert may leave out.
    fn is_row_number(&self, table: &Table, column: &Column) -> bool {
        self.state.backend == Backend::Sqlite
            && matches!(column.data_type, DataType::Integer { .. } | DataType::BigInt { .. })
            && table.primary_key.as_ref().is_some_and(|key| key.columns == [column.id])
            && table.options.is_none()
    }

    pub(super) fn row(&mut self, table: &Table, row: &Row, part: impl PartPath) -> Option<RowValues> {
        let mut values = RowValues::with_capacity(row.len());
        for (name, value) in row {
            let part = format!("{part}.{name}");
            let column = self.column(table, name, &part)?;
            if column.generated.is_some() {
                let message = format!("`{}.{name}` is computed, so no row says what it is", table.name);
                let diagnostic = self.error(Code::TypeMismatch, &part, message);
                self.report(diagnostic);
                return None;
            }
            values.push((column.id, self.value(value, &column, table, &part)?));
        }
        Some(values)
    }

    pub(super) fn update(&mut self, name: &TableName, set: &Row, filter: Option<&Text>, keep: bool) -> Changes {
        let table = self.table(name, "object")?;
        let set = self.row(&table, set, "set")?;
        let filter = match filter {
            Some(text) => Some(self.condition(text, &table, "where")?),
            None => None,
        };
        let mut changes = Vec::new();
        if keep {
            changes.push(self.kept_for_update(&table, &set, filter.clone())?);
        }
        changes.push(Change::Update { table: table.id, set, filter });
        Some(changes)
    }

    pub(super) fn delete(&mut self, name: &TableName, filter: &Text, keep: bool) -> Changes {
        let table = self.table(name, "object")?;
        let filter = self.condition(filter, &table, "where")?;
        let mut changes = Vec::new();
        if keep {
            changes.push(self.kept_for_delete(&table, filter.clone())?);
        }
        changes.push(Change::Delete { table: table.id, filter, kept: keep });
        Some(changes)
    }
}
