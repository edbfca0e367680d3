//! The grammar, as it is typed.

use clap::{CommandFactory, Parser};

use super::*;

fn parse(line: &str) -> CommandLine {
    CommandLine::try_parse_from(std::iter::once("dbmigrate").chain(line.split_whitespace())).unwrap()
}

fn refused(line: &str) -> String {
    CommandLine::try_parse_from(std::iter::once("dbmigrate").chain(line.split_whitespace())).unwrap_err().to_string()
}

#[test]
fn the_grammar_is_sound() {
    CommandLine::command().debug_assert();
}

#[test]
fn exec_takes_a_version_in_three_ways() {
    for line in ["exec 0", "exec version=0", "exec --version 0", "exec --version=0", "exec 000"] {
        let Command::Exec(exec) = parse(line).command else { panic!("{line}") };
        assert_eq!(exec.target.or(exec.version), Some(TargetVersion(None)), "{line}");
    }
    let Command::Exec(exec) = parse("exec version=0007").command else { panic!() };
    assert_eq!(exec.target.unwrap().0.unwrap().to_string(), "7");
}

#[test]
fn exec_without_a_version_is_refused() {
    assert!(refused("exec").contains("<VERSION>"), "{}", refused("exec"));
    assert!(refused("exec latest").contains("`dbmigrate latest` goes there"));
    assert!(refused("exec 1 --version 2").contains("cannot be used with"));
}

#[test]
fn up_tells_numbers_from_names() {
    let target = |line: &str| match parse(line).command {
        Command::Up(up) => up.target,
        other => panic!("{other:?}"),
    };
    assert_eq!(target("up"), None);
    assert_eq!(target("up 3"), Some(Moves::Count(3)));
    assert_eq!(target("up 3_way"), Some(Moves::Name("3_way".into())));
    assert!(refused("up 20260101120000").contains("`dbmigrate exec 20260101120000` goes to a version"));
    assert!(refused("down 0").contains("`dbmigrate exec 0`"));
}

#[test]
fn global_flags_stand_before_and_after_the_command() {
    assert_eq!(parse("--env ci info").global.env, "ci");
    assert_eq!(parse("info --env ci").global.env, "ci");
    assert_eq!(parse("info --format json").global.format, Format::Json);
}

#[test]
fn lengths_of_time_have_units() {
    let timeout = |line: &str| match parse(line).command {
        Command::Latest(run) => run.changing.limits.lock_timeout.0.as_millis(),
        other => panic!("{other:?}"),
    };
    assert_eq!(timeout("latest"), 10_000);
    assert_eq!(timeout("latest --lock-timeout 3"), 3_000);
    assert_eq!(timeout("latest --lock-timeout 500ms"), 500);
    assert_eq!(timeout("latest --lock-timeout 2m"), 120_000);
    assert!(refused("latest --lock-timeout soon").contains("500ms"));
    assert!(refused("latest --lock-timeout 99999999999999999999").contains("500ms"));
}

#[test]
fn resolve_needs_to_know_which_way() {
    assert!(refused("resolve 5 --statement 1").contains("--ran"));
    assert!(refused("resolve 5 --statement 1 --ran --not-ran").contains("cannot be used with"));
    assert!(refused("resolve 5 --statement 0 --ran").contains("at least 1"));
}

#[test]
fn a_command_of_later_or_a_slip_gets_a_hint() {
    assert!(refused("rest").contains("'reset'"));
    assert!(refused("doctor").contains("unrecognized subcommand"));
}
