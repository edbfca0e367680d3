//! An interrupted migration that is taken the other way on MySQL, and there is stopped, too.

use crate::example::database::Database;
use crate::example::mysql_server::MysqlDatabase;
use crate::kill::history::History;
use crate::kill::left::{at_one, done, history};

/// A database with `t` and what the test puts there.
fn database(history: &History, rows: &str) -> (MysqlDatabase, String) {
    let (database, url) = at_one(history);
    database.execute(rows);
    (database, url)
}

#[track_caller]
fn refused(history: &History, url: &str, command: &str, because: &str) {
    let said = history.run(url, &[command]);
    assert_eq!(said.code, Some(1), "{command}: {}{}", said.stdout, said.stderr);
    assert!(said.stderr.contains(because), "{command}: {}", said.stderr);
}

/// `latest`, `reset`, and nothing left.
#[track_caller]
fn there_and_back(history: &History, database: &MysqlDatabase, query: &str, expected: &str) {
    done(&history.run(&database.url(), &["latest"]));
    assert_eq!(database.query(query), expected);
    let info = history.run(&database.url(), &["info"]);
    assert!(!info.stdout.contains("applying") && !info.stdout.contains("reverting"), "{}", info.stdout);
    done(&history.run(&database.url(), &["reset"]));
    assert_eq!(database.schema(), "");
}

#[test]
fn on_mysql_the_place_is_kept_where_the_other_way_begins_with_rows_that_are_refused() {
    let node = "[[up]]\ncreate_table = \"u\"\ncolumns = { id = \"bigint\" }\n\n\
                [[up]]\ninsert = \"t\"\nkey = [\"id\"]\nrows = [{ id = 7, name = \"seven\" }]\n\n\
                [[up]]\ncreate_table = \"v\"\ncolumns = { id = \"bigint\" }\n";
    let history = history(&[("2_node.toml", node)]);
    let (database, url) = database(&history, "CREATE TABLE v (id int)");
    refused(&history, &url, "latest", "already exists");
    assert_eq!(database.query("SELECT COUNT(*) FROM t"), "1");
    // The row cannot be taken back.
    database.execute(
        "CREATE TABLE child (t_id bigint, FOREIGN KEY (t_id) REFERENCES t (id)); INSERT INTO child VALUES (7)",
    );
    refused(&history, &url, "down", "Cannot delete or update");
    let info = history.run(&url, &["info"]);
    assert!(info.stdout.contains("reverting 1/3"), "{}", info.stdout);
    refused(&history, &url, "down", "Cannot delete or update");
    database.execute("DROP TABLE v");
    done(&history.run(&url, &["latest"]));
    database.execute("DROP TABLE child");
    there_and_back(&history, &database, "SELECT COUNT(*) FROM t", "1");
}

#[test]
fn on_mysql_the_place_is_kept_where_the_other_way_begins_with_a_definition_that_is_refused() {
    let node = "[[up]]\nadd_column = \"t.short\"\ntype = \"string(3)\"\nfill = { expr = \"name\" }\n";
    let history = history(&[("2_node.toml", node)]);
    let (database, url) = database(&history, "INSERT INTO t VALUES (1, 'too long')");
    refused(&history, &url, "latest", "too long");
    database.execute("ALTER TABLE t ADD CONSTRAINT mine CHECK (short <> 'x' OR id > 0)");
    refused(&history, &url, "down", "short");
    // Taken back to the way up, the rows are still to be filled.
    database.execute("ALTER TABLE t DROP CONSTRAINT mine; UPDATE t SET name = 'ok'");
    let nulls = "SELECT CONCAT(short, ' ', (SELECT IS_NULLABLE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() \
                 AND COLUMN_NAME = 'short')) FROM t";
    there_and_back(&history, &database, nulls, "ok NO");
}

#[test]
fn on_mysql_one_alter_of_the_way_back_ends_where_the_way_up_came_to() {
    let node = "[[up]]\nadd_column = \"t.code\"\ntype = \"string(40)\"\nfill = { expr = \"name\" }\nunique = true\n";
    let history = history(&[("2_node.toml", node)]);
    let (database, url) = database(&history, "INSERT INTO t VALUES (1, 'same'), (2, 'same')");
    refused(&history, &url, "latest", "Duplicate entry");
    done(&history.run(&url, &["down"]));
    let columns =
        "SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 't'";
    assert_eq!(database.query(columns), "2");
    database.execute("UPDATE t SET name = id");
    there_and_back(&history, &database, columns, "3");
}
