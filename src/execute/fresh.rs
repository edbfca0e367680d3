//! Everything that stands in a database's schema, whoever made it, and how it is dropped: for when ways down are beyond
//! repair. The ledger's own tables stay, and forget what is applied; the history of runs does not.

use super::clearing::{Cleared, StandingObject};
use super::database::Cells;
use super::error::ExecuteError;
use super::ledger::RowDigest;
use super::lock::lock;
use super::report::Outcome;
use super::run::{RECORD_PATIENCE, Run};
use super::session::Session;
use super::words::DatabaseWords;
use crate::backend::Backend;
use crate::render::ledger::{ENVIRONMENT, JOURNAL, RUNS, VERSIONS};

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

/// What the catalog says exists, in an order in which it can be dropped.
fn objects(rows: Result<Vec<Cells>, DatabaseWords>) -> Result<Vec<StandingObject>, ExecuteError> {
    let rows = rows.map_err(|words| ExecuteError::of("looking for what exists", words))?;
    let object = |row: Cells| {
        let mut cells = row.into_iter().map(Option::unwrap_or_default);
        Some(StandingObject { kind: cells.next()?, name: cells.next()?, sql: cells.next()? })
    };
    Ok(rows.into_iter().filter_map(object).collect())
}

impl Run<'_> {
    /// Whether all that exists is gone for good.
    pub(super) const fn is_cleared(&self) -> bool {
        matches!(self.cleared, Cleared::Gone(_))
    }

    /// What was dropped in a transaction is gone once that is committed.
    pub(super) fn cleared_for_good(&mut self) {
        if let Cleared::Within(objects) = &mut self.cleared {
            self.cleared = Cleared::Gone(std::mem::take(objects));
        }
    }

    /// Drops everything in a transaction of its own.
    pub(super) async fn clear_apart(&mut self, expected: &[RowDigest]) -> Result<(), ExecuteError> {
        const DOING: &str = "dropping what exists";
        lock(self.database, self.settings, self.canceller, true, self.events).await?;
        let dropped = match self.compare(expected).await {
            Ok(()) => self.clear().await,
            Err(error) => Err(error),
        };
        let ended = match dropped {
            Ok(()) => self.database.commit().await.map_err(|words| ExecuteError::of(DOING, words)),
            Err(error) => Err(error),
        };
        if ended.is_err() {
            self.database.rollback().await;
        }
        ended?;
        self.cleared_for_good();
        Ok(())
    }

    /// As [`Self::clear`], where each statement commits by itself. What was begun is written into the history.
    pub(super) async fn clear_stepwise(&mut self) -> Result<(), ExecuteError> {
        let ended = self.clear().await;
        match &ended {
            Err(error) if self.written => {
                let error = error.to_string();
                // It is told anyway; the history is for later.
                let _ = tokio::time::timeout(RECORD_PATIENCE, self.record(&error)).await;
            }
            Ok(()) if self.clearing.is_none() => self.remember_what_is_left().await?,
            Ok(()) | Err(_) => {}
        }
        ended
    }

    /// Where the last run was cut short while it dropped everything, what it left may be in the way of this one.
    async fn remember_what_is_left(&mut self) -> Result<(), ExecuteError> {
        if !self.has_ledger || !self.before.is_empty() {
            return Ok(());
        }
        let last = self.database.rows(self.store.sql.select_last_run()).await;
        let last = last.map_err(|words| ExecuteError::of("reading the history", words))?;
        let word = |at: usize| last.first()?.get(at)?.as_deref();
        if word(0) != Some("fresh") || word(1) != Some("0") || word(2) == Some(Outcome::Done.as_str()) {
            return Ok(());
        }
        let left = objects(self.database.rows(question(self.database.backend(), &[])).await)?;
        if let Some(first) = left.first().map(StandingObject::title) {
            self.warnings.push(format!(
                "`fresh` was cut short while it dropped what existed; {} left, the first is {first}: `dbmigrate fresh` again \
                 drops what is left",
                if left.len() == 1 { "1 object is".to_owned() } else { format!("{} objects are", left.len()) }
            ));
        }
        Ok(())
    }

    /// Drops everything, as it is now that the lock is held; the ledger's own tables are emptied of what is applied first.
    /// Where each statement commits by itself, a run that is cut short leaves a database that says nothing is applied, and
    /// `fresh` again goes on.
    pub(super) async fn clear(&mut self) -> Result<(), ExecuteError> {
        const DOING: &str = "dropping what exists";
        let Some(clearing) = self.clearing else { return Ok(()) };
        let own_commits = !self.database.backend().capabilities().transactional_ddl;
        let question = question(self.database.backend(), &clearing.schemas);
        let objects = objects(self.database.rows(question).await)?;
        if self.has_ledger {
            let mut forgotten = self.store.sql.forget_all().to_vec();
            if own_commits {
                // A run that is cut short is in the history from the moment at which nothing is applied any more.
                forgotten.insert(0, "START TRANSACTION".to_owned());
                forgotten.extend([
                    self.store.sql.insert_run(&self.row),
                    self.store.sql.journal_slot(),
                    "COMMIT".to_owned(),
                ]);
            }
            self.database.must(DOING, forgotten.join(";\n")).await?;
            self.written = own_commits;
        }
        if own_commits {
            self.database.must(DOING, "SET SESSION foreign_key_checks = 0".to_owned()).await?;
        }
        let of = objects.len();
        for (dropped, object) in objects.iter().enumerate() {
            let ended = if self.canceller.is_cancelled() {
                Err(ExecuteError::Cancelled)
            } else {
                self.database.must(DOING, object.sql.clone()).await
            };
            if let Err(why) = ended {
                let gone = if own_commits { dropped } else { 0 };
                return Err(ExecuteError::NotDropped { object: object.title(), why: Box::new(why), gone, of });
            }
        }
        if own_commits {
            self.database.must(DOING, "SET SESSION foreign_key_checks = 1".to_owned()).await?;
        }
        self.cleared = if own_commits { Cleared::Gone(objects) } else { Cleared::Within(objects) };
        Ok(())
    }
}

impl Session {
    /// Everything that stands in the database's schema but the ledger, in an order in which it can be dropped. `schemas` are
    /// those that migrations make, which go whole (PostgreSQL). Changes nothing.
    ///
    /// # Errors
    /// The connection is lost, or the catalog may not be read.
    pub async fn standing_objects(&mut self, schemas: &[String]) -> Result<Vec<StandingObject>, ExecuteError> {
        if !self.database.is_there() {
            return Ok(Vec::new());
        }
        let question = question(self.database.backend(), schemas);
        objects(self.database.peek(question).await)
    }
}
