//! A database's ledger held against the manifest: what differs, and where.

use serde_json::Value;

use super::history::{self, marks};
use super::{Downs, Ledger, LedgerRow, RowState};
use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::graph::Graph;
use crate::manifest::Manifest;
use crate::operation::{Migration, Operation};

/// What is in the ledger and not in the manifest, what was edited after it was applied (with the
/// first operation that differs), what was applied without something it requires, and what was
/// interrupted. Pure.
#[must_use]
pub fn held(manifest: &Manifest, graph: &Graph, ledger: &Ledger, backend: Backend) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut rows: Vec<&LedgerRow> = ledger.rows.iter().collect();
    rows.sort_by_key(|row| row.position);
    for row in rows {
        let migration = graph.versioned(row.version).and_then(|node| manifest.migrations.get(node.0));
        let span = migration.map_or(Span::NONE, |migration| migration.span);
        if row.state != RowState::Applied {
            found.push(interrupted(row, span));
        }
        match migration {
            None => found.push(
                Diagnostic::new(
                    Code::Orphaned,
                    format!("`{}` ({}) is applied, and the manifest does not have it", row.name, row.version),
                )
                .of(&row.name)
                .note(format!("applied at {}; the ledger keeps how to undo it", row.applied_at))
                .help(format!("bring its file back, or undo it: `dbmigrate down {}`", row.name)),
            ),
            Some(migration) => found.extend(edited(row, migration)),
        }
    }
    let history = history::replay(manifest, graph, ledger, Downs::Auto, backend);
    let _ = history::requirements(&history, &mut found);
    found
}

fn interrupted(row: &LedgerRow, span: Span) -> Diagnostic {
    let (way, next) = match row.state {
        RowState::Reverting => ("down", format!("`dbmigrate down {}` goes on", row.name)),
        _ => ("up", format!("`dbmigrate up {}` goes on", row.name)),
    };
    let mut diagnostic = Diagnostic::new(Code::Interrupted, format!("`{}` was interrupted on its way {way}", row.name))
        .of(&row.name)
        .at(span, "half done");
    if let Some(progress) = &row.progress {
        diagnostic = diagnostic.note(format!("{} of {} statements ran", progress.done, progress.of));
        if let Some(statement) = progress.unknown {
            let next = format!("dbmigrate resolve {} --statement {statement} --ran (or --not-ran)", row.version);
            return diagnostic
                .note(format!("whether statement {statement} ran, nobody can tell but you"))
                .help(format!("look at the database, then `{next}`"));
        }
    }
    diagnostic.help(next)
}

fn edited(row: &LedgerRow, migration: &Migration) -> Option<Diagnostic> {
    let marks = marks(row, Some(migration));
    let name = &row.name;
    let (then, now) = (&row.body, &migration.body);
    if marks.up_edited {
        let mut diagnostic =
            Diagnostic::new(Code::UpEdited, format!("`{name}` was edited after it was applied")).of(name);
        let place = match first_difference(&then.up, &now.up) {
            Some(difference) => {
                diagnostic.notes = difference.notes;
                difference.span
            }
            None if then.transaction != now.transaction => {
                diagnostic.notes = vec![format!("`transaction` was {}, and is {}", then.transaction, now.transaction)];
                migration.span
            }
            None => migration.span,
        };
        return Some(
            diagnostic
                .at(place.or(migration.span), "edited since")
                .help("put the change into a new migration, or undo this one (as it was applied) and apply it again: `dbmigrate redo`"),
        );
    }
    if !marks.down_edited {
        return None;
    }
    let message = format!("the way down of `{name}` was edited after it was applied");
    let mut diagnostic = Diagnostic::new(Code::DownEdited, message).of(name);
    let empty = Vec::new();
    let lists = (then.down.as_ref().unwrap_or(&empty), now.down.as_ref().unwrap_or(&empty));
    // Whole ways down, else the `down` of an operation.
    let difference = first_difference(lists.0, lists.1).or_else(|| first_difference(&then.up, &now.up));
    let mut place = migration.span;
    if let Some(difference) = difference {
        diagnostic.notes = difference.notes;
        place = difference.span.or(place);
    } else if then.irreversible != now.irreversible {
        diagnostic.notes = vec![changed("irreversible", &json(&then.irreversible), &json(&now.irreversible))];
    }
    Some(
        diagnostic
            .at(place, "edited since")
            .note("the manifest's way down is used (`--downs ledger` uses the one that was applied)"),
    )
}

struct Difference {
    notes: Vec<String>,
    span: Span,
}

/// The first operation in which two lists differ, and what of it does.
fn first_difference(then: &[Operation], now: &[Operation]) -> Option<Difference> {
    let longest = then.len().max(now.len());
    (0..longest).find_map(|at| {
        let span = now.get(at).map_or(Span::NONE, |operation| operation.spans.object());
        let nth = at + 1;
        let notes = match (then.get(at), now.get(at)) {
            (Some(then), Some(now)) => {
                let (before, after) = (json(then), json(now));
                if before == after {
                    return None;
                }
                if then.title() == now.title() {
                    let (path, before, after) = inside(&before, &after);
                    let path = if path.is_empty() { now.verb().to_owned() } else { path };
                    vec![
                        format!("operation {nth}, `{}`, is the first that differs", now.title()),
                        changed(&path, &before, &after),
                    ]
                } else {
                    vec![format!("operation {nth} was `{}`, and is `{}`", then.title(), now.title())]
                }
            }
            (Some(then), None) => vec![format!("operation {nth}, `{}`, was there, and is not", then.title())],
            (None, Some(now)) => vec![format!("operation {nth}, `{}`, is new", now.title())],
            (None, None) => return None,
        };
        Some(Difference { notes, span })
    })
}

fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

/// The innermost place at which two values differ, with both of its values.
fn inside(then: &Value, now: &Value) -> (String, Value, Value) {
    let (mut then, mut now) = (then, now);
    let mut path = String::new();
    loop {
        let next = match (then, now) {
            (Value::Object(a), Value::Object(b)) => {
                let mut keys = a.keys().chain(b.keys()).filter(|key| a.get(*key) != b.get(*key));
                keys.next().map(|key| (key.clone(), a.get(key), b.get(key)))
            }
            (Value::Array(a), Value::Array(b)) => (0..a.len().max(b.len()))
                .find(|at| a.get(*at) != b.get(*at))
                .map(|at| ((at + 1).to_string(), a.get(at), b.get(at))),
            _ => None,
        };
        let Some((key, a, b)) = next else { return (path, then.clone(), now.clone()) };
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(&key);
        match (a, b) {
            (Some(a), Some(b)) => (then, now) = (a, b),
            (a, b) => return (path, a.cloned().unwrap_or(Value::Null), b.cloned().unwrap_or(Value::Null)),
        }
    }
}

fn changed(path: &str, then: &Value, now: &Value) -> String {
    let shown = |value: &Value| match value {
        Value::Null => "not there".to_owned(),
        value => {
            let text = value.to_string();
            if text.chars().count() > 80 { format!("{}…", text.chars().take(79).collect::<String>()) } else { text }
        }
    };
    format!("{path}: before {}, now {}", shown(then), shown(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Files, parse};
    use crate::plan::{Progress, everything_applied};

    fn manifest(nodes: &str) -> (Manifest, Graph) {
        let schema = format!("[project]\nname = \"t\"\nbackends = [\"sqlite\"]\n{nodes}");
        let loaded = parse(&Files { path: "schema.toml".into(), schema, ..Files::default() });
        assert_eq!(loaded.diagnostics, vec![]);
        let manifest = loaded.manifest.unwrap();
        let (graph, _) = Graph::build(&manifest.migrations, false);
        (manifest, graph)
    }

    fn node(version: u32, requires: &[&str], operation: &str) -> String {
        format!(
            "[[migration]]\nversion = {version}\nname = \"n{version}\"\nrequires = {requires:?}\n[[migration.up]]\n{operation}\n"
        )
    }

    fn holds(then: &str, now: &str, mut change: impl FnMut(&mut Ledger)) -> Vec<(Code, Vec<String>)> {
        let (before, graph) = manifest(then);
        let mut ledger = everything_applied(&before, &graph, Backend::Sqlite);
        change(&mut ledger);
        let (manifest, graph) = manifest(now);
        held(&manifest, &graph, &ledger, Backend::Sqlite).into_iter().map(|found| (found.code, found.notes)).collect()
    }

    const TABLE: &str = "create_table = \"t\"\ncolumns = { a = \"bigint\", b = \"text\" }";

    #[test]
    fn what_was_applied_as_it_is_gives_nothing() {
        assert_eq!(holds(&node(1, &[], TABLE), &node(1, &[], TABLE), |_| ()), []);
    }

    #[test]
    fn an_edited_way_up_names_the_operation_and_both_values() {
        let now = TABLE.replace("text", "string(20)");
        let found = holds(&node(1, &[], TABLE), &node(1, &[], &now), |_| ());
        let [(Code::UpEdited, notes)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(notes.first().unwrap(), "operation 1, `create_table t`, is the first that differs");
        assert!(
            notes.iter().any(|note| note.contains("before") && note.contains("text") && note.contains("20")),
            "{notes:?}"
        );
    }

    #[test]
    fn an_edited_way_down_is_told_apart() {
        let sql = |down: &str| node(1, &[], &format!("sql = \"PRAGMA optimize\"\ndown = \"{down}\""));
        let found = holds(&sql(""), &sql("PRAGMA optimize"), |_| ());
        let [(Code::DownEdited, notes)] = found.as_slice() else { panic!("{found:?}") };
        assert!(notes.iter().any(|note| note.contains("down")), "{notes:?}");
    }

    #[test]
    fn orphans_missing_requirements_and_interruptions() {
        let (one, two) = (node(1, &[], TABLE), node(2, &[], "add_column = \"t.c\"\ntype = \"text\"\nnull = true"));
        let both = [one.clone(), two].concat();
        let codes = |found: Vec<(Code, Vec<String>)>| found.into_iter().map(|(code, _)| code).collect::<Vec<_>>();
        assert_eq!(codes(holds(&both, &one, |_| ())), [Code::Orphaned]);
        let requires = node(2, &["n1"], "note = \"x\"");
        let without = |ledger: &mut Ledger| ledger.rows.retain(|row| row.name == "n2");
        assert_eq!(
            codes(holds(&[one.clone(), requires.clone()].concat(), &[one.clone(), requires].concat(), without)),
            [Code::RequirementNotApplied]
        );
        let half = |ledger: &mut Ledger| {
            for row in &mut ledger.rows {
                row.state = RowState::Applying;
                row.progress = Some(Progress { done: 0, unknown: Some(1), of: 1 });
            }
        };
        assert_eq!(codes(holds(&one, &one, half)), [Code::Interrupted]);
    }
}
