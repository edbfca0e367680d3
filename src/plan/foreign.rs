//! Whether a database is another project's.

use std::collections::HashSet;

use super::Ledger;
use crate::ident::Version;
use crate::manifest::Manifest;

/// Whether migrations are applied, and none of them is in the manifest: neither by version and name nor, under whatever
/// version and name, by what it does. Then nobody knows that the database is this project's.
#[must_use]
pub fn is_foreign(manifest: &Manifest, ledger: &Ledger) -> bool {
    let named: HashSet<(Version, &str)> =
        manifest.migrations.iter().map(|migration| (migration.version, migration.name.as_str())).collect();
    let by_name = ledger.rows.iter().any(|row| named.contains(&(row.version, row.name.as_str())));
    if ledger.rows.is_empty() || by_name {
        return false;
    }
    // What does nothing is alike everywhere.
    let of_some_use = manifest.migrations.iter().filter(|migration| !migration.body.up.is_empty());
    let known: HashSet<String> = of_some_use.map(|migration| migration.body.checksums().up).collect();
    !ledger.rows.iter().any(|row| known.contains(&row.checksums.up))
}
