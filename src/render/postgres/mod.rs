//! PostgreSQL: ALTER does everything; the care is in the order of its parts, in sequences,
//! and in what of ours it renames along.

pub(super) mod alter;
pub(super) mod enums;

use super::change_context::{ChangeContext, RenderedChange};
use super::error::RenderError;
use super::{index, rows, table, value};
use crate::backend::Backend;
use crate::diagnostic::Code;
use crate::state::{Column, Constraint, InsertMode, RowValues, Scalar, State, Table};

const BACKEND: Backend = Backend::Postgres;

/// What CREATE TABLE cannot say itself.
pub(super) fn rest_of_table(created: &Table, state: &State, rendered: &mut RenderedChange) -> Result<(), RenderError> {
    let later = created.constraints().filter(|one| table::comes_later(BACKEND, created, one));
    let (keys, others): (Vec<_>, Vec<_>) = later.partition(|one| matches!(one, Constraint::ForeignKey(_)));
    let add = |constraint: &Constraint| table::add_constraint(BACKEND, state, constraint, created);
    for constraint in &others {
        rendered.schema(add(constraint)?);
    }
    for index in &created.indexes {
        rendered.schema(index::create(BACKEND, created, index)?);
    }
    for key in &keys {
        rendered.schema(add(key)?);
    }
    if let Some(comment) = &created.comment {
        let on = BACKEND.table(&created.name);
        rendered.schema(format!("COMMENT ON TABLE {on} IS {}", BACKEND.string(comment)));
    }
    for column in created.columns.iter().filter(|column| column.comment.is_some()) {
        rendered.schema(comment_on(created, column));
    }
    Ok(())
}

/// Refuses what PostgreSQL does in no transaction.
pub(super) fn not_within(context: &ChangeContext<'_>, index: &str) -> Result<(), RenderError> {
    if !context.transaction {
        return Ok(());
    }
    let message =
        format!("PostgreSQL makes and drops no index concurrently inside a transaction, and `{index}` wants that");
    let help = "`transaction = false` above the first `[[up]]`, in a migration of its own";
    Err(RenderError::new(Code::NeedsNoTransaction, message).help(help))
}

/// How what an interrupted try left is cleared away.
const CLEARS: &str = "DO $dbmigrate$ BEGIN IF EXISTS (SELECT FROM pg_index";

/// Before an index is made while others write: what an interrupted try left, an index that is not valid, is dropped.
pub(super) fn clears_away(table: &Table, index: &str) -> String {
    let index = BACKEND.qualified(table.name.schema.as_deref(), index);
    let regclass = BACKEND.string(&index);
    format!(
        "{CLEARS} WHERE indexrelid = to_regclass({regclass}) AND NOT indisvalid) THEN DROP INDEX {index}; END IF; \
             END $dbmigrate$"
    )
}

/// Whether a statement clears away for the one behind it, so that the two run again together.
pub(super) fn clears(sql: &str) -> bool {
    sql.starts_with(CLEARS)
}

/// INSERT, and the sequences behind the numbers that it gives.
pub(super) fn insert(
    table: &Table,
    rows: &[RowValues],
    mode: &InsertMode,
    rendered: &mut RenderedChange,
) -> Result<(), RenderError> {
    // Numbers that are given come before numbers that are made, or the two would clash.
    let numbers = |id| table.column(id).is_some_and(|column| column.auto_increment);
    let gives = |row: &RowValues| row.iter().any(|(id, _)| numbers(*id));
    for rows in rows.chunk_by(|a, b| gives(a) == gives(b)) {
        rendered.rows(rows::insert(BACKEND, table, rows, mode)?);
        for sql in rows::advance_sequences(table, rows) {
            rendered.neutral(sql);
        }
    }
    Ok(())
}

/// COMMENT ON COLUMN, with what the column has, or NULL.
pub(super) fn comment_on(table: &Table, column: &Column) -> String {
    let comment = column.comment.as_ref().map_or_else(|| "NULL".to_owned(), |comment| BACKEND.string(comment));
    format!("COMMENT ON COLUMN {}.{} IS {comment}", BACKEND.table(&table.name), BACKEND.ident(&column.name))
}

fn alter_column(table: &Table, column: &Column, action: &str) -> String {
    table::alter(BACKEND, table, &format!("ALTER COLUMN {} {action}", BACKEND.ident(&column.name)))
}

pub(super) fn rename_sequence(table: &Table, from: &str, to: &str, rendered: &mut RenderedChange) {
    if from != to {
        let from = BACKEND.qualified(table.name.schema.as_deref(), from);
        rendered.schema(format!("ALTER SEQUENCE {from} RENAME TO {}", BACKEND.ident(to)));
    }
}

/// ADD COLUMN, with a value for the rows already there.
pub(super) fn add_column(
    column: &Column,
    fill: Option<&Scalar>,
    table: &Table,
    rendered: &mut RenderedChange,
) -> Result<(), RenderError> {
    let Some(fill) = fill else {
        rendered.schema(table::add_column(BACKEND, table, column)?);
        return Ok(());
    };
    // A column has a default or numbers itself: not both.
    let plain = Column { auto_increment: false, ..column.clone() };
    let set_default =
        |default| Ok::<_, RenderError>(format!("SET DEFAULT {}", value::default(BACKEND, default, column, table)?));
    if matches!(fill, Scalar::Literal(_)) {
        // A default for a moment: the table is not written anew, and no trigger fires.
        let filled = Column { default: Some(fill.clone()), ..plain };
        rendered.schema(table::add_column(BACKEND, table, &filled)?);
        if column.default.as_ref() != Some(fill) {
            let after = column.default.as_ref().map_or_else(|| Ok("DROP DEFAULT".to_owned()), set_default)?;
            rendered.schema(alter_column(table, column, &after));
        }
    } else {
        let bare = Column { null: true, default: None, ..plain };
        rendered.schema(table::add_column(BACKEND, table, &bare)?);
        rendered.row(rows::update(BACKEND, table, &vec![(column.id, fill.clone())], None)?);
        if let Some(default) = &column.default {
            rendered.schema(alter_column(table, column, &set_default(default)?));
        }
        if !column.null {
            rendered.schema(alter_column(table, column, "SET NOT NULL"));
        }
    }
    if column.auto_increment {
        number(column, table, rendered);
    }
    Ok(())
}

/// A column that stands numbers itself from now on, after the numbers that rows have.
fn number(column: &Column, table: &Table, rendered: &mut RenderedChange) {
    rendered.schema(alter_column(table, column, &format!("ADD {}", table::identity(BACKEND, column, table))));
    rendered.neutral(rows::advance_sequence(BACKEND, table, column));
}
