//! A MySQL or MariaDB database of a test, read with the server's own client and its dump.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::example::database::{Database, sort_columns};

/// A database made for one test on the server that `DBMIGRATE_TEST_MYSQL` names.
pub struct MysqlDatabase {
    server: String,
    name: String,
    /// It goes when the test ends.
    goes: bool,
}

const LEDGER: [&str; 4] = ["dbmigrate_versions", "dbmigrate_runs", "dbmigrate_journal", "dbmigrate_environment"];

/// The server to test on, without a database's name.
pub fn server() -> String {
    let server = std::env::var("DBMIGRATE_TEST_MYSQL");
    server.unwrap_or_else(|_| "mysql://root@127.0.0.1:3306".to_owned()).trim_end_matches('/').to_owned()
}

/// Host, port, user and password of the server, as its clients want them.
fn arguments(server: &str) -> Vec<String> {
    let rest = server.split_once("://").map_or(server, |(_, rest)| rest);
    let (who, place) = rest.rsplit_once('@').unwrap_or(("root", rest));
    let (user, password) = who.split_once(':').unwrap_or((who, ""));
    let (host, port) = place.split_once(':').unwrap_or((place, "3306"));
    let mut arguments =
        vec![format!("-h{host}"), format!("-P{port}"), format!("-u{user}"), "--protocol=tcp".to_owned()];
    if !password.is_empty() {
        arguments.push(format!("-p{password}"));
    }
    arguments
}

impl MysqlDatabase {
    pub fn create() -> Self {
        let mut database = Self::on(&server());
        database.goes = true;
        database
    }

    /// On that server, `mysql://user@host:port`, which goes with it.
    pub fn on(server: &str) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let server = server.to_owned();
        let name = format!("dbmigrate_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let database = Self { server, name, goes: false };
        database.client(
            None,
            &format!("DROP DATABASE IF EXISTS {0}; CREATE DATABASE {0} CHARACTER SET utf8mb4;", database.name),
        );
        database
    }

    /// The server's `host:port`.
    #[allow(dead_code, reason = "for tests that stand between")]
    pub fn address(&self) -> String {
        self.server.rsplit(['@', '/']).next().unwrap_or_default().to_owned()
    }

    /// Feeds a script to the client and gives what it prints.
    fn client(&self, database: Option<&str>, script: &str) -> String {
        let mut child = Command::new("mariadb")
            .args(arguments(&self.server))
            .args([
                "-N",
                "-B",
                "--raw",
                "--init-command=SET SESSION sql_mode='ANSI_QUOTES,STRICT_TRANS_TABLES', time_zone='+00:00'",
            ])
            .args(database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the mariadb program; scripts/test installs it");
        child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "mariadb: {}\n{script}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// A client that stays at a script.
    #[allow(dead_code, reason = "for tests that are in the way")]
    pub fn hold(&self, script: &str) -> std::process::Child {
        let mut command = Command::new("mariadb");
        command.args(arguments(&self.server)).arg(&self.name).args(["-e", script]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    fn mariadb_dump(&self, options: &[&str], ignored: &[&str]) -> String {
        let output = Command::new("mariadb-dump")
            .args(arguments(&self.server))
            .args([
                "--skip-comments",
                "--compact",
                "--routines",
                "--triggers",
                "--skip-extended-insert",
                "--order-by-primary",
            ])
            .args(options)
            .args(ignored.iter().map(|table| format!("--ignore-table={}.{table}", self.name)))
            .arg(&self.name)
            .output()
            .expect("the mariadb-dump program; scripts/test installs it");
        assert!(output.status.success(), "mariadb-dump: {}", String::from_utf8_lossy(&output.stderr));
        // A default of bytes stands in it as it is.
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let noise = |line: &str| {
            line.is_empty() || line.starts_with("/*!4") || line.starts_with("/*!50003 SET") || line.starts_with("/*M!")
        };
        text.lines().filter(|line| !noise(line)).collect::<Vec<_>>().join("\n")
    }
}

impl Drop for MysqlDatabase {
    fn drop(&mut self) {
        if self.goes {
            self.client(None, &format!("DROP DATABASE IF EXISTS {};", self.name));
        }
    }
}

impl Database for MysqlDatabase {
    fn backend(&self) -> &'static str {
        "mysql"
    }

    fn url(&self) -> String {
        format!("{}/{}", self.server, self.name)
    }

    fn schema(&self) -> String {
        sort_columns(&self.mariadb_dump(&["--no-data"], &LEDGER), end_of_columns)
    }

    fn dump(&self) -> String {
        self.mariadb_dump(&[], &["dbmigrate_runs"])
    }

    fn execute(&self, sql: &str) {
        self.client(Some(&self.name), &format!("{sql};"));
    }

    fn query(&self, sql: &str) -> String {
        self.client(Some(&self.name), &format!("{sql};")).trim().to_owned()
    }

    fn tables(&self) -> Vec<String> {
        let names = self.query(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name NOT LIKE 'dbmigrate\\_%' ORDER BY 1",
        );
        names.lines().map(ToOwned::to_owned).collect()
    }
}

/// Where a table's columns end, without the next number of one that numbers its rows.
fn end_of_columns(line: &str) -> Option<String> {
    line.starts_with(')').then(|| {
        let words = line.split(' ').filter(|word| !word.starts_with("AUTO_INCREMENT="));
        words.collect::<Vec<_>>().join(" ")
    })
}

#[test]
fn columns_of_a_mysql_dump_are_sorted_within_their_table() {
    let dump =
        "CREATE TABLE `b` (\n  `z` int(11),\n  `a` int(11)\n) ENGINE=InnoDB AUTO_INCREMENT=5 DEFAULT CHARSET=utf8mb4;";
    assert_eq!(
        sort_columns(dump, end_of_columns),
        "CREATE TABLE `b` (\n  `a` int(11)\n  `z` int(11)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;"
    );
}
