//! `docs/start.md` and `docs/operating.md` as a person types them: their files are written, its commands are run in a folder of their own, and print
//! what stands below them. `scripts/generate` writes what they print.

use std::path::Path;
use std::process::Command;

use crate::generated;

/// A page cut at its fences: what is between them, in turn words and blocks.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut block: Option<(String, String)> = None;
    for line in page.lines() {
        match (&mut block, line.strip_prefix("```")) {
            (None, Some(info)) => block = Some((info.to_owned(), String::new())),
            (Some(_), Some("")) => blocks.extend(block.take()),
            (Some((_, text)), _) => text.push_str(&format!("{line}\n")),
            (None, None) => {}
        }
    }
    assert_eq!(block, None, "a block is not closed");
    blocks
}

/// What is another each time: durations, and dates with their times.
fn steady(text: &str) -> String {
    let words = |line: &str| {
        // A shorter duration is moved by a space.
        let timed = [" ms", " s."].iter().any(|unit| line.contains(unit));
        let mut words: Vec<&str> =
            if timed { line.split_whitespace().collect() } else { line.trim_end().split(' ').collect() };
        for at in 0..words.len() {
            let number = words[at].trim_start_matches('<').chars().all(|c| c.is_ascii_digit());
            if number && words.get(at + 1).is_some_and(|unit| ["ms", "ms.", "s", "s."].contains(unit)) {
                words[at] = "N";
            }
            if words[at].len() == 10 && words[at].starts_with("20") && words[at].as_bytes()[4] == b'-' {
                words[at] = "DAY";
                if let Some(time) = words.get_mut(at + 1) {
                    *time = "TIME";
                }
            }
        }
        words.join(" ")
    };
    text.lines().map(words).collect::<Vec<_>>().join("\n")
}

/// Runs a block's commands in a folder, and gives the block as it should stand.
fn console(block: &str, folder: &Path) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_dbmigrate")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let mut seen = String::new();
    for command in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
        // One stream, so that words and errors stand in the order in which they came.
        let output = Command::new("sh")
            .args(["-c", &format!("{{ {command}; }} 2>&1")])
            .current_dir(folder)
            .env("PATH", &path)
            .env("NO_COLOR", "1")
            .env("COLUMNS", "80")
            .env_remove("DATABASE_URL")
            .env_remove("DBMIGRATE_ENV")
            .output()
            .unwrap();
        seen.push_str(&format!("$ {command}\n{}", String::from_utf8(output.stdout).unwrap()));
        if !seen.ends_with('\n') {
            seen.push('\n');
        }
    }
    seen
}

#[test]
fn the_first_five_minutes_are_as_generated() {
    // The project is called after the folder.
    goes_as_it_is_told("start.md", "blog", 8);
}

#[test]
fn the_page_of_operating_it_is_as_generated() {
    goes_as_it_is_told("operating.md", "shop", 8);
}

/// A page with at least so many commands, in a folder of that name.
fn goes_as_it_is_told(name: &str, folder: &str, least: usize) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    let mut page = std::fs::read_to_string(&path).unwrap();
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(folder);
    std::fs::create_dir_all(folder.join("migrations")).unwrap();
    if name == "start.md" {
        // It begins with nothing.
        std::fs::remove_dir(folder.join("migrations")).unwrap();
    }
    let mut commands = 0;
    for (info, block) in blocks(&page.clone()) {
        match info.split_once(' ') {
            Some(("toml", file)) => std::fs::write(folder.join(file), &block).unwrap(),
            _ => {
                assert_eq!(info, "console");
                let seen = console(&block, &folder);
                commands += seen.matches("$ dbmigrate").count();
                if generated::is_writing() && steady(&seen) != steady(&block) {
                    page = page.replacen(&block, &seen, 1);
                    std::fs::write(&path, &page).unwrap();
                } else {
                    assert_eq!(steady(&seen), steady(&block), "docs/{name} is stale: run scripts/generate");
                }
            }
        }
    }
    assert!(commands >= least, "{commands}");
}

/// The pages that the book points to are there.
#[test]
fn every_link_between_the_documents_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = [
        "README.md",
        "docs/start.md",
        "docs/operating.md",
        "docs/reference.md",
        "docs/wheels.md",
        "docs/mysql.md",
        "docs/check.md",
        "docs/SUMMARY.md",
    ];
    let mut links = 0;
    for page in pages {
        let text = std::fs::read_to_string(root.join(page)).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            assert!(root.join(page).parent().unwrap().join(file).exists(), "{page} points to {link}");
            links += 1;
        }
    }
    assert!(links > 20, "{links}");
}

/// What stands before the commands.
const COMMANDS: &str = "\
# The commands

Generated from the program's help. `dbmigrate help COMMAND` says the same at a terminal, `dbmigrate man` makes a manual page of
it, and `dbmigrate completions SHELL` completes it.

Results go to standard output, everything else to standard error. With `--format json` the result is one document.

| exit code | means |
|--:|---|
| 0 | done |
| 1 | a statement failed, or another error while running |
| 2 | wrong usage, or the manifest cannot be read |
| 3 | `check` or the plan found errors |
| 4 | refused for safety; the message says how to override it |
| 5 | the database cannot be reached, or is locked |

";

fn help(of: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_dbmigrate"))
        .args(of)
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .env_remove("DBMIGRATE_ENV")
        .output()
        .unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_commands_are_generated() {
    let all = help(&["--help"]);
    let listed = all.split("\nCommands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let names: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|name| !name.is_empty() && *name != "help")
        .collect();
    assert!(names.len() > 12, "{names:?}");
    let mut page = format!("{COMMANDS}```text\n{}\n```\n", all.trim_end());
    for name in names {
        let text = help(&[name, "--help"]);
        // The global options stand above.
        let own = text.split("\nGlobal options:").next().unwrap();
        let after = text.split("\nExamples:").nth(1).map(|rest| format!("\nExamples:{rest}")).unwrap_or_default();
        page.push_str(
            &format!("\n## {name}\n\n```text\n{}\n{}\n```\n", own.trim_end(), after.trim_end())
                .replace("\n\n```\n", "\n```\n"),
        );
    }
    generated::holds("docs/commands.md", &page);
}
