//! The ledger's tables, and every statement that reads or writes them. The executor
//! runs what is made here and writes no SQL of its own for them.

use sea_query::{Alias, Asterisk, ColumnDef, Expr, ExprTrait, OnConflict, Order, Query, TableRef, Value};

use super::dialect::{Dialect, table_ref};
use super::model::{AppliedRecord, LedgerWrite, Statement};
use crate::backend::Backend;
use crate::ident::{TableName, Version};
use crate::plan::RowState;

/// The format of what the ledger keeps, in each of its rows.
pub const FORMAT_VERSION: i64 = 1;

/// Applied migrations.
pub const VERSIONS: &str = "dbmigrate_versions";
/// One row a run; the history that outlives a reset.
pub const RUNS: &str = "dbmigrate_runs";
/// How far a migration outside a transaction came.
pub const JOURNAL: &str = "dbmigrate_journal";
/// The environment's name.
pub const ENVIRONMENT: &str = "dbmigrate_environment";

/// Values of a run that a plan does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunValues {
    /// The run's id.
    pub run: String,
    /// When the step that is written down began: UTC, RFC 3339 with milliseconds. SQLite measures
    /// from it; PostgreSQL from the message that the step is sent in.
    pub started: String,
}

impl RunValues {
    /// What stands in a dry run.
    #[must_use]
    pub fn placeholder() -> Self {
        Self { run: "run".to_owned(), started: "2000-01-01T00:00:00.000Z".to_owned() }
    }
}

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
    pub steps: u64,
}

/// The ledger's SQL on one backend, in one schema.
#[derive(Debug, Clone)]
pub struct LedgerSql {
    dialect: Dialect,
    schema: Option<String>,
}

impl LedgerSql {
    /// The SQL for a backend. `schema` is PostgreSQL's; without it, `public`. SQLite's is always `main`.
    /// `None` for a backend that is not built yet.
    #[must_use]
    pub fn new(backend: Backend, schema: Option<&str>) -> Option<Self> {
        let dialect = Dialect::of(backend)?;
        let schema = match dialect {
            Dialect::Sqlite => "main".to_owned(),
            Dialect::Postgres => schema.unwrap_or("public").to_owned(),
        };
        Some(Self { dialect, schema: Some(schema) })
    }

    /// The statements that make the ledger's tables where they do not stand.
    #[must_use]
    pub fn create_tables(&self) -> Vec<String> {
        let integer = |name: &'static str| self.column(name, Kind::Integer);
        let text = |name: &'static str| self.column(name, Kind::Text);
        let time = |name: &'static str| self.column(name, Kind::Time);
        vec![
            self.create(
                VERSIONS,
                vec![
                    integer("position").not_null().primary_key().take(),
                    text("version").not_null().unique_key().take(),
                    text("name").not_null().take(),
                    text("state").not_null().take(),
                    text("checksum_up").not_null().take(),
                    text("checksum_down").not_null().take(),
                    text("requires").not_null().take(),
                    text("backend").not_null().take(),
                    integer("format_version").not_null().take(),
                    text("operations").not_null().take(),
                    time("applied_at").not_null().take(),
                    integer("duration_ms").not_null().take(),
                    text("run").not_null().take(),
                ],
            ),
            self.create(
                RUNS,
                vec![
                    text("run").not_null().primary_key().take(),
                    text("command").not_null().take(),
                    text("direction").not_null().take(),
                    text("target").not_null().take(),
                    text("environment").not_null().take(),
                    text("who").not_null().take(),
                    text("tool_version").not_null().take(),
                    time("started_at").not_null().take(),
                    time("finished_at"),
                    text("outcome").not_null().take(),
                    integer("steps").not_null().take(),
                    integer("steps_done").not_null().take(),
                    text("error"),
                ],
            ),
            self.create(
                JOURNAL,
                vec![
                    text("version").not_null().take(),
                    integer("statement").not_null().take(),
                    integer("statements").not_null().take(),
                    text("direction").not_null().take(),
                    text("state").not_null().take(),
                    text("run").not_null().take(),
                    time("changed_at").not_null().take(),
                ],
            ),
            self.create(ENVIRONMENT, vec![text("name").not_null().take(), time("stamped_at").not_null().take()]),
        ]
    }

    /// Gives one row with one number: how many of the ledger's tables stand.
    #[must_use]
    pub fn tables_that_stand(&self) -> String {
        let names = [VERSIONS, RUNS, JOURNAL, ENVIRONMENT];
        let mut query = Query::select();
        query.expr(Expr::col(Asterisk).count());
        match self.dialect {
            Dialect::Sqlite => query
                .from(Alias::new("sqlite_master"))
                .and_where(Expr::col(Alias::new("type")).eq("table"))
                .and_where(Expr::col(Alias::new("name")).is_in(names)),
            Dialect::Postgres => query
                .from((Alias::new("pg_catalog"), Alias::new("pg_tables")))
                .and_where(Expr::col(Alias::new("schemaname")).eq(self.schema.as_deref().unwrap_or_default()))
                .and_where(Expr::col(Alias::new("tablename")).is_in(names)),
        };
        self.dialect.query(&query)
    }

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

    /// Reads all migrations by position. Columns: position (integer), and as text: version, name, state, checksum_up,
    /// checksum_down, requires (a JSON list), operations (JSON), applied_at (UTC, RFC 3339 to the second), backend;
    /// then format_version (integer).
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
    /// (integer), and as text: version, state, checksum_up, checksum_down.
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

    /// Writes a run down as it begins.
    #[must_use]
    pub fn insert_run(&self, row: &RunRow) -> String {
        let mut query = Query::insert();
        query.into_table(self.table(RUNS)).columns(
            [
                "run",
                "command",
                "direction",
                "target",
                "environment",
                "who",
                "tool_version",
                "started_at",
                "outcome",
                "steps",
                "steps_done",
            ]
            .map(Alias::new),
        );
        let _ = query.values([
            self.string(&row.run),
            self.string(&row.command),
            self.string(&row.direction),
            self.string(&row.target),
            self.string(&row.environment),
            self.string(&row.who),
            self.string(&row.tool_version),
            self.string(&row.started),
            self.string("running"),
            Expr::val(row.steps),
            Expr::val(0),
        ]);
        self.dialect.query(&query)
    }

    /// Writes down how a run ended: `done`, `failed`; how many steps stay done; the error.
    #[must_use]
    pub fn finish_run(&self, run: &str, outcome: &str, steps_done: u64, error: Option<&str>) -> String {
        let query = Query::update()
            .table(self.table(RUNS))
            .value(Alias::new("outcome"), self.string(outcome))
            .value(Alias::new("steps_done"), steps_done)
            .value(Alias::new("finished_at"), Expr::cust(self.now()))
            .value(
                Alias::new("error"),
                // An error's words are the database's own, and may hold anything.
                error.map_or_else(|| Expr::val(Value::String(None)), |text| self.string(&text.replace('\0', ""))),
            )
            .and_where(Self::eq("run", run))
            .take();
        self.dialect.query(&query)
    }

    /// Journals that a statement (K, from 1) of a migration outside a transaction is about to run.
    #[must_use]
    pub fn journal_start(
        &self,
        version: Version,
        statement: u64,
        statements: u64,
        direction: &str,
        run: &str,
    ) -> String {
        let mut query = Query::insert();
        query
            .into_table(self.table(JOURNAL))
            .columns(["version", "statement", "statements", "direction", "state", "run", "changed_at"].map(Alias::new));
        let _ = query.values([
            self.string(&version.to_string()),
            Expr::val(statement),
            Expr::val(statements),
            self.string(direction),
            self.string("started"),
            self.string(run),
            Expr::cust(self.now()),
        ]);
        self.dialect.query(&query)
    }

    /// Journals that it has run.
    #[must_use]
    pub fn journal_done(&self, version: Version, statement: u64) -> String {
        let query = Query::update()
            .table(self.table(JOURNAL))
            .value(Alias::new("state"), self.string("done"))
            .value(Alias::new("changed_at"), Expr::cust(self.now()))
            .and_where(Self::eq("version", &version.to_string()))
            .and_where(Expr::col(Alias::new("statement")).eq(statement))
            .take();
        self.dialect.query(&query)
    }

    /// Takes a statement out of the journal: it did not run.
    #[must_use]
    pub fn journal_forget(&self, version: Version, statement: u64) -> String {
        let query = Query::delete()
            .from_table(self.table(JOURNAL))
            .and_where(Self::eq("version", &version.to_string()))
            .and_where(Expr::col(Alias::new("statement")).eq(statement))
            .take();
        self.dialect.query(&query)
    }

    /// Takes a migration out of the journal: it is through.
    #[must_use]
    pub fn journal_clear(&self, version: Version) -> String {
        let query =
            Query::delete().from_table(self.table(JOURNAL)).and_where(Self::eq("version", &version.to_string())).take();
        self.dialect.query(&query)
    }

    /// Reads the journal, in order. Columns: version (text), statement, statements (integers), direction, state (texts).
    #[must_use]
    pub fn select_journal(&self) -> String {
        let query = Query::select()
            .columns(["version", "statement", "statements", "direction", "state"].map(Alias::new))
            .from(self.table(JOURNAL))
            .order_by(Alias::new("version"), Order::Asc)
            .order_by(Alias::new("statement"), Order::Asc)
            .take();
        self.dialect.query(&query)
    }

    /// Stamps the environment's name in, where none is.
    #[must_use]
    pub fn stamp_if_none(&self, environment: &str) -> String {
        let none = Query::select().expr(Expr::val(1)).from(self.table(ENVIRONMENT)).take();
        let select = Query::select()
            .expr(self.string(environment))
            .expr(Expr::cust(self.now()))
            .and_where(Expr::exists(none).not())
            .take();
        self.insert_stamp(select)
    }

    /// Stamps the environment's name in, over any that is there: two statements.
    #[must_use]
    pub fn stamp(&self, environment: &str) -> [String; 2] {
        let clear = Query::delete().from_table(self.table(ENVIRONMENT)).take();
        let select = Query::select().expr(self.string(environment)).expr(Expr::cust(self.now())).take();
        [self.dialect.query(&clear), self.insert_stamp(select)]
    }

    fn insert_stamp(&self, select: sea_query::SelectStatement) -> String {
        let mut query = Query::insert();
        query.into_table(self.table(ENVIRONMENT)).columns(["name", "stamped_at"].map(Alias::new));
        // As many expressions as columns: it cannot be refused.
        let _ = query.select_from(select);
        self.dialect.query(&query)
    }

    /// Reads the stamp: no row, or one with the environment's name.
    #[must_use]
    pub fn select_stamp(&self) -> String {
        let query = Query::select().column(Alias::new("name")).from(self.table(ENVIRONMENT)).take();
        self.dialect.query(&query)
    }

    fn table(&self, name: &str) -> TableRef {
        table_ref(&TableName { schema: self.schema.clone(), name: name.to_owned() })
    }

    fn create(&self, name: &'static str, columns: Vec<ColumnDef>) -> String {
        let mut statement = sea_query::Table::create();
        statement.if_not_exists().table(self.table(name));
        for column in columns {
            statement.col(column);
        }
        if name == JOURNAL {
            statement.primary_key(sea_query::Index::create().col(Alias::new("version")).col(Alias::new("statement")));
        }
        self.dialect.schema(&statement)
    }

    fn column(&self, name: &'static str, kind: Kind) -> ColumnDef {
        let word = match (kind, self.dialect) {
            (Kind::Integer, Dialect::Sqlite) => "integer",
            (Kind::Integer, Dialect::Postgres) => "bigint",
            (Kind::Time, Dialect::Postgres) => "timestamptz",
            (Kind::Text, _) | (Kind::Time, Dialect::Sqlite) => "text",
        };
        ColumnDef::new(Alias::new(name)).custom(Alias::new(word)).take()
    }

    /// A string as an expression: `dialect` quotes it, not sea-query's parameters.
    fn string(&self, text: &str) -> Expr {
        Expr::cust(self.dialect.string(text))
    }

    fn eq(column: &'static str, text: &str) -> Expr {
        Expr::col(Alias::new(column)).eq(text)
    }

    const fn now(&self) -> &'static str {
        match self.dialect {
            Dialect::Sqlite => "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')",
            Dialect::Postgres => "clock_timestamp()",
        }
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

#[derive(Clone, Copy)]
enum Kind {
    Integer,
    Text,
    Time,
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
