//! Operations held against the frame law: what an operation does depends on nothing outside its footprint. For tests
//! of the effects.

use std::collections::HashMap;

use crate::diagnostic::{Diagnostic, Span};
use crate::operation::Operation;
use crate::state::{Access, Change, Context, Mode, Namespace, Resource, State, Uses, conflict};

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

/// What an operation and its way back do to a state by their effects, for a test that sees when one of them is gone: each as
/// what it is, and what it is about. `None` where the operation has an error there.
#[doc(hidden)]
#[must_use]
pub fn effects(operation: &Operation, state: &State) -> Option<Vec<(String, String)>> {
    let tried = Tried::of(operation, state)?;
    let mut after = state.clone();
    let changes = after.lower(operation, &Context { lenient: true, ..Context::default() }).changes;
    let mut all = Vec::new();
    for (way, changes) in [("", changes), ("back, ", tried.back)] {
        for change in changes {
            all.extend(of_change(&change, &after).into_iter().map(|(what, about)| (format!("{way}{what}"), about)));
            after.apply(&change).ok()?;
        }
    }
    Some(all)
}

fn of_change(change: &Change, state: &State) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for object in change.objects(state) {
        let to = object.to.as_ref().map(|to| format!(" to {to}")).unwrap_or_default();
        all.push((format!("{:?} {}", object.verb, object.kind), format!("{}{to}", object.words())));
    }
    for claim in change.claims(state) {
        let namespace = match claim.namespace {
            Namespace::Relations(_) => "relations",
            Namespace::Columns(_) => "columns",
            Namespace::Constraints(_) => "constraints",
            Namespace::Triggers(_) => "triggers",
        };
        let does = if claim.takes { "takes" } else { "frees" };
        all.push((format!("{does} a name among {namespace} for the {}", claim.by), claim.name));
    }
    let mut found = Vec::new();
    let mut uses = Uses { state, span: Span::NONE, found: &mut found, says: true, opaque: false };
    uses.change(change);
    for (resource, access) in found {
        let kind = if let Resource::Declared(kind, _) = &resource { kind } else { "" };
        let shown = format!("{} {kind}", resource.kind());
        let (words, about) = (access.words(), access.about());
        let about = if words.ends_with(about) { String::new() } else { format!(" ({about})") };
        all.push((format!("{:?} {}", access.mode, shown.trim_end()), format!("{words}{about}")));
    }
    let loses = change.loses(state).map(|loss| ("loses", format!("{loss:?}")));
    let may_fail = change.may_fail_on_rows(state).map(|may| ("may fail", format!("{may:?}")));
    for (does, what) in loses.into_iter().chain(may_fail) {
        let kind = what.split(['(', ' ']).next().unwrap_or_default();
        all.push((format!("{does}, {kind}"), what));
    }
    all
}

/// What a change touches; `None` where that is not known.
fn collect(state: &State, change: &Change, found: &mut Vec<(Resource, Access)>) -> Option<()> {
    let mut uses = Uses { state, span: Span::NONE, found, says: false, opaque: false };
    uses.change(change);
    (!uses.opaque).then_some(())
}
