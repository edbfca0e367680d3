//! Colour where it carries meaning, and the width to keep to. What is coloured is written through
//! [`Visible`](super::Visible), which makes the escape sequences.

use super::visible::styled;

/// How to write for the reader at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    /// Whether escape sequences are written.
    pub color: bool,
    /// Columns to keep to.
    pub width: usize,
}

impl Default for Paint {
    fn default() -> Self {
        Self { color: false, width: 80 }
    }
}

impl Paint {
    fn code(self, code: &str, text: &str) -> String {
        if self.color && !text.is_empty() { styled(code, text) } else { text.to_owned() }
    }

    /// Something is lost, or has failed.
    #[must_use]
    pub fn bad(self, text: &str) -> String {
        self.code("1;31", text)
    }

    /// Something to look at.
    #[must_use]
    pub fn warn(self, text: &str) -> String {
        self.code("33", text)
    }

    /// As it should be.
    #[must_use]
    pub fn good(self, text: &str) -> String {
        self.code("32", text)
    }

    /// Less important than what stands beside it.
    #[must_use]
    pub fn dim(self, text: &str) -> String {
        self.code("2", text)
    }

    /// What the eye should find first.
    #[must_use]
    pub fn strong(self, text: &str) -> String {
        self.code("1", text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_nothing_is_added() {
        assert_eq!(Paint::default().bad("lost"), "lost");
    }

    #[test]
    fn with_colour_the_text_is_closed_again() {
        let paint = Paint { color: true, width: 80 };
        assert_eq!(paint.good("ok"), styled("32", "ok"));
        assert_eq!(paint.good(""), "");
    }
}
