//! The lexer: words, quoted texts, marks and blanks of SQL.

use std::ops::Range;

use crate::backend::Backend;

/// A part of a statement, white space and comments left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lexeme<'t> {
    /// A keyword, a name, a number.
    Word(&'t str),
    /// A string, a quoted name, a dollar-quoted text, with its quotes.
    Quoted(&'t str),
    /// Any other character.
    Mark(char),
}

impl Lexeme<'_> {
    /// Whether it is that word, in any case.
    #[must_use]
    pub fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(own) if own.eq_ignore_ascii_case(word))
    }
}

/// The parts of a text.
#[must_use]
pub fn lexemes(text: &str, backend: Option<Backend>) -> Vec<Lexeme<'_>> {
    scan(text, backend).map(|(lexeme, _)| lexeme).collect()
}

/// The parts of a text, each with its place.
pub(crate) fn scan(text: &str, backend: Option<Backend>) -> impl Iterator<Item = (Lexeme<'_>, Range<usize>)> {
    let mut at = 0;
    let all = std::iter::from_fn(move || {
        let start = at;
        let (lexeme, length) = first(text.get(at..)?, backend)?;
        at += length;
        Some((lexeme, start..at))
    });
    all.filter_map(|(lexeme, range)| Some((lexeme?, range)))
}

/// What a text begins with, `None` for white space or a comment, and its length.
fn first(text: &str, backend: Option<Backend>) -> Option<(Option<Lexeme<'_>>, usize)> {
    let bytes = text.as_bytes();
    let first = *bytes.first()?;
    let mysql = backend == Some(Backend::Mysql);
    let blank = |length: usize| (None, length);
    let text_of = |length: usize| (Some(Lexeme::Quoted(text.get(..length).unwrap_or_default())), length);
    let mark = (Some(Lexeme::Mark(char::from(first))), 1);
    Some(match first {
        b'-' if text.starts_with("--") && !(mysql && bytes.get(2).is_some_and(|b| !b.is_ascii_whitespace())) => {
            blank(line(text))
        }
        b'#' if mysql => blank(line(text)),
        // MySQL runs what is in /*! … */, MariaDB what is in /*M! … */ too.
        b'/' if mysql && (text.starts_with("/*!") || text.starts_with("/*M!")) => text_of(comment(text, false)),
        b'/' if text.starts_with("/*") => blank(comment(text, backend == Some(Backend::Postgres))),
        b'\'' => text_of(quoted(text, '\'', mysql)),
        b'"' => text_of(quoted(text, '"', mysql)),
        b'`' => text_of(quoted(text, '`', false)),
        b'e' | b'E' if bytes.get(1) == Some(&b'\'') && backend != Some(Backend::Sqlite) => {
            text_of(1 + quoted(text.get(1..).unwrap_or_default(), '\'', true))
        }
        b'$' if !mysql => dollar_quoted(text).map_or(mark, text_of),
        _ if first.is_ascii_whitespace() => blank(text.find(|c: char| !c.is_ascii_whitespace()).unwrap_or(text.len())),
        _ if is_word(first) => {
            let length = bytes.iter().position(|b| !is_word(*b) && *b != b'$').unwrap_or(text.len());
            (Some(Lexeme::Word(text.get(..length).unwrap_or_default())), length)
        }
        _ => mark,
    })
}

/// A byte of a word; bytes above 127 are letters of other scripts.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn line(rest: &str) -> usize {
    rest.find('\n').unwrap_or(rest.len())
}

/// The length of a comment in `/* … */`, in which others may be nested.
fn comment(rest: &str, nested: bool) -> usize {
    let bytes = rest.as_bytes();
    let (mut at, mut depth) = (2, 1u32);
    while let Some(pair) = bytes.get(at..at + 2) {
        match pair {
            b"*/" => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            b"/*" if nested => {
                depth += 1;
                at += 2;
            }
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of a text in quotes, where a doubled quote is the quote itself.
fn quoted(rest: &str, quote: char, backslashes: bool) -> usize {
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && backslashes {
            chars.next();
        } else if c == quote {
            if chars.peek().is_some_and(|(_, next)| *next == quote) {
                chars.next();
            } else {
                return at + c.len_utf8();
            }
        }
    }
    rest.len()
}

/// The length of `$tag$ … $tag$`, where the text starts with one.
fn dollar_quoted(rest: &str) -> Option<usize> {
    let tag_end = rest.get(1..)?.find('$')? + 2;
    let tag = rest.get(..tag_end)?;
    let name = tag.get(1..tag_end - 1)?;
    if name.starts_with(|c: char| c.is_ascii_digit()) || !name.bytes().all(is_word) {
        return None;
    }
    let body = rest.get(tag_end..)?;
    Some(body.find(tag).map_or(rest.len(), |at| tag_end + at + tag.len()))
}
