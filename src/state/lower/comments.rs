//! Comments of tables and columns.

use super::{Lower, PartPath};
use crate::backend::Backend;
use crate::diagnostic::Code;

/// The longest comments on MySQL, in characters.
pub(super) const COLUMN_COMMENT: usize = 1024;
pub(super) const TABLE_COMMENT: usize = 2048;

impl Lower<'_> {
    /// A comment as the backend keeps it: not at all on some. `most` is how long it may be on MySQL, in characters.
    pub(super) fn comment(&mut self, comment: Option<&str>, most: usize, part: impl PartPath) -> Option<String> {
        let comment = comment.filter(|_| self.state.backend.capabilities().comments)?;
        let length = comment.chars().count();
        let message = if comment.contains('\0') {
            "a comment has no NUL in it".to_owned()
        } else if self.state.backend == Backend::Mysql && length > most {
            format!("this comment has {length} characters, and MySQL keeps {most}")
        } else {
            return Some(comment.to_owned());
        };
        let diagnostic = self.error(Code::UnsupportedByBackend, part, message);
        self.report(diagnostic);
        None
    }
}
