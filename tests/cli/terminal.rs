//! What a terminal shows: columns that line up, and nothing that text from elsewhere has made it do.

use super::support::Project;

/// Moves up, clears the line, hides, rings, turns round.
const STEERS: &str = "\u{1b}[1A\u{1b}[2K\u{1b}[8m\u{7}\r\u{202e}\u{9b}31m";

/// As TOML writes it.
fn toml() -> String {
    STEERS.chars().fold(String::new(), |text, c| format!("{text}\\u{:04x}", u32::from(c)))
}

fn hostile() -> Project {
    let project = Project::empty();
    let (steers, name) = (toml(), format!("evil{}", toml()));
    project.write(
        "schema.toml",
        &format!(
            "[project]\nname = \"{name}\\nLoses nothing\"\nbackends = [\"sqlite\"]\n[database]\nurl = \"sqlite://a.db\"\n\
             [hooks]\nbefore_latest = \"true {steers}\"\n\
             [[seed]]\ninsert = \"t\\u202e\"\nrows = [{{ a = \"{steers}\" }}]\n"
        ),
    );
    project.write(
        "migrations/1_a.toml",
        &format!(
            "description = \"{steers}\"\n[[up]]\nnote = \"do{steers} it\"\n\
             [[up]]\ncreate_table = \"t\\u202e\"\ncolumns = {{ a = \"text\" }}\n\
             [[up]]\nsql = \"INSERT INTO \\\"t\\u202e\\\" VALUES ('{steers}')\"\ndown = \"DELETE FROM \\\"t\\u202e\\\"\"\n"
        ),
    );
    project.write("migrations/2_b.toml", "requires = [\"a\"]\n[[up]]\nsql = \"SELECT nothing\"\ndown = \"\"\n");
    project
}

/// Text without this program's own colours.
fn without_colors(text: &str) -> String {
    let mut plain = String::new();
    let mut parts = text.split("\u{1b}[");
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (code, rest) = part.split_once('m').unwrap_or(("?", part));
        let own =
            ["0", "1", "2", "32", "33", "1;31"].contains(&code) || code.starts_with("38;5;") || code.starts_with('9');
        plain.push_str(if own { "" } else { "\u{1b}[" });
        plain.push_str(if own { rest } else { part });
    }
    plain
}

#[test]
fn names_notes_and_sql_do_not_steer_the_terminal() {
    let project = hostile();
    for line in [
        "plan",
        "plan reset -v",
        "plan --format markdown",
        "check",
        "graph",
        "info",
        "latest --dry-run",
        "up 1",
        "up 1 -v",
        "seed --dry-run",
        "seed",
        "info",
        "fresh --dry-run",
        "reset --dry-run",
        "reset",
        "check --ledger",
        "latest",
        "check --database-url sqlite://\u{1b}[8m.db",
    ] {
        for color in ["never", "always"] {
            let ran = project.run(&format!("{line} --color {color}"));
            for text in [ran.out, ran.err] {
                let text = if color == "always" { without_colors(&text) } else { text };
                let steers = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
                assert!(!text.contains(steers), "{line}: {text:?}");
                assert!(!text.lines().any(|line| line == "Loses nothing"), "{text}");
            }
        }
    }
}

#[test]
fn what_steers_is_shown_where_it_is() {
    let plan = hostile().run("plan").out;
    let shown = "\\u{1b}[1A\\u{1b}[2K\\u{1b}[8m\\u{7}\\r\\u{202e}\\u{9b}31m";
    assert!(plan.contains(&format!("VALUES ('{shown}')")), "{plan}");
    // A note is set in lines.
    assert!(plan.contains(&format!("note: do{} it", shown.replace("\\r", " "))), "{plan}");
}

#[test]
fn programs_get_text_as_it_is() {
    let project = hostile();
    assert!(project.run("plan --format sql").code(0).out.contains(STEERS));
    assert!(project.run("schema").code(0).out.contains("CREATE TABLE \"t\u{202e}\""));
    assert!(project.run("plan --format json").json().to_string().contains("\\u001b[1A"));
}

#[test]
fn wide_names_line_up() {
    let project = Project::blog();
    project.write("migrations/20260105000000_表の名前.toml", "requires = [\"create_posts\"]\nup = []\n");
    project.write("migrations/20260106000000_cafe\u{301}.toml", "requires = [\"create_posts\"]\nup = []\n");
    project.run("latest").code(0);
    insta::assert_snapshot!(project.run("info").screen());
}
