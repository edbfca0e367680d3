//! Extensions and schemas: names, and nothing of what is in them.

use super::{Change, State, StateError};

impl State {
    /// Extensions that were created, in that order.
    #[must_use]
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }

    /// Schemas that were created, in that order.
    #[must_use]
    pub fn schemas(&self) -> &[String] {
        &self.schemas
    }

    /// Something that stands in a schema, for people.
    pub(super) fn within_schema(&self, schema: &str) -> Option<String> {
        let own = |of: &Option<String>| of.as_deref() == Some(schema);
        let table =
            self.tables.values().find(|table| own(&table.name.schema)).map(|table| format!("table `{}`", table.name));
        let view = || self.views.iter().find(|view| own(&view.name.schema)).map(|view| format!("view `{}`", view.name));
        let one = || self.enums.iter().find(|one| own(&one.name.schema)).map(|one| format!("enum `{}`", one.name));
        let function = || {
            let function = self.functions.iter().find(|function| own(&function.name.schema))?;
            Some(format!("{} `{}`", function.kind(), function.name))
        };
        table.or_else(view).or_else(one).or_else(function)
    }

    pub(super) fn create_extension(&mut self, name: &str) -> Result<Change, StateError> {
        if self.extensions.iter().any(|other| other == name) {
            return Err(StateError::Stands { kind: "extension", name: name.to_owned() });
        }
        self.extensions.push(name.to_owned());
        Ok(Change::DropExtension { name: name.to_owned(), made_here: true })
    }

    pub(super) fn drop_extension(&mut self, name: &str) -> Result<Change, StateError> {
        let at = self.extensions.iter().position(|other| other == name);
        let at = at.ok_or_else(|| StateError::IsNot { kind: "extension", name: name.to_owned() })?;
        Ok(Change::CreateExtension(self.extensions.remove(at)))
    }

    pub(super) fn create_schema(&mut self, name: &str) -> Result<Change, StateError> {
        if self.schemas.iter().any(|other| other == name) {
            return Err(StateError::Stands { kind: "schema", name: name.to_owned() });
        }
        self.schemas.push(name.to_owned());
        self.schemas_gone.retain(|other| other != name);
        Ok(Change::DropSchema(name.to_owned()))
    }

    pub(super) fn drop_schema(&mut self, name: &str) -> Result<Change, StateError> {
        let at = self.schemas.iter().position(|other| other == name);
        let at = at.ok_or_else(|| StateError::IsNot { kind: "schema", name: name.to_owned() })?;
        if let Some(within) = self.within_schema(name) {
            return Err(StateError::SchemaUsed { name: name.to_owned(), within });
        }
        self.schemas_gone.push(name.to_owned());
        Ok(Change::CreateSchema(self.schemas.remove(at)))
    }

    /// Whether a migration has dropped a schema, so that it stands no more.
    pub(super) fn schema_is_gone(&self, name: &str) -> bool {
        self.schemas_gone.iter().any(|other| other == name)
    }
}
