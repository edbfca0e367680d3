//! `reset`, `latest`, `up`, `down`, `redo`, `exec`: what each one's target is.

use super::args::{Changing, Command, Moves, TargetVersion};
use super::run::Order;
use crate::plan::Target;

/// What a command that moves the database wants done; `None` for the other commands.
/// `program` is how it is called: `dbmigrate`, `wheels dbmigrate`.
#[must_use]
pub(super) fn order<'a>(command: &'a Command, program: &str) -> Option<Order<'a>> {
    let (name, argument, target, changing): (&'static str, String, Target, &Changing) = match command {
        Command::Reset(run) => ("reset", String::new(), Target::Zero, &run.changing),
        Command::Latest(run) => ("latest", String::new(), Target::Latest, &run.changing),
        Command::Up(up) => match &up.target {
            None => ("up", String::new(), Target::Up(1), &up.changing),
            Some(Moves::Count(count)) => ("up", count.to_string(), Target::Up(*count), &up.changing),
            Some(Moves::Name(name)) => ("up", name.clone(), Target::UpName(name.clone()), &up.changing),
        },
        Command::Down(down) => match &down.target {
            None => ("down", String::new(), Target::Down(1), &down.changing),
            Some(Moves::Count(count)) => ("down", count.to_string(), Target::Down(*count), &down.changing),
            Some(Moves::Name(name)) => ("down", name.clone(), Target::DownName(name.clone()), &down.changing),
        },
        Command::Redo(redo) => {
            let argument = if redo.count == 1 { String::new() } else { redo.count.to_string() };
            ("redo", argument, Target::Redo(redo.count), &redo.changing)
        }
        Command::Exec(exec) => match exec.target.or(exec.version) {
            Some(TargetVersion(Some(version))) => {
                ("exec", version.to_string(), Target::Version(version), &exec.changing)
            }
            _ => ("exec", "0".to_owned(), Target::Zero, &exec.changing),
        },
        _ => return None,
    };
    let typed = format!("{program} {name} {argument}").trim_end().to_owned();
    let reset = name == "reset";
    let headline = reset.then_some("Resetting Database Schema");
    Some(Order { command: name, typed, target, changing, headline, then_info: reset })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::args::CommandLine;

    fn target(line: &str) -> (String, Target) {
        let parsed = CommandLine::try_parse_from(std::iter::once("dbmigrate").chain(line.split_whitespace())).unwrap();
        let order = order(&parsed.command, "dbmigrate").unwrap();
        (order.typed, order.target)
    }

    #[test]
    fn each_command_has_its_target() {
        assert_eq!(target("reset"), ("dbmigrate reset".into(), Target::Zero));
        assert_eq!(target("up"), ("dbmigrate up".into(), Target::Up(1)));
        assert_eq!(target("down 3"), ("dbmigrate down 3".into(), Target::Down(3)));
        assert_eq!(
            target("down create_tags"),
            ("dbmigrate down create_tags".into(), Target::DownName("create_tags".into()))
        );
        assert_eq!(target("redo"), ("dbmigrate redo".into(), Target::Redo(1)));
        assert_eq!(target("exec version=0"), ("dbmigrate exec 0".into(), Target::Zero));
        assert_eq!(target("exec --version 7"), ("dbmigrate exec 7".into(), Target::Version("7".parse().unwrap())));
    }

    #[test]
    fn only_reset_has_a_headline() {
        let parsed = CommandLine::try_parse_from(["dbmigrate", "exec", "0"]).unwrap();
        assert_eq!(order(&parsed.command, "dbmigrate").unwrap().headline, None);
    }
}
