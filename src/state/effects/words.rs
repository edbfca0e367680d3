//! What an access or a change does, in words: the verb, and the thing by itself, which messages about two of them name.

use std::borrow::Cow;
use std::fmt;

/// `drops` and `posts.slug`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words {
    does: Cow<'static, str>,
    what: String,
    about: Option<String>,
}

impl Words {
    pub(in crate::state) fn new(does: impl Into<Cow<'static, str>>, what: String) -> Self {
        Self { does: does.into(), what, about: None }
    }

    /// For where the thing is called otherwise when it stands alone.
    pub(in crate::state) fn named(self, about: String) -> Self {
        Self { about: Some(about), ..self }
    }

    /// The thing by itself.
    pub(crate) fn about(&self) -> &str {
        self.about.as_deref().unwrap_or(&self.what)
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.does, self.what)
    }
}
