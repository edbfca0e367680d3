//! The rows of applied migrations.

use sea_query::{Alias, Expr, ExprTrait, OnConflict, Order, Query};

use super::super::dialect::Dialect;
use super::super::model::{AppliedRecord, LedgerWrite, Statement};
use super::{FORMAT_VERSION, LedgerSql, RunValues, VERSIONS};
use crate::ident::Version;
use crate::plan::RowState;

impl LedgerSql {
    /// How many columns [`Self::select_versions`] gives.
    pub const VERSION_COLUMNS: usize = 11;
    /// How many columns [`Self::select_states`] gives.
    pub const STATE_COLUMNS: usize = 5;

    /// A ledger statement of a plan again, with the values of the run. Statements that are not the
    /// ledger's, and those without such values, come back as they are.
    #[must_use]
    pub fn with_values(&self, statement: &Statement, values: &RunValues) -> String {
        match &statement.ledger {
            Some(LedgerWrite::Applied(record)) => self.insert_version(record, RowState::Applied, values),
            _ => statement.sql.clone(),
        }
    }

    /// Writes a migration down: as applied (at the end of its step), or as `applying` (before a
    /// migration outside a transaction starts).
    #[must_use]
    pub fn insert_version(&self, record: &AppliedRecord, state: RowState, values: &RunValues) -> String {
        let mut query = Query::insert();
        query.into_table(self.table(VERSIONS)).columns(
            [
                "position",
                "version",
                "name",
                "state",
                "checksum_up",
                "checksum_down",
                "requires",
                "backend",
                "format_version",
                "operations",
                "applied_at",
                "duration_ms",
                "run",
            ]
            .map(Alias::new),
        );
        // Serialization of a list of strings cannot fail.
        let requires = serde_json::to_string(&record.requires).unwrap_or_default();
        let row = [
            Expr::val(record.position),
            self.string(&record.version.to_string()),
            self.string(&record.name),
            self.string(row_state(state)),
            self.string(&record.checksums.up),
            self.string(&record.checksums.down),
            self.string(&requires),
            self.string(self.dialect.backend().name()),
            Expr::val(FORMAT_VERSION),
            self.string(&record.operations),
            Expr::cust(self.now()),
            Expr::cust(self.duration(values)),
            self.string(&values.run),
        ];
        // As many values as columns: it cannot be refused.
        let _ = query.values(row);
        if !record.transaction && state == RowState::Applied {
            let columns = ["state", "checksum_up", "checksum_down", "operations", "applied_at", "duration_ms", "run"];
            query.on_conflict(
                OnConflict::column(Alias::new("version")).update_columns(columns.map(Alias::new)).to_owned(),
            );
        }
        self.dialect.query(&query)
    }

    /// Takes a migration out: it is undone.
    #[must_use]
    pub fn delete_version(&self, version: Version) -> String {
        let query = Query::delete()
            .from_table(self.table(VERSIONS))
            .and_where(Self::eq("version", &version.to_string()))
            .take();
        self.dialect.query(&query)
    }

    /// Sets how far a migration is.
    #[must_use]
    pub fn set_state(&self, version: Version, state: RowState) -> String {
        let query = Query::update()
            .table(self.table(VERSIONS))
            .value(Alias::new("state"), self.string(row_state(state)))
            .and_where(Self::eq("version", &version.to_string()))
            .take();
        self.dialect.query(&query)
    }

    /// Reads all migrations by position. Columns: position (integer), and as text: version, name, state, `checksum_up`,
    /// `checksum_down`, requires (a JSON list), operations (JSON), `applied_at` (UTC, RFC 3339 to the second), backend;
    /// then `format_version` (integer).
    #[must_use]
    pub fn select_versions(&self) -> String {
        let mut query = Query::select();
        query.columns(
            ["position", "version", "name", "state", "checksum_up", "checksum_down", "requires", "operations"]
                .map(Alias::new),
        );
        query.expr_as(self.time_as_text("applied_at"), Alias::new("applied_at"));
        query.columns(["backend", "format_version"].map(Alias::new));
        query.from(self.table(VERSIONS)).order_by(Alias::new("position"), Order::Asc);
        self.dialect.query(&query)
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
        self.dialect.query(&query)
    }

    /// The highest position so far, or 0.
    #[must_use]
    pub fn max_position(&self) -> String {
        let query =
            Query::select().expr(Expr::col(Alias::new("position")).max().if_null(0)).from(self.table(VERSIONS)).take();
        self.dialect.query(&query)
    }

    fn duration(&self, values: &RunValues) -> String {
        match self.dialect {
            Dialect::Sqlite => {
                let started = self.dialect.string(&values.started);
                format!("CAST(round((julianday('now') - julianday({started})) * 86400000) AS integer)")
            }
            Dialect::Postgres => {
                "(extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000)::bigint".to_owned()
            }
        }
    }

    fn time_as_text(&self, column: &'static str) -> Expr {
        let column = self.dialect.ident(column);
        match self.dialect {
            Dialect::Sqlite => Expr::cust(column),
            Dialect::Postgres => {
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
