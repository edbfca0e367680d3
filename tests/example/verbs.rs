//! Each verb of the reference, with the example that stands there, on each database: up, down and up again over rows.

use std::fs;

use dbmigrate::manifest::{SchemaFor, json_schema};

use crate::example::database::Database;
use crate::example::project::Project;
use crate::manifest::examples::{EXAMPLES, NAMES, base};

/// Rows for what stands before an example, in the tables that do.
const ROWS: [(&str, &str); 5] = [
    ("users", "INSERT INTO users (email, name) VALUES ('x@example.com', 'Xi'), ('y@example.com', 'Yo')"),
    (
        "posts",
        "INSERT INTO posts (id, author_id, title, slug, words) VALUES (1, 1, 'One', 'one', 0), (2, 2, 'Two', NULL, NULL)",
    ),
    ("tags", "INSERT INTO tags (id) VALUES (1)"),
    ("days", "INSERT INTO days (day, mood) VALUES ('2026-01-01', 'sad')"),
    ("lines", "INSERT INTO lines (a) VALUES (1)"),
];

pub fn each_verb_goes_up_down_and_up_over_rows(database: &dyn Database) {
    let schema = format!("[project]\nname = \"verbs\"\nbackends = [\"{}\"]\norder = \"linear\"\n", database.backend());
    for (verb, node) in EXAMPLES {
        let project = Project::of(&schema, &[("1_before", &base(node)), ("2_verb", &format!("[[up]]\n{node}\n"))]);
        fs::write(project.path().join("names.sql"), NAMES).unwrap();
        project.run(database, &["up"]).ok();
        let tables = database.tables();
        for (_, rows) in ROWS.iter().filter(|(table, _)| tables.iter().any(|name| name == table)) {
            database.execute(rows);
        }
        let (before, rows) = (database.schema(), database.row_counts());
        project.run(database, &["up"]).ok();
        let (after, rows_after) = (database.schema(), database.row_counts());
        project.run(database, &["down"]).ok();
        assert_eq!(database.schema(), before, "{verb}: down");
        if *verb != "drop_table" {
            assert_eq!(database.row_counts(), rows, "{verb}: down");
        }
        project.run(database, &["up"]).ok();
        assert_eq!(database.schema(), after, "{verb}: up again");
        if *verb != "drop_table" {
            assert_eq!(database.row_counts(), rows_after, "{verb}: up again");
        }
        project.run(database, &["reset"]).ok();
        assert_eq!(database.schema(), "", "{verb}: reset");
    }
}

/// The reference has an example of each verb that there is, and the README names it.
#[test]
fn no_verb_is_left_out() {
    let grammar = json_schema(SchemaFor::Migration);
    let verbs = grammar["$defs"]["operation"]["oneOf"].as_array().unwrap();
    let verbs: Vec<&str> = verbs.iter().map(|verb| verb["required"][0].as_str().unwrap()).collect();
    let examples: Vec<&str> = EXAMPLES.iter().map(|(verb, _)| *verb).collect();
    assert!(verbs.len() > 30);
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    for verb in verbs {
        assert!(readme.contains(&format!("`{verb}`")), "{verb}");
        assert!(examples.contains(&verb), "{verb}");
    }
}
