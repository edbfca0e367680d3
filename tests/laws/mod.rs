//! Laws of the state, held on random histories of every verb on every backend: an operation and its inverse leave the state as
//! it was; a whole history, undone from its end, leaves nothing.

mod reach;

use dbmigrate::backend::Backend;
use dbmigrate::grammar::Verb;

use dbmigrate::state::{Change, State, StateError};

use crate::generator::{Made, apply, history, shortest, shown};
use crate::seed::{Numbers, times};

/// How many histories each backend's laws are held on in the gate, and how many operations each has.
const HISTORIES: u64 = 120;
const STEPS: usize = 40;

/// What is wrong with a history; operations that are not valid where they are, are passed over.
fn wrong(backend: Backend, history: &[Made]) -> Option<String> {
    let mut state = State::empty(backend);
    let mut all: Vec<(State, Vec<Change>)> = Vec::new();
    for made in history {
        let Some(applied) = apply(&state, &made.operation) else { continue };
        let mut back = applied.after.clone();
        for inverse in &applied.inverses {
            if let Err(error) = back.apply(inverse) {
                return Some(format!("{} cannot be undone: {error}", made.operation.title()));
            }
        }
        let differences = state.differences(&back);
        if !differences.is_empty() {
            return Some(format!("{} is undone otherwise: {differences:?}", made.operation.title()));
        }
        all.push((state, applied.inverses));
        state = applied.after;
    }
    for (before, inverses) in all.into_iter().rev() {
        for inverse in &inverses {
            match state.apply(inverse) {
                Ok(_) => {}
                // Of two unique keys over the same columns, the older was dropped and is added again younger: a foreign
                // key that is added again, too, is bound to the other one. So it is on PostgreSQL, and the way
                // down fails there.
                Err(StateError::KeyNeeded { .. }) if backend == Backend::Postgres => return None,
                Err(error) => return Some(format!("the history cannot be undone: {error}")),
            }
        }
        let differences = before.differences(&state);
        if !differences.is_empty() {
            return Some(format!("the history is undone otherwise: {differences:?}"));
        }
    }
    (!state.is_empty()).then(|| format!("the history leaves {:?}", state.describe()))
}

fn hold(backend: Backend) {
    let mut steps = 0;
    for number in 0..HISTORIES * u64::from(times()) {
        let history = history(backend, Verb::ALL, STEPS, &mut Numbers::new(number));
        steps += history.len();
        if wrong(backend, &history).is_some() {
            let short = shortest(history, |shorter| wrong(backend, shorter).is_some());
            panic!("{backend}, history {number}: {}\n{}", wrong(backend, &short).unwrap_or_default(), shown(&short));
        }
    }
    let histories = usize::try_from(HISTORIES).unwrap() * times() as usize;
    assert!(steps > histories * STEPS * 3 / 4, "{steps} operations in {histories} histories");
}

#[test]
fn what_is_done_can_be_undone_in_sqlites_state() {
    hold(Backend::Sqlite);
}

#[test]
fn what_is_done_can_be_undone_in_the_state_of_postgre() {
    hold(Backend::Postgres);
}

#[test]
fn what_is_done_can_be_undone_in_the_state_of_maria() {
    hold(Backend::Mysql);
}
