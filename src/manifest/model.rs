//! The validated manifest: what the rest of the pipeline sees of `schema.toml`.

use std::collections::BTreeMap;

use crate::backend::Backend;
use crate::diagnostic::{Code, Diagnostic, Severity, Sources, Span};
use crate::ident::TableName;
use crate::operation::{Migration, Row, Text};

/// A manifest and every node in it.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// `[project] name`.
    pub project: String,
    /// `[project] backends`, in the order written; never empty.
    pub backends: Vec<Backend>,
    /// Where `backends` is written, for `not-supported-yet`.
    pub backends_span: Span,
    /// `order = "linear"`: each migration also requires the one before it.
    pub linear: bool,
    /// The folder of `schema.toml`; relative paths start here.
    pub folder: String,
    /// `[migrations] path`, as written; `migrations` where it is not said.
    pub migrations_path: String,
    /// Environments by name; `development` is always there.
    pub environments: BTreeMap<String, Environment>,
    /// `[checks]`: severities by code; `None` is `allow`.
    pub checks: BTreeMap<Code, Option<Severity>>,
    /// `[hooks]`.
    pub hooks: Hooks,
    /// `[[seed]]`, in order.
    pub seeds: Vec<Seed>,
    /// All nodes, sorted by version. Nodes with one version or name are all kept; `graph` reports them.
    pub migrations: Vec<Migration>,
}

impl Manifest {
    /// How severe a code is under `[checks]`; `None` where it is allowed. What is always an
    /// error stays one, whatever `[checks]` says.
    #[must_use]
    pub fn severity(&self, code: Code) -> Option<Severity> {
        match self.checks.get(&code) {
            Some(severity) if code.may_be_lowered() || *severity == Some(Severity::Error) => *severity,
            _ => Some(code.default_severity()),
        }
    }

    /// Findings as `[checks]` wants them: allowed ones left out, the others with their
    /// severity. Those of codes that `[checks]` does not name stay as they are.
    #[must_use]
    pub fn apply_checks(&self, found: Vec<Diagnostic>) -> Vec<Diagnostic> {
        let judge = |mut diagnostic: Diagnostic| {
            if self.checks.contains_key(&diagnostic.code) {
                diagnostic.severity = self.severity(diagnostic.code)?;
            }
            Some(diagnostic)
        };
        found.into_iter().filter_map(judge).collect()
    }
}

/// An environment: a database and its rules.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// Its URL as written, or `$NAME`; resolved only when it is used.
    pub url: Option<String>,
    /// Where it is written.
    pub url_span: Span,
    /// Destructive runs need `--allow-protected`.
    pub protected: bool,
    /// Folder for backups before destructive runs.
    pub backup: Option<String>,
}

/// Shell commands around runs. Keys are `before_X`, `after_X` and `on_failure`, where X is
/// a command that changes the database: reset, latest, up, down, redo, exec, seed.
#[derive(Debug, Clone, Default)]
pub struct Hooks {
    /// Commands by their key.
    pub commands: BTreeMap<String, String>,
}

/// Rows that `seed` loads.
#[derive(Debug, Clone)]
pub struct Seed {
    /// What it loads.
    pub kind: SeedKind,
    /// The backends it is for; all where it is not said.
    pub backends: Option<Vec<Backend>>,
    /// Where it stands.
    pub span: Span,
}

/// How a seed loads.
#[derive(Debug, Clone)]
pub enum SeedKind {
    /// Rows; with a key an upsert, without one only rows that no row equals.
    Insert {
        /// Into which table.
        table: TableName,
        /// Where the table's name stands.
        table_span: Span,
        /// The columns that tell rows apart.
        key: Vec<String>,
        /// The rows.
        rows: Vec<Row>,
        /// Where rows and their values stand: `rows.0`, `rows.0.email`.
        row_spans: Vec<(Box<str>, Span)>,
    },
    /// A file of SQL (read in), whose author sees to it that it can run twice.
    Sql {
        /// Its path as written.
        path: String,
        /// Its text.
        text: Text,
    },
}

/// What loading a manifest gives: as much of it as could be read, and everything found wrong.
#[derive(Debug)]
pub struct Loaded {
    /// The manifest; `None` where not even `[project]` could be read.
    pub manifest: Option<Manifest>,
    /// The files read, for drawing places.
    pub sources: Sources,
    /// Problems of TOML and of the language. With an error among them nothing may run.
    pub diagnostics: Vec<Diagnostic>,
}
