//! Names: that they fit, that generated ones follow renames, and what a rename must not touch.

use super::super::read_sql::may_mention;
use super::{Lower, PartPath};
use crate::diagnostic::Code;
use crate::ident::{Suffix, generated_name};
use crate::sql_text::mentions;
use crate::state::{Change, ColumnId, ConstraintKind, Name, State, Table};

impl Lower<'_> {
    /// Whether a name fits the backend; reports `identifier-too-long` otherwise.
    pub(super) fn fits(&mut self, name: &str, part: impl PartPath) -> bool {
        let most = self.state.backend.capabilities().max_identifier_bytes;
        if name.len() <= most {
            return true;
        }
        let message = format!("`{name}` is {} bytes long; names have at most {most}", name.len());
        let diagnostic = self.error(Code::IdentifierTooLong, part, message).help(
            "a generated name is made of table and column: give the constraint a name of its own, or shorten these",
        );
        self.report(diagnostic);
        false
    }

    /// A generated name, checked for its length.
    pub(super) fn generate(&mut self, table: &str, column: &str, suffix: Suffix, part: impl PartPath) -> Option<Name> {
        let text = generated_name(table, column, suffix);
        self.fits(&text, part).then_some(Name { text, generated: true })
    }

    /// The renames of generated names that follow a rename of a table or, where `renamed` is one, of that column: names
    /// made of other columns are none of its business. `after` is the table as it will be.
    pub(super) fn follow(
        &mut self,
        before: &Table,
        after: &Table,
        renamed: Option<ColumnId>,
        part: impl PartPath,
    ) -> Option<Vec<Change>> {
        let mut changes = Vec::new();
        if !self.state.backend.capabilities().renames_constraints {
            return Some(changes);
        }
        let table = before.id;
        let follows = |column: Option<ColumnId>| renamed.is_none() || column == renamed;
        let mut constraint = |this: &mut Self, kind, old: &Name, column: Option<ColumnId>, suffix| {
            if !old.generated || !follows(column) {
                return Some(());
            }
            let column = column.map_or("", |id| after.column_name(id));
            let to = this.generate(&after.name.name, column, suffix, part)?;
            if to.text == old.text {
                return Some(());
            }
            if before.constraints().any(|other| other.name().text == to.text) {
                let message =
                    format!("`{}` would be renamed to `{}`, which `{}` has already", old.text, to.text, before.name);
                let diagnostic = this
                    .error(Code::AlreadyExists, part, message)
                    .note("generated names follow a rename of their table or column")
                    .help("drop the constraint of that name first, or give it another one");
                this.report(diagnostic);
                return None;
            }
            changes.push(Change::RenameConstraint { table, kind, name: old.text.clone(), to });
            Some(())
        };
        if let Some(key) = &before.primary_key {
            constraint(self, ConstraintKind::PrimaryKey, &key.name, None, Suffix::PrimaryKey)?;
        }
        for unique in &before.uniques {
            constraint(self, ConstraintKind::Unique, &unique.name, unique.columns.first().copied(), Suffix::Unique)?;
        }
        for key in &before.foreign_keys {
            constraint(self, ConstraintKind::ForeignKey, &key.name, key.columns.first().copied(), Suffix::ForeignKey)?;
        }
        for check in &before.checks {
            constraint(self, ConstraintKind::Check, &check.name, check.column, Suffix::Check)?;
        }
        for column in before.columns.iter().filter(|column| follows(Some(column.id))) {
            let Some(old) = column.sequence.as_ref().filter(|old| old.generated) else { continue };
            let to = self.generate(&after.name.name, after.column_name(column.id), Suffix::Sequence, part)?;
            if to.text != old.text {
                changes.push(Change::RenameSequence { table, column: column.id, to });
            }
        }
        Some(changes)
    }

    /// Reports `rename-under-opaque` where SQL that is kept as text may speak of the name that goes.
    pub(super) fn may_rename(&mut self, table: &Table, name: &str, is_column: bool, part: impl PartPath) -> bool {
        let Some(holder) = self.state.rename_holder(table, name, is_column) else { return true };
        let what = if is_column { "column" } else { "table" };
        let diagnostic = self
            .error(Code::RenameUnderOpaque, part, format!("{what} `{name}` cannot be renamed under {holder}"))
            .note(format!("{holder} is kept as its author wrote it, and its SQL may speak of `{name}`"))
            .help("drop it before the rename and make it again after, with the new name");
        self.report(diagnostic);
        false
    }
}

impl State {
    /// What is kept as text and may speak of a name that goes, with its kind.
    pub(in crate::state) fn rename_holder(&self, table: &Table, name: &str, is_column: bool) -> Option<String> {
        let mut holder = None;
        for trigger in self.triggers() {
            if is_column
                && trigger.table_id != Some(table.id)
                && !may_mention(&trigger.sql, &table.name.name, None, self)
            {
                continue;
            }
            let own = trigger.table_id == Some(table.id) && !is_column && trigger.sql == trigger.written.0;
            let except = own.then_some(&trigger.written.2);
            if may_mention(&trigger.sql, name, except, self) {
                holder = Some(format!("trigger `{}`", trigger.name));
            }
        }
        for view in self.views() {
            // A bound view follows the rename.
            let reads = view.reads.as_ref().is_none_or(|reads| reads.contains(&table.id));
            // Where views keep the names they were written with, none follows.
            let keeps = self.backend().capabilities().programs_keep_names;
            let bound = view.bound && !keeps;
            let column = table.columns.iter().find(|column| is_column && column.name == name);
            let star = keeps && column.is_some_and(|column| view.mentions(table.id, column.id));
            if reads && (star || !bound && may_mention(&view.sql, name, None, self)) {
                holder = Some(format!("view `{}`", view.name));
            }
        }
        for function in self.functions() {
            // PostgreSQL looks into a body of SQL when the function is made, and so when it is made again.
            let reads = function.sql.as_deref().filter(|_| function.is_read_when_made());
            let speaks = |sql: &&str| mentions(sql, name) && (!is_column || mentions(sql, &table.name.name));
            if reads.as_ref().is_some_and(speaks) {
                holder = Some(format!("{} `{}`", function.noun(), function.name));
            }
        }
        for check in &table.checks {
            let text = |expr: &crate::state::Expr| expr.print(table, &str::to_owned);
            if is_column && check.expr.opaque && may_mention(&text(&check.expr), name, None, self) {
                holder = Some(format!("check `{}`", check.name.text));
            }
        }
        holder
    }
}
