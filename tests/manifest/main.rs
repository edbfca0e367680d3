//! The manifest as its authors meet it: what each mistake looks like, and that no text,
//! however broken, brings the parser down.

#![allow(clippy::disallowed_methods, unreachable_pub, reason = "a test touches files; its modules are its own")]

mod broken;
mod diagnose;
mod examples;
mod json_schema;
mod mutate;
mod reference;
mod right;
