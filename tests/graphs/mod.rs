//! Orders and targets over small graphs of every shape, and over one that is very deep,
//! through the public API: manifest in, plan out, no database.

mod deep;
mod history;
mod orders;
mod targets;
mod walks;
