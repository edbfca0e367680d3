//! `check --ledger`: a real database held against the manifest, and left as it is.

use crate::check::support::Project;

const HEAD: &str = "[project]\nname = \"t\"\nbackends = [\"sqlite\"]\n[database]\nurl = \"sqlite://t.db\"\n";

fn node(version: u32, operation: &str) -> String {
    format!("[[migration]]\nversion = {version}\nname = \"n{version}\"\n[[migration.up]]\n{operation}\n")
}

#[test]
fn a_database_that_is_not_there_has_nothing_applied_and_is_not_made() {
    let project = Project::of(&format!("{HEAD}{}", node(1, "create_table = \"t\"\ncolumns = { a = \"text\" }")));
    let ran = project.run(&["check", "--ledger", "--format", "json"]);
    assert_eq!((ran.code, ran.codes(None)), (0, vec![]));
    assert!(!project.path("t.db").exists());
    assert_eq!(project.run(&["info", "--format", "json"]).json()["applied"], 0);
}

#[test]
fn what_was_edited_is_named_with_both_values() {
    let table = |kind: &str| node(1, &format!("create_table = \"t\"\ncolumns = {{ a = \"{kind}\" }}"));
    let project = Project::of(&format!("{HEAD}{}", table("text")));
    assert_eq!(project.run(&["latest"]).code, 0);
    assert_eq!(project.run(&["check", "--ledger", "--format", "json"]).codes(None), Vec::<String>::new());
    project.write("schema.toml", &format!("{HEAD}{}", table("bigint")));
    let before = std::fs::read(project.path("t.db")).unwrap();
    let ran = project.run(&["check", "--ledger"]);
    insta::assert_snapshot!(format!("{}--- exit {}\n", ran.out, ran.code));
    assert_eq!(std::fs::read(project.path("t.db")).unwrap(), before, "the database is as it was");
    assert_eq!(project.run(&["check", "--ledger", "--deny", "up-edited"]).code, 3);
}
