//! The order check is exact: its verdicts held against real databases, by exhaustion of small scopes and by
//! random graphs. A clean verdict is never wrong, and an error is never wrong.
//!
//! By default a part of each scope, chosen evenly, that takes less than a minute. All of it:
//! `DBMIGRATE_EXACT=full cargo test --release --test exact -- --nocapture`; the table it prints stands in docs/check.md.

#![allow(
    clippy::disallowed_methods,
    clippy::format_collect,
    clippy::needless_pass_by_value,
    clippy::print_stdout,
    unreachable_pub,
    reason = "a test reads the environment; its modules are its own"
)]

mod case;
mod database;
mod pool;
mod search;

use case::{Case, Scope};
use dbmigrate::backend::Backend;
use pool::BASES;
use search::{Tally, settle_all};

/// The whole search was asked for.
fn full() -> bool {
    std::env::var("DBMIGRATE_EXACT").is_ok_and(|size| size == "full")
}

/// A number generator of one's own (splitmix64), so that a case can be found again.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % limit as u64).unwrap()
    }
}

/// All pairs, each once, with the lower place first and both of a kind too; or every n-th of them.
fn pairs(count: usize, most: usize) -> Vec<Case> {
    let all: Vec<Case> =
        (0..count).flat_map(|a| (a..count).map(move |b| Case { nodes: vec![a, b], edges: Vec::new() })).collect();
    spread(all, most)
}

fn spread(all: Vec<Case>, most: usize) -> Vec<Case> {
    // A step that shares no factor with the width of the pool, so that every node is met.
    let step = (all.len() / most).max(1);
    all.into_iter().enumerate().filter(|(at, _)| (at * 7919) % step == 0).map(|(_, case)| case).collect()
}

/// Triples of the pool.
fn triples(count: usize, most: usize, seed: u64) -> Vec<Case> {
    let mut numbers = Numbers(seed);
    (0..most).map(|_| Case { nodes: (0..3).map(|_| numbers.below(count)).collect(), edges: Vec::new() }).collect()
}

/// Random graphs of four to six nodes.
fn graphs(count: usize, most: usize, seed: u64) -> Vec<Case> {
    let mut numbers = Numbers(seed);
    (0..most)
        .map(|_| {
            let nodes: Vec<usize> = (0..4 + numbers.below(3)).map(|_| numbers.below(count)).collect();
            let mut edges = Vec::new();
            for to in 1..nodes.len() {
                for from in 0..to {
                    if numbers.below(4) == 0 {
                        edges.push((from, to));
                    }
                }
            }
            Case { nodes, edges }
        })
        .collect()
}

/// How many cases of a scope: in the whole search, and by default.
fn size(all: usize, few: usize) -> usize {
    std::env::var("DBMIGRATE_EXACT").ok().and_then(|size| size.parse().ok()).unwrap_or(if full() { all } else { few })
}

fn judge(title: &str, tally: &Tally) {
    println!("{}", tally.row(title));
    for (rule, count) in &tally.rules {
        println!("    rule {rule}: {count}");
    }
    println!("    warnings where all orders came out alike: {}", tally.needless);
    if std::env::var("DBMIGRATE_EXACT_WARNED").is_ok() {
        for (words, (count, example)) in &tally.warned {
            println!("    {count} × {words}\n{example}");
        }
    }
    assert!(tally.wrong.is_empty(), "{} wrong verdicts:\n{}", tally.wrong.len(), tally.wrong.join("\n"));
}

fn search(title: &str, backend: Backend, pool: &[&str], rows: bool, cases: impl Fn(usize, usize) -> Vec<Case>) {
    let mut all = Tally::default();
    for (number, base) in BASES.iter().enumerate() {
        let scope = Scope::new(backend, base.node, pool);
        let title = format!("{title} {}", base.name);
        all.add(settle_all(&scope, base, &title, rows, &cases(pool.len(), number)));
    }
    judge(title, &all);
}

#[test]
fn pairs_of_schema_changes_on_postgres() {
    search("pairs", Backend::Postgres, pool::SCHEMA, false, |count, _| pairs(count, size(usize::MAX, 150)));
}

#[test]
fn triples_of_schema_changes_on_postgres() {
    search("triples", Backend::Postgres, pool::SCHEMA, false, |count, base| {
        triples(count, size(20_000, 60), 1 + base as u64)
    });
}

#[test]
fn graphs_of_schema_changes_on_postgres() {
    search("graphs", Backend::Postgres, pool::SCHEMA, false, |count, base| {
        graphs(count, size(1_000, 15), 10 + base as u64)
    });
}

#[test]
fn pairs_with_rows_on_postgres() {
    search("rows", Backend::Postgres, pool::ROWS, true, |count, _| pairs(count, size(usize::MAX, 100)));
}

#[test]
#[ignore = "views are not read whole yet"]
fn pairs_with_views_and_triggers_on_postgres() {
    let pool = [pool::VIEWS, pool::POSTGRES_TRIGGERS].concat();
    search("views", Backend::Postgres, &pool, false, |count, _| pairs(count, size(usize::MAX, 80)));
}

#[test]
fn pairs_of_schema_changes_on_sqlite() {
    search("pairs", Backend::Sqlite, pool::SCHEMA, false, |count, _| pairs(count, size(2_000, 60)));
}

#[test]
fn pairs_with_rows_on_sqlite() {
    search("rows", Backend::Sqlite, pool::ROWS, true, |count, _| pairs(count, size(600, 40)));
}

#[test]
#[ignore = "views are not read whole yet"]
fn pairs_with_views_and_triggers_on_sqlite() {
    let pool = [pool::VIEWS, pool::SQLITE_TRIGGERS].concat();
    search("views", Backend::Sqlite, &pool, false, |count, _| pairs(count, size(400, 40)));
}
