//! The ledger: stamps, formats, history, counts, backups, hooks.

use std::collections::BTreeMap;

use dbmigrate::backend::Backend;
use dbmigrate::execute::{ErrorClass, Event, ExecuteError, Outcome, Session};
use dbmigrate::manifest::Hooks;
use dbmigrate::render::{Counted, Destructive, RenderedPlan};

use crate::execute::support::{TestDatabase, down, five, losing, on_both, on_runtime, up};

on_both! {
    async fn another_environments_database_is_refused(database: TestDatabase) {
        database.run(&five(database.backend)).await.unwrap();
        let mut settings = database.settings();
        "production".clone_into(&mut settings.environment);
        let mut session = Session::connect(settings).await.unwrap();
        let ledger = session.ledger().await.unwrap();
        assert!(session.check_stamp(&ledger).is_err());
        let plan = down(database.backend).from(&[1, 2, 3, 4, 5]).step(5, &["DROP TABLE t5"]).plan();
        let error = session.run(&plan, &ledger, "reset", &mut |_| ()).await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::Refused);
        assert_eq!(error.to_string(), "this database is stamped `development`, and you asked for `production`");
        assert!(database.rows("SELECT * FROM t5").await.len() == 1);
        // `stamp` mends it.
        assert_eq!(session.stamp("production").await.unwrap().as_deref(), Some("development"));
        let ledger = session.ledger().await.unwrap();
        assert_eq!(session.run(&plan, &ledger, "reset", &mut |_| ()).await.unwrap().outcome, Outcome::Done);
    }

    async fn stamping_makes_the_ledger_where_there_is_none(database: TestDatabase) {
        let mut session = database.session().await;
        assert_eq!(session.stamp("staging").await.unwrap(), None);
        let ledger = session.ledger().await.unwrap();
        assert!(ledger.exists && ledger.rows.is_empty());
        assert_eq!(ledger.environment.as_deref(), Some("staging"));
    }

    async fn reading_makes_no_ledger(database: TestDatabase) {
        database.sql("CREATE TABLE there (id integer)").await;
        let mut session = database.session().await;
        assert!(!session.ledger().await.unwrap().exists);
        let mut plan = five(database.backend);
        session.count(&mut plan).await.unwrap();
        session.close().await;
        assert!(!database.ledger().await.exists);
    }

    async fn a_ledger_of_a_newer_format_is_refused(database: TestDatabase) {
        database.run(&five(database.backend)).await.unwrap();
        database.sql("UPDATE dbmigrate_versions SET format_version = 99, operations = 'who knows'").await;
        let error = database.session().await.ledger().await.unwrap_err();
        assert!(matches!(error, ExecuteError::LedgerTooNew { found: 99, .. }), "{error:?}");
    }

    async fn a_ledger_that_makes_no_sense_is_said_to(database: TestDatabase) {
        database.run(&five(database.backend)).await.unwrap();
        database.sql("UPDATE dbmigrate_versions SET operations = '{}' WHERE version = '2'").await;
        let error = database.session().await.ledger().await.unwrap_err();
        assert!(error.to_string().contains("`operations` of 2 node_2"), "{error}");
    }

    async fn rows_are_counted_and_what_cannot_be_counted_is_unknown(database: TestDatabase) {
        database.sql("CREATE TABLE \"Odd name\" (id integer)").await;
        database.sql("INSERT INTO \"Odd name\" VALUES (1), (2), (3)").await;
        let mut plan = down(database.backend).from(&[1]).step(1, &["SELECT 1"]).plan();
        let mut refused = losing("Odd name");
        refused.counted = refused.counted.map(|counted| Counted {
            sql: format!("{} WHERE no_such_column", counted.sql),
            whole_table: false,
            ..counted
        });
        let uncountable = Destructive { counted: None, ..losing("Odd name") };
        let made_by_the_plan = Destructive { stands: false, ..uncountable.clone() };
        plan.steps[0].destructive = vec![losing("gone"), losing("Odd name"), refused, uncountable, made_by_the_plan];
        database.session().await.count(&mut plan).await.unwrap();
        let counts: Vec<_> = plan.steps[0].destructive.iter().map(|what| (what.rows, what.unknown)).collect();
        assert_eq!(counts, [(None, true), (Some(3), false), (None, true), (None, true), (None, false)]);
    }

    async fn what_is_counted_ahead_is_what_is_counted(database: TestDatabase) {
        let numbers = |most: u32| {
            format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {most}) SELECT i FROM n")
        };
        for (table, rows) in [("few", 3), ("limit", 1_000), ("many", 1_001), ("more", 2_345), ("stranger", 7)] {
            database.sql(&format!("CREATE TABLE \"{table}\" (id integer)")).await;
            database.sql(&format!("INSERT INTO \"{table}\" {}", numbers(rows))).await;
        }
        database.sql("CREATE TABLE \"none\" (id integer)").await;
        let some = |session_rows: &RenderedPlan| -> Vec<_> {
            session_rows.steps[0].destructive.iter().map(|what| (what.rows, what.estimate)).collect()
        };
        let mut plan = down(database.backend).from(&[1]).step(1, &["SELECT 1"]).plan();
        plan.steps[0].destructive = ["few", "limit", "many", "more", "none", "gone"].map(losing).into();
        // Where a condition is counted, the number of all rows says nothing.
        let mut condition = losing("few");
        condition.counted = condition.counted.map(|counted| Counted {
            sql: format!("{} WHERE id > 1", counted.sql),
            whole_table: false,
            ..counted
        });
        plan.steps[0].destructive.push(condition);
        let mut session = database.session().await;
        let mut beside = plan.clone();
        let ahead = session.count_ahead();
        session.count_beside(&mut beside, &ahead).await.unwrap();
        session.count(&mut plan).await.unwrap();
        assert_eq!(some(&beside), some(&plan));
        assert_eq!(some(&plan)[6], (Some(2), false));
        if database.backend == Backend::Sqlite {
            let rows: Vec<_> = some(&plan).into_iter().map(|(rows, _)| rows).collect();
            assert_eq!(rows, [Some(3), Some(1_000), Some(1_001), Some(2_345), Some(0), None, Some(2)]);
        }
    }

    async fn a_backup_is_written(database: TestDatabase) {
        database.run(&five(database.backend)).await.unwrap();
        let folder = database.folder().join("backups");
        let path = database.session().await.backup(&folder).await.unwrap().unwrap();
        assert!(std::fs::metadata(&path).unwrap().len() > 1000, "{}", path.display());
        assert!(path.file_name().unwrap().to_str().unwrap().starts_with("test-development-20"));
    }

    async fn hooks_run_around_a_run_and_are_told_about_it(database: TestDatabase) {
        let say = |when: &str| format!("echo {when} $DBMIGRATE_COMMAND $DBMIGRATE_ENV $DBMIGRATE_OUTCOME >> told");
        let commands = [("before_latest", say("before")), ("after_latest", say("after")), ("on_failure", say("sorry"))];
        let mut settings = database.settings();
        settings.hooks = Hooks { commands: commands.map(|(key, command)| (key.to_owned(), command)).into() };
        let mut session = Session::connect(settings).await.unwrap();
        let told = || std::fs::read_to_string(database.folder().join("told")).unwrap();
        let ledger = session.ledger().await.unwrap();
        session.run(&five(database.backend), &ledger, "latest", &mut |_| ()).await.unwrap();
        assert_eq!(told(), "before latest development\nafter latest development done\n");
        let ledger = session.ledger().await.unwrap();
        let broken = up(database.backend).from(&[1, 2, 3, 4, 5]).step(6, &["SELECT * FROM gone"]).plan();
        session.run(&broken, &ledger, "latest", &mut |_| ()).await.unwrap();
        assert!(told().ends_with("before latest development\nsorry latest development failed\n"));
    }

    async fn a_before_hook_that_fails_stops_the_run(database: TestDatabase) {
        let mut settings = database.settings();
        settings.hooks = Hooks { commands: BTreeMap::from([("before_latest".to_owned(), "exit 7".to_owned())]) };
        let mut session = Session::connect(settings).await.unwrap();
        let ledger = session.ledger().await.unwrap();
        let mut finished = None;
        let error = session
            .run(&five(database.backend), &ledger, "latest", &mut |event| {
                if let Event::HookFinished { success, .. } = event {
                    finished = Some(*success);
                }
            })
            .await
            .unwrap_err();
        assert_eq!(error.class(), ErrorClass::Refused);
        assert!(error.to_string().contains("exit status: 7"), "{error}");
        assert_eq!(finished, Some(false));
        assert!(!database.ledger().await.exists);
    }
}

#[test]
fn a_folder_that_is_not_there_is_said_plainly() {
    on_runtime(async {
        let database = TestDatabase::new(Backend::Sqlite).await;
        let mut settings = database.settings();
        settings.url = format!("sqlite://{}/nowhere/test.db", database.folder().display()).parse().unwrap();
        let mut session = Session::connect(settings).await.unwrap();
        let ledger = session.ledger().await.unwrap();
        let error = session.run(&five(Backend::Sqlite), &ledger, "latest", &mut |_| ()).await.unwrap_err();
        assert!(matches!(error, ExecuteError::NoFolder(_)), "{error:?}");
    });
}

#[test]
fn a_file_that_is_no_database_is_said_plainly() {
    on_runtime(async {
        let database = TestDatabase::new(Backend::Sqlite).await;
        std::fs::write(database.path(), "this is a letter, not a database; it only has the wrong ending").unwrap();
        let error = Session::connect(database.settings()).await.err().unwrap();
        assert_eq!(error.class(), ErrorClass::Unreachable);
        assert!(error.to_string().contains("not a database"), "{error}");
    });
}

#[test]
fn a_server_that_does_not_answer_is_said_without_the_password() {
    on_runtime(async {
        let mut settings = TestDatabase::new(Backend::Postgres).await.settings();
        settings.url = "postgres://ada:s3cret@127.0.0.1:1/blog".parse().unwrap();
        let error = Session::connect(settings).await.err().unwrap();
        assert_eq!(error.class(), ErrorClass::Unreachable);
        assert!(error.to_string().starts_with("cannot connect to postgres://ada@127.0.0.1:1/blog"), "{error}");
        assert!(!format!("{error:?}").contains("s3cret"));
    });
}

#[test]
fn hooks_are_told_the_url_of_postgres_without_its_password() {
    on_runtime(async {
        let database = TestDatabase::new(Backend::Postgres).await;
        let mut settings = database.settings();
        // The server lets everybody in.
        let (before, after) = database.url.split_once('@').unwrap();
        settings.url = format!("{}:Zq%2F1@{after}?password=Zq2", before.trim_end_matches(':')).parse().unwrap();
        settings.hooks = Hooks { commands: BTreeMap::from([("before_latest".to_owned(), "env > told".to_owned())]) };
        let mut session = Session::connect(settings).await.unwrap();
        let ledger = session.ledger().await.unwrap();
        session.run(&five(Backend::Postgres), &ledger, "latest", &mut |_| ()).await.unwrap();
        session.close().await;
        let told = std::fs::read_to_string(database.folder().join("told")).unwrap();
        assert!(told.contains(&format!("DBMIGRATE_DATABASE_URL={before}@{after}\n")), "{told}");
        assert!(!told.contains("Zq"), "{told}");
    });
}

#[test]
fn the_journal_mode_of_a_sqlite_file_stays_as_it_is() {
    on_runtime(async {
        let database = TestDatabase::new(Backend::Sqlite).await;
        database.sql("PRAGMA journal_mode = WAL").await;
        database.run(&five(Backend::Sqlite)).await.unwrap();
        assert_eq!(database.rows("PRAGMA journal_mode").await, [["wal"]]);
    });
}
