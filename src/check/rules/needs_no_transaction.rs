//! `needs-no-transaction`: raw SQL that the database refuses inside a transaction, in a
//! migration that runs in one.

use super::Seen;
use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic};
use crate::sql_text::first_words;
use crate::state::Change;

pub(super) fn look(seen: &Seen<'_>, found: &mut Vec<Diagnostic>) {
    let Change::Sql { sql, .. } = seen.change else { return };
    if !seen.migration.body.transaction {
        return;
    }
    let words = first_words(sql, 6);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let Some(what) = refused(seen.state.backend(), &words) else { return };
    let (name, backend) = (&seen.migration.name, seen.state.backend().title());
    let message = format!("`{name}` runs {what}, which {backend} refuses inside a transaction");
    found.push(
        seen.found(Code::NeedsNoTransaction, message, "not in a transaction")
            .help("`transaction = false` above the first `[[up]]`, in a migration of its own"),
    );
}

/// What of a statement cannot run in a transaction.
fn refused(backend: Backend, words: &[&str]) -> Option<&'static str> {
    if backend == Backend::Sqlite {
        return matches!(words, ["VACUUM", ..]).then_some("VACUUM");
    }
    if backend != Backend::Postgres {
        return None;
    }
    Some(match words {
        ["VACUUM", ..] => "VACUUM",
        ["CREATE", "DATABASE", ..] => "CREATE DATABASE",
        ["DROP", "DATABASE", ..] => "DROP DATABASE",
        ["CREATE", "TABLESPACE", ..] => "CREATE TABLESPACE",
        ["DROP", "TABLESPACE", ..] => "DROP TABLESPACE",
        ["ALTER", "SYSTEM", ..] => "ALTER SYSTEM",
        ["CREATE", "SUBSCRIPTION", ..] => "CREATE SUBSCRIPTION",
        ["REINDEX", "DATABASE" | "SYSTEM" | "SCHEMA", ..] => "REINDEX of more than a table",
        ["CREATE", "INDEX", "CONCURRENTLY", ..] | ["CREATE", "UNIQUE", "INDEX", "CONCURRENTLY", ..] => {
            "CREATE INDEX CONCURRENTLY"
        }
        ["DROP", "INDEX", "CONCURRENTLY", ..] => "DROP INDEX CONCURRENTLY",
        ["REINDEX", _, "CONCURRENTLY", ..] => "REINDEX CONCURRENTLY",
        ["CLUSTER"] => "CLUSTER of all tables",
        ["DISCARD", "ALL"] => "DISCARD ALL",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_postgres_refuses_in_a_transaction() {
        let of = |sql: &str| {
            let words = first_words(sql, 6);
            refused(Backend::Postgres, &words.iter().map(String::as_str).collect::<Vec<_>>())
        };
        assert_eq!(of("-- x\ncreate unique index CONCURRENTLY i ON t (a)"), Some("CREATE INDEX CONCURRENTLY"));
        assert_eq!(of("vacuum (full) posts"), Some("VACUUM"));
        assert_eq!(of("ALTER SYSTEM SET a = 1"), Some("ALTER SYSTEM"));
        assert_eq!(of("CLUSTER posts"), None);
        assert_eq!(of("CREATE INDEX concurrently_made ON t (a)"), None);
        assert_eq!(of("SELECT 'VACUUM'"), None);
    }
}
