//! `dbmigrate`: a declarative schema migrator driven by a manifest.
//!
//! The pipeline, in the order of the modules below; each stage may import from those
//! before it and from the leaves (`ident`, `backend`, `diagnostic`, `operation`), never the other way:
//!
//! ```text
//! schema.toml ─► manifest ─► graph ─► state ─► check ─► plan ─► render ─► execute ─► report
//! ```

pub mod backend;
pub mod check;
#[cfg(feature = "cli")]
pub mod cli;
pub mod diagnostic;
pub mod execute;
pub mod graph;
pub mod ident;
pub mod manifest;
pub mod operation;
pub mod plan;
pub mod render;
#[cfg(feature = "cli")]
pub mod report;
pub mod state;
