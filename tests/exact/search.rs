//! The search: a case is checked, an edge added where the check asks for one, and checked again, until the
//! verdict is clean or no edge helps; then each of its edges is left out once. Every verdict on the way is held
//! against the database.

use std::collections::HashMap;

use dbmigrate::backend::Backend;
use dbmigrate::check::Checked;
use dbmigrate::diagnostic::{Code, Diagnostic, Direction, Severity};

use crate::exact::case::{Case, Scope, place};
use crate::exact::database::{Database, Ran, Seen, Sql};
use crate::exact::pool::BASES;
use crate::exact::tally::Tally;

/// Warnings that say nothing of orders.
const OF_ROWS: [Code; 3] = [Code::DataLoss, Code::DownDependsOnRows, Code::DownDoesNotRestore];

/// A scope with its database.
pub(crate) struct Search<'s> {
    pub(crate) scope: &'s Scope,
    /// The same pool on every base.
    others: &'s [Scope],
    database: Database,
    base: Seen,
    rows: bool,
    pub(crate) tally: Tally,
    /// Orders run already, by the nodes of the pool.
    ran: HashMap<Vec<usize>, Ran>,
    /// Statements of nodes on their own.
    texts: HashMap<usize, Option<OneText>>,
}

/// What a verdict asks for.
enum Next {
    Clean,
    Edge(usize, usize),
    Nothing,
}

impl<'s> Search<'s> {
    pub(crate) async fn new(scopes: &'s [Scope], number: usize, name: &str, rows: bool) -> Self {
        let (scope, base) = (&scopes[number], &BASES[number]);
        let mut statements = scope.base_sql();
        if rows {
            statements.push(base.rows.trim_end_matches(';').to_owned());
        }
        let mut database = Database::new(scope.backend, name, statements, base.renumber, rows).await;
        let base = database.base().await;
        Self {
            scope,
            others: scopes,
            database,
            base,
            rows,
            tally: Tally::default(),
            ran: HashMap::new(),
            texts: HashMap::new(),
        }
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

    /// Settles a case, and forgets its orders.
    pub(crate) async fn settle(&mut self, mut case: Case) {
        self.tally.cases += 1;
        let mut judged = Vec::new();
        loop {
            judged.push(case.clone());
            match self.judge(&case).await {
                Next::Clean => break,
                Next::Nothing => {
                    self.tally.hopeless += 1;
                    return;
                }
                Next::Edge(from, to) if judged.len() < 12 => case.edges.push((from, to)),
                Next::Edge(..) => {
                    self.wrong(&case, "the check asks for edges without an end".to_owned());
                    return;
                }
            }
        }
        for left_out in 0..case.edges.len() {
            let mut without = case.clone();
            without.edges.remove(left_out);
            let same = |other: &Case| other.edges.iter().all(|edge| without.edges.contains(edge));
            if !judged.iter().any(|other| other.edges.len() == without.edges.len() && same(other)) {
                self.judge(&without).await;
            }
        }
    }

    /// Orders of later cases may be the same, but memory is not without end.
    pub(crate) fn forget(&mut self) {
        if self.ran.len() > 200_000 {
            self.ran.clear();
        }
    }

    /// Checks a case and holds what is said against the database.
    async fn judge(&mut self, case: &Case) -> Next {
        self.tally.verdicts += 1;
        let checked = self.scope.check(case);
        let errors: Vec<&Diagnostic> = checked.diagnostics.iter().filter(|found| found.is_error()).collect();
        let warning = warning(&checked);
        for error in &errors {
            self.error(case, error).await;
        }
        let Some(worst) = errors.first().copied().or(warning) else {
            self.clean(case).await;
            return Next::Clean;
        };
        if errors.is_empty() {
            self.tally.warned += 1;
            self.needless(case, worst).await;
        }
        let unproven = checked.diagnostics.iter().filter(|found| found.severity == Severity::Warning);
        let Some(fix) = errors.iter().copied().chain(unproven).find_map(|found| found.fix.as_ref()) else {
            return Next::Nothing;
        };
        let (Some(from), Some(to)) = (place(&fix.requires), place(&fix.migration)) else {
            self.wrong(case, format!("a fix names the base: {fix:?}"));
            return Next::Nothing;
        };
        let mut with = case.clone();
        with.edges.push((from, to));
        if case.edges.contains(&(from, to)) {
            self.wrong(case, format!("a fix is there already: {fix:?}"));
        } else if with.orders().is_empty() {
            self.wrong(case, format!("a fix makes a circle: {fix:?}"));
        } else {
            return Next::Edge(from, to);
        }
        Next::Nothing
    }

    /// A clean verdict: every order runs up and down, and all end alike.
    async fn clean(&mut self, case: &Case) {
        self.tally.clean += 1;
        if case.nodes.is_sorted() {
            for (rule, count) in self.scope.rules(case) {
                *self.tally.rules.entry(rule).or_default() += count;
            }
        }
        let mut first: Option<(Vec<usize>, Ran)> = None;
        for order in case.some_orders() {
            let ran = self.run(case, &order).await;
            match &ran {
                Ran::Done { bottom, .. } if bottom.schema != self.base.schema => {
                    let differs = self.differ(self.base.schema, bottom.schema);
                    let what = format!("wrong clean verdict: {order:?} does not come back to the base: {differs}");
                    self.wrong(case, what);
                    return;
                }
                // Rows and a rebuild in one transaction: no matter of order.
                Ran::UpFails(usize::MAX, words) | Ran::DownFails(usize::MAX, words)
                    if words.contains("rebuilds a table with foreign keys off") =>
                {
                    return;
                }
                Ran::UpFails(usize::MAX, _) | Ran::DownFails(usize::MAX, _) => {
                    self.wrong(case, format!("wrong clean verdict: {order:?} is not even planned: {ran:?}"));
                    return;
                }
                // With rows, what cannot be run in any order is the rows' doing.
                Ran::UpFails(..) | Ran::DownFails(..) if self.rows => {}
                Ran::Done { .. } => {}
                broken => {
                    self.wrong(case, format!("wrong clean verdict: {order:?} breaks: {broken:?}"));
                    return;
                }
            }
            match &first {
                None => first = Some((order, ran)),
                Some((other, before)) if !same_end(other, before, &order, &ran) => {
                    if self.fail_alone(case, (other, before), (&order, &ran)).await {
                        continue;
                    }
                    let what = self.show_both(before, &ran);
                    self.wrong(case, format!("wrong clean verdict: {other:?} and {order:?} differ: {what}"));
                    return;
                }
                Some(_) => {}
            }
        }
        self.tally.rows_never_fit += usize::from(!matches!(first, Some((_, Ran::Done { .. }))));
    }

    /// Whether two orders fail in different nodes each of which fails without the other too: the rows fit neither.
    async fn fail_alone(&mut self, case: &Case, one: (&[usize], &Ran), other: (&[usize], &Ran)) -> bool {
        let (Some(first), Some(second)) = (failing(one.0, one.1), failing(other.0, other.1)) else { return false };
        for (order, gone, left) in [(one.0, first, second), (other.0, second, first)] {
            let order: Vec<usize> = order.iter().copied().filter(|node| *node != gone).collect();
            let ran = self.run(case, &order).await;
            if failing(&order, &ran) != Some(left) {
                return false;
            }
        }
        true
    }

    /// A warning, whatever the orders come to. Those that come out alike are counted.
    async fn needless(&mut self, case: &Case, warning: &Diagnostic) {
        let mut all: Vec<Ran> = Vec::new();
        for order in case.some_orders() {
            all.push(self.run(case, &order).await);
        }
        let base = self.base.schema;
        if all.iter().all(|ran| matches!(ran, Ran::Done { bottom, .. } if bottom.schema == base) && *ran == all[0]) {
            self.tally.needless += 1;
            let words: Vec<&str> = warning.labels.iter().map(|label| label.text.as_str()).collect();
            let words = format!("{} {}", warning.code, words.join(" / "));
            let shown = self.scope.show(case);
            self.tally.examples.entry(words).or_insert((0, shown)).0 += 1;
        }
    }

    /// An error: the order it shows, or else the first one, breaks in the way it says.
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
        let said = format!("{} {:?}", error.message, error.notes);
        let ran = match self.scope.sql(case, &order) {
            Ok(_) => self.run(case, &order).await,
            // The program itself refuses. What the database would say: the texts of another order, in this one.
            Err(_) if self.is_own_rule(error) => return,
            Err((direction, planned, _)) => {
                let Some(texts) = self.texts(case).await else {
                    self.tally.not_held += 1;
                    return;
                };
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
                if matches!(&ran, Ran::Done { bottom, .. } if bottom.schema == self.base.schema) && !nameless {
                    self.wrong(case, format!("wrong error? the database runs {order:?}: {sql:?}: {said}"));
                }
                return;
            }
        };
        let Ran::Done { bottom, .. } = &ran else { return };
        let differs = error.notes.iter().any(|note| note.contains("ends in another schema"));
        if !differs && bottom.schema != self.base.schema {
            return;
        }
        if differs {
            for other in case.some_orders() {
                if self.run(case, &other).await != ran {
                    return;
                }
            }
        }
        self.wrong(case, format!("wrong error: {order:?} runs: {said}"));
    }

    /// Whether an error is a rule of the program's own, which the database need not share: names in SQL that is kept
    /// as text; literals that are not of the column's type; and much on SQLite, which lets foreign keys point anywhere and alters by a rebuild.
    fn is_own_rule(&mut self, error: &Diagnostic) -> bool {
        let text = std::iter::once(&error.message).chain(&error.notes);
        let mut texts = text.into_iter();
        let on_sqlite = self.scope.backend == Backend::Sqlite;
        let own = on_sqlite
            || error.code == Code::RenameUnderOpaque
            || texts.any(|text| text.contains("cannot be renamed under") || text.contains("does not fit"));
        self.tally.not_held += usize::from(own);
        own
    }

    /// The statements of each node: alone, or else all from the first order that runs, whether or not the edges
    /// allow it.
    async fn texts(&mut self, case: &Case) -> Option<Texts> {
        let texts: Option<Vec<OneText>> = case.nodes.iter().map(|node| self.texts_of(*node)).collect();
        if let Some(texts) = texts {
            return Some((texts, [false; 2]));
        }
        let free = Case::of(&case.nodes);
        for order in free.some_orders() {
            let Ok(sql) = self.scope.sql(case, &order) else { continue };
            if matches!(self.run(case, &order).await, Ran::Done { .. }) && sql.rebuilds == [false; 2] {
                let mut texts = vec![(Vec::new(), Vec::new()); order.len()];
                for (at, node) in order.iter().enumerate() {
                    texts[*node] = (sql.up[at].clone(), sql.down[order.len() - 1 - at].clone());
                }
                return Some((texts, sql.rebuilds));
            }
        }
        None
    }

    /// The statements of a node on the base, or else after the first node of the pool that makes it possible, or on
    /// another base. What a rebuild on SQLite writes is good for that state alone.
    fn texts_of(&mut self, node: usize) -> Option<OneText> {
        let scope = self.scope;
        let find = || {
            let text = |scope: &Scope, nodes: &[usize]| {
                let order: Vec<usize> = (0..nodes.len()).collect();
                let mut sql = scope.sql(&Case::of(nodes), &order).ok()?;
                (sql.rebuilds == [false; 2]).then_some((sql.up.pop()?, sql.down.swap_remove(0)))
            };
            let after = || (0..scope.pool.len()).find_map(|first| text(scope, &[first, node]));
            let elsewhere = || self.others.iter().find_map(|other| text(other, &[node]));
            text(scope, &[node]).or_else(after).or_else(elsewhere)
        };
        self.texts.entry(node).or_insert_with(find).clone()
    }

    fn show_both(&self, a: &Ran, b: &Ran) -> String {
        match (a, b) {
            (Ran::Done { top, bottom }, Ran::Done { top: other_top, bottom: other_bottom }) => {
                let pairs = [
                    (top.schema, other_top.schema),
                    (top.rows, other_top.rows),
                    (bottom.schema, other_bottom.schema),
                    (bottom.rows, other_bottom.rows),
                ];
                pairs.map(|(a, b)| self.differ(a, b)).concat()
            }
            _ => format!("{a:?} / {b:?}"),
        }
    }

    /// The lines that only one of two has.
    fn differ(&self, a: u32, b: u32) -> String {
        let (a, b) = (self.database.text(a), self.database.text(b));
        let only = |these: &str, those: &str, mark: &str| -> String {
            these
                .lines()
                .filter(|line| !those.lines().any(|other| other == *line))
                .map(|line| format!("\n    {mark} {line}"))
                .collect()
        };
        format!("{}{}", only(a, b, "-"), only(b, a, "+"))
    }
}

/// A warning that speaks of orders or of what the check cannot tell.
fn warning(checked: &Checked) -> Option<&Diagnostic> {
    checked.diagnostics.iter().find(|found| found.severity == Severity::Warning && !OF_ROWS.contains(&found.code))
}

/// A node's ways up and down.
type OneText = (Vec<String>, Vec<String>);

/// Ways up and down of each node, and whether they rebuild.
type Texts = (Vec<OneText>, [bool; 2]);

/// The texts of nodes in another order.
fn arranged((texts, rebuilds): &Texts, order: &[usize], both: bool) -> Sql {
    let up = if both { order.iter().map(|at| texts[*at].0.clone()).collect() } else { Vec::new() };
    Sql { up, down: order.iter().rev().map(|at| texts[*at].1.clone()).collect(), rebuilds: *rebuilds }
}

/// The node whose way up fails in an order.
fn failing(order: &[usize], ran: &Ran) -> Option<usize> {
    match ran {
        Ran::UpFails(at, _) => order.get(*at).copied(),
        _ => None,
    }
}

/// Whether two orders come to the same. Those that fail must fail in the same node, going the same way: or in
/// none that can be named, as where SQLite finds orphans at the end; or for the same rows put in twice.
fn same_end(order: &[usize], a: &Ran, other: &[usize], b: &Ran) -> bool {
    match (a, b) {
        (Ran::Done { .. }, Ran::Done { .. }) => a == b,
        (Ran::UpFails(at, words), Ran::UpFails(also, others)) => {
            order.get(*at) == other.get(*also) || is_twice(words) && is_twice(others)
        }
        (Ran::DownFails(at, _), Ran::DownFails(also, _)) => {
            order.iter().rev().nth(*at) == other.iter().rev().nth(*also)
        }
        _ => false,
    }
}

/// One row put in twice fails in whichever comes second.
fn is_twice(words: &str) -> bool {
    words.contains("duplicate key value") || words.contains("UNIQUE constraint failed")
}

/// Settles cases on two databases at once, each with the base of that number.
pub(crate) fn settle_all(scopes: &[Scope], number: usize, title: &str, rows: bool, cases: &[Case]) -> Tally {
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
                        let mut search = Search::new(scopes, number, &title, rows).await;
                        // Those of the same nodes, in whatever arrangement, go to the same worker.
                        let own = |case: &&Case| case.nodes.iter().sum::<usize>() % workers == worker;
                        for case in cases.iter().filter(own) {
                            search.settle(case.clone()).await;
                            search.forget();
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
