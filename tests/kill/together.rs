//! Eight runs at once: each migration is applied exactly once, and undone exactly once.

use crate::example::database::Database;
use crate::kill::history::{History, Said};

/// So many rounds of eight runs up and eight down.
pub fn eight(history: &History, database: &dyn Database, nodes: usize, rounds: usize) {
    let url = database.url();
    for round in 0..rounds {
        for (command, applied) in [("latest", nodes), ("reset", 0)] {
            let before = steps(database, command);
            let running: Vec<_> = (0..8).map(|_| history.start(&url, &[command])).collect();
            for said in running.into_iter().map(History::ended) {
                let Said { code, stdout, stderr } = said;
                assert_eq!(code, Some(0), "round {round}\n--- stdout\n{stdout}\n--- stderr\n{stderr}");
            }
            let versions = database.query("SELECT count(*) FROM dbmigrate_versions");
            assert_eq!(versions, applied.to_string(), "round {round}, {command}");
            // The history tells of each step once, whichever run it was of.
            assert_eq!(steps(database, command) - before, nodes, "round {round}, {command}");
        }
    }
    println!("{}: eight runs at once: {rounds} times up and down, {nodes} migrations each", database.backend());
}

/// The steps that the runs of a command did so far.
fn steps(database: &dyn Database, command: &str) -> usize {
    let table = match database.backend() {
        "sqlite" => "SELECT count(*) FROM sqlite_schema WHERE name = 'dbmigrate_runs'",
        "mysql" => {
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'dbmigrate_runs'"
        }
        _ => "SELECT count(*) FROM pg_tables WHERE tablename = 'dbmigrate_runs'",
    };
    if database.query(table) == "0" {
        return 0;
    }
    let sum = format!("SELECT coalesce(sum(steps_done), 0) FROM dbmigrate_runs WHERE command = '{command}'");
    database.query(&sum).parse().unwrap()
}
