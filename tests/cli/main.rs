//! The command line as people and scripts meet it: the built binaries, their screens, exit
//! codes and JSON.

mod create;
mod failures;
mod grammar;
mod info;
mod json;
mod pipes;
mod plans;
mod protected;
mod runs;
mod seeds;
mod support;
