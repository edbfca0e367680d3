//! The scenarios: what must hold of the example on every backend.

use std::fs;

use crate::example::database::Database;
use crate::example::project::Project;

/// latest, seed, reset, latest, reset.
pub fn up_seed_reset_up_reset_ends_where_it_began(project: &Project, database: &dyn Database) {
    project.run(database, &["latest"]).ok();
    let first = database.schema();
    assert!(first.contains("posts_public_idx"), "{first}");
    project.run(database, &["seed"]).ok();
    assert_eq!(database.query("SELECT comment_count FROM posts WHERE slug = 'analytical-engine'"), "2");

    let reset = project.run(database, &["reset"]).ok();
    assert_eq!(reset.stdout.lines().next(), Some("Resetting Database Schema"));
    assert_eq!(database.schema(), "");
    assert_eq!(database.query("SELECT count(*) FROM dbmigrate_versions"), "0");

    project.run(database, &["latest"]).ok();
    assert_eq!(database.schema(), first);
    project.run(database, &["reset"]).ok();
    assert_eq!(database.schema(), "");
    assert!(database.runs("done") >= 4, "the history of runs outlives a reset");

    let info = project.run(database, &["info", "--format", "json"]).ok().json();
    assert_eq!(info["current_version"], "0");
    assert_eq!(info["pending"], project.node_names().len());
}

pub fn seeds_loaded_twice_change_nothing(project: &Project, database: &dyn Database) {
    project.run(database, &["latest"]).ok();
    project.run(database, &["seed"]).ok();
    let once = rows(database);
    project.run(database, &["seed"]).ok();
    assert_eq!(rows(database), once);
}

/// Every row of every table but the ledger's, in words.
fn rows(database: &dyn Database) -> String {
    let dump = database.dump();
    let ours =
        |line: &&str| line.starts_with("INSERT") && !line.contains("dbmigrate_") && !line.contains("sqlite_sequence");
    dump.lines().filter(ours).collect::<Vec<_>>().join("\n")
}

/// From latest, with the seeds in: down, up (the schema is the same), down, and so on to 0.
pub fn each_step_goes_down_and_up_again_over_the_seeds(project: &Project, database: &dyn Database) {
    project.run(database, &["latest"]).ok();
    project.run(database, &["seed"]).ok();
    for _ in project.node_names() {
        let before = database.schema();
        project.run(database, &["down"]).ok();
        assert_ne!(database.schema(), before);
        project.run(database, &["up"]).ok();
        assert_eq!(database.schema(), before);
        project.run(database, &["down"]).ok();
    }
    assert_eq!(database.schema(), "");
}

/// From 0: up, rows into what is new, down, up (schema and rows are the same), and so on to latest.
pub fn each_step_goes_down_and_up_again_from_its_own_version(project: &Project, database: &dyn Database) {
    for node in project.node_names() {
        project.run(database, &["up"]).ok();
        fill(&node, database);
        let (schema, counts) = (database.schema(), database.row_counts());
        project.run(database, &["down"]).ok();
        project.run(database, &["up"]).ok();
        assert_eq!(database.schema(), schema, "after {node} went down and up");
        fill(&node, database);
        assert_eq!(database.row_counts(), counts, "after {node} went down and up");
    }
    assert!(database.row_counts().iter().all(|(_, rows)| rows != "0"), "{:?}", database.row_counts());
    project.run(database, &["reset"]).ok();
    assert_eq!(database.schema(), "");
}

/// Rows for the table that a node makes.
fn fill(node: &str, database: &dyn Database) {
    let sql = match node {
        "create_users" => {
            "INSERT INTO users (id, email, name) VALUES (1, 'a@example.com', 'A'), (2, 'b@example.com', 'B')"
        }
        "create_tags" => "INSERT INTO tags (id, label) VALUES (1, 'x'), (2, 'y')",
        "create_posts" => {
            "INSERT INTO posts (id, author_id, title, slug, language, body) VALUES
               (1, 1, 'One', 'one', 'de', '…'), (2, 2, 'Two', NULL, 'fr', '…')"
        }
        "create_comments" => {
            "INSERT INTO comments (id, post_id, author_id, body) VALUES (1, 1, 2, 'Yes'), (2, 1, NULL, 'No')"
        }
        "tag_posts" => "INSERT INTO post_tags (post_id, tag_id) VALUES (1, 1), (1, 2), (2, 1)",
        "create_login_tokens" => {
            "INSERT INTO login_tokens (token, user_id, expires_at) VALUES ('t', 1, '2026-03-01 00:00:00')"
        }
        _ => return,
    };
    database.execute(sql);
}

/// A `down` that errors in the middle of a reset: nothing is changed but the history of runs; and where DDL commits by
/// itself, all is undone up to that statement, and the ledger tells which it is.
pub fn a_way_down_that_fails_tells_where_and_the_reset_goes_on_once_it_is_mended(
    project: &Project,
    database: &dyn Database,
) {
    project.run(database, &["latest"]).ok();
    project.run(database, &["seed"]).ok();
    let (good, broken, object) = match database.backend() {
        "sqlite" => ("\"DROP TRIGGER comment_removed\"", "\"DROP TRIGGER comment_remowed\"", "comment_remowed"),
        "mysql" => (
            "\"DROP TRIGGER comments_counted_down\"",
            "\"DROP TRIGGER comments_counted_dowm\"",
            "Trigger does not exist",
        ),
        _ => (
            "\"DROP TRIGGER comments_counted ON comments\"",
            "\"DROP TRIGGER comments_counted ON commentz\"",
            "commentz",
        ),
    };
    project.edit("count_comments", good, broken);
    let whole = database.backend() != "mysql";
    let (before, schema, failed_before) = (database.dump(), database.schema(), database.runs("failed"));

    let reset = project.run(database, &["reset"]);

    assert_eq!(reset.code, 1, "{}", reset.stderr);
    if whole {
        assert_eq!(database.dump(), before);
    }
    assert_eq!(database.runs("failed"), failed_before + 1);
    let file = project.node_file("count_comments");
    let line = 1 + fs::read_to_string(&file).unwrap().lines().position(|line| line.contains(broken)).unwrap();
    let place = format!("migrations/{}:{line}:", file.file_name().unwrap().to_string_lossy());
    for word in ["count_comments", "sql", broken.trim_matches('"'), object, place.as_str()] {
        assert!(reset.stderr.contains(word), "`{word}` in\n{}", reset.stderr);
    }

    let json = project.run(database, &["reset", "--format", "json"]);
    assert_eq!(json.code, 1);
    let json = json.json();
    assert_eq!(json["outcome"], "failed");
    assert_eq!(json["failed"]["statement"], broken.trim_matches('"'));
    assert_eq!(json["failed"]["location"]["line"], line);
    if whole {
        assert_eq!(database.dump(), before);
    } else {
        it_stands_within_a_migration_and_goes_back_up(project, database, &schema);
    }

    project.edit("count_comments", broken, good);
    project.run(database, &["reset"]).ok();
    assert_eq!(database.schema(), "");
}

/// Where DDL commits by itself: `info` and the ledger tell where the reset stopped, and `latest` takes it back.
fn it_stands_within_a_migration_and_goes_back_up(project: &Project, database: &dyn Database, schema: &str) {
    assert_ne!(database.schema(), schema);
    let info = project.run(database, &["info", "--format", "json"]).ok().json();
    let node = info["migrations"].as_array().unwrap().iter().find(|one| one["name"] == "count_comments").unwrap();
    assert_eq!(node["state"], "reverting");
    let told = "SELECT CONCAT_WS(' ', statement, statements, direction, state) FROM dbmigrate_journal";
    assert_eq!(database.query(told), "0 3 down done");
    let shown = project.run(database, &["info"]).ok();
    assert!(shown.stdout.contains("reverting 0/3"), "{}", shown.stdout);

    project.run(database, &["latest"]).ok();
    assert_eq!(database.schema(), schema);
    assert_eq!(database.query("SELECT count(*) FROM dbmigrate_journal"), "0");
    assert_eq!(project.run(database, &["reset"]).code, 1);
}

pub fn a_dry_run_changes_nothing(project: &Project, database: &dyn Database) {
    project.run(database, &["latest", "--dry-run"]).ok();
    project.run(database, &["info"]).ok();
    assert!(!project.path().join("blog.db").exists(), "a dry run and info make no file");
    project.run(database, &["latest"]).ok();
    let before = (database.dump(), database.query("SELECT count(*) FROM dbmigrate_runs"));
    for format in ["text", "json", "sql", "markdown"] {
        let shown = project.run(database, &["reset", "--dry-run", "--format", format]).ok();
        assert!(shown.stdout.contains("DROP TABLE"), "{}", shown.stdout);
    }
    assert_eq!((database.dump(), database.query("SELECT count(*) FROM dbmigrate_runs")), before);
}

/// The commands of the framework's own page, as people of it type them.
pub fn the_wheels_command_lines_work_as_typed(project: &Project, database: &dyn Database) {
    project.wheels(database, &["dbmigrate", "latest"]).ok();
    let latest = database.schema();
    project.wheels(database, &["db", "seed"]).ok();
    project.wheels(database, &["dbmigrate", "down"]).ok();
    project.wheels(database, &["dbmigrate", "up"]).ok();
    assert_eq!(database.schema(), latest);
    project.wheels(database, &["dbmigrate", "info"]).ok();
    project.wheels(database, &["dbmigrate", "reset"]).ok();
    assert_eq!(database.schema(), "");
    project.wheels(database, &["dbmigrate", "latest"]).ok();
    project.wheels(database, &["dbmigrate", "exec", "version=0"]).ok();
    assert_eq!(database.schema(), "");
}
