//! The type table: what each portable type is on each backend (manifest.md has it too).

use super::error::RenderError;
use crate::backend::Backend;
use crate::operation::DataType;
use crate::state::Column;

/// A column's type in SQL.
///
/// # Errors
///
/// The backend has no such type, or cannot number a column of it.
pub(super) fn column_type(backend: Backend, column: &Column) -> Result<String, RenderError> {
    let (title, name, data_type) = (backend.title(), &column.name, &column.data_type);
    if data_type.is_of_postgres() && backend != Backend::Postgres {
        let message = format!("{title} has no type like `{data_type}`, which `{name}` is of");
        let help = "write a type by backend: `type = { postgres = \"inet\", default = \"string(43)\" }`";
        return Err(RenderError::unsupported(message).help(help));
    }
    let too_long = backend == Backend::Postgres && *data_type == DataType::BigInt { unsigned: true };
    if column.auto_increment && (too_long || !data_type.is_integer()) {
        return Err(RenderError::unsupported(format!("{title} cannot number `{name}` of type `{data_type}`")));
    }
    // SQLite numbers an `integer` only, which has 64 bits there.
    if column.auto_increment && backend == Backend::Sqlite {
        return Ok("integer".to_owned());
    }
    Ok(type_name(backend, data_type))
}

/// A type in SQL.
pub(super) fn type_name(backend: Backend, data_type: &DataType) -> String {
    let [sqlite, postgres, mysql] = match data_type {
        DataType::SmallInt { unsigned: false } => ["smallint"; 3],
        DataType::SmallInt { unsigned: true } => ["smallint", "integer", "smallint unsigned"],
        DataType::Integer { unsigned: false } => ["integer", "integer", "int"],
        DataType::Integer { unsigned: true } => ["integer", "bigint", "int unsigned"],
        DataType::BigInt { unsigned: false } => ["integer", "bigint", "bigint"],
        DataType::BigInt { unsigned: true } => ["integer", "numeric(20)", "bigint unsigned"],
        DataType::Float => ["float", "real", "float"],
        DataType::Double => ["double", "double precision", "double"],
        DataType::Boolean => ["boolean", "bool", "bool"],
        DataType::Text => ["text", "text", "longtext"],
        DataType::Date => ["date"; 3],
        DataType::Time => ["time", "time", "time(6)"],
        DataType::DateTime => ["datetime", "timestamp", "datetime(6)"],
        DataType::TimestampTz => ["timestamp", "timestamptz", "timestamp(6)"],
        DataType::Binary(n) if backend == Backend::Mysql => return format!("varbinary({n})"),
        DataType::Binary(_) | DataType::Blob => ["blob", "bytea", "longblob"],
        DataType::Json => ["json_text", "json", "json"],
        DataType::Jsonb => ["jsonb_text", "jsonb", "json"],
        DataType::Uuid => ["uuid_text", "uuid", "binary(16)"],
        DataType::Decimal { precision, scale } => return format!("decimal({precision}, {scale})"),
        DataType::Char(n) => return format!("char({n})"),
        DataType::String(n) => return format!("varchar({n})"),
        DataType::Verbatim(word) => return word.clone(),
        DataType::Array(of) if backend == Backend::Postgres => return format!("{}[]", type_name(backend, of)),
        DataType::Interval
        | DataType::Inet
        | DataType::Cidr
        | DataType::Macaddr
        | DataType::Vector(_)
        | DataType::Array(_) => return data_type.to_string(),
        DataType::Enum(of) => match backend {
            // Its values are a check of the column.
            Backend::Sqlite => return "text".to_owned(),
            Backend::Postgres => return backend.table(&of.name),
            Backend::Mysql => {
                let values: Vec<String> = of.values.iter().map(|value| backend.string(value)).collect();
                return format!("ENUM({})", values.join(", "));
            }
        },
    };
    let word = match backend {
        Backend::Sqlite => sqlite,
        Backend::Postgres => postgres,
        Backend::Mysql => mysql,
    };
    word.to_owned()
}

/// Whether values of one type may be cut, refused or converted when a column becomes another.
pub(super) fn narrows(backend: Backend, from: &DataType, to: &DataType) -> bool {
    if let (DataType::Enum(from), DataType::Enum(to)) = (from, to)
        && from.name == to.name
    {
        // A value that is none any more is refused, and none is lost.
        return false;
    }
    let (was, is) = (type_name(backend, from), type_name(backend, to));
    // SQLite keeps a value as it is unless the affinity says otherwise; lengths bind nothing.
    if backend == Backend::Sqlite { affinity(&was) != affinity(&is) } else { !from.widens_to(to) && was != is }
}

/// SQLite's own rule for what a declared type does to values (<https://sqlite.org/datatype3.html>, 3.1).
fn affinity(declared: &str) -> &'static str {
    let declared = declared.to_ascii_uppercase();
    let says = |words: &[&str]| words.iter().any(|word| declared.contains(word));
    if says(&["INT"]) {
        "INTEGER"
    } else if says(&["CHAR", "CLOB", "TEXT"]) {
        "TEXT"
    } else if says(&["BLOB"]) || declared.is_empty() {
        "BLOB"
    } else if says(&["REAL", "FLOA", "DOUB"]) {
        "REAL"
    } else {
        "NUMERIC"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The type on each backend; `–` where it has none.
    fn everywhere(data_type: &DataType) -> String {
        let of = |backend| {
            let mut column = crate::render::fixture::column(1, "c", data_type.clone());
            column.auto_increment = false;
            column_type(backend, &column).unwrap_or_else(|_| "–".to_owned())
        };
        [Backend::Sqlite, Backend::Postgres, Backend::Mysql].map(of).join(" | ")
    }

    #[test]
    fn the_table_of_types() {
        let rows: Vec<String> = [
            DataType::SmallInt { unsigned: false },
            DataType::Integer { unsigned: false },
            DataType::BigInt { unsigned: false },
            DataType::SmallInt { unsigned: true },
            DataType::Integer { unsigned: true },
            DataType::BigInt { unsigned: true },
            DataType::Float,
            DataType::Double,
            DataType::Decimal { precision: 10, scale: 2 },
            DataType::Boolean,
            DataType::Char(2),
            DataType::String(255),
            DataType::Text,
            DataType::Date,
            DataType::Time,
            DataType::DateTime,
            DataType::TimestampTz,
            DataType::Binary(8),
            DataType::Blob,
            DataType::Json,
            DataType::Jsonb,
            DataType::Uuid,
            DataType::Interval,
            DataType::Inet,
            DataType::Cidr,
            DataType::Macaddr,
            DataType::Vector(3),
            DataType::Verbatim("tsvector".into()),
        ]
        .into_iter()
        .map(|data_type| format!("{data_type}: {}", everywhere(&data_type)))
        .collect();
        insta::assert_snapshot!(rows.join("\n"), @r"
        smallint: smallint | smallint | smallint
        integer: integer | integer | int
        bigint: integer | bigint | bigint
        unsigned smallint: smallint | integer | smallint unsigned
        unsigned integer: integer | bigint | int unsigned
        unsigned bigint: integer | numeric(20) | bigint unsigned
        float: float | real | float
        double: double | double precision | double
        decimal(10,2): decimal(10, 2) | decimal(10, 2) | decimal(10, 2)
        boolean: boolean | bool | bool
        char(2): char(2) | char(2) | char(2)
        string(255): varchar(255) | varchar(255) | varchar(255)
        text: text | text | longtext
        date: date | date | date
        time: time | time | time(6)
        datetime: datetime | timestamp | datetime(6)
        timestamptz: timestamp | timestamptz | timestamp(6)
        binary(8): blob | bytea | varbinary(8)
        blob: blob | bytea | longblob
        json: json_text | json | json
        jsonb: jsonb_text | jsonb | json
        uuid: uuid_text | uuid | binary(16)
        interval: – | interval | –
        inet: – | inet | –
        cidr: – | cidr | –
        macaddr: – | macaddr | –
        vector(3): – | vector(3) | –
        tsvector: tsvector | tsvector | tsvector
        ");
    }

    #[test]
    fn sqlite_cuts_no_strings() {
        let (long, short) = (DataType::String(200), DataType::String(20));
        assert!(!narrows(Backend::Sqlite, &long, &short));
        assert!(narrows(Backend::Postgres, &long, &short));
        assert!(narrows(Backend::Sqlite, &DataType::Text, &DataType::Integer { unsigned: false }));
    }
}
