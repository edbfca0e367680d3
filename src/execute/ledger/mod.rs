//! The ledger in the database: its rows read into plain data. The SQL of its statements is `render`'s.

mod rows;
mod standing;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use rows::{Head, Texts, known_bodies, unreadable};
pub use rows::{Known, LedgerHeads};
use standing::{Found, Journal, RowFate};

use super::database::{Cells, Database};
use super::error::ExecuteError;
use super::report::Outcome;
use super::settings::Settings;
use super::who;
use super::words::{DatabaseWords, Trouble};
use crate::diagnostic::{Direction, Span};
use crate::ident::Version;
use crate::operation::Body;
use crate::plan::{Ledger, LedgerRow, Place, Progress, RowState};
use crate::render::ledger::{JournalEntry, LedgerSql, RunRow, RunValues};
use crate::render::{Journaled, Statement};

/// How many bodies are read in one query.
const BODIES_AT_ONCE: usize = 500;

/// How often, and at what interval, a ledger is read again whose rows and journal were read at two different moments.
const READS: usize = 20;
const BETWEEN_READS: Duration = Duration::from_millis(10);

/// As much of a row as shows whether it has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RowDigest {
    pub(super) position: i64,
    pub(super) version: Version,
    pub(super) state: RowState,
    pub(super) up: String,
    pub(super) down: String,
    pub(super) progress: Option<Progress>,
}

/// A statement that is about to run, where DDL commits by itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct StatementPlace {
    pub(super) version: Version,
    pub(super) direction: Direction,
    pub(super) statement: usize,
    pub(super) of: usize,
    pub(super) from: Place,
    /// The place of the other direction, if the migration was turned round there.
    pub(super) turned: Option<Place>,
}

/// The ledger of one database, for one run.
#[derive(Debug, Clone)]
pub(super) struct LedgerStore {
    pub(super) sql: LedgerSql,
    /// The run's id.
    pub(super) run: String,
}

impl LedgerStore {
    /// The ledger of a database; `run` is the id that its rows will name.
    pub(super) fn new(database: &Database, run: String) -> Self {
        let backend = database.backend();
        let schema = database.facts().ledger_schema.as_deref();
        Self { sql: LedgerSql::new(backend, schema), run }
    }

    /// Whether its tables exist.
    pub(super) async fn exists(&self, database: &mut Database) -> Result<bool, ExecuteError> {
        if !database.is_there() {
            return Ok(false);
        }
        Ok(database.tables_if(&self.sql.tables_that_stand(), &[]).await.map_err(of)?.is_some())
    }

    /// The rows of a query, and the environment's name; `None` where there is no ledger.
    async fn with_stamp(
        &self,
        database: &mut Database,
        query: &str,
    ) -> Result<Option<(Vec<Cells>, Option<String>)>, ExecuteError> {
        if !database.is_there() {
            return Ok(None);
        }
        let queries = [query, &self.sql.select_stamp()];
        let answers = database.tables_if(&self.sql.tables_that_stand(), &queries).await.map_err(of)?;
        let Some(mut answers) = answers else { return Ok(None) };
        let stamp = answers.pop().and_then(first_cell);
        Ok(Some((answers.pop().unwrap_or_default(), stamp)))
    }

    /// The statements that create it, with the stamp.
    pub(super) fn make(&self, environment: &str) -> Vec<String> {
        let mut statements = self.sql.create_tables();
        statements.push(self.sql.stamp_if_none(environment));
        statements
    }

    /// Everything in it; the bodies that are `known` are not read.
    pub(super) async fn read(&self, database: &mut Database, known: Known<'_>) -> Result<Ledger, ExecuteError> {
        let heads = self.heads(database).await?;
        self.whole(database, heads, known).await
    }

    /// Everything in it but what the migrations did.
    pub(super) async fn heads(&self, database: &mut Database) -> Result<LedgerHeads, ExecuteError> {
        let read = self.with_stamp(database, &self.sql.select_versions()).await?;
        let as_of = database.moment();
        let Some((rows, environment)) = read else {
            return Ok(LedgerHeads { rows: None, environment: None, as_of });
        };
        let rows = rows.into_iter().map(Head::of).collect::<Result<Vec<Head>, _>>()?;
        Ok(LedgerHeads { rows: Some(rows), environment, as_of })
    }

    /// The ledger of those heads.
    pub(super) async fn whole(
        &self,
        database: &mut Database,
        heads: LedgerHeads,
        known: Known<'_>,
    ) -> Result<Ledger, ExecuteError> {
        let Some(mut rows) = heads.rows else { return Ok(Ledger { as_of: heads.as_of, ..Ledger::default() }) };
        let mut journal = None;
        if rows.iter().any(|row| row.state != RowState::Applied) || journaled(database) {
            let mut read = self.journal(database).await?;
            for _ in 0..READS {
                // Another run is at work, and has finished a step since the rows were read.
                if !journaled(database) || rows.iter().all(|row| read.knows(row.version, row.state)) {
                    break;
                }
                tokio::time::sleep(BETWEEN_READS).await;
                rows = self.heads(database).await?.rows.unwrap_or_default();
                read = self.journal(database).await?;
            }
            journal = Some(read);
        }
        let mut rows = self.with_bodies(database, rows, known).await?;
        if let Some(journal) = journal {
            let mut stand = Vec::with_capacity(rows.len());
            for row in rows {
                if let RowFate::As(state, progress) = journal.stands(row.version, row.state)? {
                    stand.push(LedgerRow { state, progress, ..row });
                }
            }
            rows = stand;
        }
        Ok(Ledger { exists: true, rows, environment: heads.environment, as_of: heads.as_of })
    }

    /// Rows with what their migrations did. What is not known yet is read, which usually is nothing.
    async fn with_bodies(
        &self,
        database: &mut Database,
        heads: Vec<Head>,
        known: Known<'_>,
    ) -> Result<Vec<LedgerRow>, ExecuteError> {
        let bodies = known_bodies(&heads, known);
        let heads: Vec<_> = bodies.into_iter().zip(heads).collect();
        let unknown: Vec<Version> =
            heads.iter().filter(|(body, _)| body.is_none()).map(|(_, head)| head.version).collect();
        let mut read: HashMap<Version, String> = HashMap::new();
        for versions in unknown.chunks(BODIES_AT_ONCE) {
            let query = self.sql.select_operations(versions);
            for cells in ask(database, query).await? {
                let mut cells = Texts::new(cells);
                read.insert(cells.version()?, cells.text("operations")?);
            }
        }
        let whole = |(body, head): (Option<Arc<Body>>, Head)| match body {
            Some(body) => Ok(head.with(body)),
            None => match read.get(&head.version) {
                Some(json) => {
                    let body = serde_json::from_str::<Body>(json);
                    let body = body.map_err(|error| {
                        unreadable(format!("`operations` of {} {}: {error}", head.version, head.name))
                    })?;
                    Ok(head.with(Arc::new(body)))
                }
                // Another run undid it between the two queries.
                None => Err(ExecuteError::LedgerChanged { what: format!("`{}` was undone meanwhile", head.version) }),
            },
        };
        heads.into_iter().map(whole).collect()
    }

    /// The environment's name in a ledger that exists.
    pub(super) async fn stamped(&self, database: &mut Database) -> Result<Option<String>, ExecuteError> {
        Ok(first_cell(ask(database, self.sql.select_stamp()).await?))
    }

    /// Digests of its rows, and the stamp; nothing where there is no ledger.
    pub(super) async fn look(&self, database: &mut Database) -> Result<(Vec<RowDigest>, Option<String>), ExecuteError> {
        match self.with_stamp(database, &self.sql.select_states()).await? {
            Some((rows, stamp)) => Ok((self.digests_of(database, rows).await?, stamp)),
            None => Ok((Vec::new(), None)),
        }
    }

    pub(super) async fn digests(&self, database: &mut Database) -> Result<Vec<RowDigest>, ExecuteError> {
        Ok(self.look(database).await?.0)
    }

    async fn digests_of(&self, database: &mut Database, rows: Vec<Cells>) -> Result<Vec<RowDigest>, ExecuteError> {
        let digest = |row| {
            let mut cells = Texts::new(row);
            Ok(RowDigest {
                position: cells.number("position")?,
                version: cells.version()?,
                state: cells.state()?,
                up: cells.text("checksum_up")?,
                down: cells.text("checksum_down")?,
                progress: None,
            })
        };
        let mut rows = rows.into_iter().map(digest).collect::<Result<Vec<RowDigest>, ExecuteError>>()?;
        if rows.iter().any(|row| row.state != RowState::Applied) || journaled(database) {
            let journal = self.journal(database).await?;
            let mut stand = Vec::with_capacity(rows.len());
            for row in rows {
                if let RowFate::As(state, progress) = journal.stands(row.version, row.state)? {
                    stand.push(RowDigest { state, progress, ..row });
                }
            }
            rows = stand;
        }
        Ok(rows)
    }

    async fn journal(&self, database: &mut Database) -> Result<Journal, ExecuteError> {
        let rows = ask(database, self.sql.select_journal()).await?;
        if !journaled(database) {
            return Ok(Journal::of_rows(&rows));
        }
        let mut standing = Journal::default();
        // A question about a table would wait for the statement that changes it.
        let at_work = !rows.is_empty() && database.is_held_elsewhere().await.map_err(of)?;
        for row in rows {
            let Some(found) = Found::of(row) else { continue };
            if at_work {
                standing.at_work(&found);
                continue;
            }
            let batch = found.batch();
            if !batch.is_empty() {
                let mut through = 0;
                for (_, question) in batch {
                    let ran = first_cell(ask(database, question.to_owned()).await?);
                    if ran.as_deref() != Some("1") {
                        break;
                    }
                    through += 1;
                }
                standing.put_batch(&found, through);
                continue;
            }
            let answer = match found.question() {
                Some(question) => first_cell(ask(database, question.to_owned()).await?),
                None => None,
            };
            standing.put(&found, answer.and_then(|answer| answer.parse().ok()));
        }
        Ok(standing)
    }

    /// What the ledger has yet to be told of a batch that was interrupted, in statements.
    pub(super) async fn left_by_a_batch(&self, database: &mut Database) -> Result<Vec<String>, ExecuteError> {
        let journal = self.journal(database).await?;
        if !journal.has_batch() {
            return Ok(Vec::new());
        }
        let values = self.values(&who::now_precisely());
        let mut words = Vec::new();
        for row in ask(database, self.sql.select_states()).await? {
            let mut cells = Texts::new(row);
            cells.number::<i64>("position")?;
            let (version, state) = (cells.version()?, cells.state()?);
            words.extend(journal.left(version, state).map(|through| {
                if through { self.sql.set_applied(version, &values) } else { self.sql.delete_version(version) }
            }));
        }
        Ok(words)
    }

    /// A step's statements with the values of this run in the ledger's own.
    pub(super) fn rewritten(&self, statements: &[Statement], started: &str) -> Vec<Statement> {
        let values = self.values(started);
        statements
            .iter()
            .map(|statement| match statement.ledger {
                Some(_) => Statement { sql: self.sql.with_values(statement, &values), ..statement.clone() },
                None => statement.clone(),
            })
            .collect()
    }

    pub(super) fn values(&self, started: &str) -> RunValues {
        RunValues { run: self.run.clone(), started: started.to_owned() }
    }

    /// The SQL of the statements of a migration outside a transaction that the journal knows to have run, in order.
    pub(super) async fn journaled(
        &self,
        database: &mut Database,
        version: Version,
    ) -> Result<Vec<String>, ExecuteError> {
        let rows = ask(database, self.sql.select_journaled(version)).await?;
        Ok(rows.into_iter().filter_map(|mut row| row.pop().flatten()).collect())
    }

    /// Where DDL commits by itself: the place that a statement comes from and goes to.
    pub(super) fn at(&self, at: &StatementPlace, journaled: &Journaled, sql: &str) -> String {
        self.at_batch(at, journaled, sql, &[])
    }

    /// As [`Self::at`], with the migrations that follow in the same message, each of one statement, and their questions.
    pub(super) fn at_batch(
        &self,
        at: &StatementPlace,
        journaled: &Journaled,
        sql: &str,
        rest: &[(Version, &str)],
    ) -> String {
        let rest: Vec<(String, &str)> =
            rest.iter().map(|(version, question)| (version.to_string(), *question)).collect();
        let batch = if rest.is_empty() { String::new() } else { serde_json::json!(rest).to_string() };
        self.sql.journal_at(&JournalEntry {
            version: at.version,
            direction: match at.direction {
                Direction::Up => "up",
                Direction::Down => "down",
            },
            statement: at.statement,
            statements: at.of,
            sql,
            recovery: &journaled.recovery,
            from: at.from,
            turned: at.turned,
            reaches: journaled.reaches,
            run: &self.run,
            batch: &batch,
        })
    }

    /// Whether the run's row stands.
    pub(super) async fn has_run(&self, database: &mut Database) -> Result<bool, ExecuteError> {
        Ok(!ask(database, self.sql.select_run(&self.run)).await?.is_empty())
    }

    /// How the run ended.
    pub(super) fn end_run(&self, outcome: Outcome, steps_done: usize, error: Option<&str>) -> String {
        self.sql.finish_run(&self.run, outcome.as_str(), steps_done, error)
    }
}

/// Whether the journal says which migration is at work.
fn journaled(database: &Database) -> bool {
    !database.backend().capabilities().transactional_ddl
}

/// The ledger's own statement.
pub(super) fn own(sql: String) -> Statement {
    Statement { sql, operation: "ledger".to_owned(), span: Span::NONE, ledger: None, journaled: None }
}

fn first_cell(rows: Vec<Cells>) -> Option<String> {
    rows.into_iter().next().and_then(|row| row.into_iter().next().flatten())
}

async fn ask(database: &mut Database, sql: String) -> Result<Vec<Cells>, ExecuteError> {
    database.rows(sql).await.map_err(of)
}

fn of(words: DatabaseWords) -> ExecuteError {
    match words.trouble {
        // A reader of SQLite may meet the moment in which another commits, for longer than it waits.
        Trouble::Busy => ExecuteError::Locked { holder: super::holder::Holder::default(), waited: Duration::default() },
        _ => ExecuteError::of("reading the ledger", words),
    }
}

/// Compares a ledger with what was expected.
///
/// # Errors
/// [`ExecuteError::LedgerChanged`] with the first difference.
pub(super) fn unchanged(expected: &[RowDigest], found: &[RowDigest]) -> Result<(), ExecuteError> {
    let before: HashMap<Version, &RowDigest> = expected.iter().map(|row| (row.version, row)).collect();
    let now: HashSet<Version> = found.iter().map(|row| row.version).collect();
    let changed = |row: &RowDigest| match before.get(&row.version) {
        None => Some(format!("`{}` was applied meanwhile", row.version)),
        Some(old) if *old != row => Some(format!("`{}` is not as it was", row.version)),
        Some(_) => None,
    };
    let gone =
        |row: &RowDigest| (!now.contains(&row.version)).then(|| format!("`{}` was undone meanwhile", row.version));
    match found.iter().find_map(changed).or_else(|| expected.iter().find_map(gone)) {
        Some(what) => Err(ExecuteError::LedgerChanged { what }),
        None => Ok(()),
    }
}

/// Digests of the ledger that a plan was made from.
pub(super) fn digests_of(ledger: &Ledger) -> Vec<RowDigest> {
    ledger
        .rows
        .iter()
        .map(|row| RowDigest {
            position: row.position,
            version: row.version,
            state: row.state,
            up: row.checksums.up.clone(),
            down: row.checksums.down.clone(),
            progress: row.progress.clone(),
        })
        .collect()
}

/// The first row of a run's history.
pub(super) fn run_row(
    settings: &Settings,
    plan: &crate::render::RenderedPlan,
    command: &str,
    run: &str,
    started: &str,
) -> RunRow {
    RunRow {
        run: run.to_owned(),
        started: started.to_owned(),
        command: command.to_owned(),
        direction: serde_json::to_value(plan.direction)
            .ok()
            .and_then(|v| v.as_str().map(str::to_owned))
            .unwrap_or_default(),
        target: plan.target.clone(),
        environment: settings.environment.clone(),
        who: who::who(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        steps: plan.steps.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(version: u128, state: RowState) -> RowDigest {
        let version = Version::new(version).unwrap();
        RowDigest { position: 1, version, state, up: "u".into(), down: "d".into(), progress: None }
    }

    #[test]
    fn any_difference_is_named() {
        let one = digest(1, RowState::Applied);
        let same = [one.clone()];
        let difference = |expected: &[RowDigest], found: &[RowDigest]| match unchanged(expected, found) {
            Err(ExecuteError::LedgerChanged { what }) => what,
            other => format!("{other:?}"),
        };
        assert!(unchanged(&same, &same).is_ok());
        assert_eq!(difference(&[], &same), "`1` was applied meanwhile");
        assert_eq!(difference(&same, &[]), "`1` was undone meanwhile");
        let edited = RowDigest { down: "x".into(), ..one };
        assert_eq!(difference(&same, &[edited]), "`1` is not as it was");
    }
}
