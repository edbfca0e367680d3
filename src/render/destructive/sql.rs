//! What raw SQL destroys: what is read shows it, and what is not read is destructive unless its first words are known to be
//! harmless.

use super::{Place, count, lost, of as of_change};
use crate::backend::Backend;
use crate::render::model::Destructive;
use crate::sql_text::{Lexeme, lexemes, split_statements};
use crate::state::{Change, SqlAccess};

/// How much of a statement is its name.
const MOST_CHARACTERS: usize = 60;

/// What a raw statement destroys.
pub(super) fn of(place: &Place<'_>, sql: &str, effects: &[Change], access: &SqlAccess) -> Vec<Destructive> {
    let backend = place.backend;
    let mut found: Vec<Destructive> = effects.iter().flat_map(|effect| of_change(place, effect)).collect();
    let ranges = split_statements(sql, Some(backend)).into_iter();
    let statements: Vec<Statement<'_>> =
        ranges.map(|range| Statement::of(sql.get(range).unwrap_or_default(), backend)).collect();
    let kind = if statements.iter().all(Statement::only_updates) { "values" } else { "rows" };
    for table in access.writes.iter().filter_map(|id| place.now.table(*id)) {
        let whole = statements.as_slice().first().is_some_and(Statement::empties_one_table);
        let counted = place.then(table.id).filter(|_| whole).map(|then| count(place.backend, then, None));
        found.push(lost(kind, table.name.to_string(), place.stands(table.id), counted));
    }
    let shown = match statements.as_slice() {
        [one] => !access.unread && one.is_shown_by(effects, access),
        _ => false,
    };
    if !found.iter().any(|one| one.stands) && !shown && !statements.iter().all(|one| one.is_harmless(backend)) {
        found.push(lost("sql", title(sql), true, None));
    }
    found
}

/// A statement in a line.
fn title(sql: &str) -> String {
    let line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST_CHARACTERS) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default().trim_end()),
        None => line,
    }
}

struct Statement<'s>(Vec<Lexeme<'s>>);

impl<'s> Statement<'s> {
    fn of(sql: &'s str, backend: Backend) -> Self {
        // MariaDB runs what stands in such a comment, which nothing here looks into.
        let runs_comments = backend == Backend::Mysql && (sql.contains("/*!") || sql.contains("/*M!"));
        Self(if runs_comments { Vec::new() } else { lexemes(sql, Some(backend)) })
    }

    /// The word at a place in capitals; empty where another lexeme stands.
    fn word(&self, at: usize) -> String {
        match self.0.get(at) {
            Some(Lexeme::Word(word)) => word.to_ascii_uppercase(),
            _ => String::new(),
        }
    }

    fn has(&self, wanted: &[&str]) -> bool {
        self.0.iter().any(|lexeme| {
            matches!(lexeme, Lexeme::Word(word) if wanted.iter().any(|wanted| word.eq_ignore_ascii_case(wanted)))
        })
    }

    /// Whether rows are changed somewhere in it, as by a statement of their own. `FOR UPDATE`, `ON DELETE` and functions of
    /// those names do not.
    fn changes_rows(&self) -> bool {
        (0..self.0.len()).any(|at| {
            let before = at.checked_sub(1).map(|at| self.word(at)).unwrap_or_default();
            matches!(self.word(at).as_str(), "DELETE" | "UPDATE" | "TRUNCATE" | "REPLACE" | "MERGE")
                && !matches!(before.as_str(), "FOR" | "KEY" | "ON")
                && self.0.get(at + 1) != Some(&Lexeme::Mark('('))
        })
    }

    fn only_updates(&self) -> bool {
        !self.has(&["DELETE", "TRUNCATE", "REPLACE", "MERGE"])
    }

    /// `DELETE FROM t`, `TRUNCATE TABLE t`, with nothing behind it.
    fn empties_one_table(&self) -> bool {
        let name = match (self.word(0).as_str(), self.word(1).as_str()) {
            ("DELETE", "FROM") | ("TRUNCATE", "TABLE") => 2,
            ("TRUNCATE", _) => 1,
            _ => return false,
        };
        self.after_name(name) == Some(self.0.len())
    }

    /// MySQL updates several tables at once, of which the first is read.
    fn updates_one_table(&self) -> bool {
        let is_set = |lexeme: &&Lexeme<'_>| !matches!(lexeme, Lexeme::Word(word) if word.eq_ignore_ascii_case("SET"));
        self.0.iter().take_while(is_set).all(|lexeme| match lexeme {
            Lexeme::Word(word) => !word.to_ascii_uppercase().ends_with("JOIN"),
            Lexeme::Mark(mark) => *mark != ',',
            Lexeme::Quoted(_) => true,
        })
    }

    /// The place behind a name, maybe with a schema in front.
    fn after_name(&self, at: usize) -> Option<usize> {
        let part = |at: usize| matches!(self.0.get(at), Some(Lexeme::Word(_) | Lexeme::Quoted(_)));
        let mut end = part(at).then_some(at + 1)?;
        while self.0.get(end) == Some(&Lexeme::Mark('.')) {
            end = part(end + 1).then_some(end + 2)?;
        }
        Some(end)
    }

    /// Whether what was read of it is all that it does to rows.
    fn is_shown_by(&self, effects: &[Change], access: &SqlAccess) -> bool {
        let reaches_rows = !access.writes.is_empty();
        match self.word(0).as_str() {
            "SELECT" | "VALUES" | "WITH" => reaches_rows || !self.changes_rows(),
            "DELETE" | "TRUNCATE" | "REPLACE" => reaches_rows,
            "UPDATE" => reaches_rows && self.updates_one_table(),
            "INSERT" => !access.inserts.is_empty(),
            "PRAGMA" => true,
            "CREATE" | "ALTER" => !effects.is_empty(),
            // Of several, one may stand that the migrations do not know.
            "DROP" => !effects.is_empty() && access.names.is_empty(),
            _ => false,
        }
    }

    /// Whether it loses no rows and no values that stand, by its first words. What it calls is not looked into.
    fn is_harmless(&self, backend: Backend) -> bool {
        let cascades = || self.has(&["CASCADE"]);
        match self.word(0).as_str() {
            "GRANT" | "REVOKE" | "COMMENT" | "REINDEX" | "VACUUM" | "SHOW" => true,
            // MariaDB analyzes statements by running them.
            "ANALYZE" => backend != Backend::Mysql || self.word(1) == "TABLE",
            "SET" => self.word(1) != "STATEMENT",
            "INSERT" => !self.changes_rows() && !self.has(&["DUPLICATE"]),
            "CREATE" => self.creates(),
            "ALTER" => self.adds(),
            "DROP" => match self.word(1).as_str() {
                "INDEX" | "VIEW" | "TRIGGER" | "FUNCTION" | "PROCEDURE" | "POLICY" | "TYPE" => !cascades(),
                _ => false,
            },
            _ => false,
        }
    }

    /// `CREATE` of something new that takes the place of nothing with rows.
    fn creates(&self) -> bool {
        let replaces = self.word(1) == "OR" && self.word(2) == "REPLACE";
        let mut at = if replaces { 3 } else { 1 };
        loop {
            match self.word(at).as_str() {
                "UNIQUE" | "FULLTEXT" | "SPATIAL" | "TEMP" | "TEMPORARY" | "UNLOGGED" | "VIRTUAL" | "FOREIGN"
                | "MATERIALIZED" | "RECURSIVE" | "CONSTRAINT" | "AGGREGATE" => at += 1,
                // `DEFINER = user@host`, `ALGORITHM = MERGE`, `SQL SECURITY INVOKER`.
                "DEFINER" | "ALGORITHM" if self.0.get(at + 1) == Some(&Lexeme::Mark('=')) => {
                    at += 3;
                    if self.0.get(at) == Some(&Lexeme::Mark('@')) {
                        at += 2;
                    }
                }
                "SQL" if self.word(at + 1) == "SECURITY" => at += 3,
                _ => break,
            }
        }
        match self.word(at).as_str() {
            "TABLE" => !replaces && !self.changes_rows(),
            "INDEX" | "SCHEMA" | "EXTENSION" | "SEQUENCE" | "TYPE" | "DOMAIN" | "ROLE" | "USER" | "POLICY"
            | "STATISTICS" => !replaces,
            "VIEW" | "TRIGGER" | "FUNCTION" | "PROCEDURE" => true,
            _ => false,
        }
    }

    /// `ALTER TABLE` and `ALTER TYPE` of nothing but additions, new names and the like.
    fn adds(&self) -> bool {
        let mut at = match self.word(1).as_str() {
            "TABLE" | "TYPE" => 2,
            _ => return false,
        };
        for skipped in [&["IF", "EXISTS"][..], &["ONLY"]] {
            if skipped.iter().zip(at..).all(|(word, at)| self.word(at) == *word) {
                at += skipped.len();
            }
        }
        let Some(mut clause) = self.after_name(at) else { return false };
        loop {
            match self.word(clause).as_str() {
                "ADD" | "RENAME" | "ENABLE" | "DISABLE" | "VALIDATE" | "OWNER" | "COMMENT" | "ALGORITHM" | "LOCK" => {}
                _ => return false,
            }
            let mut depth = 0_usize;
            let rest = self.0.iter().enumerate().skip(clause);
            let comma = rest.map(|(at, lexeme)| (at, *lexeme)).find(|(_, lexeme)| {
                match lexeme {
                    Lexeme::Mark('(') => depth += 1,
                    Lexeme::Mark(')') => depth = depth.saturating_sub(1),
                    Lexeme::Mark(_) | Lexeme::Word(_) | Lexeme::Quoted(_) => {}
                }
                depth == 0 && *lexeme == Lexeme::Mark(',')
            });
            match comma {
                Some((at, _)) => clause = at + 1,
                None => return true,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn harmless(sql: &str, backend: Backend) -> bool {
        Statement::of(sql, backend).is_harmless(backend)
    }

    #[test]
    fn what_only_adds_is_harmless_though_nobody_reads_it() {
        for sql in [
            "CREATE UNIQUE INDEX CONCURRENTLY i ON a (b) WHERE c > 0",
            "CREATE TABLE a (b int REFERENCES c ON DELETE CASCADE ON UPDATE CASCADE)",
            "create temp table a as select 1",
            "CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM a'",
            "CREATE DEFINER = `root`@`%` PROCEDURE p() BEGIN DELETE FROM a; END",
            "CREATE ALGORITHM = MERGE DEFINER = CURRENT_USER SQL SECURITY INVOKER VIEW v AS SELECT 1",
            "CREATE CONSTRAINT TRIGGER t AFTER DELETE ON a EXECUTE FUNCTION f()",
            "INSERT INTO a VALUES (replace(f(), 'a', 'b'))",
            "INSERT INTO a SELECT * FROM b FOR UPDATE",
            "ALTER TABLE IF EXISTS ONLY s.a ADD b decimal(3, 2), ADD CONSTRAINT c CHECK (b > 0)",
            "ALTER TABLE a ADD b int, ALGORITHM = INPLACE, LOCK = NONE",
            "ALTER TYPE mood ADD VALUE 'sad'",
            "DROP INDEX i",
            "GRANT DELETE ON a TO b",
            "COMMENT ON TABLE a IS 'DROP TABLE a'",
            "SET search_path = app",
        ] {
            assert!(harmless(sql, Backend::Mysql) && harmless(sql, Backend::Postgres), "{sql}");
        }
    }

    #[test]
    fn anything_else_is_not() {
        for sql in [
            "",
            "CALL p()",
            "DO $$ BEGIN END $$",
            "SELECT f()",
            "WITH gone AS (SELECT 1) DELETE FROM a",
            "EXPLAIN ANALYZE DELETE FROM a",
            "DROP TABLE a",
            "DROP SCHEMA a CASCADE",
            "DROP FUNCTION f() CASCADE",
            "CREATE OR REPLACE TABLE a (b int)",
            "CREATE RULE r AS ON INSERT TO a DO ALSO DELETE FROM b",
            "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO TRUNCATE TABLE a",
            "CREATE TABLE IF NOT EXISTS a (b int) REPLACE SELECT 1",
            "INSERT INTO a VALUES (f()) ON CONFLICT (b) DO UPDATE SET c = 1",
            "INSERT INTO a VALUES (f()) ON DUPLICATE KEY UPDATE c = 1",
            "INSERT OR REPLACE INTO a VALUES (f())",
            "INSERT INTO a WITH gone AS (DELETE FROM b RETURNING *) SELECT f() FROM gone",
            "ALTER TABLE a ADD b int, DROP COLUMN c",
            "ALTER TABLE a MODIFY b char(1)",
            "ALTER IGNORE TABLE a ADD UNIQUE (b)",
            "ALTER TYPE t DROP ATTRIBUTE a",
            "SET STATEMENT max_statement_time = 1 FOR DELETE FROM a",
            "PREPARE p FROM 'DELETE FROM a'",
            "MERGE INTO a USING b ON a.c = b.c WHEN MATCHED THEN DELETE",
            "TRUNCATE a",
            "COPY a FROM PROGRAM 'x'",
        ] {
            assert!(!harmless(sql, Backend::Mysql) && !harmless(sql, Backend::Postgres), "{sql}");
        }
        assert!(!harmless("ANALYZE DELETE FROM a", Backend::Mysql));
        assert!(!harmless("CREATE INDEX i ON a (b) /*! , ALGORITHM = COPY */", Backend::Mysql));
    }

    #[test]
    fn what_empties_one_table_is_counted_as_a_whole() {
        for sql in ["DELETE FROM a", "delete from \"s\".\"a\"", "TRUNCATE a", "TRUNCATE TABLE s.a"] {
            assert!(Statement::of(sql, Backend::Postgres).empties_one_table(), "{sql}");
        }
        for sql in [
            "DELETE FROM a WHERE b",
            "DELETE FROM a USING c",
            "TRUNCATE a, b",
            "TRUNCATE a CASCADE",
            "UPDATE a SET b = 1",
        ] {
            assert!(!Statement::of(sql, Backend::Postgres).empties_one_table(), "{sql}");
        }
    }
}
