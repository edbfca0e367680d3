//! From texts to a manifest, without a disk: what the loader, tests and fuzzing share.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;

use toml::Spanned;
use toml::de::DeTable;

use super::reader::{Reader, with_plain_line_ends};
use super::{Loaded, Manifest, node, project};
use crate::database_url::masked;
use crate::diagnostic::{Code, Diagnostic, FileId, Source, Sources, Span};

/// The texts of a manifest's files.
#[derive(Default)]
pub struct Files<'a> {
    /// The path of `schema.toml`, as people should see it.
    pub path: String,
    /// The folder that relative paths start at.
    pub folder: String,
    /// The text of `schema.toml`.
    pub schema: String,
    /// The node files: path as people should see it, and text. The last part of the path
    /// is the file's name, which says version and name.
    pub nodes: Vec<(String, String)>,
    /// Gives the text of a file of SQL by its path as written, or why it cannot be read.
    /// `None`: no file can be.
    pub sql: Option<SqlFiles<'a>>,
}

/// Gives the text of a file of SQL by its path as written in the manifest; `Err` says
/// in a few words why it cannot.
pub type SqlFiles<'a> = &'a dyn Fn(&str) -> Result<String, String>;

impl std::fmt::Debug for Files<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Files").field("path", &self.path).field("nodes", &self.nodes.len()).finish_non_exhaustive()
    }
}

/// Reads a manifest from texts. Never fails: what is wrong is among the diagnostics.
#[must_use]
pub fn parse(files: &Files<'_>) -> Loaded {
    let text = with_plain_line_ends(files.schema.clone());
    let (table, errors) = DeTable::parse_recoverable(&text);
    let schema = Schema { path: &files.path, folder: &files.folder, text: &text, table: table.get_ref(), errors };
    schema.with_nodes(
        files.nodes.clone(),
        files.sql.unwrap_or(&|_| Err("no files can be read here".to_owned())),
        Vec::new(),
    )
}

/// A `schema.toml` whose TOML is read, before its node files are.
pub(super) struct Schema<'t> {
    pub(super) path: &'t str,
    pub(super) folder: &'t str,
    pub(super) text: &'t str,
    pub(super) table: &'t DeTable<'t>,
    pub(super) errors: Vec<toml::de::Error>,
}

impl Schema<'_> {
    /// `[migrations] path`: the folder of node files.
    pub(super) fn migrations_path(&self) -> String {
        project::migrations_path(self.table)
    }

    /// The manifest without any migrations, where nothing is wrong in it and none stands in it.
    pub(super) fn alone(&self) -> Option<Manifest> {
        if !self.errors.is_empty() || self.table.contains_key("migration") {
            return None;
        }
        let mut reader = Reader::new(&|_| Err("no files can be read yet".to_owned()), 1, self.folder);
        let root = reader.open(FileId::default(), false, self.table);
        let manifest = project::schema(&mut reader, self.folder, root)?;
        reader.found.is_empty().then_some(manifest)
    }

    /// Goes on with the node files. `unreadable` are paths of node files that could not be read, and why.
    pub(super) fn with_nodes(
        self,
        nodes: Vec<(String, String)>,
        read_sql: SqlFiles<'_>,
        unreadable: Vec<(String, String)>,
    ) -> Loaded {
        let mut sources = Sources::default();
        let schema_file = sources.add(self.path, self.text);
        let node_files: Vec<FileId> =
            nodes.into_iter().map(|(path, text)| sources.add(path, with_plain_line_ends(text))).collect();
        let mut found = Vec::new();
        for (path, why) in unreadable {
            let message = format!("cannot read `{path}`: {why}");
            let file = sources.add(path, "");
            found.push(Diagnostic::new(Code::WrongValue, message).at(Span::new(file, 0..0), ""));
        }
        let mut reader = Reader::new(read_sql, sources.iter().count(), self.folder);
        reader.found = found;
        syntax_errors(schema_file, self.text, &self.errors, &mut reader.found);
        let root = reader.open(schema_file, !self.errors.is_empty(), self.table);
        let mut manifest = project::schema(&mut reader, self.folder, root);

        let node_sources: Vec<(FileId, &Source)> =
            node_files.iter().filter_map(|file| Some((*file, sources.get(*file)?))).collect();
        let texts: Vec<&str> = node_sources.iter().map(|(_, source)| source.text.as_str()).collect();
        each_tree(&texts, |at, (table, errors)| {
            let Some((file, source)) = node_sources.get(at) else { return };
            syntax_errors(*file, &source.text, &errors, &mut reader.found);
            let name = source.path.rsplit(['/', '\\']).next().unwrap_or_default();
            let root = reader.open(*file, !errors.is_empty(), table.get_ref());
            if let Some(migration) = node::file(&mut reader, name, root)
                && let Some(manifest) = &mut manifest
            {
                manifest.migrations.push(migration);
            }
        });
        if let Some(manifest) = &mut manifest {
            manifest.migrations.sort_by_key(|migration| migration.version);
        }
        for file in reader.sql_files {
            sources.add(file.path, file.text);
        }
        for found in &mut reader.found {
            if found.labels.iter().any(|label| label.span.file == schema_file) {
                without_secrets(found);
            }
        }
        Loaded { manifest, sources, diagnostics: in_order(reader.found) }
    }
}

/// What is repeated of `schema.toml` may hold a password.
fn without_secrets(found: &mut Diagnostic) {
    let texts = std::iter::once(&mut found.message).chain(&mut found.help).chain(&mut found.notes);
    for text in texts.chain(found.labels.iter_mut().map(|label| &mut label.text)) {
        if let Cow::Owned(masked) = masked(text) {
            *text = masked;
        }
    }
}

/// A parsed text, and what is wrong with it.
type Tree<'t> = (Spanned<DeTable<'t>>, Vec<toml::de::Error>);

/// Fewer texts than this are not worth a second thread.
const MANY_TEXTS: usize = 32;
/// How many trees are handed over at once, and how many such batches may wait.
const BATCH: usize = 4;
const BATCHES: usize = 2;

/// Parses texts and gives their trees in order. Of many texts, a second thread parses ahead, and this one parses, too,
/// where it would wait.
fn each_tree<'t>(texts: &[&'t str], mut take: impl FnMut(usize, Tree<'t>)) {
    let batches: Vec<&[&'t str]> = texts.chunks(BATCH).collect();
    let trees = |batch: &[&'t str]| batch.iter().map(|text| DeTable::parse_recoverable(text)).collect::<Vec<_>>();
    let next = AtomicUsize::new(0);
    let claim = || {
        let at = next.fetch_add(1, Ordering::Relaxed);
        Some((at, trees(batches.get(at)?)))
    };
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(BATCHES);
        let claim = &claim;
        let ahead = move || while claim().is_some_and(|parsed| sender.send(parsed).is_ok()) {};
        if texts.len() >= MANY_TEXTS {
            // Where no thread is to be had, this one claims all.
            let _ = thread::Builder::new().spawn_scoped(scope, ahead);
        }
        let mut waiting = BTreeMap::new();
        for (at, batch) in batches.iter().enumerate() {
            let mut ready = waiting.remove(&at);
            while ready.is_none() {
                let Some((number, parsed)) = receiver.try_recv().ok().or_else(claim).or_else(|| receiver.recv().ok())
                else {
                    break;
                };
                if number == at {
                    ready = Some(parsed);
                } else {
                    waiting.insert(number, parsed);
                }
            }
            // Only where the other thread died is there none.
            for (within, tree) in ready.unwrap_or_else(|| trees(batch)).into_iter().enumerate() {
                take(at * BATCH + within, tree);
            }
        }
    });
}

/// Findings in the order of files and places, none twice.
fn in_order(mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let place = |diagnostic: &Diagnostic| diagnostic.labels.first().map(|label| (label.span.file, label.span.start));
    found.sort_by_key(place);
    let mut seen = HashSet::new();
    found.retain(|diagnostic| seen.insert((diagnostic.code, place(diagnostic), diagnostic.message.clone())));
    found
}

/// Syntax errors as diagnostics: the first of each line, since the rest is what follows from it.
fn syntax_errors(file: FileId, text: &str, errors: &[toml::de::Error], found: &mut Vec<Diagnostic>) {
    let mut last_line = None;
    let shown = if errors.is_empty() { Cow::Borrowed(text) } else { masked(text) };
    for error in errors {
        let range = error.span().unwrap_or(text.len()..text.len());
        let line = text.get(..range.start).map(|before| before.bytes().filter(|b| *b == b'\n').count());
        if last_line.is_some() && last_line == line {
            continue;
        }
        last_line = line;
        let written = shown.get(range.clone()).unwrap_or_default();
        let (message, help) = said(error.message(), written);
        let mut diagnostic = Diagnostic::new(Code::TomlSyntax, message).at(Span::new(file, range), "");
        diagnostic.help = help;
        found.push(diagnostic);
    }
}

/// What the TOML parser says, in the words of someone who is new to TOML.
fn said(message: &str, written: &str) -> (String, Option<String>) {
    if message == "duplicate key" {
        return (format!("`{written}` is written twice in one table"), None);
    }
    if message.starts_with("string values must be quoted") {
        let help = (written.len() < 80).then(|| format!("write `{written:?}`"));
        return ("put string values in quotes".to_owned(), help);
    }
    if message.starts_with("invalid basic string, expected `\"`") {
        return ("this string is not closed: expected `\"`".to_owned(), None);
    }
    (message.to_owned(), None)
}
