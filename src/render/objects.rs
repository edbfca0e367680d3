//! What makes and drops an object that belongs to no table, on each backend, and how it is seen on MySQL whether that ran. A new
//! kind is an arm in each of these; what a backend has not is refused.

use sea_query::extension::postgres::{IntoTypeRef, Type, TypeRef};
use sea_query::{Alias, PostgresQueryBuilder};

use super::error::RenderError;
use super::model::{Finding, Unfit};
use super::raw;
use crate::backend::Backend;
use crate::ident::TableName;
use crate::operation::EnumType;
use crate::state::{Object, Sequence, State};

/// What makes an object, in the state after it; `None` where the backend has nothing of it.
pub(super) fn create(backend: Backend, object: &Object, state: &State) -> Result<Option<String>, RenderError> {
    Ok(Some(match (object, backend) {
        (Object::Extension(extension), Backend::Postgres) => create_extension(&extension.name),
        (Object::Schema(schema), Backend::Postgres) => format!("CREATE SCHEMA {}", backend.ident(&schema.name)),
        (Object::Enum(of), Backend::Postgres) => create_enum(of),
        // Its columns have its values.
        (Object::Enum(_), Backend::Sqlite | Backend::Mysql) => return Ok(None),
        (Object::Sequence(sequence), Backend::Postgres | Backend::Mysql) => create_sequence(backend, sequence, state),
        (Object::Function(function), Backend::Postgres | Backend::Mysql) => {
            raw::closed(function.sql.as_deref().unwrap_or_default())
        }
        // As the state has it: with the names of the moment.
        (Object::View(view), _) => raw::closed(&state.view_named(&view.name).unwrap_or(view).sql),
        (Object::Trigger(trigger), _) => raw::closed(&trigger.sql),
        (Object::Extension(_) | Object::Schema(_), Backend::Sqlite | Backend::Mysql)
        | (Object::Function(_) | Object::Sequence(_), Backend::Sqlite) => {
            return Err(RenderError::no_object(backend, object.get()));
        }
    }))
}

/// What drops an object; `None` where the backend has nothing of it.
pub(super) fn drop(backend: Backend, object: &Object) -> Result<Option<String>, RenderError> {
    Ok(Some(match (object, backend) {
        (Object::Extension(extension), Backend::Postgres) => drop_extension(&extension.name, extension.made_here),
        (Object::Schema(schema), Backend::Postgres) => format!("DROP SCHEMA {}", backend.ident(&schema.name)),
        (Object::Enum(of), Backend::Postgres) => drop_enum(of),
        (Object::Enum(_), Backend::Sqlite | Backend::Mysql) => return Ok(None),
        (Object::Sequence(sequence), Backend::Postgres | Backend::Mysql) => {
            format!("DROP SEQUENCE {}", backend.table(&sequence.name))
        }
        (Object::Function(function), Backend::Postgres | Backend::Mysql) => {
            let name = backend.qualified(function.name.schema.as_deref(), &function.name.name);
            let types =
                if backend.capabilities().overloads { format!("({})", function.name.args) } else { String::new() };
            format!("DROP {} {name}{types}", function.noun().to_uppercase())
        }
        (Object::View(view), _) => format!("DROP {} {}", view.sql_kind(), backend.table(&view.name)),
        (Object::Trigger(trigger), Backend::Postgres) => {
            format!("DROP TRIGGER {} ON {}", backend.ident(&trigger.name), backend.table(&trigger.table))
        }
        (Object::Trigger(trigger), Backend::Sqlite | Backend::Mysql) => {
            format!("DROP TRIGGER {}", backend.ident(&trigger.name))
        }
        (Object::Extension(_) | Object::Schema(_), Backend::Sqlite | Backend::Mysql)
        | (Object::Function(_) | Object::Sequence(_), Backend::Sqlite) => {
            return Err(RenderError::no_object(backend, object.get()));
        }
    }))
}

/// Marks an extension that did not exist before.
const MARK: &str = "created by dbmigrate";

/// CREATE EXTENSION where it does not exist; one that existed before is left alone, and stays.
fn create_extension(name: &str) -> String {
    let (ident, text, mark) =
        (Backend::Postgres.ident(name), Backend::Postgres.string(name), Backend::Postgres.string(MARK));
    format!(
        "DO $dbmigrate$ BEGIN IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = {text}) THEN \
         CREATE EXTENSION {ident}; COMMENT ON EXTENSION {ident} IS {mark}; END IF; END $dbmigrate$"
    )
}

/// DROP EXTENSION; of one that was created here only where that is so.
fn drop_extension(name: &str, made_here: bool) -> String {
    let (ident, text, mark) =
        (Backend::Postgres.ident(name), Backend::Postgres.string(name), Backend::Postgres.string(MARK));
    if !made_here {
        return format!("DROP EXTENSION {ident}");
    }
    format!(
        "DO $dbmigrate$ BEGIN IF EXISTS (SELECT FROM pg_extension WHERE extname = {text} AND \
         obj_description(oid, 'pg_extension') = {mark}) THEN DROP EXTENSION {ident}; END IF; END $dbmigrate$"
    )
}

/// CREATE SEQUENCE, with what its author says of it.
fn create_sequence(backend: Backend, sequence: &Sequence, state: &State) -> String {
    let mut sql = format!("CREATE SEQUENCE {}", backend.table(&sequence.name));
    for (words, number) in [
        ("START WITH", sequence.start),
        ("INCREMENT BY", sequence.increment),
        ("MINVALUE", sequence.min),
        ("MAXVALUE", sequence.max),
    ] {
        if let Some(number) = number {
            sql += &format!(" {words} {number}");
        }
    }
    if sequence.cycle {
        sql += " CYCLE";
    }
    if let Some((table, column)) = sequence.owner_in(state) {
        sql += &format!(" OWNED BY {}.{}", backend.table(&table.name), backend.ident(table.column_name(column)));
    }
    sql
}

pub(super) fn create_enum(of: &EnumType) -> String {
    Type::create().as_enum(type_ref(&of.name)).values(of.values.iter().map(Alias::new)).to_string(PostgresQueryBuilder)
}

pub(super) fn drop_enum(of: &EnumType) -> String {
    Type::drop().name(type_ref(&of.name)).to_string(PostgresQueryBuilder)
}

/// A type's name as sea-query takes it.
pub(super) fn type_ref(name: &TableName) -> TypeRef {
    match &name.schema {
        Some(schema) => (Alias::new(schema), Alias::new(&name.name)).into_type_ref(),
        None => Alias::new(&name.name).into_type_ref(),
    }
}

/// MySQL: what keeps an object from being made or dropped, which only the server can tell.
pub(super) fn unfit(object: &Object) -> Vec<Unfit> {
    match object {
        Object::Sequence(_) => vec![Unfit {
            finding: Finding::Server("this server is MySQL, which has no sequences; MariaDB has them".to_owned()),
            help: "number rows with `auto_increment`, or run on MariaDB",
            sql: "SELECT VERSION() NOT LIKE '%MariaDB%'".to_owned(),
            before_the_run: Some("SELECT VERSION() NOT LIKE '%MariaDB%'".to_owned()),
        }],
        Object::Extension(_)
        | Object::Schema(_)
        | Object::Enum(_)
        | Object::Function(_)
        | Object::View(_)
        | Object::Trigger(_) => Vec::new(),
    }
}

/// MySQL: the rows of a view of the catalog that are there while an object exists; `None` where the server has nothing of it.
pub(super) fn catalog_rows(object: &Object) -> Option<String> {
    Some(match object {
        Object::Trigger(trigger) => catalog("TRIGGERS", &[("TRIGGER_NAME", &trigger.name)]),
        Object::Function(function) => {
            let kind = function.noun().to_uppercase();
            catalog("ROUTINES", &[("ROUTINE_NAME", &function.name.name), ("ROUTINE_TYPE", &kind)])
        }
        Object::Sequence(sequence) => {
            catalog("TABLES", &[("TABLE_NAME", &sequence.name.name), ("TABLE_TYPE", "SEQUENCE")])
        }
        Object::View(view) => catalog("VIEWS", &[("TABLE_NAME", &view.name.name)]),
        Object::Extension(_) | Object::Schema(_) | Object::Enum(_) => return None,
    })
}

/// MySQL: what is in a view of the catalog, of the session's database, where columns have these values.
pub(super) fn catalog(view: &str, values: &[(&str, &str)]) -> String {
    let schema = match view {
        "EVENTS" => "EVENT_SCHEMA",
        "ROUTINES" => "ROUTINE_SCHEMA",
        "TRIGGERS" => "TRIGGER_SCHEMA",
        _ => "TABLE_SCHEMA",
    };
    let conditions = values.iter().map(|(column, value)| format!(" AND {column} = {}", Backend::Mysql.string(value)));
    format!("{view} WHERE {schema} = DATABASE(){}", conditions.collect::<String>())
}
