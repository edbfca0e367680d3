//! Workflow commands: GitHub shows each finding beside its line in a pull request.
//! <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>

use std::io::{self, Write};

use super::CheckPage;
use super::text::closing;
use crate::diagnostic::Severity;
use crate::report::Paint;

pub(super) fn write(page: &CheckPage<'_>, out: &mut dyn Write) -> io::Result<()> {
    for found in page.diagnostics.iter().filter(|found| !page.quiet || found.is_error()) {
        let command = match found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let mut properties = Vec::new();
        if let Some(at) = found.labels.first().and_then(|label| page.sources.location(label.span)) {
            properties.push(format!("file={}", property(&at.file)));
            properties.push(format!("line={}", at.line));
            properties.push(format!("endLine={}", at.end_line));
            // Columns are taken only within one line.
            if at.line == at.end_line {
                properties.push(format!("col={}", at.column));
                properties.push(format!("endColumn={}", at.end_column));
            }
        }
        properties.push(format!("title={}", property(found.code.as_str())));
        let mut lines = vec![found.message.clone()];
        if let Some(backend) = found.backend {
            lines.push(format!("on {}", backend.title()));
        }
        lines.extend(found.notes.iter().cloned());
        lines.extend(found.help.iter().map(|help| format!("help: {help}")));
        writeln!(out, "::{command} {}::{}", properties.join(","), data(&lines.join("\n")))?;
    }
    closing(page, Paint::default(), out)
}

/// A message: line ends would end the command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property's value: colons and commas would end it, too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
