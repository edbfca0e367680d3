//! `init` and `create`: files to start from, and nothing written over.

use crate::cli::support::Project;

fn migrations(project: &Project) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(project.path("migrations"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Does what a person does with a template: takes the comment signs of its operation away.
fn fill_in(project: &Project, name: &str) {
    let path = format!("migrations/{name}");
    let text = project.read(&path);
    let (head, operation) = text.split_once("[[up]]\n").unwrap();
    let operation: String =
        operation.lines().map(|line| line.trim_start_matches("# ").trim_start_matches('#').to_owned() + "\n").collect();
    project.write(&path, &format!("{head}[[up]]\n{operation}"));
}

#[test]
fn from_nothing_to_a_database() {
    let project = Project::empty();
    insta::assert_snapshot!("init", project.run("init shop").screen());
    insta::assert_snapshot!("manifest", project.read("schema.toml"));
    assert!(project.read(".gitignore").contains("/shop.db\n"));
    project.run("info").code(0);
    let created = project.run("create create_posts");
    created.code(0);
    let name = migrations(&project).remove(0);
    assert_eq!(
        created.out,
        format!("Wrote ./migrations/{name}\n").replace("./", if created.out.contains("./") { "./" } else { "" })
    );
    insta::assert_snapshot!("node", project.read(&format!("migrations/{name}")));
    project.run("latest").code(2);
    fill_in(&project, &name);
    project.run("latest").code(0);
    project.run("create add_slug_to_posts").code(0);
    let second = migrations(&project).pop().unwrap();
    assert!(project.read(&format!("migrations/{second}")).contains("requires = [\"create_posts\"]"));
    fill_in(&project, &second);
    project.run("latest").code(0);
    project.run("reset").code(0);
    assert_eq!(project.tables("shop.db"), Vec::<String>::new());
}

#[test]
fn nothing_is_written_over() {
    let project = Project::blog();
    let before = project.read("schema.toml");
    insta::assert_snapshot!("init_again", project.run("init").screen());
    assert_eq!(project.read("schema.toml"), before);
    assert!(!project.has(".gitignore"));
    insta::assert_snapshot!("taken", project.run("create create_users").screen());
    assert_eq!(migrations(&project).len(), 4);
}

#[test]
fn lines_of_a_gitignore_stay() {
    let project = Project::empty();
    project.write(".gitignore", "/target\n.env");
    project.run("init shop").code(0);
    let text = project.read(".gitignore");
    assert!(text.starts_with("/target\n.env\n/shop.db\n"), "{text}");
    assert_eq!(text.matches(".env").count(), 1);
}

#[test]
fn names_that_are_no_names_are_refused() {
    let project = Project::blog();
    for name in ["2026", "../x", "a/b", "a.b"] {
        project.run(&format!("create {name}")).code(2);
    }
    assert_eq!(migrations(&project).len(), 4);
}

#[test]
fn versions_grow_even_within_a_second() {
    let project = Project::empty();
    project.run("init shop").code(0);
    project.run("create create_a").code(0);
    fill_in(&project, &migrations(&project)[0]);
    project.run("create create_b").code(0);
    let names = migrations(&project);
    assert_eq!(names.len(), 2);
    assert!(names[0].ends_with("create_a.toml") && names[1].ends_with("create_b.toml"), "{names:?}");
}
