//! A reader of spanned TOML: typed access that reports what does not fit and goes on.
//!
//! Everything here borrows the parsed tree; tables come in document order. One [`Reader`] goes over all files of a manifest,
//! one after the other, and collects what is wrong in them.

use std::collections::HashSet;
use std::fmt::Display;
use std::ops::RangeInclusive;

use toml::de::{DeTable, DeValue};

use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, FileId, Source, Span, listed, nearest};
use crate::grammar;

/// Reads a file of SQL by the path written in the manifest; `Err` says why it cannot.
pub(super) type ReadSql<'a> = &'a dyn Fn(&str) -> Result<String, String>;

/// Reads the tables of a manifest.
pub(super) struct Reader<'a> {
    /// The file that is being read.
    pub(super) file: FileId,
    /// The migration that is being read, named in what is found.
    pub(super) migration: Option<String>,
    /// The backends that a table by backend must cover here.
    pub(super) covering: Vec<Backend>,
    /// The file did not parse: what is found in the rest of it is not reported.
    pub(super) silent: bool,
    /// Where the parts of the operation or seed that is being read are, by path.
    pub(super) parts: Vec<(Box<str>, Span)>,
    /// The project's backends; empty where they could not be read.
    pub(super) backends: Vec<Backend>,
    /// The SQL files read so far, to be added to the sources after the TOML files.
    pub(super) sql_files: Vec<Source>,
    /// Everything found wrong.
    pub(super) found: Vec<Diagnostic>,
    /// Reads the files that `sql_file` and `down_file` name.
    pub(super) read_sql: ReadSql<'a>,
    /// How many TOML files there are: the id of the first SQL file.
    toml_files: usize,
    /// The folder of `schema.toml`.
    folder: String,
}

/// A value with its key and their places. Elements of a list have the list's key.
#[derive(Clone, Copy)]
pub(super) struct Val<'t> {
    pub(super) key: &'t str,
    pub(super) key_span: Span,
    pub(super) span: Span,
    pub(super) value: &'t DeValue<'t>,
}

/// A table's entries in document order.
pub(super) struct Table<'t> {
    pub(super) span: Span,
    entries: Vec<Val<'t>>,
}

impl<'t> Val<'t> {
    /// The string, where it is one.
    pub(super) fn as_str(&self) -> Option<&'t str> {
        match self.value {
            DeValue::String(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn is_table(&self) -> bool {
        matches!(self.value, DeValue::Table(_))
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self.value, DeValue::Array(_))
    }

    /// Whether it is a table with that key.
    pub(super) fn has(&self, key: &str) -> bool {
        matches!(self.value, DeValue::Table(table) if table.contains_key(key))
    }

    /// What kind of value it is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self.value {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        }
    }

    /// The whole number, where it is one that fits.
    pub(super) fn as_integer<N: TryFrom<i128>>(&self) -> Option<N> {
        let DeValue::Integer(number) = self.value else { return None };
        N::try_from(i128::from_str_radix(number.as_str(), number.radix()).ok()?).ok()
    }
}

impl<'t> Table<'t> {
    /// A table's entries, sorted as they are in the file.
    pub(super) fn new(file: FileId, span: Span, table: &'t DeTable<'t>) -> Self {
        let mut entries: Vec<_> = table
            .iter()
            .map(|(key, value)| Val {
                key: key.get_ref().as_ref(),
                key_span: Span::new(file, key.span()),
                span: Span::new(file, value.span()),
                value: value.get_ref(),
            })
            .collect();
        entries.sort_by_key(|val| val.key_span.start);
        Self { span, entries }
    }

    /// A key's value.
    pub(super) fn get(&self, key: &str) -> Option<Val<'t>> {
        self.iter().find(|val| val.key == key)
    }

    /// Every entry in document order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Val<'t>> {
        self.entries.iter().copied()
    }

    /// Leaves a key out.
    pub(super) fn remove(&mut self, key: &str) {
        self.entries.retain(|val| val.key != key);
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<'a> Reader<'a> {
    /// A reader that has read nothing yet.
    pub(super) fn new(read_sql: ReadSql<'a>, toml_files: usize, folder: &str) -> Self {
        Self {
            file: FileId::default(),
            migration: None,
            covering: Vec::new(),
            silent: false,
            parts: Vec::new(),
            backends: Vec::new(),
            sql_files: Vec::new(),
            found: Vec::new(),
            read_sql,
            toml_files,
            folder: folder.to_owned(),
        }
    }

    /// Goes on to another file, and gives its entries. `silent`: it did not parse.
    pub(super) fn open<'t>(&mut self, file: FileId, silent: bool, table: &'t DeTable<'t>) -> Table<'t> {
        self.file = file;
        self.silent = silent;
        self.migration = None;
        self.covering.clone_from(&self.backends);
        Table::new(file, Span::new(file, 0..0), table)
    }

    /// Keeps a file of SQL among the sources; gives its id.
    pub(super) fn add_sql_file(&mut self, path: &str, text: String) -> FileId {
        let at = self.toml_files + self.sql_files.len();
        let path = match self.folder.as_str() {
            "" | "." => path.to_owned(),
            folder => format!("{}/{path}", folder.trim_end_matches('/')),
        };
        self.sql_files.push(Source { path, text });
        FileId(u32::try_from(at).unwrap_or(u32::MAX - 1))
    }

    /// Keeps a finding, with the migration it is in.
    pub(super) fn report(&mut self, mut diagnostic: Diagnostic) {
        if self.silent {
            return;
        }
        if diagnostic.migration.is_none() {
            diagnostic.migration.clone_from(&self.migration);
        }
        self.found.push(diagnostic);
    }

    /// Reports a `wrong-value` at a place.
    pub(super) fn wrong(&mut self, span: Span, message: impl Into<String>) {
        self.report(Diagnostic::new(Code::WrongValue, message).at(span, ""));
    }

    /// Reports a `wrong-value` at a place, and what to write instead.
    pub(super) fn wrong_help(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.report(Diagnostic::new(Code::WrongValue, message).at(span, "").help(help));
    }

    /// Reports a `misplaced-key` at a place, and what to do about it.
    pub(super) fn misplaced(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.report(Diagnostic::new(Code::MisplacedKey, message).at(span, "").help(help));
    }

    /// Reports a value of the wrong kind.
    pub(super) fn wrong_kind(&mut self, val: Val<'_>, expected: &str) {
        self.wrong(val.span, format!("`{}` must be {expected}, not {}", val.key, val.kind()));
    }

    /// Remembers where a part is.
    pub(super) fn mark(&mut self, path: impl Into<Box<str>>, span: Span) {
        self.parts.push((path.into(), span));
    }

    /// A table; `expected` says what it is in messages.
    pub(super) fn table<'t>(&mut self, val: Val<'t>, expected: &str) -> Option<Table<'t>> {
        if let DeValue::Table(table) = val.value {
            return Some(Table::new(self.file, val.span, table));
        }
        self.wrong_kind(val, expected);
        None
    }

    pub(super) fn any_string<'t>(&mut self, val: Val<'t>) -> Option<&'t str> {
        let Some(text) = val.as_str() else {
            self.wrong_kind(val, "a string");
            return None;
        };
        if text.contains('\0') {
            self.wrong(val.span, format!("`{}` has a NUL character in it, which no database accepts", val.key));
            return None;
        }
        Some(text)
    }

    /// A string that is not empty.
    pub(super) fn string<'t>(&mut self, val: Val<'t>) -> Option<&'t str> {
        let text = self.any_string(val)?;
        if text.trim().is_empty() {
            self.wrong(val.span, format!("`{}` is empty", val.key));
            return None;
        }
        Some(text)
    }

    /// `irreversible`: why something cannot be undone.
    pub(super) fn reason(&mut self, val: Val<'_>) -> Option<String> {
        if matches!(val.value, DeValue::Boolean(_)) {
            let help = "`irreversible = \"the old values are gone\"`";
            self.wrong_help(val.span, "`irreversible` says why there is no way down", help);
            return None;
        }
        self.string(val).map(ToOwned::to_owned)
    }

    /// True or false.
    pub(super) fn boolean(&mut self, val: Val<'_>) -> Option<bool> {
        if let DeValue::Boolean(value) = val.value {
            return Some(*value);
        }
        self.wrong_kind(val, "true or false");
        None
    }

    /// A whole number within a range; `expected` says which numbers these are.
    pub(super) fn integer<N: TryFrom<i128> + PartialOrd>(
        &mut self,
        val: Val<'_>,
        range: RangeInclusive<N>,
        expected: &str,
    ) -> Option<N> {
        let number = val.as_integer().filter(|number| range.contains(number));
        if number.is_none() {
            self.wrong(val.span, format!("`{}` must be {expected}", val.key));
        }
        number
    }

    /// One of a few words, with what it means.
    pub(super) fn word<T: Copy>(&mut self, val: Val<'_>, words: &[(&'static str, T)]) -> Option<T> {
        self.word_or_alias(val, words, &[])
    }

    /// One of a few words. `aliases` are words that people write in their place, and those that they mean.
    pub(super) fn word_or_alias<T: Copy>(
        &mut self,
        val: Val<'_>,
        words: &[(&'static str, T)],
        aliases: &[(&str, &str)],
    ) -> Option<T> {
        let written = self.any_string(val)?;
        let found = words.iter().find(|(word, _)| *word == written);
        if found.is_none() {
            let names = || words.iter().map(|(word, _)| *word);
            let alias = aliases.iter().find(|(alias, _)| *alias == written).map(|(_, word)| *word);
            let help = match alias.or_else(|| nearest(&written.replace(['_', '-'], " "), names())) {
                Some(word) => format!("did you mean `{word}`?"),
                None => format!("it is one of {}", listed(names())),
            };
            self.wrong_help(val.span, format!("`{}` cannot be `{written}`", val.key), help);
        }
        found.map(|(_, meaning)| *meaning)
    }

    /// The elements of a list.
    pub(super) fn list<'t>(&mut self, val: Val<'t>) -> Option<Vec<Val<'t>>> {
        if let DeValue::Array(items) = val.value {
            let element = |item: &'t toml::Spanned<DeValue<'t>>| Val {
                span: Span::new(self.file, item.span()),
                value: item.get_ref(),
                ..val
            };
            return Some(items.iter().map(element).collect());
        }
        let message = format!("`{}` must be a list, not {}", val.key, val.kind());
        match val.as_str() {
            Some(text) => self.wrong_help(val.span, message, format!("`{} = [{text:?}]`", val.key)),
            None => self.wrong(val.span, message),
        }
        None
    }

    /// The elements of a list, of which there is at least one.
    pub(super) fn filled_list<'t>(&mut self, val: Val<'t>) -> Option<Vec<Val<'t>>> {
        let items = self.list(val)?;
        if items.is_empty() {
            self.wrong(val.span, format!("`{}` is empty", val.key));
            return None;
        }
        Some(items)
    }

    /// A list of at least one element, read by `read`. One that is there twice is reported, and left out.
    pub(super) fn set<T: Clone + Eq + std::hash::Hash + Display>(
        &mut self,
        val: Val<'_>,
        mut read: impl FnMut(&mut Self, Val<'_>) -> Option<T>,
    ) -> Option<Vec<(T, Span)>> {
        let mut all: Vec<(T, Span)> = Vec::new();
        let mut seen = HashSet::new();
        for item in self.filled_list(val)? {
            let Some(one) = read(self, item) else { continue };
            if seen.insert(one.clone()) {
                all.push((one, item.span));
            } else {
                self.wrong(item.span, format!("`{}` has `{one}` twice", val.key));
            }
        }
        Some(all)
    }

    /// A bare name: not empty, without control characters.
    pub(super) fn name(&mut self, val: Val<'_>) -> Option<String> {
        let Some(text) = val.as_str() else {
            self.wrong_kind(val, "a name");
            return None;
        };
        self.is_name(text, val.span).then(|| text.to_owned())
    }

    /// Whether a text can be a name; reports it where it cannot.
    pub(super) fn is_name(&mut self, text: &str, span: Span) -> bool {
        let problem = if text.trim().is_empty() {
            "a name cannot be empty"
        } else if text.chars().any(char::is_control) {
            "a name cannot have control characters"
        } else {
            return true;
        };
        self.wrong(span, problem);
        false
    }

    /// Backends by name: `["sqlite", "postgres"]`.
    pub(super) fn backends(&mut self, val: Val<'_>) -> Option<Vec<Backend>> {
        let names = self.set(val, Self::name)?;
        let backends: Vec<Backend> = names.into_iter().filter_map(|(name, span)| self.backend(&name, span)).collect();
        (!backends.is_empty()).then_some(backends)
    }

    fn backend(&mut self, name: &str, span: Span) -> Option<Backend> {
        let unknown = match name.parse::<Backend>() {
            Ok(backend) => return Some(backend),
            Err(unknown) => unknown,
        };
        let mut diagnostic = Diagnostic::new(Code::WrongValue, unknown.to_string()).at(span, "");
        let near = || nearest(name, Backend::ALL.map(Backend::name));
        if let Some(right) = grammar::backend_alias(name).or_else(near) {
            diagnostic = diagnostic.help(format!("did you mean `{right}`?"));
        }
        self.report(diagnostic);
        None
    }
}

/// A text without a byte order mark and with `\n` for `\r\n`, so that it means the same (and its
/// checksum is the same) on every checkout.
pub(super) fn with_plain_line_ends(text: String) -> String {
    let plain = text.strip_prefix('\u{feff}').unwrap_or(&text);
    if plain.contains("\r\n") {
        plain.replace("\r\n", "\n")
    } else if plain.len() < text.len() {
        plain.to_owned()
    } else {
        text
    }
}
