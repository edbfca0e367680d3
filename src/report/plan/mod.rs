//! Plans, one serializer per format. To add one: a file beside these, and an arm in [`write()`].

mod json;
mod markdown;
mod sql;
mod text;

use std::io::{self, Write};

pub use json::PlanJson;
pub use text::Text;
pub(super) use text::arrow;

use super::PlanPage;

/// How to write plans.
#[derive(Debug, Clone, Copy)]
pub enum PlanFormat {
    /// For people.
    Text(Text),
    /// One object, or an array where there are several plans.
    Json,
    /// A script for the database's client, with its transactions written out.
    Sql,
    /// GitHub's and GitLab's Markdown.
    Markdown,
}

/// Writes plans: several where several backends were asked for.
pub fn write(pages: &[PlanPage<'_>], format: PlanFormat, out: &mut dyn Write) -> io::Result<()> {
    match format {
        PlanFormat::Json => json::write(pages, out),
        PlanFormat::Text(text) => each(pages, out, |page, out| text.page(page, out)),
        PlanFormat::Sql => each(pages, out, sql::write),
        PlanFormat::Markdown => each(pages, out, markdown::write),
    }
}

/// Writes one after the other, with an empty line between them.
fn each(
    pages: &[PlanPage<'_>],
    out: &mut dyn Write,
    write: impl Fn(&PlanPage<'_>, &mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    for (at, page) in pages.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        write(page, out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
