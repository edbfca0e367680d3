//! The binary `dbmigrate`.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    dbmigrate::cli::main(dbmigrate::cli::Program::Dbmigrate, std::env::args_os())
}
