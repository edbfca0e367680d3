//! Seeds as SQL.

use super::ledger::LedgerSql;
use super::model::{RenderOptions, RenderedSeed};
use super::renderer::{Block, Renderer, Scope};
use crate::plan::{Part, SeedPlan};

/// Writes seeds as SQL for their backend: statements that change nothing when they run again.
///
/// Problems are diagnostics in the result, beside those of the seeds' plan; with an error among them nothing may run.
#[must_use]
pub fn render_seed(seed: &SeedPlan) -> RenderedSeed {
    let mut rendered = RenderedSeed { diagnostics: seed.diagnostics.clone(), ..RenderedSeed::default() };
    let ledger = LedgerSql::new(seed.backend, None);
    let options = RenderOptions::default();
    let mut renderer = Renderer::new(&seed.start, &options, ledger);
    for (number, item) in seed.items.iter().enumerate() {
        let part = Part {
            operation: format!("seed {}", item.title),
            span: item.span,
            authored: false,
            changes: item.changes.clone(),
        };
        let mut block = Block::default();
        renderer.part(&Scope { number, step: None }, &part, &mut block);
        rendered.destructive.append(&mut block.destructive);
        rendered.items.push((item.title.clone(), item.span, block.statements));
    }
    rendered.diagnostics.append(&mut renderer.diagnostics);
    rendered
}
