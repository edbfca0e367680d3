//! Schemas: a name, and nothing of what is in it.

use super::{Declaration, Object, ObjectKind, SchemaObject, StandaloneObject, ToObject, take};
use crate::backend::Backend;
use crate::state::{State, StateError, Uses, Verb, say};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    pub name: String,
}

impl SchemaObject for Schema {
    fn kind(&self) -> ObjectKind {
        ObjectKind::Schema
    }

    fn full_name(&self) -> String {
        self.name.clone()
    }

    fn fact(&self, _: &State) -> String {
        format!("schema {}", self.name)
    }
}

impl StandaloneObject for Schema {
    fn declaration(&self, _: &State) -> Declaration {
        vec![("create_schema", self.name.as_str().into())]
    }

    fn exists_on(&self, backend: Backend) -> bool {
        backend.capabilities().schemas
    }

    /// What is in it.
    fn needed_by(&self, state: &State) -> Option<String> {
        let within = state.objects().filter(|object| object.schema() == Some(&self.name));
        within.map(|object| format!("{} `{}`", object.noun(), object.full_name())).min()
    }

    fn create(&self, state: &mut State) -> Result<Object, StateError> {
        if state.objects.schemas.contains(self) {
            return Err(StateError::exists(self));
        }
        state.objects.schemas.push(self.clone());
        state.objects.schemas_gone.retain(|other| *other != self.name);
        Ok(self.object())
    }

    fn uses(&self, verb: Verb, uses: &mut Uses<'_>) {
        let words = say!(uses, verb.does(), "the schema {}", self.name);
        uses.object("schema", self.name.clone(), verb, words);
    }

    fn drop(&self, state: &mut State) -> Result<Object, StateError> {
        let gone = take(&mut state.objects.schemas, self, |other| other == self)?;
        state.objects.schemas_gone.push(self.name.clone());
        Ok(gone)
    }
}

impl State {
    /// Schemas that were created, in that order.
    #[must_use]
    pub fn schemas(&self) -> &[Schema] {
        &self.objects.schemas
    }

    /// Whether a migration has dropped a schema, so that it does not exist any more.
    pub(in crate::state) fn schema_is_gone(&self, name: &str) -> bool {
        self.objects.schemas_gone.iter().any(|other| other == name)
    }
}
