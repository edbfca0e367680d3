//! (Long: what all readers beside it share.)
//! Reading raw SQL in the backend's dialect: what a statement does to the schema becomes
//! changes of the state, what it does to rows becomes reads and writes.
//!
//! An error must never be wrong. So what is not surely understood is *unread*: it changes
//! nothing in the state, names nothing wrong, and makes the state say that it does not
//! know all. To read another statement: an arm in [`Reader::statement`], and a function in
//! the file of its family.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "statements of the parser have hundreds of kinds; what is not read is unread"
)]

mod alter;
mod columns;
mod create;
mod dml;
mod drops;
mod functions;
mod head;
mod names;
#[cfg(test)]
mod tests;
mod types;

use std::sync::Arc;

use sqlparser::ast::{CommentObject, Ident, ObjectName, ObjectType, Statement};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, TokenWithSpan};

pub(super) use functions::executed;
pub(super) use head::may_mention;

use super::bind::{dialect, tokens};
use super::error::{unknown, unknown_column};
use super::trial::Trial;
use super::{Change, Column, ConstraintKind, Name, Object, SqlAccess, Table, TableId, View};
use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, Severity, Span};
use crate::ident::TableName;

/// What was read of one statement.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) effects: Vec<Change>,
    pub(super) access: SqlAccess,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Why a statement is not read to its end.
enum Stop {
    /// It is not understood, or not surely.
    Unread,
    /// It is wrong, and that was said.
    Wrong,
}

type Step<T = ()> = Result<T, Stop>;

/// Reads one statement on the trial's state, and leaves its effects applied there.
pub(super) fn read(sql: &str, trial: &mut Trial<'_>, span: Span) -> Reading {
    let programs = head::effects(sql, trial.state);
    let mut reader = Reader { sql, trial, span, read: Reading::default() };
    let outcome = reader.parse(programs);
    let mut read = reader.read;
    if let Err(Stop::Unread) = outcome {
        // What was done of it before it stopped to be understood is left as it is: it is part of it.
        read.access.unread = true;
        read.access.opaque = true;
        trial.state.unknowns = true;
    }
    read
}

/// One statement being read.
struct Reader<'r, 'a> {
    sql: &'r str,
    trial: &'r mut Trial<'a>,
    span: Span,
    read: Reading,
}

/// What a name means.
enum Found {
    Table(Arc<Table>),
    View,
    /// Nothing of that name is known, but it may stand.
    Unsure,
    /// Nothing of that name stands.
    Absent,
}

impl Reader<'_, '_> {
    fn parse(&mut self, programs: Vec<Change>) -> Step {
        if !programs.is_empty() {
            if let Some(step) = self.dropped_views(&programs) {
                return step;
            }
            let mut read = Ok(());
            for change in programs {
                if let Change::Create(Object::View(view)) = &change {
                    self.view_reads(view)?;
                    if view.reads.is_none() {
                        read = Err(Stop::Unread);
                    }
                } else if let Change::Create(Object::Trigger(trigger)) = &change {
                    self.trigger_stands(trigger)?;
                }
                let trigger = matches!(change, Change::Create(Object::Trigger(_)));
                self.put(change)?;
                if trigger {
                    self.executes()?;
                }
            }
            self.calls();
            return read;
        }
        let backend = self.backend();
        let tokens = tokens(self.sql, backend).ok_or(Stop::Unread)?;
        let first = first_word(&tokens);
        if !READ.contains(&first.as_str()) {
            return Err(Stop::Unread);
        }
        if first == "PRAGMA" {
            return if is_harmless_pragma(&tokens) { Ok(()) } else { Err(Stop::Unread) };
        }
        if let Some(read) = self.function() {
            return read;
        }
        if matches!(first.as_str(), "CREATE" | "ALTER") {
            self.calls();
        }
        if matches!(first.as_str(), "CREATE" | "ALTER" | "DROP") && has_odd_strings(&tokens) {
            return Err(Stop::Unread);
        }
        let mut parser = Parser::new(dialect(backend)).with_tokens_with_locations(tokens);
        let statement = parser.parse_statement().map_err(|_| Stop::Unread)?;
        while parser.consume_token(&Token::SemiColon) {}
        if parser.peek_token().token != Token::EOF {
            return Err(Stop::Unread);
        }
        self.statement(&statement)
    }

    /// Says what a view reads that is not there.
    fn view_reads(&mut self, view: &View) -> Step {
        let bound = self.trial.state.bind_view(view.name.clone(), &view.sql);
        for table in &bound.unknown_tables {
            self.read.access.names.push(table.clone());
            if matches!(self.look_up(table), Found::Absent) {
                return Err(self.no_table(table));
            }
        }
        if let Some(text) = bound.senseless.filter(|text| self.knows_all() && !self.trial.state.calls_own(text)) {
            let message =
                format!("`{text}` in the query of `{}` makes no sense over the types of its columns", view.name);
            return Err(self.wrong(Code::TypeMismatch, message));
        }
        match bound.unknown_columns.first() {
            Some(column) if self.knows_all() => {
                let message =
                    format!("the query of `{}` names `{column}`, which no table that it reads has", view.name);
                Err(self.wrong(Code::UnknownColumn, message))
            }
            _ => Ok(()),
        }
    }

    fn statement(&mut self, statement: &Statement) -> Step {
        use ObjectType::{Index, MaterializedView, Table, View};
        match statement {
            Statement::Query(_)
            | Statement::Insert(_)
            | Statement::Update(_)
            | Statement::Delete(_)
            | Statement::Truncate(_) => self.rows(statement),
            Statement::Drop { object_type: View | MaterializedView, if_exists, names, .. } => {
                self.drop_views(names, *if_exists)
            }
            Statement::DropTrigger(drop) => self.drop_trigger(drop),
            // MySQL's definitions are its own: implicit indexes, options, another ALTER.
            _ if self.backend() == Backend::Mysql => Err(Stop::Unread),
            Statement::CreateTable(create) => self.create_table(create),
            Statement::CreateIndex(create) => self.create_index(create),
            Statement::AlterTable(alter) => self.alter_table(alter),
            Statement::AlterIndex { name, operation } => self.alter_index(name, operation),
            Statement::Drop { object_type, if_exists, names, cascade, temporary: false, table: None, .. } => {
                match object_type {
                    Table => self.drop_tables(names, *if_exists, *cascade),
                    Index => self.drop_indexes(names, *if_exists, *cascade),
                    _ => Err(Stop::Unread),
                }
            }
            Statement::Comment { object_type, object_name, .. } => {
                self.mentions(object_name, *object_type == CommentObject::Column)
            }
            Statement::Analyze(analyze) => analyze.table_name.iter().try_for_each(|name| self.mentions(name, false)),
            _ => Err(Stop::Unread),
        }
    }

    fn backend(&self) -> Backend {
        self.trial.state.backend()
    }

    /// Applies a change to the trial and keeps it as an effect.
    fn put(&mut self, change: Change) -> Step {
        // Why a change cannot be, the database will say as well, if all that stands is known.
        self.trial.apply(&change).map_err(|error| self.wrong(error.code(), error.to_string()))?;
        self.read.effects.push(change);
        Ok(())
    }

    /// Drops a constraint of a table.
    fn put_drop(&mut self, table: TableId, kind: ConstraintKind, name: &Name) -> Step {
        self.put(Change::DropConstraint { table, kind, name: name.text.clone() })
    }

    fn wrong(&mut self, code: Code, message: impl Into<String>) -> Stop {
        self.tell(Diagnostic::new(code, message))
    }

    /// Something that is still needed, and what to do about it.
    fn needed(&mut self, message: impl Into<String>, help: impl Into<String>) -> Stop {
        self.tell(Diagnostic::new(Code::StillReferenced, message).help(help))
    }

    fn warn(&mut self, code: Code, message: impl Into<String>) {
        let mut diagnostic = Diagnostic::new(code, message);
        diagnostic.severity = Severity::Warning;
        self.tell(diagnostic);
    }

    /// Reports something wrong with the statement.
    fn tell(&mut self, diagnostic: Diagnostic) -> Stop {
        let stop = if diagnostic.is_error() { Stop::Wrong } else { Stop::Unread };
        self.read.diagnostics.push(diagnostic.at(self.span, "").on(self.backend()));
        stop
    }

    /// An identifier as the database reads it.
    fn ident(&self, ident: &Ident) -> String {
        self.trial.state.ident_text(ident)
    }

    /// A name of a table or the like; what lies in another database is not understood.
    fn name(&self, name: &ObjectName) -> Step<TableName> {
        let parts: Option<Vec<&Ident>> = name.0.iter().map(|part| part.as_ident()).collect();
        match parts.ok_or(Stop::Unread)?.as_slice() {
            [name] => Ok(TableName::bare(self.ident(name))),
            [schema, name] if self.backend() == Backend::Postgres => {
                Ok(TableName { schema: Some(self.ident(schema)), name: self.ident(name) })
            }
            [schema, name] if self.backend() == Backend::Sqlite && self.ident(schema).eq_ignore_ascii_case("main") => {
                Ok(TableName::bare(self.ident(name)))
            }
            _ => Err(Stop::Unread),
        }
    }

    /// What a name means, where that decides what the statement does: what else may decide it then is part of what it
    /// looks up.
    fn look_up(&mut self, name: &TableName) -> Found {
        let found = self.find(name);
        if matches!(found, Found::Unsure | Found::Absent) {
            let near = self.near(name);
            self.read.access.names.extend(near);
            self.knows_all();
        }
        found
    }

    /// The same name in the other schemas that are known.
    fn near(&self, name: &TableName) -> Vec<TableName> {
        let schemas = self.trial.state.schemas_in_use().into_iter().filter(|schema| *schema != name.schema);
        schemas.map(|schema| TableName { schema, name: name.name.clone() }).collect()
    }

    /// Whether all is known that exists; whoever asks depends on it.
    fn knows_all(&mut self) -> bool {
        self.read.access.knows_all = true;
        self.trial.state.knows_all()
    }

    fn find(&self, name: &TableName) -> Found {
        let state = &self.trial.state;
        if let Some(table) = state.table_named(name) {
            return Found::Table(Arc::clone(table));
        }
        if state.view_named(name).is_some() {
            return Found::View;
        }
        if !state.knows_all() || self.of_the_system(name) {
            return Found::Unsure;
        }
        // `public.t` and `t` may be one table: that is for the connection's search path to say.
        let near = |other: &TableName| other.schema != name.schema && other.name == name.name;
        if state.tables.values().any(|table| near(&table.name)) || state.views().iter().any(|view| near(&view.name)) {
            return Found::Unsure;
        }
        Found::Absent
    }

    /// Names that no manifest makes.
    fn of_the_system(&self, name: &TableName) -> bool {
        let lower = name.name.to_ascii_lowercase();
        let schema = name.schema.as_deref().is_some_and(|s| s == "information_schema" || s.starts_with("pg_"));
        let prefix = match self.backend() {
            Backend::Sqlite => "sqlite_",
            Backend::Postgres => "pg_",
            Backend::Mysql => "mysql.",
        };
        schema || lower.starts_with(prefix) || lower.starts_with("dbmigrate_")
    }

    /// A table that a definition names. `None` where it is not there and IF EXISTS was said.
    fn table(&mut self, name: &ObjectName, if_exists: bool) -> Step<Option<Arc<Table>>> {
        let name = self.name(name)?;
        let found = self.look_up(&name);
        if let Found::Table(table) = found {
            return Ok(Some(table));
        }
        self.read.access.names.push(name.clone());
        match found {
            Found::Absent if if_exists => Ok(None),
            Found::Absent => Err(self.no_table(&name)),
            Found::Table(_) | Found::View | Found::Unsure => Err(Stop::Unread),
        }
    }

    fn no_table(&mut self, name: &TableName) -> Stop {
        let names: Vec<String> = self.trial.state.tables().iter().map(|table| table.name.to_string()).collect();
        self.tell(unknown("table", name, &names))
    }

    /// A column that a definition names.
    fn column(&mut self, table: &Table, name: &Ident) -> Step<Column> {
        let name = self.ident(name);
        if let Some(column) = self.column_named(table, &name) {
            return Ok(column.clone());
        }
        if !self.knows_all() || self.backend() == Backend::Sqlite && is_row_id(&name) {
            return Err(Stop::Unread);
        }
        Err(self.tell(unknown_column(table, &name)))
    }

    /// The tables with keys to a table.
    fn referrers(&self, table: &Table) -> Vec<Arc<Table>> {
        self.trial.state.referrers(table.id).into_iter().map(Arc::clone).collect()
    }

    fn column_named<'t>(&self, table: &'t Table, name: &str) -> Option<&'t Column> {
        let backend = self.backend();
        table.columns.iter().find(|column| backend.fold(&column.name) == backend.fold(name))
    }

    /// The table of the moment, after what was done to it.
    fn current(&self, table: &Table) -> Step<Arc<Table>> {
        self.trial.state.table(table.id).map(Arc::clone).ok_or(Stop::Unread)
    }
}

/// A pragma that only asks, or that is about the connection, touches nothing.
fn is_harmless_pragma(tokens: &[TokenWithSpan]) -> bool {
    const HARMLESS: [&str; 12] = [
        "foreign_keys",
        "defer_foreign_keys",
        "cache_size",
        "synchronous",
        "busy_timeout",
        "journal_mode",
        "table_info",
        "index_list",
        "index_info",
        "foreign_key_list",
        "foreign_key_check",
        "integrity_check",
    ];
    let mut words = tokens.iter().filter_map(|token| match &token.token {
        Token::Word(word) => Some(word.value.to_ascii_lowercase()),
        _ => None,
    });
    words.nth(1).is_some_and(|name| HARMLESS.contains(&name.as_str()))
}

/// The first words of statements that are looked at.
const READ: [&str; 14] = [
    "CREATE", "ALTER", "DROP", "INSERT", "UPDATE", "DELETE", "SELECT", "WITH", "VALUES", "REPLACE", "TRUNCATE",
    "COMMENT", "ANALYZE", "PRAGMA",
];

fn first_word(tokens: &[TokenWithSpan]) -> String {
    let word = tokens.iter().find(|token| !matches!(token.token, Token::Whitespace(_)));
    match word.map(|token| &token.token) {
        Some(Token::Word(word)) if word.quote_style.is_none() => word.value.to_ascii_uppercase(),
        _ => String::new(),
    }
}

/// Strings that sqlparser does not print back as they were.
fn has_odd_strings(tokens: &[TokenWithSpan]) -> bool {
    tokens.iter().any(|token| {
        matches!(
            token.token,
            Token::EscapedStringLiteral(_) | Token::UnicodeStringLiteral(_) | Token::DollarQuotedString(_)
        )
    })
}

/// SQLite's own names of a row's number.
fn is_row_id(name: &str) -> bool {
    ["rowid", "_rowid_", "oid"].iter().any(|own| name.eq_ignore_ascii_case(own))
}
