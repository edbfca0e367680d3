//! Type words: from what an author writes to [`DataType`], and what was meant by
//! the words of other tools.

use std::sync::Arc;

use super::reader::{Reader, Val};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::ident::TableName;
use crate::operation::{Branch, ByBackend, DataType, EnumType};

/// The longest `char` and `string`, in characters (PostgreSQL's limit).
const MAX_LENGTH: u32 = 10_485_760;
/// The most digits of a `decimal` (PostgreSQL's limit).
const MAX_DIGITS: u32 = 1000;
/// The longest `binary`, in bytes (what a row of MySQL holds).
const MAX_BYTES: u32 = 65_532;
/// The longest `vector` (that of its extension).
const MAX_NUMBERS: u32 = 16_000;
/// What `string` alone is.
const STRING_LENGTH: u32 = 255;

/// The portable type words, for "did you mean".
pub(super) const WORDS: &[&str] = &[
    "smallint",
    "integer",
    "bigint",
    "float",
    "double",
    "decimal",
    "boolean",
    "char",
    "string",
    "text",
    "date",
    "time",
    "datetime",
    "timestamptz",
    "binary",
    "blob",
    "json",
    "jsonb",
    "uuid",
    "interval",
    "inet",
    "cidr",
    "macaddr",
    "vector",
    "int",
    "int2",
    "int4",
    "int8",
    "varchar",
    "bool",
    "numeric",
    "real",
    "float8",
];

/// What a type word turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// A portable type.
    Known(DataType),
    /// A known word, wrongly written; the message and what to write.
    Wrong(String, String),
    /// No word of the language; what was probably meant.
    Unknown(Option<String>),
}

/// Reads a type word. Case and spaces around do not count.
pub(super) fn read(written: &str) -> Word {
    let lower = written.trim().to_ascii_lowercase();
    if lower.len() > 200 {
        return Word::Unknown(None);
    }
    if let Some(element) = written.trim().strip_suffix("[]") {
        return match read(element) {
            Word::Known(DataType::Array(_)) => Word::Wrong(
                format!("`{}` is a list of lists", written.trim()),
                "PostgreSQL's lists have any number of dimensions: one `[]` says it".into(),
            ),
            Word::Known(of) => Word::Known(DataType::Array(Arc::new(of))),
            Word::Unknown(None) if element.trim().is_empty() => Word::Unknown(None),
            other => other,
        };
    }
    if let Some(name) = enum_name(written.trim()) {
        return name;
    }
    let (head, arguments) = match lower.split_once('(') {
        Some((head, rest)) => match rest.strip_suffix(')') {
            Some(arguments) => (head, Some(arguments)),
            None => return Word::Unknown(None),
        },
        None => (lower.as_str(), None),
    };
    let words: Vec<&str> = head.split_whitespace().collect();
    let (unsigned, name) = match words.as_slice() {
        ["unsigned", name] => (true, *name),
        [name] => (false, *name),
        _ => return Word::Unknown(foreign(&words.join(" "))),
    };
    let numbers: Option<Vec<u32>> =
        arguments.map(|list| list.split(',').map(|n| n.trim().parse().ok()).collect()).unwrap_or(Some(Vec::new()));
    let Some(numbers) = numbers else { return Word::Unknown(None) };
    let word = sized(name, unsigned, &numbers);
    match &word {
        Word::Known(data_type) if unsigned && !data_type.is_integer() => Word::Wrong(
            format!("`{written}`: only integer types can be unsigned"),
            "`unsigned smallint`, `unsigned integer` or `unsigned bigint`".into(),
        ),
        Word::Known(_) if arguments.is_some() && numbers.is_empty() => Word::Unknown(Some(name.into())),
        _ => word,
    }
}

/// `enum(name)` and `enum(schema.name)`; `None` for another type. Names have their case.
fn enum_name(written: &str) -> Option<Word> {
    let head = written.get(..4).filter(|head| head.eq_ignore_ascii_case("enum"))?;
    let rest = written.get(head.len()..)?.trim_start();
    let wrong = || {
        let help = "`enum(state)`: the values stand in `create_enum = \"state\"`";
        Word::Wrong(format!("`{written}` does not name an enum"), help.into())
    };
    if rest.is_empty() {
        return Some(wrong());
    }
    let name = rest.strip_prefix('(')?.strip_suffix(')')?.trim();
    let parts: Vec<&str> = name.split('.').map(str::trim).collect();
    let plain = |part: &&str| !part.is_empty() && !part.contains(['\'', '"', '(', ')', ',']);
    let name = match parts.as_slice() {
        [name] if plain(name) => TableName::bare(*name),
        [schema, name] if plain(schema) && plain(name) => {
            TableName { schema: Some((*schema).to_owned()), name: (*name).to_owned() }
        }
        _ => return Some(wrong()),
    };
    Some(Word::Known(DataType::Enum(Arc::new(EnumType { name, values: Vec::new() }))))
}

/// A type by its name and its numbers in brackets.
fn sized(name: &str, unsigned: bool, numbers: &[u32]) -> Word {
    let plain = match name {
        "smallint" | "int2" => DataType::SmallInt { unsigned },
        "integer" | "int" | "int4" => DataType::Integer { unsigned },
        "bigint" | "int8" => DataType::BigInt { unsigned },
        "float" | "real" => DataType::Float,
        "double" | "float8" => DataType::Double,
        "boolean" | "bool" => DataType::Boolean,
        "text" | "mediumtext" | "longtext" => DataType::Text,
        "date" => DataType::Date,
        "time" => DataType::Time,
        "datetime" => DataType::DateTime,
        "timestamptz" => DataType::TimestampTz,
        "decimal" | "numeric" => {
            return match numbers {
                [precision, scale] if *precision > 0 && *precision <= MAX_DIGITS && scale <= precision => {
                    Word::Known(DataType::Decimal { precision: *precision, scale: *scale })
                }
                [_, _] => Word::Wrong(
                    format!("`{name}` has from 1 to {MAX_DIGITS} digits, and no more of them after the point"),
                    "`decimal(10,2)` is ten digits, two of them after the point".into(),
                ),
                _ => Word::Wrong(
                    format!("`{name}` needs its digits: how many in all, and how many after the point"),
                    format!(
                        "`decimal({},{})`",
                        numbers.first().copied().unwrap_or(10),
                        if numbers.is_empty() { 2 } else { 0 }
                    ),
                ),
            };
        }
        "char" | "string" | "varchar" => {
            let make = if name == "char" { DataType::Char } else { DataType::String };
            return match numbers {
                [] if name == "char" => {
                    Word::Wrong("`char` needs its length".into(), "`char(2)` is two characters".into())
                }
                [] => Word::Known(DataType::String(STRING_LENGTH)),
                [n] if (1..=MAX_LENGTH).contains(n) => Word::Known(make(*n)),
                _ => Word::Wrong(
                    format!("`{name}` has one length, from 1 to {MAX_LENGTH} characters"),
                    format!("`{name}(200)`, or `text` for any length"),
                ),
            };
        }
        "binary" | "varbinary" => {
            return match numbers {
                [n] if (1..=MAX_BYTES).contains(n) => Word::Known(DataType::Binary(*n)),
                _ => Word::Wrong(
                    format!("`{name}` has one length, from 1 to {MAX_BYTES} bytes"),
                    format!("`{name}(16)`, or `blob` for any length"),
                ),
            };
        }
        "vector" => {
            return match numbers {
                [n] if (1..=MAX_NUMBERS).contains(n) => Word::Known(DataType::Vector(*n)),
                _ => Word::Wrong(
                    format!("`vector` has one length, from 1 to {MAX_NUMBERS} numbers"),
                    "`vector(3)` is three numbers".into(),
                ),
            };
        }
        "blob" | "bytea" => DataType::Blob,
        "json" => DataType::Json,
        "jsonb" => DataType::Jsonb,
        "uuid" | "guid" | "uniqueidentifier" => DataType::Uuid,
        "interval" => DataType::Interval,
        "inet" => DataType::Inet,
        "cidr" => DataType::Cidr,
        "macaddr" => DataType::Macaddr,
        _ => return Word::Unknown(foreign(name)),
    };
    if numbers.is_empty() {
        Word::Known(plain)
    } else {
        Word::Wrong(format!("`{name}` takes nothing in brackets"), format!("`{plain}`"))
    }
}

/// What a word of other tools or databases is here: a help text.
fn foreign(word: &str) -> Option<String> {
    let help = match word {
        "serial" | "serial4" => "write `{ type = \"integer\", auto_increment = true }`",
        "bigserial" | "serial8" | "identity" | "bigincrements" => {
            "write `{ type = \"bigint\", auto_increment = true }`"
        }
        "smallserial" | "serial2" => "write `{ type = \"smallint\", auto_increment = true }`",
        "increments" | "autoincrement" | "auto_increment" => "write `{ type = \"integer\", auto_increment = true }`",
        "timestamp" | "timestamps" => "did you mean `datetime` (wall clock) or `timestamptz` (an instant)?",
        "timestamp with time zone" | "datetimeoffset" | "instant" => "did you mean `timestamptz`?",
        "timestamp without time zone" | "datetime2" | "smalldatetime" => "did you mean `datetime`?",
        "time without time zone" => "did you mean `time`?",
        "double precision" | "float64" | "f64" => "did you mean `double`?",
        "float4" | "float32" | "f32" | "single" => "did you mean `float`?",
        "character varying" | "nvarchar" | "varchar2" | "str" | "character" => "did you mean `string(n)`?",
        "tinytext" | "clob" | "ntext" | "citext" => "did you mean `text`?",
        "tinyint" => "did you mean `smallint`, or `boolean`?",
        "mediumint" | "int32" | "i32" => "did you mean `integer`?",
        "int64" | "i64" | "long" => "did you mean `bigint`?",
        "int16" | "i16" | "short" => "did you mean `smallint`?",
        "number" => "did you mean `integer`, or `decimal(p,s)`?",
        "money" | "currency" => "did you mean `decimal(19,4)`?",
        "bit" | "logical" => "did you mean `boolean`?",
        "integer unsigned" | "int unsigned" => "did you mean `unsigned integer`?",
        "bigint unsigned" => "did you mean `unsigned bigint`?",
        "smallint unsigned" => "did you mean `unsigned smallint`?",
        _ => return nearest(word, WORDS.iter().copied()).map(|word| format!("did you mean `{word}`?")),
    };
    Some(help.to_owned())
}

/// The words of types in any case, with what may be in brackets behind them, as a regular expression.
pub(super) fn type_pattern() -> String {
    let any_case = |word: &str| -> String {
        let letter = |c: char| match c {
            'a'..='z' => format!("[{c}{}]", c.to_ascii_uppercase()),
            other => other.to_string(),
        };
        word.chars().map(letter).collect()
    };
    // A decimal always has its digits.
    let exact = ["decimal", "numeric"];
    let mut words: Vec<String> = WORDS.iter().filter(|word| !exact.contains(word)).map(|word| any_case(word)).collect();
    let others = ["bytea", "varbinary", "guid", "uniqueidentifier", "mediumtext", "longtext"];
    words.extend(others.iter().map(|word| any_case(word)));
    let unsigned = format!("({}\\s+)?", any_case("unsigned"));
    let digits = "\\(\\s*[0-9]+\\s*(,\\s*[0-9]+\\s*)?\\)";
    let exact = exact.map(any_case).join("|");
    let of_enum = format!("{}\\s*\\([^'\"(),]+\\)", any_case("enum"));
    let plain = format!("{unsigned}({})\\s*({digits})?|({exact})\\s*{digits}|{of_enum}", words.join("|"));
    format!("^\\s*({plain})\\s*(\\[\\])?\\s*$")
}

impl Reader<'_> {
    /// A column's type: a word, or a table by backend. An unknown word is reported and kept
    /// as it stands, so that its column is not missed later.
    pub(super) fn data_type(&mut self, val: Val<'_>) -> Option<ByBackend<DataType>> {
        self.by_backend(val, "a type", |reader, val, branch| {
            let written = reader.string(val)?;
            Some(reader.type_word(val, written, branch))
        })
    }

    fn type_word(&mut self, val: Val<'_>, written: &str, branch: Option<Branch>) -> DataType {
        let own_word = matches!(branch, Some(Branch::Sqlite | Branch::Postgres | Branch::Mysql));
        let verbatim = || DataType::Verbatim(written.trim().to_owned());
        match read(written) {
            Word::Known(data_type) => return data_type,
            Word::Wrong(..) | Word::Unknown(_) if own_word => {}
            Word::Wrong(message, help) => self.wrong_help(val.span, message, help),
            Word::Unknown(meant) => {
                let diagnostic =
                    Diagnostic::new(Code::UnknownType, format!("`{}` is not a portable type", written.trim()))
                        .at(val.span, "");
                self.report(diagnostic.help(meant.unwrap_or_else(|| {
                    "write a database's own type under its key: `type = { postgres = \"…\", default = \"text\" }`"
                        .to_owned()
                })));
            }
        }
        verbatim()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(word: &str) -> DataType {
        match read(word) {
            Word::Known(data_type) => data_type,
            other => panic!("{word}: {other:?}"),
        }
    }

    #[test]
    fn every_type_that_is_shown_reads_back() {
        for word in [
            "smallint",
            "unsigned integer",
            "bigint",
            "float",
            "double",
            "decimal(10,2)",
            "boolean",
            "char(2)",
            "string(200)",
            "text",
            "date",
            "time",
            "datetime",
            "timestamptz",
            "binary(16)",
            "blob",
            "json",
            "jsonb",
            "uuid",
            "interval",
            "inet",
            "cidr",
            "macaddr",
            "vector(3)",
            "enum(Mood)",
            "enum(blog.state)",
            "text[]",
            "decimal(5,2)[]",
            "enum(mood)[]",
        ] {
            assert_eq!(known(word).to_string(), word);
        }
    }

    #[test]
    fn aliases_and_case_do_not_count() {
        assert_eq!(known("INT"), known("integer"));
        assert_eq!(known("varchar(20)"), DataType::String(20));
        assert_eq!(known(" string "), DataType::String(255));
        assert_eq!(known("Numeric(10, 2)"), DataType::Decimal { precision: 10, scale: 2 });
        assert_eq!(known("real"), DataType::Float);
        assert_eq!(known("float8"), DataType::Double);
        assert_eq!(known("longtext"), DataType::Text);
        assert_eq!(known("int8"), DataType::BigInt { unsigned: false });
        assert_eq!(known("bytea"), DataType::Blob);
        assert_eq!(known("UniqueIdentifier"), DataType::Uuid);
        assert_eq!(known("varbinary(8)"), DataType::Binary(8));
        assert_eq!(known("unsigned int2"), DataType::SmallInt { unsigned: true });
    }

    #[test]
    fn what_is_wrong_is_told_from_what_is_unknown() {
        for word in ["enum('a', 'b')", "enum", "enum()", "enum(a.b.c)", "text[][]", "decimal[]"] {
            assert!(matches!(read(word), Word::Wrong(..)), "{word}");
        }
        assert!(matches!(read("geometry"), Word::Unknown(None)));
        assert!(matches!(read("decimal"), Word::Wrong(..)));
        assert!(matches!(read("binary"), Word::Wrong(..)));
        assert!(matches!(read("vector"), Word::Wrong(..)));
        assert!(matches!(read("uuid(3)"), Word::Wrong(..)));
        assert!(matches!(read("decimal(2,3)"), Word::Wrong(..)));
        assert!(matches!(read("integer(11)"), Word::Wrong(..)));
        assert!(matches!(read("unsigned text"), Word::Wrong(..)));
        assert!(matches!(read("serial"), Word::Unknown(Some(_))));
        for odd in ["", "(", ")", "()", "a(", "string()", "string(-1)", "[]", "string(99999999999)", "unsigned"] {
            assert!(!matches!(read(odd), Word::Known(_)), "{odd}");
        }
    }
}
