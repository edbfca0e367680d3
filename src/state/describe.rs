//! A state in words: one line for each fact, with names in place of identities. Two
//! states are the same schema if their lines are the same; the order of columns does not count.

use std::collections::BTreeSet;

use super::{Constraint, Expr, ForeignKey, IndexKey, Scalar, SchemaObject, State, Table};
use crate::backend::{Backend, quoted};
use crate::operation::{Action, DataType, Deferrable, Literal, Nulls, Order};

impl State {
    /// Every fact of the schema as a line of its own, names in place of identities.
    #[must_use]
    pub fn describe(&self) -> BTreeSet<String> {
        self.facts(false)
    }

    /// What two states differ in: facts of this one with `-` in front, of the other with `+`.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let [gone, new] = self.facts_apart(other);
        let gone = gone.into_iter().map(|fact| format!("- {fact}"));
        gone.chain(new.into_iter().map(|fact| format!("+ {fact}"))).collect()
    }

    /// The facts that only this one has, and those that only the other has, as far as the backend tells them apart.
    pub(crate) fn facts_apart(&self, other: &Self) -> [Vec<String>; 2] {
        let (mine, others) = (self.facts(true), other.facts(true));
        [mine.difference(&others).cloned().collect(), others.difference(&mine).cloned().collect()]
    }

    fn facts(&self, compared: bool) -> BTreeSet<String> {
        let mut lines: BTreeSet<String> = self.objects().map(|object| object.fact(self)).collect();
        self.tables.values().for_each(|table| self.table_facts(table, compared, &mut lines));
        lines
    }

    /// The facts of one table.
    pub(crate) fn describe_table(&self, table: &Table, lines: &mut BTreeSet<String>) {
        self.table_facts(table, false, lines);
    }

    /// `compared`: types that the backend does not tell apart are alike. On SQLite integers are of one type.
    fn table_facts(&self, table: &Table, compared: bool, lines: &mut BTreeSet<String>) {
        let alike = compared && self.backend() == Backend::Sqlite;
        let name = &table.name;
        lines.insert(table.fact(self));
        let text = |expr: &Expr| expr.print(table, &|name| format!("\"{name}\""));
        for column in &table.columns {
            let default = match &column.default {
                None => String::new(),
                Some(Scalar::Literal(literal)) => format!(" default {}", literal_text(literal)),
                Some(Scalar::Expr(expr)) => format!(" default ({})", text(expr)),
            };
            let generated = column
                .generated
                .as_ref()
                .map(|how| format!(" generated ({}){}", text(&how.expr), if how.stored { " stored" } else { "" }));
            let wide = if let DataType::BigInt { unsigned } = column.data_type { Some(unsigned) } else { None };
            let alike = wide.filter(|_| alike).map(|unsigned| DataType::Integer { unsigned });
            let data_type = alike.as_ref().unwrap_or(&column.data_type);
            let collation = column.collation.as_ref().map(|collation| format!(" collate {collation}"));
            lines.insert(format!(
                "column {name}.{}: {}{}{default}{}{}{}{}{}",
                column.name,
                data_type,
                if column.null { " null" } else { "" },
                if column.auto_increment { " auto_increment" } else { "" },
                column.sequence.as_ref().map(|sequence| format!(" {}", sequence.text)).unwrap_or_default(),
                generated.unwrap_or_default(),
                collation.unwrap_or_default(),
                column.comment.as_ref().map(|comment| format!(" comment {comment:?}")).unwrap_or_default(),
            ));
        }
        for constraint in table.constraints() {
            let what = match &constraint {
                Constraint::PrimaryKey(key) => list(table.column_names(&key.columns)),
                Constraint::Unique(unique) => list(table.column_names(&unique.columns)),
                Constraint::Check(check) => text(&check.expr),
                Constraint::ForeignKey(key) => self.describe_key(table, key),
            };
            lines.insert(format!("{} {name}.{}: {what}", constraint.kind().title(), constraint.name().text));
        }
        for index in &table.indexes {
            let parts = index.parts.iter().map(|part| {
                let key = match &part.key {
                    IndexKey::Column(id) => plain(table.column_name(*id)),
                    IndexKey::Expr(expr) => format!("({})", text(expr)),
                };
                let order = if part.order == Order::Desc { " desc" } else { "" };
                let nulls = match part.nulls {
                    None => "",
                    Some(Nulls::First) => " nulls first",
                    Some(Nulls::Last) => " nulls last",
                };
                let collation = part.collation.as_ref().map(|own| format!(" collate {own}")).unwrap_or_default();
                let opclass = part.opclass.as_ref().map(|own| format!(" {own}")).unwrap_or_default();
                format!("{key}{collation}{opclass}{order}{nulls}")
            });
            let parts = parts.collect::<Vec<_>>().join(", ");
            let filter = index.predicate.as_ref().map(|expr| format!(" where {}", text(expr))).unwrap_or_default();
            let using = index.using.as_ref().map(|using| format!(" using {using}")).unwrap_or_default();
            let unique = if index.unique { "unique " } else { "" };
            let beside = table.column_names(&index.include).join(", ");
            let include = if beside.is_empty() { String::new() } else { format!(" include ({beside})") };
            let nulls = if index.nulls_alike { " nulls not distinct" } else { "" };
            let with = index.with.as_ref().map(|with| format!(" with ({with})")).unwrap_or_default();
            let beside = format!("{include}{nulls}{with}");
            lines.insert(format!("{unique}index {name}.{}: ({parts}){using}{beside}{filter}", index.name));
        }
    }

    fn describe_key(&self, table: &Table, key: &ForeignKey) -> String {
        let target = if key.table == table.id { Some(table) } else { self.referred(key.table).map(|shared| &**shared) };
        let to = target.map(|target| format!("{} {}", target.name, list(target.column_names(&key.references))));
        let mut what = format!("{} to {}", list(table.column_names(&key.columns)), to.unwrap_or_default());
        for (event, action) in [("delete", key.on_delete), ("update", key.on_update)] {
            let action = match action {
                Action::NoAction => continue,
                Action::Restrict => "restrict",
                Action::Cascade => "cascade",
                Action::SetNull => "set null",
                Action::SetDefault => "set default",
            };
            what.push_str(&format!(" on {event} {action}"));
        }
        if key.unchecked {
            what.push_str(" unchecked");
        }
        what.push_str(match key.deferrable {
            None => "",
            Some(Deferrable::Immediate) => " deferrable",
            Some(Deferrable::Deferred) => " deferrable, deferred",
        });
        what
    }
}

/// A literal so that no two that differ look alike.
fn literal_text(literal: &Literal) -> String {
    match literal {
        Literal::Bool(value) => value.to_string(),
        Literal::Integer(value) => value.to_string(),
        Literal::Float(value) => format!("{value:?}"),
        Literal::String(text) => quoted(text, '\''),
        Literal::Date(text) | Literal::Time(text) | Literal::DateTime(text) | Literal::OffsetDateTime(text) => {
            text.clone()
        }
        Literal::Bytes(hex) => format!("x'{hex}'"),
        Literal::Array(items) => format!("[{}]", items.iter().map(literal_text).collect::<Vec<_>>().join(", ")),
    }
}

/// A name as it is, or in quotes where it has more than letters in it.
fn plain(name: &str) -> String {
    let simple = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if simple { name.to_owned() } else { quoted(name, '"') }
}

fn list<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    format!("({})", names.into_iter().map(plain).collect::<Vec<_>>().join(", "))
}
