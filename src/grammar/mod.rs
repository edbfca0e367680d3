//! The grammar of the manifest as data: which tables there are, which keys each has, what may be written behind a key and
//! what it means; and every verb.
//!
//! This is the one table: the parser, spelling help, the JSON Schema, the reference, the README's list of verbs and the
//! generator of the tests go by it.

mod mistakes;
// A line for each key.
#[rustfmt::skip]
mod places;
#[rustfmt::skip]
mod verbs;

pub(crate) use mistakes::{backend_alias, verb_alias};
pub use places::{
    COLUMN, COLUMN_NAME, ENVIRONMENT, FOREIGN_KEY, HOOKS, INDEX, INDEX_PART, INLINE_NODE, MIGRATIONS, NODE, PROJECT,
    SCHEMA, SEED, TABLE_NAME, TEXT, VALUE,
};
pub use verbs::{Entry, Example, Verb};

use crate::backend::Backend;

/// What may be written behind a key.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// `true` or `false`.
    Boolean,
    /// A whole number, 1 or more.
    Count,
    /// A whole number of 64 bits.
    Integer,
    /// A string that is not empty.
    String,
    AnyString,
    /// One of a few words.
    Word(&'static [&'static str]),
    /// The version of a migration.
    Version,
    /// A bare name that its author chooses.
    Name,
    /// The name of something that is created.
    New(Thing),
    /// The name of something that exists.
    Existing(Thing),
    /// SQL or a database's own word: a string, or a table by backend.
    Text(Sql),
    /// The type of a column: a word, or a table by backend.
    Type,
    /// A literal, or a table with `expr`.
    Value,
    Backend,
    /// How serious each finding is, by its code.
    Checks,
    /// An operation: a verb, with its keys.
    Operation,
    /// A table with these keys.
    Table(&'static Place),
    /// A list of at least so many.
    List(usize, &'static Shape),
    /// A list of at least one, none of them twice.
    Set(&'static Shape),
    /// A table of at least so many names of one shape, each with something of another.
    ByName(usize, &'static Shape, &'static Shape),
    /// One of these.
    Either(&'static [Shape]),
}

/// What a name is the name of, which decides how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    /// A table: `table`, with a schema in front, or a table with the parts.
    Table,
    /// A view, written as a table is.
    View,
    /// An enum, written as a table is.
    Enum,
    /// A column with its table: `table.column`, with a schema in front, or a table with the parts.
    Column,
    /// A column of the table that the operation is on: a bare name.
    OwnColumn,
    /// A value of the enum that the operation is on.
    EnumValue,
    /// An index of a table.
    Index,
    /// A foreign key of a table.
    ForeignKey,
    /// A check of a table.
    Check,
    /// A unique constraint of a table.
    Unique,
    /// A trigger of a table or view.
    Trigger,
    /// A function or procedure: `function(types)`, with a schema in front.
    Function,
    /// A sequence, written as a table is.
    Sequence,
    Extension,
    Schema,
    /// Whatever SQL touches: `table`, `table.column`, `kind:name`.
    Any,
}

/// How a name is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A bare name.
    Bare,
    /// As a table's: bare, with a schema in front, or a table with the parts.
    Qualified,
    /// `table.column`, with a schema in front, or a table with the parts.
    Column,
    /// `function(types)`, with a schema in front.
    Function,
    /// Any string.
    Any,
}

impl Thing {
    /// How its name is written.
    #[must_use]
    pub const fn form(self) -> Form {
        match self {
            Self::Table | Self::View | Self::Enum | Self::Sequence => Form::Qualified,
            Self::Column => Form::Column,
            Self::Function => Form::Function,
            Self::EnumValue => Form::Any,
            Self::OwnColumn
            | Self::Index
            | Self::ForeignKey
            | Self::Check
            | Self::Unique
            | Self::Trigger
            | Self::Extension
            | Self::Schema
            | Self::Any => Form::Bare,
        }
    }
}

/// What a text of SQL is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sql {
    /// A condition over the columns of a table.
    Condition,
    /// An expression over the columns of a table.
    Expression,
    Query,
    /// The statement that creates what the operation creates.
    Definition,
    Statement,
    /// The name of a collation.
    Collation,
    /// The method of an index.
    Method,
    /// The operator class of a part of an index.
    OperatorClass,
    /// The storage parameters of an index.
    Parameters,
    /// What follows the closing parenthesis of CREATE TABLE.
    TableOptions,
}

/// A key of a table.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// How it is written.
    pub name: &'static str,
    /// What may be written behind it.
    pub shape: Shape,
    /// Whether the table cannot go without it.
    pub required: bool,
    /// What it means, in a few words.
    pub meaning: &'static str,
    /// The key without which it has no effect; empty if there is none.
    pub needs: &'static str,
    /// The backends that have such; empty where all have.
    only: &'static [Backend],
}

impl Key {
    const fn needs(self, key: &'static str) -> Self {
        Self { needs: key, ..self }
    }

    /// The verb of an operation, which is a key of it.
    pub(crate) fn of_verb(verb: Verb) -> Self {
        required(verb.name, verb.object, verb.meaning)
    }

    const fn only(self, backends: &'static [Backend]) -> Self {
        Self { only: backends, ..self }
    }

    /// Whether a backend has such.
    #[must_use]
    pub fn is_on(&self, backend: Backend) -> bool {
        self.only.is_empty() || self.only.contains(&backend)
    }

    /// What it means, with the backends that have such where not all do.
    #[must_use]
    pub fn description(&self) -> String {
        let titles: Vec<&str> = self.only.iter().map(|backend| backend.title()).collect();
        if titles.is_empty() { self.meaning.to_owned() } else { format!("{} ({})", self.meaning, titles.join(", ")) }
    }
}

/// A key that may be left out.
const fn key(name: &'static str, shape: Shape, meaning: &'static str) -> Key {
    Key { name, shape, required: false, meaning, needs: "", only: &[] }
}

/// A key that must be there.
const fn required(name: &'static str, shape: Shape, meaning: &'static str) -> Key {
    Key { required: true, ..key(name, shape, meaning) }
}

/// A kind of table in the manifest.
#[derive(Debug)]
pub struct Place {
    /// What it is called in messages: "a column", "`create_index`".
    pub title: &'static str,
    /// Which of the usual mistakes are made in it.
    family: Family,
    /// Its own keys, in groups that may be shared with other tables.
    groups: &'static [&'static [Key]],
    /// Keys that it has as any table of its kind has them.
    common: &'static [Key],
    /// Sets of keys of which exactly one must be there.
    pub one_of: &'static [&'static [&'static str]],
}

/// Tables in which people make the same mistakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Schema,
    Project,
    Migrations,
    Environment,
    Hooks,
    Seed,
    Node,
    Operation,
    Column,
    AlterColumn,
    Text,
    Other,
}

impl Place {
    const fn new(title: &'static str, family: Family, groups: &'static [&'static [Key]]) -> Self {
        Self { title, family, groups, common: &[], one_of: &[] }
    }

    const fn with(self, common: &'static [Key]) -> Self {
        Self { common, ..self }
    }

    const fn one_of(self, one_of: &'static [&'static [&'static str]]) -> Self {
        Self { one_of, ..self }
    }

    pub fn own_keys(&self) -> impl Iterator<Item = &'static Key> {
        self.groups.iter().copied().flatten()
    }

    /// All of its keys.
    pub fn keys(&self) -> impl Iterator<Item = &'static Key> {
        self.own_keys().chain(self.common)
    }

    /// The names of its keys.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.keys().map(|key| key.name)
    }

    /// Whether it has a key.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.names().any(|key| key == name)
    }
}
