//! The command line as people and scripts meet it: the built binaries, their screens, exit
//! codes and JSON.

mod book;
mod create;
mod documents;
mod failures;
mod grammar;
mod info;
mod json;
mod left;
mod pipes;
mod plans;
mod protected;
mod runs;
mod secrets;
mod seeds;
mod signals;
mod support;
mod terminal;
