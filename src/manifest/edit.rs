//! Editing a manifest's text: a requirement written into a node, every other byte left alone.
//!
//! `toml_edit` says where things stand; the text itself is cut and joined here, so comments,
//! line ends and spacing cannot change.

use std::ops::Range;

use toml_edit::{Array, Document, Item, TableLike, Value};

use crate::ident::Version;

/// Which node of a text is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeIn<'a> {
    /// The text is the node's file.
    File,
    /// An inline `[[migration]]` of that version and name.
    Inline {
        /// Its version.
        version: Version,
        /// Its name.
        name: &'a str,
    },
}

/// Why a requirement cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The text is not TOML.
    #[error("it is not TOML: {0}")]
    Toml(#[from] toml_edit::TomlError),
    /// There is no such node in it.
    #[error("the migration is not in it")]
    NoNode,
    /// `requires` is there, and no list.
    #[error("its `requires` is not a list")]
    NoList,
    /// The edited text does not say what it should.
    #[error("there is no place for `requires` that can be told")]
    NoPlace,
}

/// The text with `required` added to what a node requires. A node that requires it already
/// comes back as it is.
///
/// # Errors
///
/// Where the text cannot be read, or the node is not in it.
pub fn add_requirement(text: &str, node: NodeIn<'_>, required: &str) -> Result<String, EditError> {
    if let Some(rest) = text.strip_prefix('\u{feff}') {
        return add_requirement(rest, node, required).map(|edited| format!("\u{feff}{edited}"));
    }
    let document = Document::parse(text)?;
    let found = find(document.as_table(), node).ok_or(EditError::NoNode)?;
    if requires(found.table, required) {
        return Ok(text.to_owned());
    }
    let edits = match found.table.get("requires") {
        Some(Item::Value(Value::Array(list))) => into_list(text, list, required)?,
        Some(_) => return Err(EditError::NoList),
        None => vec![new_line(text, &found, required)?],
    };
    let mut edited = text.to_owned();
    // From the end, so that places before stay what they are.
    for (place, insert) in edits.into_iter().rev() {
        if edited.get(place.clone()).is_none() {
            return Err(EditError::NoPlace);
        }
        edited.replace_range(place, &insert);
    }
    let document = Document::parse(edited.as_str())?;
    let found = find(document.as_table(), node).ok_or(EditError::NoPlace)?;
    if !requires(found.table, required) {
        return Err(EditError::NoPlace);
    }
    Ok(edited)
}

struct Found<'d> {
    table: &'d dyn TableLike,
    /// Written in braces, on one line.
    inline: bool,
    /// The whole document is the node.
    root: bool,
}

fn find<'d>(root: &'d toml_edit::Table, node: NodeIn<'_>) -> Option<Found<'d>> {
    let NodeIn::Inline { version, name } = node else {
        return Some(Found { table: root, inline: false, root: true });
    };
    let is_meant = |table: &dyn TableLike| {
        let same_version = match table.get("version") {
            Some(Item::Value(Value::Integer(number))) => {
                u128::try_from(*number.value()).is_ok_and(|number| number == version.number())
            }
            Some(Item::Value(Value::String(text))) => text.value().parse() == Ok(version),
            // A number too large for TOML's own kind is read by the loader as it is written.
            _ => true,
        };
        same_version && table.get("name").and_then(Item::as_str) == Some(name)
    };
    match root.get("migration")? {
        Item::ArrayOfTables(tables) => tables
            .iter()
            .map(|table| table as &dyn TableLike)
            .find(|table| is_meant(*table))
            .map(|table| Found { table, inline: false, root: false }),
        Item::Value(Value::Array(list)) => list
            .iter()
            .filter_map(Value::as_inline_table)
            .map(|table| table as &dyn TableLike)
            .find(|table| is_meant(*table))
            .map(|table| Found { table, inline: true, root: false }),
        _ => None,
    }
}

fn requires(table: &dyn TableLike, required: &str) -> bool {
    table
        .get("requires")
        .and_then(Item::as_array)
        .is_some_and(|list| list.iter().any(|item| item.as_str() == Some(required)))
}

/// An edit: what is replaced, and by what.
type Edit = (Range<usize>, String);

/// Appends to a list, in its own style; edits in the order of the text.
fn into_list(text: &str, list: &Array, required: &str) -> Result<Vec<Edit>, EditError> {
    let span = list.span().ok_or(EditError::NoPlace)?;
    let close = span.end.checked_sub(1).ok_or(EditError::NoPlace)?;
    let spans: Vec<Range<usize>> = list.iter().filter_map(Value::span).collect();
    let Some(last) = spans.last() else {
        // An empty list: white space in it goes, a comment stays.
        let inner = span.start + 1..close;
        let blank = text.get(inner.clone()).is_some_and(|inner| inner.trim().is_empty());
        let place = if blank { inner } else { close..close };
        return Ok(vec![(place, quoted(required, '"'))]);
    };
    let previous = match spans.len().checked_sub(2).and_then(|at| spans.get(at)) {
        Some(previous) => previous.end,
        None => span.start + 1,
    };
    let before = text.get(previous..last.start).unwrap_or_default();
    // What stands before the last item is repeated: a line end with its indentation, or a space.
    let between = match before.rfind('\n') {
        Some(at) => {
            let (line, indentation) = before.split_at(at);
            let end = if line.ends_with('\r') { "\r" } else { "" };
            format!("{end}{indentation}")
        }
        None => " ".to_owned(),
    };
    let quote = if text.get(last.clone()).is_some_and(|item| item.starts_with('\'')) { '\'' } else { '"' };
    let item = format!("{between}{}", quoted(required, quote));
    let tail = text.get(last.end..close).unwrap_or_default();
    let end = last.end + tail.trim_end().len();
    Ok(if list.trailing_comma() {
        vec![(end..end, format!("{item},"))]
    } else {
        vec![(last.end..last.end, ",".to_owned()), (end..end, item)]
    })
}

/// A line `requires = […]` where none was.
fn new_line(text: &str, found: &Found<'_>, required: &str) -> Result<Edit, EditError> {
    let requires = format!("requires = [{}]", quoted(required, '"'));
    let ends = found.table.iter().filter(|(key, item)| item.is_value() && !matches!(*key, "up" | "down"));
    let last = ends.filter_map(|(_, item)| item.span()).map(|span| span.end).max();
    if found.inline {
        let last = last.ok_or(EditError::NoPlace)?;
        return Ok((last..last, format!(", {requires}")));
    }
    let eol = if text.contains("\r\n") { "\r\n" } else { "\n" };
    if let Some(last) = last {
        let rest = text.get(last..).unwrap_or_default();
        return Ok(match rest.find('\n') {
            Some(at) => (last + at + 1..last + at + 1, format!("{requires}{eol}")),
            None => (text.len()..text.len(), format!("{eol}{requires}")),
        });
    }
    if !found.root {
        return Err(EditError::NoPlace);
    }
    let at = above_the_first_header(text, found.table);
    Ok((at..at, format!("{requires}{eol}{eol}")))
}

/// The start of the first header (or of the first key), or of the comments that stand right above it.
fn above_the_first_header(text: &str, table: &dyn TableLike) -> usize {
    let starts = table.iter().filter_map(|(key, item)| match item {
        Item::ArrayOfTables(tables) => tables.iter().filter_map(toml_edit::Table::span).map(|span| span.start).min(),
        Item::Table(table) => table.span().map(|span| span.start),
        // `up = []`: from its key on.
        Item::Value(_) => table.key(key).and_then(toml_edit::Key::span).map(|span| span.start),
        Item::None => None,
    });
    let first = starts.min().unwrap_or(text.len());
    let mut at = text.get(..first).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
    while let Some(above) = text.get(..at).filter(|above| !above.is_empty()) {
        let line = above.strip_suffix('\n').unwrap_or(above).rfind('\n').map_or(0, |end| end + 1);
        if !above.get(line..).is_some_and(|line| line.trim_start().starts_with('#')) {
            break;
        }
        at = line;
    }
    at
}

/// A string of TOML, in the quote asked for where the text allows it.
fn quoted(text: &str, quote: char) -> String {
    if quote == '\'' && !text.chars().any(|c| c == '\'' || c.is_control()) {
        return format!("'{text}'");
    }
    if !text.chars().any(|c| c == '"' || c == '\\' || c.is_control()) {
        return format!("\"{text}\"");
    }
    Value::from(text).to_string().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> String {
        add_requirement(text, NodeIn::File, "new").unwrap()
    }

    #[test]
    fn a_list_is_added_to_in_its_own_style() {
        let cases = [
            ("requires = []", "requires = [\"new\"]"),
            ("requires = [ ] # none", "requires = [\"new\"] # none"),
            ("requires = [\"a\"]", "requires = [\"a\", \"new\"]"),
            ("requires = ['a' ,  'b' ]", "requires = ['a' ,  'b', 'new' ]"),
            ("requires = [\"a\",]", "requires = [\"a\", \"new\",]"),
            ("requires = [\n  \"a\",\n  \"b\", # last\n]", "requires = [\n  \"a\",\n  \"b\", # last\n  \"new\",\n]"),
            ("requires = [\r\n\t\"a\" # one\r\n]", "requires = [\r\n\t\"a\", # one\r\n\t\"new\"\r\n]"),
        ];
        for (before, after) in cases {
            let rest = "\n[[up]]\nnote = \"x\"\n";
            assert_eq!(file(&format!("{before}{rest}")), format!("{after}{rest}"));
        }
    }

    #[test]
    fn a_line_of_its_own_stands_behind_the_plain_keys() {
        let text = "# head\r\ndescription = \"x\" # why\r\n\r\n[[up]]\r\nnote = \"x\"\r\n";
        let line = "requires = [\"new\"]\r\n";
        assert_eq!(file(text), format!("# head\r\ndescription = \"x\" # why\r\n{line}\r\n[[up]]\r\nnote = \"x\"\r\n"));
    }

    #[test]
    fn without_plain_keys_it_stands_above_the_first_header_and_its_comments() {
        assert_eq!(file("[[up]]\nnote = \"x\"\n"), "requires = [\"new\"]\n\n[[up]]\nnote = \"x\"\n");
        assert_eq!(
            file("# the file\n\n# the step\n[[up]]\nnote = \"x\"\n"),
            "# the file\n\nrequires = [\"new\"]\n\n# the step\n[[up]]\nnote = \"x\"\n"
        );
        assert_eq!(file("\u{feff}up = []"), "\u{feff}requires = [\"new\"]\n\nup = []");
        assert_eq!(file("up = []"), "requires = [\"new\"]\n\nup = []");
    }

    #[test]
    fn inline_nodes_are_found_by_version_and_name() {
        let node = NodeIn::Inline { version: Version::new(2).unwrap(), name: "b" };
        let tables = "[[migration]]\nversion = 1\nname = \"a\"\n[[migration]]\nversion = 2\nname = \"b\" # second\n[[migration.up]]\nnote = \"x\"\n";
        assert_eq!(
            add_requirement(tables, node, "a").unwrap(),
            tables.replace("# second\n", "# second\nrequires = [\"a\"]\n")
        );
        let braces =
            "migration = [{ version = 1, name = \"a\", up = [] }, { version = \"002\", name = \"b\", up = [] }]";
        assert_eq!(
            add_requirement(braces, node, "a").unwrap(),
            braces.replace("\"b\", ", "\"b\", requires = [\"a\"], ")
        );
        let third = NodeIn::Inline { version: Version::new(3).unwrap(), name: "c" };
        assert!(matches!(add_requirement(tables, third, "a"), Err(EditError::NoNode)));
    }

    #[test]
    fn what_is_there_already_is_not_added() {
        assert_eq!(file("requires = ['new']"), "requires = ['new']");
    }

    #[test]
    fn names_are_quoted() {
        assert_eq!(add_requirement("up = []", NodeIn::File, "a\"b").unwrap(), "requires = ['a\"b']\n\nup = []");
    }
}
