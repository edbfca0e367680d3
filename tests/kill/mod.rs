//! Runs that are killed: the process by SIGKILL, its connection by a relay, the server itself. Whatever is cut off, the
//! next run finishes, in either direction, and no migration is left half done.
//!
//! A small size runs with the other tests. The full one, whose numbers are in docs/reliability.md:
//! `DBMIGRATE_KILLS=full cargo test --release --test all kill:: -- --nocapture --test-threads=1`

#![allow(clippy::print_stdout, reason = "it tells what it counted")]

mod authored;
mod batches;
mod history;
mod keys;
mod left;
mod one_place;
mod own_server;
mod relay;
mod rounds;
mod sqlite;
mod tally;
mod together;
mod turned;

use crate::example::{mysql_server::MysqlDatabase, postgres_server};
use history::History;
use rounds::{Rounds, whole};

/// How many: a few, or all.
fn size(few: usize, all: usize) -> usize {
    if std::env::var("DBMIGRATE_KILLS").is_ok_and(|size| size == "full") { all } else { few }
}

#[test]
fn on_mysql_a_run_killed_at_any_moment_is_finished_by_the_next() {
    let history = History::of(size(16, 60));
    let mut rounds = Rounds::new(&history, MysqlDatabase::create());
    for _ in 0..size(6, 500) {
        rounds.kill_at_random();
    }
    rounds.tally.report("mysql: SIGKILL at random moments");
}

#[test]
fn on_mysql_what_was_in_the_way_of_runs_is_gone_and_the_next_one_finishes() {
    let nodes = size(16, 60);
    let history = History::of(nodes);
    let mut rounds = Rounds::new(&history, MysqlDatabase::create());
    for _ in 0..size(12, 100) {
        rounds.refuse_at_random(u64::try_from(nodes / 4).unwrap());
    }
    rounds.tally.report("mysql: runs refused at random");
}

#[test]
fn on_mysql_a_run_killed_at_each_statement_is_finished_by_the_next() {
    let history = History::of(size(8, 60));
    let mut rounds = Rounds::new(&history, MysqlDatabase::create());
    rounds.at_each_statement(size(9, 1), rounds::Cut::KilledBefore);
    rounds.tally.report("mysql: SIGKILL at each statement's boundary");
}

#[test]
fn on_mysql_a_run_cut_off_after_each_statement_is_finished_by_the_next() {
    let history = History::of(size(8, 60));
    let mut rounds = Rounds::new(&history, MysqlDatabase::create());
    rounds.at_each_statement(size(9, 1), rounds::Cut::Connection);
    rounds.tally.report("mysql: the connection cut after each statement");
}

#[test]
fn on_mysql_a_run_whose_server_dies_is_finished_by_the_next() {
    let history = History::of(size(16, 60));
    let server = own_server::OwnServer::start();
    let mut rounds = Rounds::new(&history, MysqlDatabase::on(&server.url()));
    for _ in 0..size(2, 20) {
        rounds.kill_the_server(&server);
    }
    rounds.tally.report("mysql: the server killed and started again");
}

#[test]
fn on_mysql_eight_runs_at_once_apply_each_migration_once() {
    let nodes = size(12, 60);
    together::eight(&History::of(nodes), &MysqlDatabase::create(), nodes, size(2, 50));
}

#[test]
fn on_sqlite_eight_runs_at_once_apply_each_migration_once() {
    let history = History::of(60);
    together::eight(&history, &sqlite::SqliteFile::in_folder(history.path()), 60, size(3, 50));
}

#[test]
fn on_postgres_eight_runs_at_once_apply_each_migration_once() {
    let nodes = size(12, 60);
    together::eight(&History::of(nodes), &postgres_server::PostgresDatabase::create(), nodes, size(3, 50));
}

#[test]
fn on_sqlite_a_run_killed_at_any_moment_leaves_whole_steps() {
    let history = History::of(60);
    let database = sqlite::SqliteFile::in_folder(history.path());
    whole(&history, &database, size(10, 500));
}

#[test]
fn on_postgres_a_run_killed_at_any_moment_leaves_whole_steps() {
    let history = History::of(60);
    whole(&history, &postgres_server::PostgresDatabase::create(), size(10, 500));
}
