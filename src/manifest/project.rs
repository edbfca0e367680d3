//! `schema.toml`'s own sections: project, migrations, environments, checks, hooks, seeds.

use std::collections::BTreeMap;

use super::keys::Keys;
use super::model::{Environment, Hooks, Manifest, Seed, SeedKind};
use super::node;
use super::operations::{read_file, rows, rows_have_key};
use super::reader::{Reader, Table, Val};
use crate::backend::Backend;
use crate::database_url::DatabaseUrl;
use crate::diagnostic::{Code, Diagnostic, Severity, Span, nearest};
use crate::grammar::{ENVIRONMENT, HOOKS, MIGRATIONS, PROJECT, SCHEMA, SEED};
use crate::operation::{Migration, Text};

/// Where migrations are looked for unless `[migrations] path` says otherwise.
const MIGRATIONS_PATH: &str = "migrations";
/// The environment that always exists.
const DEVELOPMENT: &str = "development";

/// `[migrations] path` of a parsed manifest, for the loader: nothing is reported.
pub(super) fn migrations_path(table: &toml::de::DeTable<'_>) -> String {
    let path = table.get("migrations").and_then(|val| match val.get_ref() {
        toml::de::DeValue::Table(section) => section.get("path").and_then(|path| path.get_ref().as_str()),
        _ => None,
    });
    path.unwrap_or(MIGRATIONS_PATH).to_owned()
}

/// Reads `schema.toml`. The manifest holds its inline migrations only; `None` where
/// it does not say its backends.
pub(super) fn schema(reader: &mut Reader, folder: &str, table: Table<'_>) -> Option<Manifest> {
    let mut keys = Keys::of(reader, table, &SCHEMA);
    let project = keys.read("project", read_project).unwrap_or_default();
    // What follows is read against the project's backends.
    keys.reader.backends.clone_from(&project.backends);
    keys.reader.covering.clone_from(&project.backends);
    let migrations_path = keys.read("migrations", read_migrations).unwrap_or_else(|| MIGRATIONS_PATH.to_owned());
    let environments = read_environments(&mut keys);
    let checks = keys.read("checks", read_checks).unwrap_or_default();
    let hooks = keys.read("hooks", read_hooks).unwrap_or_default();
    let seeds = tables(&mut keys, "seed").into_iter().filter_map(|val| read_seed(keys.reader, val)).collect();
    let mut migrations: Vec<Migration> = Vec::new();
    for val in tables(&mut keys, "migration") {
        if let Some(inner) = keys.reader.table(val, "made of tables") {
            migrations.extend(node::inline(keys.reader, inner));
        }
    }
    if project.backends.is_empty() {
        return None;
    }
    Some(Manifest {
        project: project.name,
        backends: project.backends,
        backends_span: project.backends_span,
        linear: project.linear,
        folder: folder.to_owned(),
        migrations_path,
        environments,
        checks,
        hooks,
        seeds,
        migrations,
    })
}

#[derive(Default)]
struct Project {
    name: String,
    backends: Vec<Backend>,
    backends_span: Span,
    linear: bool,
}

fn read_project(reader: &mut Reader, val: Val<'_>) -> Option<Project> {
    let table = reader.table(val, "a table")?;
    let mut keys = Keys::of(reader, table, &PROJECT);
    Some(Project {
        name: keys.string("name").unwrap_or_default(),
        backends_span: keys.span("backends").unwrap_or_default(),
        backends: keys.read("backends", Reader::backends).unwrap_or_default(),
        linear: keys.word("order", &[("graph", false), ("linear", true)]).unwrap_or_default(),
    })
}

fn read_migrations(reader: &mut Reader, val: Val<'_>) -> Option<String> {
    if val.is_list() {
        let message = "`migrations` is a table with `path`, not a list";
        reader.wrong_help(val.span, message, "a migration in this file is written `[[migration]]`");
        return None;
    }
    let table = reader.table(val, "a table")?;
    Keys::of(reader, table, &MIGRATIONS).string("path")
}

/// `[database]` (the environment `development`) and `[environments.*]`.
fn read_environments(keys: &mut Keys) -> BTreeMap<String, Environment> {
    let mut environments = BTreeMap::from([(DEVELOPMENT.to_owned(), Environment::default())]);
    let database = keys.take("database");
    if let Some(environment) = database.and_then(|val| read_environment(keys.reader, val)) {
        environments.insert(DEVELOPMENT.to_owned(), environment);
    }
    let Some(named) = keys.read("environments", |reader, val| reader.table(val, "a table of environments")) else {
        return environments;
    };
    for val in named.iter() {
        if val.key == DEVELOPMENT
            && let Some(database) = database
        {
            let diagnostic = Diagnostic::new(Code::WrongValue, "the environment `development` is described twice");
            let diagnostic =
                diagnostic.at(val.key_span, "here").at(database.key_span, "and here: `[database]` is `development`");
            keys.reader.report(diagnostic.help("keep one of them"));
            continue;
        }
        if keys.reader.is_name(val.key, val.key_span)
            && let Some(environment) = read_environment(keys.reader, val)
        {
            environments.insert(val.key.to_owned(), environment);
        }
    }
    environments
}

fn read_environment(reader: &mut Reader, val: Val<'_>) -> Option<Environment> {
    // What it says may hold a password.
    if val.as_str().is_some() {
        let message = format!("`{}` is a table with `url`, not a string", val.key);
        reader.wrong_help(val.span, message, format!("`{} = {{ url = \"…\" }}`", val.key));
        return None;
    }
    let table = reader.table(val, "a table")?;
    let mut keys = Keys::of(reader, table, &ENVIRONMENT);
    let environment = Environment {
        url: keys.string("url"),
        url_span: keys.span("url").unwrap_or_default(),
        protected: keys.flag("protected"),
        backup: keys.string("backup"),
    };
    if let Some(url) = &environment.url
        && super::environment::variable(url).is_none()
        && let Err(error) = url.parse::<DatabaseUrl>()
    {
        let help = "`$NAME` as the whole value is read from the environment";
        keys.reader.wrong_help(environment.url_span, error.to_string(), help);
    }
    Some(environment)
}

fn read_checks(reader: &mut Reader, val: Val<'_>) -> Option<BTreeMap<Code, Option<Severity>>> {
    const WORDS: [(&str, Option<Severity>); 3] =
        [("allow", None), ("warn", Some(Severity::Warning)), ("deny", Some(Severity::Error))];
    const ALIASES: [(&str, &str); 6] = [
        ("error", "deny"),
        ("forbid", "deny"),
        ("ignore", "allow"),
        ("off", "allow"),
        ("none", "allow"),
        ("note", "allow"),
    ];
    let mut checks = BTreeMap::new();
    for val in reader.table(val, "a table")?.iter() {
        let Ok(code) = val.key.parse::<Code>() else {
            let mut diagnostic =
                Diagnostic::new(Code::UnknownKey, format!("there is no check `{}`", val.key)).at(val.key_span, "");
            if let Some(near) = nearest(&val.key.replace('_', "-"), Code::ALL.iter().map(|code| code.as_str())) {
                diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
            }
            reader.report(diagnostic);
            continue;
        };
        let Some(severity) = reader.word_or_alias(val, &WORDS, &ALIASES) else { continue };
        if severity != Some(Severity::Error) && !code.may_be_lowered() {
            let message = format!("`{code}` is always an error: with it nothing could run");
            reader.wrong_help(val.span, message, "leave it out");
            continue;
        }
        checks.insert(code, severity);
    }
    Some(checks)
}

fn read_hooks(reader: &mut Reader, val: Val<'_>) -> Option<Hooks> {
    let table = reader.table(val, "a table")?;
    let mut keys = Keys::of(reader, table, &HOOKS);
    let mut hooks = Hooks::default();
    for key in HOOKS.names() {
        if let Some(command) = keys.string(key) {
            hooks.commands.insert(key.to_owned(), command);
        }
    }
    Some(hooks)
}

/// The elements of a list of tables: `[[seed]]`, `[[migration]]`.
fn tables<'t>(keys: &mut Keys<'_, '_, 't>, key: &str) -> Vec<Val<'t>> {
    let Some(val) = keys.take(key) else { return Vec::new() };
    if val.is_table() {
        let message = format!("`{key}` is a list of tables");
        keys.reader.wrong_help(val.span, message, format!("write its header with two brackets: `[[{key}]]`"));
        return Vec::new();
    }
    keys.reader.list(val).unwrap_or_default()
}

fn read_seed(reader: &mut Reader, val: Val<'_>) -> Option<Seed> {
    let table = reader.table(val, "made of tables")?;
    reader.parts.clear();
    let mut keys = Keys::of(reader, table, &SEED);
    let backends = keys.read("backends", Reader::backends);
    let kind = match (keys.take("insert"), keys.take("sql_file")) {
        (Some(insert), None) => read_insert(&mut keys, insert),
        (None, Some(file)) => {
            if let Some((key, span)) = ["key", "rows"].into_iter().find_map(|key| Some((key, keys.key_span(key)?))) {
                let message = format!("`{key}` does not belong to a seed with `sql_file`");
                keys.reader.report(Diagnostic::new(Code::MisplacedKey, message).at(span, ""));
            }
            let path = file.as_str().unwrap_or_default().to_owned();
            // One text: a seed's file runs as it is.
            let text = read_file(keys.reader, file, true);
            text.map(|texts| SeedKind::Sql {
                path,
                text: texts.into_iter().next().unwrap_or_else(|| Text::Same(String::new())),
            })
        }
        (Some(_), Some(file)) => {
            keys.reader.wrong(file.key_span, "a seed has `insert` or `sql_file`, not both");
            None
        }
        (None, None) => {
            if !keys.is_meant("insert") && !keys.has("sql") {
                keys.reader.wrong(val.span, "a seed needs `insert` or `sql_file`");
            }
            None
        }
    };
    Some(Seed { kind: kind?, backends, span: val.span })
}

fn read_insert(keys: &mut Keys, insert: Val<'_>) -> Option<SeedKind> {
    let table = keys.reader.table_name(insert);
    if !keys.has("rows") && !keys.is_meant("rows") {
        keys.reader.wrong(insert.key_span, "a seed needs `rows`");
    }
    let (rows, key) = (keys.read("rows", rows), keys.names("key").unwrap_or_default());
    if let Some(rows) = &rows {
        rows_have_key(keys, &key, rows);
    }
    let row_spans = std::mem::take(&mut keys.reader.parts);
    Some(SeedKind::Insert { table: table?, table_span: insert.span, key, rows: rows?, row_spans })
}
