//! Enums made, used, altered and dropped, up and down with rows of each value.

use crate::example::database::Database;
use crate::example::project::Project;
use crate::example::types::there_and_back;

const MADE: &str = r#"
[[up]]
create_enum = "state"
values = ["draft", "public", "it's \\ so"]

[[up]]
create_table = "posts"
primary_key = ["id"]
[up.columns]
id    = "integer"
state = { type = "enum(state)", default = "draft", check = "state <> 'public' OR id > 0" }
other = { type = "enum(state)", null = true }
"#;

const ROWS: &str = r#"
[[up]]
insert = "posts"
key = ["id"]
rows = [{ id = 1 }, { id = 2, state = "public", other = "it's \\ so" }]
"#;

const OVER: &str = r#"
[[up]]
create_index = "posts_state_idx"
on = "posts"
columns = ["state", "other"]

[[up]]
create_index = "posts_public_idx"
on = "posts"
columns = ["id"]
where = "state = 'public'"
backends = ["sqlite", "postgres"]

[[up]]
create_view = "published"
select = "SELECT id, state FROM posts WHERE state = 'public'"

[[up]]
create_view = "published_ids"
select = "SELECT id FROM published"

[[up]]
create_trigger = "posts_kept"
on = "posts"
backends = ["sqlite", "postgres"]
[up.definition]
sqlite = "CREATE TRIGGER posts_kept BEFORE UPDATE OF other ON posts WHEN NEW.other = 'public' BEGIN SELECT RAISE(ABORT, 'kept'); END"
postgres = "CREATE TRIGGER posts_kept BEFORE UPDATE OF other ON posts FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
"#;

const ADDED: &str = "[[up]]\nalter_enum = \"state\"\nadd = [\"archived\", \"hidden\"]\nafter = \"draft\"\n";

const USED: &str = r#"
[[up]]
insert = "posts"
key = ["id"]
rows = [{ id = 3, state = "archived" }]

[[up]]
alter_column = "posts.state"
default = "hidden"
"#;

const ADDED_AND_USED: &str = r#"
[[up]]
alter_enum = "state"
add = "gone"

[[up]]
update = "posts"
set = { other = "gone" }
where = "id = 1"
down = "UPDATE posts SET other = NULL WHERE id = 1"
"#;

const RENAMED: &str =
    "[[up]]\nalter_enum = \"state\"\nrename = { draft = \"concept\", hidden = \"secret\" }\nadd = \"last\"\n";

const DROPPED: &str = r#"
[[up]]
drop_view = "published_ids"

[[up]]
drop_view = "published"

[[up]]
alter_column = "posts.other"
type = "string(40)"
using_down = { postgres = "other::state", default = "other" }

[[up]]
drop_trigger = "posts_kept"
on = "posts"
backends = ["sqlite", "postgres"]

[[up]]
drop_column = "posts.state"
refill = "public"

[[up]]
drop_enum = "state"
"#;

/// `other` is a text before its trigger can be dropped on PostgreSQL.
fn dropped(backend: &str) -> String {
    let parts: Vec<&str> = DROPPED.split("\n\n").collect();
    let order: &[usize] = if backend == "postgres" { &[0, 1, 3, 2, 4, 5] } else { &[0, 1, 2, 3, 4, 5] };
    order.iter().map(|at| parts[*at]).collect::<Vec<_>>().join("\n\n")
}

pub fn project(database: &dyn Database) -> Project {
    let backend = database.backend();
    let schema = format!("[project]\nname = \"enums\"\nbackends = [\"{backend}\"]\norder = \"linear\"\n");
    let dropped = dropped(backend);
    Project::of(
        &schema,
        &[
            ("1_made", MADE),
            ("2_rows", ROWS),
            ("3_over", OVER),
            ("4_added", ADDED),
            ("5_used", USED),
            ("6_added_and_used", ADDED_AND_USED),
            ("7_renamed", RENAMED),
            ("8_dropped", &dropped),
        ],
    )
}

pub fn enums_come_and_go(database: &dyn Database) {
    let project = project(database);
    project.run(database, &["check"]).ok();
    there_and_back(&project, database);
    project.run(database, &["exec", "7"]).ok();
    let states =
        || database.query("SELECT state FROM posts ORDER BY id").split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(states(), "concept public archived");
    assert_eq!(database.query("SELECT other FROM posts WHERE id = 1"), "gone");
    database.execute("INSERT INTO posts (id) VALUES (4)");
    assert_eq!(states(), "concept public archived secret");
    database.execute("DELETE FROM posts WHERE id = 4");
    project.run(database, &["down"]).ok();
    assert_eq!(states(), "draft public archived");
    project.run(database, &["reset"]).ok();
    assert_eq!(database.schema(), "");
}

/// Rows that have a value which goes stop a way down to the version before it, and no reset where that is left out.
pub fn a_value_that_rows_have_stops_a_way_down_and_no_reset(database: &dyn Database) {
    let project = project(database);
    project.run(database, &["exec", "4"]).ok();
    database.execute("INSERT INTO posts (id, state) VALUES (9, 'hidden')");
    let said = project.run(database, &["down"]);
    // Where nothing rolls back, the rows are counted before.
    let code = if database.backend() == "mysql" { 3 } else { 1 };
    assert_eq!(said.code, code, "{}{}", said.stdout, said.stderr);
    assert_eq!(database.query("SELECT state FROM posts WHERE id = 9"), "hidden");
    project.run(database, &["reset"]).ok();
    assert_eq!(database.schema(), "");
}

/// A value that another migration uses is committed before; one transaction would be refused by PostgreSQL.
#[test]
fn postgres_cuts_between_a_value_and_its_use() {
    let database = crate::example::postgres_server::PostgresDatabase::create();
    let project = project(&database);
    project.run(&database, &["exec", "3"]).ok();
    let said = project.run(&database, &["latest", "--dry-run"]);
    assert!(said.stdout.contains("`used` uses 'archived', which `added` adds to an enum"), "{}", said.stdout);
    project.run(&database, &["latest"]).ok();
    project.run(&database, &["exec", "6"]).ok();
    let all = project.run(&database, &["redo", "3", "--transaction", "all"]);
    assert_eq!(all.code, 4, "{}{}", all.stdout, all.stderr);
    project.run(&database, &["redo", "3", "--transaction", "chunks"]).ok();
    // From nothing the enum is as new as its values, and all is one transaction.
    project.run(&database, &["reset"]).ok();
    let said = project.run(&database, &["latest"]).ok();
    assert!(said.stdout.contains("one transaction"), "{}", said.stdout);
}

/// Lists, of enums too.
#[test]
fn postgres_keeps_lists() {
    let database = crate::example::postgres_server::PostgresDatabase::create();
    let schema = "[project]\nname = \"lists\"\nbackends = [\"postgres\"]\norder = \"linear\"\n";
    let made = r#"
[[up]]
create_enum = "mood"
values = ["glad", "sad"]

[[up]]
create_table = "days"
[up.columns]
id    = "integer"
moods = { type = "enum(mood)[]", default = ["glad"] }
words = { type = "text[]", default = ["it's", "so \\"] }
sums  = { type = "decimal(10,2)[]", null = true }
"#;
    let rows = r#"
[[up]]
insert = "days"
rows = [{ id = 1, moods = ["sad", "glad"], sums = ["1.50", 2] }, { id = 2, words = [] }]
"#;
    let altered = r#"
[[up]]
alter_enum = "mood"
add = "fair"

[[up]]
alter_column = "days.moods"
default = ["fair", "sad"]

[[up]]
alter_column = "days.words"
type = "string(20)[]"

[[up]]
add_column = "days.flags"
type = "boolean[]"
fill = [true, false]
"#;
    let renamed = "[[up]]\nalter_enum = \"mood\"\nrename = { sad = \"blue\" }\n\n[[up]]\ndrop_column = \"days.sums\"\n";
    let project =
        Project::of(schema, &[("1_made", made), ("2_rows", rows), ("3_altered", altered), ("4_renamed", renamed)]);
    there_and_back(&project, &database);
    project.run(&database, &["latest"]).ok();
    assert_eq!(database.query("SELECT moods FROM days WHERE id = 1"), "{blue,glad}");
    database.execute("INSERT INTO days (id, flags) VALUES (3, '{f}')");
    assert_eq!(database.query("SELECT moods FROM days WHERE id = 3"), "{fair,blue}");
    assert_eq!(database.query("SELECT words[1] FROM days WHERE id = 3"), "it's");
}
