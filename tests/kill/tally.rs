//! What stood in the journal where runs were cut off.

use std::collections::BTreeMap;

/// Counts by what was on its way.
#[derive(Debug, Default)]
pub struct Tally {
    counts: BTreeMap<&'static str, usize>,
    /// Runs that a person had to help.
    pub helped: usize,
    /// Times that the server took foreign keys with it.
    pub keys_lost: usize,
}

impl Tally {
    pub fn add(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    pub fn report(&self, title: &str) {
        let all: usize = self.counts.values().sum();
        let counts: Vec<_> = self.counts.iter().map(|(what, count)| format!("{what} {count}")).collect();
        println!("{title}: {all} times; {}; a person was needed {} times", counts.join(", "), self.helped);
        if self.keys_lost > 0 {
            println!("{title}: the server took foreign keys with it {} times", self.keys_lost);
        }
        assert!(all > 0, "nothing was cut off");
        assert_eq!(self.helped, 0);
    }
}
