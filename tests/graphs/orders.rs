//! The way up is the order nearest to the versions that the edges allow; the way down is
//! history in reverse.

use dbmigrate::plan::Target;

use crate::graphs::history::History;

/// Up to latest, then down to 0.
#[track_caller]
fn there_and_back(graph: &str) -> (String, String) {
    let mut history = History::of(graph);
    let up = history.go(&Target::Latest);
    let down = history.go(&Target::Zero);
    assert_eq!(history.names(), "");
    (up, down)
}

#[test]
fn a_chain_goes_up_in_order_and_down_in_reverse() {
    assert_eq!(there_and_back("a; b: a; c: b"), ("+a +b +c".into(), "-c -b -a".into()));
}

#[test]
fn a_diamond_joins_after_both_of_its_sides() {
    assert_eq!(there_and_back("a; b: a; c: a; d: b c"), ("+a +b +c +d".into(), "-d -c -b -a".into()));
}

#[test]
fn a_diamond_whose_versions_run_against_its_edges_follows_the_edges() {
    let graph = "9 a; 3 b: a; 2 c: a; 1 d: b c";
    assert_eq!(there_and_back(graph), ("+a +c +b +d".into(), "-d -b -c -a".into()));
}

#[test]
fn diamonds_in_a_row() {
    let graph = "a; b: a; c: a; d: b c; e: d; f: d; g: e f";
    assert_eq!(there_and_back(graph), ("+a +b +c +d +e +f +g".into(), "-g -f -e -d -c -b -a".into()));
}

#[test]
fn a_criss_cross_waits_for_both_rows() {
    let graph = "a1; a2; b1: a1 a2; b2: a1 a2; c1: b1 b2; c2: b1 b2";
    assert_eq!(there_and_back(graph), ("+a1 +a2 +b1 +b2 +c1 +c2".into(), "-c2 -c1 -b2 -b1 -a2 -a1".into()));
}

#[test]
fn a_criss_cross_with_mixed_versions_takes_the_lowest_that_is_free() {
    let graph = "5 a1; 2 a2; 1 b1: a1 a2; 6 b2: a1 a2; 3 c1: b1 b2; 4 c2: b1";
    assert_eq!(there_and_back(graph), ("+a2 +a1 +b1 +c2 +b2 +c1".into(), "-c1 -b2 -c2 -b1 -a1 -a2".into()));
}

#[test]
fn several_roots_and_heads_interleave_by_version() {
    let graph = "1 a; 3 b: a; 2 x; 5 y: x; 4 z";
    assert_eq!(there_and_back(graph), ("+a +x +b +z +y".into(), "-y -z -b -x -a".into()));
}

#[test]
fn a_requirement_named_twice_is_one_edge() {
    assert_eq!(there_and_back("a; b: a a"), ("+a +b".into(), "-b -a".into()));
}

#[test]
fn the_way_down_is_history_in_reverse_and_not_the_versions() {
    let mut history = History::of("a; b; c").applied("c a b");
    assert_eq!(history.go(&Target::Zero), "-b -a -c");
}

#[test]
fn in_a_linear_project_each_requires_the_one_before_it() {
    let mut history = History::of("a; b; c").linear();
    assert_eq!(history.go(&Target::UpName("c".to_owned())), "+a +b +c");
    assert_eq!(history.go(&Target::DownName("b".to_owned())), "-c -b");
}

#[test]
fn one_order_is_told_from_many() {
    for one in ["a", "a; b: a; c: b", "a; b: a; c: a b", "9 a; 3 b: a; 5 c: b"] {
        assert!(History::of(one).graph.has_one_order(), "{one}");
    }
    for many in ["a; b", "a; b: a; c: a", "a; b: a; c: a; d: b c"] {
        assert!(!History::of(many).graph.has_one_order(), "{many}");
    }
}

#[test]
fn an_empty_graph_has_an_empty_plan() {
    let mut history = History::with(Vec::new());
    assert_eq!(history.go(&Target::Latest), "");
    assert_eq!(history.go(&Target::Zero), "");
}
