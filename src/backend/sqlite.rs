//! What SQLite can do. Its ALTER TABLE knows rename, add column and drop column
//! only; everything else is a rebuild of the table, which `render` writes.

use super::Capabilities;

pub(super) const CAPABILITIES: Capabilities = Capabilities {
    name: "sqlite",
    title: "SQLite",
    embedded: true,
    transactional_ddl: true,
    case_insensitive_names: true,
    max_identifier_bytes: 63,
    schemas: false,
    renames_constraints: false,
    alters_constraints: false,
    partial_indexes: true,
    expression_indexes: true,
    index_methods: false,
    deferrable_keys: true,
    virtual_columns: true,
    renames_what_is_computed_from: true,
    retypes_what_is_computed_from: true,
    enum_types: false,
    functions: false,
    overloads: false,
    concurrent_indexes: false,
    keys_may_set_null_anywhere: true,
    unchecked_keys: false,
    materialized_views: false,
    extensions: false,
    comments: false,
    index_collations: true,
    index_extras: false,
    index_names_are_global: true,
    keys_outlive_tables: true,
    identity_sequences: false,
    keys_own_indexes: false,
    programs_keep_names: false,
};
