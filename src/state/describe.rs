//! A state in words: one line for each fact, with names in place of identities. Two
//! states are the same schema if their lines are the same; the order of columns does not count.

use std::collections::BTreeSet;

use super::{Constraint, Expr, IndexKey, Scalar, State, Table};

impl State {
    /// Every fact of the schema as a line of its own, names in place of identities.
    #[must_use]
    pub fn describe(&self) -> BTreeSet<String> {
        let mut lines = BTreeSet::new();
        for table in self.tables() {
            self.describe_table(table, &mut lines);
        }
        for trigger in self.triggers() {
            lines.insert(format!("trigger {} on {}: {}", trigger.name, trigger.table, trigger.sql));
        }
        for view in self.views() {
            lines.insert(format!("view {}: {}", view.name, view.sql));
        }
        lines
    }

    /// What two states differ in: facts of this one with `-` in front, of the other with `+`.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let (mine, others) = (self.describe(), other.describe());
        let gone = mine.difference(&others).map(|line| format!("- {line}"));
        gone.chain(others.difference(&mine).map(|line| format!("+ {line}"))).collect()
    }

    /// The facts of one table.
    pub(crate) fn describe_table(&self, table: &Table, lines: &mut BTreeSet<String>) {
        let name = &table.name;
        lines.insert(format!("table {name} options {:?}", table.options));
        let text = |expr: &Expr| expr.print(table, &|name| format!("\"{name}\""));
        for column in &table.columns {
            let default = match &column.default {
                None => String::new(),
                Some(Scalar::Literal(literal)) => format!(" default {literal:?}"),
                Some(Scalar::Expr(expr)) => format!(" default ({})", text(expr)),
            };
            lines.insert(format!(
                "column {name}.{}: {}{}{default}{}{}",
                column.name,
                column.data_type,
                if column.null { " null" } else { "" },
                if column.auto_increment { " auto_increment" } else { "" },
                column.sequence.as_ref().map(|sequence| format!(" {}", sequence.text)).unwrap_or_default(),
            ));
        }
        for constraint in table.constraints() {
            let what = match &constraint {
                Constraint::PrimaryKey(key) => format!("{:?}", table.column_names(&key.columns)),
                Constraint::Unique(unique) => format!("{:?}", table.column_names(&unique.columns)),
                Constraint::Check(check) => text(&check.expr),
                Constraint::ForeignKey(key) => {
                    let target = self.table(key.table);
                    let of = target.map(|target| format!("{}{:?}", target.name, target.column_names(&key.references)));
                    format!(
                        "{:?} to {} {:?} {:?}",
                        table.column_names(&key.columns),
                        of.unwrap_or_default(),
                        key.on_delete,
                        key.on_update
                    )
                }
            };
            lines.insert(format!("{} {name}.{}: {what}", constraint.kind().title(), constraint.name().text));
        }
        for index in &table.indexes {
            let parts: Vec<String> = index
                .parts
                .iter()
                .map(|part| {
                    let key = match &part.key {
                        IndexKey::Column(id) => table.column_name(*id).to_owned(),
                        IndexKey::Expr(expr) => text(expr),
                    };
                    format!("{key} {:?} {:?}", part.order, part.nulls)
                })
                .collect();
            let filter = index.predicate.as_ref().map(text);
            let unique = if index.unique { "unique " } else { "" };
            lines.insert(format!(
                "{unique}index {name}.{} {parts:?} where {filter:?} using {:?}",
                index.name, index.using
            ));
        }
    }
}
