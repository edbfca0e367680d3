//! Texts that may differ by backend: SQL, and databases' own words.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::backend::Backend;

/// The key of a branch in a table by backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Branch {
    /// SQLite's.
    Sqlite,
    /// PostgreSQL's.
    Postgres,
    /// MySQL's and MariaDB's.
    Mysql,
    /// What every other backend takes.
    Default,
}

impl From<Backend> for Branch {
    fn from(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => Self::Sqlite,
            Backend::Postgres => Self::Postgres,
            Backend::Mysql => Self::Mysql,
        }
    }
}

/// One thing for all backends, or one for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ByBackend<T> {
    /// The same everywhere.
    Same(T),
    /// By backend; a backend without a branch takes `default`.
    Each(BTreeMap<Branch, T>),
}

impl<T> ByBackend<T> {
    /// What a backend gets; `None` where a branch is missing.
    #[must_use]
    pub fn get(&self, backend: Backend) -> Option<&T> {
        match self {
            Self::Same(one) => Some(one),
            Self::Each(branches) => branches.get(&backend.into()).or_else(|| branches.get(&Branch::Default)),
        }
    }

    /// Every branch, for checks that hold for all.
    pub fn branches(&self) -> impl Iterator<Item = &T> {
        let (one, each) = match self {
            Self::Same(one) => (Some(one), None),
            Self::Each(branches) => (None, Some(branches.values())),
        };
        one.into_iter().chain(each.into_iter().flatten())
    }
}

/// SQL or a database's own word.
pub type Text = ByBackend<String>;
