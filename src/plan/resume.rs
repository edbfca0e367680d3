//! Where DDL commits by itself: how an interrupted migration goes on, or back.
//!
//! The ledger has its direction and the place that it came to among the changes of that direction. Going on starts at
//! that place. Going back starts at the place of the *other* direction that has the same schema: what was not done
//! counts as undone, and what was undone counts as not done.

use crate::diagnostic::{Code, Diagnostic, Direction, Span};
use crate::operation::Body;
use crate::plan::{LedgerRow, LostKeys, Place, RowState, Standing};
use crate::state::replay::{self, Undo, Undone};
use crate::state::{Change, State, TableId};

/// An interrupted migration, replayed both ways from the state before it.
#[derive(Debug)]
pub(super) struct Half {
    /// The changes of its way up, by operation.
    up: Vec<Vec<Change>>,
    undone: Vec<Undone>,
    /// The changes that undo each operation, by operation; those of a way down of its own are all under the last.
    down: Vec<Vec<Change>>,
    /// It has a way down of its own (`[[down]]`), which is not told apart by operation.
    whole: bool,
    standing: Standing,
    state: RowState,
    lost: Option<Box<LostKeys>>,
}

impl Half {
    /// Replays a body from the state before it.
    pub(super) fn of(row: &LedgerRow, body: &Body, before: &State) -> Self {
        let mut state = before.clone();
        let mut nothing = Vec::new();
        let replayed = replay::up(&mut state, &row.name, body, &mut nothing);
        let mut parts = replayed.parts.into_iter();
        let mut up: Vec<Vec<Change>> = Vec::with_capacity(replayed.undone.len());
        for undone in &replayed.undone {
            up.push(parts.by_ref().take(undone.parts).flat_map(|part| part.changes).collect());
        }
        let whole = body.down.is_some();
        let mut down = vec![Vec::new(); replayed.undone.len().max(1)];
        let mut undo = |state: &mut State, undone: &[Undone]| -> Vec<Change> {
            let parts = replay::down(state, &row.name, body, undone, Span::NONE, &mut nothing);
            parts.into_iter().flat_map(|part| part.changes).collect()
        };
        if whole {
            let changes = undo(&mut state, &replayed.undone);
            if let Some(last) = down.last_mut() {
                *last = changes;
            }
        } else {
            for (slot, undone) in down.iter_mut().zip(&replayed.undone).rev() {
                *slot = undo(&mut state, std::slice::from_ref(undone));
            }
        }
        let standing = row.progress.as_ref().and_then(|progress| progress.place).unwrap_or_default();
        let mut half = Self { up, undone: replayed.undone, down, whole, standing, state: row.state, lost: None };
        half.lost = standing.lost.and_then(|place| half.keys_lost(before, place)).map(Box::new);
        half
    }

    /// What stands now, and the table whose statement set off from a place.
    fn keys_lost(&self, before: &State, place: Place) -> Option<LostKeys> {
        let mut state = before.clone();
        let here = self.standing.surely.change;
        let ups = if self.state == RowState::Reverting { usize::MAX } else { here };
        let downs = if self.state == RowState::Reverting { here } else { 0 };
        for change in self.changes(RowState::Applying).take(ups).chain(self.changes(RowState::Reverting).take(downs)) {
            state.apply(change).ok()?;
        }
        let table = self.changes(self.state).nth(place.change)?.table()?;
        Some(LostKeys { table, state })
    }

    /// Foreign keys that are to be made again first.
    pub(super) fn lost(&self) -> Option<Box<LostKeys>> {
        self.lost.clone()
    }

    /// Where going on starts.
    pub(super) const fn goes_on(&self) -> Place {
        self.standing.surely
    }

    /// Where the other direction stood, if it was turned round and nothing has run since.
    pub(super) const fn turned(&self) -> Option<Place> {
        self.standing.turned
    }

    /// Where going back starts, in the other direction; `None` where it stands within SQL that its author wrote, which
    /// cannot be taken back in the middle.
    pub(super) fn goes_back(&self) -> Option<Place> {
        if self.standing.turned.is_some() {
            return self.standing.turned;
        }
        let at = self.standing.perhaps;
        // What may have begun is taken back as a whole; but a conversion of values must not be taken back twice.
        let begun = at.change + usize::from(at.part > 0);
        let converts = |change: &Change| matches!(change, Change::AlterColumn { using: Some(_), .. });
        let within = self.changes(self.state).nth(at.change).filter(|_| at.part > 0);
        if within.is_some_and(converts) {
            return None;
        }
        match self.state {
            RowState::Reverting => self.not_undone(begun),
            RowState::Applying | RowState::Applied => self.not_done(begun),
        }
    }

    /// Whether there are such, known or not.
    pub(super) const fn has_lost(&self) -> bool {
        self.standing.lost.is_some()
    }

    /// The direction in which it was interrupted.
    pub(super) const fn direction(&self) -> Direction {
        match self.state {
            RowState::Reverting => Direction::Down,
            RowState::Applying | RowState::Applied => Direction::Up,
        }
    }

    /// The changes of a direction, in order.
    fn changes(&self, state: RowState) -> Box<dyn Iterator<Item = &Change> + '_> {
        match state {
            RowState::Reverting => Box::new(self.down.iter().rev().flatten()),
            RowState::Applying | RowState::Applied => Box::new(self.up.iter().flatten()),
        }
    }

    /// The place on the way down at which the first `done` changes of the way up stand.
    fn not_done(&self, done: usize) -> Option<Place> {
        if self.whole {
            return self.all_or_nothing(done, &self.up, &self.down);
        }
        let mut skipped = 0;
        let mut first = 0;
        for ((up, down), undone) in self.up.iter().zip(&self.down).zip(&self.undone) {
            let here = done.saturating_sub(first).min(up.len());
            skipped += match here {
                0 if !up.is_empty() => down.len(),
                all if all == up.len() => 0,
                // Nothing is there to undo.
                _ if down.is_empty() => 0,
                // Kept values put back over themselves change nothing, and the table beside goes.
                _ if matches!(up.first(), Some(Change::KeepRows(kept)) if !kept.key.is_empty()) => 0,
                some => one_by_one(up, down, undone).then_some(up.len() - some)?,
            };
            first += up.len();
        }
        Some(Place { change: skipped, part: 0 })
    }

    /// The place on the way up at which the migration stands with the first `done` changes of its way down done.
    fn not_undone(&self, done: usize) -> Option<Place> {
        if self.whole {
            return self.all_or_nothing(done, &self.down, &self.up);
        }
        let mut left = done;
        let mut place: usize = self.up.iter().map(Vec::len).sum();
        let mut end = place;
        let dropped: Vec<TableId> = self
            .changes(RowState::Reverting)
            .take(done)
            .filter_map(|change| if let Change::DropTable(table) = change { Some(*table) } else { None })
            .collect();
        // What needed no undoing, among what was undone.
        let mut beside: Vec<&Vec<Change>> = Vec::new();
        for ((up, down), undone) in self.up.iter().zip(&self.down).zip(&self.undone).rev() {
            let start = end - up.len();
            if left == 0 {
                break;
            }
            if down.is_empty() {
                beside.push(up);
            } else if left >= down.len() {
                left -= down.len();
                place = start;
            } else {
                place = one_by_one(up, down, undone).then_some(end - left)?;
                left = 0;
            }
            end = start;
        }
        // It would be done again, so it must have gone with its tables.
        let gone = |change: &Change| {
            matches!(change, Change::Note(_)) || change.table().is_some_and(|table| dropped.contains(&table))
        };
        beside.iter().all(|up| up.iter().all(gone)).then_some(Place { change: place, part: 0 })
    }

    fn all_or_nothing(&self, done: usize, this: &[Vec<Change>], other: &[Vec<Change>]) -> Option<Place> {
        let count = |changes: &[Vec<Change>]| changes.iter().map(Vec::len).sum::<usize>();
        let change = match done {
            0 => count(other),
            all if all == count(this) => 0,
            _ => return None,
        };
        Some(Place { change, part: 0 })
    }

    /// How many changes of the way up stand unless something was undone of which nobody knows that it was.
    fn not_surely_undone(&self) -> usize {
        let undone = match (self.direction(), self.standing.turned) {
            (Direction::Down, _) => self.standing.surely,
            (Direction::Up, Some(turned)) => turned,
            (Direction::Up, None) => return 0,
        };
        // Where no place of the way up is the same, all of it counts.
        self.not_undone(undone.change).map_or_else(|| self.changes(RowState::Applying).count(), |place| place.change)
    }

    /// Reports where what ran already is not what a direction now begins with.
    pub(super) fn still_begins(
        &self,
        row: &LedgerRow,
        now: &[Change],
        place: Place,
        direction: Direction,
        span: Span,
    ) -> Option<Diagnostic> {
        let state = if direction == Direction::Up { RowState::Applying } else { RowState::Reverting };
        // What may be at work, or has been, counts as run.
        let place = if direction == self.direction() { place.max(self.standing.perhaps) } else { place };
        let mut ran = place.change + usize::from(place.part > 0);
        if direction == Direction::Up {
            ran = ran.max(self.not_surely_undone());
        }
        let same = self.changes(state).take(ran).eq(now.iter().take(ran)) && now.len() >= ran;
        (!same).then(|| {
            let message = format!("`{}` was interrupted, and edited since where it had run already", row.name);
            let other = if direction == Direction::Up { "down" } else { "up" };
            Diagnostic::new(Code::Interrupted, message)
                .of(&row.name)
                .going(direction)
                .at(span, "edited since")
                .note("what ran is not undone by changing its text, so it cannot go on from there")
                .help(format!(
                    "let stand what ran, and mend only what comes after it; or `dbmigrate {other} {}`",
                    row.name
                ))
        })
    }
}

/// Whether each change of an operation is undone by one change of its own.
fn one_by_one(up: &[Change], down: &[Change], undone: &Undone) -> bool {
    matches!(undone.undo, Undo::Changes(_)) && up.len() == down.len()
}

/// Says that a plan passes an interrupted migration by.
pub(super) fn passed_by(row: &LedgerRow, span: Span) -> Diagnostic {
    let name = &row.name;
    Diagnostic::new(
        Code::Interrupted,
        format!("`{name}` ({}) was interrupted, and this plan passes it by", row.version),
    )
    .of(name)
    .at(span, "")
    .help(format!("finish it first (`dbmigrate up {name}`), or take it back (`dbmigrate down {name}`)"))
}

/// Says that foreign keys are gone, and which cannot be told.
pub(super) fn lost_unknown(row: &LedgerRow, span: Span) -> Diagnostic {
    let message =
        format!("the server took foreign keys with it while `{}` was at work, and which cannot be told", row.name);
    Diagnostic::new(Code::Interrupted, message)
        .of(&row.name)
        .at(span, "")
        .help("look at the database, and make them again; then run it again")
}

/// Says that an interrupted migration cannot go on up before what it has been made to require.
pub(super) fn requires_now(row: &LedgerRow, missing: &[&str], span: Span) -> Diagnostic {
    let name = &row.name;
    let all = missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let (are, they) = if missing.len() == 1 { ("is", "it") } else { ("are", "they") };
    let message = format!("`{name}` was interrupted on its way, and requires {all} now, which {are} not applied");
    Diagnostic::new(Code::Interrupted, message)
        .of(name)
        .going(Direction::Up)
        .at(span, "")
        .note(format!("half of it stands already, and {they} would have to come before"))
        .help(format!("take it back first: `dbmigrate down {name}`"))
}

#[cfg(test)]
mod tests;
