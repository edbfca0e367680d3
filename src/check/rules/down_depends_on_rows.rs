//! `down-depends-on-rows`: a derived way down that works on an empty table, and may fail on one
//! with rows.

use super::Seen;
use crate::diagnostic::{Code, Diagnostic, Direction};
use crate::operation::EnumType;
use crate::state::{Change, ColumnId, MayFail, is_of_same_enum};

pub(super) fn look(seen: &Seen<'_>, found: &mut Vec<Diagnostic>) {
    // What its author wrote is the author's to know.
    if seen.direction != Direction::Down || seen.migration.body.down.is_some() {
        return;
    }
    let Some(why) = seen.change.may_fail_on_rows(seen.state) else { return };
    if let MayFail::EnumValues(of, lost) = why {
        found.extend(loses_values(seen, of, &lost));
        return;
    }
    let Some(id) = seen.change.table().filter(|id| !seen.made.contains(id)) else { return };
    let Some(table) = seen.state.table(id) else { return };
    let way = format!("the way down of `{}`", seen.migration.name);
    let left_out = at_zero(&why, seen.state.backend().capabilities().transactional_ddl);
    let named = |column: ColumnId| format!("`{}.{}`", table.name, table.column_name(column));
    let (message, help) = match why {
        MayFail::NoValue(_) => {
            let Change::AddColumn { column, .. } = seen.change else { return };
            let message = format!(
                "{way} adds `{}.{}` back, NOT NULL and without a value for the rows that are there",
                table.name, column.name
            );
            (message, "`refill = …` on the `drop_column` says what they get")
        }
        // The enum itself was told of.
        MayFail::Narrows(column, to)
            if table.column(column).is_some_and(|column| is_of_same_enum(&column.data_type, to)) =>
        {
            return;
        }
        MayFail::Narrows(column, to) => {
            let message = format!("{way} makes {} {to} again, which new values may not fit", named(column));
            (message, "`using_down = \"…\"` says how values are converted on the way back")
        }
        // How, its author says; whether it becomes NOT NULL as well, not.
        MayFail::Conversion(column) => {
            let Change::AlterColumn { patch, fill: None, .. } = seen.change else { return };
            if patch.null != Some(false) {
                return;
            }
            let message =
                format!("{way} makes {} NOT NULL again, which fails on rows that are NULL by then", named(column));
            (message, "a `[[down]]` of its own can fill them first")
        }
        MayFail::Collation(column) => {
            let message = format!(
                "{way} gives {} its collation back, by which rows may be alike that must not be",
                named(column)
            );
            (message, FIX_ROWS)
        }
        MayFail::Null(column) => {
            let message =
                format!("{way} makes {} NOT NULL again, which fails on rows that are NULL by then", named(column));
            (message, "a `[[down]]` of its own can fill them first")
        }
        MayFail::Constraint(constraint) => {
            let (kind, name) = (constraint.kind().title(), &constraint.name().text);
            let message =
                format!("{way} adds the {kind} `{name}` on `{}` back, which rows may break by then", table.name);
            (message, FIX_ROWS)
        }
        MayFail::UniqueIndex(name) => {
            let message =
                format!("{way} adds the unique index `{name}` on `{}` back, which rows may break by then", table.name);
            (message, FIX_ROWS)
        }
        MayFail::EnumValues(..) => return,
    };
    let diagnostic = seen.found(Code::DownDependsOnRows, message, "undone here");
    found.push(left_out.into_iter().fold(diagnostic, Diagnostic::note).help(help));
}

/// What a way down to 0 does instead, where the table is dropped later. Where DDL commits by itself a change is not left out,
/// or it would be missing after an interruption; but a column may be NULL, or of its wider type, until the table goes.
fn at_zero(why: &MayFail<'_>, in_one_transaction: bool) -> Option<&'static str> {
    match why {
        _ if in_one_transaction => Some("a way down to 0 leaves it out where the table is dropped later"),
        MayFail::NoValue(_) | MayFail::Null(_) => {
            Some("a way down to 0 lets it be NULL where the table is dropped later")
        }
        MayFail::Narrows(..) => Some("a way down to 0 keeps the wider type where the table is dropped later"),
        MayFail::Conversion(_)
        | MayFail::Collation(_)
        | MayFail::Constraint(_)
        | MayFail::UniqueIndex(_)
        | MayFail::EnumValues(..) => None,
    }
}

const FIX_ROWS: &str = "a `[[down]]` of its own can fix the rows first";

/// Values that an enum loses while columns are of it.
fn loses_values(seen: &Seen<'_>, of: &EnumType, lost: &[&str]) -> Option<Diagnostic> {
    let rows = seen.state.columns_of_enum(&of.name).any(|(table, _)| !seen.made.contains(&table.id));
    if !rows {
        return None;
    }
    let lost: Vec<String> = lost.iter().map(|value| format!("`{value}`")).collect();
    let (name, of) = (&seen.migration.name, &of.name);
    let message =
        format!("the way down of `{name}` takes {} from enum `{of}`, which rows may have by then", lost.join(", "));
    let diagnostic = seen.found(Code::DownDependsOnRows, message, "undone here");
    let goes = if seen.state.backend().capabilities().transactional_ddl { "enum" } else { "table" };
    Some(
        diagnostic
            .note(format!("a way down to 0 leaves it out where the {goes} is dropped later"))
            .help("a `[[down]]` of its own can change these rows first"),
    )
}
