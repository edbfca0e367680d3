//! Where a database stands: current and latest version, and every migration with its state.

mod json;
mod text;

pub use json::write_json;
pub use text::write_text;

use super::About;
use crate::backend::Backend;
use crate::plan::Info;

/// What `info` shows.
#[derive(Debug, Clone, Copy)]
pub struct InfoPage<'a> {
    /// Where the database stands.
    pub info: &'a Info,
    /// What kind of database it is.
    pub backend: Backend,
    pub about: &'a About,
}

#[cfg(test)]
mod tests;
