//! The binary `wheels`: the database commands of Wheels as typed there.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    dbmigrate::cli::main(dbmigrate::cli::Program::Wheels, std::env::args_os())
}
