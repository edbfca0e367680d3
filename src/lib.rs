//! `dbmigrate`: a declarative schema migrator driven by a manifest.
//!
//! The pipeline, in the order of the modules below; each stage may import from those
//! before it and from the leaves (`ident`, `backend`, `diagnostic`, `sql_text`, `operation`, `grammar`), never the other way:
//!
//! ```text
//! schema.toml ─► manifest ─► graph ─► state ─► check ─► plan ─► render ─► execute ─► report
//! ```
//!
//! What is behind the stages (the state, the operations, the grammar, the command line) can be reached, and is no part of the
//! interface: it changes as it must.
//!
//! A library user turns the feature `cli` off. The three main uses, here over the example of this repository:
//!
//! # Check in a build script, or in a test
//!
//! ```
//! use std::path::Path;
//!
//! use dbmigrate::check::check;
//! use dbmigrate::graph::Graph;
//! use dbmigrate::manifest;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let loaded = manifest::load(Path::new("schema.toml"))?;
//! let manifest = loaded.manifest.ok_or("the manifest cannot be read")?;
//! let (graph, found) = Graph::build(&manifest.migrations, manifest.linear);
//! for backend in &manifest.backends {
//!     let checked = check(&manifest, &graph, &found, *backend);
//!     // As serious as `[checks]` says.
//!     let findings = manifest.apply_checks(checked.diagnostics);
//!     if let Some(error) = findings.iter().find(|finding| finding.is_error()) {
//!         return Err(format!("{}: {}", error.code, error.message).into());
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Migrate when an application starts
//!
//! Several instances may start at once: the first to get the lock applies what is pending, the others wait, and find nothing to do
//! (or [`ExecuteError::LedgerChanged`](execute::ExecuteError::LedgerChanged), and plan again).
//!
//! ```
//! use std::path::Path;
//! use std::time::Duration;
//!
//! use dbmigrate::backend::Backend;
//! use dbmigrate::execute::{Outcome, Session, Settings};
//! use dbmigrate::graph::Graph;
//! use dbmigrate::manifest::{self, Hooks};
//! use dbmigrate::plan::{self, Downs, Target};
//! use dbmigrate::render::{RenderOptions, render};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! # let folder = tempfile::tempdir()?;
//! # let url = format!("sqlite://{}/blog.db", folder.path().display());
//! let manifest = manifest::load(Path::new("schema.toml"))?.manifest.ok_or("the manifest cannot be read")?;
//! let (graph, _) = Graph::build(&manifest.migrations, manifest.linear);
//! let mut session = Session::connect(Settings {
//!     environment: "development".to_owned(),
//!     url: url.parse()?,
//!     lock_timeout: Duration::from_secs(30),
//!     statement_timeout: None,
//!     hooks: Hooks::default(),
//!     folder: ".".into(),
//!     backup: None,
//!     project: manifest.project.clone(),
//! })
//! .await?;
//! let ledger = session.ledger().await?;
//! let plan = plan::make(&manifest, &graph, &ledger, &Target::Latest, Downs::Auto, Backend::Sqlite)?;
//! let facts = session.facts();
//! let options = RenderOptions {
//!     create_ledger: !ledger.exists,
//!     environment: "development".to_owned(),
//!     ledger_schema: facts.ledger_schema,
//!     lock_slots: facts.lock_slots,
//!     keys_off: false,
//!     ..RenderOptions::default()
//! };
//! let report = session.run(&render(&plan, &options), &ledger, "latest", &mut |_| ()).await?;
//! assert_eq!(report.outcome, Outcome::Done);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })
//! # }
//! ```
//!
//! # Render a plan
//!
//! ```
//! use std::path::Path;
//!
//! use dbmigrate::backend::Backend;
//! use dbmigrate::graph::Graph;
//! use dbmigrate::manifest;
//! use dbmigrate::plan::{self, Downs, Target, everything_applied};
//! use dbmigrate::render::{RenderOptions, render};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let manifest = manifest::load(Path::new("schema.toml"))?.manifest.ok_or("the manifest cannot be read")?;
//! let (graph, _) = Graph::build(&manifest.migrations, manifest.linear);
//! // What a reset would do to a database on which everything is applied.
//! let ledger = everything_applied(&manifest, &graph);
//! let plan = plan::make(&manifest, &graph, &ledger, &Target::Zero, Downs::Auto, Backend::Postgres)?;
//! let rendered = render(&plan, &RenderOptions::default());
//! let sql: Vec<&str> =
//!     rendered.steps.iter().flat_map(|step| &step.statements).map(|statement| statement.sql.as_str()).collect();
//! assert!(sql.iter().any(|sql| sql.starts_with("DROP TABLE")));
//! # Ok(())
//! # }
//! ```

#![cfg_attr(
    not(test),
    warn(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::todo,
        clippy::unimplemented,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests may touch files and the clock"))]

pub mod backend;
pub mod check;
#[cfg(feature = "cli")]
#[expect(clippy::disallowed_methods, reason = "the command line stands in the world outside")]
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod database_url;
pub mod diagnostic;
#[expect(clippy::disallowed_methods, reason = "runs touch databases, their files and the clock")]
pub mod execute;
#[doc(hidden)]
pub mod grammar;
pub mod graph;
#[doc(hidden)]
pub mod ident;
pub mod manifest;
#[doc(hidden)]
pub mod operation;
pub mod plan;
pub mod render;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod report;
#[doc(hidden)]
pub mod sql_text;
#[doc(hidden)]
pub mod state;
