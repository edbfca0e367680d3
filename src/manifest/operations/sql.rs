//! Raw SQL: `sql`, `sql_file`, the `down` of these and of row changes, and `note`.

use super::{Op, Val};
use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, FileId, Source, Span};
use crate::manifest::parse::with_plain_line_ends;
use crate::manifest::walk::Walk;
use crate::operation::{Branch, Down, Kind, Text};
use crate::sql_text::{is_transaction_control, split_statements};

/// `sql = text`, or a list of them
pub(super) fn sql(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    let object = op.object;
    let batch = batch(op);
    let statements = texts(op, object, "sql", batch);
    if statements.as_ref().is_some_and(Vec::is_empty) && !object.is_table() {
        op.walk.wrong(object.span, "`sql` holds no statement");
    }
    finish(op, statements, batch)
}

/// `sql_file = path`
pub(super) fn sql_file(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    let object = op.object;
    let batch = batch(op);
    let statements = read_file(op.walk, object, batch);
    if statements.as_ref().is_some_and(Vec::is_empty) {
        op.walk.wrong(object.span, "the file holds no statement");
    }
    finish(op, statements, batch)
}

/// `note = string`
pub(super) fn note(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    let text = op.walk.filled_string(op.object)?;
    Some(Kind::Note { text: text.to_owned() })
}

fn batch(op: &mut Op<'_, '_, '_, '_>) -> bool {
    op.take("batch").and_then(|val| op.walk.boolean(val)).unwrap_or(false)
}

fn finish(op: &mut Op<'_, '_, '_, '_>, statements: Option<Vec<Text>>, batch: bool) -> Option<Kind> {
    let down = down(op, batch);
    let [reads, writes, creates, drops] = ["reads", "writes", "creates", "drops"]
        .map(|key| op.take(key).and_then(|val| op.names(val, key)).unwrap_or_default());
    Some(Kind::Sql { statements: statements?, down, batch, reads, writes, creates, drops })
}

/// `down` or `down_file`: what undoes it; an empty text is nothing to undo.
pub(super) fn down(op: &mut Op<'_, '_, '_, '_>, batch: bool) -> Option<Down> {
    let down = op.take("down").map(|val| (val, texts(op, val, "down", batch)));
    if !op.place.keys.contains(&"down_file") {
        return down?.1;
    }
    let file = op.take("down_file").map(|val| (val, read_file(op.walk, val, batch)));
    match (down, file) {
        (Some(_), Some((val, _))) => {
            op.walk.wrong(val.key_span, "`down` and `down_file` stand together: keep one of them");
            None
        }
        (down, file) => down.or(file)?.1,
    }
}

/// A text or a list of texts, each checked to be one statement.
fn texts(op: &mut Op<'_, '_, '_, '_>, val: Val<'_>, path: &str, batch: bool) -> Option<Vec<Text>> {
    let may_batch = op.place.keys.contains(&"batch");
    if matches!(val.value, toml::de::DeValue::Array(_)) {
        let mut texts = Vec::new();
        for (at, item) in op.walk.list(val)?.into_iter().enumerate() {
            op.mark(format!("{path}.{at}"), item.span);
            let Some(text) = text(op.walk, item, batch, may_batch) else { continue };
            if is_empty(&text) && !item.is_table() {
                op.walk.wrong(item.span, format!("a statement of `{path}` is empty"));
            }
            texts.push(text);
        }
        return Some(texts);
    }
    let text = text(op.walk, val, batch, may_batch)?;
    Some(if is_empty(&text) { Vec::new() } else { vec![text] })
}

/// Whether no branch of a text says anything.
fn is_empty(text: &Text) -> bool {
    text.branches().all(|text| text.trim().is_empty() || split_statements(text, None).is_empty())
}

/// SQL, one or by backend, with its statements checked. An empty branch of a `down` is
/// nothing to undo there.
fn text(walk: &mut Walk<'_, '_>, val: Val<'_>, batch: bool, may_batch: bool) -> Option<Text> {
    let outer = val;
    walk.by_backend(val, "SQL: a string, a list of strings, or a table by backend", |walk, val, branch| {
        let text = walk.string(val)?;
        let backend = match branch {
            Some(Branch::Sqlite) => Some(Backend::Sqlite),
            Some(Branch::Postgres) => Some(Backend::Postgres),
            Some(Branch::Mysql) => Some(Backend::Mysql),
            Some(Branch::Default) | None => only(&walk.covering),
        };
        let statements = split_statements(text, backend);
        if statements.is_empty() && branch.is_some() && outer.key == "sql" {
            let message = format!("`{}` holds no statement", val.key);
            walk.wrong_help(val.span, message, "an operation for some backends only says `backends = […]`");
        }
        if !batch && statements.len() > 1 {
            let message = format!("`{}` holds {} statements in one string", val.key, statements.len());
            let or_batch = if may_batch { ", or say `batch = true`" } else { "" };
            walk.wrong_help(val.span, message, format!("write a list of statements{or_batch}"));
        }
        for range in statements {
            let statement = text.get(range).unwrap_or_default();
            if is_transaction_control(statement) {
                walk.report(transaction_control(statement).at(val.span, ""));
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
pub(in crate::manifest) fn read_file(walk: &mut Walk<'_, '_>, val: Val<'_>, batch: bool) -> Option<Vec<Text>> {
    let path = walk.filled_string(val)?;
    let text = match (walk.shared.read_sql)(path) {
        Ok(text) => with_plain_line_ends(text),
        Err(why) => {
            walk.wrong(val.span, format!("cannot read `{path}`: {why}"));
            return None;
        }
    };
    let file = FileId(u32::try_from(walk.shared.toml_files + walk.shared.sql_files.len()).unwrap_or(u32::MAX - 1));
    walk.shared.sql_files.push(Source { path: walk.shared.shown_path(path), text: text.clone() });
    if text.contains('\0') {
        walk.wrong(val.span, format!("`{path}` holds a NUL character, which no database takes"));
        return None;
    }
    let statements = split_statements(&text, only(&walk.covering));
    check_statements(walk, &text, &statements, file, val.span);
    if batch {
        return Some(if statements.is_empty() { Vec::new() } else { vec![Text::Same(text)] });
    }
    Some(statements.into_iter().filter_map(|range| Some(Text::Same(text.get(range)?.to_owned()))).collect())
}

/// Reports the statements of a file that begin or end a transaction.
fn check_statements(
    walk: &mut Walk<'_, '_>,
    text: &str,
    statements: &[std::ops::Range<usize>],
    file: FileId,
    named_at: Span,
) {
    for range in statements {
        let statement = text.get(range.clone()).unwrap_or_default();
        if is_transaction_control(statement) {
            let place = Span::new(file, range.clone());
            walk.report(transaction_control(statement).at(place, "").at(named_at, "read from here"));
        }
    }
}
