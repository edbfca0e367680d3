//! Views: create, replace, drop.

use super::{Change, Changes, Lower, PartPath};
use crate::backend::Backend;
use crate::diagnostic::{Code, Severity};
use crate::ident::TableName;
use crate::operation::Text;
use crate::state::{ColumnId, Object, Table, View};

impl Lower<'_> {
    pub(super) fn create_view(
        &mut self,
        name: &TableName,
        select: &Text,
        materialized: bool,
        reads: &[String],
    ) -> Changes {
        if materialized && !self.state.backend.capabilities().materialized_views {
            let message = format!("{} keeps no rows of views", self.state.backend.title());
            let help = "leave `materialized` out, or give it an operation of its own with `backends = [\"postgres\"]`";
            let diagnostic = self.error(Code::UnsupportedByBackend, "materialized", message).help(help);
            self.report(diagnostic);
            return None;
        }
        let select = self.branch(select, "select")?.to_owned();
        self.may_stand(name, "object")?;
        Some(vec![Change::create(self.view(name, &select, materialized, reads)?)])
    }

    /// The view is dropped and made again: not every backend replaces one, and PostgreSQL only with columns added at its end.
    pub(super) fn replace_view(&mut self, name: &TableName, select: &Text, reads: &[String]) -> Changes {
        let select = self.branch(select, "select")?.to_owned();
        let materialized = self.state.view_named(name).is_some_and(|view| view.materialized);
        let mut changes = self.drop_view(name)?;
        let view = self.view(name, &select, materialized, reads)?;
        if view.over.contains(&view.name) {
            let message = format!("the query of `{name}` reads `{name}`, which is dropped before it is made again");
            let diagnostic = self.error(Code::UnknownTable, "select", message);
            self.report(diagnostic);
            return None;
        }
        let own = changes.iter().filter_map(|change| {
            if let Change::Drop(Object::Trigger(trigger)) = change {
                Some(Change::create(trigger.clone()))
            } else {
                None
            }
        });
        let own: Vec<Change> = own.collect();
        changes.push(Change::create(view));
        changes.extend(own);
        Some(changes)
    }

    /// A view of a query, bound to what stands.
    fn view(&mut self, name: &TableName, select: &str, materialized: bool, reads: &[String]) -> Option<View> {
        let select = select.trim().trim_end_matches(';').trim_end();
        let backend = self.state.backend;
        let kind = if materialized { "MATERIALIZED VIEW" } else { "VIEW" };
        let sql = format!("CREATE {kind} {} AS {select}", backend.table(name));
        let mut bound = self.state.bind_view(name.clone(), &sql);
        for table in &bound.unknown_tables {
            // Catalogs stand always, and raw SQL may have made what is not known.
            if self.state.knows_all() && !is_of_the_system(table) {
                self.table(table, "select");
            }
        }
        for column in &bound.unknown_columns {
            let message = format!("the query of `{name}` names `{column}`, which no table that it reads has");
            let diagnostic = self.error(Code::UnknownColumn, "select", message);
            self.report(diagnostic);
        }
        if let Some(text) = bound.senseless.take().filter(|text| self.state.knows_all() && !self.state.calls_own(text))
        {
            let message = format!("`{text}` in the query of `{name}` makes no sense over the types of its columns");
            let diagnostic =
                self.error(Code::TypeMismatch, "select", message).note("PostgreSQL has no such operator or function");
            self.report(diagnostic);
        }
        if bound.view.reads.is_none() && !reads.is_empty() {
            let mut tables = Vec::with_capacity(reads.len());
            for read in reads {
                let (schema, table) = read.split_once('.').map_or((None, read.as_str()), |(s, t)| (Some(s), t));
                let table = TableName { schema: schema.map(str::to_owned), name: table.to_owned() };
                tables.push(self.table(&table, "reads")?.id);
            }
            bound.view.reads = Some(tables);
        }
        Some(bound.view)
    }

    pub(super) fn drop_view(&mut self, name: &TableName) -> Changes {
        let Some(view) = self.state.view_named(name).cloned() else {
            let mut diagnostic =
                self.error(Code::UnknownTable, "object", format!("there is no view `{name}` at this point"));
            let names: Vec<String> = self.state.views().iter().map(|view| view.name.to_string()).collect();
            if let Some(near) = crate::diagnostic::nearest(&name.to_string(), names.iter().map(String::as_str)) {
                diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
            } else if self.state.table_named(name).is_some() {
                diagnostic = diagnostic.help(format!("`{name}` is a table: drop_table = \"{name}\""));
            }
            self.report(diagnostic);
            return None;
        };
        if let Some(over) = self.state.views().iter().find(|other| other.over.contains(&view.name)) {
            let message = format!("view `{name}` is still read by view `{}`", over.name);
            let diagnostic = self.error(Code::StillReferenced, "object", message).help("drop that view first");
            self.report(diagnostic);
            return None;
        }
        // Those that stand in for changes of a view go with it.
        let own =
            self.state.triggers().iter().filter(|trigger| trigger.table_id.is_none() && trigger.table == view.name);
        let mut changes: Vec<Change> = own.cloned().map(Change::drop).collect();
        changes.push(Change::drop(view));
        Some(changes)
    }

    /// Reports `still-referenced` where a view surely needs a column as it is.
    pub(super) fn no_view_needs(
        &mut self,
        table: &Table,
        column: ColumnId,
        what: &str,
        part: impl PartPath,
    ) -> Option<()> {
        let view = self.state.views().iter().find(|view| view.mentions(table.id, column));
        let Some(view) = view else { return self.no_trigger_needs(table, column, what, part) };
        let message =
            format!("view `{}` needs `{}.{}`, which {what}", view.name, table.name, table.column_name(column));
        let diagnostic =
            self.error(Code::StillReferenced, part, message).help("drop the view before, and make it again after");
        self.report(diagnostic);
        None
    }

    /// Reports `still-referenced` where a trigger names a column: PostgreSQL refuses, SQLite may.
    fn no_trigger_needs(&mut self, table: &Table, column: ColumnId, what: &str, part: impl PartPath) -> Option<()> {
        let Some(trigger) = self.state.triggers().iter().find(|t| t.columns.contains(&(table.id, column))) else {
            return Some(());
        };
        let message =
            format!("trigger `{}` names `{}.{}`, which {what}", trigger.name, table.name, table.column_name(column));
        let mut diagnostic =
            self.error(Code::StillReferenced, part, message).help("drop the trigger before, and make it again after");
        let refused = self.state.backend() == Backend::Postgres;
        if !refused {
            diagnostic.severity = Severity::Warning;
        }
        self.report(diagnostic);
        (!refused).then_some(())
    }
}

/// Tables and views that no manifest makes.
fn is_of_the_system(name: &TableName) -> bool {
    let lower = name.name.to_ascii_lowercase();
    name.schema.as_deref().is_some_and(|schema| schema == "information_schema" || schema.starts_with("pg_"))
        || ["sqlite_", "pg_", "dbmigrate_"].iter().any(|prefix| lower.starts_with(prefix))
}
