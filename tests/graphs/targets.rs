//! Every kind of target, over graphs with holes: what runs, in what order, and where that leads.

use dbmigrate::plan::{PlanDirection, Target};

use crate::graphs::history::{History, version};

/// Two branches over one root, a join, and a branch of its own.
const GRAPH: &str = "a; b: a; c: a; d: b c; x; y: x";

fn up_to(name: &str) -> Target {
    Target::UpName(name.to_owned())
}

fn down_to(name: &str) -> Target {
    Target::DownName(name.to_owned())
}

fn exec(number: u128) -> Target {
    Target::Version(version(number))
}

#[test]
fn up_name_takes_the_node_and_what_it_requires() {
    let mut history = History::of(GRAPH);
    assert_eq!(history.go(&up_to("y")), "+x +y");
    assert_eq!(history.go(&up_to("c")), "+a +c");
    assert_eq!(history.go(&up_to("d")), "+b +d");
    assert_eq!(history.names(), "x y a c b d");
}

#[test]
fn up_name_of_what_is_applied_is_an_empty_plan() {
    let mut history = History::of(GRAPH);
    history.go(&up_to("d"));
    let plan = history.plan(&up_to("b")).unwrap();
    assert_eq!((plan.steps.len(), plan.direction), (0, PlanDirection::None));
}

#[test]
fn down_name_takes_the_node_and_all_that_require_it() {
    let mut history = History::of(GRAPH);
    history.go(&Target::Latest);
    assert_eq!(history.go(&down_to("b")), "-d -b");
    assert_eq!(history.names(), "a c x y");
    assert_eq!(history.go(&down_to("a")), "-c -a");
    assert_eq!(history.names(), "x y");
}

#[test]
fn down_name_of_what_is_not_applied_is_an_error() {
    let history = History::of(GRAPH).applied("a");
    assert!(history.plan(&down_to("b")).is_err());
}

#[test]
fn a_target_that_is_not_there_is_an_error_and_no_empty_plan() {
    let mut history = History::of(GRAPH);
    for target in [up_to("nobody"), down_to("nobody"), exec(77)] {
        assert!(history.plan(&target).is_err(), "{target}");
    }
    history.go(&Target::Latest);
    for target in [up_to("nobody"), down_to("nobody"), exec(77)] {
        assert!(history.plan(&target).is_err(), "{target}");
    }
}

#[test]
fn up_and_down_count_steps() {
    let mut history = History::of(GRAPH);
    assert_eq!(history.go(&Target::Up(2)), "+a +b");
    assert_eq!(history.go(&Target::Up(3)), "+c +d +x");
    assert_eq!(history.go(&Target::Down(2)), "-x -d");
    assert_eq!(history.go(&Target::Up(1)), "+d");
}

#[test]
fn down_takes_back_what_was_applied_last_and_not_the_highest_version() {
    let mut history = History::of(GRAPH);
    history.go(&up_to("y"));
    history.go(&up_to("a"));
    assert_eq!(history.go(&Target::Down(1)), "-a");
}

#[test]
fn redo_goes_back_and_forward_over_the_same_nodes() {
    let mut history = History::of(GRAPH);
    history.go(&Target::Latest);
    assert_eq!(history.go(&Target::Redo(2)), "-y -x +x +y");
    assert_eq!(history.names(), "a b c d x y");
}

#[test]
fn exec_fills_holes_after_taking_back_what_is_beyond() {
    let mut history = History::of(GRAPH).applied("x y a c");
    assert_eq!(history.go(&exec(3)), "-y -x +b");
    assert_eq!(history.names(), "a c b");
}

#[test]
fn exec_undoes_in_the_order_of_history_over_holes() {
    let mut history = History::of(GRAPH).applied("x a c b d y");
    assert_eq!(history.go(&exec(2)), "-y -d -c -x");
    assert_eq!(history.names(), "a b");
}

#[test]
fn exec_also_applies_what_a_version_requires_from_above_it() {
    let mut history = History::of("1 a; 2 b: z; 9 z");
    assert_eq!(history.go(&exec(2)), "+a +z +b");
    assert_eq!(history.go(&exec(1)), "-b -z");
}

#[test]
fn from_every_set_reached_zero_is_reached() {
    for start in ["", "x", "x y a", "a c b", "a b x c y d"] {
        let mut history = History::of(GRAPH).applied(start);
        history.go(&Target::Zero);
        assert_eq!(history.names(), "");
    }
}

#[test]
fn the_current_version_is_the_highest_whose_set_is_applied() {
    let mut history = History::of(GRAPH);
    assert_eq!(history.current(), "0");
    history.go(&up_to("y"));
    assert_eq!(history.current(), "0+", "x and y alone are no version's set");
    history.go(&exec(3));
    assert_eq!(history.current(), "3");
    history.go(&up_to("y"));
    assert_eq!(history.current(), "3+");
    history.go(&Target::Latest);
    assert_eq!(history.current(), "6");
}

#[test]
fn info_tells_applied_from_pending_by_version() {
    let mut history = History::of(GRAPH);
    history.go(&up_to("c"));
    let info = history.info();
    assert_eq!((info.applied, info.pending, info.orphaned), (2, 4, 0));
    let versions: Vec<_> = info.migrations.iter().map(|row| row.version.number()).collect();
    assert_eq!(versions, [1, 2, 3, 4, 5, 6]);
}
