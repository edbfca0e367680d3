//! The manifest: `schema.toml` and its node files, from bytes to [`Manifest`].

mod model;

pub use model::{Environment, Hooks, Loaded, Manifest, Seed, SeedKind};
