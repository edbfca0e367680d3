//! Names that a text of SQL holds: functions that it calls, and whether it mentions something.
//!
//! Strings and comments do not count, but code within quotes does: bodies of routines (`$$ … $$`, `AS '…'`), statements that
//! are executed (`EXECUTE '…'`), and what MySQL runs of a comment (`/*! … */`).

use super::lexer::{Lexeme, lexemes};
use crate::backend::Backend;

/// Names that a bracket follows, as it follows the name of a function that is called. A quoted name is given without its
/// quotes.
pub fn called(text: &str) -> impl Iterator<Item = &str> {
    let names = if text.contains('(') { names(text) } else { Vec::new() };
    names.into_iter().filter(|name| name.called).map(|name| name.text)
}

/// Whether a text holds a name, quoted or not. One without quotes is compared in any case.
#[must_use]
pub fn mentions(text: &str, name: &str) -> bool {
    names(text).iter().any(|found| {
        if found.quoted {
            found.text.replace("\"\"", "\"").replace("``", "`") == name
        } else {
            found.text.eq_ignore_ascii_case(name)
        }
    })
}

/// How deep code is looked for within quotes within quotes.
const DEEPEST: usize = 16;

/// A word, or a quoted name.
struct Name<'t> {
    /// Without quotes.
    text: &'t str,
    quoted: bool,
    /// A bracket follows.
    called: bool,
}

/// Every name of a text, in no order. Where MySQL reads the text otherwise than SQLite and PostgreSQL, the names of both readings.
fn names(text: &str) -> Vec<Name<'_>> {
    let mut names = Vec::new();
    names_as_read(text, None, &mut names);
    if ["\\", "#", "--", "/*"].into_iter().any(|mark| text.contains(mark)) {
        names_as_read(text, Some(Backend::Mysql), &mut names);
    }
    names
}

fn names_as_read<'t>(text: &'t str, backend: Option<Backend>, names: &mut Vec<Name<'t>>) {
    let mut left = vec![(text, 0)];
    while let Some((text, depth)) = left.pop() {
        let all = lexemes(text, backend);
        for (at, lexeme) in all.iter().enumerate() {
            let called = all.get(at + 1) == Some(&Lexeme::Mark('('));
            match lexeme {
                Lexeme::Word(text) => names.push(Name { text, quoted: false, called }),
                Lexeme::Quoted(quoted) if quoted.starts_with(['"', '`']) => {
                    names.push(Name { text: inner(quoted, 1), quoted: true, called });
                }
                Lexeme::Quoted(quoted) if depth < DEEPEST => {
                    left.extend(code(quoted, &all, at).map(|code| (code, depth + 1)));
                }
                Lexeme::Quoted(_) => {}
                Lexeme::Mark(_) => {}
            }
        }
    }
}

/// What is between quotes, where that is code.
fn code<'t>(quoted: &'t str, all: &[Lexeme<'t>], at: usize) -> Option<&'t str> {
    let after = |word: &str| all.get(at.wrapping_sub(1)).is_some_and(|before| before.is(word));
    match quoted.as_bytes() {
        [b'$', rest @ ..] => Some(inner(quoted, rest.iter().position(|b| *b == b'$')? + 2)),
        [b'/', ..] => quoted.split_once('!').map(|(_, code)| code.trim_end_matches("*/")),
        [b'\'', ..] if after("as") || after("execute") => Some(inner(quoted, 1)),
        [b'e' | b'E', ..] if after("as") || after("execute") => Some(inner(quoted.get(1..)?, 1)),
        _ => None,
    }
}

/// A text without the quotes around it, each of `length` bytes; the closing one may be missing.
fn inner(quoted: &str, length: usize) -> &str {
    let (open, rest) = quoted.split_at_checked(length).unwrap_or((quoted, ""));
    rest.strip_suffix(open).unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(text: &str) -> Vec<&str> {
        let mut names: Vec<&str> = called(text).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    #[test]
    fn a_function_is_called_where_a_bracket_follows_its_name() {
        assert_eq!(calls("SELECT f(a), \"G h\" (b), `i`(c), blog . j /* at once */ (d), k"), ["G h", "f", "i", "j"]);
        assert_eq!(calls("a + 1"), Vec::<&str>::new());
        assert_eq!(calls("("), Vec::<&str>::new());
    }

    #[test]
    fn strings_and_comments_call_nothing() {
        for text in ["'f(x)'", "-- f(x)\n", "/* f(x) */", "a = 'it''s f(x)'", "E'\\' f(x)'", "'f' (x)"] {
            assert_eq!(calls(text), Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn code_within_quotes_calls() {
        for text in [
            "CREATE FUNCTION g AS $$ SELECT f(x) $$",
            "CREATE FUNCTION g AS $a$ BEGIN EXECUTE $b$ f(x) $b$; END $a$",
            "CREATE FUNCTION g AS 'SELECT f(x)'",
            "CREATE FUNCTION g AS E'SELECT f(x)'",
            "DO $$ BEGIN EXECUTE 'SELECT f(x)'; END",
            "SELECT /*! f(x) */ 1",
            "SELECT /*M! f(x) */ 1",
        ] {
            assert_eq!(calls(text), ["f"], "{text}");
        }
    }

    #[test]
    fn a_text_is_read_as_every_backend_reads_it() {
        // For MySQL the string goes on behind the backslash.
        assert_eq!(calls("'it\\'s', f('x'), 'y'"), ["f"]);
        assert_eq!(calls("'\\', f(x), '\\'"), ["f"]);
        assert_eq!(calls("a #> f(x)"), ["f"]);
        assert_eq!(calls("1--f(x)"), ["f"]);
    }

    #[test]
    fn a_name_is_mentioned_as_a_word_or_in_quotes() {
        for (text, name) in [
            ("SELECT a FROM users", "users"),
            ("SELECT a FROM USERS", "users"),
            ("SELECT \"a b\"", "a b"),
            ("SELECT `a``b`", "a`b"),
            ("CREATE FUNCTION f AS 'SELECT a FROM users'", "users"),
            ("posts.users", "users"),
        ] {
            assert!(mentions(text, name), "{text}");
        }
        for text in ["SELECT 'users'", "SELECT 1 -- users", "/* users */", "users_old", "\"Users\"", "\"a users\""] {
            assert!(!mentions(text, "users"), "{text}");
        }
    }

    #[test]
    fn quotes_in_quotes_end_somewhere() {
        let deep = (0..20_000).map(|n| format!("$a{n}$")).collect::<Vec<_>>().join(" ");
        assert!(!mentions(&deep, "users"));
    }
}
