//! Rows of the ledger and of the journal, from cells to plain data.

use std::sync::Arc;
use std::thread;

use crate::execute::database::Cells;
use crate::execute::error::ExecuteError;
use crate::ident::Version;
use crate::operation::{Body, Checksums};
use crate::plan::{LedgerRow, Moment, RowState};
use crate::render::ledger::{FORMAT_VERSION, row_state_of};

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
    pub(super) fn perhaps<N: std::str::FromStr>(&mut self, column: &str) -> Result<Option<N>, ExecuteError> {
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
    pub(super) state: RowState,
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
