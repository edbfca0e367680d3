//! Enums. A value is renamed and added in place; the type is made anew where a value goes, or where one that comes is used
//! in the same transaction, which PostgreSQL calls unsafe. What stands over columns of the type goes before and comes back
//! after.

use std::collections::HashSet;

use sea_query::extension::postgres::{Type, TypeAlterStatement};
use sea_query::{Alias, PostgresQueryBuilder};

use super::super::change_context::{EnumValue, RenderedChange};
use super::super::{index, objects, raw, table, value};
use super::{BACKEND, RenderError, alter_column};
use crate::ident::TableName;
use crate::operation::{DataType, EnumType};
use crate::sql_text::names_in_casts;
use crate::state::{Column, Constraint, State, Table, View};

/// ALTER TYPE, before it says what.
fn altered(name: &TableName) -> TypeAlterStatement {
    Type::alter().name(objects::type_ref(name))
}

/// ALTER TYPE, or the type anew. `state` is the state after. `anew` asks for the latter where values come.
pub(in crate::render) fn alter(
    from: &EnumType,
    to: &EnumType,
    renamed: &[(String, String)],
    anew: bool,
    state: &State,
    rendered: &mut RenderedChange,
) -> Result<(), RenderError> {
    let mut values = from.values.clone();
    for (old, new) in renamed {
        if let Some(value) = values.iter_mut().find(|value| *value == old) {
            value.clone_from(new);
            let renames = altered(&to.name).rename_value(Alias::new(old), Alias::new(new));
            rendered.schema(renames.to_string(PostgresQueryBuilder));
        }
    }
    if values == to.values {
        return Ok(());
    }
    let stays = to.values.iter().filter(|value| values.contains(value));
    if anew || !stays.eq(&values) {
        return made_anew(to, state, rendered);
    }
    let mut before: Option<&String> = None;
    for value in &to.values {
        if !values.contains(value) {
            let adds = altered(&to.name).add_value(Alias::new(value));
            let adds = match (before, values.first()) {
                (Some(before), _) => adds.after(Alias::new(before)),
                (None, Some(first)) => adds.before(Alias::new(first)),
                (None, None) => adds,
            };
            rendered.schema(adds.to_string(PostgresQueryBuilder));
            rendered.added_values.push(EnumValue { of: to.name.clone(), value: BACKEND.string(value) });
        }
        before = Some(value);
    }
    Ok(())
}

/// The old type under another name, a new one, its columns from one to the other, and the old one dropped.
fn made_anew(to: &EnumType, state: &State, rendered: &mut RenderedChange) -> Result<(), RenderError> {
    let old = TableName { schema: to.name.schema.clone(), name: temporary(&to.name.name) };
    let tables: Vec<(&Table, Vec<&Column>)> =
        state.columns_of_enum(&to.name).map(|(table, columns)| (&**table, columns)).collect();
    let over = Over::of(to, state, &tables);
    over.goes(rendered);
    rendered.schema(altered(&to.name).rename_to(Alias::new(&old.name)).to_string(PostgresQueryBuilder));
    rendered.schema(objects::create_enum(to));
    for (table, columns) in &tables {
        let mut actions = Vec::new();
        for column in columns {
            let name = BACKEND.ident(&column.name);
            if column.default.is_some() {
                actions.push(format!("ALTER COLUMN {name} DROP DEFAULT"));
            }
            let list = if matches!(column.data_type, DataType::Array(_)) { "[]" } else { "" };
            let new = BACKEND.table(&to.name);
            actions.push(format!("ALTER COLUMN {name} TYPE {new}{list} USING {name}::text{list}::{new}{list}"));
        }
        rendered.schema(table::alter(BACKEND, table, &actions.join(", ")));
        for column in columns.iter().filter(|column| column.default.is_some()) {
            if let Some(default) = &column.default {
                let default = value::default(BACKEND, default, column, table)?;
                rendered.schema(alter_column(table, column, &format!("SET DEFAULT {default}")));
            }
        }
    }
    rendered.schema(objects::drop_enum(&EnumType { name: old, values: Vec::new() }));
    over.comes_back(state, rendered)
}

/// A name for the old type meanwhile.
fn temporary(name: &str) -> String {
    let mut temporary = format!("dbmigrate_old_{name}");
    while temporary.len() > BACKEND.capabilities().max_identifier_bytes {
        temporary.pop();
    }
    temporary
}

/// What stands over columns whose type goes.
struct Over<'s> {
    /// In the order they were made.
    views: Vec<&'s View>,
    triggers: Vec<&'s crate::state::Trigger>,
    indexes: Vec<(&'s Table, &'s crate::state::Index)>,
    constraints: Vec<(&'s Table, Constraint)>,
}

impl<'s> Over<'s> {
    fn of(made: &EnumType, state: &'s State, tables: &[(&'s Table, Vec<&'s Column>)]) -> Self {
        let name = made.name.to_string();
        let casts = |names: Vec<String>| names.contains(&name);
        let mut views: Vec<&View> = Vec::new();
        for view in state.views() {
            let reads = |table: &Table, columns: &[&Column]| {
                let read = view.reads.as_ref().is_none_or(|reads| reads.contains(&table.id));
                read && (!view.bound || columns.iter().any(|column| view.mentions(table.id, column.id)))
            };
            let over = view.over.iter().any(|under| views.iter().any(|other| other.name == *under));
            if over || casts(names_in_casts(&view.sql)) || tables.iter().any(|(table, columns)| reads(table, columns)) {
                views.push(view);
            }
        }
        let named: HashSet<_> =
            tables.iter().flat_map(|(table, columns)| columns.iter().map(|column| (table.id, column.id))).collect();
        let triggers: Vec<_> = state
            .triggers()
            .iter()
            .filter(|trigger| {
                trigger.columns.iter().any(|column| named.contains(column))
                    || casts(names_in_casts(&trigger.sql))
                    || trigger.table_id.is_none() && views.iter().any(|view| view.name == trigger.table)
            })
            .collect();
        let (mut indexes, mut constraints) = (Vec::new(), Vec::new());
        for table in state.tables() {
            let own = |id| named.contains(&(table.id, id));
            let computed = |index: &&crate::state::Index| {
                index.expressions().any(|expr| expr.opaque || expr.columns().any(own) || casts(expr.names_in_casts()))
            };
            indexes.extend(table.indexes.iter().filter(computed).map(|index| (&**table, index)));
            let over = table.constraints().filter(|constraint| match constraint {
                Constraint::Check(check) => check.expr.columns().any(own) || casts(check.expr.names_in_casts()),
                Constraint::ForeignKey(key) => key.columns.iter().any(|id| own(*id)),
                Constraint::PrimaryKey(_) | Constraint::Unique(_) => false,
            });
            constraints.extend(over.map(|constraint| (&**table, constraint)));
        }
        Self { views, triggers, indexes, constraints }
    }

    fn goes(&self, rendered: &mut RenderedChange) {
        for trigger in self.triggers.iter().rev() {
            let (name, on) = (BACKEND.ident(&trigger.name), BACKEND.table(&trigger.table));
            rendered.schema(format!("DROP TRIGGER {name} ON {on}"));
        }
        for view in self.views.iter().rev() {
            rendered.schema(format!("DROP {} {}", view.sql_kind(), BACKEND.table(&view.name)));
        }
        for (table, constraint) in self.constraints.iter().rev() {
            rendered.schema(table::drop_constraint(BACKEND, table, &constraint.name().text));
        }
        for (table, index) in self.indexes.iter().rev() {
            rendered.schema(index::drop(BACKEND, table, &index.name, false));
        }
    }

    fn comes_back(&self, state: &State, rendered: &mut RenderedChange) -> Result<(), RenderError> {
        for (table, index) in &self.indexes {
            rendered.schema(index::create(BACKEND, table, index)?);
        }
        for (table, constraint) in &self.constraints {
            rendered.schema(table::add_constraint(BACKEND, state, constraint, table)?);
        }
        for view in &self.views {
            rendered.schema(raw::closed(&view.sql));
        }
        for trigger in &self.triggers {
            rendered.schema(raw::closed(&trigger.sql));
        }
        Ok(())
    }
}
