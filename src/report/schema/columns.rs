//! Columns, indexes and values as the manifest writes them.

use sqlparser::keywords::ALL_KEYWORDS;
use toml_edit::{Key, Value};

use crate::backend::Backend;
use crate::ident::{Suffix, generated_name};
use crate::operation::{Action, DataType, Deferrable, Literal, Nulls, Order};
use crate::state::{
    Check, Column, ColumnId, Expr, ForeignKey, Index, IndexKey, IndexPart, Scalar, State, Table, Unique,
};

/// A string with its quotes; over several lines where it has such.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// A key, in quotes where it must be.
pub(super) fn key(name: &str) -> String {
    Key::new(name).to_string()
}

/// A list of strings.
pub(super) fn list<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| quoted(item.as_ref())).collect();
    format!("[{}]", items.join(", "))
}

/// An expression with the names of the moment, in quotes where a keyword or more than letters would be read otherwise.
pub(super) fn sql(expr: &Expr, table: &Table, backend: Backend) -> String {
    expr.print(table, &|name| {
        let plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        let first = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
        let keyword = ALL_KEYWORDS.binary_search(&name.to_ascii_uppercase().as_str()).is_ok();
        if plain && first && !keyword { name.to_owned() } else { backend.ident(name) }
    })
}

fn generated(name: &crate::state::Name, table: &Table, columns: &[ColumnId], suffix: Suffix) -> Option<ColumnId> {
    let [id] = columns else { return None };
    let own = generated_name(&table.name.name, table.column_name(*id), suffix);
    (name.generated && name.text == own).then_some(*id)
}

/// The column that a unique constraint is said on.
pub(super) fn unique_of(unique: &Unique, table: &Table) -> Option<ColumnId> {
    generated(&unique.name, table, &unique.columns, Suffix::Unique)
}

/// The column that a check is said on.
pub(super) fn check_of(check: &Check, table: &Table) -> Option<ColumnId> {
    generated(&check.name, table, &[check.column?], Suffix::Check)
}

/// The column that a foreign key is said on.
pub(super) fn key_of(own: &ForeignKey, table: &Table) -> Option<ColumnId> {
    generated(&own.name, table, &own.columns, Suffix::ForeignKey).filter(|_| !own.unchecked)
}

/// A column: its type alone, or a table of its keys.
pub(super) fn column(column: &Column, table: &Table, state: &State) -> String {
    let backend = state.backend();
    let data_type = if let DataType::Verbatim(word) = &column.data_type {
        format!("{{ {backend} = {} }}", quoted(word))
    } else {
        quoted(&column.data_type.to_string())
    };
    let mut parts = Vec::new();
    let keyed = table.primary_key.as_ref().is_some_and(|key| key.columns.contains(&column.id));
    if column.null && !keyed {
        parts.push("null = true".to_owned());
    }
    if column.auto_increment {
        parts.push("auto_increment = true".to_owned());
    }
    if let Some(default) = &column.default {
        parts.push(format!("default = {}", value(default, table, backend)));
    }
    if let Some(how) = &column.generated {
        parts.push(format!("generated = {}", quoted(&sql(&how.expr, table, backend))));
        if !how.stored {
            parts.push("stored = false".to_owned());
        }
    }
    if let Some(collation) = &column.collation {
        parts.push(format!("collation = {}", quoted(collation)));
    }
    if table.uniques.iter().any(|one| unique_of(one, table) == Some(column.id)) {
        parts.push("unique = true".to_owned());
    }
    // In a circle of tables it is added behind them.
    if let Some(own) = table.foreign_keys.iter().find(|one| key_of(one, table) == Some(column.id)) {
        let target =
            if own.table == table.id { Some(table) } else { state.referred(own.table).map(|shared| &**shared) };
        let to = target
            .and_then(|target| Some(format!("{}.{}", target.name, target.column_names(&own.references).first()?)));
        parts.push(format!("references = {}", quoted(&to.unwrap_or_default())));
        parts.extend(action("on_delete", own.on_delete));
        parts.extend(action("on_update", own.on_update));
        parts.extend(deferrable(own.deferrable));
    }
    if let Some(check) = table.checks.iter().find(|one| check_of(one, table) == Some(column.id)) {
        parts.push(format!("check = {}", quoted(&sql(&check.expr, table, backend))));
    }
    if let Some(comment) = &column.comment {
        parts.push(format!("comment = {}", quoted(comment)));
    }
    if parts.is_empty() && !matches!(column.data_type, DataType::Verbatim(_)) {
        return data_type;
    }
    parts.insert(0, format!("type = {data_type}"));
    format!("{{ {} }}", parts.join(", "))
}

/// What a foreign key does, where it does something.
pub(super) fn action(key: &str, action: Action) -> Option<String> {
    let words = match action {
        Action::NoAction => return None,
        Action::Restrict => "restrict",
        Action::Cascade => "cascade",
        Action::SetNull => "set null",
        Action::SetDefault => "set default",
    };
    Some(format!("{key} = \"{words}\""))
}

/// Whether a foreign key waits.
pub(super) fn deferrable(deferrable: Option<Deferrable>) -> Option<String> {
    let word = match deferrable? {
        Deferrable::Immediate => "immediate",
        Deferrable::Deferred => "deferred",
    };
    Some(format!("deferrable = \"{word}\""))
}

/// A default, as a manifest writes it.
pub(super) fn value(value: &Scalar, table: &Table, backend: Backend) -> String {
    match value {
        Scalar::Literal(literal) => self::literal(literal),
        Scalar::Expr(expr) => format!("{{ expr = {} }}", quoted(&sql(expr, table, backend))),
    }
}

fn literal(of: &Literal) -> String {
    match of {
        Literal::Bool(value) => value.to_string(),
        Literal::Integer(value) => value.to_string(),
        Literal::Float(value) => Value::from(*value).to_string(),
        Literal::String(text) => quoted(text),
        Literal::Date(text) | Literal::Time(text) | Literal::DateTime(text) | Literal::OffsetDateTime(text) => {
            text.clone()
        }
        Literal::Bytes(hex) => format!("{{ hex = \"{hex}\" }}"),
        Literal::Array(items) => format!("[{}]", items.iter().map(literal).collect::<Vec<_>>().join(", ")),
    }
}

/// The keys of an index, less its name and table, as a table.
pub(super) fn index(index: &Index, table: &Table, state: &State) -> String {
    let backend = state.backend();
    let columns: Vec<String> = index.parts.iter().map(|part| self::part(part, table, backend)).collect();
    let mut parts = vec![format!("columns = [{}]", columns.join(", "))];
    if index.unique {
        parts.push("unique = true".to_owned());
    }
    if let Some(using) = &index.using {
        parts.push(format!("using = {}", quoted(using)));
    }
    if !index.include.is_empty() {
        parts.push(format!("include = {}", list(table.column_names(&index.include))));
    }
    if index.nulls_alike {
        parts.push("nulls_distinct = false".to_owned());
    }
    if let Some(with) = &index.with {
        parts.push(format!("with = {}", quoted(with)));
    }
    if let Some(predicate) = &index.predicate {
        parts.push(format!("where = {}", quoted(&sql(predicate, table, backend))));
    }
    format!("{{ {} }}", parts.join(", "))
}

fn part(part: &IndexPart, table: &Table, backend: Backend) -> String {
    let mut keys = Vec::new();
    let name = match &part.key {
        IndexKey::Column(id) => {
            let name = quoted(table.column_name(*id));
            keys.push(format!("column = {name}"));
            Some(name)
        }
        IndexKey::Expr(expr) => {
            keys.push(format!("expr = {}", quoted(&sql(expr, table, backend))));
            None
        }
    };
    if part.order == Order::Desc {
        keys.push("order = \"desc\"".to_owned());
    }
    if let Some(nulls) = part.nulls {
        keys.push(format!("nulls = \"{}\"", if nulls == Nulls::First { "first" } else { "last" }));
    }
    if let Some(length) = part.length {
        keys.push(format!("length = {length}"));
    }
    if let Some(collation) = &part.collation {
        keys.push(format!("collation = {}", quoted(collation)));
    }
    if let Some(opclass) = &part.opclass {
        keys.push(format!("opclass = {}", quoted(opclass)));
    }
    match name {
        Some(name) if keys.len() == 1 => name,
        _ => format!("{{ {} }}", keys.join(", ")),
    }
}
