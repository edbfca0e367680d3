//! What MySQL and MariaDB can do. A manifest may name it; work on it is refused
//! (`not-supported-yet`) until its renderer and journal stand.

use super::Capabilities;

pub(super) const CAPABILITIES: Capabilities = Capabilities {
    name: "mysql",
    title: "MySQL",
    supported: false,
    embedded: false,
    transactional_ddl: false,
    case_insensitive_names: true,
    max_identifier_bytes: 63,
    schemas: false,
    renames_constraints: false,
    alters_constraints: true,
    partial_indexes: false,
    expression_indexes: false,
    index_methods: true,
    index_names_are_global: false,
    keys_outlive_tables: false,
    identity_sequences: false,
};
