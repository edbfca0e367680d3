//! What an interruption can leave on MySQL, case by case: what is said, and what helps.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::example::database::Database;
use crate::example::mysql_server::MysqlDatabase;
use crate::kill::history::{History, Said};
use crate::kill::relay::{At, Relay};

/// A history of a table, and whatever else.
pub fn history(nodes: &[(&str, &str)]) -> History {
    let history = History::of(0);
    let migrations = history.path().join("migrations");
    let table =
        "[[up]]\ncreate_table = \"t\"\nprimary_key = [\"id\"]\ncolumns = { id = \"bigint\", name = \"string(40)\" }\n";
    fs::write(migrations.join("1_table.toml"), table).unwrap();
    for (name, text) in nodes {
        fs::write(migrations.join(name), text).unwrap();
    }
    history
}

/// A database at the first migration.
pub fn at_one(history: &History) -> (MysqlDatabase, String) {
    let database = MysqlDatabase::create();
    let url = database.url();
    done(&history.run(&url, &["up"]));
    (database, url)
}

/// Runs a command through a relay that cuts.
pub fn cut(history: &History, database: &MysqlDatabase, command: &str, at: At) -> Said {
    let relay = Relay::to(&database.address(), at);
    let url = database.url().replace(&database.address(), &format!("127.0.0.1:{}", relay.port()));
    History::ended(history.start(&url, &[command]))
}

/// Waits until the server is through with what other clients left behind.
pub fn wait_for_the_server(database: &MysqlDatabase) {
    let busy = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND ID <> CONNECTION_ID()";
    wait_until(|| database.query(busy) == "0");
}

#[track_caller]
pub fn done(said: &Said) {
    assert_eq!(said.code, Some(0), "--- stdout\n{}\n--- stderr\n{}", said.stdout, said.stderr);
}

#[test]
fn on_mysql_a_statement_that_nobody_can_probe_waits_for_a_person() {
    let node = "[[up]]\nsql = [\"CREATE PROCEDURE p() BEGIN INSERT INTO t VALUES (1, 'one'); CREATE TABLE made (id int); DROP TABLE made; END\", \"CALL p()\", \"DROP PROCEDURE p\"]\n\
                down = \"DELETE FROM t\"\nwrites = [\"t\"]\n";
    for ran in [true, false] {
        let history = history(&[("2_call.toml", node)]);
        let database = MysqlDatabase::create();
        let url = database.url();
        done(&history.run(&url, &["up"]));
        let said = cut(&history, &database, "latest", At::After(2));
        assert_eq!(said.code, Some(1), "{}", said.stderr);
        assert!(said.stderr.contains("resolve 2 --statement 2 --ran"), "{}", said.stderr);

        let info = history.run(&url, &["info"]);
        assert!(info.stdout.contains("applying 1/3"), "{}", info.stdout);
        for command in ["latest", "reset"] {
            let refused = history.run(&url, &[command]);
            assert_eq!(refused.code, Some(4), "{command}: {}{}", refused.stdout, refused.stderr);
            assert!(refused.stderr.contains("resolve 2 --statement 2 --ran"), "{}", refused.stderr);
        }
        if !ran {
            // As though the server had died before it.
            database.execute("DELETE FROM t");
        }
        let settled = history.run(&url, &["resolve", "2", "--statement", "2", if ran { "--ran" } else { "--not-ran" }]);
        done(&settled);
        let again = history.run(&url, &["resolve", "2", "--statement", "2", "--ran"]);
        assert_eq!(again.code, Some(2), "{}", again.stderr);
        done(&history.run(&url, &["latest"]));
        assert_eq!(database.query("SELECT count(*) FROM t"), "1");
        done(&history.run(&url, &["reset"]));
        assert_eq!(database.schema(), "");
    }
}

#[test]
fn on_mysql_the_statement_of_a_killed_client_is_waited_for() {
    let history = history(&[("2_longer.toml", "[[up]]\nalter_column = \"t.name\"\ntype = \"text\"\n")]);
    let database = MysqlDatabase::create();
    let url = database.url();
    done(&history.run(&url, &["up"]));
    // The table is copied, which takes a while.
    let digits = "(SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 \
                  UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)";
    database.execute(&format!(
        "INSERT INTO t SELECT a.n + b.n * 10 + c.n * 100 + d.n * 1000 + e.n * 10000 + f.n * 100000, REPEAT('x', 40) \
         FROM {digits} a, {digits} b, {digits} c, {digits} d, {digits} e, {digits} f WHERE f.n < 8"
    ));
    let mut child = history.start(&url, &["latest"]);
    let at_work =
        "SELECT count(*) FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'ALTER TABLE%'";
    wait_until(|| database.query(at_work) == "1");
    child.kill().unwrap();
    let _ = History::ended(child);

    let info = history.run(&url, &["info"]);
    assert!(info.stdout.contains("applying 0/1"), "{}{}", info.stdout, info.stderr);
    let second = history.run(&url, &["latest", "--lock-timeout", "100ms"]);
    assert_eq!(second.code, Some(5), "{}", second.stderr);
    let words = second.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("which runs `ALTER TABLE `t` MODIFY COLUMN `name` longtext"), "{words}");

    done(&history.run(&url, &["latest"]));
    assert_eq!(database.query("SELECT count(*) FROM dbmigrate_journal"), "0");
    done(&history.run(&url, &["reset"]));
}

/// MySQL 9's list of processes fails as long as any session runs such a statement.
#[test]
fn on_mysql_a_second_run_waits_for_one_whose_statement_has_a_character_of_four_bytes() {
    let slow = "[[up]]\ncreate_table = \"begun\"\ncolumns = { id = \"bigint\" }\n\
                [[up]]\nsql = \"DO SLEEP(3 + 0 * LENGTH('😀'))\"\ndown = \"\"\n";
    let history = history(&[("2_slow.toml", slow)]);
    let database = MysqlDatabase::create();
    let url = database.url();
    done(&history.run(&url, &["up"]));
    let first = history.start(&url, &["latest"]);
    let begun =
        "SELECT count(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'begun'";
    wait_until(|| database.query(begun) == "1");
    let second = history.run(&url, &["latest", "--lock-timeout", "100ms"]);
    assert_eq!(second.code, Some(5), "{}", second.stderr);
    let words = second.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("is locked by process ") && words.contains("which runs `DO SLEEP("), "{words}");
    done(&history.run(&url, &["latest"]));
    done(&History::ended(first));
}

#[test]
fn on_mysql_what_was_interrupted_is_not_passed_by_and_not_edited_where_it_ran() {
    let two = "[[up]]\nadd_column = \"t.a\"\ntype = \"integer\"\ndefault = 0\n\n[[up]]\nadd_column = \"t.b\"\ntype = \"integer\"\ndefault = 0\n";
    let history = history(&[("2_two.toml", two)]);
    let schema = fs::read_to_string(history.path().join("schema.toml")).unwrap();
    fs::write(history.path().join("schema.toml"), schema.replace("order = \"linear\"\n", "")).unwrap();
    let requires = format!("requires = [\"table\"]\n{two}");
    let (path, third) = (history.path().join("migrations/2_two.toml"), history.path().join("migrations/3_three.toml"));
    fs::write(&path, &requires).unwrap();
    fs::write(third, "requires = [\"table\"]\n[[up]]\nadd_column = \"t.c\"\ntype = \"integer\"\ndefault = 0\n")
        .unwrap();
    let database = MysqlDatabase::create();
    let url = database.url();
    done(&history.run(&url, &["up"]));
    let said = cut(&history, &database, "latest", At::After(1));
    assert_ne!(said.code, Some(0));

    let passing = history.run(&url, &["up", "three"]);
    assert_eq!(passing.code, Some(3), "{}", passing.stderr);
    assert!(passing.stderr.contains("`two` (2) was interrupted, and this plan passes it by"), "{}", passing.stderr);

    fs::write(&path, requires.replace("t.a", "t.z")).unwrap();
    let edited = history.run(&url, &["latest"]);
    assert_eq!(edited.code, Some(3), "{}", edited.stderr);
    assert!(edited.stderr.contains("edited since where it had run already"), "{}", edited.stderr);
    // What comes after may be mended.
    fs::write(&path, requires.replace("t.b", "t.other")).unwrap();
    done(&history.run(&url, &["latest"]));
    let columns = "SELECT GROUP_CONCAT(column_name ORDER BY ordinal_position) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 't'";
    assert_eq!(database.query(columns), "id,name,a,other,c");
    done(&history.run(&url, &["reset"]));
    assert_eq!(database.schema(), "");
}

pub fn wait_until(mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it never came");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn on_mysql_what_was_sent_with_an_answer_that_never_came_is_not_counted() {
    let history = history(&[
        ("2_u.toml", "[[up]]\ncreate_table = \"u\"\ncolumns = { id = \"bigint\" }\n"),
        ("3_note.toml", "[[up]]\nnote = \"nothing\"\n"),
        ("4_row.toml", "[[up]]\ninsert = \"t\"\nkey = [\"id\"]\nrows = [{ id = 1, name = \"one\" }]\n"),
    ]);
    let database = MysqlDatabase::create();
    let url = database.url();
    done(&history.run(&url, &["up"]));
    let waiting =
        "SELECT ID FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND STATE LIKE '%metadata lock%'";
    let locks = lock_table(&database);
    let child = history.start(&url, &["latest"]);
    wait_until(|| !database.query(waiting).is_empty());
    database.execute(&format!("KILL CONNECTION {}", database.query(waiting)));
    drop(locks);
    let said = History::ended(child);
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    // `u` stands, and nothing says so but the journal.
    assert!(said.stderr.contains("0 of 3 steps are committed"), "{}", said.stderr);
    let last = "SELECT CONCAT(outcome, steps_done) FROM dbmigrate_runs WHERE command LIKE '%latest%'";
    assert_eq!(database.query(last), "failed0");
    let info = history.run(&url, &["info"]);
    assert!(info.stdout.contains("applying 1/1"), "{}", info.stdout);
    done(&history.run(&url, &["latest"]));
    assert_eq!(database.query("SELECT COUNT(*) FROM dbmigrate_runs"), "3");
    done(&history.run(&url, &["reset"]));
}

/// Holds `t` until it is dropped.
pub fn lock_table(database: &MysqlDatabase) -> Held {
    let child = database.hold("LOCK TABLES t READ; SELECT SLEEP(60)");
    let waits =
        "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND INFO LIKE 'SELECT SLEEP%'";
    wait_until(|| database.query(waits) == "1");
    Held(child)
}

pub struct Held(std::process::Child);

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
