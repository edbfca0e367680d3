//! What is written for people and programs around the command line: the graph, completions, manual pages.

use crate::cli::support::{MANIFEST, Project};

#[test]
fn the_graph_is_drawn() {
    insta::assert_snapshot!(Project::blog().run("graph").screen());
}

#[test]
fn the_graph_for_programs() {
    let json = Project::blog().run("graph --format json").code(0).json();
    let migrations = json["migrations"].as_array().unwrap();
    assert_eq!(json["format_version"], 1);
    assert!(migrations.iter().all(|migration| migration["version"].is_string() && migration["requires"].is_array()));
    let dot = Project::blog().run("graph --format dot");
    assert!(dot.code(0).out.starts_with("digraph \"blog\" {"), "{}", dot.out);
    let edges = dot.out.lines().filter(|line| line.contains(" -> ")).count();
    let mermaid = Project::blog().run("graph --format mermaid");
    assert_eq!(mermaid.code(0).out.lines().filter(|line| line.contains(" --> ")).count(), edges);
    let required = migrations.iter().map(|migration| migration["requires"].as_array().unwrap().len()).sum::<usize>();
    assert_eq!(required, edges);
}

#[test]
fn a_circle_has_no_order_to_be_drawn_in() {
    let project = Project::empty();
    project.write("schema.toml", MANIFEST);
    for (name, requires) in [("1_a.toml", "b"), ("2_b.toml", "a")] {
        let text = format!("requires = [\"{requires}\"]\n[[up]]\nnote = \"nothing\"\n");
        project.write(&format!("migrations/{name}"), &text);
    }
    insta::assert_snapshot!(project.run("graph").screen());
    let mermaid = project.run("graph --format mermaid");
    assert!(mermaid.code(3).out.contains("v1 --> v2") && mermaid.out.contains("v2 --> v1"), "{}", mermaid.out);
}

#[test]
fn a_format_of_other_commands_is_usage() {
    let ran = Project::blog().run("graph --format sarif");
    assert!(ran.code(2).err.contains("`--format sarif` is for `check`, and not for `graph`"), "{}", ran.err);
    let ran = Project::blog().run("info --format dot");
    assert!(ran.code(2).err.contains("`--format dot` is for `graph`, and not for `info`"), "{}", ran.err);
}

#[test]
fn every_shell_has_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = Project::empty().run(&format!("completions {shell}"));
        for word in ["dbmigrate", "reset", "latest", "lock-timeout"] {
            assert!(ran.code(0).out.contains(word), "{shell}: {word}");
        }
    }
    Project::empty().run("completions tcsh").code(2);
}

#[test]
fn bash_reads_its_completions() {
    let project = Project::empty();
    project.write("completions.bash", &project.run("completions bash").code(0).out);
    let script = "source completions.bash; COMP_WORDS=(dbmigrate res); COMP_CWORD=1; _dbmigrate dbmigrate res dbmigrate; echo \"${COMPREPLY[*]}\"";
    let done = std::process::Command::new("bash").args(["-c", script]).current_dir(project.path("")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&done.stdout), "reset resolve\n", "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn every_command_has_a_manual_page() {
    let project = Project::empty();
    let whole = project.run("man").code(0).out.clone();
    assert!(whole.starts_with(".ie") && whole.contains(".TH dbmigrate 1"), "{whole}");
    let help = project.run("--help").code(0).out.clone();
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands: Vec<&str> = commands
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|word| !word.is_empty())
        .collect();
    assert!(commands.len() > 15, "{help}");
    for command in commands {
        let page = project.run(&format!("man {command}")).code(0).out.clone();
        assert!(
            page.contains(&format!(".TH dbmigrate\\-{command} 1"))
                || page.contains(&format!(".TH dbmigrate-{command} 1")),
            "{page}"
        );
    }
    let none = project.run("man nothing");
    assert!(none.code(2).err.contains("there is no command `nothing`"), "{}", none.err);
}
