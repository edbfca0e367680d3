//! Steps outside transactions: the journal, interruptions, `resolve`.

use std::time::Duration;

use dbmigrate::backend::Backend;
use dbmigrate::execute::{Cause, DatabaseState, ErrorClass, Event, ExecuteError, Outcome, Session, Settings};
use dbmigrate::plan::{Progress, RowState};
use tokio::sync::Notify;

use crate::execute::interruption::endless;
use crate::execute::support::{Events, Plans, TestDatabase, down, on_both, on_runtime, soon, up, version};

fn three(backend: Backend, last: &str) -> Plans {
    up(backend)
        .step(1, &["CREATE TABLE t1 (id integer NOT NULL, note text)"])
        .step(2, &["CREATE TABLE t2 (id integer)", "CREATE INDEX t2_idx ON t2 (id)", last])
        .outside()
        .step(3, &["CREATE TABLE t3 (id integer)"])
}

/// Goes on where `three` was interrupted.
fn rest(backend: Backend, last: &str, skip: usize) -> Plans {
    up(backend)
        .from(&[1])
        .step(2, &["CREATE TABLE t2 (id integer)", "CREATE INDEX t2_idx ON t2 (id)", last])
        .outside()
        .with(|step| step.skip_statements = skip)
        .step(3, &["CREATE TABLE t3 (id integer)"])
}

on_both! {
    async fn a_step_outside_transactions_runs_between_two_that_are_not(database: TestDatabase) {
        let special = match database.backend {
            Backend::Sqlite => "VACUUM",
            _ => "CREATE INDEX CONCURRENTLY t2_other ON t2 (id)",
        };
        let mut session = database.session().await;
        let ledger = session.ledger().await.unwrap();
        let mut events = Events::default();
        let report = session
            .run(&three(database.backend, special).plan(), &ledger, "latest", &mut |e| events.0.push(e.clone()))
            .await
            .unwrap();
        assert_eq!(report.outcome, Outcome::Done, "{report:?}");
        assert_eq!(events.0.iter().filter(|e| matches!(e, Event::StatementDone { of: 3, .. })).count(), 3);
        let ledger = database.ledger().await;
        assert!(ledger.rows.iter().all(|row| row.state == RowState::Applied && row.progress.is_none()));
        assert_eq!(database.rows("SELECT count(*) FROM dbmigrate_journal").await, [["0"]]);
        assert_eq!(database.runs().await, [("done".to_owned(), "NULL".to_owned())]);
        if database.backend == Backend::Sqlite {
            assert!(!database.folder().join("test.db-dbmigrate.lock").exists());
        }
    }

    async fn it_may_be_the_first_step_and_the_last(database: TestDatabase) {
        let plan = up(database.backend).step(1, &["CREATE TABLE a (id integer)"]).outside().plan();
        assert_eq!(database.run(&plan).await.unwrap().outcome, Outcome::Done);
        let plan = down(database.backend).from(&[1]).step(1, &["DROP TABLE a"]).outside().plan();
        let report = database.run(&plan).await.unwrap();
        assert_eq!(report.outcome, Outcome::Done, "{report:?}");
        assert!(database.versions().await.is_empty() && database.snapshot().await.is_empty());
        assert_eq!(database.runs().await.len(), 2);
    }

    async fn a_statement_that_fails_leaves_what_ran_and_says_how_far_it_came(database: TestDatabase) {
        let report = database.run(&three(database.backend, "SELECT * FROM gone").plan()).await.unwrap();
        let failure = report.failed.as_ref().unwrap();
        assert_eq!((failure.step, failure.statement.as_deref()), (2, Some("SELECT * FROM gone")));
        let progress = Progress { done: 2, unknown: None, of: 3, place: None };
        let state = DatabaseState::Within { done: 1, of: 3, progress: progress.clone() };
        assert_eq!((report.steps_done, &report.database_state), (1, &state));
        let ledger = database.ledger().await;
        assert_eq!(ledger.rows[1].state, RowState::Applying);
        assert_eq!(ledger.rows[1].progress, Some(progress));
        assert_eq!(database.runs().await[0].0, "failed");
        // With the statement mended, it goes on after the last that ran.
        let report = database.run(&rest(database.backend, "SELECT 1", 2).plan()).await.unwrap();
        assert_eq!(report.outcome, Outcome::Done, "{report:?}");
        assert_eq!(database.versions().await, [1, 2, 3]);
        assert!(database.ledger().await.rows.iter().all(|row| row.state == RowState::Applied));
    }

    async fn a_statement_in_doubt_waits_for_a_person(database: TestDatabase) {
        killed_within(&database).await;
        let ledger = database.ledger().await;
        assert_eq!(ledger.rows[1].progress, Some(Progress { done: 2, unknown: Some(3), of: 3, place: None }));

        let mut session = database.session().await;
        let plan = rest(database.backend, "SELECT 1", 2).plan();
        let error = session.run(&plan, &ledger, "latest", &mut |_| ()).await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::Refused);
        assert!(matches!(error, ExecuteError::Interrupted { statement: 3, of: 3, .. }), "{error:?}");
        assert!(error.next().unwrap().contains("`resolve 2 --statement 3 --ran` or `--not-ran`"));

        for (number, statement) in [(2, 2), (3, 3), (9, 1)] {
            let error = session.resolve(version(number), statement, true).await.unwrap_err();
            assert!(matches!(error, ExecuteError::NothingToResolve { .. }), "{error:?}");
        }
        session.resolve(version(2), 3, false).await.unwrap();
        let ledger = session.ledger().await.unwrap();
        assert_eq!(ledger.rows[1].progress, Some(Progress { done: 2, unknown: None, of: 3, place: None }));
        let report = session.run(&plan, &ledger, "latest", &mut |_| ()).await.unwrap();
        assert_eq!(report.outcome, Outcome::Done, "{report:?}");
    }

    async fn what_ran_must_stand_as_it_ran(database: TestDatabase) {
        database.run(&three(database.backend, "SELECT * FROM gone").plan()).await.unwrap();
        let mut session = database.session().await;
        let ledger = session.ledger().await.unwrap();
        let edited = up(database.backend)
            .from(&[1])
            .step(2, &["CREATE TABLE t2 (id integer)", "CREATE INDEX t2_new ON t2 (id)", "SELECT 1"])
            .outside()
            .with(|step| step.skip_statements = 2)
            .plan();
        let error = session.run(&edited, &ledger, "latest", &mut |_| ()).await.unwrap_err();
        assert!(matches!(error, ExecuteError::EditedMidway { statement: 2, .. }), "{error:?}");
        assert!(error.next().unwrap().contains("CREATE INDEX t2_idx ON t2 (id)"));
        assert_eq!(session.ledger().await.unwrap().rows, ledger.rows);
    }

    async fn a_statement_that_did_run_is_not_run_again(database: TestDatabase) {
        killed_within(&database).await;
        let mut session = database.session().await;
        session.resolve(version(2), 3, true).await.unwrap();
        let ledger = session.ledger().await.unwrap();
        assert_eq!(ledger.rows[1].progress, Some(Progress { done: 3, unknown: None, of: 3, place: None }));
        let plan = rest(database.backend, endless(database.backend), 3).plan();
        let report = session.run(&plan, &ledger, "latest", &mut |_| ()).await.unwrap();
        assert_eq!(report.outcome, Outcome::Done, "{report:?}");
    }

    async fn an_interrupted_statement_did_not_run(database: TestDatabase) {
        let plan = three(database.backend, endless(database.backend)).plan();
        let mut session = database.session().await;
        let ledger = session.ledger().await.unwrap();
        let canceller = session.canceller();
        let mut look = |event: &Event| {
            let canceller = canceller.clone();
            if the_last_comes(event) {
                soon(move || canceller.cancel());
            }
        };
        let report = session.run(&plan, &ledger, "latest", &mut look).await.unwrap();
        assert_eq!(report.failed.as_ref().unwrap().error, Cause::Interrupted, "{report:?}");
        assert_eq!(database.ledger().await.rows[1].progress, Some(Progress { done: 2, unknown: None, of: 3, place: None }));
    }

    async fn what_another_run_went_on_with_is_not_run_again(database: TestDatabase) {
        database.run(&three(database.backend, "SELECT * FROM gone").plan()).await.unwrap();
        let mut session = database.session().await;
        let ledger = session.ledger().await.unwrap();
        let stale = rest(database.backend, "SELECT 1", 2).plan();
        database.sql("INSERT INTO dbmigrate_journal SELECT version, 3, statements, direction, state, run, sql, changed_at \
            FROM dbmigrate_journal WHERE statement = 2").await;
        let error = session.run(&stale, &ledger, "latest", &mut |_| ()).await.unwrap_err();
        assert!(matches!(error, ExecuteError::LedgerChanged { .. }), "{error:?}");
    }

    async fn nobody_else_runs_meanwhile(database: TestDatabase) {
        let plan = three(database.backend, endless(database.backend)).plan();
        let mut session = database.session().await;
        let ledger = session.ledger().await.unwrap();
        let canceller = session.canceller();
        let mut meanwhile = None;
        let mut look = |event: &Event| {
            if the_last_comes(event) {
                let (canceller, settings, backend) = (canceller.clone(), database.settings(), database.backend);
                meanwhile = Some(soon(move || {
                    let tried = std::panic::catch_unwind(|| on_runtime(nobody_else(settings, backend)));
                    canceller.cancel();
                    tried.unwrap();
                }));
            }
        };
        session.run(&plan, &ledger, "latest", &mut look).await.unwrap();
        meanwhile.unwrap().join().unwrap();
    }
}

/// Another run, and another who would settle the statement that is at work, are locked out.
async fn nobody_else(settings: Settings, backend: Backend) {
    let mut other = Session::connect(settings).await.unwrap();
    let ledger = other.ledger().await.unwrap();
    assert_eq!(ledger.rows[1].state, RowState::Applying);
    let plan = rest(backend, "SELECT 1", 2).plan();
    let error = other.run(&plan, &ledger, "latest", &mut |_| ()).await.unwrap_err();
    assert!(matches!(error, ExecuteError::Locked { .. }), "{error:?}");
    let error = other.resolve(version(2), 3, false).await.unwrap_err();
    assert!(matches!(error, ExecuteError::Locked { .. }), "{error:?}");
}

/// Whether the last statement of `three` comes next.
fn the_last_comes(event: &Event) -> bool {
    matches!(event, Event::StatementDone { statement: 2, .. })
}

/// A run whose process is killed while its last statement outside transactions is at work.
async fn killed_within(database: &TestDatabase) {
    let plan = three(database.backend, endless(database.backend)).plan();
    let mut session = Session::connect(database.settings()).await.unwrap();
    let canceller = session.canceller();
    let ledger = session.ledger().await.unwrap();
    if database.backend == Backend::Sqlite {
        // What a kill leaves are the files as they are at that moment.
        let files = ["test.db", "test.db-journal"].map(|name| database.folder().join(name));
        let kept = ["kept", "kept-journal"].map(|name| database.folder().join(name));
        let (from, to) = (files.clone(), kept.clone());
        let mut look = |event: &Event| {
            if the_last_comes(event) {
                let (canceller, from, to) = (canceller.clone(), from.clone(), to.clone());
                soon(move || {
                    for (from, to) in from.iter().zip(&to).filter(|(from, _)| from.exists()) {
                        std::fs::copy(from, to).unwrap();
                    }
                    canceller.cancel();
                });
            }
        };
        session.run(&plan, &ledger, "latest", &mut look).await.unwrap();
        session.close().await;
        for (file, kept) in files.iter().zip(&kept) {
            let _ = std::fs::remove_file(file);
            if kept.exists() {
                std::fs::rename(kept, file).unwrap();
            }
        }
        return;
    }
    let at_the_last = Notify::new();
    let mut look = |event: &Event| {
        if the_last_comes(event) {
            at_the_last.notify_one();
        }
    };
    tokio::select! {
        _ = session.run(&plan, &ledger, "latest", &mut look) => panic!("it is still at work"),
        () = async {
            at_the_last.notified().await;
            tokio::time::sleep(Duration::from_millis(300)).await;
        } => {}
    }
    drop(session);
    // What the killed client had begun is still running; it ends without anybody to tell.
    canceller.cancel();
    if database.backend == Backend::Postgres {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        database.sql(end).await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
}

#[test]
fn a_rebuild_outside_transactions_deletes_nothing_elsewhere() {
    on_runtime(async {
        let database = TestDatabase::new(Backend::Sqlite).await;
        let plan = up(Backend::Sqlite)
            .step(
                1,
                &[
                    "CREATE TABLE parent (id integer PRIMARY KEY)",
                    "CREATE TABLE child (parent_id integer REFERENCES parent (id) ON DELETE CASCADE)",
                    "INSERT INTO parent VALUES (1)",
                    "INSERT INTO child VALUES (1)",
                ],
            )
            .step(
                2,
                &[
                    "CREATE TABLE new_parent (id integer PRIMARY KEY, name text)",
                    "INSERT INTO new_parent (id) SELECT id FROM parent",
                    "DROP TABLE parent",
                    "ALTER TABLE new_parent RENAME TO parent",
                ],
            )
            .outside()
            .with(|step| step.rebuilds = true)
            .step(3, &["INSERT INTO child VALUES (7)"])
            .plan();
        let report = database.run(&plan).await.unwrap();
        assert_eq!(report.failed.map(|failure| failure.step), Some(3), "keys hold again");
        assert_eq!(database.rows("SELECT * FROM child").await, [["1"]]);
    });
}

#[test]
fn a_lock_file_left_behind_is_in_nobodys_way() {
    on_runtime(async {
        let database = TestDatabase::new(Backend::Sqlite).await;
        let left = database.folder().join("test.db-dbmigrate.lock");
        std::fs::write(&left, "").unwrap();
        let report = database.run(&three(Backend::Sqlite, "VACUUM").plan()).await.unwrap();
        assert_eq!(report.outcome, Outcome::Done);
        assert!(!left.exists());
    });
}
