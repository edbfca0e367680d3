//! The manifest: `schema.toml` and its node files, from bytes to [`Manifest`].
//!
//! [`load`] reads files; [`parse`] takes texts and is pure. TOML is read with its spans (`reader`), table by table (`keys`),
//! as the [`grammar`](crate::grammar) has it. What is found wrong is collected, and reading goes on.

pub mod edit;
#[expect(clippy::disallowed_methods, reason = "`$NAME` is looked up in the environment and in `.env`")]
pub mod environment;
mod error;
mod json_schema;
mod keys;
#[expect(clippy::disallowed_methods, reason = "the one file of this stage that reads files")]
mod load;
mod model;
mod names;
mod node;
mod operations;
mod parse;
mod project;
mod reader;
#[cfg(test)]
mod tests;
mod text;
mod types;
mod value;

pub use environment::resolve_url;
pub use error::{DotenvError, EnvironmentError, ManifestError};
pub use json_schema::{SchemaFor, json_schema};
pub use load::{head, load};
pub use model::{Environment, Hooks, Loaded, Manifest, Seed, SeedKind};
pub use parse::{Files, SqlFiles, parse};
