//! What holds on to types, extensions, keys and functions without being a column of a table that they are of.

use super::tests::node;
use super::*;
use crate::manifest::{Files, parse};

/// The codes of what is found on a backend, but for what is about rows alone.
fn found(backend: Backend, nodes: &[String]) -> Vec<Code> {
    let found = diagnostics(backend, nodes).into_iter().map(|diagnostic| diagnostic.code);
    found.filter(|code| !matches!(code, Code::DataLoss | Code::DownDependsOnRows | Code::OpaqueSql)).collect()
}

fn diagnostics(backend: Backend, nodes: &[String]) -> Vec<Diagnostic> {
    let (name, nodes) = (backend.name(), nodes.concat());
    let schema = format!("[project]\nname = \"t\"\nbackends = [\"{name}\"]\n{nodes}");
    let loaded = parse(&Files { path: "schema.toml".into(), schema, ..Files::default() });
    assert_eq!(loaded.diagnostics, vec![], "the manifest of a test is right");
    let manifest = loaded.manifest.unwrap();
    let (graph, findings) = Graph::build(&manifest.migrations, manifest.linear);
    check(&manifest, &graph, &findings, backend).diagnostics
}

fn postgres(nodes: &[String]) -> Vec<Code> {
    found(Backend::Postgres, nodes)
}

const TABLE: &str = "create_table = \"t\" | primary_key = [\"id\"] | columns = { id = \"integer\", a = \"integer\", s = \"string(40)\" }";
const ENUM: &str = "create_enum = \"mood\" | values = [\"glad\", \"sad\"]";

/// Each names the enum `mood` where it casts.
const CASTS: [&str; 7] = [
    "create_view = \"v\" | select = \"SELECT s::mood AS q FROM t\"",
    "create_view = \"v\" | select = \"SELECT CAST(s AS mood) AS q FROM t\"",
    "add_check = \"c\" | on = \"t\" | expr = \"s::mood = 'sad'\"",
    "add_column = \"t.d\" | type = \"text\" | default = { expr = \"('sad'::mood)::text\" }",
    "add_column = \"t.g\" | type = \"boolean\" | null = true | generated = \"CASE WHEN a = 1 THEN 'sad'::mood ELSE 'glad'::mood END = 'sad'\"",
    "create_index = \"i\" | on = \"t\" | columns = [{ expr = \"(CASE WHEN a = 1 THEN mood 'sad' END)\" }]",
    "create_function = \"f(mood)\" | definition = \"CREATE FUNCTION f(m mood) RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'\"",
];

#[test]
fn a_type_in_a_cast_is_used() {
    let made = [node(1, "e", &[], ENUM), node(2, "t", &[], TABLE)];
    for cast in CASTS {
        let with = |rest: &[String]| postgres(&[made.concat(), rest.concat()]);
        let unordered = with(&[node(3, "u", &["t"], cast)]);
        assert!(!unordered.is_empty(), "{cast}");
        let user = node(3, "u", &["t", "e"], cast);
        assert_eq!(with(std::slice::from_ref(&user)), [], "{cast}");
        let gone = with(&[user.clone(), node(4, "d", &["u"], "drop_enum = \"mood\"")]);
        assert_eq!(gone, [Code::StillReferenced], "{cast}");
        let beside = with(&[user, node(4, "d", &["t", "e"], "alter_enum = \"mood\" | add = \"x\"")]);
        assert!(!beside.is_empty(), "{cast}");
    }
}

#[test]
fn an_enum_is_not_made_anew_under_what_cannot_go_and_come_back() {
    let made = [node(1, "e", &[], ENUM), node(2, "t", &[], TABLE)];
    for cast in CASTS {
        let altered = node(4, "a", &["u"], "alter_enum = \"mood\" | add = \"x\"");
        let found = postgres(&[made.concat(), node(3, "u", &["t", "e"], cast), altered]);
        let stays = ["add_column", "create_function"].iter().any(|verb| cast.starts_with(verb));
        assert_eq!(found, if stays { vec![Code::StillReferenced] } else { vec![] }, "{cast}");
    }
}

#[test]
fn a_value_is_not_renamed_under_what_computes_with_it() {
    let nodes = [
        node(1, "e", &[], &format!("{ENUM};create_table = \"t\" | columns = {{ m = \"enum(mood)\" }}")),
        node(2, "g", &["e"], "add_column = \"t.g\" | type = \"boolean\" | null = true | generated = \"m = 'sad'\""),
        node(3, "r", &["g"], "alter_enum = \"mood\" | rename = { sad = \"blue\" }"),
    ];
    for backend in [Backend::Postgres, Backend::Sqlite, Backend::Mysql] {
        assert_eq!(found(backend, &nodes), [Code::RenameUnderOpaque], "{backend:?}");
    }
}

#[test]
fn a_relation_in_a_cast_is_used() {
    let other = "create_table = \"t2\" | primary_key = [\"id\"] | columns = { id = { type = \"bigint\", auto_increment = true } }";
    let users = [
        "add_column = \"t.q\" | type = \"bigint\" | default = { expr = \"nextval('t2_id_seq')\" }",
        "create_view = \"v\" | select = \"SELECT a, NULL::t2 AS x FROM t\"",
        "create_view = \"v\" | select = \"SELECT a, 't2'::regclass AS x FROM t\"",
    ];
    for user in users {
        let nodes = [node(1, "other", &[], other), node(2, "t", &[], TABLE), node(3, "u", &["t"], user)];
        assert!(!postgres(&nodes).is_empty(), "{user}");
    }
}

#[test]
fn a_function_in_a_schema_needs_the_schema() {
    let function = "create_function = \"blog.f()\" | definition = \"CREATE FUNCTION blog.f() RETURNS int LANGUAGE sql AS 'SELECT 1'\"";
    let nodes = |requires: &[&str]| {
        postgres(&[node(1, "s", &[], "create_schema = \"blog\""), node(2, "o", requires, function)])
    };
    assert_eq!(nodes(&["s"]), []);
    assert!(!nodes(&[]).is_empty());
}

#[test]
fn an_extension_under_what_is_of_its_type() {
    let dropped = |column: &str| {
        postgres(&[
            node(1, "x", &[], "create_extension = \"citext\""),
            node(2, "t", &["x"], &format!("create_table = \"t\" | columns = {{ a = {column} }}")),
            node(3, "d", &["t"], "drop_extension = \"citext\""),
        ])
    };
    let still = vec![Code::StillReferenced];
    assert_eq!(dropped("{ type = { postgres = \"citext\" } }"), still);
    assert_eq!(dropped("{ type = { postgres = \"hstore\" } }"), still, "a warning: nobody knows");
    assert_eq!(dropped("{ type = \"bigint\", check = \"digest(a) > 1\" }"), still, "a warning: nobody knows");
    assert_eq!(dropped("{ type = \"bigint\", check = \"a > 1\" }"), []);
}

#[test]
fn nothing_is_made_in_a_schema_that_was_dropped() {
    let schema = [node(1, "s", &[], "create_schema = \"blog\""), node(2, "d", &["s"], "drop_schema = \"blog\"")];
    let function = "create_function = \"blog.f()\" | definition = \"CREATE FUNCTION blog.f() RETURNS int LANGUAGE sql AS 'SELECT 1'\"";
    for made in [
        "create_table = \"blog.t\" | columns = { id = \"integer\" }",
        "create_enum = \"blog.e\" | values = [\"a\"]",
        function,
    ] {
        assert_eq!(postgres(&[schema.concat(), node(3, "m", &["d"], made)]), [Code::UnknownTable], "{made}");
        let again = node(3, "again", &["d"], "create_schema = \"blog\"");
        assert_eq!(postgres(&[schema.concat(), again, node(4, "m", &["again"], made)]), [], "{made}");
        // What no migration makes is somebody else's.
        let other = made.replace("blog.", "theirs.");
        assert_eq!(postgres(&[schema.concat(), node(3, "m", &["d"], &other)]), [], "{other}");
    }
}

#[test]
fn an_extension_that_an_index_is_made_with() {
    let extension = node(1, "x", &[], "create_extension = \"pg_trgm\"");
    let index = "create_index = \"i\" | on = \"t\" | columns = [{ column = \"s\", opclass = \"gin_trgm_ops\" }] | using = \"gin\"";
    let nodes =
        |requires: &[&str]| postgres(&[extension.clone(), node(2, "t", &[], TABLE), node(3, "i", requires, index)]);
    assert!(!nodes(&["t"]).is_empty());
    assert_eq!(nodes(&["t", "x"]), []);
}

#[test]
fn a_primary_key_under_a_view_that_groups_by_it() {
    let view = "create_view = \"v\" | select = \"SELECT id, a FROM t GROUP BY id\"";
    let (table, gone) = (node(1, "t", &[], TABLE), "drop_primary_key = \"t\"");
    let ordered = [table.clone(), node(2, "v", &["t"], view), node(3, "o", &["v"], gone)];
    assert_eq!(postgres(&ordered), [Code::StillReferenced]);
    let beside = [table, node(2, "v", &["t"], view), node(3, "o", &["t"], gone)];
    assert!(!postgres(&beside).is_empty());
}

#[test]
fn what_mysql_does_not_keep() {
    let mysql = |nodes: &[String]| found(Backend::Mysql, nodes);
    let unsupported = [Code::UnsupportedByBackend];
    let key = "create_table = \"c\" | primary_key = [\"g\"] | columns = { x = \"integer\", g = { type = \"integer\", generated = \"x + 1\" } }";
    assert_eq!(mysql(&[node(1, "t", &[], key)]), unsupported);
    let own = "create_table = \"t\" | primary_key = [\"id\"] | columns = { id = \"integer\", p = { type = \"integer\", null = true, references = \"t.id\" } }";
    let kept = "delete = \"t\" | where = \"id > 0\" | keep = true";
    assert_eq!(mysql(&[node(1, "t", &[], own), node(2, "k", &["t"], kept)]), unsupported);
    assert_eq!(postgres(&[node(1, "t", &[], own), node(2, "k", &["t"], kept)]), []);
}

#[test]
fn nothing_is_computed_with_what_is_another_value_each_time() {
    for expr in ["CURRENT_TIMESTAMP", "now()", "a + random()"] {
        let column = format!("type = \"timestamptz\" | null = true | generated = \"{expr}\"");
        let nodes = [node(1, "t", &[], TABLE), node(2, "g", &["t"], &format!("add_column = \"t.g\" | {column}"))];
        for backend in [Backend::Postgres, Backend::Sqlite, Backend::Mysql] {
            assert_eq!(found(backend, &nodes), [Code::UnsupportedByBackend], "{expr}");
        }
    }
    let of_enum = |expr: &str| {
        let column = format!("add_column = \"t.g\" | type = \"enum(mood)\" | null = true | generated = \"{expr}\"");
        postgres(&[node(1, "t", &[], &format!("{ENUM};{TABLE}")), node(2, "g", &["t"], &column)])
    };
    assert_eq!(of_enum("CASE WHEN a = 1 THEN 'sad' ELSE 'glad' END"), [Code::TypeMismatch]);
    assert_eq!(of_enum("CASE WHEN a = 1 THEN 'sad'::mood ELSE 'glad'::mood END"), []);
}

#[test]
fn what_fires_needs_what_it_calls() {
    let function = |returns: &str| {
        format!("definition = \"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN {returns} END'\"")
    };
    let nodes = [
        node(1, "t", &[], TABLE),
        node(2, "f", &[], &format!("create_function = \"f()\" | {}", function(""))),
        node(
            3,
            "g",
            &["t", "f"],
            "create_trigger = \"g\" | on = \"t\" | definition = \"CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()\"",
        ),
        node(4, "i", &["g"], "insert = \"t\" | key = [\"id\"] | rows = [{ id = 1, a = 1, s = \"x\" }]"),
        node(5, "r", &["g"], &format!("replace_function = \"f()\" | {}", function("PERFORM 1\\u003B"))),
    ];
    assert!(!postgres(&nodes).is_empty(), "one order fails, where the function comes to refuse the row");
}

#[test]
fn a_materialized_view_reads_rows_when_it_is_made() {
    let view = "create_view = \"v\" | select = \"SELECT 10 / a AS n FROM t\" | materialized = true";
    let row = "insert = \"t\" | key = [\"id\"] | rows = [{ id = 1, a = 0, s = \"x\" }]";
    let nodes = [node(1, "t", &[], TABLE), node(2, "v", &["t"], view), node(3, "i", &["t"], row)];
    assert!(!postgres(&nodes).is_empty());
    let plain = view.replace(" | materialized = true", "");
    assert_eq!(postgres(&[node(1, "t", &[], TABLE), node(2, "v", &["t"], &plain), node(3, "i", &["t"], row)]), []);
}

#[test]
fn the_edge_leads_from_what_creates_to_what_uses() {
    let user = "create_table = \"blog.t\" | columns = { id = \"integer\" }";
    let maker = "create_schema = \"blog\"";
    for nodes in [
        [node(1, "user", &[], user), node(2, "maker", &[], maker)],
        [node(1, "maker", &[], maker), node(2, "user", &[], user)],
    ] {
        let found = diagnostics(Backend::Postgres, &nodes);
        let fixes: Vec<_> = found.iter().filter_map(|found| found.fix.clone()).collect();
        let told: Vec<_> = fixes.iter().map(|fix| (fix.migration.as_str(), fix.requires.as_str())).collect();
        assert_eq!(told, [("user", "maker")]);
    }
}

#[test]
fn renames_in_turn_and_of_the_case_alone() {
    let made = format!("{ENUM};create_table = \"t\" | columns = {{ m = \"enum(mood)\" }}");
    let renamed = |backend: Backend, rename: &str| {
        let rename = format!("alter_enum = \"mood\" | rename = {{ {rename} }}");
        found(backend, &[node(1, "e", &[], &made), node(2, "r", &["e"], &rename)])
    };
    for (backend, refused) in [(Backend::Postgres, false), (Backend::Sqlite, true), (Backend::Mysql, true)] {
        let expected = if refused { vec![Code::UnsupportedByBackend] } else { vec![] };
        assert_eq!(renamed(backend, "sad = \"blue\", glad = \"sad\""), expected, "{backend:?}");
        assert_eq!(renamed(backend, "sad = \"blue\""), [], "{backend:?}");
    }
    assert_eq!(renamed(Backend::Mysql, "sad = \"Sad\""), [Code::UnsupportedByBackend]);
    assert_eq!(renamed(Backend::Sqlite, "sad = \"Sad\""), []);
}

#[test]
fn an_enum_gets_no_value_under_a_column_that_is_computed_as_one() {
    let column = "create_table = \"t\" | columns = { m = \"enum(mood)\", g = { type = \"enum(mood)\", null = true, generated = \"m\" } }";
    let nodes =
        [node(1, "e", &[], &format!("{ENUM};{column}")), node(2, "a", &["e"], "alter_enum = \"mood\" | add = \"x\"")];
    assert_eq!(postgres(&nodes), [Code::StillReferenced]);
}

#[test]
fn a_function_of_another_database_and_one_that_no_trigger_executes() {
    let other = "create_function = \"other.f()\" | definition = \"CREATE FUNCTION other.f() RETURNS int DETERMINISTIC RETURN 1\"";
    assert_eq!(found(Backend::Mysql, &[node(1, "o", &[], other)]), [Code::UnsupportedByBackend]);
    let nodes = [
        node(1, "t", &[], TABLE),
        node(
            2,
            "f",
            &[],
            "create_function = \"f()\" | definition = \"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'\"",
        ),
        node(
            3,
            "o",
            &["f"],
            "create_function = \"f(integer)\" | definition = \"CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'\"",
        ),
        node(
            4,
            "g",
            &["t", "o"],
            "create_trigger = \"g\" | on = \"t\" | definition = \"CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()\"",
        ),
        node(5, "d", &["g"], "drop_function = \"f(integer)\""),
    ];
    let errors = diagnostics(Backend::Postgres, &nodes).into_iter().filter(Diagnostic::is_error).count();
    assert_eq!(errors, 0);
}
