//! SARIF 2.1.0, as code hosts take it (OASIS, <https://docs.oasis-open.org/sarif/sarif/v2.1.0/>).
//! Every rule is in the log with its page, so a result can be read without this program.

use std::collections::BTreeMap;

use serde::Serialize;

use super::CheckPage;
use crate::check::rules::{RULES, Rule};
use crate::diagnostic::{Diagnostic, Label, Severity, Sources};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// A whole log.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool,
    column_kind: &'static str,
    results: Vec<SarifResult<'a>>,
}

#[derive(Debug, Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Descriptor>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: &'static str,
    short_description: Text<'static>,
    help: Help,
    default_configuration: Configuration,
}

#[derive(Debug, Serialize)]
struct Help {
    text: &'static str,
    markdown: &'static str,
}

#[derive(Debug, Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Debug, Serialize)]
struct Text<'a> {
    text: std::borrow::Cow<'a, str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult<'a> {
    rule_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Text<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Location<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    properties: BTreeMap<&'static str, String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    physical_location: Physical,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Debug, Serialize)]
struct Artifact {
    uri: String,
}

/// Lines and columns from 1; the end column is the one behind the last character.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

impl<'a> Log<'a> {
    pub(super) fn of(page: &CheckPage<'a>) -> Self {
        let driver = Driver {
            name: "dbmigrate",
            semantic_version: env!("CARGO_PKG_VERSION"),
            rules: RULES.iter().map(descriptor).collect(),
        };
        let results = page.diagnostics.iter().map(|found| result(found, page.sources)).collect();
        let run = Run { tool: Tool { driver }, column_kind: "unicodeCodePoints", results };
        Self { schema: SCHEMA, version: "2.1.0", runs: [run] }
    }
}

fn descriptor(rule: &Rule) -> Descriptor {
    Descriptor {
        id: rule.code.as_str(),
        short_description: Text { text: rule.meaning().into() },
        help: Help { text: rule.page, markdown: rule.page },
        default_configuration: Configuration { level: level(rule.severity()) },
    }
}

fn result<'a>(found: &'a Diagnostic, sources: &Sources) -> SarifResult<'a> {
    let mut message = found.message.clone();
    for note in &found.notes {
        message.push_str(&format!("\n{note}"));
    }
    if let Some(help) = &found.help {
        message.push_str(&format!("\nhelp: {help}"));
    }
    let mut properties = BTreeMap::new();
    if let Some(migration) = &found.migration {
        properties.insert("migration", migration.clone());
    }
    if let Some(backend) = found.backend {
        properties.insert("backend", backend.name().to_owned());
    }
    if let Some(direction) = found.direction {
        properties.insert("direction", direction.to_string());
    }
    let mut labels = found.labels.iter().filter_map(|label| location(label, sources));
    SarifResult {
        rule_id: found.code.as_str(),
        rule_index: RULES.iter().position(|rule| rule.code == found.code),
        level: level(found.severity),
        message: Text { text: message.into() },
        locations: labels.by_ref().take(1).collect(),
        related_locations: labels.collect(),
        properties,
    }
}

fn location<'a>(label: &'a Label, sources: &Sources) -> Option<Location<'a>> {
    let at = sources.location(label.span)?;
    let message = (!label.text.is_empty()).then(|| Text { text: label.text.as_str().into() });
    let region =
        Region { start_line: at.line, start_column: at.column, end_line: at.end_line, end_column: at.end_column };
    Some(Location {
        physical_location: Physical { artifact_location: Artifact { uri: uri(&at.file) }, region },
        message,
    })
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
