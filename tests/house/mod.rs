//! The house itself, read as the compiler reads it: imports go against the pipeline nowhere, no files stand in a circle but
//! those that are listed, and long files are named.

mod circles;
mod layers;
mod lengths;
mod source;
