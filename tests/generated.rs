//! What is generated from the program and committed: `scripts/generate` writes it, and any other run of the tests holds that it
//! is up to date. Tests that call this have `generated` in their names, by which the script finds them.

use std::path::Path;

/// Whether `scripts/generate` runs the tests.
pub fn is_writing() -> bool {
    std::env::var_os("DBMIGRATE_GENERATE").is_some()
}

/// Holds that a file of the repository is this text, or writes it.
pub fn holds(path: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if is_writing() {
        std::fs::write(&file, text).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(written == text, "{path} is stale: run scripts/generate");
}

/// Holds that a page has this text between `<!-- NAME -->` and `<!-- /NAME -->`, or writes it there.
pub fn holds_part(path: &str, name: &str, text: &str) {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let (open, close) = (format!("<!-- {name} -->\n"), format!("\n<!-- /{name} -->"));
    let (before, rest) = page.split_once(&open).unwrap_or_else(|| panic!("{path} has no {open}"));
    let (_, after) = rest.split_once(&close).unwrap_or_else(|| panic!("{path} has no {close}"));
    holds(path, &[before, &open, text, &close, after].concat());
}
