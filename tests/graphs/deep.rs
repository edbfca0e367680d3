//! A chain of 100,000 nodes: planned both ways on a stack that no recursion over nodes would fit.

use std::thread;

use dbmigrate::backend::Backend;
use dbmigrate::plan::{self, Downs, Target};

use crate::graphs::history::{History, node_of};

const NODES: usize = 100_000;

#[test]
fn a_chain_of_a_hundred_thousand_is_planned_without_recursion() {
    let plan_all = || {
        let nodes = (1..=NODES).map(|node| {
            let before = format!("n{}", node - 1);
            let requires = if node > 1 { Some(before.as_str()) } else { None };
            node_of(node as u128, &format!("n{node}"), requires.into_iter())
        });
        let mut history = History::with(nodes.collect());
        let up = history.plan(&Target::Latest).unwrap();
        assert_eq!((up.steps.len(), up.steps[NODES - 1].name.as_str()), (NODES, "n100000"));
        let one = history.plan(&Target::UpName("n100000".to_owned())).unwrap();
        assert_eq!(one.steps.len(), NODES);

        history.ledger = plan::everything_applied(&history.manifest, &history.graph);
        assert_eq!(history.info().applied, NODES);
        let down =
            plan::make(&history.manifest, &history.graph, &history.ledger, &Target::Zero, Downs::Auto, Backend::Sqlite);
        let down = down.unwrap();
        assert_eq!((down.steps.len(), down.steps[0].name.as_str()), (NODES, "n100000"));
        let all = history.plan(&Target::DownName("n1".to_owned())).unwrap();
        assert_eq!(all.steps.len(), NODES);
    };
    // 100,000 frames of even 8 bytes would not fit.
    thread::Builder::new().stack_size(768 * 1024).spawn(plan_all).unwrap().join().unwrap();
}
