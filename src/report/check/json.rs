//! A check for programs. The names are a contract (`format_version` 1).

use serde::Serialize;

use super::CheckPage;
use crate::diagnostic::Severity;
use crate::report::found::{DiagnosticJson, diagnostics};

/// A check as it is serialized.
#[derive(Debug, Serialize)]
pub(super) struct CheckJson<'a> {
    format_version: u32,
    summary: Summary,
    diagnostics: Vec<DiagnosticJson<'a>>,
}

#[derive(Debug, Serialize)]
struct Summary {
    migrations: usize,
    errors: usize,
    warnings: usize,
}

impl<'a> CheckJson<'a> {
    pub(super) fn of(page: &CheckPage<'a>) -> Self {
        let count = |severity| page.diagnostics.iter().filter(|found| found.severity == severity).count();
        Self {
            format_version: crate::report::FORMAT_VERSION,
            summary: Summary {
                migrations: page.migrations,
                errors: count(Severity::Error),
                warnings: count(Severity::Warning),
            },
            diagnostics: diagnostics(page.diagnostics, page.sources),
        }
    }
}
