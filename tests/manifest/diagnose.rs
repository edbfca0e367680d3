//! What a person sees of a manifest: every finding of every stage that needs no database.

use std::path::Path;

use dbmigrate::diagnostic::{Diagnostic, Sources};
use dbmigrate::manifest;

/// Everything found wrong in the manifest of a folder, and its files for drawing.
pub(crate) fn diagnose(folder: &Path) -> (Vec<Diagnostic>, Sources) {
    let loaded = manifest::load(&folder.join("schema.toml")).expect("schema.toml is there");
    (loaded.diagnostics, loaded.sources)
}
