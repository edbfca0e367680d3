//! Views: kept as their authors wrote them, with the names of the moment where they are bound.

use super::{Declaration, Object, ObjectKind, Phase, SchemaObject, StandaloneObject, take};
use crate::backend::Backend;
use crate::ident::TableName;
use crate::state::{ColumnId, Mode, Namespace, Resource, State, StateError, TableId, Uses, Verb, ViewPiece, say};

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct View {
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
    /// Its statement, with what of it follows changes of tables and columns; `None` for nothing.
    pub pieces: Option<Vec<ViewPiece>>,
    /// All of it does. Else a rename of what it may mention is refused.
    pub bound: bool,
    /// The columns of tables as they were when it was made, where it takes some that cannot be told.
    pub kept: Vec<(TableId, Vec<(ColumnId, String)>)>,
    /// The statement as facts have it, where that is another: with the columns of a `*` that stay.
    pub told: Option<String>,
}

impl View {
    /// Whether the tables whose columns it takes, in a way that cannot be written out, have those that they had.
    fn has_its_columns(&self, state: &State) -> Result<(), StateError> {
        for (id, columns) in &self.kept {
            let Some(table) = state.table(*id) else { continue };
            let now = table.named_columns();
            if now.len() != columns.len() || !now.iter().all(|column| columns.contains(column)) {
                return Err(StateError::OtherColumns { view: self.name.clone(), table: table.name.clone() });
            }
        }
        Ok(())
    }

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

    fn qualified_name(&self) -> Option<&TableName> {
        Some(&self.name)
    }

    fn fact(&self, _: &State) -> String {
        format!("view {}: {}", self.name, self.told.as_ref().unwrap_or(&self.sql))
    }
}

impl StandaloneObject for View {
    fn phase(&self, _: &State) -> Phase {
        Phase::Views
    }

    /// By its query, where its statement is one that this program writes; else by the statement.
    fn declaration(&self, state: &State) -> Declaration {
        let of = format!("{} {}", self.sql_kind(), state.backend.table(&self.name));
        let Some(select) = self.sql.strip_prefix(&format!("CREATE {of} AS ")) else {
            return vec![("sql", self.sql.as_str().into()), ("down", format!("DROP {of}").into())];
        };
        let mut keys = vec![("create_view", self.name.to_string().into()), ("select", select.into())];
        if self.materialized {
            keys.push(("materialized", true.into()));
        }
        keys
    }

    fn holds(&self, table: TableId, column: Option<ColumnId>) -> Option<&'static str> {
        (column.is_none() && self.reads.as_ref().is_some_and(|reads| reads.contains(&table))).then_some("read by")
    }

    fn name_claim(&self, _: &State) -> Option<(Namespace, String)> {
        Some((Namespace::Relations(self.name.schema.clone()), self.name.name.clone()))
    }

    fn create(&self, state: &mut State) -> Result<Object, StateError> {
        if state.backend.capabilities().views_hold_columns {
            self.has_its_columns(state)?;
        }
        let mut view = self.clone();
        view.follow(state);
        state.objects.views.push(view.clone());
        Ok(view.into())
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
                uses.rows(table, Mode::Use, "reads");
            }
            if uses.state.backend() == Backend::Postgres && self.groups() {
                let words = say!(uses, format!("view {name} groups"), "rows of {}", table.name);
                uses.push(Resource::PrimaryKeySlot(*id), held, words);
            }
            let bound = self.bound;
            // Elsewhere they are among those that it mentions.
            let all = self.star.contains(id) && !uses.state.backend().capabilities().stars_are_written_out;
            // A bare name may come to mean two columns where several tables are read.
            let several = self.reads.as_ref().is_some_and(|reads| reads.len() > 1);
            if !bound || several || self.star.contains(id) {
                let words = say!(uses, format!("view {name} reads"), "the columns of {}", table.name);
                uses.push(Resource::ColumnList(*id), held, words);
            }
            for column in &table.columns {
                if !bound || all || self.mentions(*id, column.id) {
                    uses.column(table, column.id, held, if bound { "reads" } else { "may read" });
                }
            }
        }
    }

    fn drop(&self, state: &mut State) -> Result<Object, StateError> {
        take(&mut state.objects.views, self, |other| other.name == self.name)
    }
}

impl State {
    /// Views, in the order they were made.
    #[must_use]
    pub fn views(&self) -> &[View] {
        &self.objects.views
    }

    /// A view by its name, in the backend's case folding.
    #[must_use]
    pub fn view_named(&self, name: &TableName) -> Option<&View> {
        let name = self.fold(name);
        self.objects.views.iter().find(|view| self.fold(&view.name) == name)
    }
}
