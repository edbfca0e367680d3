//! SQL as text: cut into lexemes and statements, and asked which names it holds, without parsing it.
//!
//! A small lexer that knows what may hide a semicolon or a name: strings, quoted names, comments, dollar quotes, brackets,
//! and the bodies of triggers and routines. It takes any text and cannot fail: what is left open at the end runs to the end.

mod casts;
mod lexer;
mod names;
mod statements;

pub use casts::{is_everywhere, names_in_casts, sequences_named};
pub(crate) use lexer::scan;
pub use lexer::{Lexeme, lexemes};
pub use names::{called, mentions};
pub use statements::{first_words, is_transaction_control, split_statements};
