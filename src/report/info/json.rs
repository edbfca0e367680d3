//! `info` for programs. The names are a contract (`format_version` 1).

use std::io::{self, Write};

use serde::Serialize;

use super::InfoPage;
use crate::backend::Backend;
use crate::ident::Version;
use crate::plan::InfoRow;
use crate::report::FORMAT_VERSION;

#[derive(Debug, Serialize)]
struct InfoJson<'a> {
    format_version: u32,
    backend: Backend,
    environment: Option<&'a str>,
    current_version: String,
    exact: bool,
    latest_version: String,
    applied: usize,
    pending: usize,
    orphaned: usize,
    migrations: Vec<RowJson<'a>>,
}

#[derive(Debug, Serialize)]
struct RowJson<'a> {
    version: Version,
    name: &'a str,
    state: &'static str,
    orphaned: bool,
    up_edited: bool,
    down_edited: bool,
    applied_at: Option<&'a str>,
    requires: &'a [String],
}

impl<'a> From<&'a InfoRow> for RowJson<'a> {
    fn from(row: &'a InfoRow) -> Self {
        Self {
            version: row.version,
            name: &row.name,
            state: row.state.as_str(),
            orphaned: row.orphaned,
            up_edited: row.up_edited,
            down_edited: row.down_edited,
            applied_at: row.applied_at.as_deref(),
            requires: &row.requires,
        }
    }
}

/// Writes one JSON document.
pub fn write_json(page: &InfoPage<'_>, out: &mut dyn Write) -> io::Result<()> {
    let info = page.info;
    let version = |version: Option<Version>| version.map_or_else(|| "0".to_owned(), |version| version.to_string());
    let json = InfoJson {
        format_version: FORMAT_VERSION,
        backend: page.backend,
        environment: page.about.environment.as_deref(),
        current_version: version(info.current_version),
        exact: info.exact,
        latest_version: version(info.latest_version),
        applied: info.applied,
        pending: info.pending,
        orphaned: info.orphaned,
        migrations: info.migrations.iter().map(RowJson::from).collect(),
    };
    crate::report::write_json(&json, out)
}
