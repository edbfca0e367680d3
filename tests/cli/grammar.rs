//! What is typed: help, mistakes, and Wheels' command lines.

use crate::cli::support::Project;

#[test]
fn help_is_a_page_to_read() {
    insta::assert_snapshot!(Project::empty().run("--help").code(0).out);
}

#[test]
fn help_of_reset_shows_how_to_be_careful() {
    insta::assert_snapshot!(Project::empty().run("reset --help").code(0).out);
}

#[test]
fn every_command_of_wheels_page_works_as_typed() {
    let project = Project::blog();
    for line in [
        "dbmigrate latest",
        "dbmigrate info",
        "dbmigrate down",
        "dbmigrate up",
        "db seed",
        "dbmigrate exec version=0",
        "dbmigrate latest",
        "dbmigrate reset",
    ] {
        project.wheels(line).code(0);
    }
    assert_eq!(project.tables("blog.db"), Vec::<String>::new());
}

#[test]
fn wheels_reset_prints_what_wheels_prints() {
    let project = Project::blog();
    project.wheels("dbmigrate latest").code(0);
    let ran = project.wheels("dbmigrate reset");
    assert!(ran.code(0).out.starts_with("Resetting Database Schema\n"), "{}", ran.out);
}

#[test]
fn what_wheels_has_and_this_has_not_is_explained() {
    let project = Project::empty();
    insta::assert_snapshot!(project.wheels("generate app").screen());
    insta::assert_snapshot!(project.wheels("db reset").screen());
    assert!(project.wheels("").code(0).out.contains("wheels db seed"));
    assert!(project.wheels("dbmigrate --help").code(0).out.contains("Usage: wheels dbmigrate [OPTIONS] <COMMAND>"));
}

#[test]
fn a_slip_is_usage_and_has_a_hint() {
    let ran = Project::empty().run("rest");
    assert!(ran.code(2).err.contains("reset"), "{}", ran.err);
    assert_eq!(ran.out, "");
}

#[test]
fn exec_reads_a_version_in_three_ways() {
    for line in ["exec 20260102090000", "exec version=20260102090000", "exec --version 20260102090000"] {
        let project = Project::blog();
        project.run(line).code(0);
        assert_eq!(project.tables("blog.db"), ["posts", "users"], "{line}");
    }
}

#[test]
fn a_target_that_is_not_there_is_usage() {
    let project = Project::blog();
    insta::assert_snapshot!(project.run("exec 20260102090001").screen());
    insta::assert_snapshot!(project.run("up create_post").screen());
    project.run("down create_posts").code(2);
    assert!(!project.has("blog.db"));
}

#[test]
fn formats_for_plans_are_for_plans() {
    let project = Project::blog();
    insta::assert_snapshot!(project.run("latest --format sql").screen());
    project.run("info --format markdown").code(2);
    assert!(!project.has("blog.db"));
}

#[test]
fn environments_that_are_not_there_have_a_hint() {
    insta::assert_snapshot!(Project::blog().run("info --env prodction").screen());
}

#[test]
fn a_backend_that_the_url_is_not_of_is_refused() {
    insta::assert_snapshot!(Project::blog().run("info --backend postgres").screen());
}

#[test]
fn no_manifest_says_how_to_begin() {
    insta::assert_snapshot!(Project::empty().run("latest").screen());
}

#[test]
fn the_environment_can_come_from_a_variable() {
    let project = Project::blog();
    let output = project.command("dbmigrate", &["info"]).env("DBMIGRATE_ENV", "production").output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("Migrations of blog · production · sqlite"));
}
