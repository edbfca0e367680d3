//! Triggers and views that a raw statement makes or drops. A rebuild on SQLite must know
//! them to keep them.
//!
//! The head of a statement is read token by token, so that any body will do.

use std::ops::Range;
use std::sync::Arc;

use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::ident::TableName;
use crate::state::bind::{line_starts, offset, tokens};
use crate::state::{Change, ColumnId, State, TableId, Trigger};

/// A cursor over the tokens of one statement.
struct Head<'a> {
    tokens: &'a [TokenWithSpan],
    at: usize,
}

impl Head<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|token| &token.token)
    }

    fn word(&self) -> Option<String> {
        match self.peek() {
            Some(Token::Word(word)) if word.quote_style.is_none() => Some(word.value.to_ascii_uppercase()),
            _ => None,
        }
    }

    /// Takes the words, if they are next.
    fn take(&mut self, words: &[&str]) -> bool {
        let start = self.at;
        for expected in words {
            if self.word().as_deref() != Some(*expected) {
                self.at = start;
                return false;
            }
            self.at += 1;
        }
        true
    }

    /// Takes a name, maybe with a schema in front, and its tokens' range.
    fn name(&mut self, state: &State) -> Option<(TableName, Range<usize>)> {
        let start = self.at;
        let first = self.ident(state)?;
        if self.peek() == Some(&Token::Period) {
            self.at += 1;
            let name = self.ident(state)?;
            let schemas = state.backend().capabilities().schemas;
            return Some((TableName { schema: Some(first).filter(|_| schemas), name }, start..self.at));
        }
        Some((TableName::bare(first), start..self.at))
    }

    fn ident(&mut self, state: &State) -> Option<String> {
        let Some(Token::Word(word)) = self.peek() else { return None };
        let folds = word.quote_style.is_none() && state.backend() == crate::backend::Backend::Postgres;
        let name = if folds { word.value.to_lowercase() } else { word.value.clone() };
        self.at += 1;
        Some(name)
    }
}

/// What a raw statement does to triggers and views, as changes of the state alone. A statement
/// that does nothing to them, or cannot be read, has none.
#[must_use]
pub(super) fn effects(sql: &str, state: &State) -> Vec<Change> {
    let first = sql.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
    // Comments may stand in front, so anything that is no plain word is looked at closely.
    if first.bytes().all(|b| b.is_ascii_alphabetic()) && !matches!(first.as_str(), "CREATE" | "DROP") {
        return Vec::new();
    }
    let Some(mut all) = tokens(sql, state.backend()) else { return Vec::new() };
    all.retain(|token| !matches!(token.token, Token::Whitespace(_) | Token::SemiColon | Token::EOF));
    let mut head = Head { tokens: &all, at: 0 };
    if head.take(&["CREATE"]) {
        let replace = head.take(&["OR", "REPLACE"]);
        if head.take(&["TEMP"]) || head.take(&["TEMPORARY"]) {
            return Vec::new();
        }
        let _ = head.take(&["CONSTRAINT"]) || head.take(&["RECURSIVE"]) || head.take(&["MATERIALIZED"]);
        if head.take(&["TRIGGER"]) {
            return create_trigger(sql, head, state, replace).unwrap_or_default();
        }
        if head.take(&["VIEW"]) {
            return create_view(sql, head, state, replace).unwrap_or_default();
        }
    } else if head.take(&["DROP"]) {
        let _ = head.take(&["MATERIALIZED"]);
        if head.take(&["TRIGGER"]) {
            return drop_trigger(head, state).unwrap_or_default();
        }
        if head.take(&["VIEW"]) {
            return drop_views(head, state);
        }
    }
    Vec::new()
}

fn create_trigger(sql: &str, mut head: Head<'_>, state: &State, replace: bool) -> Option<Vec<Change>> {
    let absent_only = head.take(&["IF", "NOT", "EXISTS"]);
    let (name, _) = head.name(state)?;
    while !head.take(&["ON"]) {
        head.peek()?;
        head.at += 1;
    }
    let (table, range) = head.name(state)?;
    let table_id = state.table_named(&table).map(|table| table.id);
    let standing = state.objects.triggers.iter().find(|other| is_same(other, &name.name, table_id, state));
    if standing.is_some() && absent_only {
        return Some(Vec::new());
    }
    let lines = line_starts(sql);
    let first = head.tokens.get(range.start)?;
    let last = head.tokens.get(range.end.checked_sub(1)?)?;
    let place = offset(first.span.start, sql, &lines)?..offset(last.span.end, sql, &lines)?;
    let mut changes: Vec<Change> = standing.filter(|_| replace).cloned().map(Change::drop).into_iter().collect();
    let columns = named(head.tokens, table_id, state).0;
    let sql = sql.trim_end().trim_end_matches(';').to_owned();
    changes.push(Change::create(Trigger {
        columns,
        name: name.name,
        written: (sql.clone(), table.clone(), place),
        table,
        table_id,
        sql,
        access: Arc::default(),
    }));
    Some(changes)
}

/// The columns of its table that a trigger names: behind UPDATE OF, NEW and OLD. And what it names there that is none.
fn named(all: &[TokenWithSpan], table: Option<TableId>, state: &State) -> (Vec<(TableId, ColumnId)>, Vec<String>) {
    let Some(table) = table.and_then(|table| state.table(table)) else { return Default::default() };
    let word = |at: usize| match all.get(at).map(|token| &token.token) {
        Some(Token::Word(word)) => Some(word),
        _ => None,
    };
    let is =
        |at: usize, text: &str| word(at).is_some_and(|w| w.quote_style.is_none() && w.value.eq_ignore_ascii_case(text));
    let comma = |at: usize| all.get(at).is_some_and(|token| token.token == Token::Comma);
    let period = |at: usize| all.get(at).is_some_and(|token| token.token == Token::Period);
    let mut places = Vec::new();
    for at in 0..all.len() {
        if is(at, "UPDATE") && is(at + 1, "OF") {
            places.push(at + 2);
            let commas = (at + 3..).step_by(2).take_while(|at| comma(*at));
            places.extend(commas.map(|at| at + 1));
        }
        if (is(at, "NEW") || is(at, "OLD")) && period(at + 1) {
            places.push(at + 2);
        }
    }
    let (mut found, mut unknown) = (Vec::new(), Vec::new());
    for word in places.into_iter().filter_map(word) {
        let means = |name: &str| state.backend().sql_ident_means(&word.value, word.quote_style.is_some(), name);
        match table.columns.iter().find(|column| means(&column.name)) {
            Some(column) => found.push((table.id, column.id)),
            None => unknown.push(word.value.clone()),
        }
    }
    found.sort_unstable();
    found.dedup();
    (found, unknown)
}

/// What a new trigger names that is no column of its table; and the other words of it, each of which may be a name
/// of something that is not there, or not yet.
pub(super) fn strangers(trigger: &Trigger, state: &State) -> (Vec<String>, Vec<String>) {
    let Some(mut all) = tokens(&trigger.sql, state.backend()) else { return Default::default() };
    all.retain(|token| !matches!(token.token, Token::Whitespace(_)));
    let words = all.iter().filter_map(|token| match &token.token {
        Token::Word(word) => Some(state.backend().fold(&word.value).into_owned()),
        _ => None,
    });
    (named(&all, trigger.table_id, state).1, words.collect())
}

fn drop_trigger(mut head: Head<'_>, state: &State) -> Option<Vec<Change>> {
    let _ = head.take(&["IF", "EXISTS"]);
    let (name, _) = head.name(state)?;
    let table = if head.take(&["ON"]) { head.name(state).map(|(table, _)| table) } else { None };
    let table_id = table.as_ref().and_then(|table| state.table_named(table)).map(|table| table.id);
    let found = state
        .objects
        .triggers
        .iter()
        .find(|other| is_same(other, &name.name, if table.is_some() { table_id } else { other.table_id }, state));
    Some(found.cloned().map(Change::drop).into_iter().collect())
}

pub(super) fn is_same(trigger: &Trigger, name: &str, table: Option<TableId>, state: &State) -> bool {
    let backend = state.backend();
    // Trigger names are the table's on PostgreSQL, the database's elsewhere.
    let of_table = backend.capabilities().schemas;
    backend.fold(&trigger.name) == backend.fold(name) && (!of_table || trigger.table_id == table)
}

fn create_view(sql: &str, mut head: Head<'_>, state: &State, replace: bool) -> Option<Vec<Change>> {
    let absent_only = head.take(&["IF", "NOT", "EXISTS"]);
    let (name, _) = head.name(state)?;
    let standing = state.objects.views.iter().find(|other| state.fold(&other.name) == state.fold(&name));
    if standing.is_some() && absent_only {
        return Some(Vec::new());
    }
    let mut changes: Vec<Change> = standing.filter(|_| replace).cloned().map(Change::drop).into_iter().collect();
    let bound = state.bind_view(name, sql.trim_end().trim_end_matches(';'));
    changes.push(Change::create(bound.view));
    Some(changes)
}

fn drop_views(mut head: Head<'_>, state: &State) -> Vec<Change> {
    let _ = head.take(&["IF", "EXISTS"]);
    let mut changes = Vec::new();
    while let Some((name, _)) = head.name(state) {
        let found = state.objects.views.iter().find(|other| state.fold(&other.name) == state.fold(&name));
        changes.extend(found.cloned().map(Change::drop));
        if head.peek() != Some(&Token::Comma) {
            break;
        }
        head.at += 1;
    }
    changes
}

/// Whether a text may speak of a name: one of its words is that name. The words of `except` do not count.
pub(in crate::state) fn may_mention(sql: &str, name: &str, except: Option<&Range<usize>>, state: &State) -> bool {
    let Some(all) = tokens(sql, state.backend()) else { return true };
    let lines = line_starts(sql);
    all.iter().any(|token| {
        let Token::Word(word) = &token.token else {
            // Bodies in quotes ($$ … $$) are not looked into by the tokenizer.
            return matches!(&token.token, Token::DollarQuotedString(body) if body.value.contains(name));
        };
        let here = offset(token.span.start, sql, &lines);
        let excepted = except.is_some_and(|range| here.is_some_and(|at| range.contains(&at)));
        !excepted && state.backend().sql_ident_means(&word.value, word.quote_style.is_some(), name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Backend;

    fn triggers(backend: Backend, statements: &[&str]) -> (Vec<String>, Vec<String>) {
        let mut state = State::empty(backend);
        for sql in statements {
            let effects = effects(sql, &state);
            state
                .apply(&Change::Sql { sql: (*sql).into(), effects, access: crate::state::SqlAccess::default() })
                .unwrap();
        }
        (
            state.triggers().iter().map(|t| format!("{} on {}", t.name, t.table)).collect(),
            state.views().iter().map(|v| v.name.to_string()).collect(),
        )
    }

    #[test]
    fn triggers_and_views_are_read_whatever_their_bodies() {
        let (triggers, views) = triggers(
            Backend::Sqlite,
            &[
                "-- audit\nCREATE TRIGGER IF NOT EXISTS \"a b\" AFTER UPDATE OF title ON main.posts WHEN new.x > 1 BEGIN DELETE FROM y; END;",
                "create view v as select * from posts",
                "CREATE TEMP TRIGGER gone AFTER INSERT ON posts BEGIN SELECT 1; END",
                "INSERT INTO posts VALUES ('CREATE TRIGGER x ON y')",
            ],
        );
        assert_eq!(triggers, ["a b on posts"]);
        assert_eq!(views, ["v"]);
    }

    #[test]
    fn drops_and_replacements_are_read_too() {
        let (triggers, views) = triggers(
            Backend::Postgres,
            &[
                "CREATE TRIGGER T AFTER INSERT ON posts FOR EACH ROW EXECUTE FUNCTION f()",
                "CREATE TRIGGER t AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION f()",
                "CREATE OR REPLACE VIEW v AS SELECT 1",
                "CREATE OR REPLACE VIEW v AS SELECT 2",
                "CREATE MATERIALIZED VIEW w AS SELECT 2",
                "DROP TRIGGER IF EXISTS t ON posts",
                "DROP VIEW v, x",
            ],
        );
        assert_eq!(triggers, ["t on posts"].map(|_| "t on users"));
        assert_eq!(views, ["w"]);
    }
}
