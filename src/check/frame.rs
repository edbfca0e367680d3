//! Operations held against the frame law: what an operation does depends on nothing outside its footprint. For tests
//! of the effects.

use std::collections::HashMap;

use crate::diagnostic::{Diagnostic, Span};
use crate::operation::Operation;
use crate::state::{Access, Change, Context, Mode, Resource, State, Uses, conflict};

/// An operation that was applied to a state: what it and its way back touch, and how it is undone.
#[doc(hidden)]
#[derive(Debug)]
pub struct Tried {
    footprint: HashMap<Resource, Vec<Mode>>,
    /// The state after it.
    pub after: State,
    /// What undoes it, in order.
    pub back: Vec<Change>,
}

impl Tried {
    /// Applies an operation to a state; `None` where it has an error there.
    #[must_use]
    pub fn of(operation: &Operation, state: &State) -> Option<Self> {
        let mut after = state.clone();
        let lowered = after.lower(operation, &Context { lenient: true, ..Context::default() });
        if lowered.changes.is_empty() || lowered.diagnostics.iter().any(Diagnostic::is_error) {
            return None;
        }
        let (mut back, mut found) = (Vec::new(), Vec::new());
        for change in &lowered.changes {
            collect(&after, change, &mut found)?;
            let inverse = after.apply(change).ok()?;
            if let Some(inverse) = &inverse {
                collect(&after, inverse, &mut found)?;
            }
            back.extend(inverse);
        }
        back.reverse();
        let mut footprint: HashMap<Resource, Vec<Mode>> = HashMap::new();
        for (resource, access) in found {
            footprint.entry(resource).or_default().push(access.mode);
        }
        Some(Self { footprint, after, back })
    }

    /// Whether both touch nothing in ways that conflict.
    #[must_use]
    pub fn is_independent_of(&self, other: &Self) -> bool {
        let (small, large) = if self.footprint.len() < other.footprint.len() { (self, other) } else { (other, self) };
        !small.footprint.iter().any(|(resource, modes)| {
            let theirs = large.footprint.get(resource).map_or(&[][..], Vec::as_slice);
            modes.iter().any(|ours| theirs.iter().any(|theirs| conflict(*ours, *theirs)))
        })
    }

    /// The state once it is undone again; `None` where a change that undoes it fails.
    #[must_use]
    pub fn undone(&self, state: &State) -> Option<State> {
        let mut state = state.clone();
        for change in &self.back {
            state.apply(change).ok()?;
        }
        Some(state)
    }
}

/// What a change touches; `None` where that is not known.
fn collect(state: &State, change: &Change, found: &mut Vec<(Resource, Access)>) -> Option<()> {
    let mut uses = Uses { state, span: Span::NONE, found, says: false, opaque: false };
    uses.change(change);
    (!uses.opaque).then_some(())
}
