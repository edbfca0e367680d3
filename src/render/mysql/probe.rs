//! Whether a statement ran, asked of the schema: each question gives one row with one number, 1 where it did.

use super::super::change_context::ChangeContext;
use super::super::model::Recovery;
use super::BACKEND;
use crate::render::ledger::{AGAIN, KEYS_LOST};
use crate::render::objects::{self, catalog};
use crate::state::{Change, ConstraintKind, Table};

/// How it is found out whether the one statement of several changes of a table ran: what one of them did, all of them did.
pub(in crate::render) fn of(contexts: &[ChangeContext<'_>]) -> Recovery {
    let (before, after) = (
        contexts.first().and_then(|context| context.before.as_deref()),
        contexts.last().and_then(|context| context.after.as_deref()),
    );
    let question = contexts.first().and_then(|context| of_change(context.change, before.or(after)));
    // A table that comes and goes whole, with its keys.
    let whole = |context: &ChangeContext<'_>| {
        use Change::{CreateTable, DropTable, KeepRows, RestoreRows};
        matches!(context.change, CreateTable(_) | DropTable(_) | KeepRows(_) | RestoreRows(_))
    };
    question.map_or(Recovery::Unknowable, |question| match contexts {
        [context] if whole(context) => Recovery::Probeable(question),
        _ => Recovery::Probeable(with_keys(&question, before, after)),
    })
}

/// MODIFY COLUMN may run twice, as long as the table has its keys.
pub(super) fn of_modify(table: &Table) -> Recovery {
    match keys_stand(Some(table)) {
        None => Recovery::Repeatable,
        Some(stand) => Recovery::Probeable(format!("SELECT {}", or_lost(AGAIN, Some(&stand)))),
    }
}

/// MariaDB that dies within an ALTER TABLE that copies may take the table's own foreign keys with it (10.11: a few kills
/// in a thousand), whichever of the two shapes the table has afterwards: the answer tells of that, too.
fn with_keys(question: &str, before: Option<&Table>, after: Option<&Table>) -> String {
    let (stood, stand) = (keys_stand(before), keys_stand(after));
    if stood.is_none() && stand.is_none() {
        return question.to_owned();
    }
    format!("SELECT IF(({question}), {}, {})", or_lost(1, stand.as_deref()), or_lost(0, stood.as_deref()))
}

fn or_lost(answer: i64, stand: Option<&str>) -> String {
    stand.map_or_else(|| answer.to_string(), |stand| format!("IF({stand}, {answer}, {})", answer + KEYS_LOST))
}

/// Whether all foreign keys of a table stand; `None` where it has none.
fn keys_stand(table: Option<&Table>) -> Option<String> {
    let table = table.filter(|table| !table.foreign_keys.is_empty())?;
    let names: Vec<String> = table.foreign_keys.iter().map(|key| BACKEND.string(&key.name.text)).collect();
    let of_table = [("TABLE_NAME", table.name.name.as_str()), ("CONSTRAINT_TYPE", "FOREIGN KEY")];
    Some(format!(
        "(SELECT COUNT(*) FROM information_schema.{} AND CONSTRAINT_NAME IN ({})) = {}",
        catalog("TABLE_CONSTRAINTS", &of_table),
        names.join(", "),
        names.len()
    ))
}

/// The question for a change; `table` is its table before it, where it stood. `None` where nothing can be seen.
pub(super) fn of_change(change: &Change, table: Option<&Table>) -> Option<String> {
    let name = table.map(|table| table.name.name.as_str());
    Some(match change {
        Change::CreateTable(created) => stands(&base_table(&created.name.name), true),
        Change::DropTable(_) => stands(&base_table(name?), false),
        Change::RenameTable { to, .. } => {
            stands(&format!("{} AND {}", base_table(&to.name), spelled_table(&to.name)), true)
        }
        Change::AddColumn { column, .. } => stands(&column_of(name?, &column.name), true),
        Change::DropColumn { column, .. } => stands(&column_of(name?, table?.column_name(*column)), false),
        Change::RenameColumn { to, .. } => {
            stands(&format!("{} AND {}", column_of(name?, to), spelled("COLUMN_NAME", to)), true)
        }
        Change::AddIndex { index, .. } => stands(&index_of(name?, &index.name), true),
        Change::DropIndex { name: index, .. } => stands(&index_of(name?, index), false),
        Change::RenameIndex { to, .. } => {
            stands(&format!("{} AND {}", index_of(name?, to), spelled("INDEX_NAME", to)), true)
        }
        Change::AddConstraint { constraint, .. } => {
            stands(&constraint_of(name?, constraint.kind(), &constraint.name().text), true)
        }
        Change::DropConstraint { kind, name: of, .. } => stands(&constraint_of(name?, *kind, of), false),
        Change::RenameConstraint { kind, to, .. } => {
            let column = if *kind == ConstraintKind::ForeignKey { "INDEX_NAME" } else { "CONSTRAINT_NAME" };
            stands(&format!("{} AND {}", constraint_of(name?, *kind, &to.text), spelled(column, &to.text)), true)
        }
        Change::Create(object) => stands(&objects::catalog_rows(object)?, true),
        Change::Drop(object) => stands(&objects::catalog_rows(object)?, false),
        Change::KeepRows(kept) => stands(&base_table(&kept.beside.name.name), true),
        Change::RestoreRows(kept) => stands(&base_table(&kept.beside.name.name), false),
        Change::ReplaceFunction { .. } | Change::AlterEnum { .. } | Change::AlterColumn { .. } => return None,
        Change::RenameSequence { .. } | Change::Sql { .. } | Change::Note(_) => return None,
        Change::Insert { .. } | Change::Update { .. } | Change::Delete { .. } | Change::DeleteRows { .. } => {
            return None;
        }
    })
}

/// A name as it is spelled: the catalog takes names for equal that differ in case or accents only, and a rename may be
/// from one to the other.
fn spelled(column: &str, name: &str) -> String {
    format!("HEX({column}) = HEX({})", BACKEND.string(name))
}

/// As [`spelled`], of a table, whose name some servers keep in lower case.
fn spelled_table(name: &str) -> String {
    let name = BACKEND.string(name);
    format!("HEX(TABLE_NAME) = HEX(IF(@@lower_case_table_names = 1, LOWER({name}), {name}))")
}

/// Whether rows of that view of the catalog are there, or are not.
pub(super) fn stands(rows: &str, there: bool) -> String {
    let compare = if there { "> 0" } else { "= 0" };
    format!("SELECT COUNT(*) {compare} FROM information_schema.{rows}")
}

pub(super) fn base_table(name: &str) -> String {
    catalog("TABLES", &[("TABLE_NAME", name)]) + " AND TABLE_TYPE <> 'VIEW'"
}

fn column_of(table: &str, name: &str) -> String {
    catalog("COLUMNS", &[("TABLE_NAME", table), ("COLUMN_NAME", name)])
}

pub(super) fn index_of(table: &str, name: &str) -> String {
    catalog("STATISTICS", &[("TABLE_NAME", table), ("INDEX_NAME", name)])
}

fn constraint_of(table: &str, kind: ConstraintKind, name: &str) -> String {
    let (kind, name) = match kind {
        ConstraintKind::PrimaryKey => ("PRIMARY KEY", "PRIMARY"),
        ConstraintKind::Unique => ("UNIQUE", name),
        // The server may take a foreign key with it, but not the index that it owns.
        ConstraintKind::ForeignKey => return index_of(table, name),
        ConstraintKind::Check => ("CHECK", name),
    };
    let values = [("TABLE_NAME", table), ("CONSTRAINT_NAME", name), ("CONSTRAINT_TYPE", kind)];
    catalog("TABLE_CONSTRAINTS", &values)
}
