//! Tables, columns and constraints as SQL: what the backends say alike.
//! By hand through sea-query's quoting, since it leaves SQLite's constraint names out,
//! and writes names of constraints unescaped.

use super::error::RenderError;
use super::expression::own_expression;
use super::sea;
use super::sea::table_ref;
use super::types::column_type;
use super::{index, value};
use crate::backend::Backend;
use crate::ident::TableName;
use crate::operation::{Action, DataType, Deferrable};
use crate::state::{Column, ColumnId, Constraint, ForeignKey, Scalar, State, Table, is_key_by_constraint};

/// CREATE TABLE, under the table's own name or a temporary one. Its indexes are statements of their own.
pub(super) fn create(
    backend: Backend,
    state: &State,
    table: &Table,
    temporary_name: Option<&str>,
) -> Result<String, RenderError> {
    check_schema(backend, &table.name)?;
    if backend == Backend::Sqlite && table.columns.is_empty() {
        return Err(RenderError::NoColumns { table: table.name.to_string() });
    }
    let numbered = numbered_key(backend, table)?;
    let mut lines = Vec::with_capacity(table.columns.len() + 2);
    for column in &table.columns {
        let mut line = column_definition(backend, column, table)?;
        if let Some(key) = table.primary_key.as_ref().filter(|_| numbered == Some(column.id)) {
            line.push_str(" CONSTRAINT ");
            line.push_str(&backend.ident(&key.name.text));
            line.push_str(" PRIMARY KEY AUTOINCREMENT");
        }
        lines.push(line);
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
    let name = temporary_name.map_or_else(|| backend.table(&table.name), |name| backend.ident(name));
    let mut sql = format!("CREATE TABLE {name} (");
    for (at, line) in lines.iter().enumerate() {
        sql.push_str(if at == 0 { "\n  " } else { ",\n  " });
        sql.push_str(line);
    }
    sql.push_str(if lines.is_empty() { ")" } else { "\n)" });
    if let Some(options) = &table.options {
        sql.push(' ');
        sql.push_str(options.trim());
    }
    if let (Some(comment), Backend::Mysql) = (&table.comment, backend) {
        sql.push_str(" COMMENT ");
        sql.push_str(&backend.string(comment));
    }
    Ok(sql)
}

/// Refuses a name with a schema where there are none.
pub(super) fn check_schema(backend: Backend, name: &TableName) -> Result<(), RenderError> {
    let capabilities = backend.capabilities();
    if name.schema.is_some() && !capabilities.schemas {
        return Err(RenderError::Schemas { title: capabilities.title, table: name.to_string() });
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

/// DROP TABLE.
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
        Ok(Some(column.id))
    } else {
        Err(RenderError::NumberedButNotKey { column: format!("{}.{}", table.name, column.name) })
    }
}

/// A column with its type, NOT NULL, default and numbering.
pub(super) fn column_definition(backend: Backend, column: &Column, table: &Table) -> Result<String, RenderError> {
    let mut sql = format!("{} {}", backend.ident(&column.name), column_type(backend, column)?);
    if let Some(collation) = &column.collation {
        sql.push_str(&format!(" COLLATE {}", backend.own_name(collation)));
    }
    if let Some(how) = &column.generated {
        let kept = if how.stored { "STORED" } else { "VIRTUAL" };
        sql.push_str(&format!(" GENERATED ALWAYS AS ({}) {kept}", own_expression(backend, &how.expr, table)));
    }
    // MariaDB has no NOT NULL on what it computes.
    if !column.null && (backend != Backend::Mysql || column.generated.is_none()) {
        sql.push_str(" NOT NULL");
    }
    if column.null
        && column.generated.is_none()
        && column.data_type == DataType::TimestampTz
        && backend == Backend::Mysql
    {
        // Some servers take a timestamp to be NOT NULL.
        sql.push_str(" NULL");
    }
    // Where NULL is no value, MySQL takes none for a default either.
    let none = |value: &Scalar| backend == Backend::Mysql && !column.null && value::is_null(value);
    if let Some(value) = column.default.as_ref().filter(|value| !none(value)) {
        sql.push_str(" DEFAULT ");
        sql.push_str(&value::default(backend, value, column, table)?);
    }
    if let (DataType::Enum(of), Backend::Sqlite) = (&column.data_type, backend) {
        let values: Vec<String> = of.values.iter().map(|value| backend.string(value)).collect();
        sql.push_str(&format!(" CHECK ({} IN ({}))", backend.ident(&column.name), values.join(", ")));
    }
    match backend {
        Backend::Postgres if column.auto_increment => sql.push_str(&format!(" {}", identity(backend, column, table))),
        Backend::Mysql if column.auto_increment => sql.push_str(" AUTO_INCREMENT"),
        Backend::Sqlite | Backend::Postgres | Backend::Mysql => {}
    }
    if let (Some(comment), Backend::Mysql) = (&column.comment, backend) {
        sql.push_str(" COMMENT ");
        sql.push_str(&backend.string(comment));
    }
    Ok(sql)
}

/// PostgreSQL's identity, with its sequence's name where that is known.
pub(super) fn identity(backend: Backend, column: &Column, table: &Table) -> String {
    let mut sql = "GENERATED BY DEFAULT AS IDENTITY".to_owned();
    if let Some(sequence) = &column.sequence {
        sql.push_str(" (SEQUENCE NAME ");
        sql.push_str(&backend.qualified(table.name.schema.as_deref(), &sequence.text));
        sql.push(')');
    }
    sql
}

/// `CONSTRAINT "name" …`, as it stands in CREATE TABLE and behind ADD.
pub(super) fn constraint_definition(
    backend: Backend,
    state: &State,
    constraint: &Constraint,
    table: &Table,
) -> Result<String, RenderError> {
    let name = backend.ident(&constraint.name().text);
    let columns = |ids: &[ColumnId]| backend.idents(table.column_names(ids));
    let keyed = match constraint {
        Constraint::PrimaryKey(key) => key.columns.as_slice(),
        Constraint::Unique(unique) => unique.columns.as_slice(),
        Constraint::ForeignKey(key) => key.columns.as_slice(),
        Constraint::Check(_) => &[],
    };
    index::are_compared(backend, table, keyed, || format!("`{}`", constraint.name().text))?;
    Ok(match constraint {
        Constraint::PrimaryKey(key) => format!("CONSTRAINT {name} PRIMARY KEY ({})", columns(&key.columns)),
        Constraint::Unique(unique) => format!("CONSTRAINT {name} UNIQUE ({})", columns(&unique.columns)),
        Constraint::Check(check) => {
            format!("CONSTRAINT {name} CHECK ({})", own_expression(backend, &check.expr, table))
        }
        Constraint::ForeignKey(key) => {
            let own = columns(&key.columns);
            format!("CONSTRAINT {name} FOREIGN KEY ({own}) {}", references(backend, state, key, table)?)
        }
    })
}

/// A constraint as it stands in CREATE TABLE and behind ADD: on MySQL the index of a foreign key is a line of its own,
/// and a primary key has no name.
pub(super) fn constraint_lines(
    backend: Backend,
    state: &State,
    constraint: &Constraint,
    table: &Table,
) -> Result<Vec<String>, RenderError> {
    let columns = |ids: &[ColumnId]| backend.idents(table.column_names(ids));
    let definition = || constraint_definition(backend, state, constraint, table);
    if backend != Backend::Mysql {
        return Ok(vec![definition()?]);
    }
    let name = backend.ident(&constraint.name().text);
    Ok(match constraint {
        Constraint::PrimaryKey(key) => vec![format!("PRIMARY KEY ({})", columns(&key.columns))],
        Constraint::Unique(unique) => vec![format!("UNIQUE KEY {name} ({})", columns(&unique.columns))],
        Constraint::ForeignKey(key) => vec![format!("KEY {name} ({})", columns(&key.columns)), definition()?],
        Constraint::Check(_) => vec![definition()?],
    })
}

/// `REFERENCES "table" ("column") ON DELETE …`.
pub(super) fn references(
    backend: Backend,
    state: &State,
    key: &ForeignKey,
    table: &Table,
) -> Result<String, RenderError> {
    let referred = if key.table == table.id { Some(table) } else { state.referred(key.table).map(|shared| &**shared) };
    let referred = referred.ok_or_else(|| RenderError::Dangling {
        what: format!("foreign key `{}`", key.name.text),
        table: table.name.to_string(),
    })?;
    let mut sql = format!(
        "REFERENCES {} ({})",
        backend.table(&referred.name),
        backend.idents(referred.column_names(&key.references))
    );
    for (event, action) in [(" ON DELETE ", key.on_delete), (" ON UPDATE ", key.on_update)] {
        if action != Action::NoAction {
            sql.push_str(event);
            sql.push_str(action_words(action));
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

/// ALTER TABLE … RENAME TO.
pub(super) fn rename(backend: Backend, from: &Table, to: &str) -> String {
    // PostgreSQL wants the bare new name; the schema stays.
    format!("ALTER TABLE {} RENAME TO {}", backend.table(&from.name), backend.ident(to))
}

/// ALTER TABLE … RENAME COLUMN.
pub(super) fn rename_column(backend: Backend, table: &Table, from: &str, to: &str) -> String {
    let statement = sea_query::Table::alter()
        .table(table_ref(&table.name))
        .rename_column(sea_query::Alias::new(from), sea_query::Alias::new(to))
        .take();
    sea::schema(backend, &statement)
}

/// ALTER TABLE … DROP COLUMN.
pub(super) fn drop_column(backend: Backend, table: &Table, column: &str) -> String {
    let statement =
        sea_query::Table::alter().table(table_ref(&table.name)).drop_column(sea_query::Alias::new(column)).take();
    sea::schema(backend, &statement)
}
