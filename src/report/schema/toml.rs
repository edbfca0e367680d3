//! A state as one migration, which makes it from nothing: what the operations of its history come to.

use std::io::{self, Write};

use super::Page;
use super::columns::{action, column, deferrable, index, key, list, quoted};
use crate::report::words;
use crate::state::{Change, ColumnPatch, Constraint, ForeignKey, State, Table};

/// Writes each schema as the operations of a migration.
pub fn write_toml(pages: &[Page], out: &mut dyn Write) -> io::Result<()> {
    for page in pages {
        let text = words::one_line(&page.title()).trim_end().to_owned();
        writeln!(out, "description = {}", quoted(&text))?;
        let state = &page.state;
        for change in state.creation_changes() {
            if let Some(operation) = operation(&change, state) {
                write!(out, "\n[[up]]\n{operation}")?;
            }
        }
    }
    Ok(())
}

/// An operation as it stands under `[[up]]`.
fn operation(change: &Change, state: &State) -> Option<String> {
    Some(match change {
        Change::Create(object) => {
            let keys = object.get().declaration(state);
            let lines: Vec<String> = keys.iter().map(|(name, value)| format!("{name} = {value}\n")).collect();
            lines.concat()
        }
        Change::CreateTable(table) => self::table(table, state),
        Change::AddConstraint { table, constraint: Constraint::ForeignKey(key) } => {
            let on = state.table(*table)?;
            let name = quoted(&key.name.text);
            format!(
                "add_foreign_key = {name}\non = {}\n{}\n",
                quoted(&on.name.to_string()),
                foreign_key(key, on, state).join("\n")
            )
        }
        // A default that names what is made after the table.
        Change::AlterColumn { table, column, patch: ColumnPatch { default: Some(Some(default)), .. }, .. } => {
            let table = state.table(*table)?;
            let name = quoted(&format!("{}.{}", table.name, table.column_name(*column)));
            format!("alter_column = {name}\ndefault = {}\n", super::columns::value(default, table, state.backend()))
        }
        Change::DropTable(_)
        | Change::RenameTable { .. }
        | Change::AddColumn { .. }
        | Change::DropColumn { .. }
        | Change::RenameColumn { .. }
        | Change::AlterColumn { .. }
        | Change::AddIndex { .. }
        | Change::DropIndex { .. }
        | Change::RenameIndex { .. }
        | Change::AddConstraint { .. }
        | Change::DropConstraint { .. }
        | Change::RenameConstraint { .. }
        | Change::RenameSequence { .. }
        | Change::Drop(_)
        | Change::ReplaceFunction { .. }
        | Change::AlterEnum { .. }
        | Change::Insert { .. }
        | Change::Update { .. }
        | Change::Delete { .. }
        | Change::KeepRows(_)
        | Change::RestoreRows(_)
        | Change::DeleteRows { .. }
        | Change::Sql { .. }
        | Change::Note(_) => return None,
    })
}

fn table(table: &Table, state: &State) -> String {
    let mut text = format!("create_table = {}\n", quoted(&table.name.to_string()));
    if let Some(primary) = &table.primary_key {
        text += &format!("primary_key = {}\n", list(table.column_names(&primary.columns)));
    }
    if let Some(comment) = &table.comment {
        text += &format!("comment = {}\n", quoted(comment));
    }
    if let Some(options) = &table.options {
        text += &format!("options = {}\n", quoted(options));
    }
    let columns: Vec<(String, String)> =
        table.columns.iter().map(|one| (key(&one.name), column(one, table, state))).collect();
    text += "\n[up.columns]\n";
    let width = columns.iter().map(|(name, _)| words::width_of(name)).max().unwrap_or_default();
    for (name, value) in columns {
        text += &format!("{} = {value}\n", words::pad(&name, width));
    }
    let mut part = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            text += &format!("\n[up.{title}]\n{}\n", lines.join("\n"));
        }
    };
    let uniques = table.uniques.iter().filter(|one| super::columns::unique_of(one, table).is_none());
    part(
        "uniques",
        uniques.map(|one| format!("{} = {}", key(&one.name.text), list(table.column_names(&one.columns)))).collect(),
    );
    let checks = table.checks.iter().filter(|one| super::columns::check_of(one, table).is_none());
    let expr = |expr| quoted(&super::columns::sql(expr, table, state.backend()));
    part("checks", checks.map(|one| format!("{} = {}", key(&one.name.text), expr(&one.expr))).collect());
    part(
        "indexes",
        table.indexes.iter().map(|one| format!("{} = {}", key(&one.name), index(one, table, state))).collect(),
    );
    let keys = table.foreign_keys.iter().filter(|one| super::columns::key_of(one, table).is_none());
    part(
        "foreign_keys",
        keys.map(|one| format!("{} = {{ {} }}", key(&one.name.text), foreign_key(one, table, state).join(", ")))
            .collect(),
    );
    text
}

/// The keys of a foreign key, less its name and table.
fn foreign_key(own: &ForeignKey, table: &Table, state: &State) -> Vec<String> {
    let target = if own.table == table.id { Some(table) } else { state.referred(own.table).map(|shared| &**shared) };
    let mut parts = vec![format!("columns = {}", list(table.column_names(&own.columns)))];
    if let Some(target) = target {
        let columns: Vec<String> = target
            .column_names(&own.references)
            .into_iter()
            .map(|column| format!("{}.{column}", target.name))
            .collect();
        parts.push(match columns.as_slice() {
            [one] => format!("references = {}", quoted(one)),
            all => format!("references = {}", list(all)),
        });
    }
    parts.extend(action("on_delete", own.on_delete));
    parts.extend(action("on_update", own.on_update));
    parts.extend(deferrable(own.deferrable));
    if own.unchecked {
        parts.push("validate = false".to_owned());
    }
    parts
}
