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

const ANY: &str = "[project]\nname = \"fresh\"\nbackends = [\"sqlite\", \"postgres\", \"mysql\"]\n";
const TABLE: &str = "[[up]]\ncreate_table = \"t\"\nprimary_key = [\"id\"]\ncolumns = { id = \"bigint\" }\n";
const FAILS: &str = "requires = [\"t\"]\n[[up]]\nsql = \"SELECT nope FROM t\"\nreads = [\"t\"]\ndown = \"\"\n";

fn shown(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What fails after all was dropped leaves all as it was; where that cannot be, it is said what is gone, and what helps.
pub fn what_fails_after_the_drop_is_told(database: &dyn Database) {
    let project = Project::of(ANY, &[("1_t", TABLE)]);
    project.run(database, &["latest"]).ok();
    database.execute("INSERT INTO t VALUES (7)");
    database.execute("CREATE TABLE strange (id bigint)");
    let before = database.schema();
    let broken = Project::of(ANY, &[("1_t", TABLE), ("2_fails", FAILS)]);
    let said = broken.run(database, &["fresh"]);
    let words = shown(&said.stderr);
    assert_eq!(said.code, 1, "{words}");
    let failed = "SELECT count(*) FROM dbmigrate_runs WHERE command = 'fresh' AND outcome = 'failed'";
    assert_eq!(database.query(failed), "1");
    let json = broken.run(database, &["fresh", "--format", "json"]).json();
    assert_eq!((json["outcome"].as_str(), json["state"].to_string()), (Some("failed"), "[\"1\"]".to_owned()));
    if database.backend() == "mysql" {
        assert!(words.contains("what existed was dropped; 1 of 2 steps are committed"), "{words}");
        assert!(words.contains("dropped table \"strange\", table \"t\""), "{words}");
        assert!(words.contains("`dbmigrate latest` applies the rest; `dbmigrate fresh` starts over"), "{words}");
        assert_eq!(json["dropped"].to_string(), "[\"table \\\"t\\\"\"]");
        assert_eq!(database.query("SELECT count(*) FROM t"), "0");
        let mended = Project::of(ANY, &[("1_t", TABLE), ("2_fails", &FAILS.replace("nope", "id"))]);
        mended.run(database, &["latest"]).ok();
    } else {
        assert!(words.contains("the database is as it was before the run"), "{words}");
        assert!(json.get("dropped").is_none(), "{json}");
        assert_eq!((database.schema(), database.query("SELECT id FROM t")), (before, "7".to_owned()));
        assert_eq!(database.query("SELECT count(*) FROM dbmigrate_versions"), "1");
    }
    project.run(database, &["fresh"]).ok();
    assert_eq!(database.query("SELECT count(*) FROM t"), "0");
    assert!(!database.schema().contains("strange"), "{}", database.schema());
}

/// A schema that SQL makes goes as one that an operation makes.
#[test]
fn fresh_drops_schemas_that_sql_made_on_postgres() {
    let schema = "[project]\nname = \"fresh\"\nbackends = [\"postgres\"]\n";
    let made = "[[up]]\nsql = [\"CREATE SCHEMA app_one\", \"create schema \\\"App \\\"\\\"Two\\\"\", \"CREATE TABLE app_one.t (id int)\"]\n\
                down = [\"DROP SCHEMA app_one CASCADE\", \"DROP SCHEMA \\\"App \\\"\\\"Two\\\"\"]\n";
    let project = Project::of(schema, &[("1_made", made)]);
    let database = crate::example::postgres_server::PostgresDatabase::create();
    for _ in 0..3 {
        let said = project.run(&database, &["fresh"]).ok();
        assert_eq!(
            database.query("SELECT count(*) FROM pg_namespace WHERE nspname ILIKE 'app%'"),
            "2",
            "{}",
            said.stdout
        );
    }
    project.run(&database, &["reset"]).ok();
}

/// What runs outside a transaction comes after the drop has been committed, which is said.
#[test]
fn fresh_says_what_it_dropped_before_what_runs_outside_a_transaction() {
    let schema = "[project]\nname = \"fresh\"\nbackends = [\"sqlite\"]\n";
    let outside = |select: &str| format!("transaction = false\n[[up]]\nsql = \"SELECT {select}\"\ndown = \"\"\n");
    let project = Project::of(schema, &[("1_t", TABLE), ("2_u", &outside("1"))]);
    let database = crate::example::sqlite_file::SqliteFile::of(&project);
    project.run(&database, &["latest", "--transaction", "chunks"]).ok();
    for (first, second, words) in [
        (TABLE.to_owned(), outside("nope"), "what existed was dropped; 1 of 2 steps are committed"),
        (outside("nope"), TABLE.to_owned(), "what existed was dropped; 0 of 2 steps are committed"),
    ] {
        database.execute("CREATE TABLE strange (id bigint)");
        let project = Project::of(schema, &[("1_t", &first), ("2_u", &second)]);
        let said = project.run(&database, &["fresh", "--transaction", "chunks"]);
        let told = shown(&said.stderr);
        assert!(said.code == 1 && told.contains(words) && told.contains("dropped table \"strange\""), "{told}");
        assert!(told.contains("`dbmigrate latest` applies the rest"), "{told}");
        assert_eq!(database.query("SELECT count(*) FROM sqlite_schema WHERE name = 'strange'"), "0");
    }
    project.run(&database, &["fresh", "--transaction", "chunks"]).ok();
}

/// SQLite drops tables with foreign keys off, and they stay off in that transaction: what they would do to rows is written out,
/// or the drop has a transaction of its own.
#[test]
fn fresh_does_to_rows_what_latest_does_on_sqlite() {
    let schema = "[project]\nname = \"fresh\"\nbackends = [\"sqlite\"]\n";
    let made = "[[up]]\ncreate_table = \"p\"\nprimary_key = [\"id\"]\ncolumns = { id = \"bigint\" }\n\
        [[up]]\ncreate_table = \"c\"\nprimary_key = [\"id\"]\n\
        columns = { id = \"bigint\", p = { type = \"bigint\", references = \"p.id\", on_delete = \"cascade\", on_update = \"cascade\" } }\n\
        [[up]]\ninsert = \"p\"\nrows = [{ id = 1 }, { id = 2 }]\n[[up]]\ninsert = \"c\"\nrows = [{ id = 1, p = 1 }, { id = 2, p = 2 }]\n";
    for change in
        ["delete = \"p\"\nwhere = \"id = 1\"\ndown = \"\"", "sql = \"UPDATE p SET id = id + 10\"\ndown = \"\""]
    {
        let changed = format!("requires = [\"made\"]\n[[up]]\n{change}\n");
        let project = Project::of(schema, &[("1_made", made), ("2_changed", &changed)]);
        let database = crate::example::sqlite_file::SqliteFile::of(&project);
        let rows = "SELECT count(*) || ' ' || sum(p) FROM c";
        project.run(&database, &["latest"]).ok();
        let latest = database.query(rows);
        for _ in 0..2 {
            project.run(&database, &["fresh"]).ok();
            assert_eq!(database.query(rows), latest, "{change}");
        }
    }
}

/// A table that cannot be dropped in time: what is gone is said, and `latest` remembers it.
#[test]
fn fresh_that_is_refused_on_mysql_is_told_and_goes_on() {
    let project = Project::of(ANY, &[("1_t", TABLE)]);
    let database = crate::example::mysql_server::MysqlDatabase::create();
    project.run(&database, &["latest"]).ok();
    database.execute("CREATE TABLE a (id bigint); CREATE TABLE z (id bigint)");
    let said = std::thread::scope(|scope| {
        scope.spawn(|| database.execute("START TRANSACTION; SELECT count(*) FROM t; DO SLEEP(3)"));
        let asleep =
            "SELECT count(*) FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND STATE LIKE '%sleep%'";
        while database.query(asleep) == "0" {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        project.run(&database, &["fresh", "--lock-timeout", "1s"])
    });
    let words = shown(&said.stderr);
    assert!(said.code != 0 && words.contains("table \"t\" could not be dropped"), "{}\n{words}", said.code);
    assert!(words.contains("1 of 3 objects were dropped before it"), "{words}");
    assert!(words.contains("`dbmigrate fresh` again: it drops what is left"), "{words}");
    let said = project.run(&database, &["latest"]);
    let words = shown(&said.stderr);
    assert!(said.code != 0 && words.contains("`fresh` was cut short while it dropped what existed"), "{words}");
    project.run(&database, &["fresh"]).ok();
    assert!(!database.schema().contains('z'), "{}", database.schema());
    project.run(&database, &["latest"]).ok();
}

/// Killed at any moment: all is as it was, or done, where that can be; and the next run finishes.
pub fn a_fresh_that_is_killed_is_finished_by_the_next(database: &dyn Database) {
    let project = Project::of_the_example();
    project.run(database, &["latest"]).ok();
    let latest = database.schema();
    let begun = std::time::Instant::now();
    project.run(database, &["fresh"]).ok();
    let lasts = begun.elapsed();
    for part in 1..=8_u32 {
        database.execute("CREATE TABLE strange (id bigint)");
        let before = database.schema();
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_dbmigrate"))
            .args(["fresh", "--quiet", "--database-url", &database.url()])
            .current_dir(project.path())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(lasts * part / 8);
        let _ = child.kill();
        child.wait().unwrap();
        // A server may still be at the last statement: a run waits for it.
        let said = project.run(database, &["latest"]);
        if database.backend() == "mysql" {
            let words = shown(&said.stderr);
            assert!(said.code == 0 || words.contains("`fresh` was cut short while it dropped"), "{words}");
        } else {
            let found = database.schema();
            assert!(said.code == 0 && (found == before || found == latest), "{}{found}", said.stderr);
        }
        project.run(database, &["fresh"]).ok();
        assert_eq!(database.schema(), latest);
    }
}
