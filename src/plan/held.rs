//! A database's ledger held against the manifest: what differs, and where.

use super::difference::{first_difference, of_irreversible};
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
    let history = history::replay(manifest, graph, ledger, Downs::Auto, backend, &history::by_state);
    let _ = history::requirements(&history, &mut found);
    found
}

fn interrupted(row: &LedgerRow, span: Span) -> Diagnostic {
    let (way, next) = match row.state {
        RowState::Reverting => ("down", format!("`dbmigrate down {}` goes on", row.name)),
        RowState::Applying | RowState::Applied => ("up", format!("`dbmigrate up {}` goes on", row.name)),
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
        // What is only about the way down does not count here.
        let up = |operations: &[Operation]| operations.iter().map(Operation::up_alone).collect::<Vec<_>>();
        let place = match first_difference(&up(&then.up), &up(&now.up)) {
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
                .help(format!(
                    "put the change into a new migration, or undo this one (as it was applied) and apply it again: `dbmigrate down {name}`, then `dbmigrate latest`"
                )),
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
        diagnostic.notes = vec![of_irreversible(then.irreversible.as_deref(), now.irreversible.as_deref())];
    }
    Some(
        diagnostic
            .at(place, "edited since")
            .note("the manifest's way down is used (`--downs ledger` uses the one that was applied)"),
    )
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
        let mut ledger = everything_applied(&before, &graph);
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
        // Where both ways were edited, the way up is told, and by its own difference.
        let more = "\n[[migration.up]]\nnote = \"x\"";
        let found = holds(&sql(""), &(sql("PRAGMA optimize") + more), |_| ());
        assert_eq!(found, [(Code::UpEdited, vec!["operation 2, `note`, is new".to_owned()])]);
    }

    #[test]
    fn differences_are_told_by_name_and_as_the_manifest_writes_them() {
        let columns = |columns: &str| node(1, &[], &format!("create_table = \"t\"\ncolumns = {{ {columns} }}"));
        let note = |then: &str, now: &str| {
            let found = holds(&columns(then), &columns(now), |_| ());
            let [(Code::UpEdited, notes)] = found.as_slice() else { panic!("{found:?}") };
            notes.get(1).cloned().unwrap_or_default()
        };
        let (a, b) = ("a = \"bigint\"", "b = \"text\"");
        let both = format!("{a}, {b}");
        assert_eq!(note(&both, "a = \"bigint\", b = \"string(20)\""), "columns.b.type: before text, now string(20)");
        assert_eq!(note(&both, a), "columns.b: before text, now not there");
        assert_eq!(note(b, &both), "columns.a: before not there, now bigint");
        assert_eq!(note(&both, &format!("{b}, {a}")), "columns: before a, b, now b, a");
        let with = |default: &str| format!("a = {{ type = \"bigint\", default = {default} }}");
        assert_eq!(note(a, &with("3")), "columns.a.default: before not there, now 3");
        assert_eq!(note(&with("3"), &with("4")), "columns.a.default: before 3, now 4");
        assert_eq!(note(&with("3"), &with("{ expr = \"1 + 2\" }")), "columns.a.default: before 3, now 1 + 2");
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
                row.progress = Some(Progress { done: 0, unknown: Some(1), of: 1, place: None });
            }
        };
        assert_eq!(codes(holds(&one, &one, half)), [Code::Interrupted]);
    }
}
