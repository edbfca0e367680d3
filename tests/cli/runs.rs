//! Runs that go well: their screens, and where they go.

use crate::cli::support::Project;

#[test]
fn latest_and_reset_read_like_screens() {
    let project = Project::blog();
    insta::assert_snapshot!("latest", project.run("latest").screen());
    project.sql(
        "blog.db",
        "INSERT INTO users (email) VALUES ('a'), ('b'); INSERT INTO posts (author_id, title) VALUES (1, 't')",
    );
    insta::assert_snapshot!("reset", project.run("reset").screen());
    assert_eq!(project.tables("blog.db"), Vec::<String>::new());
}

#[test]
fn nothing_to_do_is_done() {
    let project = Project::blog();
    insta::assert_snapshot!(project.run("reset").screen());
    assert!(!project.has("blog.db"), "a run with nothing to do made the database");
    project.run("latest").code(0);
    let again = project.run("latest");
    assert!(again.code(0).out.contains("Nothing to do."), "{}", again.out);
}

#[test]
fn targets_of_every_kind() {
    let project = Project::blog();
    let state = |line: &str| {
        project.run(line).code(0);
        project.run("info --format json").json()["applied"].as_u64().unwrap()
    };
    assert_eq!(state("up"), 1);
    assert_eq!(state("up 2"), 3);
    assert_eq!(state("down"), 2);
    assert_eq!(state("up add_slug_to_posts"), 3);
    assert_eq!(state("redo 2"), 3);
    assert_eq!(state("down create_posts"), 1);
    assert_eq!(state("exec 20260103080000"), 3);
    assert_eq!(state("latest"), 4);
    assert_eq!(state("exec 20260101120000"), 1);
    assert_eq!(state("exec 0"), 0);
}

#[test]
fn quiet_says_the_result_only() {
    let project = Project::blog();
    let ran = project.run("latest -q");
    assert_eq!(ran.code(0).out.lines().count(), 1, "{}", ran.out);
    assert_eq!(ran.err, "");
}

#[test]
fn a_database_stamped_otherwise_is_refused() {
    let project = Project::blog();
    project.run("latest").code(0);
    std::fs::copy(project.path("blog.db"), project.path("production.db")).unwrap();
    insta::assert_snapshot!(project.run("up --env production").screen());
    insta::assert_snapshot!(project.run("down --env production --allow-protected --yes").screen());
    project.run("stamp production").code(0);
    project.run("down --env production --allow-protected --yes").code(0);
}

#[test]
fn the_name_of_a_protected_environment_is_not_taken_off_unasked() {
    let project = Project::blog();
    project.run("latest --env production").code(0);
    std::fs::copy(project.path("production.db"), project.path("blog.db")).unwrap();
    insta::assert_snapshot!(project.run("stamp development").screen());
    project.run("stamp development --allow-protected --yes").code(0);
    project.run("reset").code(0);
}

#[test]
fn a_scheme_has_no_case() {
    let project = Project::blog();
    project.write("schema.toml", &project.read("schema.toml").replace("sqlite://blog.db", "SQLITE://blog.db"));
    project.run("latest").code(0);
    assert!(project.has("blog.db"));
}

#[test]
fn a_switch_of_foreign_keys_that_does_nothing_is_warned_of() {
    let project = Project::blog();
    let node = "[[up]]\nsql = \"PRAGMA foreign_keys = OFF\"\ndown = \"\"\n";
    project.write("migrations/20260105070000_keys.toml", node);
    let ran = project.run("latest");
    ran.code(0);
    assert!(ran.err.contains("SQLite passes over `PRAGMA foreign_keys` inside a transaction"), "{}", ran.err);
    // Nothing of what its author wrote runs on the way down.
    let json = project.run("down --dry-run --format json").json();
    assert_eq!(
        (&json["steps"][0]["derived"], &json["steps"][0]["reversal"]),
        (&true.into(), &"exact".into()),
        "{json}"
    );
    project.write("migrations/20260105070000_keys.toml", &format!("transaction = false\n{node}"));
    assert!(!project.run("redo --dry-run").err.contains("passes over"));
}
