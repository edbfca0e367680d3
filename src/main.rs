//! The binary `dbmigrate`.

use std::process::ExitCode;

fn main() -> ExitCode {
    dbmigrate::cli::main(dbmigrate::cli::Program::Dbmigrate, std::env::args_os())
}
