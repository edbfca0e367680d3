//! The frame law: what an operation does depends on nothing outside its footprint. For each state and each two operations
//! on it that touch nothing in ways that conflict, the second changes neither whether the first works, nor what it makes,
//! nor what its way back makes. No database: the check's theorem, held at single steps and in large numbers.
//!
//! `DBMIGRATE_RANDOM=N` holds N times as many pairs; the gate's are about 15,000.

mod neighbours;

use std::collections::BTreeMap;

use dbmigrate::backend::Backend;
use dbmigrate::check::frame::Tried;
use dbmigrate::manifest::{SchemaFor, json_schema};
use dbmigrate::operation::{Kind, Operation};
use dbmigrate::state::{Context, State};

use crate::seed::{Numbers, times};
use neighbours::operations;

/// How many states each backend's law visits in the gate, and how many pairs it takes of one state.
const STATES: u64 = 25;
const PAIRS: usize = 200;

/// What the law was held to.
#[derive(Default)]
struct Tally {
    states: u64,
    pairs: u64,
    independent: u64,
    /// How often each verb was one of an independent pair.
    verbs: BTreeMap<&'static str, u64>,
}

/// The verbs of the grammar.
fn verbs() -> Vec<String> {
    let schema = json_schema(SchemaFor::Migration);
    let verbs = schema["$defs"]["operation"]["oneOf"].as_array().expect("verbs");
    verbs.iter().map(|verb| verb["required"][0].as_str().expect("a verb").to_owned()).collect()
}

/// A state that some random operations lead to.
fn walk(backend: Backend, verbs: &[&str], numbers: &mut Numbers) -> State {
    let mut state = State::empty(backend);
    let steps = 4 + numbers.below(14);
    for step in 0..steps {
        // What makes things comes first, so that most operations have something to be about.
        let makes = ["create_table", "create_table", "create_enum", "create_table", "create_view"];
        let early = usize::try_from(step).ok().and_then(|step| makes.get(step)).copied();
        let verb = early.unwrap_or_else(|| verbs[numbers.place(verbs.len())]);
        let all = operations(&state, &[verb], 0);
        if all.is_empty() {
            continue;
        }
        let operation = &all[numbers.place(all.len())];
        // What deletes everything again leaves nothing to look at.
        let dropped = matches!(operation.kind, Kind::DropTable { .. } | Kind::Sql { .. });
        if let Some(tried) = Tried::of(operation, &state).filter(|_| !dropped || numbers.below(3) == 0) {
            state = tried.after;
        }
    }
    state
}

/// The same state, in which what is made next gets other identities.
fn with_other_identities(state: &State) -> State {
    let mut state = state.clone();
    for operation in operations(&state.clone(), &["create_table"], 2).iter().take(2) {
        // Lowering gives identities out; nothing is applied.
        for _ in 0..8 {
            let _ = state.lower(operation, &Context { lenient: true, ..Context::default() });
        }
    }
    state
}

/// Holds one independent pair to the law; gives what is wrong.
fn broken(one: &Operation, other: &Operation, first: &Tried, second: &Tried) -> Option<String> {
    let Some(late) = Tried::of(one, &second.after) else {
        return Some(format!("works, and not after {}", other.title()));
    };
    let Some(other_late) = Tried::of(other, &first.after) else {
        return Some(format!("works, and {} does not after it, though it does alone", other.title()));
    };
    let differences = other_late.after.differences(&late.after);
    if !differences.is_empty() {
        return Some(format!("ends otherwise after {}: {differences:?}", other.title()));
    }
    let Some(back) = late.undone(&late.after) else {
        return Some(format!("cannot be undone after {}", other.title()));
    };
    let differences = second.after.differences(&back);
    if !differences.is_empty() {
        return Some(format!("is undone otherwise after {}: {differences:?}", other.title()));
    }
    // Whoever came later stays when the earlier one is undone.
    let Some(under) = first.undone(&other_late.after) else {
        return Some(format!("cannot be undone under {}", other.title()));
    };
    let differences = second.after.differences(&under);
    (!differences.is_empty()).then(|| format!("is undone otherwise under {}: {differences:?}", other.title()))
}

#[allow(clippy::print_stdout, reason = "what was held is shown where it fails")]
fn hold(backend: Backend) {
    let verbs = verbs();
    let verbs: Vec<&str> = verbs.iter().map(String::as_str).collect();
    let mut tally = Tally::default();
    let mut found = Vec::new();
    for number in 0..STATES * u64::from(times()) {
        let mut numbers = Numbers::new(number);
        let state = walk(backend, &verbs, &mut numbers);
        let apart = with_other_identities(&state);
        let tried = |list: Vec<Operation>, state: &State| -> Vec<(Operation, Tried)> {
            list.into_iter().filter_map(|one| Some((one.clone(), Tried::of(&one, state)?))).collect()
        };
        let ones = tried(operations(&state, &verbs, 0), &state);
        let others = tried(operations(&state, &verbs, 1), &apart);
        if ones.is_empty() || others.is_empty() {
            continue;
        }
        tally.states += 1;
        for _ in 0..PAIRS {
            let (one, first) = &ones[numbers.place(ones.len())];
            let (other, second) = &others[numbers.place(others.len())];
            tally.pairs += 1;
            if !first.is_independent_of(second) {
                continue;
            }
            tally.independent += 1;
            *tally.verbs.entry(one.verb()).or_default() += 1;
            *tally.verbs.entry(other.verb()).or_default() += 1;
            if let Some(wrong) = broken(one, other, first, second) {
                found.push(format!("state {number}: {} {wrong}\n{:#?}", one.title(), state.describe()));
            }
        }
    }
    println!(
        "{backend}: {} states, {} pairs, {} of them independent: {:?}",
        tally.states, tally.pairs, tally.independent, tally.verbs
    );
    let kinds: BTreeMap<String, usize> = found.iter().fold(BTreeMap::new(), |mut kinds, one| {
        let line = one.lines().next().unwrap_or_default().split(": ").nth(1).unwrap_or_default();
        *kinds.entry(line.split('`').next().unwrap_or_default().to_owned()).or_default() += 1;
        kinds
    });
    assert!(
        found.is_empty(),
        "{} pairs break the law: {kinds:?}\nthe first: {}",
        found.len(),
        found.iter().take(6).cloned().collect::<Vec<_>>().join("\n")
    );
    assert!(tally.independent > tally.pairs / 20, "too few pairs are independent to say anything");
}

#[test]
fn an_operation_depends_on_nothing_outside_its_footprint_for_sqlites_state() {
    hold(Backend::Sqlite);
}

#[test]
fn an_operation_depends_on_nothing_outside_its_footprint_for_the_state_of_postgre() {
    hold(Backend::Postgres);
}

#[test]
fn an_operation_depends_on_nothing_outside_its_footprint_for_the_state_of_maria() {
    hold(Backend::Mysql);
}
