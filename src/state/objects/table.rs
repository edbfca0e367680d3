//! Tables, as far as they are objects like others.

use super::{ObjectKind, SchemaObject};
use crate::ident::TableName;
use crate::state::{State, Table};

impl SchemaObject for Table {
    fn kind(&self) -> ObjectKind {
        ObjectKind::Table
    }

    fn qualified_name(&self) -> Option<&TableName> {
        Some(&self.name)
    }

    /// Its columns, constraints and indexes have lines of their own.
    fn fact(&self, _: &State) -> String {
        let options = self.options.as_ref().map(|options| format!(" options {options}")).unwrap_or_default();
        format!("table {}{options}", self.name)
    }
}
