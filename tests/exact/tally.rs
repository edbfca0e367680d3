//! What a search has seen, and the lines that are printed of it.

use std::collections::BTreeMap;

/// What a search has seen.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Graphs judged, those with edges added or left out among them.
    pub(crate) verdicts: usize,
    /// Sets of nodes.
    pub(crate) cases: usize,
    pub(crate) clean: usize,
    pub(crate) errors: usize,
    /// Errors of which no order could be run: a node has no statements of its own on that base.
    pub(crate) not_held: usize,
    /// Cases that no edge makes clean.
    pub(crate) hopeless: usize,
    /// Warnings and no error.
    pub(crate) warned: usize,
    /// Warned, and all orders came out the same.
    pub(crate) needless: usize,
    /// Clean, and the rows of the base fit no order.
    pub(crate) rows_never_fit: usize,
    pub(crate) orders: usize,
    pub(crate) rules: BTreeMap<String, usize>,
    /// What was wrong, for people.
    pub(crate) wrong: Vec<String>,
    /// What decided needless warnings, with an example.
    pub(crate) examples: BTreeMap<String, (usize, String)>,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.verdicts += other.verdicts;
        self.cases += other.cases;
        self.clean += other.clean;
        self.errors += other.errors;
        self.not_held += other.not_held;
        self.hopeless += other.hopeless;
        self.warned += other.warned;
        self.needless += other.needless;
        self.rows_never_fit += other.rows_never_fit;
        self.orders += other.orders;
        for (rule, count) in other.rules {
            *self.rules.entry(rule).or_default() += count;
        }
        for (words, (count, example)) in other.examples {
            self.examples.entry(words).or_insert((0, example)).0 += count;
        }
        self.wrong.extend(other.wrong);
    }

    /// The head of docs/check.md's table.
    pub(crate) const HEAD: &str = "| scope | cases | verdicts | clean | errors | of them not run | warnings alone | \
        of them all orders alike | no edge helps | orders run | wrong |";

    /// A row of that table.
    pub(crate) fn row(&self, name: &str) -> String {
        format!(
            "| {name} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            self.cases,
            self.verdicts,
            self.clean,
            self.errors,
            self.not_held,
            self.warned,
            self.needless,
            self.hopeless,
            self.orders,
            self.wrong.len()
        )
    }
}
