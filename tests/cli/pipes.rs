//! Readers that go away.

use std::process::Stdio;

use crate::cli::support::Project;

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
    let mut child =
        project.command("dbmigrate", &["latest"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    child.wait_with_output().unwrap();
    assert_eq!(project.run("info --format json").json()["applied"], 4);
}
