//! A run as it happens and what it came to: lines and a progress bar for people, one
//! document for programs.

mod failure;
mod json;
mod lines;
mod problem;
mod progress;

pub use failure::{shortened, write_failure};
pub use json::{RunJson, write_json};
pub use lines::{Lines, Talk, losing, opening, summary};
pub use problem::Problem;
