//! The objects that a change makes, drops, renames and alters.

use super::super::objects::StandaloneObject;
use super::super::{Change, ColumnId, ConstraintKind, ObjectKind, SchemaObject, State, TableId};
use super::words::Words;

/// What is done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Create,
    Drop,
    /// It gets another name.
    Rename,
    /// It changes, and keeps its name.
    Alter,
}

/// One object, and what is done to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObjectEffect {
    pub(crate) verb: Verb,
    pub(crate) kind: ObjectKind,
    /// Its kind in a word.
    noun: &'static str,
    /// Its name for people before the change; of what is made, after it. With its table's in front where that is how it is
    /// told apart.
    pub(crate) name: String,
    /// Its name for people after it was renamed.
    pub(crate) to: Option<String>,
}

impl ObjectEffect {
    fn new(verb: Verb, kind: ObjectKind, name: impl Into<String>) -> Self {
        Self { verb, kind, noun: kind.title(), name: name.into(), to: None }
    }

    fn of(verb: Verb, object: &dyn StandaloneObject) -> Self {
        Self { noun: object.noun(), ..Self::new(verb, object.kind(), object.full_name()) }
    }

    fn renamed(kind: ObjectKind, from: impl Into<String>, to: impl Into<String>) -> Self {
        Self { to: Some(to.into()), ..Self::new(Verb::Rename, kind, from) }
    }

    /// `drops posts.rank`, `creates the view top_posts`.
    pub(crate) fn words(&self) -> Words {
        let on_table = matches!(self.kind, ObjectKind::Column | ObjectKind::Index | ObjectKind::Constraint(_));
        let does = match self.verb {
            Verb::Create if on_table && self.kind != ObjectKind::Index => "adds",
            Verb::Create => "creates",
            Verb::Drop => "drops",
            Verb::Rename => "renames",
            Verb::Alter => "alters",
        };
        let what = match self.kind {
            ObjectKind::Table | ObjectKind::Column => self.name.clone(),
            ObjectKind::Index | ObjectKind::Constraint(_) | ObjectKind::Trigger => {
                format!("{} {}", self.noun, self.name)
            }
            ObjectKind::Extension
            | ObjectKind::Schema
            | ObjectKind::Enum
            | ObjectKind::Function
            | ObjectKind::Sequence
            | ObjectKind::View => format!("the {} {}", self.noun, self.name),
        };
        Words::new(does, what)
    }
}

impl Change {
    /// The objects that it makes, drops, renames and alters, on the state before it. Of a table that comes or goes
    /// whole, the table alone.
    pub(crate) fn objects(&self, before: &State) -> Vec<ObjectEffect> {
        use ObjectEffect as E;
        let table = |id: &TableId| before.table(*id).map(|table| table.name.to_string()).unwrap_or_default();
        let column = |id: &TableId, column: &ColumnId| {
            before.table(*id).map(|table| format!("{}.{}", table.name, table.column_name(*column))).unwrap_or_default()
        };
        let constraint = |kind: &ConstraintKind| ObjectKind::Constraint(*kind);
        let one = match self {
            Self::CreateTable(made) => E::new(Verb::Create, ObjectKind::Table, made.full_name()),
            Self::DropTable(id) => E::new(Verb::Drop, ObjectKind::Table, table(id)),
            Self::RenameTable { table: id, to } => E::renamed(ObjectKind::Table, table(id), to.to_string()),
            Self::AddColumn { table: id, column, .. } => {
                E::new(Verb::Create, ObjectKind::Column, format!("{}.{}", table(id), column.name))
            }
            Self::DropColumn { table: id, column: gone, .. } => {
                E::new(Verb::Drop, ObjectKind::Column, column(id, gone))
            }
            Self::RenameColumn { table: id, column: renamed, to } => {
                E::renamed(ObjectKind::Column, column(id, renamed), format!("{}.{to}", table(id)))
            }
            Self::AlterColumn { table: id, column: altered, .. } => {
                E::new(Verb::Alter, ObjectKind::Column, column(id, altered))
            }
            Self::AddIndex { index, .. } => E::new(Verb::Create, ObjectKind::Index, &index.name),
            Self::DropIndex { name, .. } => E::new(Verb::Drop, ObjectKind::Index, name),
            Self::RenameIndex { name, to, .. } => E::renamed(ObjectKind::Index, name, to),
            Self::AddConstraint { constraint: made, .. } => {
                E::new(Verb::Create, constraint(&made.kind()), &made.name().text)
            }
            Self::DropConstraint { kind, name, .. } => E::new(Verb::Drop, constraint(kind), name),
            Self::RenameConstraint { kind, name, to, .. } => E::renamed(constraint(kind), name, &to.text),
            Self::RenameSequence { table: id, column: of, to } => {
                E::renamed(ObjectKind::Sequence, format!("of {}", column(id, of)), &to.text)
            }
            Self::Create(object) => E::of(Verb::Create, object.get()),
            Self::Drop(object) => E::of(Verb::Drop, object.get()),
            Self::ReplaceFunction { from, .. } => E::of(Verb::Alter, from),
            Self::AlterEnum { from, .. } => E::of(Verb::Alter, &**from),
            Self::KeepRows(kept) => E::new(Verb::Create, ObjectKind::Table, kept.beside.full_name()),
            Self::RestoreRows(kept) => E::new(Verb::Drop, ObjectKind::Table, kept.beside.full_name()),
            Self::Sql { effects, .. } => return effects.iter().flat_map(|effect| effect.objects(before)).collect(),
            Self::Insert { .. }
            | Self::Update { .. }
            | Self::Delete { .. }
            | Self::DeleteRows { .. }
            | Self::Note(_) => return Vec::new(),
        };
        vec![one]
    }
}
