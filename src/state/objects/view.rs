//! Views: kept as their authors wrote them, with the names of the moment where they are bound.

use super::{Object, ObjectKind, SchemaObject, StandaloneObject};
use crate::backend::Backend;
use crate::ident::TableName;
use crate::state::{ColumnId, Mode, Namespace, Resource, State, StateError, TableId, Uses, Verb, ViewPiece, say};

/// A view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Name.
    pub name: TableName,
    /// The whole `CREATE VIEW` statement with the names of the moment, without a closing semicolon.
    pub sql: String,
    /// Its rows are kept.
    pub materialized: bool,
    /// The tables of the state that it reads, those of the views it reads too; `None` where it could not be parsed.
    pub reads: Option<Vec<TableId>>,
    /// The views that it reads.
    pub over: Vec<TableName>,
    /// The columns that it names, where it is bound.
    pub columns: Vec<(TableId, ColumnId)>,
    /// The tables of which it takes all columns, where it is bound.
    pub star: Vec<TableId>,
    /// Its statement, bound to tables and columns; `None` where that cannot be: a rename of what it
    /// may mention is refused then.
    pub pieces: Option<Vec<ViewPiece>>,
}

impl View {
    /// What SQL calls it: `VIEW`, `MATERIALIZED VIEW`.
    #[must_use]
    pub const fn sql_kind(&self) -> &'static str {
        if self.materialized { "MATERIALIZED VIEW" } else { "VIEW" }
    }
}

impl SchemaObject for View {
    fn kind(&self) -> ObjectKind {
        ObjectKind::View
    }

    fn full_name(&self) -> String {
        self.name.to_string()
    }

    fn schema(&self) -> Option<&str> {
        self.name.schema.as_deref()
    }

    fn fact(&self) -> String {
        format!("view {}: {}", self.name, self.sql)
    }
}

impl StandaloneObject for View {
    fn name_claim(&self, _: &State) -> Option<(Namespace, String)> {
        Some((Namespace::Relations(self.name.schema.clone()), self.name.name.clone()))
    }

    fn create(&self, state: &mut State) -> Result<Object, StateError> {
        let mut view = self.clone();
        view.follow(state);
        state.views.push(view.clone());
        Ok(Object::View(view))
    }

    fn uses(&self, verb: Verb, uses: &mut Uses<'_>) {
        let (name, held) = (&self.name, verb.held());
        uses.push(Resource::Programs, Mode::Append, say!(uses, verb.does(), "view {name}"));
        uses.in_text(&self.sql, held);
        for over in &self.over {
            uses.relation(over, held, "reads");
        }
        for id in self.reads.as_deref().unwrap_or_default() {
            let Some(table) = uses.of_table(*id) else { continue };
            uses.push(Resource::Table(*id), held, say!(uses, format!("view {name} reads"), "{}", table.name));
            if self.materialized && verb != Verb::Drop {
                uses.rows(&table, Mode::Use, "reads");
            }
            if uses.state.backend() == Backend::Postgres && self.groups() {
                let words = say!(uses, format!("view {name} groups"), "rows of {}", table.name);
                uses.push(Resource::PrimaryKeySlot(*id), held, words);
            }
            let bound = self.pieces.is_some();
            // A bare name may come to mean two columns where several tables are read.
            let several = self.reads.as_ref().is_some_and(|reads| reads.len() > 1);
            if !bound || several || self.star.contains(id) {
                uses.push(
                    Resource::ColumnList(*id),
                    held,
                    say!(uses, format!("view {name} reads"), "the columns of {}", table.name),
                );
            }
            for column in &table.columns {
                if !bound || self.star.contains(id) || self.mentions(*id, column.id) {
                    uses.column(&table, column.id, held, if bound { "reads" } else { "may read" });
                }
            }
        }
    }

    fn drop(&self, state: &mut State) -> Result<Object, StateError> {
        let at = state.views.iter().position(|other| other.name == self.name);
        let at = at.ok_or_else(|| StateError::missing(self))?;
        Ok(Object::View(state.views.remove(at)))
    }
}

impl State {
    /// Views, in the order they were made.
    #[must_use]
    pub fn views(&self) -> &[View] {
        &self.views
    }

    /// A view by its name, in the backend's case folding.
    #[must_use]
    pub fn view_named(&self, name: &TableName) -> Option<&View> {
        let name = self.fold(name);
        self.views.iter().find(|view| self.fold(&view.name) == name)
    }
}
