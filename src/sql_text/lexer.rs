//! The lexer: words, quoted texts, marks and blanks of SQL.

use std::ops::Range;

use crate::backend::Backend;

/// What a scan finds next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// White space or a comment.
    Blank,
    /// A word: keyword, name, number.
    Word,
    /// A string, a quoted name, or a dollar-quoted text.
    Quoted,
    /// `;`
    Semicolon,
    /// Any other single character.
    Mark(u8),
}

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

/// The parts of a text.
#[must_use]
pub fn lexemes(text: &str, backend: Option<Backend>) -> Vec<Lexeme<'_>> {
    Scan::new(text, backend)
        .filter_map(|(token, range)| {
            let part = text.get(range).unwrap_or_default();
            match token {
                Token::Blank => None,
                Token::Word => Some(Lexeme::Word(part)),
                Token::Quoted => Some(Lexeme::Quoted(part)),
                Token::Semicolon => Some(Lexeme::Mark(';')),
                Token::Mark(mark) => Some(Lexeme::Mark(char::from(mark))),
            }
        })
        .collect()
}

/// A position in a text that moves on token by token.
pub(super) struct Scan<'t> {
    text: &'t str,
    at: usize,
    backend: Option<Backend>,
}

impl<'t> Scan<'t> {
    pub(super) const fn new(text: &'t str, backend: Option<Backend>) -> Self {
        Self { text, at: 0, backend }
    }
}

impl Iterator for Scan<'_> {
    type Item = (Token, Range<usize>);

    fn next(&mut self) -> Option<(Token, Range<usize>)> {
        let start = self.at;
        let rest = self.text.get(start..)?;
        let bytes = rest.as_bytes();
        let first = *bytes.first()?;
        let mysql = self.backend == Some(Backend::Mysql);
        let (token, length) = match first {
            b'-' if rest.starts_with("--") && !(mysql && bytes.get(2).is_some_and(|b| !b.is_ascii_whitespace())) => {
                (Token::Blank, line(rest))
            }
            b'#' if mysql => (Token::Blank, line(rest)),
            // MySQL runs what is in /*! … */, MariaDB what is in /*M! … */ too.
            b'/' if mysql && (rest.starts_with("/*!") || rest.starts_with("/*M!")) => {
                (Token::Quoted, comment(rest, false))
            }
            b'/' if rest.starts_with("/*") => (Token::Blank, comment(rest, self.backend == Some(Backend::Postgres))),
            b'\'' => (Token::Quoted, quoted(rest, '\'', mysql)),
            b'"' => (Token::Quoted, quoted(rest, '"', mysql)),
            b'`' => (Token::Quoted, quoted(rest, '`', false)),
            b'e' | b'E' if bytes.get(1) == Some(&b'\'') && self.backend != Some(Backend::Sqlite) => {
                (Token::Quoted, 1 + quoted(rest.get(1..).unwrap_or_default(), '\'', true))
            }
            b'$' => match dollar_quoted(rest) {
                Some(length) if !mysql => (Token::Quoted, length),
                _ => (Token::Mark(first), 1),
            },
            b';' => (Token::Semicolon, 1),
            _ if first.is_ascii_whitespace() => {
                (Token::Blank, rest.find(|c: char| !c.is_ascii_whitespace()).unwrap_or(rest.len()))
            }
            _ if is_word(first) => {
                (Token::Word, bytes.iter().position(|b| !is_word(*b) && *b != b'$').unwrap_or(rest.len()))
            }
            _ => (Token::Mark(first), 1),
        };
        self.at = (start + length.max(1)).min(self.text.len());
        Some((token, start..self.at))
    }
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
