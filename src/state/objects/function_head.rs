//! The head of a statement that makes a function: its name, arguments and type.

use crate::backend::Backend;
use crate::sql_text::{Lexeme, is_everywhere, lexemes, scan};

/// The head of a statement that makes a function.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// The schema in front of its name, as the database reads it.
    pub(crate) schema: Option<String>,
    /// Its name, as the database reads it.
    pub(crate) name: String,
    pub(crate) procedure: bool,
    /// Its arguments, each as words in lower case, without the mode in front and a default behind; none that is only
    /// given out.
    pub(crate) args: Vec<Vec<String>>,
    /// Everything of the head that a replacement must have too: arguments with their names, and the type.
    pub(crate) fixed: Vec<String>,
    /// How many arguments have a default, which a replacement cannot take away.
    pub(crate) defaults: usize,
}

impl Head {
    /// What its arguments are of, and the words of what it returns.
    pub(crate) fn type_names(&self) -> Vec<String> {
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
pub(crate) fn head(sql: &str, backend: Backend) -> Option<Head> {
    let all = lexemes(sql, Some(backend));
    let is = |at: usize, word: &str| all.get(at).is_some_and(|lexeme| lexeme.is(word));
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
    let default = |lexeme: &&Lexeme<'_>| lexeme.is("default") || **lexeme == Lexeme::Mark('=');
    let defaults = all.get(open..after).unwrap_or_default().iter().filter(default).count();
    Some(Head { schema, name, procedure, args, fixed, defaults })
}

/// The arguments of the brackets that open at a place, each as words up to its default; and the place behind them.
pub(crate) fn arguments(all: &[Lexeme<'_>], open: usize) -> Option<(Vec<Vec<String>>, usize)> {
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
            Lexeme::Word(_) | Lexeme::Quoted(_) | Lexeme::Mark(_) => default |= lexeme.is("default"),
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
pub(crate) fn types(args: &str, backend: Backend) -> Vec<Vec<String>> {
    let bracketed = format!("({args})");
    arguments(&lexemes(&bracketed, Some(backend)), 0).map(|(args, _)| args).unwrap_or_default()
}

/// A statement that makes a function, written so that it takes the place of one that stands: `CREATE OR REPLACE …`.
#[must_use]
pub(crate) fn replacing(sql: &str, backend: Backend) -> String {
    let mut all = scan(sql, Some(backend));
    let (create, next) = (all.next(), all.next());
    match create.and_then(|(_, create)| sql.split_at_checked(create.end)) {
        Some((create, rest)) if next.is_some_and(|(next, _)| !next.is("or")) => format!("{create} OR REPLACE{rest}"),
        _ => sql.to_owned(),
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
