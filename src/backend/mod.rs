//! The databases, and what each can and cannot do. Every `if` on a backend that
//! is about a *capability* belongs here; what SQL it speaks belongs to `render`.

mod mysql;
mod postgres;
mod quoting;
mod sqlite;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use quoting::quoted;

/// A kind of database that a manifest can be run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// SQLite 3.35 and later.
    Sqlite,
    /// PostgreSQL 12 and later.
    Postgres,
    /// MySQL 8 and MariaDB 10.6, and later ones.
    Mysql,
}

/// What a backend can do: plain data, one value per backend in its own file.
#[derive(Debug, Clone, Copy)]
pub struct Capabilities {
    /// Name in manifests, on the command line and in JSON.
    pub name: &'static str,
    /// Name for people: `PostgreSQL`.
    pub title: &'static str,
    /// It is a part of this program and works in the thread that asks, which hears nothing meanwhile.
    pub embedded: bool,
    /// DDL can be rolled back; else each statement of it commits by itself, and runs are journaled.
    pub transactional_ddl: bool,
    /// Names that differ in case only are the same name.
    pub case_insensitive_names: bool,
    /// Longest identifier in bytes.
    pub max_identifier_bytes: usize,
    /// A table's name may have a schema in front.
    pub schemas: bool,
    /// Constraint names can be changed, so generated ones follow a rename.
    pub renames_constraints: bool,
    /// Constraints can be added and dropped on a table that stands.
    pub alters_constraints: bool,
    /// Indexes can be partial (`where`).
    pub partial_indexes: bool,
    /// Indexes can have expressions.
    pub expression_indexes: bool,
    /// An index's `using` (method) is understood.
    pub index_methods: bool,
    /// An index may sort by a collation of its own.
    pub index_collations: bool,
    /// An index may have operator classes, columns beside, storage parameters, and NULLs that are alike.
    pub index_extras: bool,
    /// Foreign keys can wait until a transaction's end.
    pub deferrable_keys: bool,
    /// Columns can be computed when they are read, not only kept.
    pub virtual_columns: bool,
    /// A column that another one is computed from can be renamed, and (`retypes`) get another type.
    pub renames_what_is_computed_from: bool,
    /// See there.
    pub retypes_what_is_computed_from: bool,
    /// An enum is a type with a name in the database.
    pub enum_types: bool,
    /// Functions and procedures can be made.
    pub functions: bool,
    /// Functions of one name may differ in their arguments.
    pub overloads: bool,
    /// Indexes can be made while others write to the table, outside a transaction.
    pub concurrent_indexes: bool,
    /// A foreign key may set columns to NULL that are NOT NULL: only the row that would be changed fails.
    pub keys_may_set_null_anywhere: bool,
    /// A foreign key can be added without a look at the rows that stand.
    pub unchecked_keys: bool,
    /// Views can keep their rows.
    pub materialized_views: bool,
    /// There are extensions to be created.
    pub extensions: bool,
    /// Comments of tables and columns are kept.
    pub comments: bool,
    /// `CREATE INDEX` on an index name that other tables must not use.
    pub index_names_are_global: bool,
    /// A table can be dropped while foreign keys of others name it, if no row needs it; they still name it then.
    pub keys_outlive_tables: bool,
    /// An identity owns a sequence with a name of its own.
    pub identity_sequences: bool,
    /// A foreign key has an index of its name on its own table, and its name is the database's.
    pub keys_own_indexes: bool,
    /// The `*` of a view means the columns that there were when it was made.
    pub stars_are_written_out: bool,
    /// A column that a view reads cannot be dropped.
    pub views_hold_columns: bool,
    /// Views and triggers keep the names that they were written with, whatever is renamed.
    pub programs_keep_names: bool,
}

impl Backend {
    /// Every backend, in the order they are listed in for people.
    pub const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::Mysql];

    /// What it can do.
    #[must_use]
    pub const fn capabilities(self) -> &'static Capabilities {
        match self {
            Self::Sqlite => &sqlite::CAPABILITIES,
            Self::Postgres => &postgres::CAPABILITIES,
            Self::Mysql => &mysql::CAPABILITIES,
        }
    }

    /// Name in manifests, on the command line and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.capabilities().name
    }

    /// Name for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.capabilities().title
    }

    /// The form of a name that two equal names share: lower case where case does
    /// not count, else the name itself. Identifiers are always quoted when
    /// rendered, so PostgreSQL's own folding does not apply to it.
    #[must_use]
    pub fn fold(self, name: &str) -> Cow<'_, str> {
        if self.capabilities().case_insensitive_names && name.bytes().any(|b| b.is_ascii_uppercase()) {
            Cow::Owned(name.to_ascii_lowercase())
        } else {
            Cow::Borrowed(name)
        }
    }

    /// Whether an identifier *written in SQL* (an expression, a trigger) means `name`.
    /// `quoted` tells whether it stood in quotes there.
    #[must_use]
    pub fn sql_ident_means(self, written: &str, quoted: bool, name: &str) -> bool {
        match self {
            Self::Postgres if quoted => written == name,
            Self::Postgres => written.to_lowercase() == name,
            Self::Sqlite | Self::Mysql => written.eq_ignore_ascii_case(name),
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A word that names no backend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no backend; they are sqlite, postgres and mysql")]
pub struct UnknownBackend(pub String);

impl FromStr for Backend {
    type Err = UnknownBackend;

    fn from_str(text: &str) -> Result<Self, UnknownBackend> {
        Self::ALL.into_iter().find(|b| b.name() == text).ok_or_else(|| UnknownBackend(text.to_owned()))
    }
}
