//! Protected environments: destructive runs are refused until they are meant.

use crate::cli::support::Project;

#[test]
fn going_up_needs_no_leave() {
    Project::blog().run("latest --env production").code(0);
}

#[test]
fn a_reset_is_refused_and_says_what_to_type() {
    let project = Project::blog();
    project.run("latest --env production").code(0);
    insta::assert_snapshot!(project.run("reset --env production").screen());
    project.run("reset --env production --yes").code(4);
    let refused = project.run("reset --env production --allow-protected");
    refused.code(4);
    assert!(refused.err.contains("`dbmigrate reset --env production --allow-protected --yes`"), "{}", refused.err);
    assert_eq!(project.tables("production.db").len(), 4);
    project.run("reset --env production --dry-run").code(0);
    project.run("reset --env production --allow-protected --yes").code(0);
    assert_eq!(project.tables("production.db").len(), 0);
}

#[test]
fn a_backup_is_written_before_a_destructive_run() {
    let project = Project::blog();
    let manifest = project.read("schema.toml") + "backup = \"backups\"\n";
    project.write("schema.toml", &manifest);
    project.run("latest --env production").code(0);
    assert!(!project.has("backups"), "going up made a backup");
    project.run("down --env production --allow-protected --yes").code(0);
    assert_eq!(std::fs::read_dir(project.path("backups")).unwrap().count(), 1);
    project.run("latest").code(0);
    project.run("reset --backup safe").code(0);
    assert_eq!(std::fs::read_dir(project.path("safe")).unwrap().count(), 1);
}
