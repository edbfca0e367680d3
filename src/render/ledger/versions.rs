//! The rows of applied migrations.

use sea_query::{Alias, Expr, ExprTrait, OnConflict, Order, Query};

use super::super::model::{AppliedRecord, LedgerWrite, Statement};
use super::super::sea;
use super::frame::Frame;
use super::{FORMAT_VERSION, LedgerSql, RunValues, VERSIONS};
use crate::backend::Backend;
use crate::ident::Version;
use crate::operation::Checksums;
use crate::plan::RowState;

/// The statements that every step ends with.
#[derive(Debug)]
pub(super) struct Frames {
    /// A migration's row. Holes: position, version, name, state, the two checksums, requires, operations, duration, run.
    applied: Frame,
    /// The same where the row stands already, as `applying`.
    applied_again: Frame,
    /// The row goes. Hole: version.
    undone: Frame,
}

impl Frames {
    pub(super) fn new(backend: Backend, schema: Option<&str>) -> Self {
        let (hole, sql) = (Frame::hole, |sql: &str| Expr::cust(sql.to_owned()));
        let applied = super::insert(
            super::table_in(schema, VERSIONS),
            [
                ("position", hole()),
                ("version", hole()),
                ("name", hole()),
                ("state", hole()),
                ("checksum_up", hole()),
                ("checksum_down", hole()),
                ("requires", hole()),
                ("backend", sql(&backend.string(backend.name()))),
                ("format_version", Expr::val(FORMAT_VERSION)),
                ("operations", hole()),
                ("applied_at", sql(super::now(backend))),
                ("duration_ms", hole()),
                ("run", hole()),
            ],
        );
        let mut again = applied.clone();
        let columns = ["state", "checksum_up", "checksum_down", "operations", "applied_at", "duration_ms", "run"];
        again.on_conflict(OnConflict::column(Alias::new("version")).update_columns(columns.map(Alias::new)).to_owned());
        let undone = Query::delete()
            .from_table(super::table_in(schema, VERSIONS))
            .and_where(Expr::col(Alias::new("version")).eq(hole()))
            .take();
        Self {
            applied: Frame::of(&sea::query(backend, &applied)),
            applied_again: Frame::of(&sea::query(backend, &again)),
            undone: Frame::of(&sea::query(backend, &undone)),
        }
    }
}

impl LedgerSql {
    /// A ledger statement of a plan again, with the values of the run. Statements that are not the
    /// ledger's, and those without such values, come back as they are.
    #[must_use]
    pub fn with_values(&self, statement: &Statement, values: &RunValues) -> String {
        match &statement.ledger {
            // Its operations stand in the statement alone.
            Some(LedgerWrite::Begun(Some(record))) => self.insert_version(record, RowState::Applying, values),
            Some(LedgerWrite::Applied(record)) if self.backend == Backend::Mysql => {
                self.set_applied(record.version, values)
            }
            Some(LedgerWrite::Applied(record)) if record.transaction => {
                let planned = RunValues::placeholder();
                let (old, new) = (self.duration(&planned), self.duration(values));
                let (old_run, new_run) = (self.backend.string(&planned.run), self.backend.string(&values.run));
                let frame = &self.frames.applied;
                frame
                    .with_last(&statement.sql, [&old, &old_run], [&new, &new_run])
                    .unwrap_or_else(|| statement.sql.clone())
            }
            Some(LedgerWrite::Applied(record)) => self.insert_version(record, RowState::Applied, values),
            _ => statement.sql.clone(),
        }
    }

    /// Writes a migration down: as applied (at the end of its step), or as `applying` (before a
    /// migration outside a transaction starts).
    #[must_use]
    pub fn insert_version(&self, record: &AppliedRecord, state: RowState, values: &RunValues) -> String {
        // Serialization of a list of strings cannot fail.
        let requires = serde_json::to_string(&record.requires).unwrap_or_default();
        let text = |text: &str| self.backend.string(text);
        let again = match self.backend {
            // An interrupted one may begin again.
            Backend::Mysql => true,
            Backend::Sqlite | Backend::Postgres => !record.transaction && state == RowState::Applied,
        };
        let frame = if again { &self.frames.applied_again } else { &self.frames.applied };
        frame.fill(&[
            &record.position.to_string(),
            &text(&record.version.to_string()),
            &text(&record.name),
            &text(row_state(state)),
            &text(&record.checksums.up),
            &text(&record.checksums.down),
            &text(&requires),
            &text(&record.operations),
            &self.duration(values),
            &text(&values.run),
        ])
    }

    /// MySQL: says that a migration whose row stands is applied.
    #[must_use]
    pub fn set_applied(&self, version: Version, values: &RunValues) -> String {
        let query = Query::update()
            .table(self.table(VERSIONS))
            .value(Alias::new("state"), self.string(row_state(RowState::Applied)))
            .value(Alias::new("applied_at"), Expr::cust(super::now(self.backend)))
            .value(Alias::new("duration_ms"), Expr::cust(self.duration(values)))
            .value(Alias::new("run"), self.string(&values.run))
            .and_where(Self::eq("version", &version.to_string()))
            .take();
        sea::query(self.backend, &query)
    }

    /// MySQL: says that a migration is being undone; `edited` is the body whose way down it is, with its checksums, where
    /// that is not the one that was applied.
    #[must_use]
    pub fn set_reverting(&self, version: Version, edited: Option<&(String, Checksums)>) -> String {
        let mut query = Query::update();
        query.table(self.table(VERSIONS)).value(Alias::new("state"), self.string(row_state(RowState::Reverting)));
        if let Some((operations, checksums)) = edited {
            query
                .value(Alias::new("operations"), self.string(operations))
                .value(Alias::new("checksum_up"), self.string(&checksums.up))
                .value(Alias::new("checksum_down"), self.string(&checksums.down));
        }
        query.and_where(Self::eq("version", &version.to_string()));
        sea::query(self.backend, &query)
    }

    /// Takes a migration out: it is undone.
    #[must_use]
    pub fn delete_version(&self, version: Version) -> String {
        self.frames.undone.fill(&[&self.backend.string(&version.to_string())])
    }

    /// Sets how far a migration is.
    #[must_use]
    pub fn set_state(&self, version: Version, state: RowState) -> String {
        let query = Query::update()
            .table(self.table(VERSIONS))
            .value(Alias::new("state"), self.string(row_state(state)))
            .and_where(Self::eq("version", &version.to_string()))
            .take();
        sea::query(self.backend, &query)
    }

    /// Reads all migrations by position, less what they do. Columns: position (integer), and as text: version, name, state,
    /// `checksum_up`, `checksum_down`, requires (a JSON list), `applied_at` (UTC, RFC 3339 to the second), backend; then
    /// `format_version` (integer).
    #[must_use]
    pub fn select_versions(&self) -> String {
        let mut query = Query::select();
        query.columns(
            ["position", "version", "name", "state", "checksum_up", "checksum_down", "requires"].map(Alias::new),
        );
        query.expr_as(self.time_as_text("applied_at"), Alias::new("applied_at"));
        query.columns(["backend", "format_version"].map(Alias::new));
        query.from(self.table(VERSIONS)).order_by(Alias::new("position"), Order::Asc);
        sea::query(self.backend, &query)
    }

    /// Reads what some migrations do. Columns, as text: version, operations (JSON).
    #[must_use]
    pub fn select_operations(&self, versions: &[Version]) -> String {
        let versions = versions.iter().map(|version| self.string(&version.to_string()));
        let query = Query::select()
            .columns(["version", "operations"].map(Alias::new))
            .from(self.table(VERSIONS))
            .and_where(Expr::col(Alias::new("version")).is_in(versions))
            .take();
        sea::query(self.backend, &query)
    }

    /// Reads as much of all migrations, by position, as tells whether they are still the same. Columns: position
    /// (integer), and as text: version, state, `checksum_up`, `checksum_down`.
    #[must_use]
    pub fn select_states(&self) -> String {
        let query = Query::select()
            .columns(["position", "version", "state", "checksum_up", "checksum_down"].map(Alias::new))
            .from(self.table(VERSIONS))
            .order_by(Alias::new("position"), Order::Asc)
            .take();
        sea::query(self.backend, &query)
    }

    fn duration(&self, values: &RunValues) -> String {
        match self.backend {
            Backend::Sqlite => {
                let started = self.backend.string(&values.started);
                format!("CAST(round((julianday('now') - julianday({started})) * 86400000) AS integer)")
            }
            Backend::Postgres => {
                "(extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000)::bigint".to_owned()
            }
            Backend::Mysql => {
                let started = self.backend.string(&values.started.replace('T', " ").replace('Z', ""));
                format!("TIMESTAMPDIFF(MICROSECOND, {started}, UTC_TIMESTAMP(6)) DIV 1000")
            }
        }
    }

    fn time_as_text(&self, column: &'static str) -> Expr {
        let column = self.backend.ident(column);
        match self.backend {
            Backend::Sqlite | Backend::Mysql => Expr::cust(column),
            Backend::Postgres => {
                Expr::cust(format!("to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"))
            }
        }
    }
}

/// The word in the ledger for how far a migration is.
#[must_use]
pub const fn row_state(state: RowState) -> &'static str {
    match state {
        RowState::Applying => "applying",
        RowState::Applied => "applied",
        RowState::Reverting => "reverting",
    }
}

/// How far a migration is, by the ledger's word; `None` for an unknown word.
#[must_use]
pub fn row_state_of(word: &str) -> Option<RowState> {
    [RowState::Applying, RowState::Applied, RowState::Reverting].into_iter().find(|state| row_state(*state) == word)
}
