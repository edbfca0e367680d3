//! What PostgreSQL can do.

use super::Capabilities;

pub(super) const CAPABILITIES: Capabilities = Capabilities {
    name: "postgres",
    title: "PostgreSQL",
    embedded: false,
    transactional_ddl: true,
    case_insensitive_names: false,
    max_identifier_bytes: 63,
    schemas: true,
    renames_constraints: true,
    alters_constraints: true,
    partial_indexes: true,
    expression_indexes: true,
    index_methods: true,
    deferrable_keys: true,
    enum_types: true,
    functions: true,
    overloads: true,
    comments: true,
    index_collations: true,
    index_extras: true,
    index_names_are_global: true,
    keys_outlive_tables: false,
    trigger_names_are_apart: false,
    identity_sequences: true,
    keys_own_indexes: false,
    programs_keep_names: false,
};
