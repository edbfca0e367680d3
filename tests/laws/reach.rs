//! What the generator reaches: every verb, with every key of the grammar, is made and is valid on each backend that has it.

use std::collections::{BTreeMap, BTreeSet};

use dbmigrate::backend::Backend;
use dbmigrate::grammar::Verb;
use dbmigrate::state::State;

use crate::generator::{self, apply, make, step};
use crate::seed::Numbers;

/// How often each is valid, at least.
const LEAST: usize = 5;

/// Each verb, and each of its keys with those of the tables within, as paths.
fn paths() -> BTreeSet<String> {
    Verb::ALL.iter().flat_map(|verb| [vec![verb.name.to_owned()], generator::paths(*verb, None)].concat()).collect()
}

/// Those that a backend has, as the grammar has it: a verb is on the backends of its example.
fn paths_on(backend: Backend) -> BTreeSet<String> {
    let is_on = |verb: &&Verb| {
        let only = verb.example.toml.split_once("backends = ").map(|(_, list)| list.lines().next().unwrap());
        only.is_none_or(|list| list.contains(backend.name()))
    };
    let there = Verb::ALL.iter().filter(is_on);
    there.flat_map(|verb| [vec![verb.name.to_owned()], generator::paths(*verb, Some(backend))].concat()).collect()
}

fn reached(backend: Backend) {
    let (paths, there) = (paths(), paths_on(backend));
    let is_there = |path: &String| there.contains(path);
    let mut valid: BTreeMap<String, usize> = BTreeMap::new();
    let enough = |valid: &BTreeMap<String, usize>, path: &String| valid.get(path).is_some_and(|times| *times >= LEAST);
    for number in 0..100 {
        if paths.iter().all(|path| enough(&valid, path) || !is_there(path)) && number >= 10 {
            break;
        }
        let mut numbers = Numbers::new(number);
        let mut state = State::empty(backend);
        for at in 0..24 {
            let Some((made, applied)) = step(&state, Verb::ALL, at, &mut numbers) else { break };
            made.keys.into_iter().for_each(|key| *valid.entry(key).or_default() += 1);
            state = applied.after;
            if at % 8 != 7 {
                continue;
            }
            for path in &paths {
                let verb = Verb::named(path.split('.').next().unwrap()).unwrap();
                if enough(&valid, path) {
                    continue;
                }
                let Some(made) = make(&state, verb, Some(path), &mut numbers) else { continue };
                if apply(&state, &made.operation).is_some() {
                    made.keys.into_iter().for_each(|key| *valid.entry(key).or_default() += 1);
                }
            }
        }
    }
    let few: Vec<String> = paths
        .iter()
        .map(|path| (if is_there(path) { LEAST } else { 0 }, valid.get(path).copied().unwrap_or(0), path))
        .filter(|(least, times, _)| times < least || (*least == 0 && *times > 0))
        .map(|(least, times, path)| format!("{path}: {times}, and should be {least}"))
        .collect();
    assert!(few.is_empty(), "on {backend}:\n{}", few.join("\n"));
}

#[test]
fn every_verb_and_key_is_reached_in_sqlites_state() {
    reached(Backend::Sqlite);
}

#[test]
fn every_verb_and_key_is_reached_in_the_state_of_postgre() {
    reached(Backend::Postgres);
}

#[test]
fn every_verb_and_key_is_reached_in_the_state_of_maria() {
    reached(Backend::Mysql);
}
