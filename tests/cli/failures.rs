//! Runs that fail: nothing half done, and what to type next.

use crate::cli::support::Project;

#[test]
fn a_reset_that_fails_leaves_everything_and_says_where() {
    let project = Project::blog();
    project.run("latest").code(0);
    let node = "migrations/20260103080000_audit_posts.toml";
    project.write(node, &project.read(node).replace("DROP TRIGGER audit_posts", "DROP TRIGGER audit_post"));
    let ran = project.run("reset");
    insta::assert_snapshot!(ran.screen());
    ran.code(1);
    assert_eq!(project.tables("blog.db"), ["audit", "audit_posts", "posts", "users"]);
    project.write(node, &project.read(node).replace("DROP TRIGGER audit_post\"", "DROP TRIGGER audit_posts\""));
    project.run("reset").code(0);
    assert_eq!(project.tables("blog.db"), Vec::<String>::new());
}

#[test]
fn a_way_up_that_fails_is_undone() {
    let project = Project::blog();
    project.run("up").code(0);
    project.sql("blog.db", "CREATE TABLE posts (x)");
    insta::assert_snapshot!(project.run("latest").screen());
    assert_eq!(project.run("info --format json").json()["applied"], 1);
}

#[test]
fn a_manifest_with_mistakes_shows_them_all() {
    let project = Project::blog();
    project.write(
        "migrations/20260105000000_mistakes.toml",
        "[[up]]\ncreate_table = \"tags\"\n[up.columns]\nid = { type = \"bigint\", nullable = true }\nname = \"strnig(20)\"\n",
    );
    let ran = project.run("latest");
    ran.code(2);
    assert!(ran.err.contains("nullable") && ran.err.contains("strnig"), "{}", ran.err);
    assert!(ran.err.trim_end().ends_with("error: the manifest has 2 errors"), "{}", ran.err);
    assert_eq!(ran.out, "");
}

#[test]
fn a_graph_with_errors_stops_what_goes_up_and_not_a_reset() {
    let project = Project::blog();
    project.run("latest").code(0);
    project.write(
        "migrations/20260105000000_lost.toml",
        "requires = [\"nowhere\"]\n[[up]]\ncreate_table = \"lost\"\n[up.columns]\nid = \"bigint\"\n",
    );
    let up = project.run("latest");
    assert!(up.code(3).err.contains("error[unknown-requirement]"), "{}", up.err);
    let down = project.run("reset");
    assert!(down.code(0).err.contains("warning[unknown-requirement]"), "{}", down.err);
    assert_eq!(project.tables("blog.db"), Vec::<String>::new());
}

#[test]
fn what_only_the_manifest_denies_does_not_stop_a_reset() {
    let project = Project::blog();
    project.run("latest").code(0);
    let manifest = project.read("schema.toml") + "[checks]\nversion-inversion = \"deny\"\n";
    project.write("schema.toml", &manifest);
    let users = "migrations/20260101120000_create_users.toml";
    project.write(users, &format!("requires = [\"tags\"]\n{}", project.read(users)));
    project.write(
        "migrations/20260105000000_tags.toml",
        "[[up]]\ncreate_table = \"tags\"\n[up.columns]\nid = \"bigint\"\n",
    );
    project.run("latest").code(3);
    project.run("reset").code(0);
}

/// With everything applied, or all but what the graph has no order for, nothing is left to do: that is no success.
#[test]
fn a_graph_with_errors_is_never_nothing_to_do() {
    let broken = [
        ("20260104070000_again", "up = []\n", "duplicate-version"),
        ("20260105070000_alone", "requires = [\"alone\"]\nup = []\n", "dependency-cycle"),
        ("20260105070000_lost", "requires = [\"nobody\"]\nup = []\n", "unknown-requirement"),
    ];
    for (file, text, code) in broken {
        let project = Project::blog();
        let path = format!("migrations/{file}.toml");
        project.run("latest -q").code(0);
        project.write(&path, text);
        for line in ["latest", "up", "up 3", "up create_users", "exec 20260104070000", "redo", "fresh", "plan"] {
            let refused = project.run(line);
            refused.code(3);
            assert!(refused.err.contains(&format!("error[{code}]")), "{line}: {}", refused.err);
            assert_eq!(project.run("info --format json").json()["applied"], 4, "{code}: {line}");
        }
        // What only goes down is possible, and so is what has nothing to undo.
        project.run("exec 20260102090000").code(0);
        assert_eq!(project.run("info --format json").json()["applied"], 2, "{code}");
        project.run("down").code(0);
        project.run("reset").code(0);
        project.run("reset").code(0);
        project.run("down").code(0);
        for line in ["latest", "up", "exec 20260104070000"] {
            project.run(line).code(3);
        }
        std::fs::remove_file(project.path(&path)).unwrap();
        project.run("latest").code(0);
    }
}

/// To go down to a version that is not all applied would end beside it.
#[test]
fn a_version_that_lacks_something_of_no_order_is_refused_on_the_way_down_too() {
    let project = Project::blog();
    project.run("latest -q").code(0);
    project.write("migrations/20260102090001_alone.toml", "requires = [\"alone\"]\nup = []\n");
    project.run("exec 20260102090000 --dry-run").code(0);
    project.run("exec 20260103080000").code(3);
    assert_eq!(project.run("info --format json").json()["applied"], 4);
    project.run("exec 20260102090000").code(0);
}

#[test]
fn what_the_manifest_denies_stops_what_is_to_go_up_though_nothing_is_left() {
    let project = Project::blog();
    project.run("latest -q").code(0);
    let manifest = project.read("schema.toml") + "\n[checks]\nup-edited = \"deny\"\norphaned = \"deny\"\n";
    project.write("schema.toml", &manifest);
    let file = "migrations/20260104070000_add_slug_to_posts.toml";
    let text = project.read(file);
    project.write(file, &text.replace("string(100)", "string(120)"));
    for line in ["latest", "up", "exec 20260104070000"] {
        let refused = project.run(line);
        refused.code(3);
        assert!(refused.err.contains("error[up-edited]"), "{}", refused.err);
    }
    std::fs::remove_file(project.path(file)).unwrap();
    for line in ["latest", "exec 20260103080000 --dry-run"] {
        let ran = project.run(line);
        assert!(ran.err.contains("[orphaned]"), "{}", ran.err);
        assert_eq!(ran.code, if line == "latest" { 3 } else { 0 }, "{line}: {}", ran.err);
    }
    project.run("reset").code(0);
}

#[test]
fn a_database_that_another_holds_is_5() {
    let project = Project::blog();
    project.run("up").code(0);
    let url = format!("sqlite://{}", project.path("blog.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        use sqlx::Connection;
        let mut other = sqlx::SqliteConnection::connect(&url).await.unwrap();
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
        let ran = project.run("latest --lock-timeout 200ms");
        assert!(ran.code(5).err.contains("next: wait for it, or allow more time with `--lock-timeout`"), "{}", ran.err);
        other.close().await.unwrap();
    });
    project.run("latest").code(0);
}

#[test]
fn a_database_out_of_reach_is_5() {
    let ran = Project::blog().run("latest --database-url postgres://app:s3cret@127.0.0.1:1/none");
    ran.code(5);
    assert!(!ran.err.contains("s3cret"), "{}", ran.err);
}

#[test]
fn a_rebuild_loses_nothing_that_the_migrations_do_not_know() {
    let project = Project::blog();
    project.run("latest").code(0);
    project.sql(
        "blog.db",
        "INSERT INTO users (email) VALUES ('a'); ALTER TABLE users ADD COLUMN secret text; \
         UPDATE users SET secret = 'precious'; CREATE INDEX users_secret ON users (secret)",
    );
    project.write(
        "migrations/20260201000000_rebuild.toml",
        "requires = [\"create_users\"]\n\n[[up]]\nadd_check = \"users_email_length\"\non = \"users\"\nexpr = \"length(email) > 0\"\n",
    );
    let ran = project.run("latest");
    insta::assert_snapshot!(ran.screen());
    ran.code(1);
    project.sql("blog.db", "DROP INDEX users_secret; ALTER TABLE users DROP COLUMN secret");
    project.run("latest").code(0);
}
