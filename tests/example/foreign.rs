//! A project that is pointed at another project's database undoes nothing there.

use crate::example::database::Database;
use crate::example::project::Project;

fn schema(name: &str) -> String {
    format!("[project]\nname = \"{name}\"\nbackends = [\"sqlite\", \"postgres\", \"mysql\"]\n")
}

fn table(name: &str) -> String {
    format!(
        "[[up]]\ncreate_table = \"{name}\"\ncolumns = {{ id = \"integer\" }}\n[[up]]\ninsert = \"{name}\"\nrows = [{{ id = 1 }}]\n"
    )
}

fn project(name: &str, nodes: &[(&str, &str)]) -> Project {
    let nodes: Vec<(&str, String)> = nodes.iter().map(|(file, made)| (*file, table(made))).collect();
    let nodes: Vec<(&str, &str)> = nodes.iter().map(|(file, text)| (*file, text.as_str())).collect();
    Project::of(&schema(name), &nodes)
}

const CHANGING: [&[&str]; 9] =
    [&["reset"], &["down"], &["down", "5"], &["redo"], &["exec", "0"], &["fresh"], &["latest"], &["up"], &["seed"]];

pub fn another_projects_database_is_left_alone(database: &dyn Database) {
    let a = project("a", &[("1_create_a", "a_orders"), ("2_create_more", "a_more")]);
    a.run(database, &["latest"]).ok();
    let before = database.dump();
    let others = [
        project("b", &[("20260102_create_b", "b_orders")]),
        // The same versions are no sign: many projects count from 1.
        project("b", &[("1_create_b", "b_orders"), ("2_create_c", "c_orders")]),
        project("b", &[]),
        Project::of(&schema("b"), &[("3_nothing", "up = []\n")]),
    ];
    for other in &others {
        for command in CHANGING {
            let said = other.run(database, command);
            assert_eq!(said.code, 4, "{command:?}\n{}{}", said.stdout, said.stderr);
            let shown = said.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
            for words in [
                "none of the 2 migrations that are applied to this database is in the manifest",
                "1 create_a, 2 create_more",
                "nothing was changed",
                &format!("`dbmigrate {} --allow-foreign`", command.join(" ")),
            ] {
                assert!(shown.contains(words), "{command:?} {words}\n{}", said.stderr);
            }
        }
        let json = other.run(database, &["reset", "--format", "json"]).json();
        assert_eq!(json["outcome"], "refused");
        let said = other.run(database, &["reset", "--dry-run"]).ok();
        assert!(said.stderr.contains("a run would be refused"), "{}", said.stderr);
        assert_eq!(database.dump(), before);
    }
    others[0].run(database, &["latest", "--allow-foreign"]).ok();
    // Now both are here, and each undoes all.
    others[0].run(database, &["reset"]).ok();
    assert_eq!(database.schema(), "");
    a.run(database, &["latest"]).ok();
    others[2].run(database, &["reset", "--allow-foreign"]).ok();
    assert_eq!(database.schema(), "");
}

pub fn a_reset_works_from_any_checkout_of_the_project(database: &dyn Database) {
    let whole = project("a", &[("1_first", "one"), ("2_second", "two"), ("3_third", "three")]);
    let checkouts = [
        // One of them is shared.
        project("a", &[("1_first", "one")]),
        project("a", &[("3_third", "three"), ("4_fourth", "four")]),
        // It was edited, renumbered, renamed, or both.
        project("a", &[("1_first", "edited")]),
        project("a", &[("7_first", "one")]),
        project("a", &[("1_initial", "one")]),
        project("a", &[("7_initial", "one")]),
    ];
    for checkout in &checkouts {
        whole.run(database, &["latest"]).ok();
        checkout.run(database, &["reset"]).ok();
        assert_eq!(database.schema(), "");
    }
}
