//! Raw SQL, as far as rendering has to look into it: by its words, not by its grammar.

use sqlparser::dialect::GenericDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::error::RenderError;

/// The words of a statement in upper case, names without their quotes, other tokens left out;
/// `None` where it cannot even be split into tokens.
pub(super) fn words(sql: &str) -> Option<Vec<String>> {
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize().ok()?;
    let words = tokens.into_iter().filter_map(|token| {
        let Token::Word(word) = token else { return None };
        Some(word.value.to_ascii_uppercase())
    });
    Some(words.collect())
}

/// Whether a statement changes the schema, by its first word.
pub(super) fn is_ddl(sql: &str) -> bool {
    let first = words(sql).and_then(|words| words.into_iter().next()).unwrap_or_default();
    matches!(first.as_str(), "CREATE" | "ALTER" | "DROP" | "TRUNCATE" | "REINDEX" | "CLUSTER" | "REFRESH")
}

/// Refuses a COPY that has the client at its other end.
pub(super) fn refuse_copy(sql: &str) -> Result<(), RenderError> {
    let words = words(sql).unwrap_or_default();
    let copies = words.first().is_some_and(|word| word == "COPY");
    let ends = [("FROM", "STDIN"), ("TO", "STDOUT")];
    let found = ends.into_iter().find(|(way, end)| copies && words.windows(2).any(|two| two == [*way, *end]));
    let Some((way, end)) = found else { return Ok(()) };
    let message = format!("`COPY … {way} {end}` waits for a client that sends or takes the rows, and a run has none");
    Err(RenderError::unsupported(message).help("write the rows as an `insert`, or COPY from a file of the server's"))
}

/// Whether a statement switches foreign keys on or off on SQLite: `PRAGMA foreign_keys = OFF`.
pub(super) fn switches_keys(sql: &str) -> bool {
    let words = words(sql).unwrap_or_default();
    words.first().is_some_and(|word| word == "PRAGMA")
        && words.iter().take(3).any(|word| word == "FOREIGN_KEYS")
        && sql.contains(['=', '('])
}

/// How an author's statement goes into a plan: a comment at its end must not swallow what follows.
pub(super) fn closed(sql: &str) -> String {
    let mut sql = sql.trim_end().to_owned();
    if sql.lines().next_back().is_some_and(|line| line.contains("--")) {
        sql.push('\n');
    }
    sql
}

/// Tables whose rows a statement deletes or changes, with what it does: by `DELETE FROM x`, `UPDATE x`,
/// `REPLACE INTO x` and `INSERT OR REPLACE INTO x` anywhere in it. Nothing for statements that only define something.
pub(super) fn row_changes(sql: &str) -> Vec<(RowChange, String)> {
    let Some(words) = words(sql) else { return Vec::new() };
    if words.first().is_some_and(|word| word == "CREATE") {
        return Vec::new();
    }
    let mut found = Vec::new();
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    for at in 0..words.len() {
        let (change, mut name) = match (word(at), word(at + 1)) {
            ("DELETE", "FROM") => (RowChange::Delete, at + 2),
            ("REPLACE", "INTO") => (RowChange::Delete, at + 2),
            ("UPDATE", "OR") => (RowChange::Update, at + 3),
            ("UPDATE", _) => (RowChange::Update, at + 1),
            _ => continue,
        };
        if matches!(word(name), "MAIN" | "ONLY") {
            name += 1;
        }
        if !word(name).is_empty() {
            found.push((change, word(name).to_owned()));
        }
    }
    found
}

/// What a statement does to rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowChange {
    Delete,
    Update,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_changes_are_found_wherever_they_stand() {
        let sql = "WITH gone AS (SELECT 1) DELETE FROM \"Users\" WHERE id IN (SELECT * FROM gone)";
        assert_eq!(row_changes(sql), vec![(RowChange::Delete, "USERS".to_owned())]);
        assert_eq!(row_changes("UPDATE OR IGNORE main.users SET x = 1"), vec![(RowChange::Update, "USERS".to_owned())]);
        assert_eq!(
            row_changes("INSERT OR REPLACE INTO users VALUES (1)"),
            vec![(RowChange::Delete, "USERS".to_owned())]
        );
        assert_eq!(row_changes("CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; END"), vec![]);
        assert_eq!(row_changes("SELECT 'DELETE FROM users'"), vec![]);
    }

    #[test]
    fn a_comment_at_the_end_is_closed() {
        assert_eq!(closed("SELECT 1 -- one "), "SELECT 1 -- one\n");
        assert_eq!(closed("-- one\nSELECT 1 "), "-- one\nSELECT 1");
    }

    #[test]
    fn a_copy_that_needs_a_client_is_known() {
        let refused = |sql, end: &str| refuse_copy(sql).is_err_and(|error| error.message.contains(end));
        assert!(refused("COPY a (x) FROM stdin WITH (FORMAT csv)", "FROM STDIN"));
        assert!(refused("-- out\ncopy (SELECT 1) to stdout", "TO STDOUT"));
        assert!(refuse_copy("COPY a FROM '/tmp/stdin'").is_ok());
        assert!(refuse_copy("SELECT 'COPY a FROM STDIN'").is_ok());
    }

    #[test]
    fn a_switch_of_foreign_keys_is_known() {
        assert!(switches_keys("PRAGMA foreign_keys = OFF"));
        assert!(switches_keys("pragma main.foreign_keys(0)"));
        assert!(!switches_keys("PRAGMA foreign_keys"));
        assert!(!switches_keys("PRAGMA foreign_key_check('a')"));
        assert!(!switches_keys("INSERT INTO a VALUES ('PRAGMA foreign_keys = 0')"));
    }

    #[test]
    fn ddl_is_told_by_its_first_word() {
        assert!(is_ddl("/* a */ -- b\n create view v AS SELECT 1"));
        assert!(!is_ddl("UPDATE t SET a = 'ALTER'"));
    }
}
