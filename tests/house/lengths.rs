//! Long files are named, so that somebody looks for the seam. A warning: it fails nothing.

use crate::house::source::files;

/// More lines than this want a reason, in the file's first line.
const MOST_LINES: usize = 400;

#[test]
#[allow(clippy::print_stdout, reason = "a warning, which .ci/run shows")]
fn long_files_are_named() {
    for (file, text) in files() {
        let lines = text.lines().count();
        let says = text.starts_with("//! (Long: ");
        if lines > MOST_LINES && !says {
            println!(
                "warning: src/{file} has {lines} lines, over {MOST_LINES}: look for the seam, or say `//! (Long: why there is none)`"
            );
        } else if lines <= MOST_LINES && says {
            println!("warning: src/{file} has {lines} lines and still says that it is long");
        }
    }
}
