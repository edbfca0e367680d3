//! Migrations of one table each go together on MySQL: cut off anywhere, refused anywhere, each is whole or not there.

use crate::example::database::Database;
use crate::example::mysql_server::MysqlDatabase;
use crate::kill::history::{History, Said};
use crate::kill::left::{cut, done, wait_for_the_server};
use crate::kill::own_server::OwnServer;
use crate::kill::relay::{At, Relay};
use crate::kill::rounds::{Cut, Rounds};
use crate::kill::size;

/// So many tables go together, after the first.
const TOGETHER: usize = 16;

#[test]
fn on_mysql_tables_that_go_together_are_finished_after_a_kill_at_any_moment() {
    let history = History::of_tables(size(40, 60));
    let mut rounds = Rounds::new(&history, MysqlDatabase::create());
    for _ in 0..size(6, 150) {
        rounds.kill_at_random();
    }
    rounds.tally.report("mysql, tables: SIGKILL at random moments");
}

#[test]
fn on_mysql_tables_that_go_together_are_finished_after_a_kill_or_a_cut_at_each_message() {
    let history = History::of_tables(size(24, 60));
    let mut rounds = Rounds::new(&history, MysqlDatabase::create());
    rounds.at_each_statement(size(2, 1), Cut::KilledBefore);
    rounds.at_each_statement(size(2, 1), Cut::Connection);
    rounds.tally.report("mysql, tables: at each message's boundary");
}

#[test]
fn on_mysql_tables_that_go_together_are_finished_after_the_server_dies() {
    let history = History::of_tables(size(40, 60));
    let server = OwnServer::start();
    let mut rounds = Rounds::new(&history, MysqlDatabase::on(&server.url()));
    for _ in 0..size(2, 20) {
        rounds.kill_the_server(&server);
    }
    rounds.tally.report("mysql, tables: the server killed and started again");
}

#[test]
fn on_mysql_what_is_in_the_way_of_tables_that_go_together_is_gone_and_the_next_run_finishes() {
    let tables = size(24, 60);
    let history = History::of_tables(tables);
    let mut rounds = Rounds::new(&history, MysqlDatabase::create());
    for _ in 0..size(8, 60) {
        rounds.refuse_at_random(u64::try_from(tables).unwrap());
    }
    rounds.tally.report("mysql, tables: runs refused at random");
}

/// The nodes that `info` shows as applied, and what it says of others.
#[track_caller]
fn applied(history: &History, url: &str) -> usize {
    let info = history.run(url, &["info", "--format", "json"]);
    done(&info);
    let json: serde_json::Value = serde_json::from_str(&info.stdout).unwrap();
    let states = json["migrations"].as_array().unwrap().iter().map(|row| row["state"].as_str().unwrap());
    let states: Vec<&str> = states.collect();
    let applied = states.iter().filter(|state| **state == "applied").count();
    assert_eq!(applied + states.iter().filter(|state| **state == "pending").count(), states.len(), "{states:?}");
    applied
}

/// However many of the tables that go together are made when the server dies, the next run goes on from there, or back.
#[test]
fn on_mysql_each_number_of_tables_that_were_made_or_dropped_is_gone_on_from() {
    let nodes = TOGETHER + 1;
    let history = History::of_tables(nodes);
    let database = MysqlDatabase::create();
    let url = database.url();
    done(&history.run(&url, &["latest"]));
    let latest = database.schema();
    let made: Vec<String> = (0..nodes)
        .map(|at| database.query(&format!("SHOW CREATE TABLE t{at}")).split_once('\t').unwrap().1.to_owned())
        .collect();
    done(&history.run(&url, &["reset"]));
    for ran in [0, 1, 8, TOGETHER - 1, TOGETHER] {
        for (run, next) in [("latest", "latest"), ("latest", "reset"), ("reset", "reset"), ("reset", "latest")] {
            if run == "reset" {
                done(&history.run(&url, &["latest"]));
            }
            // The second message has all but the first table, or the last.
            let said = cut(&history, &database, run, At::After(2));
            assert_eq!(said.code, Some(1), "{}{}", said.stdout, said.stderr);
            wait_for_the_server(&database);
            let stand = if run == "latest" { 1 + ran } else { TOGETHER - ran };
            for at in (stand..nodes).rev() {
                database.execute(&format!("DROP TABLE IF EXISTS t{at}"));
            }
            for table in &made[..stand] {
                database.execute(&table.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS"));
            }
            assert_eq!(applied(&history, &url), stand, "{run}, {ran} ran");
            done(&history.run(&url, &[next]));
            assert_eq!(database.schema(), if next == "latest" { latest.as_str() } else { "" }, "{run}, {ran}, {next}");
            assert_eq!(applied(&history, &url), if next == "latest" { nodes } else { 0 });
            let states = "SELECT COUNT(*), COUNT(CASE WHEN state = 'applied' THEN 1 END) FROM dbmigrate_versions";
            let all = if next == "latest" { nodes } else { 0 };
            assert_eq!(database.query(states), format!("{all}\t{all}"));
            done(&history.run(&url, &["reset"]));
        }
    }
}

#[track_caller]
fn refused(said: &Said, words: &[&str]) {
    let all = format!("{} {}", said.stdout, said.stderr);
    let all = all.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(said.code, Some(1), "{}{}", said.stdout, said.stderr);
    for words in words {
        assert!(all.contains(words), "`{words}` in\n{}{}", said.stdout, said.stderr);
    }
}

#[test]
fn on_mysql_the_table_that_is_refused_among_those_that_go_together_is_named() {
    let history = History::of_tables(9);
    let database = MysqlDatabase::create();
    let url = database.url();
    database.execute("CREATE TABLE t5 (id int)");
    refused(&history.run(&url, &["latest"]), &["1005 n5 (up)", "already exists", "5 of 9 steps"]);
    assert_eq!(database.tables(), ["t0", "t1", "t2", "t3", "t4", "t5"]);
    let info = history.run(&url, &["info"]);
    assert!(info.stdout.contains("applying 0/1"), "{}", info.stdout);
    database.execute("DROP TABLE t5");
    done(&history.run(&url, &["latest"]));
    database.execute("CREATE TABLE child (id bigint, FOREIGN KEY (id) REFERENCES t3 (id))");
    refused(&history.run(&url, &["reset"]), &["1003 n3 (down)", "5 of 9 steps"]);
    assert_eq!(applied(&history, &url), 4);
    assert_eq!(database.tables(), ["child", "t0", "t1", "t2", "t3"]);
    database.execute("DROP TABLE child");
    done(&history.run(&url, &["latest"]));
    assert_eq!(applied(&history, &url), 9);
    done(&history.run(&url, &["reset"]));
    assert_eq!(database.schema(), "");
}

/// Ways down that were written by hand and are derived since: each row says so when its migration begins, and not before.
#[test]
fn on_mysql_ways_down_that_are_others_now_are_taken_one_by_one() {
    for killed in [false, true] {
        let history = History::of_tables(6);
        let migrations = history.path().join("migrations");
        let files: Vec<_> = (0..6).map(|at| migrations.join(format!("{}_n{at}.toml", 1000 + at))).collect();
        let plain: Vec<String> = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
        for (at, file) in files.iter().enumerate() {
            std::fs::write(file, format!("{}\n[[down]]\ndrop_table = \"t{at}\"\n", plain[at])).unwrap();
        }
        let database = MysqlDatabase::create();
        let url = database.url();
        done(&history.run(&url, &["latest"]));
        for (file, text) in files.iter().zip(&plain) {
            std::fs::write(file, text).unwrap();
        }
        if killed {
            let said = cut(&history, &database, "reset", At::After(3));
            assert_eq!(said.code, Some(1), "{}{}", said.stdout, said.stderr);
            wait_for_the_server(&database);
        } else {
            database.execute("CREATE TABLE child (id bigint, FOREIGN KEY (id) REFERENCES t3 (id))");
            refused(&history.run(&url, &["reset"]), &["1003 n3 (down)"]);
            database.execute("DROP TABLE child");
        }
        let reverting = database.query("SELECT COUNT(*) FROM dbmigrate_versions WHERE state = 'reverting'");
        assert!(["0", "1"].contains(&reverting.as_str()), "{reverting}");
        done(&history.run(&url, &["latest"]));
        assert_eq!(applied(&history, &url), 6);
        done(&history.run(&url, &["reset"]));
        assert_eq!(database.schema(), "");
    }
}

/// Where a table stands that a run is going to make, nothing is announced ahead: else it could be taken for made.
#[test]
fn on_mysql_nothing_is_announced_ahead_of_a_table_made_by_hand() {
    let history = History::of_tables(6);
    let database = MysqlDatabase::create();
    let latest = || {
        let relay = Relay::to(&database.address(), At::Nowhere);
        let url = database.url().replace(&database.address(), &format!("127.0.0.1:{}", relay.port()));
        (history.run(&url, &["latest"]), relay.statements())
    };
    database.execute("CREATE TABLE t3 (whatever int)");
    let (said, messages) = latest();
    refused(&said, &["1003 n3 (up)", "already exists", "3 of 6 steps"]);
    assert_eq!(messages, 4);
    database.execute("DROP TABLE t3");
    let (said, messages) = latest();
    done(&said);
    // The one that was refused goes on alone, as the first of its run.
    assert_eq!(messages, 2);
    done(&history.run(&database.url(), &["reset"]));
    let (said, messages) = latest();
    done(&said);
    assert_eq!(messages, 2);
}
