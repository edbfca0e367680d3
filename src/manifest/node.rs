//! A node: a file `VERSION_name.toml`, or an inline `[[migration]]`.

use std::sync::Arc;

use super::operations::{Way, operation};
use super::places::{INLINE_NODE, NODE, Place};
use super::walk::{Table, Val, Walk};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::ident::Version;
use crate::operation::{Body, Migration, Operation, Requirement};

/// The form of a node file's name, for messages.
const FORM: &str = "a migration's file is called `VERSION_name.toml`, as in `20260103090000_create_posts.toml`";

/// Version and name from a node file's name (the last part of its path).
pub(super) fn identity_from_file(walk: &mut Walk<'_, '_>, file_name: &str) -> Option<(Version, String)> {
    let head = Span::new(walk.file, 0..0);
    let stem = file_name.strip_suffix(".toml").unwrap_or(file_name);
    let digits = stem.bytes().take_while(u8::is_ascii_digit).count();
    let (version, rest) = stem.split_at(digits);
    let Some(name) = rest.strip_prefix('_').filter(|_| digits > 0) else {
        walk.wrong_help(head, format!("`{file_name}` is not the name of a migration"), FORM);
        return None;
    };
    let version = match version.parse::<Version>() {
        Ok(version) => version,
        Err(why) => {
            walk.wrong_help(head, format!("`{file_name}` has no version: {why}"), FORM);
            return None;
        }
    };
    if let Some(problem) = name_problem(name) {
        walk.wrong_help(head, format!("`{file_name}`: {problem}"), FORM);
        return None;
    }
    Some((version, name.to_owned()))
}

fn name_problem(name: &str) -> Option<&'static str> {
    if name.trim().is_empty() {
        Some("a migration's name cannot be empty")
    } else if name.bytes().all(|b| b.is_ascii_digit()) {
        Some("a migration's name cannot be all digits, which would read as a version")
    } else if name.chars().any(char::is_control) {
        Some("a migration's name cannot hold control characters")
    } else {
        None
    }
}

/// Version and name of an inline node.
fn identity_inline(walk: &mut Walk<'_, '_>, table: &mut Table<'_>) -> Option<(Version, String)> {
    let version = table.take("version");
    let name = table.take("name");
    for (key, val) in [("version", &version), ("name", &name)] {
        if val.is_none() {
            walk.missing(table.span, &INLINE_NODE, key);
        }
    }
    let name = name.and_then(|val| {
        let name = walk.string(val)?;
        match name_problem(name) {
            Some(problem) => {
                walk.wrong(val.span, problem);
                None
            }
            None => Some(name.to_owned()),
        }
    });
    let version = version.and_then(|val| {
        let text = match val.value {
            toml::de::DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
            toml::de::DeValue::String(text) => text.as_ref(),
            _ => {
                walk.wrong_kind(val, "a version: a whole number above 0");
                return None;
            }
        };
        match text.parse::<Version>() {
            Ok(version) => Some(version),
            Err(why) => {
                walk.wrong(val.span, format!("`{text}` is no version: {why}"));
                None
            }
        }
    });
    Some((version?, name?))
}

/// Reads a node file; `None` where its name gives no version and name.
pub(super) fn file(walk: &mut Walk<'_, '_>, file_name: &str, mut table: Table<'_>) -> Option<Migration> {
    let identity = identity_from_file(walk, file_name);
    walk.migration = identity.as_ref().map(|(_, name)| name.clone());
    let head = Span::new(walk.file, 0..0);
    migration(walk, identity, &mut table, head, &NODE)
}

/// Reads an inline node; `None` where it has no version or name.
pub(super) fn inline(walk: &mut Walk<'_, '_>, mut table: Table<'_>) -> Option<Migration> {
    walk.migration = table.get("name").and_then(|val| val.as_str()).map(ToOwned::to_owned);
    let identity = identity_inline(walk, &mut table);
    let span = table.span;
    let migration = migration(walk, identity, &mut table, span, &INLINE_NODE);
    walk.migration = None;
    migration
}

fn migration(
    walk: &mut Walk<'_, '_>,
    identity: Option<(Version, String)>,
    table: &mut Table<'_>,
    span: Span,
    place: &Place,
) -> Option<Migration> {
    let description = table.take("description").and_then(|val| walk.string(val)).map(ToOwned::to_owned);
    let requires = table.take("requires");
    let requires_span = requires.map_or_else(|| requires_place(table, span), |val| val.span);
    let requires = requires.map(|val| requirements(walk, val)).unwrap_or_default();
    let transaction = table.take("transaction").and_then(|val| walk.boolean(val)).unwrap_or(true);
    let backends = table.take("backends").and_then(|val| walk.backends(val));
    let outer = walk.covering.clone();
    if let Some(backends) = &backends {
        walk.covering.retain(|backend| backends.contains(backend));
    }
    let irreversible = table.take("irreversible").and_then(|val| {
        if let Some(down) = table.get("down") {
            let message = "`irreversible` and `[[down]]` contradict each other";
            walk.report(Diagnostic::new(Code::WrongValue, message).at(val.span, "").at(down.key_span, "a way down"));
        }
        irreversible(walk, val)
    });
    let up = match table.take("up") {
        Some(val) => operations(walk, val, Way::Up),
        None => {
            // Operations without a header, or under another name, are reported as that.
            let meant = |val: Val<'_>| {
                super::operations::verb(val.key).is_some() || super::mistakes::stands_for(place, val.key) == Some("up")
            };
            if !table.rest().any(meant) {
                walk.wrong_help(
                    span,
                    "this migration does nothing: it has no `[[up]]`",
                    "`up = []` says that this is meant",
                );
            }
            Vec::new()
        }
    };
    let down = table.take("down").map(|val| operations(walk, val, Way::Down));
    walk.finish(table, place);
    walk.covering = outer;
    let (version, name) = identity?;
    let body = Body { up, down, transaction, backends, irreversible };
    Some(Migration { version, name, description, requires, body: Arc::new(body), span, requires_span })
}

/// Where `requires` would be added: behind the last plain key of the node, else at its start.
fn requires_place(table: &Table<'_>, span: Span) -> Span {
    let plain = ["version", "name", "description", "transaction", "backends", "irreversible"];
    let end = table.iter().filter(|val| plain.contains(&val.key) && !val.is_table()).map(|val| val.span.end).max();
    match end {
        Some(end) => Span { start: end, end, ..span },
        None => Span { start: span.end, ..span },
    }
}

fn requirements(walk: &mut Walk<'_, '_>, val: Val<'_>) -> Vec<Requirement> {
    let Some(items) = walk.list(val) else { return Vec::new() };
    let mut requirements: Vec<Requirement> = Vec::with_capacity(items.len());
    for item in items {
        if matches!(item.value, toml::de::DeValue::Integer(_)) {
            walk.wrong_help(
                item.span,
                "`requires` lists migrations by name, not by version",
                "`requires = [\"create_users\"]`",
            );
        } else if let Some(name) = walk.name(item) {
            requirements.push(Requirement { name, span: item.span });
        }
    }
    requirements
}

/// `irreversible`: the reason, in words.
pub(super) fn irreversible(walk: &mut Walk<'_, '_>, val: Val<'_>) -> Option<String> {
    if matches!(val.value, toml::de::DeValue::Boolean(_)) {
        walk.wrong_help(
            val.span,
            "`irreversible` says why there is no way down",
            "`irreversible = \"the old values are gone\"`",
        );
        return None;
    }
    walk.filled_string(val).map(ToOwned::to_owned)
}

/// `[[up]]` or `[[down]]`.
fn operations(walk: &mut Walk<'_, '_>, val: Val<'_>, way: Way) -> Vec<Operation> {
    let key = val.key;
    if val.is_table() {
        walk.wrong_help(
            val.span,
            format!("`{key}` is a list of operations"),
            format!("write its header with two brackets: `[[{key}]]`"),
        );
        // What is in it is read all the same, for its own mistakes.
        return operation(walk, val, way).into_iter().collect();
    }
    if let Some(text) = val.as_str() {
        let message = format!("`{key}` is a list of operations, not a string");
        walk.wrong_help(
            val.span,
            message,
            format!("SQL is an operation too: `[[{key}]]`, and below it `sql = {text:?}`"),
        );
        return Vec::new();
    }
    let Some(items) = walk.list(val) else { return Vec::new() };
    let mut operations = Vec::with_capacity(items.len());
    operations.extend(items.into_iter().filter_map(|item| operation(walk, item, way)));
    operations
}
