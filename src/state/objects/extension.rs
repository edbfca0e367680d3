//! Extensions: a name, and nothing of what is in it.

use super::{Declaration, Object, ObjectKind, SchemaObject, StandaloneObject, take};
use crate::backend::Backend;
use crate::state::{Mode, Resource, State, StateError, Uses, Verb, say};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    pub name: String,
    /// It is dropped only if it did not exist before it was created.
    pub made_here: bool,
}

impl SchemaObject for Extension {
    fn kind(&self) -> ObjectKind {
        ObjectKind::Extension
    }

    fn full_name(&self) -> String {
        self.name.clone()
    }

    fn fact(&self, _: &State) -> String {
        format!("extension {}", self.name)
    }
}

impl StandaloneObject for Extension {
    fn declaration(&self, _: &State) -> Declaration {
        vec![("create_extension", self.name.as_str().into())]
    }

    fn exists_on(&self, backend: Backend) -> bool {
        backend.capabilities().extensions
    }

    fn create(&self, state: &mut State) -> Result<Object, StateError> {
        if state.objects.extensions.iter().any(|other| other.name == self.name) {
            return Err(StateError::exists(self));
        }
        let made = Self { made_here: true, ..self.clone() };
        state.objects.extensions.push(made.clone());
        Ok(made.into())
    }

    fn uses(&self, verb: Verb, uses: &mut Uses<'_>) {
        let words = say!(uses, verb.does(), "the extension {}", self.name);
        uses.object("extension", self.name.clone(), verb, words.clone());
        // Types and functions that no migration makes by name.
        uses.push(Resource::Provided, Mode::Change, words);
    }

    fn drop(&self, state: &mut State) -> Result<Object, StateError> {
        take(&mut state.objects.extensions, self, |other| other.name == self.name)
    }
}

impl State {
    /// Extensions that were created, in that order.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        &self.objects.extensions
    }
}
