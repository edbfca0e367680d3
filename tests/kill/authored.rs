//! SQL that its author wrote, interrupted or refused on MySQL.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::example::database::Database;
use crate::kill::history::{History, Said};
use crate::kill::left::{at_one, cut, done, history, lock_table, wait_until};
use crate::kill::relay::{At, Relay};

/// The words of what was said, as though there were no lines.
fn words(said: &Said) -> String {
    format!("{} {}", said.stdout, said.stderr).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn on_mysql_ctrl_c_within_the_rows_of_a_change_leaves_none_of_them() {
    let rows = "[[up]]\ncreate_table = \"u\"\nprimary_key = [\"id\"]\ncolumns = { id = \"bigint\", n = { type = \"bigint\", null = true } }\n\n\
                [[up]]\ninsert = \"u\"\nkey = [\"id\"]\nrows = [{ id = 1, n = 1 }, { id = 2 }, { id = 3, n = 3 }]\n";
    let history = history(&[("2_rows.toml", rows)]);
    let (database, url) = at_one(&history);
    let relay = Relay::to(&database.address(), At::Late(2));
    let late = url.replace(&database.address(), &format!("127.0.0.1:{}", relay.port()));
    let child = history.start(&late, &["latest"]);
    wait_until(|| relay.statements() == 2);
    thread::sleep(Duration::from_millis(200));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let said = History::ended(child);
    assert_eq!(said.code, Some(1), "{}{}", said.stdout, said.stderr);
    assert_eq!(database.query("SELECT COUNT(*) FROM u"), "0");
    done(&history.run(&url, &["latest"]));
    assert_eq!(database.query("SELECT COUNT(*) FROM u"), "3");
    done(&history.run(&url, &["reset"]));
}

#[test]
fn on_mysql_a_refused_statement_that_drops_several_things_is_in_doubt() {
    let node = "[[up]]\nsql = \"DROP TABLE a, missing\"\ndown = \"\"\nwrites = [\"t\"]\n";
    let history = history(&[("2_drop.toml", node)]);
    let (database, url) = at_one(&history);
    database.execute("CREATE TABLE a (id int)");
    let said = history.run(&url, &["latest"]);
    assert_eq!(said.code, Some(1));
    assert!(words(&said).contains("nothing tells whether statement 1 ran"), "{}", said.stderr);
    assert!(said.stderr.contains("resolve 2 --statement 1 --ran"), "{}", said.stderr);
    let refused = history.run(&url, &["latest"]);
    assert_eq!(refused.code, Some(4), "{}", refused.stderr);
    done(&history.run(&url, &["resolve", "2", "--statement", "1", "--ran"]));
    done(&history.run(&url, &["latest"]));
    done(&history.run(&url, &["reset"]));
}

#[test]
fn on_mysql_what_was_set_before_an_interruption_is_set_after_it() {
    let node = "[[up]]\nsql = [\"SET foreign_key_checks = 0, @name = 'nobody'\", \"CREATE TABLE b (id int, t_id bigint, FOREIGN KEY (t_id) REFERENCES t (id))\", \
                \"INSERT INTO b VALUES (1, 99)\", \"INSERT INTO t VALUES (5, @name)\"]\ndown = [\"DROP TABLE b\", \"DELETE FROM t\"]\nwrites = [\"t\"]\n";
    let history = history(&[("2_set.toml", node)]);
    let (database, url) = at_one(&history);
    let said = cut(&history, &database, "latest", At::After(2));
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    done(&history.run(&url, &["latest"]));
    assert_eq!(database.query("SELECT CONCAT(name, (SELECT COUNT(*) FROM b)) FROM t"), "nobody1");
    done(&history.run(&url, &["reset"]));
}

#[test]
fn on_mysql_a_variable_that_was_read_out_of_rows_before_an_interruption_is_not_guessed() {
    let node = "[[up]]\nsql = [\"SET @most = (SELECT MAX(id) FROM t)\", \"CREATE TABLE b (id int)\", \"INSERT INTO b VALUES (@most)\"]\n\
                down = \"DROP TABLE b\"\nwrites = [\"t\"]\n";
    let history = history(&[("2_most.toml", node)]);
    let (database, url) = at_one(&history);
    database.execute("INSERT INTO t VALUES (8, 'eight')");
    let said = cut(&history, &database, "latest", At::After(2));
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    let refused = history.run(&url, &["latest"]);
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    assert!(words(&refused).contains("goes on after an interruption, and `@most` went with it"), "{}", refused.stderr);
    fs::write(history.path().join("migrations/2_most.toml"), node.replace("(@most)", "(8)")).unwrap();
    done(&history.run(&url, &["latest"]));
    assert_eq!(database.query("SELECT id FROM b"), "8");
    done(&history.run(&url, &["reset"]));
}

#[test]
fn on_mysql_a_procedure_that_rolls_back_does_not_take_its_announcement_along() {
    // It ends the transaction it is called in, commits something, and then is refused, or its server goes away.
    let body = |end: &str| {
        format!(
            "[[up]]\nsql = [\"CREATE PROCEDURE p() BEGIN ROLLBACK; INSERT INTO t VALUES (1, 'one'); {end} END\", \"CALL p()\"]\n\
             down = [\"DELETE FROM t\", \"DROP PROCEDURE IF EXISTS p\"]\nwrites = [\"t\"]\n"
        )
    };
    for (end, at) in
        [("SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no';", At::Nowhere), ("DO SLEEP(0.05);", At::After(2))]
    {
        let history = history(&[("2_call.toml", &body(end))]);
        let (database, url) = at_one(&history);
        let said = cut(&history, &database, "latest", at);
        assert_eq!(said.code, Some(1), "{}", said.stderr);
        assert_eq!(database.query("SELECT COUNT(*) FROM t"), "1");
        let refused = history.run(&url, &["latest"]);
        assert_eq!(refused.code, Some(4), "{}{}", refused.stdout, refused.stderr);
        assert!(refused.stderr.contains("resolve 2 --statement 2 --ran"), "{}", refused.stderr);
        done(&history.run(&url, &["resolve", "2", "--statement", "2", "--ran"]));
        done(&history.run(&url, &["latest"]));
        done(&history.run(&url, &["reset"]));
        assert_eq!(database.schema(), "");
    }
}

#[test]
fn on_mysql_a_refused_call_that_only_changed_rows_did_not_run() {
    let node = "[[up]]\nsql = [\"CREATE PROCEDURE p() BEGIN INSERT INTO t VALUES (1, 'one'); SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'; END\"]\ndown = \"DROP PROCEDURE p\"\nwrites = [\"t\"]\n\n\
                [[up]]\nsql = \"CALL p()\"\ndown = \"DELETE FROM t\"\nwrites = [\"t\"]\n";
    let history = history(&[("2_call.toml", node)]);
    let (database, url) = at_one(&history);
    let said = history.run(&url, &["latest"]);
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    assert_eq!(database.query("SELECT COUNT(*) FROM t"), "0");
    let info = history.run(&url, &["info"]);
    assert!(info.stdout.contains("applying 1/2"), "{}", info.stdout);
    done(&history.run(&url, &["reset"]));
}

#[test]
fn on_mysql_no_migration_makes_another_database_the_sessions() {
    let node = "[[up]]\nsql = [\"USE mysql\", \"DO 1\"]\ndown = \"\"\nwrites = [\"t\"]\n";
    let history = history(&[("2_use.toml", node)]);
    let (_database, url) = at_one(&history);
    let said = history.run(&url, &["latest"]);
    assert_eq!(said.code, Some(3), "{}", said.stderr);
    assert!(words(&said).contains("the ledger's next words would go there"), "{}", said.stderr);
}

#[test]
fn on_mysql_a_rename_that_changes_case_only_is_not_taken_for_done() {
    let node = "[[up]]\nrename_column = \"t.name\"\nto = \"Name\"\n\n[[up]]\nadd_column = \"t.x\"\ntype = \"integer\"\nnull = true\n";
    let history = history(&[("2_case.toml", node)]);
    let (database, url) = at_one(&history);
    // Killed while the statement waits: announced, and not run.
    let locks = lock_table(&database);
    let mut child = history.start(&url, &["latest"]);
    wait_until(|| {
        database.query("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND STATE LIKE '%metadata lock%'") == "1"
    });
    child.kill().unwrap();
    let _ = History::ended(child);
    database.execute("SET @id = (SELECT MAX(ID) FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND STATE LIKE '%metadata lock%'); EXECUTE IMMEDIATE CONCAT('KILL ', @id)");
    drop(locks);
    done(&history.run(&url, &["latest"]));
    let spelled = "SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 't' AND BINARY COLUMN_NAME = 'Name'";
    assert_eq!(database.query(spelled), "1");
    done(&history.run(&url, &["reset"]));
}

#[test]
fn on_mysql_a_refused_rename_did_not_run() {
    let node = "[[up]]\nsql = \"RENAME TABLE missing TO b\"\ndown = \"\"\nwrites = [\"t\"]\n";
    let history = history(&[("2_rename.toml", node)]);
    let (database, url) = at_one(&history);
    let said = history.run(&url, &["latest"]);
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    assert!(!said.stderr.contains("resolve"), "{}", said.stderr);
    database.execute("CREATE TABLE missing (id int)");
    done(&history.run(&url, &["latest"]));
    assert_eq!(database.tables(), ["b", "t"]);
}

#[test]
fn on_mysql_no_migration_locks_tables_and_no_seed_commits() {
    let node = "[[up]]\nsql = \"LOCK TABLES t WRITE\"\ndown = \"\"\nwrites = [\"t\"]\n";
    let history = history(&[("2_lock.toml", node)]);
    let (database, url) = at_one(&history);
    let said = history.run(&url, &["latest"]);
    assert_eq!(said.code, Some(3), "{}", said.stderr);
    assert!(words(&said).contains("keeps the ledger's own tables from this session"), "{}", said.stderr);

    fs::remove_file(history.path().join("migrations/2_lock.toml")).unwrap();
    let schema = history.path().join("schema.toml");
    let text = fs::read_to_string(&schema).unwrap();
    fs::write(history.path().join("seed.sql"), "TRUNCATE TABLE t;\nINSERT INTO t VALUES (1, 'one');\n").unwrap();
    fs::write(&schema, format!("{text}\n[[seed]]\nsql_file = \"seed.sql\"\n")).unwrap();
    database.execute("INSERT INTO t VALUES (5, 'five')");
    let said = history.run(&url, &["seed"]);
    assert_eq!(said.code, Some(3), "{}{}", said.stdout, said.stderr);
    assert!(words(&said).contains("this may commit by itself"), "{}", said.stderr);
    assert_eq!(database.query("SELECT id FROM t"), "5");
}

#[test]
fn on_mysql_what_the_server_keeps_of_the_statement_before_is_not_guessed() {
    let node = "[[up]]\nsql = [\"INSERT INTO t VALUES (3, 'three')\", \"SET @id = LAST_INSERT_ID()\", \"CREATE TABLE c (id int)\", \"INSERT INTO c VALUES (@id)\"]\n\
                down = [\"DROP TABLE c\", \"DELETE FROM t\"]\nwrites = [\"t\"]\n";
    let history = history(&[("2_id.toml", node)]);
    let (database, url) = at_one(&history);
    database.execute("CREATE TABLE c (id int)");
    assert_eq!(history.run(&url, &["latest"]).code, Some(1));
    database.execute("DROP TABLE c");
    let refused = history.run(&url, &["latest"]);
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    assert!(words(&refused).contains("`@id` went with it"), "{}", refused.stderr);
}

#[test]
fn on_mysql_the_programs_own_variables_are_not_missed() {
    let insert = "insert = \"t\"\nkey = [\"id\"]\nrows = [{ id = ID, name = { expr = \"(SELECT 'x')\" } }]\n";
    let node = format!(
        "[[up]]\n{}\n[[up]]\ncreate_table = \"c\"\ncolumns = {{ id = \"bigint\" }}\n\n[[up]]\n{}",
        insert.replace("ID", "1"),
        insert.replace("ID", "2")
    );
    let history = history(&[("2_own.toml", &node)]);
    let (database, url) = at_one(&history);
    database.execute("CREATE TABLE c (id int)");
    assert_eq!(history.run(&url, &["latest"]).code, Some(1));
    database.execute("DROP TABLE c");
    done(&history.run(&url, &["latest"]));
    assert_eq!(database.query("SELECT COUNT(*) FROM t"), "2");
    done(&history.run(&url, &["reset"]));
}
