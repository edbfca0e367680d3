//! Columns: those of a new table, and `add_column`, `drop_column`, `rename_column`, `alter_column`.

use super::Op;
use crate::diagnostic::{Code, Diagnostic};
use crate::manifest::keys::Keys;
use crate::manifest::reader::{Reader, Val};
use crate::operation::{Action, AlterColumn, ColumnDef, DataType, Deferrable, Kind};

/// `add_column = "table.column"`
pub(super) fn add_column(op: &mut Op) -> Option<Kind> {
    let name = op.object_column();
    let column = column(&mut op.keys, name.as_ref().map_or("", |name| &name.column));
    let types = column.as_ref().map(|column| &column.data_type);
    let fill = op.keys.value("fill", types);
    Some(Kind::AddColumn { table: name?.table, column: ColumnDef { fill, ..column? } })
}

/// `drop_column = "table.column"`, or a list of them
pub(super) fn drop_column(op: &mut Op) -> Option<Kind> {
    let object = op.object;
    let refill = op.keys.value("refill", None);
    let mut columns = Vec::new();
    if object.is_list() {
        for (at, item) in op.keys.reader.filled_list(object)?.into_iter().enumerate() {
            op.keys.mark(&format!("drop_column.{at}"), item.span);
            columns.extend(op.keys.reader.column_name(item));
        }
    } else {
        columns.extend(op.object_column());
    }
    (!columns.is_empty()).then_some(Kind::DropColumn { columns, refill })
}

/// `rename_column = "table.column"`
pub(super) fn rename_column(op: &mut Op) -> Option<Kind> {
    let (column, to) = (op.object_column(), op.new_name());
    Some(Kind::RenameColumn { column: column?, to: to? })
}

/// `alter_column = "table.column"`
pub(super) fn alter_column(op: &mut Op) -> Option<Kind> {
    let column = op.object_column();
    let keys = &mut op.keys;
    let data_type = keys.data_type("type");
    let types = data_type.as_ref();
    let mut alter = AlterColumn {
        null: keys.boolean("null"),
        default: keys.value("default", types),
        collation: keys.text("collation"),
        comment: keys.string("comment"),
        using: keys.text("using"),
        using_down: keys.text("using_down"),
        fill: keys.value("fill", types),
        ..AlterColumn::default()
    };
    alter.data_type = data_type;
    if let Some(val) = keys.take("unset") {
        unset(keys, val, &mut alter);
    }
    let changes = ["type", "null", "default", "collation", "comment", "unset"];
    // With a key that is not known, that one is the finding.
    if keys.unknown().next().is_none() && !changes.iter().any(|key| keys.has(key)) {
        let help = "say what changes: `type`, `null`, `default`, `collation`, `comment` or `unset`";
        keys.reader.wrong_help(op.object.key_span, "this `alter_column` changes nothing", help);
    }
    Some(Kind::AlterColumn { column: column?, alter })
}

/// `unset`: a list of what is removed.
fn unset(keys: &mut Keys, val: Val<'_>, alter: &mut AlterColumn) {
    const WORDS: [(&str, &str); 4] = [
        ("default", "default"),
        ("auto_increment", "auto_increment"),
        ("comment", "comment"),
        ("collation", "collation"),
    ];
    let word = |reader: &mut Reader, item: Val<'_>| match item.as_str() {
        Some(null @ ("null" | "not_null")) => {
            let message = format!("`unset` cannot be `{null}`");
            reader.wrong_help(item.span, message, "write `null = true` or `null = false`");
            None
        }
        _ => reader.word(item, &WORDS),
    };
    for (word, span) in keys.reader.set(val, word).unwrap_or_default() {
        match word {
            "default" => alter.unset_default = true,
            "auto_increment" => alter.unset_auto_increment = true,
            "comment" => alter.comment = Some(String::new()),
            _ => alter.unset_collation = true,
        }
        if keys.has(word) {
            keys.reader.wrong(span, format!("`{word}` is set and unset at once"));
        }
    }
}

/// A column's own keys, in `columns` or on `add_column`.
pub(super) fn column(keys: &mut Keys, name: &str) -> Option<ColumnDef> {
    let data_type = keys.data_type("type");
    let types = data_type.as_ref();
    let default = keys.value("default", types);
    let (null, auto_increment) = (keys.flag("null"), keys.flag("auto_increment"));
    for key in ["default", "auto_increment", "fill"] {
        if let Some(span) = keys.key_span(key).filter(|_| keys.has("generated") && keys.place.has(key)) {
            keys.reader.wrong(span, format!("a column that is computed has no `{key}`"));
        }
    }
    if let Some(span) = keys.span("auto_increment").filter(|_| auto_increment) {
        let fits = |one: &DataType| one.is_integer() || matches!(one, DataType::Verbatim(_));
        if let Some(misfit) = types.and_then(|types| types.branches().find(|one| !fits(one))) {
            let message = format!("`auto_increment` needs an integer type, not {misfit}");
            keys.reader.report(Diagnostic::new(Code::TypeMismatch, message).at(span, ""));
        }
        if default.is_some() {
            keys.reader.wrong(span, "an auto-increment column has no `default`");
        }
        if null {
            keys.reader.wrong(span, "an auto-increment column is never NULL");
        }
    }
    Some(ColumnDef {
        null,
        default,
        auto_increment,
        unique: keys.flag("unique"),
        references: keys.column_name("references"),
        on_delete: keys.word("on_delete", &Action::WORDS).unwrap_or_default(),
        on_update: keys.word("on_update", &Action::WORDS).unwrap_or_default(),
        deferrable: deferrable(keys),
        check: keys.text("check"),
        generated: keys.text("generated"),
        stored: keys.boolean("stored"),
        collation: keys.text("collation"),
        comment: keys.string("comment"),
        ..ColumnDef::new(name, data_type?)
    })
}

/// Whether a foreign key can wait, and whether it does.
pub(super) fn deferrable(keys: &mut Keys) -> Option<Deferrable> {
    let val = keys.take("deferrable")?;
    if let toml::de::DeValue::Boolean(given) = val.value {
        let help = if *given { "write when it is checked: `immediate` or `deferred`" } else { "leave it out" };
        keys.reader.wrong_help(val.span, "`deferrable` is `immediate` or `deferred`", help);
        return None;
    }
    keys.reader.word(val, &Deferrable::WORDS)
}
