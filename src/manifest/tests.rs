//! Whole manifests: that right ones give exactly the model they should, and that each
//! file and section is heard.

use super::{Files, Loaded, Manifest, SeedKind, parse};
use crate::backend::Backend;
use crate::diagnostic::{Code, Severity};
use crate::ident::{ColumnName, TableName};
use crate::operation::{
    Action, ByBackend, ColumnDef, DataType, IndexDef, IndexPartDef, IndexTarget, Kind, Literal, Order, TableDef, Value,
};

const SCHEMA: &str = r#"
[project]
name = "blog"
backends = ["sqlite", "postgres", "mysql"]   # required: those it must run on; check and plan cover each
order = "graph"

[migrations]
path = "migrations"

[database]
url = "sqlite://blog.db"

[environments.production]
url = "$DATABASE_URL"
protected = true
backup = "backups"

[checks]
version-inversion = "deny"

[hooks]
before_reset = "bin/maintenance on"
after_reset  = "bin/maintenance off"
on_failure   = "bin/page-someone"

[[seed]]
insert = "users"
key = ["email"]
rows = [ { email = "a@example.com", name = "Ada" } ]
"#;

const NODE: &str = r#"
description = "Posts and their readable addresses"
requires = ["create_users"]

[[up]]
create_table = "posts"
primary_key = ["id"]

[up.columns]
id        = { type = "bigint", auto_increment = true }
author_id = { type = "bigint", references = "users.id", on_delete = "cascade" }
title     = "string(200)"
slug      = { type = "string(200)", null = true }
state     = { type = "string(20)", default = "draft", check = "state IN ('draft', 'public')" }
made_at   = { type = "timestamptz", default = { expr = "CURRENT_TIMESTAMP" } }

[up.indexes]
posts_author_idx = { columns = ["author_id", { column = "made_at", order = "desc" }] }

[[up]]
sql = "UPDATE users SET post_count = 0"
down = ""                       # nothing to undo
"#;

fn load(schema: &str, nodes: &[(&str, &str)]) -> Loaded {
    let nodes = nodes.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    parse(&Files { path: "schema.toml".into(), folder: ".".into(), schema: schema.into(), nodes, sql: None })
}

/// A manifest without a finding.
fn right(schema: &str, nodes: &[(&str, &str)]) -> Manifest {
    let loaded = load(schema, nodes);
    let found: Vec<_> = loaded.diagnostics.iter().map(|d| format!("{}: {}", d.code, d.message)).collect();
    assert_eq!(found, Vec::<String>::new());
    loaded.manifest.unwrap()
}

fn codes(loaded: &Loaded) -> Vec<Code> {
    loaded.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

fn column(name: &str, data_type: DataType) -> ColumnDef {
    ColumnDef {
        name: name.into(),
        data_type: ByBackend::Same(data_type),
        null: false,
        default: None,
        auto_increment: false,
        unique: false,
        references: None,
        on_delete: Action::NoAction,
        on_update: Action::NoAction,
        deferrable: None,
        check: None,
        generated: None,
        stored: None,
        collation: None,
        comment: None,
        fill: None,
    }
}

#[test]
fn the_manifest_of_the_manual_gives_the_model_it_should() {
    let manifest = right(SCHEMA, &[("migrations/20260103090000_create_posts.toml", NODE)]);
    assert_eq!(manifest.project, "blog");
    assert_eq!(manifest.backends, Backend::ALL);
    assert!(!manifest.linear);
    assert_eq!(manifest.migrations_path, "migrations");
    assert_eq!(manifest.environments["development"].url.as_deref(), Some("sqlite://blog.db"));
    let production = &manifest.environments["production"];
    assert_eq!(production.url.as_deref(), Some("$DATABASE_URL"));
    assert!(production.protected);
    assert_eq!(production.backup.as_deref(), Some("backups"));
    assert_eq!(manifest.severity(Code::VersionInversion), Some(Severity::Error));
    assert_eq!(manifest.severity(Code::DataLoss), Some(Severity::Warning));
    assert_eq!(manifest.hooks.commands["on_failure"], "bin/page-someone");
    assert_eq!(manifest.hooks.commands.len(), 3);
    let SeedKind::Insert { table, key, rows, .. } = &manifest.seeds[0].kind else { panic!("an insert") };
    assert_eq!((table.name.as_str(), key.as_slice()), ("users", &["email".to_owned()][..]));
    assert_eq!(rows[0][1], ("name".to_owned(), Value::Literal(Literal::String("Ada".into()))));

    let [posts] = manifest.migrations.as_slice() else { panic!("one migration") };
    assert_eq!((posts.version.to_string().as_str(), posts.name.as_str()), ("20260103090000", "create_posts"));
    assert_eq!(posts.description.as_deref(), Some("Posts and their readable addresses"));
    assert_eq!(posts.requires[0].name, "create_users");
    assert_eq!(posts.body.down, None);
    assert!(posts.body.transaction);
    let big = DataType::BigInt { unsigned: false };
    let text = |text: &str| ByBackend::Same(text.to_owned());
    let expected = TableDef {
        table: TableName::bare("posts"),
        columns: vec![
            ColumnDef { auto_increment: true, ..column("id", big.clone()) },
            ColumnDef {
                references: Some(ColumnName { table: TableName::bare("users"), column: "id".into() }),
                on_delete: Action::Cascade,
                ..column("author_id", big)
            },
            column("title", DataType::String(200)),
            ColumnDef { null: true, ..column("slug", DataType::String(200)) },
            ColumnDef {
                default: Some(Value::Literal(Literal::String("draft".into()))),
                check: Some(text("state IN ('draft', 'public')")),
                ..column("state", DataType::String(20))
            },
            ColumnDef {
                default: Some(Value::Expr(text("CURRENT_TIMESTAMP"))),
                ..column("made_at", DataType::TimestampTz)
            },
        ],
        primary_key: vec!["id".into()],
        indexes: vec![IndexDef {
            name: "posts_author_idx".into(),
            columns: vec![
                IndexPartDef {
                    target: IndexTarget::Column("author_id".into()),
                    order: Order::Asc,
                    nulls: None,
                    length: None,
                    collation: None,
                    opclass: None,
                },
                IndexPartDef {
                    target: IndexTarget::Column("made_at".into()),
                    order: Order::Desc,
                    nulls: None,
                    length: None,
                    collation: None,
                    opclass: None,
                },
            ],
            unique: false,
            predicate: None,
            using: None,
            include: vec![],
            with: None,
            nulls_distinct: None,
        }],
        foreign_keys: vec![],
        uniques: vec![],
        checks: vec![],
        options: None,
        comment: None,
    };
    assert_eq!(posts.body.up[0].kind, Kind::CreateTable(expected));
    let Kind::Sql { statements, down, .. } = &posts.body.up[1].kind else { panic!("sql") };
    assert_eq!(statements, &[text("UPDATE users SET post_count = 0")]);
    assert_eq!(down, &Some(vec![]));
}

#[test]
fn places_of_parts_are_kept() {
    let loaded = load(SCHEMA, &[("migrations/1_posts.toml", NODE)]);
    let manifest = loaded.manifest.unwrap();
    let node = &loaded.sources.iter().nth(1).unwrap().text;
    let at = |span: crate::diagnostic::Span| &node[span.start as usize..span.end as usize];
    let table = &manifest.migrations[0].body.up[0].spans;
    assert_eq!(at(table.whole), "[[up]]");
    assert_eq!(at(table.object), "\"posts\"");
    for (path, text) in [
        ("primary_key", "[\"id\"]"),
        ("primary_key.0", "\"id\""),
        ("columns.author_id", "author_id"),
        ("columns.author_id.references", "\"users.id\""),
        ("columns.author_id.on_delete", "\"cascade\""),
        ("columns.title.type", "\"string(200)\""),
        ("columns.state.default", "\"draft\""),
        ("indexes.posts_author_idx", "posts_author_idx"),
        ("indexes.posts_author_idx.columns.0", "\"author_id\""),
    ] {
        assert_eq!(at(table.part(path)), text, "{path}");
    }
    assert_eq!(at(manifest.migrations[0].body.up[1].spans.part("down")), "\"\"");
    assert_eq!(at(manifest.migrations[0].requires[0].span), "\"create_users\"");
}

#[test]
fn nodes_are_sorted_by_version_wherever_they_stand() {
    let schema = "[project]\nname = 'a'\nbackends = ['sqlite']\norder = 'linear'\n\
                  [[migration]]\nversion = 2\nname = 'two'\nup = []\n\
                  [[migration]]\nversion = '0010'\nname = 'ten'\nup = [{ note = 'hello' }]\n";
    let manifest = right(schema, &[("m/00003_three.toml", "up = []"), ("m/1_one.toml", "up = []")]);
    let names: Vec<_> = manifest.migrations.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["one", "two", "three", "ten"]);
    assert!(manifest.linear);
}

#[test]
fn one_broken_file_does_not_hide_the_others() {
    let loaded = load(
        "[project]\nname = 'a'\nbackends = ['sqlite']\n",
        &[
            ("m/1_a.toml", "up = [\n"),
            ("m/2_b.toml", "[[up]]\ndrop_tabel = 'x'\n"),
            ("m/3_c.toml", "[[up]]\ndrop_table = 'x'\nif_exists = true\n"),
        ],
    );
    assert_eq!(codes(&loaded), [Code::TomlSyntax, Code::UnknownKey, Code::UnknownKey]);
    assert_eq!(loaded.manifest.unwrap().migrations.len(), 3);
}

#[test]
fn line_ends_and_a_byte_order_mark_do_not_count() {
    let node = "[[up]]\nsql = '''\nSELECT 1\n  + 2'''\ndown = ''\n[[up]]\nsql_file = 'a.sql'\ndown = ''\n";
    let loaded = |text: &str| {
        let sql = |_: &str| Ok(if text.contains('\r') { "SELECT\r\n1" } else { "SELECT\n1" }.to_owned());
        let files = Files {
            schema: "\u{feff}[project]\r\nname = 'a'\r\nbackends = ['sqlite']\r\n".into(),
            nodes: vec![("1_a.toml".into(), text.into())],
            sql: Some(&sql),
            ..Files::default()
        };
        let loaded = parse(&files);
        assert_eq!(codes(&loaded), []);
        loaded.manifest.unwrap().migrations[0].body.checksums()
    };
    assert_eq!(loaded(node), loaded(&format!("\u{feff}{}", node.replace('\n', "\r\n"))));
}

#[test]
fn mistakes_of_the_language_cannot_be_allowed_away() {
    let loaded = load("[project]\nname = 'a'\nbackends = ['sqlite']\n[checks]\nunknown-key = 'allow'\n", &[]);
    assert_eq!(codes(&loaded), [Code::WrongValue]);
    assert_eq!(loaded.manifest.unwrap().severity(Code::UnknownKey), Some(Severity::Error));
}

#[test]
fn an_empty_manifest_says_what_it_needs() {
    let loaded = load("", &[]);
    assert!(loaded.manifest.is_none());
    assert_eq!(codes(&loaded), [Code::WrongValue]);
}
