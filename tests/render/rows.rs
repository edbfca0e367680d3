//! Rows: values to the letter, ways down, sequences, seeds twice.

use dbmigrate::backend::Backend;
use dbmigrate::plan;
use dbmigrate::render::render_seed;

use crate::render::database::{Database, block_on};
use crate::render::project::{BOTH, Project, Trip};

#[test]
fn rows_go_in_and_out_again() {
    Trip {
        before: r#"
[[up]]
create_table = "t"
primary_key = ["id"]
[up.columns]
id = { type = "bigint", auto_increment = true }
name = "string(20)"
price = { type = "decimal(6,2)", null = true }
ratio = { type = "float", null = true }
at = { type = "timestamptz", null = true }
"#,
        rows: "INSERT INTO t (name) VALUES ('old')",
        change: r#"
[[up]]
add_column = "t.flag"
type = "boolean"
default = false
[[up]]
insert = "t"
rows = [
  { id = 41, name = "it's", price = "1.50", ratio = 0.1, at = 2026-01-01T00:00:00+01:00, flag = true },
  { id = 40, name = "a\\b\n\"c\"", price = { expr = "NULL" }, ratio = { expr = "NULL" } },
  { name = "counted" },
]
[[up]]
update = "t"
set = { price = "2.25" }
where = "name = 'counted'"
down = ""
[[up]]
delete = "t"
where = "name = 'nobody'"
down = ""
"#,
        up: &[
            ("SELECT name FROM t WHERE price = 1.50", &["it's"]),
            ("SELECT id FROM t WHERE price = 2.25", &["42"]),
            ("SELECT id FROM t WHERE flag", &["41"]),
        ],
        down: &[("SELECT name FROM t", &["old"])],
    }
    .go();
}

#[test]
fn a_sequence_never_goes_back() {
    let before = "[[up]]\ncreate_table = \"t\"\nprimary_key = [\"id\"]\n[up.columns]\nid = { type = \"bigint\", auto_increment = true }\nx = \"text\"";
    let change = "[[up]]\ninsert = \"t\"\nrows = [{ id = 5, x = \"five\" }]\nkey = [\"x\"]";
    let project = Project::new(&[before, change]);
    block_on(async {
        let mut database = Database::create(Backend::Postgres).await;
        database.run(&project.plan(Backend::Postgres, 0, 1)).await;
        database.execute("SELECT setval('t_id_seq', 10)").await;
        database.run(&project.plan(Backend::Postgres, 1, 2)).await;
        assert_eq!(database.query("INSERT INTO t (x) VALUES ('y') RETURNING id").await, ["11"]);
        database.run(&project.plan(Backend::Postgres, 2, 1)).await;
        database.execute("SELECT setval('t_id_seq', 4, false); DELETE FROM t").await;
        database.run(&project.plan(Backend::Postgres, 1, 2)).await;
        assert_eq!(database.query("INSERT INTO t (x) VALUES ('y') RETURNING id").await, ["6"]);
        database.close().await;
    });
}

#[test]
fn seeds_that_run_twice_change_nothing() {
    let node = r#"
[[up]]
create_table = "users"
primary_key = ["id"]
[up.columns]
id = { type = "bigint", auto_increment = true }
email = "string(50)"
name = { type = "string(50)", null = true }
ratio = { type = "float", null = true }
seen_at = { type = "timestamptz", null = true }
[[up]]
create_table = "tags"
[up.columns]
user_id = "bigint"
label = { type = "string(20)", null = true }
weight = { type = "decimal(4,1)", default = "1.0" }
on_since = { type = "date", default = 2026-01-01 }
"#;
    let seeds = r#"
[[seed]]
insert = "users"
key = ["email"]
rows = [
  { email = "a@x", name = "Ada", ratio = 0.1, seen_at = { expr = "CURRENT_TIMESTAMP" } },
  { email = "b@x", name = { expr = "NULL" } },
]
[[seed]]
insert = "tags"
rows = [
  { user_id = { expr = "(SELECT id FROM users WHERE email = 'a@x')" }, label = "it's", weight = "2.5" },
  { user_id = 1, label = { expr = "NULL" }, on_since = 2026-02-03 },
]
"#;
    let project = Project::with_seeds(&[node], seeds);
    for backend in BOTH {
        block_on(async {
            let mut database = Database::create(backend).await;
            database.run(&project.plan(backend, 0, 1)).await;
            // A trigger would tell of an update that changes nothing.
            let seeded = plan::seed(&project.manifest, &project.graph, &project.ledger(1), backend);
            let rendered = render_seed(&seeded);
            assert!(rendered.diagnostics.is_empty(), "{:?}", rendered.diagnostics);
            let run = || {
                rendered.items.iter().flat_map(|(_, _, statements)| statements).map(|statement| statement.sql.clone())
            };
            for sql in run() {
                database.execute(&sql).await;
            }
            let all = "SELECT id, email, name, seen_at FROM users ORDER BY id";
            let (users, tags) = (database.query(all).await, database.query("SELECT * FROM tags ORDER BY 2").await);
            assert_eq!((users.len(), tags.len()), (2, 2), "{users:?} {tags:?}");
            for sql in run() {
                database.execute(&sql).await;
            }
            assert_eq!(database.query(all).await, users);
            assert_eq!(database.query("SELECT * FROM tags ORDER BY 2").await, tags);
            // A row that was changed by hand is brought up to date.
            database.execute("UPDATE users SET name = 'Eve' WHERE email = 'b@x'").await;
            for sql in run() {
                database.execute(&sql).await;
            }
            assert_eq!(database.query(all).await, users);
            database.close().await;
        });
    }
}
