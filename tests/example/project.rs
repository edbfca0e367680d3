//! A copy of the example in a folder of its own, and the built programs run in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::example::database::Database;

/// A copy of the example.
pub struct Project {
    folder: tempfile::TempDir,
}

/// What a program said.
pub struct Said {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    /// Fails the test unless it exited 0.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "exit code\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    /// The JSON document on stdout.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {}\n{}", self.stdout, self.stderr))
    }
}

impl Project {
    pub fn of_the_example() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let top = Path::new(env!("CARGO_MANIFEST_DIR"));
        fs::copy(top.join("schema.toml"), folder.path().join("schema.toml")).unwrap();
        fs::create_dir(folder.path().join("migrations")).unwrap();
        for entry in fs::read_dir(top.join("migrations")).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, folder.path().join("migrations").join(path.file_name().unwrap())).unwrap();
        }
        Self { folder }
    }

    /// Of a manifest and its nodes, `VERSION_name` and text.
    pub fn of(schema: &str, nodes: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("schema.toml"), schema).unwrap();
        fs::create_dir(folder.path().join("migrations")).unwrap();
        for (name, text) in nodes {
            fs::write(folder.path().join("migrations").join(format!("{name}.toml")), text).unwrap();
        }
        Self { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The file of a node, by its name.
    pub fn node_file(&self, name: &str) -> PathBuf {
        let ending = format!("_{name}.toml");
        let mut files = fs::read_dir(self.path().join("migrations")).unwrap().map(|entry| entry.unwrap().path());
        files.find(|path| path.to_string_lossy().ends_with(&ending)).unwrap()
    }

    /// Names of the nodes, by version.
    pub fn node_names(&self) -> Vec<String> {
        let files = fs::read_dir(self.path().join("migrations")).unwrap();
        let mut stems: Vec<String> =
            files.map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect();
        stems.sort();
        stems.into_iter().map(|stem| stem.split_once('_').unwrap().1.to_owned()).collect()
    }

    /// Replaces a text that stands once in a node's file.
    pub fn edit(&self, name: &str, old: &str, new: &str) {
        let path = self.node_file(name);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(old).count(), 1, "`{old}` in {}", path.display());
        fs::write(path, text.replace(old, new)).unwrap();
    }

    /// `dbmigrate ARGUMENTS` on a database.
    pub fn run(&self, database: &dyn Database, arguments: &[&str]) -> Said {
        self.program(env!("CARGO_BIN_EXE_dbmigrate"), &database.url(), arguments)
    }

    /// `wheels ARGUMENTS` on a database.
    pub fn wheels(&self, database: &dyn Database, arguments: &[&str]) -> Said {
        self.program(env!("CARGO_BIN_EXE_wheels"), &database.url(), arguments)
    }

    /// A program in the project's folder, with nothing of the tester's own environment.
    fn program(&self, program: &str, url: &str, arguments: &[&str]) -> Said {
        let output = Command::new(program)
            .args(arguments)
            .args(["--database-url", url])
            .current_dir(self.path())
            .env_remove("DATABASE_URL")
            .env_remove("DBMIGRATE_ENV")
            .env("NO_COLOR", "1")
            .output()
            .unwrap();
        Said {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
