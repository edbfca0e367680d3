//! Runs in which a statement fails: the database is as it was, and the report says what and where.

use dbmigrate::backend::Backend;
use dbmigrate::execute::{Cause, DatabaseState, Outcome, RunReport};

use crate::execute::support::{TestDatabase, down, five, five_plans, on_both, on_runtime, up};

fn words(report: &RunReport) -> &dbmigrate::execute::DatabaseWords {
    match &report.failed.as_ref().unwrap().error {
        Cause::Statement(words) => words,
        other => panic!("not a statement's fault: {other:?}"),
    }
}

on_both! {
    async fn a_failure_at_any_statement_leaves_the_database_as_it_was(database: TestDatabase) {
        database.sql("CREATE TABLE seen (what text)").await;
        database.sql("INSERT INTO seen VALUES ('before')").await;
        let before = database.snapshot().await;
        let whole = five(database.backend);
        let mut session = database.session().await;
        let mut runs = 0;
        for step in 0..5 {
            for statement in 0..whole.steps[step].statements.len() {
                let mut plan = whole.clone();
                let broken = &mut plan.steps[step].statements[statement];
                "INSERT INTO not_there VALUES (1)".clone_into(&mut broken.sql);
                broken.ledger = None;
                // The ledger stands after the first failure; the plan still says to make it.
                let ledger = session.ledger().await.unwrap();
                assert!(ledger.rows.is_empty());
                let report = session.run(&plan, &ledger, "latest", &mut |_| ()).await.unwrap();
                runs += 1;

                let failure = report.failed.as_ref().unwrap();
                assert_eq!(report.outcome, Outcome::Failed);
                assert_eq!((failure.step, failure.of), (step + 1, 5));
                assert_eq!(failure.migration, format!("node_{}", step + 1));
                assert_eq!(failure.statement.as_deref(), Some("INSERT INTO not_there VALUES (1)"), "{failure:?}");
                assert_eq!(failure.operation, whole.steps[step].statements[statement].operation);
                assert!(words(&report).message.contains("not_there"));
                assert_eq!(report.database_state, DatabaseState::Unchanged);
                assert!(report.state.is_empty() && report.warnings.is_empty());
                assert_eq!(database.snapshot().await, before);
            }
        }
        let history = database.runs().await;
        assert_eq!(history.len(), runs, "one row for each run");
        assert!(history.iter().all(|(outcome, error)| outcome == "failed" && error.contains("not_there")));
        // And the plan still runs.
        assert_eq!(database.run(&whole).await.unwrap().outcome, Outcome::Done);
    }

    async fn the_statement_that_cannot_be_read_is_named(database: TestDatabase) {
        let plan = up(database.backend)
            .step(1, &["CREATE TABLE a (id integer)", "INSERT INTO a VALUES (1)", "SELEC 'ö', 1", "SELECT 1"])
            .plan();
        let report = database.run(&plan).await.unwrap();
        assert_eq!(report.failed.as_ref().unwrap().statement.as_deref(), Some("SELEC 'ö', 1"));
        assert_eq!(report.failed.as_ref().unwrap().operation, "operation 3");
        if database.backend == Backend::Postgres {
            assert_eq!(words(&report).position, Some(1));
        }
    }

    async fn odd_texts_do_not_shift_the_blame(database: TestDatabase) {
        let odd = ["SELECT 1; SELECT 2; SELECT 3", "-- nothing but a comment", "SELECT ';' -- tail", "SELECT 'never closed"];
        let plan = up(database.backend)
            .step(1, &["SELECT 1", odd[0], "SELECT 2", odd[1], "SELECT 3", odd[2], "SELECT 4", "SELECT * FROM gone", odd[3]])
            .plan();
        let report = database.run(&plan).await.unwrap();
        assert_eq!(report.failed.as_ref().unwrap().operation, "operation 8", "{report:?}");
        let plan = up(database.backend).step(1, &["SELECT 1", odd[3], "SELECT 'x'"]).plan();
        let report = database.run(&plan).await.unwrap();
        assert_eq!(report.failed.as_ref().unwrap().operation, "operation 2", "{report:?}");
    }

    async fn a_failure_after_a_cut_keeps_what_was_committed(database: TestDatabase) {
        let plan = up(database.backend)
            .step(1, &["CREATE TABLE a (id integer)"])
            .step(2, &["CREATE TABLE b (id integer)"])
            .cut()
            .step(3, &["CREATE TABLE c (id integer)"])
            .step(4, &["SELECT * FROM gone"])
            .plan();
        let report = database.run(&plan).await.unwrap();
        assert_eq!(report.outcome, Outcome::Failed);
        assert_eq!((report.steps_done, report.failed.as_ref().unwrap().step), (2, 4));
        assert_eq!(report.database_state, DatabaseState::AtStep { done: 2, of: 4 });
        assert_eq!(report.state.len(), 2);
        assert_eq!(database.versions().await, [1, 2]);
        let history = database.rows("SELECT outcome, steps, steps_done FROM dbmigrate_runs").await;
        assert_eq!(history, [["failed", "4", "2"]]);
    }

    async fn a_reset_that_fails_in_the_middle_changes_nothing(database: TestDatabase) {
        database.run(&five(database.backend)).await.unwrap();
        let before = database.snapshot().await;
        let plan = down(database.backend)
            .from(&[1, 2, 3, 4, 5])
            .step(5, &["DROP TABLE t5"])
            .step(4, &["DROP TABLE t4"])
            .step(3, &["DROP TABLE misspelt"])
            .plan();
        let report = database.run(&plan).await.unwrap();
        assert_eq!(report.failed.as_ref().unwrap().step, 3);
        assert_eq!(report.database_state, DatabaseState::Unchanged);
        assert_eq!(database.snapshot().await, before);
        assert_eq!(database.versions().await, [1, 2, 3, 4, 5]);
        assert_eq!(database.runs().await.len(), 2);
    }

    async fn a_migration_that_takes_its_time_is_cut_short_by_the_statement_timeout(database: TestDatabase) {
        let slow = match database.backend {
            Backend::Sqlite => {
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n WHERE i < 0"
            }
            _ => "SELECT pg_sleep(60)",
        };
        let mut settings = database.settings();
        settings.statement_timeout = Some(std::time::Duration::from_millis(200));
        let plan = five_plans(database.backend).step(6, &[slow]).plan();
        let mut session = dbmigrate::execute::Session::connect(settings).await.unwrap();
        let ledger = session.ledger().await.unwrap();
        let report = session.run(&plan, &ledger, "latest", &mut |_| ()).await.unwrap();
        assert_eq!(report.failed.as_ref().unwrap().step, 6);
        assert!(words(&report).hint.as_ref().unwrap().contains("200 ms"), "{report:?}");
        assert!(database.versions().await.is_empty());
        // The session is as good as before.
        let ledger = session.ledger().await.unwrap();
        let report = session.run(&five(database.backend), &ledger, "latest", &mut |_| ()).await.unwrap();
        assert_eq!(report.outcome, Outcome::Done, "{report:?}");
    }
}

#[test]
fn postgres_details_and_hints_are_kept() {
    on_runtime(async {
        let database = TestDatabase::new(Backend::Postgres).await;
        let plan = up(Backend::Postgres)
            .step(1, &["CREATE TABLE a (id integer PRIMARY KEY)", "INSERT INTO a VALUES (1), (1)"])
            .plan();
        let report = database.run(&plan).await.unwrap();
        let words = words(&report);
        assert_eq!(words.code.as_deref(), Some("23505"));
        assert_eq!(words.detail.as_deref(), Some("Key (id)=(1) already exists."));
    });
}

#[test]
fn postgres_settings_of_one_node_do_not_reach_the_next() {
    on_runtime(async {
        let database = TestDatabase::new(Backend::Postgres).await;
        let plan = up(Backend::Postgres)
            .step(
                1,
                &[
                    "CREATE TABLE a (at timestamptz)",
                    "SELECT set_config('search_path', '', false)",
                    "SET TimeZone = 'Asia/Tokyo'",
                ],
            )
            .with(|step| step.derived = false)
            .step(2, &["INSERT INTO a VALUES ('2026-01-01 00:00:00')"])
            .plan();
        let report = database.run(&plan).await.unwrap();
        assert_eq!(report.outcome, Outcome::Done, "{report:?}");
        let at = database.rows("SELECT at AT TIME ZONE 'UTC' FROM a").await;
        assert_eq!(at, [["2026-01-01 00:00:00"]]);
    });
}

#[test]
fn a_refused_commit_is_a_failure_too() {
    on_runtime(async {
        let database = TestDatabase::new(Backend::Postgres).await;
        let plan = up(Backend::Postgres)
            .step(
                1,
                &[
                    "CREATE TABLE a (id integer PRIMARY KEY, other integer REFERENCES a DEFERRABLE INITIALLY DEFERRED)",
                    "INSERT INTO a VALUES (1, 2)",
                ],
            )
            .plan();
        let report = database.run(&plan).await.unwrap();
        assert!(matches!(report.failed.as_ref().unwrap().error, Cause::Commit(_)), "{report:?}");
        assert_eq!(report.database_state, DatabaseState::Unchanged);
        assert!(database.snapshot().await.is_empty());
        assert_eq!(database.runs().await.len(), 1);
    });
}

#[test]
fn a_rebuild_that_breaks_keys_is_rolled_back_and_the_rows_are_named() {
    on_runtime(async {
        let database = TestDatabase::new(Backend::Sqlite).await;
        database
            .sql(
                "CREATE TABLE parent (id integer PRIMARY KEY); \
                 CREATE TABLE child (id integer PRIMARY KEY, parent_id integer REFERENCES parent (id)); \
                 INSERT INTO parent VALUES (1), (2); INSERT INTO child VALUES (10, 1), (20, 2); \
                 PRAGMA foreign_keys = OFF; INSERT INTO child VALUES (30, 99);",
            )
            .await;
        let before = database.snapshot().await;
        let rebuild = |keep: &str| {
            up(Backend::Sqlite)
                .step(
                    1,
                    &[
                        "CREATE TABLE new_parent (id integer PRIMARY KEY, name text)",
                        &format!("INSERT INTO new_parent (id) SELECT id FROM parent {keep}"),
                        "DROP TABLE parent",
                        "ALTER TABLE new_parent RENAME TO parent",
                    ],
                )
                .with(|step| step.rebuilds = true)
                .plan()
        };
        let report = database.run(&rebuild("WHERE id = 1")).await.unwrap();
        let Cause::ForeignKeys(violations) = &report.failed.as_ref().unwrap().error else { panic!("{report:?}") };
        // Row 30 was broken before, and is not this run's doing.
        let rows: Vec<_> = violations.iter().map(ToString::to_string).collect();
        assert_eq!(rows, ["`child` row 20 points to a row of `parent` that is not there"]);
        assert_eq!(database.snapshot().await, before);
        assert_eq!(database.run(&rebuild("")).await.unwrap().outcome, Outcome::Done);
        assert_eq!(database.rows("SELECT count(*) FROM child").await, [["3"]]);
    });
}

#[test]
fn keys_are_enforced_again_after_a_rebuild() {
    on_runtime(async {
        let database = TestDatabase::new(Backend::Sqlite).await;
        let mut session = database.session().await;
        let ledger = session.ledger().await.unwrap();
        let plan = up(Backend::Sqlite)
            .step(
                1,
                &[
                    "CREATE TABLE parent (id integer PRIMARY KEY)",
                    "CREATE TABLE child (parent_id integer REFERENCES parent (id))",
                ],
            )
            .with(|step| step.rebuilds = true)
            .plan();
        session.run(&plan, &ledger, "latest", &mut |_| ()).await.unwrap();
        let ledger = session.ledger().await.unwrap();
        let plan = up(Backend::Sqlite).from(&[1]).step(2, &["INSERT INTO child VALUES (7)"]).plan();
        let report = session.run(&plan, &ledger, "latest", &mut |_| ()).await.unwrap();
        assert!(words(&report).message.contains("FOREIGN KEY"), "{report:?}");
    });
}

#[test]
fn a_full_disk_is_said_in_plain_words() {
    on_runtime(async {
        let database = TestDatabase::new(Backend::Sqlite).await;
        let plan = up(Backend::Sqlite)
            .step(1, &["CREATE TABLE a (x)", "PRAGMA max_page_count = 20", "INSERT INTO a VALUES (zeroblob(1000000))"])
            .plan();
        let report = database.run(&plan).await.unwrap();
        assert_eq!(words(&report).trouble, dbmigrate::execute::Trouble::DiskFull, "{report:?}");
        assert_eq!(report.database_state, DatabaseState::Unchanged);
        assert!(database.versions().await.is_empty());
    });
}
