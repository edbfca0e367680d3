//! `info`: where the database stands. It writes nothing, not even a database file.

use std::io::{self, Write};

use super::args::{self, Global};
use super::connect::Place;
use super::console::Console;
use super::error::Error;
use super::exit_code;
use super::project;
use super::start::{Connected, start};
use crate::execute::ExecuteError;
use crate::plan::{self, Info};
use crate::report::About;
use crate::report::info::{InfoPage, write_json, write_text};

/// Shows it; with `--fail-if-pending`, exits 3 where a migration is not wholly applied.
///
/// # Errors
/// Whatever ends it other than well.
pub(super) async fn run(args: &args::Info, global: &Global, console: &Console) -> Result<(), Error> {
    console.has_format("info", &[])?;
    let (project, connected) = start(global, None, console, || ()).await?;
    let Connected { place, mut session, heads } = connected;
    let found = project.manifest.apply_checks(project.findings.clone());
    project::show(&found, &project.sources, console);
    let known = |version, sums: &_| project.known(version, sums);
    let ledger = match session.ledger_of(heads, &known).await {
        Err(ExecuteError::LedgerChanged { .. }) => session.ledger_beside(&known).await?,
        read => read?,
    };
    session.close().await;
    if let Some(stamped) = ledger.environment.as_ref().filter(|stamped| **stamped != place.environment) {
        let text = format!("this database is stamped `{stamped}`, and you asked for `{}`", place.environment);
        console.say(&format!("{}: {text}", console.err.warn("warning")));
    }
    let info = plan::info(&project.manifest, &project.graph, &ledger);
    console.result(|out| write(&info, &place, &place.about(&project), console, out))?;
    let half = info.migrations.iter().any(|row| row.state.is_half_way());
    if args.fail_if_pending && (info.pending > 0 || half) {
        return Err(Error::Said(exit_code::CHECK));
    }
    Ok(())
}

/// Writes it.
///
/// # Errors
/// What `out` gives.
pub(super) fn write(
    info: &Info,
    place: &Place,
    about: &About,
    console: &Console,
    out: &mut dyn Write,
) -> io::Result<()> {
    let page = InfoPage { info, backend: place.url.backend(), about };
    if console.is_json() { write_json(&page, out) } else { write_text(&page, console.out, out) }
}
