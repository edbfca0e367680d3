//! What exists by itself in a database: extensions, schemas, enums, functions, views, triggers. Each kind is one file
//! that says all there is to say of it.
//!
//! To add a kind: its file here with `impl SchemaObject`, a variant of [`Object`] and of [`ObjectKind`], its list in
//! [`State`]. What is left out then does not compile.

mod enums;
mod extension;
mod function;
mod function_head;
mod schema;
mod sequence;
mod table;
mod trigger;
mod view;

use std::fmt::{self, Debug, Display};
use std::sync::Arc;

pub use extension::Extension;
pub use function::Function;
pub(crate) use function_head::replacing;
pub(super) use function_head::{Head, arguments, head as function_head, types};
pub use schema::Schema;
pub use sequence::Sequence;
pub use trigger::Trigger;
pub use view::View;

use super::{ColumnId, ConstraintKind, Namespace, SqlAccess, State, StateError, TableId, Uses, Verb};
use crate::backend::Backend;
use crate::diagnostic::Code;
use crate::ident::TableName;
use crate::operation::EnumType;

/// The kinds of things that migrations make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    Extension,
    Schema,
    Enum,
    Function,
    Table,
    Column,
    /// A sequence: of a numbered column, or by itself.
    Sequence,
    Index,
    Constraint(ConstraintKind),
    View,
    Trigger,
}

impl ObjectKind {
    /// What messages call one of it: `a view`.
    #[must_use]
    pub fn one(self) -> String {
        let article = if matches!(self, Self::Extension | Self::Enum | Self::Index) { "an" } else { "a" };
        format!("{article} {self}")
    }

    /// What messages call it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Extension => "extension",
            Self::Schema => "schema",
            Self::Enum => "enum",
            Self::Function => "function",
            Self::Table => "table",
            Self::Column => "column",
            Self::Sequence => "sequence",
            Self::Index => "index",
            Self::Constraint(kind) => kind.title(),
            Self::View => "view",
            Self::Trigger => "trigger",
        }
    }
}

impl Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

/// What each kind of object says of itself.
pub(crate) trait SchemaObject: Debug {
    fn kind(&self) -> ObjectKind;

    /// Its kind in a word, where that is more than the kind's title.
    fn noun(&self) -> &'static str {
        self.kind().title()
    }

    /// Its name, where that is written as a table's.
    fn qualified_name(&self) -> Option<&TableName> {
        None
    }

    /// Its name for people, with the schema in front; of one kind no two have the same.
    fn full_name(&self) -> String {
        self.qualified_name().map(ToString::to_string).unwrap_or_default()
    }

    /// The schema that it is in, where that is written.
    fn schema(&self) -> Option<&str> {
        self.qualified_name()?.schema.as_deref()
    }

    /// Whether more is known of it than that its author says it exists: else it may be anything.
    fn is_known(&self) -> bool {
        true
    }

    /// One line that tells it apart from any other, with names in place of identities: two with the same line are the same.
    fn fact(&self, state: &State) -> String;
}

/// Why an object cannot be as its operation asks.
#[derive(Debug)]
pub(super) struct Misfit {
    pub(super) code: Code,
    /// The part of the operation that is wrong.
    pub(super) part: &'static str,
    pub(super) message: String,
    pub(super) help: String,
}

/// When an object is made, of those that make a state from nothing: each kind after what it may need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    BeforeTables,
    /// After the tables, before the views.
    AfterTables,
    Views,
    AfterViews,
    /// With the triggers, after all else.
    Triggers,
}

/// The keys of an operation that makes an object, the verb first.
pub(crate) type Declaration = Vec<(&'static str, toml_edit::Value)>;

/// As one of all.
pub(crate) trait ToObject {
    fn object(&self) -> Object;
}

impl<T: Clone + Into<Object>> ToObject for T {
    fn object(&self) -> Object {
        self.clone().into()
    }
}

/// What each kind of object that belongs to no table says of itself, and does to a state when it is made and dropped.
pub(crate) trait StandaloneObject: SchemaObject + ToObject {
    /// When it is made, among the objects of its state.
    fn phase(&self, _state: &State) -> Phase {
        Phase::BeforeTables
    }

    /// The operation that makes it, as a manifest has it.
    #[cfg_attr(not(feature = "cli"), expect(dead_code, reason = "only the command line writes manifests"))]
    fn declaration(&self, state: &State) -> Declaration;

    /// Whether a backend has such objects.
    fn exists_on(&self, _backend: Backend) -> bool {
        true
    }

    /// What needs it, so that it cannot be dropped before that.
    fn needed_by(&self, _state: &State) -> Option<String> {
        None
    }

    /// The name that it has where names of several kinds must be unique; `None` where it alone looks at its name.
    fn name_claim(&self, _state: &State) -> Option<(Namespace, String)> {
        None
    }

    /// Puts it into the state; gives it as it is there.
    fn create(&self, state: &mut State) -> Result<Object, StateError>;

    /// Takes it out of the state; gives it as it was there.
    fn drop(&self, state: &mut State) -> Result<Object, StateError>;

    /// What making or dropping it touches, besides its name.
    fn uses(&self, verb: Verb, uses: &mut Uses<'_>);

    /// What it touches when it runs, where it is a program.
    fn access(&self) -> Option<&SqlAccess> {
        None
    }

    /// How it keeps a table, or a column of it, from being dropped before it: "read by", "owner of".
    fn holds(&self, _table: TableId, _column: Option<ColumnId>) -> Option<&'static str> {
        None
    }
}

/// What exists, each kind in the order it was made.
#[derive(Debug, Clone, Default)]
pub(super) struct Objects {
    pub(super) extensions: Vec<Extension>,
    pub(super) schemas: Vec<Schema>,
    /// Schemas that a migration has dropped: nobody else keeps them.
    pub(super) schemas_gone: Vec<String>,
    pub(super) enums: Vec<Arc<EnumType>>,
    pub(super) sequences: Vec<Sequence>,
    pub(super) functions: Vec<Function>,
    pub(super) views: Vec<View>,
    pub(super) triggers: Vec<Trigger>,
}

impl Objects {
    /// All of them, kind by kind.
    fn iter(&self) -> impl Iterator<Item = &dyn StandaloneObject> {
        // Whoever adds a list decides here whether it holds objects.
        let Self { extensions, schemas, schemas_gone: _, enums, sequences, functions, views, triggers } = self;
        fn all<T: StandaloneObject>(list: &[T]) -> impl Iterator<Item = &dyn StandaloneObject> {
            list.iter().map(|one| one as &dyn StandaloneObject)
        }
        all(extensions)
            .chain(all(schemas))
            .chain(enums.iter().map(|one| &**one as &dyn StandaloneObject))
            .chain(all(sequences))
            .chain(all(functions))
            .chain(all(views))
            .chain(all(triggers))
    }
}

/// Something that is made and dropped whole, and belongs to no table.
#[derive(Debug, Clone, PartialEq)]
pub enum Object {
    Extension(Extension),
    Schema(Schema),
    /// An enum: a type of its own where the backend has such, else known to its columns alone.
    Enum(Arc<EnumType>),
    Sequence(Sequence),
    /// A function or procedure, as its author wrote it.
    Function(Function),
    /// A view, as its author wrote it.
    View(View),
    /// A trigger, as its author wrote it.
    Trigger(Trigger),
}

macro_rules! into_object {
    ($($variant:ident($kind:ty),)+) => {
        $(impl From<$kind> for Object {
            fn from(object: $kind) -> Self {
                Self::$variant(object)
            }
        })+
    };
}

into_object! {
    Extension(Extension),
    Schema(Schema),
    Enum(Arc<EnumType>),
    Sequence(Sequence),
    Function(Function),
    View(View),
    Trigger(Trigger),
}

impl From<EnumType> for Object {
    fn from(object: EnumType) -> Self {
        Self::Enum(Arc::new(object))
    }
}

/// Takes one out of its list, and gives it as it was there.
fn take<T: Into<Object>>(
    list: &mut Vec<T>,
    named: &dyn SchemaObject,
    same: impl FnMut(&T) -> bool,
) -> Result<Object, StateError> {
    let at = list.iter().position(same).ok_or_else(|| StateError::missing(named))?;
    Ok(list.remove(at).into())
}

impl Object {
    /// What it says of itself.
    pub(crate) fn get(&self) -> &dyn StandaloneObject {
        match self {
            Self::Extension(extension) => extension,
            Self::Schema(schema) => schema,
            Self::Enum(of) => &**of,
            Self::Sequence(sequence) => sequence,
            Self::Function(function) => function,
            Self::View(view) => view,
            Self::Trigger(trigger) => trigger,
        }
    }
}

impl State {
    /// Everything that exists by itself, tables among it. What only its author says to exist may be anything, and is left
    /// out.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &dyn SchemaObject> {
        // Whoever adds a list to the state decides here whether it holds objects.
        let Self { tables, objects, backend: _, relations: _, referrers: _, gone: _, next_id: _, unknowns: _ } = self;
        let tables = tables.values().map(|table| &**table as &dyn SchemaObject);
        tables.chain(objects.iter().map(|object| object as &dyn SchemaObject)).filter(|object| object.is_known())
    }

    /// The objects that belong to no table, in the order in which they can be made.
    pub(super) fn standalone(&self) -> Vec<&dyn StandaloneObject> {
        let mut all: Vec<&dyn StandaloneObject> = self.objects.iter().filter(|object| object.is_known()).collect();
        all.sort_by_key(|object| object.phase(self));
        all
    }

    /// An object that belongs to no table, by its kind and its name as messages have it.
    pub(super) fn object_named(&self, kind: ObjectKind, name: &str) -> Option<Object> {
        let name = self.backend.fold(name);
        let mut all = self.objects.iter().filter(|object| object.kind() == kind);
        all.find(|object| self.backend.fold(&object.full_name()) == name).map(ToObject::object)
    }

    /// Takes an object out that nothing needs; gives it as it was there.
    pub(super) fn drop_object(&mut self, object: &Object) -> Result<Object, StateError> {
        let object = object.get();
        if let Some(by) = object.needed_by(self) {
            return Err(StateError::Used { kind: object.kind(), name: object.full_name(), by });
        }
        object.drop(self)
    }

    /// What keeps a table, or a column of it, from being dropped before it: how, and what it is.
    pub(super) fn held(
        &self,
        table: TableId,
        column: Option<ColumnId>,
    ) -> Option<(&'static str, &dyn StandaloneObject)> {
        self.objects.iter().find_map(|object| Some((object.holds(table, column)?, object)))
    }

    /// The kind and the name, as a manifest writes it, of everything that exists by itself.
    pub fn object_names(&self) -> impl Iterator<Item = (ObjectKind, String)> {
        self.objects().map(|object| (object.kind(), object.full_name()))
    }

    /// Whether nothing exists.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.objects().next().is_none()
    }

    /// The schemas that are known: those that were created, those that something is in, and the one that goes unnamed.
    pub(super) fn schemas_in_use(&self) -> std::collections::BTreeSet<Option<String>> {
        let created = self.schemas().iter().map(|schema| Some(schema.name.clone()));
        created.chain(self.objects().map(|object| object.schema().map(str::to_owned))).collect()
    }
}
