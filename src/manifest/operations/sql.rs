//! Raw SQL: `sql`, `sql_file`, the `down` of these and of row changes, and `note`.

use super::{Op, Val};
use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, FileId, Span};
use crate::manifest::keys::Keys;
use crate::manifest::reader::{Reader, with_plain_line_ends};
use crate::operation::{Branch, Down, Kind, Text};
use crate::sql_text::{is_transaction_control, split_statements};

/// `sql = text`, or a list of them
pub(super) fn sql(op: &mut Op) -> Option<Kind> {
    let batch = op.keys.flag("batch");
    let statements = texts(&mut op.keys, op.object, "sql", batch);
    if statements.as_ref().is_some_and(Vec::is_empty) && !op.object.is_table() {
        op.keys.reader.wrong(op.object.span, "`sql` has no statement");
    }
    with_keys(&mut op.keys, statements, batch)
}

/// `sql_file = path`
pub(super) fn sql_file(op: &mut Op) -> Option<Kind> {
    let batch = op.keys.flag("batch");
    let statements = read_file(op.keys.reader, op.object, batch);
    if statements.as_ref().is_some_and(Vec::is_empty) {
        op.keys.reader.wrong(op.object.span, "the file has no statement");
    }
    with_keys(&mut op.keys, statements, batch)
}

/// `note = string`
pub(super) fn note(op: &mut Op) -> Option<Kind> {
    Some(Kind::Note { text: op.keys.reader.string(op.object)?.to_owned() })
}

fn with_keys(keys: &mut Keys, statements: Option<Vec<Text>>, batch: bool) -> Option<Kind> {
    let (down, file) = (down(keys, batch), keys.read("down_file", |reader, val| read_file(reader, val, batch)));
    if let Some(span) = keys.key_span("down_file").filter(|_| keys.has("down")) {
        keys.reader.wrong(span, "there are both `down` and `down_file`: keep one of them");
    }
    let [reads, writes, creates, drops] =
        ["reads", "writes", "creates", "drops"].map(|key| keys.names(key).unwrap_or_default());
    Some(Kind::Sql { statements: statements?, down: down.or(file), batch, reads, writes, creates, drops })
}

/// `down`: what undoes it; an empty text is nothing to undo.
pub(super) fn down(keys: &mut Keys, batch: bool) -> Option<Down> {
    let val = keys.take("down")?;
    texts(keys, val, "down", batch)
}

/// A text or a list of texts, each checked to be one statement.
fn texts(keys: &mut Keys, val: Val<'_>, path: &str, batch: bool) -> Option<Vec<Text>> {
    let may_batch = keys.place.has("batch");
    if val.is_list() {
        let mut texts = Vec::new();
        for (at, item) in keys.reader.list(val)?.into_iter().enumerate() {
            keys.mark(&format!("{path}.{at}"), item.span);
            let Some(text) = text(keys.reader, item, batch, may_batch) else { continue };
            if is_empty(&text) && !item.is_table() {
                keys.reader.wrong(item.span, format!("a statement of `{path}` is empty"));
            }
            texts.push(text);
        }
        return Some(texts);
    }
    let text = text(keys.reader, val, batch, may_batch)?;
    Some(if is_empty(&text) { Vec::new() } else { vec![text] })
}

/// Whether no branch of a text says anything.
fn is_empty(text: &Text) -> bool {
    text.branches().all(|text| text.trim().is_empty() || split_statements(text, None).is_empty())
}

/// SQL, one or by backend, with its statements checked. An empty branch of a `down` is
/// nothing to undo there.
fn text(reader: &mut Reader, val: Val<'_>, batch: bool, may_batch: bool) -> Option<Text> {
    let outer = val;
    reader.by_backend(val, "SQL: a string, a list of strings, or a table by backend", |reader, val, branch| {
        let text = reader.any_string(val)?;
        let backend = match branch {
            Some(Branch::Sqlite) => Some(Backend::Sqlite),
            Some(Branch::Postgres) => Some(Backend::Postgres),
            Some(Branch::Mysql) => Some(Backend::Mysql),
            Some(Branch::Default) | None => only(&reader.covering),
        };
        let statements = split_statements(text, backend);
        if statements.is_empty() && branch.is_some() && outer.key == "sql" {
            let message = format!("`{}` has no statement", val.key);
            reader.wrong_help(val.span, message, "an operation for some backends only has `backends = […]`");
        }
        if !batch && statements.len() > 1 {
            let message = format!("`{}` has {} statements in one string", val.key, statements.len());
            let or_batch = if may_batch { ", or say `batch = true`" } else { "" };
            reader.wrong_help(val.span, message, format!("write a list of statements{or_batch}"));
        }
        for range in statements {
            let statement = text.get(range).unwrap_or_default();
            if is_transaction_control(statement) {
                reader.report(transaction_control(statement).at(val.span, ""));
            }
        }
        Some(text.to_owned())
    })
}

fn only(backends: &[Backend]) -> Option<Backend> {
    match backends {
        [one] => Some(*one),
        _ => None,
    }
}

fn transaction_control(statement: &str) -> Diagnostic {
    let words: Vec<_> = statement.split_whitespace().take(2).collect();
    let message = format!("`{}` would cut the transaction that the migration runs in", words.join(" "));
    Diagnostic::new(Code::TransactionControl, message)
        .help("leave it out; what cannot run in a transaction goes into a migration with `transaction = false`")
}

/// A file's statements: one text each, or with `batch` the whole file as one text.
pub(in crate::manifest) fn read_file(reader: &mut Reader, val: Val<'_>, batch: bool) -> Option<Vec<Text>> {
    let path = reader.string(val)?;
    let text = match (reader.read_sql)(path) {
        Ok(text) => with_plain_line_ends(text),
        Err(why) => {
            reader.wrong(val.span, format!("cannot read `{path}`: {why}"));
            return None;
        }
    };
    let file = reader.add_sql_file(path, text.clone());
    if text.contains('\0') {
        reader.wrong(val.span, format!("`{path}` has a NUL character in it, which no database accepts"));
        return None;
    }
    let statements = split_statements(&text, only(&reader.covering));
    check_statements(reader, &text, &statements, file, val.span);
    if batch {
        return Some(if statements.is_empty() { Vec::new() } else { vec![Text::Same(text)] });
    }
    Some(statements.into_iter().filter_map(|range| Some(Text::Same(text.get(range)?.to_owned()))).collect())
}

/// Reports the statements of a file that begin or end a transaction.
fn check_statements(
    reader: &mut Reader,
    text: &str,
    statements: &[std::ops::Range<usize>],
    file: FileId,
    named_at: Span,
) {
    for range in statements {
        let statement = text.get(range.clone()).unwrap_or_default();
        if is_transaction_control(statement) {
            let place = Span::new(file, range.clone());
            reader.report(transaction_control(statement).at(place, "").at(named_at, "read from here"));
        }
    }
}
