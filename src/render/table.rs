//! Tables, columns and constraints as SQL: what the backends say alike.

use sea_query::{Alias, ColumnDef, ColumnType, Expr};

use super::error::RenderError;
use super::expression::own_expression;
use super::sea::{self, Key, table_ref};
use super::types::column_type;
use super::{index, value};
use crate::backend::Backend;
use crate::ident::TableName;
use crate::operation::{Action, DataType, Deferrable};
use crate::state::{Column, ColumnId, Constraint, ForeignKey, Scalar, State, Table, is_key_by_constraint};

/// CREATE TABLE, under the table's own name or a temporary one. Its indexes are statements of their own.
pub(super) fn create(backend: Backend, state: &State, table: &Table, name: &TableName) -> Result<String, RenderError> {
    check_schema(backend, name)?;
    if backend == Backend::Sqlite && table.columns.is_empty() {
        let message = format!("SQLite has no tables without columns, and `{}` would have none", table.name);
        return Err(RenderError::unsupported(message));
    }
    let numbered = numbered_key(backend, table)?;
    let mut lines = Vec::with_capacity(table.columns.len() + 2);
    for column in &table.columns {
        let mut definition = self::column(backend, column, table)?;
        if let Some(key) = table.primary_key.as_ref().filter(|_| numbered == Some(column.id)) {
            definition.extra(format!("CONSTRAINT {} PRIMARY KEY AUTOINCREMENT", backend.ident(&key.name.text)));
        }
        lines.push(sea::column(backend, &definition));
    }
    for constraint in table.constraints() {
        let behind_column = numbered.is_some() && matches!(constraint, Constraint::PrimaryKey(_));
        if !behind_column && !comes_later(backend, table, &constraint) {
            lines.extend(constraint_lines(backend, state, &constraint, table)?);
        }
    }
    if backend == Backend::Mysql {
        for one in &table.indexes {
            lines.push(index::definition(backend, table, one)?);
        }
    }
    let lines = if lines.is_empty() { String::new() } else { format!("\n  {}\n", lines.join(",\n  ")) };
    let mut sql = format!("CREATE TABLE {} ({lines})", backend.table(name));
    if let Some(options) = &table.options {
        sql.push_str(&format!(" {}", options.trim()));
    }
    if let (Some(comment), Backend::Mysql) = (&table.comment, backend) {
        sql.push_str(&format!(" COMMENT {}", backend.string(comment)));
    }
    Ok(sql)
}

/// Refuses a name with a schema where there are none.
pub(super) fn check_schema(backend: Backend, name: &TableName) -> Result<(), RenderError> {
    let capabilities = backend.capabilities();
    if name.schema.is_some() && !capabilities.schemas {
        let message = format!("{} has no schemas, and `{name}` names one", capabilities.title);
        return Err(RenderError::unsupported(message));
    }
    Ok(())
}

/// What CREATE TABLE cannot say: a key whose rows are not checked. On PostgreSQL it also silently makes only the first of
/// several keys over the same columns, and takes no key to the table itself that an index is yet to make unique.
pub(super) fn comes_later(backend: Backend, table: &Table, constraint: &Constraint) -> bool {
    let on_postgres = backend == Backend::Postgres;
    match constraint {
        Constraint::ForeignKey(key) if key.unchecked => true,
        Constraint::ForeignKey(key) if on_postgres && key.table == table.id => {
            !is_key_by_constraint(table, &key.references)
        }
        Constraint::Unique(unique) if on_postgres => {
            let mut before = table.uniques.iter().take_while(|other| other.name != unique.name);
            table.primary_key.as_ref().is_some_and(|key| key.columns == unique.columns)
                || before.any(|other| other.columns == unique.columns)
        }
        Constraint::ForeignKey(_) | Constraint::Unique(_) | Constraint::PrimaryKey(_) | Constraint::Check(_) => false,
    }
}

pub(super) fn drop(backend: Backend, table: &Table) -> String {
    sea::schema(backend, &sea_query::Table::drop().table(table_ref(&table.name)).take())
}

/// SQLite: the numbered column whose key stands behind the column itself.
fn numbered_key(backend: Backend, table: &Table) -> Result<Option<ColumnId>, RenderError> {
    let Some(column) = table.columns.iter().find(|column| column.auto_increment) else { return Ok(None) };
    if backend != Backend::Sqlite {
        return Ok(None);
    }
    let sole = table.primary_key.as_ref().is_some_and(|key| key.columns == [column.id]);
    let others = table.columns.iter().filter(|column| column.auto_increment).count() > 1;
    if sole && !others {
        return Ok(Some(column.id));
    }
    let message = format!(
        "SQLite numbers a column only where it alone is the primary key, and `{}.{}` is not the whole key of its table",
        table.name, column.name
    );
    Err(RenderError::unsupported(message).help("make it the table's whole `primary_key`, or number the rows yourself"))
}

/// A column with its type, NOT NULL, default and numbering.
pub(super) fn column(backend: Backend, column: &Column, table: &Table) -> Result<ColumnDef, RenderError> {
    let mut of_type = column_type(backend, column)?;
    if let Some(collation) = &column.collation {
        of_type.push_str(&format!(" COLLATE {}", backend.own_name(collation)));
    }
    let mut definition = ColumnDef::new_with_type(Alias::new(&column.name), ColumnType::custom(of_type));
    if let Some(how) = &column.generated {
        definition.generated(Expr::cust(own_expression(backend, &how.expr, table)), how.stored);
    }
    // MariaDB has no NOT NULL on what it computes.
    if !column.null && (backend != Backend::Mysql || column.generated.is_none()) {
        definition.not_null();
    }
    let moment = column.generated.is_none() && column.data_type == DataType::TimestampTz;
    if column.null && moment && backend == Backend::Mysql {
        // Some servers take a timestamp to be NOT NULL.
        definition.null();
    }
    // Where NULL is no value, MySQL takes none for a default either.
    let none = |value: &Scalar| backend == Backend::Mysql && !column.null && value::is_null(value);
    if let Some(value) = column.default.as_ref().filter(|value| !none(value)) {
        // A word, so that it is in brackets only where it must be.
        definition.default(Expr::custom_keyword(Alias::new(value::default(backend, value, column, table)?)));
    }
    if let (DataType::Enum(of), Backend::Sqlite) = (&column.data_type, backend) {
        let values: Vec<String> = of.values.iter().map(|value| backend.string(value)).collect();
        definition.check(Expr::cust(format!("{} IN ({})", backend.ident(&column.name), values.join(", "))));
    }
    if column.auto_increment && backend == Backend::Postgres {
        definition.extra(identity(backend, column, table));
    }
    if column.auto_increment && backend == Backend::Mysql {
        definition.auto_increment();
    }
    if let (Some(comment), Backend::Mysql) = (&column.comment, backend) {
        definition.extra(format!("COMMENT {}", backend.string(comment)));
    }
    Ok(definition)
}

/// ALTER TABLE … ADD COLUMN.
pub(super) fn add_column(backend: Backend, table: &Table, added: &Column) -> Result<String, RenderError> {
    Ok(sea::schema(backend, sea::alter(&table.name).add_column(column(backend, added, table)?)))
}

/// PostgreSQL's identity, with its sequence's name where that is known.
pub(super) fn identity(backend: Backend, column: &Column, table: &Table) -> String {
    let qualified = |name: &str| backend.qualified(table.name.schema.as_deref(), name);
    let named = column.sequence.as_ref().map(|sequence| format!(" (SEQUENCE NAME {})", qualified(&sequence.text)));
    format!("GENERATED BY DEFAULT AS IDENTITY{}", named.unwrap_or_default())
}

/// A constraint as it stands in CREATE TABLE and behind ADD: on MySQL the index of a foreign key is a line of its own,
/// and a primary key has no name.
pub(super) fn constraint_lines(
    backend: Backend,
    state: &State,
    constraint: &Constraint,
    table: &Table,
) -> Result<Vec<String>, RenderError> {
    let name = constraint.name().text.as_str();
    let key = |kind, name, columns: &[ColumnId]| {
        index::are_compared(backend, table, columns, || format!("`{}`", constraint.name().text))?;
        Ok::<_, RenderError>(sea::key(backend, &kind, name, table.column_names(columns)))
    };
    Ok(match constraint {
        Constraint::PrimaryKey(of) => {
            vec![key(Key::Primary, Some(name).filter(|_| backend != Backend::Mysql), &of.columns)?]
        }
        Constraint::Unique(of) => vec![key(Key::Unique, Some(name), &of.columns)?],
        Constraint::Check(check) => vec![sea::check(backend, name, own_expression(backend, &check.expr, table))],
        Constraint::ForeignKey(of) => {
            let index = key(Key::Plain, Some(name), &of.columns)?;
            let columns = backend.idents(table.column_names(&of.columns));
            let references = references(backend, state, of, table)?;
            let line = format!("CONSTRAINT {} FOREIGN KEY ({columns}) {references}", backend.ident(name));
            if backend == Backend::Mysql { vec![index, line] } else { vec![line] }
        }
    })
}

/// ALTER TABLE, with actions in SQL.
pub(super) fn alter(backend: Backend, table: &Table, actions: &str) -> String {
    format!("ALTER TABLE {} {actions}", backend.table(&table.name))
}

/// ALTER TABLE … ADD, of a constraint.
pub(super) fn add_constraint(
    backend: Backend,
    state: &State,
    constraint: &Constraint,
    table: &Table,
) -> Result<String, RenderError> {
    let lines = constraint_lines(backend, state, constraint, table)?;
    Ok(alter(backend, table, &format!("ADD {}", lines.join(", ADD "))))
}

/// The table that a foreign key of a table points to.
pub(super) fn referred<'t>(key: &ForeignKey, table: &'t Table, state: &'t State) -> Option<&'t Table> {
    if key.table == table.id { Some(table) } else { state.referred(key.table).map(|shared| &**shared) }
}

/// `REFERENCES "table" ("column") ON DELETE …`.
pub(super) fn references(
    backend: Backend,
    state: &State,
    key: &ForeignKey,
    table: &Table,
) -> Result<String, RenderError> {
    let dangling = || RenderError::dangling(&format!("foreign key `{}`", key.name.text), &table.name);
    let referred = referred(key, table, state).ok_or_else(dangling)?;
    let mut sql = format!(
        "REFERENCES {} ({})",
        backend.table(&referred.name),
        backend.idents(referred.column_names(&key.references))
    );
    for (event, action) in [("ON DELETE", key.on_delete), ("ON UPDATE", key.on_update)] {
        if action != Action::NoAction {
            sql.push_str(&format!(" {event} {}", action_words(action)));
        }
    }
    sql.push_str(match key.deferrable {
        None => "",
        Some(Deferrable::Immediate) => " DEFERRABLE",
        Some(Deferrable::Deferred) => " DEFERRABLE INITIALLY DEFERRED",
    });
    if key.unchecked {
        sql.push_str(" NOT VALID");
    }
    Ok(sql)
}

/// What SQL calls an action.
pub(super) const fn action_words(action: Action) -> &'static str {
    match action {
        Action::NoAction => "NO ACTION",
        Action::Restrict => "RESTRICT",
        Action::Cascade => "CASCADE",
        Action::SetNull => "SET NULL",
        Action::SetDefault => "SET DEFAULT",
    }
}

/// ALTER TABLE … RENAME TO. The schema stays.
pub(super) fn rename(backend: Backend, from: &TableName, to: &str) -> String {
    sea::schema(backend, sea_query::Table::rename().table(table_ref(from), Alias::new(to)))
}

/// ALTER TABLE … RENAME COLUMN.
pub(super) fn rename_column(backend: Backend, table: &Table, column: ColumnId, to: &str) -> String {
    let from = table.column_name(column).to_owned();
    sea::schema(backend, sea::alter(&table.name).rename_column(from, to.to_owned()))
}

/// ALTER TABLE … DROP COLUMN.
pub(super) fn drop_column(backend: Backend, table: &Table, column: ColumnId) -> String {
    sea::schema(backend, sea::alter(&table.name).drop_column(Alias::new(table.column_name(column))))
}

/// ALTER TABLE … DROP CONSTRAINT.
pub(super) fn drop_constraint(backend: Backend, table: &Table, name: &str) -> String {
    sea::schema(backend, sea::alter(&table.name).drop_constraint(Alias::new(name)))
}
