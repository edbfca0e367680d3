//! What an author's statement is to a run that may be cut off within its migration: read by its words.

use sqlparser::dialect::MySqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::super::model::{Recovery, RenderedStep, Statement};
use super::DIALECT;
use super::probe;
use crate::diagnostic::{Code, Diagnostic};
use crate::state::{Change, SqlAccess, State};

/// How it is found out whether an author's statement ran. `state` is the state before it.
pub(in super::super) fn of_raw(sql: &str, effects: &[Change], access: &SqlAccess, state: &State) -> Recovery {
    let Some(words) = Words::of(sql) else { return Recovery::Unknowable };
    match words.at(0).as_str() {
        "INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "SELECT" | "WITH" | "VALUES" | "DO" | "LOAD" => {
            Recovery::Transactional
        }
        "SET" => match words.at(1).as_str() {
            // `SET STATEMENT … FOR` runs another one.
            "PASSWORD" | "STATEMENT" | "DEFAULT" => Recovery::Unknowable,
            "GLOBAL" | "PERSIST" | "PERSIST_ONLY" => Recovery::Repeatable,
            _ => Recovery::Session,
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
pub(in super::super) fn is_refused_whole(sql: &str) -> bool {
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

/// Reports a step that goes on after an interruption with a variable of the session that ended there.
pub(in super::super) fn lost_variable(step: &RenderedStep) -> Option<Diagnostic> {
    let own: Vec<&Statement> = step.statements.iter().filter(|statement| statement.ledger.is_none()).collect();
    let (ran, left) = own.split_at_checked(step.skip_statements)?;
    let (number, variable, user) = (1..).zip(ran).find_map(|(number, statement)| {
        let of_rows = variables_of_rows(&statement.sql);
        of_rows.into_iter().find_map(|variable| {
            let user = left.iter().find(|statement| mentions(&statement.sql, &variable))?;
            Some((number, variable, user))
        })
    })?;
    let message = format!("`{}` goes on after an interruption, and `{variable}` went with it", step.name);
    let help = format!(
        "write its value instead of `{variable}` in what has not run yet; or run the other way, which takes back what ran"
    );
    Some(
        Diagnostic::new(Code::Interrupted, message)
            .of(&step.name)
            .going(step.direction)
            .at(user.span, format!("uses `{variable}`"))
            .note(format!("statement {number} gave it a value out of rows, in a session that has ended"))
            .help(help),
    )
}

/// The variables (`@x`) that a statement gives a value that cannot be had again: it comes out of rows.
fn variables_of_rows(sql: &str) -> Vec<String> {
    let Some(words) = Words::of(sql) else { return Vec::new() };
    let reads = words.0.iter().any(|token| is_word(token, "SELECT"));
    let assigns = |at: usize| {
        let (before, after) = (at.checked_sub(1).and_then(|before| words.0.get(before)), words.0.get(at + 1));
        let asks = words.is(0, "SELECT") || words.is(0, "WITH");
        let into = asks && words.0.iter().take(at).any(|token| is_word(token, "INTO"));
        let set = words.is(0, "SET") && matches!(after, Some(Token::Eq | Token::Assignment));
        set || matches!(after, Some(Token::Assignment))
            || into && (matches!(before, Some(Token::Comma)) || before.is_some_and(|before| is_word(before, "INTO")))
    };
    let variable = |at: usize| words.variable(at).filter(|_| reads && assigns(at));
    (0..words.0.len()).filter_map(variable).collect()
}

/// Whether a statement has that variable in it, as [`variables_of_rows`] gives it.
fn mentions(sql: &str, variable: &str) -> bool {
    Words::of(sql).is_none_or(|words| (0..words.0.len()).any(|at| words.variable(at).as_deref() == Some(variable)))
}

fn is_word(token: &Token, text: &str) -> bool {
    matches!(token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(text))
}

/// The tokens of a statement, without what stands between them.
struct Words(Vec<Token>);

/// What a definition can be of.
const KINDS: [&str; 9] = ["FUNCTION", "PROCEDURE", "EVENT", "TRIGGER", "VIEW", "TABLE", "INDEX", "DATABASE", "SCHEMA"];

impl Words {
    fn of(sql: &str) -> Option<Self> {
        let tokens = Tokenizer::new(&MySqlDialect {}, sql).tokenize().ok()?;
        Some(Self(tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect()))
    }

    /// The word at a place, in upper case; empty where none is.
    fn at(&self, at: usize) -> String {
        match self.0.get(at) {
            Some(Token::Word(word)) if word.quote_style.is_none() => word.value.to_ascii_uppercase(),
            _ => String::new(),
        }
    }

    fn is(&self, at: usize, text: &str) -> bool {
        self.0.get(at).is_some_and(|token| is_word(token, text))
    }

    /// A name at a place, in quotes or not.
    fn name(&self, at: usize) -> Option<&str> {
        match self.0.get(at) {
            Some(Token::Word(word)) => Some(word.value.as_str()),
            _ => None,
        }
    }

    /// A session's variable at a place, in lower case: `@x`, not `@@x`.
    fn variable(&self, at: usize) -> Option<String> {
        match self.0.get(at)? {
            Token::Word(word) if word.value.starts_with('@') && !word.value.starts_with("@@") => {
                Some(word.value.to_lowercase())
            }
            Token::AtSign => self.name(at + 1).map(|name| format!("@{}", name.to_lowercase())),
            _ => None,
        }
    }

    /// What is defined, and at which place that word stands. Before it come `OR REPLACE`, a definer and the like.
    fn kind(&self) -> Option<(usize, &'static str)> {
        (1..12).find_map(|at| Some((at, *KINDS.iter().find(|kind| self.is(at, kind))?)))
    }

    /// A comma that stands in no brackets: several things at once.
    fn has_several(&self) -> bool {
        let mut depth = 0_usize;
        self.0.iter().any(|token| {
            match token {
                Token::LParen => depth += 1,
                Token::RParen => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && matches!(token, Token::Comma)
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
        let name = DIALECT.string(self.name(at + 1)?);
        // Another database's, or several at once.
        if matches!(self.0.get(at + 2), Some(Token::Period | Token::Comma)) {
            return None;
        }
        let rows = match kind {
            "EVENT" => format!("EVENTS WHERE EVENT_SCHEMA = DATABASE() AND EVENT_NAME = {name}"),
            "TRIGGER" => format!("TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() AND TRIGGER_NAME = {name}"),
            "VIEW" => format!("VIEWS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {name}"),
            "TABLE" if self.is(1, "TEMPORARY") => return None,
            "TABLE" => {
                format!("TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {name} AND TABLE_TYPE <> 'VIEW'")
            }
            "INDEX" => {
                let on = (at + 2..at + 6).find(|at| self.is(*at, "ON"))?;
                let table = DIALECT.string(self.name(on + 1)?);
                if matches!(self.0.get(on + 2), Some(Token::Period)) {
                    return None;
                }
                format!("STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {table} AND INDEX_NAME = {name}")
            }
            "DATABASE" | "SCHEMA" => format!("SCHEMATA WHERE SCHEMA_NAME = {name}"),
            kind => format!(
                "ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_NAME = {name} AND ROUTINE_TYPE = '{kind}'"
            ),
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
    fn a_variable_that_has_its_value_from_rows_is_known() {
        assert_eq!(variables_of_rows("SELECT id, n INTO @Id, @n FROM t WHERE x = @x"), ["@id", "@n"]);
        assert_eq!(variables_of_rows("SET @a = (SELECT MAX(id) FROM t), @b := 1"), ["@a", "@b"]);
        assert_eq!(variables_of_rows("SELECT @r := id FROM t"), ["@r"]);
        assert_eq!(variables_of_rows("SET @a = 1"), [""; 0]);
        assert_eq!(variables_of_rows("INSERT INTO t SELECT @a, @b"), [""; 0]);
        assert!(mentions("INSERT INTO t VALUES (@A)", "@a"));
        assert!(!mentions("INSERT INTO t VALUES ('@a', @ab, @@a)", "@a"));
    }

    #[test]
    fn another_database_is_not_made_the_sessions() {
        assert!(moves_away("/* there */ use other"));
        assert!(!moves_away("SELECT * FROM t USE INDEX (i)"));
    }
}
