//! One trip for each kind of change.

use crate::render::project::Trip;

const USERS_AND_POSTS: &str = r#"
[[up]]
create_table = "users"
primary_key = ["id"]
[up.columns]
id = { type = "bigint", auto_increment = true }
email = { type = "string(200)", unique = true }

[[up]]
create_table = "posts"
primary_key = ["id"]
[up.columns]
id = { type = "bigint", auto_increment = true }
author_id = { type = "bigint", references = "users.id", on_delete = "cascade" }
title = "string(200)"
slug = { type = "string(80)", null = true }
state = { type = "string(20)", default = "draft", check = "state IN ('draft', 'public')" }
score = { type = "integer", default = 0 }
[up.indexes]
posts_author_idx = { columns = ["author_id", { column = "score", order = "desc" }] }
posts_slug_idx = { columns = ["slug"], unique = true, where = "slug IS NOT NULL" }
"#;

const ROWS: &str = "INSERT INTO users (email) VALUES ('a@x'), ('b@x');
INSERT INTO posts (author_id, title, slug, state, score) VALUES (1, 'One', 'one', 'public', 3), (2, 'Two', NULL, 'draft', -1)";

#[test]
fn a_table_with_everything() {
    Trip {
        before: USERS_AND_POSTS,
        rows: ROWS,
        change: r#"
[[up]]
create_table = "things"
primary_key = ["a", "b"]
[up.columns]
a = "integer"
b = "string(10)"
small = { type = "smallint", default = -3 }
big = { type = "unsigned bigint", null = true }
usmall = { type = "unsigned smallint", default = 65535 }
uint = { type = "unsigned integer", default = 4294967295 }
real = { type = "float", default = 1.5 }
dbl = { type = "double", default = -2.25 }
money = { type = "decimal(10,2)", default = "12.50" }
yes = { type = "boolean", default = true }
fixed = { type = "char(3)", default = "abc" }
words = { type = "text", default = "it's \"so\" \\ ok" }
day = { type = "date", default = 2026-01-02 }
clock = { type = "time", default = 07:32:00 }
wall = { type = "datetime", default = 2026-01-02T03:04:05 }
instant = { type = "timestamptz", default = 2026-01-02T03:04:05+02:00 }
made_at = { type = "timestamptz", default = { expr = "CURRENT_TIMESTAMP" } }
lower = { type = "string", default = { expr = "lower('ABC')" } }
parent_a = { type = "integer", null = true }
parent_b = { type = "string(10)", null = true }
user_id = { type = "bigint", null = true, references = "users.id", on_delete = "set null", on_update = "cascade" }
[up.foreign_keys]
things_parent = { columns = ["parent_a", "parent_b"], references = ["things.a", "things.b"], on_delete = "restrict" }
[up.uniques]
things_words = ["words", "b"]
[up.checks]
things_check = "things.small < 10 -- below ten"
[up.indexes]
things_expr = { columns = [{ expr = "lower(b)" }, "a"] }
"#,
        up: &[],
        down: &[("SELECT count(*) FROM posts", &["2"])],
    }
    .go();
}

#[test]
fn a_dropped_table_comes_back_without_rows() {
    Trip {
        before: USERS_AND_POSTS,
        rows: ROWS,
        change: "[[up]]\ndrop_table = \"posts\"",
        up: &[("SELECT count(*) FROM users", &["2"])],
        down: &[("SELECT count(*) FROM posts", &["0"])],
    }
    .go();
}

#[test]
fn a_renamed_table_keeps_its_keys_and_rows() {
    Trip {
        before: USERS_AND_POSTS,
        rows: ROWS,
        change: "[[up]]\nrename_table = \"users\"\nto = \"people\"",
        up: &[("SELECT email FROM people ORDER BY 1", &["a@x", "b@x"])],
        down: &[("SELECT email FROM users ORDER BY 1", &["a@x", "b@x"])],
    }
    .go();
}

#[test]
fn a_table_made_anew_under_a_name_that_was_renamed_away() {
    Trip {
        before: USERS_AND_POSTS,
        rows: ROWS,
        change: r#"
[[up]]
rename_table = "users"
to = "people"
[[up]]
create_table = "users"
primary_key = ["id"]
[up.columns]
id = { type = "bigint", auto_increment = true }
email = { type = "string(200)", unique = true }
"#,
        up: &[("SELECT count(*) FROM people", &["2"]), ("SELECT count(*) FROM users", &["0"])],
        down: &[("SELECT count(*) FROM users", &["2"])],
    }
    .go();
}

#[test]
fn a_renamed_column_is_renamed_wherever_it_is_named() {
    Trip {
        before: USERS_AND_POSTS,
        rows: ROWS,
        change: "[[up]]\nrename_column = \"posts.state\"\nto = \"phase\"\n[[up]]\nrename_column = \"users.id\"\nto = \"number\"",
        up: &[("SELECT phase FROM posts ORDER BY id", &["public", "draft"])],
        down: &[("SELECT state FROM posts ORDER BY id", &["public", "draft"])],
    }
    .go();
}

#[test]
fn columns_that_alter_table_takes() {
    Trip {
        before: USERS_AND_POSTS,
        rows: ROWS,
        change: r#"
[[up]]
add_column = "posts.a"
type = "text"
null = true
[[up]]
add_column = "posts.b"
type = "integer"
default = 7
[[up]]
add_column = "posts.c"
type = "bigint"
null = true
references = "users.id"
on_delete = "set null"
[[up]]
add_column = "posts.d"
type = "integer"
null = true
check = "d > 0"
"#,
        up: &[("SELECT id, a, b, c, d FROM posts ORDER BY id", &["1|~|7|~|~", "2|~|7|~|~"])],
        down: &[("SELECT id, title, slug FROM posts ORDER BY id", &["1|One|one", "2|Two|~"])],
    }
    .go();
}

#[test]
fn columns_that_need_a_rebuild_on_sqlite() {
    Trip {
        before: USERS_AND_POSTS,
        rows: ROWS,
        change: r#"
[[up]]
add_column = "posts.made_at"
type = "timestamptz"
default = { expr = "CURRENT_TIMESTAMP" }
[[up]]
add_column = "posts.kind"
type = "string(20)"
fill = "old"
[[up]]
add_column = "posts.loud"
type = "string(200)"
fill = { expr = "upper(title)" }
default = "none"
[[up]]
add_column = "posts.code"
type = "integer"
null = true
unique = true
[[up]]
add_column = "posts.owner"
type = "bigint"
default = 1
references = "users.id"
check = "owner > 0"
"#,
        up: &[
            ("SELECT id, kind, loud, code, owner FROM posts ORDER BY id", &["1|old|ONE|~|1", "2|old|TWO|~|1"]),
            ("SELECT count(*) FROM posts WHERE made_at IS NOT NULL", &["2"]),
        ],
        down: &[("SELECT id, title, slug FROM posts ORDER BY id", &["1|One|one", "2|Two|~"])],
    }
    .go();
}

#[test]
fn a_dropped_column_takes_what_stands_over_it_and_brings_it_back() {
    Trip {
        before: USERS_AND_POSTS,
        rows: ROWS,
        change: r#"
[[up]]
drop_column = "posts.state"
refill = "public"
[[up]]
drop_column = ["posts.slug", "posts.score"]
[[up]]
drop_column = "posts.author_id"
refill = 2
[[up]]
drop_column = "users.email"
refill = { expr = "'user-' || id" }
"#,
        up: &[("SELECT * FROM posts ORDER BY id", &["1|One", "2|Two"])],
        down: &[
            ("SELECT id, author_id, slug, state, score FROM posts ORDER BY id", &["1|2|~|public|0", "2|2|~|public|0"]),
            ("SELECT email FROM users ORDER BY id", &["user-1", "user-2"]),
        ],
    }
    .go();
}

#[test]
fn a_dropped_plain_column() {
    Trip {
        before: USERS_AND_POSTS,
        rows: ROWS,
        change: "[[up]]\ndrop_column = \"posts.title\"\nrefill = \"?\"",
        up: &[("SELECT id, slug FROM posts ORDER BY id", &["1|one", "2|~"])],
        down: &[("SELECT title FROM posts", &["?", "?"])],
    }
    .go();
}

#[test]
fn an_altered_type_default_and_nullability() {
    Trip {
        before: USERS_AND_POSTS,
        rows: ROWS,
        change: r#"
[[up]]
alter_column = "posts.title"
type = "text"
default = "untitled"
[[up]]
alter_column = "posts.slug"
null = false
fill = { expr = "'post-' || id" }
[[up]]
alter_column = "posts.score"
type = "string(10)"
default = "none"
using = "'s' || score"
using_down = "CAST(substr(score, 2) AS integer)"
[[up]]
alter_column = "posts.state"
unset = ["default"]
null = true
"#,
        up: &[(
            "SELECT title, slug, score, state FROM posts ORDER BY id",
            &["One|one|s3|public", "Two|post-2|s-1|draft"],
        )],
        down: &[(
            "SELECT title, slug, score, state FROM posts ORDER BY id",
            &["One|one|3|public", "Two|post-2|-1|draft"],
        )],
    }
    .go();
}

#[test]
fn a_number_becomes_a_text_and_a_number_again() {
    Trip {
        before: USERS_AND_POSTS,
        rows: ROWS,
        change: "[[up]]\nalter_column = \"posts.score\"\ntype = \"text\"\ndefault = \"0\"",
        up: &[("SELECT score || '!' FROM posts ORDER BY id", &["3!", "-1!"])],
        down: &[("SELECT score + 1 FROM posts ORDER BY id", &["4", "0"])],
    }
    .go();
}

#[test]
fn a_boolean_becomes_a_number() {
    Trip {
        before: "[[up]]\ncreate_table = \"t\"\ncolumns = { a = { type = \"boolean\", default = true }, b = \"integer\" }",
        rows: "INSERT INTO t (a, b) VALUES (true, 1), (false, 2)",
        change: "[[up]]\nalter_column = \"t.a\"\ntype = \"bigint\"\ndefault = 1",
        up: &[("SELECT a + 1 FROM t ORDER BY b", &["2", "1"])],
        down: &[("SELECT b FROM t WHERE a", &["1"])],
    }
    .go();
}

#[test]
fn a_numbered_key_grows_and_goes_on_counting() {
    Trip {
        before: "[[up]]\ncreate_table = \"t\"\nprimary_key = [\"id\"]\n[up.columns]\nid = { type = \"integer\", auto_increment = true }\nx = \"text\"",
        rows: "INSERT INTO t (x) VALUES ('a'), ('b'); DELETE FROM t WHERE id = 2",
        change: "[[up]]\nalter_column = \"t.id\"\ntype = \"bigint\"\n[[up]]\nalter_column = \"t.x\"\ntype = \"string(5)\"\n[[up]]\ninsert = \"t\"\nrows = [{ x = \"new\" }]\nkey = [\"x\"]",
        up: &[("SELECT id, x FROM t ORDER BY id", &["1|a", "3|new"])],
        down: &[("SELECT id, x FROM t ORDER BY id", &["1|a"])],
    }
    .go();
}

#[test]
fn numbering_is_taken_away_and_comes_back_behind_the_rows() {
    Trip {
        before: "[[up]]\ncreate_table = \"t\"\nprimary_key = [\"id\"]\n[up.columns]\nid = { type = \"bigint\", auto_increment = true }\nx = \"text\"",
        rows: "INSERT INTO t (x) VALUES ('a'), ('b')",
        change: "[[up]]\nalter_column = \"t.id\"\nunset = [\"auto_increment\"]",
        up: &[],
        down: &[("INSERT INTO t (x) VALUES ('c') RETURNING id", &["3"])],
    }
    .go();
}

fn a_numbered_column_comes_back(refill: &str) {
    Trip {
        before: "[[up]]\ncreate_table = \"t\"\n[up.columns]\nn = { type = \"bigint\", auto_increment = true }\nx = \"text\"",
        rows: "INSERT INTO t (x) VALUES ('a'), ('b')",
        change: &format!("[[up]]\ndrop_column = \"t.n\"\nrefill = {refill}"),
        up: &[],
        down: &[("SELECT n FROM t", &["7", "7"]), ("INSERT INTO t (x) VALUES ('c') RETURNING n", &["8"])],
    }
    .go_on(dbmigrate::backend::Backend::Postgres);
}

#[test]
fn a_numbered_column_comes_back_with_what_fills_it_and_goes_on_counting() {
    a_numbered_column_comes_back("7");
}

#[test]
fn a_numbered_column_comes_back_with_what_is_computed_and_goes_on_counting() {
    a_numbered_column_comes_back("{ expr = \"7\" }");
}

#[test]
fn indexes() {
    Trip {
        before: USERS_AND_POSTS,
        rows: ROWS,
        change: r#"
[[up]]
create_index = "posts_title_idx"
on = "posts"
columns = [{ expr = "lower(title)" }, { column = "score", order = "desc" }]
where = "posts.score > 0"
[[up]]
drop_index = "posts_author_idx"
on = "posts"
[[up]]
rename_index = "posts_slug_idx"
to = "posts_address_idx"
on = "posts"
"#,
        up: &[],
        down: &[],
    }
    .go();
}

#[test]
fn index_methods_and_nulls_on_postgres() {
    Trip {
        before: USERS_AND_POSTS,
        rows: ROWS,
        change: r#"
[[up]]
create_index = "a_idx"
on = "posts"
columns = [{ column = "slug", nulls = "first" }, { column = "score", order = "desc", nulls = "last" }]
[[up]]
create_index = "b_idx"
on = "posts"
columns = ["title"]
using = "hash"
"#,
        up: &[],
        down: &[],
    }
    .go_on(dbmigrate::backend::Backend::Postgres);
}

#[test]
fn constraints_come_and_go() {
    Trip {
        before: USERS_AND_POSTS,
        rows: ROWS,
        change: r#"
[[up]]
add_check = "posts_title_given"
on = "posts"
expr = "length(posts.title) > 0"
[[up]]
add_unique = "posts_title_once"
on = "posts"
columns = ["title", "author_id"]
[[up]]
drop_check = "posts_state_check"
on = "posts"
[[up]]
drop_foreign_key = "posts_author_id_fkey"
on = "posts"
[[up]]
drop_unique = "users_email_key"
on = "users"
[[up]]
add_foreign_key = "posts_author"
on = "posts"
columns = ["author_id"]
references = "users.id"
on_delete = "restrict"
"#,
        up: &[("SELECT count(*) FROM posts", &["2"])],
        down: &[("SELECT count(*) FROM posts", &["2"])],
    }
    .go();
}

#[test]
fn a_primary_key_goes_and_comes() {
    Trip {
        before: "[[up]]\ncreate_table = \"t\"\nprimary_key = [\"a\"]\ncolumns = { a = \"integer\", b = \"integer\" }",
        rows: "INSERT INTO t VALUES (1, 2)",
        change: "[[up]]\ndrop_primary_key = \"t\"\n[[up]]\nadd_primary_key = \"t\"\ncolumns = [\"b\", \"a\"]",
        up: &[("SELECT a, b FROM t", &["1|2"])],
        down: &[("SELECT a, b FROM t", &["1|2"])],
    }
    .go();
}

#[test]
fn tables_in_a_schema_on_postgres() {
    let before = r#"
[[up]]
sql = "CREATE SCHEMA app"
down = "DROP SCHEMA app"
[[up]]
create_table = "app.users"
primary_key = ["id"]
[up.columns]
id = { type = "bigint", auto_increment = true }
[[up]]
create_table = "app.posts"
primary_key = ["id"]
[up.columns]
id = { type = "bigint", auto_increment = true }
user_id = { type = "bigint", references = "app.users.id" }
slug = "text"
[up.indexes]
posts_slug = { columns = ["slug"] }
"#;
    Trip {
        before,
        rows: "INSERT INTO app.users DEFAULT VALUES; INSERT INTO app.posts (user_id, slug) VALUES (1, 'x')",
        change: r#"
[[up]]
rename_table = "app.users"
to = "people"
[[up]]
rename_index = "posts_slug"
on = "app.posts"
to = "posts_address"
[[up]]
rename_column = "app.posts.id"
to = "number"
[[up]]
insert = "app.people"
rows = [{ id = 9 }]
[[up]]
drop_column = "app.posts.slug"
refill = "y"
[[up]]
add_column = "app.posts.loud"
type = "text"
fill = { expr = "'x' || number" }
"#,
        up: &[("INSERT INTO app.people DEFAULT VALUES RETURNING id", &["10"])],
        down: &[("SELECT slug FROM app.posts", &["y"])],
    }
    .go_on(dbmigrate::backend::Backend::Postgres);
}

#[test]
fn several_keys_over_the_same_columns() {
    let keys = "[[up]]\ncreate_table = \"t\"\nprimary_key = [\"a\"]\ncolumns = { a = { type = \"integer\", unique = true }, b = \"integer\" }\nuniques = { one = [\"b\"], two = [\"b\"] }\n";
    let tested = Trip {
        before: "[[up]]\ncreate_table = \"other\"\ncolumns = { a = \"integer\" }",
        rows: "INSERT INTO other VALUES (1)",
        change: &format!(
            "{keys}[[up]]\ndrop_unique = \"two\"\non = \"t\"\n[[up]]\ndrop_unique = \"t_a_key\"\non = \"t\""
        ),
        up: &[("INSERT INTO t VALUES (1, 1) RETURNING a", &["1"])],
        down: &[],
    };
    tested.go();
}
