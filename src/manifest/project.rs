//! `schema.toml`'s own sections: project, migrations, environments, checks, hooks, seeds.

use std::collections::BTreeMap;

use super::model::{Environment, Hooks, Manifest, Seed, SeedKind};
use super::node;
use super::operations::{read_file, rows, rows_have_key};
use super::places::{ENVIRONMENT, HOOKS, MIGRATIONS, PROJECT, SCHEMA, SEED};
use super::walk::{Table, Val, Walk};
use crate::database_url::DatabaseUrl;
use crate::diagnostic::{Code, Diagnostic, Severity, Span, listed, nearest};
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
pub(super) fn schema(walk: &mut Walk<'_, '_>, folder: &str, mut table: Table<'_>) -> Option<Manifest> {
    let head = Span::new(walk.file, 0..0);
    let mut project = Project::default();
    match table.take("project") {
        Some(val) => project = read_project(walk, val),
        None => walk.wrong_help(
            head,
            "`schema.toml` needs `[project]`",
            "write `[project]`, and below it `name = \"…\"` and `backends = [\"sqlite\"]`",
        ),
    }
    // What follows is read against the project's backends.
    walk.shared.backends.clone_from(&project.backends);
    walk.covering.clone_from(&project.backends);
    let migrations_path = match table.take("migrations") {
        Some(val) => read_migrations(walk, val),
        None => MIGRATIONS_PATH.to_owned(),
    };
    let environments = read_environments(walk, &mut table);
    let checks = table.take("checks").map(|val| read_checks(walk, val)).unwrap_or_default();
    let hooks = table.take("hooks").map(|val| read_hooks(walk, val)).unwrap_or_default();
    let seeds = tables(walk, &mut table, "seed").into_iter().filter_map(|val| read_seed(walk, val)).collect();
    let mut migrations: Vec<Migration> = Vec::new();
    for val in tables(walk, &mut table, "migration") {
        if let Some(inner) = walk.table_or(val, "made of tables") {
            migrations.extend(node::inline(walk, inner));
        }
    }
    walk.finish(&table, &SCHEMA);
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
    backends: Vec<crate::backend::Backend>,
    backends_span: Span,
    linear: bool,
}

fn read_project(walk: &mut Walk<'_, '_>, val: Val<'_>) -> Project {
    let mut project = Project::default();
    let Some(mut table) = walk.table(val) else { return project };
    let mut require = |walk: &mut Walk<'_, '_>, key: &str| {
        let found = table.take(key);
        let meant = |rest: Val<'_>| super::mistakes::stands_for(&PROJECT, rest.key) == Some(key);
        if found.is_none() && !table.rest().any(meant) {
            walk.missing(table.span, &PROJECT, key);
        }
        found
    };
    let name = require(walk, "name");
    let backends = require(walk, "backends");
    if let Some(name) = name.and_then(|val| walk.filled_string(val)) {
        name.clone_into(&mut project.name);
    }
    if let Some(val) = backends {
        project.backends_span = val.span;
        project.backends = walk.backends(val).unwrap_or_default();
    }
    if let Some(val) = table.take("order")
        && let Some(order) = walk.string(val)
    {
        match order {
            "graph" => {}
            "linear" => project.linear = true,
            _ => {
                let message = format!("`order` cannot be `{order}`");
                walk.wrong_help(
                    val.span,
                    message,
                    "it is `graph`, or `linear`: each migration requires the one before it",
                );
            }
        }
    }
    walk.finish(&table, &PROJECT);
    project
}

fn read_migrations(walk: &mut Walk<'_, '_>, val: Val<'_>) -> String {
    if matches!(val.value, toml::de::DeValue::Array(_)) {
        let message = "`migrations` is a table with `path`, not a list";
        walk.wrong_help(val.span, message, "a migration in this file is written `[[migration]]`");
        return MIGRATIONS_PATH.to_owned();
    }
    let Some(mut table) = walk.table(val) else { return MIGRATIONS_PATH.to_owned() };
    let path = table.take("path").and_then(|val| walk.filled_string(val));
    walk.finish(&table, &MIGRATIONS);
    path.unwrap_or(MIGRATIONS_PATH).to_owned()
}

/// `[database]` (the environment `development`) and `[environments.*]`.
fn read_environments(walk: &mut Walk<'_, '_>, table: &mut Table<'_>) -> BTreeMap<String, Environment> {
    let mut environments = BTreeMap::from([(DEVELOPMENT.to_owned(), Environment::default())]);
    let database = table.take("database");
    if let Some(environment) = database.and_then(|val| read_environment(walk, val)) {
        environments.insert(DEVELOPMENT.to_owned(), environment);
    }
    let Some(named) = table.take("environments").and_then(|val| walk.table_or(val, "a table of environments")) else {
        return environments;
    };
    for val in named.iter() {
        if val.key == DEVELOPMENT
            && let Some(database) = database
        {
            let diagnostic = Diagnostic::new(Code::WrongValue, "the environment `development` is described twice");
            let diagnostic =
                diagnostic.at(val.key_span, "here").at(database.key_span, "and here: `[database]` is `development`");
            walk.report(diagnostic.help("keep one of them"));
            continue;
        }
        if walk.is_name(val.key, val.key_span)
            && let Some(environment) = read_environment(walk, val)
        {
            environments.insert(val.key.to_owned(), environment);
        }
    }
    environments
}

fn read_environment(walk: &mut Walk<'_, '_>, val: Val<'_>) -> Option<Environment> {
    let mut table = match val.as_str() {
        // What it says may hold a password.
        Some(_) => {
            let message = format!("`{}` is a table with `url`, not a string", val.key);
            walk.wrong_help(val.span, message, format!("`{} = {{ url = \"…\" }}`", val.key));
            return None;
        }
        None => walk.table(val)?,
    };
    let url = table.take("url");
    let environment = Environment {
        url: url.and_then(|val| walk.filled_string(val)).map(ToOwned::to_owned),
        url_span: url.map(|val| val.span).unwrap_or_default(),
        protected: walk.flag(&mut table, "protected"),
        backup: table.take("backup").and_then(|val| walk.filled_string(val)).map(ToOwned::to_owned),
    };
    if let (Some(val), Some(url)) = (url, &environment.url)
        && super::environment::variable(url).is_none()
        && let Err(error) = url.parse::<DatabaseUrl>()
    {
        let help = "`$NAME` as the whole value is read from the environment";
        walk.wrong_help(val.span, error.to_string(), help);
    }
    walk.finish(&table, &ENVIRONMENT);
    Some(environment)
}

fn read_checks(walk: &mut Walk<'_, '_>, val: Val<'_>) -> BTreeMap<Code, Option<Severity>> {
    let mut checks = BTreeMap::new();
    let Some(table) = walk.table(val) else { return checks };
    for val in table.iter() {
        let Ok(code) = val.key.parse::<Code>() else {
            let names: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
            let spelt = val.key.replace('_', "-");
            let diagnostic =
                Diagnostic::new(Code::UnknownKey, format!("there is no check `{}`", val.key)).at(val.key_span, "");
            walk.report(match nearest(&spelt, names) {
                Some(name) => diagnostic.help(format!("did you mean `{name}`?")),
                None => diagnostic,
            });
            continue;
        };
        let Some(word) = walk.string(val) else { continue };
        let severity = match word {
            "allow" => None,
            "warn" => Some(Severity::Warning),
            "deny" => Some(Severity::Error),
            _ => {
                let words = ["allow", "warn", "deny"];
                let diagnostic =
                    Diagnostic::new(Code::WrongValue, format!("`{code}` cannot be `{word}`")).at(val.span, "");
                let right = match word {
                    "error" | "forbid" => Some("deny"),
                    "ignore" | "off" | "none" | "note" => Some("allow"),
                    _ => nearest(word, words),
                };
                walk.report(diagnostic.help(match right {
                    Some(right) => format!("did you mean `{right}`?"),
                    None => format!("it is one of {}", listed(words)),
                }));
                continue;
            }
        };
        if severity != Some(Severity::Error) && !code.may_be_lowered() {
            let message = format!("`{code}` is always an error: with it nothing could run");
            walk.wrong_help(val.span, message, "leave it out");
            continue;
        }
        checks.insert(code, severity);
    }
    checks
}

fn read_hooks(walk: &mut Walk<'_, '_>, val: Val<'_>) -> Hooks {
    let mut hooks = Hooks::default();
    let Some(mut table) = walk.table(val) else { return hooks };
    for key in HOOKS.keys {
        if let Some(command) = table.take(key).and_then(|val| walk.filled_string(val)) {
            hooks.commands.insert((*key).to_owned(), command.to_owned());
        }
    }
    walk.finish(&table, &HOOKS);
    hooks
}

/// The elements of a list of tables: `[[seed]]`, `[[migration]]`.
fn tables<'t>(walk: &mut Walk<'_, '_>, table: &mut Table<'t>, key: &str) -> Vec<Val<'t>> {
    let Some(val) = table.take(key) else { return Vec::new() };
    if val.is_table() {
        let message = format!("`{key}` is a list of tables");
        walk.wrong_help(val.span, message, format!("write its header with two brackets: `[[{key}]]`"));
        return Vec::new();
    }
    walk.list(val).unwrap_or_default()
}

fn read_seed(walk: &mut Walk<'_, '_>, val: Val<'_>) -> Option<Seed> {
    let mut table = walk.table_or(val, "made of tables")?;
    let backends = table.take("backends").and_then(|val| walk.backends(val));
    let insert = table.take("insert");
    let sql_file = table.take("sql_file");
    let kind = match (insert, sql_file) {
        (Some(insert), None) => read_insert(walk, &mut table, insert),
        (None, Some(file)) => {
            let key = table.get("key").or_else(|| table.get("rows"));
            if let Some(stray) = key {
                table.take(stray.key);
                let message = format!("`{}` does not belong to a seed with `sql_file`", stray.key);
                walk.report(Diagnostic::new(Code::MisplacedKey, message).at(stray.key_span, ""));
            }
            let path = file.as_str().unwrap_or_default().to_owned();
            // One text: a seed's file runs as it stands.
            let text = read_file(walk, file, true);
            text.map(|texts| SeedKind::Sql {
                path,
                text: texts.into_iter().next().unwrap_or_else(|| Text::Same(String::new())),
            })
        }
        (Some(_), Some(file)) => {
            walk.wrong(file.key_span, "a seed has `insert` or `sql_file`, not both");
            None
        }
        (None, None) => {
            let meant =
                |rest: Val<'_>| super::mistakes::stands_for(&SEED, rest.key) == Some("insert") || rest.key == "sql";
            if !table.rest().any(meant) {
                walk.wrong(val.span, "a seed needs `insert` or `sql_file`");
            }
            table.take("key");
            table.take("rows");
            None
        }
    };
    walk.finish(&table, &SEED);
    Some(Seed { kind: kind?, backends, span: val.span })
}

fn read_insert(walk: &mut Walk<'_, '_>, table: &mut Table<'_>, insert: Val<'_>) -> Option<SeedKind> {
    let name = walk.table_name(insert);
    let mut spans = Vec::new();
    let rows = match table.take("rows") {
        Some(val) => rows(walk, val, &mut spans),
        None => {
            if !table.rest().any(|rest| super::mistakes::stands_for(&SEED, rest.key) == Some("rows")) {
                walk.missing(insert.key_span, &SEED, "rows");
            }
            None
        }
    };
    let key = table.take("key").and_then(|val| walk.names(val)).unwrap_or_default();
    let key: Vec<String> = key.into_iter().map(|(name, _)| name).collect();
    if let Some(rows) = &rows {
        let place = |at: usize| {
            let path = format!("rows.{at}");
            spans.iter().find(|(name, _)| **name == *path).map_or(insert.span, |(_, span)| *span)
        };
        rows_have_key(walk, &key, rows, place);
    }
    Some(SeedKind::Insert { table: name?, table_span: insert.span, key, rows: rows?, row_spans: spans })
}
