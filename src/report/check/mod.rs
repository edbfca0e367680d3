//! What `check` found, one serializer per format: text for people, JSON for programs, SARIF for
//! code hosts, workflow commands for GitHub.

mod github;
mod json;
mod proof;
mod sarif;
mod text;

#[cfg(test)]
mod tests;

use std::io::{self, Write};

pub use proof::Proof;

use super::Paint;
use crate::backend::Backend;
use crate::diagnostic::{Diagnostic, Sources};

/// All that there is to tell about a check.
#[derive(Debug)]
pub struct CheckPage<'a> {
    /// How many migrations the manifest has.
    pub migrations: usize,
    /// The backends that were checked.
    pub backends: &'a [Backend],
    /// What was found, with severities as `[checks]` and the command line want them; sorted for people.
    pub diagnostics: &'a [Diagnostic],
    /// The manifest's files.
    pub sources: &'a Sources,
    /// What was proved.
    pub proof: Proof,
    /// Only errors are drawn as text.
    pub quiet: bool,
}

/// How to write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckFormat {
    /// For people.
    Text(Paint),
    /// The JSON contract.
    Json,
    Sarif,
    /// GitHub's workflow commands, then the closing lines.
    Github,
}

pub fn write(page: &CheckPage<'_>, format: CheckFormat, out: &mut dyn Write) -> io::Result<()> {
    match format {
        CheckFormat::Text(paint) => text::write(page, paint, out),
        CheckFormat::Json => super::write_json(&json::CheckJson::of(page), out),
        CheckFormat::Sarif => super::write_json(&sarif::log(page), out),
        CheckFormat::Github => github::write(page, out),
    }
}
