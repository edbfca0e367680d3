//! Changes as statements: what the backends write alike, and where each goes its own way.

use super::change_context::{ChangeContext, RenderedChange, StatementKind};
use super::error::RenderError;
use super::expression::expression;
use super::{index, kept, mysql, objects, postgres, raw, rows, sqlite, table};
use crate::backend::Backend::{self, Mysql, Postgres, Sqlite};
use crate::state::{Change, State, Table, replacing};

/// Writes changes that go together, or a single one. `state` is the state after them.
pub(super) fn write(
    backend: Backend,
    contexts: &[ChangeContext<'_>],
    state: &State,
) -> Result<RenderedChange, RenderError> {
    let mut rendered = RenderedChange::default();
    match backend {
        Sqlite => {
            if let Some(together) = sqlite::together(contexts, state)? {
                return Ok(together);
            }
        }
        Postgres => {}
        Mysql => mysql::refuse(contexts)?,
    }
    if backend == Mysql && contexts.len() > 1 {
        mysql::together(contexts, state, &mut rendered)?;
    } else {
        contexts.iter().try_for_each(|context| one(backend, context, state, &mut rendered))?;
    }
    if backend == Mysql {
        for statement in rendered.statements.iter_mut().filter(|statement| statement.recovery.is_none()) {
            statement.recovery = Some(mysql::probe(contexts));
        }
    }
    Ok(rendered)
}

fn one(
    backend: Backend,
    context: &ChangeContext<'_>,
    state: &State,
    rendered: &mut RenderedChange,
) -> Result<(), RenderError> {
    match (context.change, backend) {
        (Change::CreateTable(created), _) => {
            if backend == Mysql {
                mysql::limits::table(created, state)?;
            }
            rendered.schema(table::create(backend, state, created, &created.name)?);
            rendered.table = Some(created.name.name.to_lowercase());
            match backend {
                Sqlite => {
                    for index in &created.indexes {
                        rendered.schema(index::create(backend, created, index)?);
                    }
                }
                Postgres => postgres::rest_of_table(created, state, rendered)?,
                Mysql => {}
            }
        }
        (Change::DropTable(_), _) => {
            let before = context.before()?;
            rendered.schema(table::drop(backend, before));
            rendered.table = Some(before.name.name.to_lowercase());
        }
        (Change::RenameTable { to, .. }, Sqlite) => {
            table::check_schema(backend, to)?;
            sqlite::rename_table(context.before()?, &to.name, state, rendered);
        }
        (Change::RenameTable { to, .. }, Postgres | Mysql) => {
            let before = context.before()?;
            if before.name != *to {
                rendered.schema(table::rename(backend, &before.name, &to.name));
            }
        }
        (Change::AddColumn { column, .. }, Sqlite) => {
            rendered.schema(table::add_column(backend, context.after()?, column)?);
        }
        (Change::AddColumn { column, fill, .. }, Postgres) => {
            let after = context.after()?;
            postgres::add_column(column, fill.as_ref(), after, rendered)?;
            if column.comment.is_some() {
                rendered.schema(postgres::comment_on(after, column));
            }
        }
        (Change::AddColumn { column, fill, .. }, Mysql) => {
            mysql::alter::add_column(column, fill.as_ref(), context, rendered)?;
        }
        (Change::DropColumn { column, .. }, Sqlite | Postgres) => {
            rendered.schema(table::drop_column(backend, context.before()?, *column));
        }
        (Change::RenameColumn { column, to, .. }, _) => {
            let before = context.before()?;
            if before.column_name(*column) != to {
                rendered.schema(match backend {
                    Sqlite | Postgres => table::rename_column(backend, before, *column, to),
                    Mysql => mysql::alter::rename_column(*column, to, before, context.after()?, state)?,
                });
            }
        }
        (Change::AlterColumn { column, using, fill, .. }, Postgres | Mysql) => {
            let (before, after) = (context.before()?, context.after()?);
            let Some((from, to)) = before.column(*column).zip(after.column(*column)) else { return Ok(()) };
            if backend == Mysql {
                mysql::limits::altered(from, to, after, state)?;
                mysql::alter::column(from, to, (using.as_ref(), fill.as_ref()), context, rendered)?;
            } else {
                let conversion = using.as_ref().map(|using| expression(backend, using, before));
                postgres::alter::column(from, to, after, conversion, fill.as_ref(), rendered)?;
            }
        }
        (Change::AddIndex { index, concurrently, .. }, Sqlite | Postgres) => {
            let after = context.after()?;
            let sql = index::create(backend, after, index)?;
            if *concurrently && backend == Postgres {
                postgres::not_within(context, &index.name)?;
                rendered.schema(postgres::clears_away(after, &index.name));
                rendered.schema(sql.replacen(" INDEX ", " INDEX CONCURRENTLY ", 1));
            } else {
                rendered.schema(sql);
            }
        }
        (Change::DropIndex { name, concurrently, .. }, Sqlite | Postgres) => {
            let concurrently = *concurrently && backend == Postgres;
            if concurrently {
                postgres::not_within(context, name)?;
            }
            rendered.schema(index::drop(backend, context.before()?, name, concurrently));
        }
        (Change::RenameIndex { name, to, .. }, _) if name == to => {}
        (Change::RenameIndex { name, to, .. }, Sqlite) => {
            // SQLite has no ALTER INDEX.
            let after = context.after()?;
            rendered.schema(index::drop(backend, context.before()?, name, false));
            for index in after.indexes.iter().filter(|index| index.name == *to) {
                rendered.schema(index::create(backend, after, index)?);
            }
        }
        (Change::RenameIndex { name, to, .. }, Postgres) => {
            let name = backend.qualified(context.before()?.name.schema.as_deref(), name);
            rendered.schema(format!("ALTER INDEX {name} RENAME TO {}", backend.ident(to)));
        }
        (Change::RenameIndex { name, to, .. }, Mysql) => {
            rendered.schema(table::alter(backend, context.before()?, &mysql::rename_index(name, to)));
        }
        (Change::AddConstraint { constraint, .. }, Postgres) => {
            rendered.schema(table::add_constraint(backend, state, constraint, context.after()?)?);
        }
        (Change::DropConstraint { name, .. }, Postgres) => {
            rendered.schema(table::drop_constraint(backend, context.before()?, name));
        }
        (
            Change::DropColumn { .. }
            | Change::AddIndex { .. }
            | Change::DropIndex { .. }
            | Change::AddConstraint { .. }
            | Change::DropConstraint { .. },
            Mysql,
        ) => mysql::together(std::slice::from_ref(context), state, rendered)?,
        (Change::RenameConstraint { name, to, .. }, Postgres | Mysql) if *name == to.text => {}
        (Change::RenameConstraint { name, to, .. }, Postgres) => {
            let rename = format!("RENAME CONSTRAINT {} TO {}", backend.ident(name), backend.ident(&to.text));
            rendered.schema(table::alter(backend, context.before()?, &rename));
        }
        (Change::RenameConstraint { kind, name, to, .. }, Mysql) => {
            if let Some(actions) = mysql::rename_constraint(*kind, name, &to.text, context.after()?, state)? {
                rendered.schema(table::alter(backend, context.before()?, &actions));
            }
        }
        (Change::RenameSequence { column, to, .. }, Postgres) => {
            let before = context.before()?;
            if let Some(from) = before.column(*column).and_then(|column| column.sequence.as_ref()) {
                postgres::rename_sequence(before, &from.text, &to.text, rendered);
            }
        }
        (Change::Create(object), _) => {
            if let Some(sql) = objects::create(backend, object, state)? {
                rendered.schema_unless(objects::unfit(object), sql, None);
            }
        }
        (Change::Drop(object), _) => {
            if let Some(sql) = objects::drop(backend, object)? {
                rendered.schema_unless(objects::unfit(object), sql, None);
            }
        }
        (Change::ReplaceFunction { to, .. }, Postgres) => {
            let sql = replacing(to.sql.as_deref().unwrap_or_default(), state.backend());
            rendered.schema(raw::closed(&sql));
        }
        (Change::ReplaceFunction { to, .. }, Sqlite | Mysql) => return Err(RenderError::no_object(backend, to)),
        (Change::AlterEnum { from, to, renamed }, Postgres) => {
            postgres::enums::alter(from, to, renamed, context.recreates_enum, state, rendered)?;
        }
        (Change::Insert { rows, mode, .. }, Sqlite) => {
            rendered.rows(rows::insert(backend, context.after()?, rows, mode)?);
        }
        (Change::Insert { rows, mode, .. }, Postgres) => postgres::insert(context.after()?, rows, mode, rendered)?,
        (Change::Insert { rows, mode, .. }, Mysql) => {
            let after = context.after()?;
            mysql::limits::rows(rows, after)?;
            let rows = &mysql::asked_first(rows, after, rendered);
            rendered.rows(rows::insert(backend, after, rows, mode)?);
        }
        (Change::Update { set, filter, .. }, _) => {
            let after = context.after()?;
            let in_turn = if backend == Mysql { Some(mysql::limits::in_turn(set, after)?) } else { None };
            rendered.row(rows::update(backend, after, in_turn.as_ref().unwrap_or(set), filter.as_ref())?);
            if backend == Sqlite {
                rendered.keys_off = sqlite::keys_off::update(state, after, set).map(Err);
            }
        }
        (Change::Delete { filter, .. }, _) => {
            let after = context.after()?;
            delete(backend, after, &[expression(backend, filter, after)], state, rendered);
        }
        (Change::DeleteRows { rows, .. }, _) => {
            let after = context.after()?;
            delete(backend, after, &rows::row_conditions(backend, after, rows)?, state, rendered);
        }
        (Change::KeepRows(rows), _) => {
            let after = context.after()?;
            if backend == Postgres && context.transaction {
                // Else rows that others put in meanwhile would be changed and not kept.
                let lock = format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", backend.table(&after.name));
                rendered.schema(lock);
            }
            kept::keep(backend, rows, after, state, rendered)?;
        }
        (Change::RestoreRows(rows), _) => kept::restore(backend, rows, context.after()?, rendered),
        (Change::Sql { sql, .. }, Sqlite | Postgres) => {
            if backend == Postgres {
                raw::refuse_copy(sql)?;
            }
            let kind = if raw::is_ddl(sql) { StatementKind::Schema } else { StatementKind::Rows };
            rendered.push(kind, raw::closed(sql), None);
            if backend == Sqlite {
                rendered.keys_off = sqlite::keys_off::raw(state, sql).map(Err);
            }
        }
        (Change::Sql { sql, .. }, Mysql) => mysql::raw_statement(sql, context, rendered)?,
        // SQLite makes the table of a column or a constraint anew.
        (
            Change::AlterColumn { .. }
            | Change::AddConstraint { .. }
            | Change::DropConstraint { .. }
            | Change::RenameConstraint { .. },
            Sqlite,
        )
        // An enum's values are in the types, or the checks, of its columns; numbers come from the table itself.
        | (Change::AlterEnum { .. } | Change::RenameSequence { .. }, Sqlite | Mysql)
        | (Change::Note(_), _) => {}
    }
    Ok(())
}

fn delete(backend: Backend, table: &Table, conditions: &[String], state: &State, rendered: &mut RenderedChange) {
    rendered.rows(conditions.iter().map(|condition| rows::delete(backend, table, condition)));
    if backend == Sqlite {
        rendered.keys_off = sqlite::keys_off::deletes(state, table, conditions).transpose();
    }
}
