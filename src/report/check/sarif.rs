//! SARIF 2.1.0, as code hosts take it (OASIS, <https://docs.oasis-open.org/sarif/sarif/v2.1.0/>).
//! Every rule is in the log with its page, so a result can be read without this program.

use serde_json::{Map, Value, json};

use super::CheckPage;
use crate::check::rules::{RULES, Rule};
use crate::diagnostic::{Diagnostic, Label, Severity, Sources};

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// The whole log of a check.
pub(super) fn log(page: &CheckPage<'_>) -> Value {
    let rules: Vec<Value> = RULES.iter().map(rule).collect();
    let results: Vec<Value> = page.diagnostics.iter().map(|found| result(found, page.sources)).collect();
    let driver = json!({ "name": "dbmigrate", "semanticVersion": env!("CARGO_PKG_VERSION"), "rules": rules });
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{ "tool": { "driver": driver }, "columnKind": "unicodeCodePoints", "results": results }],
    })
}

fn rule(rule: &Rule) -> Value {
    json!({
        "id": rule.code.as_str(),
        "shortDescription": { "text": rule.meaning() },
        "help": { "text": rule.page, "markdown": rule.page },
        "defaultConfiguration": { "level": level(rule.severity()) },
    })
}

fn result(found: &Diagnostic, sources: &Sources) -> Value {
    let notes = found.notes.iter().map(|note| format!("\n{note}"));
    let help = found.help.iter().map(|help| format!("\nhelp: {help}"));
    let message: String = std::iter::once(found.message.clone()).chain(notes).chain(help).collect();
    let properties = [
        ("migration", found.migration.clone()),
        ("backend", found.backend.map(|backend| backend.name().to_owned())),
        ("direction", found.direction.map(|direction| direction.to_string())),
    ];
    let properties: Map<String, Value> =
        properties.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.into()))).collect();
    let mut locations = found.labels.iter().filter_map(|label| location(label, sources));
    let mut result = json!({
        "ruleId": found.code.as_str(),
        "ruleIndex": RULES.iter().position(|rule| rule.code == found.code),
        "level": level(found.severity),
        "message": { "text": message },
        "locations": locations.by_ref().take(1).collect::<Vec<_>>(),
        "relatedLocations": locations.collect::<Vec<_>>(),
        "properties": properties,
    });
    without_empty(&mut result);
    result
}

/// Lines and columns from 1; the end column is the one after the last character.
fn location(label: &Label, sources: &Sources) -> Option<Value> {
    let at = sources.location(label.span)?;
    let mut location = json!({
        "message": (!label.text.is_empty()).then(|| json!({ "text": label.text })),
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&at.file) },
            "region": {
                "startLine": at.line,
                "startColumn": at.column,
                "endLine": at.end_line,
                "endColumn": at.end_column,
            },
        },
    });
    without_empty(&mut location);
    Some(location)
}

/// Leaves out what says nothing.
fn without_empty(object: &mut Value) {
    let is_empty = |value: &Value| {
        value.is_null() || value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty)
    };
    if let Value::Object(fields) = object {
        fields.retain(|_, value| !is_empty(value));
    }
}

/// A path as a relative or absolute URI reference (RFC 3986): `/` between parts, all else that
/// is not plain written in percents.
fn uri(path: &str) -> String {
    let path = path.replace('\\', "/");
    let mut text = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    if text.starts_with('/') { format!("file://{text}") } else { text }
}
