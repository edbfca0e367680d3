//! Rounds: a run is cut off, the next one finishes, in the same direction or back.

use std::thread;
use std::time::{Duration, Instant};

use crate::example::database::Database;
use crate::example::mysql_server::MysqlDatabase;
use crate::kill::history::{History, Said};
use crate::kill::own_server::OwnServer;
use crate::kill::relay::{At, Relay};
use crate::kill::tally::Tally;
use crate::seed::Numbers;

/// How a run is cut off at a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The process is killed before the statement reaches the server.
    KilledBefore,
    /// The connection is closed after the statement has run.
    Connection,
}

/// Rounds on one MySQL database.
pub struct Rounds<'h> {
    history: &'h History,
    database: MysqlDatabase,
    /// Schema and rows at latest.
    latest: String,
    at_latest: bool,
    /// How long a run takes, up and down.
    lasts: [Duration; 2],
    chance: Numbers,
    /// What was on its way when the last run was cut off.
    cut: String,
    pub tally: Tally,
}

#[track_caller]
fn finished(said: &Said) {
    assert_eq!(said.code, Some(0), "--- stdout\n{}\n--- stderr\n{}", said.stdout, said.stderr);
}

/// The command that goes to the other end.
const fn command(to_latest: bool) -> &'static str {
    if to_latest { "latest" } else { "reset" }
}

impl<'h> Rounds<'h> {
    pub fn new(history: &'h History, database: MysqlDatabase) -> Self {
        let timed = |command| {
            let begun = Instant::now();
            finished(&history.run(&database.url(), &[command]));
            begun.elapsed()
        };
        let up = timed("latest");
        let latest = everything(&database);
        let down = timed("reset");
        assert_eq!(database.schema(), "");
        Self {
            history,
            database,
            latest,
            at_latest: false,
            lasts: [up, down],
            chance: Numbers::new(20_260_126),
            cut: String::new(),
            tally: Tally::default(),
        }
    }

    /// SIGKILL somewhere in the run.
    pub fn kill_at_random(&mut self) {
        let lasts = self.lasts[usize::from(self.at_latest)];
        let mut child = self.history.start(&self.database.url(), &[command(!self.at_latest)]);
        thread::sleep(Duration::from_micros(self.chance.below(u64::try_from(lasts.as_micros()).unwrap())));
        let _ = child.kill();
        let _ = History::ended(child);
        self.count();
        self.finish();
    }

    /// Something stands in the way of runs in either direction, up to four times; then nothing does.
    pub fn refuse_at_random(&mut self, tables: u64) {
        const COMMANDS: [&[&str]; 6] = [&["latest"], &["reset"], &["up", "3"], &["down", "3"], &["redo", "2"], &["up"]];
        let first = [command(!self.at_latest)];
        for turn in 0..=self.chance.below(4) {
            let table = format!("t{}", self.chance.below(tables));
            let stands = self.database.tables().contains(&table);
            let event = ["INSERT", "UPDATE", "DELETE"][self.chance.place(3)];
            let (block, unblock) = match (stands, self.chance.below(2)) {
                // The next to be made stands already.
                (false, _) => (format!("CREATE TABLE {table} (id int)"), format!("DROP TABLE {table}")),
                (true, 0) => (
                    format!("CREATE TABLE child (id bigint, FOREIGN KEY (id) REFERENCES {table} (id))"),
                    "DROP TABLE child".to_owned(),
                ),
                (true, _) => (
                    format!(
                        "CREATE TRIGGER no BEFORE {event} ON {table} FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'"
                    ),
                    "DROP TRIGGER IF EXISTS no".to_owned(),
                ),
            };
            self.database.execute(&block);
            let other = COMMANDS[self.chance.place(6)];
            let command = if turn == 0 { &first[..] } else { other };
            let said = self.history.run(&self.database.url(), command);
            assert!(matches!(said.code, Some(0 | 1)), "{command:?} {:?}\n{}{}", said.code, said.stdout, said.stderr);
            self.tally.add(if said.code == Some(0) { "not in the way" } else { "refused" });
            self.database.execute(&unblock);
        }
        self.cut = self.database.query("SELECT * FROM dbmigrate_journal");
        self.finish();
    }

    /// Once at each statement of a run up and of a run down; of every `step`th where that is not 1.
    pub fn at_each_statement(&mut self, step: usize, cut: Cut) {
        for to_latest in [true, false] {
            self.go(!to_latest);
            let counted = self.through(At::Nowhere, None);
            for here in (1..=counted).step_by(step) {
                self.go(!to_latest);
                let at = if cut == Cut::KilledBefore { At::Before(here) } else { At::After(here) };
                self.through(at, Some(cut));
                self.count();
                self.finish();
            }
        }
    }

    /// To one end, undisturbed.
    fn go(&mut self, to_latest: bool) {
        if self.at_latest != to_latest {
            finished(&self.history.run(&self.database.url(), &[command(to_latest)]));
            self.at_latest = to_latest;
        }
    }

    /// A run to the other end through a relay; gives how many statements came by. Where nothing cuts it, it goes there and
    /// back.
    fn through(&mut self, at: At, cut: Option<Cut>) -> usize {
        let server = self.database.address();
        let relay = Relay::to(&server, at);
        let url = self.database.url().replace(&server, &format!("127.0.0.1:{}", relay.port()));
        let mut child = self.history.start(&url, &[command(!self.at_latest)]);
        match cut {
            None => {
                finished(&History::ended(child));
                let counted = relay.statements();
                // Back, past the relay.
                finished(&self.history.run(&self.database.url(), &[command(self.at_latest)]));
                counted
            }
            Some(Cut::KilledBefore) => {
                let begun = Instant::now();
                while !relay.has_cut() {
                    assert!(begun.elapsed() < Duration::from_mins(1), "the statement never came");
                    assert!(child.try_wait().unwrap().is_none(), "the run ended before it was killed");
                    thread::sleep(Duration::from_millis(1));
                }
                let _ = child.kill();
                let _ = History::ended(child);
                relay.statements()
            }
            Some(Cut::Connection) => {
                let said = History::ended(child);
                assert_ne!(said.code, Some(0), "{}\n{}", said.stdout, said.stderr);
                relay.statements()
            }
        }
    }

    /// The server dies somewhere in the run.
    pub fn kill_the_server(&mut self, server: &OwnServer) {
        let lasts = self.lasts[usize::from(self.at_latest)];
        let child = self.history.start(&self.database.url(), &[command(!self.at_latest)]);
        thread::sleep(Duration::from_micros(self.chance.below(u64::try_from(lasts.as_micros()).unwrap())));
        server.kill_and_start();
        let said = History::ended(child);
        if said.code == Some(0) {
            // It was through already.
            self.at_latest = !self.at_latest;
            return;
        }
        self.count();
        self.finish();
    }

    /// What was on its way when the run was cut off.
    fn count(&mut self) {
        let known = "SELECT count(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'dbmigrate_journal'";
        if self.database.query(known) == "0" {
            self.tally.add("before the first statement");
            return;
        }
        self.cut = self.database.query("SELECT * FROM dbmigrate_journal");
        let found = self.database.query(
            "SELECT CASE WHEN state = 'done' THEN 'transactional' WHEN probe = '' THEN 'unknowable' \
             WHEN probe = 'repeatable' THEN 'repeatable' ELSE 'probeable' END FROM dbmigrate_journal",
        );
        self.tally.add(match found.as_str() {
            "" => "between migrations",
            "transactional" => "transactional",
            "repeatable" => "repeatable",
            "probeable" => "probeable",
            "unknowable" => "unknowable",
            other => panic!("more than one migration is half done: {other}"),
        });
    }

    /// The next run, on or back, finishes.
    fn finish(&mut self) {
        let to_latest = self.chance.below(2) == 0;
        let said = self.history.run(&self.database.url(), &[command(to_latest)]);
        if said.stderr.contains("resolve") {
            self.tally.helped += 1;
        }
        if said.stdout.contains("foreign keys lost with the server") {
            self.tally.keys_lost += 1;
        }
        finished(&said);
        self.at_latest = to_latest;
        let wanted = if to_latest { self.latest.as_str() } else { "" };
        let found = if to_latest { everything(&self.database) } else { self.database.schema() };
        assert_eq!(found, wanted, "after {}; cut off at {}", command(to_latest), self.cut);
        // An entry of a way down that did not begin may stay.
        let open = "SELECT (SELECT count(*) FROM dbmigrate_journal WHERE to_change + to_part > 0) + (SELECT count(*) FROM dbmigrate_versions WHERE state <> 'applied')";
        assert_eq!(self.database.query(open), "0");
    }
}

/// Schema and rows, less the ledger's.
fn everything(database: &MysqlDatabase) -> String {
    let mut text = database.schema();
    for table in database.tables() {
        text.push_str(&format!("\n{table}: "));
        let order = database.query(&format!(
            "SELECT GROUP_CONCAT(COLUMN_NAME ORDER BY COLUMN_NAME) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '{table}'"
        ));
        text.push_str(&database.query(&format!("SELECT {order} FROM {table} ORDER BY id")));
    }
    text
}

/// On a backend whose DDL rolls back: killed at any moment, the run is done as a whole or not at all.
pub fn whole(history: &History, database: &dyn Database, times: usize) {
    let url = database.url();
    let mut lasts = [Duration::ZERO; 2];
    let begun = Instant::now();
    finished(&history.run(&url, &["latest"]));
    lasts[0] = begun.elapsed();
    let latest = database.schema();
    let begun = Instant::now();
    finished(&history.run(&url, &["reset"]));
    lasts[1] = begun.elapsed();
    let empty = database.schema();
    let mut chance = Numbers::new(20_260_126);
    let mut at_latest = false;
    let (mut before, mut after) = (0, 0);
    for _ in 0..times {
        let mut child = history.start(&url, &[command(!at_latest)]);
        let lasts = lasts[usize::from(at_latest)];
        thread::sleep(Duration::from_micros(chance.below(u64::try_from(lasts.as_micros() * 5 / 4).unwrap())));
        let _ = child.kill();
        let _ = History::ended(child);
        // A server may still be rolling back, or committing.
        let begun = Instant::now();
        let found = loop {
            let found = (database.schema(), database.query("SELECT count(*) FROM dbmigrate_versions"));
            let whole = found.0 == latest && found.1 != "0" || found.0 == empty && found.1 == "0";
            if whole {
                break found;
            }
            assert!(begun.elapsed() < Duration::from_secs(10), "it is neither: {} applied\n{}", found.1, found.0);
            thread::sleep(Duration::from_millis(50));
        };
        let now = found.1 != "0";
        if now == at_latest {
            before += 1;
        } else {
            after += 1;
        }
        at_latest = now;
        if chance.below(4) == 0 {
            finished(&history.run(&url, &[command(!at_latest)]));
            at_latest = !at_latest;
        }
    }
    println!("{}: SIGKILL at random moments: {times} times; as before {before}, done {after}", database.backend());
}
