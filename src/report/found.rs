//! Diagnostics for programs: the form D of the JSON contracts.

use serde::Serialize;

use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, Direction, Fix, Location, Severity, Sources};

/// A diagnostic as it is serialized.
#[derive(Debug, Serialize)]
pub struct DiagnosticJson<'a> {
    code: Code,
    severity: Severity,
    message: &'a str,
    migration: Option<&'a str>,
    related: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    backend: Option<Backend>,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<Direction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    witness: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Location>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    fix: Option<&'a Fix>,
}

/// Diagnostics in the order found.
#[must_use]
pub fn diagnostics<'a>(diagnostics: &'a [Diagnostic], sources: &Sources) -> Vec<DiagnosticJson<'a>> {
    diagnostics
        .iter()
        .map(|diagnostic| DiagnosticJson {
            code: diagnostic.code,
            severity: diagnostic.severity,
            message: &diagnostic.message,
            migration: diagnostic.migration.as_deref(),
            related: &diagnostic.related,
            backend: diagnostic.backend,
            direction: diagnostic.direction,
            witness: diagnostic.witness.as_deref(),
            location: diagnostic.labels.first().and_then(|label| sources.location(label.span)),
            help: diagnostic.help.as_deref(),
            fix: diagnostic.fix.as_ref(),
        })
        .collect()
}
