//! Things that may differ by backend: SQL, databases' own words, types.

use std::collections::BTreeMap;

use super::keys::Keys;
use super::reader::{Reader, Val};
use crate::diagnostic::listed;
use crate::grammar::TEXT;
use crate::operation::{Branch, ByBackend, Text};

/// The branches of a table by backend.
const BRANCHES: [(&str, Branch); 4] = [
    ("sqlite", Branch::Sqlite),
    ("postgres", Branch::Postgres),
    ("mysql", Branch::Mysql),
    ("default", Branch::Default),
];

/// Whether a value is a table whose keys name backends, rather than something else.
pub(super) fn is_by_backend(val: Val<'_>) -> bool {
    ["sqlite", "postgres", "mysql"].into_iter().any(|key| val.has(key))
}

impl Reader<'_> {
    /// SQL or a database's own word: a string, or a table by backend.
    pub(super) fn text(&mut self, val: Val<'_>) -> Option<Text> {
        self.by_backend(val, "a string, or a table by backend", |reader, val, _| {
            reader.string(val).map(ToOwned::to_owned)
        })
    }

    /// One thing for all backends or a table with one for each; `read` reads a single
    /// one and is told the branch it is for.
    pub(super) fn by_backend<'t, T>(
        &mut self,
        val: Val<'t>,
        expected: &str,
        mut read: impl FnMut(&mut Self, Val<'t>, Option<Branch>) -> Option<T>,
    ) -> Option<ByBackend<T>> {
        if !val.is_table() {
            if val.as_str().is_none() {
                self.wrong_kind(val, expected);
                return None;
            }
            return read(self, val, None).map(ByBackend::Same);
        }
        let table = self.table(val, "a table")?;
        let mut keys = Keys::of(self, table, &TEXT);
        let all_known = keys.unknown().next().is_none();
        let written = BRANCHES.map(|(key, branch)| keys.take(key).map(|part| (branch, part)));
        let mut branches = BTreeMap::new();
        for (branch, part) in written.into_iter().flatten() {
            if part.is_table() {
                self.wrong_kind(part, "a string");
            } else if let Some(one) = read(self, part, Some(branch)) {
                branches.insert(branch, one);
            }
        }
        let has = |branch| written.iter().flatten().any(|(written, _)| *written == branch);
        if !has(Branch::Default) && all_known {
            let lacks = |backend: &&crate::backend::Backend| !has(Branch::from(**backend));
            let missing: Vec<_> = self.covering.iter().filter(lacks).map(|backend| backend.name()).collect();
            if let Some(first) = missing.first() {
                let help = format!("add `{first} = …`, or `default = …` for every backend that has no branch");
                self.wrong_help(val.span, format!("`{}` has nothing for {}", val.key, listed(missing)), help);
            }
        }
        (!branches.is_empty()).then_some(ByBackend::Each(branches))
    }
}
