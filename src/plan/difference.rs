//! In what two lists of operations differ, in the manifest's words: the first operation, and within it the
//! innermost value.

use serde_json::Value;

use crate::diagnostic::Span;
use crate::operation::{DataType, Operation};

#[derive(Debug)]
pub(super) struct Difference {
    pub(super) notes: Vec<String>,
    /// Where it is now.
    pub(super) span: Span,
}

/// The first operation in which two lists differ, and what of it does.
pub(super) fn first_difference(then: &[Operation], now: &[Operation]) -> Option<Difference> {
    let longest = then.len().max(now.len());
    (0..longest).find_map(|at| {
        let span = now.get(at).map_or(Span::NONE, |operation| operation.spans.object());
        let nth = at + 1;
        let notes = match (then.get(at), now.get(at)) {
            (Some(then), Some(now)) => {
                let (before, after) = (json(then), json(now));
                if before == after {
                    return None;
                }
                if then.title() == now.title() {
                    let (path, before, after) = inside(&before, &after);
                    let path = if path.is_empty() { now.verb().to_owned() } else { path };
                    vec![
                        format!("operation {nth}, `{}`, is the first that differs", now.title()),
                        changed(&path, &before, &after),
                    ]
                } else {
                    vec![format!("operation {nth} was `{}`, and is `{}`", then.title(), now.title())]
                }
            }
            (Some(then), None) => vec![format!("operation {nth}, `{}`, was there, and is not", then.title())],
            (None, Some(now)) => vec![format!("operation {nth}, `{}`, is new", now.title())],
            (None, None) => return None,
        };
        Some(Difference { notes, span })
    })
}

/// A difference in a node's own `irreversible`.
pub(super) fn of_irreversible(then: Option<&str>, now: Option<&str>) -> String {
    changed("irreversible", &json(&then), &json(&now))
}

fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

/// The innermost place at which two values differ, with both of its values.
fn inside(then: &Value, now: &Value) -> (String, Value, Value) {
    let (mut then, mut now) = (then.clone(), now.clone());
    let mut path = String::new();
    loop {
        // A type and a value are one word each in a manifest.
        let whole = path.rsplit('.').next() == Some("type") || literal(&then).is_some() || literal(&now).is_some();
        let Some((key, a, b)) = next(&then, &now).filter(|_| !whole) else { return (path, then, now) };
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(&key);
        match (a, b) {
            (Some(a), Some(b)) => (then, now) = (a, b),
            (a, b) => return (path, a.unwrap_or(Value::Null), b.unwrap_or(Value::Null)),
        }
    }
}

/// The first key, or place in a list, at which two values differ. Things with names are told by them.
fn next(then: &Value, now: &Value) -> Option<(String, Option<Value>, Option<Value>)> {
    match (then, now) {
        (Value::Object(a), Value::Object(b)) => {
            let key = a.keys().chain(b.keys()).find(|key| a.get(*key) != b.get(*key))?;
            Some((key.clone(), a.get(key).cloned(), b.get(key).cloned()))
        }
        (Value::Array(a), Value::Array(b)) => {
            let named = |list: &[Value], name: &str| list.iter().find(|one| name_of(one) == Some(name)).cloned();
            let all = a.iter().chain(b);
            if all.clone().next().is_some() && all.clone().all(|one| name_of(one).is_some()) {
                let mut names = all.filter_map(name_of);
                // Where only the order differs, the whole lists are told.
                let name = names.find(|name| named(a, name) != named(b, name))?;
                return Some((name.to_owned(), named(a, name), named(b, name)));
            }
            let at = (0..a.len().max(b.len())).find(|at| a.get(*at) != b.get(*at))?;
            Some(((at + 1).to_string(), a.get(at).cloned(), b.get(at).cloned()))
        }
        _ => None,
    }
}

fn name_of(value: &Value) -> Option<&str> {
    value.get("name").and_then(Value::as_str)
}

/// A literal, or an expression, as it is stored: an object with one word in it.
fn literal(value: &Value) -> Option<&Value> {
    let Value::Object(object) = value else { return None };
    let mut all = object.iter();
    match (all.next(), all.next()) {
        (Some((kind, inner)), None) => match kind.as_str() {
            "literal" | "expr" => literal(inner).or(Some(inner)),
            "bool" | "integer" | "float" | "string" | "date" | "time" | "date_time" | "offset_date_time" => Some(inner),
            _ => None,
        },
        _ => None,
    }
}

fn changed(path: &str, then: &Value, now: &Value) -> String {
    format!("{path}: before {}, now {}", shown(then), shown(now))
}

fn shown(value: &Value) -> String {
    const MOST: usize = 80;
    let text = words(value).unwrap_or_else(|| value.to_string());
    if text.chars().count() > MOST { format!("{}…", text.chars().take(MOST - 1).collect::<String>()) } else { text }
}

/// A value in the manifest's words, where there are such.
fn words(value: &Value) -> Option<String> {
    if let Ok(data_type) = serde_json::from_value::<DataType>(value.clone()) {
        return Some(data_type.to_string());
    }
    if let Some(inner) = literal(value) {
        return Some(inner.as_str().map_or_else(|| inner.to_string(), str::to_owned));
    }
    match value {
        Value::Null => Some("not there".to_owned()),
        Value::Array(list) => {
            let names: Option<Vec<&str>> = list.iter().map(|one| name_of(one).or_else(|| one.as_str())).collect();
            names.filter(|names| !names.is_empty()).map(|names| names.join(", "))
        }
        // A column is its type first of all.
        Value::Object(object) if name_of(value).is_some() => words(object.get("type")?),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => None,
    }
}
