//! MySQL and MariaDB: each statement that changes the schema commits by itself, so what belongs together stands in one
//! ALTER TABLE, and each statement says how to find out whether it ran.
//!
//! A change is one statement, or several of which any first ones are undone by the change's own inverse: a run may be
//! cut off between them.

pub(super) mod alter;
mod authored;
pub(super) mod limits;
mod probe;
mod session;
mod unfit;
mod variables;

use super::change_context::{ChangeContext, RenderedChange, StatementKind};
use super::error::RenderError;
use super::model::Recovery;
use super::table_change::TableChange;
use super::{index, raw, rows, sea, table};
use crate::backend::Backend;
use crate::state::{Change, Column, Constraint, ConstraintKind, Scalar, State, Table};

pub(super) use alter::restored;
pub(super) use authored::{is_refused_whole, of_raw};
pub(super) use probe::of as probe;
pub(super) use session::lost;
pub(super) use variables::asked_first;

const BACKEND: Backend = Backend::Mysql;

/// How many of the changes, from the first, are one ALTER TABLE. At least 1.
pub(super) fn run_length(changes: &[Change]) -> usize {
    let Some(first) = changes.first() else { return 1 };
    // A key of the table to itself: InnoDB makes it only over an index that stands, and drops that only when it is gone.
    let mut key_goes = false;
    let together = |change: &&Change| {
        let Some((one, way)) = TableChange::of(change).zip(way(change)) else { return false };
        let apart = match one {
            TableChange::DropConstraint(ConstraintKind::ForeignKey, _) => {
                key_goes = true;
                false
            }
            TableChange::DropIndex(_)
            | TableChange::DropConstraint(ConstraintKind::Unique | ConstraintKind::PrimaryKey, _) => key_goes,
            TableChange::AddConstraint(Constraint::ForeignKey(key)) => Some(key.table) == change.table(),
            TableChange::AddConstraint(Constraint::PrimaryKey(_) | Constraint::Unique(_) | Constraint::Check(_))
            | TableChange::DropConstraint(ConstraintKind::Check, _)
            | TableChange::AddColumn { .. }
            | TableChange::DropColumn(_)
            | TableChange::AlterColumn { .. }
            | TableChange::AddIndex(_)
            | TableChange::RenameIndex
            | TableChange::RenameConstraint => false,
        };
        change.table() == first.table() && Some(way) == self::way(first) && !apart
    };
    changes.iter().take_while(together).count().max(1)
}

/// What can stand together in one ALTER TABLE.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    In,
    Out,
}

fn way(change: &Change) -> Option<Way> {
    match TableChange::of(change)? {
        TableChange::AddColumn { column, fill } => {
            let given = fill.is_none() || fill == column.default.as_ref();
            (given && !unfit::has_no_value(column, fill)).then_some(Way::In)
        }
        TableChange::AddIndex(_) | TableChange::AddConstraint(_) => Some(Way::In),
        TableChange::DropColumn(_) | TableChange::DropIndex(_) | TableChange::DropConstraint(..) => Some(Way::Out),
        TableChange::AlterColumn { .. } | TableChange::RenameIndex | TableChange::RenameConstraint => None,
    }
}

/// Refuses what a change makes of a table that no server takes.
pub(super) fn refuse(contexts: &[ChangeContext<'_>]) -> Result<(), RenderError> {
    if let Some(after) = contexts.last().filter(|one| way(one.change).is_some()).and_then(|one| one.after.as_ref()) {
        limits::numbering(after)?;
    }
    for context in contexts {
        if matches!(context.change, Change::RenameColumn { .. } | Change::RenameConstraint { .. }) {
            limits::json_checks(context.after()?)?;
        }
    }
    Ok(())
}

/// Writes changes of a table as one ALTER TABLE.
pub(super) fn together(
    contexts: &[ChangeContext<'_>],
    state: &State,
    rendered: &mut RenderedChange,
) -> Result<(), RenderError> {
    let Some(before) = contexts.first().and_then(|first| first.before.as_ref()) else { return Ok(()) };
    let mut actions = Vec::with_capacity(contexts.len());
    for context in contexts {
        action(context, state, &mut actions)?;
    }
    let start = contexts.first().and_then(|first| first.start.as_deref());
    let unfit = contexts.iter().flat_map(|context| unfit::of(context.change, before, start)).collect();
    rendered.schema_unless(unfit, table::alter(BACKEND, before, &actions.join(", ")), None);
    Ok(())
}

/// A statement of its author's.
pub(super) fn raw_statement(
    sql: &str,
    context: &ChangeContext<'_>,
    rendered: &mut RenderedChange,
) -> Result<(), RenderError> {
    if authored::locks_tables(sql) {
        return limits::limit(
            "`LOCK TABLES` keeps the ledger's own tables from this session",
            "leave it out: a run has the database to itself among runs, and other programs are better stopped",
        );
    }
    if authored::moves_away(sql) {
        return limits::limit(
            "`USE` makes another database the session's, and the ledger's next words would go there",
            "write the database's name before the table's: `other.posts`",
        );
    }
    let recovery = context.recovery.clone().unwrap_or(Recovery::Unknowable);
    let kind = if recovery == Recovery::Transactional { StatementKind::Rows } else { StatementKind::Schema };
    rendered.push(kind, raw::closed(sql), Some(recovery));
    Ok(())
}

/// What a change is within ALTER TABLE.
fn action(context: &ChangeContext<'_>, state: &State, actions: &mut Vec<String>) -> Result<(), RenderError> {
    let Some(change) = TableChange::of(context.change) else { return Ok(()) };
    match change {
        TableChange::AddColumn { column, .. } => {
            let column = table::column(BACKEND, column, context.after()?)?;
            actions.push(format!("ADD COLUMN {}", sea::column(BACKEND, &column)));
        }
        TableChange::DropColumn(column) => {
            actions.push(format!("DROP COLUMN {}", BACKEND.ident(context.before()?.column_name(column))));
        }
        TableChange::AddIndex(index) => {
            limits::index(index, context.after()?)?;
            actions.push(format!("ADD {}", index::definition(BACKEND, context.after()?, index)?));
        }
        TableChange::AddConstraint(constraint) => {
            limits::constraint(constraint, context.after()?, state)?;
            actions.extend(added(constraint, context.after()?, state)?);
        }
        TableChange::DropConstraint(ConstraintKind::PrimaryKey, _) => actions.push("DROP PRIMARY KEY".to_owned()),
        TableChange::DropIndex(name) | TableChange::DropConstraint(ConstraintKind::Unique, name) => {
            actions.push(format!("DROP KEY {}", BACKEND.ident(name)));
        }
        TableChange::DropConstraint(ConstraintKind::ForeignKey, name) => actions.extend(key_dropped(name)),
        TableChange::DropConstraint(ConstraintKind::Check, name) => {
            actions.push(format!("DROP CONSTRAINT {}", BACKEND.ident(name)));
        }
        // Each is a statement of its own.
        TableChange::AlterColumn { .. } | TableChange::RenameIndex | TableChange::RenameConstraint => {}
    }
    Ok(())
}

/// A foreign key goes with the index that it owns.
fn key_dropped(name: &str) -> [String; 2] {
    let name = BACKEND.ident(name);
    [format!("DROP FOREIGN KEY {name}"), format!("DROP KEY {name}")]
}

/// What renames a constraint; `None` for a primary key, whose name is `PRIMARY` whatever is written.
pub(super) fn rename_constraint(
    kind: ConstraintKind,
    name: &str,
    to: &str,
    after: &Table,
    state: &State,
) -> Result<Option<String>, RenderError> {
    let renamed = after.constraints().find(|constraint| constraint.kind() == kind && constraint.name().text == to);
    Ok(match (kind, renamed) {
        (ConstraintKind::Unique, _) => Some(rename_index(name, to)),
        (ConstraintKind::ForeignKey, Some(key)) => {
            let mut actions = Vec::from(key_dropped(name));
            actions.extend(added(&key, after, state)?);
            Some(actions.join(", "))
        }
        (ConstraintKind::Check, Some(check)) => {
            let mut actions = vec![format!("DROP CONSTRAINT {}", BACKEND.ident(name))];
            actions.extend(added(&check, after, state)?);
            Some(actions.join(", "))
        }
        _ => None,
    })
}

fn added(constraint: &Constraint, table: &Table, state: &State) -> Result<Vec<String>, RenderError> {
    let lines = table::constraint_lines(BACKEND, state, constraint, table)?;
    Ok(lines.into_iter().map(|line| format!("ADD {line}")).collect())
}

pub(super) fn rename_index(name: &str, to: &str) -> String {
    format!("RENAME INDEX {} TO {}", BACKEND.ident(name), BACKEND.ident(to))
}

/// Sets the rows of a column.
fn set(table: &Table, column: &Column, value: &Scalar, only_null: bool) -> Result<String, RenderError> {
    use crate::state::{Expr, Piece};
    let null = Expr { pieces: vec![Piece::Column(column.id), Piece::Text(" IS NULL".to_owned())], opaque: false };
    rows::update(BACKEND, table, &vec![(column.id, value.clone())], only_null.then_some(&null))
}
