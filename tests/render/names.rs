//! Names and values that would break out of badly quoted SQL.

use crate::render::project::Trip;

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
