//! Cutting SQL text into statements, and what kind of statement one is by its first words.

use std::ops::Range;

use super::lexer::{Lexeme, scan};
use crate::backend::Backend;

/// The statements of a text: ranges of bytes, without their semicolons and without
/// white space and comments around them. Statements of nothing but comments are left out.
///
/// `backend` decides where databases disagree (MySQL's backslashes and `#` comments,
/// nested comments); `None` reads what SQLite and PostgreSQL have in common.
#[must_use]
pub fn split_statements(text: &str, backend: Option<Backend>) -> Vec<Range<usize>> {
    let mut statements = Vec::new();
    let mut current: Option<Range<usize>> = None;
    let mut body = Body::default();
    for (lexeme, range) in scan(text, backend) {
        match lexeme {
            Lexeme::Mark(';') if !body.is_open() => {
                statements.extend(current.take());
                body = Body::default();
                continue;
            }
            Lexeme::Word(word) => body.word(word),
            Lexeme::Mark(mark) => body.mark(mark),
            Lexeme::Quoted(_) => body.mark('"'),
        }
        current.get_or_insert(range.start..range.end).end = range.end;
    }
    statements.extend(current);
    statements
}

/// The first words of a statement in capitals, as far as nothing else stands between them; at most `most`.
#[must_use]
pub fn first_words(statement: &str, most: usize) -> Vec<String> {
    let word = |(lexeme, _)| if let Lexeme::Word(word) = lexeme { Some(word.to_ascii_uppercase()) } else { None };
    scan(statement, None).map_while(word).take(most).collect()
}

/// Whether a single statement begins, ends or cuts a transaction, which is the executor's to do.
#[must_use]
pub fn is_transaction_control(statement: &str) -> bool {
    let mut all = scan(statement, None).map(|(lexeme, _)| lexeme);
    let (first, second) = (all.next(), all.next());
    let is = |lexeme: Option<Lexeme<'_>>, words: &[&str]| {
        lexeme.is_some_and(|lexeme| words.iter().any(|word| lexeme.is(word)))
    };
    is(first, &["begin", "commit", "end", "rollback", "abort", "savepoint", "release", "xa"])
        || is(first, &["start", "prepare"]) && is(second, &["transaction"])
        || is(first, &["set"]) && is(second, &["transaction", "autocommit"])
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

    fn mark(&mut self, mark: char) {
        self.after_point = mark == '.';
        self.after_end = false;
        match mark {
            '(' => self.brackets += 1,
            ')' => self.brackets = self.brackets.saturating_sub(1),
            _ => {}
        }
    }
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
