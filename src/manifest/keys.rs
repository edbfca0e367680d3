//! The keys of one table of the manifest, read as the grammar has them: those that are missing or unknown are reported when the
//! table is opened, and each is read by its name.

use super::reader::{Reader, Table, Val};
use crate::diagnostic::Span;
use crate::grammar::{Key, Place, Shape, Verb};
use crate::ident::{ColumnName, TableName};
use crate::operation::{ByBackend, DataType, Text, Value};

/// The keys of a table that is being read.
pub(super) struct Keys<'r, 'a, 't> {
    pub(super) reader: &'r mut Reader<'a>,
    pub(super) place: &'static Place,
    table: Table<'t>,
    /// What is before the paths of its parts; `None` where these are not remembered.
    path: Option<String>,
    /// The verb, which is a key of every operation, and none of its place.
    verb: &'static str,
}

impl<'r, 'a, 't> Keys<'r, 'a, 't> {
    /// The keys of a table whose parts are not remembered.
    pub(super) fn of(reader: &'r mut Reader<'a>, table: Table<'t>, place: &'static Place) -> Self {
        let at = table.span;
        let mut keys = Self { reader, place, table, path: None, verb: "" };
        keys.check(place.title, at);
        keys
    }

    /// The keys of a table that is a part of an operation. `path` is before the paths of its own parts, `title` names it in
    /// messages, and `at` is where a missing key is reported.
    pub(super) fn of_part(
        reader: &'r mut Reader<'a>,
        table: Table<'t>,
        place: &'static Place,
        path: String,
        title: &str,
        at: Span,
    ) -> Self {
        let mut keys = Self { reader, place, table, path: Some(path), verb: "" };
        keys.check(title, at);
        keys
    }

    /// The keys of an operation, whose verb has this value.
    pub(super) fn of_operation(reader: &'r mut Reader<'a>, table: Table<'t>, verb: Verb, object: Val<'_>) -> Self {
        let verb = verb.entry();
        let place = &verb.place;
        let mut keys = Self { reader, place, table, path: Some(String::new()), verb: verb.name };
        keys.check(place.title, object.key_span);
        keys
    }

    fn check(&mut self, title: &str, at: Span) {
        for val in self.unknown().collect::<Vec<_>>() {
            self.reader.report(self.place.explain(val.key, val.key_span));
        }
        for key in self.place.keys().filter(|key| key.required) {
            // One that is there under another name is reported as that.
            if !self.has(key.name) && !self.is_meant(key.name) {
                self.missing(title, at, key);
            }
        }
        for key in self.place.keys().filter(|key| !key.needs.is_empty()) {
            let (name, needs) = (key.name, key.needs);
            if let Some(span) = self.key_span(name).filter(|_| !self.has(needs) && !self.is_meant(needs)) {
                let help = format!("add `{needs}`, or leave it out");
                self.reader.misplaced(span, format!("`{name}` has no effect without `{needs}`"), help);
            }
        }
    }

    fn missing(&mut self, title: &str, at: Span, key: &Key) {
        let name = key.name;
        match key.shape {
            Shape::Table(place) => {
                let value = |key: &Key| {
                    if matches!(key.shape, Shape::Set(_) | Shape::List(..)) { "[\"…\"]" } else { "\"…\"" }
                };
                let keys: Vec<String> = place
                    .keys()
                    .filter(|key| key.required)
                    .map(|key| format!("`{} = {}`", key.name, value(key)))
                    .collect();
                let help = format!("write `[{name}]`, and below it {}", keys.join(" and "));
                self.reader.wrong_help(at, format!("{title} needs `[{name}]`"), help);
            }
            Shape::List(0, _) => {
                let help = format!("write `{name} = []` if it is meant to be empty");
                self.reader.wrong_help(at, format!("{title} needs `{name}`"), help);
            }
            _ => self.reader.wrong(at, format!("{title} needs `{name}`")),
        }
    }

    /// Whether a key is there under another name.
    pub(super) fn is_meant(&self, key: &str) -> bool {
        self.unknown().any(|val| self.place.meant(val.key) == Some(key))
    }

    /// The keys that the table should not have.
    pub(super) fn unknown(&self) -> impl Iterator<Item = Val<'t>> {
        self.table.iter().filter(|val| !self.place.has(val.key) && val.key != self.verb)
    }

    /// Whether a key is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.get(key).is_some()
    }

    /// Whether nothing is there.
    pub(super) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Where the value of a key is.
    pub(super) fn span(&self, key: &str) -> Option<Span> {
        self.table.get(key).map(|val| val.span)
    }

    /// Where a key is.
    pub(super) fn key_span(&self, key: &str) -> Option<Span> {
        self.table.get(key).map(|val| val.key_span)
    }

    /// The value of a key, whose place is remembered. The key must be in the grammar.
    pub(super) fn take(&mut self, key: &str) -> Option<Val<'t>> {
        debug_assert!(self.place.has(key), "{} has no key `{key}` in the grammar", self.place.title);
        let val = self.table.get(key)?;
        if let Some(path) = &self.path {
            self.reader.parts.push((format!("{path}{key}").into(), val.span));
        }
        Some(val)
    }

    /// The value of a key, read by a function.
    pub(super) fn read<T>(&mut self, key: &str, read: impl FnOnce(&mut Reader<'a>, Val<'t>) -> Option<T>) -> Option<T> {
        let val = self.take(key)?;
        read(self.reader, val)
    }

    /// What a key says; the default where it is not there, and `None` where it is there and wrong.
    pub(super) fn optional<T: Default>(
        &mut self,
        key: &str,
        read: impl FnOnce(&mut Reader<'a>, Val<'t>) -> Option<T>,
    ) -> Option<T> {
        if self.has(key) { self.read(key, read) } else { Some(T::default()) }
    }

    pub(super) fn boolean(&mut self, key: &str) -> Option<bool> {
        self.read(key, |reader, val| reader.boolean(val))
    }

    /// True or false; false where it is not there.
    pub(super) fn flag(&mut self, key: &str) -> bool {
        self.boolean(key).unwrap_or(false)
    }

    pub(super) fn string(&mut self, key: &str) -> Option<String> {
        self.read(key, |reader, val| reader.string(val).map(str::to_owned))
    }

    pub(super) fn text(&mut self, key: &str) -> Option<Text> {
        self.read(key, |reader, val| reader.text(val))
    }

    pub(super) fn word<T: Copy>(&mut self, key: &str, words: &[(&'static str, T)]) -> Option<T> {
        self.read(key, |reader, val| reader.word(val, words))
    }

    /// A value that is to be of a type, if that is known.
    pub(super) fn value(&mut self, key: &str, data_type: Option<&ByBackend<DataType>>) -> Option<Value> {
        self.read(key, |reader, val| reader.value_of(val, data_type))
    }

    pub(super) fn data_type(&mut self, key: &str) -> Option<ByBackend<DataType>> {
        self.read(key, |reader, val| reader.data_type(val))
    }

    pub(super) fn name(&mut self, key: &str) -> Option<String> {
        self.read(key, |reader, val| reader.name(val))
    }

    pub(super) fn table_name(&mut self, key: &str) -> Option<TableName> {
        self.read(key, |reader, val| reader.table_name(val))
    }

    pub(super) fn column_name(&mut self, key: &str) -> Option<ColumnName> {
        self.read(key, |reader, val| reader.column_name(val))
    }

    /// Names, none of them twice; each is a part.
    pub(super) fn names(&mut self, key: &str) -> Option<Vec<String>> {
        let val = self.take(key)?;
        self.names_in(val, key)
    }

    /// Names below a path of this table.
    pub(super) fn names_in(&mut self, val: Val<'_>, path: &str) -> Option<Vec<String>> {
        let names = self.reader.set(val, Reader::name)?;
        let keep = |(at, (name, span)): (usize, (String, Span))| {
            self.mark(&format!("{path}.{at}"), span);
            name
        };
        Some(names.into_iter().enumerate().map(keep).collect())
    }

    /// Remembers where a part is.
    pub(super) fn mark(&mut self, part: &str, span: Span) {
        if let Some(path) = &self.path {
            self.reader.mark(format!("{path}{part}"), span);
        }
    }

    /// Leaves a key out.
    pub(super) fn remove(&mut self, key: &str) {
        self.table.remove(key);
    }
}
