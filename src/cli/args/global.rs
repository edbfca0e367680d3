//! Flags that stand on many commands.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Duration;
use crate::backend::Backend;
use crate::plan::Downs;
use crate::render::TransactionMode;

/// Output formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// For programs: one document
    Json,
    /// A script (plans and the schema)
    Sql,
    /// As a migration (schema only)
    Toml,
    /// For a pull request (plans only)
    Markdown,
    /// For code hosts (check only)
    Sarif,
    /// For GitHub's workflows (check only)
    Github,
    /// For Graphviz (graph only)
    Dot,
    /// For Markdown that draws (graph only)
    Mermaid,
}

impl Format {
    /// As it is typed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Sql => "sql",
            Self::Toml => "toml",
            Self::Markdown => "markdown",
            Self::Sarif => "sarif",
            Self::Github => "github",
            Self::Dot => "dot",
            Self::Mermaid => "mermaid",
        }
    }
}

/// When to write colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Color {
    /// At a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What stands on any command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The manifest
    #[arg(long, global = true, value_name = "PATH", default_value = "schema.toml")]
    pub manifest: PathBuf,
    /// The environment to work on
    #[arg(long, global = true, value_name = "NAME", env = "DBMIGRATE_ENV", default_value = "development")]
    pub env: String,
    /// The database, instead of the environment's own
    #[arg(long, global = true, value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// sqlite, postgres or mysql; by default the URL's, and for `plan` and `check` each of the manifest's
    #[arg(long, global = true, value_name = "NAME")]
    pub backend: Option<Backend>,
    /// How to write the result; sql and markdown for plans, sql and toml for `schema`, sarif and github for `check`, dot and mermaid for `graph`
    #[arg(long, global = true, value_enum, default_value_t, hide_possible_values = true, value_name = "text|json|…")]
    pub format: Format,
    /// When to write colours
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        hide_possible_values = true,
        value_name = "auto|always|never"
    )]
    pub color: Color,
    /// Say more: every step, notes, statements in full
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Say only the result and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

/// How long to wait for the database.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// How long to wait for another run: seconds, or 500ms, 10s, 2m
    #[arg(long, value_name = "TIME", default_value = "10s")]
    pub lock_timeout: Duration,
    /// How long one statement may take; no limit by default
    #[arg(long, value_name = "TIME")]
    pub statement_timeout: Option<Duration>,
}

/// What is allowed of what destroys, and what comes before it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Safety")]
pub struct Safety {
    /// Say yes to a destructive run on a protected environment
    #[arg(long)]
    pub yes: bool,
    /// Allow a destructive run on a protected environment
    #[arg(long)]
    pub allow_protected: bool,
    /// Allow a run on a database none of whose migrations is in the manifest
    #[arg(long)]
    pub allow_foreign: bool,
    /// Write a backup to this folder before a destructive run
    #[arg(long, value_name = "PATH")]
    pub backup: Option<PathBuf>,
}

/// How to change the database.
#[derive(Debug, Args)]
#[command(next_help_heading = "Safety")]
pub struct Changing {
    /// Show the plan and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// What is allowed.
    #[command(flatten)]
    pub safety: Safety,
    /// auto (one; going down never cut unasked), all (one or an error), chunks (as few as fit), each
    #[arg(long, value_enum, default_value = "auto", hide_possible_values = true, value_name = "auto|all|chunks|each")]
    pub transaction: Transaction,
    /// Whose ways down: the manifest's or the ledger's; by default the manifest's where only the
    /// way down was edited
    #[arg(long, value_enum, hide_possible_values = true, value_name = "manifest|ledger")]
    pub downs: Option<DownsFrom>,
    /// How long to wait.
    #[command(flatten)]
    pub limits: Limits,
}

/// `--transaction`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Transaction {
    /// One; cuts are made going up where they must be
    Auto,
    /// One or an error
    All,
    /// As few as fit
    Chunks,
    /// One for each step
    Each,
}

impl From<Transaction> for TransactionMode {
    fn from(mode: Transaction) -> Self {
        match mode {
            Transaction::Auto => Self::Auto,
            Transaction::All => Self::All,
            Transaction::Chunks => Self::Chunks,
            Transaction::Each => Self::Each,
        }
    }
}

/// `--downs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DownsFrom {
    /// The manifest's
    Manifest,
    /// The ledger's
    Ledger,
}

impl Changing {
    /// Whose ways down are used.
    #[must_use]
    pub fn downs(&self) -> Downs {
        match self.downs {
            None => Downs::Auto,
            Some(DownsFrom::Manifest) => Downs::Manifest,
            Some(DownsFrom::Ledger) => Downs::Ledger,
        }
    }
}
