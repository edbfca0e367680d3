//! What people and programs read: one serializer per output format, over the plain
//! data that the stages before it hand on. Nothing here decides anything or opens anything;
//! what writes fails only if its `out` does.

pub mod check;
pub mod diagnostics;
pub mod found;
pub mod graph;
pub mod info;
pub mod page;
pub mod paint;
pub mod place;
pub mod plan;
pub mod run;
pub mod schema;
pub mod seed;
mod visible;
pub mod words;

use std::io::{self, Write};

use serde::Serialize;

pub use page::{About, PlanPage};
pub use paint::Paint;
pub use visible::Visible;

/// The version of the JSON contracts, in every object as `format_version`.
pub const FORMAT_VERSION: u32 = 1;

/// Writes one JSON document, indented, with a line end.
pub fn write_json(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}
