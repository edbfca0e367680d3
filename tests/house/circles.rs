//! No files need each other in a circle, but within one small folder: each can be read after those that it needs.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graphmap::DiGraphMap;

use crate::house::source::{Crate, Found, files};

/// A folder with no more files than this is read as one.
const SMALL: usize = 12;

/// Needs that go the wrong way, each of which closes a circle: from a file, or a folder's files, to another; and what for. Each
/// is to go, and this list with it; nothing comes to it.
const WRONG_WAY: &[(&str, &str, &str)] = &[
    ("cli/wheels.rs", "cli/mod.rs", "which program it is"),
    ("state/change.rs", "state/objects/", "a change has the objects that it makes; what they do is told of changes"),
    ("state/effects/", "state/mod.rs", "effects are asked of the state that they are on"),
    ("state/effects/", "state/objects/", "effects are of objects, which say theirs"),
    ("state/error.rs", "state/objects/", "an error names an object's kind"),
    ("state/expr.rs", "state/table.rs", "an expression is printed with the names that its table has now"),
    ("state/lower/sql.rs", "state/lower/mod.rs", "SQL is lowered by the whole that it is a part of"),
    ("state/objects/", "state/mod.rs", "objects are applied to the state that holds them"),
    ("state/objects/", "state/view/", "a view's text is printed for the state that it is bound to"),
];

type Needs<'a> = BTreeSet<(&'a str, &'a str)>;

/// Which file needs which.
fn needs(all: &Crate) -> Needs<'_> {
    let mut needs = BTreeSet::new();
    for (number, module) in all.modules.iter().enumerate() {
        for path in &module.mentioned {
            if let Some(Found::Item(other)) = all.find(number, path) {
                needs.insert((module.file.as_str(), all.modules[other].file.as_str()));
            }
        }
    }
    needs.retain(|(from, to)| from != to);
    needs
}

/// Files that need each other in a circle, and are not all of one small folder.
fn circles<'a>(needs: &Needs<'a>, files: &BTreeMap<String, String>) -> Vec<Vec<&'a str>> {
    let graph: DiGraphMap<&str, ()> = needs.iter().map(|&(from, to)| (from, to, ())).collect();
    let mut circles = petgraph::algo::tarjan_scc(&graph);
    for circle in &mut circles {
        circle.sort_unstable();
    }
    circles.retain(|circle| circle.len() > 1 && !small(&folder_of_all(circle), files));
    circles
}

/// The innermost folder that has all of them, with a `/`; nothing for `src` itself.
fn folder_of_all(circle: &[&str]) -> String {
    let folders = |file: &str| -> Vec<String> { file.split_inclusive('/').map(ToOwned::to_owned).collect() };
    let mut common = folders(circle[0]);
    common.pop();
    for file in circle {
        let same = common.iter().zip(folders(file)).take_while(|(one, other)| *one == other).count();
        common.truncate(same);
    }
    common.concat()
}

fn small(folder: &str, files: &BTreeMap<String, String>) -> bool {
    !folder.is_empty() && files.keys().filter(|file| file.starts_with(folder)).count() <= SMALL
}

/// Whether a need is one of those of the list's line.
fn is_of((from, to): (&str, &str), (whose, of, _): &(&str, &str, &str)) -> bool {
    let fits = |file: &str, name: &str| if name.ends_with('/') { file.starts_with(name) } else { file == name };
    fits(from, whose) && fits(to, of)
}

#[test]
fn no_files_need_each_other_in_a_circle() {
    let files = files();
    let all = Crate::read(&files);
    let needs = needs(&all);
    assert!(needs.len() > 1_000, "{} needs were found", needs.len());
    let right: Needs<'_> =
        needs.iter().filter(|need| !WRONG_WAY.iter().any(|line| is_of(**need, line))).copied().collect();
    let mut told = String::new();
    for circle in circles(&right, &files) {
        told += "these files need each other in a circle:\n";
        for (from, to) in right.iter().filter(|(from, to)| circle.contains(from) && circle.contains(to)) {
            told += &format!("    {from} needs {to}\n");
        }
    }
    assert!(told.is_empty(), "{told}Move what both need to a file of its own.");
}

/// The list is kept true: what closes no circle any more is not on it.
#[test]
fn each_need_on_the_list_still_closes_a_circle() {
    let files = files();
    let all = Crate::read(&files);
    let needs = needs(&all);
    for line in WRONG_WAY {
        let others = WRONG_WAY.iter().filter(|other| *other != line);
        let with = needs.iter().filter(|need| !others.clone().any(|other| is_of(**need, other)));
        let closes = circles(&with.copied().collect(), &files);
        assert!(!closes.is_empty(), "{} does not need {} in a circle any more: take it off the list", line.0, line.1);
    }
}

#[test]
fn a_need_is_found_through_names_that_are_exported_again_and_in_macros() {
    let files: BTreeMap<String, String> = [
        ("lib.rs", "pub mod a;\nmod b;\n"),
        ("a/mod.rs", "mod one;\nmod two;\npub use one::Thing as Other;\npub use two::*;\n#[cfg(test)]\nmod tests { use crate::b::f; }\n"),
        ("a/one.rs", "pub struct Thing;\nuse std::fmt;\nimpl fmt::Debug for Thing {}\n"),
        ("a/two.rs", "pub fn make() { println!(\"{}\", super::super::b::f()); }\n"),
        ("b.rs", "use crate::a::{self, Other};\n// crate::a::make\npub fn f(_: Other) { a::make() }\n"),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into();
    let all = Crate::read(&files);
    let needs: Vec<_> = needs(&all).into_iter().collect();
    assert_eq!(needs, [("a/two.rs", "b.rs"), ("b.rs", "a/one.rs"), ("b.rs", "a/two.rs")]);
    assert_eq!(circles(&needs.into_iter().collect(), &files), [["a/two.rs", "b.rs"]]);
}

#[test]
fn a_folder_of_all_is_the_innermost() {
    assert_eq!(folder_of_all(&["a/b/c.rs", "a/b/d/e.rs"]), "a/b/");
    assert_eq!(folder_of_all(&["a/b/c.rs", "a/bc.rs"]), "a/");
    assert_eq!(folder_of_all(&["a.rs", "a/b.rs"]), "");
}
