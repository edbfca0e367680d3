//! The rows of applied migrations.

use sea_query::{Expr, ExprTrait, OnConflict, Order};

use super::super::model::{AppliedRecord, LedgerWrite, Statement};
use super::{FORMAT_VERSION, LedgerSql, RunValues, VERSIONS, is};
use crate::backend::Backend;
use crate::ident::Version;
use crate::operation::Checksums;
use crate::plan::RowState;

impl LedgerSql {
    /// A ledger statement of a plan again, with the values of the run. Statements that are not the
    /// ledger's, and those without such values, come back as they are.
    #[must_use]
    pub fn with_values(&self, statement: &Statement, values: &RunValues) -> String {
        match &statement.ledger {
            Some(LedgerWrite::Begun(Some(record))) => self.insert_version(record, RowState::Applying, values),
            Some(LedgerWrite::Applied(record)) if self.backend == Backend::Mysql => {
                self.set_applied(record.version, values)
            }
            // Its operations stand in the statement alone, before the values of the run.
            Some(LedgerWrite::Applied(record)) if record.transaction => {
                let end =
                    |values: &RunValues| format!("{}, {})", self.duration(values), self.backend.string(&values.run));
                let head = statement.sql.strip_suffix(&end(&RunValues::placeholder()));
                head.map_or_else(|| statement.sql.clone(), |head| head.to_owned() + &end(values))
            }
            Some(LedgerWrite::Applied(record)) => self.insert_version(record, RowState::Applied, values),
            _ => statement.sql.clone(),
        }
    }

    /// Writes a migration down: as applied (at the end of its step), or as `applying` (before a
    /// migration outside a transaction starts).
    #[must_use]
    pub fn insert_version(&self, record: &AppliedRecord, state: RowState, values: &RunValues) -> String {
        let mut query = self.insert(
            VERSIONS,
            [
                ("position", Expr::val(record.position)),
                ("version", self.string(&record.version.to_string())),
                ("name", self.string(&record.name)),
                ("state", self.string(row_state(state))),
                ("checksum_up", self.string(&record.checksums.up)),
                ("checksum_down", self.string(&record.checksums.down)),
                // Serialization of a list of strings cannot fail.
                ("requires", self.string(&serde_json::to_string(&record.requires).unwrap_or_default())),
                ("backend", self.string(self.backend.name())),
                ("format_version", Expr::val(FORMAT_VERSION)),
                ("operations", self.string(&record.operations)),
                ("applied_at", Expr::cust(self.now())),
                ("duration_ms", Expr::cust(self.duration(values))),
                ("run", self.string(&values.run)),
            ],
        );
        // On MySQL an interrupted one may begin again.
        if self.backend == Backend::Mysql || !record.transaction && state == RowState::Applied {
            let columns = ["state", "checksum_up", "checksum_down", "operations", "applied_at", "duration_ms", "run"];
            query.on_conflict(OnConflict::column("version").update_columns(columns).to_owned());
        }
        self.sql(&query)
    }

    /// MySQL: says that a migration whose row stands is applied.
    #[must_use]
    pub fn set_applied(&self, version: Version, values: &RunValues) -> String {
        let set = [
            ("state", self.string(row_state(RowState::Applied))),
            ("applied_at", Expr::cust(self.now())),
            ("duration_ms", Expr::cust(self.duration(values))),
            ("run", self.string(&values.run)),
        ];
        self.sql(self.update(VERSIONS, set).and_where(is(version)))
    }

    /// MySQL: says that a migration is being undone; `edited` is the body whose way down it is, with its checksums, where
    /// that is not the one that was applied.
    #[must_use]
    pub fn set_reverting(&self, version: Version, edited: Option<&(String, Checksums)>) -> String {
        let mut query = self.update(VERSIONS, [("state", self.string(row_state(RowState::Reverting)))]);
        if let Some((operations, checksums)) = edited {
            query.values([
                ("operations", self.string(operations)),
                ("checksum_up", self.string(&checksums.up)),
                ("checksum_down", self.string(&checksums.down)),
            ]);
        }
        self.sql(query.and_where(is(version)))
    }

    /// Takes a migration out: it is undone.
    #[must_use]
    pub fn delete_version(&self, version: Version) -> String {
        self.sql(self.delete(VERSIONS).and_where(is(version)))
    }

    /// Sets how far a migration is.
    #[must_use]
    pub fn set_state(&self, version: Version, state: RowState) -> String {
        self.sql(self.update(VERSIONS, [("state", self.string(row_state(state)))]).and_where(is(version)))
    }

    /// Reads all migrations by position, less what they do. Columns: position (integer), and as text: version, name, state,
    /// `checksum_up`, `checksum_down`, requires (a JSON list), `applied_at` (UTC, RFC 3339 to the second), backend; then
    /// `format_version` (integer).
    #[must_use]
    pub fn select_versions(&self) -> String {
        let columns = ["position", "version", "name", "state", "checksum_up", "checksum_down", "requires"];
        let mut query = self.select(columns, VERSIONS);
        query.expr_as(self.time_as_text("applied_at"), "applied_at").columns(["backend", "format_version"]);
        self.sql(query.order_by("position", Order::Asc))
    }

    /// Reads what some migrations do. Columns, as text: version, operations (JSON).
    #[must_use]
    pub fn select_operations(&self, versions: &[Version]) -> String {
        let versions = versions.iter().map(|version| self.string(&version.to_string()));
        let mut query = self.select(["version", "operations"], VERSIONS);
        self.sql(query.and_where(Expr::col("version").is_in(versions)))
    }

    /// Reads as much of all migrations, by position, as tells whether they are still the same. Columns: position
    /// (integer), and as text: version, state, `checksum_up`, `checksum_down`.
    #[must_use]
    pub fn select_states(&self) -> String {
        let columns = ["position", "version", "state", "checksum_up", "checksum_down"];
        self.sql(self.select(columns, VERSIONS).order_by("position", Order::Asc))
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
