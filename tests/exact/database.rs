//! Real databases for the search: a base that stands, and orders run on it up and back down,
//! each in a transaction that is rolled back (on SQLite: in a database of its own in memory).

use std::collections::HashMap;

use dbmigrate::backend::Backend;
use futures_util::StreamExt;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection, Either, Row};

use crate::exact::look::{POSTGRES_ROWS, POSTGRES_SCHEMA, SQLITE_SCHEMA, plain};

/// What a database looks like: numbers of texts that [`Database::text`] gives back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) schema: u32,
    pub(crate) rows: u32,
}

/// What an order comes to on a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ran {
    /// A way up fails: the node's place in the order, and the database's words.
    UpFails(usize, String),
    /// A way down fails: the place on the way down.
    DownFails(usize, String),
    /// All ran: what stands at the top and what stands after the way down.
    Done { top: Seen, bottom: Seen },
}

/// The statements of an order: ways up in order, ways down in the reverse order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sql {
    pub(crate) up: Vec<Vec<String>>,
    pub(crate) down: Vec<Vec<String>>,
    /// SQLite: a table is rebuilt, so keys are off.
    pub(crate) rebuilds: [bool; 2],
}

fn server() -> String {
    std::env::var("DBMIGRATE_TEST_POSTGRES").unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432".to_owned())
}

/// A database on which the base stands.
pub(crate) struct Database {
    link: Link,
    base: Vec<String>,
    rows: bool,
    /// What puts numbering back, which no rollback does.
    renumber: String,
    runs: usize,
    numbers: HashMap<String, u32>,
    texts: Vec<String>,
}

enum Link {
    Postgres(Box<PgConnection>, String),
    Sqlite,
}

/// What an order comes to, in full: schema and rows at the top and at the bottom.
type Outcome = Result<[(String, String); 2], Ran>;

impl Database {
    /// A database of its own with the base on it.
    pub(crate) async fn new(backend: Backend, name: &str, base: Vec<String>, renumber: &str, rows: bool) -> Self {
        let link = match backend {
            Backend::Sqlite => Link::Sqlite,
            _ => {
                let name = format!("dbmigrate_exact_{}_{name}", std::process::id());
                let mut admin = PgConnection::connect(&format!("{}/postgres", server())).await.unwrap();
                for sql in [
                    format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
                    format!("CREATE DATABASE {name} TEMPLATE template0"),
                ] {
                    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
                }
                let mut connection = PgConnection::connect(&format!("{}/{name}", server())).await.unwrap();
                let all = format!(
                    "SET client_min_messages = error; SET jit = off; CREATE SCHEMA exact; {} {} {}",
                    print_function("schema_now", POSTGRES_SCHEMA),
                    print_function("rows_now", POSTGRES_ROWS),
                    join(&base)
                );
                sqlx::raw_sql(AssertSqlSafe(all)).execute(&mut connection).await.unwrap();
                Link::Postgres(Box::new(connection), name)
            }
        };
        let renumber = renumber.to_owned();
        Self { link, base, rows, renumber, runs: 0, numbers: HashMap::new(), texts: Vec::new() }
    }

    /// Drops the database.
    pub(crate) async fn gone(self) {
        if let Link::Postgres(connection, name) = self.link {
            connection.close().await.unwrap();
            let mut admin = PgConnection::connect(&format!("{}/postgres", server())).await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")))
                .execute(&mut admin)
                .await
                .unwrap();
        }
    }

    /// How many orders it has run.
    pub(crate) const fn runs(&self) -> usize {
        self.runs
    }

    /// The text of a number in [`Seen`].
    pub(crate) fn text(&self, number: u32) -> &str {
        &self.texts[number as usize]
    }

    fn number(&mut self, text: String) -> u32 {
        if let Some(number) = self.numbers.get(&text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).unwrap();
        self.texts.push(text.clone());
        self.numbers.insert(text, number);
        number
    }

    /// What the base alone looks like.
    pub(crate) async fn base(&mut self) -> Seen {
        match self.run(&Sql::default()).await {
            Ran::Done { top, .. } => top,
            other => panic!("the base does not stand: {other:?}"),
        }
    }

    /// Runs an order up and down and takes it all back.
    pub(crate) async fn run(&mut self, sql: &Sql) -> Ran {
        self.runs += 1;
        let outcome = match &mut self.link {
            Link::Postgres(connection, _) => {
                if self.runs.is_multiple_of(1000) {
                    for table in
                        ["pg_class", "pg_attribute", "pg_depend", "pg_constraint", "pg_index", "pg_type", "pg_attrdef"]
                    {
                        let vacuum = AssertSqlSafe(format!("VACUUM pg_catalog.{table}"));
                        sqlx::raw_sql(vacuum).execute(&mut **connection).await.unwrap();
                    }
                }
                postgres(connection, sql, &self.renumber, self.rows).await
            }
            Link::Sqlite => sqlite(&self.base, sql, self.rows).await,
        };
        match outcome {
            Err(fails) => fails,
            Ok(seen) => {
                let [top, bottom] =
                    seen.map(|(schema, rows)| Seen { schema: self.number(schema), rows: self.number(rows) });
                Ran::Done { top, bottom }
            }
        }
    }
}

/// A function that gives the lines of a query, so that the server plans it once.
fn print_function(name: &str, query: &str) -> String {
    format!(
        "CREATE FUNCTION exact.{name}() RETURNS text LANGUAGE plpgsql AS $_$ BEGIN
         RETURN (SELECT coalesce(string_agg(l, E'\n' ORDER BY l COLLATE \"C\"), '') FROM ({query}) AS s(l)); END $_$;"
    )
}

fn join(statements: &[String]) -> String {
    statements.iter().map(|statement| format!("{statement};\n")).collect()
}

fn words(error: &sqlx::Error) -> String {
    error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned())
}

/// One message: all ways up, a look, all ways down, a look, and everything taken back.
async fn postgres(connection: &mut PgConnection, sql: &Sql, renumber: &str, rows: bool) -> Outcome {
    let look = if rows { "SELECT exact.schema_now(), exact.rows_now();" } else { "SELECT exact.schema_now(), '';" };
    let mut message = format!("BEGIN;{}", if renumber.is_empty() { String::new() } else { format!("{renumber};") });
    let mut done_before = vec![1 + usize::from(!renumber.is_empty())];
    for (way, nodes) in [&sql.up, &sql.down].into_iter().enumerate() {
        for node in nodes {
            message += &join(node);
            done_before.push(done_before.last().unwrap() + node.len());
        }
        message += look;
        *done_before.last_mut().unwrap() += usize::from(way == 0);
    }
    message += "ROLLBACK";
    let mut results = sqlx::raw_sql(AssertSqlSafe(message)).fetch_many(&mut *connection);
    let (mut done, mut seen, mut failed) = (0, Vec::new(), None);
    while let Some(next) = results.next().await {
        match next {
            Ok(Either::Left(_)) => done += 1,
            Ok(Either::Right(row)) if row.len() == 2 => seen.push((row.get::<String, _>(0), row.get::<String, _>(1))),
            Ok(Either::Right(_)) => {}
            Err(error) => failed = Some(words(&error)),
        }
    }
    drop(results);
    if let Some(words) = failed {
        sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await.unwrap();
        let node = done_before.iter().rposition(|before| *before <= done).unwrap_or_default();
        return Err(match node.checked_sub(sql.up.len()) {
            Some(down) if !seen.is_empty() => Ran::DownFails(down, words),
            _ => Ran::UpFails(node, words),
        });
    }
    let bottom = seen.pop().unwrap();
    Ok([seen.pop().unwrap(), bottom])
}

async fn sqlite(base: &[String], sql: &Sql, rows: bool) -> Outcome {
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(join(base))).execute(&mut connection).await.unwrap();
    let mut seen = Vec::new();
    for (way, nodes) in [&sql.up, &sql.down].into_iter().enumerate() {
        let keys = if sql.rebuilds[way] { "OFF" } else { "ON" };
        sqlx::raw_sql(AssertSqlSafe(format!("PRAGMA foreign_keys = {keys}; BEGIN IMMEDIATE")))
            .execute(&mut connection)
            .await
            .unwrap();
        for (at, node) in nodes.iter().enumerate() {
            if let Err(error) = sqlx::raw_sql(AssertSqlSafe(join(node))).execute(&mut connection).await {
                return Err(if way == 0 { Ran::UpFails(at, words(&error)) } else { Ran::DownFails(at, words(&error)) });
            }
        }
        let orphans = sqlx::raw_sql("PRAGMA foreign_key_check").fetch_all(&mut connection).await;
        match orphans {
            Ok(orphans) if orphans.is_empty() => {}
            other => {
                let what = other.err().map_or_else(|| "rows without their parents".to_owned(), |error| words(&error));
                return Err(if way == 0 { Ran::UpFails(nodes.len(), what) } else { Ran::DownFails(nodes.len(), what) });
            }
        }
        sqlx::raw_sql("COMMIT").execute(&mut connection).await.unwrap();
        seen.push((sqlite_schema(&mut connection).await, sqlite_rows(&mut connection, rows).await));
    }
    let bottom = seen.pop().unwrap();
    Ok([seen.pop().unwrap(), bottom])
}

async fn sqlite_schema(connection: &mut SqliteConnection) -> String {
    match sqlx::raw_sql(SQLITE_SCHEMA).fetch_all(&mut *connection).await {
        Ok(found) => {
            let mut lines: Vec<String> =
                found.iter().map(|row| plain(&row.get::<Option<String>, _>(0).unwrap_or_default())).collect();
            lines.sort_unstable();
            lines.join("\n")
        }
        // A view over what is gone: the schema cannot even be read.
        Err(error) => format!("unreadable: {}", words(&error)),
    }
}

async fn sqlite_rows(connection: &mut SqliteConnection, rows: bool) -> String {
    if !rows {
        return String::new();
    }
    let mut lines: Vec<String> = Vec::new();
    let tables = sqlx::raw_sql("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        .fetch_all(&mut *connection)
        .await
        .unwrap();
    for table in tables.iter().map(|row| row.get::<String, _>(0)) {
        let columns = sqlx::raw_sql(AssertSqlSafe(format!("SELECT name FROM pragma_table_info('{table}') ORDER BY 1")))
            .fetch_all(&mut *connection)
            .await
            .unwrap();
        let columns: Vec<String> =
            columns.iter().map(|row| format!("quote(\"{}\")", row.get::<String, _>(0))).collect();
        let query = format!("SELECT {} FROM \"{table}\" ORDER BY 1", columns.join(" || ',' || "));
        let found = sqlx::raw_sql(AssertSqlSafe(query)).fetch_all(&mut *connection).await.unwrap();
        lines.extend(found.iter().map(|row| format!("row {table} {}", row.get::<String, _>(0))));
    }
    lines.sort_unstable();
    lines.join("\n")
}
