//! Tables, as far as they are objects like others.

use super::{ObjectKind, SchemaObject};
use crate::state::{State, Table};

impl SchemaObject for Table {
    fn kind(&self) -> ObjectKind {
        ObjectKind::Table
    }

    fn full_name(&self) -> String {
        self.name.to_string()
    }

    fn schema(&self) -> Option<&str> {
        self.name.schema.as_deref()
    }

    /// Its columns, constraints and indexes have lines of their own.
    fn fact(&self, _: &State) -> String {
        let options = self.options.as_ref().map(|options| format!(" options {options}")).unwrap_or_default();
        format!("table {}{options}", self.name)
    }
}
