//! A manifest in a folder of its own, and the program run in it.

use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}\n{}\n{}", self.out, self.err))
    }

    /// The codes found, in order; with those of a severity only.
    #[track_caller]
    pub(crate) fn codes(&self, severity: Option<&str>) -> Vec<String> {
        let json = self.json();
        let found = json["diagnostics"].as_array().expect("diagnostics");
        let of = |one: &&serde_json::Value| severity.is_none_or(|severity| one["severity"] == severity);
        found.iter().filter(of).map(|one| one["code"].as_str().expect("a code").to_owned()).collect()
    }
}

/// A folder.
pub(crate) struct Project(TempDir);

impl Project {
    /// With one `schema.toml`.
    pub(crate) fn of(schema: &str) -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        project.write("schema.toml", schema);
        project
    }

    /// A copy of a folder.
    pub(crate) fn copy(folder: &Path) -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            if entry.file_type().unwrap().is_dir() {
                for inner in std::fs::read_dir(entry.path()).unwrap().map(Result::unwrap) {
                    let inner_name = inner.file_name().into_string().unwrap();
                    project.write(&format!("{name}/{inner_name}"), &std::fs::read_to_string(inner.path()).unwrap());
                }
            } else {
                project.write(&name, &std::fs::read_to_string(entry.path()).unwrap());
            }
        }
        project
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.path().join(name)).unwrap()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_dbmigrate"))
            .args(arguments)
            .current_dir(self.0.path())
            .env_remove("DBMIGRATE_ENV")
            .env_remove("DATABASE_URL")
            .env("NO_COLOR", "1")
            .env("COLUMNS", "80")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Project {
    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }
}
