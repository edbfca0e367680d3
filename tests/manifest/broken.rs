//! Broken manifests: a folder in `broken/` for each kind of mistake, and beside it what
//! a person sees of it (`seen.snap`). To add one: the folder, and its name in the list.

use std::collections::BTreeSet;
use std::path::Path;

use dbmigrate::diagnostic::{Diagnostic, Severity};
use dbmigrate::report::Paint;
use dbmigrate::report::diagnostics::render_text;

use crate::manifest::diagnose::diagnose;

macro_rules! broken {
    ($($name:ident,)+) => {
        /// Every case, a folder each.
        pub const CASES: &[&str] = &[$(stringify!($name)),+];

        $(#[test]
        fn $name() {
            check(stringify!($name));
        })+
    };
}

broken! {
    alter_column_does_too_much,
    auto_increment_on_text,
    backend_unknown,
    check_unknown,
    column_length_beside_the_type,
    column_nullable,
    column_primary_key,
    column_without_type,
    columns_swallow_what_follows,
    default_now,
    default_of_another_type,
    down_on_a_derived_operation,
    environment_key_wrong,
    environment_twice,
    environment_url_of_no_backend,
    environment_with_passwords,
    file_name_with_version_only,
    file_name_without_version,
    foreign_key_of_uneven_length,
    graph_cycle,
    graph_duplicate_name,
    graph_duplicate_version,
    graph_unknown_requirement,
    graph_version_inversion_denied,
    hook_unknown,
    index_on_sql,
    inline_migration_without_version,
    irreversible_with_a_down,
    irreversible_without_reason,
    key_cascade,
    key_if_not_exists,
    key_missing,
    key_misspelt,
    key_of_another_verb,
    key_table_for_on,
    mysql_limits,
    name_in_node_file,
    name_is_no_column,
    new_name_with_a_dot,
    not_built_index_of_a_view,
    nothing_to_do,
    operation_with_two_verbs,
    operation_without_header,
    operation_without_verb,
    order_unknown,
    project_backends_missing,
    project_missing,
    references_without_column,
    requires_a_string,
    requires_below_the_first_up,
    requires_under_another_name,
    row_without_a_column_of_its_key,
    section_unknown,
    seed_row_without_key,
    several_files,
    sql_begins_a_transaction,
    sql_file_missing,
    sql_of_several_statements,
    state_already_exists,
    state_auto_increment_without_key,
    state_column_still_referenced,
    state_down_fails,
    state_identifier_too_long,
    state_key_of_another_type,
    state_key_to_columns_not_unique,
    state_left_at_zero,
    state_no_way_down,
    state_not_null_without_default,
    state_null_where_numbered,
    state_rename_under_opaque,
    state_row_of_the_wrong_type,
    state_row_with_an_unknown_column,
    state_schema_on_sqlite,
    state_still_referenced,
    state_unknown_column,
    state_unknown_constraint,
    state_unknown_index,
    state_unknown_table,
    text_for_an_unknown_backend,
    text_without_a_branch,
    toml_key_twice,
    toml_string_not_closed,
    toml_value_without_quotes,
    type_decimal_without_digits,
    type_enum_of_values,
    type_serial,
    type_unknown,
    up_in_single_brackets,
    value_of_bytes_and_texts,
    value_of_the_wrong_kind,
    verb_misspelt,
    verb_of_another_tool,
}

/// How many there are of each severity: `3 errors, 1 warning`.
fn summary(diagnostics: &[Diagnostic]) -> String {
    let counted = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")];
    let counted = counted.map(|(of, noun)| (diagnostics.iter().filter(|one| one.severity == of).count(), noun));
    let parts = counted.iter().filter(|(n, _)| *n > 0);
    let parts: Vec<_> = parts.map(|(n, noun)| format!("{n} {noun}{}", if *n == 1 { "" } else { "s" })).collect();
    if parts.is_empty() { "no errors".to_owned() } else { parts.join(", ") }
}

fn check(case: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifest/broken").join(case);
    let (diagnostics, sources) = diagnose(&folder);
    assert!(!diagnostics.is_empty(), "{case} is broken, and nothing was found");
    let text = render_text(&diagnostics, &sources, Paint { color: false, width: 100 });
    let text = text.replace(&format!("{}/", folder.display()), "");
    let seen = format!("{text}{}\n", summary(&diagnostics));
    insta::with_settings!({
        snapshot_path => format!("broken/{case}"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!("seen", seen) });
}

#[test]
fn every_folder_is_a_case_and_there_are_at_least_forty() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifest/broken");
    let folders: BTreeSet<String> = std::fs::read_dir(folder)
        .expect("the folder of cases")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    let cases: BTreeSet<String> = CASES.iter().map(|case| (*case).to_owned()).collect();
    assert_eq!(folders, cases);
    assert!(cases.len() >= 40);
}
