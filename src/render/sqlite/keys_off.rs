//! Row changes in a transaction whose foreign keys are off, since it rebuilds a table: SQLite then
//! does not follow CASCADE, SET NULL and SET DEFAULT. Deletes are written out, children first;
//! what cannot be written out is refused. Whether every key still points to a row is checked
//! before COMMIT anyway.

use super::super::{raw, rows, table, value};
use super::{BACKEND, RenderError, points_to};
use crate::diagnostic::Code;
use crate::ident::TableName;
use crate::operation::Action;
use crate::state::{ForeignKey, RowValues, State, Table, TableId};

/// More statements than this for one delete are refused: no author means that.
const MOST: usize = 1000;

/// Deletes with everything that foreign keys would do after them, written out.
/// `None` where they would do nothing.
pub(in crate::render) fn deletes(
    state: &State,
    table: &Table,
    conditions: &[String],
) -> Result<Option<Vec<String>>, RenderError> {
    if !state.referrers(table.id).iter().any(|by| points_to(by, table.id).any(|key| acts(key.on_delete))) {
        return Ok(None);
    }
    let mut sql = Vec::new();
    for condition in conditions {
        let mut all = followed(state, table, condition)?;
        all.reverse();
        sql.append(&mut all);
    }
    Ok(Some(sql))
}

/// What follows a delete, parents before children.
fn followed(state: &State, table: &Table, condition: &str) -> Result<Vec<String>, RenderError> {
    let mut sql = vec![rows::delete(BACKEND, table, condition)];
    let mut open: Vec<(&Table, String, Vec<TableId>)> = vec![(table, condition.to_owned(), vec![table.id])];
    while let Some((parent, condition, path)) = open.pop() {
        for child in state.referrers(parent.id) {
            for key in points_to(child, parent.id).filter(|key| acts(key.on_delete)) {
                let refuse = || refusal(key, key.on_delete, child, table);
                if path.contains(&child.id) || sql.len() > MOST {
                    return Err(refuse());
                }
                let reached = reached(parent, child, key, &condition);
                match key.on_delete {
                    Action::Cascade => {
                        sql.push(rows::delete(BACKEND, child, &reached));
                        let mut path = path.clone();
                        path.push(child.id);
                        open.push((child, reached, path));
                    }
                    Action::SetNull | Action::SetDefault => {
                        if key_changes_follow(state, child, &key.columns) {
                            return Err(refuse());
                        }
                        sql.push(set(child, key, &reached)?);
                    }
                    Action::NoAction | Action::Restrict => {}
                }
            }
        }
    }
    Ok(sql)
}

/// The rows of a child that point to the parent's rows.
fn reached(parent: &Table, child: &Table, key: &ForeignKey, condition: &str) -> String {
    let own = BACKEND.idents(child.column_names(&key.columns));
    let own = if key.columns.len() > 1 { format!("({own})") } else { own };
    let referred = BACKEND.idents(parent.column_names(&key.references));
    format!("{own} IN (SELECT {referred} FROM {} WHERE {condition})", BACKEND.table(&parent.name))
}

/// SET NULL or SET DEFAULT as an UPDATE.
fn set(child: &Table, key: &ForeignKey, condition: &str) -> Result<String, RenderError> {
    let mut values = Vec::with_capacity(key.columns.len());
    for column in key.columns.iter().filter_map(|id| child.column(*id)) {
        let default = column.default.as_ref().filter(|_| key.on_delete == Action::SetDefault);
        let sql = match default {
            Some(default) => value::default(BACKEND, default, column, child)?,
            None => "NULL".to_owned(),
        };
        values.push((column.name.as_str(), sql));
    }
    Ok(rows::set(BACKEND, &child.name, values, Some(condition.to_owned())))
}

/// Why an update may not run with keys off; `None` where no key would follow it.
pub(in crate::render) fn update(state: &State, table: &Table, set: &RowValues) -> Option<RenderError> {
    let columns: Vec<_> = set.iter().map(|(id, _)| *id).collect();
    following_key(state, table, |key| key.references.iter().any(|id| columns.contains(id)))
}

/// Why raw SQL may not run with keys off; `None` where no key would follow it.
pub(in crate::render) fn raw(state: &State, sql: &str) -> Option<RenderError> {
    let words = raw::words(sql)?;
    for (change, name) in raw::row_changes(sql) {
        let Some(table) = state.table_named(&TableName::bare(name)) else { continue };
        let problem = match change {
            raw::RowChange::Delete => state.referrers(table.id).into_iter().find_map(|by| {
                let key = points_to(by, table.id).find(|key| acts(key.on_delete))?;
                Some(refusal(key, key.on_delete, by, table))
            }),
            raw::RowChange::Update => following_key(state, table, |key| {
                let names = table.column_names(&key.references);
                names.iter().any(|name| words.iter().any(|word| word.eq_ignore_ascii_case(name)))
            }),
        };
        if problem.is_some() {
            return problem;
        }
    }
    None
}

fn following_key(state: &State, table: &Table, hit: impl Fn(&ForeignKey) -> bool) -> Option<RenderError> {
    state.referrers(table.id).into_iter().find_map(|by| {
        let key = points_to(by, table.id).find(|key| acts(key.on_update) && hit(key))?;
        Some(refusal(key, key.on_update, by, table))
    })
}

fn key_changes_follow(state: &State, table: &Table, columns: &[crate::state::ColumnId]) -> bool {
    following_key(state, table, |key| key.references.iter().any(|id| columns.contains(id))).is_some()
}

const fn acts(action: Action) -> bool {
    matches!(action, Action::Cascade | Action::SetNull | Action::SetDefault)
}

fn refusal(key: &ForeignKey, action: Action, by: &Table, table: &Table) -> RenderError {
    let (action, key, by, table) = (table::action_words(action), &key.name.text, &by.name, &table.name);
    RenderError::new(
        Code::KeysOffWithRows,
        format!(
            "the transaction rebuilds a table with foreign keys off, so {action} (`{key}`) of `{by}` would not follow this change of `{table}`"
        ),
    )
}
