//! No password is printed: whatever the URL looks like, wherever it comes from, and whichever command it is for.

use super::support::Project;

/// Nothing answers there.
const NOWHERE: &str = "postgres://app:Zq1%3FZq2@127.0.0.1:1/none";

/// URLs with a password of the letters Zq, understood or not.
const URLS: [&str; 17] = [
    NOWHERE,
    "postgres://app:Zq1?Zq2@127.0.0.1:1/none",
    "postgres://app:Zq1/Zq2@127.0.0.1:1/none",
    "postgres://app:12/Zq2@127.0.0.1:1/none",
    "postgres://app:Zq1#Zq2@127.0.0.1:1/none",
    "postgres://app:p@Zq1:w/ord?Zq2%@127.0.0.1:1/none",
    "postgres:app:Zq1@127.0.0.1:1/none",
    "root:Zq1@tcp(127.0.0.1:1)/none",
    "host=127.0.0.1 port=1 user=app password=Zq1",
    "postgres://127.0.0.1:1/none?user=app&password=Zq1",
    "postgres://127.0.0.1:1/none?user=app&pwd=Zq1",
    "postgres://127.0.0.1:1/none?user=app&password=Zq1&Zq2",
    "postgres://app:Zq1@127.0.0.1:1/none?ssl=true",
    "mysql://app:Zq1@127.0.0.1:1/none",
    "mysql://app:Zq/1@127.0.0.1:1/none",
    "oracle://app:Zq1@127.0.0.1:1/none",
    "sqlite://app:Zq1@127.0.0.1/none",
];

fn run(project: &Project, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let output = project.command("dbmigrate", arguments).envs(variables.iter().copied()).output().unwrap();
    assert_ne!(output.status.code(), Some(0), "{arguments:?}");
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!text.to_lowercase().contains("zq"), "{arguments:?}\n{text}");
    text
}

#[test]
fn no_url_of_the_command_line_is_printed_with_its_password() {
    let project = Project::blog();
    for url in URLS {
        for command in [
            &["info"][..],
            &["latest", "-v"],
            &["reset", "--format", "json"],
            &["check", "--ledger"],
            &["stamp", "development"],
            &["fresh", "--yes"],
        ] {
            run(&project, &[command, &["--database-url", url]].concat(), &[]);
        }
    }
}

#[test]
fn no_url_in_another_s_place_is_printed_with_its_password() {
    let project = Project::blog();
    for url in URLS.iter().filter(|url| url.contains('@')) {
        for command in
            ["latest", "exec", "up", "down", "stamp", "create", "resolve", "check", "bogus", "--env", "--format"]
        {
            run(&project, &[command, url, "info"][..if command.starts_with('-') { 3 } else { 2 }], &[]);
        }
        run(&project, &["info", "--backend", url], &[]);
    }
}

#[test]
fn no_url_of_a_variable_or_a_manifest_is_printed_with_its_password() {
    let project = Project::blog();
    for url in URLS {
        project.write("schema.toml", "[project]\nname = 'a'\nbackends = ['postgres']\n[database]\nurl = '$MINE'\n");
        run(&project, &["info", "-v"], &[("MINE", url)]);
        project.write("schema.toml", "[project]\nname = 'a'\nbackends = ['postgres']\n");
        run(&project, &["latest", "-v", "--format", "json"], &[("DATABASE_URL", url)]);
        for (before, after) in [("'", "'"), ("'''\n", "'''"), ("\"", ""), ("", "")] {
            let project_ = "[project]\nname = 'a'\nbackends = ['postgres']\n";
            project.write("schema.toml", &format!("{project_}[database]\nurl = {before}{url}{after}\nnone = 1\n"));
            for format in ["text", "json", "github"] {
                run(&project, &["check", "--format", format], &[]);
            }
        }
    }
}

#[test]
fn a_broken_dotenv_is_told_by_its_line_alone() {
    let project = Project::blog();
    project.write(".env", "A=1\nDATABASE_URL=postgres://app:Zq 1@h/d\n");
    let text = run(&project, &["info"], &[]);
    assert!(text.contains("cannot read `./.env`, line 2") || text.contains("cannot read `.env`, line 2"), "{text}");
}
