//! `info`: a table to read, and nothing written.

use crate::cli::support::Project;

#[test]
fn a_database_that_is_not_there_is_at_version_0_and_is_not_made() {
    let project = Project::blog();
    let ran = project.run("info");
    insta::assert_snapshot!(ran.screen());
    assert!(!project.has("blog.db"));
}

#[test]
fn some_applied_and_some_pending() {
    let project = Project::blog();
    project.run("exec 20260102090000").code(0);
    insta::assert_snapshot!(project.run("info").screen());
}

#[test]
fn what_is_not_in_the_manifest_is_marked() {
    let project = Project::blog();
    project.run("latest").code(0);
    std::fs::remove_file(project.path("migrations/20260104070000_add_slug_to_posts.toml")).unwrap();
    let node = "migrations/20260101120000_create_users.toml";
    project.write(node, &project.read(node).replace("string(200)", "string(100)"));
    let trigger = "migrations/20260103080000_audit_posts.toml";
    project.write(trigger, &project.read(trigger).replace("DROP TRIGGER", "DROP TRIGGER IF EXISTS"));
    let ran = project.run("info");
    assert!(ran.out.lines().all(|line| line.chars().count() <= 80), "{}", ran.out);
    insta::assert_snapshot!(ran.screen());
}

#[test]
fn pending_migrations_can_fail_a_job() {
    let project = Project::blog();
    project.run("info --fail-if-pending").code(3);
    project.run("latest").code(0);
    project.run("info --fail-if-pending").code(0);
}

#[test]
fn what_is_half_way_up_is_pending() {
    let project = Project::blog();
    project.run("exec 20260102090000").code(0);
    project.sql("blog.db", "UPDATE dbmigrate_versions SET state = 'applying' WHERE version = '20260102090000'");
    let json = project.run("info --format json").json();
    assert_eq!((&json["applied"], &json["pending"]), (&1.into(), &3.into()), "{json}");
    let text = project.run("info").out;
    assert!(text.contains("3 pending · 1 half-way"), "{text}");
    project.sql("blog.db", "UPDATE dbmigrate_versions SET state = 'reverting' WHERE version = '20260102090000'");
    let json = project.run("info --format json").json();
    assert_eq!((&json["applied"], &json["pending"]), (&2.into(), &2.into()), "{json}");
}

#[test]
fn colour_only_where_it_is_wanted() {
    let project = Project::blog();
    let colours = |arguments: &[&str], no_color: bool| {
        let mut command = project.command("dbmigrate", arguments);
        if no_color {
            command.env("NO_COLOR", "1");
        }
        command.output().unwrap().stdout.contains(&0x1b)
    };
    assert!(!colours(&["info"], false), "a pipe is no terminal");
    assert!(colours(&["info", "--color", "always"], false));
    assert!(!colours(&["info", "--color", "never"], false));
    assert!(!colours(&["info"], true));
}
