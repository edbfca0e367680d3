//! The manifest as its authors meet it: what each mistake looks like, and that no text,
//! however broken, brings the parser down.

mod broken;
mod diagnose;
mod grammar;
mod json_schema;
mod mutate;
mod reference;
mod right;
mod samples;
