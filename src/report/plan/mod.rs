//! Plans on the page. To add a format: a file beside these, and a line in [`PlanFormat`]'s users.

mod json;
mod markdown;
mod sql;
mod text;

use std::io::{self, Write};

pub use json::{Json, PlanJson};
pub use markdown::Markdown;
pub use sql::Sql;
pub use text::Text;
pub(super) use text::arrow;

use super::PlanPage;

/// A way to write plans.
pub trait PlanFormat {
    /// Writes them all to `out`; several where several backends were asked for.
    ///
    /// # Errors
    /// What `out` gives.
    fn write(&self, pages: &[PlanPage<'_>], out: &mut dyn Write) -> io::Result<()>;
}

#[cfg(test)]
mod tests;
