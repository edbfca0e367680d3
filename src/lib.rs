//! `dbmigrate`: a declarative schema migrator driven by a manifest.
//!
//! The pipeline, in the order of the modules below; each stage may import from those
//! before it and from the leaves (`ident`, `backend`, `diagnostic`, `operation`), never the other way:
//!
//! ```text
//! schema.toml ─► manifest ─► graph ─► state ─► check ─► plan ─► render ─► execute ─► report
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
pub mod cli;
pub mod diagnostic;
#[expect(clippy::disallowed_methods, reason = "runs touch databases, their files and the clock")]
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
