//! Enums: their values, and the columns that are of them.

use std::sync::Arc;

use super::{Declaration, Object, ObjectKind, SchemaObject, StandaloneObject};
use crate::ident::TableName;
use crate::operation::{EnumType, Literal};
use crate::state::{Change, Column, Mode, Scalar, SharedTable, State, StateError, Uses, Verb, say};

impl SchemaObject for EnumType {
    fn kind(&self) -> ObjectKind {
        ObjectKind::Enum
    }

    fn qualified_name(&self) -> Option<&TableName> {
        Some(&self.name)
    }

    fn fact(&self, _: &State) -> String {
        format!("enum {}: {:?}", self.name, self.values)
    }
}

impl StandaloneObject for EnumType {
    fn declaration(&self, _: &State) -> Declaration {
        let values: toml_edit::Array = self.values.iter().collect();
        vec![("create_enum", self.name.to_string().into()), ("values", values.into())]
    }

    /// A column of it.
    fn needed_by(&self, state: &State) -> Option<String> {
        let (table, columns) = state.columns_of_enum(&self.name).next()?;
        let column = columns.first().map_or("", |column| column.name.as_str());
        Some(format!("`{}.{column}`", table.name))
    }

    fn create(&self, state: &mut State) -> Result<Object, StateError> {
        if state.enum_named(&self.name).is_some() {
            return Err(StateError::exists(self));
        }
        if let Some(by) = state.type_taken(&self.name) {
            return Err(StateError::NameTaken { name: self.name.clone(), by });
        }
        let made = Arc::new(self.clone());
        state.objects.enums.push(Arc::clone(&made));
        Ok(made.into())
    }

    fn uses(&self, verb: Verb, uses: &mut Uses<'_>) {
        let name = uses.fold(&self.name.to_string());
        let words = say!(uses, verb.does(), "the enum {}", self.name);
        uses.object("enum", name, verb, words);
        if uses.state.backend().capabilities().enum_types {
            // Rows of a table are of a type of its name.
            uses.relation(&self.name, Mode::Change, if verb == Verb::Drop { "frees" } else { "takes" });
        }
    }

    fn drop(&self, state: &mut State) -> Result<Object, StateError> {
        let at = state.enum_at(&self.name).ok_or_else(|| StateError::missing(self))?;
        Ok(state.objects.enums.remove(at).into())
    }
}

impl State {
    /// Enums, in the order they were made.
    #[must_use]
    pub fn enums(&self) -> &[Arc<EnumType>] {
        &self.objects.enums
    }

    /// An enum by its name, in the backend's case folding.
    #[must_use]
    pub fn enum_named(&self, name: &TableName) -> Option<&Arc<EnumType>> {
        self.enum_at(name).and_then(|at| self.objects.enums.get(at))
    }

    fn enum_at(&self, name: &TableName) -> Option<usize> {
        if self.objects.enums.is_empty() {
            return None;
        }
        let name = self.fold(name);
        self.objects.enums.iter().position(|other| self.fold(&other.name) == name)
    }

    /// What has a type of a name: a table, a view or an enum, where an enum is a type of the database's own.
    pub(in crate::state) fn type_taken(&self, name: &TableName) -> Option<ObjectKind> {
        if !self.backend.capabilities().enum_types {
            return None;
        }
        let of_rows = || self.name_taken(name).filter(|by| matches!(by, ObjectKind::Table | ObjectKind::View));
        self.enum_named(name).map(|_| ObjectKind::Enum).or_else(of_rows)
    }

    /// Tables that have columns of an enum, sorted by name, with these columns.
    pub fn columns_of_enum(&self, name: &TableName) -> impl Iterator<Item = (&SharedTable, Vec<&Column>)> {
        let name = self.fold(name).into_owned();
        self.tables().into_iter().filter_map(move |table| {
            let of = |column: &&Column| column.data_type.of_enum().is_some_and(|of| *self.fold(&of.name) == name);
            let columns: Vec<&Column> = table.columns.iter().filter(of).collect();
            (!columns.is_empty()).then_some((table, columns))
        })
    }

    pub(in crate::state) fn alter_enum(
        &mut self,
        from: &Arc<EnumType>,
        to: &Arc<EnumType>,
        renamed: &[(String, String)],
    ) -> Result<Change, StateError> {
        let standing = self.enum_at(&from.name).and_then(|at| self.objects.enums.get_mut(at));
        let before = std::mem::replace(standing.ok_or_else(|| StateError::missing(&**from))?, Arc::clone(to));
        if self.backend.capabilities().enum_types {
            let tables: Vec<_> = self.columns_of_enum(&to.name).map(|(table, _)| table.id).collect();
            for table in tables {
                self.edit(table, |edited| {
                    for column in &mut edited.columns {
                        if column.data_type.of_enum().is_some_and(|of| of.name == to.name) {
                            column.data_type = column.data_type.with_enum(to);
                            rename_default(column, renamed);
                        }
                    }
                    Ok(())
                })?;
            }
        }
        let renamed = renamed.iter().rev().map(|(old, new)| (new.clone(), old.clone())).collect();
        Ok(Change::AlterEnum { from: Arc::clone(to), to: before, renamed })
    }
}

/// A default that is one of the values keeps to it, whatever it is called.
fn rename_default(column: &mut Column, renamed: &[(String, String)]) {
    let rename = |text: &mut String| {
        if let Some((_, new)) = renamed.iter().find(|(old, _)| old == text) {
            text.clone_from(new);
        }
    };
    match &mut column.default {
        Some(Scalar::Literal(Literal::String(text))) => rename(text),
        Some(Scalar::Literal(Literal::Array(items))) => items.iter_mut().for_each(|item| {
            if let Literal::String(text) = item {
                rename(text);
            }
        }),
        _ => {}
    }
}
