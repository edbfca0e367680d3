//! A SQLite database of a test, read with the `sqlite3` program.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sqlparser::ast::{ColumnOption, Statement, TableConstraint};
use sqlparser::dialect::SQLiteDialect;
use sqlparser::parser::Parser;

use crate::example::database::Database;
use crate::example::project::Project;
use crate::example::tokens;

/// `blog.db` in the folder of a project, where `schema.toml` says it is.
pub struct SqliteFile {
    path: PathBuf,
}

impl SqliteFile {
    pub fn of(project: &Project) -> Self {
        Self { path: project.path().join("blog.db") }
    }
}

/// Feeds a script to `sqlite3` and gives what it prints.
fn sqlite3(path: &Path, script: &str) -> String {
    let mut child = Command::new("sqlite3")
        .args(["-batch", "-bail"])
        .arg(path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the sqlite3 program; scripts/test installs it");
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.is_empty(), "sqlite3: {stderr}\n{script}");
    String::from_utf8(output.stdout).unwrap()
}

/// Objects that are neither the ledger's nor SQLite's own.
const OURS: &str = "m.tbl_name NOT LIKE 'dbmigrate\\_%' ESCAPE '\\' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

impl Database for SqliteFile {
    fn backend(&self) -> &'static str {
        "sqlite"
    }

    fn url(&self) -> String {
        format!("sqlite://{}", self.path.display())
    }

    fn schema(&self) -> String {
        // What the pragmas tell, a line each, the column's place left out.
        let mut lines: Vec<String> = sqlite3(
            &self.path,
            &format!(
                "SELECT 'table', m.name, l.wr, l.strict FROM sqlite_schema m, pragma_table_list(m.name) l
                   WHERE m.type = 'table' AND l.schema = 'main' AND {OURS};
                 SELECT 'column', m.name, x.name, lower(x.type), x.\"notnull\", x.dflt_value, x.pk, x.hidden
                   FROM sqlite_schema m, pragma_table_xinfo(m.name) x WHERE m.type = 'table' AND {OURS};
                 SELECT 'key', m.name, group_concat(f.\"from\"), f.\"table\", group_concat(f.\"to\"), f.on_update, f.on_delete, f.\"match\"
                   FROM sqlite_schema m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' AND {OURS} GROUP BY m.name, f.id;
                 SELECT 'index', m.name, iif(i.origin = 'c', i.name, i.origin), i.\"unique\", i.partial,
                        group_concat(ifnull(x.name, '(expression)') || iif(x.desc, ' desc', '') || ' ' || x.coll)
                   FROM sqlite_schema m, pragma_index_list(m.name) i, pragma_index_xinfo(i.name) x
                   WHERE m.type = 'table' AND x.key AND {OURS} GROUP BY m.name, i.name;"
            ),
        )
        .lines()
        .map(ToOwned::to_owned)
        .collect();

        // What only the stored SQL tells: checks, and the words of indexes, triggers and views.
        let stored = sqlite3(
            &self.path,
            &format!(
                ".mode json\nSELECT m.type, m.name, m.sql FROM sqlite_schema m WHERE m.sql IS NOT NULL AND {OURS};"
            ),
        );
        let stored: serde_json::Value = if stored.trim().is_empty() {
            serde_json::Value::Array(Vec::new())
        } else {
            serde_json::from_str(&stored).unwrap()
        };
        for object in stored.as_array().unwrap() {
            let text = |key: &str| object[key].as_str().unwrap();
            if text("type") == "table" {
                lines.extend(constraints(text("sql")).into_iter().map(|line| format!("{} {line}", text("name"))));
            } else {
                lines.push(tokens::normal(&SQLiteDialect {}, text("sql")));
            }
        }
        lines.sort();
        lines.join("\n")
    }

    fn dump(&self) -> String {
        let dump = sqlite3(&self.path, ".dump");
        dump.lines().filter(|line| !line.starts_with("INSERT INTO dbmigrate_runs")).collect::<Vec<_>>().join("\n")
    }

    fn execute(&self, sql: &str) {
        sqlite3(&self.path, &format!("PRAGMA foreign_keys = ON;\n{sql};"));
    }

    fn query(&self, sql: &str) -> String {
        sqlite3(&self.path, &format!("{sql};")).trim().to_owned()
    }

    fn tables(&self) -> Vec<String> {
        let names =
            self.query(&format!("SELECT m.name FROM sqlite_schema m WHERE m.type = 'table' AND {OURS} ORDER BY 1"));
        names.lines().map(ToOwned::to_owned).collect()
    }
}

/// Checks, and the names of all constraints, of a CREATE TABLE.
fn constraints(sql: &str) -> Vec<String> {
    let statement =
        Parser::parse_sql(&SQLiteDialect {}, sql).unwrap_or_else(|error| panic!("{error} in {sql}")).remove(0);
    let Statement::CreateTable(table) = statement else { panic!("no CREATE TABLE: {sql}") };
    let name =
        |name: &Option<sqlparser::ast::Ident>| name.as_ref().map_or_else(|| "-".to_owned(), |name| name.value.clone());
    let check = |name: String, expr: &sqlparser::ast::Expr| {
        format!("check {name} {}", tokens::normal(&SQLiteDialect {}, &expr.to_string()))
    };
    let mut found = Vec::new();
    for column in &table.columns {
        for option in &column.options {
            if let ColumnOption::Check(constraint) = &option.option {
                found.push(check(
                    name(option.name.as_ref().map_or(&constraint.name, |_| &option.name)),
                    &constraint.expr,
                ));
            }
        }
    }
    for constraint in &table.constraints {
        found.push(match constraint {
            TableConstraint::Check(constraint) => check(name(&constraint.name), &constraint.expr),
            TableConstraint::Unique(constraint) => format!("unique {}", name(&constraint.name)),
            TableConstraint::PrimaryKey(constraint) => format!("primary key {}", name(&constraint.name)),
            TableConstraint::ForeignKey(constraint) => format!("foreign key {}", name(&constraint.name)),
            other => panic!("a constraint that nobody expected: {other}"),
        });
    }
    if sql.to_lowercase().contains("autoincrement") {
        found.push("autoincrement".to_owned());
    }
    found
}

/// `latest` and `reset`: the script that the dry run prints, fed to `sqlite3`, makes what the run makes.
pub fn the_script_of_a_dry_run_makes_the_same_database() {
    let project = Project::of_the_example();
    let run = SqliteFile::of(&project);
    let replayed = SqliteFile { path: project.path().join("replayed.db") };

    let script = project.run(&run, &["latest", "--dry-run", "--format", "sql"]).ok().stdout;
    project.run(&run, &["latest"]).ok();
    sqlite3(&replayed.path, &script);
    assert_eq!(without_ledger_rows(&replayed.dump()), without_ledger_rows(&run.dump()));

    project.run(&run, &["seed"]).ok();
    fs::copy(&run.path, &replayed.path).unwrap();
    let script = project.run(&run, &["reset", "--dry-run", "--format", "sql"]).ok().stdout;
    project.run(&run, &["reset"]).ok();
    sqlite3(&replayed.path, &script);
    assert_eq!(replayed.dump(), run.dump());
    assert_eq!(replayed.schema(), "");
}

fn without_ledger_rows(dump: &str) -> String {
    dump.lines().filter(|line| !line.starts_with("INSERT INTO dbmigrate_")).collect::<Vec<_>>().join("\n")
}
