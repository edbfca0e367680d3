//! A check for people: each finding drawn, then what was checked and what was proved.

use std::io::{self, Write};

use super::CheckPage;
use crate::diagnostic::{Diagnostic, Severity};
use crate::report::Paint;
use crate::report::diagnostics::render_text;
use crate::report::words;

pub(super) fn write(page: &CheckPage<'_>, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let shown: Vec<Diagnostic> =
        page.diagnostics.iter().filter(|found| !page.quiet || found.is_error()).cloned().collect();
    out.write_all(render_text(&shown, page.sources, paint).as_bytes())?;
    closing(page, paint, out)
}

/// The last lines: what was checked, and what was proved.
pub(super) fn closing(page: &CheckPage<'_>, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let count = |severity| page.diagnostics.iter().filter(|found| found.severity == severity).count();
    let (errors, warnings, notes) = (count(Severity::Error), count(Severity::Warning), count(Severity::Note));
    let mut counts = format!("{}, {}", words::count(errors, "error"), words::count(warnings, "warning"));
    if notes > 0 {
        counts.push_str(&format!(", {}", words::count(notes, "note")));
    }
    let counts = match (errors, warnings) {
        (0, 0) => paint.good(&counts),
        (0, _) => paint.warn(&counts),
        _ => paint.bad(&counts),
    };
    let names: Vec<&str> = page.backends.iter().map(|backend| backend.name()).collect();
    let on = if names.is_empty() { String::new() } else { format!(" on {}", names.join(", ")) };
    writeln!(out, "checked {}{on}: {counts}", words::count(page.migrations, "migration"))?;
    writeln!(out, "{}", page.proof.words())
}
