//! A database of a test, and its schema in its own words.

use dbmigrate::backend::Backend;
use dbmigrate::render::{RenderedPlan, Statement};
use sqlparser::ast::{ColumnOption, TableConstraint};
use sqlparser::dialect::SQLiteDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};
use sqlx::{
    AssertSqlSafe, ColumnIndex, Connection, Decode, Executor, MySqlConnection, PgConnection, Row, SqliteConnection,
    ValueRef,
};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A connection to a database made for one test.
pub(crate) enum Database {
    Sqlite(SqliteConnection),
    Postgres { connection: PgConnection, name: String },
    Mysql { connection: MySqlConnection, name: String },
}

/// Runs a test's future to its end.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn server() -> String {
    let server = std::env::var("DBMIGRATE_TEST_POSTGRES");
    server.unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432".to_owned()).trim_end_matches('/').to_owned()
}

/// A row's values as text, `|` between them, NULL as `~`.
fn texts<R>(row: &R) -> String
where
    R: Row,
    usize: ColumnIndex<R>,
    for<'r> Option<String>: Decode<'r, R::Database>,
{
    let value = |at| row.try_get_unchecked::<Option<String>, _>(at).unwrap().unwrap_or_else(|| "~".to_owned());
    (0..row.len()).map(value).collect::<Vec<_>>().join("|")
}

impl Database {
    pub(crate) async fn create(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => {
                let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
                connection.execute("PRAGMA foreign_keys = ON").await.unwrap();
                Self::Sqlite(connection)
            }
            Backend::Postgres => {
                static NEXT: AtomicUsize = AtomicUsize::new(0);
                let name = format!("dbmigrate_render_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
                let mut maker = PgConnection::connect(&format!("{}/postgres", server()))
                    .await
                    .expect("a PostgreSQL server answers (scripts/test starts one)");
                maker.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
                let mut connection = PgConnection::connect(&format!("{}/{name}", server())).await.unwrap();
                connection.execute("SET timezone = 'UTC'; SET client_min_messages = warning").await.unwrap();
                Self::Postgres { connection, name }
            }
            Backend::Mysql => {
                static NEXT: AtomicUsize = AtomicUsize::new(0);
                let name = format!("dbmigrate_render_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
                let server =
                    std::env::var("DBMIGRATE_TEST_MYSQL").unwrap_or_else(|_| "mysql://root@127.0.0.1:3306".into());
                let mut connection = MySqlConnection::connect(server.trim_end_matches('/'))
                    .await
                    .expect("a MySQL or MariaDB server answers (scripts/test starts one)");
                let settings = "SET SESSION sql_mode = 'STRICT_TRANS_TABLES', time_zone = '+00:00'";
                let sql = format!("CREATE DATABASE {name} CHARACTER SET utf8mb4; USE {name}; {settings}");
                connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap();
                Self::Mysql { connection, name }
            }
        }
    }

    pub(crate) async fn close(self) {
        if let Self::Postgres { connection, name } = self {
            connection.close().await.unwrap();
            let mut maker = PgConnection::connect(&format!("{}/postgres", server())).await.unwrap();
            maker.execute(AssertSqlSafe(format!("DROP DATABASE {name}"))).await.unwrap();
        } else if let Self::Mysql { mut connection, name } = self {
            connection.execute(AssertSqlSafe(format!("DROP DATABASE {name}"))).await.unwrap();
        }
    }

    pub(crate) fn backend(&self) -> Backend {
        match self {
            Self::Sqlite(_) => Backend::Sqlite,
            Self::Postgres { .. } => Backend::Postgres,
            Self::Mysql { .. } => Backend::Mysql,
        }
    }

    /// Drops everything.
    pub(crate) async fn empty(&mut self) {
        match self {
            Self::Sqlite(_) => *self = Self::create(Backend::Sqlite).await,
            Self::Postgres { .. } => {
                self.execute("SET client_min_messages = error; DROP SCHEMA public CASCADE; CREATE SCHEMA public").await;
            }
            Self::Mysql { name, .. } => {
                let sql = format!("DROP DATABASE {name}; CREATE DATABASE {name} CHARACTER SET utf8mb4; USE {name}");
                self.execute(&sql).await;
            }
        }
    }

    pub(crate) async fn try_execute(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(connection) => connection.execute(sqlx::raw_sql(sql)).await.map(|_| ()),
            Self::Postgres { connection, .. } => connection.execute(sqlx::raw_sql(sql)).await.map(|_| ()),
            Self::Mysql { connection, .. } => connection.execute(sqlx::raw_sql(sql)).await.map(|_| ()),
        }
    }

    #[track_caller]
    pub(crate) fn execute(&mut self, sql: &str) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move { self.try_execute(sql).await.unwrap_or_else(|error| panic!("{error}\n{sql}\nat {caller}")) }
    }

    /// Rows as text: columns with `|` between, NULL as `~`.
    pub(crate) async fn query(&mut self, sql: &str) -> Vec<String> {
        let safe = AssertSqlSafe(sql.to_owned());
        let fail = |error: sqlx::Error| -> Vec<String> { panic!("{error}\n{sql}") };
        match self {
            Self::Sqlite(connection) => match connection.fetch_all(sqlx::raw_sql(safe)).await {
                Ok(rows) => rows.iter().map(texts).collect(),
                Err(error) => fail(error),
            },
            Self::Postgres { connection, .. } => match connection.fetch_all(sqlx::raw_sql(safe)).await {
                Ok(rows) => rows
                    .iter()
                    .map(|row| {
                        let value = |at| {
                            let raw = row.try_get_raw(at).unwrap();
                            if raw.is_null() { "~".to_owned() } else { raw.as_str().unwrap().to_owned() }
                        };
                        (0..row.len()).map(value).collect::<Vec<_>>().join("|")
                    })
                    .collect(),
                Err(error) => fail(error),
            },
            Self::Mysql { connection, .. } => match connection.fetch_all(sqlx::raw_sql(safe)).await {
                Ok(rows) => rows.iter().map(texts).collect(),
                Err(error) => fail(error),
            },
        }
    }

    /// Runs a plan as an executor would: one transaction, foreign keys off around it where it rebuilds.
    pub(crate) async fn run(&mut self, plan: &RenderedPlan) {
        if let Err((sql, error)) = self.try_run(plan).await {
            panic!("{error}\n{sql}");
        }
    }

    pub(crate) async fn try_run(&mut self, plan: &RenderedPlan) -> Result<(), (String, String)> {
        let errors: Vec<_> = plan.diagnostics.iter().filter(|found| found.is_error()).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        assert_eq!(plan.cuts, Vec::<usize>::new());
        let statements: Vec<&Statement> = plan.steps.iter().flat_map(|step| &step.statements).collect();
        let statements = statements.into_iter().filter(|statement| statement.ledger.is_none());
        let statements: Vec<&str> = statements.map(|statement| statement.sql.as_str()).collect();
        if matches!(self, Self::Postgres { .. }) {
            // As a run sends it: one message.
            let message = format!("BEGIN;\n{};\nCOMMIT", statements.join(";\n"));
            if let Err(error) = self.try_execute(&message).await {
                self.execute("ROLLBACK").await;
                return Err((message, error.to_string()));
            }
            return Ok(());
        }
        if matches!(self, Self::Mysql { .. }) {
            for sql in statements {
                if let Err(error) = self.try_execute(sql).await {
                    return Err((sql.to_owned(), error.to_string()));
                }
            }
            return Ok(());
        }
        let rebuilds = plan.steps.iter().any(|step| step.rebuilds);
        if rebuilds {
            self.execute("PRAGMA foreign_keys = OFF").await;
        }
        self.execute("BEGIN IMMEDIATE").await;
        for sql in statements {
            if let Err(error) = self.try_execute(sql).await {
                self.execute("ROLLBACK; PRAGMA legacy_alter_table = OFF; PRAGMA foreign_keys = ON").await;
                return Err((sql.to_owned(), error.to_string()));
            }
        }
        let violations = self.query("PRAGMA foreign_key_check").await;
        assert_eq!(violations, Vec::<String>::new());
        self.execute("COMMIT; PRAGMA foreign_keys = ON").await;
        assert_eq!(self.query("PRAGMA legacy_alter_table").await, ["0"]);
        Ok(())
    }

    /// The schema in the database's own words, sorted; column order does not count.
    pub(crate) async fn schema(&mut self) -> String {
        let mut lines = match self {
            Self::Sqlite(_) => {
                let mut lines = self.query(SQLITE).await;
                for stored in self
                    .query("SELECT type || ':' || name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
                    .await
                {
                    let (object, sql) = stored.split_once('|').unwrap();
                    match object.split_once(':').unwrap() {
                        ("table", name) => lines.extend(constraints(sql).iter().map(|line| format!("{name} {line}"))),
                        _ => lines.push(normal(sql)),
                    }
                }
                lines
            }
            Self::Postgres { .. } => self.query(POSTGRES).await,
            Self::Mysql { name, .. } => {
                let own = format!("`{name}`.");
                self.query(MYSQL).await.into_iter().map(|line| line.replace(&own, "")).collect()
            }
        };
        lines.sort();
        lines.join("\n")
    }
}

const SQLITE: &str = r#"
SELECT 'column ' || m.name || '.' || x.name || ' ' || lower(x.type) || iif(x."notnull", ' not null', '') || ' ' || ifnull(x.dflt_value, '-') || ' ' || x.pk
  FROM sqlite_schema m, pragma_table_xinfo(m.name) x WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\'
UNION ALL
SELECT 'key ' || m.name || ' (' || group_concat(f."from") || ') ' || f."table" || ' (' || group_concat(f."to") || ') ' || f.on_update || ' ' || f.on_delete
  FROM sqlite_schema m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' GROUP BY m.name, f.id
UNION ALL
SELECT 'index ' || m.name || ' ' || iif(i.origin = 'c', i.name, i.origin) || ' ' || i."unique" || ' ' || i.partial || ' ' || group_concat(ifnull(x.name, '(expression)') || iif(x.desc, ' desc', ''))
  FROM sqlite_schema m, pragma_index_list(m.name) i, pragma_index_xinfo(i.name) x WHERE m.type = 'table' AND x.key GROUP BY m.name, i.name
"#;

const POSTGRES: &str = r"
SELECT 'column ' || a.attrelid::regclass || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
       || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '-') || ' ' || a.attidentity::text
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) || ' ' || condeferrable::text
  FROM pg_constraint WHERE connamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
UNION ALL
SELECT 'index ' || pg_get_indexdef(c.oid) FROM pg_class c WHERE c.relkind = 'i' AND c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'pg_toast')
UNION ALL
SELECT 'sequence ' || s.schemaname || '.' || s.sequencename || ' ' || s.data_type || ' ' || s.start_value || ' ' || s.increment_by FROM pg_sequences s
UNION ALL
SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT 'view ' || v.schemaname || '.' || v.viewname || ' ' || v.definition FROM pg_views v WHERE v.schemaname NOT IN ('pg_catalog', 'information_schema')
";

const MYSQL: &str = r"
SELECT CONCAT_WS(' ', 'column', CONCAT(TABLE_NAME, '.', COLUMN_NAME), COLUMN_TYPE, IS_NULLABLE, IFNULL(COLUMN_DEFAULT, '-'), EXTRA)
  FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()
UNION ALL
SELECT CONCAT_WS(' ', 'index', TABLE_NAME, INDEX_NAME, NON_UNIQUE, INDEX_TYPE,
       GROUP_CONCAT(CONCAT_WS(' ', COLUMN_NAME, COLLATION, SUB_PART) ORDER BY SEQ_IN_INDEX))
  FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() GROUP BY TABLE_NAME, INDEX_NAME, NON_UNIQUE, INDEX_TYPE
UNION ALL
SELECT CONCAT_WS(' ', 'key', r.TABLE_NAME, r.CONSTRAINT_NAME, r.REFERENCED_TABLE_NAME, r.UPDATE_RULE, r.DELETE_RULE,
       GROUP_CONCAT(CONCAT(k.COLUMN_NAME, '>', k.REFERENCED_COLUMN_NAME) ORDER BY k.ORDINAL_POSITION))
  FROM information_schema.REFERENTIAL_CONSTRAINTS r JOIN information_schema.KEY_COLUMN_USAGE k
    ON k.CONSTRAINT_SCHEMA = r.CONSTRAINT_SCHEMA AND k.CONSTRAINT_NAME = r.CONSTRAINT_NAME AND k.TABLE_NAME = r.TABLE_NAME
 WHERE r.CONSTRAINT_SCHEMA = DATABASE() GROUP BY r.TABLE_NAME, r.CONSTRAINT_NAME, r.REFERENCED_TABLE_NAME, r.UPDATE_RULE, r.DELETE_RULE
UNION ALL
SELECT CONCAT_WS(' ', 'check', CONSTRAINT_NAME, CHECK_CLAUSE) FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE()
UNION ALL
SELECT CONCAT_WS(' ', 'trigger', TRIGGER_NAME, ACTION_STATEMENT) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()
UNION ALL
SELECT CONCAT_WS(' ', 'view', TABLE_NAME, VIEW_DEFINITION) FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()
";

/// SQL by its tokens: spaces, quotes around names and the case of words do not count.
fn normal(sql: &str) -> String {
    // What the parser wrote again is not always SQL: `'v\''`.
    let Ok(tokens) = Tokenizer::new(&SQLiteDialect {}, sql).tokenize() else { return sql.to_lowercase() };
    let tokens = tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(_)));
    let words = tokens.map(|token| match token {
        Token::Word(word) => word.value.to_lowercase(),
        other => other.to_string(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The names of the constraints of a CREATE TABLE, and the words of its checks.
fn constraints(sql: &str) -> Vec<String> {
    let mut found = Vec::new();
    let statement =
        Parser::parse_sql(&SQLiteDialect {}, sql).unwrap_or_else(|error| panic!("{error} in {sql}")).remove(0);
    let sqlparser::ast::Statement::CreateTable(table) = statement else { panic!("no CREATE TABLE: {sql}") };
    let name = |name: Option<&sqlparser::ast::Ident>| name.map_or_else(|| "-".to_owned(), |name| name.value.clone());
    let check = |of: Option<&sqlparser::ast::Ident>, expr: &sqlparser::ast::Expr| {
        format!("check {} {}", name(of), normal(&expr.to_string()))
    };
    for option in table.columns.iter().flat_map(|column| &column.options) {
        let own = option.name.as_ref();
        match &option.option {
            ColumnOption::Check(constraint) => found.push(check(own.or(constraint.name.as_ref()), &constraint.expr)),
            ColumnOption::ForeignKey(constraint) => {
                found.push(format!("foreign key {}", name(own.or(constraint.name.as_ref()))));
            }
            ColumnOption::PrimaryKey(constraint) => {
                found.push(format!("primary key {}", name(own.or(constraint.name.as_ref()))));
            }
            _ => {}
        }
    }
    for constraint in &table.constraints {
        found.push(match constraint {
            TableConstraint::Check(constraint) => check(constraint.name.as_ref(), &constraint.expr),
            TableConstraint::Unique(constraint) => format!("unique {}", name(constraint.name.as_ref())),
            TableConstraint::PrimaryKey(constraint) => format!("primary key {}", name(constraint.name.as_ref())),
            TableConstraint::ForeignKey(constraint) => format!("foreign key {}", name(constraint.name.as_ref())),
            other => panic!("a constraint that nobody expected: {other}"),
        });
    }
    if sql.to_lowercase().contains("autoincrement") {
        found.push("autoincrement".to_owned());
    }
    found
}
