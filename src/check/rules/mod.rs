//! Every code that a check can report, as a table: what finds it, and the page that explains it.
//!
//! To add one: the code in `diagnostic/code.rs`, its page in `docs/check/`, a line in [`RULES`], and
//! (where no other stage finds it already) a file here with one function. The tests hold the
//! table complete and sorted, and each page true.

mod data_loss;
mod down_depends_on_rows;
mod down_does_not_restore;
mod hidden_by_if_exists;
mod needs_no_transaction;
mod observer;
mod redundant_requirement;

pub(super) use observer::Observer;

use crate::diagnostic::{Code, Diagnostic, Direction, Severity, Span};
use crate::graph::{Graph, Reach};
use crate::operation::Migration;
use crate::state::{Change, State, TableId};

/// A code and what stands behind it.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The code.
    pub code: Code,
    /// What finds it.
    pub finder: Finder,
    /// Its page, in Markdown: what, why, a bad and a good manifest, how to silence it.
    pub page: &'static str,
}

impl Rule {
    /// Its severity unless a manifest or a command line says otherwise.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.code.default_severity()
    }

    /// What it means, in a sentence.
    #[must_use]
    pub const fn meaning(&self) -> &'static str {
        self.code.meaning()
    }
}

/// What finds a problem: a function here, or a stage of the pipeline on its way.
#[derive(Debug, Clone, Copy)]
pub enum Finder {
    /// Reading the manifest.
    Manifest,
    /// Building the graph.
    Graph,
    /// Replaying operations on a state.
    State,
    /// The walk over all orders, its witnesses, and the way down as a chain.
    Order,
    /// Planning or rendering a run.
    Plan,
    /// Holding a database's ledger against the manifest.
    Ledger,
    /// A look at the graph's edges.
    Edges(EdgesRule),
    /// A look at each change, on the state before it.
    Change(ChangeRule),
    /// A look at each migration, undone right after it was applied.
    Undone(UndoneRule),
    /// A look at the whole history.
    History(HistoryRule),
}

/// Looks at edges.
pub type EdgesRule = fn(&[Migration], &Graph, &mut Reach<'_>, &mut Vec<Diagnostic>);
/// Looks at one change.
pub type ChangeRule = fn(&Seen<'_>, &mut Vec<Diagnostic>);
/// Looks at a migration that was applied and undone.
pub type UndoneRule = fn(&mut Observer, &State, &Migration, &[Diagnostic]);
/// Looks at everything.
pub type HistoryRule = fn(&Observer, &[Migration], &[crate::graph::NodeId]) -> Vec<Diagnostic>;

/// A change as the replay meets it.
#[derive(Debug)]
pub struct Seen<'a> {
    pub(super) migration: &'a Migration,
    /// Which way it goes.
    pub(super) direction: Direction,
    /// The state before it.
    pub(super) state: &'a State,
    pub(super) change: &'a Change,
    /// Where it is written.
    pub(super) span: Span,
    /// Tables that the same migration made.
    pub(super) made: &'a [TableId],
}

impl Seen<'_> {
    /// A finding on it.
    pub(super) fn found(&self, code: Code, message: String, label: &str) -> Diagnostic {
        Diagnostic::new(code, message)
            .of(&self.migration.name)
            .on(self.state.backend())
            .going(self.direction)
            .at(self.span, label)
    }
}

macro_rules! rules {
    ($($variant:ident $name:literal $finder:expr,)+) => {
        /// Every rule, sorted by code.
        pub static RULES: &[Rule] = &[$(Rule {
            code: Code::$variant,
            finder: $finder,
            page: include_str!(concat!("../../../docs/check/", $name, ".md")),
        }),+];

        #[cfg(test)]
        const NAMES: &[&str] = &[$($name),+];
    };
}

rules! {
    AlreadyExists "already-exists" Finder::State,
    DataLoss "data-loss" Finder::Change(data_loss::look),
    DependencyCycle "dependency-cycle" Finder::Graph,
    DownDependsOnRows "down-depends-on-rows" Finder::Change(down_depends_on_rows::look),
    DownDoesNotRestore "down-does-not-restore" Finder::Undone(down_does_not_restore::look),
    DownEdited "down-edited" Finder::Ledger,
    DownFails "down-fails" Finder::Order,
    DuplicateName "duplicate-name" Finder::Graph,
    DuplicateVersion "duplicate-version" Finder::Graph,
    HiddenByIfExists "hidden-by-if-exists" Finder::History(hidden_by_if_exists::look),
    IdentifierTooLong "identifier-too-long" Finder::State,
    Interrupted "interrupted" Finder::Ledger,
    Irreversible "irreversible" Finder::Order,
    KeysOffWithRows "keys-off-with-rows" Finder::Plan,
    LeftAtZero "left-at-zero" Finder::Order,
    MisplacedKey "misplaced-key" Finder::Manifest,
    NeedsCuts "needs-cuts" Finder::Plan,
    NeedsNoTransaction "needs-no-transaction" Finder::Change(needs_no_transaction::look),
    NoWayDown "no-way-down" Finder::Order,
    NotNullWithoutDefault "not-null-without-default" Finder::State,
    NotSupportedYet "not-supported-yet" Finder::State,
    OpaqueSql "opaque-sql" Finder::Order,
    Orphaned "orphaned" Finder::Ledger,
    RedundantRequirement "redundant-requirement" Finder::Edges(redundant_requirement::look),
    RenameUnderOpaque "rename-under-opaque" Finder::State,
    RequirementNotApplied "requirement-not-applied" Finder::Ledger,
    StillReferenced "still-referenced" Finder::State,
    TomlSyntax "toml-syntax" Finder::Manifest,
    TransactionControl "transaction-control" Finder::Manifest,
    TypeMismatch "type-mismatch" Finder::State,
    UnknownColumn "unknown-column" Finder::State,
    UnknownConstraint "unknown-constraint" Finder::State,
    UnknownIndex "unknown-index" Finder::State,
    UnknownKey "unknown-key" Finder::Manifest,
    UnknownRequirement "unknown-requirement" Finder::Graph,
    UnknownTable "unknown-table" Finder::State,
    UnknownType "unknown-type" Finder::Manifest,
    UnorderedConflict "unordered-conflict" Finder::Order,
    UnprovenOrder "unproven-order" Finder::Order,
    UnsupportedByBackend "unsupported-by-backend" Finder::Plan,
    UpEdited "up-edited" Finder::Ledger,
    VersionInversion "version-inversion" Finder::Graph,
    WrongValue "wrong-value" Finder::Manifest,
}

/// The rule of a code.
#[must_use]
pub fn rule(code: Code) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code == code)
}

/// What the rules on edges find.
pub(super) fn edges(migrations: &[Migration], graph: &Graph, reach: &mut Reach<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for rule in RULES {
        if let Finder::Edges(look) = rule.finder {
            look(migrations, graph, reach, &mut found);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_complete_and_sorted() {
        let codes: Vec<Code> = RULES.iter().map(|rule| rule.code).collect();
        assert_eq!(codes, Code::ALL);
        let names: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names, NAMES, "each code has its own page");
    }

    #[test]
    fn the_list_of_pages_is_the_table() {
        let list = include_str!("../../../docs/check/README.md");
        for rule in RULES {
            let line = format!("| [{0}]({0}.md) | {1} | {2} |\n", rule.code, rule.severity(), rule.meaning());
            assert!(list.contains(&line), "docs/check/README.md has not: {line}");
        }
    }

    #[test]
    fn each_page_is_about_its_code() {
        for rule in RULES {
            let title = format!("# {}\n", rule.code);
            assert!(rule.page.starts_with(&title), "docs/check/{}.md starts with its code", rule.code);
        }
    }
}
