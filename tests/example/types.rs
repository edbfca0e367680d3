//! Every type of the language on every backend: made with a default and rows, altered, renamed, dropped, and back.

use crate::example::database::Database;
use crate::example::project::Project;

const SCHEMA: &str =
    "[project]\nname = \"types\"\nbackends = [\"sqlite\", \"postgres\", \"mysql\"]\norder = \"linear\"\n";

/// A type, two literals of it, and whether PostgreSQL alone has it.
const TYPES: &[(&str, &str, &str, bool)] = &[
    ("smallint", "7", "-8", false),
    ("integer", "70000", "-8", false),
    ("bigint", "9007199254740993", "-8", false),
    ("unsigned smallint", "65535", "0", false),
    ("unsigned integer", "4294967295", "0", false),
    ("unsigned bigint", "9223372036854775807", "0", false),
    ("float", "1.5", "-0.25", false),
    ("double", "1.25e100", "-0.125", false),
    ("decimal(10,2)", "\"12345678.90\"", "3", false),
    ("boolean", "true", "false", false),
    ("char(3)", "\"abc\"", "\"xyz\"", false),
    ("string(40)", "\"it's \\\"so\\\" \\\\\"", "\"\"", false),
    ("text", "\"long, maybe\"", "\"short\"", false),
    ("date", "2026-01-31", "1999-12-31", false),
    ("time", "07:30:00", "23:59:59.5", false),
    ("datetime", "2026-01-31T07:30:00", "1999-12-31T23:59:59", false),
    ("timestamptz", "2026-01-31T07:30:00+02:00", "1999-12-31T23:59:59Z", false),
    ("binary(4)", "{ hex = \"00ff27\" }", "{ hex = \"01020304\" }", false),
    ("blob", "{ hex = \"00FF5c27\" }", "{ hex = \"\" }", false),
    ("json", "\"\"\"{\"a\": [1, null, \"it's\"]}\"\"\"", "\"[]\"", false),
    ("jsonb", "'{\"b\": {\"c\": true}}'", "\"{}\"", false),
    ("uuid", "\"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11\"", "\"00000000000000000000000000000001\"", false),
    ("interval", "\"3 days 04:05:06\"", "\"1 year\"", true),
    ("inet", "\"10.1.2.3/8\"", "\"::1\"", true),
    ("cidr", "\"10.0.0.0/8\"", "\"2001:db8::/32\"", true),
    ("macaddr", "\"08:00:2b:01:02:03\"", "\"ff-ff-ff-ff-ff-ff\"", true),
];

/// The column of the type with that number.
fn column(at: usize) -> String {
    format!("c{at}")
}

/// A project in which each type goes through everything a column can.
fn project(backend: &str) -> Project {
    let types: Vec<_> = TYPES.iter().enumerate().filter(|(_, of)| !of.3 || backend == "postgres").collect();
    let mut made =
        "[[up]]\ncreate_table = \"things\"\nprimary_key = [\"id\"]\n[up.columns]\nid = \"integer\"\n".to_owned();
    let (mut one, mut two) = ("id = 1".to_owned(), "id = 2".to_owned());
    let (mut added, mut altered, mut renamed, mut dropped) =
        (String::new(), String::new(), String::new(), String::new());
    for (at, (name, first, second, _)) in types {
        let column = column(at);
        made += &format!("{column} = {{ type = \"{name}\", default = {first} }}\n");
        one += &format!(", {column} = {second}");
        two += &format!(", {column} = {first}");
        added += &format!(
            "[[up]]\nadd_column = \"things.{column}_more\"\ntype = \"{name}\"\nnull = true\nfill = {second}\n\n"
        );
        altered += &format!("[[up]]\nalter_column = \"things.{column}\"\ndefault = {second}\nnull = true\n\n");
        renamed += &format!("[[up]]\nrename_column = \"things.{column}_more\"\nto = \"{column}_less\"\n\n");
        dropped += &format!("[[up]]\ndrop_column = \"things.{column}\"\nrefill = {first}\n\n");
    }
    // Without a key, so that the way down finds them by all their values.
    let rows = format!("[[up]]\ninsert = \"things\"\nrows = [{{ {one} }}, {{ {two} }}]\n");
    let keys = "[[up]]\ncreate_table = \"owners\"\nprimary_key = [\"id\"]\n[up.columns]\nid = \"uuid\"\ntoken = { type = \"binary(16)\", unique = true }\n\n\
                [[up]]\ninsert = \"owners\"\nkey = [\"id\"]\nrows = [{ id = \"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\", token = { hex = \"00\" } }, { id = \"00000000-0000-0000-0000-000000000001\", token = { hex = \"01\" } }]\n\n\
                [[up]]\nadd_column = \"owners.boss\"\ntype = \"uuid\"\nnull = true\nreferences = \"owners.id\"\n\n\
                [[up]]\ncreate_index = \"owners_boss_idx\"\non = \"owners\"\ncolumns = [\"boss\", \"token\"]\n\n\
                [[up]]\nupdate = \"owners\"\nset = { boss = \"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11\" }\nwhere = \"1 = 1\"\ndown = \"UPDATE owners SET boss = NULL\"\n\n\
                [[up]]\nalter_column = \"owners.token\"\ntype = \"binary(20)\"\n";
    let widened = "[[up]]\ncreate_table = \"papers\"\n[up.columns]\nraw = \"binary(8)\"\nsaid = \"text\"\n\n\
                   [[up]]\ninsert = \"papers\"\nrows = [{ raw = { hex = \"0a\" }, said = '{\"a\": 1}' }]\n\n\
                   [[up]]\nalter_column = \"papers.raw\"\ntype = \"blob\"\n\n\
                   [[up]]\nalter_column = \"papers.said\"\ntype = \"json\"\n";
    // What PostgreSQL alone has is in it there.
    let schema = SCHEMA.replace("\"sqlite\", \"postgres\", \"mysql\"", &format!("\"{backend}\""));
    Project::of(
        &schema,
        &[
            ("1_made", &made),
            ("2_rows", &rows),
            ("3_added", &added),
            ("4_altered", &altered),
            ("5_renamed", &renamed),
            ("6_keys", keys),
            ("7_widened", widened),
            ("8_dropped", &dropped),
        ],
    )
}

/// [`there_and_back`] with all of them.
pub fn every_type(database: &dyn Database) {
    let project = project(database.backend());
    there_and_back(&project, database);
    project.run(database, &["latest"]).ok();
    // What was dropped is there again, refilled.
    project.run(database, &["down"]).ok();
    assert_eq!(database.query("SELECT COUNT(*) FROM things WHERE c0 = 7"), "2");
    project.run(database, &["reset"]).ok();
    project.run(database, &["check"]).ok();
}

/// Up, and from each version down and up again with the rows in; back to 0; up, and the schema is the same; back.
pub fn there_and_back(project: &Project, database: &dyn Database) {
    for node in project.node_names() {
        project.run(database, &["up"]).ok();
        let (schema, rows) = (database.schema(), database.row_counts());
        project.run(database, &["down"]).ok();
        project.run(database, &["up"]).ok();
        assert_eq!(database.schema(), schema, "after {node} went down and up");
        assert_eq!(database.row_counts(), rows, "after {node} went down and up");
    }
    let latest = database.schema();
    project.run(database, &["reset"]).ok();
    assert_eq!(database.schema(), "");
    project.run(database, &["latest"]).ok();
    assert_eq!(database.schema(), latest);
    project.run(database, &["reset"]).ok();
    assert_eq!(database.schema(), "");
}

/// The literals are what the database holds.
pub fn every_literal(database: &dyn Database) {
    let project = project(database.backend());
    project.run(database, &["exec", "2"]).ok();
    let asked: Vec<(&str, [&str; 3])> = vec![
        ("c17", ["hex(c17)", "encode(c17, 'hex')", "hex(c17)"]),
        ("c18", ["hex(c18)", "encode(c18, 'hex')", "hex(c18)"]),
        ("c19", ["c19", "c19", "c19"]),
        ("c21", ["c21", "c21", "hex(c21)"]),
    ];
    let at = ["sqlite", "postgres", "mysql"].iter().position(|name| *name == database.backend()).unwrap();
    let held: Vec<String> = asked
        .iter()
        .map(|(_, ways)| database.query(&format!("SELECT {} FROM things WHERE id = 2", ways[at])).to_lowercase())
        .collect();
    let uuid = if database.backend() == "mysql" {
        "a0eebc999c0b4ef8bb6d6bb9bd380a11"
    } else {
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
    };
    assert_eq!(held, ["00ff27", "00ff5c27", "{\"a\": [1, null, \"it's\"]}", uuid]);
}

/// What only PostgreSQL has is refused elsewhere, before anything runs.
#[test]
fn a_type_of_postgres_is_refused_elsewhere() {
    let node = "[[up]]\ncreate_table = \"hosts\"\n[up.columns]\naddress = \"inet\"\n";
    let project = Project::of(SCHEMA, &[("1_hosts", node)]);
    let database = crate::example::sqlite_file::SqliteFile::of(&project);
    let said = project.run(&database, &["check"]);
    assert_eq!(said.code, 3, "{}", said.stdout);
    for title in ["SQLite", "MySQL"] {
        let words = format!("{title} has no type like `inet`, which `address` is of");
        assert!(format!("{}{}", said.stdout, said.stderr).contains(&words), "{words}: {}{}", said.stdout, said.stderr);
    }
    let said = project.run(&database, &["latest"]);
    assert_eq!(said.code, 3, "{}", said.stderr);
    assert!(!project.path().join("blog.db").exists());
}

/// PostgreSQL's words for the types of [`TYPES`], in their order.
const WORDS: [&str; 26] = [
    "smallint",
    "integer",
    "bigint",
    "integer",
    "bigint",
    "numeric(20)",
    "real",
    "double precision",
    "decimal(10,2)",
    "boolean",
    "char(3)",
    "varchar(40)",
    "text",
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "bytea",
    "bytea",
    "json",
    "jsonb",
    "uuid",
    "interval",
    "inet",
    "cidr",
    "macaddr",
];

/// Each pair of types of which one is new: a change without `using` is refused where PostgreSQL has no cast, and only there.
#[test]
fn changes_of_type_are_refused_where_postgres_has_no_cast() {
    const NEW: usize = 17;
    let database = crate::example::postgres_server::PostgresDatabase::create();
    let pairs: Vec<(usize, usize)> = (0..TYPES.len())
        .flat_map(|from| (0..TYPES.len()).map(move |to| (from, to)))
        .filter(|(from, to)| from != to && (*from >= NEW || *to >= NEW))
        .collect();
    let mut nodes = Vec::new();
    let mut asked = "CREATE TABLE refused (pair text)".to_owned();
    for (at, (from, to)) in pairs.iter().enumerate() {
        let table = format!("t{from}_{to}");
        let text = format!(
            "[[up]]\ncreate_table = \"{table}\"\n[up.columns]\nc = \"{}\"\n\n[[up]]\nalter_column = \"{table}.c\"\ntype = \"{}\"\nusing_down = \"NULL\"\n",
            TYPES[*from].0, TYPES[*to].0
        );
        nodes.push((format!("{}_{table}", at + 1), text));
        asked += &format!(
            ";\nCREATE TABLE {table} (c {}); DO $$ BEGIN ALTER TABLE {table} ALTER c TYPE {} USING c::{}; \
             EXCEPTION WHEN cannot_coerce OR datatype_mismatch THEN INSERT INTO refused VALUES ('{table}'); END $$",
            WORDS[*from], WORDS[*to], WORDS[*to]
        );
    }
    database.execute(&asked);
    let refused = database.query("SELECT string_agg(pair, ' ' ORDER BY pair COLLATE \"C\") FROM refused");

    let schema = "[project]\nname = \"casts\"\nbackends = [\"postgres\"]\n";
    let nodes: Vec<(&str, &str)> = nodes.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let project = Project::of(schema, &nodes);
    let checked = project.run(&database, &["check", "--format", "json"]).json();
    let mut found: Vec<String> = checked["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|found| found["message"].as_str().unwrap().contains("PostgreSQL does not convert"))
        .filter(|found| found["direction"] == "up")
        .map(|found| found["migration"].as_str().unwrap().to_owned())
        .collect();
    found.sort();
    assert_eq!(found.join(" "), refused);
    assert!(found.len() > 100 && found.len() < pairs.len() - 50, "{} of {}", found.len(), pairs.len());
}
