//! `seed`: twice changes nothing.

use crate::cli::support::{MANIFEST, Project};

fn blog_with_seeds() -> Project {
    let project = Project::blog();
    let seeds = "
[[seed]]
insert = \"users\"
key = [\"email\"]
rows = [{ email = \"a@example.com\" }, { email = \"b@example.com\" }]
";
    project.write("schema.toml", &format!("{MANIFEST}{seeds}"));
    project
}

#[test]
fn seeds_are_loaded_once() {
    let project = blog_with_seeds();
    project.run("latest").code(0);
    insta::assert_snapshot!("first", project.run("seed").screen());
    project.run("seed").code(0);
    let json = project.run("reset --dry-run --format json").json();
    let users = json["steps"].as_array().unwrap().iter().flat_map(|step| step["destructive"].as_array().unwrap());
    assert!(
        users.clone().any(|lost| lost["object"] == "users" && lost["rows"] == 2),
        "{:?}",
        users.collect::<Vec<_>>()
    );
}

#[test]
fn a_dry_run_shows_the_sql() {
    let project = blog_with_seeds();
    project.run("latest").code(0);
    insta::assert_snapshot!(project.run("seed --dry-run").screen());
}

#[test]
fn seeds_before_their_tables_are_refused() {
    let project = blog_with_seeds();
    let ran = project.run("seed");
    ran.code(3);
    assert!(ran.err.contains("`dbmigrate latest` first"), "{}", ran.err);
    assert!(!project.has("blog.db"));
}

#[test]
fn a_row_that_lacks_a_value_is_shown_itself() {
    let project = Project::blog();
    let seeds = "
[[seed]]
insert = \"posts\"
rows = [
  { author_id = 1 },
  { author_id = 2 },
]
";
    project.write("schema.toml", &format!("{MANIFEST}{seeds}"));
    project.run("latest").code(0);
    let err = project.run("seed").code(3).err.clone();
    assert!(err.contains("{ author_id = 1 }") && err.contains("{ author_id = 2 }"), "{err}");
}

#[test]
fn no_seeds_are_no_error() {
    let project = Project::blog();
    project.run("latest").code(0);
    assert!(project.run("seed").code(0).out.starts_with("Nothing to do."));
}
