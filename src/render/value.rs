//! Literals, defaults and expressions as SQL.

use sea_query::Value;

use super::error::RenderError;
use super::expression::expression;
use super::sea;
use super::types::type_name;
use crate::backend::Backend;
use crate::operation::{DataType, Literal, uuid_digits};
use crate::state::{Column, Scalar, Table};

/// A value for a column: its literal, or the author's expression with the names of the moment.
pub(super) fn scalar(backend: Backend, value: &Scalar, column: &Column, table: &Table) -> Result<String, RenderError> {
    match value {
        Scalar::Literal(value) => literal(backend, value, column),
        Scalar::Expr(expr) => Ok(expression(backend, expr, table)),
    }
}

/// A value to compare a column with: a literal has the column's own precision, or it would equal no row.
pub(super) fn compared(
    backend: Backend,
    value: &Scalar,
    column: &Column,
    table: &Table,
) -> Result<String, RenderError> {
    let sql = scalar(backend, value, column, table)?;
    if is_compared_as_text(backend, column) {
        return Ok(format!("({sql})::text"));
    }
    let rounds = matches!(column.data_type, DataType::Float | DataType::Decimal { .. });
    Ok(match (backend, value) {
        (Backend::Postgres | Backend::Mysql, Scalar::Literal(_)) if rounds => {
            format!("CAST({sql} AS {})", type_name(backend, &column.data_type))
        }
        (_, Scalar::Literal(_)) => sql,
        (_, Scalar::Expr(_)) => format!("({sql})"),
    })
}

/// Whether the column's values are compared as texts: PostgreSQL has no equality of `json`, which is the text that was
/// written.
pub(super) fn is_compared_as_text(backend: Backend, column: &Column) -> bool {
    backend == Backend::Postgres && *element(&column.data_type) == DataType::Json
}

/// The type of a list's values; of what is no list, the type itself.
fn element(of: &DataType) -> &DataType {
    if let DataType::Array(of) = of { of } else { of }
}

/// Whether an expression is the word NULL.
pub(super) fn is_null(value: &Scalar) -> bool {
    matches!(value, Scalar::Expr(_)) && bare_word(value).is_some_and(|word| word == "NULL")
}

/// The words that are written without brackets as a default.
fn bare_word(value: &Scalar) -> Option<&'static str> {
    let Scalar::Expr(expr) = value else { return None };
    let [crate::state::Piece::Text(text)] = expr.pieces.as_slice() else { return None };
    let text = text.trim();
    ["NULL", "CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "TRUE", "FALSE"]
        .into_iter()
        .find(|word| text.eq_ignore_ascii_case(word))
}

/// A value behind DEFAULT: a literal, a word of SQL's own, or an expression in brackets.
pub(super) fn default(backend: Backend, value: &Scalar, column: &Column, table: &Table) -> Result<String, RenderError> {
    let word = bare_word(value);
    if backend == Backend::Mysql {
        return default_on_mysql(word, value, column, table);
    }
    if let Some(word) = word {
        return Ok(word.to_owned());
    }
    let sql = scalar(backend, value, column, table)?;
    Ok(if is_constant(value) { sql } else { format!("({sql})") })
}

/// A moment has the digits of its column's type; a text takes any default in brackets only; so do words but NULL and
/// truth.
fn default_on_mysql(word: Option<&str>, value: &Scalar, column: &Column, table: &Table) -> Result<String, RenderError> {
    let backend = Backend::Mysql;
    let moment = matches!(column.data_type, DataType::DateTime | DataType::TimestampTz);
    Ok(match word {
        Some("CURRENT_TIMESTAMP") if moment => "CURRENT_TIMESTAMP(6)".to_owned(),
        Some(word @ ("NULL" | "TRUE" | "FALSE")) => word.to_owned(),
        Some(word) => format!("({word})"),
        None => {
            let sql = scalar(backend, value, column, table)?;
            let long = matches!(column.data_type, DataType::Text | DataType::Blob | DataType::Json | DataType::Jsonb);
            let bare = matches!(value, Scalar::Literal(_)) && !long;
            if bare { sql } else { format!("({sql})") }
        }
    })
}

/// Whether a default is a constant to SQLite, which adds no column with another to a table with rows.
pub(super) fn is_constant(value: &Scalar) -> bool {
    match value {
        Scalar::Literal(Literal::String(text)) => !text.contains('\0'),
        Scalar::Literal(_) => true,
        Scalar::Expr(_) => bare_word(value).is_some_and(|word| !word.starts_with("CURRENT_")),
    }
}

/// A literal of a column's type.
fn literal(backend: Backend, value: &Literal, column: &Column) -> Result<String, RenderError> {
    Ok(match value {
        Literal::Bool(value) => sea::value(backend, &Value::Bool(Some(*value))),
        Literal::Array(items) => {
            let element = Column { data_type: element(&column.data_type).clone(), ..column.clone() };
            let items: Result<Vec<String>, _> = items.iter().map(|item| literal(backend, item, &element)).collect();
            format!("ARRAY[{}]::{}", items?.join(", "), type_name(backend, &column.data_type))
        }
        Literal::Integer(value) => sea::value(backend, &Value::BigInt(Some(*value))),
        Literal::Float(value) => float(backend, *value, column)?,
        Literal::Bytes(hex) => sea::value(backend, &Value::Bytes(Some(bytes(hex)))),
        Literal::String(text) if column.data_type == DataType::Uuid => uuid(backend, text),
        Literal::String(text) if text.contains('\0') => match backend {
            // A NUL ends SQLite's reading of the SQL, so the text goes in as bytes.
            Backend::Sqlite => {
                format!("CAST({} AS TEXT)", sea::value(backend, &Value::Bytes(Some(text.clone().into_bytes()))))
            }
            Backend::Postgres => {
                return Err(RenderError::unsupported(format!(
                    "PostgreSQL keeps no NUL characters in texts, and a value of `{}` has one",
                    column.name
                )));
            }
            Backend::Mysql => backend.string(text),
        },
        Literal::String(text) => backend.string(text),
        Literal::Date(text) | Literal::Time(text) => backend.string(text),
        Literal::DateTime(text) => backend.string(&spaced(text)),
        Literal::OffsetDateTime(text) => match backend {
            Backend::Sqlite | Backend::Mysql => backend.string(&in_utc(text)),
            Backend::Postgres => backend.string(&spaced(text)),
        },
    })
}

/// Bytes from their digits.
fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    digits.filter_map(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok()).collect()
}

/// A UUID: 16 bytes on MySQL, else as PostgreSQL prints it.
fn uuid(backend: Backend, text: &str) -> String {
    let Some(digits) = uuid_digits(text) else { return backend.string(text) };
    if backend == Backend::Mysql {
        return sea::value(backend, &Value::Bytes(Some(bytes(&digits))));
    }
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32].map(|group| digits.get(group).unwrap_or_default());
    backend.string(&groups.join("-"))
}

fn float(backend: Backend, value: f64, column: &Column) -> Result<String, RenderError> {
    if value.is_finite() {
        return Ok(sea::value(backend, &Value::Double(Some(value))));
    }
    match backend {
        // SQLite's own way to write them: too large for a double.
        Backend::Sqlite if !value.is_nan() => Ok(if value > 0.0 { "9e999" } else { "-9e999" }.to_owned()),
        Backend::Sqlite | Backend::Mysql => {
            let (title, column) = (backend.title(), &column.name);
            let message = format!("{title} has no such value, and a value of `{column}` is it: {value}");
            Err(RenderError::unsupported(message))
        }
        Backend::Postgres if value.is_nan() => Ok(backend.string("NaN")),
        Backend::Postgres => Ok(backend.string(if value > 0.0 { "Infinity" } else { "-Infinity" })),
    }
}

/// A date and time as databases print it: a space in the middle.
fn spaced(text: &str) -> String {
    text.replacen(['T', 't'], " ", 1)
}

/// An instant as SQLite's `CURRENT_TIMESTAMP` writes it: in UTC, without a zone.
fn in_utc(text: &str) -> String {
    match text.parse::<jiff::Timestamp>() {
        Ok(instant) => spaced(instant.to_string().trim_end_matches('Z')),
        Err(_) => spaced(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{ColumnId, Expr};

    fn column(data_type: DataType) -> Column {
        Column {
            id: ColumnId(1),
            name: "c".into(),
            data_type,
            null: false,
            default: None,
            auto_increment: false,
            sequence: None,
            comment: None,
            generated: None,
            collation: None,
        }
    }

    fn written(value: &Literal) -> (String, String) {
        let column = column(DataType::Text);
        let write = |backend| literal(backend, value, &column).unwrap_or_else(|error| error.message);
        (write(Backend::Sqlite), write(Backend::Postgres))
    }

    #[test]
    fn literals_are_quoted() {
        assert_eq!(written(&Literal::Bool(true)), ("TRUE".into(), "TRUE".into()));
        assert_eq!(written(&Literal::Integer(-7)), ("-7".into(), "-7".into()));
        assert_eq!(written(&Literal::Float(1.5)), ("1.5".into(), "1.5".into()));
        assert_eq!(written(&Literal::String("it's".into())), ("'it''s'".into(), "'it''s'".into()));
    }

    #[test]
    fn times_are_written_as_databases_print_them() {
        let local = Literal::DateTime("1979-05-27T07:32:00".into());
        assert_eq!(written(&local), ("'1979-05-27 07:32:00'".into(), "'1979-05-27 07:32:00'".into()));
        let instant = Literal::OffsetDateTime("1979-05-27T00:32:00.5-07:00".into());
        assert_eq!(written(&instant), ("'1979-05-27 07:32:00.5'".into(), "'1979-05-27 00:32:00.5-07:00'".into()));
    }

    #[test]
    fn a_nul_is_bytes_on_sqlite_and_refused_on_postgres() {
        let (sqlite, postgres) = written(&Literal::String("a\0b".into()));
        assert_eq!(sqlite, "CAST(x'610062' AS TEXT)");
        assert_eq!(postgres, "PostgreSQL keeps no NUL characters in texts, and a value of `c` has one");
    }

    #[test]
    fn defaults_are_constants_words_or_in_brackets() {
        let column = column(DataType::Text);
        let table = crate::render::fixture::table(1, "t", vec![]);
        let write = |value: &Scalar| default(Backend::Sqlite, value, &column, &table).unwrap();
        assert_eq!(write(&Scalar::Literal(Literal::String("draft".into()))), "'draft'");
        assert_eq!(write(&Scalar::Expr(Expr::text(" current_timestamp "))), "CURRENT_TIMESTAMP");
        assert_eq!(write(&Scalar::Expr(Expr::text("lower('A')"))), "(lower('A'))");
        assert_eq!(write(&Scalar::Literal(Literal::String("\0".into()))), "(CAST(x'00' AS TEXT))");
    }
}
