//! Values: literals of TOML, and `{ expr = … }`; and whether a literal fits its column.

use toml::de::DeValue;
use toml::value::Datetime;

use super::keys::Keys;
use super::reader::{Reader, Val};
use super::text::is_by_backend;
use crate::diagnostic::{Code, Diagnostic};
use crate::grammar::VALUE;
use crate::operation::{ByBackend, DataType, Literal, Value};

/// Calls and words of SQL that people write as strings where they mean the SQL.
const MEANT_AS_SQL: &[&str] = &[
    "now()",
    "current_timestamp",
    "current_timestamp()",
    "current_date",
    "current_time",
    "localtimestamp",
    "sysdate",
    "getdate()",
    "datetime('now')",
    "date('now')",
    "strftime('%s', 'now')",
    "unixepoch()",
    "gen_random_uuid()",
    "uuid_generate_v4()",
    "uuid()",
    "random()",
    "null",
];

impl Reader<'_> {
    /// A value; where the column's type is known, whether it fits it is reported too.
    /// In a place for defaults, strings that are SQL by all appearance are errors.
    pub(super) fn value_of(&mut self, val: Val<'_>, data_type: Option<&ByBackend<DataType>>) -> Option<Value> {
        let value = self.value(val)?;
        let Value::Literal(literal) = &value else { return Some(value) };
        if let Literal::String(text) = literal
            && MEANT_AS_SQL.contains(&text.trim().to_ascii_lowercase().as_str())
        {
            let message = format!("`{}` is the string `{text}` here, not the SQL", val.key);
            self.wrong_help(val.span, message, format!("`{} = {{ expr = {text:?} }}`", val.key));
            return Some(value);
        }
        let misfit = data_type.and_then(|types| types.branches().find(|one| !literal.fits(one)));
        if let Some(misfit) = misfit {
            let message = format!("`{}` is {}, which does not fit {misfit}", val.key, literal.kind());
            let diagnostic = Diagnostic::new(Code::TypeMismatch, message).at(val.span, "");
            self.report(match help_to_fit(literal, misfit) {
                Some(help) => diagnostic.help(help),
                None => diagnostic,
            });
        }
        Some(value)
    }

    /// A value: a literal, or `{ expr = text }`.
    pub(super) fn value(&mut self, val: Val<'_>) -> Option<Value> {
        let literal = match val.value {
            DeValue::String(_) => Literal::String(self.any_string(val)?.to_owned()),
            DeValue::Boolean(value) => Literal::Bool(*value),
            DeValue::Integer(_) => match val.as_integer() {
                Some(number) => Literal::Integer(number),
                None => {
                    let help = format!("`{} = {{ expr = \"…\" }}`", val.key);
                    self.wrong_help(val.span, format!("`{}` does not fit 64 bits", val.key), help);
                    return None;
                }
            },
            DeValue::Float(number) => match number.as_str().parse::<f64>() {
                Ok(number) if number.is_finite() => Literal::Float(number),
                _ => {
                    self.wrong(val.span, format!("`{}` is no finite number", val.key));
                    return None;
                }
            },
            DeValue::Datetime(moment) => datetime(*moment),
            DeValue::Array(_) => {
                let mut items = Vec::new();
                for item in self.list(val)? {
                    match self.value(item)? {
                        Value::Literal(item) => items.push(item),
                        Value::Expr(_) => {
                            let help = format!("`{} = {{ expr = \"ARRAY[…]\" }}`", val.key);
                            self.wrong_help(item.span, "a list has literals only", help);
                            return None;
                        }
                    }
                }
                Literal::Array(items)
            }
            DeValue::Table(_) => {
                if is_by_backend(val) {
                    let message = format!("`{}` is a literal, or `{{ expr = … }}`", val.key);
                    self.wrong_help(
                        val.span,
                        message,
                        format!("`{} = {{ expr = {{ sqlite = …, postgres = … }} }}`", val.key),
                    );
                    return None;
                }
                let table = self.table(val, "a table")?;
                let mut keys = Keys::of(self, table, &VALUE);
                match (keys.take("expr"), keys.take("hex")) {
                    (Some(expr), None) => return self.text(expr).map(Value::Expr),
                    (None, Some(hex)) => self.bytes(hex)?,
                    (Some(_), Some(hex)) => {
                        self.wrong(hex.key_span, "a value is an expression, or bytes");
                        return None;
                    }
                    (None, None) => {
                        if keys.is_empty() {
                            self.wrong(val.span, "a value needs `expr`");
                        }
                        return None;
                    }
                }
            }
        };
        Some(Value::Literal(literal))
    }

    /// Bytes: `00ff`, two digits each.
    fn bytes(&mut self, val: Val<'_>) -> Option<Literal> {
        let text = self.any_string(val)?;
        if text.len() % 2 == 0 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Some(Literal::Bytes(text.to_ascii_lowercase()));
        }
        let message = "`hex` has two digits of base 16 for each byte, and nothing else".to_owned();
        self.wrong_help(val.span, message, "`{ hex = \"00ff\" }` is two bytes".to_owned());
        None
    }
}

/// A date, a time or both, with the text that the model keeps: seconds always written.
fn datetime(mut moment: Datetime) -> Literal {
    if let Some(time) = &mut moment.time
        && time.second.is_none()
    {
        time.second = Some(0);
    }
    let text = moment.to_string();
    match (moment.date, moment.time, moment.offset) {
        (Some(_), Some(_), Some(_)) => Literal::OffsetDateTime(text),
        (Some(_), Some(_), None) => Literal::DateTime(text),
        (None, _, _) => Literal::Time(text),
        (Some(_), None, _) => Literal::Date(text),
    }
}

/// What to write instead of a literal that does not fit.
pub(super) fn help_to_fit(literal: &Literal, data_type: &DataType) -> Option<String> {
    let help = match (data_type, literal) {
        (DataType::Boolean, Literal::Integer(0)) => "write `false`".to_owned(),
        (DataType::Boolean, Literal::Integer(1)) => "write `true`".to_owned(),
        (DataType::Boolean, Literal::String(text)) if ["true", "false"].contains(&text.as_str()) => {
            format!("write `{text}` without quotes")
        }
        (DataType::Decimal { .. }, Literal::Float(number)) => {
            format!("a decimal with a point is written as a string, which keeps every digit: `\"{number}\"`")
        }
        (DataType::Char(_) | DataType::String(_) | DataType::Text, Literal::Integer(number)) => {
            format!("write it in quotes: `\"{number}\"`")
        }
        (data_type, Literal::String(text)) if data_type.is_integer() && text.parse::<i64>().is_ok() => {
            format!("write `{text}` without quotes")
        }
        (DataType::Float | DataType::Double, Literal::String(text)) if text.parse::<f64>().is_ok() => {
            format!("write `{text}` without quotes")
        }
        (DataType::Binary(n), Literal::Bytes(hex)) => format!("it has {} bytes, and the type {n}", hex.len() / 2),
        (DataType::Binary(_) | DataType::Blob, _) => "bytes are written in base 16: `{ hex = \"00ff\" }`".to_owned(),
        (DataType::Json | DataType::Jsonb, _) => "JSON is written as a string: `'{\"a\": 1}'`".to_owned(),
        (DataType::Uuid, _) => "a UUID is written as a string: `\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\"`".to_owned(),
        (DataType::Inet, _) => "an address is written as a string: `\"10.0.0.1\"`, `\"10.0.0.1/8\"`".to_owned(),
        (DataType::Cidr, _) => {
            "a network is written as a string, with no bit set beyond its own: `\"10.0.0.0/8\"`".to_owned()
        }
        (DataType::Macaddr, _) => "an address is written as a string: `\"08:00:2b:01:02:03\"`".to_owned(),
        (DataType::Vector(n), _) => format!("{n} numbers are written as a string: `\"[1, 2.5, …]\"`"),
        (DataType::Array(of), _) => format!("a list is written between square brackets, each of its values {of}"),
        (DataType::Enum(of), Literal::String(_)) => format!("its values are: {}", of.values.join(", ")),
        (DataType::Date, _) => "a date is written without quotes: `2026-01-31`".to_owned(),
        (DataType::Time, _) => "a time is written without quotes: `07:30:00`".to_owned(),
        (DataType::DateTime, _) => "a wall clock time is written without quotes: `2026-01-31T07:30:00`".to_owned(),
        (DataType::TimestampTz, _) => {
            "an instant is written without quotes, with its offset: `2026-01-31T07:30:00Z`".to_owned()
        }
        (data_type, Literal::Integer(_)) if data_type.is_integer() => {
            "the number is out of the type's range".to_owned()
        }
        (DataType::Char(_) | DataType::String(_), Literal::String(text)) => {
            format!("it has {} characters", text.chars().count())
        }
        (_, Literal::String(text)) if text.ends_with(')') => {
            return Some(format!("SQL is written as an expression: `{{ expr = {text:?} }}`"));
        }
        _ => return None,
    };
    Some(help)
}
