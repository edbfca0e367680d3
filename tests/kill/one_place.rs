//! The journal of MySQL has one place: what happens to one migration must not be lost by another, or by its other direction.

use std::fs;
use std::thread;
use std::time::Duration;

use crate::example::database::Database;
use crate::example::mysql_server::MysqlDatabase;
use crate::kill::history::{History, Said};
use crate::kill::left::{at_one, done, history, lock_table, wait_until};

/// The migrations do not require each other, but the first.
fn as_a_graph(history: &History) {
    let path = history.path().join("schema.toml");
    let schema = fs::read_to_string(&path).unwrap();
    fs::write(path, schema.replace("order = \"linear\"\n", "")).unwrap();
}

#[track_caller]
fn ended_with(said: &Said, code: i32, words: &str) {
    let all = format!("{} {}", said.stdout, said.stderr);
    let all = all.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(said.code, Some(code), "{}{}", said.stdout, said.stderr);
    assert!(all.contains(words), "`{words}` in\n{}{}", said.stdout, said.stderr);
}

fn table(name: &str) -> String {
    format!("[[up]]\ncreate_table = \"{name}\"\nprimary_key = [\"id\"]\ncolumns = {{ id = \"bigint\" }}\n\n")
}

#[test]
fn on_mysql_what_is_half_taken_back_comes_first() {
    let x = format!("requires = [\"table\"]\n{}{}{}", table("xa"), table("xb"), table("xc"));
    let y = format!("requires = [\"table\"]\n{}", table("y"));
    let history = history(&[("2_x.toml", &x), ("3_y.toml", &y)]);
    as_a_graph(&history);
    let (database, url) = at_one(&history);
    done(&history.run(&url, &["latest"]));
    database.execute("CREATE TABLE child (x bigint, FOREIGN KEY (x) REFERENCES xb (id))");
    ended_with(&history.run(&url, &["down", "x"]), 1, "next: mend");
    // What would come first otherwise is refused, too.
    database.execute("CREATE TABLE other (y bigint, FOREIGN KEY (y) REFERENCES y (id))");
    ended_with(&history.run(&url, &["reset"]), 1, "2 x (down)");
    assert!(history.run(&url, &["info"]).stdout.contains("reverting 1/3"));
    database.execute("DROP TABLE child");
    ended_with(&history.run(&url, &["reset"]), 1, "3 y (down)");
    database.execute("DROP TABLE other");
    done(&history.run(&url, &["reset"]));
    assert_eq!(database.schema(), "");
}

#[test]
fn on_mysql_what_is_half_applied_comes_before_a_lower_version() {
    let x = format!(
        "requires = [\"table\"]\n[[up]]\nupdate = \"t\"\nset = {{ name = {{ expr = \"concat(name, '!')\" }} }}\nwhere = \"id > 0\"\ndown = \"UPDATE t SET name = 'one'\"\n\n{}{}",
        table("xa"),
        table("xb")
    );
    let history = history(&[("5_x.toml", &x)]);
    as_a_graph(&history);
    let (database, url) = at_one(&history);
    database.execute("INSERT INTO t VALUES (1, 'one'); CREATE TABLE xb (id int)");
    ended_with(&history.run(&url, &["latest"]), 1, "already exists");
    let z = "requires = [\"table\"]\n[[up]]\ncreate_index = \"t_name\"\non = \"t\"\ncolumns = [\"name\"]\n";
    fs::write(history.path().join("migrations/3_z.toml"), z).unwrap();
    database.execute("CREATE INDEX t_name ON t (id); DROP TABLE xb");
    ended_with(&history.run(&url, &["latest"]), 1, "3 z (up)");
    database.execute("DROP INDEX t_name ON t");
    done(&history.run(&url, &["latest"]));
    assert_eq!(database.query("SELECT name FROM t"), "one!");
    done(&history.run(&url, &["reset"]));
    assert_eq!(database.schema(), "");
}

#[test]
fn on_mysql_rows_that_are_refused_again_leave_a_ledger_that_can_be_read() {
    let row = "[[up]]\ninsert = \"t\"\nkey = [\"id\"]\nrows = [{ id = 7, name = \"seven\" }]\n";
    let history = history(&[("2_row.toml", row)]);
    let (database, url) = at_one(&history);
    done(&history.run(&url, &["latest"]));
    database
        .execute("CREATE TRIGGER no BEFORE INSERT ON t FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'");
    ended_with(&history.run(&url, &["redo"]), 1, "2 row (up)");
    assert!(history.run(&url, &["info"]).stdout.contains("applying 0/1"));
    database.execute("DROP TRIGGER no");
    done(&history.run(&url, &["latest"]));
    assert_eq!(database.query("SELECT COUNT(*) FROM t"), "1");
    done(&history.run(&url, &["reset"]));
}

#[test]
fn on_mysql_a_doubt_outlives_what_was_said_before_it() {
    let nodes = [
        ("2_u.toml", table("u")),
        ("3_note.toml", "[[up]]\nnote = \"nothing here\"\n".to_owned()),
        ("4_drop.toml", "[[up]]\nsql = \"DROP TABLE a, missing\"\ndown = \"\"\nwrites = [\"t\"]\n".to_owned()),
    ];
    let history = history(&nodes.each_ref().map(|(name, text)| (*name, text.as_str())));
    let (database, url) = at_one(&history);
    database.execute("CREATE TABLE a (id int)");
    ended_with(&history.run(&url, &["latest"]), 1, "resolve 4 --statement 1 --ran");
    ended_with(&history.run(&url, &["latest"]), 4, "resolve 4 --statement 1 --ran");
    done(&history.run(&url, &["resolve", "4", "--statement", "1", "--ran"]));
    done(&history.run(&url, &["latest"]));
    done(&history.run(&url, &["reset"]));
}

#[test]
fn on_mysql_a_way_down_that_is_refused_at_once_leaves_the_migration_applied() {
    let history = history(&[("2_x.toml", &table("x"))]);
    let (database, url) = at_one(&history);
    done(&history.run(&url, &["latest"]));
    database.execute("CREATE TABLE child (x bigint, FOREIGN KEY (x) REFERENCES x (id))");
    ended_with(&history.run(&url, &["down"]), 1, "foreign key");
    assert!(!history.run(&url, &["info"]).stdout.contains("reverting"));
    fs::write(history.path().join("migrations/3_z.toml"), table("z")).unwrap();
    done(&history.run(&url, &["latest"]));
    database.execute("DROP TABLE child");
    done(&history.run(&url, &["reset"]));
    assert_eq!(database.schema(), "");
}

#[test]
fn on_mysql_a_statement_at_work_is_not_edited_away() {
    let node = "[[up]]\nalter_column = \"t.name\"\ntype = \"text\"\n";
    let history = history(&[("2_text.toml", node)]);
    let (database, url) = at_one(&history);
    let waits = "SELECT ID FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND STATE LIKE '%metadata lock%'";
    let locks = lock_table(&database);
    let mut child = history.start(&url, &["latest"]);
    wait_until(|| !database.query(waits).is_empty());
    child.kill().unwrap();
    let _ = History::ended(child);
    drop(locks);
    // The server goes on with it.
    thread::sleep(Duration::from_millis(300));
    wait_until(|| database.query(waits).is_empty());
    let path = history.path().join("migrations/2_text.toml");
    fs::write(&path, "[[up]]\nadd_column = \"t.x\"\ntype = \"integer\"\nnull = true\n").unwrap();
    ended_with(&history.run(&url, &["latest"]), 3, "edited since where it had run already");
    fs::write(&path, node).unwrap();
    done(&history.run(&url, &["latest"]));
    done(&history.run(&url, &["reset"]));
}

#[test]
fn on_mysql_a_first_run_that_was_killed_does_not_leave_a_database_without_its_stamp() {
    let history = history(&[]);
    let schema = history.path().join("schema.toml");
    let text = fs::read_to_string(&schema).unwrap();
    fs::write(&schema, format!("{text}\n[environments.production]\nurl = \"mysql://none/none\"\n")).unwrap();
    let first =
        "[[up]]\nsql = \"DO SLEEP(30)\"\ndown = \"\"\nwrites = []\n".replace("writes = []\n", "reads = [\"t\"]\n");
    fs::rename(history.path().join("migrations/1_table.toml"), history.path().join("migrations/2_table.toml")).unwrap();
    fs::write(history.path().join("migrations/1_slow.toml"), &first).unwrap();
    let database = MysqlDatabase::create();
    let url = database.url();
    let mut child = history.start(&url, &["latest", "--env", "production"]);
    let sleeps = "SELECT ID FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND INFO LIKE 'DO SLEEP%'";
    wait_until(|| !database.query(sleeps).is_empty());
    child.kill().unwrap();
    let _ = History::ended(child);
    database.execute(&format!("KILL {}", database.query(sleeps)));
    wait_until(|| database.query(sleeps).is_empty());
    fs::write(history.path().join("migrations/1_slow.toml"), first.replace("(30)", "(0)")).unwrap();
    done(&history.run(&url, &["latest", "--env", "production"]));
    ended_with(&history.run(&url, &["reset"]), 4, "production");
    assert_eq!(database.query("SELECT name FROM dbmigrate_environment"), "production");
}

#[test]
fn on_mysql_what_is_half_applied_does_not_go_on_before_what_it_requires_now() {
    let x = |requires: &str| format!("requires = {requires}\n{}{}", table("xa"), table("xb"));
    let history = history(&[("5_x.toml", &x("[\"table\"]"))]);
    as_a_graph(&history);
    let (database, url) = at_one(&history);
    database.execute("CREATE TABLE xb (id int)");
    ended_with(&history.run(&url, &["latest"]), 1, "already exists");
    fs::write(history.path().join("migrations/3_z.toml"), format!("requires = [\"table\"]\n{}", table("z"))).unwrap();
    fs::write(history.path().join("migrations/5_x.toml"), x("[\"z\"]")).unwrap();
    database.execute("DROP TABLE xb");
    for up in [&["latest"][..], &["up", "x"]] {
        ended_with(
            &history.run(&url, up),
            3,
            "`x` was interrupted on its way, and requires `z` now, which is not applied",
        );
    }
    assert_eq!(database.tables(), ["t", "xa"]);
    done(&history.run(&url, &["down", "x"]));
    done(&history.run(&url, &["latest"]));
    done(&history.run(&url, &["reset"]));
    assert_eq!(database.schema(), "");
}
