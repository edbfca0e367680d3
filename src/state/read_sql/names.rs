//! Names of constraints and indexes that raw SQL does not give: those that PostgreSQL would
//! choose (`ChooseConstraintName`, `ChooseIndexName`). SQLite has none; it gets the same.

use super::Reader;
use crate::backend::Backend;
use crate::ident::{Suffix, generated_name};
use crate::state::{ColumnId, Name, Table};

/// PostgreSQL's longest name, in bytes.
const MOST: usize = 63;

impl Reader<'_, '_> {
    /// The name of a constraint over columns of a table that is being made or changed.
    pub(super) fn choose(&self, table: &Table, columns: &[ColumnId], suffix: Suffix) -> Name {
        let names = table.column_names(columns);
        let joined = if suffix == Suffix::PrimaryKey { String::new() } else { names.join("_") };
        let label = match suffix {
            Suffix::PrimaryKey => "pkey",
            Suffix::Unique => "key",
            Suffix::ForeignKey => "fkey",
            Suffix::Check => "check",
            Suffix::Sequence => "seq",
        };
        let own_index = matches!(suffix, Suffix::PrimaryKey | Suffix::Unique | Suffix::Sequence);
        let text = self.free(table, &joined, label, own_index);
        let ours = generated_name(&table.name.name, names.first().copied().unwrap_or_default(), suffix);
        // A name that the manifest would have made follows renames as such a name does.
        let generated = text == ours || self.backend() == Backend::Sqlite;
        Name { text, generated }
    }

    /// The name of an index; expressions in it are called `expr`.
    pub(super) fn choose_index(&self, table: &Table, parts: &[&str]) -> String {
        self.free(table, &parts.join("_"), "idx", true)
    }

    /// The first name of that make that is free.
    fn free(&self, table: &Table, middle: &str, label: &str, of_relation: bool) -> String {
        let backend = self.backend();
        let taken = |name: &str| {
            let of_table = |other: &str| backend.fold(other) == backend.fold(name);
            table.constraints().any(|constraint| of_table(&constraint.name().text))
                || table.columns.iter().filter_map(|column| column.sequence.as_ref()).any(|own| of_table(&own.text))
                || of_relation && self.trial.state.name_taken(&table.name.renamed(name)).is_some()
        };
        let mut name = make(&table.name.name, middle, label);
        let mut pass = 1_u32;
        while taken(&name) && pass < 1000 {
            name = make(&table.name.name, middle, &format!("{label}{pass}"));
            pass += 1;
        }
        name
    }
}

/// `makeObjectName`: where the whole is too long, the longer of the first two parts is cut.
fn make(first: &str, middle: &str, label: &str) -> String {
    let (mut a, mut b) = (first.len(), middle.len());
    let overhead = 1 + label.len() + usize::from(!middle.is_empty());
    while a + b + overhead > MOST && a + b > 0 {
        if a > b { a -= 1 } else { b -= 1 }
    }
    let cut = |text: &str, mut at: usize| {
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        text.get(..at).unwrap_or_default().to_owned()
    };
    let (first, middle) = (cut(first, a), cut(middle, b));
    if middle.is_empty() { format!("{first}_{label}") } else { format!("{first}_{middle}_{label}") }
}

#[cfg(test)]
mod tests {
    use super::make;

    #[test]
    fn long_names_are_cut_as_postgres_cuts_them() {
        assert_eq!(make("posts", "", "pkey"), "posts_pkey");
        assert_eq!(make("posts", "a_b", "key"), "posts_a_b_key");
        let (long, column) = ("t".repeat(40), "c".repeat(40));
        assert_eq!(make(&long, &column, "fkey"), format!("{}_{}_fkey", "t".repeat(29), "c".repeat(28)));
    }
}
