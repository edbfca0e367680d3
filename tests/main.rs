//! All tests of behaviour, in one binary: it is linked once. A folder for each area, and the area's name is the first
//! part of its tests' paths: `cargo nextest run check::`, or `cargo test --test all check::`.
//!
//! A test that needs a process of its own must start one: `cargo test` runs these in threads of one process. What measures
//! is `tests/speed`.

#![allow(clippy::disallowed_methods, unreachable_pub, reason = "a test touches files; its modules are its own")]

#[cfg(feature = "cli")]
mod check;
#[cfg(feature = "cli")]
mod cli;
mod exact;
#[cfg(feature = "cli")]
mod example;
mod execute;
mod frame;
#[cfg(feature = "cli")]
mod generated;
mod generator;
mod graphs;
mod house;
#[cfg(feature = "cli")]
mod kill;
mod laws;
#[cfg(feature = "cli")]
mod manifest;
mod render;
mod seed;
