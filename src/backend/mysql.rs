//! What MySQL and MariaDB can do, where they differ the less of the two. Table names that differ in case only are
//! taken for one, since on some servers they are; what is rendered has the case that the table was made with.

use super::Capabilities;

pub(super) const CAPABILITIES: Capabilities = Capabilities {
    name: "mysql",
    title: "MySQL",
    embedded: false,
    transactional_ddl: false,
    case_insensitive_names: true,
    max_identifier_bytes: 63,
    schemas: false,
    renames_constraints: true,
    alters_constraints: true,
    partial_indexes: false,
    expression_indexes: false,
    index_methods: true,
    deferrable_keys: false,
    virtual_columns: true,
    renames_what_is_computed_from: false,
    retypes_what_is_computed_from: true,
    enum_types: false,
    functions: true,
    overloads: false,
    concurrent_indexes: false,
    keys_may_set_null_anywhere: false,
    unchecked_keys: false,
    materialized_views: false,
    extensions: false,
    comments: true,
    index_collations: false,
    index_extras: false,
    index_names_are_global: false,
    keys_outlive_tables: false,
    identity_sequences: false,
    keys_own_indexes: true,
    programs_keep_names: true,
};
