//! Tables of the manifest made from the grammar alone: a smallest one, and for each key another one that has it.

use dbmigrate::grammar::{Form, Place, Shape, Verb};

/// The entries of a table, each as a line of TOML, and which key they are to show, as a path.
#[derive(Debug, Clone)]
pub struct Sample {
    pub shows: String,
    pub entries: Vec<String>,
}

/// The smallest table of a kind: with the keys that it cannot go without.
pub fn smallest(place: &Place) -> Vec<String> {
    needed(place).iter().map(line).collect()
}

/// The verb of an operation, with its value.
pub fn object(verb: Verb) -> String {
    line(&(verb.name, value(&verb.object)))
}

/// The smallest operation of a verb.
pub fn smallest_operation(verb: Verb) -> Vec<String> {
    [vec![object(verb)], smallest(&verb.place)].concat()
}

/// For each key of a table, and each way to write it: the smallest table, with that key besides or in place of its own.
pub fn each_key(place: &Place) -> Vec<Sample> {
    let mut samples = Vec::new();
    for key in place.keys() {
        for (within, value) in values(&key.shape) {
            let mut entries = needed(place);
            let other = place.one_of.first().is_some_and(|keys| !keys.contains(&key.name));
            let instead = other && place.one_of.iter().any(|keys| keys.contains(&key.name));
            entries.retain(|(name, _)| *name != key.name && !(instead && place.one_of[0].contains(name)));
            entries.push((key.name, value));
            let entries = entries.iter().map(line).collect();
            samples.push(Sample { shows: format!("{}{within}", key.name), entries });
        }
    }
    samples
}

/// The keys that a table cannot go without, each with a value.
fn needed(place: &Place) -> Vec<(&'static str, String)> {
    let one_of = place.one_of.first().copied().unwrap_or_default();
    let needed = place.keys().filter(|key| key.required || one_of.contains(&key.name));
    needed.map(|key| (key.name, value(&key.shape))).collect()
}

fn line((key, value): &(&'static str, String)) -> String {
    format!("{key} = {value}")
}

fn value(shape: &Shape) -> String {
    match *shape {
        Shape::Table(place) => format!("{{ {} }}", smallest(place).join(", ")),
        Shape::List(0, _) => "[]".to_owned(),
        Shape::List(_, of) | Shape::Set(of) => format!("[{}]", value(of)),
        Shape::ByName(_, _, of) => format!("{{ c = {} }}", value(of)),
        Shape::Either(shapes) => value(&shapes[0]),
        _ => values(shape).remove(0).1,
    }
}

/// The ways to write a value, each with the path of what it shows.
fn values(shape: &Shape) -> Vec<(String, String)> {
    let all = |texts: &[&str]| texts.iter().map(|text| (String::new(), (*text).to_owned())).collect();
    match *shape {
        Shape::Boolean => all(&["true", "false"]),
        Shape::Count => all(&["3"]),
        Shape::Integer => all(&["3", "-3"]),
        Shape::String | Shape::AnyString => all(&["'x'", "'y'"]),
        Shape::Word(words) => words.iter().map(|word| (String::new(), format!("'{word}'"))).collect(),
        Shape::Version => all(&["7", "'8'"]),
        Shape::Name => all(&["'c'", "'d'"]),
        Shape::New(thing) | Shape::Existing(thing) => match thing.form() {
            Form::Qualified => all(&["'t'", "'s.t'", "{ table = 't' }", "{ schema = 's', table = 't' }"]),
            Form::Column => all(&["'t.c'", "'s.t.c'", "{ table = 't', column = 'c' }"]),
            Form::Function => all(&["'f(integer)'", "'s.f()'"]),
            Form::Bare | Form::Any => all(&["'c'", "'d'"]),
        },
        Shape::Text(_) => all(&["'SELECT 1'", "{ sqlite = 'SELECT 1', default = 'SELECT 2' }"]),
        Shape::Type => all(&["'text'", "{ postgres = 'geometry', default = 'text' }"]),
        Shape::Value => all(&["7", "'a'", "{ expr = 'SELECT 1' }", "{ hex = '00ff' }", "[1]", "1.5", "2026-01-31"]),
        Shape::Backend => all(&["'sqlite'", "'postgres'"]),
        Shape::Checks => all(&["{ version-inversion = 'deny' }"]),
        Shape::Operation => all(&["{ note = 'x' }"]),
        Shape::Table(place) => {
            let table = |entries: &[String]| format!("{{ {} }}", entries.join(", "));
            let sample = |sample: Sample| (format!(".{}", sample.shows), table(&sample.entries));
            each_key(place).into_iter().map(sample).collect()
        }
        Shape::List(_, of) | Shape::Set(of) => {
            values(of).into_iter().map(|(within, value)| (within, format!("[{value}]"))).collect()
        }
        Shape::ByName(_, _, of) => {
            values(of).into_iter().map(|(within, value)| (within, format!("{{ c = {value} }}"))).collect()
        }
        Shape::Either(shapes) => shapes.iter().flat_map(values).collect(),
    }
}
