//! Triggers and views that a raw statement makes or drops. A rebuild on SQLite must know
//! them to keep them.
//!
//! The head of a statement is read token by token, so that any body will do.

use std::ops::Range;
use std::sync::Arc;

use sqlparser::ast::{ObjectName, Spanned};
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Span, Token, TokenWithSpan};

use super::{Found, Reader, Step, Stop, is_row_id};
use crate::backend::Backend;
use crate::diagnostic::Code;
use crate::ident::TableName;
use crate::state::bind::{Places, dialect, is_system_column, tokens};
use crate::state::{Change, ColumnId, Object, ObjectKind, State, TableId, Trigger};

/// What a raw statement does to triggers and views, as changes of the state alone. A statement
/// that does nothing to them, or cannot be read, has none.
#[must_use]
pub(super) fn effects(sql: &str, state: &State) -> Vec<Change> {
    let first = sql.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
    // Comments may stand in front, so anything that is no plain word is looked at closely.
    if first.bytes().all(|b| b.is_ascii_alphabetic()) && !matches!(first.as_str(), "CREATE" | "DROP") {
        return Vec::new();
    }
    let Some(tokens) = tokens(sql, state.backend()) else { return Vec::new() };
    let mut head = Parser::new(dialect(state.backend())).with_tokens_with_locations(tokens);
    let effects = if head.parse_keyword(Keyword::CREATE) {
        created(sql, &mut head, state)
    } else if head.parse_keyword(Keyword::DROP) {
        dropped(&mut head, state)
    } else {
        None
    };
    effects.unwrap_or_default()
}

fn created(sql: &str, head: &mut Parser<'_>, state: &State) -> Option<Vec<Change>> {
    let replace = head.parse_keywords(&[Keyword::OR, Keyword::REPLACE]);
    let _ = head.parse_one_of_keywords(&[Keyword::CONSTRAINT, Keyword::RECURSIVE, Keyword::MATERIALIZED]);
    let kind = head.parse_one_of_keywords(&[Keyword::TRIGGER, Keyword::VIEW])?;
    let absent_only = head.parse_keywords(&[Keyword::IF, Keyword::NOT, Keyword::EXISTS]);
    let (name, _) = name(head, state)?;
    let made =
        if kind == Keyword::TRIGGER { new_trigger(sql, head, name.name, state)? } else { new_view(sql, name, state) };
    let standing = match &made {
        Object::Trigger(trigger) => {
            let mut all = state.objects.triggers.iter();
            all.find(|other| is_same(other, &trigger.name, trigger.table_id, state)).cloned().map(Object::Trigger)
        }
        made => state.object_named(ObjectKind::View, &made.get().full_name()),
    };
    if standing.is_some() && absent_only {
        return None;
    }
    Some(standing.filter(|_| replace).map(Change::Drop).into_iter().chain([Change::Create(made)]).collect())
}

/// A name, maybe with a schema in front, and where it stands.
fn name(head: &mut Parser<'_>, state: &State) -> Option<(TableName, Span)> {
    let written = head.parse_object_name(false).ok()?;
    Some((meant(&written, state)?, written.span()))
}

fn meant(written: &ObjectName, state: &State) -> Option<TableName> {
    let name = state.relation_name(written)?;
    Some(if state.backend().capabilities().schemas { name } else { TableName::bare(name.name) })
}

fn new_view(sql: &str, name: TableName, state: &State) -> Object {
    state.bind_view(name, sql.trim_end().trim_end_matches(';')).view.into()
}

fn new_trigger(sql: &str, head: &mut Parser<'_>, called: String, state: &State) -> Option<Object> {
    while !head.parse_keyword(Keyword::ON) {
        (head.next_token().token != Token::EOF).then_some(())?;
    }
    let (table, span) = name(head, state)?;
    let table_id = state.table_named(&table).map(|table| table.id);
    let place = Places::new(sql).of(span)?;
    let sql = sql.trim_end().trim_end_matches(';').to_owned();
    let columns = named(&words(&sql, state)?, table_id, state).0;
    let written = (sql.clone(), table.clone(), place);
    Some(Trigger { columns, name: called, written, table, table_id, sql, access: Arc::default() }.into())
}

fn dropped(head: &mut Parser<'_>, state: &State) -> Option<Vec<Change>> {
    let _ = head.parse_keyword(Keyword::MATERIALIZED);
    let kind = head.parse_one_of_keywords(&[Keyword::TRIGGER, Keyword::VIEW])?;
    let _ = head.parse_keywords(&[Keyword::IF, Keyword::EXISTS]);
    if kind == Keyword::VIEW {
        let names = head.parse_comma_separated(|head| head.parse_object_name(false)).ok()?;
        let views = names.iter().filter_map(|name| state.view_named(&meant(name, state)?));
        return Some(views.cloned().map(Change::drop).collect());
    }
    let (called, _) = name(head, state)?;
    let on = if head.parse_keyword(Keyword::ON) { name(head, state) } else { None };
    let table = on.as_ref().map(|(table, _)| state.table_named(table).map(|table| table.id));
    let mut all = state.objects.triggers.iter();
    let found = all.find(|other| is_same(other, &called.name, table.unwrap_or(other.table_id), state));
    Some(found.cloned().map(Change::drop).into_iter().collect())
}

/// The tokens of a statement, but for white space.
fn words(sql: &str, state: &State) -> Option<Vec<TokenWithSpan>> {
    let mut all = tokens(sql, state.backend())?;
    all.retain(|token| !matches!(token.token, Token::Whitespace(_)));
    Some(all)
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
    let mark = |at: usize, mark: &Token| all.get(at).is_some_and(|token| token.token == *mark);
    let mut places = Vec::new();
    for at in 0..all.len() {
        if is(at, "UPDATE") && is(at + 1, "OF") {
            places.push(at + 2);
            let commas = (at + 3..).step_by(2).take_while(|at| mark(*at, &Token::Comma));
            places.extend(commas.map(|at| at + 1));
        }
        if (is(at, "NEW") || is(at, "OLD")) && mark(at + 1, &Token::Period) {
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
fn strangers(trigger: &Trigger, state: &State) -> (Vec<String>, Vec<String>) {
    let Some(all) = words(&trigger.sql, state) else { return Default::default() };
    let words = all.iter().filter_map(|token| match &token.token {
        Token::Word(word) => Some(state.backend().fold(&word.value).into_owned()),
        _ => None,
    });
    (named(&all, trigger.table_id, state).1, words.collect())
}

fn is_same(trigger: &Trigger, name: &str, table: Option<TableId>, state: &State) -> bool {
    let backend = state.backend();
    // Trigger names are the table's on PostgreSQL, the database's elsewhere.
    let of_table = backend.capabilities().schemas;
    backend.fold(&trigger.name) == backend.fold(name) && (!of_table || trigger.table_id == table)
}

impl Reader<'_, '_> {
    /// Says what a new trigger lacks, and keeps what it may speak of.
    pub(super) fn trigger_stands(&mut self, trigger: &Trigger) -> Step {
        if trigger.table_id.is_none() {
            self.read.access.names.push(trigger.table.clone());
            if matches!(self.look_up(&trigger.table), Found::Absent) {
                return Err(self.no_table(&trigger.table));
            }
        }
        let state = &self.trial.state;
        let same = |other: &Trigger| is_same(other, &trigger.name, trigger.table_id, state);
        if state.knows_all() && state.triggers().iter().any(same) {
            let message = format!("trigger `{}` on `{}` stands already", trigger.name, trigger.table);
            return Err(self.wrong(Code::AlreadyExists, message));
        }
        let (unknown, words) = strangers(trigger, state);
        let table = trigger.table_id.and_then(|id| state.table(id).cloned());
        let knows_all = state.knows_all();
        if let Some(table) = table {
            let lookups = words.iter().filter(|word| self.column_named(&table, word).is_none());
            let lookups: Vec<_> = lookups.map(|word| (table.id, word.clone())).collect();
            self.read.access.lookups.extend(lookups);
            if let Some(name) = unknown.first() {
                let message =
                    format!("trigger `{}` names `{name}`, which `{}` does not have", trigger.name, table.name);
                match self.backend() {
                    // SQLite makes it, and fails where it fires and where a table is altered.
                    Backend::Sqlite if knows_all && !is_row_id(name) => self.warn(Code::UnknownColumn, message),
                    Backend::Postgres if !knows_all || is_system_column(name) => return Err(Stop::Unread),
                    Backend::Postgres => return Err(self.wrong(Code::UnknownColumn, message)),
                    Backend::Sqlite | Backend::Mysql => {}
                }
            }
        }
        // On SQLite its body stands in it, and speaks of other tables.
        if self.backend() == Backend::Sqlite {
            for word in &words {
                let name = TableName::bare(word.clone());
                let Some(other) = self.trial.state.table_named(&name).cloned() else {
                    self.read.access.names.push(name);
                    continue;
                };
                self.read.access.reads.push(other.id);
                for column in &other.columns {
                    if words.contains(&self.backend().fold(&column.name).into_owned()) {
                        self.read.access.columns.push((other.id, column.id));
                    }
                }
            }
        }
        Ok(())
    }
}

/// Whether a text may speak of a name: one of its words is that name. The words of `except` do not count.
pub(in crate::state) fn may_mention(sql: &str, name: &str, except: Option<&Range<usize>>, state: &State) -> bool {
    let Some(all) = tokens(sql, state.backend()) else { return true };
    let places = Places::new(sql);
    all.iter().any(|token| {
        let Token::Word(word) = &token.token else {
            // Bodies in quotes ($$ … $$) are not looked into by the tokenizer.
            return matches!(&token.token, Token::DollarQuotedString(body) if body.value.contains(name));
        };
        let here = places.of(token.span);
        let excepted = except.is_some_and(|range| here.is_some_and(|here| range.contains(&here.start)));
        !excepted && state.backend().sql_ident_means(&word.value, word.quote_style.is_some(), name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
