//! The ledger's SQL on both backends.

use dbmigrate::backend::Backend;
use dbmigrate::ident::Version;
use dbmigrate::operation::Checksums;
use dbmigrate::plan::RowState;
use dbmigrate::render::ledger::{LedgerSql, RunRow, RunValues};
use dbmigrate::render::{AppliedRecord, RenderOptions};

use crate::render::database::{Database, block_on};
use crate::render::project::{BOTH, Project};

fn record(transaction: bool) -> AppliedRecord {
    AppliedRecord {
        position: 7,
        version: Version::new(42).unwrap(),
        name: "it's".into(),
        checksums: Checksums { up: "u".into(), down: "d".into() },
        requires: vec!["a\"b".into(), "c".into()],
        operations: "{\"sql\":\"SELECT 'a\\\\nb' -- ?\"}".into(),
        transaction,
    }
}

#[test]
fn every_statement_does_what_it_says() {
    for backend in BOTH {
        block_on(async {
            let sql = LedgerSql::new(backend, None);
            let mut database = Database::create(backend).await;
            assert_eq!(database.query(&sql.tables_that_stand()).await, ["0"]);
            for _ in 0..2 {
                for create in sql.create_tables() {
                    database.execute(&create).await;
                }
            }
            assert_eq!(database.query(&sql.tables_that_stand()).await, ["4"]);

            let values = RunValues { run: "r1".into(), started: "2026-01-01T00:00:00.000Z".into() };
            database.execute(&sql.insert_version(&record(true), RowState::Applied, &values)).await;
            let rows = database.query(&sql.select_versions()).await;
            let [row] = rows.as_slice() else { panic!("{rows:?}") };
            let parts: Vec<_> = row.split('|').collect();
            assert_eq!(parts[..7], ["7", "42", "it's", "applied", "u", "d", "[\"a\\\"b\",\"c\"]"]);
            assert!(parts[7].starts_with("20") && parts[7].ends_with('Z') && parts[7].len() == 20, "{row}");
            assert_eq!(parts[8..], [backend.name(), "1"]);
            let wanted = [record(true).version, Version::new(7).unwrap()];
            let operations = database.query(&sql.select_operations(&wanted)).await;
            assert_eq!(operations, [format!("42|{}", record(true).operations)]);
            let again = database.try_execute(&sql.insert_version(&record(true), RowState::Applied, &values)).await;
            assert!(again.is_err(), "a version is there once");
            database.execute(&sql.delete_version(record(true).version)).await;
            assert_eq!(database.query(&sql.select_versions()).await.len(), 0);

            // Outside a transaction: the row stands as `applying`, then the same row is applied.
            database.execute(&sql.insert_version(&record(false), RowState::Applying, &values)).await;
            database.execute(&sql.journal_start(record(false).version, 1, 3, "up", "r1", "SELECT 1")).await;
            assert_eq!(database.query(&sql.select_journal()).await, ["42|1|3|up|started"]);
            database.execute(&sql.journal_done(record(false).version, 1)).await;
            assert_eq!(database.query(&sql.select_journal()).await, ["42|1|3|up|done"]);
            database.execute(&sql.journal_start(record(false).version, 2, 3, "up", "r1", "SELECT 1")).await;
            database.execute(&sql.journal_forget(record(false).version, 2)).await;
            database.execute(&sql.insert_version(&record(false), RowState::Applied, &values)).await;
            database.execute(&sql.journal_clear(record(false).version)).await;
            assert_eq!(database.query(&sql.select_journal()).await.len(), 0);
            assert!(database.query(&sql.select_versions()).await[0].starts_with("7|42|it's|applied|"));
            database.execute(&sql.set_state(record(false).version, RowState::Reverting)).await;
            assert!(database.query(&sql.select_versions()).await[0].starts_with("7|42|it's|reverting|"));

            assert_eq!(database.query(&sql.select_stamp()).await.len(), 0);
            database.execute(&sql.stamp_if_none("development")).await;
            database.execute(&sql.stamp_if_none("production")).await;
            assert_eq!(database.query(&sql.select_stamp()).await, ["development"]);
            for stamp in sql.stamp("it's production") {
                database.execute(&stamp).await;
            }
            assert_eq!(database.query(&sql.select_stamp()).await, ["it's production"]);

            let run = RunRow {
                run: "r1".into(),
                command: "reset".into(),
                direction: "down".into(),
                target: "0".into(),
                environment: "development".into(),
                who: "ada@host".into(),
                tool_version: "0.1.0".into(),
                started: "2026-01-01T00:00:00.000Z".into(),
                steps: 14,
            };
            database.execute(&sql.insert_run(&run)).await;
            database.execute(&sql.finish_run("r1", "failed", 3, Some("relation \"x\" isn't\0 there \\"))).await;
            let query = "SELECT run, outcome, steps, steps_done, error, finished_at IS NOT NULL FROM dbmigrate_runs";
            let rows = database.query(query).await;
            assert!(rows[0].starts_with("r1|failed|14|3|relation \"x\" isn't there \\|"), "{rows:?}");
            database.close().await;
        });
    }
}

#[test]
fn a_first_run_makes_the_ledger_and_stamps_it() {
    let project = Project::new(&["[[up]]\ncreate_table = \"t\"\ncolumns = { a = \"integer\" }"]);
    for backend in BOTH {
        block_on(async {
            let options =
                RenderOptions { create_ledger: true, environment: "staging".into(), ..RenderOptions::default() };
            let plan = project.plan_with(backend, 0, 1, &options);
            let mut database = Database::create(backend).await;
            for statement in plan.steps.iter().flat_map(|step| &step.statements) {
                database.execute(&statement.sql).await;
            }
            let sql = LedgerSql::new(backend, None);
            assert_eq!(database.query(&sql.select_stamp()).await, ["staging"]);
            assert!(database.query(&sql.select_versions()).await[0].starts_with("1|1|n1|applied|"));
            for statement in project.plan(backend, 1, 0).steps.iter().flat_map(|step| &step.statements) {
                database.execute(&statement.sql).await;
            }
            assert_eq!(database.query(&sql.select_versions()).await.len(), 0);
            database.close().await;
        });
    }
}

#[test]
fn a_duration_is_measured_on_postgres_from_the_message_on() {
    block_on(async {
        let sql = LedgerSql::new(Backend::Postgres, Some("public"));
        let mut database = Database::create(Backend::Postgres).await;
        database.execute(&sql.create_tables().join(";")).await;
        let values = RunValues { run: "r1".into(), started: String::new() };
        let insert = sql.insert_version(&record(true), RowState::Applied, &values);
        database.execute(&format!("SELECT pg_sleep(0.05); {insert}")).await;
        let took = database.query("SELECT duration_ms FROM dbmigrate_versions").await;
        assert!(took[0].parse::<u32>().unwrap() >= 50, "{took:?}");
        database.close().await;
    });
}
