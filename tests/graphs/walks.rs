//! Random graphs and random walks over them: at every stop, what is applied is closed under
//! requirements, and no step goes before its turn.

use dbmigrate::plan::Target;
use proptest::prelude::*;

use crate::graphs::history::{History, node_of, version};

/// Up to nine nodes; node `i` may require any before it, and versions are shuffled.
fn graphs() -> impl Strategy<Value = (Vec<Vec<usize>>, Vec<u128>)> {
    (1_usize..10).prop_flat_map(|count| {
        let edges: Vec<_> = (0..count).map(|node| prop::collection::vec(0..node.max(1), 0..=node.min(3))).collect();
        (edges, Just((1..=count as u128).collect::<Vec<_>>()).prop_shuffle())
    })
}

fn history_of(edges: &[Vec<usize>], versions: &[u128]) -> History {
    let name = |node: usize| format!("n{node}");
    let nodes = edges.iter().zip(versions).enumerate().map(|(node, (requires, version))| {
        let requires: Vec<_> = requires.iter().filter(|other| **other < node).map(|other| name(*other)).collect();
        node_of(*version, &name(node), requires.iter().map(String::as_str))
    });
    History::with(nodes.collect())
}

/// Applies the steps one by one and fails on the first that the edges forbid.
fn follow(applied: &mut Vec<String>, steps: &str, history: &History) {
    for step in steps.split_whitespace() {
        let (sign, name) = step.split_at(1);
        let requires = |node: &str| -> Vec<String> {
            let migration = history.manifest.migrations.iter().find(|migration| migration.name == node).unwrap();
            migration.requires.iter().map(|requirement| requirement.name.clone()).collect()
        };
        if sign == "+" {
            assert!(!applied.iter().any(|other| other == name), "{step} twice");
            assert!(requires(name).iter().all(|other| applied.contains(other)), "{step} before what it requires");
            applied.push(name.to_owned());
        } else {
            applied.retain(|other| other != name);
            assert!(
                applied.iter().all(|other| !requires(other).iter().any(|r| r == name)),
                "{step} under what stands on it"
            );
        }
    }
}

proptest! {
    #![proptest_config(crate::seed::config(256))]

    #[test]
    fn every_step_of_every_walk_respects_the_edges(
        (edges, versions) in graphs(),
        walk in prop::collection::vec((0_usize..6, 0_usize..10), 1..8),
    ) {
        let mut history = history_of(&edges, &versions);
        let mut applied: Vec<String> = Vec::new();
        for (kind, number) in walk {
            let node = number % edges.len();
            let target = match kind {
                0 => Target::Latest,
                1 => Target::Up(number),
                2 => Target::Down(number),
                3 => Target::UpName(format!("n{node}")),
                4 => Target::DownName(format!("n{node}")),
                _ => Target::Version(version(versions[node])),
            };
            if kind == 4 && !applied.contains(&format!("n{node}")) {
                continue;
            }
            let steps = history.go(&target);
            follow(&mut applied, &steps, &history);
            prop_assert_eq!(applied.join(" "), history.names());
            if kind == 0 {
                prop_assert_eq!(applied.len(), edges.len());
            }
        }
        let steps = history.go(&Target::Zero);
        let reversed: Vec<_> = applied.iter().rev().map(|name| format!("-{name}")).collect();
        prop_assert_eq!(steps, reversed.join(" "));
    }
}
