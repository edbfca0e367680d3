//! What a check proved, in words that claim no more than it did.

use crate::diagnostic::{Code, Diagnostic, Direction};

/// How far the proof goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Nothing was replayed: the manifest or its graph cannot be read that far.
    NotTried,
    /// A way up does not work in any order, so the rest stands on sand.
    Broken,
    /// Every pair commutes or is ordered, but for those told.
    Held {
        /// Some pairs conflict, or may.
        but_pairs: bool,
        /// Some SQL cannot be read.
        but_opaque: bool,
        /// The way down works.
        down: bool,
    },
}

impl Proof {
    /// Judged by all findings, before any of them is silenced.
    #[must_use]
    pub fn of(found: &[Diagnostic]) -> Self {
        let any = |code: Code| found.iter().any(|found| found.code == code);
        if any(Code::DependencyCycle) || found.iter().any(|one| one.is_error() && one.code.is_of_the_language()) {
            return Self::NotTried;
        }
        let pairs = any(Code::UnorderedConflict) || any(Code::UnprovenOrder);
        // An edge that the graph lacks, or a pair's order, is not the fault of a way up itself.
        let broken = |one: &Diagnostic| {
            one.is_error()
                && one.direction != Some(Direction::Down)
                && !matches!(
                    one.code,
                    Code::UnorderedConflict | Code::UnprovenOrder | Code::VersionInversion | Code::RedundantRequirement
                )
                && !is_of_the_way_down(one.code)
        };
        if found.iter().any(broken) {
            return Self::Broken;
        }
        // A pair whose order breaks only going down is told as that pair.
        let of_a_pair = |one: &Diagnostic| matches!(one.code, Code::UnorderedConflict | Code::UnprovenOrder);
        let breaks = |one: &Diagnostic| {
            is_of_the_way_down(one.code)
                || (one.is_error() && one.direction == Some(Direction::Down) && !of_a_pair(one))
        };
        let down = !found.iter().any(breaks);
        Self::Held { but_pairs: pairs, but_opaque: any(Code::OpaqueSql), down }
    }

    /// As a sentence.
    #[must_use]
    pub fn words(self) -> String {
        let Self::Held { but_pairs, but_opaque, down } = self else {
            return match self {
                Self::NotTried => "the order was not checked: mend the errors first".to_owned(),
                _ => "nothing is proved about the order: mend the errors first".to_owned(),
            };
        };
        let order = match (but_pairs, but_opaque) {
            (_, true) => "but for the SQL that cannot be read, every other pair commutes or is ordered;\n",
            (true, false) => "every other pair commutes or is ordered; ",
            (false, false) => "every order the graph allows leaves the same schema; ",
        };
        let back = match (down, but_opaque) {
            (false, _) => "the way back to 0 does not work",
            (true, true) => "the way back to 0 was replayed as far as it can be read",
            (true, false) => "the way back to 0 was replayed",
        };
        format!("{order}{back}")
    }
}

const fn is_of_the_way_down(code: Code) -> bool {
    matches!(code, Code::DownFails | Code::LeftAtZero | Code::NoWayDown | Code::Irreversible)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(but_pairs: bool, but_opaque: bool, down: bool) -> Proof {
        Proof::Held { but_pairs, but_opaque, down }
    }

    #[test]
    fn no_more_is_claimed_than_was_proved() {
        let one = |code| vec![Diagnostic::new(code, "")];
        assert_eq!(Proof::of(&[]), held(false, false, true));
        assert_eq!(Proof::of(&one(Code::DataLoss)), held(false, false, true));
        assert_eq!(Proof::of(&one(Code::UnprovenOrder)), held(true, false, true));
        assert_eq!(Proof::of(&one(Code::OpaqueSql)), held(false, true, true));
        assert_eq!(Proof::of(&one(Code::NoWayDown)), held(false, false, false));
        assert_eq!(Proof::of(&one(Code::UnknownTable)), Proof::Broken);
        assert_eq!(Proof::of(&one(Code::DependencyCycle)), Proof::NotTried);
        assert_eq!(Proof::of(&one(Code::UnknownKey)), Proof::NotTried);
        let down = Diagnostic::new(Code::UnknownTable, "").going(Direction::Down);
        assert_eq!(Proof::of(&[down]), held(false, false, false));
        let pair = Diagnostic::new(Code::UnorderedConflict, "").going(Direction::Down);
        assert_eq!(Proof::of(&[pair]), held(true, false, true));
    }
}
