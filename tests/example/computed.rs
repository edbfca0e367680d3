//! Columns that are computed, and columns with a collation, up and down with rows.

use crate::example::database::Database;
use crate::example::project::Project;
use crate::example::types::there_and_back;

const MADE: &str = r#"
[[up]]
create_table = "parts"
primary_key = ["id"]
[up.columns]
id    = "integer"
price = "decimal(10,2)"
count = "integer"
total = { type = "decimal(12,2)", generated = "price * count" }
name  = { type = "string(40)", collation = { sqlite = "NOCASE", postgres = "C", mysql = "utf8mb4_bin" } }
"#;

const ROWS: &str = r#"
[[up]]
insert = "parts"
key = ["id"]
rows = [{ id = 1, price = "1.50", count = 4, name = "b" }, { id = 2, price = "2.25", count = 2, name = "C" }]
"#;

const ADDED: &str = r#"
[[up]]
add_column = "parts.half"
type = "decimal(10,2)"
generated = "price / 2"

[[up]]
add_column = "parts.loud"
type = "string(50)"
generated = { mysql = "concat(name, '!')", default = "name || '!'" }
stored = false
null = true
backends = ["sqlite", "mysql"]

[[up]]
create_index = "lines_total_idx"
on = "parts"
columns = ["total"]

[[up]]
add_column = "parts.code"
type = "text"
null = true
collation = { sqlite = "BINARY", postgres = "POSIX", mysql = "utf8mb4_general_ci" }
"#;

const ALTERED: &str = r#"
[[up]]
alter_column = "parts.name"
unset = ["collation"]

[[up]]
alter_column = "parts.code"
collation = { sqlite = "NOCASE", postgres = "C", mysql = "utf8mb4_bin" }

[[up]]
add_column = "parts.note"
type = "string(10)"
default = "-"

[[up]]
alter_column = "parts.half"
null = true
"#;

const RENAMED: &str = r#"
[[up]]
rename_column = "parts.price"
to = "net"
backends = ["sqlite", "postgres"]

[[up]]
rename_table = "parts"
to = "items"
"#;

const DROPPED: &str = r#"
[[up]]
drop_column = "items.half"

[[up]]
drop_column = ["items.total", "items.code"]
"#;

pub fn project(database: &dyn Database) -> Project {
    let backend = database.backend();
    let schema = format!("[project]\nname = \"computed\"\nbackends = [\"{backend}\"]\norder = \"linear\"\n");
    let nodes = [
        ("1_made", MADE),
        ("2_rows", ROWS),
        ("3_added", ADDED),
        ("4_altered", ALTERED),
        ("5_renamed", RENAMED),
        ("6_dropped", DROPPED),
    ];
    Project::of(&schema, &nodes)
}

pub fn columns_are_computed_and_collated(database: &dyn Database) {
    let (backend, project) = (database.backend(), project(database));
    project.run(database, &["check"]).ok();
    there_and_back(&project, database);
    project.run(database, &["exec", "5"]).ok();
    let number = |sql: &str| database.query(sql).parse::<f64>().unwrap();
    assert!((number("SELECT total FROM items WHERE id = 1") - 6.0).abs() < 1e-9);
    database.execute("UPDATE items SET count = 10 WHERE id = 1");
    assert!((number("SELECT total FROM items WHERE id = 1") - 15.0).abs() < 1e-9);
    assert!((number("SELECT half FROM items WHERE id = 2") - 1.125).abs() < 0.01);
    project.run(database, &["exec", "3"]).ok();
    let first = database.query("SELECT name FROM parts ORDER BY name");
    let first = first.lines().next().unwrap();
    // Capitals come first where letters are bytes, and do not count where case does not.
    assert_eq!(first, if backend == "sqlite" { "b" } else { "C" });
    project.run(database, &["reset"]).ok();
    assert_eq!(database.schema(), "");
}

fn said(backends: &str, up: &str) -> String {
    let schema = format!("[project]\nname = \"computed\"\nbackends = [{backends}]\norder = \"linear\"\n");
    let project = Project::of(&schema, &[("1_made", MADE), ("2_more", up)]);
    let said = project.run(&crate::example::sqlite_file::SqliteFile::of(&project), &["check"]);
    assert!(said.code > 1, "{}", said.stdout);
    format!("{}{}", said.stdout, said.stderr)
}

/// What a database would refuse, or do in silence, is said before.
#[test]
fn what_cannot_be_computed_is_refused() {
    let all = "\"sqlite\", \"postgres\", \"mysql\"";
    let drop = "[[up]]\ndrop_column = \"parts.price\"\n";
    assert!(said(all, drop).contains("`parts.total` is computed from `price`, which goes"));
    let row =
        "[[up]]\ninsert = \"parts\"\nrows = [{ id = 1, price = \"1\", count = 1, name = \"x\", total = \"1\" }]\n";
    assert!(said(all, row).contains("`parts.total` is computed, so no row says what it is"));
    let of_itself = "[[up]]\nadd_column = \"parts.x\"\ntype = \"integer\"\ngenerated = \"x + 1\"\n";
    assert!(said(all, of_itself).contains("has no column `x`"));
    let of_another = "[[up]]\nadd_column = \"parts.x\"\ntype = \"decimal(12,2)\"\ngenerated = \"total + 1\"\n";
    assert!(said("\"postgres\"", of_another).contains("computes `x` from no computed column"));
    let not_kept = "[[up]]\nadd_column = \"parts.x\"\ntype = \"integer\"\ngenerated = \"count + 1\"\nstored = false\n";
    assert!(said("\"postgres\"", not_kept).contains("cannot be virtual"));
    let renamed = "[[up]]\nrename_column = \"parts.price\"\nto = \"net\"\n";
    assert!(said("\"mysql\"", renamed).contains("gets another name"));
    let retyped = "[[up]]\nalter_column = \"parts.count\"\ntype = \"bigint\"\n";
    assert!(said("\"postgres\"", retyped).contains("gets another type"));
    let number = "[[up]]\nadd_column = \"parts.x\"\ntype = \"integer\"\nnull = true\ncollation = \"C\"\n";
    assert!(said(all, number).contains("texts alone have a collation"));
}
