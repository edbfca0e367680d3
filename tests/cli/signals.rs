//! Ctrl-C, once and twice.

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use sqlx::Connection;

use crate::cli::support::Project;

/// Sends Ctrl-C to a process.
fn interrupt(child: &Child) {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
}

/// Waits until a run has written to the database.
fn at_work(project: &Project) {
    let begun = Instant::now();
    while !project.path("blog.db-journal").exists() {
        assert!(begun.elapsed() < Duration::from_secs(30), "the run does not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(200));
}

fn ended(child: Child) -> (Output, String) {
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr.clone()).unwrap();
    (output, err)
}

fn start(project: &Project, arguments: &[&str]) -> Child {
    project.command("dbmigrate", arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn ctrl_c_rolls_back_what_is_at_work() {
    let project = Project::blog();
    project.run("up").code(0);
    project.write(
        "migrations/20260301000000_endless.toml",
        "requires = [\"create_users\"]\n\n[[up]]\nsql = \"\"\"INSERT INTO users (email) WITH RECURSIVE n(i) AS \
         (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 'x' FROM n WHERE i < 0\"\"\"\n\
         irreversible = \"rows\"\n",
    );
    let begun = Instant::now();
    let child = start(&project, &["latest"]);
    at_work(&project);
    interrupt(&child);
    let (output, err) = ended(child);
    assert!(begun.elapsed() < Duration::from_mins(1));
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("interrupted") && err.contains("as it was before the run"), "{err}");
    assert_eq!(project.run("info --format json").json()["applied"], 1);
}

#[test]
fn a_second_ctrl_c_ends_a_run_that_waits_for_its_commit() {
    let project = Project::blog();
    project.run("up").code(0);
    let url = format!("sqlite://{}", project.path("blog.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        // Who reads keeps a commit waiting.
        let mut reader = sqlx::SqliteConnection::connect(&url).await.unwrap();
        sqlx::raw_sql("BEGIN; SELECT count(*) FROM users").execute(&mut reader).await.unwrap();
        let begun = Instant::now();
        let child = start(&project, &["latest", "--lock-timeout", "120s"]);
        at_work(&project);
        interrupt(&child);
        std::thread::sleep(Duration::from_millis(300));
        interrupt(&child);
        let (output, err) = ended(child);
        assert_eq!(output.status.code(), Some(1), "{err}");
        assert!(begun.elapsed() < Duration::from_mins(1));
        reader.close().await.unwrap();
    });
    assert_eq!(project.run("info --format json").json()["applied"], 1);
    project.run("latest").code(0);
}
