//! Indexes that are made and dropped while others write.

use super::BACKEND;
use crate::state::Table;

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
