//! What a way down leaves behind at version 0: of each kind of object, the plan of a reset says so, and the check does.

use crate::cli::support::Project;

/// Something of each kind, as it is made.
const MADE: [(&str, &str); 6] = [
    ("table t", "create_table = \"t\"\ncolumns = { a = \"integer\" }"),
    ("view v", "create_view = \"v\"\nselect = \"SELECT 1 AS one\""),
    ("enum mood", "create_enum = \"mood\"\nvalues = [\"sad\", \"glad\"]"),
    ("schema shop", "create_schema = \"shop\""),
    ("extension citext", "create_extension = \"citext\""),
    (
        "function f()",
        "create_function = \"f()\"\ndefinition = \"CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'\"",
    ),
];

#[test]
fn of_each_kind_the_check_and_the_plan_of_a_reset_say_that_it_is_left() {
    for (left, made) in MADE {
        let project = Project::empty();
        let text = format!(
            "[project]\nname = \"left\"\nbackends = [\"postgres\"]\n\n[[migration]]\nversion = 1\nname = \"base\"\n\n\
             [[migration.up]]\n{made}\n\n[[migration.down]]\nnote = \"nothing\"\n"
        );
        project.write("schema.toml", &text);
        for command in ["check", "plan reset"] {
            let screen = project.run(command).code(3).screen();
            assert!(screen.contains(&format!("{left} still exists at version 0")), "{command}: {screen}");
        }
    }
}

#[test]
fn a_trigger_is_left_beside_its_table() {
    let project = Project::empty();
    let trigger = "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END";
    let text = format!(
        "[project]\nname = \"left\"\nbackends = [\"sqlite\"]\n\n[[migration]]\nversion = 1\nname = \"base\"\n\n[[migration.up]]\n\
         create_table = \"t\"\ncolumns = {{ a = \"integer\" }}\n\n[[migration.up]]\ncreate_trigger = \"g\"\non = \"t\"\n\
         definition = \"{trigger}\"\n\n[[migration.down]]\nnote = \"nothing\"\n"
    );
    project.write("schema.toml", &text);
    for command in ["check", "plan reset"] {
        let screen = project.run(command).code(3).screen();
        assert!(screen.contains("trigger g on t still exists at version 0"), "{command}: {screen}");
        assert!(screen.contains("table t still exists at version 0"), "{command}: {screen}");
    }
}
