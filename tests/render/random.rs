//! Random histories on a real database: after each, the schema is that of tables made anew from the
//! symbolic state; and after its way down, as it was before.

use dbmigrate::backend::Backend;
use dbmigrate::diagnostic::{Diagnostic, Direction, Span};
use dbmigrate::ident::Version;
use dbmigrate::operation::Body;
use dbmigrate::plan::{Part, Plan, PlanDirection, Step, StepHead};
use dbmigrate::render::{RenderOptions, RenderedPlan, render};
use dbmigrate::state::{Change, Context, State, StateError};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::laws::operations;
use crate::render::database::{Database, block_on};

fn plan(start: &State, changes: Vec<Change>, direction: Direction) -> RenderedPlan {
    let step = Step {
        head: StepHead::new(Version::new(1).unwrap(), "random", direction),
        position: 1,
        body: Body { up: vec![], down: None, transaction: true, backends: None, irreversible: None }.into(),
        requires: vec![],
        parts: vec![Part { operation: "random".into(), span: Span::NONE, authored: false, changes }],
        lost: None,
        edited: false,
    };
    let plan = Plan {
        backend: start.backend(),
        direction: PlanDirection::Up,
        wants_up: true,
        target: "latest".into(),
        from: vec![],
        to: vec![],
        start: start.clone(),
        steps: vec![step],
        diagnostics: vec![],
    };
    render(&plan, &RenderOptions::default())
}

/// A schema with whole numbers written as such: once a column was of another type, PostgreSQL writes `'0'::bigint` in
/// a check over it where it wrote `0` before. MariaDB writes `0` or `'0'`, by the type that the column had when the check
/// was made.
fn meaning(schema: &str, backend: Backend) -> String {
    let mut plain = String::with_capacity(schema.len());
    let mut rest = schema;
    while let Some((before, after)) = rest.split_once('\'') {
        plain.push_str(before);
        let number = after.split_once("'::").filter(|(digits, _)| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let digits = after.split_once('\'').filter(|(digits, _)| {
            backend == Backend::Mysql && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        });
        let cast = digits.or_else(|| {
            number.and_then(|(digits, after)| {
                let types = ["bigint", "integer", "smallint"];
                types.iter().find_map(|name| after.strip_prefix(name)).map(|after| (digits, after))
            })
        });
        match cast {
            Some((digits, after)) => {
                plain.push_str(digits);
                rest = after;
            }
            None => {
                plain.push('\'');
                rest = after;
            }
        }
    }
    plain + rest
}

#[test]
fn numbers_mean_the_same_with_and_without_a_cast() {
    assert_eq!(
        meaning("CHECK ((b <> '0'::bigint)) and '1'::text, 'it''s 2'", Backend::Postgres),
        "CHECK ((b <> 0)) and '1'::text, 'it''s 2'"
    );
    assert_eq!(meaning("check c `b` <> '0' and 'a'", Backend::Mysql), "check c `b` <> 0 and 'a'");
}

/// How many operations ran, and how many the database itself refused.
async fn history(script: &operations::Script, database: &mut Database, mirror: &mut Database) -> (usize, usize) {
    let backend = database.backend();
    let mut state = State::empty(backend);
    let mut downs: Vec<(String, Vec<Change>)> = Vec::new();
    let (mut ran, mut refused) = (0, 0);
    for operation in script.operations() {
        let mut after = state.clone();
        let lowered = after.lower(&operation, &Context { lenient: true, ..Context::default() });
        // Only a written way down may leave keys that point nowhere, as SQLite lets it.
        let leaves_keys = lowered.changes.iter().any(|change| {
            matches!(change, Change::DropTable(id) if state.referrers(*id).iter().any(|other| other.id != *id))
        });
        if lowered.diagnostics.iter().any(Diagnostic::is_error) || lowered.changes.is_empty() || leaves_keys {
            continue;
        }
        let mut inverses = Vec::new();
        for change in &lowered.changes {
            inverses.extend(after.apply(change).expect("lowered, so it applies"));
        }
        inverses.reverse();
        let rendered = plan(&state, lowered.changes, Direction::Up);
        if rendered.diagnostics.iter().any(Diagnostic::is_error) {
            let known = [
                "numbers a column only where it alone is the primary key",
                "cannot number",
                "on MySQL ",
                "PostgreSQL does not convert",
            ];
            let expected = |found: &Diagnostic| known.iter().any(|words| found.message.contains(words));
            assert!(rendered.diagnostics.iter().all(expected), "{:?}", rendered.diagnostics);
            refused += 1;
            continue;
        }
        // What cannot be written back is not gone forward with: a check says so.
        let back = plan(&after, inverses.clone(), Direction::Down);
        if back.diagnostics.iter().any(|found| found.message.contains("does not convert")) {
            refused += 1;
            continue;
        }
        let before = database.schema().await;
        if let Err((sql, error)) = database.try_run(&rendered).await {
            // What databases check and the state does not: that a key's columns are unique, that types agree.
            let known = [
                "there is no unique constraint",
                "cannot be implemented",
                "operator does not exist",
                "invalid input syntax",
                "invalid input value for enum",
                "multiple primary keys",
                "foreign key mismatch",
                "COALESCE types",
                "because other objects depend",
            ];
            assert!(known.iter().any(|word| error.contains(word)), "{error}\n{sql}\n{operation:?}");
            refused += 1;
            if backend == Backend::Mysql {
                // What stood before it in the operation is done.
                database.empty().await;
                database.run(&plan(&State::empty(backend), state.creation_changes(), Direction::Up)).await;
                let anew = database.schema().await;
                assert_eq!(meaning(&anew, backend), meaning(&before, backend), "the state and the database differ");
            }
            continue;
        }
        ran += 1;
        downs.push((before, inverses));
        state = after;
    }
    let made = plan(&State::empty(backend), state.creation_changes(), Direction::Up);
    mirror.run(&made).await;
    let (found, made) = (database.schema().await, mirror.schema().await);
    assert_eq!(meaning(&found, backend), meaning(&made, backend), "the state and the database differ");
    mirror.empty().await;
    for (before, inverses) in downs.into_iter().rev() {
        let mut back = state.clone();
        for change in &inverses {
            match back.apply(change) {
                Ok(_) => {}
                // Two keys over the same columns changed places: as the laws of the state have it, too.
                Err(StateError::KeyNeeded { .. }) if backend == Backend::Postgres => return (ran, refused),
                Err(error) => panic!("an inverse does not apply: {error}"),
            }
        }
        database.run(&plan(&state, inverses, Direction::Down)).await;
        assert_eq!(meaning(&database.schema().await, backend), meaning(&before, backend));
        state = back;
    }
    assert_eq!(database.schema().await, "");
    (ran, refused)
}

fn many(backend: Backend, cases: u32) {
    let config = ProptestConfig { max_shrink_iters: 100, ..crate::seed::config(cases) };
    let cases = config.cases;
    let mut runner = TestRunner::new(config);
    let counts = std::cell::Cell::new((0, 0));
    runner
        .run(&operations::script(), |script| {
            let (ran, refused) = block_on(async {
                let (mut database, mut mirror) = (Database::create(backend).await, Database::create(backend).await);
                let counts = history(&script, &mut database, &mut mirror).await;
                database.close().await;
                mirror.close().await;
                counts
            });
            let (all_ran, all_refused) = counts.get();
            counts.set((all_ran + ran, all_refused + refused));
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    let (ran, refused) = counts.get();
    // About nine of a script run; a few scripts may be short ones. MySQL refuses more before it runs.
    let least = if cases < 20 { 2 } else { 5 };
    assert!(ran > least * cases as usize && refused < ran, "{ran} ran, {refused} were refused");
}

#[test]
fn random_histories_on_sqlite() {
    many(Backend::Sqlite, 60);
}

#[test]
fn random_histories_on_mysql() {
    many(Backend::Mysql, 10);
}

#[test]
fn random_histories_on_postgres() {
    many(Backend::Postgres, 6);
}
