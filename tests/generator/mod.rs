//! Operations for the tests, made from the grammar and a state: each verb, with each of its keys, on what exists there. A new
//! verb is generated as soon as it is in the grammar; only what a new kind of value looks like has to be said (`values`, `sql`).
//!
//! All that is random comes from [`Numbers`], so that the seed of a run repeats it.

mod sql;
mod values;

use std::collections::BTreeSet;

use dbmigrate::backend::Backend;
use dbmigrate::diagnostic::Diagnostic;
use dbmigrate::grammar::{Place, Shape, Thing, Verb};
use dbmigrate::manifest::{Files, parse};
use dbmigrate::operation::Operation;
use dbmigrate::state::{Change, Context, State};

use crate::seed::Numbers;
use values::Maker;

/// An operation that was made.
#[derive(Debug, Clone)]
pub struct Made {
    pub operation: Operation,
    /// As it would be written in a migration.
    pub toml: String,
    /// The keys that it has, as paths from its verb: `create_table.columns.check`.
    pub keys: BTreeSet<String>,
}

/// What an operation makes of a state.
pub struct Applied {
    pub after: State,
    /// What it comes to.
    pub changes: Vec<Change>,
    /// What undoes it, in order.
    pub inverses: Vec<Change>,
    /// What is in doubt.
    pub warnings: Vec<Diagnostic>,
}

/// The keys of a verb, with those of the tables within, as paths; those that a backend has, if one is given.
pub fn paths(verb: Verb, on: Option<Backend>) -> Vec<String> {
    fn within(shape: &Shape, path: &str, on: Option<Backend>, paths: &mut Vec<String>) {
        match *shape {
            Shape::Table(place) => of(place, path, on, paths),
            Shape::List(_, of) | Shape::Set(of) | Shape::ByName(_, _, of) => within(of, path, on, paths),
            Shape::Either(shapes) => shapes.iter().for_each(|shape| within(shape, path, on, paths)),
            _ => {}
        }
    }
    fn of(place: &'static Place, path: &str, on: Option<Backend>, paths: &mut Vec<String>) {
        for key in place.keys().filter(|key| on.is_none_or(|backend| key.is_on(backend))) {
            let path = format!("{path}.{}", key.name);
            within(&key.shape, &path, on, paths);
            paths.push(path);
        }
    }
    let mut paths = Vec::new();
    of(&verb.entry().place, verb.name, on, &mut paths);
    paths
}

/// Makes an operation of a verb on a state, with a key if one is wanted, by its path. It need not be valid there. `None` where
/// nothing exists that it could be about.
pub fn make(state: &State, verb: Verb, wanted: Option<&str>, numbers: &mut Numbers) -> Option<Made> {
    for _ in 0..8 {
        let mut maker = Maker::new(state, verb, wanted, numbers);
        let entries = maker.operation()?;
        let keys = maker.keys;
        if wanted.is_some_and(|path| !keys.contains(path)) {
            continue;
        }
        let toml = format!("up = [{{ {entries} }}]");
        if let Some(operation) = read(&toml, state.backend()) {
            return Some(Made { operation, toml, keys });
        }
    }
    None
}

/// Reads an operation; `None` where the manifest has an error.
pub fn read(toml: &str, backend: Backend) -> Option<Operation> {
    let loaded = parse(&Files {
        schema: format!("project = {{ name = 'p', backends = ['{backend}'] }}"),
        nodes: vec![("1_one.toml".to_owned(), toml.to_owned())],
        sql: Some(&|_| Ok("UPDATE t SET a = a;".to_owned())),
        ..Files::default()
    });
    if loaded.diagnostics.iter().any(Diagnostic::is_error) {
        let wrong = loaded.diagnostics.iter().find(|found| found.code.as_str() == "toml-syntax");
        assert!(wrong.is_none(), "{wrong:?} in {toml}");
        return None;
    }
    loaded.manifest?.migrations.first()?.body.up.first().cloned()
}

/// Applies an operation to a state; `None` where it is not valid there, and then nothing is changed.
pub fn apply(state: &State, operation: &Operation) -> Option<Applied> {
    let mut after = state.clone();
    let lowered = after.lower(operation, &Context { lenient: true, ..Context::default() });
    if lowered.diagnostics.iter().any(Diagnostic::is_error) {
        assert!(lowered.changes.is_empty(), "{}: an operation with an error comes to nothing", operation.title());
        assert_eq!(after.differences(state), Vec::<String>::new(), "{}", operation.title());
        return None;
    }
    let mut inverses = Vec::new();
    for change in &lowered.changes {
        let inverse = after.apply(change);
        let inverse =
            inverse.unwrap_or_else(|error| panic!("{} is valid and does not apply: {error}", operation.title()));
        inverses.extend(inverse);
    }
    inverses.reverse();
    Some(Applied { after, changes: lowered.changes, inverses, warnings: lowered.diagnostics })
}

/// A valid operation on a state, of some verbs, and what it makes of it. The first few of a history create things.
pub fn step(state: &State, verbs: &[Verb], number: usize, numbers: &mut Numbers) -> Option<(Made, Applied)> {
    const FIRST: [Verb; 4] = [Verb::CreateEnum, Verb::CreateTable, Verb::CreateTable, Verb::CreateTable];
    for _ in 0..60 {
        let verb = FIRST.get(number).copied().unwrap_or_else(|| verbs[numbers.place(verbs.len())]);
        let drops =
            verb.name.starts_with("drop_") && matches!(verb.object, Shape::Existing(Thing::Table | Thing::Schema));
        // What deletes everything leaves nothing to look at, and after SQL that cannot be read little is sure.
        let rare = drops || matches!(verb, Verb::Sql | Verb::SqlFile);
        if rare && numbers.below(3) > 0 {
            continue;
        }
        let Some(made) = make(state, verb, None, numbers) else { continue };
        if let Some(applied) = apply(state, &made.operation) {
            return Some((made, applied));
        }
    }
    None
}

/// Valid operations of some verbs, one after the other from the empty state.
pub fn history(backend: Backend, verbs: &[Verb], steps: usize, numbers: &mut Numbers) -> Vec<Made> {
    let mut state = State::empty(backend);
    let mut all = Vec::new();
    for number in 0..steps {
        let Some((made, applied)) = step(&state, verbs, number, numbers) else { break };
        state = applied.after;
        all.push(made);
    }
    all
}

/// Operations on a state: each verb a few times, then some of its keys, each where it can be. Valid or not, none twice.
pub fn neighbours(state: &State, verbs: &[Verb], each: usize, keys: usize, numbers: &mut Numbers) -> Vec<Made> {
    let mut all: Vec<Made> = Vec::new();
    for verb in verbs {
        let paths = paths(*verb, None);
        for at in 0..each + keys {
            let wanted = if at < each { None } else { paths.get(numbers.place(paths.len())) };
            let made = make(state, *verb, wanted.map(String::as_str), numbers);
            all.extend(made.filter(|made| !all.iter().any(|other| other.toml == made.toml)));
        }
    }
    all
}

/// The shortest history still found that fails as this one does, by leaving out operations; those that are not valid any more
/// are passed over by whoever looks.
pub fn shortest(mut history: Vec<Made>, fails: impl Fn(&[Made]) -> bool) -> Vec<Made> {
    let mut at = history.len();
    while at > 0 {
        at -= 1;
        let mut shorter = history.clone();
        shorter.remove(at);
        if fails(&shorter) {
            history = shorter;
        }
    }
    history
}

/// A history for people, as migrations would have it.
pub fn shown(history: &[Made]) -> String {
    history.iter().map(|made| made.toml.as_str()).collect::<Vec<_>>().join("\n")
}
