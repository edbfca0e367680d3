//! What may reach a terminal: characters that would steer it are shown, not obeyed. Names, notes, SQL and the words of
//! databases come from elsewhere, and a plan that is reviewed must not be able to hide a line.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Write};
use std::sync::LazyLock;

/// What stands for an escape character of this program's own: text from elsewhere cannot know it.
static OWN_ESCAPE: LazyLock<String> = LazyLock::new(|| {
    let random = std::hash::RandomState::new().build_hasher().finish();
    format!("\u{fdd0}{random:016x}\u{fdd1}")
});

/// Text in a colour or the like, by the code of the escape sequence, until it is ended; for [`Visible`].
pub(super) fn styled(code: &str, text: &str) -> String {
    let escape = &*OWN_ESCAPE;
    format!("{escape}[{code}m{text}{escape}[0m")
}

/// Text that is styled already, by somebody who shows what steers a terminal; for [`Visible`].
pub(super) fn trusted(text: &str) -> String {
    text.replace('\u{1b}', &OWN_ESCAPE)
}

/// Whether a terminal would do something else with a character than show it: all control characters but the end of a
/// line, and those that turn the direction of writing.
fn steers(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text as it is shown: what steers a terminal is spelled out, as in `\u{1b}`.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        let _ = match c {
            '\r' => shown.write_str("\\r"),
            c if steers(c) => write!(shown, "{}", c.escape_unicode()),
            c => shown.write_char(c),
        };
    }
    Cow::Owned(shown)
}

/// A writer for people: shows what steers a terminal, but for the colours of [`Paint`](super::Paint).
///
/// Each write must end between two characters, as those of the standard library's formatting do.
#[derive(Debug)]
pub struct Visible<W: Write>(pub W);

impl<W: Write> Write for Visible<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let text = String::from_utf8_lossy(bytes);
        for (at, part) in text.split(&**OWN_ESCAPE).enumerate() {
            if at > 0 {
                self.0.write_all(b"\x1b")?;
            }
            self.0.write_all(visible(part).as_bytes())?;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        let mut out = Vec::new();
        write!(Visible(&mut out), "{text}").unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_steers_a_terminal_is_spelled_out() {
        for (text, shown) in [
            ("plain ä 表 ✓\n\tnext", "plain ä 表 ✓\n\tnext"),
            ("\u{1b}[8mhidden\u{1b}[0m", "\\u{1b}[8mhidden\\u{1b}[0m"),
            ("a\u{1b}[1A\u{1b}[2Kb", "a\\u{1b}[1A\\u{1b}[2Kb"),
            ("DROP TABLE a\rSELECT 1    ", "DROP TABLE a\\rSELECT 1    "),
            ("bell\u{7} back\u{8} nul\0 del\u{7f}", "bell\\u{7} back\\u{8} nul\\u{0} del\\u{7f}"),
            ("\u{9b}2J \u{9d}0;title\u{9c}", "\\u{9b}2J \\u{9d}0;title\\u{9c}"),
            ("a\u{202e}b\u{2066}c", "a\\u{202e}b\\u{2066}c"),
        ] {
            assert_eq!(written(text), shown);
        }
    }

    #[test]
    fn only_this_program_s_own_colours_reach_the_terminal() {
        assert_eq!(written(&styled("1;31", "lost \u{1b}[0m")), "\u{1b}[1;31mlost \\u{1b}[0m\u{1b}[0m");
        assert_eq!(written(&trusted("\u{1b}[1merror\u{1b}[0m")), "\u{1b}[1merror\u{1b}[0m");
        // Whoever guesses what the mark looks like still does not know its number.
        let guess = written("\u{fdd0}0000000000000000\u{fdd1}[8m");
        assert!(!guess.contains('\u{1b}'), "{guess:?}");
    }
}
