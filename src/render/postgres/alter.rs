//! `alter_column` on PostgreSQL: DROP DEFAULT, TYPE … USING, SET DEFAULT, in that order, since a
//! default that does not fit the new type would refuse the change.

use super::super::change_context::RenderedChange;
use super::super::types::{column_type, type_name};
use super::super::{rows, table, value};
use super::{BACKEND, RenderError, alter_column, comment_on, number, rename_sequence};
use crate::operation::DataType;
use crate::state::{Column, Constraint, Expr, Piece, Scalar, Table};

/// Writes the change of a column from one shape to another. `using` is SQL.
pub(in crate::render) fn column(
    from: &Column,
    to: &Column,
    table: &Table,
    using: Option<String>,
    fill: Option<&Scalar>,
    rendered: &mut RenderedChange,
) -> Result<(), RenderError> {
    let (old_type, new_type) = (type_name(BACKEND, &from.data_type), column_type(BACKEND, to)?);
    let recollated = from.collation != to.collation;
    let retyped = old_type != new_type || using.is_some() || recollated;
    let redefaulted = from.default != to.default;
    let name = BACKEND.ident(&to.name);
    if to.data_type == DataType::Json && from.data_type != DataType::Json {
        over_it(table, to)?;
    }

    if from.auto_increment && !to.auto_increment {
        rendered.schema(alter_column(table, to, "DROP IDENTITY"));
    }
    let mut actions = Vec::new();
    if from.default.is_some() && (retyped || redefaulted) {
        actions.push("DROP DEFAULT".to_owned());
    }
    if !from.null && to.null {
        actions.push("DROP NOT NULL".to_owned());
    }
    if retyped {
        let conversion = match using {
            None if !is_castable(&from.data_type, &to.data_type) => {
                let message = format!(
                    "PostgreSQL does not convert {} to {}, and `{}` would change so",
                    from.data_type, to.data_type, to.name
                );
                let help = "say how, with `using` (and `using_down`)";
                return Err(RenderError::unsupported(message).help(help));
            }
            None if old_type == new_type => None,
            None => cast(&name, &from.data_type, &to.data_type),
            using => using,
        };
        let collation =
            to.collation.as_ref().map_or_else(String::new, |own| format!(" COLLATE {}", BACKEND.own_name(own)));
        let conversion = conversion.map_or_else(String::new, |sql| format!(" USING {sql}"));
        actions.push(format!("TYPE {new_type}{collation}{conversion}"));
    }
    if let Some(default) = to.default.as_ref().filter(|_| retyped || redefaulted) {
        actions.push(format!("SET DEFAULT {}", value::default(BACKEND, default, to, table)?));
    }
    let must_fill = from.null && !to.null;
    if must_fill && fill.is_none() {
        actions.push("SET NOT NULL".to_owned());
    }
    if !actions.is_empty() {
        let actions: Vec<_> = actions.iter().map(|action| format!("ALTER COLUMN {name} {action}")).collect();
        rendered.schema(table::alter(BACKEND, table, &actions.join(", ")));
    }
    if let Some(fill) = fill.filter(|_| must_fill) {
        let null = Expr { pieces: vec![Piece::Column(to.id), Piece::Text(" IS NULL".to_owned())], opaque: false };
        rendered.row(rows::update(BACKEND, table, &vec![(to.id, fill.clone())], Some(&null))?);
        rendered.schema(alter_column(table, to, "SET NOT NULL"));
    }
    if to.auto_increment && !from.auto_increment {
        number(to, table, rendered);
    }
    if let (true, true, Some(old), Some(new)) = (from.auto_increment, to.auto_increment, &from.sequence, &to.sequence) {
        rename_sequence(table, &old.text, &new.text, rendered);
    }
    if from.comment != to.comment {
        rendered.schema(comment_on(table, to));
    }
    Ok(())
}

/// Refuses a type that is not compared where a key or an index is over the column.
fn over_it(table: &Table, column: &Column) -> Result<(), RenderError> {
    let constraint = table.constraints().find(|constraint| match constraint {
        Constraint::PrimaryKey(key) => key.columns.contains(&column.id),
        Constraint::Unique(unique) => unique.columns.contains(&column.id),
        Constraint::ForeignKey(key) => key.columns.contains(&column.id),
        Constraint::Check(_) => false,
    });
    let index = || table.indexes.iter().find(|index| index.mentions(column.id)).map(|index| index.name.clone());
    let over = constraint.map(|constraint| constraint.name().text.clone()).or_else(index);
    over.map_or(Ok(()), |over| Err(RenderError::not_compared(&format!("`{over}`"), &column.name)))
}

/// Types that have few casts or none but those by way of a text.
fn is_own(of: &DataType) -> bool {
    matches!(
        of,
        DataType::Blob | DataType::Binary(_) | DataType::Json | DataType::Jsonb | DataType::Uuid | DataType::Enum(_)
    ) || of.is_of_postgres()
}

/// Whether PostgreSQL has a cast from one type to another (its `pg_cast`); of types that are not known it may.
fn is_castable(from: &DataType, to: &DataType) -> bool {
    use DataType::{
        Array, Binary, Blob, Boolean, Cidr, Decimal, Double, Enum, Float, Inet, Interval, Json, Jsonb, Time, Verbatim,
    };
    if !is_own(from) && !is_own(to) || from.is_text() || to.is_text() || from == to {
        return true;
    }
    match (from, to) {
        (Array(from), Array(to)) => is_castable(from, to),
        (Enum(_), Enum(_)) => true,
        (Verbatim(_), _)
        | (_, Verbatim(_))
        | (Binary(_) | Blob, Binary(_) | Blob)
        | (Json | Jsonb, Json | Jsonb)
        | (Inet | Cidr, Inet | Cidr)
        | (Time, Interval)
        | (Interval, Time)
        | (Jsonb, Boolean | Float | Double | Decimal { .. }) => true,
        (Jsonb, to) => to.is_integer(),
        _ => false,
    }
}

/// The conversion that PostgreSQL does not make by itself. Where it does, none is written: its own refuses
/// what an explicit cast would cut in silence (a long string to a short one).
fn cast(name: &str, from: &DataType, to: &DataType) -> Option<String> {
    let is_text = |of: &DataType| matches!(of, DataType::Char(_) | DataType::String(_) | DataType::Text);
    let is_integer = |of: &DataType| *of == DataType::Integer { unsigned: false };
    let through = match (from, to) {
        // No type but the text of a value is common to both.
        (DataType::Enum(_), DataType::Enum(_)) => "::text",
        (DataType::Array(of), DataType::Array(to)) if of.of_enum().is_some() && to.of_enum().is_some() => "::text[]",
        (DataType::Boolean, other) | (other, DataType::Boolean) if other.is_integer() => {
            if is_integer(other) {
                ""
            } else {
                "::integer"
            }
        }
        (from, to) if is_text(from) && !is_text(to) => "",
        // What the two have in common is theirs to say.
        (from, to) if is_own(from) && !is_text(to) || is_own(to) => "",
        (DataType::Verbatim(_), to) if !is_text(to) => "",
        (_, DataType::Verbatim(_)) => "",
        _ => return None,
    };
    Some(format!("{name}{through}::{}", type_name(BACKEND, to)))
}
