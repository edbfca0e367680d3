//! The accesses of changes of columns.

use super::Uses;
use crate::state::{Column, ColumnId, ColumnPatch, Expr, Mode, Resource, Scalar, Table};

impl Uses<'_> {
    pub(super) fn add_column(&mut self, table: &Table, column: &Column, fill: Option<&Scalar>) {
        self.push(Resource::Column(column.id), Mode::Change, say!(self, "adds", "{}.{}", table.name, column.name));
        self.push(Resource::ColumnList(table.id), Mode::Append, say!(self, "adds", "a column to {}", table.name));
        self.push(Resource::Remains(column.id), Mode::Change, say!(self, "adds", "{}.{}", table.name, column.name));
        self.of_enum(&column.data_type, Mode::Use);
        if column.default.is_some() || !column.null || fill.is_some() {
            self.rules(table);
            self.rows(table, Mode::Use, "fills");
        }
        for value in column.default.iter().chain(fill) {
            self.scalar(table, value);
        }
        if let Some(how) = &column.generated {
            self.expr(table, &how.expr);
            self.rows(table, Mode::Use, "computes");
        }
    }

    pub(super) fn drop_column(&mut self, table: &Table, column: ColumnId) {
        self.column(table, column, Mode::Change, "drops");
        self.rules(table);
        if let Some(column) = table.column(column) {
            self.of_enum(&column.data_type, Mode::Release);
            self.column_calls(column, Mode::Release);
            let computed = column.generated.iter().flat_map(|how| how.expr.columns());
            self.columns(table, computed, Mode::Release, "lets go of");
        }
        self.push(Resource::ColumnList(table.id), Mode::Append, say!(self, "drops", "a column of {}", table.name));
        self.remains(table, column);
    }

    /// A table has a column: one can be dropped while another remains. Which, is not to depend on what else is dropped: the
    /// oldest.
    fn remains(&mut self, table: &Table, dropped: ColumnId) {
        let name = |id| table.column_name(id);
        self.push(Resource::Remains(dropped), Mode::Change, say!(self, "drops", "{}.{}", table.name, name(dropped)));
        let others = table.columns.iter().map(|column| column.id).filter(|id| *id != dropped);
        if let Some(oldest) = others.min() {
            let words = say!(self, "needs", "a column of {} beside it, such as {}", table.name, name(oldest));
            self.push(Resource::Remains(oldest), Mode::Use, words);
        }
    }

    pub(super) fn alter_column(
        &mut self,
        table: &Table,
        column: ColumnId,
        patch: &ColumnPatch,
        using: Option<&Expr>,
        fill: Option<&Scalar>,
    ) {
        if patch.is_empty() {
            self.column(table, column, Mode::Use, "finds nothing to alter in");
            return;
        }
        self.column(table, column, Mode::Change, "alters");
        self.rules(table);
        if patch.data_type.is_some() || patch.null == Some(false) || patch.collation.is_some() || fill.is_some() {
            self.rows(table, Mode::Use, "converts");
        }
        self.rebuild();
        let before = table.column(column);
        if let Some(to) = &patch.data_type {
            self.of_enum(to, Mode::Use);
            if let Some(before) = before {
                self.of_enum(&before.data_type, Mode::Use);
            }
        }
        if let Some(expr) = using {
            self.expr(table, expr);
        }
        if let Some(before) = before.filter(|_| patch.default.is_some()) {
            self.column_calls(before, Mode::Release);
        }
        for value in patch.default.iter().flatten().chain(fill) {
            self.scalar(table, value);
        }
    }
}
