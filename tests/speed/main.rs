//! How long the core takes on large manifests: parse, graph, replay and check, plan. Ignored by default:
//! `scripts/bench-check` runs it on the release build and writes the table of docs/performance.md.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    unreachable_pub,
    reason = "it measures, and prints what it measured"
)]

use std::time::{Duration, Instant};

use dbmigrate::backend::Backend;
use dbmigrate::check::check;
use dbmigrate::diagnostic::Diagnostic;
use dbmigrate::graph::Graph;
use dbmigrate::manifest::{Files, parse};
use dbmigrate::plan::{self, Downs, Ledger, Target};

/// That of the programs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a node requires, by the numbers of nodes before it.
fn requires(shape: &str, nodes: usize, at: usize) -> Vec<usize> {
    match shape {
        "chain" => at.checked_sub(1).into_iter().collect(),
        // A hundred chains (of a hundred, where there are ten thousand nodes) side by side.
        "chains" => at.checked_sub(nodes.min(100)).into_iter().collect(),
        _ => {
            let mut found: Vec<usize> = (0..3u64)
                .filter_map(|n| {
                    let mut z = (at as u64 * 3 + n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                    usize::try_from((z ^ (z >> 27)).checked_rem(at as u64)?).ok()
                })
                .collect();
            found.sort_unstable();
            found.dedup();
            found
        }
    }
}

/// A node of five operations: a table with a key to that of the first node it requires, an index, two columns, a check.
fn node(at: usize, requires: &[usize]) -> (String, String) {
    let names: Vec<String> = requires.iter().map(|n| format!("create_t{n}")).collect();
    let key = requires.first().map_or_else(String::new, |n| format!(", references = \"t{n}.id\""));
    let text = format!(
        r#"requires = {names:?}

[[up]]
create_table = "t{at}"
primary_key = ["id"]

[up.columns]
id = {{ type = "bigint", auto_increment = true }}
before_id = {{ type = "bigint", null = true{key} }}
name = "string(80)"

[[up]]
create_index = "t{at}_name_idx"
on = "t{at}"
columns = ["name"]

[[up]]
add_column = "t{at}.amount"
type = "integer"
default = 0

[[up]]
add_column = "t{at}.note"
type = "text"
null = true

[[up]]
add_check = "t{at}_amount_check"
on = "t{at}"
expr = "amount >= 0"
"#
    );
    (format!("migrations/{}_create_t{at}.toml", 20_260_000_000_000 + at), text)
}

/// The most memory that this process had, in MiB (Linux; 0 elsewhere).
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)).and_then(|number| number.parse::<f64>().ok());
    kib.unwrap_or_default() / 1024.0
}

#[test]
#[ignore = "a benchmark: scripts/bench-check"]
fn large_manifests() {
    let shape = std::env::var("DBMIGRATE_SPEED_SHAPE").unwrap_or_else(|_| "chain".to_owned());
    let count: usize = std::env::var("DBMIGRATE_SPEED_NODES").map_or(10_000, |count| count.parse().unwrap());
    let schema = "[project]\nname = \"speed\"\nbackends = [\"postgres\"]\n".to_owned();
    let nodes = (0..count).map(|at| node(at, &requires(&shape, count, at))).collect();
    let files = Files { path: "schema.toml".into(), schema, nodes, ..Files::default() };

    let mut times: Vec<Duration> = Vec::new();
    let mut clock = Instant::now();
    let mut lap = |times: &mut Vec<Duration>| {
        times.push(clock.elapsed());
        clock = Instant::now();
    };
    let loaded = parse(&files);
    // A program that reads them from a disk has them once.
    drop(files);
    let manifest = loaded.manifest.unwrap();
    assert_eq!(manifest.migrations.len(), count);
    lap(&mut times);
    let (graph, found) = Graph::build(&manifest.migrations, manifest.linear);
    lap(&mut times);
    let checked = check(&manifest, &graph, &found, Backend::Postgres);
    let bad: Vec<_> = checked.diagnostics.iter().filter(|found| found.is_error()).take(3).collect();
    assert!(bad.is_empty(), "{bad:?}");
    lap(&mut times);
    let plan =
        plan::make(&manifest, &graph, &Ledger::default(), &Target::Latest, Downs::Auto, Backend::Postgres).unwrap();
    assert_eq!(plan.steps.len(), count);
    assert!(!plan.diagnostics.iter().any(Diagnostic::is_error));
    lap(&mut times);

    let laps: Vec<String> = times.iter().map(|time| format!("{:.3}", time.as_secs_f64())).collect();
    let all: Duration = times.iter().sum();
    println!("speed {shape} {count} {} {:.3} {:.0}", laps.join(" "), all.as_secs_f64(), peak());
}
