//! Rows that a change would give another value than they have, or one that nobody wrote. MySQL and MariaDB do so silently,
//! strict mode or not: a new NOT NULL column gets 0, '' or its enum's first value; a number, or a text that is one, becomes
//! the enum's value at that place; MariaDB makes a NULL timestamp the time of now. Such rows are counted before the statement
//! runs, and where there are any, it does not.

use super::BACKEND;
use crate::operation::{DataType, EnumType};
use crate::render::model::{Finding, Unfit};
use crate::render::table_change::TableChange;
use crate::render::{rows, value};
use crate::state::{Change, Column, Constraint, Scalar, Table};

/// Whether a column comes without a value for the rows that exist: the server would make one up.
pub(super) fn has_no_value(column: &Column, fill: Option<&Scalar>) -> bool {
    let default = column.default.as_ref().filter(|value| !value::is_null(value));
    !column.null && fill.or(default).is_none() && !column.auto_increment && column.generated.is_none()
}

/// What a change could do to rows, asked on its table before it. `start` is the table before the whole run, where nothing of
/// the run has changed rows by then.
pub(super) fn of(change: &Change, before: &Table, start: Option<&Table>) -> Vec<Unfit> {
    let Some(change) = TableChange::of(change) else { return Vec::new() };
    let same = |start: &&Table| {
        change.values().is_none_or(|(column, using, fill)| {
            using.is_none() && fill.is_none() && start.column(column) == before.column(column)
        })
    };
    let start = start.filter(same);
    let mut found = problems(change, before);
    let then = start.map(|start| problems(change, start)).filter(|then| then.len() == found.len());
    for (one, then) in found.iter_mut().zip(then.unwrap_or_default()) {
        one.before_the_run = Some(then.sql);
    }
    found
}

fn unfit(finds: String, does: &str, help: &'static str, sql: String) -> Unfit {
    Unfit { finding: Finding::Rows { finds, does: does.to_owned() }, help, sql, before_the_run: None }
}

/// Rows of a column that becomes NOT NULL, which are NULL.
pub(super) fn left_null(column: &Column, table: &Table) -> Unfit {
    unfit(
        format!("`{}.{}` becomes NOT NULL, and", table.name, column.name),
        "would have no value for it",
        "give them a value first: in SQL, or by a `[[down]]` of its own where this is a way down",
        count(table, Some(format!("{} IS NULL", BACKEND.ident(&column.name)))),
    )
}

fn count(table: &Table, condition: Option<String>) -> String {
    rows::count(BACKEND, &table.name, condition)
}

fn problems(change: TableChange<'_>, table: &Table) -> Vec<Unfit> {
    let titled = |column: &Column| format!("`{}.{}`", table.name, column.name);
    let null = |column: &Column| left_null(column, table);
    match change {
        TableChange::AddColumn { column, fill } if has_no_value(column, fill) => vec![unfit(
            format!("{} is NOT NULL without a default, and", titled(column)),
            "would have no value for it",
            "say which value they get: `fill = …` on an `add_column`, `refill = …` on the `drop_column` that is undone",
            count(table, None),
        )],
        TableChange::AddConstraint(Constraint::PrimaryKey(key)) => {
            key.columns.iter().filter_map(|id| table.column(*id)).filter(|column| column.null).map(null).collect()
        }
        TableChange::AlterColumn { column, patch, using, .. } => {
            let Some(from) = table.column(column) else { return Vec::new() };
            let name = BACKEND.ident(&from.name);
            let mut found = Vec::new();
            let numbers = patch.auto_increment.as_ref().is_some_and(|(on, _)| *on) && !from.auto_increment;
            if numbers {
                found.push(unfit(
                    format!("{} numbers itself from here on, and", titled(from)),
                    "would get another number",
                    "a 0 or NULL there becomes the next number: give these rows numbers first",
                    count(table, Some(format!("{name} IS NULL OR {name} = 0"))),
                ));
            } else if from.null && patch.null == Some(false) {
                found.push(null(from));
            }
            let changes = patch.data_type.as_ref().and_then(|to| {
                let test = Test::of(&from.data_type, to)?;
                // How else, its author says.
                (using.is_none() || matches!(test, Test::OneOf(_))).then_some((to, test))
            });
            if let Some((to, test)) = changes {
                found.push(unfit(
                    format!("{} becomes {to}, and", titled(from)),
                    "would not fit",
                    "`using = \"…\"` (`using_down` for the way back) says how values are converted",
                    count(table, Some(format!("{name} IS NOT NULL{}", test.fails(&name)))),
                ));
            }
            found
        }
        TableChange::AddColumn { .. }
        | TableChange::DropColumn(_)
        | TableChange::AddIndex(_)
        | TableChange::DropIndex(_)
        | TableChange::RenameIndex
        | TableChange::AddConstraint(_)
        | TableChange::DropConstraint(..)
        | TableChange::RenameConstraint => Vec::new(),
    }
}

/// What a value has to be, so that the server keeps it or refuses it by itself.
#[derive(Debug, PartialEq)]
enum Test<'t> {
    /// Nothing: the server takes any for something else.
    Never,
    /// One of these texts, to the letter.
    OneOf(&'t EnumType),
    /// A text of that pattern.
    Like(&'static str),
    /// So many bytes: fewer are filled up.
    Bytes(u32),
}

/// Types by what the server makes of one where another is wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Integer,
    Number,
    /// Also binary and JSON, which are read as texts where a number or a moment is wanted.
    Text,
    Date,
    Moment,
    Time,
    Uuid,
    /// An enum, or one in its author's words: it has a number for each value.
    Enum,
    /// In its author's words.
    Unknown,
}

fn kind(of: &DataType) -> Kind {
    match of {
        DataType::SmallInt { .. } | DataType::Integer { .. } | DataType::BigInt { .. } | DataType::Boolean => {
            Kind::Integer
        }
        DataType::Float | DataType::Double | DataType::Decimal { .. } => Kind::Number,
        DataType::Char(_)
        | DataType::String(_)
        | DataType::Text
        | DataType::Binary(_)
        | DataType::Blob
        | DataType::Json
        | DataType::Jsonb => Kind::Text,
        DataType::Date => Kind::Date,
        DataType::DateTime | DataType::TimestampTz => Kind::Moment,
        DataType::Time => Kind::Time,
        DataType::Uuid => Kind::Uuid,
        DataType::Enum(_) => Kind::Enum,
        DataType::Verbatim(word) => {
            let word = word.trim_start().to_lowercase();
            if word.starts_with("enum") || word.starts_with("set") { Kind::Enum } else { Kind::Unknown }
        }
        DataType::Interval
        | DataType::Inet
        | DataType::Cidr
        | DataType::Macaddr
        | DataType::Vector(_)
        | DataType::Array(_) => Kind::Unknown,
    }
}

impl<'t> Test<'t> {
    /// What values of one type have to be to become another's; `None` where the server itself refuses what does not fit, or
    /// rounds and cuts as the other databases do.
    fn of(from: &DataType, to: &'t DataType) -> Option<Self> {
        if let (DataType::Enum(was), DataType::Enum(is)) = (from, to) {
            return (!was.values.iter().all(|value| is.values.contains(value))).then_some(Self::OneOf(is));
        }
        match (kind(from), kind(to)) {
            (Kind::Text | Kind::Enum | Kind::Unknown, _) if matches!(to, DataType::Enum(_)) => {
                if let DataType::Enum(is) = to { Some(Self::OneOf(is)) } else { None }
            }
            (Kind::Text, Kind::Uuid) if matches!(from, DataType::Binary(_) | DataType::Blob) => Some(Self::Bytes(16)),
            (Kind::Uuid, Kind::Text) if matches!(to, DataType::Binary(_) | DataType::Blob) => None,
            (Kind::Text, Kind::Integer) => Some(Self::Like("^[[:space:]]*[-+]?[0-9]+[[:space:]]*$")),
            (Kind::Text, Kind::Number) => {
                Some(Self::Like("^[[:space:]]*[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?[[:space:]]*$"))
            }
            (Kind::Text, Kind::Date) => Some(Self::Like("^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}$")),
            (Kind::Text, Kind::Moment) => Some(Self::Like(
                "^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?)?$",
            )),
            (Kind::Text, Kind::Time) => Some(Self::Like("^-?[0-9]{1,3}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?$")),
            (Kind::Integer | Kind::Number, Kind::Integer | Kind::Number | Kind::Text)
            | (Kind::Date | Kind::Moment, Kind::Date | Kind::Moment | Kind::Text)
            | (Kind::Moment | Kind::Time, Kind::Time)
            | (Kind::Text | Kind::Enum, Kind::Text | Kind::Enum)
            | (Kind::Time, Kind::Text)
            | (Kind::Uuid, Kind::Uuid)
            | (Kind::Unknown, _)
            | (_, Kind::Unknown) => None,
            _ => Some(Self::Never),
        }
    }

    /// The condition, behind others, of rows whose value is something else.
    fn fails(&self, column: &str) -> String {
        let text = format!("CONVERT({column} USING utf8mb4)");
        let holds = match self {
            Self::Never => return String::new(),
            Self::OneOf(of) => {
                let values: Vec<String> = of.values.iter().map(|value| BACKEND.string(value)).collect();
                format!("CAST({text} AS BINARY) IN ({})", values.join(", "))
            }
            Self::Like(pattern) => format!("{text} REGEXP '{pattern}'"),
            Self::Bytes(count) => format!("LENGTH({column}) = {count}"),
        };
        format!(" AND NOT COALESCE({holds}, FALSE)")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ident::TableName;

    /// What is asked of a value of the row's type that becomes one of the column's: `.` nothing, since the server keeps or refuses
    /// it; `x` there must be none; `?` it must look like one; `=` it must be one of the enum's.
    #[test]
    fn what_the_server_would_change_silently() {
        let of = |values: &[&str]| {
            let values = values.iter().map(|value| (*value).to_owned()).collect();
            DataType::Enum(Arc::new(EnumType { name: TableName { schema: None, name: "e".to_owned() }, values }))
        };
        let types = [
            ("int", DataType::Integer { unsigned: false }),
            ("decimal", DataType::Decimal { precision: 8, scale: 2 }),
            ("text", DataType::Text),
            ("blob", DataType::Blob),
            ("json", DataType::Json),
            ("date", DataType::Date),
            ("moment", DataType::TimestampTz),
            ("time", DataType::Time),
            ("uuid", DataType::Uuid),
            ("enum", of(&["a"])),
            ("wider", of(&["a", "b"])),
            ("'year'", DataType::Verbatim("year".to_owned())),
            ("'ENUM'", DataType::Verbatim("ENUM('c')".to_owned())),
        ];
        let rows: Vec<String> = types
            .iter()
            .map(|(name, from)| {
                let asked = types.iter().map(|(_, to)| match Test::of(from, to) {
                    None => '.',
                    Some(Test::Never) => 'x',
                    Some(Test::OneOf(_)) => '=',
                    Some(Test::Like(_) | Test::Bytes(_)) => '?',
                });
                format!("{name:8}{}", asked.collect::<String>())
            })
            .collect();
        let expected = [
            "int     .....xxxxxx.x",
            "decimal .....xxxxxx.x",
            "text    ??...???x==..",
            "blob    ??...????==..",
            "json    ??...???x==..",
            "date    xx.....xxxx.x",
            "moment  xx......xxx.x",
            "time    xx...xx.xxx.x",
            "uuid    xxx.xxxx.xx.x",
            "enum    xx...xxxx....",
            "wider   xx...xxxx=...",
            "'year'  .........==..",
            "'ENUM'  xx...xxxx==..",
        ];
        assert_eq!(rows, expected);
    }
}
