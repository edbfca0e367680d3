//! A project in memory: a graph written in one line, and a ledger that plans are applied to.

use std::collections::BTreeMap;

use dbmigrate::backend::Backend;
use dbmigrate::diagnostic::{Direction, Severity, Span};
use dbmigrate::graph::Graph;
use dbmigrate::ident::{TableName, Version};
use dbmigrate::manifest::{Environment, Hooks, Manifest};
use dbmigrate::operation::{Body, ByBackend, ColumnDef, DataType, Kind, Migration, Operation, Requirement, TableDef};
use dbmigrate::plan::{self, Downs, Info, Ledger, LedgerRow, Plan, PlanError, RowState, Target};

/// A manifest, its graph, and the ledger of a database that exists only here.
pub struct History {
    pub manifest: Manifest,
    pub graph: Graph,
    pub ledger: Ledger,
}

impl History {
    /// From lines as `a`, `b: a`, `d: b c`, parted by `;`. Versions count from 1 in the order
    /// written; `7 b: a` gives one.
    pub fn of(text: &str) -> Self {
        let nodes = text.split(';').enumerate().map(|(index, node)| {
            let (head, requires) = node.split_once(':').unwrap_or((node, ""));
            let mut words: Vec<&str> = head.split_whitespace().collect();
            let name = words.pop().unwrap();
            let version = words.pop().map_or(index as u128 + 1, |word| word.parse().unwrap());
            node_of(version, name, requires.split_whitespace())
        });
        Self::with(nodes.collect())
    }

    pub fn with(migrations: Vec<Migration>) -> Self {
        Self::build(migrations, false)
    }

    /// The same with `order = "linear"`.
    pub fn linear(self) -> Self {
        Self::build(self.manifest.migrations, true)
    }

    fn build(mut migrations: Vec<Migration>, linear: bool) -> Self {
        migrations.sort_by_key(|migration| migration.version);
        let (graph, found) = Graph::build(&migrations, linear);
        assert!(found.iter().all(|diagnostic| diagnostic.severity != Severity::Error), "{found:?}");
        let manifest = Manifest {
            project: "shapes".to_owned(),
            backends: vec![Backend::Sqlite],
            backends_span: Span::NONE,
            linear,
            folder: String::new(),
            migrations_path: "migrations".to_owned(),
            environments: BTreeMap::from([("development".to_owned(), Environment::default())]),
            checks: BTreeMap::new(),
            hooks: Hooks::default(),
            seeds: Vec::new(),
            migrations,
        };
        Self { manifest, graph, ledger: Ledger::default() }
    }

    pub fn plan(&self, target: &Target) -> Result<Plan, PlanError> {
        plan::make(&self.manifest, &self.graph, &self.ledger, target, Downs::Auto, Backend::Sqlite)
    }

    /// Makes the plan for a target, applies it to the ledger, and gives its steps: `+a -b`.
    #[track_caller]
    pub fn go(&mut self, target: &Target) -> String {
        let plan = self.plan(target).unwrap();
        let errors: Vec<_> = plan.diagnostics.iter().filter(|found| found.severity == Severity::Error).collect();
        assert!(errors.is_empty(), "{errors:?}");
        let before: Vec<Version> = plan.from.clone();
        assert_eq!(before, self.applied_versions());
        for step in &plan.steps {
            match step.direction {
                Direction::Up => {
                    assert!(self.ledger.rows.iter().all(|row| row.position < step.position));
                    self.ledger.rows.push(LedgerRow {
                        position: step.position,
                        version: step.version,
                        name: step.name.clone(),
                        state: RowState::Applied,
                        checksums: step.body.checksums(),
                        requires: step.requires.clone(),
                        body: step.body.clone(),
                        applied_at: "2026-01-01T00:00:00Z".to_owned(),
                        progress: None,
                    });
                }
                Direction::Down => self.ledger.rows.retain(|row| row.version != step.version),
            }
        }
        assert_eq!(plan.to, self.applied_versions());
        let sign = |direction| if direction == Direction::Up { '+' } else { '-' };
        let steps: Vec<_> = plan.steps.iter().map(|step| format!("{}{}", sign(step.direction), step.name)).collect();
        steps.join(" ")
    }

    /// The ledger as if these had been applied, in that order, whatever the graph says.
    pub fn applied(mut self, names: &str) -> Self {
        for name in names.split_whitespace() {
            let migration = self.manifest.migrations.iter().find(|migration| migration.name == name).unwrap();
            self.ledger.rows.push(LedgerRow {
                position: i64::try_from(self.ledger.rows.len()).unwrap() + 1,
                version: migration.version,
                name: migration.name.clone(),
                state: RowState::Applied,
                checksums: migration.body.checksums(),
                requires: migration.requires.iter().map(|requirement| requirement.name.clone()).collect(),
                body: migration.body.clone(),
                applied_at: "2026-01-01T00:00:00Z".to_owned(),
                progress: None,
            });
        }
        self
    }

    /// Names applied, in the order of history.
    pub fn names(&self) -> String {
        self.ledger.rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>().join(" ")
    }

    pub fn info(&self) -> Info {
        plan::info(&self.manifest, &self.graph, &self.ledger)
    }

    /// `current_version`, with `+` where more than its set is applied.
    pub fn current(&self) -> String {
        let info = self.info();
        let version = info.current_version.map_or_else(|| "0".to_owned(), |version| version.to_string());
        if info.exact { version } else { version + "+" }
    }

    fn applied_versions(&self) -> Vec<Version> {
        let mut versions: Vec<_> = self.ledger.rows.iter().map(|row| row.version).collect();
        versions.sort();
        versions
    }
}

/// A node that makes a table of its own name.
pub fn node_of<'a>(version: u128, name: &str, requires: impl Iterator<Item = &'a str>) -> Migration {
    let table = TableDef {
        table: TableName::bare(name),
        columns: vec![ColumnDef {
            name: "id".to_owned(),
            data_type: ByBackend::Same(DataType::BigInt { unsigned: false }),
            null: false,
            default: None,
            auto_increment: false,
            unique: false,
            references: None,
            on_delete: dbmigrate::operation::Action::NoAction,
            on_update: dbmigrate::operation::Action::NoAction,
            deferrable: None,
            check: None,
            generated: None,
            stored: None,
            collation: None,
            comment: None,
            fill: None,
        }],
        primary_key: Vec::new(),
        indexes: Vec::new(),
        foreign_keys: Vec::new(),
        uniques: Vec::new(),
        checks: Vec::new(),
        options: None,
        comment: None,
    };
    Migration {
        version: Version::new(version).unwrap(),
        name: name.to_owned(),
        description: None,
        requires: requires.map(|name| Requirement { name: name.to_owned(), span: Span::NONE }).collect(),
        body: Body {
            up: vec![Operation::new(Kind::CreateTable(table))],
            down: None,
            transaction: true,
            backends: None,
            irreversible: None,
        }
        .into(),
        span: Span::NONE,
        requires_span: Span::NONE,
    }
}

pub fn version(number: u128) -> Version {
    Version::new(number).unwrap()
}
