//! Wheels' command lines: `wheels dbmigrate COMMAND …` and `wheels db seed` as typed there.

use std::ffi::OsString;

use super::Program;

/// What to do with a command line of `wheels`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// It is ours: the arguments for the grammar, program name first.
    Ours(Program, Vec<OsString>),
    /// It asks what this is.
    Help,
    /// It is Wheels' own, and not here.
    Other(String),
}

/// What this binary is, for people.
pub(super) const HELP: &str = "\
wheels: the database commands of Wheels, done by dbmigrate

Usage:
  wheels dbmigrate COMMAND …    reset, latest, up, down, info, exec version=0, …
  wheels db seed                load the manifest's seeds

`wheels dbmigrate --help` lists every command. All else of Wheels is not here.
";

/// Reads a command line; `arguments` are those after the program's name.
#[must_use]
pub(super) fn read(arguments: Vec<OsString>) -> Line {
    let words: Vec<_> = arguments.iter().take(2).map(|word| word.to_string_lossy().into_owned()).collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["dbmigrate", ..] => Line::Ours(Program::WheelsDbmigrate, with_name("wheels dbmigrate", arguments, 1)),
        ["db", "seed", ..] => Line::Ours(Program::WheelsDb, with_name("wheels db", arguments, 1)),
        [] | ["help" | "--help" | "-h", ..] => Line::Help,
        ["db"] => Line::Other("db".to_owned()),
        ["db", other, ..] => Line::Other(format!("db {other}")),
        [other, ..] => Line::Other((*other).to_owned()),
    }
}

fn with_name(name: &str, arguments: Vec<OsString>, skip: usize) -> Vec<OsString> {
    std::iter::once(OsString::from(name)).chain(arguments.into_iter().skip(skip)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        read(text.split_whitespace().map(OsString::from).collect())
    }

    #[test]
    fn wheels_own_lines_become_ours() {
        assert_eq!(
            line("dbmigrate exec version=0"),
            Line::Ours(Program::WheelsDbmigrate, vec!["wheels dbmigrate".into(), "exec".into(), "version=0".into()])
        );
        assert_eq!(
            line("db seed -q"),
            Line::Ours(Program::WheelsDb, vec!["wheels db".into(), "seed".into(), "-q".into()])
        );
    }

    #[test]
    fn everything_else_is_explained() {
        assert_eq!(line(""), Line::Help);
        assert_eq!(line("--help"), Line::Help);
        assert_eq!(line("db reset"), Line::Other("db reset".into()));
        assert_eq!(line("generate app"), Line::Other("generate".into()));
    }
}
