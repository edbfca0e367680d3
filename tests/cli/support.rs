//! A project in a folder of its own, and the binaries run in it.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// What a command came to.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout.clone()).unwrap(),
            err: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// Asserts the exit code and gives stdout.
    #[track_caller]
    pub fn code(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// Stdout as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}\n{}\n{}", self.out, self.err))
    }

    /// All of it, with what differs from run to run taken out.
    pub fn screen(&self) -> String {
        let err = if self.err.is_empty() { String::new() } else { format!("--- stderr\n{}", self.err) };
        format!("{}{err}--- exit {}\n", redacted(&self.out), self.code).replace(&self.err, &redacted(&self.err))
    }
}

/// A folder with a project in it.
pub struct Project {
    folder: TempDir,
}

pub const MANIFEST: &str = r#"
[project]
name = "blog"
backends = ["sqlite", "postgres"]

[database]
url = "sqlite://blog.db"

[environments.production]
url = "sqlite://production.db"
protected = true
"#;

const NODES: [(&str, &str); 4] = [
    (
        "20260101120000_create_users",
        r#"
[[up]]
create_table = "users"
primary_key = ["id"]
[up.columns]
id = { type = "bigint", auto_increment = true }
email = { type = "string(200)", unique = true }
"#,
    ),
    (
        "20260102090000_create_posts",
        r#"
requires = ["create_users"]
[[up]]
create_table = "posts"
primary_key = ["id"]
[up.columns]
id = { type = "bigint", auto_increment = true }
author_id = { type = "bigint", references = "users.id", on_delete = "cascade" }
title = "string(200)"
"#,
    ),
    (
        "20260103080000_audit_posts",
        r#"
requires = ["create_posts"]
[[up]]
create_table = "audit"
[up.columns]
what = "text"
[[up]]
sql = "CREATE TRIGGER audit_posts AFTER INSERT ON posts BEGIN INSERT INTO audit VALUES ('post'); END"
down = "DROP TRIGGER audit_posts"
backends = ["sqlite"]
"#,
    ),
    (
        "20260104070000_add_slug_to_posts",
        r#"
requires = ["create_posts"]
[[up]]
add_column = "posts.slug"
type = "string(100)"
null = true
"#,
    ),
];

impl Project {
    /// Four migrations on SQLite.
    pub fn blog() -> Self {
        let project = Self::empty();
        project.write("schema.toml", MANIFEST);
        for (name, text) in NODES {
            project.write(&format!("migrations/{name}.toml"), text);
        }
        project
    }

    /// Nothing at all.
    pub fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// A command of one of the binaries, its output piped.
    pub fn command(&self, binary: &str, arguments: &[&str]) -> Command {
        let program = match binary {
            "wheels" => env!("CARGO_BIN_EXE_wheels"),
            _ => env!("CARGO_BIN_EXE_dbmigrate"),
        };
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).args(arguments).stdin(Stdio::null());
        for variable in ["DATABASE_URL", "DBMIGRATE_ENV", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
            command.env_remove(variable);
        }
        command
    }

    /// `dbmigrate` with a line of arguments.
    pub fn run(&self, line: &str) -> Ran {
        let arguments: Vec<_> = line.split_whitespace().collect();
        Ran::of(&self.command("dbmigrate", &arguments).output().unwrap())
    }

    /// `wheels` with a line of arguments.
    pub fn wheels(&self, line: &str) -> Ran {
        let arguments: Vec<_> = line.split_whitespace().collect();
        Ran::of(&self.command("wheels", &arguments).output().unwrap())
    }

    /// Adds rows, or anything else, behind the tool's back.
    pub fn sql(&self, database: &str, sql: &str) {
        let url = format!("sqlite://{}", self.path(database).display());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            use sqlx::Connection;
            let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        });
    }

    /// Names of what stands, ledger and SQLite's own left out.
    pub fn tables(&self, database: &str) -> Vec<String> {
        let url = format!("sqlite://{}", self.path(database).display());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            use sqlx::Connection;
            let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
            sqlx::query_scalar(
                "SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE 'dbmigrate_%' \
                 AND type IN ('table', 'trigger') ORDER BY name",
            )
            .fetch_all(&mut connection)
            .await
            .unwrap()
        })
    }
}

/// Durations and times replaced by words, so that screens compare.
pub fn redacted(text: &str) -> String {
    text.lines().map(|line| dates(&durations(line)) + "\n").collect()
}

fn durations(line: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in line.split(' ') {
        let unit = matches!(word.trim_end_matches('.').trim_end_matches(':'), "ms" | "s");
        let number = |text: &String| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || "<.".contains(c));
        if unit && words.last().is_some_and(number) {
            words.pop();
            while words.last().is_some_and(String::is_empty) {
                words.pop();
            }
            words.push(format!("TIME{}", word.trim_start_matches(|c: char| c.is_ascii_alphabetic())));
        } else {
            words.push(word.to_owned());
        }
    }
    words.join(" ")
}

fn dates(line: &str) -> String {
    let shape: String = line.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    match shape.find("0000-00-00 00:00") {
        Some(at) if line.is_char_boundary(at) => {
            format!("{}{:16}{}", &line[..at], "DATE AND TIME", &line[at + 16..]).trim_end().to_owned()
        }
        _ => line.to_owned(),
    }
}
