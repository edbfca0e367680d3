//! Names and values that would break out of badly quoted SQL.

use dbmigrate::backend::Backend;

use crate::render::database::{Database, block_on};
use crate::render::project::{BOTH, Project, Trip, text};

#[test]
fn names_with_quotes_spaces_and_words_of_sql() {
    Trip {
        before: r#"
[[up]]
create_table = "select"
primary_key = ["order"]
[up.columns]
order = { type = "bigint", auto_increment = true }
'a "b" c' = { type = "text", default = "x'); DROP TABLE \"select\"; --" }
"#,
        rows: "INSERT INTO \"select\" DEFAULT VALUES",
        change: r#"
[[up]]
create_table = { table = 'odd "one"' }
primary_key = ["id"]
[up.columns]
id = { type = "bigint", auto_increment = true }
group = { type = "bigint", references = "select.order", check = "\"group\" > 0", unique = true }
[up.indexes]
'ix "1"' = { columns = ["group"] }
[[up]]
insert = "select"
key = ["order"]
rows = [{ order = 7, 'a "b" c' = "'; \\ \" \n %s $1 ? :x" }]
[[up]]
add_check = 'ck "1"'
on = "select"
expr = "\"a \"\"b\"\" c\" <> ''"
[[up]]
rename_column = { table = "select", column = 'a "b" c' }
to = "table"
"#,
        up: &[("SELECT \"table\" FROM \"select\" WHERE \"order\" = 7", &["'; \\ \" \n %s $1 ? :x"])],
        down: &[("SELECT count(*) FROM \"select\"", &["1"])],
    }
    .go();
}

#[test]
fn no_name_breaks_out_of_its_quotes() {
    BOTH.into_iter().for_each(with_odd_names);
}

#[test]
fn no_name_breaks_out_of_its_quotes_on_mysql() {
    with_odd_names(Backend::Mysql);
}

/// Each name is given to a table, a column, an index, keys, an enum and a value, and most of these change.
#[track_caller]
fn with_odd_names(backend: Backend) {
    for name in ["\"", "a\"\"'", "''`\\", "``\\\"\\'", "E'\\\\", " %s$1?:a--/*;", "{é}$$"] {
        let nodes = NODES.map(|node| node.replace('N', &name.replace('\\', "\\\\").replace('"', "\\\"")));
        let project = Project::new(&nodes.each_ref().map(String::as_str));
        block_on(async {
            let mut database = Database::create(backend).await;
            database.run(&project.plan(backend, 0, 1)).await;
            let before = database.schema().await;
            let (up, down) = (project.plan(backend, 1, 2), project.plan(backend, 2, 1));
            database.run(&up).await;
            assert_ne!(database.schema().await, before, "{name:?} on {backend}\n{}", text(&up));
            database.run(&down).await;
            assert_eq!(database.schema().await, before, "{name:?} on {backend}\n{}", text(&down));
            database.run(&project.plan(backend, 1, 0)).await;
            assert_eq!(database.schema().await, "", "{name:?} on {backend}");
            database.close().await;
        });
    }
}

const NODES: [&str; 2] = [
    r#"
[[up]]
create_enum = "eN"
values = ["vN"]
[[up]]
create_enum = "kind"
values = ["a", "vN"]
[[up]]
create_table = "tN"
primary_key = ["id"]
[up.columns]
id = "bigint"
"cN" = { type = "string(40)", default = "vN", unique = true }
kind = { type = "enum(kind)", default = "vN" }
[up.indexes]
"iN" = { columns = ["cN"] }
"#,
    r#"
[[up]]
add_unique = "uN"
on = "tN"
columns = ["cN", "id"]
[[up]]
rename_column = "tN.cN"
to = "dN"
[[up]]
alter_enum = "kind"
add = ["wN"]
rename = { "vN" = "xN" }
[[up]]
drop_index = "iN"
on = "tN"
[[up]]
rename_table = "tN"
to = "rN"
"#,
];
