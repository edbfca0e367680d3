//! A PostgreSQL database of a test, read with `psql` and `pg_dump`.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::example::database::{Database, sort_columns};

/// A database made for one test on the server that `DBMIGRATE_TEST_POSTGRES` names.
pub struct PostgresDatabase {
    server: String,
    name: String,
}

/// The server to test on, without a database's name.
pub fn server() -> String {
    let server = std::env::var("DBMIGRATE_TEST_POSTGRES");
    server.unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432".to_owned()).trim_end_matches('/').to_owned()
}

impl PostgresDatabase {
    pub fn create() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let server = server();
        let name = format!("dbmigrate_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        psql(&format!("{server}/postgres"), &format!("DROP DATABASE IF EXISTS {name};\nCREATE DATABASE {name};"));
        Self { server, name }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    fn pg_dump(&self, arguments: &[&str]) -> String {
        let output = Command::new("pg_dump")
            .args(["--no-owner", "--no-privileges", "-d", &self.url()])
            .args(arguments)
            .output()
            .expect("the pg_dump program; scripts/test installs it");
        assert!(output.status.success(), "pg_dump: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let noise = ["--", "SET ", "SELECT pg_catalog.set_config", "\\restrict", "\\unrestrict"];
        let lines = text.lines().filter(|line| !line.is_empty() && !noise.iter().any(|start| line.starts_with(start)));
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        psql(&format!("{}/postgres", self.server), &format!("DROP DATABASE IF EXISTS {} WITH (FORCE);", self.name));
    }
}

/// Feeds a script to `psql` and gives what it prints.
fn psql(url: &str, script: &str) -> String {
    let mut child = Command::new("psql")
        .args(["-X", "-w", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the psql program; scripts/test installs it");
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "psql: {}\n{script}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

impl Database for PostgresDatabase {
    fn backend(&self) -> &'static str {
        "postgres"
    }

    fn url(&self) -> String {
        format!("{}/{}", self.server, self.name)
    }

    fn schema(&self) -> String {
        sort_columns(&self.pg_dump(&["--schema-only", "--exclude-table=dbmigrate_*"]), end_of_columns)
    }

    fn dump(&self) -> String {
        self.pg_dump(&["--inserts", "--exclude-table-data=dbmigrate_runs*"])
    }

    fn execute(&self, sql: &str) {
        psql(&self.url(), &format!("{sql};"));
    }

    fn query(&self, sql: &str) -> String {
        psql(&self.url(), &format!("{sql};")).trim().to_owned()
    }

    fn tables(&self) -> Vec<String> {
        let names = self.query(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'dbmigrate\\_%' ORDER BY 1",
        );
        names.lines().map(ToOwned::to_owned).collect()
    }
}

/// Where a table's columns end.
fn end_of_columns(line: &str) -> Option<String> {
    (line == ");").then(|| line.to_owned())
}

#[test]
fn columns_of_a_postgres_dump_are_sorted_within_their_table() {
    let dump = "CREATE TABLE public.b (\n    z integer,\n    a integer\n);\nCREATE TABLE public.a (\n    c integer\n);";
    assert_eq!(
        sort_columns(dump, end_of_columns),
        "CREATE TABLE public.b (\n    a integer\n    z integer\n);\nCREATE TABLE public.a (\n    c integer\n);"
    );
}
