//! What an author's statement is to a run that may be cut off within its migration: read by its words.

use sqlparser::dialect::MySqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::super::model::Recovery;
use super::super::objects::catalog;
use super::{BACKEND, probe, session};
use crate::state::{Change, SqlAccess, State};

/// How it is found out whether an author's statement ran. `state` is the state before it.
pub(in crate::render) fn of_raw(sql: &str, effects: &[Change], access: &SqlAccess, state: &State) -> Recovery {
    let Some(words) = Words::of(sql) else { return Recovery::Unknowable };
    match words.at(0).as_str() {
        "INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "SELECT" | "WITH" | "VALUES" | "DO" | "LOAD" => {
            Recovery::Transactional
        }
        "SET" => match words.at(1).as_str() {
            // `SET STATEMENT … FOR` runs another one.
            "PASSWORD" | "STATEMENT" | "DEFAULT" => Recovery::Unknowable,
            "GLOBAL" | "PERSIST" | "PERSIST_ONLY" => Recovery::Repeatable,
            _ if session::is_steady(&words) => Recovery::Session,
            // Its value goes with the transaction, and with the session.
            _ => Recovery::Transactional,
        },
        "TRUNCATE" | "ANALYZE" | "OPTIMIZE" | "CHECK" | "REPAIR" | "FLUSH" | "GRANT" => Recovery::Repeatable,
        _ if words.is_conditional() => Recovery::Repeatable,
        "CREATE" | "ALTER" | "DROP" | "RENAME" => {
            let questions: Vec<String> = effects
                .iter()
                .filter_map(|effect| {
                    let table = effect.table().and_then(|id| state.table(id));
                    probe::of_change(effect, table.map(|table| &**table))
                })
                .collect();
            let same = effects.iter().all(|effect| matches!(effect, Change::AlterColumn { .. }));
            match questions.as_slice() {
                [one] => Recovery::Probeable(one.clone()),
                [] if words.is(0, "ALTER") && same && !access.unread => Recovery::Repeatable,
                [] => words.question().map_or(Recovery::Unknowable, Recovery::Probeable),
                // Where some of it ran, nobody can tell.
                many => {
                    let all = many.iter().map(|one| format!("({one})")).collect::<Vec<_>>();
                    let count = all.len();
                    Recovery::Probeable(format!(
                        "SELECT CASE s.n WHEN {count} THEN 1 WHEN 0 THEN 0 ELSE 2 END FROM (SELECT {} AS n) AS s",
                        all.join(" + ")
                    ))
                }
            }
        }
        _ => Recovery::Unknowable,
    }
}

/// Whether a statement that is refused has left nothing behind. One that names several things to drop may have dropped
/// the first of them, and one that calls may have committed.
pub(in crate::render) fn is_refused_whole(sql: &str) -> bool {
    let Some(words) = Words::of(sql) else { return false };
    match words.at(0).as_str() {
        "CREATE" | "ALTER" if words.is(1, "USER") || words.is(1, "ROLE") => !words.has_several(),
        "CREATE" if words.is(1, "OR") => false,
        "CREATE" | "ALTER" | "TRUNCATE" => true,
        "RENAME" => words.is(1, "TABLE") || words.is(1, "TABLES"),
        "DROP" => !words.has_several(),
        "INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "SELECT" | "WITH" | "VALUES" | "DO" | "LOAD" | "SET" => true,
        _ => false,
    }
}

/// Whether a statement makes another database the session's: `USE x`.
pub(super) fn moves_away(sql: &str) -> bool {
    Words::of(sql).is_some_and(|words| words.is(0, "USE"))
}

/// Whether a statement takes tables for this session and leaves it no others: `LOCK TABLES x WRITE`.
pub(super) fn locks_tables(sql: &str) -> bool {
    Words::of(sql).is_some_and(|words| words.is(0, "LOCK"))
}

pub(super) fn is_word(token: &Token, text: &str) -> bool {
    matches!(token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(text))
}

/// The tokens of a statement, without what stands between them.
pub(super) struct Words(pub(super) Vec<Token>);

/// What a definition can be of.
const KINDS: [&str; 9] = ["FUNCTION", "PROCEDURE", "EVENT", "TRIGGER", "VIEW", "TABLE", "INDEX", "DATABASE", "SCHEMA"];

impl Words {
    pub(super) fn of(sql: &str) -> Option<Self> {
        let tokens = Tokenizer::new(&MySqlDialect {}, sql).tokenize().ok()?;
        Some(Self(tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect()))
    }

    /// The word at a place, in upper case; empty where none is.
    pub(super) fn at(&self, at: usize) -> String {
        match self.0.get(at) {
            Some(Token::Word(word)) if word.quote_style.is_none() => word.value.to_ascii_uppercase(),
            _ => String::new(),
        }
    }

    pub(super) fn is(&self, at: usize, text: &str) -> bool {
        self.0.get(at).is_some_and(|token| is_word(token, text))
    }

    /// A name at a place, in quotes or not.
    pub(super) fn name(&self, at: usize) -> Option<&str> {
        match self.0.get(at) {
            Some(Token::Word(word)) => Some(word.value.as_str()),
            _ => None,
        }
    }

    /// A session's variable at a place, in lower case: `@x`, not `@@x`.
    pub(super) fn variable(&self, at: usize) -> Option<String> {
        if self.0.get(at)? == &Token::AtSign {
            return self.name(at + 1).map(|name| format!("@{}", name.to_lowercase()));
        }
        self.name(at).filter(|name| name.starts_with('@') && !name.starts_with("@@")).map(str::to_lowercase)
    }

    /// What is defined, and at which place that word stands. Before it come `OR REPLACE`, a definer and the like.
    fn kind(&self) -> Option<(usize, &'static str)> {
        (1..12).find_map(|at| Some((at, *KINDS.iter().find(|kind| self.is(at, kind))?)))
    }

    /// Whether it defines what others call, with a body of its own.
    pub(super) fn defines_program(&self) -> bool {
        let program = |kind: &str| matches!(kind, "FUNCTION" | "PROCEDURE" | "EVENT" | "TRIGGER");
        (self.is(0, "CREATE") || self.is(0, "ALTER")) && self.kind().is_some_and(|(_, kind)| program(kind))
    }

    /// A comma that stands in no brackets: several things at once.
    fn has_several(&self) -> bool {
        let mut depth = 0_usize;
        self.0.iter().any(|token| {
            depth += usize::from(*token == Token::LParen);
            depth = depth.saturating_sub(usize::from(*token == Token::RParen));
            depth == 0 && *token == Token::Comma
        })
    }

    /// Whether it does nothing where it has been done already: `CREATE OR REPLACE`, `CREATE … IF NOT EXISTS`,
    /// `DROP … IF EXISTS`, `ALTER TABLE t ADD|DROP … IF [NOT] EXISTS` of one thing.
    fn is_conditional(&self) -> bool {
        let condition = |at: usize, made: bool| {
            if made {
                self.is(at, "IF") && self.is(at + 1, "NOT") && self.is(at + 2, "EXISTS")
            } else {
                self.is(at, "IF") && self.is(at + 1, "EXISTS")
            }
        };
        match self.at(0).as_str() {
            "CREATE" if self.is(1, "OR") && self.is(2, "REPLACE") => true,
            "CREATE" => self.kind().is_some_and(|(at, _)| condition(at + 1, true)),
            "DROP" => self.kind().is_some_and(|(at, _)| condition(at + 1, false)),
            "ALTER" if self.is(1, "TABLE") && !self.has_several() => {
                let dot = usize::from(matches!(self.0.get(3), Some(Token::Period)));
                let verb = 3 + 2 * dot;
                let made = self.is(verb, "ADD");
                let kinds = ["COLUMN", "INDEX", "KEY", "CONSTRAINT", "FOREIGN", "UNIQUE", "CHECK", "PARTITION"];
                let mut at = verb + 1;
                while kinds.iter().any(|kind| self.is(at, kind)) {
                    at += 1;
                }
                (made || self.is(verb, "DROP")) && condition(at, made)
            }
            _ => false,
        }
    }

    /// The question for a definition that was not read: `CREATE … FUNCTION name`, `DROP TABLE name`.
    fn question(&self) -> Option<String> {
        let made = if self.is(0, "CREATE") { true } else { self.is(0, "DROP").then_some(false)? };
        let (at, kind) = self.kind()?;
        let name = self.name(at + 1)?;
        // Another database's, or several at once.
        if matches!(self.0.get(at + 2), Some(Token::Period | Token::Comma)) {
            return None;
        }
        let rows = match kind {
            "EVENT" => catalog("EVENTS", &[("EVENT_NAME", name)]),
            "TRIGGER" => catalog("TRIGGERS", &[("TRIGGER_NAME", name)]),
            "VIEW" => catalog("VIEWS", &[("TABLE_NAME", name)]),
            "TABLE" if self.is(1, "TEMPORARY") => return None,
            "TABLE" => probe::base_table(name),
            "INDEX" => {
                let on = (at + 2..at + 6).find(|at| self.is(*at, "ON"))?;
                let table = self.name(on + 1)?;
                if matches!(self.0.get(on + 2), Some(Token::Period)) {
                    return None;
                }
                probe::index_of(table, name)
            }
            "DATABASE" | "SCHEMA" => format!("SCHEMATA WHERE SCHEMA_NAME = {}", BACKEND.string(name)),
            kind => catalog("ROUTINES", &[("ROUTINE_NAME", name), ("ROUTINE_TYPE", kind)]),
        };
        Some(probe::stands(&rows, made))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Backend;

    fn recovery(sql: &str) -> Recovery {
        let access = SqlAccess { unread: true, ..SqlAccess::default() };
        of_raw(sql, &[], &access, &State::empty(Backend::Mysql))
    }

    #[test]
    fn only_a_condition_of_the_statement_itself_makes_it_repeatable() {
        for sql in [
            "CREATE OR REPLACE VIEW v AS SELECT 1",
            "create table if not exists a (id int)",
            "CREATE TEMPORARY TABLE IF NOT EXISTS a (id int)",
            "CREATE DEFINER = `root`@`%` PROCEDURE IF NOT EXISTS p() BEGIN END",
            "DROP TABLE IF EXISTS a, b",
            "ALTER TABLE a ADD COLUMN IF NOT EXISTS x int",
            "ALTER TABLE d.a DROP INDEX IF EXISTS x",
        ] {
            assert_eq!(recovery(sql), Recovery::Repeatable, "{sql}");
        }
        for sql in [
            "CREATE VIEW v AS SELECT IF(EXISTS (SELECT 1), 1, 2)",
            "CREATE TRIGGER g AFTER INSERT ON a FOR EACH ROW IF EXISTS (SELECT 1) THEN DO 1; END IF",
            "CREATE PROCEDURE p() IF NOT EXISTS (SELECT 1) THEN SELECT 1; END IF",
            "ALTER TABLE a ADD COLUMN IF NOT EXISTS x int, ADD COLUMN y int",
            "ALTER TABLE IF EXISTS a ADD COLUMN x int",
            "ALTER TABLE a DROP COLUMN IF NOT EXISTS x",
            "CREATE TABLE `if` (`not` int, `exists` int)",
        ] {
            assert_ne!(recovery(sql), Recovery::Repeatable, "{sql}");
        }
    }

    #[test]
    fn what_is_set_is_of_the_session_or_of_the_server() {
        assert_eq!(recovery("SET foreign_key_checks = 0"), Recovery::Session);
        assert_eq!(recovery("set @a = 1"), Recovery::Session);
        assert_eq!(recovery("SET @a = UUID()"), Recovery::Transactional);
        assert_eq!(recovery("SET GLOBAL max_connections = 5"), Recovery::Repeatable);
        assert_eq!(recovery("SET STATEMENT max_statement_time = 1 FOR CALL p()"), Recovery::Unknowable);
        assert_eq!(recovery("SET PASSWORD = 'x'"), Recovery::Unknowable);
    }

    #[test]
    fn what_names_several_things_may_leave_some_of_them_behind() {
        for sql in [
            "DROP TABLE a",
            "CREATE TABLE a (x int, y int)",
            "ALTER TABLE a ADD x int, ADD y int",
            "RENAME TABLE a TO b, c TO d",
        ] {
            assert!(is_refused_whole(sql), "{sql}");
        }
        for sql in
            ["DROP TABLE a, b", "drop view a , b", "DROP USER a, b", "CREATE USER a, b", "CALL p()", "GRANT r TO a, b"]
        {
            assert!(!is_refused_whole(sql), "{sql}");
        }
    }

    #[test]
    fn another_database_is_not_made_the_sessions() {
        assert!(moves_away("/* there */ use other"));
        assert!(!moves_away("SELECT * FROM t USE INDEX (i)"));
    }
}
