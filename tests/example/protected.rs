//! Protected environments: what is not known to be harmless is asked about, on each database.

use crate::example::database::Database;
use crate::example::project::Project;

const ORDERS: &str = r#"
[[up]]
create_table = "orders"
primary_key = ["id"]
columns = { id = "integer", note = { type = "string(20)", null = true } }
[[up]]
insert = "orders"
rows = [{ id = 1, note = "one" }, { id = 2 }]
"#;

fn schema(backend: &str, more: &str) -> String {
    format!(
        "[project]\nname = \"careful\"\nbackends = [\"{backend}\"]\n\n[environments.live]\nurl = \"sqlite://unused.db\"\nprotected = true\n{more}"
    )
}

/// A migration of these operations, each raw SQL of them without a way down.
fn node(operations: &[&str]) -> String {
    let of = |operation: &&str| match operation.split_once(" = ") {
        Some(_) if operation.contains('\n') || operation.starts_with("drop_column") => format!("[[up]]\n{operation}\n"),
        _ => format!("[[up]]\nsql = '''{operation}'''\ndown = \"\"\n"),
    };
    let ups: String = operations.iter().map(of).collect();
    format!("requires = [\"orders\"]\n{ups}")
}

/// What is refused unasked, with what is said to be lost; `None` for what just runs.
fn cases(backend: &str) -> Vec<(Vec<&'static str>, Option<&'static str>)> {
    const FLAG: &str = "add_column = \"orders.flag\"\ntype = \"integer\"\ndefault = 0";
    let mut cases = vec![
        (vec![FLAG, "delete = \"orders\"\nwhere = \"flag = 0\"\ndown = \"\""], Some("losing rows: orders unknown")),
        (vec!["delete = \"orders\"\nwhere = \"id = 1\"\ndown = \"\""], Some("losing rows: orders 1")),
        (vec!["delete = \"orders\"\nwhere = \"id = 1\"\nkeep = true"], None),
        (vec!["update = \"orders\"\nset = { note = \"x\" }\ndown = \"\""], Some("losing values: orders.note 1")),
        (
            vec![FLAG, "update = \"orders\"\nset = { note = \"x\" }\nwhere = \"flag = 0\"\ndown = \"\""],
            Some("losing values: orders.note unknown"),
        ),
        (vec!["update = \"orders\"\nset = { note = \"x\" }\nkeep = true"], None),
        (vec![FLAG, "update = \"orders\"\nset = { flag = 1 }\nwhere = \"id = 1\""], None),
        (vec!["insert = \"orders\"\nrows = [{ id = 3 }]"], None),
        (vec!["drop_column = \"orders.note\""], Some("losing values: orders.note 1")),
        (vec!["DELETE FROM orders"], Some("losing rows: orders 2")),
        (vec!["DELETE FROM orders WHERE id = 1"], Some("losing rows: orders unknown")),
        (vec!["UPDATE orders SET note = 'x'"], Some("losing values: orders unknown")),
        (vec!["DROP TABLE IF EXISTS nobody"], Some("losing rows: `DROP TABLE IF EXISTS nobody` unknown")),
        (vec!["INSERT INTO orders (id) VALUES (7)"], None),
        (vec!["CREATE INDEX by_note ON orders (note)"], None),
        (vec!["SELECT id FROM orders"], None),
    ];
    let own: &[(&[&str], Option<&str>)] = match backend {
        "sqlite" => &[
            (&["CREATE TABLE IF NOT EXISTS hand (id integer)", "DELETE FROM hand"], Some("losing rows: hand unknown")),
            (&["DROP TABLE orders"], Some("losing rows: orders 2")),
            (&["INSERT OR REPLACE INTO orders (id) VALUES (1)"], Some("losing rows: orders unknown")),
            (&["CREATE TABLE hand (id integer)", "DELETE FROM hand"], None),
            (&["PRAGMA user_version = 3"], Some("losing rows: `PRAGMA user_version = 3` unknown")),
        ],
        "postgres" => &[
            (&["TRUNCATE orders"], Some("losing rows: orders 2")),
            (&["DROP TABLE orders"], Some("losing rows: orders 2")),
            (&["DO $$ BEGIN EXECUTE 'DELETE FROM orders'; END $$"], Some("losing rows: `DO $$ BEGIN EXECUTE")),
            (
                &["INSERT INTO orders (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET note = 'n'"],
                Some("losing values: orders unknown"),
            ),
            (&["INSERT INTO orders (id) VALUES (1) ON CONFLICT DO NOTHING"], None),
            (&["INSERT INTO orders (id, note) VALUES (9, pi()::text)"], None),
            (&["CREATE TABLE hand (id integer)", "DELETE FROM hand"], None),
            (&["GRANT SELECT ON orders TO PUBLIC", "COMMENT ON TABLE orders IS 'x'"], None),
        ],
        // Its definitions are not read.
        _ => &[
            (&["CREATE TABLE hand (id integer)", "DELETE FROM hand"], Some("losing rows: `DELETE FROM hand` unknown")),
            (&["TRUNCATE TABLE orders"], Some("losing rows: orders 2")),
            (&["DROP TABLE orders"], Some("losing rows: `DROP TABLE orders` unknown")),
            (&["ALTER TABLE orders DROP COLUMN note"], Some("`ALTER TABLE orders DROP COLUMN note` unknown")),
            (&["ALTER TABLE orders ADD x decimal(3,2), ADD KEY by_x (x)"], None),
            (&["ALTER TABLE orders ADD x integer, MODIFY note char(9)"], Some("losing rows: `ALTER TABLE orders")),
            (
                &["INSERT INTO orders (id) VALUES (1) ON DUPLICATE KEY UPDATE note = 'n'"],
                Some("losing values: orders unknown"),
            ),
            (
                &["INSERT INTO orders (id) VALUES (1) /*M! ON DUPLICATE KEY UPDATE note = 'n' */"],
                Some("losing rows: `INSERT"),
            ),
            (&["REPLACE INTO orders (id) VALUES (1)"], Some("losing rows: orders unknown")),
            (
                &["CREATE TABLE n (id integer)", "UPDATE n JOIN orders o ON 1 = 1 SET o.note = 'q'"],
                Some("losing rows: `UPDATE n JOIN"),
            ),
        ],
    };
    cases.extend(own.iter().map(|(operations, lost)| (operations.to_vec(), *lost)));
    cases
}

pub fn what_is_not_known_to_be_harmless_is_asked_about(database: &dyn Database) {
    let backend = database.backend();
    for (number, (operations, lost)) in cases(backend).into_iter().enumerate() {
        let project = Project::of(&schema(backend, ""), &[("1_orders", ORDERS)]);
        let live = |arguments: &[&str]| project.run(database, &[arguments, &["--env", "live"]].concat());
        live(&["fresh", "--allow-protected", "--yes"]).ok();
        std::fs::write(project.path().join("migrations/2_two.toml"), node(&operations)).unwrap();
        let Some(lost) = lost else {
            live(&["latest", "--backup", "safe"]).ok();
            assert!(!project.path().join("safe").exists(), "{operations:?}: a backup for nothing");
            continue;
        };
        let before = database.dump();
        let commands = [
            &["latest"][..],
            &["up"],
            &["exec", "2"],
            &["redo"],
            &["latest", "--yes"],
            &["latest", "--allow-protected"],
        ];
        for arguments in &commands[..if number == 0 { commands.len() } else { 1 }] {
            let said = live(arguments);
            assert_eq!(said.code, 4, "{operations:?}\n{}", said.stderr);
            let shown = said.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(arguments == &["redo"] || shown.contains(lost), "{operations:?} {}", said.stderr);
        }
        assert_eq!(database.dump(), before, "{operations:?}");
        if number == 0 {
            live(&["latest", "--allow-protected", "--yes", "--backup", "safe"]).ok();
            assert!(project.path().join("safe").exists(), "no backup");
        }
    }
}

pub fn seeds_ask_before_they_overwrite(database: &dyn Database) {
    let backend = database.backend();
    let seeds = r#"
[[seed]]
insert = "orders"
key = ["id"]
rows = [{ id = 1, note = "seeded" }, { id = 3, note = "new" }]
"#;
    let raw = format!("{seeds}\n[[seed]]\nsql_file = \"wipe.sql\"\n");
    let project = Project::of(&schema(backend, seeds), &[("1_orders", ORDERS)]);
    let live = |arguments: &[&str]| project.run(database, &[arguments, &["--env", "live"]].concat());
    live(&["latest"]).ok();
    let before = database.dump();
    let said = live(&["seed"]);
    assert_eq!(said.code, 4, "{}", said.stderr);
    assert!(said.stderr.contains("losing values: orders 1"), "{}", said.stderr);
    assert!(said.stderr.contains("`dbmigrate seed --env live --allow-protected --yes`"), "{}", said.stderr);
    assert_eq!(live(&["seed", "--yes"]).code, 4);
    let planned = live(&["seed", "--dry-run"]).ok();
    assert!(planned.stdout.contains("! loses values  orders 1 (values changed)"), "{}", planned.stdout);
    let json = live(&["seed", "--dry-run", "--format", "json"]).ok().json();
    assert_eq!(json["destructive"], serde_json::json!([{ "kind": "values", "object": "orders", "rows": 1 }]));
    assert_eq!(database.dump(), before);
    live(&["seed", "--allow-protected", "--yes", "--backup", "safe"]).ok();
    assert!(project.path().join("safe").exists(), "no backup");
    assert_eq!(database.query("SELECT note FROM orders WHERE id = 1"), "seeded");
    // Twice changes nothing, so there is nothing to ask.
    live(&["seed"]).ok();
    std::fs::write(project.path().join("schema.toml"), schema(backend, &raw)).unwrap();
    std::fs::write(project.path().join("wipe.sql"), "DELETE FROM orders WHERE id = 2;").unwrap();
    let said = live(&["seed"]);
    assert_eq!(said.code, 4, "{}", said.stderr);
    assert!(said.stderr.contains("losing rows: orders unknown"), "{}", said.stderr);
    assert_eq!(database.query("SELECT count(*) FROM orders"), "3");
    live(&["seed", "--allow-protected", "--yes"]).ok();
    assert_eq!(database.query("SELECT count(*) FROM orders"), "2");
}
