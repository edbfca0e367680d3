//! The order check is exact: its verdicts held against real databases, by exhaustion of small scopes and by
//! random graphs. A clean verdict is never wrong, and an error is never wrong.
//!
//! By default a part of each scope, chosen evenly, that takes less than a minute. All of it:
//! `DBMIGRATE_EXACT=full cargo test --test all exact:: -- --nocapture --test-threads=1`; the table it prints stands in docs/check.md.

#![allow(
    clippy::format_collect,
    clippy::needless_pass_by_value,
    clippy::print_stdout,
    reason = "it tells what it counted"
)]

mod case;
mod database;
mod look;
mod pool;
mod search;
mod selves;
mod tally;

use std::collections::BTreeMap;

use case::{Case, Scope};
use dbmigrate::backend::Backend;
use pool::BASES;
use search::settle_all;
use tally::Tally;

use crate::seed::Numbers;

/// The whole search was asked for.
pub(crate) fn full() -> bool {
    std::env::var("DBMIGRATE_EXACT").is_ok_and(|size| size == "full")
}

/// How many cases of a scope: in the whole search, and by default.
fn size(all: usize, few: usize) -> usize {
    std::env::var("DBMIGRATE_EXACT").ok().and_then(|size| size.parse().ok()).unwrap_or(if full() { all } else { few })
}

/// Every n-th, by a step that meets every node of the pool.
fn spread<T>(all: Vec<T>, most: usize) -> Vec<T> {
    let step = (all.len() / most).max(1);
    all.into_iter().enumerate().filter(|(at, _)| (at * 7919) % step == 0).map(|(_, one)| one).collect()
}

/// All pairs, both of a kind too, in both arrangements of their versions; or every n-th of them.
fn pairs(scope: &Scope, most: usize) -> Vec<Case> {
    let count = scope.pool.len();
    let sets = (0..count).flat_map(|a| (a..count).map(move |b| [a, b])).collect();
    let both = |[a, b]: [usize; 2]| if a == b { vec![[a, b]] } else { vec![[a, b], [b, a]] };
    spread(sets, most).into_iter().flat_map(both).map(|nodes| Case::of(&nodes)).collect()
}

/// All triples of different nodes that share a table, each in one arrangement of its versions; or every n-th of them.
fn triples(scope: &Scope, most: usize) -> Vec<Case> {
    const ARRANGEMENTS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let count = scope.pool.len();
    let mut sets = Vec::new();
    for a in 0..count {
        for b in a + 1..count {
            for c in b + 1..count {
                if scope.share_a_table(&[a, b, c]) {
                    sets.push(ARRANGEMENTS[sets.len() % 6].map(|at| [a, b, c][at]));
                }
            }
        }
    }
    spread(sets, most).into_iter().map(|nodes| Case::of(&nodes)).collect()
}

/// Random graphs of four to six nodes.
fn graphs(scope: &Scope, most: usize, seed: u64) -> Vec<Case> {
    let mut numbers = Numbers::new(seed);
    let graph = |_| {
        let nodes: Vec<usize> = (0..4 + numbers.place(3)).map(|_| numbers.place(scope.pool.len())).collect();
        let mut edges = Vec::new();
        for to in 1..nodes.len() {
            for from in 0..to {
                if numbers.place(4) == 0 {
                    edges.push((from, to));
                }
            }
        }
        Case { nodes, edges }
    };
    (0..most).map(graph).collect()
}

/// Judges all cases on the first so many bases. `name` is the row's in docs/check.md.
fn search(
    name: &str,
    backend: Backend,
    bases: std::ops::Range<usize>,
    pool: &[&str],
    cases: impl Fn(&Scope, usize) -> Vec<Case>,
) -> Rules {
    let rows = name.starts_with("rows");
    let mut all = Tally::default();
    let scopes: Vec<Scope> = BASES.iter().map(|base| Scope::new(backend, base.node, pool)).collect();
    for (number, base) in BASES.iter().enumerate().filter(|(number, _)| bases.contains(number)) {
        let title = format!("{name} {}", base.name);
        all.add(settle_all(&scopes, number, &title, rows, &cases(&scopes[number], number)));
    }
    println!("{}\n{}", Tally::HEAD, all.row(&format!("{name}, {backend}")));
    println!("    clean, and the rows fit no order: {}", all.rows_never_fit);
    if std::env::var("DBMIGRATE_EXACT_WARNED").is_ok() {
        for (words, (count, example)) in &all.examples {
            println!("    {count} × {words}\n{example}");
        }
    }
    assert!(all.wrong.is_empty(), "{} wrong verdicts:\n{}", all.wrong.len(), all.wrong.join("\n"));
    all.rules
}

/// How often each rule kept a pair apart: what both touch, and how.
type Rules = BTreeMap<String, usize>;

/// Prints how often each rule decided a pair, and in the whole search holds [`NOT_TESTED`] to it.
fn judge_rules(backend: Backend, all: impl IntoIterator<Item = Rules>) {
    let mut rules = Rules::new();
    for (rule, count) in all.into_iter().flatten() {
        *rules.entry(rule).or_default() += count;
    }
    for (rule, count) in &rules {
        println!("    rule {rule}, {backend}: {count}{}", if *count < TESTED { " (not tested)" } else { "" });
    }
    let rare: Vec<&str> = rules.iter().filter(|(_, count)| **count < TESTED).map(|(rule, _)| rule.as_str()).collect();
    if full() {
        assert_eq!(rare, NOT_TESTED, "rules that decided under {TESTED} pairs stand in NOT_TESTED and docs/check.md");
    }
}

/// A rule that decided fewer pairs than this does not count as tested.
const TESTED: usize = 50;

/// Those rules.
const NOT_TESTED: &[&str] = &[
    "column-list release/release",
    "column-list use/release",
    "column-list use/use",
    "declared use/use",
    "name use/use",
];

const POSTGRES: Backend = Backend::Postgres;
const SQLITE: Backend = Backend::Sqlite;

#[test]
fn pairs_on_postgres() {
    let (rows, views) =
        ([pool::ROWS, pool::POSTGRES_TRIGGERS].concat(), [pool::VIEWS, pool::POSTGRES_TRIGGERS].concat());
    let schema = search("schema pairs", POSTGRES, 0..3, pool::SCHEMA, |scope, _| pairs(scope, size(usize::MAX, 80)));
    let rows = search("rows pairs", POSTGRES, 0..3, &rows, |scope, _| pairs(scope, size(usize::MAX, 70)));
    let views = search("views pairs", POSTGRES, 0..3, &views, |scope, _| pairs(scope, size(usize::MAX, 60)));
    judge_rules(POSTGRES, [schema, rows, views]);
}

#[test]
fn triples_of_schema_changes_on_postgres() {
    search("schema triples", POSTGRES, 0..2, pool::SCHEMA, |scope, _| triples(scope, size(usize::MAX, 70)));
}

#[test]
fn triples_with_rows_on_postgres() {
    let pool = [pool::ROWS, pool::POSTGRES_TRIGGERS].concat();
    search("rows triples", POSTGRES, 0..1, &pool, |scope, _| triples(scope, size(usize::MAX, 40)));
}

#[test]
fn triples_with_views_and_triggers_on_postgres() {
    let pool = [pool::VIEWS, pool::POSTGRES_TRIGGERS].concat();
    search("views triples", POSTGRES, 0..1, &pool, |scope, _| triples(scope, size(usize::MAX, 40)));
}

#[test]
fn graphs_on_postgres() {
    let (rows, views) =
        ([pool::ROWS, pool::POSTGRES_TRIGGERS].concat(), [pool::VIEWS, pool::POSTGRES_TRIGGERS].concat());
    let some =
        |seed: u64, all: usize| move |scope: &Scope, base: usize| graphs(scope, size(all, 6), seed + base as u64);
    search("schema graphs", POSTGRES, 0..2, pool::SCHEMA, some(10, 500));
    search("rows graphs", POSTGRES, 0..1, &rows, some(20, 500));
    search("views graphs", POSTGRES, 0..1, &views, some(30, 500));
}

#[test]
fn pairs_on_sqlite() {
    let (rows, views) = ([pool::ROWS, pool::SQLITE_TRIGGERS].concat(), [pool::VIEWS, pool::SQLITE_TRIGGERS].concat());
    search("schema pairs", SQLITE, 0..3, pool::SCHEMA, |scope, _| pairs(scope, size(usize::MAX, 60)));
    search("rows pairs", SQLITE, 0..3, &rows, |scope, _| pairs(scope, size(usize::MAX, 30)));
    search("views pairs", SQLITE, 0..3, &views, |scope, _| pairs(scope, size(usize::MAX, 30)));
}

#[test]
fn triples_on_sqlite() {
    let (rows, views) = ([pool::ROWS, pool::SQLITE_TRIGGERS].concat(), [pool::VIEWS, pool::SQLITE_TRIGGERS].concat());
    search("schema triples", SQLITE, 0..1, pool::SCHEMA, |scope, _| triples(scope, size(2_000, 12)));
    search("rows triples", SQLITE, 0..1, &rows, |scope, _| triples(scope, size(1_000, 10)));
    search("views triples", SQLITE, 0..1, &views, |scope, _| triples(scope, size(1_000, 10)));
}

/// The base of [`pool::TYPED`].
const TYPED: std::ops::Range<usize> = 3..4;

#[test]
fn pairs_and_triples_of_types_on_postgres() {
    let pool = [pool::TYPED, pool::POSTGRES_TYPED].concat();
    search("rows of types, pairs", POSTGRES, TYPED, &pool, |scope, _| pairs(scope, size(usize::MAX, 120)));
    search("rows of types, triples", POSTGRES, TYPED, &pool, |scope, _| triples(scope, size(usize::MAX, 40)));
}

#[test]
fn pairs_and_triples_of_types_on_sqlite() {
    search("rows of types, pairs", SQLITE, TYPED, pool::TYPED, |scope, _| pairs(scope, size(usize::MAX, 60)));
    search("rows of types, triples", SQLITE, TYPED, pool::TYPED, |scope, _| triples(scope, size(1_000, 20)));
}

/// The base of keys of a table to itself.
const SELVES: std::ops::Range<usize> = 4..5;

#[test]
fn keys_of_a_table_to_itself_on_postgres() {
    search("own keys, pairs", POSTGRES, SELVES, selves::SCHEMA, |scope, _| pairs(scope, size(usize::MAX, 150)));
    search("own keys, triples", POSTGRES, SELVES, selves::SCHEMA, |scope, _| triples(scope, size(usize::MAX, 60)));
    search("rows of own keys, pairs", POSTGRES, SELVES, selves::ROWS, |scope, _| pairs(scope, size(usize::MAX, 80)));
    search("rows of own keys, triples", POSTGRES, SELVES, selves::ROWS, |scope, _| {
        triples(scope, size(usize::MAX, 30))
    });
}

#[test]
fn keys_of_a_table_to_itself_on_sqlite() {
    search("own keys, pairs", SQLITE, SELVES, selves::SCHEMA, |scope, _| pairs(scope, size(usize::MAX, 60)));
    search("own keys, triples", SQLITE, SELVES, selves::SCHEMA, |scope, _| triples(scope, size(usize::MAX, 20)));
    search("rows of own keys, pairs", SQLITE, SELVES, selves::ROWS, |scope, _| pairs(scope, size(usize::MAX, 40)));
    search("rows of own keys, triples", SQLITE, SELVES, selves::ROWS, |scope, _| triples(scope, size(usize::MAX, 20)));
}
