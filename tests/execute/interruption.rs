//! Interrupted runs, and connections that go away.

use std::time::{Duration, Instant};

use dbmigrate::backend::Backend;
use dbmigrate::execute::{Cause, DatabaseState, Event, ExecuteError, Outcome};

use tokio::sync::Notify;

use crate::execute::support::{TestDatabase, five, five_plans, on_both, on_runtime, soon, up};

/// A statement that takes for ever.
pub fn endless(backend: Backend) -> &'static str {
    match backend {
        Backend::Sqlite => {
            "INSERT INTO t1 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*), 'x' FROM n WHERE i < 0"
        }
        _ => "INSERT INTO t1 SELECT 2, pg_sleep(600)::text",
    }
}

on_both! {
    async fn an_interrupted_run_is_rolled_back_and_written_down(database: TestDatabase) {
        let mut session = database.session().await;
        let ledger = session.ledger().await.unwrap();
        let canceller = session.canceller();
        let mut stop_at_three = |event: &Event| {
            if matches!(event, Event::StepFinished { index: 2, .. }) {
                canceller.cancel();
            }
        };
        let report = session.run(&five(database.backend), &ledger, "latest", &mut stop_at_three).await.unwrap();
        let failure = report.failed.as_ref().unwrap();
        assert_eq!((report.outcome, failure.step), (Outcome::Failed, 4));
        assert_eq!(failure.error, Cause::Interrupted);
        assert_eq!(failure.error.to_string(), "interrupted");
        assert_eq!(report.database_state, DatabaseState::Unchanged);
        assert!(database.snapshot().await.is_empty());
        let history = database.runs().await;
        assert!(history.len() == 1 && history[0].1.ends_with("interrupted"), "{history:?}");
    }

    async fn a_statement_that_takes_for_ever_is_cut_short(database: TestDatabase) {
        let mut session = database.session().await;
        let ledger = session.ledger().await.unwrap();
        let plan = five_plans(database.backend).step(6, &[endless(database.backend)]).plan();
        let canceller = session.canceller();
        let begun = Instant::now();
        let mut look = |event: &Event| {
            if matches!(event, Event::StepStarted { index: 5, .. }) {
                let canceller = canceller.clone();
                soon(move || canceller.cancel());
            }
        };
        let report = session.run(&plan, &ledger, "latest", &mut look).await.unwrap();
        assert!(begun.elapsed() < Duration::from_mins(1));
        assert_eq!(report.failed.as_ref().unwrap().error, Cause::Interrupted, "{report:?}");
        assert_eq!(report.failed.as_ref().unwrap().step, 6);
        assert!(report.warnings.is_empty(), "{report:?}");
        assert!(database.snapshot().await.is_empty());
        assert_eq!(database.runs().await.len(), 1);
    }

    async fn an_interruption_between_two_transactions_keeps_the_first(database: TestDatabase) {
        let plan = up(database.backend)
            .step(1, &["CREATE TABLE a (id integer)"])
            .cut()
            .step(2, &["CREATE TABLE b (id integer)"])
            .plan();
        let mut session = database.session().await;
        let ledger = session.ledger().await.unwrap();
        let canceller = session.canceller();
        let mut stop_at_the_cut = |event: &Event| {
            if matches!(event, Event::Cut { .. }) {
                canceller.cancel();
            }
        };
        let report = session.run(&plan, &ledger, "latest", &mut stop_at_the_cut).await.unwrap();
        assert_eq!(report.failed.as_ref().unwrap().error, Cause::Interrupted);
        assert_eq!(report.database_state, DatabaseState::AtStep { done: 1, of: 2 });
        assert_eq!(database.versions().await, [1]);
        assert_eq!(database.runs().await[0].0, "failed");
    }

    async fn a_run_cancelled_before_it_began_does_nothing(database: TestDatabase) {
        let mut session = database.session().await;
        let ledger = session.ledger().await.unwrap();
        session.canceller().cancel();
        let error = session.run(&five(database.backend), &ledger, "latest", &mut |_| ()).await.unwrap_err();
        assert!(matches!(error, ExecuteError::Cancelled), "{error:?}");
        assert!(!database.ledger().await.exists);
    }
}

#[test]
fn a_server_that_goes_away_in_the_middle_is_said_plainly() {
    on_runtime(async {
        let database = TestDatabase::new(Backend::Postgres).await;
        let plan = five_plans(Backend::Postgres).step(6, &["SELECT pg_terminate_backend(pg_backend_pid())"]).plan();
        let report = database.run(&plan).await.unwrap();
        let failure = report.failed.as_ref().unwrap();
        assert_eq!(failure.step, 6);
        assert_eq!(report.database_state, DatabaseState::Unchanged);
        assert!(database.snapshot().await.is_empty());
        // The run is written down over a new connection.
        assert_eq!(database.runs().await.len(), 1, "{report:?}");
    });
}

#[test]
fn a_connection_lost_at_commit_is_cleared_up_by_asking_the_ledger() {
    on_runtime(async {
        let database = TestDatabase::new(Backend::Postgres).await;
        // The session dies while it commits: the deferred trigger ends it, so nothing is committed.
        let die = "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                   PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NULL; END $$";
        let plan = up(Backend::Postgres)
            .step(1, &[
                "CREATE TABLE t1 (id integer)",
                die,
                "CREATE CONSTRAINT TRIGGER dies AFTER INSERT ON t1 DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die()",
                "INSERT INTO t1 VALUES (1)",
            ])
            .plan();
        let mut session = database.session().await;
        let ledger = session.ledger().await.unwrap();
        let mut reconnected = false;
        let report = session
            .run(&plan, &ledger, "latest", &mut |event| reconnected |= matches!(event, Event::Reconnecting))
            .await
            .unwrap();
        assert!(reconnected);
        assert!(matches!(report.failed.as_ref().unwrap().error, Cause::LostAtCommit(_)), "{report:?}");
        assert_eq!(report.database_state, DatabaseState::Unchanged);
        assert!(database.snapshot().await.is_empty());
        assert_eq!(database.runs().await.len(), 1);
    });
}

/// A way to the server that goes dead for its first connection once COMMIT has been passed on.
fn proxy_that_dies_after_commit(server: &str) -> u16 {
    use std::io::{Read, Write};
    use std::net::{Shutdown, TcpListener, TcpStream};
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = server.to_owned();
    std::thread::spawn(move || {
        for (number, client) in listener.incoming().enumerate() {
            let (Ok(mut client), Ok(mut upstream)) = (client, TcpStream::connect(&server)) else { return };
            let (mut back, mut client_back) = (upstream.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut back, &mut client_back);
                let _ = client_back.shutdown(Shutdown::Both);
            });
            std::thread::spawn(move || {
                let mut bytes = vec![0; 65536];
                while let Ok(count @ 1..) = client.read(&mut bytes) {
                    let commit = number == 0 && bytes[..count].windows(6).any(|word| word == b"COMMIT");
                    if commit {
                        // The client hears no more of this connection; the server goes on.
                        let _ = client.shutdown(Shutdown::Both);
                    }
                    if upstream.write_all(&bytes[..count]).is_err() || commit {
                        std::thread::sleep(Duration::from_millis(500));
                        return;
                    }
                }
            });
        }
    });
    port
}

#[test]
fn a_commit_that_went_through_before_the_connection_was_lost_counts() {
    on_runtime(async {
        let database = TestDatabase::new(Backend::Postgres).await;
        let options: sqlx::postgres::PgConnectOptions = database.url.parse().unwrap();
        let port = proxy_that_dies_after_commit(&format!("{}:{}", options.get_host(), options.get_port()));
        let mut settings = database.settings();
        let (credentials, _) = database.url.split_once('@').unwrap();
        settings.url = format!("{credentials}@127.0.0.1:{port}/{}?sslmode=disable", options.get_database().unwrap())
            .parse()
            .unwrap();
        let mut session = dbmigrate::execute::Session::connect(settings).await.unwrap();
        let ledger = session.ledger().await.unwrap();
        let mut reconnected = false;
        let report = session
            .run(&five(Backend::Postgres), &ledger, "latest", &mut |event| {
                reconnected |= matches!(event, Event::Reconnecting);
            })
            .await
            .unwrap();
        assert!(reconnected, "{report:?}");
        assert_eq!((report.outcome, report.steps_done), (Outcome::Done, 5), "{report:?}");
        assert_eq!(database.versions().await, [1, 2, 3, 4, 5]);
        assert_eq!(database.runs().await, [("done".to_owned(), "NULL".to_owned())]);
    });
}

/// A way to the server on which its answers to the first connection stay away once a statement
/// with `marker` was passed on.
fn proxy_that_falls_silent(server: &str, marker: &'static str) -> u16 {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = server.to_owned();
    std::thread::spawn(move || {
        for (number, client) in listener.incoming().enumerate() {
            let (Ok(mut client), Ok(mut upstream)) = (client, TcpStream::connect(&server)) else { return };
            let (mut back, mut client_back) = (upstream.try_clone().unwrap(), client.try_clone().unwrap());
            let silent = Arc::new(AtomicBool::new(false));
            let is_silent = Arc::clone(&silent);
            std::thread::spawn(move || {
                let mut bytes = vec![0; 65536];
                while let Ok(count @ 1..) = back.read(&mut bytes) {
                    if !is_silent.load(Ordering::Acquire) && client_back.write_all(&bytes[..count]).is_err() {
                        return;
                    }
                }
                if !is_silent.load(Ordering::Acquire) {
                    let _ = client_back.shutdown(std::net::Shutdown::Both);
                }
            });
            std::thread::spawn(move || {
                let mut bytes = vec![0; 65536];
                while let Ok(count @ 1..) = client.read(&mut bytes) {
                    if number == 0 && bytes[..count].windows(marker.len()).any(|word| word == marker.as_bytes()) {
                        silent.store(true, Ordering::Release);
                    }
                    if upstream.write_all(&bytes[..count]).is_err() {
                        return;
                    }
                }
            });
        }
    });
    port
}

#[test]
fn an_interruption_does_not_wait_for_a_server_that_says_nothing() {
    on_runtime(async {
        let database = TestDatabase::new(Backend::Postgres).await;
        let options: sqlx::postgres::PgConnectOptions = database.url.parse().unwrap();
        let server = format!("{}:{}", options.get_host(), options.get_port());
        let port = proxy_that_falls_silent(&server, "pg_sleep(600)");
        let mut settings = database.settings();
        let (credentials, _) = database.url.split_once('@').unwrap();
        settings.url = format!("{credentials}@127.0.0.1:{port}/{}?sslmode=disable", options.get_database().unwrap())
            .parse()
            .unwrap();
        let mut session = dbmigrate::execute::Session::connect(settings).await.unwrap();
        let ledger = session.ledger().await.unwrap();
        let plan = five_plans(Backend::Postgres).step(6, &[endless(Backend::Postgres)]).plan();
        let canceller = session.canceller();
        let at_work = Notify::new();
        let mut look = |event: &Event| {
            if matches!(event, Event::StepStarted { index: 5, .. }) {
                at_work.notify_one();
            }
        };
        let begun = Instant::now();
        let (report, ()) = tokio::join!(session.run(&plan, &ledger, "latest", &mut look), async {
            at_work.notified().await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            canceller.cancel();
        });
        let report = report.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
        let failure = report.failed.as_ref().unwrap();
        assert_eq!((&failure.error, failure.step), (&Cause::Interrupted, 6), "{report:?}");
        assert_eq!(report.database_state, DatabaseState::Unchanged);
        assert!(report.warnings.is_empty(), "{report:?}");
        assert!(database.snapshot().await.is_empty());
        assert_eq!(database.runs().await.len(), 1);
        session.close().await;
    });
}
