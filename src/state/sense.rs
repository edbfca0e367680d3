//! Whether an expression makes sense over the types of its columns, on PostgreSQL: it refuses `length(n)` over a
//! number, where SQLite takes anything.
//!
//! Three answers: it surely does, it surely does not, or that cannot be told: a function that is not known here, a
//! type in a database's own words.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "expressions of the parser have hundreds of kinds; what is not judged is not known"
)]

use sqlparser::ast::{
    BinaryOperator, DataType as SqlType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident,
    UnaryOperator, Value,
};

use crate::operation::DataType;

/// Kinds of types between which operators and functions choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Whole,
    Decimal,
    Float,
    Text,
    Bool,
    Date,
    Time,
    Instant,
    /// A literal in quotes, or NULL: it becomes what is asked for.
    Literal,
    /// Not known.
    Any,
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sense {
    /// PostgreSQL takes it.
    Sure,
    /// It may.
    Unsure,
    /// It refuses it.
    Wrong,
}

/// The kind of a column's type on PostgreSQL.
pub(super) const fn kind(data_type: &DataType) -> Kind {
    match data_type {
        DataType::BigInt { unsigned: true } | DataType::Decimal { .. } => Kind::Decimal,
        DataType::SmallInt { .. } | DataType::Integer { .. } | DataType::BigInt { .. } => Kind::Whole,
        DataType::Float | DataType::Double => Kind::Float,
        DataType::Boolean => Kind::Bool,
        DataType::Char(_) | DataType::String(_) | DataType::Text => Kind::Text,
        DataType::Date => Kind::Date,
        DataType::Time => Kind::Time,
        DataType::DateTime | DataType::TimestampTz => Kind::Instant,
        DataType::Binary(_)
        | DataType::Blob
        | DataType::Json
        | DataType::Jsonb
        | DataType::Uuid
        | DataType::Interval
        | DataType::Inet
        | DataType::Cidr
        | DataType::Macaddr
        | DataType::Vector(_)
        | DataType::Enum(_)
        | DataType::Array(_)
        | DataType::Verbatim(_) => Kind::Any,
    }
}

/// What is known of an expression: whether it makes sense, and what it comes to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged {
    pub(super) sense: Sense,
    kind: Kind,
}

impl Judged {
    /// Nothing.
    pub(super) const UNKNOWN: Self = Self { sense: Sense::Unsure, kind: Kind::Any };

    /// The same of one whose value is put into a column, as PostgreSQL converts on assignment.
    pub(super) fn as_value_of(self, column: Kind) -> Sense {
        if self.kind.is_loose() || self.kind.assigns_to(column) { self.sense } else { Sense::Wrong }
    }

    /// The same of one that stands where a condition must.
    pub(super) fn as_condition(self) -> Sense {
        if self.kind.may_be(Kind::Bool) { self.sense } else { Sense::Wrong }
    }
}

/// Judges an expression. `column` gives the kind of a column by how it is named.
pub(super) fn judge(expr: &Expr, column: &dyn Fn(&[Ident]) -> Option<Kind>) -> Judged {
    let mut typing = Typing { column, sure: true };
    match typing.of(expr) {
        Err(Refused) => Judged { sense: Sense::Wrong, kind: Kind::Any },
        Ok(kind) => Judged { sense: if typing.sure { Sense::Sure } else { Sense::Unsure }, kind },
    }
}

/// PostgreSQL has no such operator or function.
struct Refused;

struct Typing<'a> {
    column: &'a dyn Fn(&[Ident]) -> Option<Kind>,
    sure: bool,
}

impl Kind {
    const fn is_number(self) -> bool {
        matches!(self, Self::Whole | Self::Decimal | Self::Float)
    }

    const fn is_loose(self) -> bool {
        matches!(self, Self::Literal | Self::Any)
    }

    /// Whether two kinds can be held against each other.
    fn meets(self, other: Self) -> bool {
        let dates = |kind| matches!(kind, Self::Date | Self::Instant);
        self == other
            || self.is_loose()
            || other.is_loose()
            || self.is_number() && other.is_number()
            || dates(self) && dates(other)
    }

    /// Whether PostgreSQL converts one to the other without being asked to, in an assignment or a change of type.
    pub(super) fn assigns_to(self, column: Self) -> bool {
        let dates = |kind| matches!(kind, Self::Date | Self::Instant);
        self == column
            || matches!(column, Self::Text | Self::Any)
            || self == Self::Any
            || self.is_number() && column.is_number()
            || dates(self) && dates(column)
            || self == Self::Instant && column == Self::Time
    }

    fn may_be(self, wanted: Self) -> bool {
        self == wanted || self.is_loose()
    }

    const fn may_be_number(self) -> bool {
        self.is_number() || self.is_loose()
    }
}

impl Typing<'_> {
    fn unsure(&mut self) -> Kind {
        self.sure = false;
        Kind::Any
    }

    fn of(&mut self, expr: &Expr) -> Result<Kind, Refused> {
        Ok(match expr {
            Expr::Identifier(ident) => self.named(std::slice::from_ref(ident)),
            Expr::CompoundIdentifier(parts) => self.named(parts),
            Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => self.of(inner)?,
            Expr::Value(value) => self.value(&value.value),
            Expr::IsNull(inner) | Expr::IsNotNull(inner) => {
                self.of(inner)?;
                Kind::Bool
            }
            Expr::IsTrue(inner) | Expr::IsFalse(inner) | Expr::IsNotTrue(inner) | Expr::IsNotFalse(inner) => {
                self.wants(inner, Kind::Bool)?
            }
            Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => self.compare(left, right)?,
            Expr::InList { expr, list, .. } => {
                for other in list {
                    self.compare(expr, other)?;
                }
                Kind::Bool
            }
            Expr::Between { expr, low, high, .. } => {
                self.compare(expr, low)?;
                self.compare(expr, high)?
            }
            Expr::Like { expr, pattern, .. }
            | Expr::ILike { expr, pattern, .. }
            | Expr::SimilarTo { expr, pattern, .. } => {
                self.wants(expr, Kind::Text)?;
                self.wants(pattern, Kind::Text)?;
                Kind::Bool
            }
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => self.wants(expr, Kind::Bool)?,
            Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr } => self.number(expr)?,
            Expr::BinaryOp { left, op, right } => self.operator(left, op, right)?,
            Expr::Cast { expr, data_type, .. } => {
                self.of(expr)?;
                self.sql_type(data_type)
            }
            Expr::Ceil { expr, .. } | Expr::Floor { expr, .. } => self.number(expr)?,
            Expr::Trim { expr, trim_what: None, trim_characters: None, .. } => self.wants(expr, Kind::Text)?,
            Expr::Substring { expr, .. } => {
                self.wants(expr, Kind::Text)?;
                self.unsure();
                Kind::Text
            }
            Expr::Function(function) => self.function(function)?,
            _ => self.unsure(),
        })
    }

    fn named(&mut self, parts: &[Ident]) -> Kind {
        match (self.column)(parts) {
            Some(Kind::Any) | None => self.unsure(),
            Some(kind) => kind,
        }
    }

    fn value(&mut self, value: &Value) -> Kind {
        match value {
            Value::Number(number, _) if number.bytes().all(|byte| byte.is_ascii_digit()) => Kind::Whole,
            Value::Number(..) => Kind::Decimal,
            Value::SingleQuotedString(_) | Value::Null => Kind::Literal,
            Value::Boolean(_) => Kind::Bool,
            _ => self.unsure(),
        }
    }

    fn wants(&mut self, expr: &Expr, wanted: Kind) -> Result<Kind, Refused> {
        if self.of(expr)?.may_be(wanted) { Ok(wanted) } else { Err(Refused) }
    }

    fn number(&mut self, expr: &Expr) -> Result<Kind, Refused> {
        let kind = self.of(expr)?;
        if kind.may_be_number() { Ok(kind) } else { Err(Refused) }
    }

    fn compare(&mut self, left: &Expr, right: &Expr) -> Result<Kind, Refused> {
        let kinds = (self.of(left)?, self.of(right)?);
        for (kind, other) in [(kinds.0, right), (kinds.1, left)] {
            // A literal must be one of that type.
            let Some(text) = literal(other) else { continue };
            match kind {
                Kind::Text | Kind::Literal => {}
                Kind::Whole if text.trim().parse::<i32>().is_ok() => {}
                kind if kind.is_number() && !text.bytes().any(|byte| byte.is_ascii_alphanumeric()) => {
                    return Err(Refused);
                }
                _ => self.sure = false,
            }
        }
        if kinds.0.meets(kinds.1) { Ok(Kind::Bool) } else { Err(Refused) }
    }

    fn operator(&mut self, left: &Expr, op: &BinaryOperator, right: &Expr) -> Result<Kind, Refused> {
        match op {
            BinaryOperator::And | BinaryOperator::Or => {
                self.wants(left, Kind::Bool)?;
                self.wants(right, Kind::Bool)
            }
            BinaryOperator::Eq
            | BinaryOperator::NotEq
            | BinaryOperator::Gt
            | BinaryOperator::GtEq
            | BinaryOperator::Lt
            | BinaryOperator::LtEq => self.compare(left, right),
            BinaryOperator::Plus
            | BinaryOperator::Minus
            | BinaryOperator::Multiply
            | BinaryOperator::Divide
            | BinaryOperator::Modulo => {
                let (a, b) = (self.of(left)?, self.of(right)?);
                let no_number = |kind| matches!(kind, Kind::Text | Kind::Bool);
                if no_number(a)
                    || no_number(b)
                    || *op == BinaryOperator::Modulo && (a == Kind::Float || b == Kind::Float)
                {
                    // A literal beside a text stands for more than these.
                    return if a.is_loose() || b.is_loose() { Ok(self.unsure()) } else { Err(Refused) };
                }
                Ok(match (a, b) {
                    (Kind::Whole, Kind::Whole) => Kind::Whole,
                    (Kind::Float, b) if b.is_number() => Kind::Float,
                    (a, Kind::Float) if a.is_number() => Kind::Float,
                    (a, b) if a.is_number() && b.is_number() => Kind::Decimal,
                    _ => self.unsure(),
                })
            }
            BinaryOperator::StringConcat => {
                let (a, b) = (self.of(left)?, self.of(right)?);
                match (a, b) {
                    (Kind::Text, _) | (_, Kind::Text) => Ok(Kind::Text),
                    (a, b) if a.is_loose() || b.is_loose() => {
                        self.unsure();
                        Ok(Kind::Text)
                    }
                    _ => Err(Refused),
                }
            }
            BinaryOperator::PGRegexMatch
            | BinaryOperator::PGRegexIMatch
            | BinaryOperator::PGRegexNotMatch
            | BinaryOperator::PGRegexNotIMatch => {
                self.wants(left, Kind::Text)?;
                self.wants(right, Kind::Text)?;
                Ok(Kind::Bool)
            }
            _ => {
                self.of(left)?;
                self.of(right)?;
                Ok(self.unsure())
            }
        }
    }

    fn function(&mut self, function: &Function) -> Result<Kind, Refused> {
        let name = function.name.to_string().to_ascii_lowercase();
        let args = match &function.args {
            FunctionArguments::List(list) => list.args.as_slice(),
            FunctionArguments::None | FunctionArguments::Subquery(_) => &[],
        };
        let mut kinds = Vec::with_capacity(args.len());
        for arg in args {
            let FunctionArg::Unnamed(FunctionArgExpr::Expr(arg)) = arg else { return Ok(self.unsure()) };
            kinds.push(self.of(arg)?);
        }
        match (name.as_str(), kinds.as_slice()) {
            ("length" | "char_length" | "character_length" | "octet_length", [text]) => {
                if text.may_be(Kind::Text) {
                    Ok(Kind::Whole)
                } else {
                    Err(Refused)
                }
            }
            ("lower" | "upper" | "initcap" | "trim" | "btrim" | "ltrim" | "rtrim" | "md5" | "reverse", [text]) => {
                if text.may_be(Kind::Text) {
                    Ok(Kind::Text)
                } else {
                    Err(Refused)
                }
            }
            ("left" | "right" | "repeat" | "substr", [text, ..]) => {
                if !text.may_be(Kind::Text) {
                    return Err(Refused);
                }
                self.unsure();
                Ok(Kind::Text)
            }
            ("abs", [number]) => {
                if number.may_be_number() {
                    Ok(*number)
                } else {
                    Err(Refused)
                }
            }
            ("coalesce" | "nullif" | "greatest" | "least", [first, rest @ ..]) => {
                let known = kinds.iter().copied().find(|kind| !kind.is_loose()).unwrap_or(*first);
                if !rest.iter().all(|kind| known.meets(*kind)) {
                    return Err(Refused);
                }
                // What a literal among them stands for is not looked at.
                self.sure &= known == Kind::Text || !kinds.contains(&Kind::Literal);
                Ok(known)
            }
            ("now", []) => Ok(Kind::Instant),
            _ => Ok(self.unsure()),
        }
    }

    fn sql_type(&mut self, data_type: &SqlType) -> Kind {
        match data_type {
            SqlType::Int(_) | SqlType::Integer(_) | SqlType::BigInt(_) | SqlType::SmallInt(_) => Kind::Whole,
            SqlType::Text | SqlType::Varchar(_) | SqlType::CharacterVarying(_) => Kind::Text,
            SqlType::Boolean | SqlType::Bool => Kind::Bool,
            SqlType::Numeric(_) | SqlType::Decimal(_) => Kind::Decimal,
            SqlType::Date => Kind::Date,
            _ => self.unsure(),
        }
    }
}

/// The text of a literal in quotes.
fn literal(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text),
            _ => None,
        },
        Expr::Nested(inner) => literal(inner),
        _ => None,
    }
}
