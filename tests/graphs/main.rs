//! Orders and targets over small graphs of every shape, and over one that is very deep,
//! through the public API: manifest in, plan out, no database.

#![allow(clippy::disallowed_methods, unreachable_pub, reason = "a test touches files; its modules are its own")]

mod deep;
mod history;
mod orders;
mod targets;
mod walks;
