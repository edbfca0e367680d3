//! The rows of applied migrations.

use sea_query::{Alias, Expr, ExprTrait, OnConflict, Order, Query};

use super::super::dialect::Dialect;
use super::super::model::{AppliedRecord, LedgerWrite, Statement};
use super::frame::Frame;
use super::{FORMAT_VERSION, LedgerSql, RunValues, VERSIONS};
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
    pub(super) fn new(dialect: Dialect, schema: Option<&str>) -> Self {
        let mut applied = Query::insert();
        applied.into_table(super::table_in(schema, VERSIONS)).columns(
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
        let hole = Frame::hole;
        let [position, version, name, state, up, down, requires] = std::array::from_fn(|_| hole());
        let backend = Expr::cust(dialect.string(dialect.backend().name()));
        let now = Expr::cust(super::now(dialect));
        let format = Expr::val(FORMAT_VERSION);
        // As many values as columns: it cannot be refused.
        let _ = applied.values([
            position,
            version,
            name,
            state,
            up,
            down,
            requires,
            backend,
            format,
            hole(),
            now,
            hole(),
            hole(),
        ]);
        let mut again = applied.clone();
        let columns = ["state", "checksum_up", "checksum_down", "operations", "applied_at", "duration_ms", "run"];
        again.on_conflict(OnConflict::column(Alias::new("version")).update_columns(columns.map(Alias::new)).to_owned());
        let undone = Query::delete()
            .from_table(super::table_in(schema, VERSIONS))
            .and_where(Expr::col(Alias::new("version")).eq(hole()))
            .take();
        Self {
            applied: Frame::of(&dialect.query(&applied)),
            applied_again: Frame::of(&dialect.query(&again)),
            undone: Frame::of(&dialect.query(&undone)),
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
            Some(LedgerWrite::Applied(record)) if self.dialect == Dialect::Mysql => {
                self.set_applied(record.version, values)
            }
            Some(LedgerWrite::Applied(record)) if record.transaction => {
                let planned = RunValues::placeholder();
                let (old, new) = (self.duration(&planned), self.duration(values));
                let (old_run, new_run) = (self.dialect.string(&planned.run), self.dialect.string(&values.run));
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
        let text = |text: &str| self.dialect.string(text);
        let again = match self.dialect {
            // An interrupted one may begin again.
            Dialect::Mysql => true,
            _ => !record.transaction && state == RowState::Applied,
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
            .value(Alias::new("applied_at"), Expr::cust(super::now(self.dialect)))
            .value(Alias::new("duration_ms"), Expr::cust(self.duration(values)))
            .value(Alias::new("run"), self.string(&values.run))
            .and_where(Self::eq("version", &version.to_string()))
            .take();
        self.dialect.query(&query)
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
        self.dialect.query(&query)
    }

    /// Takes a migration out: it is undone.
    #[must_use]
    pub fn delete_version(&self, version: Version) -> String {
        self.frames.undone.fill(&[&self.dialect.string(&version.to_string())])
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
        self.dialect.query(&query)
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
            Dialect::Mysql => {
                let started = self.dialect.string(&values.started.replace('T', " ").replace('Z', ""));
                format!("TIMESTAMPDIFF(MICROSECOND, {started}, UTC_TIMESTAMP(6)) DIV 1000")
            }
        }
    }

    fn time_as_text(&self, column: &'static str) -> Expr {
        let column = self.dialect.ident(column);
        match self.dialect {
            Dialect::Sqlite | Dialect::Mysql => Expr::cust(column),
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
