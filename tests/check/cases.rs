//! The classic mistakes of migration order: a folder in `cases/` for each, and beside its manifest
//! what a person sees (`seen.snap`). Those that an edge mends are mended by `--fix`, and
//! nothing but that edge changes. To add one: the folder, and its name in a list.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::support::Project;

macro_rules! cases {
    (fixed { $($fixed:ident,)+ } told { $($told:ident,)+ }) => {
        pub(crate) const CASES: &[&str] = &[$(stringify!($fixed),)+ $(stringify!($told),)+];

        $(#[test]
        fn $fixed() {
            seen(stringify!($fixed));
            fixed(stringify!($fixed));
        })+

        $(#[test]
        fn $told() {
            seen(stringify!($told));
        })+
    };
}

cases! {
    // Mended by edges alone.
    fixed {
        a_default_and_an_insert_that_relies_on_it,
        a_rename_on_one_branch_and_a_use_on_the_other,
        index_on_a_column_that_a_branch_drops,
        key_before_table,
        parent_row_and_child_row,
        unique_key_and_the_key_that_needs_it,
    }
    // Mended by their authors.
    told {
        a_cycle_beside_the_roots,
        a_cycle_of_three,
        a_down_that_drops_what_another_made,
        a_down_with_a_wrong_name,
        a_down_with_a_wrong_name_behind_if_exists,
        a_requirement_of_itself,
        a_table_dropped_while_a_key_points_at_it,
        a_view_over_a_column_that_goes,
        an_early_version_requires_a_late_one,
        an_older_down_uses_what_a_later_up_removed,
        downs_that_undo_each_others_ups,
        parents_dropped_before_children,
        two_branches_add_one_column,
        two_nodes_of_one_version,
    }
}

pub(crate) fn folder(case: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check/cases").join(case)
}

fn seen(case: &str) {
    let ran = Project::copy(&folder(case)).run(&["check"]);
    assert_eq!(ran.err, "", "{case}");
    insta::with_settings!({
        snapshot_path => format!("cases/{case}"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!("seen", format!("{}--- exit {}\n", ran.out, ran.code)) });
}

/// `--fix` makes the check clean of open orders, and its diff is only the added edges.
fn fixed(case: &str) {
    let project = Project::copy(&folder(case));
    let before = project.read("schema.toml");
    let ran = project.run(&["check", "--fix=all", "--format", "json"]);
    let open: Vec<_> = ran.codes(None).into_iter().filter(|code| code.starts_with("un")).collect();
    assert_eq!((ran.code, open), (0, vec![]), "{}{}", ran.out, ran.err);
    let after = project.read("schema.toml");
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (before, after) = (lines(&before), lines(&after));
    assert_ne!(before, after, "something was written");
    let is_edge = |line: &str| line.starts_with("requires = [");
    let without = |lines: &[String]| lines.iter().filter(|line| !is_edge(line)).cloned().collect::<Vec<_>>();
    assert_eq!(without(&before), without(&after), "only lines of `requires` differ");
    let said = ran.err.lines().filter(|line| line.starts_with("wrote into schema.toml: ")).count();
    assert!(said > 0, "{}", ran.err);
    let again = project.run(&["check", "--fix=all"]);
    assert_eq!(project.read("schema.toml"), after.join("\n") + "\n", "a second time there is nothing to write");
    assert_eq!(again.err, "");
}

#[test]
fn every_folder_is_a_case() {
    let folders: BTreeSet<String> =
        std::fs::read_dir(folder("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(folders, CASES.iter().map(|case| (*case).to_owned()).collect());
}
