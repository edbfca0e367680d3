//! Raw SQL: each statement a change, with what could be read of it, and with what its author declares.

use super::super::read_sql::{Reading, read};
use super::super::trial::Trial;
use super::{Changes, Lower};
use crate::diagnostic::{Diagnostic, Span};
use crate::ident::TableName;
use crate::operation::Text;
use crate::sql_text::split_statements;
use crate::state::{Change, DeclaredMode, DeclaredObject, Function, SqlAccess, State};

/// What the author of raw SQL says that it touches: `table`, `table.column`, `kind:name`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Declared<'a> {
    pub(crate) reads: &'a [String],
    pub(crate) writes: &'a [String],
    pub(crate) creates: &'a [String],
    pub(crate) drops: &'a [String],
}

/// What raw statements come to.
#[derive(Debug, Default)]
pub(crate) struct RawSql {
    /// One change for each statement.
    pub(crate) changes: Vec<Change>,
    /// What is wrong with them. The migration's name is for the caller to add.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Lower<'_> {
    pub(super) fn sql(&mut self, statements: &[Text], batch: bool, declared: &Declared<'_>) -> Changes {
        let mut texts = Vec::new();
        for (at, text) in statements.iter().enumerate() {
            let part = if statements.len() == 1 { "sql".to_owned() } else { format!("sql.{at}") };
            let text = self.branch(text, &part)?;
            texts.push((text.clone(), self.span(&part)));
        }
        let raw = raw_changes(&texts, batch, declared, self.state);
        self.found.extend(raw.diagnostics);
        Some(raw.changes)
    }
}

/// Raw statements, each with its place, as changes. They are read one after the other, so that a later
/// statement sees what an earlier one makes. The state is as it was after.
pub(crate) fn raw_changes(texts: &[(String, Span)], batch: bool, declared: &Declared<'_>, state: &mut State) -> RawSql {
    let mut statements: Vec<(&str, Span)> = Vec::new();
    for (text, span) in texts {
        let ranges = if batch {
            split_statements(text, Some(state.backend()))
        } else {
            std::iter::once(0..text.len()).collect()
        };
        for range in ranges {
            let sql = text.get(range).unwrap_or_default().trim().trim_end_matches(';').trim_end();
            if !sql.is_empty() {
                statements.push((sql, *span));
            }
        }
    }
    let mut raw = RawSql::default();
    let mut trial = Trial::new(state);
    for (sql, span) in statements {
        let Reading { mut effects, mut access, diagnostics } = read(sql, &mut trial, span);
        raw.diagnostics.extend(diagnostics);
        declare(&mut access, declared, trial.state);
        for change in declared_functions(declared, trial.state) {
            if trial.apply(&change).is_ok() {
                effects.push(change);
            }
        }
        tidy(&mut access);
        raw.changes.push(Change::Sql { sql: sql.to_owned(), effects, access });
    }
    trial.end();
    raw
}

/// The functions that raw SQL makes or drops by the word of its author alone.
fn declared_functions(declared: &Declared<'_>, state: &State) -> Vec<Change> {
    let name = |word: &str| {
        let (kind, name) = word.split_once(':')?;
        kind.trim().eq_ignore_ascii_case("function").then(|| state.backend().fold(name.trim()).into_owned())
    };
    let made = declared.creates.iter().filter_map(|word| name(word));
    let made = made.filter(|name| state.function(name).is_none());
    let gone = declared.drops.iter().filter_map(|word| state.function(&name(word)?));
    let made = made.map(|name| Change::create(Function::declared(&name)));
    made.chain(gone.cloned().map(Change::drop)).collect()
}

/// Adds what the author declares to what was read.
pub(super) fn declare(access: &mut SqlAccess, declared: &Declared<'_>, state: &State) {
    let lists = [
        (DeclaredMode::Reads, declared.reads),
        (DeclaredMode::Writes, declared.writes),
        (DeclaredMode::Creates, declared.creates),
        (DeclaredMode::Drops, declared.drops),
    ];
    for (mode, list) in lists {
        for word in list {
            // Whoever says what it touches, says all.
            access.opaque = false;
            declare_one(access, word, mode, state);
        }
    }
}

fn declare_one(access: &mut SqlAccess, word: &str, mode: DeclaredMode, state: &State) {
    let (kind, name) = word.split_once(':').map_or(("table", word), |(kind, name)| (kind.trim(), name.trim()));
    let object = |kind: &str, name: &str| DeclaredObject {
        kind: kind.to_ascii_lowercase(),
        name: state.backend().fold(name).into_owned(),
        mode,
    };
    if !kind.eq_ignore_ascii_case("table") {
        access.declared.push(object(kind, name));
        return;
    }
    let parts: Vec<&str> = name.split('.').collect();
    let table_named = |schema: Option<&str>, name: &str| {
        state.table_named(&TableName { schema: schema.map(str::to_owned), name: name.to_owned() })
    };
    let (table, column) = match parts.as_slice() {
        [name] => (table_named(None, name), None),
        [first, second] => match table_named(Some(first), second) {
            Some(table) => (Some(table), None),
            None => (table_named(None, first), Some(*second)),
        },
        [schema, name, column] => (table_named(Some(schema), name), Some(*column)),
        _ => (None, None),
    };
    let Some(table) = table else {
        access.declared.push(object("table", name));
        return;
    };
    let backend = state.backend();
    let found =
        column.and_then(|column| table.columns.iter().find(|other| backend.fold(&other.name) == backend.fold(column)));
    if let Some(found) = found {
        access.columns.push((table.id, found.id));
    }
    match mode {
        DeclaredMode::Reads => access.reads.push(table.id),
        DeclaredMode::Writes => access.writes.push(table.id),
        DeclaredMode::Creates | DeclaredMode::Drops if column.is_some() => access.declared.push(object("column", name)),
        DeclaredMode::Creates | DeclaredMode::Drops => access.declared.push(object("table", name)),
    }
}

/// Each thing once, in a fixed order.
pub(super) fn tidy(access: &mut SqlAccess) {
    for list in [&mut access.reads, &mut access.writes, &mut access.inserts, &mut access.star] {
        list.sort_unstable();
        list.dedup();
    }
    access.columns.sort_unstable();
    access.columns.dedup();
    access.lookups.sort_unstable();
    access.lookups.dedup();
    access.names.sort_unstable();
    access.names.dedup();
}
