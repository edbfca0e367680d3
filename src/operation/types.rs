//! Portable column types, and the literals that fit them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Text;

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
    /// A database's own word, written under its key; taken as it stands.
    Verbatim(String),
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
            (Self::Float, Self::Double)
            | (Self::Char(_) | Self::String(_), Self::Text)
            | (Self::Date, Self::DateTime) => true,
            (Self::Char(n) | Self::String(n), Self::String(m)) => n <= m,
            (Self::Char(n), Self::Char(m)) => n <= m,
            (Self::Decimal { precision, scale }, Self::Decimal { precision: p, scale: s }) => {
                s >= scale && p.saturating_sub(*s) >= precision.saturating_sub(*scale)
            }
            _ => false,
        }
    }

    fn integer_range(&self) -> Option<(i128, i128)> {
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
            Self::Verbatim(word) => f.write_str(word),
        }
    }
}

/// A literal as TOML has it. Dates and times keep their text (RFC 3339).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Literal {
    /// true or false.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a point.
    Float(f64),
    /// A string.
    String(String),
    /// A local date: `1979-05-27`.
    Date(String),
    /// A local time: `07:32:00`.
    Time(String),
    /// A local date and time: `1979-05-27T07:32:00`.
    DateTime(String),
    /// An instant: `1979-05-27T07:32:00Z`.
    OffsetDateTime(String),
}

impl Literal {
    /// Whether the literal is of the column's type, as manifest.md's table has it.
    /// A verbatim type takes anything.
    #[must_use]
    pub fn fits(&self, data_type: &DataType) -> bool {
        match data_type {
            DataType::SmallInt { .. } | DataType::Integer { .. } | DataType::BigInt { .. } => {
                let Self::Integer(n) = self else { return false };
                data_type.integer_range().is_some_and(|(low, high)| (low..=high).contains(&i128::from(*n)))
            }
            DataType::Float | DataType::Double => matches!(self, Self::Float(_) | Self::Integer(_)),
            DataType::Decimal { .. } => match self {
                Self::Integer(number) => is_whole_within(&number.unsigned_abs().to_string(), data_type),
                Self::String(text) => is_decimal(text) && is_whole_within(text, data_type),
                _ => false,
            },
            DataType::Boolean => matches!(self, Self::Bool(_)),
            // Databases cut spaces at the end that are too many, and refuse the rest.
            DataType::Char(n) | DataType::String(n) => {
                let Self::String(text) = self else { return false };
                u32::try_from(text.trim_end_matches(' ').chars().count()).is_ok_and(|length| length <= *n)
            }
            DataType::Text => matches!(self, Self::String(_)),
            DataType::Date => matches!(self, Self::Date(_)),
            DataType::Time => matches!(self, Self::Time(_)),
            DataType::DateTime => matches!(self, Self::DateTime(_)),
            DataType::TimestampTz => matches!(self, Self::OffsetDateTime(_)),
            DataType::Verbatim(_) => true,
        }
    }

    /// What kind of literal it is, for messages: "a string".
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Bool(_) => "a boolean",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::String(_) => "a string",
            Self::Date(_) => "a date",
            Self::Time(_) => "a time",
            Self::DateTime(_) => "a date and time",
            Self::OffsetDateTime(_) => "an instant",
        }
    }
}

/// Whether a decimal number has no more digits before its point than the type has.
fn is_whole_within(text: &str, data_type: &DataType) -> bool {
    let DataType::Decimal { precision, scale } = data_type else { return true };
    let digits = text.trim_start_matches(['-', '+']);
    let whole = digits.split('.').next().unwrap_or_default().trim_start_matches('0');
    u32::try_from(whole.len()).is_ok_and(|whole| whole <= precision.saturating_sub(*scale))
}

/// Whether a text is a plain decimal number: digits with at most one point, maybe a sign.
#[must_use]
pub fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.bytes().any(|b| b.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.bytes().filter(|b| *b == b'.').count() <= 1
}

/// A value for a column: a literal of its type, or an expression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// A literal.
    Literal(Literal),
    /// SQL; NULL is the expression `NULL`.
    Expr(Text),
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

    #[test]
    fn literals_fit_their_types_only() {
        assert!(!Literal::String("1".into()).fits(&INT));
        assert!(Literal::String("1.50".into()).fits(&DataType::Decimal { precision: 5, scale: 2 }));
        assert!(!Literal::String("1.5.0".into()).fits(&DataType::Decimal { precision: 5, scale: 2 }));
        let price = DataType::Decimal { precision: 5, scale: 2 };
        assert!(Literal::String("-0999.999".into()).fits(&price) && Literal::Integer(-999).fits(&price));
        assert!(!Literal::String("1000".into()).fits(&price) && !Literal::Integer(1000).fits(&price));
        assert!(Literal::String("für  ".into()).fits(&DataType::String(3)));
        assert!(!Literal::String("four".into()).fits(&DataType::Char(3)));
        assert!(!Literal::Integer(-1).fits(&DataType::Integer { unsigned: true }));
        assert!(!Literal::Integer(40_000).fits(&DataType::SmallInt { unsigned: false }));
        assert!(!Literal::DateTime("2026-01-01T00:00:00".into()).fits(&DataType::TimestampTz));
    }
}
