//! SQL compared by its tokens: spaces, line ends, quotes around names and the case of
//! words do not count.

use sqlparser::dialect::Dialect;
use sqlparser::tokenizer::{Token, Tokenizer};

/// The statements of a text, each as its tokens in one spelling.
pub fn statements(dialect: &dyn Dialect, sql: &str) -> Vec<String> {
    spelled(dialect, sql, false)
}

/// The same with `?` for every literal.
pub fn statements_without_values(dialect: &dyn Dialect, sql: &str) -> Vec<String> {
    spelled(dialect, sql, true)
}

/// One expression or statement in one spelling.
pub fn normal(dialect: &dyn Dialect, sql: &str) -> String {
    statements(dialect, sql).join(" ; ")
}

fn spelled(dialect: &dyn Dialect, sql: &str, mask: bool) -> Vec<String> {
    let tokens = Tokenizer::new(dialect, sql).tokenize().unwrap_or_else(|error| panic!("{error} in {sql}"));
    let mut statements = vec![Vec::new()];
    for token in tokens {
        match token {
            Token::SemiColon => statements.push(Vec::new()),
            Token::Whitespace(_) | Token::EOF => {}
            token => statements.last_mut().unwrap().push(spell(token, mask)),
        }
    }
    statements.retain(|words| !words.is_empty());
    statements.into_iter().map(|words| words.join(" ")).collect()
}

fn spell(token: Token, mask: bool) -> String {
    match token {
        Token::Word(word) => word.value.to_lowercase(),
        Token::SingleQuotedString(_)
        | Token::EscapedStringLiteral(_)
        | Token::DollarQuotedString(_)
        | Token::Number(..)
        | Token::Placeholder(_)
            if mask =>
        {
            "?".to_owned()
        }
        token => token.to_string(),
    }
}
