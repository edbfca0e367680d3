//! The command itself: exit codes, severities, formats, backends.

use crate::check::support::Project;

const HEAD: &str = "[project]\nname = \"t\"\nbackends = [\"sqlite\", \"postgres\"]\n";
const TABLE: &str = "[[migration]]\nversion = 1\nname = \"one\"\n[[migration.up]]\ncreate_table = \"t\"\n\
                     columns = { a = \"bigint\", b = { type = \"text\", null = true } }\n";

fn loses() -> String {
    format!(
        "{HEAD}{TABLE}[[migration]]\nversion = 2\nname = \"two\"\nrequires = [\"one\"]\n[[migration.up]]\ndrop_column = \"t.b\"\n"
    )
}

#[test]
fn a_clean_manifest_is_0_and_says_what_was_proved() {
    let ran = Project::of(&format!("{HEAD}{TABLE}")).run(&["check"]);
    assert_eq!(ran.code, 0);
    assert_eq!(
        ran.out,
        "checked 1 migration on sqlite, postgres: 0 errors, 0 warnings\n\
         every order the graph allows leaves the same schema; the way back to 0 was replayed\n"
    );
}

#[test]
fn severities_are_the_manifests_and_the_command_line_wins() {
    let project = Project::of(&loses());
    assert_eq!(project.run(&["check"]).code, 0);
    assert_eq!(project.run(&["check", "--deny", "data-loss"]).code, 3);
    project.write("schema.toml", &format!("{}[checks]\ndata-loss = \"deny\"\n", loses()));
    assert_eq!(project.run(&["check"]).code, 3);
    assert_eq!(
        project.run(&["check", "--format", "json", "--warn", "data-loss"]).codes(Some("warning")),
        ["data-loss"]
    );
    let ran = project.run(&["check", "--format", "json", "--allow", "data-loss"]);
    assert_eq!((ran.code, ran.codes(None)), (0, vec![]));
    let ran = project.run(&["check", "--allow", "unknown-table"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("`unknown-table` is always an error"), "{}", ran.err);
}

#[test]
fn problems_of_the_language_are_2_and_json_is_printed_for_them() {
    for schema in [format!("{HEAD}[[migration]\n"), format!("{HEAD}{TABLE}colour = \"red\"\n")] {
        let ran = Project::of(&schema).run(&["check", "--format", "json"]);
        assert_eq!(ran.code, 2);
        assert_eq!(ran.json()["format_version"], 1);
        assert_eq!(ran.codes(Some("error")).len(), 1, "{}", ran.out);
    }
}

#[test]
fn every_backend_of_the_manifest_is_checked_or_the_one_asked_for() {
    let schema = format!("{HEAD}{TABLE}").replace("\"postgres\"", "\"mysql\"");
    let ran = Project::of(&schema).run(&["check"]);
    assert_eq!(ran.code, 0);
    assert!(ran.out.contains("checked 1 migration on sqlite, mysql: "), "{}", ran.out);
    let ran = Project::of(&schema).run(&["check", "--backend", "mysql"]);
    assert!(ran.out.contains("checked 1 migration on mysql: "), "{}", ran.out);
    assert_eq!(Project::of(&schema).run(&["check", "--backend", "postgres"]).code, 2);
}

#[test]
fn sarif_and_github_are_written_and_formats_of_plans_are_refused() {
    let project = Project::of(&loses());
    let log = project.run(&["check", "--format", "sarif"]).json();
    assert_eq!(log["runs"][0]["results"][0]["ruleId"], "data-loss");
    let ran = project.run(&["check", "--format", "github"]);
    assert!(ran.out.starts_with("::warning file=schema.toml,line=15,endLine=15,col="), "{}", ran.out);
    assert_eq!(project.run(&["check", "--format", "sql"]).code, 2);
    assert_eq!(project.run(&["plan", "--format", "sarif"]).code, 2);
}

#[test]
fn linear_projects_have_no_open_order() {
    let schema = loses().replace("backends", "order = \"linear\"\nbackends").replace("requires = [\"one\"]\n", "");
    let ran = Project::of(&schema).run(&["check", "--format", "json"]);
    assert_eq!((ran.code, ran.codes(None)), (0, vec!["data-loss".to_owned()]));
}

#[test]
fn fix_leaves_every_other_byte_of_node_files_alone() {
    let project = Project::of(HEAD);
    let posts = "# Posts.\r\ndescription = \"posts\"   # why\r\n\r\n[[up]]\r\ncreate_table = \"posts\"\r\ncolumns = { author_id = { type = \"bigint\", references = \"users.id\" } }\r\n";
    let users = "[[up]]\ncreate_table = \"users\"\nprimary_key = [\"id\"]\ncolumns = { id = \"bigint\" }\n";
    let tags = "requires = [\n    'create_posts', # first\n]\n\n[[up]]\nadd_column = \"topics.x\"\ntype = \"text\"\nnull = true\n";
    let topics = "[[up]]\ncreate_table = \"topics\"\ncolumns = { id = \"bigint\" }\n";
    project.write("migrations/1_create_posts.toml", posts);
    project.write("migrations/2_create_users.toml", users);
    project.write("migrations/3_tag_topics.toml", tags);
    project.write("migrations/4_create_topics.toml", topics);
    let ran = project.run(&["check", "--fix", "--allow", "version-inversion"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert_eq!(
        ran.err,
        "wrote into migrations/1_create_posts.toml: `create_posts` requires `create_users`\n\
         wrote into migrations/3_tag_topics.toml: `tag_topics` requires `create_topics`\n"
    );
    assert_eq!(
        project.read("migrations/1_create_posts.toml"),
        posts.replace("# why\r\n", "# why\r\nrequires = [\"create_users\"]\r\n")
    );
    assert_eq!(
        project.read("migrations/3_tag_topics.toml"),
        tags.replace("# first\n", "# first\n    'create_topics',\n")
    );
    assert_eq!(project.read("migrations/2_create_users.toml"), users);
    assert_eq!(project.read("migrations/4_create_topics.toml"), topics);
}

#[test]
fn fix_writes_nothing_where_nothing_is_missing() {
    let project = Project::of(&loses());
    let ran = project.run(&["check", "--fix=all"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(project.read("schema.toml"), loses());
}

#[test]
fn a_run_is_refused_only_for_its_own_plan_and_warns_of_other_orders() {
    let head = format!("{}[database]\nurl = \"sqlite://t.db\"\n", HEAD.replace(", \"postgres\"", ""));
    let index = "[[migration]]\nversion = 2\nname = \"two\"\nrequires = [\"one\"]\n[[migration.up]]\ncreate_index = \"i\"\non = \"t\"\ncolumns = [\"b\"]\n";
    let drop =
        "[[migration]]\nversion = 3\nname = \"three\"\nrequires = [\"one\"]\n[[migration.up]]\ndrop_column = \"t.b\"\n";
    let project = Project::of(&format!("{head}{TABLE}{index}{drop}"));
    assert_eq!(project.run(&["check"]).code, 3);
    let word = "warning: 1 pair of migrations has no order, and breaks in another than this plan's; `dbmigrate check` shows which";
    // Going down, the order is that of the database's own history.
    for (command, warns) in [(["latest"], true), (["reset"], false)] {
        let ran = project.run(&command);
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
        assert_eq!(ran.err.contains(word), warns, "{}", ran.err);
    }
    assert!(!project.run(&["latest", "-q"]).err.contains("warning"));
    // In the order of these versions the plan itself breaks.
    let project = Project::of(&format!("{head}{TABLE}{}{}", index.replace("= 2", "= 4"), drop));
    let ran = project.run(&["latest"]);
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
}
