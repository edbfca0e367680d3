//! The command line's grammar. What a flag does is written where it is used.

mod global;
mod values;

use clap::{Args, Parser, Subcommand};

pub use global::{Changing, Color, Format, Global, Limits, Safety};
pub use values::{CodeName, Duration, Moves, PlanTarget, TargetVersion};

use crate::ident::Version;

const EXAMPLES: &str = "\
Examples:
  dbmigrate init                  a new project in this folder
  dbmigrate create add_tags       a new migration, named by the clock
  dbmigrate latest                everything that is pending
  dbmigrate reset --dry-run       what a reset would do, as SQL; changes nothing
  dbmigrate reset                 back to version 0
  dbmigrate exec 20260109080000   to that version, whichever way it lies

Exit codes: 0 done · 1 failed while running · 2 usage or manifest · 3 errors in
the plan or the check · 4 refused for safety · 5 database out of reach or locked";

/// A declarative schema migrator: migrations are a graph in TOML, the way down is
/// derived, and a reset is one transaction.
#[derive(Debug, Parser)]
#[command(
    name = "dbmigrate",
    version,
    arg_required_else_help = true,
    subcommand_required = true,
    disable_help_subcommand = true,
    max_term_width = 90,
    after_help = EXAMPLES
)]
pub struct CommandLine {
    /// What stands on any command.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Undo every applied migration, then show `info`
    #[command(after_help = "\
Examples:
  dbmigrate reset --dry-run              read it first
  dbmigrate reset --dry-run --format markdown
  dbmigrate reset --transaction chunks   where one transaction is too large
  dbmigrate reset --env production --allow-protected --backup backups

The ledger tables stay, and so does the history of runs.")]
    Reset(Run),
    /// Apply everything that is pending
    Latest(Run),
    /// Apply the next migration, the next N, or NAME and what it requires
    #[command(after_help = "\
Examples:
  dbmigrate up                 the next one
  dbmigrate up 3               the next three
  dbmigrate up create_tags     that one, and what it requires")]
    Up(Move),
    /// Undo the last migration, the last N, or NAME and all that require it
    #[command(after_help = "\
Examples:
  dbmigrate down               the last one applied
  dbmigrate down 3             the last three
  dbmigrate down create_tags   that one, and all that require it")]
    Down(Move),
    /// Undo the last N migrations and apply them again
    Redo(Redo),
    /// Go to a version: up, down, or both
    #[command(after_help = "\
Examples:
  dbmigrate exec 20260109080000
  dbmigrate exec 0             the same as `reset`, less its report
  dbmigrate exec version=0     as it is typed in Wheels
  dbmigrate exec --version 0")]
    Exec(Exec),
    /// Show where the database stands, and every migration
    #[command(after_help = "\
Examples:
  dbmigrate info
  dbmigrate info --fail-if-pending    for CI: exit 3 where something is pending
  dbmigrate info --format json")]
    Info(Info),
    /// Show what a run would do, with no database
    #[command(after_help = "\
Examples:
  dbmigrate plan                       everything, from nothing
  dbmigrate plan reset                 back to 0, from everything applied
  dbmigrate plan --backend postgres --format sql
  dbmigrate plan reset --format markdown    for a pull request")]
    Plan(Plan),
    /// Prove that every order works, or show the one that breaks
    #[command(after_help = "\
Examples:
  dbmigrate check
  dbmigrate check --fix                 write the missing `requires`, check again
  dbmigrate check --deny data-loss --allow redundant-requirement
  dbmigrate check --format sarif        or github, or json
  dbmigrate check --ledger              and hold a database's ledger against the manifest
  dbmigrate check --explain unordered-conflict

Exit codes: 0 no errors · 2 errors of TOML or language · 3 errors of graph, order or state")]
    Check(Check),
    /// Draw the migrations and what they require
    #[command(after_help = "\
Examples:
  dbmigrate graph                       newest first, under each what it requires
  dbmigrate graph --format mermaid      for Markdown on a code host
  dbmigrate graph --format dot | dot -Tsvg > graph.svg")]
    Graph,
    /// Drop everything that stands, whatever the ledger says, and apply everything
    #[command(after_help = "\
Examples:
  dbmigrate fresh --dry-run       what would be dropped, and what applied
  dbmigrate fresh                 for when ways down are beyond repair

Tables, views, functions and types of the database's schema go with all rows, also those that no
migration made. The ledger's tables stay, and so does the history of runs.")]
    Fresh(Run),
    /// Write the schema at latest, as SQL or as one migration
    #[command(after_help = "\
Examples:
  dbmigrate schema > schema.sql              to commit and review: what stands at latest
  dbmigrate schema --backend sqlite
  dbmigrate schema --backend postgres --format toml

No database is asked, and rows are no part of it.")]
    Schema,
    /// Load the manifest's seeds; twice changes nothing
    #[command(after_help = "\
Examples:
  dbmigrate seed --dry-run    what would be loaded, as SQL; changes nothing
  dbmigrate seed

On a protected environment, seeds that overwrite or delete rows need --allow-protected and
--yes, and so does SQL that is not understood.")]
    Seed(Seed),
    /// Write a new migration's file
    #[command(after_help = "\
Examples:
  dbmigrate create create_posts
  dbmigrate create add_slug_to_posts")]
    Create(Create),
    /// Start a project in this folder
    Init(Init),
    /// Write an environment's name into the database
    #[command(after_help = "\
A reset meant for `development` refuses a database that is stamped `production`.
The stamp is set by the first run; this changes it.")]
    Stamp(Stamp),
    /// Settle whether an interrupted statement ran
    #[command(after_help = "\
Example:
  dbmigrate resolve 20260109080000 --statement 2 --ran

After a crash outside a transaction nobody but you can tell whether a statement took
effect. `dbmigrate info` shows which one; look at the database, then say so.")]
    Resolve(Resolve),
    /// Write what a shell needs to complete command lines
    #[command(after_help = "\
Examples:
  dbmigrate completions bash > ~/.local/share/bash-completion/completions/dbmigrate
  dbmigrate completions zsh > ~/.zfunc/_dbmigrate
  dbmigrate completions fish > ~/.config/fish/completions/dbmigrate.fish")]
    Completions(Completions),
    /// Write the manual page, of the program or of a command
    #[command(after_help = "\
Examples:
  dbmigrate man | man -l -
  dbmigrate man reset > dbmigrate-reset.1")]
    Man(Man),
    /// Write the JSON Schema of the manifest, for editors
    #[command(after_help = "\
Examples:
  dbmigrate json-schema > schema.json
  dbmigrate json-schema migration > migration.json

Editors that know taplo complete a file whose first line is `#:schema ./schema.json`.")]
    JsonSchema(JsonSchema),
}

/// A run without a target of its own.
#[derive(Debug, Args)]
pub struct Run {
    /// How to change the database.
    #[command(flatten)]
    pub changing: Changing,
}

/// `up` and `down`.
#[derive(Debug, Args)]
pub struct Move {
    /// How many (default 1), or the name of one
    #[arg(value_name = "N|NAME")]
    pub target: Option<Moves>,
    /// How to change the database.
    #[command(flatten)]
    pub changing: Changing,
}

/// `redo`.
#[derive(Debug, Args)]
pub struct Redo {
    /// How many
    #[arg(value_name = "N", default_value_t = 1, value_parser = values::at_least_one)]
    pub count: usize,
    /// How to change the database.
    #[command(flatten)]
    pub changing: Changing,
}

/// `exec`.
#[derive(Debug, Args)]
pub struct Exec {
    /// The version to go to; 0 is the empty state. `version=V` works too
    #[arg(value_name = "VERSION", required_unless_present = "version")]
    pub target: Option<TargetVersion>,
    /// The same as VERSION
    #[arg(long, value_name = "VERSION", conflicts_with = "target")]
    pub version: Option<TargetVersion>,
    /// How to change the database.
    #[command(flatten)]
    pub changing: Changing,
}

/// `info`.
#[derive(Debug, Args)]
pub struct Info {
    /// Exit 3 where a migration is pending
    #[arg(long)]
    pub fail_if_pending: bool,
}

/// `plan`.
#[derive(Debug, Args)]
pub struct Plan {
    /// `latest` or a version, from nothing; `reset`, from everything applied
    #[arg(value_name = "reset|latest|VERSION", default_value = "latest")]
    pub target: PlanTarget,
}

/// `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Write the missing `requires` of errors into the manifest, then check again; `all`: of warnings, too
    #[arg(
        long,
        value_enum,
        value_name = "errors|all",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "errors",
        hide_possible_values = true
    )]
    pub fix: Option<Fixing>,
    /// Hold the ledger of the environment's database against the manifest, too; writes nothing
    #[arg(long)]
    pub ledger: bool,
    /// Make findings of CODE errors (repeatable; wins over `[checks]`)
    #[arg(long, value_name = "CODE")]
    pub deny: Vec<CodeName>,
    /// Make them warnings
    #[arg(long, value_name = "CODE")]
    pub warn: Vec<CodeName>,
    /// Leave them out
    #[arg(long, value_name = "CODE")]
    pub allow: Vec<CodeName>,
    /// Print the page of CODE, and check nothing
    #[arg(long, value_name = "CODE")]
    pub explain: Option<CodeName>,
}

/// `--fix`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Fixing {
    /// Edges that errors ask for
    Errors,
    /// Those that warnings ask for, too
    All,
}

/// `seed`.
#[derive(Debug, Args)]
pub struct Seed {
    /// Show the SQL and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// What is allowed.
    #[command(flatten)]
    pub safety: Safety,
    /// How long to wait.
    #[command(flatten)]
    pub limits: Limits,
}

/// `create`.
#[derive(Debug, Args)]
pub struct Create {
    /// Its name: letters, digits, `_` and `-`
    #[arg(value_name = "NAME")]
    pub name: String,
}

/// `init`.
#[derive(Debug, Args)]
pub struct Init {
    /// The project's name; the folder's where it is not said
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
}

/// `stamp`.
#[derive(Debug, Args)]
pub struct Stamp {
    /// The environment's name
    #[arg(value_name = "ENV")]
    pub environment: String,
    /// Say yes where the environment is protected
    #[arg(long)]
    pub yes: bool,
    /// Allow it on a protected environment
    #[arg(long)]
    pub allow_protected: bool,
    /// How long to wait.
    #[command(flatten)]
    pub limits: Limits,
}

/// `resolve`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("effect").required(true).args(["ran", "not_ran"]))]
pub struct Resolve {
    /// The interrupted migration
    #[arg(value_name = "VERSION")]
    pub version: Version,
    /// The statement's number, from 1
    #[arg(long, value_name = "K", value_parser = values::at_least_one)]
    pub statement: usize,
    /// It took effect
    #[arg(long)]
    pub ran: bool,
    /// It took no effect
    #[arg(long)]
    pub not_ran: bool,
    /// How long to wait.
    #[command(flatten)]
    pub limits: Limits,
}

/// `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    #[arg(value_enum, value_name = "bash|zsh|fish|elvish|powershell", hide_possible_values = true)]
    pub shell: clap_complete::Shell,
}

/// `man`.
#[derive(Debug, Args)]
pub struct Man {
    /// A command; the program itself where none is given
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}

/// `json-schema`.
#[derive(Debug, Args)]
pub struct JsonSchema {
    /// Which files it is for: schema.toml, or those in migrations/
    #[arg(value_enum, value_name = "manifest|migration", hide_possible_values = true, default_value = "manifest")]
    pub file: SchemaFile,
}

/// A kind of file of the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum SchemaFile {
    /// `schema.toml`.
    Manifest,
    /// A migration's file.
    Migration,
}

#[cfg(test)]
mod tests;
