//! What PostgreSQL alone has: extensions, and indexes that are made while others write.

use super::BACKEND;
use crate::state::Table;

/// What marks an extension that did not stand before.
const MARK: &str = "created by dbmigrate";

/// CREATE EXTENSION where it does not stand; one that stood before is left alone, and stays.
pub(super) fn create_extension(name: &str) -> String {
    let (ident, text, mark) = (BACKEND.ident(name), BACKEND.string(name), BACKEND.string(MARK));
    format!(
        "DO $dbmigrate$ BEGIN IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = {text}) THEN \
         CREATE EXTENSION {ident}; COMMENT ON EXTENSION {ident} IS {mark}; END IF; END $dbmigrate$"
    )
}

/// DROP EXTENSION; of one that was created here only where that is so.
pub(super) fn drop_extension(name: &str, made_here: bool) -> String {
    let (ident, text, mark) = (BACKEND.ident(name), BACKEND.string(name), BACKEND.string(MARK));
    if !made_here {
        return format!("DROP EXTENSION {ident}");
    }
    format!(
        "DO $dbmigrate$ BEGIN IF EXISTS (SELECT FROM pg_extension WHERE extname = {text} AND \
         obj_description(oid, 'pg_extension') = {mark}) THEN DROP EXTENSION {ident}; END IF; END $dbmigrate$"
    )
}

/// How what an interrupted try left is cleared away.
const CLEARS: &str = "DO $dbmigrate$ BEGIN IF EXISTS (SELECT FROM pg_index";

/// Before an index is made while others write: what an interrupted try left, an index that is not valid, is dropped.
pub(super) fn clears_away(table: &Table, index: &str) -> String {
    let index = BACKEND.qualified(table.name.schema.as_deref(), index);
    let regclass = BACKEND.string(&index);
    format!(
        "{CLEARS} WHERE indexrelid = to_regclass({regclass}) AND NOT indisvalid) THEN DROP INDEX {index}; END IF; \
             END $dbmigrate$"
    )
}

/// Whether a statement clears away for the one behind it, so that the two run again together.
pub(in crate::render) fn clears(sql: &str) -> bool {
    sql.starts_with(CLEARS)
}
