//! The frame law: what an operation does depends on nothing outside its footprint. For each state and each two operations
//! on it that touch nothing in ways that conflict, the second changes neither whether the first works, nor what it makes,
//! nor what its way back makes; and where the second comes after the first, it could have come before. No database: the
//! check's theorem, held at single steps and in large numbers.
//!
//! `DBMIGRATE_RANDOM=N` holds N times as many pairs; the gate's are about 35,000.

mod effects;
mod found;

use std::collections::{BTreeMap, BTreeSet};

use dbmigrate::backend::Backend;
use dbmigrate::check::frame::Tried;
use dbmigrate::grammar::Verb;
use dbmigrate::operation::Operation;
use dbmigrate::state::{Context, State};

use crate::generator::{self, Made, make, step};
use crate::seed::{Numbers, times};

/// How many states each backend's law visits in the gate, and how many pairs it takes of one state.
const STATES: u64 = 25;
const PAIRS: usize = 400;

/// How many of its operations are tried first, and how many others are made on what each of them leaves.
const FIRST: usize = 10;
const SECOND: usize = 30;

/// How many operations it makes of each verb there, and how many that have one of the verb's keys.
const EACH: usize = 3;
const KEYS: usize = 3;

/// What the law was held to.
#[derive(Default)]
struct Tally {
    states: u64,
    pairs: u64,
    independent: u64,
    /// How often each verb was one of an independent pair, and of one that conflicts.
    verbs: BTreeMap<&'static str, (u64, u64)>,
}

impl Tally {
    /// Counts a pair; whether it is independent.
    fn counts(&mut self, one: &Held, other: &Held) -> bool {
        let independent = one.tried.is_independent_of(&other.tried);
        self.pairs += 1;
        self.independent += u64::from(independent);
        for verb in [one.operation.verb(), other.operation.verb()] {
            let (independents, conflicts) = self.verbs.entry(verb).or_default();
            *if independent { independents } else { conflicts } += 1;
        }
        independent
    }
}

/// A state that some random operations lead to.
fn walk(backend: Backend, numbers: &mut Numbers) -> State {
    let mut state = State::empty(backend);
    for at in 0..4 + numbers.place(14) {
        let Some((_, applied)) = step(&state, Verb::ALL, at, numbers) else { break };
        state = applied.after;
    }
    state
}

/// The same state, in which what is made next gets other identities.
fn with_other_identities(state: &State, numbers: &mut Numbers) -> State {
    let mut state = state.clone();
    for _ in 0..16 {
        // Lowering gives identities out; nothing is applied.
        if let Some(made) = make(&state, Verb::CreateTable, None, numbers) {
            let _ = state.lower(&made.operation, &Context { lenient: true, ..Context::default() });
        }
    }
    state
}

/// An operation that is valid on a state.
struct Held {
    operation: Operation,
    toml: String,
    tried: Tried,
    /// The names and values that it speaks of.
    words: BTreeSet<String>,
}

impl Held {
    fn of(made: &Made, state: &State) -> Option<Self> {
        let tried = Tried::of(&made.operation, state)?;
        Some(Self { operation: made.operation.clone(), toml: made.toml.clone(), tried, words: words(made) })
    }
}

fn words(made: &Made) -> BTreeSet<String> {
    let verb = made.operation.verb();
    let words = made.toml.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.filter(|word| !word.is_empty() && *word != verb && *word != "up").map(str::to_owned).collect()
}

fn shown(number: u64, one: &Held, other: &Held, wrong: &str, state: &State) -> String {
    let (title, one, other) = (one.operation.title(), &one.toml, &other.toml);
    format!("state {number}: {title} {wrong}\n{one}\n{other}\n{:#?}", state.describe())
}

/// Picks a verb, and then one of its operations.
fn pick<'h>(all: &'h BTreeMap<&'static str, Vec<Held>>, numbers: &mut Numbers) -> Option<&'h Held> {
    let of_verb = all.values().nth(numbers.place(all.len()))?;
    of_verb.get(numbers.place(of_verb.len()))
}

/// Those that are valid on a state, by verb.
fn held(all: &[Made], state: &State) -> BTreeMap<&'static str, Vec<Held>> {
    let mut by_verb: BTreeMap<&'static str, Vec<Held>> = BTreeMap::new();
    for held in all.iter().filter_map(|made| Held::of(made, state)) {
        by_verb.entry(held.operation.verb()).or_default().push(held);
    }
    by_verb
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

/// Holds one operation and an independent one that came after it to the law; gives what is wrong. Whoever came second can come
/// first, and then stays where it is when the other is undone.
fn swapped(one: &Operation, other: &Operation, first: &Tried, second: &Tried, state: &State) -> Option<String> {
    let Some(early) = Tried::of(other, state) else {
        return Some(format!("is needed by {}, which is independent of it", other.title()));
    };
    let Some(late) = Tried::of(one, &early.after) else {
        return Some(format!("works, and not after {}, which works after it", other.title()));
    };
    let differences = second.after.differences(&late.after);
    if !differences.is_empty() {
        return Some(format!("ends otherwise before {}: {differences:?}", other.title()));
    }
    let Some(under) = first.undone(&second.after) else {
        return Some(format!("cannot be undone under {}", other.title()));
    };
    let differences = early.after.differences(&under);
    (!differences.is_empty()).then(|| format!("is undone otherwise under {}: {differences:?}", other.title()))
}

#[allow(clippy::print_stdout, reason = "what was held is shown where it fails")]
fn hold(backend: Backend) {
    let mut tally = Tally::default();
    let mut found = Vec::new();
    for number in 0..STATES * u64::from(times()) {
        // A few say enough.
        if found.len() > 3 {
            break;
        }
        let numbers = &mut Numbers::new(number);
        let state = walk(backend, numbers);
        let apart = with_other_identities(&state, numbers);
        let all = generator::neighbours(&state, Verb::ALL, EACH, KEYS, numbers);
        let (ones, others) = (held(&all, &state), held(&all, &apart));
        tally.states += 1;
        for pair in 0..PAIRS {
            let Some(one) = pick(&ones, numbers) else { break };
            // Every second pair speaks of something in common, where it can be.
            let mut other = pick(&others, numbers);
            for _ in 0..if pair % 2 == 0 { 6 } else { 0 } {
                if other.is_some_and(|other| !one.words.is_disjoint(&other.words)) {
                    break;
                }
                other = pick(&others, numbers);
            }
            let Some(other) = other else { break };
            if tally.counts(one, other)
                && let Some(wrong) = broken(&one.operation, &other.operation, &one.tried, &other.tried)
            {
                found.push(shown(number, one, other, &wrong, &state));
            }
        }
        for _ in 0..FIRST {
            let Some(one) = pick(&ones, numbers) else { break };
            for _ in 0..SECOND {
                let verb = Verb::ALL[numbers.place(Verb::ALL.len())];
                let made = make(&one.tried.after, verb, None, numbers);
                let Some(made) = made.filter(|made| !one.words.is_disjoint(&words(made))) else { continue };
                let Some(other) = Held::of(&made, &one.tried.after) else { continue };
                if tally.counts(one, &other)
                    && let Some(wrong) = swapped(&one.operation, &other.operation, &one.tried, &other.tried, &state)
                {
                    found.push(shown(number, one, &other, &wrong, &state));
                }
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
    assert!(found.is_empty(), "{} pairs break the law: {kinds:?}\nthe first: {}", found.len(), found.join("\n"));
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
