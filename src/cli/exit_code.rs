//! Exit codes: a contract with scripts and CI jobs.

/// Done; also where there was nothing to do.
pub const DONE: u8 = 0;
/// A statement failed, or another error while running.
pub const FAILED: u8 = 1;
/// The command line is wrong, or the manifest cannot be read.
pub const USAGE: u8 = 2;
/// The plan has errors, or `info --fail-if-pending` found pending migrations.
pub const CHECK: u8 = 3;
/// Refused for safety; nothing was changed.
pub const REFUSED: u8 = 4;
/// The database cannot be reached, or another run holds it.
pub const UNREACHABLE: u8 = 5;
