//! Portable column types, and the literals that fit them.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ident::TableName;

/// A column's type. What it is on each backend is `render`'s table.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataType {
    /// 16 bits.
    SmallInt {
        /// Without a sign.
        unsigned: bool,
    },
    /// 32 bits.
    Integer {
        /// Without a sign.
        unsigned: bool,
    },
    /// 64 bits.
    BigInt {
        /// Without a sign.
        unsigned: bool,
    },
    /// Single precision.
    Float,
    /// Double precision.
    Double,
    /// Exact, with its digits in all and after the point.
    Decimal {
        /// Digits in all.
        precision: u32,
        /// Digits after the point.
        scale: u32,
    },
    /// True or false.
    Boolean,
    /// Fixed length, in characters.
    Char(u32),
    /// Varying length, in characters; `string` alone is 255.
    String(u32),
    /// Any length.
    Text,
    /// A calendar day.
    Date,
    /// A time of day.
    Time,
    /// Wall clock, without a zone.
    DateTime,
    /// An instant.
    TimestampTz,
    /// At most so many bytes.
    Binary(u32),
    /// Any number of bytes.
    Blob,
    /// JSON, as it was written.
    Json,
    /// JSON, as it was read: equal documents are equal.
    Jsonb,
    Uuid,
    /// A span of time (PostgreSQL).
    Interval,
    /// An address of a host or a network (PostgreSQL).
    Inet,
    /// An address of a network (PostgreSQL).
    Cidr,
    /// An address of a network card (PostgreSQL).
    Macaddr,
    /// So many numbers (PostgreSQL, with the extension `vector`).
    Vector(u32),
    /// One of the values of an enum.
    Enum(Arc<EnumType>),
    /// A list of values of a type (PostgreSQL).
    Array(Arc<DataType>),
    /// A database's own word, written under its key; taken as it stands.
    Verbatim(String),
}

/// An enum, as the type of a column.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EnumType {
    pub name: TableName,
    /// Its values in their order. Of a type as an author writes it there are none: the state knows them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

impl DataType {
    /// Whether `auto_increment` may stand on it.
    #[must_use]
    pub const fn is_integer(&self) -> bool {
        matches!(self, Self::SmallInt { .. } | Self::Integer { .. } | Self::BigInt { .. })
    }

    /// Whether it holds texts, so that any value can be written in it.
    #[must_use]
    pub const fn is_text(&self) -> bool {
        matches!(self, Self::Char(_) | Self::String(_) | Self::Text)
    }

    /// Whether a backend other than PostgreSQL has nothing like it.
    #[must_use]
    pub const fn is_of_postgres(&self) -> bool {
        matches!(self, Self::Interval | Self::Inet | Self::Cidr | Self::Macaddr | Self::Vector(_) | Self::Array(_))
    }

    /// The enum that it is, or that its elements are.
    #[must_use]
    pub fn of_enum(&self) -> Option<&EnumType> {
        match self {
            Self::Enum(of) => Some(of),
            Self::Array(of) => of.of_enum(),
            _ => None,
        }
    }

    /// The same over another shape of its enum.
    #[must_use]
    pub fn with_enum(&self, with: &Arc<EnumType>) -> Self {
        match self {
            Self::Enum(_) => Self::Enum(Arc::clone(with)),
            Self::Array(of) => Self::Array(Arc::new(of.with_enum(with))),
            other => other.clone(),
        }
    }

    /// Whether every value of `self` surely fits `to`. A text or number that may be
    /// cut or refused does not.
    #[must_use]
    pub fn widens_to(&self, to: &Self) -> bool {
        if self == to {
            return true;
        }
        match (self.integer_range(), to.integer_range()) {
            (Some((low, high)), Some((to_low, to_high))) => return to_low <= low && high <= to_high,
            (Some((_, high)), None) => {
                if let Self::Decimal { precision, scale } = to {
                    let whole = precision.saturating_sub(*scale).min(38);
                    return 10i128.pow(whole) > high;
                }
                return matches!(to, Self::Text);
            }
            _ => {}
        }
        match (self, to) {
            (Self::Enum(own), Self::Enum(other)) => {
                own.name == other.name && own.values.iter().all(|value| other.values.contains(value))
            }
            (Self::Enum(_), Self::Text) => true,
            (Self::Enum(own), Self::String(n)) => {
                own.values.iter().all(|value| u32::try_from(value.chars().count()).is_ok_and(|length| length <= *n))
            }
            (Self::Array(own), Self::Array(other)) => own.widens_to(other),
            (Self::Float, Self::Double)
            | (Self::Char(_) | Self::String(_), Self::Text)
            | (Self::Binary(_), Self::Blob)
            | (Self::Date, Self::DateTime) => true,
            (Self::Binary(n), Self::Binary(m)) => n <= m,
            (Self::Char(n) | Self::String(n), Self::String(m)) => n <= m,
            (Self::Char(n), Self::Char(m)) => n <= m,
            (Self::Decimal { precision, scale }, Self::Decimal { precision: p, scale: s }) => {
                s >= scale && p.saturating_sub(*s) >= precision.saturating_sub(*scale)
            }
            _ => false,
        }
    }

    pub(super) fn integer_range(&self) -> Option<(i128, i128)> {
        let (bits, unsigned) = match self {
            Self::SmallInt { unsigned } => (16, *unsigned),
            Self::Integer { unsigned } => (32, *unsigned),
            Self::BigInt { unsigned } => (64, *unsigned),
            _ => return None,
        };
        Some(if unsigned { (0, (1 << bits) - 1) } else { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) })
    }
}

impl fmt::Display for DataType {
    /// The type as a manifest writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = |unsigned: &bool| if *unsigned { "unsigned " } else { "" };
        match self {
            Self::SmallInt { unsigned } => write!(f, "{}smallint", sign(unsigned)),
            Self::Integer { unsigned } => write!(f, "{}integer", sign(unsigned)),
            Self::BigInt { unsigned } => write!(f, "{}bigint", sign(unsigned)),
            Self::Float => f.write_str("float"),
            Self::Double => f.write_str("double"),
            Self::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            Self::Boolean => f.write_str("boolean"),
            Self::Char(n) => write!(f, "char({n})"),
            Self::String(n) => write!(f, "string({n})"),
            Self::Text => f.write_str("text"),
            Self::Date => f.write_str("date"),
            Self::Time => f.write_str("time"),
            Self::DateTime => f.write_str("datetime"),
            Self::TimestampTz => f.write_str("timestamptz"),
            Self::Binary(n) => write!(f, "binary({n})"),
            Self::Blob => f.write_str("blob"),
            Self::Json => f.write_str("json"),
            Self::Jsonb => f.write_str("jsonb"),
            Self::Uuid => f.write_str("uuid"),
            Self::Interval => f.write_str("interval"),
            Self::Inet => f.write_str("inet"),
            Self::Cidr => f.write_str("cidr"),
            Self::Macaddr => f.write_str("macaddr"),
            Self::Vector(n) => write!(f, "vector({n})"),
            Self::Enum(of) => write!(f, "enum({})", of.name),
            Self::Array(of) => write!(f, "{of}[]"),
            Self::Verbatim(word) => f.write_str(word),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INT: DataType = DataType::Integer { unsigned: false };
    const BIG: DataType = DataType::BigInt { unsigned: false };

    #[test]
    fn widening_keeps_every_value() {
        assert!(INT.widens_to(&BIG));
        assert!(!BIG.widens_to(&INT));
        assert!(!DataType::Integer { unsigned: true }.widens_to(&INT));
        assert!(DataType::Integer { unsigned: true }.widens_to(&BIG));
        assert!(DataType::String(20).widens_to(&DataType::Text));
        assert!(!DataType::Text.widens_to(&DataType::String(20)));
        assert!(
            !DataType::Decimal { precision: 10, scale: 2 }.widens_to(&DataType::Decimal { precision: 10, scale: 4 })
        );
        assert!(INT.widens_to(&DataType::Decimal { precision: 12, scale: 2 }));
        assert!(!INT.widens_to(&DataType::Decimal { precision: 9, scale: 0 }));
    }
}
