//! PostgreSQL: ALTER does everything; the care is in the order of its parts, in sequences,
//! and in what of ours it renames along.

mod alter;
mod concurrently;
mod enums;

pub(super) use concurrently::clears;

use super::change_context::{ChangeContext, RenderedChange, StatementKind};
use super::error::RenderError;
use super::expression::expression;
use super::{index, kept, objects, raw, rows, table, value};
use crate::backend::Backend;
use crate::diagnostic::Code;
use crate::state::{Change, Column, ColumnId, Constraint, RowValues, Scalar, State, Table, replacing};

const BACKEND: Backend = Backend::Postgres;

/// Writes changes, each by itself. `state` is the state after them.
pub(super) fn write(contexts: &[ChangeContext<'_>], state: &State) -> Result<RenderedChange, RenderError> {
    let mut rendered = RenderedChange::default();
    contexts.iter().try_for_each(|context| one(context, state, &mut rendered))?;
    Ok(rendered)
}

fn one(context: &ChangeContext<'_>, state: &State, rendered: &mut RenderedChange) -> Result<(), RenderError> {
    match context.change {
        Change::CreateTable(created) => create_table(created, state, rendered)?,
        Change::DropTable(_) => rendered.schema(table::drop(BACKEND, context.before()?)),
        Change::RenameTable { to, .. } => {
            let before = context.before()?;
            if before.name != *to {
                rendered.schema(table::rename(BACKEND, &before.name, &to.name));
            }
        }
        Change::AddColumn { column, fill, .. } => {
            let after = context.after()?;
            add_column(column, fill.as_ref(), after, rendered)?;
            if column.comment.is_some() {
                rendered.schema(comment_on(after, column));
            }
        }
        Change::DropColumn { column, .. } => {
            rendered.schema(table::drop_column(BACKEND, context.before()?, *column));
        }
        Change::RenameColumn { column, to, .. } => {
            rendered.extend(table::rename_column(BACKEND, context.before()?, *column, to));
        }
        Change::AlterColumn { column, using, fill, .. } => {
            let (before, after) = (context.before()?, context.after()?);
            if let Some((from, to)) = before.column(*column).zip(after.column(*column)) {
                let conversion = using.as_ref().map(|using| expression(BACKEND, using, before));
                alter::column(from, to, after, conversion, fill.as_ref(), rendered)?;
            }
        }
        Change::AddIndex { index, concurrently, .. } => {
            let after = context.after()?;
            let sql = index::create(BACKEND, after, index)?;
            if *concurrently {
                not_within(context, &index.name)?;
                rendered.schema(concurrently::clears_away(after, &index.name));
                rendered.schema(sql.replacen(" INDEX ", " INDEX CONCURRENTLY ", 1));
            } else {
                rendered.schema(sql);
            }
        }
        Change::DropIndex { name, concurrently, .. } => {
            if *concurrently {
                not_within(context, name)?;
            }
            rendered.schema(index::drop(BACKEND, context.before()?, name, *concurrently));
        }
        Change::RenameIndex { name, to, .. } => {
            if name != to {
                let name = BACKEND.qualified(context.before()?.name.schema.as_deref(), name);
                rendered.schema(format!("ALTER INDEX {name} RENAME TO {}", BACKEND.ident(to)));
            }
        }
        Change::AddConstraint { constraint, .. } => {
            rendered.schema(table::add_constraint(BACKEND, state, constraint, context.after()?)?);
        }
        Change::DropConstraint { name, .. } => {
            rendered.schema(table::drop_constraint(BACKEND, context.before()?, name));
        }
        Change::RenameConstraint { name, to, .. } => {
            if *name != to.text {
                let rename = format!("RENAME CONSTRAINT {} TO {}", BACKEND.ident(name), BACKEND.ident(&to.text));
                rendered.schema(alter_table(context.before()?, &rename));
            }
        }
        Change::RenameSequence { column, to, .. } => {
            let before = context.before()?;
            if let Some(from) = before.column(*column).and_then(|column| column.sequence.as_ref()) {
                rename_sequence(before, &from.text, &to.text, rendered);
            }
        }
        Change::Create(object) => rendered.extend(objects::create(BACKEND, object, state)?),
        Change::Drop(object) => rendered.extend(objects::drop(BACKEND, object)?),
        Change::ReplaceFunction { to, .. } => {
            let sql = replacing(to.sql.as_deref().unwrap_or_default(), state.backend());
            rendered.schema(raw::closed(&sql));
        }
        Change::AlterEnum { from, to, renamed } => {
            enums::alter(from, to, renamed, context.recreates_enum, state, rendered)?;
        }
        Change::Insert { rows, mode, .. } => {
            let after = context.after()?;
            // Numbers that are given come before numbers that are made, or the two would clash.
            let gives = |row: &RowValues| row.iter().any(|(id, _)| numbered(after, *id));
            for rows in rows.chunk_by(|a, b| gives(a) == gives(b)) {
                rendered.rows(rows::insert(BACKEND, after, rows, mode)?);
                for sql in rows::advance_sequences(after, rows) {
                    rendered.neutral(sql);
                }
            }
        }
        Change::Update { set, filter, .. } => {
            rendered.row(rows::update(BACKEND, context.after()?, set, filter.as_ref())?);
        }
        Change::Delete { filter, .. } => {
            let after = context.after()?;
            rendered.row(rows::delete(BACKEND, after, &expression(BACKEND, filter, after)));
        }
        Change::DeleteRows { rows, .. } => {
            let after = context.after()?;
            let conditions = rows::row_conditions(BACKEND, after, rows)?;
            rendered.rows(conditions.iter().map(|condition| rows::delete(BACKEND, after, condition)));
        }
        Change::KeepRows(rows) => {
            let after = context.after()?;
            if context.transaction {
                // Else rows that others put in meanwhile would be changed and not kept.
                let lock = format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", BACKEND.table(&after.name));
                rendered.schema(lock);
            }
            kept::keep(BACKEND, rows, after, state, rendered)?;
        }
        Change::RestoreRows(rows) => kept::restore(BACKEND, rows, context.after()?, rendered),
        Change::Sql { sql, .. } => {
            if let Some(direction) = raw::copies_with_client(sql) {
                let message =
                    format!("`COPY … {direction}` waits for a client that sends or takes the rows, and a run has none");
                let help = "write the rows as an `insert`, or COPY from a file of the server's";
                return Err(RenderError::unsupported(message).help(help));
            }
            let kind = if raw::is_ddl(sql) { StatementKind::Schema } else { StatementKind::Rows };
            rendered.push(kind, raw::closed(sql), None);
        }
        Change::Note(_) => {}
    }
    Ok(())
}

/// CREATE TABLE, with what it cannot say itself.
fn create_table(created: &Table, state: &State, rendered: &mut RenderedChange) -> Result<(), RenderError> {
    rendered.schema(table::create(BACKEND, state, created, &created.name)?);
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
fn not_within(context: &ChangeContext<'_>, index: &str) -> Result<(), RenderError> {
    if !context.transaction {
        return Ok(());
    }
    let message =
        format!("PostgreSQL makes and drops no index concurrently inside a transaction, and `{index}` wants that");
    let help = "`transaction = false` above the first `[[up]]`, in a migration of its own";
    Err(RenderError::new(Code::NeedsNoTransaction, message).help(help))
}

fn numbered(table: &Table, id: ColumnId) -> bool {
    table.column(id).is_some_and(|column| column.auto_increment)
}

/// COMMENT ON COLUMN, with what the column has, or NULL.
fn comment_on(table: &Table, column: &Column) -> String {
    let comment = column.comment.as_ref().map_or_else(|| "NULL".to_owned(), |comment| BACKEND.string(comment));
    format!("COMMENT ON COLUMN {}.{} IS {comment}", BACKEND.table(&table.name), BACKEND.ident(&column.name))
}

fn alter_table(table: &Table, action: &str) -> String {
    format!("ALTER TABLE {} {action}", BACKEND.table(&table.name))
}

fn alter_column(table: &Table, column: &Column, action: &str) -> String {
    alter_table(table, &format!("ALTER COLUMN {} {action}", BACKEND.ident(&column.name)))
}

fn rename_sequence(table: &Table, from: &str, to: &str, rendered: &mut RenderedChange) {
    if from != to {
        let from = BACKEND.qualified(table.name.schema.as_deref(), from);
        rendered.schema(format!("ALTER SEQUENCE {from} RENAME TO {}", BACKEND.ident(to)));
    }
}

/// ADD COLUMN, with a value for the rows already there.
fn add_column(
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
