//! The schema at latest, as a plan that makes it from nothing.

use super::{Downs, Ledger, Plan, PlanDirection, PlanError, Step, StepHead, Target, make};
use crate::backend::Backend;
use crate::diagnostic::{Direction, Span};
use crate::graph::Graph;
use crate::ident::Version;
use crate::manifest::Manifest;
use crate::operation::Body;
use crate::state::{Part, State};

/// The state that a manifest leads to, and the plan that makes it.
#[derive(Debug, Clone)]
pub struct SchemaPlan {
    /// The state at latest.
    pub state: State,
    /// From nothing to there in one step, with what was found wrong on the migrations' own way.
    pub plan: Plan,
}

/// What stands once every migration is applied. Rows are no part of it.
///
/// # Errors
/// The graph has a circle, or the like: there is no order to apply the migrations in.
pub fn schema(manifest: &Manifest, graph: &Graph, backend: Backend) -> Result<SchemaPlan, PlanError> {
    let way = make(manifest, graph, &Ledger::default(), &Target::Latest, Downs::Auto, backend)?;
    let mut state = way.start.clone();
    let mut last = None;
    for step in &way.steps {
        last = Some(step.version);
        for change in step.parts.iter().flat_map(|part| &part.changes) {
            // What cannot be applied the plan's own findings tell.
            let _ = state.apply(change);
        }
    }
    let part =
        Part { operation: "schema".to_owned(), span: Span::NONE, authored: false, changes: state.creation_changes() };
    let body = Body { up: Vec::new(), down: None, transaction: true, backends: None, irreversible: None };
    let steps = last.or_else(|| Version::new(1)).map(|version| Step {
        head: StepHead::new(version, "schema", Direction::Up),
        position: 1,
        body: body.into(),
        requires: Vec::new(),
        parts: vec![part],
        lost: None,
        edited: false,
    });
    let plan = Plan {
        backend,
        direction: PlanDirection::Up,
        wants_up: true,
        target: "latest".to_owned(),
        from: Vec::new(),
        to: way.to,
        start: State::empty(backend),
        steps: steps.into_iter().collect(),
        diagnostics: way.diagnostics,
    };
    Ok(SchemaPlan { state, plan })
}
