//! Runs that go well.

use dbmigrate::backend::Backend;
use dbmigrate::execute::{DatabaseState, Event, Outcome};
use dbmigrate::plan::RowState;

use crate::execute::support::{Events, TestDatabase, down, five, on_both, on_runtime, up, version};

on_both! {
    async fn a_run_applies_every_step_and_writes_it_down(database: TestDatabase) {
        let report = database.run(&five(database.backend)).await.unwrap();
        assert_eq!(report.outcome, Outcome::Done, "{report:?}");
        assert_eq!((report.steps_done, report.database_state), (5, DatabaseState::AtTarget));
        assert_eq!(report.state, [1, 2, 3, 4, 5].map(version));
        assert!(report.warnings.is_empty());

        let ledger = database.ledger().await;
        assert_eq!(ledger.environment.as_deref(), Some("development"));
        let rows: Vec<_> = ledger.rows.iter().map(|row| (row.position, row.version.number(), row.state)).collect();
        assert_eq!(rows, [1, 2, 3, 4, 5].map(|n| (i64::try_from(n).unwrap(), n, RowState::Applied)));
        assert_eq!(ledger.rows[0].requires, ["an \"odd\" name; it's one"]);
        assert!(ledger.rows[0].applied_at.ends_with('Z'));
        assert_eq!(database.rows("SELECT note FROM t3").await, [["it's 3"]]);

        let history = database.rows("SELECT run, outcome, steps, steps_done, command FROM dbmigrate_runs").await;
        assert_eq!(history, [[report.run.as_str(), "done", "5", "5", "latest"]]);
        assert_eq!(database.rows("SELECT DISTINCT run FROM dbmigrate_versions").await, [[report.run.as_str()]]);
    }

    async fn a_reset_leaves_only_the_ledger(database: TestDatabase) {
        database.run(&five(database.backend)).await.unwrap();
        let mut plans = down(database.backend).from(&[1, 2, 3, 4, 5]);
        for number in (1..=5).rev() {
            plans = plans.step(number, &[&format!("DROP TABLE t{number}")]);
        }
        let report = database.run(&plans.plan()).await.unwrap();
        assert_eq!(report.outcome, Outcome::Done);
        assert!(report.state.is_empty());
        assert_eq!(database.snapshot().await, Vec::<Vec<String>>::new());
        assert_eq!(database.versions().await, Vec::<u128>::new());
        assert_eq!(database.runs().await.len(), 2);
    }

    async fn a_plan_without_steps_does_nothing_at_all(database: TestDatabase) {
        let report = database.run(&up(database.backend).plan()).await.unwrap();
        assert_eq!(report.outcome, Outcome::Done);
        assert!(!database.ledger().await.exists);
    }

    async fn events_tell_it_in_order(database: TestDatabase) {
        let plan = up(database.backend).step(1, &["CREATE TABLE a (id integer)"]).step(2, &["DROP TABLE a"]).plan();
        let mut session = database.session().await;
        let ledger = session.ledger().await.unwrap();
        let mut events = Events::default();
        session.run(&plan, &ledger, "latest", &mut |event| events.0.push(event.clone())).await.unwrap();
        let names = events.names();
        let names: Vec<&str> = names.iter().map(String::as_str).filter(|name| *name != "DatabaseCreated").collect();
        assert_eq!(
            names,
            ["Locked", "StepStarted", "StepFinished", "StepStarted", "StepFinished", "Committing", "Committed"]
        );
    }

    async fn cuts_divide_a_run_into_transactions(database: TestDatabase) {
        let plan = up(database.backend)
            .step(1, &["CREATE TABLE a (id integer)"])
            .cut()
            .step(2, &["CREATE TABLE b (id integer)"])
            .step(3, &["CREATE TABLE c (id integer)"])
            .plan();
        let mut session = database.session().await;
        let ledger = session.ledger().await.unwrap();
        let mut events = Events::default();
        let report = session.run(&plan, &ledger, "latest", &mut |event| events.0.push(event.clone())).await.unwrap();
        assert_eq!(report.outcome, Outcome::Done, "{report:?}");
        assert_eq!(events.names().iter().filter(|name| *name == "Committed").count(), 2);
        assert_eq!(database.versions().await, [1, 2, 3]);
        assert_eq!(database.runs().await, [("done".to_owned(), "NULL".to_owned())]);
    }
}

#[test]
fn a_sqlite_file_that_is_not_there_is_version_0_and_stays_away() {
    on_runtime(async {
        let database = TestDatabase::new(Backend::Sqlite).await;
        let mut session = database.session().await;
        assert!(!session.is_there());
        let ledger = session.ledger().await.unwrap();
        assert!(!ledger.exists && ledger.rows.is_empty());
        let mut plan = five(Backend::Sqlite);
        session.count(&mut plan).await.unwrap();
        assert_eq!(session.backup(&database.folder().join("backups")).await.unwrap(), None);
        assert!(!database.path().exists());
        session.run(&plan, &ledger, "latest", &mut |_| ()).await.unwrap();
        assert!(database.path().exists());
    });
}

fn many(backend: Backend) -> crate::execute::support::Plans {
    let mut plans = up(backend);
    for number in 1..=200 {
        let table = format!("CREATE TABLE t{number} (id integer NOT NULL PRIMARY KEY)");
        let row = format!("INSERT INTO t{number} VALUES ({number})");
        plans = plans.step(number, &[&table, &row]);
        if number % 50 == 0 {
            // Not to be sent with its neighbours.
            plans = plans
                .step(1000 + number, &["SELECT 1; SELECT 2", "-- nothing", "SELECT 3"])
                .with(|step| step.derived = false);
        }
    }
    plans
}

on_both! {
    async fn steps_that_share_messages_are_still_told_one_by_one(database: TestDatabase) {
        let plan = many(database.backend).plan();
        let mut session = database.session().await;
        let ledger = session.ledger().await.unwrap();
        let mut events = Events::default();
        let report = session.run(&plan, &ledger, "latest", &mut |event| events.0.push(event.clone())).await.unwrap();
        assert_eq!((report.outcome, report.steps_done), (Outcome::Done, 204), "{report:?}");
        let told: Vec<_> = events
            .0
            .iter()
            .filter_map(|event| match event {
                Event::StepStarted { index, version, .. } => Some((*index, "started", *version)),
                Event::StepFinished { index, version, .. } => Some((*index, "finished", *version)),
                _ => None,
            })
            .collect();
        let all: Vec<_> = plan
            .steps
            .iter()
            .enumerate()
            .flat_map(|(index, step)| [(index, "started", step.version), (index, "finished", step.version)])
            .collect();
        assert_eq!(told, all);
        assert_eq!(database.versions().await.len(), 204);
    }

    async fn a_failure_among_steps_that_share_a_message_is_the_right_ones(database: TestDatabase) {
        for (number, broken) in [(70, "INSERT INTO gone VALUES (1)"), (123, "SELEC 1"), (200, "INSERT INTO t1 VALUES (1)")] {
            let mut plan = many(database.backend).plan();
            let place = plan.steps.iter().position(|step| step.version == version(number)).unwrap();
            broken.clone_into(&mut plan.steps[place].statements[1].sql);
            let report = database.run(&plan).await.unwrap();
            let failure = report.failed.unwrap();
            assert_eq!((failure.version, failure.step), (version(number), place + 1));
            assert_eq!(failure.statement.as_deref(), Some(broken));
            assert!(database.versions().await.is_empty());
        }
    }
}
