//! Each verb of the grammar, with the example that the reference shows, on each database: up, down and up again over rows.

use std::fs;

use dbmigrate::grammar::{Example, Verb};

use crate::example::database::Database;
use crate::example::project::Project;

/// Rows for the tables that exist before an example.
const ROWS: [(&str, &str); 4] = [
    ("users", "INSERT INTO users (email, name) VALUES ('x@example.com', 'Xi'), ('y@example.com', 'Yo')"),
    (
        "posts",
        "INSERT INTO posts (id, author_id, title, slug, words) VALUES (1, 1, 'One', 'one', 0), (2, 2, 'Two', NULL, NULL)",
    ),
    ("tags", "INSERT INTO tags (id) VALUES (1)"),
    ("days", "INSERT INTO days (day, mood) VALUES ('2026-01-01', 'sad')"),
];

pub fn each_verb_goes_up_down_and_up_over_rows(database: &dyn Database) {
    let schema = format!("[project]\nname = \"verbs\"\nbackends = [\"{}\"]\norder = \"linear\"\n", database.backend());
    let [file, sql] = Example::SQL_FILE;
    for verb in Verb::ALL {
        let (name, Example { setup, toml }) = (verb.name, &verb.example);
        let before = [Example::BASE, setup].concat();
        let project = Project::of(&schema, &[("1_before", &before), ("2_verb", &format!("[[up]]\n{toml}\n"))]);
        fs::write(project.path().join(file), sql).unwrap();
        project.run(database, &["up"]).ok();
        let tables = database.tables();
        for (_, rows) in ROWS.iter().filter(|(table, _)| tables.iter().any(|name| name == table)) {
            database.execute(rows);
        }
        let (before, rows) = (database.schema(), database.row_counts());
        project.run(database, &["up"]).ok();
        let (after, rows_after) = (database.schema(), database.row_counts());
        project.run(database, &["down"]).ok();
        assert_eq!(database.schema(), before, "{name}: down");
        if *verb != Verb::DropTable {
            assert_eq!(database.row_counts(), rows, "{name}: down");
        }
        project.run(database, &["up"]).ok();
        assert_eq!(database.schema(), after, "{name}: up again");
        if *verb != Verb::DropTable {
            assert_eq!(database.row_counts(), rows_after, "{name}: up again");
        }
        project.run(database, &["reset"]).ok();
        assert_eq!(database.schema(), "", "{name}: reset");
    }
}
