//! The accesses of changes of columns.

use super::super::resource::{Mode, Namespace, Resource};
use super::Collector;
use crate::state::Change;

impl Collector<'_> {
    /// A change of a column; nothing for any other.
    pub(super) fn of_column(&mut self, change: &Change) {
        match change {
            Change::AddColumn { table, column, fill } => {
                let Some(table) = self.of_table(*table) else { return };
                self.use_table(&table);
                let name = say!(self, "{}.{}", table.name, column.name);
                self.push(Resource::Column(column.id), Mode::Change, say!(self, "adds {name}"));
                let folded = self.fold(&column.name);
                self.push(
                    Resource::Name(Namespace::Columns(table.id), folded),
                    Mode::Change,
                    say!(self, "adds {name}"),
                );
                self.push(Resource::ColumnList(table.id), Mode::Append, say!(self, "adds a column to {}", table.name));
                self.of_enum(&column.data_type, Mode::Use);
                if column.default.is_some() || !column.null || fill.is_some() {
                    self.rules(&table);
                    self.rows(&table, Mode::Use, "fills");
                }
                if let Some(sequence) = &column.sequence {
                    let name = table.name.renamed(sequence.text.clone());
                    self.relation(&name, Mode::Change, "takes");
                }
                for value in column.default.iter().chain(fill) {
                    self.scalar(&table, value);
                }
                if let Some(how) = &column.generated {
                    self.expr(&table, &how.expr);
                    self.rows(&table, Mode::Use, "computes");
                }
            }
            Change::DropColumn { table, column, .. } => {
                let Some(table) = self.of_table(*table) else { return };
                self.use_table(&table);
                self.column(&table, *column, Mode::Change, "drops");
                self.rules(&table);
                if let Some(column) = table.column(*column) {
                    self.of_enum(&column.data_type, Mode::Release);
                    self.column_calls(column, Mode::Release);
                    for id in column.generated.iter().flat_map(|how| how.expr.columns()).collect::<Vec<_>>() {
                        self.column(&table, id, Mode::Release, "lets go of");
                    }
                }
                let name = table.column_name(*column).to_owned();
                let folded = self.fold(&name);
                let words = say!(self, "drops {}.{name}", table.name);
                self.push(Resource::Name(Namespace::Columns(table.id), folded), Mode::Change, words);
                self.push(Resource::ColumnList(table.id), Mode::Append, say!(self, "drops a column of {}", table.name));
                if let Some(sequence) = table.column(*column).and_then(|column| column.sequence.clone()) {
                    self.relation(&table.name.renamed(sequence.text), Mode::Change, "frees");
                }
            }
            Change::RenameColumn { table, column, to } => {
                let Some(table) = self.of_table(*table) else { return };
                self.use_table(&table);
                self.column(&table, *column, Mode::Change, "renames");
                for name in [table.column_name(*column).to_owned(), to.clone()] {
                    let folded = self.fold(&name);
                    let words = say!(self, "renames {}.{name}", table.name);
                    self.push(Resource::Name(Namespace::Columns(table.id), folded), Mode::Change, words);
                }
                self.push(
                    Resource::ColumnList(table.id),
                    Mode::Append,
                    say!(self, "renames a column of {}", table.name),
                );
                self.push(Resource::Programs, Mode::Use, "needs triggers and views as they are");
            }
            Change::AlterColumn { table, column, patch, using, fill, .. } => {
                let Some(table) = self.of_table(*table) else { return };
                self.use_table(&table);
                if patch.is_empty() {
                    self.column(&table, *column, Mode::Use, "finds nothing to alter in");
                    return;
                }
                self.column(&table, *column, Mode::Change, "alters");
                self.rules(&table);
                if patch.data_type.is_some() || patch.null == Some(false) || patch.collation.is_some() || fill.is_some()
                {
                    self.rows(&table, Mode::Use, "converts");
                }
                self.rebuild();
                let types = [patch.data_type.as_ref(), table.column(*column).map(|column| &column.data_type)];
                for data_type in types.into_iter().flatten().filter(|_| patch.data_type.is_some()) {
                    self.of_enum(data_type, Mode::Use);
                }
                if let Some(expr) = using {
                    self.expr(&table, expr);
                }
                if let Some(column) = table.column(*column).filter(|_| patch.default.is_some()) {
                    self.column_calls(column, Mode::Release);
                }
                for value in patch.default.iter().flatten().chain(fill) {
                    self.scalar(&table, value);
                }
                let sequences = [
                    table.column(*column).and_then(|column| column.sequence.clone()),
                    patch.auto_increment.as_ref().and_then(|(_, name)| name.clone()),
                ];
                if patch.auto_increment.is_some() {
                    for sequence in sequences.into_iter().flatten() {
                        self.relation(&table.name.renamed(sequence.text), Mode::Change, "takes or frees");
                    }
                }
            }
            _ => {}
        }
    }
}
