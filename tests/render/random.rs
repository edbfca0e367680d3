//! Random histories on a real database: after each, the schema is that of tables made anew from the
//! symbolic state; and after its way down, as it was before.

use dbmigrate::backend::Backend;
use dbmigrate::diagnostic::{Diagnostic, Direction, Span};
use dbmigrate::grammar::Verb;
use dbmigrate::ident::Version;
use dbmigrate::operation::Body;
use dbmigrate::plan::{Part, Plan, PlanDirection, Step, StepHead};
use dbmigrate::render::{RenderOptions, RenderedPlan, render};
use dbmigrate::state::{Change, State, StateError};

use crate::generator::{Made, apply, shortest, shown, step};
use crate::render::database::{Database, block_on};
use crate::seed::{Numbers, times};

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
/// The check of a JSON column that MariaDB makes keeps the name that the column had.
fn meaning(schema: &str, backend: Backend) -> String {
    let own = |line: &str| line.split_once(" json_valid(").map(|(_, column)| format!("check of ({column}"));
    let lines: Vec<String> = schema.lines().map(|line| own(line).unwrap_or_else(|| line.to_owned())).collect();
    let mut plain = String::with_capacity(schema.len());
    let schema = lines.join("\n");
    let mut rest = schema.as_str();
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

/// Verbs that are not here: rows have their tests in `execute`, and raw SQL has no way down that could be held to anything.
const NOT_HERE: [Verb; 5] = [Verb::Insert, Verb::Update, Verb::Delete, Verb::Sql, Verb::SqlFile];

/// How many operations a history has.
const STEPS: usize = 40;

/// What a database refuses and the state takes: that types agree and convert, and what the words of `options`, `using` and
/// `generated` mean, which nobody reads.
const REFUSALS: [&str; 12] = [
    // PostgreSQL.
    "cannot be implemented",
    "cannot be cast automatically",
    "collations are not supported by type",
    "but default expression is of type",
    "access method \"hash\" does not support",
    "operator class",
    // MariaDB: types that a key joins; a column in a computed one whose value may be another on each connection; a renamed
    // column that both a check and a key are over.
    "Foreign key constraint is incorrectly formed",
    "cannot be used in the GENERATED ALWAYS AS clause",
    "Columns participating in a foreign key are renamed",
    // SQLite: WITHOUT ROWID (with two keys over a column it renames none), and a key to what is not unique.
    "PRIMARY KEY missing",
    "expressions prohibited in PRIMARY KEY",
    "foreign key mismatch",
];

/// Holds operations to a database, one after the other as they are given for the state that there is then, and undoes them from
/// their end; those that are not valid where they are, or are refused before they run, are passed over. How many ran, or what is
/// wrong.
async fn hold(
    mut next: impl FnMut(&State) -> Option<Made>,
    database: &mut Database,
    mirror: &mut Database,
) -> Result<usize, String> {
    let backend = database.backend();
    let mut state = State::empty(backend);
    let mut downs: Vec<(Made, String, Vec<Change>)> = Vec::new();
    while let Some(made) = next(&state) {
        let Some(applied) = apply(&state, &made.operation) else { continue };
        // Only a written way down may leave keys that point nowhere, as SQLite lets it.
        let leaves_keys = applied.changes.iter().any(|change| {
            matches!(change, Change::DropTable(id) if state.referrers(*id).iter().any(|other| other.id != *id))
        });
        let there = plan(&state, applied.changes, Direction::Up);
        let back = plan(&applied.after, applied.inverses.clone(), Direction::Down);
        let refused = there.diagnostics.iter().chain(&back.diagnostics).any(Diagnostic::is_error);
        // Whether it works, or can be undone, is not known.
        let doubted = applied.warnings.iter().any(|found| found.code.as_str() == "type-mismatch");
        if leaves_keys || refused || doubted {
            continue;
        }
        let before = meaning(&database.schema().await, backend);
        if let Err((sql, error)) = database.try_run(&there).await {
            if !REFUSALS.iter().any(|words| error.contains(words)) {
                return Err(format!("{} fails: {error}\n{sql}", made.toml));
            }
            if backend == Backend::Mysql {
                // What stood before it in the operation is done.
                database.empty().await;
                database.run(&plan(&State::empty(backend), state.creation_changes(), Direction::Up)).await;
                same(&meaning(&database.schema().await, backend), &before, "made anew")?;
            }
            continue;
        }
        downs.push((made, before, applied.inverses));
        state = applied.after;
    }
    mirror.run(&plan(&State::empty(backend), state.creation_changes(), Direction::Up)).await;
    let (found, anew) = (database.schema().await, mirror.schema().await);
    same(&meaning(&found, backend), &meaning(&anew, backend), "the state")?;
    let ran = downs.len();
    for (made, before, inverses) in downs.into_iter().rev() {
        let mut back = state.clone();
        for change in &inverses {
            match back.apply(change) {
                Ok(_) => {}
                // Two keys over the same columns changed places: as the laws of the state have it, too.
                Err(StateError::KeyNeeded { .. }) if backend == Backend::Postgres => return Ok(ran),
                Err(error) => return Err(format!("the way down of {} does not apply: {error}", made.toml)),
            }
        }
        if let Err((sql, error)) = database.try_run(&plan(&state, inverses, Direction::Down)).await {
            return Err(format!("the way down of {} fails: {error}\n{sql}", made.toml));
        }
        same(&meaning(&database.schema().await, backend), &before, &made.toml)?;
        state = back;
    }
    same(&database.schema().await, "", "the empty state")?;
    Ok(ran)
}

/// An error with the lines that only one of two schemas has.
fn same(found: &str, wanted: &str, what: &str) -> Result<(), String> {
    let only = |one: &str, other: &str, sign: &str| -> String {
        let lines = one.lines().filter(|line| !other.lines().any(|has| has == *line));
        lines.flat_map(|line| [sign, " ", line, "\n"]).collect()
    };
    let differ =
        || format!("the database is not as {what} has it:\n{}{}", only(found, wanted, "-"), only(wanted, found, "+"));
    if found == wanted { Ok(()) } else { Err(differ()) }
}

fn many(backend: Backend, histories: u64) {
    let verbs: Vec<Verb> = Verb::ALL.iter().copied().filter(|verb| !NOT_HERE.contains(verb)).collect();
    let run = |next: &mut dyn FnMut(&State) -> Option<Made>| {
        block_on(async {
            let (mut database, mut mirror) = (Database::create(backend).await, Database::create(backend).await);
            let outcome = hold(next, &mut database, &mut mirror).await;
            database.close().await;
            mirror.close().await;
            outcome
        })
    };
    let (mut ran, mut all) = (0, 0);
    for number in 0..histories * u64::from(times()) {
        let (mut numbers, mut history) = (Numbers::new(number), Vec::new());
        let outcome = run(&mut |state| {
            let made = (history.len() < STEPS).then(|| step(state, &verbs, history.len(), &mut numbers)).flatten()?.0;
            history.push(made.clone());
            Some(made)
        });
        all += history.len();
        match outcome {
            Ok(count) => ran += count,
            Err(error) => {
                let again = |history: &[Made]| {
                    let mut list = history.iter().cloned();
                    run(&mut |_| list.next())
                };
                let short = shortest(history, |shorter| again(shorter).is_err());
                let in_short = again(&short).unwrap_err();
                panic!("{backend}, history {number}: {error}\n\nin short: {in_short}\n{}", shown(&short));
            }
        }
    }
    assert!(ran * 2 > all, "{ran} of {all} operations ran");
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
