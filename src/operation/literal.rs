//! Literals, and whether one is of a column's type.

use serde::{Deserialize, Serialize};

use super::{DataType, Text};

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
    String(String),
    /// A local date: `1979-05-27`.
    Date(String),
    /// A local time: `07:32:00`.
    Time(String),
    /// A local date and time: `1979-05-27T07:32:00`.
    DateTime(String),
    /// An instant: `1979-05-27T07:32:00Z`.
    OffsetDateTime(String),
    /// Bytes, two digits of base 16 each, in lower case: `{ hex = "00ff" }`.
    Bytes(String),
    /// A list of values of one type.
    Array(Vec<Literal>),
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
            DataType::Binary(n) => {
                matches!(self, Self::Bytes(hex) if u32::try_from(hex.len() / 2).is_ok_and(|length| length <= *n))
            }
            DataType::Blob => matches!(self, Self::Bytes(_)),
            DataType::Json | DataType::Jsonb => {
                matches!(self, Self::String(text) if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok())
            }
            DataType::Uuid => matches!(self, Self::String(text) if uuid_digits(text).is_some()),
            DataType::Interval => matches!(self, Self::String(text) if !text.trim().is_empty()),
            DataType::Inet => matches!(self, Self::String(text) if is_address(text, false)),
            DataType::Cidr => matches!(self, Self::String(text) if is_address(text, true)),
            DataType::Macaddr => matches!(self, Self::String(text) if is_card(text)),
            DataType::Vector(n) => matches!(self, Self::String(text) if is_vector(text, *n)),
            DataType::Enum(of) => {
                matches!(self, Self::String(text) if of.values.is_empty() || of.values.contains(text))
            }
            DataType::Array(of) => matches!(self, Self::Array(items) if items.iter().all(|item| item.fits(of))),
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
            Self::Bytes(_) => "bytes",
            Self::Array(_) => "a list",
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

/// The 32 digits of a UUID, in lower case: `a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11`, or the digits alone.
#[must_use]
pub fn uuid_digits(text: &str) -> Option<String> {
    let groups: Vec<usize> = text.split('-').map(str::len).collect();
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let shaped = matches!(groups.as_slice(), [8, 4, 4, 4, 12] | [32]);
    (shaped && digits.bytes().all(|b| b.is_ascii_hexdigit())).then(|| digits.to_ascii_lowercase())
}

/// Whether a text is an address, maybe with the bits of its network; of a network, no bit beyond those is set.
fn is_address(text: &str, network: bool) -> bool {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let Ok(address) = address.parse::<std::net::IpAddr>() else { return false };
    let (number, most) = match address {
        std::net::IpAddr::V4(v4) => (u128::from(u32::from(v4)), 32_u32),
        std::net::IpAddr::V6(v6) => (u128::from(v6), 128),
    };
    let bits = match bits {
        None => most,
        Some(bits) => match bits.parse::<u32>() {
            Ok(bits) if bits <= most => bits,
            _ => return false,
        },
    };
    !network || number.trailing_zeros().min(most) >= most - bits
}

/// Whether a text is the address of a network card: six bytes between `:` or `-`.
fn is_card(text: &str) -> bool {
    let of = |separator| {
        let bytes: Vec<&str> = text.split(separator).collect();
        bytes.len() == 6 && bytes.iter().all(|b| b.len() == 2 && b.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    of(':') || of('-')
}

/// Whether a text is so many numbers between square brackets: `[1, 2.5]`.
fn is_vector(text: &str, count: u32) -> bool {
    serde_json::from_str::<Vec<f32>>(text).is_ok_and(|numbers| u32::try_from(numbers.len()) == Ok(count))
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
    Literal(Literal),
    /// SQL; NULL is the expression `NULL`.
    Expr(Text),
}

#[cfg(test)]
mod tests {
    use super::*;

    const INT: DataType = DataType::Integer { unsigned: false };

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

    #[test]
    fn texts_of_types_of_their_own_are_read() {
        let fits = |text: &str, data_type: &DataType| Literal::String(text.into()).fits(data_type);
        assert!(Literal::Bytes("00ff".into()).fits(&DataType::Binary(2)));
        assert!(!Literal::Bytes("00ff00".into()).fits(&DataType::Binary(2)) && !fits("00ff", &DataType::Blob));
        assert!(fits(r#"{"a": [1, null]}"#, &DataType::Json) && !fits("{a: 1}", &DataType::Jsonb));
        assert!(fits("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", &DataType::Uuid));
        assert!(fits("a0eebc999c0b4ef8bb6d6bb9bd380a11", &DataType::Uuid));
        assert!(!fits("a0eebc99-9c0b4ef8-bb6d-6bb9bd380a11", &DataType::Uuid) && !fits("a0", &DataType::Uuid));
        assert!(
            fits("10.1.2.3", &DataType::Inet) && fits("10.1.2.3/8", &DataType::Inet) && fits("::1", &DataType::Inet)
        );
        assert!(!fits("10.1.2", &DataType::Inet) && !fits("10.1.2.3/33", &DataType::Inet));
        assert!(fits("10.0.0.0/8", &DataType::Cidr) && !fits("10.1.0.0/8", &DataType::Cidr));
        assert!(fits("0.0.0.0/0", &DataType::Cidr) && fits("::/0", &DataType::Cidr));
        assert!(fits("08:00:2b:01:02:03", &DataType::Macaddr) && !fits("08:00:2b:01:02", &DataType::Macaddr));
        assert!(fits("[1, 2.5]", &DataType::Vector(2)) && !fits("[1]", &DataType::Vector(2)));
        assert!(fits("3 days", &DataType::Interval) && !fits(" ", &DataType::Interval));
    }
}
