//! Readers that go away, and output that cannot be written.

use std::process::Stdio;

use crate::cli::support::{Project, Ran};

/// A command whose reader is gone before it starts.
fn unread(project: &Project, line: &str) -> Ran {
    let arguments: Vec<_> = line.split_whitespace().collect();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    Ran::of(&project.command("dbmigrate", &arguments).stdout(writer).output().unwrap())
}

fn applied(project: &Project) -> serde_json::Value {
    project.run("info --format json").json()["applied"].clone()
}

#[test]
fn a_reader_that_is_gone_is_no_error() {
    let project = Project::blog();
    for arguments in [&["plan"][..], &["info"], &["--help"], &["plan", "--format", "json"]] {
        let mut child =
            project.command("dbmigrate", arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {err}");
        assert_eq!(err, "", "{arguments:?}");
    }
}

#[test]
fn a_run_goes_on_without_its_reader() {
    let project = Project::blog();
    let steps = [
        ("latest", 4),
        ("reset", 0),
        ("up 3", 3),
        ("down", 2),
        ("redo 2", 2),
        ("exec 20260101120000", 1),
        ("fresh", 4),
        ("reset --format json", 0),
        ("fresh --format json", 4),
        ("exec 0", 0),
        ("latest -v", 4),
        ("reset -q", 0),
    ];
    for (line, then) in steps {
        let ran = unread(&project, line);
        ran.code(0);
        assert_eq!(ran.err, "", "{line}");
        assert_eq!(applied(&project), then, "{line}");
    }
}

#[test]
fn what_fails_or_is_refused_says_so_without_its_reader() {
    let project = Project::blog();
    project.run("latest --env production").code(0);
    for line in ["reset --env production", "reset --env production --format json", "fresh --env production"] {
        unread(&project, line).code(4);
    }
    assert_eq!(unread(&project, "down no_such --format json").code, 2);
    project.write(
        "migrations/20260105070000_bad.toml",
        "[[up]]\nsql = \"INSERT INTO users (id, email) VALUES (1, 'a'), (1, 'a')\"\ndown = \"\"\n",
    );
    for line in ["latest", "latest --format json", "fresh", "fresh --format json"] {
        unread(&project, line).code(1);
    }
    project.write("migrations/20260105070000_bad.toml", "requires = [\"bad\"]\nup = []\n");
    for line in ["latest", "latest --format json", "check", "plan"] {
        unread(&project, line).code(3);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_stdout_does_not_stop_a_run() {
    let project = Project::blog();
    let full = |line: &str| {
        let arguments: Vec<_> = line.split_whitespace().collect();
        let out = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        Ran::of(&project.command("dbmigrate", &arguments).stdout(out).output().unwrap())
    };
    full("latest").code(0);
    let reset = full("reset");
    reset.code(0);
    assert_eq!(reset.err.matches("warning: the result could not be written").count(), 1, "{}", reset.err);
    assert_eq!(applied(&project), 0);
    full("plan").code(1);
}
