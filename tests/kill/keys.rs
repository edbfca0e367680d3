//! A server that dies within an ALTER TABLE that copies may take the table's foreign keys with it: they are made again, in
//! either direction, whatever the statement was.

use crate::example::database::Database;
use crate::example::mysql_server::MysqlDatabase;
use crate::kill::history::History;
use crate::kill::left::{cut, done, history, wait_for_the_server};
use crate::kill::relay::At;

const CHILD: &str = "[[up]]\ncreate_table = \"c\"\nprimary_key = [\"id\"]\n[up.columns]\nid = \"bigint\"\nn = \"integer\"\n\
                     first = { type = \"bigint\", references = \"t.id\", on_delete = \"cascade\" }\n\
                     second = { type = \"bigint\", references = \"t.id\" }\n";

const NODE: &str = "[[up]]\nalter_column = \"c.n\"\ntype = \"bigint\"\n\n\
                    [[up]]\nadd_check = \"c_n_given\"\non = \"c\"\nexpr = \"n > 0\"\n\n\
                    [[up]]\nadd_column = \"c.third\"\ntype = \"bigint\"\nnull = true\nreferences = \"t.id\"\n\n\
                    [[up]]\nrename_column = \"c.first\"\nto = \"one\"\n\n\
                    [[up]]\ndrop_foreign_key = \"c_second_fkey\"\non = \"c\"\n\n\
                    [[up]]\nrename_table = \"c\"\nto = \"d\"\n";

/// The table and its foreign keys, if any.
fn keys(database: &MysqlDatabase) -> Vec<(String, String)> {
    let found = database.query(
        "SELECT TABLE_NAME, CONSTRAINT_NAME FROM information_schema.TABLE_CONSTRAINTS \
         WHERE TABLE_SCHEMA = DATABASE() AND CONSTRAINT_TYPE = 'FOREIGN KEY' AND TABLE_NAME IN ('c', 'd')",
    );
    found
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(table, key)| (table.to_owned(), key.to_owned()))
        .collect()
}

/// Cuts a run off after a statement, and takes keys of the table away, as a server that dies does. Gives whether the run
/// got that far.
fn die(history: &History, database: &MysqlDatabase, command: &str, statement: usize, all: bool) -> bool {
    let said = cut(history, database, command, At::After(statement));
    if said.code == Some(0) {
        return false;
    }
    wait_for_the_server(database);
    for (table, key) in keys(database).iter().take(if all { usize::MAX } else { 1 }) {
        database.execute(&format!("ALTER TABLE {table} DROP FOREIGN KEY {key}"));
    }
    true
}

/// At each statement of one direction, the next run goes on to the end, or back.
fn at_each(command: &str, all: bool) {
    let history = history(&[("2_child.toml", CHILD), ("3_node.toml", NODE)]);
    let database = MysqlDatabase::create();
    let url = database.url();
    done(&history.run(&url, &["latest"]));
    let latest = database.schema();
    done(&history.run(&url, &["down"]));
    let child = database.schema();
    let (begin, back) = if command == "up" { ("down", "down") } else { ("up", "up") };
    let mut cuts = 0;
    for other in [false, true] {
        for statement in 1.. {
            if command == "down" {
                done(&history.run(&url, &["latest"]));
            }
            if !die(&history, &database, command, statement, all) {
                done(&history.run(&url, &[begin]));
                break;
            }
            cuts += 1;
            let plan = history.run(&url, &[if other { back } else { command }, "--dry-run"]);
            done(&plan);
            done(&history.run(&url, &[if other { back } else { command }]));
            let up = (command == "up") != other;
            assert_eq!(database.schema(), if up { latest.as_str() } else { &child }, "{command} {statement} {other}");
            if up {
                done(&history.run(&url, &["down"]));
            }
        }
    }
    assert!(cuts >= 10, "{cuts}");
    done(&history.run(&url, &["reset"]));
    assert_eq!(database.schema(), "");
}

#[test]
fn on_mysql_keys_that_a_server_took_with_it_on_the_way_up_are_made_again() {
    at_each("up", true);
    at_each("up", false);
}

#[test]
fn on_mysql_keys_that_a_server_took_with_it_on_the_way_down_are_made_again() {
    at_each("down", true);
    at_each("down", false);
}

#[test]
fn on_mysql_a_plan_shows_the_keys_that_are_made_again_first() {
    let history = history(&[("2_child.toml", CHILD), ("3_node.toml", NODE)]);
    let database = MysqlDatabase::create();
    let url = database.url();
    done(&history.run(&url, &["up", "2"]));
    assert!(die(&history, &database, "up", 1, true));
    // The database is left alone by a dry run.
    let plan = history.run(&url, &["up", "--dry-run"]);
    done(&plan);
    assert!(keys(&database).is_empty());
    let first = "note: foreign keys lost with the server are made again first";
    assert!(plan.stdout.contains(first), "{}", plan.stdout);
    let sql = "ALTER TABLE `c` ADD CONSTRAINT `c_first_fkey` FOREIGN KEY IF NOT EXISTS (`first`) REFERENCES `t` (`id`) ON DELETE CASCADE";
    assert!(plan.stdout.contains(sql), "{}", plan.stdout);
    // Rows that came meanwhile and point nowhere are told of.
    database.execute("INSERT INTO c VALUES (1, 1, 5, 5)");
    let refused = history.run(&url, &["up"]);
    assert_eq!(refused.code, Some(1), "{}", refused.stdout);
    assert!(
        refused.stderr.contains("c_first_fkey") && refused.stderr.contains("foreign key constraint fails"),
        "{}",
        refused.stderr
    );
    database.execute("DELETE FROM c");
    let again = history.run(&url, &["up"]);
    done(&again);
    assert!(again.stdout.contains(first), "{}", again.stdout);
}

const COLUMN: &str = "[[up]]\nadd_column = \"c.extra\"\ntype = \"bigint\"\nnull = true\n";

/// The first statement of a way down did not run, and the server took the keys with it nevertheless.
#[test]
fn on_mysql_keys_lost_with_the_first_statement_of_a_way_down_are_made_again() {
    for next in ["latest", "reset"] {
        let history = history(&[("2_child.toml", CHILD), ("3_column.toml", COLUMN)]);
        let database = MysqlDatabase::create();
        let url = database.url();
        done(&history.run(&url, &["latest"]));
        let latest = database.schema();
        assert!(die(&history, &database, "reset", 1, true));
        database.execute("ALTER TABLE c ADD COLUMN extra bigint");
        let info = history.run(&url, &["info"]);
        assert!(info.stdout.contains("reverting 0/1"), "{}", info.stdout);
        done(&history.run(&url, &[next]));
        assert_eq!(database.schema(), if next == "latest" { latest.as_str() } else { "" });
        done(&history.run(&url, &["reset"]));
    }
}

/// A run that cannot make them again leaves the next one to do so, also where the migration was turned round.
#[test]
fn on_mysql_keys_that_could_not_be_made_again_are_not_forgotten() {
    for back in [false, true] {
        let history = history(&[("2_child.toml", CHILD), ("3_column.toml", COLUMN)]);
        let database = MysqlDatabase::create();
        let url = database.url();
        done(&history.run(&url, &["up", "2"]));
        let child = database.schema();
        done(&history.run(&url, &["up"]));
        let latest = database.schema();
        done(&history.run(&url, &["down"]));
        assert!(die(&history, &database, "up", 1, true));
        database.execute("INSERT INTO c (id, n, first, second) VALUES (1, 1, 5, 5)");
        let command = if back { "down" } else { "up" };
        for _ in 0..2 {
            let refused = history.run(&url, &[command]);
            assert_eq!(refused.code, Some(1), "{}{}", refused.stdout, refused.stderr);
            assert!(refused.stderr.contains("foreign key constraint fails"), "{}", refused.stderr);
        }
        database.execute("DELETE FROM c");
        done(&history.run(&url, &[command]));
        assert_eq!(database.schema(), if back { child.as_str() } else { &latest }, "{command}");
        done(&history.run(&url, &["reset"]));
        assert_eq!(database.schema(), "");
    }
}
