//! How names and texts go into SQL. Every name and every text that the program puts into a statement goes through here.

use super::Backend;
use crate::ident::TableName;

/// A text in quotes, with the quotes in it doubled.
#[must_use]
pub fn quoted(text: &str, quote: char) -> String {
    format!("{quote}{}{quote}", text.replace(quote, &format!("{quote}{quote}")))
}

impl Backend {
    /// A quoted identifier.
    #[must_use]
    pub fn ident(self, name: &str) -> String {
        match self {
            Self::Sqlite | Self::Postgres => quoted(name, '"'),
            Self::Mysql => quoted(name, '`'),
        }
    }

    /// Quoted identifiers with commas between.
    pub fn idents<'n>(self, names: impl IntoIterator<Item = &'n str>) -> String {
        let quoted: Vec<_> = names.into_iter().map(|name| self.ident(name)).collect();
        quoted.join(", ")
    }

    /// A name in a schema, or bare where there is none.
    #[must_use]
    pub fn qualified(self, schema: Option<&str>, name: &str) -> String {
        match schema {
            Some(schema) => self.ident(schema) + "." + &self.ident(name),
            None => self.ident(name),
        }
    }

    /// A table's name, with its schema.
    #[must_use]
    pub fn table(self, name: &TableName) -> String {
        self.qualified(name.schema.as_deref(), &name.name)
    }

    /// The name of something that the database comes with, as an author gives it, maybe with a schema in front: `C`,
    /// `pg_catalog.text_ops`. What is more than a name, `gist_trgm_ops(siglen=32)`, stays as it is.
    #[must_use]
    pub fn own_name(self, name: &str) -> String {
        let is_name = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || "_- ".contains(c));
        // `en_US.utf8`: a locale, not a schema.
        if name.rsplit_once('.').is_some_and(|(_, last)| last.to_ascii_lowercase().starts_with("utf")) {
            return self.ident(name);
        }
        if !name.split('.').all(is_name) {
            return name.to_owned();
        }
        name.split('.').map(|part| self.ident(part)).collect::<Vec<_>>().join(".")
    }

    /// A string literal. PostgreSQL keeps no NUL in a text, and SQLite stops reading a statement at one: whoever may have
    /// such a text asks first.
    #[must_use]
    pub fn string(self, text: &str) -> String {
        match self {
            Self::Mysql => quoted(&text.replace('\\', "\\\\").replace('\0', "\\0"), '\''),
            // Whatever `standard_conforming_strings` says, and on one line.
            Self::Postgres if text.bytes().any(|byte| byte == b'\\' || byte.is_ascii_control()) => escaped(text),
            Self::Postgres | Self::Sqlite => quoted(text, '\''),
        }
    }
}

/// PostgreSQL's string with escapes.
fn escaped(text: &str) -> String {
    let mut sql = "E'".to_owned();
    for c in text.chars() {
        match c {
            '\\' | '\'' => sql.extend(['\\', c]),
            '\n' => sql.push_str("\\n"),
            '\r' => sql.push_str("\\r"),
            '\t' => sql.push_str("\\t"),
            c if c.is_ascii_control() => sql.push_str(&format!("\\{:03o}", u32::from(c))),
            c => sql.push(c),
        }
    }
    sql.push('\'');
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_in_names_are_doubled() {
        assert_eq!(Backend::Postgres.ident("a\"; DROP TABLE x; --"), "\"a\"\"; DROP TABLE x; --\"");
        assert_eq!(Backend::Sqlite.ident("a\"b"), "\"a\"\"b\"");
        assert_eq!(Backend::Mysql.ident("a`b\"c"), "`a``b\"c`");
        let in_schema = TableName { schema: Some("a.b".into()), name: "c".into() };
        assert_eq!(Backend::Postgres.table(&in_schema), "\"a.b\".\"c\"");
    }

    #[test]
    fn strings_keep_quotes_backslashes_and_lines() {
        assert_eq!(Backend::Sqlite.string("it's \\ \"x\"\n"), "'it''s \\ \"x\"\n'");
        assert_eq!(Backend::Postgres.string("it's \"x\""), "'it''s \"x\"'");
        assert_eq!(Backend::Postgres.string("a\\'b\n\"c\""), "E'a\\\\\\'b\\n\"c\"'");
        assert_eq!(Backend::Postgres.string("a\u{1a}1\u{8}z"), "E'a\\0321\\010z'");
        assert_eq!(Backend::Mysql.string("it's \\ \u{1a}\0"), "'it''s \\\\ \u{1a}\\0'");
    }

    #[test]
    fn what_the_database_comes_with_is_quoted_where_it_is_a_name() {
        let name = |name| Backend::Postgres.own_name(name);
        assert_eq!(name("C"), "\"C\"");
        assert_eq!(name("pg_catalog.text_ops"), "\"pg_catalog\".\"text_ops\"");
        assert_eq!(name("en_US.utf8"), "\"en_US.utf8\"");
        assert_eq!(name("gist_trgm_ops(siglen=32)"), "gist_trgm_ops(siglen=32)");
    }
}
