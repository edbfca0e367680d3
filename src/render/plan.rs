//! From a plan to the rendered plan: the renderer, the division into transactions, and what follows
//! from the division.

use super::divide::{Division, StepFacts, divide};
use super::enum_values;
use super::ledger::LedgerSql;
use super::model::{RenderOptions, RenderedPlan, RenderedSeed, RenderedStep, Statement, TransactionMode};
use super::renderer::{Alternative, Block, Renderer, Scope, StepWithLocks};
use super::{mysql, records};
use crate::backend::Backend;
use crate::diagnostic::{Diagnostic, Direction};
use crate::plan::{Part, Place, Plan, SeedPlan};

/// Writes a plan as SQL for its backend, divided into transactions.
///
/// Problems are diagnostics in the result, beside those of the plan; with an error among them it must not run.
/// Takes time near linear in the plan's changes.
#[must_use]
pub fn render(plan: &Plan, options: &RenderOptions) -> RenderedPlan {
    let ledger = LedgerSql::new(plan.backend, options.ledger_schema.as_deref());
    let mut renderer = Renderer::new(&plan.start, options, ledger.clone());
    let mut steps = write_steps(&mut renderer, plan);
    let mut apart = enum_values::apart(&renderer.added, &steps);
    if !apart.recreates.is_empty() {
        renderer = Renderer { recreates: apart.recreates, ..Renderer::new(&plan.start, options, ledger) };
        steps = write_steps(&mut renderer, plan);
        apart = enum_values::apart(&renderer.added, &steps);
    }
    let Renderer { diagnostics, alternatives, .. } = renderer;
    let broken = plan.diagnostics.iter().any(Diagnostic::is_error);
    let own = diagnostics.into_iter().filter(|found| !broken || !repeats(plan, found));
    let mut diagnostics: Vec<Diagnostic> = plan.diagnostics.iter().cloned().chain(own).collect();

    let goes_down = plan.steps.iter().any(|step| step.direction == Direction::Down);
    let facts: Vec<_> = steps
        .iter()
        .enumerate()
        .map(|(at, (step, locks))| {
            let apart = apart.from.get(&at);
            StepFacts { name: &step.name, transaction: step.transaction, locks, apart }
        })
        .collect();
    let slots = options.lock_slots.filter(|_| plan.backend == Backend::Postgres);
    let division = divide(plan.backend, &facts, goes_down, options.transaction, slots);
    write_out_keys(&mut steps, alternatives, &division, options, &mut diagnostics);
    diagnostics.extend(division.refused);
    RenderedPlan {
        backend: plan.backend,
        direction: plan.direction,
        target: plan.target.clone(),
        from: plan.from.clone(),
        to: plan.to.clone(),
        transaction: division.transaction,
        cuts: division.cuts,
        cut_reasons: division.reasons,
        steps: steps.into_iter().map(|(step, _)| step).collect(),
        diagnostics,
    }
}

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

/// Writes every step, with the ledger's word at its end.
fn write_steps(renderer: &mut Renderer<'_>, plan: &Plan) -> Vec<StepWithLocks> {
    let mut steps: Vec<StepWithLocks> =
        plan.steps.iter().enumerate().map(|(number, step)| renderer.step(number, step)).collect();
    for ((written, _), step) in steps.iter_mut().zip(&plan.steps) {
        if renderer.backend == Backend::Mysql {
            goes_on(written);
            renderer.diagnostics.extend(mysql::lost(written));
            let own = written.statements.iter().position(|s| s.ledger.is_none()).unwrap_or(written.statements.len());
            written.statements.splice(own..own, records::begin(&renderer.ledger, step));
        }
        written.statements.push(records::record(&renderer.ledger, step));
    }
    steps
}

/// Where DDL commits by itself: which statements ran before an interruption, by the place that they reach.
fn goes_on(step: &mut RenderedStep) {
    if step.from != Place::default() {
        let places = step.statements.iter().filter_map(|statement| statement.journaled.as_ref());
        step.skip_statements = places.take_while(|journaled| journaled.reaches <= step.from).count();
    }
}

/// Whether the plan itself has found that already.
fn repeats(plan: &Plan, found: &Diagnostic) -> bool {
    plan.diagnostics.iter().any(|other| other.migration == found.migration && other.is_error())
}

/// SQLite: in a transaction that rebuilds a table, foreign keys are off; what they would have done
/// is written out there, or refused.
fn write_out_keys(
    steps: &mut [StepWithLocks],
    alternatives: Vec<Alternative>,
    division: &Division,
    options: &RenderOptions,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut off = vec![false; steps.len()];
    let starts = std::iter::once(0).chain(division.cuts.iter().copied());
    let ends = division.cuts.iter().copied().chain(std::iter::once(steps.len()));
    for (start, end) in starts.zip(ends) {
        let rebuilds = steps.get(start..end).is_some_and(|chunk| chunk.iter().any(|(step, _)| step.rebuilds))
            || options.keys_off && start == 0;
        if let Some(chunk) = off.get_mut(start..end) {
            chunk.fill(rebuilds);
        }
    }
    // From the last to the first, so that places stay right.
    let mut refused = Vec::new();
    for alternative in alternatives.into_iter().rev() {
        if off.get(alternative.step) != Some(&true) {
            continue;
        }
        match alternative.instead {
            Ok(sql) => {
                let Some((step, _)) = steps.get_mut(alternative.step) else { continue };
                let range = alternative.at..alternative.at + alternative.count;
                let Some(first) = step.statements.get(alternative.at).filter(|_| range.end <= step.statements.len())
                else {
                    continue;
                };
                let (operation, span) = (first.operation.clone(), first.span);
                let statement =
                    |sql| Statement { sql, operation: operation.clone(), span, ledger: None, journaled: None };
                step.statements.splice(range, sql.into_iter().map(statement));
            }
            Err(diagnostic) => {
                let rebuilds = steps.get(alternative.step).is_some_and(|(step, _)| step.rebuilds);
                refused.push(diagnostic.help(keys_off_help(rebuilds, options.transaction)));
            }
        }
    }
    diagnostics.extend(refused.into_iter().rev());
}

/// What helps where a row change meets a rebuild: of its own migration, or of another one.
const fn keys_off_help(own: bool, mode: TransactionMode) -> &'static str {
    match (own, mode) {
        (true, TransactionMode::Each) => "move the row change into a migration of its own",
        (true, _) => "move the row change into a migration of its own, and run with `--transaction each`",
        (false, _) => "run with `--transaction each`",
    }
}
