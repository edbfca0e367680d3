//! Real databases for the search: a base that stands, and orders run on it up and back down,
//! each in a transaction that is rolled back (on SQLite: in a database of its own in memory).

use dbmigrate::backend::Backend;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection, Row};

/// What an order comes to on a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ran {
    /// A way up fails: the node's place in the order, and the database's words.
    UpFails(usize, String),
    /// A way down fails.
    DownFails(usize, String),
    /// All ran: what stands at the top and what stands after the way down.
    Done { top: String, bottom: String },
}

/// The statements of an order: ways up in order, ways down in the reverse order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sql {
    pub(crate) up: Vec<Vec<String>>,
    pub(crate) down: Vec<Vec<String>>,
    /// SQLite: a table is rebuilt, so keys are off.
    pub(crate) rebuilds: [bool; 2],
}

/// A database on which the base stands.
pub(crate) struct Database {
    link: Link,
    base: Vec<String>,
    rows: bool,
    /// What puts numbering back, which no rollback does.
    renumber: String,
    runs: usize,
}

enum Link {
    Postgres(Box<PgConnection>, String),
    Sqlite,
}

fn server() -> String {
    std::env::var("DBMIGRATE_TEST_POSTGRES").unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432".to_owned())
}

const POSTGRES_SCHEMA: &str = r"
SELECT 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
    || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END || a.attidentity::text
    || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v') AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'constraint ' || c.relname || ' ' || k.conname || ' ' || pg_get_constraintdef(k.oid)
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE c.relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'index ' || pg_get_indexdef(i.indexrelid)
  FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'relation ' || c.relkind::text || ' ' || c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'view ' || c.relname || ' ' || pg_get_viewdef(c.oid) FROM pg_class c
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'v'
UNION ALL
SELECT 'trigger ' || pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
 WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal
";

/// Rows without the columns that number themselves: which number a row gets may depend on the order.
const POSTGRES_ROWS: &str = r"
UNION ALL
SELECT 'rows ' || c.relname || ' ' || query_to_xml(format('SELECT (to_jsonb(one_row) - %L::text[])::text AS r FROM public.%I one_row ORDER BY 1',
    (SELECT coalesce(array_agg(a.attname::text), '{}') FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attidentity <> '')::text, c.relname),
    true, true, '')::text
  FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
";

const SQLITE_SCHEMA: &str = r#"
SELECT 'column ' || m.name || '.' || c.name || ' ' || c.type || ' ' || c."notnull" || ' ' || coalesce(c.dflt_value, '') || ' ' || c.pk
  FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite%'
UNION ALL
SELECT 'key ' || m.name || ' ' || k."from" || ' ' || k."table" || '.' || coalesce(k."to", '') || ' ' || k.on_delete || k.on_update
  FROM sqlite_master m, pragma_foreign_key_list(m.name) k WHERE m.type = 'table'
UNION ALL
SELECT 'index ' || m.name || ' ' || (CASE WHEN i.origin = 'c' THEN i.name ELSE i.origin END) || ' ' || i."unique" || i.partial || ' '
    || (SELECT group_concat(coalesce(c.name, '?') || c."desc") FROM pragma_index_xinfo(i.name) c WHERE c.key)
  FROM sqlite_master m, pragma_index_list(m.name) i WHERE m.type = 'table'
UNION ALL
SELECT m.type || ' ' || m.name || ' ' || m.sql FROM sqlite_master m WHERE m.type IN ('view', 'trigger')
UNION ALL
SELECT 'checks ' || m.name || ' ' || (length(m.sql) - length(replace(m.sql, 'CHECK', ''))) FROM sqlite_master m WHERE m.type = 'table'
"#;

impl Database {
    /// A database of its own with the base on it.
    pub(crate) async fn new(backend: Backend, name: &str, base: Vec<String>, renumber: &str, rows: bool) -> Self {
        let link = match backend {
            Backend::Sqlite => Link::Sqlite,
            _ => {
                let name = format!("dbmigrate_exact_{}_{name}", std::process::id());
                let mut admin = PgConnection::connect(&format!("{}/postgres", server())).await.unwrap();
                sqlx::raw_sql(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")))
                    .execute(&mut admin)
                    .await
                    .unwrap();
                sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE template0")))
                    .execute(&mut admin)
                    .await
                    .unwrap();
                let mut connection = PgConnection::connect(&format!("{}/{name}", server())).await.unwrap();
                let all = format!("SET client_min_messages = error; SET jit = off; {}", join(&base));
                sqlx::raw_sql(AssertSqlSafe(all)).execute(&mut connection).await.unwrap();
                Link::Postgres(Box::new(connection), name)
            }
        };
        Self { link, base, rows, renumber: renumber.to_owned(), runs: 0 }
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

    /// What the base alone looks like.
    pub(crate) async fn base(&mut self) -> String {
        match self.run(&Sql::default()).await {
            Ran::Done { top, .. } => top,
            other => panic!("the base does not stand: {other:?}"),
        }
    }

    /// Runs an order up and down and takes it all back.
    pub(crate) async fn run(&mut self, sql: &Sql) -> Ran {
        self.runs += 1;
        let rows = self.rows;
        match &mut self.link {
            Link::Postgres(connection, _) => {
                if self.runs.is_multiple_of(1000) {
                    for table in
                        ["pg_class", "pg_attribute", "pg_depend", "pg_constraint", "pg_index", "pg_type", "pg_attrdef"]
                    {
                        let vacuum = AssertSqlSafe(format!("VACUUM pg_catalog.{table}"));
                        sqlx::raw_sql(vacuum).execute(&mut **connection).await.unwrap();
                    }
                }
                let begin = AssertSqlSafe(format!("BEGIN; {}", self.renumber));
                sqlx::raw_sql(begin).execute(&mut **connection).await.unwrap();
                let ran = postgres(connection, sql, rows).await;
                sqlx::raw_sql("ROLLBACK").execute(&mut **connection).await.unwrap();
                ran
            }
            Link::Sqlite => sqlite(&self.base, sql, rows).await,
        }
    }
}

fn join(statements: &[String]) -> String {
    statements.iter().map(|statement| format!("{statement};\n")).collect()
}

fn words(error: &sqlx::Error) -> String {
    error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned())
}

async fn postgres(connection: &mut PgConnection, sql: &Sql, rows: bool) -> Ran {
    for (at, node) in sql.up.iter().enumerate() {
        if let Err(error) = sqlx::raw_sql(AssertSqlSafe(join(node))).execute(&mut *connection).await {
            return Ran::UpFails(at, words(&error));
        }
    }
    let top = postgres_schema(connection, rows).await;
    for (at, node) in sql.down.iter().enumerate() {
        if let Err(error) = sqlx::raw_sql(AssertSqlSafe(join(node))).execute(&mut *connection).await {
            return Ran::DownFails(at, words(&error));
        }
    }
    let bottom = if sql.down.is_empty() { top.clone() } else { postgres_schema(connection, rows).await };
    Ran::Done { top, bottom }
}

async fn postgres_schema(connection: &mut PgConnection, rows: bool) -> String {
    let rows = if rows { POSTGRES_ROWS } else { "" };
    let query = AssertSqlSafe(format!("SELECT string_agg(l, E'\n' ORDER BY l) FROM ({POSTGRES_SCHEMA}{rows}) AS s(l)"));
    let found = sqlx::raw_sql(query).fetch_one(connection).await.unwrap();
    found.get::<Option<String>, _>(0).unwrap_or_default()
}

async fn sqlite(base: &[String], sql: &Sql, rows: bool) -> Ran {
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
                return if way == 0 { Ran::UpFails(at, words(&error)) } else { Ran::DownFails(at, words(&error)) };
            }
        }
        let orphans = sqlx::raw_sql("PRAGMA foreign_key_check").fetch_all(&mut connection).await;
        match orphans {
            Ok(orphans) if orphans.is_empty() => {}
            other => {
                let what = other.err().map_or_else(|| "rows without their parents".to_owned(), |error| words(&error));
                return if way == 0 { Ran::UpFails(nodes.len(), what) } else { Ran::DownFails(nodes.len(), what) };
            }
        }
        sqlx::raw_sql("COMMIT").execute(&mut connection).await.unwrap();
        seen.push(sqlite_schema(&mut connection, rows).await);
    }
    let bottom = seen.pop().unwrap_or_default();
    Ran::Done { top: seen.pop().unwrap_or_default(), bottom }
}

async fn sqlite_schema(connection: &mut SqliteConnection, rows: bool) -> String {
    let query = SQLITE_SCHEMA;
    let mut lines: Vec<String> = match sqlx::raw_sql(query).fetch_all(&mut *connection).await {
        Ok(found) => found.iter().map(|row| row.get::<Option<String>, _>(0).unwrap_or_default()).collect(),
        // A view over what is gone: the schema cannot even be read.
        Err(error) => return format!("unreadable: {}", words(&error)),
    };
    if rows {
        let tables = sqlx::raw_sql("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
            .fetch_all(&mut *connection)
            .await
            .unwrap();
        for table in tables.iter().map(|row| row.get::<String, _>(0)) {
            let columns =
                sqlx::raw_sql(AssertSqlSafe(format!("SELECT name FROM pragma_table_info('{table}') ORDER BY 1")))
                    .fetch_all(&mut *connection)
                    .await
                    .unwrap();
            let columns: Vec<String> =
                columns.iter().map(|row| format!("quote(\"{}\")", row.get::<String, _>(0))).collect();
            let query = format!("SELECT {} FROM \"{table}\" ORDER BY 1", columns.join(" || ',' || "));
            let found = sqlx::raw_sql(AssertSqlSafe(query)).fetch_all(&mut *connection).await.unwrap();
            lines.extend(found.iter().map(|row| format!("row {table} {}", row.get::<String, _>(0))));
        }
    }
    lines.sort_unstable();
    lines.join("\n")
}
