//! The reference of the operations, `docs/reference.md`: written from the grammar itself and from examples that are planned and
//! rendered here, so that it says what the program does.

use std::fmt::Write;

use dbmigrate::backend::Backend;
use dbmigrate::diagnostic::Direction;
use dbmigrate::grammar::{Example, Verb};
use dbmigrate::graph::Graph;
use dbmigrate::manifest::{self, Files};
use dbmigrate::plan::{self, Downs, Ledger, Reversal, Target};
use dbmigrate::render::{RenderOptions, RenderedStep, render};

use crate::generated;

/// What not every backend has: what it is, what it needs, an operation that has it.
const NOT_EVERYWHERE: &[(&str, &str, &str)] = &[
    (
        "an index with `where`",
        "",
        "create_index = \"i\"\non = \"posts\"\ncolumns = [\"slug\"]\nwhere = \"slug IS NOT NULL\"",
    ),
    ("an index over an `expr`", "", "create_index = \"i\"\non = \"posts\"\ncolumns = [{ expr = \"lower(slug)\" }]"),
    (
        "an index `using` a method of PostgreSQL",
        "",
        "create_index = \"i\"\non = \"posts\"\ncolumns = [\"words\"]\nusing = \"brin\"",
    ),
    (
        "an index that sorts by a `collation`",
        "",
        "create_index = \"i\"\non = \"posts\"\ncolumns = [{ column = \"slug\", collation = { sqlite = \"NOCASE\", default = \"C\" } }]",
    ),
    (
        "an index with an `opclass`",
        "",
        "create_index = \"i\"\non = \"posts\"\ncolumns = [{ column = \"slug\", opclass = \"varchar_pattern_ops\" }]",
    ),
    (
        "an index with `include`",
        "",
        "create_index = \"i\"\non = \"posts\"\ncolumns = [\"slug\"]\ninclude = [\"title\"]",
    ),
    (
        "an index `with` storage parameters",
        "",
        "create_index = \"i\"\non = \"posts\"\ncolumns = [\"slug\"]\nwith = \"fillfactor = 70\"",
    ),
    (
        "a unique index with `nulls_distinct = false`",
        "",
        "create_index = \"i\"\non = \"posts\"\ncolumns = [\"slug\"]\nunique = true\nnulls_distinct = false",
    ),
    (
        "NULLs in another order than the backend's own",
        "",
        "create_index = \"i\"\non = \"posts\"\ncolumns = [{ column = \"slug\", nulls = \"last\", order = \"asc\" }, { column = \"title\", nulls = \"first\", order = \"desc\" }]",
    ),
    (
        "an index over a `text` without `length`",
        "",
        "create_table = \"t\"\ncolumns = { c = \"text\" }\nindexes = { i = { columns = [\"c\"] } }",
    ),
    (
        "a column that is computed when it is read (`stored = false`)",
        "",
        "create_table = \"t\"\ncolumns = { a = \"integer\", b = { type = \"integer\", null = true, generated = \"a + 1\", stored = false } }",
    ),
    ("a column renamed that another one is computed from", LINES, "rename_column = \"lines.a\"\nto = \"c\""),
    (
        "a column that another one is computed from given another type",
        LINES,
        "alter_column = \"lines.a\"\ntype = \"bigint\"",
    ),
    (
        "a view that keeps its rows (`materialized`)",
        "",
        "create_view = \"kept\"\nselect = \"SELECT title FROM posts\"\nmaterialized = true",
    ),
    ("extensions", "", "create_extension = \"citext\""),
    ("schemas", "", "create_schema = \"blog\""),
    (
        "functions and procedures",
        "",
        "create_function = \"f()\"\ndefinition = { postgres = \"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'\", default = \"CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1\" }",
    ),
    ("a table in a schema", "", "create_table = \"blog.t\"\ncolumns = { c = \"text\" }"),
    (
        "a foreign key that waits (`deferrable`)",
        "",
        "create_table = \"t\"\ncolumns = { c = { type = \"bigint\", references = \"users.id\", deferrable = \"deferred\" } }",
    ),
    (
        "`on_delete = \"set default\"`",
        "",
        "create_table = \"t\"\ncolumns = { c = { type = \"bigint\", default = 0, references = \"users.id\", on_delete = \"set default\" } }",
    ),
    (
        "numbering a column that is not the primary key",
        "",
        "create_table = \"t\"\ncolumns = { c = \"bigint\", n = { type = \"bigint\", auto_increment = true } }\nprimary_key = [\"c\"]",
    ),
    ("a type with a foreign key over it changed", "", "alter_column = \"posts.author_id\"\ntype = \"decimal(20,0)\""),
];

/// A column that is computed from another one.
const LINES: &str = "[[up]]\ncreate_table = \"lines\"\ncolumns = { a = \"integer\", b = { type = \"integer\", generated = \"a + 1\" } }\n";

/// The types, each as it is written.
const TYPES: &[&str] = &[
    "smallint",
    "integer",
    "bigint",
    "unsigned smallint",
    "unsigned integer",
    "unsigned bigint",
    "float",
    "double",
    "decimal(10,2)",
    "boolean",
    "char(3)",
    "string(40)",
    "text",
    "binary(16)",
    "blob",
    "date",
    "time",
    "datetime",
    "timestamptz",
    "json",
    "jsonb",
    "uuid",
    "interval",
    "inet",
    "cidr",
    "macaddr",
    "vector(3)",
    "enum(mood)",
    "text[]",
];

/// What an operation is as SQL on a backend, up and down; or why it is refused.
fn rendered(setup: &str, operation: &str, backend: Backend) -> Result<[RenderedStep; 2], String> {
    let schema = format!("[project]\nname = \"reference\"\nbackends = [\"{backend}\"]\norder = \"linear\"\n");
    let loaded = manifest::parse(&Files {
        path: "schema.toml".into(),
        schema,
        nodes: vec![
            ("migrations/1_base.toml".into(), [Example::BASE, setup].concat()),
            ("migrations/2_node.toml".into(), format!("[[up]]\n{operation}\n")),
        ],
        sql: Some(&|_| Ok(Example::SQL_FILE[1].to_owned())),
        ..Files::default()
    });
    let mut found = loaded.diagnostics;
    let manifest = loaded.manifest.expect("a manifest");
    let (graph, _) = Graph::build(&manifest.migrations, manifest.linear);
    let everything = plan::everything_applied(&manifest, &graph);
    let mut steps = Vec::new();
    for (ledger, target, way) in
        [(Ledger::default(), Target::Latest, Direction::Up), (everything, Target::Down(1), Direction::Down)]
    {
        let plan = plan::make(&manifest, &graph, &ledger, &target, Downs::Auto, backend).expect("a plan");
        let plan = render(&plan, &RenderOptions::default());
        found.extend(plan.diagnostics);
        steps.extend(plan.steps.into_iter().find(|step| step.name == "node" && step.direction == way));
    }
    if let Some(error) = found.iter().find(|found| found.is_error()) {
        assert!(
            ["unsupported-by-backend", "still-referenced"].contains(&error.code.as_str()),
            "{operation} on {backend}: {}",
            error.message
        );
        return Err(error.message.clone());
    }
    steps.try_into().map_err(|_| unreachable!("a step up and a step down"))
}

fn way_back(step: &RenderedStep) -> String {
    let loses = step.destructive.first().map(|one| match one.kind {
        "table" | "rows" => "its rows",
        _ => "its values",
    });
    match (step.reversal, loses) {
        (Reversal::Exact, None) => "derived".to_owned(),
        (Reversal::Exact, Some(_)) => "nothing to undo, as its author says".to_owned(),
        (Reversal::DataLoss, None) => "derived; what came since goes".to_owned(),
        (Reversal::DataLoss, Some(what)) => format!("derived, without {what}"),
        (Reversal::Authored, _) => "its author's".to_owned(),
        (Reversal::Impossible, _) => "none".to_owned(),
    }
}

fn sql(step: &RenderedStep) -> String {
    let own: Vec<String> =
        step.statements.iter().filter(|one| one.ledger.is_none()).map(|one| format!("{};", one.sql)).collect();
    if own.is_empty() { "-- nothing".to_owned() } else { own.join("\n") }
}

fn page() -> String {
    let mut page = "# The operations\n\nGenerated from the grammar, and from examples that are planned and rendered here; another test runs each over rows on SQLite, \
                    PostgreSQL and MariaDB: up, down and up again. \
                    Any operation may also have `backends` (those it runs on; the others skip it) and `irreversible` (why it cannot be undone).\n\n\
                    The examples come after a migration that created `users` (`id`, `email`, `name`) and `posts` (`id`, `author_id`, `title`, `slug`, \
                    `words`), and what else the example names. `skips`: not run on that backend, since the example says `backends`, or since an enum is kept in its columns.\n\n"
        .to_owned();
    let titles: Vec<&str> = Backend::ALL.iter().map(|backend| backend.title()).collect();
    writeln!(page, "| operation | {} | way down |\n|---|{}---|", titles.join(" | "), "---|".repeat(titles.len()))
        .unwrap();
    let mut sections = String::new();
    for verb in Verb::ALL {
        let (name, example) = (verb.name, &verb.example);
        write!(sections, "## {name}\n\n{}.\n\n", capital(verb.meaning)).unwrap();
        if verb.place.own_keys().next().is_some() {
            sections.push_str("| key | | meaning |\n|---|---|---|\n");
            for key in verb.place.own_keys() {
                let required = if key.required { "required" } else { "" };
                writeln!(sections, "| `{}` | {required} | {} |", key.name, key.description().replace('|', "\\|"))
                    .unwrap();
            }
            sections.push('\n');
        }
        write!(sections, "```toml\n[[up]]\n{}\n```\n\n", example.toml).unwrap();
        let mut cells = Vec::new();
        let mut reversal = String::new();
        // Backends that say the same share a block.
        let mut blocks: Vec<(Vec<&str>, String)> = Vec::new();
        for backend in Backend::ALL {
            let (cell, block) = match rendered(example.setup, example.toml, backend) {
                Ok([up, down]) => {
                    reversal = way_back(&up);
                    let (up, down) = (sql(&up), sql(&down));
                    (if up == "-- nothing" { "skips" } else { "yes" }, format!("```sql\n{up}\n\n-- down\n{down}\n```"))
                }
                Err(why) => ("no", format!("Refused before anything runs: {why}.")),
            };
            cells.push(cell);
            match blocks.iter_mut().find(|(_, other)| *other == block) {
                Some((titles, _)) => titles.push(backend.title()),
                None => blocks.push((vec![backend.title()], block)),
            }
        }
        for (titles, block) in blocks {
            write!(sections, "{}:\n\n{block}\n\n", titles.join(", ")).unwrap();
        }
        writeln!(page, "| [{name}](#{name}) | {} | {reversal} |", cells.join(" | ")).unwrap();
    }
    writeln!(page, "\n{}", sections.trim_end()).unwrap();
    page.push_str("\n# What not every backend has\n\nWhat says `no` is refused before anything runs.\n\n");
    writeln!(page, "| | {} |\n|---|{}", titles.join(" | "), "---|".repeat(titles.len())).unwrap();
    for (what, setup, node) in NOT_EVERYWHERE {
        let cells = Backend::ALL.map(|backend| if rendered(setup, node, backend).is_ok() { "yes" } else { "no" });
        assert!(cells.contains(&"yes") && cells.contains(&"no"), "{what}: {cells:?}");
        writeln!(page, "| {what} | {} |", cells.join(" | ")).unwrap();
    }
    page.push_str("\n# The types\n\n");
    writeln!(page, "| type | {} |\n|---|{}", titles.join(" | "), "---|".repeat(titles.len())).unwrap();
    for name in TYPES {
        let node = format!("create_table = \"t\"\ncolumns = {{ c = \"{name}\" }}");
        let cell = |backend| match rendered(Verb::AlterEnum.example.setup, &node, backend) {
            Err(_) => "no".to_owned(),
            Ok([up, _]) => {
                let text = sql(&up);
                let from = text.find(['(']).map(|at| at + 1).expect("columns");
                let column = text[from..].trim_start().get(3..).unwrap_or_default();
                format!("`{}`", column.split(" NOT NULL").next().expect("a type").trim())
            }
        };
        let cells: Vec<String> = Backend::ALL.into_iter().map(cell).collect();
        writeln!(page, "| `{name}` | {} |", cells.join(" | ")).unwrap();
    }
    page
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}

#[test]
fn the_reference_is_generated() {
    generated::holds("docs/reference.md", &page());
}

/// The verbs, those of one kind of object together.
#[test]
fn the_verbs_of_the_readme_are_generated() {
    let kind = |verb: &Verb| verb.name.split_once('_').map_or(verb.name, |(_, kind)| kind);
    let groups = Verb::ALL.chunk_by(|one, other| kind(one) == kind(other));
    let groups: Vec<String> =
        groups.map(|group| group.iter().map(|verb| format!("`{}`", verb.name)).collect::<Vec<_>>().join(" ")).collect();
    let mut lines = vec![String::new()];
    for word in format!("Operations: {}.", groups.join(" · ")).split(' ') {
        let last = lines.last_mut().unwrap();
        if last.chars().count() + word.chars().count() >= 120 {
            lines.push(word.to_owned());
        } else {
            *last = [last.as_str(), word].join(" ").trim_start().to_owned();
        }
    }
    generated::holds_part("README.md", "verbs", &lines.join("\n"));
}
