//! The command line: one file per command over the library's public stages.

pub mod args;
mod check;
mod connect;
mod console;
mod create;
mod documents;
mod error;
pub mod exit_code;
mod fresh;
mod graph;
mod guard;
mod info;
mod init;
mod moves;
mod plan;
mod project;
mod resolve;
mod run;
mod schema;
mod seed;
mod stamp;
mod start;
mod template;
mod wheels;

use std::borrow::Cow;
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use args::{Command, CommandLine};
use console::Console;
use error::Error;

use crate::database_url::masked;
use crate::report::Visible;
use crate::report::run::{Problem, RunJson};

/// By which name the program was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    Dbmigrate,
    /// `wheels`, whose first words say which of the next two it is
    Wheels,
    WheelsDbmigrate,
    WheelsDb,
}

impl Program {
    /// As it is typed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dbmigrate => "dbmigrate",
            Self::Wheels => "wheels",
            Self::WheelsDbmigrate => "wheels dbmigrate",
            Self::WheelsDb => "wheels db",
        }
    }
}

/// Runs a whole command line, program name first, and gives the exit code (see [`exit_code`]).
pub fn main(program: Program, arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = arguments.into_iter();
    ExitCode::from(match program {
        Program::Wheels => match wheels::read(arguments.skip(1).collect()) {
            wheels::Line::Ours(program, arguments) => parse(program, arguments),
            wheels::Line::Help => {
                let _ = std::io::stdout().write_all(wheels::HELP.as_bytes());
                exit_code::DONE
            }
            wheels::Line::Other(what) => {
                let problem = Problem::new(format!("`wheels {}` is not here", masked(&what)))
                    .next(Some("`wheels dbmigrate COMMAND` or `wheels db seed`".to_owned()));
                let _ = problem.write(crate::report::Paint::default(), &mut Visible(std::io::stderr()));
                exit_code::USAGE
            }
        },
        _ => parse(program, arguments.collect()),
    })
}

fn parse(program: Program, arguments: Vec<OsString>) -> u8 {
    let mut grammar = CommandLine::command().bin_name(program.name());
    let parsed = grammar
        .try_get_matches_from_mut(arguments)
        .and_then(|matches| CommandLine::from_arg_matches(&matches).map_err(|error| error.format(&mut grammar)));
    match parsed {
        Ok(line) => execute(program, &line),
        Err(error) => {
            // Help and version are no errors; a reader who is gone is none either.
            let text = error.render().to_string();
            let _ = match masked(&text) {
                // A URL where none is expected is repeated, with its password.
                Cow::Owned(masked) => write!(std::io::stderr(), "{masked}"),
                Cow::Borrowed(_) => error.print(),
            };
            if error.use_stderr() { exit_code::USAGE } else { exit_code::DONE }
        }
    }
}

fn execute(program: Program, line: &CommandLine) -> u8 {
    let console = Console::new(&line.global);
    match dispatch(program, line, &console) {
        Ok(()) => exit_code::DONE,
        Err(error) => {
            if !error.is_silent() {
                if console.is_json() {
                    let json = RunJson::ended(&masked(&error.to_string()), error.next());
                    let json = if error.is_refusal() { json.refused() } else { json };
                    console.report(|out| crate::report::run::write_json(&json, out));
                }
                console.problem(&error.problem());
            }
            error.exit_code()
        }
    }
}

fn dispatch(program: Program, line: &CommandLine, console: &Console) -> Result<(), Error> {
    let global = &line.global;
    match &line.command {
        Command::Plan(args) => plan::run(args, global, console),
        Command::Create(args) => create::run(args, global, console),
        Command::Init(args) => init::run(args, global, console),
        Command::Graph => graph::run(global, console),
        Command::Schema => schema::run(global, console),
        Command::Completions(args) => documents::completions(args, console),
        Command::Man(args) => documents::man(args, console),
        Command::JsonSchema(args) => documents::json_schema(args, console),
        command => {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|source| Error::System { doing: "cannot start".to_owned(), source })?;
            runtime.block_on(async {
                match command {
                    Command::Check(args) => check::run(args, global, console).await,
                    Command::Info(args) => info::run(args, global, console).await,
                    Command::Fresh(args) => {
                        let typed = format!("{} fresh", program.name());
                        fresh::run(&args.changing, &typed, global, console).await
                    }
                    Command::Seed(args) => seed::run(args, &format!("{} seed", program.name()), global, console).await,
                    Command::Stamp(args) => stamp::run(args, global, console).await,
                    Command::Resolve(args) => resolve::run(args, global, console).await,
                    command => match moves::order(command, program.name()) {
                        Some(order) => run::run(&order, global, console).await,
                        None => Ok(()),
                    },
                }
            })
        }
    }
}
