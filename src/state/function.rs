//! Functions and procedures: what stands, and the head of the statement that makes one.

use std::sync::Arc;

use super::{Change, SqlAccess, State, StateError};
use crate::backend::Backend;
use crate::ident::FunctionName;
use crate::sql_text::{Lexeme, lexemes};
use crate::sql_text::{is_everywhere, names_in_casts};

/// A function or procedure, kept as its author wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// As DROP takes it.
    pub name: FunctionName,
    /// Its arguments, each as words in lower case; `None` where only the author of raw SQL says that there is such a
    /// function.
    pub types: Option<Vec<String>>,
    /// It is a procedure.
    pub procedure: bool,
    /// The whole statement that makes it, without a closing semicolon; `None` where that is not known.
    pub sql: Option<String>,
    /// What it touches; of one that raw SQL made, its statement says it.
    pub access: Arc<SqlAccess>,
}

impl Function {
    /// A function that only its author says to stand.
    pub(super) fn declared(name: &str) -> Self {
        Self {
            name: FunctionName { schema: None, name: name.to_owned(), args: String::new() },
            types: None,
            procedure: false,
            sql: None,
            access: Arc::default(),
        }
    }

    /// `function` or `procedure`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        if self.procedure { "procedure" } else { "function" }
    }

    /// Types that its head may name, and those that its body casts to; folded, as PostgreSQL does.
    #[must_use]
    pub fn type_names(&self) -> Vec<String> {
        let Some(sql) = &self.sql else { return Vec::new() };
        let mut names = names_in_casts(sql);
        names.extend(self.head_names());
        names
    }

    /// The words of its arguments and of its type, folded, with the schema in front.
    pub(super) fn head_names(&self) -> Vec<String> {
        let Some(sql) = &self.sql else { return Vec::new() };
        head(sql, Backend::Postgres).map(|head| head.type_names()).unwrap_or_default()
    }

    /// Whether the database reads its body when it is made: one in SQL.
    pub(super) fn is_read_when_made(&self) -> bool {
        let words = lexemes(self.sql.as_deref().unwrap_or_default(), None);
        let named = words.windows(2).find_map(|pair| match pair {
            [Lexeme::Word(first), Lexeme::Word(second)] if first.eq_ignore_ascii_case("language") => Some(*second),
            [Lexeme::Word(first), Lexeme::Quoted(second)] if first.eq_ignore_ascii_case("language") => Some(*second),
            _ => None,
        });
        named.is_none_or(|language| language.trim_matches(['\'', '"']).eq_ignore_ascii_case("sql"))
    }

    /// Whether both cannot stand: of one name and schema, and, where functions may share a name, of the same arguments.
    pub(super) fn clashes(&self, other: &Self, backend: Backend) -> bool {
        let named =
            backend.fold(&self.name.name) == backend.fold(&other.name.name) && self.name.schema == other.name.schema;
        let overloads = backend.capabilities().overloads;
        let typed = !overloads || self.types.is_none() || other.types.is_none() || self.types == other.types;
        // Functions and procedures have names apart where they are not told by their arguments.
        named && typed && (overloads || self.procedure == other.procedure)
    }
}

impl State {
    /// Where a function stands that cannot stand beside that one.
    fn function_at(&self, function: &Function) -> Option<usize> {
        self.functions.iter().position(|other| other.clashes(function, self.backend))
    }

    pub(super) fn create_function(&mut self, function: &Function) -> Result<Change, StateError> {
        if let Some(other) = self.function_at(function).and_then(|at| self.functions.get(at)) {
            return Err(StateError::FunctionExists { function: other.name.clone() });
        }
        self.unknowns |= function.access.unread;
        self.functions.push(function.clone());
        Ok(Change::DropFunction(function.clone()))
    }

    pub(super) fn drop_function(&mut self, function: &Function) -> Result<Change, StateError> {
        let at = self.function_at(function);
        let at = at.ok_or_else(|| StateError::NoFunction { function: function.name.clone() })?;
        Ok(Change::CreateFunction(self.functions.remove(at)))
    }

    pub(super) fn replace_function(&mut self, from: &Function, to: &Function) -> Result<Change, StateError> {
        let standing = self.function_at(from).and_then(|at| self.functions.get_mut(at));
        let standing = standing.ok_or_else(|| StateError::NoFunction { function: from.name.clone() })?;
        let before = std::mem::replace(standing, to.clone());
        Ok(Change::ReplaceFunction { from: to.clone(), to: before })
    }
}

/// The head of a statement that makes a function.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The schema in front of its name, as the database reads it.
    pub(super) schema: Option<String>,
    /// Its name, as the database reads it.
    pub(super) name: String,
    /// It is a procedure.
    pub(super) procedure: bool,
    /// Its arguments, each as words in lower case, without the mode in front and a default behind; none that is only
    /// given out.
    pub(super) args: Vec<Vec<String>>,
    /// Everything of the head that a replacement must have too: arguments with their names, and the type.
    pub(super) fixed: Vec<String>,
    /// How many arguments have a default, which a replacement cannot take away.
    pub(super) defaults: usize,
}

impl Head {
    /// What its arguments are of, and the words of what it returns.
    fn type_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.args.iter().filter_map(|arg| names(arg).pop()).collect();
        if let Some(at) = self.fixed.iter().rposition(|word| word == "returns") {
            names.extend(self::names(self.fixed.get(at + 1..).unwrap_or_default()));
        }
        names
    }
}

/// The names among words, with the schema in front of them, but for the types that each database has.
fn names(words: &[String]) -> Vec<String> {
    let plain = |word: &String| word.trim_matches('"').replace("\"\"", "\"");
    let is = |word: &String| word.starts_with(|first: char| first.is_alphabetic() || matches!(first, '_' | '"'));
    let point = |at: usize| words.get(at).is_some_and(|word| word == ".");
    let mut names = Vec::new();
    for (at, word) in words.iter().enumerate().filter(|(_, word)| is(word)) {
        match words.get(at + 2).filter(|_| point(at + 1)) {
            Some(second) => names.push(format!("{}.{}", plain(word), plain(second))),
            None if at > 0 && point(at - 1) => {}
            None => names.push(plain(word)),
        }
    }
    names.retain(|name| !is_everywhere(name));
    names
}

/// Words that end a function's type.
const OPTIONS: [&str; 22] = [
    "language",
    "as",
    "immutable",
    "stable",
    "volatile",
    "strict",
    "called",
    "security",
    "external",
    "parallel",
    "leakproof",
    "not",
    "cost",
    "rows",
    "support",
    "set",
    "window",
    "transform",
    "begin",
    "return",
    "deterministic",
    "comment",
];

/// Reads `CREATE [OR REPLACE] … FUNCTION|PROCEDURE [IF NOT EXISTS] [schema.]name (…) [RETURNS …]`; `None` for anything else.
pub(super) fn head(sql: &str, backend: Backend) -> Option<Head> {
    let all = lexemes(sql, Some(backend));
    let is =
        |at: usize, word: &str| matches!(all.get(at), Some(Lexeme::Word(found)) if found.eq_ignore_ascii_case(word));
    if !is(0, "create") {
        return None;
    }
    let open = all.iter().position(|lexeme| *lexeme == Lexeme::Mark('('))?;
    let kind = (1..open).find(|at| is(*at, "function") || is(*at, "procedure"))?;
    let procedure = is(kind, "procedure");
    let mut at = kind + 1;
    if is(at, "if") && is(at + 1, "not") && is(at + 2, "exists") {
        at += 3;
    }
    let first = ident(all.get(at)?, backend)?;
    let (schema, name, brackets) = if all.get(at + 1) == Some(&Lexeme::Mark('.')) {
        (Some(first), ident(all.get(at + 2)?, backend)?, at + 3)
    } else {
        (None, first, at + 1)
    };
    if brackets != open {
        return None;
    }
    let (args, after) = arguments(&all, open)?;
    let mut fixed: Vec<String> = args.iter().flatten().cloned().chain([")".to_owned()]).collect();
    if is(after, "returns") {
        let rest = all.iter().skip(after).map(text);
        fixed.extend(rest.take_while(|word| !OPTIONS.contains(&word.as_str())));
    }
    let args = args.into_iter().filter_map(of_call).collect();
    let default = |lexeme: &&Lexeme<'_>| match lexeme {
        Lexeme::Word(word) => word.eq_ignore_ascii_case("default"),
        lexeme => **lexeme == Lexeme::Mark('='),
    };
    let defaults = all.get(open..after).unwrap_or_default().iter().filter(default).count();
    Some(Head { schema, name, procedure, args, fixed, defaults })
}

/// The arguments of the brackets that open at a place, each as words up to its default; and the place behind them.
fn arguments(all: &[Lexeme<'_>], open: usize) -> Option<(Vec<Vec<String>>, usize)> {
    let (mut args, mut arg, mut depth, mut default) = (Vec::new(), Vec::new(), 0, false);
    for (at, lexeme) in all.iter().enumerate().skip(open + 1) {
        match lexeme {
            Lexeme::Mark(')') if depth == 0 => {
                if !arg.is_empty() || !args.is_empty() {
                    args.push(arg);
                }
                return Some((args, at + 1));
            }
            Lexeme::Mark(',') if depth == 0 => {
                args.push(std::mem::take(&mut arg));
                default = false;
                continue;
            }
            Lexeme::Mark('(' | '[') => depth += 1,
            Lexeme::Mark(')' | ']') => depth -= 1,
            Lexeme::Mark('=' | ':') => default = true,
            Lexeme::Word(word) if word.eq_ignore_ascii_case("default") => default = true,
            _ => {}
        }
        if !default {
            arg.push(text(lexeme));
        }
    }
    None
}

/// An argument without its mode; `None` for one that is only given out.
fn of_call(mut arg: Vec<String>) -> Option<Vec<String>> {
    match arg.first().map(String::as_str) {
        Some("out") => return None,
        Some("in" | "inout" | "variadic") => _ = arg.remove(0),
        _ => {}
    }
    Some(arg)
}

fn text(lexeme: &Lexeme<'_>) -> String {
    match lexeme {
        Lexeme::Word(word) => word.to_lowercase(),
        Lexeme::Quoted(text) => (*text).to_owned(),
        Lexeme::Mark(mark) => mark.to_string(),
    }
}

/// A name as the database reads it.
fn ident(lexeme: &Lexeme<'_>, backend: Backend) -> Option<String> {
    match lexeme {
        Lexeme::Word(word) if backend == Backend::Postgres => Some(word.to_lowercase()),
        Lexeme::Word(word) => Some((*word).to_owned()),
        Lexeme::Quoted(text) => {
            let quote = text.chars().next().filter(|quote| matches!(quote, '"' | '`'))?;
            let inner = text.get(1..text.len().checked_sub(1)?)?;
            Some(inner.replace(&format!("{quote}{quote}"), &quote.to_string()))
        }
        Lexeme::Mark(_) => None,
    }
}

/// The arguments of a name as its author wrote them, each as words in lower case.
pub(super) fn types(args: &str, backend: Backend) -> Vec<Vec<String>> {
    let bracketed = format!("({args})");
    arguments(&lexemes(&bracketed, Some(backend)), 0).map(|(args, _)| args).unwrap_or_default()
}

/// A statement that makes a function, written so that it takes the place of one that stands: `CREATE OR REPLACE …`.
#[must_use]
pub(crate) fn replacing(sql: &str, backend: Backend) -> String {
    let all = lexemes(sql, Some(backend));
    let place = match all.as_slice() {
        [Lexeme::Word(create), Lexeme::Word(or), ..] if !or.eq_ignore_ascii_case("or") => {
            (create.as_ptr() as usize).checked_sub(sql.as_ptr() as usize).map(|at| at + create.len())
        }
        _ => None,
    };
    match place.and_then(|at| Some((sql.get(..at)?, sql.get(at..)?))) {
        Some((create, rest)) => format!("{create} OR REPLACE{rest}"),
        None => sql.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(args: &[&[&str]]) -> Vec<Vec<String>> {
        args.iter().map(|arg| arg.iter().map(ToString::to_string).collect()).collect()
    }

    #[test]
    fn heads_are_read_with_their_arguments() {
        let sql = "-- so\nCREATE OR REPLACE FUNCTION \"Blog\".Slug(INOUT a text = 'x, (', b numeric(10, 2) DEFAULT (1), out c int) RETURNS TABLE (x int) LANGUAGE sql AS $$ SELECT 1 $$";
        let found = head(sql, Backend::Postgres).unwrap();
        assert_eq!((found.schema.as_deref(), &*found.name, found.procedure), (Some("Blog"), "slug", false));
        assert_eq!(found.args, words(&[&["a", "text"], &["b", "numeric", "(", "10", ",", "2", ")"]]));
        assert_eq!(found.fixed.last().map(String::as_str), Some(")"));
        let found = head("create definer=`root`@`%` procedure `P`() begin end", Backend::Mysql).unwrap();
        assert_eq!((&*found.name, found.procedure, found.args.len()), ("P", true, 0));
        assert_eq!(head("CREATE VIEW f (a) AS SELECT 1", Backend::Postgres), None);
        assert_eq!(head("DROP FUNCTION f()", Backend::Postgres), None);
        assert_eq!(head("CREATE FUNCTION f(", Backend::Postgres), None);
    }

    #[test]
    fn what_a_replacement_must_keep_are_arguments_and_type() {
        let fixed = |sql| head(sql, Backend::Postgres).unwrap().fixed;
        let one = fixed("CREATE FUNCTION f(a int) RETURNS int IMMUTABLE LANGUAGE sql AS '1'");
        assert_eq!(one, fixed("create or replace function f (A INT) returns INT language plpgsql as '2'"));
        assert_ne!(one, fixed("CREATE FUNCTION f(b int) RETURNS int LANGUAGE sql AS '1'"));
        assert_ne!(one, fixed("CREATE FUNCTION f(a int) RETURNS text LANGUAGE sql AS '1'"));
    }

    #[test]
    fn a_replacement_says_that_it_is_one() {
        let of = |sql| replacing(sql, Backend::Postgres);
        assert_eq!(of("/* a */ create function f() AS ''"), "/* a */ create OR REPLACE function f() AS ''");
        assert_eq!(of("CREATE OR REPLACE FUNCTION f() AS ''"), "CREATE OR REPLACE FUNCTION f() AS ''");
    }
}
