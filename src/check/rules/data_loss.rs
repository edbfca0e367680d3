//! `data-loss`: a way up that takes rows or values away, which no way down brings back.

use super::Seen;
use crate::diagnostic::{Code, Diagnostic, Direction};
use crate::state::{Change, Loss};

pub(super) fn look(seen: &Seen<'_>, found: &mut Vec<Diagnostic>) {
    if seen.direction == Direction::Up {
        for change in seen.change.each() {
            judge(seen, change, found);
        }
    }
}

fn judge(seen: &Seen<'_>, change: &Change, found: &mut Vec<Diagnostic>) {
    let Some(id) = change.table().filter(|id| !seen.made.contains(id)) else { return };
    let Some(table) = seen.state.table(id) else { return };
    let name = &seen.migration.name;
    let raw = matches!(seen.change, Change::Sql { .. });
    let Some(loss) = change.loses(seen.state) else { return };
    let diagnostic = match loss {
        Loss::Table => {
            let message = format!("`{name}` drops the table `{}` with all of its rows", table.name);
            let mut diagnostic =
                seen.found(Code::DataLoss, message, "its rows go").note("the way down makes the table again, empty");
            // Only raw SQL comes so far, and only where keys can outlive what they point to.
            for other in seen.state.referrers(id).into_iter().filter(|other| other.id != id) {
                diagnostic = diagnostic.note(format!(
                    "a key of `{}` points to it: the statement fails where rows need it, and the key is left pointing nowhere",
                    other.name
                ));
            }
            diagnostic.help("if this is meant: `data-loss = \"allow\"` in `[checks]`")
        }
        // What the rows get if it comes back is said.
        Loss::Column(_) if matches!(change, Change::DropColumn { refill: Some(_), .. }) => return,
        Loss::Column(column) => {
            let column = table.column_name(column);
            let message = format!("`{name}` drops the column `{}.{column}` with all of its values", table.name);
            let diagnostic = seen.found(Code::DataLoss, message, "its values go");
            if raw {
                diagnostic.help("if this is meant: `data-loss = \"allow\"` in `[checks]`")
            } else {
                diagnostic.help("`refill = …` says what the rows get if the column comes back")
            }
        }
        Loss::Values { converted: true, .. } => return,
        Loss::Values { column, to, .. } => {
            let Some(column) = table.column(column) else { return };
            let message = format!(
                "`{name}` makes `{}.{}` {to}, which not every {} fits",
                table.name, column.name, column.data_type
            );
            seen.found(Code::DataLoss, message, "values may be cut, or stop the run")
                .help("`using = \"…\"` says how values are converted")
        }
    };
    found.push(diagnostic);
}
