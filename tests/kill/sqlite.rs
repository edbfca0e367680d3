//! A SQLite file, read with the `sqlite3` program.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::example::database::Database;

pub struct SqliteFile {
    path: PathBuf,
}

impl SqliteFile {
    pub fn in_folder(folder: &Path) -> Self {
        Self { path: folder.join("killed.db") }
    }

    fn ask(&self, sql: &str) -> String {
        let output = Command::new("sqlite3").arg(&self.path).arg(sql).output();
        let output = output.expect("the sqlite3 program; scripts/test installs it");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Database for SqliteFile {
    fn backend(&self) -> &'static str {
        "sqlite"
    }

    fn url(&self) -> String {
        format!("sqlite://{}", self.path.display())
    }

    /// Definitions and rows, less the ledger's.
    fn schema(&self) -> String {
        let dump = self.ask(".dump");
        let ours = |line: &&str| !line.contains("dbmigrate_") && !line.starts_with("PRAGMA");
        // A statement of the ledger's has several lines only within its one string.
        let lines: Vec<_> = dump.lines().filter(ours).collect();
        let text = lines.join("\n").replace("BEGIN TRANSACTION;", "").replace("COMMIT;", "");
        text.trim().to_owned()
    }

    fn dump(&self) -> String {
        self.ask(".dump")
    }

    fn execute(&self, sql: &str) {
        self.ask(sql);
    }

    fn query(&self, sql: &str) -> String {
        self.ask(sql).trim().to_owned()
    }

    fn tables(&self) -> Vec<String> {
        let names = self.ask("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'dbmigrate%'");
        names.lines().map(ToOwned::to_owned).collect()
    }
}
