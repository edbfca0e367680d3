//! `completions`, `man` and `json-schema`: what shells, readers of manuals and editors want to know.

use std::io;

use clap::CommandFactory;

use super::args::{CommandLine, Completions, JsonSchema, Man, SchemaFile};
use super::console::Console;
use super::error::{Error, UserError};
use crate::manifest::{SchemaFor, json_schema as schema_of};

/// Writes a shell's completions.
///
/// # Errors
/// Where they cannot be written.
pub(super) fn completions(args: &Completions, console: &Console) -> Result<(), Error> {
    console.has_format("completions", &[])?;
    let mut grammar = CommandLine::command();
    console.exact(|out| {
        // The generator panics where its writer fails; this one does not.
        let mut text = Vec::new();
        clap_complete::generate(args.shell, &mut grammar, "dbmigrate", &mut text);
        out.write_all(&text)
    })
}

/// Writes a manual page: of the program, or of one of its commands.
///
/// # Errors
/// Where there is no such command, or it cannot be written.
pub(super) fn man(args: &Man, console: &Console) -> Result<(), Error> {
    console.has_format("man", &[])?;
    let mut grammar = CommandLine::command();
    // The global options become those of each command, and the commands get their full names.
    grammar.build();
    let command = match &args.command {
        None => grammar,
        Some(name) => {
            let Some(command) = grammar.find_subcommand(name).cloned() else {
                let known: Vec<String> =
                    grammar.get_subcommands().map(|command| command.get_name().to_owned()).collect();
                return Err(UserError::NoSuchCommand { name: name.clone(), known: known.join(", ") }.into());
            };
            command
        }
    };
    let text = page(command).map_err(Error::Output)?;
    console.exact(|out| out.write_all(&text))
}

/// Writes the JSON Schema of a kind of file.
///
/// # Errors
/// Where it cannot be written.
pub(super) fn json_schema(args: &JsonSchema, console: &Console) -> Result<(), Error> {
    console.has_format("json-schema", &[])?;
    let of = match args.file {
        SchemaFile::Manifest => SchemaFor::Manifest,
        SchemaFile::Migration => SchemaFor::Migration,
    };
    console.exact(|out| writeln!(out, "{:#}", schema_of(of)))
}

fn page(command: clap::Command) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    // `build` has given it its full name: `dbmigrate-reset`.
    let title = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    clap_mangen::Man::new(command).title(title).render(&mut text)?;
    Ok(text)
}
