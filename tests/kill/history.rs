//! A history of many migrations of all kinds, in a folder of its own, and the program run on it.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A project in a folder.
pub struct History {
    folder: tempfile::TempDir,
}

/// What the program said.
pub struct Said {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl History {
    /// So many migrations, each requiring the one before it: tables with keys and indexes, columns added, altered and
    /// renamed, checks, unique keys, rows put in, changed and deleted.
    pub fn of(nodes: usize) -> Self {
        Self::with(nodes, node)
    }

    /// So many migrations, each making a table with a key to the one before it; each twentieth makes an index, too.
    pub fn of_tables(nodes: usize) -> Self {
        Self::with(nodes, table)
    }

    fn with(nodes: usize, node: fn(usize) -> String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let schema =
            "[project]\nname = \"killed\"\nbackends = [\"sqlite\", \"postgres\", \"mysql\"]\norder = \"linear\"\n";
        fs::write(folder.path().join("schema.toml"), schema).unwrap();
        let migrations = folder.path().join("migrations");
        fs::create_dir(&migrations).unwrap();
        for at in 0..nodes {
            fs::write(migrations.join(format!("{}_n{at}.toml", 1000 + at)), node(at)).unwrap();
        }
        Self { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Starts `dbmigrate ARGUMENTS` on a database.
    pub fn start(&self, url: &str, arguments: &[&str]) -> Child {
        let waits = ["latest", "reset", "up"].contains(&arguments[0]) && !arguments.contains(&"--lock-timeout");
        Command::new(env!("CARGO_BIN_EXE_dbmigrate"))
            .args(arguments)
            .args(["--database-url", url])
            .args(if waits { &["--lock-timeout", "60s"][..] } else { &[] })
            .current_dir(self.path())
            .env_remove("DATABASE_URL")
            .env_remove("DBMIGRATE_ENV")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Runs it to its end.
    pub fn run(&self, url: &str, arguments: &[&str]) -> Said {
        Self::ended(self.start(url, arguments))
    }

    /// Waits for a program to end.
    pub fn ended(child: Child) -> Said {
        let output = child.wait_with_output().unwrap();
        Said {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// The text of a node. Every fourth makes a table, and the three after it work on that.
fn node(at: usize) -> String {
    let table = at / 4;
    let mut text = String::new();
    match at % 4 {
        0 => {
            let before = table.checked_sub(1);
            let parent = before.map_or_else(String::new, |before| {
                format!("parent = {{ type = \"bigint\", null = true, references = \"t{before}.id\", on_delete = \"cascade\" }}\n")
            });
            write!(
                text,
                "[[up]]\ncreate_table = \"t{table}\"\nprimary_key = [\"id\"]\n[up.columns]\nid = \"bigint\"\n\
                 name = \"string(40)\"\nscore = {{ type = \"integer\", default = 1, check = \"score > 0\" }}\n{parent}\
                 [up.indexes]\nt{table}_name_idx = {{ columns = [\"name\"] }}\n\n\
                 [[up]]\ninsert = \"t{table}\"\nrows = [{{ id = 1, name = \"one\" }}, {{ id = 2, name = \"two\" }}]\n"
            )
        }
        1 => write!(
            text,
            "[[up]]\nadd_column = \"t{table}.note\"\ntype = \"string(80)\"\ndefault = \"none\"\nfill = {{ expr = \"concat_ws('-', name, 'x')\" }}\n\n\
             [[up]]\ncreate_index = \"t{table}_note_idx\"\non = \"t{table}\"\ncolumns = [\"note\", \"score\"]\n\n\
             [[up]]\ninsert = \"t{table}\"\nkey = [\"id\"]\nrows = [{{ id = 3, name = \"three\", note = \"n\" }}]\n"
        ),
        2 => write!(
            text,
            "[[up]]\nalter_column = \"t{table}.score\"\ntype = \"bigint\"\n\n\
             [[up]]\nrename_column = \"t{table}.name\"\nto = \"title\"\n\n\
             [[up]]\nadd_check = \"t{table}_title_given\"\non = \"t{table}\"\nexpr = \"title <> ''\"\n\n\
             [[up]]\nadd_unique = \"t{table}_title_key\"\non = \"t{table}\"\ncolumns = [\"title\"]\n"
        ),
        _ => write!(
            text,
            "[[up]]\nupdate = \"t{table}\"\nset = {{ score = 7 }}\nwhere = \"id = 2\"\ndown = \"UPDATE t{table} SET score = 1 WHERE id = 2\"\n\n\
             [[up]]\ndrop_index = \"t{table}_note_idx\"\non = \"t{table}\"\n\n\
             [[up]]\ndrop_column = \"t{table}.note\"\nrefill = \"none\"\n\n\
             [[up]]\ninsert = \"t{table}\"\nkey = [\"id\"]\nrows = [{{ id = 4, title = \"four\" }}]\n"
        ),
    }
    .unwrap();
    text
}

/// The text of a node that makes a table.
fn table(at: usize) -> String {
    let key = at.checked_sub(1).map_or_else(String::new, |before| format!(", references = \"t{before}.id\""));
    let mut text = format!(
        "[[up]]\ncreate_table = \"t{at}\"\nprimary_key = [\"id\"]\n[up.columns]\nid = \"bigint\"\n\
         parent = {{ type = \"bigint\", null = true{key} }}\n"
    );
    if at % 20 == 19 {
        write!(text, "\n[[up]]\ncreate_index = \"t{at}_idx\"\non = \"t{at}\"\ncolumns = [\"parent\", \"id\"]\n")
            .unwrap();
    }
    text
}
