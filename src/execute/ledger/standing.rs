//! The journal read: how far a migration came that was interrupted, and what that makes of the ledger's rows.

use std::collections::HashMap;

use super::rows::{Texts, unreadable};
use crate::diagnostic::Direction;
use crate::execute::database::Cells;
use crate::execute::error::ExecuteError;
use crate::ident::Version;
use crate::plan::{Place, Progress, RowState, Standing};
use crate::render::ledger::{AGAIN, KEYS_LOST, REPEATABLE};

/// A row of the journal where DDL commits by itself.
pub(super) struct Found {
    version: Version,
    direction: String,
    statement: usize,
    of: usize,
    started: bool,
    from: Place,
    to: Place,
    turned: Option<Place>,
    probe: String,
    /// The migrations that were to follow, with their questions.
    batch: Vec<(Version, String)>,
}

impl Found {
    /// From the cells of `select_journal`; `None` for what makes no sense.
    pub(super) fn of(cells: Cells) -> Option<Self> {
        let mut cells = Texts::new(cells);
        let found = |cells: &mut Texts| -> Result<Self, ExecuteError> {
            Ok(Self {
                version: cells.version()?,
                statement: cells.number("statement")?,
                of: cells.number("statements")?,
                direction: cells.text("direction")?,
                started: cells.text("state")? == "started",
                from: Place { change: cells.number("from_change")?, part: cells.number("from_part")? },
                to: Place { change: cells.number("to_change")?, part: cells.number("to_part")? },
                turned: cells
                    .perhaps("turned_change")?
                    .zip(cells.perhaps("turned_part")?)
                    .map(|(change, part)| Place { change, part }),
                probe: cells.text("probe")?,
                batch: batch_of(&cells.text("batch")?)?,
            })
        };
        found(&mut cells).ok()
    }

    /// It stands at that place for sure.
    fn at(&self, place: Place) -> Standing {
        Standing { surely: place, perhaps: place, turned: self.turned.filter(|_| place == self.from), lost: None }
    }

    /// It stands before its statement or after it.
    const fn between(&self) -> Standing {
        Standing { surely: self.from, perhaps: self.to, turned: None, lost: None }
    }

    /// The migrations of one statement each that were announced together, with their questions; empty for a single one.
    pub(super) fn batch(&self) -> Vec<(Version, &str)> {
        let first = (self.version, self.probe.as_str());
        let rest = self.batch.iter().map(|(version, question)| (*version, question.as_str()));
        if self.batch.is_empty() || !self.started { Vec::new() } else { std::iter::once(first).chain(rest).collect() }
    }

    /// What to ask the schema, where it can tell whether the statement on its way ran.
    pub(super) fn question(&self) -> Option<&str> {
        (self.started && !self.probe.is_empty() && self.probe != REPEATABLE).then_some(self.probe.as_str())
    }
}

fn batch_of(text: &str) -> Result<Vec<(Version, String)>, ExecuteError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let read: Vec<(String, String)> =
        serde_json::from_str(text).map_err(|error| unreadable(format!("`batch`: {error}")))?;
    let version = |text: &str| text.parse().map_err(|error| unreadable(format!("`{text}`: {error}")));
    read.into_iter().map(|(at, question)| Ok((version(&at)?, question))).collect()
}

/// How far each migration in the journal came, by version and direction.
#[derive(Default)]
pub(super) struct Journal {
    progress: HashMap<(Version, String), Progress>,
    /// Of a batch that was interrupted: which of its migrations, and whether it is through.
    batch: HashMap<Version, (Direction, bool)>,
}

/// What the journal makes of a row of the ledger.
pub(super) enum RowFate {
    /// The migration is in that state.
    As(RowState, Option<Progress>),
    /// It is not applied, whatever the row says: it was undone already, or never begun.
    Not,
}

impl Journal {
    pub(super) fn of_rows(rows: &[Cells]) -> Self {
        let mut all: HashMap<(Version, String), Progress> = HashMap::new();
        for row in rows {
            let [Some(version), Some(statement), Some(of), Some(direction), Some(state)] = row.as_slice() else {
                continue;
            };
            let (Ok(version), Ok(statement), Ok(of)) = (version.parse(), statement.parse::<usize>(), of.parse()) else {
                continue;
            };
            let entry =
                all.entry((version, direction.clone())).or_insert(Progress { done: 0, unknown: None, of, place: None });
            if state == "done" {
                entry.done = entry.done.max(statement);
            } else {
                entry.unknown = Some(statement);
            }
        }
        Self { progress: all, ..Self::default() }
    }

    /// Adds a row of a run that is at work.
    pub(super) fn at_work(&mut self, found: &Found) {
        let standing = found.between();
        let done = found.statement.saturating_sub(usize::from(found.started));
        let progress = Progress { done, unknown: None, of: found.of, place: Some(standing) };
        self.progress.insert((found.version, found.direction.clone()), progress);
        // Of a batch, the rest counts as not begun.
        self.put_batch(found, 0);
        self.batch.remove(&found.version);
    }

    /// Adds a row, with the schema's answer to its question.
    pub(super) fn put(&mut self, found: &Found, answer: Option<i64>) {
        let before = found.statement.saturating_sub(1);
        let lost = answer.is_some_and(|answer| answer >= KEYS_LOST).then_some(found.from);
        let answer = answer.map(|answer| if lost.is_some() { answer - KEYS_LOST } else { answer });
        let (at, between) = (|place| found.at(place), found.between());
        let (done, unknown, standing) = match (found.started, answer) {
            (false, _) | (true, Some(1)) => (found.statement, None, at(found.to)),
            (true, Some(0)) => (before, None, at(found.from)),
            (true, Some(AGAIN)) => (before, None, between),
            (true, None) if found.probe == REPEATABLE => (before, None, between),
            (true, _) => (before, Some(found.statement), between),
        };
        let standing = Standing { lost, ..standing };
        let progress = Progress { done, unknown, of: found.of, place: Some(standing) };
        self.progress.insert((found.version, found.direction.clone()), progress);
    }

    /// Adds a batch, of which the first `through` migrations ran, by the schema.
    pub(super) fn put_batch(&mut self, found: &Found, through: usize) {
        let way = if found.direction == "down" { Direction::Down } else { Direction::Up };
        let versions = found.batch().into_iter().enumerate();
        self.batch = versions.map(|(at, (version, _))| (version, (way, at < through))).collect();
    }

    /// Whether it says how far a migration came that is on its way by its row.
    pub(super) fn knows(&self, version: Version, state: RowState) -> bool {
        let way = |way: Direction| self.progress.contains_key(&(version, way.to_string()));
        state == RowState::Applied || way(Direction::Up) || way(Direction::Down) || self.batch.contains_key(&version)
    }

    pub(super) fn has_batch(&self) -> bool {
        !self.batch.is_empty()
    }

    /// What is left to write of an interrupted batch, where the ledger has that migration in that state: it is through, or
    /// its row goes.
    pub(super) fn left(&self, version: Version, state: RowState) -> Option<bool> {
        match (self.batch.get(&version)?, state) {
            ((Direction::Up, through), RowState::Applying) => Some(*through),
            ((Direction::Down, true), RowState::Applied) => Some(false),
            _ => None,
        }
    }

    /// What a row of the ledger comes to, by the journal.
    ///
    /// # Errors
    ///
    /// As [`Self::of`].
    pub(super) fn stands(&self, version: Version, state: RowState) -> Result<RowFate, ExecuteError> {
        match self.left(version, state) {
            Some(true) => Ok(RowFate::As(RowState::Applied, None)),
            Some(false) => Ok(RowFate::Not),
            None => self.of(version, state).map(|(state, progress)| RowFate::As(state, progress)),
        }
    }

    /// The state of a migration that the ledger has in one, and how far it came; `None` for one that is through. Where DDL
    /// commits by itself, an applied one that is on its way down is so by the journal alone.
    ///
    /// # Errors
    ///
    /// Where DDL commits by itself, the ledger has one direction and the journal the other.
    fn of(&self, version: Version, state: RowState) -> Result<(RowState, Option<Progress>), ExecuteError> {
        let placed = |way: Direction| {
            self.progress.get(&(version, way.to_string())).filter(|progress| progress.place.is_some()).cloned()
        };
        let (way, other) = match state {
            RowState::Applied => {
                // Before its first statement nothing of it is undone.
                let begun = |progress: &Progress| {
                    let begun = |at: Standing| at.perhaps != Place::default() || at.lost.is_some();
                    progress.unknown.is_some() || progress.place.is_some_and(begun)
                };
                let down = placed(Direction::Down).filter(begun);
                return Ok(if down.is_some() { (RowState::Reverting, down) } else { (state, None) });
            }
            RowState::Applying => (Direction::Up, Direction::Down),
            RowState::Reverting => (Direction::Down, Direction::Up),
        };
        let found = self.progress.get(&(version, way.to_string()));
        if found.is_none() && placed(other).is_some() {
            return Err(unreadable(format!("{version} goes {way}, and the journal says how far it went {other}")));
        }
        let nothing = Progress { done: 0, unknown: None, of: 0, place: None };
        Ok((state, Some(found.cloned().unwrap_or(nothing))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_tells_what_is_known_and_what_is_not() {
        let cell = |text: &str| Some(text.to_owned());
        let row = |statement: &str, state: &str| vec![cell("7"), cell(statement), cell("3"), cell("up"), cell(state)];
        let journal = Journal::of_rows(&[row("1", "done"), row("2", "started")]);
        let seven = Version::new(7).unwrap();
        let progress = Progress { done: 1, unknown: Some(2), of: 3, place: None };
        assert_eq!(journal.of(seven, RowState::Applying).unwrap().1, Some(progress));
        let nothing = Progress { done: 0, unknown: None, of: 0, place: None };
        assert_eq!(journal.of(seven, RowState::Reverting).unwrap().1, Some(nothing));
        assert_eq!(journal.of(seven, RowState::Applied).unwrap(), (RowState::Applied, None));
    }

    /// The journal's row of a migration on its way down, from change 1 to change 2, turned round at change 3 of the way up.
    fn turned(state: &str) -> Found {
        let cells = ["7", "2", "3", "down", state, "1", "0", "2", "0", "3", "1", "SELECT 1", ""];
        Found::of(cells.map(|cell| Some(cell.to_owned())).to_vec()).unwrap()
    }

    #[test]
    fn where_the_other_direction_stood_is_known_until_something_has_run() {
        let seven = Version::new(7).unwrap();
        let standing = |state: &str, answer| {
            let mut journal = Journal::default();
            journal.put(&turned(state), answer);
            journal.of(seven, RowState::Reverting).unwrap().1.unwrap().place.unwrap()
        };
        assert_eq!(standing("started", Some(0)).turned, Some(Place { change: 3, part: 1 }));
        assert_eq!(standing("started", Some(1)).turned, None);
        assert_eq!(standing("started", Some(AGAIN)).turned, None);
        assert_eq!(standing("done", None).turned, None);
    }

    #[test]
    fn an_applied_migration_on_its_way_down_is_so_by_the_journal() {
        let mut journal = Journal::default();
        journal.put(&turned("started"), Some(1));
        let (state, progress) = journal.of(Version::new(7).unwrap(), RowState::Applied).unwrap();
        assert_eq!((state, progress.unwrap().done), (RowState::Reverting, 2));
    }

    #[test]
    fn a_journal_of_the_other_direction_is_not_taken_for_nothing() {
        let mut journal = Journal::default();
        journal.put(&turned("done"), None);
        let error = journal.of(Version::new(7).unwrap(), RowState::Applying).unwrap_err();
        assert!(error.to_string().contains("7 goes up, and the journal says how far it went down"), "{error}");
    }

    /// The journal's row of a batch of four.
    fn batch(direction: &str) -> Found {
        let rest = r#"[["8","q8"],["9","q9"],["10","q10"]]"#;
        let mut cells =
            ["7", "1", "1", direction, "started", "0", "0", "1", "0"].map(|text| Some(text.to_owned())).to_vec();
        cells.extend([None, None, Some("q7".to_owned()), Some(rest.to_owned())]);
        Found::of(cells).unwrap()
    }

    #[test]
    fn of_a_batch_the_first_ran_and_the_rest_has_not_begun() {
        let found = batch("up");
        assert_eq!(found.batch().iter().map(|(_, question)| *question).collect::<Vec<_>>(), ["q7", "q8", "q9", "q10"]);
        let mut journal = Journal::default();
        journal.put_batch(&found, 2);
        let left = |journal: &Journal, state| {
            (7..=11).map(|at| journal.left(Version::new(at).unwrap(), state)).collect::<Vec<_>>()
        };
        assert_eq!(left(&journal, RowState::Applying), [Some(true), Some(true), Some(false), Some(false), None]);
        // What the ledger has been told of already stays as it is, whatever stands today.
        assert_eq!(left(&journal, RowState::Applied), [None; 5]);
        let stands = |at, state| journal.stands(Version::new(at).unwrap(), state).unwrap();
        assert!(matches!(stands(8, RowState::Applying), RowFate::As(RowState::Applied, None)));
        assert!(matches!(stands(9, RowState::Applying), RowFate::Not));
        let mut journal = Journal::default();
        journal.put_batch(&batch("down"), 2);
        assert_eq!(left(&journal, RowState::Applied), [Some(false), Some(false), None, None, None]);
        assert!(matches!(
            journal.stands(Version::new(9).unwrap(), RowState::Applied),
            Ok(RowFate::As(RowState::Applied, None))
        ));
    }

    #[test]
    fn of_a_batch_at_work_all_but_its_first_counts_as_not_begun() {
        let mut journal = Journal::default();
        journal.at_work(&batch("up"));
        assert!(matches!(
            journal.stands(Version::new(7).unwrap(), RowState::Applying),
            Ok(RowFate::As(RowState::Applying, Some(_)))
        ));
        assert!(matches!(journal.stands(Version::new(8).unwrap(), RowState::Applying), Ok(RowFate::Not)));
        assert!(journal.knows(Version::new(8).unwrap(), RowState::Applying));
        assert!(!journal.knows(Version::new(11).unwrap(), RowState::Applying));
    }
}
