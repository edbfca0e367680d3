//! A rendered plan with what a reader has to know besides, and the facts about it that
//! more than one format tells.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::diagnostic::{Direction, Sources};
use crate::ident::Version;
use crate::plan::{PlanDirection, Reversal};
use crate::render::{Destructive, RenderedPlan, RenderedStep, Transactions};

use super::words;

/// What is being worked on.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The project's name.
    pub project: String,
    /// The environment, where a database was asked.
    pub environment: Option<String>,
    /// The database's address without its password, where one was asked.
    pub database: Option<String>,
}

/// A plan to be shown.
#[derive(Debug, Clone, Copy)]
pub struct PlanPage<'a> {
    pub plan: &'a RenderedPlan,
    /// The files its places are in.
    pub sources: &'a Sources,
    pub about: &'a About,
}

impl PlanPage<'_> {
    /// Where it goes, in words: `14 steps down to version 0`.
    #[must_use]
    pub fn headline(&self) -> String {
        let plan = self.plan;
        let (up, down) = self.directions();
        let target = target_words(&plan.target, &plan.to);
        match plan.direction {
            PlanDirection::None => format!("nothing to do: {}", standing(&plan.to)),
            PlanDirection::Up => format!("{} up {target}", words::count(up, "step")),
            PlanDirection::Down => format!("{} down {target}", words::count(down, "step")),
            PlanDirection::Mixed => {
                format!("{} ({down} down, {up} up) {target}", words::count(up + down, "step"))
            }
        }
    }

    /// How many steps go up, and how many down.
    #[must_use]
    pub fn directions(&self) -> (usize, usize) {
        let up = self.plan.steps.iter().filter(|step| step.direction == Direction::Up).count();
        (up, self.plan.steps.len() - up)
    }

    /// How it is divided, in words: `one transaction`, `3 transactions`.
    #[must_use]
    pub fn division_words(&self) -> String {
        division_words(self.plan)
    }
}

/// How a plan is divided, in words: `one transaction`, `3 transactions, 1 step outside`.
#[must_use]
pub fn division_words(plan: &RenderedPlan) -> String {
    let outside = match plan.transaction {
        Transactions::None => 0,
        _ => plan.steps.iter().filter(|step| !step.transaction).count(),
    };
    let inside = match (plan.transaction, divisions(plan).len().saturating_sub(outside)) {
        (Transactions::None, 1..) => return "journaled".to_owned(),
        (_, 0) => return "no transaction".to_owned(),
        (_, 1) => "one transaction".to_owned(),
        (_, several) => words::count(several, "transaction"),
    };
    if outside == 0 { inside } else { format!("{inside}, {} outside", words::count(outside, "step")) }
}

/// The steps that run as one, in order: between cuts, and each step that must run outside a
/// transaction by itself.
#[must_use]
pub fn divisions(plan: &RenderedPlan) -> Vec<Range<usize>> {
    let alone = |at: usize| plan.steps.get(at).is_some_and(|step| !step.transaction);
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for at in 0..plan.steps.len() {
        let cut = match plan.transaction {
            Transactions::Each => true,
            Transactions::None => false,
            Transactions::All | Transactions::Chunks => {
                plan.cuts.binary_search(&at).is_ok() || alone(at) || (at > 0 && alone(at - 1))
            }
        };
        match ranges.last_mut() {
            Some(range) if !cut => range.end = at + 1,
            _ => ranges.push(at..at + 1),
        }
    }
    ranges
}

/// A target in words, to stand after `steps up` or `steps down`.
fn target_words(target: &str, to: &[Version]) -> String {
    if target == "0" || to.is_empty() {
        "to version 0".to_owned()
    } else if target == "latest" {
        "to latest".to_owned()
    } else if target.bytes().all(|b| b.is_ascii_digit()) {
        format!("to version {target}")
    } else {
        to.last().map_or_else(|| format!("({target})"), |version| format!("to version {version} ({target})"))
    }
}

/// Where a database stands after (or without) a plan: `the database is at version 0`.
#[must_use]
pub fn standing(to: &[Version]) -> String {
    match to.iter().max() {
        None => "the database is at version 0".to_owned(),
        Some(version) => format!("the database is at version {version}"),
    }
}

/// A step's tag: `derived · exact`.
#[must_use]
pub fn tag(step: &RenderedStep) -> String {
    let loss = loss_of(&step.destructive);
    match step.direction {
        Direction::Down => match step.reversal {
            Reversal::Impossible => "no way back".to_owned(),
            Reversal::Authored => format!("authored{}", loss.map(|loss| format!(" · {loss}")).unwrap_or_default()),
            Reversal::Exact | Reversal::DataLoss => {
                let hand = if step.derived { "derived" } else { "authored" };
                let exact = step.reversal == Reversal::Exact;
                format!("{hand} · {}", loss.unwrap_or(if exact { "exact" } else { "data not restored" }))
            }
        },
        Direction::Up => {
            let undo = match step.reversal {
                Reversal::Exact | Reversal::DataLoss => "way back derived",
                Reversal::Authored => "way back authored",
                Reversal::Impossible => "no way back",
            };
            loss.map_or_else(|| undo.to_owned(), |loss| format!("{loss} · {undo}"))
        }
    }
}

/// Whether what is destroyed is rows (a table or some rows of it), or may be, rather than values of rows that stay.
#[must_use]
pub fn loses_rows(destructive: &Destructive) -> bool {
    !matches!(destructive.kind, "column" | "values")
}

fn loss_of(destructive: &[Destructive]) -> Option<&'static str> {
    let knows = |destructive: &Destructive| destructive.kind != "sql";
    if destructive.iter().any(|destructive| loses_rows(destructive) && knows(destructive)) {
        Some("rows lost")
    } else if destructive.iter().any(knows) {
        Some("values lost")
    } else {
        (!destructive.is_empty()).then_some("loss unknown")
    }
}

/// What is destroyed, each object once, in the order of the steps: rows, or values of rows that
/// stay. What goes with its whole table anyway is not named again.
#[must_use]
pub fn losses<'d>(all: impl Iterator<Item = &'d Destructive> + Clone, rows: bool) -> Vec<&'d Destructive> {
    let tables: HashSet<&str> = all
        .clone()
        .filter(|destructive| destructive.kind == "table")
        .map(|destructive| destructive.object.as_str())
        .collect();
    let gone = |destructive: &Destructive| {
        let object = destructive.object.as_str();
        let table =
            if loses_rows(destructive) { object } else { object.rsplit_once('.').map_or(object, |(table, _)| table) };
        destructive.kind != "table" && tables.contains(table)
    };
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut losses: Vec<&Destructive> = Vec::new();
    for destructive in all.filter(|destructive| loses_rows(destructive) == rows && !gone(destructive)) {
        let place = *places.entry(&destructive.object).or_insert(losses.len());
        match losses.get_mut(place) {
            // One number says nothing where there is another that is not known.
            Some(other) if destructive.unknown => *other = destructive,
            Some(_) => {}
            None => losses.push(destructive),
        }
    }
    losses
}

/// An object that is destroyed, with how many rows where that is known: `posts ~1,204`, `posts unknown`.
#[must_use]
pub fn loss(destructive: &Destructive) -> String {
    let object = &destructive.object;
    match destructive.rows {
        None if destructive.unknown => format!("{object} unknown"),
        None => object.clone(),
        Some(rows) => {
            let about = if destructive.estimate { "~" } else { "" };
            format!("{object} {about}{}", words::number(rows))
        }
    }
}

/// As [`loss`], in a text where SQL would run into the words around it.
#[must_use]
pub fn quoted_loss(destructive: &Destructive) -> String {
    match destructive.kind {
        "sql" => loss(&Destructive { object: format!("`{}`", destructive.object), ..destructive.clone() }),
        _ => loss(destructive),
    }
}

/// What is destroyed, grouped by how, in words: `posts, users (tables dropped) · tags (rows deleted)`.
/// Empty for nothing.
#[must_use]
pub fn losses_in_words(losses: &[&Destructive], most: usize) -> String {
    let mut groups = Vec::new();
    for kind in ["table", "rows", "extension", "sql", "column", "values"] {
        let objects: Vec<_> =
            losses.iter().filter(|destructive| destructive.kind == kind).map(|one| quoted_loss(one)).collect();
        if objects.is_empty() {
            continue;
        }
        groups.push(format!("{} ({})", words::first_of(&objects, most, ", "), how(kind, objects.len())));
    }
    groups.join(" · ")
}

/// How one thing of a kind is destroyed, or several.
#[must_use]
pub fn how(kind: &str, count: usize) -> &'static str {
    match (kind, count) {
        ("table", 1) => "table dropped",
        ("table", _) => "tables dropped",
        ("rows", _) => "rows deleted",
        ("extension", 1) => "extension dropped",
        ("extension", _) => "extensions dropped",
        ("column", 1) => "column dropped",
        ("column", _) => "columns dropped",
        ("values", _) => "values changed",
        _ => "SQL that is not understood",
    }
}

/// A statement with its semicolon, which a closing comment of the author's must not swallow.
#[must_use]
pub fn closed(sql: &str) -> String {
    let sql = sql.trim_end();
    let comment_at_the_end = sql.lines().next_back().is_some_and(|line| line.contains("--"));
    match (sql.ends_with(';') && !comment_at_the_end, comment_at_the_end) {
        (true, _) => sql.to_owned(),
        (false, true) => format!("{sql}\n;"),
        (false, false) => format!("{sql};"),
    }
}

/// What can be said about the way back, and whether it is good news.
#[must_use]
pub fn way_back(plan: &RenderedPlan) -> (bool, String) {
    let names = |chosen: &dyn Fn(&RenderedStep) -> bool| -> Vec<String> {
        plan.steps.iter().filter(|step| chosen(step)).map(|step| step.version.to_string()).collect()
    };
    let shown = |versions: &[String]| words::first_of(versions, 3, ", ");
    let impossible = names(&|step| step.reversal == Reversal::Impossible);
    if !impossible.is_empty() {
        return (false, format!("none for {} ({})", words::count(impossible.len(), "step"), shown(&impossible)));
    }
    let authored =
        names(&|step| step.reversal == Reversal::Authored || (step.direction == Direction::Down && !step.derived));
    let text = match (authored.len(), plan.steps.len()) {
        (0, _) => "every step derived".to_owned(),
        (all, steps) if all == steps => format!("authored ({})", shown(&authored)),
        (some, steps) => {
            format!("{} derived; {some} authored ({})", words::count(steps - some, "step"), shown(&authored))
        }
    };
    (true, text)
}
