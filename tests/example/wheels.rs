//! `docs/wheels.md` and `docs/from/`: each of their blocks is a migration, and all of a page together run.

use std::path::Path;

use crate::example::database::Database;
use crate::example::project::Project;
use crate::example::types::there_and_back;

/// The migrations of a page, in order.
fn blocks(page: &str) -> Vec<(String, String)> {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(page)).unwrap();
    let blocks = page.split("```toml ").skip(1).enumerate().map(|(at, rest)| {
        let (name, rest) = rest.split_once('\n').unwrap();
        let (text, _) = rest.split_once("```").unwrap();
        (format!("{}_{name}", at + 1), text.to_owned())
    });
    blocks.collect()
}

/// The project of a page, taken there and back.
fn runs(page: &str, least: usize, database: &dyn Database) -> Project {
    let schema = format!("[project]\nname = \"page\"\nbackends = [\"{}\"]\norder = \"linear\"\n", database.backend());
    let blocks = blocks(page);
    assert!(blocks.len() >= least, "{}", blocks.len());
    let nodes: Vec<(&str, &str)> = blocks.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let project = Project::of(&schema, &nodes);
    project.run(database, &["check"]).ok();
    there_and_back(&project, database);
    project
}

pub fn the_page_for_people_from_rails_runs(database: &dyn Database) {
    runs("from/rails.md", 4, database);
}

pub fn the_page_for_people_from_django_runs(database: &dyn Database) {
    runs("from/django.md", 4, database);
}

pub fn the_page_for_people_from_alembic_runs(database: &dyn Database) {
    runs("from/alembic.md", 5, database);
}

pub fn the_page_for_people_from_diesel_runs(database: &dyn Database) {
    runs("from/diesel.md", 3, database);
}

pub fn the_page_for_people_from_sqitch_runs(database: &dyn Database) {
    runs("from/sqitch.md", 5, database);
}

pub fn the_page_for_people_from_wheels_runs(database: &dyn Database) {
    let project = runs("wheels.md", 11, database);
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
