//! What a statement leaves in its session: variables and settings. They end with it, so a run that goes on after an
//! interruption sets again what is the same each time, and is refused where the rest needs what is not.

use std::collections::BTreeMap;

use sqlparser::tokenizer::Token;

use super::super::model::{Recovery, RenderedStep, Statement};
use super::authored::{Words, is_word};
use crate::diagnostic::{Code, Diagnostic};

/// What a statement gives a variable or a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Given {
    /// The same whenever it runs, as long as these variables are the same.
    Again(Vec<String>),
    /// What came out of rows, a function, the clock, or chance.
    Once,
}

/// What a statement has to do with its session.
#[derive(Debug, Default)]
struct Traces {
    /// Variables that it needs.
    reads: Vec<String>,
    /// Variables and settings (`@@name`) that it gives a value.
    gives: Vec<(String, Given)>,
}

/// Functions that give the same for the same.
const STEADY: [&str; 7] = ["CONCAT", "CONCAT_WS", "REPLACE", "IFNULL", "COALESCE", "LOWER", "UPPER"];
/// Words that are a function without brackets, or begin a query.
const UNSTEADY: [&str; 12] = [
    "SELECT",
    // `NEXT VALUE FOR a_sequence`.
    "NEXT",
    "PREVIOUS",
    "CURRENT_TIMESTAMP",
    "CURRENT_DATE",
    "CURRENT_TIME",
    "CURRENT_USER",
    "LOCALTIME",
    "LOCALTIMESTAMP",
    "UTC_TIMESTAMP",
    "UTC_DATE",
    "UTC_TIME",
];
/// What the server keeps of the statement before.
const OF_THE_LAST: [&str; 3] = ["LAST_INSERT_ID", "ROW_COUNT", "FOUND_ROWS"];

/// Whether a SET gives the same whenever it runs.
pub(super) fn is_steady(words: &Words) -> bool {
    traces(words).gives.iter().all(|(_, given)| matches!(given, Given::Again(_)))
}

/// Reports a step that goes on after an interruption with something of the session that ended there.
pub(in super::super) fn lost(step: &RenderedStep) -> Option<Diagnostic> {
    let own: Vec<&Statement> = step.statements.iter().filter(|statement| statement.ledger.is_none()).collect();
    let (ran, left) = own.split_at_checked(step.skip_statements)?;
    let mut lost: BTreeMap<String, usize> = BTreeMap::new();
    for (number, statement) in (1..).zip(ran) {
        let Some(words) = Words::of(&statement.sql) else { continue };
        // Only what is steady as a whole is run again.
        let again = statement.journaled.as_ref().is_some_and(|journaled| journaled.recovery == Recovery::Session);
        for (name, given) in traces(&words).gives {
            let given = if again { given } else { Given::Once };
            match given {
                Given::Again(of) if of.iter().all(|name| !lost.contains_key(name)) => lost.remove(&name),
                Given::Again(_) | Given::Once => lost.insert(name, number),
            };
        }
    }
    let (name, number, user) = left.iter().find_map(|statement| {
        let words = Words::of(&statement.sql)?;
        let traces = traces(&words);
        let setting = lost.iter().find(|(name, _)| name.starts_with("@@"));
        let needed = traces.reads.iter().find_map(|name| lost.get_key_value(name)).or(setting);
        let found = needed.map(|(name, number)| (name.clone(), *number, *statement));
        for (name, _) in &traces.gives {
            lost.remove(name);
        }
        found
    })?;
    let message = format!("`{}` goes on after an interruption, and `{name}` went with it", step.name);
    let help = format!(
        "write its value instead of `{name}` in what has not run yet; or run the other way, which takes back what ran"
    );
    Some(
        Diagnostic::new(Code::Interrupted, message)
            .of(&step.name)
            .going(step.direction)
            .at(user.span, format!("needs `{name}`"))
            .note(format!("statement {number} gave it a value that another session would not have"))
            .help(help),
    )
}

fn traces(words: &Words) -> Traces {
    let mut traces = Traces::default();
    let first = words.at(0);
    if first == "SET" {
        set(words, &mut traces);
        return traces;
    }
    if words.defines_program() {
        // The body of a program is of the sessions that call it.
        return traces;
    }
    let calls = matches!(first.as_str(), "CALL" | "EXECUTE");
    let asks = matches!(first.as_str(), "SELECT" | "WITH");
    let mut into = false;
    for at in 0..words.0.len() {
        into |= asks && words.is(at, "INTO");
        let Some(name) = words.variable(at) else { continue };
        let before = at.checked_sub(1).and_then(|before| words.0.get(before));
        let listed = matches!(before, Some(Token::Comma)) || before.is_some_and(|before| is_word(before, "INTO"));
        if into && listed {
            traces.gives.push((name, Given::Once));
            continue;
        }
        if calls || matches!(words.0.get(at + 1), Some(Token::Assignment)) {
            traces.gives.push((name.clone(), Given::Once));
        }
        traces.reads.push(name);
    }
    traces.reads.extend(of_the_last(words, 0..words.0.len()));
    // `LAST_INSERT_ID(n)` says what it is from now on.
    let says = (0..words.0.len())
        .any(|at| words.is(at, "LAST_INSERT_ID") && !matches!(words.0.get(at + 2), None | Some(Token::RParen)));
    if says || matches!(first.as_str(), "INSERT" | "REPLACE" | "LOAD" | "CALL") {
        traces.gives.push((called("LAST_INSERT_ID"), Given::Once));
    }
    traces.gives.extend(["ROW_COUNT", "FOUND_ROWS"].map(|name| (called(name), Given::Once)));
    traces
}

/// `SET a = 1, @b = a + @c`: each part by itself.
fn set(words: &Words, traces: &mut Traces) {
    let mut depth = 0_usize;
    let mut start = 1;
    for at in 1..=words.0.len() {
        match words.0.get(at) {
            Some(Token::LParen) => depth += 1,
            Some(Token::RParen) => depth = depth.saturating_sub(1),
            Some(Token::Comma) if depth == 0 => {
                assignment(words, start..at, traces);
                start = at + 1;
            }
            None => assignment(words, start..at, traces),
            Some(_) => {}
        }
    }
}

fn assignment(words: &Words, part: std::ops::Range<usize>, traces: &mut Traces) {
    let equals = part.clone().find(|at| matches!(words.0.get(*at), Some(Token::Eq | Token::Assignment)));
    // `SET NAMES utf8mb4`.
    let Some(equals) = equals else { return };
    let variable = (part.start..equals).find_map(|at| words.variable(at));
    let name = variable.unwrap_or_else(|| {
        let name = words.name(equals.saturating_sub(1)).unwrap_or_default().trim_start_matches('@').to_lowercase();
        format!("@@{name}")
    });
    let value = equals + 1..part.end;
    let reads: Vec<String> =
        value.clone().filter_map(|at| words.variable(at)).chain(of_the_last(words, value.clone())).collect();
    let steady = value.clone().all(|at| {
        let called = matches!(words.0.get(at + 1), Some(Token::LParen));
        let word = words.at(at);
        word.is_empty() || if called { STEADY.contains(&word.as_str()) } else { !UNSTEADY.contains(&word.as_str()) }
    });
    // One in quotes that is called is a function of the database's own.
    let own = value.clone().any(|at| {
        words.at(at).is_empty() && words.name(at).is_some() && matches!(words.0.get(at + 1), Some(Token::LParen))
    });
    // The server's own variables change, but for a setting that is made of itself.
    let server = value.clone().any(|at| {
        words
            .name(at)
            .and_then(|word| word.strip_prefix("@@"))
            .is_some_and(|word| format!("@@{}", word.to_lowercase()) != name)
    });
    let given = if steady && !own && !server { Given::Again(reads.clone()) } else { Given::Once };
    traces.reads.extend(reads);
    traces.gives.push((name, given));
}

fn of_the_last(words: &Words, within: std::ops::Range<usize>) -> impl Iterator<Item = String> + '_ {
    within.filter(|at| matches!(words.0.get(at + 1), Some(Token::LParen))).filter_map(|at| {
        let word = words.at(at);
        OF_THE_LAST.iter().find(|name| **name == word).map(|name| called(name))
    })
}

fn called(name: &str) -> String {
    format!("{}()", name.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sql: &str) -> Traces {
        traces(&Words::of(sql).unwrap())
    }

    fn once(sql: &str) -> Vec<String> {
        let given = of(sql).gives.into_iter().filter(|(name, given)| *given == Given::Once && !name.ends_with("()"));
        given.map(|(name, _)| name).collect()
    }

    #[test]
    fn what_another_session_would_not_have_is_known() {
        assert_eq!(once("SELECT id, n INTO @Id, @n FROM t WHERE x = @x"), ["@id", "@n"]);
        assert_eq!(once("SET @a = (SELECT MAX(id) FROM t), @b := 1"), ["@a"]);
        assert_eq!(
            once("SET @a = LAST_INSERT_ID(), @b = UUID(), @c = f(1), @d = CURRENT_TIMESTAMP, @e = `f`(1)").len(),
            5
        );
        assert_eq!(once("SELECT @r := id FROM t"), ["@r"]);
        assert_eq!(once("SET @a = @@identity, @b = @@GLOBAL.max_error_count, @c = NEXT VALUE FOR s").len(), 3);
        assert!(of("UPDATE s SET n = LAST_INSERT_ID(n + 1)").gives.contains(&(called("LAST_INSERT_ID"), Given::Once)));
        assert_eq!(of("CREATE TABLE c AS SELECT @a").reads, ["@a"]);
        assert!(of("CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.v = LAST_INSERT_ID()").reads.is_empty());
        assert_eq!(once("UPDATE t SET name = (@n := @n + 1)"), ["@n"]);
        assert_eq!(once("CALL p(@o, 1)"), ["@o"]);
        assert_eq!(once("SET SESSION sql_mode = (SELECT m FROM modes)"), ["@@sql_mode"]);
    }

    #[test]
    fn what_is_the_same_each_time_is_set_again() {
        for sql in [
            "SET @a = 1, @b = 'x', @c = -1.5 + (2 * 3), @d = NULL, @e = TRUE",
            "SET @a = CONCAT(@b, ',x')",
            "SET foreign_key_checks = 0, SESSION sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES')",
            "SET NAMES utf8mb4",
            "SET @@session.time_zone = '+00:00'",
            "SET default_storage_engine = InnoDB",
        ] {
            assert_eq!(once(sql), [""; 0], "{sql}");
        }
        assert_eq!(of("SET @a = CONCAT(@b, ',x')").gives, [("@a".to_owned(), Given::Again(vec!["@b".to_owned()]))]);
    }

    #[test]
    fn what_is_needed_is_known() {
        assert_eq!(of("INSERT INTO t SELECT @A, '@b', @@c").reads, ["@a"]);
        assert_eq!(of("INSERT INTO t VALUES (LAST_INSERT_ID())").reads, ["last_insert_id()"]);
        assert_eq!(of("SELECT id INTO @x FROM t WHERE n = @n").reads, ["@n"]);
        assert_eq!(of("SET @n = ROW_COUNT()").reads, ["row_count()"]);
    }
}
