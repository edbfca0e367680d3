//! One case: a base, nodes that require it, and edges between them. The check's verdict on it, and
//! what a real database says of every order that the edges allow.

use std::collections::{BTreeMap, HashSet};

use dbmigrate::backend::Backend;
use dbmigrate::check::{Checked, check, commuting};
use dbmigrate::diagnostic::{Code, Diagnostic, Direction, Span};
use dbmigrate::graph::Graph;
use dbmigrate::ident::Version;
use dbmigrate::manifest::{Files, Manifest, parse};
use dbmigrate::operation::{Migration, Requirement};
use dbmigrate::plan::{self, Downs, Ledger, Target};
use dbmigrate::render::{RenderOptions, RenderedPlan, render};

use crate::exact::database::Sql;

/// The name of the node that all others require.
const BASE: &str = "base";

/// What cases are made from: a base and a pool of nodes, read once.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) backend: Backend,
    template: Manifest,
    base: Migration,
    pub(crate) pool: Vec<(String, Migration)>,
    /// The tables that each node of the pool speaks of.
    tables: Vec<HashSet<&'static str>>,
}

/// What the pool's triggers call.
const RETAG: &str = r#"sql = "CREATE FUNCTION retag() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE tags SET t = 'hit'; RETURN NEW; END $$" | down = "DROP FUNCTION retag()" | backends = ["postgres"]"#;

/// Tables that stand in a base or that the pool makes.
const TABLES: [&str; 5] = ["users", "posts", "tags", "x", "y"];

/// Some nodes of a pool, and the edges between them: pairs of places, the first before the second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) nodes: Vec<usize>,
    pub(crate) edges: Vec<(usize, usize)>,
}

fn node(version: usize, name: &str, operations: &str) -> String {
    let ups: Vec<String> = operations
        .split("&&")
        .map(|operation| format!("[[migration.up]]\n{}\n", operation.trim().replace(" | ", "\n")))
        .collect();
    format!("[[migration]]\nversion = {version}\nname = \"{name}\"\n{}\n", ups.concat())
}

impl Scope {
    /// Reads a base and a pool.
    pub(crate) fn new(backend: Backend, base: &str, pool: &[&str]) -> Self {
        let mut schema = "[project]\nname = \"exact\"\nbackends = [\"sqlite\", \"postgres\"]\n".to_owned();
        schema += &node(1, BASE, &format!("{base} && {RETAG}"));
        for (at, operations) in pool.iter().enumerate() {
            schema += &node(at + 2, &format!("p{at}"), operations);
        }
        let loaded = parse(&Files { path: "schema.toml".into(), schema, ..Files::default() });
        assert_eq!(loaded.diagnostics, vec![], "the pool is right");
        let mut template = loaded.manifest.unwrap();
        let mut migrations = std::mem::take(&mut template.migrations).into_iter();
        let base = migrations.next().unwrap();
        let pool: Vec<_> = pool.iter().map(|text| (*text).to_owned()).zip(migrations).collect();
        let words = |text: &str| {
            let words: HashSet<&str> = text.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
            TABLES.into_iter().filter(|table| words.contains(table)).collect()
        };
        let tables = pool.iter().map(|(text, _)| words(text)).collect();
        Self { backend, template, base, pool, tables }
    }

    /// Whether some nodes speak of one table, all of them.
    pub(crate) fn share_a_table(&self, nodes: &[usize]) -> bool {
        TABLES.into_iter().any(|table| nodes.iter().all(|node| self.tables[*node].contains(table)))
    }

    /// The manifest of some nodes of the pool in that order of versions; `requires` gives names of more requirements.
    fn manifest(&self, nodes: &[(String, usize)], requires: impl Fn(usize) -> Vec<String>) -> Manifest {
        let mut manifest = self.template.clone();
        manifest.migrations.push(self.base.clone());
        for (at, (name, pooled)) in nodes.iter().enumerate() {
            let mut migration = self.pool[*pooled].1.clone();
            migration.version = Version::new(at as u128 + 2).unwrap();
            migration.name.clone_from(name);
            let names = std::iter::once(BASE.to_owned()).chain(requires(at));
            migration.requires = names.map(|name| Requirement { name, span: Span::NONE }).collect();
            manifest.migrations.push(migration);
        }
        manifest
    }

    fn named(case: &Case) -> Vec<(String, usize)> {
        case.nodes.iter().enumerate().map(|(at, pooled)| (name(at), *pooled)).collect()
    }

    fn case_manifest(&self, case: &Case) -> Manifest {
        self.manifest(&Self::named(case), |at| {
            case.edges.iter().filter(|(_, to)| *to == at).map(|(from, _)| name(*from)).collect()
        })
    }

    /// What the check says of a case.
    pub(crate) fn check(&self, case: &Case) -> Checked {
        let manifest = self.case_manifest(case);
        let (graph, found) = Graph::build(&manifest.migrations, manifest.linear);
        let found: Vec<Diagnostic> = found.into_iter().filter(|found| found.code != Code::VersionInversion).collect();
        check(&manifest, &graph, &found, self.backend)
    }

    /// The rules that make unordered nodes of a case independent.
    pub(crate) fn rules(&self, case: &Case) -> BTreeMap<String, usize> {
        let manifest = self.case_manifest(case);
        let (graph, _) = Graph::build(&manifest.migrations, manifest.linear);
        commuting(&manifest, &graph, self.backend)
    }

    /// The statements of the base.
    pub(crate) fn base_sql(&self) -> Vec<String> {
        let manifest = self.manifest(&[], |_| Vec::new());
        let (graph, _) = Graph::build(&manifest.migrations, false);
        let plan =
            plan::make(&manifest, &graph, &Ledger::default(), &Target::Latest, Downs::Auto, self.backend).unwrap();
        let rendered = render(&plan, &options());
        assert!(!rendered.diagnostics.iter().any(Diagnostic::is_error), "{:?}", rendered.diagnostics);
        statements(&rendered).into_iter().flatten().collect()
    }

    /// The statements of an order of a case (places of its nodes), as planned and rendered; or why no plan of it may run.
    pub(crate) fn sql(&self, case: &Case, order: &[usize]) -> Result<Sql, (Direction, Sql, String)> {
        let nodes: Vec<(String, usize)> = order.iter().map(|at| (name(*at), case.nodes[*at])).collect();
        let manifest = self.manifest(&nodes, |_| Vec::new());
        let (graph, _) = Graph::build(&manifest.migrations, false);
        let make = |ledger: &Ledger, target: &Target| {
            let plan = plan::make(&manifest, &graph, ledger, target, Downs::Auto, self.backend).unwrap();
            let rendered = render(&plan, &options());
            match rendered.diagnostics.iter().find(|found| found.is_error()) {
                Some(found) => Err(found.message.clone()),
                None => Ok(rendered),
            }
        };
        let mut sql = Sql::default();
        let up =
            make(&Ledger::default(), &Target::Latest).map_err(|message| (Direction::Up, Sql::default(), message))?;
        sql.up = statements(&up).split_off(1);
        sql.rebuilds[0] = up.steps.iter().skip(1).any(|step| step.rebuilds);
        let ledger = plan::everything_applied(&manifest, &graph);
        let down =
            make(&ledger, &Target::Down(order.len())).map_err(|message| (Direction::Down, sql.clone(), message))?;
        sql.down = statements(&down);
        sql.rebuilds[1] = down.steps.iter().any(|step| step.rebuilds);
        Ok(sql)
    }

    /// The case for a person.
    pub(crate) fn show(&self, case: &Case) -> String {
        let mut shown = String::new();
        for (at, pooled) in case.nodes.iter().enumerate() {
            let before: Vec<String> =
                case.edges.iter().filter(|(_, to)| *to == at).map(|(from, _)| name(*from)).collect();
            shown += &format!("  {} (requires {}): {}\n", name(at), before.join(", "), self.pool[*pooled].0);
        }
        shown
    }
}

fn options() -> RenderOptions {
    RenderOptions { environment: "development".to_owned(), ..RenderOptions::default() }
}

fn statements(rendered: &RenderedPlan) -> Vec<Vec<String>> {
    let of_step = |step: &dbmigrate::render::RenderedStep| {
        step.statements.iter().filter(|statement| statement.ledger.is_none()).map(|s| s.sql.clone()).collect()
    };
    rendered.steps.iter().map(of_step).collect()
}

/// The name of the node at a place of a case.
pub(crate) fn name(at: usize) -> String {
    char::from(b'a' + u8::try_from(at).unwrap()).to_string()
}

/// The place of a node by its name; `None` for the base.
pub(crate) fn place(name: &str) -> Option<usize> {
    (name != BASE).then(|| usize::from(name.as_bytes()[0] - b'a'))
}

impl Case {
    /// Nodes without edges between them.
    pub(crate) fn of(nodes: &[usize]) -> Self {
        Self { nodes: nodes.to_vec(), edges: Vec::new() }
    }

    /// Every order that the edges allow.
    pub(crate) fn orders(&self) -> Vec<Vec<usize>> {
        let mut orders = Vec::new();
        self.extend(&mut Vec::new(), &mut orders);
        orders
    }

    /// Every order, or of very many some that are spread evenly among them.
    pub(crate) fn some_orders(&self) -> Vec<Vec<usize>> {
        let most = if crate::exact::full() { 120 } else { 24 };
        let all = self.orders();
        let step = all.len().div_ceil(most).max(1);
        let last = all.len().saturating_sub(1);
        all.into_iter().enumerate().filter(|(at, _)| at % step == 0 || *at == last).map(|(_, order)| order).collect()
    }

    fn extend(&self, so_far: &mut Vec<usize>, orders: &mut Vec<Vec<usize>>) {
        if so_far.len() == self.nodes.len() {
            orders.push(so_far.clone());
            return;
        }
        for at in 0..self.nodes.len() {
            let free = self.edges.iter().all(|(from, to)| *to != at || so_far.contains(from));
            if free && !so_far.contains(&at) {
                so_far.push(at);
                self.extend(so_far, orders);
                so_far.pop();
            }
        }
    }
}
