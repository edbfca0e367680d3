//! The pages of one plan in every format, and the facts that they tell.

use super::*;
use crate::backend::Backend;
use crate::diagnostic::{Direction, Sources, Span};
use crate::ident::Version;
use crate::plan::{LeftOut, PlanDirection, Reversal, StepHead};
use crate::render::{Destructive, LedgerWrite, RenderedPlan, RenderedStep, Statement, Transactions};
use crate::report::page::divisions;
use crate::report::{About, Paint};

fn version(number: u128) -> Version {
    Version::new(number).unwrap()
}

fn statement(sql: &str) -> Statement {
    Statement { sql: sql.into(), operation: "sql".into(), span: Span::NONE, ledger: None, journaled: None }
}

fn undone(number: u128) -> Statement {
    Statement {
        sql: format!("DELETE FROM dbmigrate_versions WHERE version = '{number}'"),
        operation: "ledger".into(),
        span: Span::NONE,
        ledger: Some(LedgerWrite::Undone { version: version(number) }),
        journaled: None,
    }
}

fn step(number: u128, name: &str, statements: Vec<Statement>) -> RenderedStep {
    RenderedStep {
        head: StepHead::new(version(number), name, Direction::Down),
        statements,
        notes: vec![],
        destructive: vec![],
        rebuilds: false,
        keeps: vec![],
        locks: 1,
        restores: None,
    }
}

fn destroyed(kind: &'static str, object: &str, rows: Option<u64>) -> Destructive {
    Destructive {
        kind,
        object: object.into(),
        rows,
        estimate: rows.is_some_and(|n| n > 1000),
        stands: true,
        counted: None,
        unknown: false,
    }
}

fn reset() -> RenderedPlan {
    let mut add = step(
        20_260_114_101_500,
        "add_reading_time",
        vec![statement("ALTER TABLE \"posts\" DROP COLUMN \"reading_time\""), undone(20_260_114_101_500)],
    );
    add.reversal = Reversal::DataLoss;
    add.destructive = vec![destroyed("column", "posts.reading_time", None)];
    add.notes = vec!["Tell support before this runs.".into()];
    let mut trigger = step(
        20_260_109_080_000,
        "audit_trigger_with_a_name_that_goes_on_and_on_until_it_fits_no_line",
        vec![statement("DROP TRIGGER audit_posts\nON posts -- the audit"), undone(20_260_109_080_000)],
    );
    trigger.derived = false;
    trigger.reversal = Reversal::Authored;
    trigger.left_out =
        vec![LeftOut { operation: "drop_column posts.slug".into(), why: "posts is dropped by create_posts".into() }];
    let mut posts =
        step(20_260_101_120_000, "create_posts", vec![statement("DROP TABLE \"posts\""), undone(20_260_101_120_000)]);
    posts.reversal = Reversal::DataLoss;
    posts.destructive = vec![destroyed("table", "posts", Some(1204)), destroyed("table", "tags", Some(7))];
    RenderedPlan {
        backend: Backend::Postgres,
        direction: PlanDirection::Down,
        target: "0".into(),
        from: vec![version(20_260_101_120_000), version(20_260_109_080_000), version(20_260_114_101_500)],
        to: vec![],
        transaction: Transactions::Chunks,
        cuts: vec![2],
        cut_reasons: vec!["the lock table of this server holds about 6,400 locks".into()],
        steps: vec![add, trigger, posts],
        diagnostics: vec![],
    }
}

fn written(format: PlanFormat, plan: &RenderedPlan) -> String {
    let about = About {
        project: "blog".into(),
        environment: Some("development".into()),
        database: Some("postgres://localhost/blog".into()),
    };
    let mut out = Vec::new();
    write(&[PlanPage { plan, sources: &Sources::default(), about: &about }], format, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

use crate::report::PlanPage;

#[test]
fn text_tells_losses_first_and_then_each_step() {
    insta::assert_snapshot!(written(PlanFormat::Text(Text::default()), &reset()));
}

#[test]
fn text_keeps_to_its_width_but_for_sql() {
    let text = written(PlanFormat::Text(Text { paint: Paint { color: false, width: 60 }, verbose: true }), &reset());
    let long: Vec<_> = text.lines().filter(|line| line.chars().count() > 60).collect();
    assert!(long.iter().all(|line| line.contains("ALTER") || line.contains("DELETE")), "{long:#?}");
}

#[test]
fn sql_is_a_script_with_its_transactions() {
    insta::assert_snapshot!(written(PlanFormat::Sql, &reset()));
}

#[test]
fn sql_on_sqlite_switches_keys_off_around_rebuilds() {
    let mut plan = reset();
    plan.backend = Backend::Sqlite;
    plan.cuts.clear();
    plan.cut_reasons.clear();
    plan.steps.truncate(1);
    plan.steps[0].rebuilds = true;
    insta::assert_snapshot!(written(PlanFormat::Sql, &plan));
}

#[test]
fn a_step_outside_a_transaction_has_no_begin() {
    let mut plan = reset();
    plan.steps[1].transaction = false;
    plan.cuts = vec![1, 2];
    plan.cut_reasons = vec!["`transaction = false`".into(), "`transaction = false`".into()];
    let script = written(PlanFormat::Sql, &plan);
    assert_eq!(script.matches("BEGIN;").count(), 2);
    assert_eq!(script.matches("COMMIT;").count(), 2);
    assert_eq!(divisions(&plan), [0..1, 1..2, 2..3]);
}

#[test]
fn markdown_folds_the_sql_away() {
    insta::assert_snapshot!(written(PlanFormat::Markdown, &reset()));
}

#[test]
fn markdown_fences_outgrow_backquotes_in_the_sql() {
    let mut plan = reset();
    plan.steps[0].statements = vec![statement("SELECT '```'")];
    assert!(written(PlanFormat::Markdown, &plan).contains("````sql\n"));
}

#[test]
fn json_has_the_contract_s_names() {
    let json: serde_json::Value = serde_json::from_str(&written(PlanFormat::Json, &reset())).unwrap();
    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(
        keys(&json),
        "backend cuts diagnostics direction format_version from steps summary target to transaction"
    );
    let step = &json["steps"][2];
    assert_eq!(keys(step), "derived destructive direction left_out location name reversal statements version");
    assert_eq!(keys(&step["statements"][0]), "ledger operation sql");
    assert_eq!(
        step["destructive"][0],
        serde_json::json!({"kind": "table", "object": "posts", "rows": 1204, "estimate": true})
    );
    assert_eq!(json["steps"][0]["reversal"], "data-loss");
    assert_eq!(json["from"][0], "20260101120000");
    assert_eq!(json["summary"], serde_json::json!({"steps": 3, "statements": 6, "destructive": 3}));
    assert_eq!(json["transaction"], "chunks");
}

#[test]
fn several_backends_are_an_array() {
    let (plan, sources, about) = (reset(), Sources::default(), About::default());
    let page = PlanPage { plan: &plan, sources: &sources, about: &about };
    let mut out = Vec::new();
    write(&[page, page], PlanFormat::Json, &mut out).unwrap();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&out).unwrap().as_array().unwrap().len(), 2);
}

#[test]
fn an_empty_plan_says_where_the_database_is() {
    let mut plan = reset();
    plan.steps.clear();
    plan.cuts.clear();
    plan.direction = PlanDirection::None;
    plan.from.clear();
    assert_eq!(
        written(PlanFormat::Text(Text::default()), &plan),
        "Plan: nothing to do: the database is at version 0 · postgres\n"
    );
}
