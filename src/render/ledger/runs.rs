//! The rows of runs: the history that outlives a reset.

use sea_query::{Expr, Order, Value};

use super::{LedgerSql, RUNS, eq};

/// A run, as its row begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// Id.
    pub run: String,
    /// When it began: UTC, RFC 3339.
    pub started: String,
    /// The command as typed: `reset`, `latest`.
    pub command: String,
    /// `up`, `down`, `mixed`.
    pub direction: String,
    /// The target as asked for.
    pub target: String,
    /// The environment's name.
    pub environment: String,
    /// Who runs it.
    pub who: String,
    /// Of dbmigrate.
    pub tool_version: String,
    /// Steps planned.
    pub steps: usize,
}

impl LedgerSql {
    /// Writes a run down as it begins.
    #[must_use]
    pub fn insert_run(&self, row: &RunRow) -> String {
        self.sql(&self.insert(
            RUNS,
            [
                ("run", self.string(&row.run)),
                ("command", self.string(&row.command)),
                ("direction", self.string(&row.direction)),
                ("target", self.string(&row.target)),
                ("environment", self.string(&row.environment)),
                ("who", self.string(&row.who)),
                ("tool_version", self.string(&row.tool_version)),
                ("started_at", self.string(&row.started)),
                ("outcome", self.string("running")),
                ("steps", Expr::val(row.steps as u64)),
                ("steps_done", Expr::val(0)),
            ],
        ))
    }

    /// Reads a run's outcome: one row with one text, or none.
    #[must_use]
    pub fn select_run(&self, run: &str) -> String {
        self.sql(self.select(["outcome"], RUNS).and_where(eq("run", run)))
    }

    /// Reads of the last run: its command, how many steps are done, and how it ended. One row, or none.
    #[must_use]
    pub fn select_last_run(&self) -> String {
        // Its id begins with its time, more exactly than the time itself.
        self.sql(self.select(["command", "steps_done", "outcome"], RUNS).order_by("run", Order::Desc).limit(1))
    }

    /// Writes down how a run ended: `done`, `failed`; how many steps stay done; the error.
    #[must_use]
    pub fn finish_run(&self, run: &str, outcome: &str, steps_done: usize, error: Option<&str>) -> String {
        // An error's words are the database's own, and may hold anything.
        let error = error.map_or_else(|| Expr::val(Value::String(None)), |text| self.string(&text.replace('\0', "")));
        let set = [
            ("outcome", self.string(outcome)),
            ("steps_done", Expr::val(steps_done as u64)),
            ("finished_at", Expr::cust(self.now())),
            ("error", error),
        ];
        self.sql(self.update(RUNS, set).and_where(eq("run", run)))
    }
}
