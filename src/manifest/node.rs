//! A node: a file `VERSION_name.toml`, or an inline `[[migration]]`.

use std::sync::Arc;

use super::keys::Keys;
use super::operations::{Way, operation};
use super::reader::{Reader, Table, Val};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::grammar::{INLINE_NODE, NODE};
use crate::ident::Version;
use crate::operation::{Body, Migration, Operation, Requirement};

/// The form of a node file's name, for messages.
const FORM: &str = "a migration's file is called `VERSION_name.toml`, as in `20260103090000_create_posts.toml`";

/// Version and name from a node file's name (the last part of its path).
pub(super) fn identity_from_file(reader: &mut Reader, file_name: &str) -> Option<(Version, String)> {
    let head = Span::new(reader.file, 0..0);
    let stem = file_name.strip_suffix(".toml").unwrap_or(file_name);
    let digits = stem.bytes().take_while(u8::is_ascii_digit).count();
    let (version, rest) = stem.split_at(digits);
    let Some(name) = rest.strip_prefix('_').filter(|_| digits > 0) else {
        reader.wrong_help(head, format!("`{file_name}` is not the name of a migration"), FORM);
        return None;
    };
    let version = match version.parse::<Version>() {
        Ok(version) => version,
        Err(why) => {
            reader.wrong_help(head, format!("`{file_name}` has no version: {why}"), FORM);
            return None;
        }
    };
    if let Some(problem) = name_problem(name) {
        reader.wrong_help(head, format!("`{file_name}`: {problem}"), FORM);
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
fn identity_inline(keys: &mut Keys) -> Option<(Version, String)> {
    let name = keys.read("name", |reader, val| {
        let name = reader.any_string(val)?;
        let problem = name_problem(name);
        if let Some(problem) = problem {
            reader.wrong(val.span, problem);
        }
        problem.is_none().then(|| name.to_owned())
    });
    let version = keys.read("version", |reader, val| {
        let text = match val.as_str() {
            Some(text) => text.to_owned(),
            None => reader.integer(val, 0..=u128::MAX, "a version: a whole number above 0")?.to_string(),
        };
        text.parse().map_err(|why| reader.wrong(val.span, format!("`{text}` is not a version: {why}"))).ok()
    });
    Some((version?, name?))
}

/// Reads a node file; `None` where its name gives no version and name.
pub(super) fn file(reader: &mut Reader, file_name: &str, table: Table<'_>) -> Option<Migration> {
    let identity = identity_from_file(reader, file_name);
    reader.migration = identity.as_ref().map(|(_, name)| name.clone());
    let head = Span::new(reader.file, 0..0);
    migration(&mut Keys::of(reader, table, &NODE), identity, head)
}

/// Reads an inline node; `None` where it has no version or name.
pub(super) fn inline(reader: &mut Reader, table: Table<'_>) -> Option<Migration> {
    reader.migration = table.get("name").and_then(|val| val.as_str()).map(ToOwned::to_owned);
    let span = table.span;
    let mut keys = Keys::of(reader, table, &INLINE_NODE);
    let identity = identity_inline(&mut keys);
    let migration = migration(&mut keys, identity, span);
    reader.migration = None;
    migration
}

fn migration(keys: &mut Keys, identity: Option<(Version, String)>, span: Span) -> Option<Migration> {
    let description = keys.read("description", |reader, val| reader.any_string(val).map(str::to_owned));
    let requires_span = keys.span("requires").unwrap_or_else(|| requires_place(keys, span));
    let requires = keys.read("requires", requirements).unwrap_or_default();
    let transaction = keys.boolean("transaction").unwrap_or(true);
    let backends = keys.read("backends", Reader::backends);
    let outer = keys.reader.covering.clone();
    if let Some(backends) = &backends {
        keys.reader.covering.retain(|backend| backends.contains(backend));
    }
    let irreversible = keys.read("irreversible", Reader::reason);
    if let (Some(span), Some(down)) = (keys.span("irreversible"), keys.key_span("down")) {
        let message = "`irreversible` and `[[down]]` contradict each other";
        keys.reader.report(Diagnostic::new(Code::WrongValue, message).at(span, "").at(down, "a way down"));
    }
    let up = keys.read("up", |reader, val| Some(operations(reader, val, Way::Up))).unwrap_or_default();
    let down = keys.read("down", |reader, val| Some(operations(reader, val, Way::Down)));
    keys.reader.covering = outer;
    let (version, name) = identity?;
    let body = Body { up, down, transaction, backends, irreversible };
    Some(Migration { version, name, description, requires, body: Arc::new(body), span, requires_span })
}

/// Where `requires` would be added: behind the last plain key of the node, else at its start.
fn requires_place(keys: &Keys, span: Span) -> Span {
    let plain = ["version", "name", "description", "transaction", "backends", "irreversible"];
    let end = plain.iter().filter_map(|key| keys.span(key)).map(|span| span.end).max();
    match end {
        Some(end) => Span { start: end, end, ..span },
        None => Span { start: span.end, ..span },
    }
}

fn requirements(reader: &mut Reader, val: Val<'_>) -> Option<Vec<Requirement>> {
    let items = reader.list(val)?;
    let mut requirements: Vec<Requirement> = Vec::with_capacity(items.len());
    for item in items {
        if matches!(item.value, toml::de::DeValue::Integer(_)) {
            reader.wrong_help(
                item.span,
                "`requires` lists migrations by name, not by version",
                "`requires = [\"create_users\"]`",
            );
        } else if let Some(name) = reader.name(item) {
            requirements.push(Requirement { name, span: item.span });
        }
    }
    Some(requirements)
}

/// `[[up]]` or `[[down]]`.
fn operations(reader: &mut Reader, val: Val<'_>, way: Way) -> Vec<Operation> {
    let key = val.key;
    if val.is_table() {
        reader.wrong_help(
            val.span,
            format!("`{key}` is a list of operations"),
            format!("write its header with two brackets: `[[{key}]]`"),
        );
        // What is in it is read all the same, for its own mistakes.
        return operation(reader, val, way).into_iter().collect();
    }
    if let Some(text) = val.as_str() {
        let message = format!("`{key}` is a list of operations, not a string");
        reader.wrong_help(
            val.span,
            message,
            format!("SQL is an operation too: `[[{key}]]`, and below it `sql = {text:?}`"),
        );
        return Vec::new();
    }
    let Some(items) = reader.list(val) else { return Vec::new() };
    let mut operations = Vec::with_capacity(items.len());
    operations.extend(items.into_iter().filter_map(|item| operation(reader, item, way)));
    operations
}
