//! SQLite. Its ALTER TABLE renames, adds plain columns and drops unused ones; everything
//! else is a rebuild of the table. Consecutive changes of one table are one rebuild.

mod keys_off;
mod rebuild;

use std::collections::HashSet;

use super::dialect::Dialect;
use super::error::RenderError;
use super::walk::{Kind, Link, Written};
use super::{index, kept, raw, rows, table, value};
use crate::state::{Change, Column, ColumnId, Constraint, Object, State, Table, TableId};

const DIALECT: Dialect = Dialect::Sqlite;

/// How many of the changes, from the first, are written together: those of one table that one
/// rebuild can do at once. At least 1.
pub(super) fn run_length(changes: &[Change]) -> usize {
    let Some(table) = changes.first().filter(|change| is_structural(change)).and_then(Change::table) else { return 1 };
    let mut touched: HashSet<ColumnId> = HashSet::new();
    let mut length = 0;
    for change in changes {
        if change.table() != Some(table) || !is_structural(change) || waits(change, &touched) {
            break;
        }
        match change {
            Change::AddColumn { column, .. } => touched.insert(column.id),
            Change::AlterColumn { column, .. } | Change::DropColumn { column, .. } => touched.insert(*column),
            _ => true,
        };
        length += 1;
    }
    length.max(1)
}

/// What a rebuild can do.
const fn is_structural(change: &Change) -> bool {
    matches!(
        change,
        Change::AddColumn { .. }
            | Change::DropColumn { .. }
            | Change::AlterColumn { .. }
            | Change::AddConstraint { .. }
            | Change::DropConstraint { .. }
            | Change::RenameConstraint { .. }
            | Change::AddIndex { .. }
            | Change::DropIndex { .. }
            | Change::RenameIndex { .. }
    )
}

/// Whether it needs what an earlier change of the run makes: one SELECT sees the old values only.
fn waits(change: &Change, touched: &HashSet<ColumnId>) -> bool {
    let reads = |value: &crate::state::Scalar| match value {
        crate::state::Scalar::Expr(expr) => expr.opaque || expr.columns().any(|id| touched.contains(&id)),
        crate::state::Scalar::Literal(_) => false,
    };
    if touched.is_empty() {
        return false;
    }
    match change {
        Change::AlterColumn { column, using, fill, .. } => {
            touched.contains(column)
                || using.as_ref().is_some_and(|expr| expr.opaque || expr.columns().any(|id| touched.contains(&id)))
                || fill.as_ref().is_some_and(reads)
        }
        Change::AddColumn { column, fill, .. } => touched.contains(&column.id) || fill.as_ref().is_some_and(reads),
        _ => false,
    }
}

/// Writes a run of changes.
pub(super) fn write(links: &[Link<'_>], state: &State) -> Result<Written, RenderError> {
    let structural = links.first().is_some_and(|link| is_structural(link.change));
    let needs_rebuild = |link: &Link<'_>| match (&link.before, &link.after) {
        (Some(before), Some(after)) => cannot_alter(link.change, before, after),
        _ => false,
    };
    if structural {
        if let Some(sql) = added_with_constraints(links, state)? {
            return Ok(Written::ddl(sql));
        }
        if links.iter().any(needs_rebuild) {
            return rebuild::write(links, state);
        }
    }
    let mut written = Written::default();
    for link in links {
        one(link, state, &mut written)?;
    }
    Ok(written)
}

fn cannot_alter(change: &Change, before: &Table, after: &Table) -> bool {
    match change {
        Change::AddColumn { column, fill, .. } => fill.is_some() || !can_be_added(column),
        Change::AlterColumn { column, using, fill, .. } => {
            using.is_some() || fill.is_some() || before.column(*column) != after.column(*column)
        }
        Change::DropColumn { .. } => after.columns.is_empty(),
        Change::AddConstraint { .. } | Change::DropConstraint { .. } | Change::RenameConstraint { .. } => true,
        _ => false,
    }
}

/// Whether ALTER TABLE … ADD COLUMN takes it when rows exist.
fn can_be_added(column: &Column) -> bool {
    let constant = column.default.as_ref().is_none_or(value::is_constant);
    let filled = column.null || column.default.as_ref().is_some_and(|default| !value::is_null(default));
    let added = column.generated.as_ref().is_none_or(|how| !how.stored && column.null);
    constant && filled && !column.auto_increment && added
}

/// A nullable column with a foreign key or checks of its own: ADD COLUMN takes them behind the column.
fn added_with_constraints(links: &[Link<'_>], state: &State) -> Result<Option<Vec<String>>, RenderError> {
    let [first, rest @ ..] = links else { return Ok(None) };
    let (Change::AddColumn { column, fill: None, .. }, Some(after)) = (first.change, &first.after) else {
        return Ok(None);
    };
    if rest.is_empty() || !can_be_added(column) || !column.null || column.default.is_some() {
        return Ok(None);
    }
    let mut sql = table::column_definition(DIALECT, column, after)?;
    let mut indexes = Vec::new();
    for link in rest {
        match (link.change, &link.after) {
            (Change::AddConstraint { constraint: constraint @ Constraint::ForeignKey(key), .. }, Some(after))
                if key.columns == [column.id] =>
            {
                sql.push_str(" CONSTRAINT ");
                sql.push_str(&DIALECT.ident(&constraint.name().text));
                sql.push(' ');
                sql.push_str(&table::references(DIALECT, state, key, after)?);
            }
            (Change::AddConstraint { constraint: constraint @ Constraint::Check(check), .. }, Some(after))
                if !check.expr.opaque && check.expr.columns().all(|id| id == column.id) =>
            {
                sql.push(' ');
                sql.push_str(&table::constraint_definition(DIALECT, state, constraint, after)?);
            }
            (Change::AddIndex { index, .. }, Some(after)) => indexes.push(index::create(DIALECT, after, index)?),
            _ => return Ok(None),
        }
    }
    let add = format!("ALTER TABLE {} ADD COLUMN {sql}", DIALECT.table(&after.name));
    Ok(Some(std::iter::once(add).chain(indexes).collect()))
}

/// One change that needs no rebuild.
fn one(link: &Link<'_>, state: &State, written: &mut Written) -> Result<(), RenderError> {
    match link.change {
        Change::CreateTable(created) => {
            written.push(Kind::Schema, table::create(DIALECT, state, created, None)?);
            for index in &created.indexes {
                written.push(Kind::Schema, index::create(DIALECT, created, index)?);
            }
        }
        Change::DropTable(_) => written.push(Kind::Schema, table::drop(DIALECT, link.before()?)),
        Change::RenameTable { to, .. } => {
            DIALECT.check_schema(to)?;
            rename_table(link.before()?, &to.name, state, written);
        }
        Change::AddColumn { column, .. } => {
            let after = link.after()?;
            let definition = table::column_definition(DIALECT, column, after)?;
            written.push(Kind::Schema, format!("ALTER TABLE {} ADD COLUMN {definition}", DIALECT.table(&after.name)));
        }
        Change::DropColumn { column, .. } => {
            let before = link.before()?;
            written.push(Kind::Schema, table::drop_column(DIALECT, before, before.column_name(*column)));
        }
        Change::RenameColumn { column, to, .. } => {
            let before = link.before()?;
            let from = before.column_name(*column);
            if from != to {
                written.push(Kind::Schema, table::rename_column(DIALECT, before, from, to));
            }
        }
        Change::AddIndex { index, .. } => {
            written.push(Kind::Schema, index::create(DIALECT, link.after()?, index)?);
        }
        Change::DropIndex { name, .. } => {
            written.push(Kind::Schema, index::drop(DIALECT, link.before()?, name));
        }
        Change::RenameIndex { name, to, .. } => {
            let (before, after) = (link.before()?, link.after()?);
            if name != to {
                // SQLite has no ALTER INDEX.
                written.push(Kind::Schema, index::drop(DIALECT, before, name));
                for index in after.indexes.iter().filter(|index| index.name == *to) {
                    written.push(Kind::Schema, index::create(DIALECT, after, index)?);
                }
            }
        }
        Change::AddConstraint { .. } | Change::DropConstraint { .. } | Change::RenameConstraint { .. } => {
            *written = rebuild::write(std::slice::from_ref(link), state)?;
        }
        Change::Create(object) => create(object, state, written)?,
        Change::Drop(object) => drop(object, written)?,
        Change::Insert { rows, mode, .. } => written.rows(rows::insert(DIALECT, link.after()?, rows, mode)?),
        Change::Update { set, filter, .. } => {
            let after = link.after()?;
            written.rows(vec![rows::update(DIALECT, after, set, filter.as_ref())?]);
            written.keys_off = keys_off::update(state, after, set).map(Err);
        }
        Change::Delete { filter, .. } => {
            let after = link.after()?;
            let condition = DIALECT.expr(filter, after);
            written.rows(vec![rows::delete(DIALECT, after, &condition)]);
            written.keys_off = keys_off::deletes(state, after, &[condition]).transpose();
        }
        Change::DeleteRows { rows, .. } => {
            let after = link.after()?;
            let conditions = rows::row_conditions(DIALECT, after, rows)?;
            written.rows(conditions.iter().map(|condition| rows::delete(DIALECT, after, condition)).collect());
            written.keys_off = keys_off::deletes(state, after, &conditions).transpose();
        }
        Change::KeepRows(rows) => {
            let [create, fill] = kept::keep(DIALECT, rows, link.after()?, state)?;
            written.push(Kind::Schema, create);
            written.push(Kind::Rows, fill);
        }
        Change::RestoreRows(rows) => {
            let [back, drop] = kept::restore(DIALECT, rows, link.after()?);
            written.push(Kind::Rows, back);
            written.push(Kind::Schema, drop);
        }
        Change::Sql { sql, .. } => {
            let kind = if raw::is_ddl(sql) { Kind::Schema } else { Kind::Rows };
            written.push(kind, raw::closed(sql));
            written.keys_off = keys_off::raw(state, sql).map(Err);
        }
        // A column that differs is rebuilt; SQLite has no sequences; an enum's values are in the checks of its columns.
        Change::AlterColumn { .. } | Change::RenameSequence { .. } | Change::AlterEnum { .. } | Change::Note(_) => {}
        Change::ReplaceFunction { to, .. } => return Err(RenderError::no_object(DIALECT, to)),
    }
    Ok(())
}

fn create(object: &Object, state: &State, written: &mut Written) -> Result<(), RenderError> {
    match object {
        Object::Trigger(trigger) => written.push(Kind::Schema, raw::closed(&trigger.sql)),
        Object::View(view) => {
            // As the state has it: with the names of the moment.
            let view = state.view_named(&view.name).unwrap_or(view);
            written.push(Kind::Schema, raw::closed(&view.sql));
        }
        // Its columns have its values.
        Object::Enum(_) => {}
        Object::Extension(_) | Object::Schema(_) | Object::Function(_) => {
            return Err(RenderError::no_object(DIALECT, object.get()));
        }
    }
    Ok(())
}

fn drop(object: &Object, written: &mut Written) -> Result<(), RenderError> {
    match object {
        Object::Trigger(trigger) => {
            written.push(Kind::Schema, format!("DROP TRIGGER {}", DIALECT.ident(&trigger.name)));
        }
        Object::View(view) => written.push(Kind::Schema, format!("DROP VIEW {}", DIALECT.table(&view.name))),
        Object::Enum(_) => {}
        Object::Extension(_) | Object::Schema(_) | Object::Function(_) => {
            return Err(RenderError::no_object(DIALECT, object.get()));
        }
    }
    Ok(())
}

/// SQLite does not take another case of the same name at once.
fn rename_table(before: &Table, to: &str, state: &State, written: &mut Written) {
    if before.name.name == to {
        return;
    }
    if before.name.name.eq_ignore_ascii_case(to) {
        let between = Table { name: before.name.renamed(temporary_name(state, before)), ..before.clone() };
        written.push(Kind::Schema, table::rename(DIALECT, before, &between.name.name));
        written.push(Kind::Schema, table::rename(DIALECT, &between, to));
    } else {
        written.push(Kind::Schema, table::rename(DIALECT, before, to));
    }
}

/// A name for a table while it is rebuilt.
fn temporary_name(state: &State, table: &Table) -> String {
    let mut name = format!("dbmigrate_new_{}", table.name.name);
    while state.table_named(&crate::ident::TableName::bare(name.clone())).is_some() {
        name.push('_');
    }
    name
}

/// Whether a foreign key points to that table.
fn points_to(table: &Table, to: TableId) -> impl Iterator<Item = &crate::state::ForeignKey> {
    table.foreign_keys.iter().filter(move |key| key.table == to)
}
