//! The manifest as its authors meet it: what each mistake looks like, and that no text,
//! however broken, brings the parser down.

mod broken;
mod diagnose;
mod mutate;
mod right;
