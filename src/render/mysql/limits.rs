//! What MySQL and MariaDB refuse, or take without a word and do otherwise: said before anything runs.

use std::fmt::Display;

use super::super::error::RenderError;
use super::super::table::referred;
use crate::operation::{Action, DataType, Literal};
use crate::state::{Check, Column, ColumnId, Constraint, ForeignKey, Index, IndexKey, RowValues, Scalar, State, Table};

/// The longest key in bytes (InnoDB's, on pages of 16 KiB).
const KEY_BYTES: u64 = 3_072;

/// A table that is made.
pub(in crate::render) fn table(created: &Table, state: &State) -> Result<(), RenderError> {
    for constraint in created.constraints() {
        self::constraint(&constraint, created, state)?;
    }
    for index in &created.indexes {
        self::index(index, created)?;
    }
    numbering(created)
}

/// A constraint, on its table as it will be.
pub(super) fn constraint(constraint: &Constraint, table: &Table, state: &State) -> Result<(), RenderError> {
    match constraint {
        Constraint::PrimaryKey(key) => fits("the primary key", whole(&key.columns), table),
        Constraint::Unique(unique) => fits(&format!("`{}`", unique.name.text), whole(&unique.columns), table),
        Constraint::ForeignKey(key) => foreign_key(key, table, state),
        Constraint::Check(check) => {
            let help = "leave the check out on MySQL: give it an operation of its own with `backends`";
            let name = &check.name.text;
            let numbered = table.columns.iter().find(|column| column.auto_increment && check.expr.mentions(column.id));
            if let Some(column) = numbered {
                let what =
                    format!("no check can name a column that numbers itself, and `{name}` names `{}`", column.name);
                return limit(what, help);
            }
            if !check.expr.opaque && check.expr.columns().next().is_none() {
                let what =
                    format!("a check that names no column goes with whichever is dropped, and `{name}` names none");
                return limit(what, help);
            }
            table.foreign_keys.iter().try_for_each(|key| checked(check, key, table))
        }
    }
}

/// An index, on its table as it will be.
pub(super) fn index(index: &Index, table: &Table) -> Result<(), RenderError> {
    let using = index.using.as_deref().map(|using| using.trim().to_lowercase()).unwrap_or_default();
    if ["fulltext", "spatial"].contains(&using.as_str()) {
        return Ok(());
    }
    let columns = index.parts.iter().filter_map(|part| match part.key {
        IndexKey::Column(id) => Some((id, part.length)),
        IndexKey::Expr(_) => None,
    });
    fits(&format!("index `{}`", index.name), columns, table)
}

/// A key over columns, each with the length of it that the key has.
fn fits(title: &str, columns: impl Iterator<Item = (ColumnId, Option<u32>)>, table: &Table) -> Result<(), RenderError> {
    let mut bytes = 0;
    for (id, length) in columns {
        bytes += key_bytes(title, id, length, table)?;
    }
    if bytes <= KEY_BYTES {
        return Ok(());
    }
    limit(
        format!("a key has at most {KEY_BYTES} bytes, four for each character, and {title} has {bytes}"),
        "give its column a `length` in the index, or the column a shorter type",
    )
}

fn whole(columns: &[ColumnId]) -> impl Iterator<Item = (ColumnId, Option<u32>)> {
    columns.iter().map(|id| (*id, None))
}

/// The bytes of a column in a key. A text needs a length.
fn key_bytes(title: &str, id: ColumnId, length: Option<u32>, table: &Table) -> Result<u64, RenderError> {
    let Some(column) = table.column(id) else { return Ok(0) };
    Ok(match (&column.data_type, length) {
        (DataType::Json | DataType::Jsonb, _) => {
            return limit(
                format!("JSON is in no key, and {title} is over `{}`", column.name),
                "leave it out on MySQL: an operation of its own with `backends`",
            );
        }
        (DataType::Blob | DataType::Binary(_), Some(length)) => u64::from(length),
        (DataType::Binary(n), None) => u64::from(*n),
        (DataType::Blob, None) => {
            return limit(
                format!("a blob has no end, and {title} holds all of `{}`", column.name),
                "write `binary(n)` for its type, or an index with `{ column = \"…\", length = n }`",
            );
        }
        (_, Some(length)) => u64::from(length) * 4,
        (DataType::Text, None) => {
            return limit(
                format!("a text has no end, and {title} holds all of `{}`", column.name),
                "write `string(n)` for its type, or an index with `{ column = \"…\", length = n }`",
            );
        }
        (DataType::Char(n) | DataType::String(n), None) => u64::from(*n) * 4,
        _ => 16,
    })
}

fn foreign_key(key: &ForeignKey, table: &Table, state: &State) -> Result<(), RenderError> {
    let name = &key.name.text;
    let actions = [key.on_delete, key.on_update];
    if actions.contains(&Action::SetDefault) {
        return limit(
            format!("a key cannot set defaults, and `{name}` wants to"),
            "write `set null`, `cascade` or `restrict`",
        );
    }
    let referred = referred(key, table, state);
    for (own, other) in key.columns.iter().zip(&key.references) {
        let Some(own) = table.column(*own) else { continue };
        let Some(other) = referred.and_then(|referred| referred.column(*other)) else { continue };
        if !joined(&own.data_type, &other.data_type) {
            return limit(
                format!(
                    "a key joins columns of one type, and `{name}` joins `{}`, which is {}, to `{}`, which is {}",
                    own.name, own.data_type, other.name, other.data_type
                ),
                "give both columns the same type",
            );
        }
    }
    if let Some(referred) = referred {
        carries_no_null(key, table, referred)?;
    }
    table.checks.iter().try_for_each(|check| checked(check, key, table))?;
    fits(&format!("key `{name}`"), whole(&key.columns), table)
}

/// MariaDB: a key that cascades would carry a NULL into a column that cannot be NULL.
fn carries_no_null(key: &ForeignKey, table: &Table, referred: &Table) -> Result<(), RenderError> {
    let pairs = key.columns.iter().zip(&key.references);
    let mut pairs = pairs.filter_map(|(own, other)| Some((table.column(*own)?, referred.column(*other)?)));
    let carries = |(own, other): &(&Column, &Column)| key.on_update == Action::Cascade && !own.null && other.null;
    pairs.find(carries).map_or(Ok(()), |(own, other)| {
        limit(
            format!(
                "key `{}` would carry NULLs of `{}.{}` over to `{}.{}`, which cannot be NULL (MariaDB refuses that)",
                key.name.text, referred.name, other.name, table.name, own.name
            ),
            "let both columns be NULL, or neither, or write another `on_update`",
        )
    })
}

/// A check cannot name a column that a foreign key changes by itself.
fn checked(check: &Check, key: &ForeignKey, table: &Table) -> Result<(), RenderError> {
    let sets = key.on_delete == Action::SetNull || matches!(key.on_update, Action::Cascade | Action::SetNull);
    let column = key.columns.iter().find(|id| sets && check.expr.mentions(**id));
    column.map_or(Ok(()), |id| {
        limit(
            format!(
                "no check can name a column that a key changes, and `{}` names `{}`, which key `{}` changes",
                check.name.text,
                table.column_name(*id),
                key.name.text
            ),
            "leave the check out on MySQL (an operation of its own with `backends`), or let the key `restrict`",
        )
    })
}

/// Whether a foreign key may join columns of these types: strings of any lengths, else the same.
fn joined(own: &DataType, other: &DataType) -> bool {
    let string = |of: &DataType| matches!(of, DataType::Char(_) | DataType::String(_));
    let unknown = |of: &DataType| matches!(of, DataType::Verbatim(_));
    own == other || (string(own) && string(other)) || unknown(own) || unknown(other)
}

/// What is computed: not from a number that the table gives, nor from what a key changes by itself.
fn computed(table: &Table) -> Result<(), RenderError> {
    for column in &table.columns {
        let Some(how) = &column.generated else { continue };
        let numbered = table.columns.iter().find(|other| other.auto_increment && how.expr.mentions(other.id));
        if let Some(numbered) = numbered {
            return limit(
                format!(
                    "nothing is computed from a column that numbers itself, and `{}` is from `{}`",
                    column.name, numbered.name
                ),
                "leave the column out on MySQL: an operation of its own with `backends`",
            );
        }
        let changes = |key: &&ForeignKey| {
            let acts = |action| !matches!(action, Action::NoAction | Action::Restrict);
            let touches = |id: &ColumnId| *id == column.id || how.expr.mentions(*id);
            (acts(key.on_delete) || acts(key.on_update)) && key.columns.iter().any(touches)
        };
        if let Some(key) = table.foreign_keys.iter().find(changes) {
            return limit(
                format!(
                    "no key changes what another column is computed from, and `{}` would change `{}`",
                    key.name.text, column.name
                ),
                "let the key `restrict`, or compute the column when it is read in a view",
            );
        }
    }
    Ok(())
}

/// MariaDB gives a JSON column a check of its own, of the column's name.
pub(super) fn json_checks(table: &Table) -> Result<(), RenderError> {
    for column in table.columns.iter().filter(|column| matches!(column.data_type, DataType::Json | DataType::Jsonb)) {
        let name = column.name.to_lowercase();
        if let Some(check) = table.checks.iter().find(|check| check.name.text.to_lowercase() == name) {
            return limit(
                format!(
                    "a JSON column comes with a check of its name (MariaDB), and check `{}` has that name",
                    check.name.text
                ),
                "give the check or the column another name",
            );
        }
    }
    Ok(())
}

/// The column that numbers itself: one a table, and the first of some key.
pub(super) fn numbering(table: &Table) -> Result<(), RenderError> {
    computed(table)?;
    json_checks(table)?;
    let mut numbered = table.columns.iter().filter(|column| column.auto_increment);
    let Some(column) = numbered.next() else { return Ok(()) };
    if let Some(other) = numbered.next() {
        return limit(
            format!(
                "one column of a table numbers itself, and `{}` has `{}` and `{}`",
                table.name, column.name, other.name
            ),
            "leave `auto_increment` out on one of them",
        );
    }
    let leads = |columns: &[ColumnId]| columns.first() == Some(&column.id);
    let led = table.primary_key.as_ref().is_some_and(|key| leads(&key.columns))
        || table.uniques.iter().any(|unique| leads(&unique.columns))
        || table.foreign_keys.iter().any(|key| leads(&key.columns))
        || table
            .indexes
            .iter()
            .any(|index| matches!(index.parts.first(), Some(part) if part.key == IndexKey::Column(column.id)));
    if led {
        return Ok(());
    }
    limit(
        format!(
            "a column that numbers itself is the first of some key, and `{}.{}` is of none",
            table.name, column.name
        ),
        "make it the primary key, or `unset = [\"auto_increment\"]` first",
    )
}

/// A column that was altered, on its table as it is then.
pub(in crate::render) fn altered(from: &Column, to: &Column, table: &Table, state: &State) -> Result<(), RenderError> {
    numbering(table)?;
    if from.null != to.null {
        for own in table.foreign_keys.iter().filter(|key| key.columns.contains(&to.id)) {
            referred(own, table, state).map_or(Ok(()), |referred| carries_no_null(own, table, referred))?;
        }
        for other in state.referrers(table.id) {
            let to_this = other.foreign_keys.iter().filter(|key| key.table == table.id);
            to_this.into_iter().try_for_each(|key| carries_no_null(key, other, table))?;
        }
    }
    if from.data_type == to.data_type && from.collation == to.collation {
        return Ok(());
    }
    let own = table.foreign_keys.iter().find(|key| key.columns.contains(&to.id));
    let referring = state.referrers(table.id).into_iter().find_map(|other| {
        other.foreign_keys.iter().find(|key| key.table == table.id && key.references.contains(&to.id))
    });
    if let Some(key) = own.or(referring) {
        return limit(
            format!(
                "a column keeps its type and collation while a key is over it, and key `{}` is over `{}`",
                key.name.text, to.name
            ),
            "drop the key before, and add it again after",
        );
    }
    for constraint in table.constraints().filter(|constraint| constraint.mentions(to.id)) {
        self::constraint(&constraint, table, state)?;
    }
    table.indexes.iter().filter(|one| one.mentions(to.id)).try_for_each(|one| index(one, table))
}

/// Rows that are put in: a 0 in a column that numbers itself asks for the next number.
pub(in crate::render) fn rows(rows: &[RowValues], table: &Table) -> Result<(), RenderError> {
    let zero = rows.iter().flatten().find_map(|(id, value)| {
        let column = table.column(*id).filter(|column| column.auto_increment)?;
        matches!(value, Scalar::Literal(Literal::Integer(0))).then_some(column)
    });
    zero.map_or(Ok(()), |column| {
        limit(
            format!("a 0 in a column that numbers itself becomes the next number, and `{}` would get one", column.name),
            "give the row another number",
        )
    })
}

/// What an UPDATE sets, in an order in which each expression sees the values of before: assignments happen one after
/// the other.
pub(in crate::render) fn in_turn(set: &RowValues, table: &Table) -> Result<RowValues, RenderError> {
    let reads = |value: &Scalar, id: ColumnId| match value {
        Scalar::Expr(expr) => expr.mentions(id),
        Scalar::Literal(_) => false,
    };
    let mut left: RowValues = set.clone();
    let mut ordered = Vec::with_capacity(left.len());
    while !left.is_empty() {
        // Free is what no other assignment that is left still reads.
        let free = left.iter().position(|(id, _)| !left.iter().any(|(other, value)| other != id && reads(value, *id)));
        let Some(at) = free else {
            let names: Vec<_> = left.iter().map(|(id, _)| table.column_name(*id)).collect();
            return limit(
                format!(
                    "an UPDATE sets one column after the other, and each of these needs another as it was: {}",
                    names.join(", ")
                ),
                "set them in several operations",
            );
        };
        ordered.push(left.remove(at));
    }
    Ok(ordered)
}

/// Refuses it, with what to do about it.
pub(super) fn limit<T>(what: impl Display, help: &'static str) -> Result<T, RenderError> {
    Err(RenderError::unsupported(format!("on MySQL {what}")).help(help))
}
