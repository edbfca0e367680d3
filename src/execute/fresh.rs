//! Everything that stands in a database's schema, whoever made it, and how it is dropped: for when ways down are beyond
//! repair. The ledger's own tables stay, and forget what is applied; the history of runs does not.

use super::database::{Cells, Database};
use super::error::ExecuteError;
use super::event::Event;
use super::hooks::Hooks;
use super::ledger::LedgerStore;
use super::lock::lock;
use super::session::Session;
use super::who;
use crate::backend::{Backend, quoted};
use crate::render::ledger::{ENVIRONMENT, JOURNAL, RUNS, VERSIONS};

/// Something that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingObject {
    /// `table`, `view`, `function`, …
    pub kind: String,
    /// Its name, for people.
    pub name: String,
    /// The statement that drops it, whatever hangs on it.
    pub sql: String,
}

/// The ledger's tables, as a list of SQL strings.
fn ledger() -> String {
    [VERSIONS, RUNS, JOURNAL, ENVIRONMENT].map(|name| format!("'{name}'")).join(", ")
}

/// Gives kind, name and statement of each object, in an order in which they can be dropped. `schemas` are those that
/// migrations have made (PostgreSQL), which go whole.
fn question(backend: Backend, schemas: &[String]) -> String {
    let ledger = ledger();
    match backend {
        Backend::Sqlite => format!(
            "SELECT CASE type WHEN 'view' THEN 'view' ELSE 'table' END, name, \
             'DROP ' || CASE type WHEN 'view' THEN 'VIEW' ELSE 'TABLE' END || ' IF EXISTS \"' || replace(name, '\"', '\"\"') || '\"' \
             FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'view', 'virtual') \
             AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT IN ({ledger}) ORDER BY type = 'view' DESC, name"
        ),
        Backend::Mysql => format!(
            "SELECT kind, name, CONCAT('DROP ', UPPER(kind), ' IF EXISTS `', REPLACE(name, '`', '``'), '`') FROM (\
             SELECT CASE TABLE_TYPE WHEN 'VIEW' THEN 'view' WHEN 'SEQUENCE' THEN 'sequence' ELSE 'table' END AS kind, \
             TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME NOT IN ({ledger}) \
             UNION ALL SELECT LOWER(ROUTINE_TYPE), ROUTINE_NAME FROM information_schema.ROUTINES \
             WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_TYPE IN ('FUNCTION', 'PROCEDURE') \
             UNION ALL SELECT 'event', EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()) AS standing \
             ORDER BY kind = 'view' DESC, kind = 'table' DESC, kind, name"
        ),
        Backend::Postgres => postgres(&ledger, schemas),
    }
}

/// What belongs to an extension goes with it alone.
fn postgres(ledger: &str, schemas: &[String]) -> String {
    let own = |class: &str, id: &str| {
        format!(
            "NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = '{class}'::regclass AND d.objid = {id} AND d.deptype = 'e')"
        )
    };
    let relations = |place: u8, kind: &str, condition: &str| {
        format!(
            "SELECT {place}, '{kind}', c.relname::text, format('DROP {} IF EXISTS %I.%I CASCADE', n.nspname, c.relname) \
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = current_schema() AND {condition} AND {}",
            kind.to_uppercase(),
            own("pg_class", "c.oid")
        )
    };
    let owned = "NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid \
                 AND d.deptype IN ('a', 'i'))";
    let named: Vec<String> = schemas.iter().map(|name| Backend::Postgres.string(name)).collect();
    let named = if named.is_empty() { "NULL".to_owned() } else { named.join(", ") };
    let parts = [
        relations(1, "view", "c.relkind = 'v'"),
        relations(2, "materialized view", "c.relkind = 'm'"),
        relations(
            3,
            "table",
            &format!("c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname NOT IN ({ledger})"),
        ),
        relations(3, "foreign table", "c.relkind = 'f'"),
        relations(4, "sequence", &format!("c.relkind = 'S' AND {owned}")),
        format!(
            "SELECT 5, CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, p.oid::regprocedure::text, \
             format('DROP ROUTINE IF EXISTS %s CASCADE', p.oid::regprocedure) \
             FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = current_schema() AND {} \
             AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')",
            own("pg_proc", "p.oid")
        ),
        format!(
            "SELECT 6, CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END, t.typname::text, \
             format('DROP %s IF EXISTS %I.%I CASCADE', CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, n.nspname, t.typname) \
             FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname = current_schema() \
             AND (t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND EXISTS \
             (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c')) AND {}",
            own("pg_type", "t.oid")
        ),
        format!(
            "SELECT 7, 'schema', nspname::text, format('DROP SCHEMA IF EXISTS %I CASCADE', nspname) \
             FROM pg_namespace WHERE nspname IN ({named}) AND nspname <> current_schema()"
        ),
        "SELECT 8, 'extension', extname::text, format('DROP EXTENSION IF EXISTS %I CASCADE', extname) \
         FROM pg_extension WHERE obj_description(oid, 'pg_extension') = 'created by dbmigrate'"
            .to_owned(),
    ];
    format!(
        "SELECT kind, name, sql FROM ({}) AS standing (place, kind, name, sql) ORDER BY place, kind, name",
        parts.join(" UNION ALL ")
    )
}

/// What stands, in an order in which it can be dropped.
async fn standing(database: &mut Database, schemas: &[String]) -> Result<Vec<StandingObject>, ExecuteError> {
    if !database.is_there() {
        return Ok(Vec::new());
    }
    let sql = question(database.backend(), schemas);
    let rows = database.peek(sql).await.map_err(|words| ExecuteError::of("looking for what stands", words))?;
    let object = |row: Cells| {
        let mut cells = row.into_iter().map(Option::unwrap_or_default);
        Some(StandingObject { kind: cells.next()?, name: cells.next()?, sql: cells.next()? })
    };
    Ok(rows.into_iter().filter_map(object).collect())
}

/// Drops all of it, the ledger's own tables emptied of what is applied first: where each statement commits by itself,
/// a run that is cut short leaves a database that says nothing is applied, and `fresh` again goes on.
async fn drop_all(database: &mut Database, store: &LedgerStore, schemas: &[String]) -> Result<(), ExecuteError> {
    const DOING: &str = "dropping what stands";
    // Others may have made something before the lock was held.
    let objects = standing(database, schemas).await?;
    if store.exists(database).await? {
        for sql in store.sql.forget_all() {
            database.must(DOING, sql).await?;
        }
    }
    let own_commits = !database.backend().capabilities().transactional_ddl;
    if own_commits {
        database.must(DOING, "SET SESSION foreign_key_checks = 0".to_owned()).await?;
    }
    for object in objects {
        database.must(DOING, object.sql).await?;
    }
    if own_commits {
        database.must(DOING, "SET SESSION foreign_key_checks = 1".to_owned()).await?;
    }
    Ok(())
}

impl StandingObject {
    /// Its kind and name, as one reads it: `table "posts"`.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} {}", self.kind, quoted(&self.name, '"'))
    }
}

impl Session {
    /// Everything that stands in the database's schema but the ledger, in an order in which it can be dropped. `schemas` are
    /// those that migrations make, which go whole (PostgreSQL). Changes nothing.
    ///
    /// # Errors
    /// The connection is lost, or the catalog may not be read.
    pub async fn standing_objects(&mut self, schemas: &[String]) -> Result<Vec<StandingObject>, ExecuteError> {
        standing(&mut self.database, schemas).await
    }

    /// Drops all of that, as it is once the lock is held, and empties the ledger of what is applied; hooks `before_fresh` and
    /// `after_fresh` run around it. In one transaction, where DDL can be rolled back; else `fresh` again goes on where it was cut
    /// short. Gives a warning where the last hook failed.
    ///
    /// # Errors
    /// Locked, a hook that fails, or a statement that the database refuses.
    pub async fn drop_everything(
        &mut self,
        schemas: &[String],
        events: &mut dyn FnMut(&Event),
    ) -> Result<Option<String>, ExecuteError> {
        if !self.database.is_there() {
            return Ok(None);
        }
        let run = who::run_id();
        let settings = self.settings.clone();
        let hooks = Hooks { settings: &settings, command: "fresh", run: &run, direction: "down", target: "0" };
        hooks.before(events).await?;
        let store = LedgerStore::new(&self.database, run.clone());
        lock(&mut self.database, &settings, &self.canceller, true, events).await?;
        let dropped = drop_all(&mut self.database, &store, schemas).await;
        let ended = self.end("dropping what exists", dropped).await;
        let warning = hooks.after(ended.is_ok(), events).await;
        ended.map(|()| warning)
    }
}
