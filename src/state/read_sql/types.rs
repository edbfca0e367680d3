//! Types and defaults of raw SQL: portable where they clearly are, else taken as they stand.

use sqlparser::ast::{
    CharacterLength, DataType as Sql, ExactNumberInfo, Expr as SqlExpr, TimezoneInfo, UnaryOperator, Value,
};

use super::Reader;
use crate::backend::Backend;
use crate::operation::{DataType, Literal};
use crate::state::bind::bind;
use crate::state::{Column, Expr, Scalar, Table};

impl Reader<'_, '_> {
    /// The type that a column has in the state.
    pub(super) fn data_type(&self, sql: &Sql) -> DataType {
        portable(sql, self.backend() == Backend::Sqlite).unwrap_or_else(|| DataType::Verbatim(sql.to_string()))
    }

    /// A default, as near to a literal as it surely is; `None` for NULL.
    pub(super) fn default_value(&self, sql: &SqlExpr, column: &Column, table: &Table) -> Option<Scalar> {
        let mut inner = sql;
        while let SqlExpr::Nested(nested) = inner {
            inner = nested;
        }
        let of = |expr: &SqlExpr| match expr {
            SqlExpr::Value(value) => literal(&value.value, &column.data_type),
            _ => None,
        };
        let value = match inner {
            SqlExpr::Value(value) if value.value == Value::Null => return None,
            SqlExpr::UnaryOp { op: UnaryOperator::Minus, expr } => of(expr).and_then(|literal| negated(&literal)),
            _ => of(inner),
        };
        // No column is one of a default.
        let bare = Table { columns: Vec::new(), ..table.clone() };
        match value.filter(|literal| literal.fits(&column.data_type)) {
            Some(literal) => Some(Scalar::Literal(literal)),
            None => Some(Scalar::Expr(self.bound(sql, &bare))),
        }
    }

    /// An expression, bound to the table; unknown names in it are left to the database.
    pub(super) fn bound(&self, sql: &SqlExpr, table: &Table) -> Expr {
        bind(&sql.to_string(), table, self.backend()).expr
    }
}

/// The portable type that a type clearly is. SQLite keeps the word it was given, so there only words that
/// are written the same way again are portable.
fn portable(sql: &Sql, sqlite: bool) -> Option<DataType> {
    let length = |length: &Option<CharacterLength>| match length {
        Some(CharacterLength::IntegerLength { length, unit: None }) => u32::try_from(*length).ok(),
        _ => None,
    };
    Some(match sql {
        Sql::Integer(None) => DataType::Integer { unsigned: false },
        Sql::Int(None) | Sql::Int4(None) if !sqlite => DataType::Integer { unsigned: false },
        Sql::SmallInt(None) => DataType::SmallInt { unsigned: false },
        Sql::Int2(None) if !sqlite => DataType::SmallInt { unsigned: false },
        // On SQLite `bigint` is another word, which numbers no rows.
        Sql::BigInt(None) | Sql::Int8(None) if !sqlite => DataType::BigInt { unsigned: false },
        Sql::Text => DataType::Text,
        Sql::Varchar(n) => DataType::String(length(n)?),
        Sql::CharacterVarying(n) | Sql::CharVarying(n) if !sqlite => DataType::String(length(n)?),
        Sql::Char(None) | Sql::Character(None) if !sqlite => DataType::Char(1),
        Sql::Char(n) => DataType::Char(length(n)?),
        Sql::Character(n) if !sqlite => DataType::Char(length(n)?),
        Sql::Boolean => DataType::Boolean,
        Sql::Bool if !sqlite => DataType::Boolean,
        Sql::Real | Sql::Float4 if !sqlite => DataType::Float,
        Sql::DoublePrecision | Sql::Float8 | Sql::Float(ExactNumberInfo::None) if !sqlite => DataType::Double,
        Sql::Decimal(ExactNumberInfo::PrecisionAndScale(precision, scale)) => {
            DataType::Decimal { precision: u32::try_from(*precision).ok()?, scale: u32::try_from(*scale).ok()? }
        }
        Sql::Numeric(ExactNumberInfo::PrecisionAndScale(precision, scale)) if !sqlite => {
            DataType::Decimal { precision: u32::try_from(*precision).ok()?, scale: u32::try_from(*scale).ok()? }
        }
        Sql::Decimal(ExactNumberInfo::Precision(precision)) | Sql::Numeric(ExactNumberInfo::Precision(precision))
            if !sqlite =>
        {
            DataType::Decimal { precision: u32::try_from(*precision).ok()?, scale: 0 }
        }
        Sql::Date => DataType::Date,
        Sql::Time(None, TimezoneInfo::None) => DataType::Time,
        Sql::Time(None, TimezoneInfo::WithoutTimeZone) if !sqlite => DataType::Time,
        Sql::Datetime(None) if sqlite => DataType::DateTime,
        Sql::Timestamp(None, TimezoneInfo::None) if sqlite => DataType::TimestampTz,
        Sql::Timestamp(None, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) if !sqlite => DataType::DateTime,
        Sql::Timestamp(None, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) if !sqlite => DataType::TimestampTz,
        Sql::Blob(None) if sqlite => DataType::Blob,
        Sql::Bytea => DataType::Blob,
        Sql::Uuid if !sqlite => DataType::Uuid,
        Sql::JSON if !sqlite => DataType::Json,
        Sql::JSONB if !sqlite => DataType::Jsonb,
        Sql::Unspecified => DataType::Verbatim(String::new()),
        _ => return None,
    })
}

fn literal(value: &Value, data_type: &DataType) -> Option<Literal> {
    match value {
        Value::Number(digits, false) => match digits.parse::<i64>() {
            Ok(number) => Some(Literal::Integer(number)),
            Err(_) if matches!(data_type, DataType::Float | DataType::Double) => {
                digits.parse().ok().map(Literal::Float)
            }
            Err(_) => None,
        },
        Value::SingleQuotedString(text) => {
            let text = text.replace("''", "'");
            matches!(data_type, DataType::Text | DataType::String(_) | DataType::Char(_) | DataType::Decimal { .. })
                .then_some(Literal::String(text))
        }
        Value::Boolean(value) => (*data_type == DataType::Boolean).then_some(Literal::Bool(*value)),
        _ => None,
    }
}

fn negated(literal: &Literal) -> Option<Literal> {
    match literal {
        Literal::Integer(number) => number.checked_neg().map(Literal::Integer),
        Literal::Float(number) => Some(Literal::Float(-*number)),
        _ => None,
    }
}

/// Whether a type numbers its column: `serial` and its kin, with the word PostgreSQL takes again.
pub(super) fn is_serial(sql: &Sql) -> bool {
    let Sql::Custom(name, modifiers) = sql else { return false };
    let word = name.to_string().to_ascii_lowercase();
    modifiers.is_empty()
        && ["serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"].contains(&word.as_str())
}
