//! `down-depends-on-rows`: a derived way down that works on an empty table, and may fail on one
//! with rows.

use super::Seen;
use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, Direction};
use crate::operation::EnumType;
use crate::state::Change;

pub(super) fn look(seen: &Seen<'_>, found: &mut Vec<Diagnostic>) {
    // What its author wrote is the author's to know.
    if seen.direction != Direction::Down || seen.migration.body.down.is_some() {
        return;
    }
    if let Change::AlterEnum { from, to, renamed } = seen.change {
        found.extend(taken_away(seen, from, to, renamed));
        return;
    }
    let Some(id) = seen.change.table().filter(|id| !seen.made.contains(id)) else { return };
    let Some(table) = seen.state.table(id) else { return };
    let way = format!("the way down of `{}`", seen.migration.name);
    let (message, help) = match seen.change {
        Change::AddColumn { column, fill: None, .. }
            if !column.null && column.default.is_none() && !column.auto_increment && column.generated.is_none() =>
        {
            let message = format!(
                "{way} adds `{}.{}` back, NOT NULL and without a value for the rows that are there",
                table.name, column.name
            );
            (message, "`refill = …` on the `drop_column` says what they get")
        }
        Change::AlterColumn { column, patch, using, fill, .. } => {
            let Some(column) = table.column(*column) else { return };
            let narrows = patch.data_type.as_ref().filter(|to| !column.data_type.widens_to(to));
            let (old, new) = (column.data_type.of_enum(), narrows.and_then(|to| to.of_enum()));
            if old.zip(new).is_some_and(|(old, new)| old.name == new.name) {
                // The enum itself was told of.
                return;
            }
            match narrows {
                // SQLite keeps any length, and values that do not convert as they are.
                Some(to) if using.is_none() && seen.state.backend() != Backend::Sqlite => {
                    let message = format!(
                        "{way} makes `{}.{}` {to} again, which new values may not fit",
                        table.name, column.name
                    );
                    (message, "`using_down = \"…\"` says how values are converted on the way back")
                }
                _ if patch.collation.is_some() && table.is_unique_over(column.id) => {
                    let message = format!(
                        "{way} gives `{}.{}` its collation back, by which rows may be alike that must not be",
                        table.name, column.name
                    );
                    (message, "a `[[down]]` of its own can mend the rows first")
                }
                _ if patch.null == Some(false) && fill.is_none() => {
                    let message = format!(
                        "{way} makes `{}.{}` NOT NULL again, which fails on rows that are NULL by then",
                        table.name, column.name
                    );
                    (message, "a `[[down]]` of its own can fill them first")
                }
                _ => return,
            }
        }
        Change::AddConstraint { constraint, .. } => {
            let (kind, name) = (constraint.kind().title(), &constraint.name().text);
            let message =
                format!("{way} adds the {kind} `{name}` on `{}` back, which rows may break by then", table.name);
            (message, "a `[[down]]` of its own can mend the rows first")
        }
        Change::AddIndex { index, .. } if index.unique => {
            let message = format!(
                "{way} adds the unique index `{}` on `{}` back, which rows may break by then",
                index.name, table.name
            );
            (message, "a `[[down]]` of its own can mend the rows first")
        }
        _ => return,
    };
    let diagnostic = seen.found(Code::DownDependsOnRows, message, "undone here");
    found.push(diagnostic.note("a way down to 0 leaves it out where the table is dropped later").help(help));
}

/// Values that an enum loses while columns are of it.
fn taken_away(seen: &Seen<'_>, from: &EnumType, to: &EnumType, renamed: &[(String, String)]) -> Option<Diagnostic> {
    let now =
        |value: &String| renamed.iter().find(|(old, _)| old == value).map_or(value.clone(), |(_, new)| new.clone());
    let gone: Vec<String> =
        from.values.iter().filter(|value| !to.values.contains(&now(value))).map(|value| format!("`{value}`")).collect();
    let rows = seen.state.columns_of_enum(&from.name).any(|(table, _)| !seen.made.contains(&table.id));
    if gone.is_empty() || !rows {
        return None;
    }
    let (name, of) = (&seen.migration.name, &from.name);
    let message =
        format!("the way down of `{name}` takes {} from enum `{of}`, which rows may have by then", gone.join(", "));
    let diagnostic = seen.found(Code::DownDependsOnRows, message, "undone here");
    Some(
        diagnostic
            .note("a way down to 0 leaves it out where the enum is dropped later")
            .help("a `[[down]]` of its own can change these rows first"),
    )
}
