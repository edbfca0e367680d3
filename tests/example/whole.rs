//! `schema`: what it writes makes the same database as the migrations do, as SQL and as one migration.

use std::fs;

use crate::example::database::Database;
use crate::example::project::Project;

/// Both ways make the schema that the migrations make.
fn makes_the_same(project: &Project, database: &dyn Database) {
    let backend = database.backend();
    project.run(database, &["latest"]).ok();
    let (latest, reset) = (database.schema(), ["reset", "--transaction", "chunks"]);
    project.run(database, if backend == "mysql" { &reset[..1] } else { &reset }).ok();
    let written =
        |format: &str| project.run(database, &["schema", "--backend", backend, "--format", format]).ok().stdout;
    let (toml, sql) = (written("toml"), written("sql"));
    let schema = format!("[project]\nname = \"whole\"\nbackends = [\"{backend}\"]\n");
    let whole = Project::of(&schema, &[("1_whole", &toml)]);
    whole.run(database, &["latest"]).ok();
    assert_eq!(database.schema(), latest, "{toml}");
    // What is written of it is the same again, but for its name.
    let again = whole.run(database, &["schema", "--format", "toml"]).ok().stdout;
    assert_eq!(without_its_name(&again), without_its_name(&toml));
    whole.run(database, &["reset"]).ok();
    assert_eq!(database.schema(), "");
    database.execute(sql.trim_end().trim_end_matches(';'));
    // The client of the tests has its own quotes and character set, which functions, triggers and views keep.
    let plain = |schema: &str| schema.replace('`', "\"").replace("utf8mb3", "utf8mb4");
    assert_eq!(plain(&database.schema()), plain(&latest), "{sql}");
    let json = project.run(database, &["schema", "--backend", backend, "--format", "json"]).ok().json();
    let statements = json["statements"].as_array().unwrap();
    assert!(statements.iter().all(|one| sql.contains(one.as_str().unwrap())));
}

fn without_its_name(toml: &str) -> &str {
    toml.split_once("\n\n").map_or(toml, |(_, rest)| rest)
}

pub fn the_schema_of_the_example(database: &dyn Database) {
    makes_the_same(&Project::of_the_example(), database);
}

pub fn the_schema_of_enums(database: &dyn Database) {
    let project = crate::example::enums::project(database);
    fs::remove_file(project.node_file("dropped")).unwrap();
    makes_the_same(&project, database);
}

pub fn the_schema_of_computed_columns(database: &dyn Database) {
    let project = crate::example::computed::project(database);
    fs::remove_file(project.node_file("dropped")).unwrap();
    // On SQLite the names of keys stay what they were, whatever the table is called.
    fs::remove_file(project.node_file("renamed")).unwrap();
    makes_the_same(&project, database);
}

pub fn the_schema_of_programs(database: &dyn Database) {
    let project = crate::example::programs::project(database);
    fs::remove_file(project.node_file("dropped")).unwrap();
    makes_the_same(&project, database);
}

/// Sequences: one that a table takes its numbers from, and one that goes with the column that takes from it.
fn sequences(backend: &str) -> &'static str {
    match backend {
        "postgres" => {
            r#"
[[up]]
create_sequence = "Countdown"
start = 5
increment = -2
min = -9
max = 9
cycle = true

[[up]]
create_table = "tickets"
columns = { id = { type = "bigint", default = { expr = "nextval('\"Countdown\"')" } }, number = "bigint" }

[[up]]
create_sequence = "numbers"
owned_by = "tickets.number"

[[up]]
alter_column = "tickets.number"
default = { expr = "nextval('numbers')" }
"#
        }
        "mysql" => {
            r#"
[[up]]
create_sequence = "Countdown"
start = 5
increment = -2
min = -9
max = 9
cycle = true

[[up]]
create_table = "tickets"
columns = { id = { type = "bigint", default = { expr = "nextval(`Countdown`)" } } }
"#
        }
        _ => "",
    }
}

/// Tables that refer to each other, names that must be in quotes, and everything an index and a column can have.
pub fn the_schema_of_circles_and_odd_names(database: &dyn Database) {
    let backend = database.backend();
    let made = r#"
[[up]]
create_table = "order"
comment = "it's \\ so"
primary_key = ["key"]
[up.columns]
key        = { type = "bigint", auto_increment = true }
"Odd name" = { type = "string(20)", default = "a\"b", check = "\"Odd name\" <> ''" }
made       = { type = "timestamptz", default = { expr = "CURRENT_TIMESTAMP" } }
price      = { type = "decimal(10,2)", default = "1.50", comment = "in cents, no: in whole" }
ratio      = { type = "double", default = 0.5 }
raw        = { type = "binary(4)", default = { hex = "00ff" } }
day        = { type = "date", default = 2026-01-31 }
flag       = { type = "boolean", default = true, null = true }
box        = { type = "bigint", null = true }
[up.indexes]
order_idx = { columns = [{ column = "Odd name", order = "desc" }, "made"], unique = true }

[[up]]
create_table = "box"
primary_key = ["key"]
[up.columns]
key   = "bigint"
order = { type = "bigint", references = "order.key", on_delete = "cascade" }
self  = { type = "bigint", null = true, references = "box.key", on_delete = "set null" }

[[up]]
add_foreign_key = "order_box_fk"
on = "order"
columns = ["box"]
references = "box.key"
"#;
    let made = if backend == "mysql" { made.replace("\\\"Odd name\\\"", "`Odd name`") } else { made.to_owned() };
    let made = format!("{made}{}", sequences(backend));
    let schema = format!("[project]\nname = \"odd\"\nbackends = [\"{backend}\"]\n");
    makes_the_same(&Project::of(&schema, &[("1_made", &made)]), database);
}

/// One migration is of one backend; SQL is of each.
#[test]
fn a_migration_is_of_one_backend() {
    let project = Project::of_the_example();
    let database = crate::example::sqlite_file::SqliteFile::of(&project);
    let said = project.run(&database, &["schema", "--format", "toml"]);
    assert_eq!(said.code, 2, "{}", said.stdout);
    assert!(said.stderr.contains("one migration is of one backend"), "{}", said.stderr);
    let said = project.run(&database, &["schema"]).ok();
    for backend in ["SQLite", "PostgreSQL", "MySQL"] {
        assert!(said.stdout.contains(&format!(" on {backend}\n")), "{}", said.stdout);
    }
    assert!(!database.url().is_empty() && !project.path().join("blog.db").exists());
}
