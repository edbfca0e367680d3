//! Rows that are kept in a table beside theirs until what changes or deletes them is undone.

use std::sync::Arc;

use super::{Change, Lower};
use crate::backend::Backend;
use crate::diagnostic::{Code, Severity};
use crate::ident::{Suffix, TableName, generated_name};
use crate::operation::Action;
use crate::operation::hash;
use crate::state::{Column, ColumnId, Expr, Kept, Name, PrimaryKey, RowValues, Table, TableId};

impl Lower<'_> {
    /// The rows that an update changes: what finds them, and what is set.
    pub(super) fn kept_for_update(&mut self, table: &Table, set: &RowValues, filter: Option<Expr>) -> Option<Change> {
        let Some(key) = &table.primary_key else {
            let message = format!("`{}` has no primary key by which kept rows are found again", table.name);
            let diagnostic = self
                .error(Code::UnknownConstraint, "keep", message)
                .help("write a `down`, or give the table a key first");
            self.report(diagnostic);
            return None;
        };
        if let Some((id, _)) = set.iter().find(|(id, _)| key.columns.contains(id)) {
            let message =
                format!("`{}` is in the primary key, by which kept rows are found again", table.column_name(*id));
            let diagnostic = self.error(Code::TypeMismatch, "set", message).help("write a `down` instead of `keep`");
            self.report(diagnostic);
            return None;
        }
        let ids: Vec<ColumnId> = key.columns.iter().copied().chain(set.iter().map(|(id, _)| *id)).collect();
        let of_key = key.columns.len();
        Some(self.kept(table, &ids, of_key, filter))
    }

    /// The rows that a delete takes away, whole.
    pub(super) fn kept_for_delete(&mut self, table: &Table, filter: Expr) -> Option<Change> {
        let own = table.foreign_keys.iter().find(|key| key.table == table.id);
        if let Some(key) = own.filter(|_| self.state.backend == Backend::Mysql) {
            let message = format!(
                "MySQL looks at each row that comes back by itself, and `{}` has rows of `{}` refer to one another",
                key.name.text, table.name
            );
            let diagnostic =
                self.error(Code::UnsupportedByBackend, "keep", message).help("write a `down` instead of `keep`");
            self.report(diagnostic);
            return None;
        }
        let follows = |action| matches!(action, Action::Cascade | Action::SetNull | Action::SetDefault);
        let taken = self.state.referrers(table.id).into_iter().find_map(|other| {
            let mut keys = other.foreign_keys.iter().filter(|key| key.table == table.id);
            keys.find(|key| follows(key.on_delete)).map(|key| (other.name.clone(), key.name.text.clone()))
        });
        if let Some((other, key)) = taken {
            let message =
                format!("key `{key}` changes or deletes rows of `{other}` with these, and those are not kept");
            let mut diagnostic = self
                .error(Code::DataLoss, "keep", message)
                .help(format!("delete the rows of `{other}` before, with a `keep` of their own"));
            diagnostic.severity = Severity::Warning;
            self.report(diagnostic);
        }
        let ids: Vec<ColumnId> =
            table.columns.iter().filter(|column| column.generated.is_none()).map(|column| column.id).collect();
        Some(self.kept(table, &ids, 0, Some(filter)))
    }

    fn kept(&mut self, table: &Table, ids: &[ColumnId], of_key: usize, filter: Option<Expr>) -> Change {
        let (name, taken) = self.name_beside(&table.name);
        let mut beside = Table::without_columns(TableId(self.state.fresh()), name);
        // So that texts are compared in both alike.
        if self.state.backend == Backend::Mysql {
            beside.options.clone_from(&table.options);
        }
        let mut columns = Vec::with_capacity(ids.len());
        for (at, id) in ids.iter().enumerate() {
            let Some(column) = table.column(*id) else { continue };
            let own = ColumnId(self.state.fresh());
            columns.push((*id, own));
            beside.columns.push(Column {
                id: own,
                null: at >= of_key,
                default: None,
                auto_increment: false,
                sequence: None,
                comment: None,
                generated: None,
                ..column.clone()
            });
        }
        let key: Vec<(ColumnId, ColumnId)> = columns.iter().take(of_key).copied().collect();
        if !key.is_empty() {
            let text = generated_name(&beside.name.name, "", Suffix::PrimaryKey);
            let columns = key.iter().map(|(_, own)| *own).collect();
            beside.primary_key = Some(PrimaryKey { name: Name { text, generated: true }, columns, age: 0 });
        }
        let beside = Arc::new(beside);
        Change::KeepRows(Box::new(Kept { table: table.id, beside, columns, key, filter, taken }))
    }

    /// A free name for a table beside another, and those tried before it. The operation decides it, not what else exists: in
    /// whatever order others are undone, it is found again.
    fn name_beside(&self, table: &TableName) -> (TableName, Vec<TableName>) {
        // Room for a number, and for the key's name behind it.
        let most = self.state.backend.capabilities().max_identifier_bytes.saturating_sub("_12345678_99999_pkey".len());
        let mut stem = format!("dbmigrate_kept_{}", table.name);
        while stem.len() > most {
            stem.pop();
        }
        stem = format!("{stem}_{}", hash(self.operation).get(..8).unwrap_or_default());
        let free = |name: &TableName| {
            let key = name.renamed(generated_name(&name.name, "", Suffix::PrimaryKey));
            self.state.name_taken(name).is_none() && self.state.name_taken(&key).is_none()
        };
        let (mut name, mut taken) = (table.renamed(stem.clone()), Vec::new());
        while !free(&name) {
            let next = table.renamed(format!("{stem}_{}", taken.len() + 2));
            taken.push(std::mem::replace(&mut name, next));
        }
        (name, taken)
    }
}
