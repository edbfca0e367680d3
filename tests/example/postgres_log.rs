//! What PostgreSQL itself says that it executed, held against the dry run.
//!
//! With `log_statement = all` and `client_min_messages = log` a server sends each entry of its
//! log to the client too. A relay between the program and the server reads them on their way:
//! that works on any server, wherever it keeps its log files.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use sqlparser::dialect::PostgreSqlDialect;

use crate::example::database::Database;
use crate::example::postgres_server::{PostgresDatabase, server};
use crate::example::project::Project;
use crate::example::tokens;

/// The relay's end of a database: same database, other port.
struct Relayed<'a> {
    database: &'a PostgresDatabase,
    port: u16,
    log: Arc<Mutex<Vec<String>>>,
}

impl<'a> Relayed<'a> {
    fn start(database: &'a PostgresDatabase) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let log = Arc::new(Mutex::new(Vec::new()));
        let entries = Arc::clone(&log);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(address()).unwrap());
                let (mut from_client, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                thread::spawn(move || {
                    let _ = std::io::copy(&mut from_client, &mut to_server);
                    let _ = to_server.shutdown(Shutdown::Write);
                });
                let entries = Arc::clone(&entries);
                thread::spawn(move || relay_answers(server, client, &entries));
            }
        });
        Self { database, port, log }
    }

    /// What was logged since the last call.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.log.lock().unwrap())
    }
}

/// The real server's host and port.
fn address() -> String {
    let server = server();
    let rest = server.split("://").nth(1).unwrap();
    let host = rest.rsplit('@').next().unwrap().to_owned();
    if host.contains(':') { host } else { format!("{host}:5432") }
}

/// Passes the server's messages on, one by one, and keeps the log entries among them.
fn relay_answers(mut server: TcpStream, mut client: TcpStream, entries: &Mutex<Vec<String>>) {
    loop {
        let mut head = [0; 5];
        if server.read_exact(&mut head).is_err() {
            break;
        }
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let mut body = vec![0; length - 4];
        if server.read_exact(&mut body).is_err() {
            break;
        }
        if head[0] == b'N'
            && let Some(entry) = log_entry(&body)
        {
            entries.lock().unwrap().push(entry);
            continue;
        }
        if client.write_all(&head).and_then(|()| client.write_all(&body)).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
}

/// The SQL in a `NoticeResponse` of severity LOG.
fn log_entry(body: &[u8]) -> Option<String> {
    let field = |code: u8| {
        let mut fields = body.split(|byte| *byte == 0);
        fields.find(|field| field.first() == Some(&code)).map(|field| String::from_utf8(field[1..].to_vec()).unwrap())
    };
    if field(b'V')? != "LOG" {
        return None;
    }
    let message = field(b'M')?;
    if let Some(sql) = message.strip_prefix("statement: ") {
        return Some(sql.to_owned());
    }
    let (name, sql) = message.strip_prefix("execute ")?.split_once(": ")?;
    assert!(!name.contains('\n'), "{message}");
    Some(sql.to_owned())
}

impl Database for Relayed<'_> {
    fn backend(&self) -> &'static str {
        "postgres"
    }

    fn url(&self) -> String {
        let server = server();
        let (scheme, rest) = server.split_once("://").unwrap();
        let user = rest.rsplit_once('@').map_or(String::new(), |(user, _)| format!("{user}@"));
        format!("{scheme}://{user}127.0.0.1:{}/{}?sslmode=disable", self.port, self.database.name())
    }

    fn schema(&self) -> String {
        self.database.schema()
    }

    fn dump(&self) -> String {
        self.database.dump()
    }

    fn execute(&self, sql: &str) {
        self.database.execute(sql);
    }

    fn query(&self, sql: &str) -> String {
        self.database.query(sql)
    }

    fn tables(&self) -> Vec<String> {
        self.database.tables()
    }
}

/// What a run does beyond its plan: it asks, it opens and closes transactions, it brings the
/// session's settings back, it keeps the history of runs.
fn is_bookkeeping(statement: &str) -> bool {
    let starts = ["begin", "commit", "set ", "select ", "show ", "savepoint ", "release ", "reset "];
    starts.iter().any(|start| statement.starts_with(start))
        || ((statement.starts_with("insert into") || statement.starts_with("update"))
            && statement.contains("dbmigrate_runs"))
}

pub fn the_server_logs_what_the_dry_run_showed() {
    let project = Project::of_the_example();
    let database = PostgresDatabase::create();
    for setting in ["log_statement = 'all'", "client_min_messages = 'log'"] {
        database.execute(&format!("ALTER DATABASE {} SET {setting}", database.name()));
    }
    let relayed = Relayed::start(&database);

    for command in ["latest", "reset"] {
        let plan = project.run(&relayed, &[command, "--dry-run", "--format", "json"]).ok().json();
        relayed.take();
        project.run(&relayed, &[command]).ok();
        let logged = relayed.take().join(";\n");
        assert_same(command, &plan, &logged);
        if command == "latest" {
            project.run(&relayed, &["seed"]).ok();
        }
    }
}

/// Each planned statement was logged, in order, with nothing but bookkeeping between them.
fn assert_same(command: &str, plan: &serde_json::Value, logged: &str) {
    let dialect = PostgreSqlDialect {};
    let steps = plan["steps"].as_array().unwrap();
    let mut planned = Vec::new();
    for statement in steps.iter().flat_map(|step| step["statements"].as_array().unwrap()) {
        let (sql, ledger) = (statement["sql"].as_str().unwrap(), statement["ledger"] == true);
        if ledger {
            planned.extend(tokens::statements_without_values(&dialect, sql).into_iter().map(|sql| (sql, true)));
        } else {
            planned.extend(tokens::statements(&dialect, sql).into_iter().map(|sql| (sql, false)));
        }
    }
    assert!(planned.len() > steps.len());
    let all = planned.len();
    let mut planned = planned.into_iter().peekable();
    let exact = tokens::statements(&dialect, logged);
    let without_values = tokens::statements_without_values(&dialect, logged);
    for (exact, without_values) in exact.into_iter().zip(without_values) {
        let as_planned = planned.next_if(|(sql, ledger)| if *ledger { *sql == without_values } else { *sql == exact });
        if as_planned.is_none() {
            // Before it begins it counts rows, in a transaction that it takes back.
            let looked_around = exact == "rollback" && planned.len() == all;
            assert!(
                looked_around || is_bookkeeping(&exact),
                "{command} executed what was not shown: {exact}\nnext in the plan: {:?}",
                planned.peek()
            );
        }
    }
    assert_eq!(planned.next(), None, "{command} did not execute all that was shown");
}
