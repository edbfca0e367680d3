//! Things that may differ by backend: SQL, databases' own words, types.

use std::collections::BTreeMap;

use super::places;
use super::walk::{Val, Walk};
use crate::diagnostic::{Code, Diagnostic, listed};
use crate::operation::{Branch, ByBackend, Text};

/// A key of a table by backend.
fn branch(key: &str) -> Option<Branch> {
    match key {
        "sqlite" => Some(Branch::Sqlite),
        "postgres" => Some(Branch::Postgres),
        "mysql" => Some(Branch::Mysql),
        "default" => Some(Branch::Default),
        _ => None,
    }
}

/// Whether a value is a table whose keys name backends, rather than something else.
pub(super) fn is_by_backend(val: Val<'_>) -> bool {
    ["sqlite", "postgres", "mysql"].into_iter().any(|key| val.has(key))
}

impl Walk<'_, '_> {
    /// SQL or a database's own word: a string, or a table by backend.
    pub(super) fn text(&mut self, val: Val<'_>) -> Option<Text> {
        self.by_backend(val, "a string, or a table by backend", |walk, val, _| {
            walk.filled_string(val).map(ToOwned::to_owned)
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
        let mut table = self.table(val)?;
        let mut branches = BTreeMap::new();
        let mut written = Vec::new();
        for key in places::TEXT.keys {
            let (Some(part), Some(branch)) = (table.take(key), branch(key)) else { continue };
            written.push(branch);
            if part.is_table() {
                self.wrong_kind(part, "a string");
            } else if let Some(one) = read(self, part, Some(branch)) {
                branches.insert(branch, one);
            }
        }
        self.finish(&table, &places::TEXT);
        if !written.contains(&Branch::Default) && table.rest().next().is_none() {
            let missing: Vec<_> =
                self.covering.iter().filter(|b| !written.contains(&Branch::from(**b))).map(|b| b.name()).collect();
            if let Some(first) = missing.first() {
                let help = format!("add `{first} = …`, or `default = …` for every backend that has no branch");
                self.report(
                    Diagnostic::new(Code::WrongValue, format!("`{}` says nothing for {}", val.key, listed(missing)))
                        .at(val.span, "")
                        .help(help),
                );
            }
        }
        (!branches.is_empty()).then_some(ByBackend::Each(branches))
    }
}
