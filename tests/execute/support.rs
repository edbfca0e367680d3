//! Databases for tests, and plans made by hand.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use dbmigrate::backend::Backend;
use dbmigrate::diagnostic::{Direction, Span};
use dbmigrate::execute::{Event, ExecuteError, RunReport, Session, Settings};
use dbmigrate::ident::Version;
use dbmigrate::manifest::Hooks;
use dbmigrate::operation::{Body, canonical_json};
use dbmigrate::plan::{Ledger, PlanDirection, StepHead};
use dbmigrate::render::ledger::{LedgerSql, RunValues};
use dbmigrate::render::{AppliedRecord, LedgerWrite, RenderedPlan, RenderedStep, Statement, Transactions};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};

/// Runs a test on the kind of runtime that the command line makes.
pub fn on_runtime<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

/// A database of its own for one test; gone with it.
pub struct TestDatabase {
    pub backend: Backend,
    pub url: String,
    folder: tempfile::TempDir,
    postgres: Option<String>,
}

static NUMBER: AtomicU32 = AtomicU32::new(0);

fn server() -> String {
    std::env::var("DBMIGRATE_TEST_POSTGRES").unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432".to_owned())
}

impl TestDatabase {
    pub async fn new(backend: Backend) -> Self {
        let folder = tempfile::tempdir().unwrap();
        if backend == Backend::Sqlite {
            let url = format!("sqlite://{}/test.db", folder.path().display());
            return Self { backend, url, folder, postgres: None };
        }
        let name = format!("dbmigrate_execute_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut admin = admin().await;
        sqlx::raw_sql(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")))
            .execute(&mut admin)
            .await
            .unwrap();
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut admin).await.unwrap();
        Self { backend, url: format!("{}/{name}", server()), folder, postgres: Some(name) }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("test.db")
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn settings(&self) -> Settings {
        Settings {
            environment: "development".to_owned(),
            url: self.url.parse().unwrap(),
            lock_timeout: Duration::from_millis(400),
            statement_timeout: None,
            hooks: Hooks::default(),
            folder: self.folder.path().to_owned(),
            backup: None,
            project: "test".to_owned(),
        }
    }

    pub async fn session(&self) -> Session {
        Session::connect(self.settings()).await.unwrap()
    }

    /// Runs a plan in a session of its own, from the ledger as it is.
    pub async fn run(&self, plan: &RenderedPlan) -> Result<RunReport, ExecuteError> {
        let mut session = self.session().await;
        let ledger = session.ledger().await?;
        let report = session.run(plan, &ledger, "latest", &mut |_| ()).await;
        session.close().await;
        report
    }

    pub async fn ledger(&self) -> Ledger {
        let mut session = self.session().await;
        let ledger = session.ledger().await.unwrap();
        session.close().await;
        ledger
    }

    pub async fn versions(&self) -> Vec<u128> {
        self.ledger().await.rows.iter().map(|row| row.version.number()).collect()
    }

    /// Runs SQL outside the program.
    pub async fn sql(&self, sql: &str) {
        match self.backend {
            Backend::Sqlite => {
                let mut connection = self.sqlite().await;
                sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            _ => {
                let mut connection = self.postgres().await;
                sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
        }
    }

    /// Runs SQL that may fail.
    pub async fn try_sql(&self, sql: &str) -> Result<(), sqlx::Error> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self.backend {
            Backend::Sqlite => sqlx::raw_sql(sql).execute(&mut self.sqlite().await).await.map(|_| ()),
            _ => sqlx::raw_sql(sql).execute(&mut self.postgres().await).await.map(|_| ()),
        }
    }

    pub async fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        let sql = AssertSqlSafe(sql.to_owned());
        let text = |cell: Option<String>| cell.unwrap_or_else(|| "NULL".to_owned());
        match self.backend {
            Backend::Sqlite => {
                let mut connection = self.sqlite().await;
                let rows = sqlx::raw_sql(sql).fetch_all(&mut connection).await.unwrap();
                rows.iter().map(|r| (0..r.len()).map(|i| text(r.try_get_unchecked(i).unwrap())).collect()).collect()
            }
            _ => {
                let mut connection = self.postgres().await;
                let rows = sqlx::raw_sql(sql).fetch_all(&mut connection).await.unwrap();
                rows.iter().map(|r| (0..r.len()).map(|i| text(r.try_get_unchecked(i).unwrap())).collect()).collect()
            }
        }
    }

    pub async fn sqlite(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(self.path()).create_if_missing(true).connect().await.unwrap()
    }

    pub async fn postgres(&self) -> PgConnection {
        self.url.parse::<PgConnectOptions>().unwrap().connect().await.unwrap()
    }

    /// The database's own words for what stands in it, the ledger left out, and the rows of `seen`.
    pub async fn snapshot(&self) -> Vec<Vec<String>> {
        let schema = match self.backend {
            Backend::Sqlite => {
                "SELECT type, name, sql FROM sqlite_master WHERE tbl_name NOT LIKE 'dbmigrate%' ORDER BY 1, 2, 3"
            }
            _ => {
                "SELECT table_name, column_name, data_type FROM information_schema.columns \
                 WHERE table_schema = 'public' AND table_name NOT LIKE 'dbmigrate%' ORDER BY 1, 2"
            }
        };
        let mut all = self.rows(schema).await;
        if all.iter().any(|row| row.iter().any(|cell| cell == "seen")) {
            all.extend(self.rows("SELECT 'row', what FROM seen ORDER BY what").await);
        }
        all
    }

    /// The history: outcome and error of each run.
    pub async fn runs(&self) -> Vec<(String, String)> {
        let rows = self.rows("SELECT outcome, error FROM dbmigrate_runs ORDER BY run").await;
        rows.into_iter().map(|row| (row[0].clone(), row[1].clone())).collect()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Some(name) = self.postgres.take() else { return };
        let dropped = std::thread::spawn(move || {
            on_runtime(async {
                let sql = AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
                sqlx::raw_sql(sql).execute(&mut admin().await).await.unwrap();
            });
        });
        let _ = dropped.join();
    }
}

async fn admin() -> PgConnection {
    let options: PgConnectOptions = format!("{}/postgres", server()).parse().unwrap();
    options.connect().await.expect("PostgreSQL must answer for these tests: scripts/test starts one")
}

/// Makes plans by hand.
pub struct Plans {
    sql: LedgerSql,
    plan: RenderedPlan,
}

pub fn version(number: u128) -> Version {
    Version::new(number).unwrap()
}

pub fn up(backend: Backend) -> Plans {
    Plans::new(backend, PlanDirection::Up)
}

pub fn down(backend: Backend) -> Plans {
    Plans::new(backend, PlanDirection::Down)
}

impl Plans {
    fn new(backend: Backend, direction: PlanDirection) -> Self {
        let plan = RenderedPlan {
            backend,
            direction,
            target: "latest".to_owned(),
            from: Vec::new(),
            to: Vec::new(),
            transaction: Transactions::All,
            cuts: Vec::new(),
            cut_reasons: Vec::new(),
            steps: Vec::new(),
            diagnostics: Vec::new(),
        };
        Self { sql: LedgerSql::new(backend, Some("public")), plan }
    }

    pub fn from(mut self, versions: &[u128]) -> Self {
        self.plan.from = versions.iter().copied().map(version).collect();
        self
    }

    /// One migration with these statements.
    pub fn step(mut self, number: u128, statements: &[&str]) -> Self {
        let direction = if self.plan.direction == PlanDirection::Up { Direction::Up } else { Direction::Down };
        let name = format!("node_{number}");
        let own = |sql: String, write: LedgerWrite| Statement {
            sql,
            operation: "ledger".to_owned(),
            span: Span::NONE,
            ledger: Some(write),
            journaled: None,
        };
        let mut all = Vec::new();
        if self.plan.steps.is_empty() && direction == Direction::Up && self.plan.from.is_empty() {
            all.extend(self.sql.create_tables().into_iter().map(|sql| own(sql, LedgerWrite::CreateTable)));
            all.push(own(self.sql.stamp_if_none("development"), LedgerWrite::Stamp));
        }
        for (index, sql) in statements.iter().enumerate() {
            all.push(Statement {
                sql: (*sql).to_owned(),
                operation: format!("operation {}", index + 1),
                span: Span::new(dbmigrate::diagnostic::FileId(0), index..index + 1),
                ledger: None,
                journaled: None,
            });
        }
        let record = record(number);
        all.push(match direction {
            Direction::Up => own(
                self.sql.insert_version(&record, dbmigrate::plan::RowState::Applied, &RunValues::placeholder()),
                LedgerWrite::Applied(Box::new(record)),
            ),
            Direction::Down => {
                own(self.sql.delete_version(version(number)), LedgerWrite::Undone { version: version(number) })
            }
        });
        self.plan.steps.push(RenderedStep {
            head: StepHead::new(version(number), name, direction),
            statements: all,
            notes: Vec::new(),
            destructive: Vec::new(),
            rebuilds: false,
            keeps: vec![],
            locks: 0,
            restores: None,
        });
        self
    }

    /// Changes the last step.
    pub fn with(mut self, change: impl FnOnce(&mut RenderedStep)) -> Self {
        change(self.plan.steps.last_mut().unwrap());
        self
    }

    /// The last step runs outside transactions.
    pub fn outside(self) -> Self {
        self.with(|step| {
            step.transaction = false;
            for statement in &mut step.statements {
                if let Some(LedgerWrite::Applied(record)) = &mut statement.ledger {
                    record.transaction = false;
                }
            }
        })
    }

    /// A cut before the next step.
    pub fn cut(mut self) -> Self {
        self.plan.cuts.push(self.plan.steps.len());
        self.plan.cut_reasons.push("asked for".to_owned());
        self.plan.transaction = Transactions::Chunks;
        self
    }

    pub fn plan(self) -> RenderedPlan {
        let mut plan = self.plan;
        let mut to: std::collections::BTreeSet<Version> = plan.from.iter().copied().collect();
        for step in &plan.steps {
            match step.direction {
                Direction::Up => to.insert(step.version),
                Direction::Down => to.remove(&step.version),
            };
        }
        plan.to = to.into_iter().collect();
        plan
    }
}

fn record(number: u128) -> AppliedRecord {
    let body = Body { up: Vec::new(), down: None, transaction: true, backends: None, irreversible: None };
    AppliedRecord {
        position: i64::try_from(number).unwrap(),
        version: version(number),
        name: format!("node_{number}"),
        checksums: body.checksums(),
        requires: vec!["an \"odd\" name; it's one".to_owned()],
        operations: canonical_json(&body),
        transaction: true,
    }
}

/// Five nodes, each a table of its own and a row that says so.
pub fn five(backend: Backend) -> RenderedPlan {
    five_plans(backend).plan()
}

pub fn five_plans(backend: Backend) -> Plans {
    let mut plans = up(backend);
    for number in 1..=5 {
        let table = format!("CREATE TABLE t{number} (id integer NOT NULL PRIMARY KEY, note text)");
        let row = format!("INSERT INTO t{number} VALUES (1, 'it''s {number}')");
        let look = format!("SELECT * FROM t{number}");
        plans = plans.step(number, &[&table, &row, &look]);
    }
    plans
}

/// Collects events.
#[derive(Default)]
pub struct Events(pub Vec<Event>);

impl Events {
    pub fn names(&self) -> Vec<String> {
        let name = |event: &Event| format!("{event:?}").split([' ', '{']).next().unwrap_or_default().to_owned();
        self.0.iter().map(name).collect()
    }
}

/// Each test body runs on each backend.
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($database:ident: TestDatabase) $body:block)+) => { $(
        mod $name {
            use super::*;
            async fn body($database: TestDatabase) $body
            $(#[$meta])*
            #[test]
            fn sqlite() { on_runtime(async { body(TestDatabase::new(Backend::Sqlite).await).await }); }
            $(#[$meta])*
            #[test]
            fn postgres() { on_runtime(async { body(TestDatabase::new(Backend::Postgres).await).await }); }
        }
    )+ };
}
pub(crate) use on_both;

/// A whole table's rows, to be counted.
pub fn losing(table: &str) -> dbmigrate::render::Destructive {
    dbmigrate::render::Destructive {
        kind: "table",
        object: table.to_owned(),
        rows: None,
        estimate: false,
        stands: true,
        unknown: false,
        counted: Some(dbmigrate::render::Counted {
            table: dbmigrate::ident::TableName::bare(table),
            sql: format!("SELECT count(*) FROM \"{table}\""),
            whole_table: true,
        }),
    }
}

/// Does something in another thread when what comes next has begun.
pub fn soon(what: impl FnOnce() + Send + 'static) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        what();
    })
}
