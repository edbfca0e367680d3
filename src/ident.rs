//! Names of things: tables, columns, versions; and the names that are generated
//! for constraints. Nothing here knows a backend's quoting (that is `render`).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A table's name, with its schema where one was written (PostgreSQL).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TableName {
    /// The schema, or `None` for the connection's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The bare name.
    pub name: String,
}

impl TableName {
    /// A name without a schema.
    pub fn bare(name: impl Into<String>) -> Self {
        Self { schema: None, name: name.into() }
    }

    /// The same schema with another bare name: what a rename makes.
    #[must_use]
    pub fn renamed(&self, to: impl Into<String>) -> Self {
        Self { schema: self.schema.clone(), name: to.into() }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// A column of a table, as authors write it: `table.column`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ColumnName {
    /// The table it belongs to.
    pub table: TableName,
    /// The bare column name.
    pub column: String,
}

impl fmt::Display for ColumnName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.table, self.column)
    }
}

/// A function or procedure as DROP takes it: its name and the types of its arguments.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FunctionName {
    /// The schema, or `None` for the connection's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The bare name.
    pub name: String,
    /// What stands in the brackets, as it is written.
    pub args: String,
}

impl FunctionName {
    /// `name(args)` or `schema.name(args)`, blanks around the parts left out; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, args) = text.trim().strip_suffix(')')?.split_once('(')?;
        let part = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let (schema, name) = match name.split_once('.') {
            Some((schema, name)) => (Some(part(schema)?), part(name)?),
            None => (None, part(name)?),
        };
        (!name.contains('.')).then(|| Self { schema, name, args: args.trim().to_owned() })
    }
}

impl fmt::Display for FunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{schema}.")?;
        }
        write!(f, "{}({})", self.name, self.args)
    }
}

/// A migration's version: a whole number above 0 of at most 20 digits.
///
/// Leading zeros do not count (`0001` is 1). Serialized as a string everywhere,
/// since 20 digits do not fit into JSON's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version(u128);

impl Version {
    /// The most digits a version may have.
    pub const MAX_DIGITS: usize = 20;

    /// A version from a number; `None` for 0 and for more than 20 digits.
    #[must_use]
    pub fn new(number: u128) -> Option<Self> {
        (number > 0 && number < 10u128.pow(20)).then_some(Self(number))
    }

    /// The number itself.
    #[must_use]
    pub fn number(self) -> u128 {
        self.0
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}

/// Why a text is no version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// Something other than digits, or nothing at all.
    #[error("a version is written in digits only")]
    NotANumber,
    /// Version 0 is the empty state, and no migration's.
    #[error("version 0 is the empty state; versions start at 1")]
    Zero,
    /// More than [`Version::MAX_DIGITS`] digits.
    #[error("a version has at most 20 digits")]
    TooLong,
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(VersionError::NotANumber);
        }
        let digits = text.trim_start_matches('0');
        if digits.is_empty() {
            return Err(VersionError::Zero);
        }
        if digits.len() > Self::MAX_DIGITS {
            return Err(VersionError::TooLong);
        }
        digits.parse().map(Self).map_err(|_| VersionError::NotANumber)
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What a generated constraint name ends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suffix {
    /// A table's primary key: `T_pkey`.
    PrimaryKey,
    /// A one-column unique constraint: `T_C_key`.
    Unique,
    /// A one-column foreign key: `T_C_fkey`.
    ForeignKey,
    /// A column's check: `T_C_check`.
    Check,
    /// An identity's sequence (PostgreSQL): `T_C_seq`.
    Sequence,
}

/// The generated name of a constraint: `T_pkey`, `T_C_key`, `T_C_fkey`, `T_C_check`, `T_C_seq`.
///
/// The same on every backend. `column` is not used for a primary key.
#[must_use]
pub fn generated_name(table: &str, column: &str, suffix: Suffix) -> String {
    match suffix {
        Suffix::PrimaryKey => format!("{table}_pkey"),
        Suffix::Unique => format!("{table}_{column}_key"),
        Suffix::ForeignKey => format!("{table}_{column}_fkey"),
        Suffix::Check => format!("{table}_{column}_check"),
        Suffix::Sequence => format!("{table}_{column}_seq"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_zeros_do_not_count() {
        assert_eq!("0001".parse::<Version>(), Ok(Version(1)));
        assert_eq!("0001".parse::<Version>().unwrap().to_string(), "1");
    }

    #[test]
    fn twenty_digits_fit_and_twenty_one_do_not() {
        assert_eq!("99999999999999999999".parse::<Version>().unwrap().to_string(), "99999999999999999999");
        assert_eq!("100000000000000000000".parse::<Version>(), Err(VersionError::TooLong));
    }

    #[test]
    fn zero_and_words_are_no_versions() {
        assert_eq!("0".parse::<Version>(), Err(VersionError::Zero));
        assert_eq!("".parse::<Version>(), Err(VersionError::NotANumber));
        assert_eq!("1a".parse::<Version>(), Err(VersionError::NotANumber));
        assert_eq!("-1".parse::<Version>(), Err(VersionError::NotANumber));
    }
}
