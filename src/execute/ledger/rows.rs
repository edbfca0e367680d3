//! Rows of the ledger and of the journal, from cells to plain data.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;

use crate::diagnostic::Direction;
use crate::execute::database::Cells;
use crate::execute::error::ExecuteError;
use crate::ident::Version;
use crate::operation::{Body, Checksums};
use crate::plan::{LedgerRow, Moment, Place, Progress, RowState, Standing};
use crate::render::ledger::{AGAIN, FORMAT_VERSION, KEYS_LOST, REPEATABLE, row_state_of};

pub(super) fn unreadable(why: impl Into<String>) -> ExecuteError {
    ExecuteError::LedgerUnreadable { why: why.into() }
}

/// A row's cells, one after the other.
pub(super) struct Texts(std::vec::IntoIter<Option<String>>);

impl Texts {
    pub(super) fn new(cells: Cells) -> Self {
        Self(cells.into_iter())
    }

    pub(super) fn text(&mut self, column: &str) -> Result<String, ExecuteError> {
        self.0.next().flatten().ok_or_else(|| unreadable(format!("a row has no `{column}`")))
    }

    pub(super) fn number<N: std::str::FromStr>(&mut self, column: &str) -> Result<N, ExecuteError> {
        let text = self.text(column)?;
        text.parse().map_err(|_| unreadable(format!("`{text}` is no `{column}`")))
    }

    /// A number, or NULL.
    fn perhaps<N: std::str::FromStr>(&mut self, column: &str) -> Result<Option<N>, ExecuteError> {
        let Some(text) = self.0.next().flatten() else { return Ok(None) };
        text.parse().map(Some).map_err(|_| unreadable(format!("`{text}` is no `{column}`")))
    }

    pub(super) fn version(&mut self) -> Result<Version, ExecuteError> {
        let text = self.text("version")?;
        text.parse().map_err(|error| unreadable(format!("`{text}`: {error}")))
    }

    pub(super) fn state(&mut self) -> Result<RowState, ExecuteError> {
        let text = self.text("state")?;
        row_state_of(&text).ok_or_else(|| unreadable(format!("`{text}` is no state of a migration")))
    }
}

/// A body that is at hand already, by version and checksums: what it says need not be read again.
pub type Known<'a> = &'a (dyn Fn(Version, &Checksums) -> Option<Arc<Body>> + Sync);

/// Fewer rows than this are not worth a second thread.
const MANY_ROWS: usize = 256;

/// The body of each row that is known. To know one, its checksum is taken: of many, in two threads.
pub(super) fn known_bodies(heads: &[Head], known: Known<'_>) -> Vec<Option<Arc<Body>>> {
    let ask = |heads: &[Head]| heads.iter().map(|head| known(head.version, &head.checksums)).collect::<Vec<_>>();
    if heads.len() < MANY_ROWS {
        return ask(heads);
    }
    let (first, second) = heads.split_at(heads.len() / 2);
    thread::scope(|scope| {
        let other = thread::Builder::new().spawn_scoped(scope, || ask(second));
        let mut bodies = ask(first);
        bodies.extend(other.ok().and_then(|other| other.join().ok()).unwrap_or_else(|| ask(second)));
        bodies
    })
}

/// A ledger that is read but for what its migrations did: [`Session::ledger_of`](crate::execute::Session::ledger_of) reads on.
#[derive(Debug)]
pub struct LedgerHeads {
    /// `None` where no ledger stands.
    pub(super) rows: Option<Vec<Head>>,
    pub(super) environment: Option<String>,
    /// When they were read, where the database can tell.
    pub(super) as_of: Option<Moment>,
}

/// A row of the ledger, less what the migration did.
#[derive(Debug)]
pub(super) struct Head {
    position: i64,
    pub(super) version: Version,
    pub(super) name: String,
    state: RowState,
    pub(super) checksums: Checksums,
    requires: Vec<String>,
    applied_at: String,
}

impl Head {
    /// A row of `select_versions`.
    pub(super) fn of(cells: Cells) -> Result<Self, ExecuteError> {
        // The format comes last, and is looked at first: a newer one may say anything in the rest.
        let format: i64 = cells
            .last()
            .and_then(Option::as_deref)
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| unreadable("a row has no `format_version`"))?;
        if format > FORMAT_VERSION {
            return Err(ExecuteError::LedgerTooNew { found: format, known: FORMAT_VERSION });
        }
        let mut cells = Texts::new(cells);
        let position = cells.number("position")?;
        let version = cells.version()?;
        let name = cells.text("name")?;
        let state = cells.state()?;
        let checksums = Checksums { up: cells.text("checksum_up")?, down: cells.text("checksum_down")? };
        let requires = serde_json::from_str(&cells.text("requires")?)
            .map_err(|error| unreadable(format!("`requires` of {version} {name}: {error}")))?;
        let applied_at = cells.text("applied_at")?;
        Ok(Self { position, version, name, state, checksums, requires, applied_at })
    }

    pub(super) fn with(self, body: Arc<Body>) -> LedgerRow {
        let Self { position, version, name, state, checksums, requires, applied_at } = self;
        LedgerRow { position, version, name, state, checksums, requires, body, applied_at, progress: None }
    }
}

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

    /// What to ask the schema, where it can tell whether the statement on its way ran.
    pub(super) fn question(&self) -> Option<&str> {
        (self.started && !self.probe.is_empty() && self.probe != REPEATABLE).then_some(self.probe.as_str())
    }
}

/// How far each migration in the journal came, by version and direction.
#[derive(Default)]
pub(super) struct Journal(HashMap<(Version, String), Progress>);

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
        Self(all)
    }

    /// Adds a row of a run that is at work.
    pub(super) fn at_work(&mut self, found: &Found) {
        let standing = found.between();
        let done = found.statement.saturating_sub(usize::from(found.started));
        let progress = Progress { done, unknown: None, of: found.of, place: Some(standing) };
        self.0.insert((found.version, found.direction.clone()), progress);
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
        self.0.insert((found.version, found.direction.clone()), progress);
    }

    /// The state of a migration that the ledger has in one, and how far it came; `None` for one that is through. Where DDL
    /// commits by itself, an applied one that is on its way down is so by the journal alone.
    ///
    /// # Errors
    ///
    /// Where DDL commits by itself, the ledger has one direction and the journal the other.
    pub(super) fn of(&self, version: Version, state: RowState) -> Result<(RowState, Option<Progress>), ExecuteError> {
        let placed = |way: Direction| {
            self.0.get(&(version, way.to_string())).filter(|progress| progress.place.is_some()).cloned()
        };
        let (way, other) = match state {
            RowState::Applied => {
                // Before its first statement nothing of it is undone.
                let begun = |progress: &Progress| {
                    progress.unknown.is_some() || progress.place.is_some_and(|place| place.perhaps != Place::default())
                };
                let down = placed(Direction::Down).filter(begun);
                return Ok(if down.is_some() { (RowState::Reverting, down) } else { (state, None) });
            }
            RowState::Applying => (Direction::Up, Direction::Down),
            RowState::Reverting => (Direction::Down, Direction::Up),
        };
        let found = self.0.get(&(version, way.to_string()));
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
        let cells = ["7", "2", "3", "down", state, "1", "0", "2", "0", "3", "1", "SELECT 1"];
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
}
