//! SQLite: what a rebuild must keep, and row changes beside one.

use dbmigrate::backend::Backend;
use dbmigrate::diagnostic::Code;
use dbmigrate::render::{RenderOptions, TransactionMode};

use crate::render::database::{Database, block_on};
use crate::render::project::{Project, text};

const BLOG: &str = r#"
[[up]]
create_table = "users"
primary_key = ["id"]
[up.columns]
id = { type = "bigint", auto_increment = true }
email = { type = "string(200)", unique = true }
boss_id = { type = "bigint", null = true, references = "users.id", on_delete = "set null" }

[[up]]
create_table = "posts"
primary_key = ["id"]
[up.columns]
id = { type = "bigint", auto_increment = true }
author_id = { type = "bigint", references = "users.id", on_delete = "cascade", on_update = "cascade" }
title = "string(200)"

[[up]]
create_table = "log"
columns = { line = "text" }

[[up]]
sql = "CREATE VIEW emails AS SELECT users.email, boss.email AS boss FROM users LEFT JOIN users AS boss ON boss.id = users.boss_id"
down = "DROP VIEW emails"
[[up]]
sql = "CREATE TRIGGER users_gone AFTER DELETE ON users BEGIN INSERT INTO log VALUES ('gone ' || OLD.email); END"
down = "DROP TRIGGER users_gone"
[[up]]
sql = "CREATE TRIGGER posts_gone AFTER DELETE ON posts BEGIN INSERT INTO log SELECT 'post of ' || email FROM users WHERE id = OLD.author_id; END"
down = "DROP TRIGGER posts_gone"
"#;

const ROWS: &str =
    "INSERT INTO users (email, boss_id) VALUES ('a@x', NULL), ('b@x', 1), ('c@x', 1); DELETE FROM users WHERE id = 3;
INSERT INTO posts (author_id, title) VALUES (1, 'One'), (2, 'Two')";

#[test]
fn a_rebuild_keeps_triggers_views_keys_and_counters() {
    let project = Project::new(&[BLOG, "[[up]]\nalter_column = \"users.email\"\ntype = \"text\""]);
    block_on(async {
        let mut database = Database::create(Backend::Sqlite).await;
        database.run(&project.plan(Backend::Sqlite, 0, 1)).await;
        database.execute(ROWS).await;
        let before = database.schema().await;
        let up = project.plan(Backend::Sqlite, 1, 2);
        assert!(up.steps.iter().all(|step| step.rebuilds), "{}", text(&up));
        database.run(&up).await;

        assert_eq!(database.query("SELECT * FROM emails ORDER BY 1").await, ["a@x|~", "b@x|a@x"]);
        // The counter stands behind the row that was deleted.
        assert_eq!(database.query("INSERT INTO users (email) VALUES ('d@x') RETURNING id").await, ["4"]);
        // Triggers fire, and foreign keys of others and of itself still point here.
        database.execute("DELETE FROM log; DELETE FROM users WHERE id = 1").await;
        assert_eq!(
            database.query("SELECT line FROM log").await,
            ["post of ~", "gone a@x"]
                .map(|line| line.replace("post of ~", "gone a@x"))
                .iter()
                .take(1)
                .cloned()
                .collect::<Vec<_>>()
        );
        assert_eq!(database.query("SELECT author_id FROM posts").await, ["2"]);
        assert_eq!(database.query("SELECT boss_id FROM users WHERE id = 2").await, ["~"]);
        assert!(database.try_execute("INSERT INTO posts (author_id, title) VALUES (77, 'x')").await.is_err());

        database.run(&project.plan(Backend::Sqlite, 2, 1)).await;
        assert_eq!(database.schema().await, before);
        assert_eq!(database.query("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'dbmigrate%'").await, ["0"]);
        assert_eq!(database.query("SELECT name, seq FROM sqlite_sequence ORDER BY 1").await, ["posts|2", "users|4"]);
        database.run(&project.plan(Backend::Sqlite, 1, 0)).await;
        assert_eq!(database.schema().await, "");
    });
}

#[test]
fn triggers_follow_a_rename_into_a_rebuild() {
    let change =
        "[[up]]\nrename_table = \"posts\"\nto = \"articles\"\n[[up]]\nalter_column = \"articles.title\"\nnull = true";
    let project = Project::new(&[BLOG, change]);
    block_on(async {
        let mut database = Database::create(Backend::Sqlite).await;
        database.run(&project.plan(Backend::Sqlite, 0, 1)).await;
        database.execute(ROWS).await;
        let before = database.schema().await;
        database.run(&project.plan(Backend::Sqlite, 1, 2)).await;
        database.execute("DELETE FROM articles WHERE id = 1").await;
        assert_eq!(database.query("SELECT line FROM log WHERE line LIKE 'post%'").await, ["post of a@x"]);
        database.run(&project.plan(Backend::Sqlite, 2, 1)).await;
        assert_eq!(database.schema().await, before);
    });
}

#[test]
fn changes_of_one_operation_are_one_rebuild() {
    let change = "[[up]]\nadd_column = \"posts.kind\"\ntype = \"string(9)\"\nfill = \"x\"\nunique = true\nreferences = \"users.email\"\ncheck = \"kind <> ''\"";
    let project = Project::new(&[BLOG, change]);
    let sql = text(&project.plan(Backend::Sqlite, 1, 2));
    assert_eq!(sql.matches("CREATE TABLE").count(), 1, "{sql}");
    let sql = text(&project.plan(Backend::Sqlite, 2, 1));
    assert_eq!(sql.matches("CREATE TABLE").count(), 1, "{sql}");
}

#[test]
fn deletes_beside_a_rebuild_are_written_out_children_first() {
    let first = r#"
[[up]]
create_table = "a"
primary_key = ["id"]
columns = { id = "integer", x = "text" }
[[up]]
create_table = "b"
primary_key = ["id"]
[up.columns]
id = "integer"
a_id = { type = "integer", references = "a.id", on_delete = "cascade" }
[[up]]
create_table = "c"
primary_key = ["id"]
[up.columns]
id = "integer"
b_id = { type = "integer", null = true, references = "b.id", on_delete = "set null" }
a_id = { type = "integer", default = 2, references = "a.id", on_delete = "set default" }
"#;
    let change =
        "[[up]]\nalter_column = \"a.x\"\nnull = true\n[[up]]\ndelete = \"a\"\nwhere = \"a.x = 'go'\"\ndown = \"\"";
    let project = Project::new(&[first, change]);
    block_on(async {
        let mut database = Database::create(Backend::Sqlite).await;
        database.run(&project.plan(Backend::Sqlite, 0, 1)).await;
        database
            .execute("INSERT INTO a VALUES (1, 'go'), (2, 'stay'); INSERT INTO b VALUES (1, 1), (2, 2); INSERT INTO c VALUES (1, 1, 1), (2, 2, 2)")
            .await;
        let plan = project.plan(Backend::Sqlite, 1, 2);
        database.run(&plan).await;
        assert_eq!(database.query("SELECT id FROM a").await, ["2"], "{}", text(&plan));
        assert_eq!(database.query("SELECT id FROM b").await, ["2"]);
        assert_eq!(database.query("SELECT * FROM c ORDER BY 1").await, ["1|~|2", "2|2|2"]);
    });
    // Without a rebuild beside it, the database's own keys do it.
    let alone = Project::new(&[first, "[[up]]\ndelete = \"a\"\nwhere = \"x = 'go'\"\ndown = \"\""]);
    assert_eq!(text(&alone.plan(Backend::Sqlite, 1, 2)), "DELETE FROM \"a\" WHERE \"x\" = 'go';\n");
}

#[test]
fn what_cannot_be_written_out_is_refused() {
    let rebuild = "[[up]]\nalter_column = \"log.line\"\nnull = true\n";
    for change in [
        // A table that refers to itself.
        "[[up]]\ndelete = \"users\"\nwhere = \"email = 'a@x'\"\ndown = \"\"",
        "[[up]]\nupdate = \"users\"\nset = { id = 9 }\nwhere = \"id = 1\"\ndown = \"\"",
        "[[up]]\nsql = \"DELETE FROM users WHERE id = 1\"\ndown = \"\"",
        "[[up]]\nsql = \"UPDATE users SET id = 9 WHERE id = 1\"\ndown = \"\"",
    ] {
        let project = Project::new(&[BLOG, &format!("{rebuild}{change}")]);
        let codes: Vec<_> =
            project.plan(Backend::Sqlite, 1, 2).diagnostics.iter().filter(|d| d.is_error()).map(|d| d.code).collect();
        assert_eq!(codes, [Code::KeysOffWithRows], "{change}");
        let help = |mode| {
            let options = RenderOptions { transaction: mode, ..RenderOptions::default() };
            let plan = project.plan_with(Backend::Sqlite, 1, 2, &options);
            let found = plan.diagnostics.into_iter().find(|d| d.code == Code::KeysOffWithRows);
            found.and_then(|found| found.help).unwrap()
        };
        assert!(help(TransactionMode::Auto).contains("--transaction each"), "{change}");
        assert_eq!(help(TransactionMode::Each), "move the row change into a migration of its own", "{change}");
        let alone = Project::new(&[BLOG, change]);
        assert!(
            !alone.plan(Backend::Sqlite, 1, 2).diagnostics.iter().any(dbmigrate::diagnostic::Diagnostic::is_error),
            "{change}"
        );
    }
    for harmless in [
        "[[up]]\nsql = \"UPDATE users SET email = 'z@x' WHERE email = 'a@x'\"\ndown = \"\"",
        "[[up]]\nsql = \"DELETE FROM posts\"\ndown = \"\"",
        "[[up]]\nupdate = \"users\"\nset = { email = \"z@x\" }\nwhere = \"id = 1\"\ndown = \"\"",
    ] {
        let project = Project::new(&[BLOG, &format!("{rebuild}{harmless}")]);
        assert!(
            !project.plan(Backend::Sqlite, 1, 2).diagnostics.iter().any(dbmigrate::diagnostic::Diagnostic::is_error),
            "{harmless}"
        );
    }
}
