//! A cursor over spanned TOML: typed access that reports what does not fit and goes on.
//!
//! Everything here borrows the parsed tree; tables come in document order. A [`Walk`]
//! belongs to one file and collects what is found wrong in it.

use std::collections::HashSet;

use toml::de::{DeTable, DeValue};

use super::mistakes;
use super::places::Place;
use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, FileId, Source, Span, nearest};

/// Reads a file of SQL by the path written in the manifest; `Err` says why it cannot.
pub(super) type ReadSql<'a> = &'a dyn Fn(&str) -> Result<String, String>;

/// What is shared by the walks over all files of a manifest.
pub(super) struct Shared<'a> {
    /// Reads the files that `sql_file` and `down_file` name.
    pub(super) read_sql: ReadSql<'a>,
    /// The project's backends; empty where they could not be read.
    pub(super) backends: Vec<Backend>,
    /// The SQL files read so far, to be added to the sources after the TOML files.
    pub(super) sql_files: Vec<Source>,
    /// How many TOML files there are: the id of the first SQL file.
    pub(super) toml_files: usize,
    /// The folder of `schema.toml`.
    pub(super) folder: String,
    /// Everything found wrong.
    pub(super) found: Vec<Diagnostic>,
}

impl Shared<'_> {
    /// A path of the manifest as people should see it.
    pub(super) fn shown_path(&self, written: &str) -> String {
        match self.folder.as_str() {
            "" | "." => written.to_owned(),
            folder => format!("{}/{written}", folder.trim_end_matches('/')),
        }
    }
}

/// The walk over one file.
pub(super) struct Walk<'s, 'a> {
    pub(super) file: FileId,
    pub(super) shared: &'s mut Shared<'a>,
    /// The migration being read, named in what is found.
    pub(super) migration: Option<String>,
    /// The backends that a table by backend must cover here.
    pub(super) covering: Vec<Backend>,
    /// A file that is not TOML throughout: what is found in its ruins is not told.
    pub(super) silent: bool,
}

/// A value with its key and their places. Elements of a list carry the list's key.
#[derive(Clone, Copy)]
pub(super) struct Val<'t> {
    pub(super) key: &'t str,
    pub(super) key_span: Span,
    pub(super) span: Span,
    pub(super) value: &'t DeValue<'t>,
}

/// A table's entries in document order; those taken are known, the rest is reported.
pub(super) struct Table<'t> {
    pub(super) span: Span,
    entries: Vec<(Val<'t>, bool)>,
}

impl<'t> Val<'t> {
    /// The string, where it is one.
    pub(super) fn as_str(&self) -> Option<&'t str> {
        match self.value {
            DeValue::String(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is a table.
    pub(super) fn is_table(&self) -> bool {
        matches!(self.value, DeValue::Table(_))
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
}

impl<'t> Table<'t> {
    /// A table's entries, sorted as they stand in the file.
    pub(super) fn new(file: FileId, span: Span, table: &'t DeTable<'t>) -> Self {
        let mut entries: Vec<_> = table
            .iter()
            .map(|(key, value)| {
                let key_span = Span::new(file, key.span());
                (
                    Val {
                        key: key.get_ref().as_ref(),
                        key_span,
                        span: Span::new(file, value.span()),
                        value: value.get_ref(),
                    },
                    false,
                )
            })
            .collect();
        entries.sort_by_key(|(val, _)| val.key_span.start);
        Self { span, entries }
    }

    /// Takes a key: it is known from now on.
    pub(super) fn take(&mut self, key: &str) -> Option<Val<'t>> {
        let (val, taken) = self.entries.iter_mut().find(|(val, _)| val.key == key)?;
        *taken = true;
        Some(*val)
    }

    /// A table without entries.
    pub(super) fn empty() -> Self {
        Self { span: Span::NONE, entries: Vec::new() }
    }

    /// A key's value, without taking it.
    pub(super) fn get(&self, key: &str) -> Option<Val<'t>> {
        self.iter().find(|val| val.key == key)
    }

    /// Whether a key is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(val, _)| val.key == key)
    }

    /// Every entry in document order, taken or not.
    pub(super) fn iter(&self) -> impl Iterator<Item = Val<'t>> {
        self.entries.iter().map(|(val, _)| *val)
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Entries that nobody took.
    pub(super) fn rest(&self) -> impl Iterator<Item = Val<'t>> {
        self.entries.iter().filter(|(_, taken)| !taken).map(|(val, _)| *val)
    }
}

impl<'s, 'a> Walk<'s, 'a> {
    /// A walk over a file.
    pub(super) fn new(file: FileId, shared: &'s mut Shared<'a>) -> Self {
        let covering = shared.backends.clone();
        Self { file, shared, migration: None, covering, silent: false }
    }

    /// Keeps a finding, with the migration it is in.
    pub(super) fn report(&mut self, mut diagnostic: Diagnostic) {
        if self.silent {
            return;
        }
        if diagnostic.migration.is_none() {
            diagnostic.migration.clone_from(&self.migration);
        }
        self.shared.found.push(diagnostic);
    }

    /// Reports a `wrong-value` at a place.
    pub(super) fn wrong(&mut self, span: Span, message: impl Into<String>) {
        self.report(Diagnostic::new(Code::WrongValue, message).at(span, ""));
    }

    /// Reports a `wrong-value` at a place, and what to write instead.
    pub(super) fn wrong_help(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.report(Diagnostic::new(Code::WrongValue, message).at(span, "").help(help));
    }

    /// Reports a value of the wrong kind.
    pub(super) fn wrong_kind(&mut self, val: Val<'_>, expected: &str) {
        self.wrong(val.span, format!("`{}` must be {expected}, not {}", val.key, val.kind()));
    }

    /// Reports that a key is missing from a table.
    pub(super) fn missing(&mut self, span: Span, place: &Place, key: &str) {
        self.wrong(span, format!("{} needs `{key}`", place.title));
    }

    /// A table.
    pub(super) fn table<'t>(&mut self, val: Val<'t>) -> Option<Table<'t>> {
        self.table_or(val, "a table")
    }

    /// A table; `expected` says what it is in messages.
    pub(super) fn table_or<'t>(&mut self, val: Val<'t>, expected: &str) -> Option<Table<'t>> {
        if let DeValue::Table(table) = val.value {
            return Some(Table::new(self.file, val.span, table));
        }
        self.wrong_kind(val, expected);
        None
    }

    /// A string, as it stands.
    pub(super) fn string<'t>(&mut self, val: Val<'t>) -> Option<&'t str> {
        let Some(text) = val.as_str() else {
            self.wrong_kind(val, "a string");
            return None;
        };
        if text.contains('\0') {
            self.wrong(val.span, format!("`{}` holds a NUL character, which no database takes", val.key));
            return None;
        }
        Some(text)
    }

    /// A string that says something.
    pub(super) fn filled_string<'t>(&mut self, val: Val<'t>) -> Option<&'t str> {
        let text = self.string(val)?;
        if text.trim().is_empty() {
            self.wrong(val.span, format!("`{}` is empty", val.key));
            return None;
        }
        Some(text)
    }

    /// True or false.
    pub(super) fn boolean(&mut self, val: Val<'_>) -> Option<bool> {
        if let DeValue::Boolean(value) = val.value {
            return Some(*value);
        }
        self.wrong_kind(val, "true or false");
        None
    }

    /// A key that is true or false, and false where it is not there.
    pub(super) fn flag(&mut self, table: &mut Table<'_>, key: &str) -> bool {
        table.take(key).and_then(|val| self.boolean(val)).unwrap_or(false)
    }

    /// The elements of a list; `example` is what a single string should have been.
    pub(super) fn list<'t>(&mut self, val: Val<'t>) -> Option<Vec<Val<'t>>> {
        if let DeValue::Array(items) = val.value {
            let element = |item: &'t toml::Spanned<DeValue<'t>>| Val {
                key: val.key,
                key_span: val.key_span,
                span: Span::new(self.file, item.span()),
                value: item.get_ref(),
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

    /// A list of names, none of them twice; `None` where it is no list or empty.
    pub(super) fn names(&mut self, val: Val<'_>) -> Option<Vec<(String, Span)>> {
        let items = self.list(val)?;
        if items.is_empty() {
            self.wrong(val.span, format!("`{}` is empty", val.key));
            return None;
        }
        let mut names: Vec<(String, Span)> = Vec::with_capacity(items.len());
        let mut seen = HashSet::new();
        for item in items {
            let Some(name) = self.name(item) else { continue };
            if seen.insert(name.clone()) {
                names.push((name, item.span));
            } else {
                self.wrong(item.span, format!("`{}` names `{name}` twice", val.key));
            }
        }
        Some(names)
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
            "a name cannot hold control characters"
        } else {
            return true;
        };
        self.wrong(span, problem);
        false
    }

    /// Backends by name: `["sqlite", "postgres"]`.
    pub(super) fn backends(&mut self, val: Val<'_>) -> Option<Vec<Backend>> {
        let mut backends = Vec::new();
        for (name, span) in self.names(val)? {
            match name.parse::<Backend>() {
                Ok(backend) => backends.push(backend),
                Err(unknown) => {
                    let diagnostic = Diagnostic::new(Code::WrongValue, unknown.to_string()).at(span, "");
                    let names = Backend::ALL.map(Backend::name);
                    let right = mistakes::backend_alias(&name).or_else(|| nearest(&name, names));
                    self.report(match right {
                        Some(right) => diagnostic.help(format!("did you mean `{right}`?")),
                        None => diagnostic,
                    });
                }
            }
        }
        (!backends.is_empty()).then_some(backends)
    }

    /// Reports the keys that nobody took.
    pub(super) fn finish(&mut self, table: &Table<'_>, place: &Place) {
        for val in table.rest() {
            self.report(mistakes::explain(place, val));
        }
    }
}
