//! Where DDL commits by itself: an interrupted migration in a plan. It comes first, and sets off from where it stands.

use super::back_out;
use super::history::{History, Past};
use super::resume::{self, Half};
use super::ways::Ways;
use crate::diagnostic::Diagnostic;
use crate::graph::NodeId;
use crate::manifest::Manifest;
use crate::plan::{RowState, Step};
use crate::state::Change;

/// Where an interrupted migration goes on from, or back; an error where what ran was edited.
pub(super) fn set_off(past: &Past<'_>, half: &Half, step: &mut Step, found: &mut Vec<Diagnostic>) {
    step.lost = half.lost();
    if step.lost.is_none() && half.has_lost() {
        found.push(resume::lost_unknown(past.row, past.span));
    }
    if past.row.progress.as_ref().is_some_and(|progress| progress.unknown.is_some()) {
        // First a person has to say whether that statement ran: the run asks for it.
        step.from = half.goes_on();
        return;
    }
    step.resumed = step.direction == half.direction();
    let place = if step.resumed { Some(half.goes_on()) } else { half.goes_back() };
    let Some(place) = place else {
        found.push(back_out::half_way(past.row, past.span));
        return;
    };
    step.from = place;
    step.turned = if step.resumed { half.turned() } else { Some(half.goes_on()) };
    let now: Vec<Change> = step.parts.iter().flat_map(|part| part.changes.iter().cloned()).collect();
    found.extend(half.still_begins(past.row, &now, place, step.direction, past.span));
}

/// The journal has room for one migration, so an interrupted one is the first step of all; a plan that goes down before it
/// could go on up passes it by.
pub(super) fn begin_with_it(manifest: &Manifest, history: &History<'_>, ways: &mut Ways) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for past in history.past.iter().filter(|past| past.half.is_some()) {
        let first = |nodes: &mut Vec<NodeId>| {
            let at = nodes.iter().position(|node| *node == past.node);
            if let Some(nodes) = at.and_then(|at| nodes.get_mut(..=at)) {
                nodes.rotate_right(1);
            }
            at.is_some()
        };
        if first(&mut ways.down) || !first(&mut ways.up) {
            continue;
        }
        if !ways.down.is_empty() {
            found.push(resume::passed_by(past.row, past.span));
        }
        let applied = |node: &NodeId| history.past.iter().any(|past| past.node == *node && past.half.is_none());
        let missing = history.graph.with_requirements([past.node]).into_iter();
        let missing = missing.filter(|node| *node != past.node && !applied(node));
        let missing: Vec<&str> =
            missing.filter_map(|node| manifest.migrations.get(node.0)).map(|other| other.name.as_str()).collect();
        if !missing.is_empty() {
            found.push(resume::requires_now(past.row, &missing, past.span));
        }
    }
    found
}

/// What is on its way down, and cannot be taken back from where it stands, is undone to its end before it is applied again.
pub(super) fn finish_first(history: &History<'_>, ways: &mut Ways) {
    for past in &history.past {
        let reverting = past.half.as_ref().filter(|_| past.row.state == RowState::Reverting);
        let stuck = reverting.is_some_and(|half| half.goes_back().is_none());
        if stuck && ways.up.contains(&past.node) && !ways.down.contains(&past.node) {
            ways.down.insert(0, past.node);
        }
    }
}
