//! Values on the command line that are read by us.

use std::fmt;
use std::str::FromStr;

use crate::diagnostic::{Code, nearest};
use crate::ident::{Version, VersionError};

/// A length of time: `10`, `10s`, `500ms`, `2m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duration(pub std::time::Duration);

/// A text that is no length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a length of time is written like 10 (seconds), 10s, 500ms or 2m")]
pub struct NotADuration;

impl FromStr for Duration {
    type Err = NotADuration;

    fn from_str(text: &str) -> Result<Self, NotADuration> {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let number: u64 = digits.parse().map_err(|_| NotADuration)?;
        let millis = match text.get(digits.len()..).unwrap_or_default() {
            "ms" => Some(number),
            "" | "s" => number.checked_mul(1_000),
            "m" | "min" => number.checked_mul(60_000),
            _ => None,
        };
        millis.map(|millis| Self(std::time::Duration::from_millis(millis))).ok_or(NotADuration)
    }
}

/// A code of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeName(pub Code);

/// A text that is no code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotACode {
    /// One is near.
    #[error("there is no such code; did you mean `{0}`?")]
    Near(Code),
    /// None is.
    #[error("there is no such code; docs/check/ has a page for each")]
    Unknown,
}

impl FromStr for CodeName {
    type Err = NotACode;

    fn from_str(text: &str) -> Result<Self, NotACode> {
        if let Ok(code) = text.parse() {
            return Ok(Self(code));
        }
        let near = nearest(text, Code::ALL.iter().map(|code| code.as_str())).and_then(|near| near.parse().ok());
        Err(near.map_or(NotACode::Unknown, NotACode::Near))
    }
}

/// The target of `up` and `down`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moves {
    /// How many.
    Count(usize),
    /// The name of a migration.
    Name(String),
}

/// A text that names no number of migrations and no migration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotMoves {
    /// Nothing at all.
    #[error("a number or a migration's name")]
    Empty,
    /// Zero.
    #[error("at least 1; `dbmigrate exec 0` goes back to version 0")]
    Zero,
    /// More than can be counted.
    #[error("that many migrations there are not; `dbmigrate exec {0}` goes to a version")]
    TooMany(String),
}

impl FromStr for Moves {
    type Err = NotMoves;

    fn from_str(text: &str) -> Result<Self, NotMoves> {
        if text.is_empty() {
            return Err(NotMoves::Empty);
        }
        if !text.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(Self::Name(text.to_owned()));
        }
        // Versions are usually a clock's 14 digits; nobody has 100 million migrations.
        match text.parse() {
            Ok(0) => Err(NotMoves::Zero),
            Ok(count) if count < 100_000_000 => Ok(Self::Count(count)),
            _ => Err(NotMoves::TooMany(text.to_owned())),
        }
    }
}

/// The target of `exec`: a version, or 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetVersion(pub Option<Version>);

/// A text that is no version to go to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotATarget {
    /// `latest`.
    #[error("`dbmigrate latest` goes there")]
    Latest,
    /// Something that is no version.
    #[error("{0}")]
    Version(#[from] VersionError),
}

impl FromStr for TargetVersion {
    type Err = NotATarget;

    fn from_str(text: &str) -> Result<Self, NotATarget> {
        let text = match text.split_once('=') {
            Some((key, value)) if key.eq_ignore_ascii_case("version") => value,
            _ => text,
        };
        match text.parse() {
            Ok(version) => Ok(Self(Some(version))),
            Err(VersionError::Zero) => Ok(Self(None)),
            Err(VersionError::NotANumber) if text == "latest" => Err(NotATarget::Latest),
            Err(error) => Err(error.into()),
        }
    }
}

/// The target of `plan`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanTarget {
    /// From everything applied to 0.
    Reset,
    /// From nothing to everything.
    Latest,
    /// From nothing to a version.
    Version(Version),
}

/// A text that is no target of a plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a plan's target is `latest`, `reset` or a version")]
pub struct NotAPlanTarget;

impl FromStr for PlanTarget {
    type Err = NotAPlanTarget;

    fn from_str(text: &str) -> Result<Self, NotAPlanTarget> {
        match text {
            "reset" | "0" => Ok(Self::Reset),
            "latest" => Ok(Self::Latest),
            text => text
                .parse()
                .map(|TargetVersion(version)| version.map_or(Self::Reset, Self::Version))
                .map_err(|_| NotAPlanTarget),
        }
    }
}

impl fmt::Display for PlanTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reset => f.write_str("reset"),
            Self::Latest => f.write_str("latest"),
            Self::Version(version) => version.fmt(f),
        }
    }
}

/// A count of at least one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a whole number of at least 1")]
pub(super) struct NotACount;

/// Reads a count of at least one.
pub(super) fn at_least_one(text: &str) -> Result<usize, NotACount> {
    text.parse().ok().filter(|count| *count > 0).ok_or(NotACount)
}
