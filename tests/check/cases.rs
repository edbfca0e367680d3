//! The classic mistakes of migration order: a folder in `cases/` for each, and beside its manifest
//! what a person sees (`seen.snap`). Those that an edge mends are mended by `--fix`, and
//! nothing but that edge changes. To add one: the folder, and its name in a list.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::check::support::Project;

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
        a_sequence_and_the_default_that_asks_it,
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
        a_sequence_beside_an_enum,
        a_sequence_in_a_schema_that_is_gone,
        a_table_dropped_that_owns_a_sequence,
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

/// `--fix` makes the check clean, and its diff is only the added edges; however the manifest is written.
fn fixed(case: &str) {
    let written = Project::copy(&folder(case)).read("schema.toml");
    mended(&written);
    mended(&written.replace('\n', "\r\n"));
    mended(&written.replace("\"create_posts\"]", "\"create_posts\", ] # at the end"));
    mended(&written.replace("[\"create_posts\"]", "[\n  # why\n  \"create_posts\", # because\n]"));
    mended(&written.replace("[\"create_posts\"]", "[\r\n\t'create_posts'\r\n]"));
    mended(&written.replace("name = ", "\"name\"   =    ").replace("[[migration.up]]", "\n  [[ migration.up ]] # up"));
    let project = Project::of(&written.split("[[migration]]").next().unwrap().replace("\n\n", "\r\n\r\n"));
    let files = split(&written);
    for (file, text) in &files {
        project.write(file, text);
    }
    mends(&project, &files.into_iter().map(|(file, _)| file).collect::<Vec<_>>());
}

fn mended(schema: &str) {
    mends(&Project::of(schema), &["schema.toml".to_owned()]);
}

/// The nodes as files of their own, without a list of requirements where it is empty.
fn split(schema: &str) -> Vec<(String, String)> {
    let value = |node: &str, key: &str| {
        let line = node.lines().find_map(|line| line.strip_prefix(&format!("{key} = ")));
        line.unwrap_or_default().trim_matches('"').to_owned()
    };
    let file = |node: &str| {
        let text =
            node.trim_start().lines().filter(|line| !line.starts_with("version = ") && !line.starts_with("name = "));
        let text = text.map(|line| line.replace("[[migration.", "[[") + "\n").collect::<String>();
        (
            format!("migrations/{}_{}.toml", value(node, "version"), value(node, "name")),
            format!("# {}\n{text}", value(node, "name")),
        )
    };
    schema.split("[[migration]]").skip(1).map(file).collect()
}

fn mends(project: &Project, files: &[String]) {
    let read = |project: &Project| files.iter().map(|file| project.read(file)).collect::<Vec<_>>();
    let before = read(project);
    let ran = project.run(&["check", "--fix=all", "--format", "json"]);
    let open: Vec<_> = [ran.codes(Some("error")), ran.codes(Some("warning"))].concat();
    assert_eq!((ran.code, open), (0, vec![]), "{before:?}{}{}", ran.out, ran.err);
    let after = read(project);
    assert_ne!(before, after, "something was written");
    for (before, after) in before.iter().zip(&after) {
        only_edges(before, after);
    }
    assert!(ran.err.lines().any(|line| line.starts_with("wrote into ")), "{}", ran.err);
    let again = project.run(&["check", "--fix=all"]);
    assert_eq!((read(project), again.err.as_str()), (after, ""), "a second time there is nothing to write");
}

/// Of a text, only `requires` differ: what is left of it without its additions is the text before, byte by byte.
fn only_edges(before: &str, after: &str) {
    let start = before.bytes().zip(after.bytes()).take_while(|(a, b)| a == b).count();
    let (rest, mut added) = (&before[start..], &after[start..]);
    assert!(added.ends_with(rest), "what is behind the addition is as it was:\n{before}\n{after}");
    added = &added[..added.len() - rest.len()];
    let names = added.trim_matches(|c: char| c.is_whitespace() || ",\"'[]=".contains(c));
    let names = names.strip_prefix("requires").unwrap_or(names);
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c.is_whitespace() || ",\"'[]=".contains(c);
    assert!(added.is_empty() || names.chars().all(is_name), "only edges were added: {added:?}");
    assert_eq!(before.contains("\r\n"), after.contains("\r\n"));
}

#[test]
fn every_folder_is_a_case() {
    let folders: BTreeSet<String> =
        std::fs::read_dir(folder("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(folders, CASES.iter().map(|case| (*case).to_owned()).collect());
}
