//! Numbers, durations, lists and cuts of text, spelled the same wherever they are read.

use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use super::visible::visible;

/// `1 step`, `14 steps`.
#[must_use]
pub fn count(n: usize, noun: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", number(n as u64))
}

/// A whole number with its thousands apart: `8,911`.
#[must_use]
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A duration as people say it: `<1 ms`, `31 ms`, `2.4 s`, `3 min 5 s`.
#[must_use]
pub fn duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    match millis {
        0 => "<1 ms".to_owned(),
        1..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
        _ => format!("{} min {} s", millis / 60_000, millis % 60_000 / 1_000),
    }
}

/// `a, b and c`.
#[must_use]
pub fn list<T: AsRef<str>>(items: &[T]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<_> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

/// The first `most` of the items, joined, and how many more there are: `a, b and 12 more`.
#[must_use]
pub fn first_of<T: AsRef<str>>(items: &[T], most: usize, between: &str) -> String {
    let shown: Vec<_> = items.iter().take(most).map(AsRef::as_ref).collect();
    let mut text = shown.join(between);
    if items.len() > most {
        text.push_str(&format!("{between}{} more", number((items.len() - most) as u64)));
    }
    text
}

/// A text of at most `width` columns, its end cut off where it is wider.
#[must_use]
pub fn fit(text: &str, width: usize) -> String {
    if width_of(text) <= width {
        return text.to_owned();
    }
    let (mut cut, mut left) = (String::new(), width.saturating_sub(1));
    for c in text.chars() {
        let wide = width_of(c.encode_utf8(&mut [0; 4]));
        if wide > left {
            break;
        }
        left -= wide;
        cut.push(c);
    }
    if width > 0 {
        cut.push('…');
    }
    cut
}

/// A text with spaces behind it, up to `width` columns.
#[must_use]
pub fn pad(text: &str, width: usize) -> String {
    format!("{text}{:spaces$}", "", spaces = width.saturating_sub(width_of(text)))
}

/// How many columns a text takes in a terminal.
#[must_use]
pub fn width_of(text: &str) -> usize {
    visible(text).width()
}

/// A text in lines of at most `width` columns, broken at spaces. A word longer than
/// that stands alone on its line.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if width_of(line) + 1 + width_of(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Items in lines of at most `width` columns, broken between items only.
#[must_use]
pub fn wrap_items<T: AsRef<str>>(items: &[T], between: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for item in items.iter().map(AsRef::as_ref) {
        match lines.last_mut() {
            Some(line) if width_of(line) + width_of(between) + width_of(item) <= width => {
                line.push_str(between);
                line.push_str(item);
            }
            _ => lines.push(item.to_owned()),
        }
    }
    lines
}

/// A text on one line: line ends and other control characters become spaces.
#[must_use]
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        let texts: Vec<_> = [0, 999, 1_000, 1_234_567].into_iter().map(number).collect();
        assert_eq!(texts, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn one_is_singular_and_nothing_is_plural() {
        assert_eq!((count(0, "step"), count(1, "step"), count(2, "step")).1, "1 step");
        assert_eq!(count(0, "step"), "0 steps");
    }

    #[test]
    fn durations_grow_coarser() {
        let texts: Vec<_> = [0, 31, 2_450, 185_000].into_iter().map(|ms| duration(Duration::from_millis(ms))).collect();
        assert_eq!(texts, ["<1 ms", "31 ms", "2.4 s", "3 min 5 s"]);
    }

    #[test]
    fn lists_read_as_a_sentence() {
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(list::<&str>(&[]), "");
        assert_eq!(first_of(&["a", "b", "c"], 2, " · "), "a · b · 1 more");
        assert_eq!(first_of(&["a", "b"], 2, ", "), "a, b");
    }

    #[test]
    fn a_cut_text_says_that_it_is_cut() {
        assert_eq!(fit("äöüß", 4), "äöüß");
        assert_eq!(fit("äöüßx", 4), "äöü…");
        assert_eq!(fit("abc", 0), "");
        assert_eq!(fit("表の名前", 5), "表の…");
        assert_eq!(fit("表の名前", 4), "表…");
        assert_eq!(fit("a\u{1b}[0m", 5), "a…");
    }

    #[test]
    fn columns_are_those_of_a_terminal() {
        for (text, width) in [("abc", 3), ("é", 1), ("e\u{301}", 1), ("表名", 4), ("😀", 2), ("\u{1b}", 6), ("a\tb", 3)]
        {
            assert_eq!(width_of(text), width, "{text:?}");
        }
        assert_eq!(pad("表", 4), "表  ");
        assert_eq!(pad("abc", 2), "abc");
    }

    #[test]
    fn wrapping_breaks_at_spaces_only() {
        assert_eq!(wrap("aa bb cccccc d", 5), ["aa bb", "cccccc", "d"]);
        assert_eq!(wrap("", 5), [""]);
    }

    #[test]
    fn items_stay_whole() {
        assert_eq!(wrap_items(&["a 1", "b 2", "c 3"], " · ", 9), ["a 1 · b 2", "c 3"]);
    }

    #[test]
    fn one_line_has_no_line_ends() {
        assert_eq!(one_line("a\r\nb"), "a  b");
    }
}
