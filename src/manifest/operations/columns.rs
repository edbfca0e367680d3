//! Columns: those of a new table, and `add_column`, `drop_column`, `rename_column`, `alter_column`.

use super::Op;
use crate::diagnostic::{Code, Diagnostic, Span, listed, nearest};
use crate::manifest::places::Place;
use crate::manifest::walk::{Table, Val, Walk};
use crate::operation::{Action, AlterColumn, ColumnDef, DataType, Deferrable, Kind};

/// The words of `on_delete` and `on_update`.
const ACTIONS: &[(&str, Action)] = &[
    ("cascade", Action::Cascade),
    ("restrict", Action::Restrict),
    ("set null", Action::SetNull),
    ("set default", Action::SetDefault),
    ("no action", Action::NoAction),
];

/// `add_column = "table.column"`
pub(super) fn add_column(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    let name = op.object_column();
    let mut table = std::mem::replace(&mut op.table, Table::empty());
    let bare = name.as_ref().map_or("", |name| &name.column);
    let object = op.object;
    let place = op.place;
    let column = column(op, bare, &mut table, "", object.key_span, place);
    op.table = table;
    Some(Kind::AddColumn { table: name?.table, column: column? })
}

/// `drop_column = "table.column"`, or a list of them
pub(super) fn drop_column(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    let object = op.object;
    let columns = if matches!(object.value, toml::de::DeValue::Array(_)) {
        let items = op.walk.list(object)?;
        if items.is_empty() {
            op.walk.wrong(object.span, "`drop_column` names no column");
        }
        let mut columns = Vec::with_capacity(items.len());
        for (at, item) in items.into_iter().enumerate() {
            op.mark(format!("drop_column.{at}"), item.span);
            columns.extend(op.walk.column_name(item));
        }
        columns
    } else {
        vec![op.object_column()?]
    };
    let refill = op.take("refill").and_then(|val| op.walk.value_of(val, None));
    (!columns.is_empty()).then_some(Kind::DropColumn { columns, refill })
}

/// `rename_column = "table.column"`
pub(super) fn rename_column(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    let column = op.object_column();
    let to = op.require("to").and_then(|val| op.walk.new_name(val));
    Some(Kind::RenameColumn { column: column?, to: to? })
}

/// `alter_column = "table.column"`
pub(super) fn alter_column(op: &mut Op<'_, '_, '_, '_>) -> Option<Kind> {
    let column = op.object_column();
    let mut alter =
        AlterColumn { data_type: op.take("type").and_then(|val| op.walk.data_type(val)), ..AlterColumn::default() };
    alter.null = op.take("null").and_then(|val| op.walk.boolean(val));
    alter.default = op.take("default").and_then(|val| op.walk.value_of(val, alter.data_type.as_ref()));
    alter.collation = op.take("collation").and_then(|val| op.walk.text(val));
    alter.comment = op.take("comment").and_then(|val| op.walk.filled_string(val)).map(str::to_owned);
    alter.using = op.take("using").and_then(|val| op.walk.text(val));
    alter.using_down = op.take("using_down").and_then(|val| op.walk.text(val));
    alter.fill = op.take("fill").and_then(|val| op.walk.value_of(val, alter.data_type.as_ref()));
    if let Some(val) = op.take("unset") {
        unset(op, val, &mut alter);
    }
    // With a key that is not known, that one is the finding.
    if op.table.rest().next().is_none()
        && !["type", "null", "default", "collation", "comment", "unset"].iter().any(|key| op.table.has(key))
    {
        let object = op.object;
        op.walk.wrong_help(
            object.key_span,
            "this `alter_column` changes nothing",
            "say what changes: `type`, `null`, `default`, `collation`, `comment` or `unset`",
        );
    }
    for key in ["using", "using_down"] {
        if op.table.has(key) && !op.table.has("type") {
            let span = op.spans.part(key);
            op.walk.wrong(span, format!("`{key}` says how values are converted, and the `type` does not change"));
        }
    }
    if alter.unset_default && op.table.has("default") {
        let span = op.spans.part("unset");
        op.walk.wrong(span, "`default` is set and taken away at once");
    }
    Some(Kind::AlterColumn { column: column?, alter })
}

/// `unset`: a list of what is taken away.
fn unset(op: &mut Op<'_, '_, '_, '_>, val: Val<'_>, alter: &mut AlterColumn) {
    let Some(names) = op.walk.names(val) else { return };
    for (name, span) in names {
        match name.as_str() {
            "default" => alter.unset_default = true,
            "auto_increment" => alter.unset_auto_increment = true,
            "comment" => {
                if alter.comment.is_some() {
                    op.walk.wrong(span, "`comment` is set and taken away at once");
                }
                alter.comment = Some(String::new());
            }
            "collation" => {
                if alter.collation.is_some() {
                    op.walk.wrong(span, "`collation` is set and taken away at once");
                }
                alter.unset_collation = true;
            }
            _ => {
                let words = ["default", "auto_increment", "comment", "collation"];
                let diagnostic =
                    Diagnostic::new(Code::WrongValue, format!("`unset` does not know `{name}`")).at(span, "");
                let help = match (name.as_str(), nearest(&name, words)) {
                    ("null" | "not_null", _) => "say `null = true` or `null = false`".to_owned(),
                    (_, Some(word)) => format!("did you mean `{word}`?"),
                    (_, None) => format!("it takes {}", listed(words)),
                };
                op.walk.report(diagnostic.help(help));
            }
        }
    }
}

/// A column's own keys, in `columns` or on `add_column`. `path` stands before the names
/// of its parts; `at` is where what is missing is reported.
pub(super) fn column(
    op: &mut Op<'_, '_, '_, '_>,
    name: &str,
    table: &mut Table<'_>,
    path: &str,
    at: Span,
    place: &Place,
) -> Option<ColumnDef> {
    for key in place.keys {
        if let Some(val) = table.take(key) {
            op.mark(format!("{path}{key}"), val.span);
        }
    }
    let walk = &mut *op.walk;
    let data_type = match table.get("type") {
        Some(val) => walk.data_type(val),
        None => {
            let message = if name.is_empty() {
                "the column needs a `type`".to_owned()
            } else {
                format!("the column `{name}` needs a `type`")
            };
            walk.wrong(at, message);
            None
        }
    };
    let types = data_type.as_ref();
    let null = table.get("null").and_then(|val| walk.boolean(val)).unwrap_or(false);
    let default = table.get("default").and_then(|val| walk.value_of(val, types));
    let auto_increment = table.get("auto_increment").and_then(|val| walk.boolean(val)).unwrap_or(false);
    let unique = table.get("unique").and_then(|val| walk.boolean(val)).unwrap_or(false);
    let references = table.get("references").and_then(|val| walk.column_name(val));
    let [on_delete, on_update] = ["on_delete", "on_update"].map(|key| {
        let val = table.get(key)?;
        if !table.has("references") {
            let message = format!("`{key}` says nothing on a column without `references`");
            walk.report(
                Diagnostic::new(Code::MisplacedKey, message)
                    .at(val.key_span, "")
                    .help("add `references = \"table.column\"`, or leave it out"),
            );
        }
        action(walk, val)
    });
    let deferrable = table.get("deferrable").and_then(|val| {
        if !table.has("references") {
            let message = "`deferrable` says nothing on a column without `references`";
            walk.report(
                Diagnostic::new(Code::MisplacedKey, message)
                    .at(val.key_span, "")
                    .help("add `references = \"table.column\"`, or leave it out"),
            );
        }
        deferrable(walk, val)
    });
    let check = table.get("check").and_then(|val| walk.text(val));
    let generated = table.get("generated").and_then(|val| walk.text(val));
    let stored = table.get("stored").and_then(|val| walk.boolean(val));
    let collation = table.get("collation").and_then(|val| walk.text(val));
    if let Some(val) = table.get("stored").filter(|_| !table.has("generated")) {
        let message = "`stored` says nothing on a column that is not `generated`";
        let help = "add `generated = \"…\"`, or leave it out";
        walk.report(Diagnostic::new(Code::MisplacedKey, message).at(val.key_span, "").help(help));
    }
    if table.has("generated") {
        for key in ["default", "auto_increment", "fill"] {
            if let Some(val) = table.get(key).filter(|_| place.keys.contains(&key)) {
                walk.wrong(val.key_span, format!("a column that is computed has no `{key}`"));
            }
        }
    }
    let comment = table.get("comment").and_then(|val| walk.filled_string(val)).map(str::to_owned);
    // A new table has no rows to fill: there, `fill` is not among the keys.
    let fill = table.get("fill").filter(|_| place.keys.contains(&"fill")).and_then(|val| walk.value_of(val, types));
    if auto_increment {
        let span = table.get("auto_increment").map_or(at, |val| val.span);
        let fits = |one: &DataType| one.is_integer() || matches!(one, DataType::Verbatim(_));
        if let Some(misfit) = types.and_then(|types| types.branches().find(|one| !fits(one))) {
            let message = format!("`auto_increment` needs an integer type, not {misfit}");
            walk.report(Diagnostic::new(Code::TypeMismatch, message).at(span, ""));
        }
        if default.is_some() {
            walk.wrong(span, "a column that numbers itself has no `default`");
        }
        if null {
            walk.wrong(span, "a column that numbers itself is never NULL");
        }
    }
    Some(ColumnDef {
        name: name.to_owned(),
        data_type: data_type?,
        null,
        default,
        auto_increment,
        unique,
        references,
        on_delete: on_delete.unwrap_or_default(),
        on_update: on_update.unwrap_or_default(),
        deferrable,
        check,
        generated,
        stored,
        collation,
        comment,
        fill,
    })
}

/// When a foreign key is looked at.
pub(super) fn deferrable(walk: &mut Walk<'_, '_>, val: Val<'_>) -> Option<Deferrable> {
    if let toml::de::DeValue::Boolean(said) = val.value {
        let help = if *said { "say when it is looked at: `immediate` or `deferred`" } else { "leave it out" };
        walk.wrong_help(val.span, "`deferrable` is `immediate` or `deferred`", help);
        return None;
    }
    match walk.string(val)? {
        "immediate" => Some(Deferrable::Immediate),
        "deferred" => Some(Deferrable::Deferred),
        other => {
            let help =
                "it is `immediate` (unless a transaction says otherwise) or `deferred` (to the transaction's end)";
            walk.wrong_help(val.span, format!("`deferrable` cannot be `{other}`"), help);
            None
        }
    }
}

/// What a foreign key does when its row goes or changes.
pub(super) fn action(walk: &mut Walk<'_, '_>, val: Val<'_>) -> Option<Action> {
    let word = walk.string(val)?;
    if let Some((_, action)) = ACTIONS.iter().find(|(name, _)| *name == word) {
        return Some(*action);
    }
    let words: Vec<_> = ACTIONS.iter().map(|(name, _)| *name).collect();
    let spaced = word.replace(['_', '-'], " ");
    let diagnostic = Diagnostic::new(Code::WrongValue, format!("`{}` cannot be `{word}`", val.key)).at(val.span, "");
    walk.report(match nearest(&spaced, words.iter().copied()) {
        Some(right) => diagnostic.help(format!("did you mean `{right}`?")),
        None => diagnostic.help(format!("it is one of {}", listed(words))),
    });
    None
}
