//! The codes of diagnostics: stable, kebab-case, each with its default severity.
//! To add one: a line in the table below; the test keeps it sorted and unique.

use std::fmt;
use std::str::FromStr;

use super::Severity;

macro_rules! codes {
    ($($variant:ident $name:literal $severity:ident $doc:literal),+ $(,)?) => {
        /// What a diagnostic is about. The names are a contract.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $(#[doc = $doc] $variant),+ }

        impl Code {
            /// Every code, sorted by name.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as it is written: `unknown-table`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// How severe it is unless the manifest or the command line says otherwise.
            #[must_use]
            pub const fn default_severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity),+ }
            }

            /// What it means, in a sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $doc),+ }
            }
        }
    };
}

codes! {
    AlreadyExists "already-exists" Error "Something of that name stands already.",
    DataLoss "data-loss" Warning "Rows or values are lost and no way down brings them back.",
    DependencyCycle "dependency-cycle" Error "Migrations require each other in a circle.",
    DownDependsOnRows "down-depends-on-rows" Warning "Whether the way down works depends on the rows in the table.",
    DownDoesNotRestore "down-does-not-restore" Warning "A way down leaves another schema than the one before its way up.",
    DownEdited "down-edited" Warning "An applied migration's way down was edited since.",
    DownFails "down-fails" Error "A way down does not work on the state it meets.",
    DuplicateName "duplicate-name" Error "Two migrations have one name.",
    DuplicateVersion "duplicate-version" Error "Two migrations have one version.",
    HiddenByIfExists "hidden-by-if-exists" Warning "An IF EXISTS hides a name that is never there.",
    IdentifierTooLong "identifier-too-long" Error "A name is longer than 63 bytes.",
    Interrupted "interrupted" Error "A migration was interrupted half-way.",
    Irreversible "irreversible" Warning "The author says that there is no way down.",
    KeysOffWithRows "keys-off-with-rows" Error "A rebuild on SQLite switches foreign keys off while a row change needs them.",
    LeftAtZero "left-at-zero" Error "Something still stands after the last way down.",
    MisplacedKey "misplaced-key" Error "A key that is right elsewhere.",
    NeedsCuts "needs-cuts" Error "The plan does not fit into one transaction, and cuts were not allowed.",
    NeedsNoTransaction "needs-no-transaction" Warning "A statement that the database refuses inside a transaction.",
    NoWayDown "no-way-down" Error "A way down can neither be derived nor was it written.",
    NotNullWithoutDefault "not-null-without-default" Error "A NOT NULL column without a value for the rows already there.",
    NotSupportedYet "not-supported-yet" Error "Part of the language, but not built yet.",
    OpaqueSql "opaque-sql" Warning "Raw SQL that cannot be read and does not say what it touches.",
    Orphaned "orphaned" Warning "Applied, but not in the manifest.",
    RedundantRequirement "redundant-requirement" Note "A requirement that others imply.",
    RenameUnderOpaque "rename-under-opaque" Error "A rename of something that SQL which cannot be read may mention.",
    RequirementNotApplied "requirement-not-applied" Warning "Applied without something it requires.",
    StillReferenced "still-referenced" Error "Something that is to go is still referred to.",
    TomlSyntax "toml-syntax" Error "The file is not TOML.",
    TransactionControl "transaction-control" Error "BEGIN, COMMIT and the like, which are the executor's.",
    TypeMismatch "type-mismatch" Error "A value or key that does not fit its column.",
    UnknownColumn "unknown-column" Error "No such column at that point of the history.",
    UnknownConstraint "unknown-constraint" Error "No such constraint at that point of the history.",
    UnknownIndex "unknown-index" Error "No such index at that point of the history.",
    UnknownKey "unknown-key" Error "A key that the language does not have.",
    UnknownRequirement "unknown-requirement" Error "A requirement that names no migration.",
    UnknownTable "unknown-table" Error "No such table at that point of the history.",
    UnknownType "unknown-type" Error "A column type that is not portable.",
    UnorderedConflict "unordered-conflict" Error "Two migrations touch one thing, nothing orders them, and an allowed order breaks.",
    UnprovenOrder "unproven-order" Warning "Two migrations touch one thing and nothing orders them; both orders that were tried work.",
    UnsupportedByBackend "unsupported-by-backend" Error "The backend cannot do it.",
    UpEdited "up-edited" Warning "An applied migration's way up was edited since.",
    VersionInversion "version-inversion" Warning "A migration requires one of a higher version.",
    WrongValue "wrong-value" Error "A value of the wrong kind.",
}

impl Code {
    /// Problems of TOML and of the language (exit code 2), as against those of graph and state (3).
    #[must_use]
    pub const fn is_of_the_language(self) -> bool {
        matches!(
            self,
            Self::TomlSyntax
                | Self::UnknownKey
                | Self::MisplacedKey
                | Self::WrongValue
                | Self::UnknownType
                | Self::NotSupportedYet
        )
    }
}

impl Code {
    /// Whether it is about a way down in any case, so that nobody has to be told.
    #[must_use]
    pub const fn is_of_the_way_down(self) -> bool {
        matches!(
            self,
            Self::DownDependsOnRows
                | Self::DownDoesNotRestore
                | Self::DownFails
                | Self::Irreversible
                | Self::LeftAtZero
                | Self::NoWayDown
        )
    }

    /// Whether a manifest may call it less than an error: not where nothing could run with it.
    #[must_use]
    pub const fn may_be_lowered(self) -> bool {
        !matches!(self.default_severity(), Severity::Error) || matches!(self, Self::NoWayDown | Self::LeftAtZero)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Code {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or(())
    }
}

impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_unique() {
        let names: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(names, sorted);
    }
}
