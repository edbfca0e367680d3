//! The search: a case is checked, an edge added where the check asks for one, and checked again, until the
//! verdict is clean or no edge helps. Each verdict on the way is held against the database.

use std::collections::{BTreeMap, HashMap};

use dbmigrate::diagnostic::{Code, Diagnostic, Direction};

use crate::case::{Case, Scope, place};
use crate::database::{Database, Ran, Sql};
use crate::pool::Base;

/// What a search has seen.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) cases: usize,
    pub(crate) clean: usize,
    pub(crate) errors: usize,
    pub(crate) hopeless: usize,
    pub(crate) unproven: usize,
    /// Unproven, and all orders came out the same.
    pub(crate) needless: usize,
    pub(crate) orders: usize,
    pub(crate) rules: BTreeMap<String, usize>,
    /// What was wrong, for people.
    pub(crate) wrong: Vec<String>,
    /// What decided needless warnings, with an example.
    pub(crate) warned: BTreeMap<String, (usize, String)>,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.cases += other.cases;
        self.clean += other.clean;
        self.errors += other.errors;
        self.hopeless += other.hopeless;
        self.unproven += other.unproven;
        self.needless += other.needless;
        self.orders += other.orders;
        for (rule, count) in other.rules {
            *self.rules.entry(rule).or_default() += count;
        }
        for (rule, (count, example)) in other.warned {
            self.warned.entry(rule).or_insert((0, example)).0 += count;
        }
        self.wrong.extend(other.wrong);
    }

    /// The row of docs/check.md's table.
    pub(crate) fn row(&self, name: &str) -> String {
        format!(
            "| {name} | {} | {} | {} | {} | {} | {} | {} |",
            self.cases,
            self.clean,
            self.errors,
            self.hopeless,
            self.unproven,
            self.orders,
            self.wrong.len()
        )
    }
}

/// A scope with its database.
pub(crate) struct Search<'s> {
    pub(crate) scope: &'s Scope,
    database: Database,
    base: String,
    rows: bool,
    pub(crate) tally: Tally,
    /// Orders run already, by the nodes of the pool.
    ran: HashMap<Vec<usize>, Ran>,
}

impl<'s> Search<'s> {
    pub(crate) async fn new(scope: &'s Scope, base: &Base, name: &str, rows: bool) -> Self {
        let mut statements = scope.base_sql();
        if rows {
            statements.push(base.rows.trim_end_matches(';').to_owned());
        }
        let mut database = Database::new(scope.backend, name, statements, base.renumber, rows).await;
        let base = database.base().await;
        Self { scope, database, base, rows, tally: Tally::default(), ran: HashMap::new() }
    }

    pub(crate) async fn done(mut self) -> Tally {
        self.tally.orders = self.database.runs();
        self.database.gone().await;
        self.tally
    }

    fn wrong(&mut self, case: &Case, what: String) {
        self.tally.wrong.push(format!("{what}\n{}", self.scope.show(case)));
    }

    async fn run(&mut self, case: &Case, order: &[usize]) -> Ran {
        let key: Vec<usize> = order.iter().map(|at| case.nodes[*at]).collect();
        if let Some(ran) = self.ran.get(&key) {
            return ran.clone();
        }
        let ran = match self.scope.sql(case, order) {
            Ok(sql) => self.database.run(&sql).await,
            Err((Direction::Up, _, message)) => Ran::UpFails(usize::MAX, message),
            Err((Direction::Down, _, message)) => Ran::DownFails(usize::MAX, message),
        };
        self.ran.insert(key, ran.clone());
        ran
    }

    /// Settles a case.
    pub(crate) async fn settle(&mut self, mut case: Case) {
        self.tally.cases += 1;
        for _ in 0..12 {
            let checked = self.scope.check(&case);
            let errors: Vec<&Diagnostic> = checked.diagnostics.iter().filter(|found| found.is_error()).collect();
            let unproven = checked.diagnostics.iter().find(|found| found.code == Code::UnprovenOrder);
            let opaque = checked.diagnostics.iter().any(|found| found.code == Code::OpaqueSql);
            for error in &errors {
                self.error(&case, error).await;
            }
            if errors.is_empty() && unproven.is_none() && !opaque {
                self.clean(&case).await;
                return;
            }
            let fix = errors.iter().copied().chain(unproven).find_map(|found| found.fix.as_ref());
            if errors.is_empty() {
                self.tally.unproven += 1;
                if let Some(unproven) = unproven {
                    self.needless(&case, unproven).await;
                }
            }
            let Some(fix) = fix else {
                self.tally.hopeless += 1;
                return;
            };
            let (Some(from), Some(to)) = (place(&fix.requires), place(&fix.migration)) else {
                self.wrong(&case, format!("a fix names the base: {fix:?}"));
                return;
            };
            if case.edges.contains(&(from, to)) {
                self.wrong(&case, format!("a fix is there already: {fix:?}"));
                return;
            }
            case.edges.push((from, to));
            if case.orders().is_empty() {
                self.wrong(&case, format!("a fix makes a circle: {fix:?}"));
                return;
            }
        }
        self.wrong(&case, "the check asks for edges without an end".to_owned());
    }

    /// A clean verdict: every order runs up and down, and all end alike.
    async fn clean(&mut self, case: &Case) {
        self.tally.clean += 1;
        for (rule, count) in self.scope.rules(case) {
            *self.tally.rules.entry(rule).or_default() += count;
        }
        let mut first: Option<(Vec<usize>, Ran)> = None;
        for order in case.some_orders() {
            let ran = self.run(case, &order).await;
            match &ran {
                // With rows, what cannot be run in any order is the rows' doing.
                Ran::Done { .. } => {}
                Ran::UpFails(..) | Ran::DownFails(..) if self.rows => {}
                broken => {
                    self.wrong(case, format!("wrong clean verdict: {order:?} breaks: {broken:?}"));
                    return;
                }
            }
            if let Ran::Done { bottom, .. } = &ran
                && !self.rows
                && *bottom != self.base
            {
                let differs = differ(&self.base, bottom);
                self.wrong(case, format!("wrong clean verdict: {order:?} does not come back to the base: {differs}"));
                return;
            }
            match &first {
                None => first = Some((order, ran)),
                Some((other, before)) if !alike(before, &ran) => {
                    let what =
                        format!("wrong clean verdict: {other:?} and {order:?} differ: {}", show_both(before, &ran));
                    self.wrong(case, what);
                    return;
                }
                Some(_) => {}
            }
        }
    }

    /// An unproven order: a warning, whatever the orders come to. Those that come out alike are counted.
    async fn needless(&mut self, case: &Case, warning: &Diagnostic) {
        let mut all: Vec<Ran> = Vec::new();
        for order in case.some_orders() {
            all.push(self.run(case, &order).await);
        }
        if all.iter().all(|ran| matches!(ran, Ran::Done { .. }) && alike(&all[0], ran)) {
            self.tally.needless += 1;
            let words: Vec<&str> = warning.labels.iter().map(|label| label.text.as_str()).collect();
            let shown = self.scope.show(case);
            self.tally.warned.entry(words.join(" / ")).or_insert((0, shown)).0 += 1;
        }
    }

    /// An error: the order it shows, or else the first one, breaks.
    async fn error(&mut self, case: &Case, error: &Diagnostic) {
        self.tally.errors += 1;
        let order: Vec<usize> = match &error.witness {
            Some(names) => names.iter().filter_map(|name| place(name)).collect(),
            None => case.orders().swap_remove(0),
        };
        if !case.orders().contains(&order) {
            self.wrong(case, format!("wrong error: its order {order:?} is not allowed: {}", error.message));
            return;
        }
        let planned = self.scope.sql(case, &order);
        let ran = match planned {
            Ok(_) => self.run(case, &order).await,
            // The program itself refuses. What the database would say: the texts of an order that works, in this order.
            Err((direction, planned, _)) => match self.texts(case).await {
                Some((texts, reference)) => {
                    let sql = match direction {
                        Direction::Up => arranged(&texts, &order, true),
                        Direction::Down => Sql { down: arranged(&texts, &order, false).down, ..planned },
                    };
                    let ran = self.database.run(&sql).await;
                    // Some statements do not name their table, so the database runs what the program refuses.
                    let nameless = sql
                        .up
                        .iter()
                        .chain(&sql.down)
                        .flatten()
                        .any(|sql| sql.contains(" INDEX \"") && !sql.starts_with("CREATE"));
                    if alike(&ran, &reference) && !nameless {
                        let shown = format!("{} {:?}", error.message, error.notes);
                        self.wrong(case, format!("wrong error? the database runs {order:?} alike: {shown}"));
                    }
                    return;
                }
                None => return,
            },
        };
        let Ran::Done { bottom, .. } = &ran else { return };
        if error.code == Code::LeftAtZero && *bottom != self.base {
            return;
        }
        // It runs, so it is another order that breaks or ends elsewhere.
        for other in case.some_orders() {
            if !alike(&self.run(case, &other).await, &ran) {
                return;
            }
        }
        self.wrong(case, format!("wrong error: {order:?} runs: {} {:?}", error.message, error.notes));
    }

    /// The statements of each node from the first order that runs, whether or not the edges allow it.
    async fn texts(&mut self, case: &Case) -> Option<(Texts, Ran)> {
        let free = Case { nodes: case.nodes.clone(), edges: Vec::new() };
        for order in free.some_orders() {
            let Ok(sql) = self.scope.sql(case, &order) else { continue };
            let ran = self.run(case, &order).await;
            if matches!(ran, Ran::Done { .. }) {
                let mut texts = vec![(Vec::new(), Vec::new()); order.len()];
                for (at, node) in order.iter().enumerate() {
                    texts[*node] = (sql.up[at].clone(), sql.down[order.len() - 1 - at].clone());
                }
                return Some(((texts, sql.rebuilds), ran));
            }
        }
        None
    }
}

/// Ways up and down of each node, and whether they rebuild.
type Texts = (Vec<(Vec<String>, Vec<String>)>, [bool; 2]);

/// The texts of nodes in another order.
fn arranged((texts, rebuilds): &Texts, order: &[usize], both: bool) -> Sql {
    let up = if both { order.iter().map(|at| texts[*at].0.clone()).collect() } else { Vec::new() };
    Sql { up, down: order.iter().rev().map(|at| texts[*at].1.clone()).collect(), rebuilds: *rebuilds }
}

/// Whether two orders come to the same.
fn alike(a: &Ran, b: &Ran) -> bool {
    match (a, b) {
        (Ran::Done { .. }, Ran::Done { .. }) => a == b,
        (Ran::Done { .. }, _) | (_, Ran::Done { .. }) => false,
        _ => true,
    }
}

fn show_both(a: &Ran, b: &Ran) -> String {
    match (a, b) {
        (Ran::Done { top, bottom }, Ran::Done { top: other_top, bottom: other_bottom }) => {
            format!("{}{}", differ(top, other_top), differ(bottom, other_bottom))
        }
        (Ran::Done { .. }, other) | (other, Ran::Done { .. }) => format!("one runs, the other: {other:?}"),
        _ => String::new(),
    }
}

/// The lines that only one of two has.
fn differ(a: &str, b: &str) -> String {
    let only = |these: &str, those: &str, mark: &str| -> String {
        these
            .lines()
            .filter(|line| !those.lines().any(|other| other == *line))
            .map(|line| format!("\n    {mark} {line}"))
            .collect()
    };
    format!("{}{}", only(a, b, "-"), only(b, a, "+"))
}

/// Settles cases on `workers` databases at once.
pub(crate) fn settle_all(scope: &Scope, base: &Base, title: &str, rows: bool, cases: &[Case]) -> Tally {
    let workers = 2;
    let title: String = title.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let mut all = Tally::default();
    std::thread::scope(|threads| {
        let running: Vec<_> = (0..workers)
            .map(|worker| {
                let title = format!("{title}_{worker}").to_lowercase();
                threads.spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    runtime.block_on(async {
                        let mut search = Search::new(scope, base, &title, rows).await;
                        for case in cases.iter().skip(worker).step_by(workers) {
                            search.settle(case.clone()).await;
                        }
                        search.done().await
                    })
                })
            })
            .collect();
        for thread in running {
            all.add(thread.join().unwrap());
        }
    });
    all
}
