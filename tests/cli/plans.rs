//! Plans and dry runs: what would run, and nothing written.

use crate::cli::support::{MANIFEST, Project};

#[test]
fn a_reset_without_a_database() {
    insta::assert_snapshot!(Project::blog().run("plan reset --backend sqlite").screen());
}

#[test]
fn latest_for_postgres_as_a_script() {
    insta::assert_snapshot!(Project::blog().run("plan --backend postgres --format sql").screen());
}

#[test]
fn a_version_for_a_pull_request() {
    insta::assert_snapshot!(Project::blog().run("plan 20260101120000 --backend sqlite --format markdown").screen());
}

#[test]
fn a_dry_run_counts_rows_and_writes_nothing() {
    let project = Project::blog();
    let ran = project.run("latest --dry-run");
    ran.code(0);
    assert!(!project.has("blog.db"), "a dry run made the database");
    project.run("latest").code(0);
    project.sql("blog.db", "INSERT INTO users (email) VALUES ('a'), ('b')");
    let before = std::fs::read(project.path("blog.db")).unwrap();
    insta::assert_snapshot!(project.run("reset --dry-run").screen());
    assert_eq!(std::fs::read(project.path("blog.db")).unwrap(), before);
}

#[test]
fn a_reset_of_many_counts_what_a_way_down_of_many_counts() {
    let project = Project::empty();
    project.write("schema.toml", MANIFEST);
    for at in 1..=70 {
        let text = format!("[[up]]\ncreate_table = \"T{at}\"\n[up.columns]\nid = \"bigint\"\n");
        project.write(&format!("migrations/{at}_create_t{at}.toml"), &text);
    }
    project.run("latest --quiet").code(0);
    let numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) SELECT i FROM n";
    project.sql("blog.db", &format!("INSERT INTO t1 {numbers}"));
    project.sql("blog.db", "INSERT INTO t2 VALUES (1), (2); DROP TABLE t3");
    project.sql("blog.db", "CREATE TABLE stranger (id); INSERT INTO stranger VALUES (1)");
    let lost = |line: &str| -> Vec<(String, serde_json::Value)> {
        let json = project.run(line).code(0).json();
        let steps = json["steps"].as_array().unwrap().clone();
        let what = steps.iter().flat_map(|step| step["destructive"].as_array().unwrap().clone());
        what.map(|what| (what["object"].as_str().unwrap().to_owned(), what["rows"].clone())).collect()
    };
    let reset = lost("reset --dry-run --format json");
    assert_eq!(reset, lost("down 70 --dry-run --format json"));
    let of = |table: &str| reset.iter().find(|(object, _)| object == table).unwrap().1.as_u64();
    assert_eq!(["T1", "T2", "T3", "T4"].map(of), [Some(1500), Some(2), None, Some(0)]);
}

#[test]
fn nothing_to_plan_says_so() {
    let project = Project::blog();
    project.run("latest").code(0);
    insta::assert_snapshot!(project.run("latest --dry-run").screen());
}

#[test]
fn on_mysql_a_plan_is_journaled_statement_by_statement() {
    let project = Project::blog();
    let manifest = project.read("schema.toml").replace("\"postgres\"", "\"mysql\"");
    project.write("schema.toml", &manifest);
    insta::assert_snapshot!(project.run("plan reset --backend mysql").screen());
    insta::assert_snapshot!(project.run("plan latest --backend mysql --format sql").screen());
}

#[test]
fn errors_in_a_plan_are_drawn_and_exit_3() {
    let project = Project::blog();
    project.write(
        "migrations/20260105000000_broken.toml",
        "requires = [\"create_posts\"]\n\n[[up]]\ndrop_column = \"posts.sulg\"\n",
    );
    insta::assert_snapshot!(project.run("latest").screen());
    assert!(!project.has("blog.db"));
}
