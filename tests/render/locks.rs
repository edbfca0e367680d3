//! PostgreSQL: the estimate of locks against what the server holds.

use dbmigrate::backend::Backend;
use dbmigrate::diagnostic::Code;
use dbmigrate::render::{RenderOptions, RenderedPlan, TransactionMode};

use crate::render::database::{Database, block_on};
use crate::render::project::Project;

const HELD: &str = "SELECT count(DISTINCT (locktype, database, relation, classid, objid, objsubid)) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype NOT IN ('virtualxid', 'transactionid')";

/// Locks that the server holds at the end of a plan's transaction, less those of looking.
async fn held(database: &mut Database, plan: &RenderedPlan) -> u64 {
    let statements = plan.steps.iter().flat_map(|step| &step.statements).filter(|statement| statement.ledger.is_none());
    let sql: Vec<_> = statements.map(|statement| statement.sql.as_str()).collect();
    database.execute(&format!("BEGIN; {}", sql.join(";\n"))).await;
    let held = database.query(HELD).await[0].parse().unwrap();
    database.execute("COMMIT").await;
    held
}

fn nodes(count: usize, columns: &str) -> Vec<String> {
    (0..count)
        .map(|n| {
            let key = if n == 0 { String::new() } else { format!("before_id = {{ type = \"bigint\", references = \"t{}.id\" }}\n", n - 1) };
            format!("[[up]]\ncreate_table = \"t{n}\"\nprimary_key = [\"id\"]\n[up.columns]\nid = {{ type = \"bigint\", auto_increment = true }}\n{key}{columns}\n[up.indexes]\nt{n}_idx = {{ columns = [\"a\"] }}\n")
        })
        .collect()
}

#[test]
fn the_estimate_is_near_and_not_below() {
    for columns in [
        "a = \"integer\"\nb = { type = \"string(50)\", default = \"x\" }",
        "a = \"text\"\nb = { type = \"integer\", unique = true, check = \"b > 0\" }",
    ] {
        let nodes = nodes(40, columns);
        let nodes: Vec<_> = nodes.iter().map(String::as_str).collect();
        let project = Project::new(&nodes);
        block_on(async {
            let mut database = Database::create(Backend::Postgres).await;
            for (from, to) in [(0, 40), (40, 0)] {
                let plan = project.plan(Backend::Postgres, from, to);
                let estimate: usize = plan.steps.iter().map(|step| step.locks).sum();
                let held = held(&mut database, &plan).await;
                let percent = estimate * 100 / usize::try_from(held).unwrap();
                assert!((95..135).contains(&percent), "{from} to {to}: {estimate} of {held}");
            }
            database.close().await;
        });
    }
}

#[test]
fn alterations_are_not_underestimated_by_much() {
    let change = r#"
[[up]]
alter_column = "t0.a"
type = "bigint"
[[up]]
add_column = "t0.c"
type = "text"
default = "x"
unique = true
[[up]]
drop_column = "t1.b"
[[up]]
rename_table = "t1"
to = "t9"
[[up]]
add_check = "ck"
on = "t0"
expr = "a > 0"
[[up]]
update = "t0"
set = { c = "y" }
down = ""
"#;
    let nodes = nodes(2, "a = \"integer\"\nb = { type = \"string(50)\", default = \"x\" }").join("\n");
    let project = Project::new(&[&nodes, change]);
    block_on(async {
        let mut database = Database::create(Backend::Postgres).await;
        database.run(&project.plan(Backend::Postgres, 0, 1)).await;
        for (from, to) in [(1, 2), (2, 1)] {
            let plan = project.plan(Backend::Postgres, from, to);
            let estimate: usize = plan.steps.iter().map(|step| step.locks).sum();
            let held = usize::try_from(held(&mut database, &plan).await).unwrap();
            assert!(estimate + 6 >= held && estimate <= held * 2 + 10, "{from} to {to}: {estimate} of {held}");
        }
        database.close().await;
    });
}

#[test]
fn a_stock_server_takes_a_reset_of_500_tables_and_not_of_1000() {
    let columns = "a = \"integer\"\nb = \"string(100)\"\nc = { type = \"text\", null = true }";
    let nodes = nodes(1000, columns);
    let nodes: Vec<_> = nodes.iter().map(String::as_str).collect();
    let project = Project::new(&nodes);
    let stock = RenderOptions { lock_slots: Some(6400), ..RenderOptions::default() };
    let refused = |from| {
        let plan = project.plan_with(Backend::Postgres, from, 0, &stock);
        plan.diagnostics.iter().any(|found| found.code == Code::NeedsCuts)
    };
    assert!(!refused(500));
    assert!(refused(1000));
    let chunks = RenderOptions { transaction: TransactionMode::Chunks, ..stock.clone() };
    let plan = project.plan_with(Backend::Postgres, 1000, 0, &chunks);
    assert_eq!(plan.cuts, (1..10).map(|chunk| chunk * 100).collect::<Vec<_>>());
    assert!(plan.diagnostics.is_empty(), "{:?}", plan.diagnostics);
}
