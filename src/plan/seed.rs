//! Seeds on the state that a database is in.

use super::history;
use super::{Downs, Ledger};
use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::graph::Graph;
use crate::manifest::{Manifest, Seed, SeedKind};
use crate::operation::{Kind, Operation, Spans};
use crate::state::{Change, Context, Declared, InsertMode, State, raw_changes};

/// What `seed` would do.
#[derive(Debug, Clone)]
pub struct SeedPlan {
    /// On which backend.
    pub backend: Backend,
    /// The state it is done on.
    pub start: State,
    /// The seeds, in order.
    pub items: Vec<SeedItem>,
    /// What was found wrong. With an error among them it must not run.
    pub diagnostics: Vec<Diagnostic>,
}

/// One seed.
#[derive(Debug, Clone)]
pub struct SeedItem {
    /// For people: `users (2 rows)`, or the file's path.
    pub title: String,
    /// Where it stands.
    pub span: Span,
    /// What it comes to.
    pub changes: Vec<Change>,
}

/// Holds the manifest's seeds against the state of a database. Pure.
#[must_use]
pub fn seed(manifest: &Manifest, graph: &Graph, ledger: &Ledger, backend: Backend) -> SeedPlan {
    let history = history::replay(manifest, graph, ledger, Downs::Auto, backend, &history::by_state);
    let mut state = history.state;
    let mut plan = SeedPlan { backend, start: state.clone(), items: Vec::new(), diagnostics: Vec::new() };
    let for_backend = |seed: &&Seed| seed.backends.as_ref().is_none_or(|list| list.contains(&backend));
    for seed in manifest.seeds.iter().filter(for_backend) {
        let item = match &seed.kind {
            SeedKind::Sql { path, text } => {
                let Some(text) = text.get(backend) else { continue };
                let raw = raw_changes(&[(text.clone(), seed.span)], true, &Declared::default(), &mut state);
                // Migrations that are pending may make what is missing; the database will say.
                SeedItem { title: path.clone(), span: seed.span, changes: raw.changes }
            }
            SeedKind::Insert { table, table_span, key, rows, row_spans } => {
                // A seed is an insert; what is wrong with it is found as with any insert.
                let mut operation =
                    Operation::new(Kind::Insert { table: table.clone(), rows: rows.clone(), key: vec![], down: None });
                operation.spans = Spans { whole: seed.span, object: *table_span, parts: row_spans.clone() };
                let lowered = state.lower(&operation, &Context::default());
                let pending = ledger.rows.len() < manifest.migrations.len();
                plan.diagnostics.extend(lowered.diagnostics.into_iter().map(|diagnostic| {
                    if pending && matches!(diagnostic.code, Code::UnknownTable | Code::UnknownColumn) {
                        diagnostic.help("some migrations are pending: `dbmigrate latest` first")
                    } else {
                        diagnostic
                    }
                }));
                let mut changes = lowered.changes;
                if let Some(Change::Insert { table: id, mode, rows }) = changes.first_mut() {
                    let Some(found) = state.table(*id) else { continue };
                    let named = |name: &String| {
                        found.columns.iter().find(|column| backend.fold(&column.name) == backend.fold(name))
                    };
                    let ids: Option<Vec<_>> = key.iter().map(|name| named(name).map(|column| column.id)).collect();
                    let given = |ids: &[crate::state::ColumnId]| {
                        rows.iter().all(|row| ids.iter().all(|id| row.iter().any(|(column, _)| column == id)))
                    };
                    match ids {
                        Some(ids) if ids.is_empty() => *mode = InsertMode::IfAbsent,
                        Some(ids) if given(&ids) => *mode = InsertMode::Upsert(ids),
                        _ => {
                            let message = format!(
                                "a row of the seed of `{table}` leaves out a column of its key, or the key names none"
                            );
                            plan.diagnostics
                                .push(Diagnostic::new(Code::UnknownColumn, message).at(*table_span, "this seed"));
                            continue;
                        }
                    }
                }
                let count = rows.len();
                let title = format!("{table} ({count} row{})", if count == 1 { "" } else { "s" });
                SeedItem { title, span: seed.span, changes }
            }
        };
        for change in &item.changes {
            // Row changes leave the state as it is; only raw SQL may make a trigger or a view.
            let _ = state.apply(change);
        }
        plan.items.push(item);
    }
    plan
}
