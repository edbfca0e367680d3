//! No text, however broken, brings the parser down: every manifest of the repository,
//! mutated again and again.
//!
//! `DBMIGRATE_FUZZ_CASES` says how many cases to run (20,000 where it is not set; the
//! case of that number is the same in every run with one seed: `tests/seed.rs`).

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use dbmigrate::manifest::{Files, parse};
use dbmigrate::operation::{Body, canonical_json};
use dbmigrate::report::Paint;
use dbmigrate::report::diagnostics::render_text;

use crate::seed::Numbers;

const CASES: u64 = 20_000;

/// Words that are put in the place of others.
const WORDS: &[&str] = &[
    "up",
    "down",
    "create_table",
    "add_column",
    "drop_column",
    "alter_column",
    "create_index",
    "insert",
    "update",
    "delete",
    "sql",
    "sql_file",
    "note",
    "columns",
    "rows",
    "on",
    "to",
    "type",
    "null",
    "default",
    "references",
    "requires",
    "backends",
    "irreversible",
    "sqlite",
    "postgres",
    "mysql",
    "expr",
    "where",
    "unset",
    "key",
    "version",
    "name",
    "project",
    "migration",
    "seed",
    "environments",
    "checks",
    "hooks",
    "true",
    "false",
    "nan",
    "inf",
    "-0",
    "9223372036854775808",
    "1979-05-27",
    "07:32",
    "1979-05-27T07:32:00Z",
    "decimal(10,2)",
    "text[]",
    "unsigned",
];

/// Bits of text that are put anywhere.
const BITS: &[&str] = &[
    "\"", "'", "\"\"\"", "'''", "[", "]", "[[", "]]", "{", "}", "=", ",", ".", "#", "\n", "\r\n", "\r", "\0", "\\",
    "\\u0000", "\u{feff}", "é", "🦀", "\u{202e}", "(", ")", ";", "$$", "--", "/*", "BEGIN;", "''", "\t", " ", "0x",
    "_",
];

#[test]
fn no_mutated_manifest_brings_the_parser_down() {
    let cases = std::env::var("DBMIGRATE_FUZZ_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(CASES);
    let corpus = corpus();
    assert!(corpus.len() > 60, "the corpus is there");
    let mut findings = 0;
    for case in 0..cases {
        let mut random = Numbers::new(case);
        let texts = [mutated(&mut random, &corpus), mutated(&mut random, &corpus)];
        let outcome = catch_unwind(AssertUnwindSafe(|| run(case, &texts)));
        let Ok(found) = outcome else {
            panic!("case {case} brings it down:\n=== schema.toml\n{}\n=== node\n{}", texts[0], texts[1]);
        };
        findings += found;
    }
    // A mutation that nothing notices is rare: a parser that reports nothing is broken too.
    assert!(findings > usize::try_from(cases).unwrap_or(usize::MAX) / 2, "only {findings} findings in {cases} cases");
}

/// Parses one text as `schema.toml` and one as a node; gives how much was found wrong.
fn run(case: u64, [schema, node]: &[String; 2]) -> usize {
    const RIGHT: &str = "[project]\nname = 'a'\nbackends = ['sqlite', 'postgres']\n";
    // Most cases keep a right schema.toml, so that nodes are read against known backends.
    let schema = if case.is_multiple_of(3) { schema.as_str() } else { RIGHT };
    let sql = |_: &str| Ok(node.clone());
    let files = Files {
        path: "schema.toml".into(),
        folder: ".".into(),
        schema: schema.into(),
        nodes: vec![("migrations/1_node.toml".into(), node.clone())],
        sql: Some(&sql),
    };
    let loaded = parse(&files);
    for label in loaded.diagnostics.iter().flat_map(|diagnostic| &diagnostic.labels) {
        let source = loaded.sources.get(label.span.file).expect("a label is in a file");
        assert!(label.span.start <= label.span.end, "a place ends before it starts");
        assert!(label.span.end as usize <= source.text.len(), "a place is inside its file");
    }
    // Drawing and storing are slower: a part of the cases is enough.
    if case.is_multiple_of(64) {
        assert!(render_text(&loaded.diagnostics, &loaded.sources, Paint::default()).len() >= loaded.diagnostics.len());
        for migration in loaded.manifest.iter().flat_map(|manifest| &manifest.migrations) {
            let stored = canonical_json(&migration.body);
            let read: Body = serde_json::from_str(&stored).expect("what is stored can be read");
            assert_eq!(canonical_json(&read), stored, "what is stored reads back as it was");
        }
    }
    loaded.diagnostics.len()
}

/// Every TOML file of the repository's tests and example.
fn corpus() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("tests"), root.join("migrations")];
    let mut paths: Vec<PathBuf> = vec![root.join("schema.toml")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "toml" || extension == "sql") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    paths.iter().filter_map(|path| fs::read_to_string(path).ok()).collect()
}

fn pick<'a, T>(random: &mut Numbers, all: &'a [T]) -> &'a T {
    &all[random.place(all.len())]
}

/// A text of the corpus with one to four mutations.
fn mutated(random: &mut Numbers, corpus: &[String]) -> String {
    let mut text = pick(random, corpus).clone();
    for _ in 0..=random.place(4) {
        text = mutate(random, &text, corpus);
    }
    text
}

fn mutate(random: &mut Numbers, text: &str, corpus: &[String]) -> String {
    match random.place(9) {
        0 => flip(random, text),
        1 => lines(random, text, |lines, a, _| {
            lines.remove(a);
        }),
        2 => lines(random, text, |lines, a, b| lines.swap(a, b)),
        3 => lines(random, text, |lines, a, b| lines.insert(b, lines[a])),
        4 => text[..boundary(text, random.place(text.len() + 1))].to_owned(),
        5 => {
            let other = pick(random, corpus);
            let (start, end) = slice(random, other);
            insert(random, text, &other[start..end])
        }
        6 | 7 => replace_word(random, text),
        _ => {
            let bit = pick(random, BITS);
            insert(random, text, bit)
        }
    }
}

fn flip(random: &mut Numbers, text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    if let Some(last) = bytes.len().checked_sub(1) {
        let at = random.place(last + 1);
        bytes[at] ^= 1 << random.place(8);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn lines(random: &mut Numbers, text: &str, change: impl Fn(&mut Vec<&str>, usize, usize)) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    if !lines.is_empty() {
        let (a, b) = (random.place(lines.len()), random.place(lines.len()));
        change(&mut lines, a, b);
    }
    lines.join("\n")
}

fn insert(random: &mut Numbers, text: &str, bit: &str) -> String {
    let at = boundary(text, random.place(text.len() + 1));
    format!("{}{bit}{}", &text[..at], &text[at..])
}

/// Puts another word in the place of a word, mostly a key.
fn replace_word(random: &mut Numbers, text: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let from = boundary(text, random.place(text.len() + 1));
    let Some(start) = text[from..].find(is_word).map(|at| from + at) else { return text.to_owned() };
    let end = text[start..].find(|c| !is_word(c)).map_or(text.len(), |at| start + at);
    format!("{}{}{}", &text[..start], pick(random, WORDS), &text[end..])
}

fn slice(random: &mut Numbers, text: &str) -> (usize, usize) {
    let start = boundary(text, random.place(text.len() + 1));
    let end = boundary(text, (start + random.place(80)).min(text.len()));
    (start, end.max(start))
}

fn boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
