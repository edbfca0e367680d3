//! MySQL and MariaDB refuse a key that sets a column to NULL which cannot be NULL, and NOT NULL under such a key: each way to get
//! there is an error of `check`, and no run begins.

use crate::example::database::Database;
use crate::example::mysql_server::MysqlDatabase;
use crate::example::project::Project;

const SCHEMA: &str = "[project]\nname = \"set_null\"\nbackends = [\"sqlite\", \"postgres\", \"mysql\"]\n";

/// `p` with a key and two unique columns, one of which can be NULL; `c` with the columns given.
fn made(columns: &str) -> String {
    format!(
        "[[up]]\ncreate_table = \"p\"\nprimary_key = [\"id\"]\n\
         columns = {{ id = \"bigint\", u = {{ type = \"bigint\", null = true, unique = true }}, w = {{ type = \"bigint\", unique = true }} }}\n\
         [[up]]\ncreate_table = \"c\"\ncolumns = {{ id = \"bigint\", {columns} }}\n"
    )
}

const SETS: &str = "a = { type = \"bigint\", null = true, references = \"p.id\", on_delete = \"set null\" }";
const SETS_ON_UPDATE: &str = "a = { type = \"bigint\", null = true, references = \"p.id\", on_update = \"set null\" }";
const NULL: &str = "a = { type = \"bigint\", null = true }";
const NOT_NULL: &str = "a = \"bigint\"";
const NO_LONGER_NULL: &str = "alter_column = \"c.a\"\nnull = false\nfill = 1";
const KEY: &str = "add_foreign_key = \"k\"\non = \"c\"\ncolumns = [\"a\"]\n";

/// Columns of `c`, what is done to them, and what is said of it.
fn refused() -> Vec<(&'static str, String, &'static str)> {
    let sets = "sets `c.a` to NULL, so the column cannot be NOT NULL";
    let carries = "cannot be NULL (MariaDB refuses that)";
    let key = |to: &str, action: &str| format!("{KEY}references = \"p.{to}\"\n{action}");
    vec![
        (SETS, NO_LONGER_NULL.to_owned(), sets),
        (SETS_ON_UPDATE, NO_LONGER_NULL.to_owned(), sets),
        (SETS, format!("alter_column = \"c.a\"\ntype = \"integer\"\n[[up]]\n{NO_LONGER_NULL}"), sets),
        (
            SETS,
            format!("rename_column = \"c.a\"\nto = \"b\"\n[[up]]\n{}", NO_LONGER_NULL.replace("c.a", "c.b")),
            "sets `c.b` to NULL",
        ),
        (
            SETS,
            format!("rename_table = \"c\"\nto = \"d\"\n[[up]]\n{}", NO_LONGER_NULL.replace("c.a", "d.a")),
            "sets `d.a` to NULL",
        ),
        (SETS, format!("{NO_LONGER_NULL}\n[[up]]\nadd_primary_key = \"c\"\ncolumns = [\"a\"]"), sets),
        (NOT_NULL, key("id", "on_delete = \"set null\""), sets),
        (NOT_NULL, key("id", "on_update = \"set null\""), sets),
        (NULL, format!("{NO_LONGER_NULL}\n[[up]]\n{}", key("id", "on_delete = \"set null\"")), sets),
        (NULL, format!("{}\n[[up]]\n{NO_LONGER_NULL}", key("id", "on_delete = \"set null\"")), sets),
        (
            NULL,
            "add_column = \"c.b\"\ntype = \"bigint\"\nfill = 1\nreferences = \"p.id\"\non_delete = \"set null\""
                .to_owned(),
            "sets `c.b` to NULL",
        ),
        (
            NULL,
            "create_table = \"e\"\nprimary_key = [\"x\"]\n\
             columns = { x = { type = \"bigint\", references = \"p.id\", on_delete = \"set null\" } }"
                .to_owned(),
            "sets `e.x` to NULL",
        ),
        (NOT_NULL, key("u", "on_update = \"cascade\""), carries),
        (NULL, format!("{}\n[[up]]\n{NO_LONGER_NULL}", key("u", "on_update = \"cascade\"")), carries),
        (
            NOT_NULL,
            format!("{}\n[[up]]\nalter_column = \"p.w\"\nnull = true", key("w", "on_update = \"cascade\"")),
            carries,
        ),
    ]
}

/// What looks like it, and works.
fn allowed() -> Vec<(&'static str, String)> {
    let key = |to: &str, action: &str| format!("{KEY}references = \"p.{to}\"\n{action}");
    vec![
        (SETS, format!("drop_foreign_key = \"c_a_fkey\"\non = \"c\"\n[[up]]\n{NO_LONGER_NULL}")),
        (NULL, format!("{}\n[[up]]\n{NO_LONGER_NULL}", key("id", "on_delete = \"cascade\""))),
        (NULL, format!("{}\n[[up]]\n{NO_LONGER_NULL}", key("u", "on_delete = \"cascade\""))),
        (NOT_NULL, key("w", "on_update = \"cascade\"")),
        (NULL, key("u", "on_update = \"cascade\"")),
        (NOT_NULL, format!("alter_column = \"c.a\"\nnull = true\n[[up]]\n{}", key("id", "on_delete = \"set null\""))),
    ]
}

fn words_of(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn mysql_refuses_not_null_under_a_key_that_sets_null() {
    let database = MysqlDatabase::create();
    for (columns, change, words) in refused() {
        let made = made(columns);
        let first = Project::of(SCHEMA, &[("1_made", &made)]);
        first.run(&database, &["latest"]).ok();
        let before = database.schema();
        let changed = format!("requires = [\"made\"]\n[[up]]\n{change}\n");
        let project = Project::of(SCHEMA, &[("1_made", &made), ("2_changed", &changed)]);
        let said = project.run(&database, &["check"]);
        let shown = words_of(&said.stdout) + &words_of(&said.stderr);
        assert!(said.code != 0 && shown.contains(words) && shown.contains("on MySQL"), "{change}\n{shown}");
        for elsewhere in ["sqlite", "postgres"] {
            project.run(&database, &["check", "--backend", elsewhere]).ok();
        }
        let said = project.run(&database, &["latest"]);
        assert!(said.code != 0 && words_of(&said.stderr).contains(words), "{change}\n{}", said.stderr);
        assert_eq!(database.schema(), before, "{change}");
        first.run(&database, &["reset"]).ok();
    }
    for (columns, change) in allowed() {
        let changed = format!("requires = [\"made\"]\n[[up]]\n{change}\n");
        let project = Project::of(SCHEMA, &[("1_made", &made(columns)), ("2_changed", &changed)]);
        project.run(&database, &["check"]).ok();
        for command in ["latest", "down", "up", "reset"] {
            project.run(&database, &[command]).ok();
        }
        assert_eq!(database.schema(), "", "{change}");
    }
}

/// A way down that makes a column NOT NULL again under a key that came later, and two changes in no order.
#[test]
fn mysql_finds_it_on_the_way_down_and_in_another_order() {
    let database = MysqlDatabase::create();
    let made = made(NULL);
    let key = format!("requires = [\"made\"]\n[[up]]\n{KEY}references = \"p.id\"\non_delete = \"set null\"\n");
    let not_null = format!("requires = [\"made\"]\n[[up]]\n{NO_LONGER_NULL}\n");
    let said = Project::of(SCHEMA, &[("1_made", &made), ("2_keyed", &key), ("3_strict", &not_null)])
        .run(&database, &["check", "--backend", "mysql"]);
    assert!(said.code != 0 && words_of(&said.stdout).contains("so the column cannot be NOT NULL"), "{}", said.stdout);
    // Later it may be NULL again: one order works, the other does not.
    let open = "requires = [\"strict\"]\n[[up]]\nalter_column = \"c.a\"\nnull = true\n";
    let said = Project::of(SCHEMA, &[("1_made", &made), ("2_strict", &not_null), ("3_open", open), ("4_keyed", &key)])
        .run(&database, &["check", "--backend", "mysql"]);
    let shown = words_of(&said.stdout);
    assert!(said.code != 0 && shown.contains("unordered-conflict"), "{shown}");
    assert!(shown.contains("so the column cannot be NOT NULL"), "{shown}");
    // The key stays while what lets the column be NULL is undone by hand.
    let by_hand = "requires = [\"made\"]\n[[up]]\nalter_column = \"c.id\"\nnull = true\n\
                   [[up]]\nadd_foreign_key = \"k\"\non = \"c\"\ncolumns = [\"id\"]\nreferences = \"p.id\"\non_delete = \"set null\"\n\
                   [[down]]\nalter_column = \"c.id\"\nnull = false\n[[down]]\ndrop_foreign_key = \"k\"\non = \"c\"\n";
    let said = Project::of(SCHEMA, &[("1_made", &made), ("2_by_hand", by_hand)])
        .run(&database, &["check", "--backend", "mysql"]);
    let shown = words_of(&said.stdout);
    assert!(
        said.code != 0 && shown.contains("the way down of `by_hand` fails: key `k` sets `c.id` to NULL"),
        "{shown}"
    );
}
