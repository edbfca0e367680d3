//! `docs/wheels.md`: each of its blocks is a migration, and all of them together run.

use std::path::Path;

use crate::database::Database;
use crate::project::Project;
use crate::types::there_and_back;

/// The migrations of the page, in order.
fn blocks() -> Vec<(String, String)> {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/wheels.md")).unwrap();
    let blocks = page.split("```toml ").skip(1).enumerate().map(|(at, rest)| {
        let (name, rest) = rest.split_once('\n').unwrap();
        let (text, _) = rest.split_once("```").unwrap();
        (format!("{}_{name}", at + 1), text.to_owned())
    });
    blocks.collect()
}

pub fn the_page_for_people_from_wheels_runs(database: &dyn Database) {
    let schema = format!("[project]\nname = \"wheels\"\nbackends = [\"{}\"]\norder = \"linear\"\n", database.backend());
    let blocks = blocks();
    assert!(blocks.len() > 10, "{}", blocks.len());
    let nodes: Vec<(&str, &str)> = blocks.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let project = Project::of(&schema, &nodes);
    project.run(database, &["check"]).ok();
    there_and_back(&project, database);
    project.run(database, &["up", "3"]).ok();
    let quote = if database.backend() == "mysql" { '`' } else { '"' };
    let names = format!("SELECT {quote}firstName{quote} FROM authors WHERE views = 10 ORDER BY id");
    assert_eq!(database.query(&names).lines().collect::<Vec<_>>(), ["Ada", "Bob"]);
}

/// Each helper and each type of Wheels is on the page.
#[test]
fn each_helper_and_each_type_of_wheels_is_on_the_page() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/wheels.md")).unwrap();
    let helpers = "createTable changeTable renameTable dropTable addColumn changeColumn renameColumn removeColumn addReference dropReference \
                   addForeignKey dropForeignKey addIndex removeIndex createView dropView addRecord updateRecord removeRecord execute \
                   announce primaryKey references polymorphic timestamps";
    for helper in helpers.split_whitespace() {
        assert!(page.contains(helper), "{helper}");
    }
    let types = "bigInteger binary boolean char date datetime decimal double float integer json string text time timestamp tinyint \
                 uniqueidentifier uuid";
    for name in types.split_whitespace() {
        assert!(page.contains(&format!("t.{name}")), "t.{name}");
    }
}
