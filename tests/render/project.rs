//! A little manifest of a test: nodes in a row, each a text of TOML; and the trip up, down and up again.

use dbmigrate::backend::Backend;
use dbmigrate::graph::Graph;
use dbmigrate::manifest::{Files, Manifest, parse};
use dbmigrate::plan::{self, Downs, Ledger, Target};
use dbmigrate::render::{RenderOptions, RenderedPlan, render};

use crate::render::database::{Database, block_on};

pub(crate) const BOTH: [Backend; 2] = [Backend::Sqlite, Backend::Postgres];

pub(crate) struct Project {
    pub(crate) manifest: Manifest,
    pub(crate) graph: Graph,
}

impl Project {
    /// Nodes that require each the one before it.
    #[track_caller]
    pub(crate) fn new(nodes: &[&str]) -> Self {
        Self::with_seeds(nodes, "")
    }

    #[track_caller]
    pub(crate) fn with_seeds(nodes: &[&str], seeds: &str) -> Self {
        let schema =
            format!("[project]\nname = \"test\"\nbackends = [\"sqlite\", \"postgres\"]\norder = \"linear\"\n{seeds}");
        let nodes =
            nodes.iter().zip(1..).map(|(text, number)| (format!("{number}_n{number}.toml"), (*text).to_owned()));
        let files = Files { path: "schema.toml".into(), schema, nodes: nodes.collect(), ..Files::default() };
        let loaded = parse(&files);
        let wrong: Vec<_> = loaded.diagnostics.iter().filter(|found| found.is_error()).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        let manifest = loaded.manifest.expect("a manifest");
        let (graph, wrong) = Graph::build(&manifest.migrations, manifest.linear);
        assert!(wrong.is_empty(), "{wrong:#?}");
        Self { manifest, graph }
    }

    /// The plan from so many nodes applied to so many.
    pub(crate) fn plan(&self, backend: Backend, from: usize, to: usize) -> RenderedPlan {
        self.plan_with(backend, from, to, &RenderOptions::default())
    }

    pub(crate) fn ledger(&self, applied: usize) -> Ledger {
        let mut ledger = plan::everything_applied(&self.manifest, &self.graph);
        ledger.rows.truncate(applied);
        ledger
    }

    #[track_caller]
    pub(crate) fn plan_with(&self, backend: Backend, from: usize, to: usize, options: &RenderOptions) -> RenderedPlan {
        let ledger = self.ledger(from);
        let target = match to {
            0 => Target::Zero,
            to if to < from => Target::Down(from - to),
            to => Target::Up(to - from),
        };
        let plan = plan::make(&self.manifest, &self.graph, &ledger, &target, Downs::Auto, backend).unwrap();
        let wrong: Vec<_> = plan.diagnostics.iter().filter(|found| found.is_error()).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        render(&plan, options)
    }
}

/// A change with rows in the tables: what stands before, the rows, the node under test, and what queries
/// give after it and after its way down.
pub(crate) struct Trip<'a> {
    pub(crate) before: &'a str,
    pub(crate) rows: &'a str,
    pub(crate) change: &'a str,
    pub(crate) up: &'a [(&'a str, &'a [&'a str])],
    pub(crate) down: &'a [(&'a str, &'a [&'a str])],
}

impl Trip<'_> {
    /// Up, down, up and down again on both backends; the schema is the same each time, and a schema made
    /// by all the nodes on an empty database.
    #[track_caller]
    pub(crate) fn go(&self) {
        for backend in BOTH {
            self.go_on(backend);
        }
    }

    #[track_caller]
    pub(crate) fn go_on(&self, backend: Backend) {
        let project = Project::new(&[self.before, self.change]);
        block_on(async {
            let mut database = Database::create(backend).await;
            database.run(&project.plan(backend, 0, 1)).await;
            database.execute(self.rows).await;
            let before = database.schema().await;
            let (up, down) = (project.plan(backend, 1, 2), project.plan(backend, 2, 1));
            if let Some(name) = std::thread::current().name() {
                let name = format!("{}_{backend}", name.rsplit("::").next().unwrap_or(name));
                insta::assert_snapshot!(name, format!("-- up\n{}-- down\n{}", text(&up), text(&down)));
            }
            database.run(&up).await;
            let after = database.schema().await;
            assert_ne!(before, after, "nothing changed on {backend}");
            for (sql, rows) in self.up {
                assert_eq!(database.query(sql).await, *rows, "{sql} on {backend}, up\n{}", text(&up));
            }
            database.run(&down).await;
            assert_eq!(database.schema().await, before, "{backend}, down\n{}", text(&down));
            for (sql, rows) in self.down {
                assert_eq!(database.query(sql).await, *rows, "{sql} on {backend}, down\n{}", text(&down));
            }
            database.run(&up).await;
            assert_eq!(database.schema().await, after, "{backend}, up again");
            database.run(&project.plan(backend, 2, 0)).await;
            assert_eq!(database.schema().await, "", "{backend}, at 0");
            database.close().await;
        });
    }
}

/// A plan's statements, for messages.
pub(crate) fn text(plan: &RenderedPlan) -> String {
    let statements = plan.steps.iter().flat_map(|step| &step.statements);
    let own = statements.filter(|statement| statement.ledger.is_none());
    own.flat_map(|statement| [statement.sql.as_str(), ";\n"]).collect()
}
