//! Places in source files, and the files themselves, kept for drawing them.

/// A file in [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct FileId(pub u32);

/// A range of bytes in one file. `Span::NONE` is no place at all (operations that
/// came from a ledger have no file).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte, from 0.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

impl Span {
    /// No place.
    pub const NONE: Self = Self { file: FileId(u32::MAX), start: 0, end: 0 };

    /// A span of a file's bytes.
    #[must_use]
    pub fn new(file: FileId, range: std::ops::Range<usize>) -> Self {
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { file, start: clamp(range.start), end: clamp(range.end) }
    }

    /// Whether it is a place.
    #[must_use]
    pub fn is_some(self) -> bool {
        self != Self::NONE
    }

    /// This place, or the other where this is none.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        if self.is_some() { self } else { other }
    }
}

impl Default for Span {
    fn default() -> Self {
        Self::NONE
    }
}

/// A file's path, as people should see it, and its text.
#[derive(Debug, Clone)]
pub struct Source {
    /// The path relative to where the command was started, or as given.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// A place as people and JSON count: lines and columns from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Location {
    /// The file's path.
    pub file: String,
    /// First line, from 1.
    pub line: usize,
    /// First column, from 1.
    pub column: usize,
    /// Last line.
    pub end_line: usize,
    /// The column after the last character.
    pub end_column: usize,
}

/// All files read for a manifest.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// Adds a file and gives its id.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<String>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX - 1));
        self.files.push(Source { path: path.into(), text: text.into() });
        id
    }

    /// A file by its id.
    #[must_use]
    pub fn get(&self, id: FileId) -> Option<&Source> {
        self.files.get(id.0 as usize)
    }

    /// All files, in the order they were read.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.files.iter()
    }

    /// A span as lines and columns; `None` for no place.
    #[must_use]
    pub fn location(&self, span: Span) -> Option<Location> {
        let source = self.get(span.file)?;
        let (line, column) = line_column(&source.text, span.start as usize);
        let (end_line, end_column) = line_column(&source.text, span.end as usize);
        Some(Location { file: source.path.clone(), line, column, end_line, end_column })
    }
}

fn line_column(text: &str, byte: usize) -> (usize, usize) {
    let mut byte = byte.min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    let before = text.get(..byte).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let mut sources = Sources::default();
        let file = sources.add("a.toml", "é = 1\nbé = 2\n");
        let at = sources.location(Span::new(file, 7..10)).unwrap();
        assert_eq!((at.line, at.column, at.end_line, at.end_column), (2, 1, 2, 3));
    }

    #[test]
    fn a_span_beyond_the_text_is_its_end() {
        let mut sources = Sources::default();
        let file = sources.add("a.toml", "a");
        assert_eq!(sources.location(Span::new(file, 5..9)).unwrap().column, 2);
        assert_eq!(sources.location(Span::NONE), None);
    }
}
