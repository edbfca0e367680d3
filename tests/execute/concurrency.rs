//! Two at once: locks, who holds them, and ledgers that change under a plan.

use std::time::{Duration, Instant};

use dbmigrate::backend::Backend;
use dbmigrate::execute::{Cause, ErrorClass, Event, ExecuteError, Outcome, Session};
use sqlx::{AssertSqlSafe, Connection};

use crate::execute::support::{Events, TestDatabase, five, on_both, on_runtime, up};

/// Somebody else's open transaction that holds the lock, as another run would.
enum Other {
    Sqlite(sqlx::sqlite::SqliteConnection),
    Postgres(Box<sqlx::postgres::PgConnection>),
}

impl Other {
    /// Takes the lock; on PostgreSQL by asking for the very key that a run asks for.
    async fn take(database: &TestDatabase) -> Self {
        if database.backend == Backend::Sqlite {
            let mut connection = database.sqlite().await;
            sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
            return Self::Sqlite(connection);
        }
        // The key is found out by watching a run that waits for nothing.
        let mut watched = None;
        let mut session = database.session().await;
        let ledger = session.ledger().await.unwrap();
        let plan = up(Backend::Postgres)
            .step(900, &["CREATE TABLE keys AS SELECT (classid::bigint << 32) | objid::bigint AS key FROM pg_locks WHERE locktype = 'advisory'"])
            .step(901, &["SELECT 1"])
            .plan();
        session.run(&plan, &ledger, "up", &mut |_| ()).await.unwrap();
        for row in database.rows("SELECT key FROM keys").await {
            watched = Some(row[0].clone());
        }
        database.sql("DROP TABLE keys; DELETE FROM dbmigrate_versions; DELETE FROM dbmigrate_runs").await;
        let mut connection = database.postgres().await;
        let sql = format!(
            "SET application_name = 'the other run'; BEGIN; SELECT pg_advisory_xact_lock({})",
            watched.unwrap()
        );
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        Self::Postgres(Box::new(connection))
    }

    async fn let_go(self) {
        match self {
            Self::Sqlite(connection) => connection.close().await.unwrap(),
            Self::Postgres(connection) => connection.close().await.unwrap(),
        }
    }
}

on_both! {
    async fn a_second_run_waits_and_then_says_who_holds_the_lock(database: TestDatabase) {
        database.sql("CREATE TABLE there (id integer)").await;
        let other = Other::take(&database).await;
        let mut session = database.session().await;
        let ledger = session.ledger().await.unwrap();
        let mut events = Events::default();
        let begun = Instant::now();
        let plan = five(database.backend);
        let error = session.run(&plan, &ledger, "latest", &mut |e| events.0.push(e.clone())).await.unwrap_err();
        assert!(begun.elapsed() >= Duration::from_millis(400), "it waited as long as it may");
        assert_eq!(error.class(), ErrorClass::Unreachable);
        let ExecuteError::Locked { holder, .. } = &error else { panic!("{error:?}") };
        assert!(holder.pid.is_some(), "{holder:?}");
        if database.backend == Backend::Postgres {
            assert!(error.to_string().contains("the other run") && holder.since.is_some(), "{error}");
        }
        let waited = events.0.iter().filter(|event| matches!(event, Event::Waiting { .. })).count();
        assert_eq!(waited, 1, "said once");
        other.let_go().await;
        // The same session goes on as if nothing had been.
        let report = session.run(&plan, &ledger, "latest", &mut |_| ()).await.unwrap();
        assert_eq!(report.outcome, Outcome::Done);
    }

    async fn a_second_run_goes_on_when_the_first_is_through(database: TestDatabase) {
        database.sql("CREATE TABLE there (id integer)").await;
        let other = Other::take(&database).await;
        let mut settings = database.settings();
        settings.lock_timeout = Duration::from_secs(20);
        let mut session = Session::connect(settings).await.unwrap();
        let ledger = session.ledger().await.unwrap();
        let plan = five(database.backend);
        let mut ignore = |_: &Event| ();
        let (report, ()) = tokio::join!(session.run(&plan, &ledger, "latest", &mut ignore), async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            other.let_go().await;
        });
        assert_eq!(report.unwrap().outcome, Outcome::Done);
    }

    async fn a_ledger_that_changed_since_the_plan_stops_the_run(database: TestDatabase) {
        let mut session = database.session().await;
        let ledger = session.ledger().await.unwrap();
        database.run(&up(database.backend).step(1, &["CREATE TABLE quick (id integer)"]).plan()).await.unwrap();
        let error = session.run(&five(database.backend), &ledger, "latest", &mut |_| ()).await.unwrap_err();
        assert!(matches!(error, ExecuteError::LedgerChanged { .. }), "{error:?}");
        assert!(error.to_string().contains("`1` was applied meanwhile"), "{error}");
        assert_eq!(database.versions().await, [1]);
        assert_eq!(database.runs().await.len(), 1, "nothing was run, so nothing is written down");
    }

    async fn an_edited_ledger_row_is_a_change_too(database: TestDatabase) {
        database.run(&five(database.backend)).await.unwrap();
        let mut session = database.session().await;
        let ledger = session.ledger().await.unwrap();
        database.sql("UPDATE dbmigrate_versions SET checksum_down = 'other' WHERE version = '3'").await;
        let plan = up(database.backend).from(&[1, 2, 3, 4, 5]).step(6, &["SELECT 1"]).plan();
        let error = session.run(&plan, &ledger, "latest", &mut |_| ()).await.unwrap_err();
        assert!(error.to_string().contains("`3` is not as it was"), "{error}");
    }
}

#[test]
fn a_ledger_that_changes_at_a_cut_stops_the_run_there() {
    on_runtime(async {
        let database = TestDatabase::new(Backend::Postgres).await;
        let plan = up(Backend::Postgres)
            .step(1, &["CREATE TABLE a (id integer)"])
            .cut()
            .step(2, &["CREATE TABLE b (id integer)"])
            .plan();
        let mut session = database.session().await;
        let ledger = session.ledger().await.unwrap();
        let url = database.url.clone();
        // At the cut, somebody else is quicker.
        let mut meddle = |event: &Event| {
            if matches!(event, Event::Cut { .. }) {
                let url = url.clone();
                std::thread::spawn(move || {
                    on_runtime(async {
                        let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
                        let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
                        sqlx::raw_sql("DELETE FROM dbmigrate_versions").execute(&mut connection).await.unwrap();
                    });
                })
                .join()
                .unwrap();
            }
        };
        let report = session.run(&plan, &ledger, "latest", &mut meddle).await.unwrap();
        let failure = report.failed.unwrap();
        assert!(matches!(&failure.error, Cause::BetweenTransactions(what) if what.contains("undone meanwhile")));
        assert_eq!((report.steps_done, failure.step), (1, 2));
        assert_eq!(database.runs().await[0].0, "failed");
    });
}

#[test]
fn counting_rows_does_not_wait_for_ever_for_a_run_at_work() {
    on_runtime(async {
        let database = TestDatabase::new(Backend::Postgres).await;
        database.sql("CREATE TABLE busy (id integer)").await;
        let mut other = database.postgres().await;
        sqlx::raw_sql("BEGIN; LOCK TABLE busy").execute(&mut other).await.unwrap();
        let mut plan = crate::execute::support::down(Backend::Postgres).from(&[1]).step(1, &["DROP TABLE busy"]).plan();
        plan.steps[0].destructive.push(crate::execute::support::losing("busy"));
        let mut session = database.session().await;
        let begun = Instant::now();
        session.count(&mut plan).await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(5));
        assert_eq!(plan.steps[0].destructive[0].rows, None);
        other.close().await.unwrap();
        database.sql("INSERT INTO busy VALUES (1), (2)").await;
        session.count(&mut plan).await.unwrap();
        assert_eq!(plan.steps[0].destructive[0].rows, Some(2));
    });
}
