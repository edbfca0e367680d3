//! Targets: where a run goes.

use std::fmt;

use crate::ident::Version;

/// Where a run goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Everything in the manifest.
    Latest,
    /// Nothing: version 0.
    Zero,
    /// All versions up to this one and what they require; may go both ways.
    Version(Version),
    /// The next N that are pending.
    Up(usize),
    /// The last N that were applied.
    Down(usize),
    /// This migration and what it requires.
    UpName(String),
    /// This migration and all that require it.
    DownName(String),
    /// The last N back, and forward again.
    Redo(usize),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("latest"),
            Self::Zero => f.write_str("0"),
            Self::Version(version) => write!(f, "{version}"),
            Self::Up(count) => write!(f, "up {count}"),
            Self::Down(count) => write!(f, "down {count}"),
            Self::UpName(name) => write!(f, "up {name}"),
            Self::DownName(name) => write!(f, "down {name}"),
            Self::Redo(count) => write!(f, "redo {count}"),
        }
    }
}

/// Whose way down is taken where manifest and ledger differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Downs {
    /// The manifest's where the way up is the same; else the ledger's.
    #[default]
    Auto,
    /// The manifest's, wherever it has the migration.
    Manifest,
    /// The ledger's.
    Ledger,
}
