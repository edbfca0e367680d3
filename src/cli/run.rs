//! (Long: one way, from the plan to the report.)
//! The way of every command that changes the database: plan, show or refuse or ask, run, report.

use std::io::{self, Write};
use std::thread;

use super::args::{Changing, Format, Global};
use super::connect::Place;
use super::console::Console;
use super::error::{Error, Refusal, UserError};
use super::exit_code;
use super::guard::{Guard, destroys};
use super::project::{self, Project};
use super::start::{Connected, start};
use crate::backend::Backend;
use crate::check::check;
use crate::diagnostic::{Code, Diagnostic, Direction, Severity};
use crate::execute::{
    Canceller, Clearing, CountedAhead, Event, ExecuteError, Facts, LedgerHeads, Outcome, RunReport, Session,
    pull_on_signals,
};
use crate::ident::Version;
use crate::plan::{self, Ledger, PlanDirection, Target};
use crate::render::{self, RenderOptions, RenderedPlan, TransactionMode};
use crate::report::plan::{PlanFormat, Text, write as write_page};
use crate::report::run::{Lines, Problem, RunJson, losing, opening, summary, write_failure, write_json};
use crate::report::{About, PlanPage, Visible, words};

/// The formats of plans beside those of every command.
pub(super) const PLANS: [Format; 2] = [Format::Sql, Format::Markdown];

/// How often a plan is made again where others change the ledger meanwhile.
const MOST_PLANS: usize = 5;

/// In larger manifests only `check` looks at other orders than the plan's: a run is not to wait for it.
const MOST_CHECKED: usize = 1_000;

/// Of fewer applied migrations than this, the plan is made sooner than a thread for it.
const MANY_ROWS: usize = 64;

/// What a command wants done.
#[derive(Debug)]
pub(super) struct Order<'a> {
    /// The command as hooks and the history of runs know it.
    pub command: &'static str,
    /// The command as it is typed: `dbmigrate reset`.
    pub typed: String,
    /// Where to.
    pub target: Target,
    /// How.
    pub changing: &'a Changing,
    /// The first line of text output.
    pub headline: Option<&'static str>,
    /// Whether `info` is shown at the end.
    pub then_info: bool,
}

/// Does it.
///
/// # Errors
/// Whatever ends it other than well; what was shown already is [`Error::Said`].
pub(super) async fn run(order: &Order<'_>, global: &Global, console: &Console) -> Result<(), Error> {
    let changing = order.changing;
    console.has_format(order.command, if changing.dry_run { &PLANS } else { &[] })?;
    let headline = order.headline.filter(|_| console.format == Format::Text && !changing.dry_run);
    let begin = || headline.into_iter().for_each(|headline| console.line(&console.out.strong(headline)));
    let (project, connected) = start(global, Some(&changing.limits), console, begin).await?;
    let Connected { place, mut session, heads } = connected;
    let about = place.about(&project);
    let run = Run { order, project: &project, place: &place, about: &about, console };
    let ended = run.until_steady(&mut session, heads).await;
    session.close().await;
    // The process ends: to take the manifest apart, value by value, would be in vain.
    std::mem::forget(project);
    ended
}

/// The plan, and what was counted for it meanwhile.
fn planned(
    order: &Order<'_>,
    project: &Project,
    place: &Place,
    session: &Session,
    ledger: &Ledger,
) -> Result<(RenderedPlan, CountedAhead), Error> {
    let facts = session.facts();
    let make = || made(order, project, place, &facts, ledger, false);
    if order.target != Target::Zero || ledger.rows.len() < MANY_ROWS || !place.url.backend().capabilities().embedded {
        return Ok((make()?, CountedAhead::default()));
    }
    // Nearly all tables go, and such a database works in this thread.
    let (plan, ahead) = thread::scope(|scope| {
        let making = thread::Builder::new().spawn_scoped(scope, make).ok();
        let ahead = making.as_ref().map(|_| session.count_ahead()).unwrap_or_default();
        (making.and_then(|making| making.join().ok()), ahead)
    });
    // Where no thread was to be had, this one does it.
    Ok((plan.unwrap_or_else(make)?, ahead))
}

/// The plan that leads from a ledger to where an order wants, as the order wants it; `keys_off` as
/// [`RenderOptions::keys_off`].
pub(super) fn made(
    order: &Order<'_>,
    project: &Project,
    place: &Place,
    facts: &Facts,
    ledger: &Ledger,
    keys_off: bool,
) -> Result<RenderedPlan, UserError> {
    let backend = place.url.backend();
    let transaction = order.changing.transaction.into();
    let make = match transaction {
        TransactionMode::Chunks | TransactionMode::Each => plan::make_in_parts,
        TransactionMode::Auto | TransactionMode::All => plan::make,
    };
    let plan = make(&project.manifest, &project.graph, ledger, &order.target, order.changing.downs(), backend)
        .map_err(UserError::Target)?;
    let options = RenderOptions {
        ledger_schema: facts.ledger_schema.clone(),
        // Where DDL commits by itself, a run that was killed early may have left tables without a stamp.
        create_ledger: !ledger.exists || !backend.capabilities().transactional_ddl && ledger.environment.is_none(),
        environment: place.environment.clone(),
        transaction,
        lock_slots: facts.lock_slots,
        keys_off,
    };
    let mut rendered = render::render(&plan, &options);
    rendered.diagnostics = with_findings(std::mem::take(&mut rendered.diagnostics), plan.wants_up, project);
    Ok(rendered)
}

/// The graph's findings and the plan's own, as `[checks]` wants them. Those of the graph, and
/// those that only `[checks]` makes errors, stop only what is to go up: a reset must stay possible.
pub(super) fn with_findings(found: Vec<Diagnostic>, wants_up: bool, project: &Project) -> Vec<Diagnostic> {
    let of_the_graph = project.findings.iter().cloned().map(|finding| (finding, true));
    let of_the_plan = found.into_iter().map(|finding| (finding, false));
    of_the_graph
        .chain(of_the_plan)
        .filter_map(|(finding, of_the_graph)| {
            let stops = finding.is_error() && !of_the_graph;
            let mut finding = project.manifest.apply_checks(vec![finding]).pop()?;
            if !wants_up && !stops && finding.is_error() {
                finding.severity = Severity::Warning;
            }
            Some(finding)
        })
        .collect()
}

/// The exit code for a plan's errors: refused for safety where only a cut was not allowed.
#[must_use]
pub(super) fn code_of(found: &[Diagnostic]) -> Option<u8> {
    let mut errors = found.iter().filter(|found| found.is_error()).peekable();
    errors.peek()?;
    Some(if errors.all(|found| found.code == Code::NeedsCuts) { exit_code::REFUSED } else { exit_code::CHECK })
}

/// A command on its way.
pub(super) struct Run<'a> {
    pub(super) order: &'a Order<'a>,
    pub(super) project: &'a Project,
    pub(super) place: &'a Place,
    pub(super) about: &'a About,
    pub(super) console: &'a Console,
}

impl Run<'_> {
    pub(super) fn page<'p>(&'p self, plan: &'p RenderedPlan) -> PlanPage<'p> {
        PlanPage { plan, sources: &self.project.sources, about: self.about }
    }

    /// Plans and runs; again where others changed the ledger in between.
    async fn until_steady(&self, session: &mut Session, heads: LedgerHeads) -> Result<(), Error> {
        let known = |version, sums: &_| self.project.known(version, sums);
        let mut heads = Some(heads);
        for _ in 0..MOST_PLANS {
            let ledger = match heads.take() {
                Some(heads) => session.ledger_of(heads, &known).await,
                None => session.ledger_beside(&known).await,
            };
            let ledger = match ledger {
                Err(ExecuteError::LedgerChanged { .. }) => continue,
                read => read?,
            };
            self.guard().knows(self.project, &ledger, session, self.order.changing.dry_run)?;
            let (plan, ahead) = planned(self.order, self.project, self.place, session, &ledger)?;
            match self.once(plan, &ahead, ledger, session).await {
                Err(Error::Execute(ExecuteError::LedgerChanged { .. })) => {}
                other => return other,
            }
        }
        Err(Refusal::Unsteady(MOST_PLANS).into())
    }

    async fn once(
        &self,
        mut plan: RenderedPlan,
        ahead: &CountedAhead,
        ledger: Ledger,
        session: &mut Session,
    ) -> Result<(), Error> {
        if code_of(&plan.diagnostics).is_none() {
            session.count_beside(&mut plan, ahead).await?;
        }
        project::show(&plan.diagnostics, &self.project.sources, self.console);
        let refused = code_of(&plan.diagnostics);
        if self.order.changing.dry_run {
            self.check_stamp(&ledger);
            self.console.result(|out| write_plans(self.console, &[self.page(&plan)], out))?;
            return refused.map_or(Ok(()), |code| Err(Error::Said(code)));
        }
        if let Some(code) = refused {
            return Err(self.refuse(&plan, code));
        }
        if let Err(error) = session.check_stamp(&ledger) {
            return Err(self.stop(&error.into(), &plan));
        }
        self.other_orders(&plan);
        if plan.steps.is_empty() {
            // An interrupted run may have left the ledger something to be told.
            session.run(&plan, &ledger, self.order.command, &mut |_| ()).await?;
            self.nothing(&plan, session).await;
            return Ok(());
        }
        if plan.is_destructive() {
            match self.ask(&plan, session).await {
                Err(error @ Error::Refusal(_)) => return Err(self.stop(&error, &plan)),
                guarded => guarded?,
            }
        }
        self.runs(&plan, &ledger, None, session).await
    }

    /// Runs a plan, after everything that exists is dropped where that is wanted, and says how it ended.
    pub(super) async fn runs(
        &self,
        plan: &RenderedPlan,
        ledger: &Ledger,
        clearing: Option<&Clearing>,
        session: &mut Session,
    ) -> Result<(), Error> {
        let report = Box::pin(self.execute(plan, ledger, clearing, session)).await?;
        match report.outcome {
            Outcome::Done => {
                self.done(plan, &report, session).await;
                Ok(())
            }
            Outcome::Failed => Err(self.failed(plan, &report)),
        }
    }

    /// Other orders than the plan's stop nothing here, and are worth a word before they reach another database.
    pub(super) fn other_orders(&self, plan: &RenderedPlan) {
        let project = self.project;
        let goes_up = matches!(plan.direction, PlanDirection::Up | PlanDirection::Mixed);
        if self.console.talk.quiet || !goes_up || project.manifest.migrations.len() > MOST_CHECKED {
            return;
        }
        if project.manifest.linear || project.graph.has_one_order() {
            return;
        }
        let checked = check(&project.manifest, &project.graph, &project.findings, plan.backend).diagnostics;
        let breaking = checked.iter().filter(|found| found.code == Code::UnorderedConflict).count();
        if breaking > 0 {
            let pairs = words::count(breaking, "pair");
            let (has, breaks) = if breaking == 1 { ("has", "breaks") } else { ("have", "break") };
            let text = format!(
                "{pairs} of migrations {has} no order, and {breaks} in another than this plan's; `dbmigrate check` shows which"
            );
            self.console.say(&format!("{}: {text}", self.console.err.warn("warning")));
        }
    }

    /// A dry run on another environment's database is worth a word: a run would be refused.
    fn check_stamp(&self, ledger: &Ledger) {
        if let Some(stamped) = ledger.environment.as_ref().filter(|stamped| **stamped != self.place.environment) {
            let asked = &self.place.environment;
            let text =
                format!("this database is stamped `{stamped}`, and you asked for `{asked}`: a run would be refused");
            self.console.say(&format!("{}: {text}", self.console.err.warn("warning")));
        }
    }

    pub(super) fn refuse(&self, plan: &RenderedPlan, code: u8) -> Error {
        let errors = plan.diagnostics.iter().filter(|found| found.is_error()).count();
        let title = format!("the plan has {}; nothing was changed", words::count(errors, "error"));
        if self.console.is_json() {
            let page = self.page(plan);
            let json = RunJson::ended(&title, None).refused().with_plan(&page);
            self.console.report(|out| write_json(&json, out));
        }
        self.console.say("");
        self.console.problem(&Problem::new(title));
        Error::Said(code)
    }

    fn stop(&self, error: &Error, plan: &RenderedPlan) -> Error {
        if self.console.is_json() {
            let page = self.page(plan);
            let json = RunJson::ended(&error.to_string(), error.next()).refused().with_plan(&page);
            self.console.report(|out| write_json(&json, out));
        }
        self.console.problem(&error.problem());
        Error::Said(error.exit_code())
    }

    async fn nothing(&self, plan: &RenderedPlan, session: &mut Session) {
        if self.console.is_json() {
            let page = self.page(plan);
            return self.console.report(|out| write_json(&RunJson::nothing(&page), out));
        }
        self.console.line(&format!("Nothing to do. {}", self.standing(&plan.to)));
        self.info(session).await;
    }

    pub(super) fn guard(&self) -> Guard<'_> {
        let (place, console) = (self.place, self.console);
        Guard { safety: &self.order.changing.safety, place, typed: &self.order.typed, console }
    }

    /// What comes before a run that undoes or destroys anything.
    async fn ask(&self, plan: &RenderedPlan, session: &mut Session) -> Result<(), Error> {
        let down = plan.steps.iter().filter(|step| step.direction == Direction::Down).count();
        let what = match down {
            0 => destroys(plan.destructive()),
            down => format!("undoes {}", words::count(down, "migration")),
        };
        self.guard().before(what, plan.destructive(), session).await
    }

    async fn execute(
        &self,
        plan: &RenderedPlan,
        ledger: &Ledger,
        clearing: Option<&Clearing>,
        session: &mut Session,
    ) -> Result<RunReport, Error> {
        let console = self.console;
        let json = console.is_json();
        if !json && !console.talk.quiet {
            console.line(&opening(self.about, plan));
        }
        let mut losing =
            (!json && !console.talk.quiet).then(|| losing(plan.destructive(), console.out.width.saturating_sub(2)));
        let (mut stdout, mut stderr, mut nowhere) = (Visible(io::stdout()), Visible(io::stderr()), io::sink());
        let out: &mut dyn Write = if json { &mut nowhere } else { &mut stdout };
        let mut lines = Lines::new(&Lines::widths(plan), console.out, console.talk, out, &mut stderr);
        let canceller = session.canceller();
        let mut event = |event: &Event| {
            // Not before it is sure that no other run did it already.
            if let Event::StepStarted { .. } = event
                && let Some(losing) = losing.take()
            {
                for line in losing {
                    console.line(&format!("  {}", console.out.warn(&line)));
                }
                console.line("");
            }
            lines.event(event);
        };
        let run = async {
            match clearing {
                Some(clearing) => session.run_from_nothing(clearing, plan, ledger, &mut event).await,
                None => session.run(plan, ledger, self.order.command, &mut event).await,
            }
        };
        let report = interruptible(canceller, plan.backend, Box::pin(run)).await;
        lines.finish();
        Ok(report??)
    }

    async fn done(&self, plan: &RenderedPlan, report: &RunReport, session: &mut Session) {
        for warning in &report.warnings {
            self.console.say(&format!("{}: {warning}", self.console.err.warn("warning")));
        }
        if self.console.is_json() {
            let page = self.page(plan);
            return self.console.report(|out| write_json(&RunJson::ran(report, &page, None), out));
        }
        let text = summary(plan, report.steps_done, report.duration, &self.standing(&report.state));
        self.console.line(&self.console.out.good(&text));
        self.info(session).await;
    }

    fn failed(&self, plan: &RenderedPlan, report: &RunReport) -> Error {
        let noun = if self.order.command == "reset" { "reset" } else { "run" };
        let problem = write_failure(report, plan, &self.project.sources, &self.order.typed, noun, self.console.err);
        if self.console.is_json() {
            let page = self.page(plan);
            let json = RunJson::ran(report, &page, problem.next.clone());
            self.console.report(|out| write_json(&json, out));
        }
        self.console.say("");
        self.console.problem(&problem);
        Error::Said(exit_code::FAILED)
    }

    /// Where a database with those versions stands, as a sentence.
    fn standing(&self, applied: &[Version]) -> String {
        let (current, exact) = plan::current_version(&self.project.manifest, &self.project.graph, applied);
        let current = current.map_or_else(|| "0".to_owned(), |version| version.to_string());
        format!("The database is at version {current}{}.", if exact { "" } else { ", and more is applied" })
    }

    /// What comes after the run does not make it any less done.
    async fn info(&self, session: &mut Session) {
        if !self.order.then_info || self.console.talk.quiet {
            return;
        }
        let console = self.console;
        let ledger = match session.ledger_beside(&|version, sums| self.project.known(version, sums)).await {
            Ok(ledger) => ledger,
            Err(error) => {
                return console.say(&format!("{}: `info` is not shown: {error}", console.err.warn("warning")));
            }
        };
        let info = plan::info(&self.project.manifest, &self.project.graph, &ledger);
        console.line("");
        console.report(|out| super::info::write(&info, self.place, self.about, console, out));
    }
}

/// Work that Ctrl-C and SIGTERM ask to stop; a second one ends it at once.
pub(super) async fn interruptible<T>(
    canceller: Canceller,
    backend: Backend,
    work: impl Future<Output = T>,
) -> Result<T, Error> {
    #[cfg(unix)]
    if backend.capabilities().embedded {
        // Where signals cannot be listened to, they end the process as always.
        let _ = canceller.pulled_by_signals(exit_code::FAILED);
    }
    tokio::select! {
        biased;
        done = work => Ok(done),
        _ = pull_on_signals(canceller) => Err(Error::Said(exit_code::FAILED)),
    }
}

/// Writes plans in the format asked for.
pub(super) fn write_plans(console: &Console, pages: &[PlanPage<'_>], out: &mut dyn Write) -> io::Result<()> {
    let format = match console.format {
        Format::Json => PlanFormat::Json,
        Format::Sql => PlanFormat::Sql,
        Format::Markdown => PlanFormat::Markdown,
        _ => PlanFormat::Text(Text { paint: console.out, verbose: console.talk.verbose }),
    };
    write_page(pages, format, out)
}
