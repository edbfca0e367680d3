//! Classic mistakes, each as small as it gets; the exhaustive search is a test of its own.

use super::*;
use crate::manifest::{Files, parse};

/// Checks nodes written as `name: requires` with operations, on both backends; gives codes and messages.
fn found(nodes: &str) -> Vec<(Code, Vec<Backend>)> {
    let schema = format!("[project]\nname = \"t\"\nbackends = [\"sqlite\", \"postgres\"]\n{nodes}");
    let loaded = parse(&Files { path: "schema.toml".into(), schema, ..Files::default() });
    assert_eq!(loaded.diagnostics, vec![], "the manifest of a test is right");
    let manifest = loaded.manifest.unwrap();
    let (graph, findings) = Graph::build(&manifest.migrations, manifest.linear);
    let mut by_code: Vec<(Code, Vec<Backend>)> = Vec::new();
    for backend in [Backend::Sqlite, Backend::Postgres] {
        for diagnostic in check(&manifest, &graph, &findings, backend).diagnostics {
            if matches!(diagnostic.code, Code::DataLoss | Code::DownDependsOnRows) {
                // What a migration does to rows is no matter of order.
                continue;
            }
            match by_code.iter_mut().find(|(code, _)| *code == diagnostic.code) {
                Some((_, on)) if !on.contains(&backend) => on.push(backend),
                Some(_) => {}
                None => by_code.push((diagnostic.code, vec![backend])),
            }
        }
    }
    by_code
}

fn node(version: u32, name: &str, requires: &[&str], up: &str) -> String {
    let ups: Vec<String> =
        up.split(';').map(|op| format!("[[migration.up]]\n{}\n", op.trim().replace(" | ", "\n"))).collect();
    format!("[[migration]]\nversion = {version}\nname = \"{name}\"\nrequires = {requires:?}\n{}\n", ups.concat())
}

const BOTH: [Backend; 2] = [Backend::Sqlite, Backend::Postgres];

fn base() -> String {
    node(
        1,
        "base",
        &[],
        "create_table = \"users\" | primary_key = [\"id\"] | columns = { id = \"bigint\", email = \"string(80)\" };\
         create_table = \"posts\" | primary_key = [\"id\"] | columns = { id = \"bigint\", author_id = \"bigint\", slug = { type = \"text\", null = true } }",
    )
}

fn pair(first: &str, second: &str) -> Vec<(Code, Vec<Backend>)> {
    found(&[base(), node(2, "a", &["base"], first), node(3, "b", &["base"], second)].concat())
}

#[test]
fn ordered_conflicts_are_clean() {
    let nodes = [
        base(),
        node(2, "a", &["base"], "create_index = \"i\" | on = \"posts\" | columns = [\"slug\"]"),
        node(3, "b", &["a"], "drop_column = \"posts.slug\""),
    ];
    assert_eq!(found(&nodes.concat()), []);
}

#[test]
fn an_index_on_a_column_that_a_branch_drops() {
    let found = pair("create_index = \"i\" | on = \"posts\" | columns = [\"slug\"]", "drop_column = \"posts.slug\"");
    assert_eq!(found, [(Code::UnorderedConflict, BOTH.to_vec())]);
}

#[test]
fn two_branches_adding_one_column() {
    let add = "add_column = \"posts.x\" | type = \"text\" | null = true";
    // One order already fails, and no edge mends that.
    assert!(pair(add, add).iter().any(|(code, _)| *code == Code::AlreadyExists));
}

#[test]
fn two_branches_adding_columns_of_their_own_commute() {
    let add = |name: &str| format!("add_column = \"posts.{name}\" | type = \"bigint\" | default = 0");
    assert_eq!(pair(&add("x"), &add("y")), []);
}

#[test]
fn a_rename_on_one_branch_and_a_use_on_the_other() {
    let found = pair(
        "add_column = \"posts.x\" | type = \"text\" | null = true",
        "rename_table = \"posts\" | to = \"articles\"",
    );
    assert_eq!(found, [(Code::UnorderedConflict, BOTH.to_vec())]);
}

#[test]
fn a_unique_key_and_the_foreign_key_that_needs_it() {
    let found = pair(
        "add_unique = \"users_email\" | on = \"users\" | columns = [\"email\"]",
        "create_table = \"t\" | columns = { email = { type = \"string(80)\", references = \"users.email\" } }",
    );
    assert_eq!(found, [(Code::UnorderedConflict, BOTH.to_vec())]);
}

#[test]
fn key_before_table_is_a_missing_edge() {
    let nodes = [
        node(
            1,
            "posts",
            &[],
            "create_table = \"posts\" | columns = { a = { type = \"bigint\", references = \"users.id\" } }",
        ),
        node(2, "users", &[], "create_table = \"users\" | primary_key = [\"id\"] | columns = { id = \"bigint\" }"),
    ];
    assert_eq!(found(&nodes.concat()), [(Code::UnorderedConflict, BOTH.to_vec())]);
}

#[test]
fn rows_that_may_meet_are_not_proved() {
    let found = pair(
        "insert = \"users\" | key = [\"id\"] | rows = [{ id = 1, email = \"a\" }]",
        "update = \"users\" | set = { email = \"x\" } | down = \"\"",
    );
    assert_eq!(found, [(Code::UnprovenOrder, BOTH.to_vec())]);
}

#[test]
fn a_default_and_an_insert_that_relies_on_it() {
    let found = pair(
        "alter_column = \"posts.slug\" | default = \"x\"",
        "insert = \"posts\" | key = [\"id\"] | rows = [{ id = 1, author_id = 1 }]",
    );
    assert_eq!(found, [(Code::UnprovenOrder, BOTH.to_vec())]);
}

#[test]
fn a_reused_name_is_a_conflict() {
    let found = pair(
        "drop_table = \"posts\"",
        "rename_table = \"users\" | to = \"people\";create_table = \"users\" | columns = { id = \"bigint\" }",
    );
    assert_eq!(found, []);
    let found =
        pair("rename_table = \"users\" | to = \"people\"", "create_table = \"people\" | columns = { id = \"bigint\" }");
    assert!(
        found.iter().any(|(code, _)| *code == Code::AlreadyExists || *code == Code::UnorderedConflict),
        "{found:?}"
    );
}

#[test]
fn an_append_and_a_view_over_all_columns_with_another_between() {
    // Only the last change before a use is not enough: the view requires b, and not a.
    let nodes = [
        base(),
        node(2, "a", &["base"], "add_column = \"posts.x\" | type = \"text\" | null = true"),
        node(3, "b", &["base"], "add_column = \"posts.y\" | type = \"text\" | null = true"),
        node(4, "v", &["b"], "sql = \"CREATE VIEW v AS SELECT * FROM posts\" | down = \"DROP VIEW v\""),
    ];
    assert_eq!(found(&nodes.concat()), [(Code::UnprovenOrder, BOTH.to_vec())]);
}

#[test]
fn an_insert_by_place_after_columns_added_in_any_order() {
    let add = |name: &str| format!("add_column = \"posts.{name}\" | type = \"text\" | null = true");
    let insert = |values: &str| format!("sql = \"INSERT INTO posts VALUES ({values})\" | down = \"DELETE FROM posts\"");
    let nodes = |values: &str| {
        [
            base(),
            node(2, "a", &["base"], &add("x")),
            node(3, "b", &["base"], &add("y")),
            node(4, "i", &["a", "b"], &insert(values)),
        ]
        .concat()
    };
    assert_eq!(found(&nodes("1, 1, 's', 'x', 'y'")), [(Code::UnprovenOrder, BOTH.to_vec())]);
    assert_eq!(on_postgres(found(&nodes("1, 1, 's', 'x', 'y', 'z'")))[..1], [Code::TypeMismatch]);
}

#[test]
fn a_down_that_fails_in_the_chain() {
    let nodes = [
        base(),
        node(2, "a", &["base"], "create_table = \"t\" | columns = { id = \"bigint\" }"),
        "[[migration]]\nversion = 3\nname = \"b\"\nrequires = [\"a\"]\n[[migration.up]]\nadd_column = \"t.x\"\ntype = \"text\"\nnull = true\n[[migration.down]]\ndrop_column = \"t.y\"\n".to_owned(),
    ];
    assert_eq!(found(&nodes.concat()), [(Code::UnknownColumn, BOTH.to_vec())]);
}

fn on_postgres(found: Vec<(Code, Vec<Backend>)>) -> Vec<Code> {
    found.into_iter().filter(|(_, on)| on.contains(&Backend::Postgres)).map(|(code, _)| code).collect()
}

/// Nodes that each require the one before.
fn chain(ups: &[&str]) -> Vec<Code> {
    let mut nodes = vec![base()];
    let mut before = "base".to_owned();
    for (at, up) in ups.iter().enumerate() {
        let version = u32::try_from(at).unwrap() + 2;
        let name = format!("n{version}");
        nodes.push(node(version, &name, &[&before], up));
        before = name;
    }
    on_postgres(found(&nodes.concat()))
}

const TO_NUMBER: &str =
    "alter_column = \"posts.slug\" | type = \"integer\" | using = \"length(slug)\" | using_down = \"slug::text\"";

#[test]
fn an_expression_over_a_type_that_it_makes_no_sense_of() {
    let check = "add_check = \"c\" | on = \"posts\" | expr = \"length(slug) > 0\"";
    assert_eq!(chain(&[check]), []);
    assert_eq!(chain(&[TO_NUMBER, check]), [Code::TypeMismatch]);
    assert_eq!(
        chain(&[TO_NUMBER, "create_index = \"i\" | on = \"posts\" | columns = [{ expr = \"lower(slug)\" }]"]),
        [Code::TypeMismatch]
    );
    // In this order it is a change of the type under a check, and PostgreSQL may write casts into that.
    assert_eq!(chain(&[check, TO_NUMBER]), [Code::TypeMismatch]);
    assert_eq!(chain(&["add_check = \"c\" | on = \"posts\" | expr = \"slug IS NOT NULL\"", TO_NUMBER]), []);
    assert_eq!(chain(&[check, "alter_column = \"posts.slug\" | type = \"string(80)\""]), []);
    // Unordered, one order breaks.
    assert!(on_postgres(pair(check, TO_NUMBER)).contains(&Code::UnorderedConflict));
}

#[test]
fn a_change_that_finds_nothing_to_do_uses_what_it_finds() {
    let again = "drop_table = \"posts\";create_table = \"posts\" | columns = { id = \"bigint\", slug = \"text\" }";
    let fill = "alter_column = \"posts.slug\" | null = false | fill = \"s\"";
    // After the table was made anew there is nothing to fill; after it is gone, nothing to find.
    let nodes = [
        base(),
        node(2, "a", &["base"], again),
        node(3, "b", &["base"], fill),
        node(4, "c", &["a"], "rename_table = \"posts\" | to = \"x\""),
    ];
    assert!(on_postgres(found(&nodes.concat())).contains(&Code::UnorderedConflict));
}

#[test]
fn a_foreign_key_is_bound_to_the_oldest_key() {
    let index = "create_index = \"j\" | on = \"users\" | columns = [\"id\"] | unique = true";
    let key = "add_foreign_key = \"k\" | on = \"posts\" | columns = [\"author_id\"] | references = \"users.id\"";
    let primary = "drop_primary_key = \"users\"";
    assert_eq!(chain(&[index, key, "drop_index = \"j\" | on = \"users\""]), []);
    assert_eq!(chain(&[index, key, primary]), [Code::StillReferenced]);
    assert_eq!(chain(&[key, index, primary]), [Code::StillReferenced]);
    assert_eq!(chain(&[index, primary, key]), []);
    // A key that is made anew is the youngest: on the way down `k` is bound to `j`, which cannot go then.
    let again = format!("drop_foreign_key = \"k\" | on = \"posts\";{primary};{key}");
    assert_eq!(chain(&[key, index, &again]), [Code::DownFails]);
}

#[test]
fn a_change_of_type_makes_keys_anew() {
    let index = "create_index = \"j\" | on = \"users\" | columns = [\"email\"] | unique = true";
    let unique = "add_unique = \"u\" | on = \"users\" | columns = [\"email\"]";
    let key = "create_table = \"t\" | columns = { e = { type = \"string(80)\", references = \"users.email\" } }";
    let longer = "alter_column = \"users.email\" | type = \"string(90)\"";
    assert_eq!(chain(&[index, unique, key, "drop_unique = \"u\" | on = \"users\""]), []);
    assert_eq!(chain(&[index, unique, key, longer, "drop_unique = \"u\" | on = \"users\""]), [Code::StillReferenced]);
}

#[test]
fn a_trigger_needs_the_columns_that_it_names() {
    let trigger = |of: &str| {
        format!(
            "sql = {{ postgres = \"CREATE TRIGGER g BEFORE {of} ON posts FOR EACH ROW EXECUTE FUNCTION f()\", sqlite = \"SELECT 1\" }} \
             | down = {{ postgres = \"DROP TRIGGER g ON posts\", sqlite = \"SELECT 1\" }}"
        )
    };
    let (of, when) = (trigger("UPDATE OF slug"), trigger("UPDATE"));
    let drop = "drop_column = \"posts.slug\"";
    assert_eq!(chain(&[&of]), []);
    assert_eq!(chain(&[&of, drop]), [Code::StillReferenced]);
    assert!(chain(&[drop, &of]).contains(&Code::UnknownColumn));
    assert_eq!(chain(&[&when, drop]), []);
    assert_eq!(chain(&[&of, TO_NUMBER]), [Code::StillReferenced]);
    // Its name and its table.
    assert!(chain(&[&of, &when]).contains(&Code::AlreadyExists));
    assert!(chain(&["rename_table = \"posts\" | to = \"p\"", &of]).contains(&Code::UnknownTable));
}
