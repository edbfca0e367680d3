//! Names that SQL of PostgreSQL's gives to types and relations where it casts, found without parsing it.

use super::{Lexeme, lexemes};
use crate::backend::Backend;

/// Types and relations that a text of PostgreSQL's names without reading from them, folded, with the schema that stands in
/// front: what it casts to (`x::name`, `CAST(x AS name)`, `name 'x'`), and what a string means as `regclass` or to `nextval`.
/// More than these at times, such as a name behind another `AS`; none of the types that each database has.
#[must_use]
pub fn names_in_casts(text: &str) -> Vec<String> {
    if !text.contains("::") && !text.contains('\'') && !text.to_ascii_lowercase().contains("cast") {
        return Vec::new();
    }
    let all = lexemes(text, Some(Backend::Postgres));
    let word = |at: usize, words: &[&str]| is_one_of(&all, at, words);
    let mark = |at: usize, mark: char| all.get(at) == Some(&Lexeme::Mark(mark));
    let string = |at: usize| matches!(all.get(at), Some(Lexeme::Quoted(text)) if text.starts_with('\''));
    let mut names = Vec::new();
    for at in 0..all.len() {
        let cast = at > 1 && mark(at - 1, ':') && mark(at - 2, ':') || at > 0 && word(at - 1, &["as"]);
        if let Some((name, after)) = (!mark(at.wrapping_sub(1), '.')).then(|| dotted(&all, at)).flatten()
            && (cast || string(after))
        {
            names.push(name);
        }
        let asked = at > 1 && mark(at - 1, '(') && word(at - 2, &TAKES_A_NAME);
        let typed = mark(at + 1, ':') && mark(at + 2, ':') && word(at + 3, &["regclass", "regtype"]);
        if let Some(Lexeme::Quoted(text)) = all.get(at).filter(|_| string(at) && (asked || typed)) {
            names.push(text.trim_matches('\'').replace('"', ""));
        }
    }
    names.retain(|name| !is_everywhere(name));
    names
}

/// Sequences that a text of MariaDB's names, with the database that stands in front: `nextval(name)`, `NEXT VALUE FOR name`.
#[must_use]
pub fn sequences_named(text: &str) -> Vec<String> {
    if !text.to_ascii_lowercase().contains("val") {
        return Vec::new();
    }
    let all = lexemes(text, Some(Backend::Mysql));
    let word = |at: usize, words: &[&str]| is_one_of(&all, at, words);
    let named = |at: usize| {
        let called =
            at > 1 && all.get(at - 1) == Some(&Lexeme::Mark('(')) && word(at - 2, &["nextval", "lastval", "setval"]);
        let asked = at > 2 && word(at - 1, &["for"]) && word(at - 2, &["value"]) && word(at - 3, &["next", "previous"]);
        called || asked
    };
    let names = (0..all.len()).filter(|at| named(*at)).filter_map(|at| dotted(&all, at));
    names.map(|(name, _)| name).collect()
}

fn is_one_of(all: &[Lexeme<'_>], at: usize, words: &[&str]) -> bool {
    all.get(at).is_some_and(|lexeme| words.iter().any(|word| lexeme.is(word)))
}

/// Whether a word is a type that each database has, or a keyword that stands where a type can.
#[must_use]
pub fn is_everywhere(name: &str) -> bool {
    EVERYWHERE.contains(&name)
}

/// Functions to which a string is a relation's or a type's name.
const TAKES_A_NAME: [&str; 7] =
    ["nextval", "currval", "setval", "to_regclass", "to_regtype", "pg_get_serial_sequence", "pg_relation_size"];

/// Types that each database has, and keywords in front of a string.
const EVERYWHERE: [&str; 52] = [
    "text",
    "varchar",
    "char",
    "character",
    "bpchar",
    "name",
    "integer",
    "int",
    "int2",
    "int4",
    "int8",
    "bigint",
    "smallint",
    "numeric",
    "decimal",
    "real",
    "double",
    "float",
    "float4",
    "float8",
    "boolean",
    "bool",
    "date",
    "time",
    "timetz",
    "timestamp",
    "timestamptz",
    "interval",
    "json",
    "jsonb",
    "uuid",
    "bytea",
    "regclass",
    "regtype",
    "oid",
    "e",
    "u",
    "b",
    "then",
    "else",
    "when",
    "and",
    "or",
    "not",
    "like",
    "ilike",
    "in",
    "is",
    "select",
    "between",
    "as",
    "return",
];

/// A name with the schema in front of it, folded, and the place behind it.
fn dotted(all: &[Lexeme<'_>], at: usize) -> Option<(String, usize)> {
    let one = |at: usize| match all.get(at)? {
        Lexeme::Word(word) if !word.starts_with(|first: char| first.is_ascii_digit()) => Some(word.to_lowercase()),
        Lexeme::Quoted(text) if text.starts_with('"') => Some(text.trim_matches('"').replace("\"\"", "\"")),
        Lexeme::Quoted(text) if text.starts_with('`') => Some(text.trim_matches('`').replace("``", "`")),
        _ => None,
    };
    let first = one(at)?;
    match one(at + 2).filter(|_| all.get(at + 1) == Some(&Lexeme::Mark('.'))) {
        Some(second) => Some((format!("{first}.{second}"), at + 3)),
        None => Some((first, at + 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_are_named_where_numbers_are_asked_for() {
        for (text, names) in [
            ("nextval(numbers)", &["numbers"][..]),
            ("1 + NEXTVAL ( `Numbers` )", &["Numbers"]),
            ("NEXT VALUE FOR shop.numbers", &["shop.numbers"]),
            ("PREVIOUS VALUE FOR a + setval(b, 3)", &["a", "b"]),
            ("value", &[]),
            ("'nextval(a)'", &[]),
            ("interval", &[]),
        ] {
            assert_eq!(sequences_named(text), names, "{text}");
        }
    }

    #[test]
    fn what_is_cast_to() {
        let cases: [(&str, &[&str]); 12] = [
            ("a::mood", &["mood"]),
            ("'x'::Mood[]", &["mood"]),
            ("(a)::blog.\"Mood\"", &["blog.Mood"]),
            ("CAST(a AS mood)", &["mood"]),
            ("mood 'x'", &["mood"]),
            ("blog.mood 'x'", &["blog.mood"]),
            ("NULL::posts", &["posts"]),
            ("nextval('posts_id_seq')", &["posts_id_seq"]),
            ("'blog.posts'::regclass", &["blog.posts"]),
            ("a::text || b::varchar(3)", &[]),
            ("CASE WHEN a THEN 'x' ELSE 'y' END", &[]),
            ("'a::mood' -- b::mood", &[]),
        ];
        for (text, names) in cases {
            assert_eq!(names_in_casts(text), names, "{text}");
        }
    }
}
