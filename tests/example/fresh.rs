//! `fresh`: for when ways down are beyond repair.

use crate::example::database::Database;
use crate::example::project::Project;

pub fn everything_goes_whatever_the_ledger_says(database: &dyn Database) {
    let project = Project::of_the_example();
    let backend = database.backend();
    // Where nothing stands, it is `latest`.
    project.run(database, &["fresh"]).ok();
    let (latest, applied) = (database.schema(), "SELECT COUNT(*) FROM dbmigrate_versions");
    let count = database.query(applied);
    // What nobody knows of: a table over ours, a view over it, a function; and a ledger that has lost its head.
    database.execute("CREATE TABLE strange (id bigint, user_id bigint, FOREIGN KEY (user_id) REFERENCES users (id))");
    database.execute("INSERT INTO strange VALUES (1, NULL)");
    database.execute("CREATE VIEW stranger AS SELECT id FROM strange");
    match backend {
        "postgres" => {
            database.execute("CREATE FUNCTION odd(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'");
            database
                .execute("CREATE TYPE mood AS ENUM ('glad'); CREATE DOMAIN short AS varchar(3); CREATE SEQUENCE alone; CREATE TYPE span AS RANGE (subtype = int)");
            database.execute("CREATE MATERIALIZED VIEW kept AS SELECT odd(1) AS n");
        }
        "mysql" => database.execute("CREATE FUNCTION odd(n INT) RETURNS INT DETERMINISTIC RETURN n"),
        _ => database.execute("CREATE TRIGGER odd INSTEAD OF DELETE ON stranger BEGIN SELECT 1; END"),
    }
    database.execute("DELETE FROM dbmigrate_versions WHERE position > 3");
    assert_ne!(project.run(database, &["latest"]).code, 0, "what it makes stands already");
    let before = database.schema();
    let said = project.run(database, &["fresh", "--dry-run"]).ok();
    assert!(said.stdout.starts_with("Fresh: drops ") && said.stdout.contains("stranger"), "{}", said.stdout);
    assert!(said.stdout.contains("Plan: "), "{}", said.stdout);
    let json = project.run(database, &["fresh", "--dry-run", "--format", "json"]).ok().json();
    assert!(json["drops"].as_array().unwrap().iter().any(|drop| drop["name"] == "strange"));
    assert_eq!(json["plan"]["direction"], "up");
    assert_eq!(database.schema(), before);
    let runs = database.runs("done");
    let said = project.run(database, &["fresh"]).ok();
    assert!(said.stdout.contains("drops ") && said.stdout.contains("view"), "{}", said.stdout);
    assert_eq!(database.schema(), latest);
    assert_eq!(database.query(applied), count);
    assert!(database.runs("done") > runs, "the history of runs stays");
    project.run(database, &["reset"]).ok();
    assert_eq!(database.schema(), "");
}

/// A protected environment is asked for twice; a manifest that leads nowhere drops nothing.
#[test]
fn fresh_is_as_careful_as_a_reset() {
    let schema = "[project]\nname = \"careful\"\nbackends = [\"sqlite\"]\n\n[environments.live]\nurl = \"sqlite://blog.db\"\nprotected = true\n";
    let table = "[[up]]\ncreate_table = \"t\"\ncolumns = { id = \"bigint\" }\n";
    let project = Project::of(schema, &[("1_t", table)]);
    let database = crate::example::sqlite_file::SqliteFile::of(&project);
    project.run(&database, &["latest", "--env", "live"]).ok();
    database.execute("INSERT INTO t VALUES (1)");
    let said = project.run(&database, &["fresh", "--env", "live"]);
    assert_eq!(said.code, 4, "{}{}", said.stdout, said.stderr);
    assert!(said.stderr.contains("--allow-protected --yes"), "{}", said.stderr);
    let said = project.run(&database, &["fresh"]);
    assert_eq!(said.code, 4, "stamped `live`: {}{}", said.stdout, said.stderr);
    project.edit("t", "bigint", "enum(none)");
    let said = project.run(&database, &["fresh", "--env", "live", "--allow-protected", "--yes"]);
    assert_eq!(said.code, 3, "{}{}", said.stdout, said.stderr);
    assert_eq!(database.query("SELECT count(*) FROM t"), "1");
    project.edit("t", "enum(none)", "integer");
    project.run(&database, &["fresh", "--env", "live", "--allow-protected", "--yes"]).ok();
    assert_eq!(database.query("SELECT count(*) FROM t"), "0");
}

/// Nothing is dropped where the run that follows would be refused: `--transaction all` over what has to run outside of one.
#[test]
fn fresh_drops_nothing_that_it_would_not_make_again() {
    let schema = "[project]\nname = \"careful\"\nbackends = [\"sqlite\"]\n";
    let table = "[[up]]\ncreate_table = \"t\"\ncolumns = { id = \"bigint\" }\n";
    let alone =
        "requires = [\"t\"]\ntransaction = false\n\n[[up]]\ncreate_index = \"t_id\"\non = \"t\"\ncolumns = [\"id\"]\n";
    let project = Project::of(schema, &[("1_t", table), ("2_alone", alone)]);
    let database = crate::example::sqlite_file::SqliteFile::of(&project);
    project.run(&database, &["latest", "--transaction", "chunks"]).ok();
    database.execute("INSERT INTO t VALUES (1)");
    let said = project.run(&database, &["fresh", "--transaction", "all"]);
    assert_eq!(said.code, 4, "{}{}", said.stdout, said.stderr);
    assert_eq!(database.query("SELECT count(*) FROM t"), "1");
    project.run(&database, &["fresh", "--transaction", "chunks"]).ok();
    assert_eq!(database.query("SELECT count(*) FROM t"), "0");
}
