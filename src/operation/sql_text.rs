//! Cutting SQL text into statements, without parsing it.
//!
//! A small scanner that knows what may hide a semicolon: strings, quoted names, comments,
//! dollar quotes, brackets, and the bodies of triggers and routines. It takes any text
//! and cannot fail: what is left open at the end runs to the end.

use std::ops::Range;

use crate::backend::Backend;

/// What a scan finds next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
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

/// The statements of a text: ranges of bytes, without their semicolons and without
/// white space and comments around them. Statements of nothing but comments are left out.
///
/// `backend` decides where databases disagree (MySQL's backslashes and `#` comments,
/// nested comments); `None` reads what SQLite and PostgreSQL have in common.
#[must_use]
pub fn split_statements(text: &str, backend: Option<Backend>) -> Vec<Range<usize>> {
    let mut statements = Vec::new();
    let mut scan = Scan { text, at: 0, backend };
    let mut current: Option<Range<usize>> = None;
    let mut body = Body::default();
    while let Some((token, range)) = scan.next() {
        match token {
            Token::Blank => continue,
            Token::Semicolon if !body.is_open() => {
                statements.extend(current.take());
                body = Body::default();
                continue;
            }
            Token::Word => body.word(text.get(range.clone()).unwrap_or_default()),
            Token::Mark(mark) => body.mark(mark),
            Token::Semicolon => body.mark(b';'),
            Token::Quoted => body.mark(b'"'),
        }
        current.get_or_insert(range.start..range.end).end = range.end;
    }
    statements.extend(current);
    statements
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

/// Words that a bracket follows, as it follows the name of a function that is called.
pub fn called(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('(').filter_map(|(at, _)| {
        let before = text.get(..at)?.trim_end();
        let part = |c: char| c.is_alphanumeric() || c == '_';
        let start = before.char_indices().rev().take_while(|(_, c)| part(*c)).last().map_or(before.len(), |(at, _)| at);
        before.get(start..).filter(|word| !word.is_empty())
    })
}

/// Whether a name is a word of a text, in whatever quotes.
#[must_use]
pub fn mentions(text: &str, name: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + name.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

/// The parts of a text.
#[must_use]
pub fn lexemes(text: &str, backend: Option<Backend>) -> Vec<Lexeme<'_>> {
    let mut scan = Scan { text, at: 0, backend };
    std::iter::from_fn(|| scan.next())
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

/// The first words of a statement in capitals, as far as nothing else stands between them; at most `most`.
#[must_use]
pub fn first_words(statement: &str, most: usize) -> Vec<String> {
    let mut scan = Scan { text: statement, at: 0, backend: None };
    std::iter::from_fn(|| scan.next())
        .filter(|(token, _)| *token != Token::Blank)
        .take_while(|(token, _)| *token == Token::Word)
        .take(most)
        .map(|(_, range)| statement.get(range).unwrap_or_default().to_ascii_uppercase())
        .collect()
}

/// Whether a single statement begins, ends or cuts a transaction, which is the executor's to do.
#[must_use]
pub fn is_transaction_control(statement: &str) -> bool {
    let mut scan = Scan { text: statement, at: 0, backend: None };
    let mut words = std::iter::from_fn(|| scan.next())
        .filter(|(token, _)| *token != Token::Blank)
        .map(|(token, range)| if token == Token::Word { statement.get(range).unwrap_or_default() } else { "" })
        .map(str::to_ascii_lowercase);
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    match first.as_str() {
        "begin" | "commit" | "end" | "rollback" | "abort" | "savepoint" | "release" | "xa" => true,
        "start" | "prepare" => second == "transaction",
        "set" => second == "transaction" || second == "autocommit",
        _ => false,
    }
}

/// Where in a statement the scan stands: what is open around it.
#[derive(Debug, Default)]
struct Body {
    /// A word was read.
    begun: bool,
    /// It starts with CREATE, and what it creates was not named yet.
    creates: bool,
    /// It creates a trigger or a routine, whose body may hold statements.
    holds_statements: bool,
    /// BEGIN and CASE not ended yet.
    blocks: u32,
    /// Brackets not closed yet.
    brackets: u32,
    /// The last token was a point, so that a word after it is a column.
    after_point: bool,
    /// The last token was END, which may close an IF or a LOOP.
    after_end: bool,
}

impl Body {
    fn is_open(&self) -> bool {
        self.blocks > 0 || self.brackets > 0
    }

    fn word(&mut self, word: &str) {
        let lower = word.to_ascii_lowercase();
        let is_column = std::mem::take(&mut self.after_point);
        let after_end = std::mem::take(&mut self.after_end);
        let first = !std::mem::replace(&mut self.begun, true);
        if first {
            self.creates = lower == "create";
        } else if self.creates {
            self.holds_statements = matches!(lower.as_str(), "trigger" | "function" | "procedure" | "event");
            self.creates = !self.holds_statements && !matches!(lower.as_str(), "table" | "view" | "index");
        }
        if !self.holds_statements || is_column {
            return;
        }
        match lower.as_str() {
            // END CASE is one closing; END IF and END LOOP close what was not counted.
            "case" if after_end => {}
            "if" | "loop" | "while" | "repeat" if after_end => self.blocks += 1,
            "begin" | "case" => self.blocks += 1,
            "end" => {
                self.blocks = self.blocks.saturating_sub(1);
                self.after_end = true;
            }
            _ => {}
        }
    }

    fn mark(&mut self, mark: u8) {
        self.after_point = mark == b'.';
        self.after_end = false;
        match mark {
            b'(' => self.brackets += 1,
            b')' => self.brackets = self.brackets.saturating_sub(1),
            _ => {}
        }
    }
}

/// Walks over a text, token by token.
struct Scan<'t> {
    text: &'t str,
    at: usize,
    backend: Option<Backend>,
}

impl Scan<'_> {
    fn next(&mut self) -> Option<(Token, Range<usize>)> {
        let start = self.at;
        let rest = self.text.get(start..)?;
        let bytes = rest.as_bytes();
        let first = *bytes.first()?;
        let (token, length) = match first {
            b'-' if rest.starts_with("--") => (Token::Blank, line(rest)),
            b'#' if self.backend == Some(Backend::Mysql) => (Token::Blank, line(rest)),
            // MySQL runs what stands in /*! … */.
            b'/' if rest.starts_with("/*!") && self.backend == Some(Backend::Mysql) => {
                (Token::Quoted, comment(rest, false))
            }
            b'/' if rest.starts_with("/*") => (Token::Blank, comment(rest, self.backend == Some(Backend::Postgres))),
            b'\'' => (Token::Quoted, quoted(rest, '\'', self.backend == Some(Backend::Mysql))),
            b'"' => (Token::Quoted, quoted(rest, '"', self.backend == Some(Backend::Mysql))),
            b'`' => (Token::Quoted, quoted(rest, '`', false)),
            b'e' | b'E' if bytes.get(1) == Some(&b'\'') && self.backend != Some(Backend::Sqlite) => {
                (Token::Quoted, 1 + quoted(rest.get(1..).unwrap_or_default(), '\'', true))
            }
            b'$' => match dollar_quoted(rest) {
                Some(length) if self.backend != Some(Backend::Mysql) => (Token::Quoted, length),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<&str> {
        split_statements(text, None).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn statements_end_at_semicolons() {
        assert_eq!(split("SELECT 1; SELECT 2 ;\n"), ["SELECT 1", "SELECT 2"]);
        assert_eq!(split("SELECT 1"), ["SELECT 1"]);
        assert_eq!(split(" ;; -- nothing\n /* at all */ ;"), Vec::<&str>::new());
    }

    #[test]
    fn semicolons_hide_in_strings_names_comments_and_dollar_quotes() {
        for one in [
            "SELECT 'a;b'",
            "SELECT 'it''s; so'",
            "SELECT \"a;b\"",
            "SELECT `a;b`",
            "SELECT 1 /* a;b */ + 2",
            "SELECT 1 -- a;b\n + 2",
            "DO $$ BEGIN PERFORM 1; END $$",
            "DO $x$ SELECT '$$'; $x$",
            "SELECT E'a\\';b'",
            "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM a; DELETE FROM b)",
        ] {
            assert_eq!(split(one), [one]);
            assert_eq!(split(&format!("{one}; SELECT 2")), [one, "SELECT 2"]);
        }
    }

    #[test]
    fn a_trigger_is_one_statement_with_all_of_its_body() {
        let trigger = "CREATE TEMP TRIGGER IF NOT EXISTS t AFTER UPDATE ON posts BEGIN \
                       UPDATE a SET b = CASE WHEN NEW.end THEN 1 ELSE 2 END; DELETE FROM c; END";
        assert_eq!(split(&format!("{trigger}; SELECT 1")), [trigger, "SELECT 1"]);
        let routine = "CREATE PROCEDURE p() BEGIN IF a THEN SELECT 1; END IF; SELECT 2; END";
        assert_eq!(split(&format!("{routine}; SELECT 1")), [routine, "SELECT 1"]);
        let postgres = "CREATE TRIGGER t BEFORE INSERT ON posts FOR EACH ROW EXECUTE FUNCTION f()";
        assert_eq!(split(&format!("{postgres}; SELECT 1")), [postgres, "SELECT 1"]);
    }

    #[test]
    fn what_is_left_open_runs_to_the_end() {
        for text in ["SELECT 'a; b", "SELECT /* a; b", "DO $$ a; b", "SELECT (1; 2", "CREATE TRIGGER t BEGIN a; b"] {
            assert_eq!(split(text).len(), 1, "{text}");
        }
        assert_eq!(split("$"), ["$"]);
        assert_eq!(split("é; ü"), ["é", "ü"]);
    }

    #[test]
    fn a_backend_decides_where_databases_disagree() {
        let nested = "SELECT 1 /* a /* b */ ; */ ; SELECT 2";
        assert_eq!(split_statements(nested, Some(Backend::Postgres)).len(), 2);
        assert_eq!(split_statements(nested, Some(Backend::Sqlite)).len(), 3);
        assert_eq!(split_statements("SELECT 'a\\'; b'", Some(Backend::Mysql)).len(), 1);
    }

    #[test]
    fn transaction_control_is_seen_behind_comments_and_in_any_case() {
        for yes in [
            "BEGIN",
            "begin immediate",
            "/* x */ COMMIT",
            "-- x\nRollback to a",
            "SAVEPOINT a",
            "RELEASE a",
            "END",
            "START TRANSACTION",
            "ABORT",
            "SET TRANSACTION READ ONLY",
            "PREPARE TRANSACTION 'x'",
        ] {
            assert!(is_transaction_control(yes), "{yes}");
        }
        for no in ["SELECT 'BEGIN'", "PREPARE p AS SELECT 1", "SET search_path = a", "", "\"begin\"", "START SLAVE"] {
            assert!(!is_transaction_control(no), "{no}");
        }
    }
}
