//! CREATE FUNCTION and DROP FUNCTION on PostgreSQL, as far as they can be read: functions of PL/pgSQL over plain
//! types, whose bodies the server looks into no further than their grammar, and those of SQL that read no table. What stands is known by name.

use std::ops::ControlFlow;
use std::sync::Arc;

use sqlparser::ast::{Statement, visit_relations};
use sqlparser::parser::Parser;

use super::{Reader, Step, Stop};
use crate::backend::Backend;
use crate::ident::{FunctionName, TableName};
use crate::sql_text::{Lexeme, called, lexemes};
use crate::state::bind::dialect;
use crate::state::objects::arguments;
use crate::state::{Change, DeclaredMode, DeclaredObject, Function, Trigger};

/// Types that stand on every server.
const TYPES: [&str; 20] = [
    "trigger",
    "void",
    "int",
    "integer",
    "bigint",
    "smallint",
    "text",
    "varchar",
    "boolean",
    "bool",
    "numeric",
    "uuid",
    "date",
    "timestamp",
    "timestamptz",
    "json",
    "jsonb",
    "real",
    "bytea",
    "interval",
];

/// Words between a function's type and its body that say nothing about the schema.
const OPTIONS: [&str; 15] = [
    "language",
    "plpgsql",
    "sql",
    "as",
    "immutable",
    "stable",
    "volatile",
    "strict",
    "security",
    "definer",
    "invoker",
    "parallel",
    "safe",
    "restricted",
    "leakproof",
];

/// Trigger functions that come with the server.
const BUILT_IN: [&str; 3] =
    ["suppress_redundant_updates_trigger", "tsvector_update_trigger", "tsvector_update_trigger_column"];

/// A function's head: what is done to it, and what follows.
struct Head {
    name: String,
    /// What stands in the brackets, as one text; `None` without brackets.
    args: Option<Vec<Vec<String>>>,
    /// The place of what follows.
    rest: usize,
}

impl Reader<'_, '_> {
    /// Reads the statement if it is about a function; `None` if it is not.
    pub(super) fn function(&mut self) -> Option<Step> {
        if self.backend() != Backend::Postgres {
            return None;
        }
        let all = lexemes(self.sql, Some(Backend::Postgres));
        let word = |at: usize| word(&all, at);
        let replace = word(1) == "or" && word(2) == "replace";
        let kind = if replace { 3 } else { 1 };
        if !matches!(word(kind).as_str(), "function" | "procedure") {
            return None;
        }
        match word(0).as_str() {
            "create" => Some(self.create_function(&all, kind + 1)),
            "drop" => Some(self.drop_function(&all, kind + 1)),
            _ => None,
        }
    }

    fn create_function(&mut self, all: &[Lexeme<'_>], at: usize) -> Step {
        let head = head(all, at).ok_or(Stop::Unread)?;
        let args = head.args.as_ref().ok_or(Stop::Unread)?;
        let plain =
            args.iter().all(|arg| arg.len() <= 2 && arg.last().is_some_and(|word| TYPES.contains(&word.as_str())));
        // Another of that name may be another function, the same one, or one that cannot be replaced so.
        let same = |other: &&Function| other.name.name.eq_ignore_ascii_case(&head.name);
        let may_be = |other: &Function| other.types.as_ref().is_none_or(|types| types.len() == args.len());
        let known = self.trial.state.functions().iter().filter(same).any(may_be);
        let rest = all.get(head.rest..).unwrap_or_default();
        let (body, is_sql) = body(rest).filter(|_| plain && !known).ok_or(Stop::Unread)?;
        if is_sql && !reads_nothing(body) {
            return Err(Stop::Unread);
        }
        // What it names is looked for when it is called.
        let words = lexemes(body, Some(Backend::Postgres));
        let mut before: Option<&str> = None;
        for (at, lexeme) in words.iter().enumerate() {
            let Lexeme::Word(word) = lexeme else { continue };
            let odd =
                word.eq_ignore_ascii_case("declare") && !declares_plainly(words.get(at + 1..).unwrap_or_default());
            if odd || words.get(at.wrapping_sub(1)) == Some(&Lexeme::Mark('%')) {
                return Err(Stop::Unread);
            }
            let name = word.to_lowercase();
            let dotted = at > 1 && words.get(at - 1) == Some(&Lexeme::Mark('.'));
            if let Some(schema) = before.filter(|_| dotted) {
                self.read.access.names.push(TableName { schema: Some(schema.to_lowercase()), name: name.clone() });
            }
            self.read.access.names.push(TableName::bare(name));
            before = Some(word);
        }
        for function in called(body) {
            self.function_access(&function.to_lowercase(), DeclaredMode::Reads);
        }
        self.function_access(&head.name, DeclaredMode::Creates);
        let types: Vec<String> = args.iter().map(|arg| arg.last().cloned().unwrap_or_default()).collect();
        let name = FunctionName { schema: None, name: head.name, args: types.join(", ") };
        self.put(Change::create(Function {
            name,
            types: Some(types),
            procedure: word(all, at - 1) == "procedure",
            sql: Some(self.sql.trim_end().trim_end_matches(';').to_owned()),
            access: Arc::default(),
        }))
    }

    fn drop_function(&mut self, all: &[Lexeme<'_>], at: usize) -> Step {
        let exists = word(all, at) == "if" && word(all, at + 1) == "exists";
        let head = head(all, if exists { at + 2 } else { at }).ok_or(Stop::Unread)?;
        self.function_access(&head.name, DeclaredMode::Drops);
        let ends = head.rest == all.len() || (word(all, head.rest) == "restrict" && head.rest + 1 == all.len());
        let state = &self.trial.state;
        let same = |other: &&Function| other.name.name.eq_ignore_ascii_case(&head.name);
        let mut standing = state.functions().iter().filter(same);
        // Of several the words for their types decide, and those may be others for the same types.
        let (Some(standing), None, true) = (standing.next(), standing.next(), ends) else { return Err(Stop::Unread) };
        // Arguments are named by their types, in whatever way the two statements agree on.
        let asked: Option<Vec<String>> =
            head.args.map(|args| args.iter().map(|arg| arg.last().cloned().unwrap_or_default()).collect());
        let same = asked.is_none() || standing.types.is_none() || asked == standing.types;
        let executes = |trigger: &&Trigger| executed(&trigger.sql).is_some_and(|name| name == head.name);
        if same
            && state.knows_all()
            && let Some(trigger) = state.triggers().iter().find(executes)
        {
            let message = format!(
                "function `{}` is still executed by the trigger `{}` on `{}`",
                head.name, trigger.name, trigger.table
            );
            return Err(self.needed(message, "drop the trigger first"));
        }
        if !same || state.calls_function(&head.name) {
            return Err(Stop::Unread);
        }
        let standing = standing.clone();
        self.put(Change::drop(standing))
    }

    /// What a trigger, a view or another definition calls must stand as it is.
    pub(super) fn calls(&mut self) {
        if self.backend() == Backend::Postgres {
            for function in called(self.sql) {
                self.function_access(&function.to_lowercase(), DeclaredMode::Reads);
            }
        }
    }

    /// The function that a trigger executes: not there, or not known to be, the trigger is not understood.
    pub(super) fn executes(&mut self) -> Step {
        if self.backend() != Backend::Postgres {
            return Ok(());
        }
        let name = executed(self.sql).ok_or(Stop::Unread)?;
        self.function_access(&name, DeclaredMode::Reads);
        let state = &self.trial.state;
        let stands = state.function(&name).is_some() || BUILT_IN.contains(&name.as_str());
        if stands || !self.knows_all() { Ok(()) } else { Err(Stop::Unread) }
    }

    fn function_access(&mut self, name: &str, mode: DeclaredMode) {
        let object = DeclaredObject { kind: "function".to_owned(), name: name.to_owned(), mode };
        if !self.read.access.declared.contains(&object) {
            self.read.access.declared.push(object);
        }
    }
}

/// The function that a trigger executes, by its bare name in lower case; `None` where that is not sure.
pub(in crate::state) fn executed(sql: &str) -> Option<String> {
    let all = lexemes(sql, Some(Backend::Postgres));
    let at = (0..all.len())
        .rev()
        .find(|at| word(&all, *at) == "execute" && matches!(word(&all, at + 1).as_str(), "function" | "procedure"));
    at.and_then(|at| head(&all, at + 2)).map(|head| head.name)
}

/// Whether what stands behind DECLARE are variables of types that stand on every server: their types are looked for
/// when the function is made.
fn declares_plainly(rest: &[Lexeme<'_>]) -> bool {
    let end = (0..rest.len()).find(|at| word(rest, *at) == "begin");
    let Some(variables) = end.and_then(|end| rest.get(..end)) else { return false };
    variables.split(|lexeme| *lexeme == Lexeme::Mark(';')).filter(|one| !one.is_empty()).all(|one| {
        let of_type = if word(one, 1) == "constant" { 2 } else { 1 };
        let kind = word(one, of_type);
        (TYPES.contains(&kind.as_str()) || kind == "record") && one.get(of_type + 1) != Some(&Lexeme::Mark('.'))
    })
}

/// A plain word in lower case; empty for anything else.
fn word(all: &[Lexeme<'_>], at: usize) -> String {
    match all.get(at) {
        Some(Lexeme::Word(word)) => word.to_lowercase(),
        _ => String::new(),
    }
}

/// `[schema.]name [( … )]`. Names in quotes are not read, nor arguments with defaults.
fn head(all: &[Lexeme<'_>], mut at: usize) -> Option<Head> {
    let mut name = word(all, at);
    at += 1;
    if all.get(at) == Some(&Lexeme::Mark('.')) {
        name = word(all, at + 1);
        at += 2;
    }
    if name.is_empty() {
        return None;
    }
    if all.get(at) != Some(&Lexeme::Mark('(')) {
        return Some(Head { name, args: None, rest: at });
    }
    let (args, rest) = arguments(all, at)?;
    // Defaults, and types with brackets of their own.
    let odd = |lexeme: &Lexeme<'_>| matches!(lexeme, Lexeme::Mark('(' | '=' | ':')) || lexeme.is("default");
    (!all.get(at + 1..rest)?.iter().any(odd)).then_some(Head { name, args: Some(args), rest })
}

/// The body of `RETURNS type LANGUAGE plpgsql … AS '…'`, in whatever order, and whether it is of SQL instead; `None` for
/// anything else.
fn body<'s>(rest: &[Lexeme<'s>]) -> Option<(&'s str, bool)> {
    let (mut body, mut language, mut at) = (None, None, 0);
    if word(rest, 0) == "returns" {
        TYPES.contains(&word(rest, 1).as_str()).then_some(())?;
        at = 2;
    }
    while let Some(lexeme) = rest.get(at) {
        match lexeme {
            Lexeme::Word(option) if OPTIONS.contains(&option.to_lowercase().as_str()) => {
                if option.eq_ignore_ascii_case("language") {
                    language = Some(word(rest, at + 1) == "sql");
                }
            }
            Lexeme::Quoted(text) if body.is_none() && at.checked_sub(1).is_some_and(|at| word(rest, at) == "as") => {
                body = Some(inside(text)?);
            }
            Lexeme::Word(_) | Lexeme::Quoted(_) | Lexeme::Mark(_) => return None,
        }
        at += 1;
    }
    body.zip(language)
}

/// Whether a body of SQL is a query that names no table: the server looks into it when it is made.
fn reads_nothing(body: &str) -> bool {
    let parsed = Parser::parse_sql(dialect(Backend::Postgres), body);
    let Ok([Statement::Query(query)]) = parsed.as_deref() else { return false };
    visit_relations(query, |_| ControlFlow::Break(())).is_continue()
}

/// A string without its quotes, plain or in dollars.
fn inside(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix('$') {
        let tag = rest.find('$')? + 2;
        return text.get(tag..text.len().checked_sub(tag)?);
    }
    text.strip_prefix('\'')?.strip_suffix('\'')
}
