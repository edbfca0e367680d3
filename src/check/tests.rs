//! (Long: a list of cases.)
//! Classic mistakes, each as small as it gets; the exhaustive search is a test of its own.

use super::*;
use crate::manifest::{Files, parse};

/// Checks nodes written as `name: requires` with operations, on both backends.
fn diagnostics(nodes: &str) -> Vec<(Backend, Diagnostic)> {
    let schema = format!("[project]\nname = \"t\"\nbackends = [\"sqlite\", \"postgres\"]\n{nodes}");
    let loaded = parse(&Files { path: "schema.toml".into(), schema, ..Files::default() });
    assert_eq!(loaded.diagnostics, vec![], "the manifest of a test is right");
    let manifest = loaded.manifest.unwrap();
    let (graph, findings) = Graph::build(&manifest.migrations, manifest.linear);
    let of = |backend| check(&manifest, &graph, &findings, backend).diagnostics.into_iter().map(move |d| (backend, d));
    BOTH.into_iter().flat_map(of).collect()
}

/// Their codes, and the backends they are found on.
fn found(nodes: &str) -> Vec<(Code, Vec<Backend>)> {
    let mut by_code: Vec<(Code, Vec<Backend>)> = Vec::new();
    for (backend, diagnostic) in diagnostics(nodes) {
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
    by_code
}

pub(super) fn node(version: u32, name: &str, requires: &[&str], up: &str) -> String {
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

/// A key of a table to itself needs what any key needs: its columns, those it points to, and what makes them unique.
#[test]
fn a_key_of_a_table_to_itself_and_what_it_stands_on() {
    let base = "create_table = \"t\" | primary_key = [\"id\"] | columns = { id = \"bigint\", a = { type = \"bigint\", null = true }, b = { type = \"bigint\", null = true } }";
    let unique = "add_unique = \"u\" | on = \"t\" | columns = [\"b\"]";
    let key = "add_foreign_key = \"k\" | on = \"t\" | columns = [\"a\"] | references = \"t.b\"";
    let column = "add_column = \"t.c\" | type = \"bigint\" | null = true | references = \"t.b\"";
    let pair = |before: &str, first: &str, second: &str| {
        let nodes = [node(1, "base", &[], before), node(2, "a", &["base"], first), node(3, "b", &["base"], second)];
        found(&nodes.concat())
    };
    let conflict = [(Code::UnorderedConflict, BOTH.to_vec())];
    let with = [base, unique].join(";");
    let renamed = "rename_column = \"t.b\" | to = \"d\"";
    assert_eq!(pair(&with, key, renamed), conflict);
    assert_eq!(pair(&with, column, renamed), conflict);
    for made in [unique, "create_index = \"i\" | on = \"t\" | columns = [\"b\"] | unique = true"] {
        assert_eq!(pair(base, made, key), conflict, "{made}");
        assert_eq!(pair(base, made, column), conflict, "{made}");
    }
    let (all, freed) = ([base, unique, key].join(";"), "drop_unique = \"u\" | on = \"t\"");
    for frees in ["drop_foreign_key = \"k\" | on = \"t\"", "drop_column = \"t.a\""] {
        assert_eq!(pair(&all, frees, freed), conflict, "{frees}");
    }
}

/// A row needs the one that its key points to, in its own table too; one whose key is NULL needs none.
#[test]
fn rows_of_a_table_with_a_key_to_itself() {
    let base = "create_table = \"t\" | primary_key = [\"id\"] | columns = { id = \"bigint\", up = { type = \"bigint\", null = true, references = \"t.id\" } }";
    let pair = |first: &str, second: &str| {
        let nodes = [node(1, "base", &[], base), node(2, "a", &["base"], first), node(3, "b", &["base"], second)];
        found(&nodes.concat())
    };
    let insert = |row: &str| format!("sql = \"INSERT INTO t {row}\" | down = \"\"");
    let unproven = [(Code::UnprovenOrder, BOTH.to_vec())];
    let root = insert("(id) VALUES (1)");
    assert_eq!(pair(&root, &insert("(id, up) VALUES (2, 1)")), unproven);
    assert_eq!(pair(&root, &insert("VALUES (2, 1)")), unproven);
    assert_eq!(pair(&root, "insert = \"t\" | rows = [{ id = 2, up = 1 }]"), unproven);
    assert_eq!(pair(&root, &insert("(id) VALUES (2)")), []);
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
    // SQLite reads what there is; PostgreSQL keeps the list of when the view was made.
    let wanted = [(Code::UnprovenOrder, vec![Backend::Sqlite]), (Code::UnorderedConflict, vec![Backend::Postgres])];
    assert_eq!(found(&nodes.concat()), wanted);
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
    assert_eq!(found(&nodes.concat()), [(Code::DownFails, BOTH.to_vec())]);
}

#[test]
fn a_down_that_a_later_node_broke_names_that_node() {
    let nodes = [
        base(),
        node(
            2,
            "a",
            &["base"],
            "sql = \"ALTER TABLE posts ADD COLUMN x TEXT\" | down = \"ALTER TABLE posts DROP COLUMN x\"",
        ),
        node(3, "b", &["a"], "rename_column = \"posts.x\" | to = \"y\"") + "[[migration.down]]\nnote = \"left\"\n",
        node(4, "c", &["b"], "note = \"nothing\""),
    ];
    for (_, failed) in diagnostics(&nodes.concat()).into_iter().filter(|(_, found)| found.code == Code::DownFails) {
        assert_eq!((failed.migration.as_deref(), failed.related.as_slice()), (Some("a"), &["b".to_owned()][..]));
        let texts: Vec<&str> = failed.labels.iter().map(|label| label.text.as_str()).collect();
        assert_eq!(texts, ["fails here", "`b` renames posts.x"]);
    }
    assert_eq!(found(&nodes.concat()), [(Code::DownFails, BOTH.to_vec()), (Code::DownDoesNotRestore, BOTH.to_vec())]);
}

#[test]
fn a_parent_dropped_before_its_child_on_the_way_down() {
    let two = |down: &str| {
        node(
            1,
            "both",
            &[],
            "create_table = \"p\" | primary_key = [\"id\"] | columns = { id = \"bigint\" };\
             create_table = \"c\" | columns = { p_id = { type = \"bigint\", references = \"p.id\" } }",
        ) + down
    };
    // SQLite drops the parent where no row of the child needs it.
    for down in [
        "[[migration.down]]\ndrop_table = \"p\"\n[[migration.down]]\ndrop_table = \"c\"\n",
        "[[migration.down]]\nsql = [\"DROP TABLE p\", \"DROP TABLE c\"]\n",
    ] {
        let codes: Vec<_> = diagnostics(&two(down)).into_iter().map(|(backend, found)| (backend, found.code)).collect();
        assert_eq!(codes, [(Backend::Sqlite, Code::DownDependsOnRows), (Backend::Postgres, Code::DownFails)], "{down}");
    }
    // The other way round there is nothing to say, and one statement that drops both is told nothing about.
    let right = "[[migration.down]]\ndrop_table = \"c\"\n[[migration.down]]\ndrop_table = \"p\"\n";
    assert_eq!(diagnostics(&two(right)), []);
}

#[test]
fn a_key_to_a_table_that_is_gone_stays_a_key_on_sqlite() {
    // The table is made anew by hand. The key's own way down still finds the key; the table's does not find
    // the table that it knows.
    let nodes = [
        base(),
        node(
            2,
            "a",
            &["base"],
            "add_foreign_key = \"k\" | on = \"posts\" | columns = [\"author_id\"] | references = \"users.id\"",
        ),
        node(
            3,
            "b",
            &["a"],
            "sql = [\"CREATE TABLE users_new (id BIGINT PRIMARY KEY, email VARCHAR(80))\", \"DROP TABLE users\", \"ALTER TABLE users_new RENAME TO users\"] | down = \"\"",
        ),
    ];
    let all = diagnostics(&nodes.concat());
    let on_sqlite = all.iter().filter(|(backend, found)| *backend == Backend::Sqlite && found.is_error());
    let told: Vec<_> = on_sqlite.map(|(_, found)| (found.code, found.migration.as_deref(), &found.related)).collect();
    assert_eq!(told, [(Code::DownFails, Some("base"), &vec!["b".to_owned()])]);
}

#[test]
fn a_trigger_and_the_function_it_calls() {
    let function = "sql = \"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'\" | down = \"DROP FUNCTION f()\" | backends = [\"postgres\"]";
    let trigger = "sql = \"CREATE TRIGGER t AFTER INSERT ON posts FOR EACH ROW EXECUTE FUNCTION f()\" | down = \"DROP TRIGGER t ON posts\" | backends = [\"postgres\"]";
    let ordered = [base(), node(2, "a", &["base"], function), node(3, "b", &["a"], trigger)];
    assert_eq!(found(&ordered.concat()), []);
    let on = |codes: &[Code]| codes.iter().map(|code| (*code, vec![Backend::Postgres])).collect::<Vec<_>>();
    assert_eq!(pair(function, trigger), on(&[Code::UnprovenOrder]));
    // A function that nobody drops is left.
    let left = function.replace("DROP FUNCTION f()", "");
    let codes = found(&[base(), node(2, "a", &["base"], &left)].concat());
    assert_eq!(codes, on(&[Code::LeftAtZero]));
    // In the other order the trigger is met first, and what it calls is not known.
    assert!(pair(trigger, function).starts_with(&on(&[Code::UnprovenOrder, Code::OpaqueSql])));
    let default = "add_column = \"posts.x\" | type = \"bigint\" | default = { expr = \"f()\" }";
    assert!(pair(default, function).contains(&(Code::UnprovenOrder, vec![Backend::Postgres])));
}

#[test]
fn functions_and_triggers_as_operations() {
    let on = |codes: &[Code]| codes.iter().map(|code| (*code, vec![Backend::Postgres])).collect::<Vec<_>>();
    let function = "create_function = \"f()\" | definition = \"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'DECLARE n int := 1\\u003B BEGIN END'\" | backends = [\"postgres\"]";
    let trigger = "create_trigger = \"t\" | on = \"posts\" | definition = \"CREATE TRIGGER t AFTER INSERT ON posts FOR EACH ROW EXECUTE FUNCTION f()\" | backends = [\"postgres\"]";
    let ordered = [base(), node(2, "a", &["base"], function), node(3, "b", &["a"], trigger)];
    assert_eq!(found(&ordered.concat()), []);
    assert_eq!(pair(function, trigger), on(&[Code::UnprovenOrder]));
    // Dropped while the trigger stands; and behind it, which needs its order.
    let dropped = "drop_function = \"f()\" | backends = [\"postgres\"]";
    let early = [ordered.concat(), node(4, "c", &["b"], dropped)].concat();
    assert_eq!(found(&early), on(&[Code::StillReferenced]));
    let gone = "drop_trigger = \"t\" | on = \"posts\" | backends = [\"postgres\"]";
    let late = [ordered.concat(), node(4, "c", &["b"], gone), node(5, "d", &["b"], dropped)].concat();
    assert_eq!(found(&late), on(&[Code::UnorderedConflict]));
    let late = [ordered.concat(), node(4, "c", &["b"], gone), node(5, "d", &["c"], dropped)].concat();
    assert_eq!(found(&late), []);
    // Another of the same name may stand beside it, and neither in its place.
    let other = function.replace("f()", "f(text)");
    assert_eq!(found(&[base(), node(2, "a", &["base"], function), node(3, "b", &["a"], &other)].concat()), []);
    let twice = found(&[base(), node(2, "a", &["base"], function), node(3, "b", &["a"], function)].concat());
    assert_eq!(twice, on(&[Code::AlreadyExists]));
    // What is not of a body's language is for its author to say.
    let sql = "create_function = \"g()\" | definition = \"CREATE FUNCTION g() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM posts'\" | backends = [\"postgres\"]";
    assert_eq!(found(&[base(), node(2, "a", &["base"], sql)].concat()), on(&[Code::OpaqueSql]));
    let said = format!("{sql} | reads = [\"posts\"]");
    assert_eq!(found(&[base(), node(2, "a", &["base"], &said)].concat()), []);
    // It is looked into when it is made, and made again.
    let renamed = "rename_table = \"posts\" | to = \"texts\"";
    let under = found(&[base(), node(2, "a", &["base"], &said), node(3, "b", &["a"], renamed)].concat());
    assert_eq!(under, on(&[Code::RenameUnderOpaque]));
    // A trigger of a function that nothing makes; and a view's own triggers, which go with it and come back.
    assert_eq!(found(&[base(), node(2, "a", &["base"], trigger)].concat()), on(&[Code::UnknownTable]));
    let view = "create_view = \"v\" | select = \"SELECT id FROM posts\"";
    let instead = "create_trigger = \"i\" | on = \"v\" | definition = \"CREATE TRIGGER i INSTEAD OF DELETE ON v BEGIN DELETE FROM posts WHERE id = OLD.id\\u003B END\" | backends = [\"sqlite\"]";
    let nodes = [base(), node(2, "a", &["base"], view), node(3, "b", &["a"], instead)];
    for last in ["drop_view = \"v\"", "replace_view = \"v\" | select = \"SELECT id, slug FROM posts\""] {
        assert_eq!(found(&[nodes.concat(), node(4, "c", &["b"], last)].concat()), []);
    }
}

#[test]
fn enums_have_their_order() {
    let of = |code: Code| vec![(code, BOTH.to_vec())];
    let made = node(2, "made", &["base"], "create_enum = \"mood\" | values = [\"a\", \"b\"]");
    let with = |rest: &[String]| found(&[base(), made.clone(), rest.concat()].concat());
    let column = "add_column = \"posts.mood\" | type = \"enum(mood)\" | null = true";
    let altered = "alter_enum = \"mood\" | add = \"c\"";
    assert_eq!(with(&[node(3, "c", &["made"], column)]), []);
    // A column of an enum is there before its values change, or comes after.
    let pair = with(&[node(3, "c", &["made"], column), node(4, "d", &["made"], altered)]);
    assert_eq!(pair, of(Code::UnprovenOrder));
    assert_eq!(with(&[node(3, "d", &["made"], altered), node(4, "c", &["d"], column)]), []);
    // What uses a value needs it; what takes an enum away needs it free.
    let uses = "add_column = \"posts.mood\" | type = \"enum(mood)\" | default = \"c\"";
    assert_eq!(with(&[node(3, "u", &["made"], uses)]), of(Code::TypeMismatch));
    let both = with(&[node(3, "d", &["made"], altered), node(4, "u", &["made"], uses)]);
    assert_eq!(both, of(Code::UnorderedConflict));
    let gone = "drop_enum = \"mood\"";
    assert_eq!(with(&[node(3, "c", &["made"], column), node(4, "g", &["c"], gone)]), of(Code::StillReferenced));
    let freed = node(4, "f", &["c"], "drop_column = \"posts.mood\"");
    assert_eq!(with(&[node(3, "c", &["made"], column), freed.clone(), node(5, "g", &["f"], gone)]), []);
    let either = with(&[node(3, "c", &["made"], column), freed, node(5, "g", &["c"], gone)]);
    assert_eq!(either, of(Code::UnorderedConflict));
    assert_eq!(
        with(&[node(3, "x", &["made"], "alter_enum = \"mood\" | rename = { x = \"y\" }")]),
        of(Code::TypeMismatch)
    );
    assert_eq!(with(&[node(3, "x", &["made"], "alter_enum = \"mood\" | add = \"a\"")]), of(Code::AlreadyExists));
    // Where an enum is a type, it has a name among those of rows.
    let table = "create_table = \"mood\" | columns = { id = \"bigint\" }";
    assert_eq!(with(&[node(3, "t", &["made"], table)]), [(Code::AlreadyExists, vec![Backend::Postgres])]);
    // What is kept as text and speaks of a value holds its name.
    let check = "add_check = \"k\" | on = \"posts\" | expr = \"mood <> 'a'\"";
    let renamed = "alter_enum = \"mood\" | rename = { a = \"z\" }";
    let held = with(&[node(3, "c", &["made"], column), node(4, "k", &["c"], check), node(5, "r", &["k"], renamed)]);
    assert_eq!(held, of(Code::RenameUnderOpaque));
}

#[test]
fn what_another_pair_breaks_is_not_told_of_this_one() {
    // `seed` and `status` share the rules of a cascade; only `fill` breaks before `status`.
    let nodes = [
        node(
            1,
            "base",
            &[],
            "create_table = \"users\" | primary_key = [\"id\"] | columns = { id = \"bigint\" };\
             create_table = \"posts\" | columns = { id = \"bigint\", by = { type = \"bigint\", references = \"users.id\", on_delete = \"cascade\" } }",
        ),
        node(2, "status", &["base"], "add_column = \"posts.status\" | type = \"text\" | default = \"open\""),
        node(3, "fill", &["base"], "sql = \"UPDATE posts SET status = 'paid'\" | down = \"\""),
        node(4, "seed", &["base"], "insert = \"users\" | key = [\"id\"] | rows = [{ id = 1 }]"),
    ];
    let of = |wanted: Code| {
        let all = diagnostics(&nodes.concat()).into_iter().filter(move |(_, found)| found.code == wanted);
        all.map(|(_, found)| format!("{} {}", found.related.concat(), found.migration.unwrap_or_default()))
            .collect::<Vec<_>>()
    };
    assert_eq!(of(Code::UnorderedConflict), ["status fill", "status fill"]);
    assert!(of(Code::UnprovenOrder).contains(&"status seed".to_owned()));
}

#[test]
fn a_name_that_was_never_there_has_no_other_side() {
    let nodes = [base(), node(2, "a", &["base"], "drop_column = \"posts.slog\"")].concat();
    for (_, found) in diagnostics(&nodes) {
        assert_eq!((found.code, found.labels.len()), (Code::UnknownColumn, 1));
    }
}

#[test]
fn an_edge_is_offered_only_where_it_mends_all() {
    // After `again` the table is there, and still no key can point to it.
    let nodes = [
        base(),
        node(2, "gone", &["base"], "drop_table = \"users\""),
        node(
            3,
            "uses",
            &["base"],
            "create_table = \"logins\" | columns = { u = { type = \"bigint\", references = \"users.id\" } }",
        ),
        node(4, "again", &["gone"], "create_table = \"users\" | columns = { id = \"bigint\" }"),
    ];
    let all = diagnostics(&nodes.concat());
    let unknown: Vec<_> = all.iter().filter(|(_, found)| found.code == Code::UnknownTable).collect();
    assert_eq!(unknown.len(), 2, "{all:?}");
    assert!(unknown.iter().all(|(_, found)| found.labels.last().unwrap().text == "`gone` drops users"));
    assert!(!all.iter().any(|(_, found)| found.code == Code::UnknownConstraint));
}

#[test]
fn a_trigger_on_a_table_that_is_not_there() {
    let trigger = "sql = \"CREATE TRIGGER t AFTER INSERT ON articles FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()\" | down = \"DROP TRIGGER t ON articles\" | backends = [\"postgres\"]";
    let on = |code| vec![(code, vec![Backend::Postgres])];
    assert!(found(&[base(), node(2, "a", &["base"], trigger)].concat()).starts_with(&on(Code::UnknownTable)));
    assert_eq!(pair(trigger, "rename_table = \"posts\" | to = \"articles\""), on(Code::UnorderedConflict));
}

#[test]
fn what_unread_sql_may_have_dropped_is_no_error() {
    let odd = "sql = \"CREATE TABLE x (id bigint)\" | down = \"DO $$ BEGIN EXECUTE 'DROP TABLE x' END $$\" | backends = [\"postgres\"]";
    let all = diagnostics(&[base(), node(2, "a", &["base"], odd)].concat());
    assert!(all.iter().any(|(_, found)| found.code == Code::LeftAtZero));
    assert!(!all.iter().any(|(_, found)| found.is_error()), "{all:?}");
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
    // Among constraints the oldest comes first again.
    let again = "drop_primary_key = \"users\";add_primary_key = \"users\" | columns = [\"email\"]";
    assert_eq!(chain(&[unique, again, key, longer, "drop_primary_key = \"users\""]), []);
}

#[test]
fn a_column_that_comes_back_beside_one_of_its_name() {
    // The way down of the second leaves the column that it made, and the first brings its own back.
    let drop = "drop_column = \"posts.slug\"";
    let add = "sql = \"ALTER TABLE posts ADD COLUMN slug text\" | down = \"\"";
    assert!(chain(&[drop, add]).contains(&Code::DownFails));
}

#[test]
fn a_trigger_needs_the_columns_that_it_names() {
    let trigger = |of: &str| {
        format!(
            "sql = {{ postgres = \"CREATE TRIGGER g BEFORE {of} ON posts FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()\", sqlite = \"SELECT 1\" }} \
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

#[test]
fn a_down_that_cannot_be_read_where_it_runs_is_told() {
    let up = |sql: &str, down: &str| format!("sql = \"{sql}\" | down = \"{down}\" | backends = [\"postgres\"]");
    let drops = "ALTER TABLE posts DROP COLUMN slug CASCADE";
    let adds = "ALTER TABLE posts ADD COLUMN slug text";
    for kind in ["VIEW", "MATERIALIZED VIEW"] {
        let view = up(&format!("CREATE {kind} v AS SELECT slug FROM posts"), &format!("DROP {kind} v"));
        let nodes = [base(), node(2, "a", &["base"], &view), node(3, "b", &["a"], &up(drops, adds))];
        let failed: Vec<_> = diagnostics(&nodes.concat()).into_iter().filter(|(_, found)| found.is_error()).collect();
        assert_eq!(failed.len(), 1, "{kind}: {failed:?}");
        assert!(failed.iter().all(|(_, found)| found.code == Code::DownFails && found.related == ["b"]), "{failed:?}");
    }
    // A function that is dropped twice over is not known where the older way down runs.
    let function = up("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'", "DROP FUNCTION f()");
    let nodes = [base(), node(2, "a", &["base"], &function), node(3, "b", &["a"], &up("DROP FUNCTION f()", ""))];
    assert!(found(&nodes.concat()).contains(&(Code::OpaqueSql, vec![Backend::Postgres])));
}

/// What both touch is said by itself, whatever either does to it.
#[test]
fn what_two_migrations_touch_is_named_without_a_verb() {
    let mood = [
        node(1, "e", &[], "create_enum = \"mood\" | values = [\"a\"]"),
        node(
            2,
            "t",
            &["e"],
            "create_table = \"t\" | columns = { a = { type = \"text\", default = { expr = \"('a'::mood)::text\" } }, b = \"integer\" }",
        ),
        node(3, "d", &["t"], "drop_column = \"t.a\""),
        node(4, "f", &["e"], "drop_enum = \"mood\""),
    ];
    let orphan = [
        node(1, "p", &[], "create_table = \"p\" | primary_key = [\"id\"] | columns = { id = \"bigint\" }"),
        node(2, "c", &["p"], "create_table = \"c\" | columns = { p = { type = \"bigint\", references = \"p.id\" } }"),
        node(3, "fill", &["c"], "insert = \"c\" | rows = [{ p = 1 }]"),
        node(4, "empty", &["c"], "delete = \"p\" | where = \"id = 1\" | down = \"\""),
    ];
    let renamed = [
        node(1, "t", &[], "create_table = \"t\" | columns = { a = \"integer\", b = \"integer\" }"),
        node(2, "v", &["t"], "create_view = \"v\" | select = \"SELECT a FROM t\""),
        node(3, "r", &["t"], "rename_column = \"t.b\" | to = \"c\""),
    ];
    for (nodes, first, second, both) in [
        (mood.concat(), "d", "f", "the name mood"),
        (orphan.concat(), "fill", "empty", "rows of p"),
        (renamed.concat(), "v", "r", "view v"),
    ] {
        let said: Vec<String> = diagnostics(&nodes).into_iter().map(|(_, found)| found.message).collect();
        let wanted = format!("`{first}` and `{second}` both touch {both}, and nothing orders them");
        assert!(said.contains(&wanted), "{wanted}\n{said:#?}");
    }
}
